"""An engine of the host's, used without changing it.

The host's connections, its pool and its options are shared; what we need beyond them holds for our transactions only.
They are known by an option of the engine through which we see the host's.

On SQLite a connection is told, when we begin, to leave transactions to us and to keep foreign keys; when it goes back
to the pool it is put back as it was. Nothing is done on PostgreSQL.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from ...errors import DBError, DescriptionError
from .engine import NO_FOREIGN_KEYS, WRITE, keep_from_forks

#: The option of our transactions.
_OURS = "backo_sql_borrowed"

#: What a connection was like, in the notes that its pool keeps with it.
_BEFORE = "backo_sql_before"

#: The pools that give one connection to several at once, as the host's may do for a database in memory.
_SHARING = (sa.StaticPool, sa.SingletonThreadPool)


def borrow_engine(host: sa.Engine) -> sa.Engine:
    """Return an engine that uses the connections of the host's.

    Raises:
        DescriptionError: it is no engine, or one of a database that can't be borrowed.
    """
    if not isinstance(host, sa.Engine):
        raise DescriptionError(f"BackoSQL takes an SQLAlchemy Engine, or a function that returns one, not {host!r}.")
    if host.dialect.name == "sqlite" and not sa.event.contains(host, "begin", _begin):
        # After what listens already: the host may begin its transactions by itself.
        sa.event.listen(host, "begin", _begin)
        sa.event.listen(host, "reset", _restore)
    keep_from_forks(host)
    return host.execution_options(**{_OURS: True})


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
    statement = "BEGIN IMMEDIATE" if options.get(WRITE, False) else "BEGIN"
    try:
        driver.execute(statement)
    except driver.Error as error:
        raise sa.exc.OperationalError(statement, None, error) from error


def _restore(driver: Any, record: Any, _state: Any) -> None:
    """Put a connection back as it was, if it was ours; the host's own are left alone."""
    before = record.info.pop(_BEFORE, None)
    if before is None or driver is None:
        return
    if driver.in_transaction:
        driver.rollback()
    isolation_level, switched_on = before
    if switched_on:
        driver.execute("PRAGMA foreign_keys=OFF")
    driver.isolation_level = isolation_level
