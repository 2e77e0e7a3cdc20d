"""Runs statements: within the time that they have, and with the failures of the database in the words of ours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import sqlalchemy as sa

from ...errors import BackoError
from .failures import Failures
from .functions import CLOCK, Clock
from .ordering import Explained


class Running:
    """A connection, and what it takes to send statements through it.

    Args:
        connection: to send them through; the first one begins a transaction.
        failures: says what the database refused.
    """

    def __init__(self, connection: sa.Connection, failures: Failures) -> None:
        self._connection = connection
        self._failures = failures
        self._clock: Clock | None = connection.info.get(CLOCK)

    def execute(self, statement: Any, parameters: Any = None) -> Any:
        """Run a statement."""
        try:
            if not self._connection.in_transaction():
                # A connection of the host's is given its clock when a transaction of ours begins.
                self._connection.begin()
                self._clock = self._connection.info.get(CLOCK)
            if self._clock is not None:
                self._clock.start()
            return self._connection.execute(statement, parameters)
        except sa.exc.DBAPIError as error:
            raise self._failure(error, statement) from error

    def rows(self, statement: Any, parameters: Any = None) -> Sequence[Any]:
        """Run a statement and read all its rows: SQLite goes on working while they are fetched."""
        result = self.execute(statement, parameters)
        try:
            return cast("Sequence[Any]", result.all())
        except sa.exc.DBAPIError as error:
            raise self._failure(error, statement) from error

    def stop(self) -> None:
        """Lift the limit: what others send through the same connection has none."""
        if self._clock is not None:
            self._clock.stop()

    def _failure(self, error: sa.exc.DBAPIError, statement: Any) -> BackoError:
        if self._clock is not None and self._clock.failure is not None:
            return self._clock.failure
        return self._failures.translate(error, reads=_only_reads(statement))


def _only_reads(statement: Any) -> bool:
    """Tell whether a statement neither writes nor waits for a row in order to write it."""
    return isinstance(statement, Explained) or (isinstance(statement, sa.Select) and statement._for_update_arg is None)
