"""Live things: containers that check every change and know that they changed. Scalars stay plain Python values."""
