"""A bound filter as a Python predicate: the reference meaning, which every other compiler must agree with.

In: a bound filter. Out: a function from the plain values of an item to `True` or `False`. Logic has two values: null
is a value like any other for equality, and is neither above nor below anything; `Not` is the exact complement. Text
compares by code point, as Python's does. A regular expression that takes too long is a `QueryError`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, Final, Protocol, TypeAlias, cast

from ..errors import QueryError
from ..model.description import Leaf
from ..model.paths import Path
from ..types.base import FieldType
from ..types.free import ContentType
from ..types.kinds import Kind
from ..types.values import plain
from .ast import Across, And, Bound, Compare, Each, Elements, Matches, Not, OneOf, Operator, Or, Some

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


#: up to how many values are compared one by one
_FEW = 4


def read_plain(holder: Holder, path: Path) -> Any:
    """Return the value at a path of nested dicts; `None` where a part of it is absent."""
    for name in path:
        if not isinstance(holder, Mapping):
            return None
        holder = holder.get(name)
    return holder


def predicate(where: Bound, lookup: Lookup | None = None, read: Read = read_plain) -> Predicate:
    """Compile a filter.

    Args:
        where: the filter, bound. The lists of links that it compares as a whole must be filled in the values.
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
    if where.operator in (Operator.EQ, Operator.NE):
        return _one_of(OneOf(where.leaf, (value,), negated=where.operator is Operator.NE), read)
    if value is None:
        return lambda _: False
    if isinstance(where.leaf.type, ContentType):
        return lambda holder: holds_for_content(read(holder, path), where.operator, value)
    compare = _ORDERINGS[where.operator]

    def ordered(holder: Holder) -> bool:
        found = read(holder, path)
        return found is not None and found is not ABSENT and compare(found, value)

    return ordered


def _one_of(where: OneOf, read: Read) -> Predicate:
    path, values, negated = where.leaf.path, where.values, where.negated
    among = _among(where.leaf.type, values)

    def one_of(holder: Holder) -> bool:
        found = read(holder, path)
        return found is not ABSENT and among(found) is not negated

    return one_of


def _among(field: FieldType[Any], values: tuple[Any, ...]) -> Callable[[Any], bool]:
    if field.kind is Kind.JSON:
        among = one_of_content(values)
        return lambda found: among(plain(found))
    if len(values) == 1:
        (only,) = values
        return lambda found: bool(found == only)
    try:
        known: Any = frozenset(values)
    except TypeError:  # values of a type of somebody's own need have no hash
        known = values
    return lambda found: found in known


def one_of_content(values: Sequence[Any]) -> Callable[[Any], bool]:
    """Return a function that looks for a plain value, of any type, among others."""
    if len(values) <= _FEW:
        return lambda found: any(same(found, value) for value in values)
    try:
        known = frozenset(map(_key, values))
    except TypeError:
        return lambda found: any(same(found, value) for value in values)

    def among(found: Any) -> bool:
        try:
            return _key(found) in known
        except TypeError:
            return any(same(found, value) for value in values)

    return among


def _key(value: Any) -> Hashable:
    """Return what is equal for two values exactly where they are the same, and has a hash."""
    if isinstance(value, bool):
        return bool, value
    if isinstance(value, Mapping):
        return dict, frozenset((name, _key(each)) for name, each in value.items())
    if isinstance(value, list | tuple):
        return list, tuple(map(_key, value))
    hash(value)
    return cast("Hashable", value)


def same(one: Any, other: Any) -> bool:
    """Compare as JSON means it: numbers by what they are worth, `true` being none; lists and objects by their parts."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def holds_for_content(found: Any, comparison: Operator, operand: Any) -> bool:
    """Compare a value that may be of any type.

    Args:
        found: the value.
        comparison: equality or an ordering.
        operand: what it is compared with.
    """
    match comparison:
        case Operator.EQ:
            return same(found, operand)
        case _:
            return _in_order(found, operand) and _ORDERINGS[comparison](found, operand)


def _in_order(one: Any, other: Any) -> bool:
    """Tell whether two values of any type come before or after each other: two texts do, or two numbers."""
    if isinstance(one, bool) or isinstance(other, bool):
        return False
    return any(isinstance(one, type_) and isinstance(other, type_) for type_ in (str, int | float))


def _matches(where: Matches, read: Read) -> Predicate:
    path, expression, anchored = where.leaf.path, where.pattern, where.anchored
    field = where.leaf.type
    is_text = field.encodes_natively or field.kind is not Kind.TEXT

    def matches(holder: Holder) -> bool:
        found = read(holder, path)
        if not is_text and found is not None and found is not ABSENT:
            found = field.dump(found)  # an address of a network is looked at as it is written
        return isinstance(found, str) and expression.matches(found, anchored=anchored)

    return matches


def _elements(where: Elements, lookup: Lookup | None, read: Read) -> Predicate:
    path = where.leaf.path
    parts = [predicate(part, lookup, read) for part in where.parts]
    links = where.leaf.type.kind is Kind.LINKS

    def alike(holder: Holder) -> bool:
        found = read(holder, path)
        if found is None and links:  # they are never null, only none
            return not parts
        if not _is_list(found) or len(found) != len(parts):
            return False
        return all(part(element) for part, element in zip(parts, found, strict=True))

    return alike


def _some(where: Some, lookup: Lookup | None, read: Read) -> Predicate:
    leaf, step = where.leaf, where.step
    condition = predicate(where.condition, lookup, read)
    if isinstance(step, Each):

        def some_element(holder: Holder) -> bool:
            found = read(holder, leaf.path)
            return _is_list(found) and any(condition(element) for element in found)

        return some_element
    if lookup is None:
        raise QueryError(f"{'.'.join(leaf.path)!r} links to other items, which this filter can't look up.")
    find, across = lookup, step

    def some_linked(holder: Holder) -> bool:
        return holder is not None and any(condition(item) for item in find(holder, leaf, across))

    return some_linked


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)
