"""What one run of a migration command is told, and what it tells back.

`Migrations` makes one and lends it to `env.py` by way of Alembic's configuration; for Alembic's own command line
`environment.py` makes one from its arguments.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..config import LONGEST_TIMEOUT
from ..errors import MigrationError
from .report import Ask, Difference

if TYPE_CHECKING:
    import sqlalchemy as sa

    from ..model.registry import Backoffice
    from ..storage.sql.connector import DBSQLConnector

#: the key in `Config.attributes` of Alembic
ATTRIBUTE = "backo_sql"

#: How long a migration waits for another one to end, in seconds.
WAIT = 600.0


_TIME = re.compile(r"\d+ *(us|ms|s|min|h|d)?")


def check_time(text: str | None) -> None:
    """Refuse what PostgreSQL would not take for a time, wherever it is said.

    Raises:
        MigrationError: it is none.
    """
    if text is not None and not _TIME.fullmatch(text.strip()):
        raise MigrationError(f"A lock timeout is a time such as '2s' or '500ms', not {text!r}.")


def check_wait(seconds: float) -> None:
    """Refuse what is no time to wait for another migration.

    Raises:
        MigrationError: it is none.
    """
    if not 0 <= seconds <= LONGEST_TIMEOUT:
        raise MigrationError(f"A migration waits from 0 to {LONGEST_TIMEOUT} seconds for another one, not {seconds}.")


@dataclass
class Command:
    """One run of a command.

    Attributes:
        backoffices: whose collections are meant; those of `env.py` where none is given.
        connector: the database, where a backoffice has several.
        metadata: of the host, to be kept in the same history.
        ask: answers whether something was renamed; without it such a change is refused.
        allow_destructive: an upgrade may take values away.
        from_nothing: compare with an empty database, not with the one that is there.
        drop: tables to be dropped though the history doesn't know them.
        large: write revisions for large tables: long locks are avoided.
        lock_timeout: how long a statement waits for a lock on PostgreSQL, such as `"2s"`.
        wait: how many seconds to wait for another migration to end.
        keep_empty: write a revision where nothing is to be done.
        differences: what was found.
        unknown: tables that nobody knows.
        applied: the ids of the revisions that were run, in order.
    """

    backoffices: Sequence[Backoffice] = ()
    connector: DBSQLConnector | None = None
    metadata: Sequence[sa.MetaData] = ()
    ask: Ask | None = None
    allow_destructive: bool = False
    from_nothing: bool = False
    drop: Sequence[str] = ()
    large: bool = False
    lock_timeout: str | None = None
    wait: float = WAIT
    keep_empty: bool = False
    differences: list[Difference] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    applied: list[str] = field(default_factory=list)
