"""A write that the database broke off is done again: whoever writes need not know that two writers met."""

from __future__ import annotations

import functools
import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from ..errors import InterruptedWriteError
from .unit import is_writing

if TYPE_CHECKING:
    from .service import Service

P = ParamSpec("P")
R = TypeVar("R")
Verb = Callable[Concatenate["Service", P], R]

#: how often a write is tried, and how long the first pause is at most, in seconds
TRIES = 5
PAUSE = 0.02


def replayed(verb: Verb[P, R]) -> Verb[P, R]:
    """Make a verb that is done again when the database breaks it off.

    PostgreSQL breaks off one of two transactions that wait for each other (its manual, "Deadlocks"), and asks that it
    be repeated. What was written before is undone by then, in Python too, so that a verb that opened its own unit of
    work may run from its beginning. Inside a larger one it can't: whoever opened that runs all of it again.
    """

    @functools.wraps(verb)
    def write(service: Service, /, *arguments: P.args, **options: P.kwargs) -> R:
        if is_writing(service.model):
            return verb(service, *arguments, **options)
        attempt = 1
        while True:
            try:
                return verb(service, *arguments, **options)
            except InterruptedWriteError as error:
                error.final = error.final or attempt == TRIES
                if error.final:
                    raise
            time.sleep(random.uniform(0, PAUSE * 2**attempt))  # noqa: S311 - so that the two don't meet again
            attempt += 1

    return write
