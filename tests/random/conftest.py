"""The fixtures of `tests/support.py`, for the tests of this folder."""

from tests.support import client, connect, db, library, open_backoffice

__all__ = ["client", "connect", "db", "library", "open_backoffice"]
