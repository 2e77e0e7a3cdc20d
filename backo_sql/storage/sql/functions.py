"""What is put into each connection of SQLite: functions that mean what Python means, and a limit of a statement's time.

SQLite has no regular expressions, and reads numbers of documents without promising their last bit. Both are therefore
asked of Python, row by row.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import orjson

from ...errors import QueryError
from ...query.ast import Operator
from ...query.evaluate import holds_for_content, one_of_content
from ...query.patterns import Budget, compiled

#: The names of the functions in SQL.
MATCHES, CONTENT, AMONG = "backo_matches", "backo_content", "backo_among"

#: Where a pooled connection keeps its clock.
CLOCK = "backo_clock"

#: How many steps of SQLite's machine pass between two looks at the clock: some ten microseconds' worth each thousand.
_STEPS = 20_000

_STEP = re.compile(r'\."([^"]*)"|\[(\d+)\]')


class Clock:
    """How long the statement of a connection may still run, and why it was stopped.

    Args:
        limit: of each statement, in seconds; `None` for none.
    """

    __slots__ = ("deadline", "failure", "limit", "patterns")

    def __init__(self, limit: float | None) -> None:
        self.limit = limit
        self.deadline = math.inf
        #: the time that the regular expressions of the statement have
        self.patterns = Budget()
        #: what one of the functions raised: SQLite itself only says that there was something
        self.failure: QueryError | None = None

    def start(self) -> None:
        """Begin a statement."""
        self.failure = None
        self.patterns = Budget()
        if self.limit is not None:
            self.deadline = time.monotonic() + self.limit

    def stop(self) -> None:
        """End it: what others send through the same connection has no limit."""
        self.deadline = math.inf

    def is_over(self) -> bool:
        """Tell SQLite to give up."""
        return time.monotonic() > self.deadline


def prepare(connection: Any, limit: float | None) -> Clock:
    """Put the functions and the limit into a new connection.

    Args:
        connection: of the driver.
        limit: of each statement, in seconds; `None` for none.

    Returns:
        The clock that statements have to start.
    """
    clock = Clock(limit)

    def matches(pattern: str, text: Any, anchored: int) -> bool:
        if not isinstance(text, str):
            return False
        try:
            return clock.patterns.search(compiled(pattern), text, anchored=bool(anchored))
        except QueryError as failure:
            clock.failure = failure
            raise

    connection.create_function(MATCHES, 3, matches, deterministic=True)
    connection.create_function(CONTENT, 4, content, deterministic=True)
    connection.create_function(AMONG, 2, among, deterministic=True)
    if limit is not None:
        connection.set_progress_handler(clock.is_over, _STEPS)
    return clock


def content(document: str | None, path: str, operator: str, operand: str) -> bool:
    """Compare what stands at a path of a document, of whatever type it is.

    Args:
        document: in JSON.
        path: in the words of SQLite, such as `$."size"[0]`.
        operator: the name of a comparison, or `$in`.
        operand: in JSON; for `$in` a list.
    """
    if document is None:
        return False
    found = orjson.loads(document)
    for name, position in _steps(path):
        if position is None:
            found = found.get(name) if isinstance(found, dict) else None
        else:
            found = found[position] if isinstance(found, list) and position < len(found) else None
    if operator == Operator.IN.value:
        return _list(operand)(found)
    return holds_for_content(found, Operator(operator), _operand(operand))


def among(value: float | None, numbers: str) -> bool:
    """Look for a number of a column in a list, which is JSON: there its digits say exactly which number it is."""
    return value is not None and _list(numbers)(value)


@lru_cache(maxsize=256)
def _steps(path: str) -> tuple[tuple[str, int | None], ...]:
    return tuple((name, int(position) if position else None) for name, position in _STEP.findall(path))


@lru_cache(maxsize=64)
def _operand(operand: str) -> Any:
    return orjson.loads(operand)


@lru_cache(maxsize=16)
def _list(operand: str) -> Callable[[Any], bool]:
    return one_of_content(orjson.loads(operand))
