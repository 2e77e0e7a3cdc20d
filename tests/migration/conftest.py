"""The fixtures of `tests/support.py`, for the tests of this folder, and a history."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.migration.support import History
from tests.support import Connect, connect, db, open_backoffice

__all__ = ["connect", "db", "history", "open_backoffice"]


@pytest.fixture
def history(connect: Connect, tmp_path: Path) -> History:
    """A history without a revision, over the empty database of the test."""
    return History(connect, tmp_path / "history")
