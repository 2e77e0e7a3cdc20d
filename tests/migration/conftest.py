from tests.support import connect, db, open_backoffice

__all__ = ["connect", "db", "open_backoffice"]
