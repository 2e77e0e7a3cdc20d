"""How deep a filter goes as SQL: SQLite's parser keeps what it hasn't finished on a stack of 100 entries.

In: a bound filter. Out: about how many entries it takes. `compile.py` writes the deepest part of an AND or an OR
first, so that only parentheses wait for it, and puts what a reference leads to into a query of its own where it grows
too deep.
"""

from __future__ import annotations

from ...query.ast import Across, And, Bound, Elements, Not, Or, Some

#: what a single condition takes, its own brackets, functions and CASE included
_LEAF = 12

#: what an EXISTS with its SELECT takes
_EXISTS = 10

#: what a filter may take: the rest is for the statement around it
MAX_STACK = 80

#: what may stand inside an EXISTS; what is deeper becomes a query of its own
MAX_INSIDE = 45


def stack(where: Bound) -> int:
    """Return about how many entries a filter takes."""
    match where:
        case And(parts) | Or(parts):
            return 1 + max(map(stack, parts), default=0)
        case Not(part):
            return stack(part)
        case Elements(parts=parts):
            return _EXISTS + max(map(stack, parts), default=0)
        case Some(step=Across(), condition=condition):
            inside = stack(condition)  # once: asked twice on each level, a path of 50 names takes hours
            return _EXISTS + (_LEAF if inside > MAX_INSIDE else inside)
        case Some(condition=condition):
            return _EXISTS + stack(condition)
        case _:
            return _LEAF


def is_apart(condition: Bound) -> bool:
    """Tell whether what is asked of linked items becomes a query of its own."""
    return stack(condition) > MAX_INSIDE
