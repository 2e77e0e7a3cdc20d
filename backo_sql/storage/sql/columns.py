"""Which column type holds each storage kind, per database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect

from ...types.base import FieldType
from ...types.kinds import Kind

_POSTGRESQL = "postgresql"

#: One order of text everywhere, by code point, and indexes that serve it.
_COLLATION = "C"


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """An instant in UTC: `TIMESTAMPTZ` on PostgreSQL, elsewhere a text of fixed width whose order is that of time."""

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        """Choose the type with a zone where there is one."""
        return dialect.type_descriptor(sa.DateTime(timezone=dialect.name == _POSTGRESQL))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Bring a value to UTC; one without a zone is taken as UTC."""
        if value is None:
            return None
        aware = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return aware if dialect.name == _POSTGRESQL else aware.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return an aware value in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def text_type(length: int | None = None) -> sa.types.TypeEngine[Any]:
    """Return the type of a text column, of a limited length or of any."""
    if length is None:
        return sa.Text().with_variant(sa.Text(collation=_COLLATION), _POSTGRESQL)
    return sa.String(length).with_variant(sa.String(length, collation=_COLLATION), _POSTGRESQL)


def json_type() -> sa.types.TypeEngine[Any]:
    """Return the type of a document column; a Python `None` is an SQL null."""
    return sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), _POSTGRESQL)


def column_type(field: FieldType[Any]) -> sa.types.TypeEngine[Any]:
    """Return the column type of a field."""
    match field.kind:
        case Kind.TEXT | Kind.LINK:
            return text_type(field.options.max_length)
        case Kind.INTEGER:
            return sa.BigInteger()
        case Kind.REAL:
            return sa.Double()
        case Kind.BOOLEAN:
            return sa.Boolean()
        case Kind.INSTANT:
            return UtcDateTime()
        case Kind.JSON:
            return json_type()
        case _:
            raise AssertionError(f"{field!r} of kind {field.kind} has no column of its own")
