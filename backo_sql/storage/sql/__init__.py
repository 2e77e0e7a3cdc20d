"""SQL databases through SQLAlchemy: the only place, with `migration`, that imports it."""
