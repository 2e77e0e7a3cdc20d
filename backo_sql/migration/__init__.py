"""Migrations: from what a database is to what its description says, as files that people read before they are run.

`run_migrations` is what an `env.py` of Alembic calls; `Migrations` are the same commands for a program.
"""

from ..errors import AmbiguousChangeError, DestructiveError, MigrationError
from ..service.migrate import MigrationReport
from .environment import run_migrations
from .migrations import Migrations
from .operations import PlainType
from .report import Ask, Difference, RenameQuestion, Report, Revision

__all__ = [
    "AmbiguousChangeError",
    "Ask",
    "DestructiveError",
    "Difference",
    "MigrationError",
    "MigrationReport",
    "Migrations",
    "PlainType",
    "RenameQuestion",
    "Report",
    "Revision",
    "run_migrations",
]
