"""An engine of the host's, used without changing it.

The host's connections, its pool and its options are shared; what we need beyond them holds for our transactions only.
They are known by an option of the engine through which we see the host's.

On SQLite a connection is told, when we begin, to leave transactions to us and to keep foreign keys; when it goes back
to the pool it is put back as it was, but for the functions that filters call. On PostgreSQL a statement's time is
limited for our transactions.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from ...errors import DBError, DescriptionError
from .engine import (
    NO_FOREIGN_KEYS,
    NO_LIMIT,
    begin_sqlite,
    forget_writing,
    in_milliseconds,
    keep_from_forks,
    read_timeout,
)
from .functions import CLOCK, prepare

#: The option of our transactions; its value is the time that a statement may take, in seconds, or `None`.
_OURS = "backo_sql_borrowed"

#: What a connection was like, in the notes that its pool keeps with it.
_BEFORE = "backo_sql_before"

#: The pools that give one connection to several at once, as the host's may do for a database in memory.
_SHARING = (sa.StaticPool, sa.SingletonThreadPool)


def borrow_engine(host: sa.Engine, timeout: float | None) -> sa.Engine:
    """Return an engine that uses the connections of the host's.

    Args:
        host: the host's engine.
        timeout: how many seconds a statement of ours may take, `None` for as long as it likes.

    Raises:
        DescriptionError: it is no engine, or one of a database that can't be borrowed.
    """
    if not isinstance(host, sa.Engine):
        raise DescriptionError(f"BackoSQL takes an SQLAlchemy Engine, or a function that returns one, not {host!r}.")
    if host.dialect.name == "sqlite" and not sa.event.contains(host, "begin", _begin):
        # After what listens already: the host may begin its transactions by itself.
        sa.event.listen(host, "begin", _begin)
        sa.event.listen(host, "reset", _restore)
    elif host.dialect.name == "postgresql" and not sa.event.contains(host, "begin", _limit):
        sa.event.listen(host, "begin", _limit)
    keep_from_forks(host)
    return host.execution_options(**{_OURS: read_timeout(timeout)})


def _begin(connection: sa.Connection) -> None:
    """Begin as our own engines do, on a connection that is set up for the host; its own transactions are left alone."""
    options = connection.get_execution_options()
    if _OURS not in options:
        return
    fairy = connection.connection
    driver: Any = fairy.dbapi_connection
    if driver.in_transaction:
        if isinstance(connection.engine.pool, _SHARING):
            raise DBError(
                "The one connection of this database in memory is in a transaction of the host's, which is lost: "
                "commit db.session before, or give the application a file."
            )
        driver.rollback()  # The host's own events began it just now.
    if _BEFORE not in fairy.info:
        (foreign_keys,) = driver.execute("PRAGMA foreign_keys").fetchone()
        switch_on = not foreign_keys and NO_FOREIGN_KEYS not in options
        fairy.info[_BEFORE] = (driver.isolation_level, switch_on)
        driver.isolation_level = None
        if switch_on:
            driver.execute("PRAGMA foreign_keys=ON")
    clock, timeout = fairy.info.get(CLOCK), options[_OURS]
    if clock is None or clock.limit != timeout:
        fairy.info[CLOCK] = prepare(driver, timeout)
    try:
        begin_sqlite(fairy.info, driver)
    except driver.Error as error:
        raise sa.exc.OperationalError("BEGIN", None, error) from error


def _restore(driver: Any, record: Any, _state: Any) -> None:
    """Put a connection back as it was, if it was ours; the host's own are left alone."""
    forget_writing(record.info)
    before = record.info.pop(_BEFORE, None)
    if before is None or driver is None:
        return
    if driver.in_transaction:
        driver.rollback()
    isolation_level, switched_on = before
    if switched_on:
        driver.execute("PRAGMA foreign_keys=OFF")
    driver.isolation_level = isolation_level


def _limit(connection: sa.Connection) -> None:
    """Limit the time of the statements of a transaction of ours."""
    options = connection.get_execution_options()
    timeout = options.get(_OURS)
    if timeout is not None and NO_LIMIT not in options:
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {in_milliseconds(timeout)}")
