"""A connection on which a migration may be run: alone, and without losing rows to a cascade.

Two programs that migrate one database at once take turns: on PostgreSQL by an advisory lock, on SQLite because the
whole run is one transaction that begins as a writer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from ..errors import MigrationError
from ..storage.sql.engine import NO_FOREIGN_KEYS, NO_LIMIT, for_writing
from .command import Command

#: the key of the advisory lock under which a PostgreSQL database is migrated
_LOCK = 0x6261636B6F6D

#: how long to sleep between two looks at the lock, in seconds
_PAUSE = 0.1


@contextmanager
def migrating(engine: sa.Engine, command: Command, *, writing: bool) -> Iterator[sa.Connection]:
    """Open a connection for a command.

    Args:
        engine: of the database.
        command: what is run.
        writing: it changes the database; one that only looks waits for nobody.
    """
    with engine.connect() as connection:
        if not writing:
            yield connection
        elif engine.dialect.name == "sqlite":
            with _sqlite(connection, command) as prepared:
                yield prepared
        elif engine.dialect.name == "postgresql":
            unlimited = connection.execution_options(**{NO_LIMIT: True})
            with _postgresql(unlimited, command):
                yield unlimited
        else:
            yield connection


def check_links(connection: sa.Connection) -> None:
    """Look for links to rows that aren't there, which SQLite doesn't notice while its foreign keys are off.

    Raises:
        MigrationError: naming the tables; the migration must not be kept.
    """
    if connection.dialect.name != "sqlite":
        return
    dangling: dict[tuple[str, str], int] = {}
    for table, _row, target, _key in connection.exec_driver_sql("PRAGMA foreign_key_check"):
        dangling[table, target] = dangling.get((table, target), 0) + 1
    if dangling:
        told = "; ".join(f"{count} of {table!r} into {target!r}" for (table, target), count in dangling.items())
        raise MigrationError(f"Links would lead nowhere ({told}). Nothing was changed.")


@contextmanager
def _sqlite(connection: sa.Connection, command: Command) -> Iterator[sa.Connection]:
    # A table is altered by making it anew: with foreign keys on, dropping the old one would cascade. The pragma
    # does nothing inside a transaction, hence straight through the driver, before SQLAlchemy begins one.
    driver: Any = connection.connection.dbapi_connection
    timeout = driver.execute("PRAGMA busy_timeout").fetchone()[0]
    foreign_keys = driver.execute("PRAGMA foreign_keys").fetchone()[0]
    driver.execute("PRAGMA foreign_keys=OFF")
    driver.execute(f"PRAGMA busy_timeout={int(command.wait * 1000)}")
    try:
        yield for_writing(connection).execution_options(**{NO_FOREIGN_KEYS: True})
    finally:
        connection.rollback()
        driver.execute(f"PRAGMA busy_timeout={timeout}")
        driver.execute(f"PRAGMA foreign_keys={foreign_keys}")


@contextmanager
def _postgresql(connection: sa.Connection, command: Command) -> Iterator[None]:
    def run(statement: str, **values: Any) -> Any:
        found = connection.execute(sa.text(statement), values).scalar() if values else None
        if not values:
            connection.execute(sa.text(statement))
        connection.commit()
        return found

    limit = run("SELECT current_setting(:name)", name="statement_timeout")
    # Asked again and again, not waited for: a statement that waits would hold up an index that another program
    # builds concurrently, while that one holds the lock that is waited for.
    _wait(lambda: bool(run("SELECT pg_try_advisory_lock(:key)", key=_LOCK)), command.wait)
    try:
        run("SET statement_timeout = 0")  # a large table takes as long as it takes
        if command.lock_timeout is not None:
            run("SELECT set_config('lock_timeout', :time, false)", time=command.lock_timeout)
        yield
    finally:
        connection.rollback()
        if command.lock_timeout is not None:
            run("RESET lock_timeout")
        run("SELECT set_config('statement_timeout', :time, false)", time=limit)
        run("SELECT pg_advisory_unlock(:key)", key=_LOCK)


def _wait(is_ours: Callable[[], bool], seconds: float) -> None:
    give_up = time.monotonic() + seconds
    while not is_ours():
        if time.monotonic() > give_up:
            raise MigrationError(f"Another migration of this database has not ended after {seconds:g} seconds.")
        time.sleep(_PAUSE)
