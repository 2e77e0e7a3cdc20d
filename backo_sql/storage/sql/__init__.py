"""SQL databases through SQLAlchemy: the only place that imports it."""
