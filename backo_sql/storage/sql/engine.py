"""Engines: one for each database, with what the databases must be told before they are used.

In: a URL and options of SQLAlchemy. Out: an `Engine` whose transactions are those that a unit of work needs, and whose
connections are not used on both sides of a fork.
"""

from __future__ import annotations

import os
import time
import weakref
from collections.abc import Mapping
from functools import partial
from typing import Any

import orjson
import sqlalchemy as sa

from ...config import LONGEST_TIMEOUT
from ...errors import DescriptionError
from .columns import write_document
from .functions import CLOCK, prepare

#: How long a statement waits for another writer of an SQLite file, in milliseconds.
SQLITE_BUSY_TIMEOUT = 15_000

#: The note on a connection by which a unit of work says that it will write; gone when the connection goes back.
_WRITE = "backo_write"

#: The execution option by which a migration says that it keeps the foreign keys of SQLite off.
NO_FOREIGN_KEYS = "backo_no_foreign_keys"

#: The execution option by which a migration says that its statements take as long as they take.
NO_LIMIT = "backo_no_limit"

#: A connection must not be used on both sides of a fork: a child begins with pools of its own.
_engines: weakref.WeakSet[sa.Engine] = weakref.WeakSet()


def _forget_connections() -> None:
    for engine in tuple(_engines):
        engine.dispose(close=False)


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_forget_connections)


def open_engine(url: str | sa.URL, options: Mapping[str, Any], timeout: float | None) -> sa.Engine:
    """Make an engine for a database; its connections are not used across a fork.

    Args:
        url: of the database.
        options: what `sqlalchemy.create_engine` takes.
        timeout: how many seconds a statement may take, `None` for as long as it likes.

    Raises:
        DescriptionError: the URL is none, its driver isn't installed, or an option is wrong.
    """
    engine = _make_engine(read_url(url), dict(options), read_timeout(timeout))
    keep_from_forks(engine)
    return engine


def keep_from_forks(engine: sa.Engine) -> None:
    """Have a forked child begin with an empty pool; the connections stay with the parent."""
    _engines.add(engine)


def read_url(url: object) -> sa.URL:
    """Read a URL; `postgresql://` means the driver that we are tested with.

    Raises:
        DescriptionError: it is none.
    """
    if not isinstance(url, str | sa.URL):
        raise DescriptionError(f"DBSQLConnector takes a URL such as 'sqlite:///library.db', not {url!r}.")
    try:
        read = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):  # a port that is no number is the latter
        raise DescriptionError(
            "DBSQLConnector takes a URL such as 'sqlite:///library.db'; what it got is none."
        ) from None
    if read.drivername in ("postgres", "postgresql"):
        return read.set(drivername="postgresql+psycopg")
    return read


def without_password(url: sa.URL) -> str:
    """Return a URL to be shown. PostgreSQL takes passwords behind the `?`, too, where SQLAlchemy doesn't hide them."""
    secret = [key for key in url.query if "pass" in key.lower()]
    return url.difference_update_query(secret).render_as_string(hide_password=True)


def read_timeout(seconds: object) -> float | None:
    """Read the time that a statement may take.

    Raises:
        DescriptionError: it is no such time.
    """
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= LONGEST_TIMEOUT:
        raise DescriptionError(f"Option 'statement_timeout' takes seconds above 0, or None, not {seconds!r}.")
    return float(seconds)


def in_milliseconds(timeout: float) -> int:
    """Return a time as PostgreSQL counts it."""
    return max(round(timeout * 1000), 1)


def _make_engine(url: sa.URL, options: dict[str, Any], timeout: float | None) -> sa.Engine:
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        # One database in memory is one connection: whoever comes second waits for it.
        options = {
            "poolclass": sa.QueuePool,
            "pool_size": 1,
            "max_overflow": 0,
            "connect_args": {"check_same_thread": False},
            **options,
        }
    # Numbers of documents come back as they were: as integers or as floats.
    options = {"json_serializer": write_document, "json_deserializer": orjson.loads, **options}
    options = {"hide_parameters": True, **options}  # else a log would hold what users send
    try:
        engine = sa.create_engine(url, **options)
    except ModuleNotFoundError as error:
        remedy = ": pip install 'backo_sql[postgres]'" if url.get_backend_name() == "postgresql" else ""
        raise DescriptionError(f"The driver of {url.drivername!r} is not installed{remedy}.") from error
    except (sa.exc.ArgumentError, TypeError) as error:
        raise DescriptionError(f"DBSQLConnector can't use these options: {error}") from error
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", partial(_prepare_sqlite, timeout))
        sa.event.listen(engine, "reset", _reset_sqlite)
        # Not by the event "begin": one listener makes every connection of an engine dearer than a query.
        engine.dialect.do_begin = _begin_sqlite  # type: ignore[method-assign]
    elif engine.dialect.name == "postgresql":
        sa.event.listen(engine, "connect", partial(_prepare_postgresql, timeout))
    return engine


def _prepare_sqlite(timeout: float | None, connection: Any, record: Any) -> None:
    """Set up a new connection: foreign keys are off in SQLite unless asked for, on every connection."""
    connection.isolation_level = (
        None  # we begin transactions ourselves: the driver would begin too late and the wrong kind
    )
    record.info[CLOCK] = prepare(connection, timeout)
    cursor = connection.cursor()
    try:
        cursor.execute(f"PRAGMA busy_timeout={SQLITE_BUSY_TIMEOUT}")
        cursor.execute("PRAGMA foreign_keys=ON")
        _use_write_ahead_log(connection, cursor)
        cursor.execute("PRAGMA synchronous=NORMAL")
    finally:
        cursor.close()


def _use_write_ahead_log(connection: Any, cursor: Any) -> None:
    """Switch the file to WAL, which only the first connection does: SQLite doesn't wait for others who do so too."""
    give_up = time.monotonic() + SQLITE_BUSY_TIMEOUT / 1000
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except connection.OperationalError as error:
            if not error.sqlite_errorname.startswith("SQLITE_BUSY") or time.monotonic() > give_up:
                raise
            time.sleep(0.01)


def for_writing(connection: sa.Connection) -> sa.Connection:
    """Say that what begins on a connection writes, before it begins."""
    if connection.dialect.name == "sqlite":
        connection.info[_WRITE] = True
    return connection


def begin_sqlite(info: Mapping[Any, Any], driver: Any) -> None:
    """Begin as a writer at once where the unit of work writes: a lock taken later may find that it read old data."""
    driver.execute("BEGIN IMMEDIATE" if info.get(_WRITE) else "BEGIN")


def _begin_sqlite(dbapi_connection: sa.pool.PoolProxiedConnection) -> None:
    _end_sqlite(dbapi_connection.dbapi_connection)
    begin_sqlite(dbapi_connection.info, dbapi_connection.dbapi_connection)


def forget_writing(info: dict[Any, Any]) -> None:
    """Let what begins next on a connection be a reader again."""
    info.pop(_WRITE, None)


def _reset_sqlite(driver: Any, record: Any, _state: Any) -> None:
    if record is not None:  # a connection that was taken out of the pool has none
        forget_writing(record.info)
    _end_sqlite(driver)


def _end_sqlite(driver: Any) -> None:
    """End a transaction whose COMMIT a deferred constraint refused: SQLite leaves it open, and so does SQLAlchemy."""
    if driver.in_transaction:
        driver.rollback()


def _prepare_postgresql(timeout: float | None, connection: Any, _record: Any) -> None:
    autocommit = connection.autocommit
    connection.autocommit = True
    settings = ["SET TIME ZONE 'UTC'"]
    if timeout is not None:
        settings.append(f"SET statement_timeout = {in_milliseconds(timeout)}")
    try:
        connection.execute("; ".join(settings))
    finally:
        connection.autocommit = autocommit
