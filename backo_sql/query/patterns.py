"""Regular expressions of filters: those of the `regex` package, each with a limit of its time.

In: the text of an expression. Out: whether it matches a text. One that takes too long on a text is a `QueryError`, and
so are all expressions of a filter that take too long together: a client must not be able to hold a worker.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache

import regex

from ..errors import Fault, QueryError
from ..types.text import PATTERN_TIMEOUT, storable_text
from .limits import MAX_PATTERN

#: how long all expressions may take on all texts that one filter asks them of, in seconds
PATTERN_BUDGET = 5.0

#: what the package raises about an expression that is none, beside its own errors
_MISTAKES = (regex.error, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)

#: what can make it try again: an expression without any of it takes no longer than the text is long
_REPEATS = frozenset("*+?{|")

#: what may take any time: a group that is repeated, and what looks at another part of the text or of the expression
_INVOLVED = re.compile(r"\)[*+?{]|\((?:\?(?!:)|\*)|\\[0-9gkKLRX]")

#: how many steps take no time that would count: some milliseconds
_MOST_STEPS = 1e6

_SHOWN = 64  # how much of an expression a message repeats


@dataclass(frozen=True, slots=True)
class Compiled:
    """An expression that was compiled.

    Attributes:
        match: looks for it at the start of a text.
        search: looks for it anywhere in a text.
        harmless: how long a text may be for it to need no limit.
    """

    match: Callable[..., regex.Match[str] | None]
    search: Callable[..., regex.Match[str] | None]
    harmless: float
    text: str


class Budget:
    """How much time expressions have left, in seconds."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = PATTERN_BUDGET

    def search(self, expression: Compiled, text: str, *, anchored: bool) -> bool:
        """Tell whether an expression matches a text.

        Raises:
            QueryError: it takes longer than the time that is left.
        """
        start = time.perf_counter()
        look = expression.match if anchored else expression.search
        if self.left <= 0:
            raise _too_slow(expression)
        if len(text) <= expression.harmless:  # asking for a limit costs ten times as much as such a search
            found = look(text)
        else:
            try:
                found = look(text, timeout=min(self.left, PATTERN_TIMEOUT))
            except TimeoutError:
                raise _too_slow(expression) from None
        self.left -= time.perf_counter() - start
        return found is not None


_budget: ContextVar[Budget | None] = ContextVar("_budget", default=None)


@contextmanager
def limited() -> Iterator[None]:
    """Give all expressions that are asked meanwhile one time together."""
    if _budget.get() is not None:
        yield
        return
    token = _budget.set(Budget())
    try:
        yield
    finally:
        _budget.reset(token)


class Expression:
    """A regular expression of a filter. Two are equal when their texts are.

    Args:
        text: as it was written.
    """

    __slots__ = ("_compiled", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._compiled = compiled(text)

    def matches(self, text: str, *, anchored: bool) -> bool:
        """Tell whether it matches a text: from its start, or anywhere in it.

        Raises:
            QueryError: it takes too long.
        """
        budget = _budget.get() or Budget()
        return budget.search(self._compiled, text, anchored=anchored)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"


def read_expression(text: object, name: str) -> Expression:
    """Read the expression that a field is asked for.

    Args:
        text: what stands there.
        name: of the field, for the messages.

    Raises:
        QueryError: it is none, or too long.
    """
    if not isinstance(text, str):
        raise QueryError(f"The regular expression for {name!r} must be a text, not {type(text).__name__}.")
    if len(text) > MAX_PATTERN:
        raise QueryError(f"The regular expression for {name!r} is longer than {MAX_PATTERN} characters.")
    try:
        return Expression(storable_text(text))
    except Fault as fault:
        raise QueryError(f"The regular expression for {name!r} is refused: {fault.entries[0][1]}") from None
    except _MISTAKES as error:
        raise QueryError(f"The regular expression for {name!r} is none: {error}.") from None


@lru_cache(maxsize=256)
def compiled(text: str) -> Compiled:
    """Compile an expression; those used last are kept."""
    pattern = regex.compile(text)
    return Compiled(pattern.match, pattern.search, _harmless_length(text), text)


def _harmless_length(text: str) -> float:
    """Return how long a text may be for an expression to be done with it in no time, whatever stands in it.

    Each repeat may try every length, each choice both ways, and a search every place to begin at.
    """
    if _REPEATS.isdisjoint(text):
        return math.inf
    if _INVOLVED.search(text):
        return 0
    repeats = sum(map(text.count, "*+{"))
    choices = text.count("?") + text.count("|")
    steps = _MOST_STEPS / len(text) / 2.0**choices
    return float(steps ** (1 / (repeats + 1)) - 1)


def _too_slow(expression: Compiled) -> QueryError:
    text = expression.text
    shown = text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
    return QueryError(f"The regular expression {shown!r} takes too long.")
