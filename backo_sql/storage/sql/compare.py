"""Conditions on one value that SQL knows by its type: a column, or the id that a link holds.

Logic has two values: null is a value like any other for equality, and is neither above nor below anything. A condition
may come out null where it is false; its opposite is therefore never made by a NOT around it, but is written on its own.
Where a value can't be null the plain form is enough, which every index serves.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect

from ...errors import QueryError
from ...query.ast import Operator
from ...query.patterns import Expression
from ...types.base import FieldType
from .functions import AMONG, MATCHES
from .loading import stored_value
from .patterns import translate

Condition = sa.ColumnElement[bool]

#: from how many values on a list is one parameter: no filter may have more of them than a statement takes
MANY = 30

_ORDERINGS: Mapping[Operator, Callable[[Any, Any], Any]] = {
    Operator.LT: operator.lt,
    Operator.LTE: operator.le,
    Operator.GT: operator.gt,
    Operator.GTE: operator.ge,
}
_OPPOSITES = {
    Operator.LT: Operator.GTE,
    Operator.LTE: Operator.GT,
    Operator.GT: Operator.LTE,
    Operator.GTE: Operator.LT,
}


class Value(Protocol):
    """Something that a filter compares. Each condition may be asked for, or its exact opposite."""

    def compare(self, comparison: Operator, value: Any, *, positive: bool) -> Condition:
        """Compare it with one value, by `$eq` or an ordering."""
        ...

    def one_of(self, values: Sequence[Any], *, positive: bool) -> Condition:
        """Look for it among several values."""
        ...

    def matches(self, expression: Expression, *, anchored: bool, positive: bool) -> Condition:
        """Match it with a regular expression."""
        ...


def opposite(condition: Condition) -> Condition:
    """Return the opposite of a condition that may be null where it is false."""
    return condition.self_group().is_not(sa.true())


def regular(text: sa.ColumnElement[Any], expression: Expression, *, anchored: bool, dialect: str) -> Condition:
    """Match a text with a regular expression that `answers` let pass."""
    if dialect == "postgresql":
        translated = translate(expression.text, anchored=anchored)
        if translated is None:
            raise QueryError(f"The regular expression {expression.text[:64]!r} is not available yet on this database.")
        matched: Condition = text.op("~", is_comparison=True)(sa.literal(translated, sa.Text))
        return matched
    found: Condition = getattr(sa.func, MATCHES)(expression.text, text, int(anchored), type_=sa.Boolean)
    return found


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value of a column.

    Attributes:
        column: the column, or an expression of its type.
        type: of the field.
        nullable: it may be null.
        dialect: the database.
    """

    column: sa.ColumnElement[Any]
    type: FieldType[Any]
    nullable: bool
    dialect: str

    def compare(self, comparison: Operator, value: Any, *, positive: bool) -> Condition:
        """Compare it with one value."""
        column = self.column
        if comparison is Operator.EQ:
            if value is None:
                return column.is_(None) if positive else column.is_not(None)
            stored = stored_value(self.type, value)
            same: Condition = column == stored
            if positive:
                return same
            return column.is_distinct_from(stored) if self.nullable else sa.not_(same)
        if value is None:
            return sa.false() if positive else sa.true()
        stored = stored_value(self.type, value)
        if positive:
            return _ordered(comparison, column, stored)
        return self._or_null(_ordered(_OPPOSITES[comparison], column, stored))

    def one_of(self, values: Sequence[Any], *, positive: bool) -> Condition:
        """Look for it among several values."""
        known = [stored_value(self.type, value) for value in values if value is not None]
        with_null = len(known) < len(values)
        if positive:
            inside = self._among(known)
            return sa.or_(inside, self.column.is_(None)) if with_null else inside
        outside = sa.not_(self._among(known))
        return sa.and_(outside, self.column.is_not(None)) if with_null else self._or_null(outside)

    def matches(self, expression: Expression, *, anchored: bool, positive: bool) -> Condition:
        """Match it with a regular expression."""
        found = regular(self.column, expression, anchored=anchored, dialect=self.dialect)
        if positive:
            return found
        return sa.not_(found) if self.dialect == "sqlite" else self._or_null(sa.not_(found))

    def _or_null(self, condition: Condition) -> Condition:
        return sa.or_(condition, self.column.is_(None)) if self.nullable else condition

    def _among(self, values: Sequence[Any]) -> Condition:
        return among(self.column, values, self.dialect)


def among(value: sa.ColumnElement[Any], values: Sequence[Any], dialect: str) -> Condition:
    """Look for a value among several of its type."""
    if not values:
        return sa.false()
    if len(values) >= MANY and dialect == "postgresql":
        # Of one dimension: a value may be a list itself.
        array = sa.bindparam(None, list(values), type_=postgresql.ARRAY(value.type, dimensions=1))
        found: Condition = value == sa.any_(array)
        return found
    if len(values) >= MANY and dialect == "sqlite":
        return _among_on_sqlite(value, values)
    return value.in_(values)


def _among_on_sqlite(value: sa.ColumnElement[Any], values: Sequence[Any]) -> Condition:
    bound = sa.bindparam(None, list(values), type_=ValueList(value.type))
    if isinstance(values[0], float):
        found: Condition = getattr(sa.func, AMONG)(value, bound, type_=sa.Boolean)
        return found
    each = sa.func.json_each(bound).table_valued("value")
    sought = sa.func.hex(value) if isinstance(values[0], bytes) else value
    return sought.in_(sa.select(each.c.value))


class ValueList(sa.types.TypeDecorator[list[Any]]):
    """Several values as one JSON text, each in the form in which SQLite keeps it; bytes in hexadecimal.

    Args:
        item: the type of each.
    """

    impl = sa.Text
    cache_ok = True

    def __init__(self, item: sa.types.TypeEngine[Any]) -> None:
        super().__init__()
        self.item = item

    def process_bind_param(self, values: list[Any] | None, dialect: Dialect) -> str:
        """Write the values."""
        write = self.item.dialect_impl(dialect).bind_processor(dialect) or _as_it_is
        return orjson.dumps([_json_value(write(value)) for value in values or ()]).decode()


def _as_it_is(value: Any) -> Any:
    return value


def _json_value(stored: Any) -> Any:
    return bytes(stored).hex().upper() if isinstance(stored, bytes | memoryview) else stored


def _ordered(comparison: Operator, column: sa.ColumnElement[Any], value: Any) -> Condition:
    compared: Condition = _ORDERINGS[comparison](column, value)
    return compared
