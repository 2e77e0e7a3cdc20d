"""A bound filter as a Python predicate: the reference meaning, which every other compiler must agree with.

In: a bound filter. Out: a function from the plain values of an item to `True` or `False`. Logic has two values: null
is a value like any other for equality, and is neither above nor below anything; `Not` is the exact complement. Text
compares by code point, as Python's does. A regular expression that takes too long is a `QueryError`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Protocol, TypeAlias

from ..errors import QueryError
from ..model.description import Leaf, get_value
from ..model.paths import Path
from .ast import PATTERN_TIMEOUT, Across, And, Bound, Compare, Each, Elements, Matches, Not, OneOf, Operator, Or, Some

#: what a condition looks at: the values of an item, an element of a list, the values of a linked item
Holder: TypeAlias = Any

Predicate: TypeAlias = Callable[[Holder], bool]

#: returns the value at a path of a holder; `None` where there is none
Read: TypeAlias = Callable[[Holder, Path], Any]


class Lookup(Protocol):
    """Finds linked items."""

    def __call__(self, holder: Holder, leaf: Leaf, step: Across) -> Iterable[Holder]:
        """Return the items that a reference of a holder links to; ids without an item are left out."""
        ...


class _Absent:
    """A field that isn't there for the holder, or that the user may not read: no condition on it holds."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = _Absent()

_ORDERINGS: Mapping[Operator, Callable[[Any, Any], bool]] = {
    Operator.LT: operator.lt,
    Operator.LTE: operator.le,
    Operator.GT: operator.gt,
    Operator.GTE: operator.ge,
}


def predicate(where: Bound, lookup: Lookup | None = None, read: Read = get_value) -> Predicate:
    """Compile a filter.

    Args:
        where: the filter, bound.
        lookup: finds linked items; without it a filter that asks for them is refused.
        read: returns a value of a holder; from nested dicts, when not given.

    Raises:
        QueryError: the filter leads through a reference and there is no `lookup`.
    """
    match where:
        case And(parts):
            every = [predicate(part, lookup, read) for part in parts]
            return lambda holder: all(each(holder) for each in every)
        case Or(parts):
            some = [predicate(part, lookup, read) for part in parts]
            return lambda holder: any(each(holder) for each in some)
        case Not(part):
            negated = predicate(part, lookup, read)
            return lambda holder: not negated(holder)
        case Compare():
            return _compare(where, read)
        case OneOf():
            return _one_of(where, read)
        case Matches():
            return _matches(where, read)
        case Elements():
            return _elements(where, lookup, read)
        case Some():
            return _some(where, lookup, read)


def holds_for_nothing(where: Bound) -> bool:
    """Tell whether a filter holds where every field is null and nothing is linked."""
    return predicate(where, lambda *_: (), lambda *_: None)(None)


def _compare(where: Compare, read: Read) -> Predicate:
    path, value = where.leaf.path, where.value
    if where.operator is Operator.EQ:
        return lambda holder: bool(read(holder, path) == value)
    if where.operator is Operator.NE:
        return lambda holder: (found := read(holder, path)) is not ABSENT and bool(found != value)
    if value is None:
        return lambda _: False
    compare = _ORDERINGS[where.operator]

    def ordered(holder: Holder) -> bool:
        found = read(holder, path)
        return found is not None and found is not ABSENT and compare(found, value)

    return ordered


def _one_of(where: OneOf, read: Read) -> Predicate:
    path, values = where.leaf.path, where.values
    if where.negated:
        return lambda holder: (found := read(holder, path)) is not ABSENT and found not in values
    return lambda holder: read(holder, path) in values


def _matches(where: Matches, read: Read) -> Predicate:
    path, pattern = where.leaf.path, where.pattern
    match = pattern.match if where.anchored else pattern.search

    def matches(holder: Holder) -> bool:
        found = read(holder, path)
        if not isinstance(found, str):
            return False
        try:
            return match(found, timeout=PATTERN_TIMEOUT) is not None
        except TimeoutError:
            raise QueryError(f"The regular expression {pattern.pattern[:64]!r} takes too long.") from None

    return matches


def _elements(where: Elements, lookup: Lookup | None, read: Read) -> Predicate:
    path = where.leaf.path
    parts = [predicate(part, lookup, read) for part in where.parts]

    def same(holder: Holder) -> bool:
        found = read(holder, path)
        if found is None or found is ABSENT or len(found) != len(parts):
            return False
        return all(part(element) for part, element in zip(parts, found, strict=True))

    return same


def _some(where: Some, lookup: Lookup | None, read: Read) -> Predicate:
    leaf, step = where.leaf, where.step
    condition = predicate(where.condition, lookup, read)
    if isinstance(step, Each):

        def some_element(holder: Holder) -> bool:
            found = read(holder, leaf.path)
            return found is not None and found is not ABSENT and any(condition(element) for element in found)

        return some_element
    if lookup is None:
        raise QueryError(f"{'.'.join(leaf.path)!r} links to other items, which this filter can't look up.")
    find, across = lookup, step

    def some_linked(holder: Holder) -> bool:
        return holder is not None and any(condition(item) for item in find(holder, leaf, across))

    return some_linked
