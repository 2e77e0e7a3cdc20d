"""What a change means for the other side of a link. Every write that touches a reference goes through here."""
