"""SQLAlchemy tables from their layouts."""

from __future__ import annotations

import threading
import time
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.schema import conv

from ...types.exact import digits
from ...types.kinds import Kind
from ..identifiers import uuid7
from .columns import ScaledInteger, TextDocument, column_type, text_type
from .layout import (
    OWNER,
    POSITION,
    AssociationLayout,
    CheckLayout,
    ColumnLayout,
    ElementsLayout,
    ForeignKeyLayout,
    ListMark,
    TableLayout,
    constraint_name,
)
from .loading import stored_value

#: Our constraints are named by `layout.constraint_name`, whatever the MetaData says (hence `conv`); this names alike
#: what a user adds to the same MetaData.
NAMING_CONVENTION = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}

VERSION = "_version"


_last_position = 0
_counting = threading.Lock()


def next_position() -> int:
    """Return a position after all that were given before: only the order of positions counts."""
    global _last_position  # noqa: PLW0603 - clocks may tell the same time twice
    with _counting:
        _last_position = max(time.time_ns(), _last_position + 1)
        return _last_position


def make_table(metadata: sa.MetaData, layout: TableLayout) -> sa.Table:
    """Make the table of a collection."""
    columns = [_column(column) for column in layout.columns]
    columns.append(sa.Column(VERSION, sa.Integer, nullable=False, default=1, server_default=sa.text("1")))
    table = sa.Table(layout.name, metadata, *columns)
    table.append_constraint(sa.PrimaryKeyConstraint(table.c["_id"], name=conv(constraint_name("pk", layout.name))))
    _constrain(table, layout)
    return table


def make_elements(metadata: sa.MetaData, layout: ElementsLayout) -> sa.Table:
    """Make the table of a list whose elements hold references."""
    table = sa.Table(
        layout.table.name,
        metadata,
        sa.Column(OWNER, text_type(), nullable=False),
        sa.Column(POSITION, sa.BigInteger, nullable=False, autoincrement=False, default=next_position),
        *map(_column, layout.table.columns),
        sa.PrimaryKeyConstraint(OWNER, POSITION, name=conv(constraint_name("pk", layout.table.name))),
    )
    _constrain(table, layout.table)
    return table


def _column(layout: ColumnLayout) -> sa.Column[Any]:
    default: Any = _new_id if layout.path == ("_id",) else None
    marks = isinstance(layout.type, ListMark)
    return sa.Column(
        layout.name,
        column_type(layout.type),
        nullable=layout.nullable,
        key=layout.name,
        default=True if marks else default,
        server_default=sa.true() if marks else None,
    )


def _constrain(table: sa.Table, layout: TableLayout) -> None:
    for check in layout.checks:
        _add_check(table, check)
    for unique in layout.uniques:
        table.append_constraint(
            sa.UniqueConstraint(*(table.c[name] for name in unique.columns), name=conv(unique.name))
        )
    for index in layout.indexes:
        sa.Index(conv(index.name), *(table.c[name] for name in index.columns))
    for key in layout.foreign_keys:
        table.append_constraint(_foreign_key(key))


def make_association(metadata: sa.MetaData, layout: AssociationLayout) -> sa.Table:
    """Make the table of a many-to-many link."""
    table = sa.Table(
        layout.name,
        metadata,
        sa.Column("owner_id", text_type(), nullable=False),
        sa.Column("target_id", text_type(), nullable=False),
        sa.Column("owner_position", sa.BigInteger, nullable=False, default=next_position),
        sa.Column("target_position", sa.BigInteger, nullable=False, default=next_position),
        sa.PrimaryKeyConstraint("owner_id", "target_id", name=conv(constraint_name("pk", layout.name))),
        _foreign_key(layout.owner_key),
        _foreign_key(layout.target_key),
    )
    sa.Index(conv(layout.index), table.c.target_id)
    return table


def _new_id() -> str:
    return uuid7()


def _foreign_key(key: ForeignKeyLayout) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [key.column],
        [f"{key.target}._id"],
        name=conv(key.name),
        ondelete=key.on_delete,
        deferrable=True,
        initially="DEFERRED",
    )


def _add_check(table: sa.Table, check: CheckLayout) -> None:
    column = table.c[check.column]
    options = check.type.options
    rule: sa.ColumnElement[Any]
    match check.rule:
        case "document" | "digits" if not isinstance(
            column.type._variant_mapping.get("sqlite"), TextDocument | ScaledInteger
        ):
            return  # a type of the user's own
        case "document":
            rule = document_rule(column)
        case "digits":
            rule = digits_rule(column, digits(check.type)[0])
        case "range":
            parts = []
            if options.min is not None and not callable(options.min):
                parts.append(column >= _literal(stored_value(check.type, options.min), column))
            if options.max is not None and not callable(options.max):
                parts.append(column <= _literal(stored_value(check.type, options.max), column))
            rule = sa.and_(*parts)
        case "choices":
            rule = column.in_(
                [
                    _literal(stored_value(check.type, choice), column)
                    for choice in cast("tuple[Any, ...]", options.choices)
                ]
            )
        case "length":
            rule = length_rule(column, cast("int", options.max_length))
        case _:
            rule = boolean_rule(column)
    constraint = sa.CheckConstraint(rule, name=conv(check.name))
    if check.rule in ("length", "boolean", "document", "digits") and check.type.kind is not Kind.BYTES:
        # PostgreSQL has types that say this; SQLite takes any length for VARCHAR(n) and any number for BOOLEAN.
        constraint = constraint.ddl_if(dialect="sqlite")
    table.append_constraint(constraint)


def document_rule(column: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Say that a text holds a document."""
    return sa.or_(column.is_(None), sa.func.json_valid(column) == sa.literal_column("1"))


def digits_rule(column: sa.ColumnElement[Any], precision: int) -> sa.ColumnElement[bool]:
    """Say how many digits a scaled integer may have."""
    limit = 10**precision
    return sa.and_(column > sa.literal_column(f"-{limit}"), column < sa.literal_column(f"{limit}"))


def length_rule(column: sa.ColumnElement[Any], length: int) -> sa.ColumnElement[bool]:
    """Say how long a text may be."""
    return sa.func.length(column) <= sa.literal_column(str(length))


def boolean_rule(column: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Say that a number is a truth."""
    return column.in_([sa.literal_column("0"), sa.literal_column("1")])


def _literal(value: Any, column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    return sa.literal(value, column.type, literal_execute=True)
