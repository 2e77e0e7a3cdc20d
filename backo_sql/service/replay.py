"""A write that the database broke off is done again: whoever writes need not know that two writers met."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from ..errors import InterruptedWriteError

R = TypeVar("R")

#: how often a write is tried, and how long the first pause is at most, in seconds
TRIES = 5
PAUSE = 0.02


def replayed(write: Callable[[], R]) -> R:
    """Do a write in a unit of work of its own, and again when the database breaks it off.

    PostgreSQL breaks off one of two transactions that wait for each other (its manual, "Deadlocks"), and asks that it
    be repeated. What was written before is undone by then, so that the same function may run from its beginning.

    Raises:
        InterruptedWriteError: it was broken off every time.
    """
    for attempt in range(1, TRIES):
        try:
            return write()
        except InterruptedWriteError:
            time.sleep(random.uniform(0, PAUSE * 2**attempt))  # noqa: S311 - so that the two don't meet again
    return write()
