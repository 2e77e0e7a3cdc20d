"""The filter as a small tree that knows the types of fields and nothing of any backend.

`Condition` is what a parser understood; `bind` turns it into `Compare` and `OneOf`, whose field exists and whose
values are of its type.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias

from ..model.description import Leaf
from ..model.paths import Path


class Operator(Enum):
    """The comparisons, under the names that a filter writes."""

    EQ = "$eq"
    NE = "$ne"
    LT = "$lt"
    LTE = "$lte"
    GT = "$gt"
    GTE = "$gte"
    IN = "$in"
    NIN = "$nin"


OPERATORS = {operator.value: operator for operator in Operator}


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition as it was written.

    Attributes:
        path: the field, not yet looked up.
        operator: how it is compared.
        operand: the value, or the list of values of `$in` and `$nin`.
        is_text: the operand is text from a query string, to be read as the field's type says.
    """

    path: Path
    operator: Operator
    operand: Any
    is_text: bool = False


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
class And:
    """All of the parts; without parts, everything."""

    parts: tuple[Bound, ...] = ()


Bound: TypeAlias = Compare | OneOf | And

TRUE = And()
