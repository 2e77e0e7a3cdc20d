"""The filter as a small tree that knows the types of fields and nothing of any backend.

It comes in two forms. What a parser understood names fields by path (`Condition`, `Contains`, `Listed`). `bind` turns
it into what every compiler reads, whose fields exist and whose values are of their types (`Compare`, `OneOf`,
`Matches`, `Elements`, `Some`). `And`, `Or` and `Not` join the nodes of either form.

A bound condition looks at one holder: an item, an element of a list, or a linked item. Its `leaf.path` leads through
nested `Dict` and no further; every other step of a path is a `Some`, whose own condition looks at what it steps to.
`author.address.city = Lyon` is therefore `Some(author, Across(books.author), Compare(address.city, EQ, "Lyon"))`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, TypeAlias, TypeVar

from ..model.description import Leaf
from ..model.model import Side
from ..model.paths import Path
from .patterns import Expression

N = TypeVar("N")


class Operator(Enum):
    """What a field is asked, under the names that a filter writes."""

    EQ = "$eq"
    NE = "$ne"
    LT = "$lt"
    LTE = "$lte"
    GT = "$gt"
    GTE = "$gte"
    IN = "$in"
    NIN = "$nin"
    REG = "$reg"
    RE = "$re"
    CONTAINS = "$contains"


class Combinator(Enum):
    """What joins conditions, under the names that a filter writes."""

    AND = "$and"
    OR = "$or"
    NOT = "$not"


OPERATORS = {operator.value: operator for operator in Operator}
COMBINATORS = {combinator.value: combinator for combinator in Combinator}


# -- joined conditions, of either form -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class And(Generic[N]):
    """All of the parts; without parts, everything."""

    parts: tuple[N, ...] = ()


@dataclass(frozen=True, slots=True)
class Or(Generic[N]):
    """At least one of the parts; without parts, nothing."""

    parts: tuple[N, ...] = ()


@dataclass(frozen=True, slots=True)
class Not(Generic[N]):
    """Whatever the part is not."""

    part: N


# -- as it was written -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition as it was written.

    Attributes:
        path: the field, not yet looked up; empty for the value itself.
        operator: how it is compared.
        operand: the value, or the list of values of `$in` and `$nin`.
        is_text: the operand is text from a query string, to be read as the field's type says.
    """

    path: Path
    operator: Operator
    operand: Any
    is_text: bool = False


@dataclass(frozen=True, slots=True)
class Contains:
    """Some element of a list, or some linked item, satisfies a condition whose paths begin there."""

    path: Path
    condition: Parsed


@dataclass(frozen=True, slots=True)
class Listed:
    """A list whose elements satisfy these conditions one by one, as many as there are.

    Attributes:
        path: the list.
        parts: a condition for each element.
        negated: it is anything but that.
        unwraps: on a field that is no list, a single part is asked of the field itself.
    """

    path: Path
    parts: tuple[Parsed, ...]
    negated: bool = False
    unwraps: bool = False


@dataclass(frozen=True, slots=True)
class Anything:
    """A path that must lead somewhere, of which nothing is asked."""

    path: Path


Parsed: TypeAlias = "Condition | Contains | Listed | Anything | And[Parsed] | Or[Parsed] | Not[Parsed]"


# -- bound -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Compare:
    """A field compared with one value of its type, or with `None`."""

    leaf: Leaf
    operator: Operator
    value: Any


@dataclass(frozen=True, slots=True)
class OneOf:
    """A field that is among some values, or, negated, is not."""

    leaf: Leaf
    values: tuple[Any, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Matches:
    """A text that a regular expression matches.

    Attributes:
        leaf: the field.
        pattern: the expression.
        anchored: it must match from the start of the text, not anywhere in it.
    """

    leaf: Leaf
    pattern: Expression
    anchored: bool


@dataclass(frozen=True, slots=True)
class Elements:
    """A list with as many elements as there are parts, each of which satisfies its own."""

    leaf: Leaf
    parts: tuple[Bound, ...]


@dataclass(frozen=True, slots=True)
class Each:
    """The step from a list to its elements."""


@dataclass(frozen=True, slots=True)
class Across:
    """The step from a reference to the items that it links to; ids without an item lead nowhere.

    Attributes:
        side: the relation, seen from the reference.
    """

    side: Side


@dataclass(frozen=True, slots=True)
class Some:
    """At least one of those that a step leads to satisfies a condition. An empty list or reference has none.

    Attributes:
        leaf: the list or the reference.
        step: where it leads.
        condition: looks at one element, or at one linked item.
    """

    leaf: Leaf
    step: Each | Across
    condition: Bound


Bound: TypeAlias = "Compare | OneOf | Matches | Elements | Some | And[Bound] | Or[Bound] | Not[Bound]"

TRUE: And[Any] = And()
FALSE: Or[Any] = Or()
