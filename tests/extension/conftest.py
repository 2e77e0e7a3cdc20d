"""Fixtures of the tests of the extension."""

from tests.support import connect, db

__all__ = ["connect", "db"]
