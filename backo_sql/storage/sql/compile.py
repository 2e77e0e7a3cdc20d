"""A bound filter as an SQLAlchemy expression.

Logic has two values: a null is a value like any other for equality, and is neither above nor below anything. Every
leaf is therefore written so that it is the opposite of its opposite.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from ...errors import QueryError
from ...model.description import Leaf, Place
from ...query.ast import And, Bound, Compare, OneOf, Operator
from ...types.kinds import Kind
from .loading import stored_value

#: PostgreSQL counts the parameters of a statement in 16 bits; SQLite takes 32,766, unless it is built otherwise
_MOST_PARAMETERS = 10_000

_ORDERINGS: Mapping[Operator, Callable[[Any, Any], Any]] = {
    Operator.LT: operator.lt,
    Operator.LTE: operator.le,
    Operator.GT: operator.gt,
    Operator.GTE: operator.ge,
}


def compile_filter(where: Bound, table: sa.Table, dialect: str) -> sa.ColumnElement[bool] | None:
    """Compile a filter over one table of a kind of database; `None` where it asks for everything.

    Raises:
        QueryError: the filter asks for something that isn't translated to SQL yet.
    """
    match where:
        case And(parts):
            compiled = [part for part in (compile_filter(each, table, dialect) for each in parts) if part is not None]
            return sa.and_(*compiled) if compiled else None
        case Compare(leaf, comparison, value):
            column = _column(leaf, table)
            return _compare(column, comparison, _operand(leaf, column, value), nullable=bool(column.nullable))
        case OneOf(leaf, values, negated):
            column = _column(leaf, table)
            return _one_of(column, [_operand(leaf, column, value) for value in values], dialect, negated=negated)
        case _:
            raise QueryError(
                "A database filter across a reference or into a list, with a regular expression, $or or $not "
                "is not available yet."
            )


def _column(leaf: Leaf, table: sa.Table) -> sa.Column[Any]:
    if leaf.place is not Place.ROW or not leaf.type.operators or leaf.column not in table.c:
        raise QueryError(f"A database filter on {'.'.join(leaf.path)!r} is not available yet.")
    return table.c[leaf.column]


def _operand(leaf: Leaf, column: sa.Column[Any], value: Any) -> Any:
    stored = stored_value(leaf.type, value)
    # A document is compared as one: left alone, SQLAlchemy takes the number in it for a number.
    return stored if value is None or leaf.type.kind is not Kind.JSON else sa.literal(stored, column.type)


def _compare(
    column: sa.ColumnElement[Any], comparison: Operator, value: Any, *, nullable: bool
) -> sa.ColumnElement[bool]:
    if comparison is Operator.EQ:
        return column.is_(None) if value is None else column == value
    if comparison is Operator.NE:
        if value is None:
            return column.is_not(None)
        return column.is_distinct_from(value) if nullable else column != value
    if value is None:
        return sa.false()
    compared: sa.ColumnElement[bool] = _ORDERINGS[comparison](column, value)
    return compared


def _one_of(column: sa.Column[Any], values: Sequence[Any], dialect: str, *, negated: bool) -> sa.ColumnElement[bool]:
    known = [value for value in values if value is not None]
    with_null = len(known) < len(values)
    inside = _among(column, known, dialect)
    if not negated:
        return sa.or_(inside, column.is_(None)) if with_null else inside
    outside = sa.not_(inside)
    if with_null:
        return sa.and_(outside, column.is_not(None))
    return sa.or_(outside, column.is_(None)) if column.nullable else outside


def _among(column: sa.Column[Any], values: Sequence[Any], dialect: str) -> sa.ColumnElement[bool]:
    """Compare with several values; more than a database takes as parameters are bound as one array."""
    if len(values) > _MOST_PARAMETERS and dialect == "sqlite" and all(isinstance(value, str | int) for value in values):
        each = sa.func.json_each(sa.bindparam(None, json.dumps(values), type_=sa.Text)).table_valued("value")
        return column.in_(sa.select(each.c.value))
    if len(values) <= _MOST_PARAMETERS or dialect != "postgresql":
        return column.in_(values)
    among: sa.ColumnElement[bool] = column == sa.any_(
        sa.bindparam(None, list(values), type_=postgresql.ARRAY(column.type))
    )
    return among


class IdSet:
    """The condition "one of these ids" with one bound value: a statement's text doesn't tell how many they are.

    The databases that can't take a list as one value get one parameter per id.
    """

    def __init__(self, dialect: str) -> None:
        self._dialect = dialect

    def contains(self, column: sa.ColumnElement[str], name: str = "ids") -> sa.ColumnElement[bool]:
        """Return the condition, with a parameter of that name."""
        if self._dialect == "postgresql":
            return column == sa.any_(sa.bindparam(name, type_=postgresql.ARRAY(sa.Text)))
        if self._dialect == "sqlite":
            each = sa.func.json_each(sa.bindparam(name, type_=sa.Text)).table_valued("value")
            return column.in_(sa.select(each.c.value))
        return column.in_(sa.bindparam(name, expanding=True))

    def value(self, identifiers: Sequence[str]) -> Any:
        """Return what to bind."""
        if self._dialect == "sqlite":
            return json.dumps(list(identifiers))
        return list(identifiers)
