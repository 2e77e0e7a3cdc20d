"""What of a filter a backend answers, and what is left to be evaluated in Python on the rows that it finds.

In: a bound filter, and a question that a backend answers. Out: two filters; an item matches when it matches both. What
is pushed is all that the backend means exactly as `evaluate` does; nothing is ever pushed that is only nearly so. Of a
part that is left a weaker one may be pushed beside it, one that holds wherever the part does, so that fewer rows are
looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from .ast import TRUE, And, Bound, Not, Or, Some

#: tells whether a backend means by a filter, as a whole, exactly what `evaluate` does
Answers: TypeAlias = Callable[[Bound], bool]


def split(where: Bound, answers: Answers) -> tuple[Bound, Bound]:
    """Part a filter into what a backend answers and the remainder.

    Args:
        where: the filter.
        answers: tells of a filter whether the backend answers it.

    Returns:
        What is pushed down, and the remainder: `TRUE` when all is pushed.
    """
    if answers(where):
        return where, TRUE
    pushed: list[Bound] = []
    left: list[Bound] = []
    for part in _conjuncts(where):
        if answers(part):
            pushed.append(part)
            continue
        left.append(part)
        implied = _implied(part, answers)
        if implied != TRUE:
            pushed.append(implied)
    return And(tuple(pushed)), And(tuple(left))


def _conjuncts(where: Bound) -> Iterator[Bound]:
    match where:
        case And(parts):
            for part in parts:
                yield from _conjuncts(part)
        case Not(Or(parts)):
            for part in parts:
                yield from _conjuncts(Not(part))
        case Not(Not(part)):
            yield from _conjuncts(part)
        case _:
            yield where


def _implied(where: Bound, answers: Answers) -> Bound:
    """Return a filter that the backend answers and that holds wherever `where` does; `TRUE` when none is found."""
    if answers(where):
        return where
    match where:
        case And() | Not(Or()) | Not(Not()):
            parts = tuple(part for part in (_implied(each, answers) for each in _conjuncts(where)) if part != TRUE)
            return And(parts) if parts else TRUE
        case Or(parts):
            return _either(parts, answers)
        case Not(And(parts)):
            return _either(tuple(Not(part) for part in parts), answers)
        case Some(leaf, step, condition):
            weaker = Some(leaf, step, _implied(condition, answers))
            return weaker if answers(weaker) else TRUE
        case _:
            return TRUE


def _either(parts: tuple[Bound, ...], answers: Answers) -> Bound:
    implied = tuple(_implied(part, answers) for part in parts)
    return TRUE if TRUE in implied else Or(implied)
