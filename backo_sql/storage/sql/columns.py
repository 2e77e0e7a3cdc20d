"""Which column type holds each storage kind, per database, and those that users register for types of their own."""

from __future__ import annotations

import decimal
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect

from ...errors import DescriptionError
from ...types.base import FieldType
from ...types.exact import digits
from ...types.kinds import Kind

ColumnFactory = Callable[[Any], "sa.types.TypeEngine[Any]"]

_POSTGRESQL = "postgresql"
_SQLITE = "sqlite"

#: One order of text everywhere, by code point, and indexes that serve it.
_COLLATION = "C"

#: How many digits SQLite's integers have room for, whatever they are.
SQLITE_PRECISION = 18


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


class ScaledInteger(sa.types.TypeDecorator[decimal.Decimal]):
    """A decimal number as an integer of its smallest unit, for databases whose only other numbers are doubles.

    Args:
        scale: how many decimal places a number has.
    """

    impl = sa.BigInteger
    cache_ok = True

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.scale = scale

    def process_bind_param(self, value: Any, dialect: Dialect) -> int | None:
        """Return the number of smallest units; a part of one can't be kept."""
        if value is None:
            return None
        scaled = decimal.Decimal(str(value)).scaleb(self.scale)
        if scaled != (whole := int(scaled)):
            raise ValueError(f"{value} has more than {self.scale} decimal places.")
        return whole

    def process_result_value(self, value: int | None, dialect: Dialect) -> decimal.Decimal | None:
        """Return the number itself."""
        return None if value is None else decimal.Decimal(value).scaleb(-self.scale)


class Binary(sa.types.TypeDecorator[bytes]):
    """Bytes, which SQLAlchemy can't write into a rule of a table by itself."""

    impl = sa.LargeBinary
    cache_ok = True

    def literal_processor(self, dialect: Dialect) -> Callable[[Any], str]:
        """Write bytes in hexadecimal."""
        if dialect.name == _POSTGRESQL:
            return lambda value: f"'\\x{value.hex()}'::bytea"
        return lambda value: f"X'{value.hex()}'"


class TextDocument(sa.types.TypeDecorator[Any]):
    """A document in a text column.

    SQLite takes the type name `JSON` for that of a number: the document `1.0` would be kept as the integer 1.
    """

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Write the document."""
        return None if value is None else write_document(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Read the document."""
        return None if value is None else orjson.loads(value)


def text_type(length: int | None = None) -> sa.types.TypeEngine[Any]:
    """Return the type of a text column, of a limited length or of any."""
    if length is None:
        return sa.Text().with_variant(sa.Text(collation=_COLLATION), _POSTGRESQL)
    return sa.String(length).with_variant(sa.String(length, collation=_COLLATION), _POSTGRESQL)


def json_type() -> sa.types.TypeEngine[Any]:
    """Return the type of a document column; a Python `None` is an SQL null."""
    return (
        sa.JSON(none_as_null=True)
        .with_variant(postgresql.JSONB(none_as_null=True), _POSTGRESQL)
        .with_variant(TextDocument(), _SQLITE)
    )


def decimal_type(precision: int, scale: int) -> sa.types.TypeEngine[Any]:
    """Return the type of an exact number."""
    return sa.Numeric(precision, scale).with_variant(ScaledInteger(scale), _SQLITE)


def column_type(field: FieldType[Any]) -> sa.types.TypeEngine[Any]:
    """Return the column type of a field: the registered one, else that of its kind."""
    registered = _registered_for(field)
    chosen = registered[None](field) if None in registered else _type_of_kind(field)
    for dialect, factory in registered.items():
        if dialect is not None:
            chosen = _without_variant(chosen, dialect).with_variant(factory(field), dialect)
    return chosen


def _without_variant(type_: sa.types.TypeEngine[Any], dialect: str) -> sa.types.TypeEngine[Any]:
    """Return a type without what it is on one database: SQLAlchemy lets nobody change its mind."""
    if dialect not in type_._variant_mapping:
        return type_
    kept = {name: each for name, each in type_._variant_mapping.items() if name != dialect}
    bare = type_.copy()
    bare._variant_mapping = type(type_._variant_mapping)(kept)
    return bare


def _type_of_kind(field: FieldType[Any]) -> sa.types.TypeEngine[Any]:
    options = field.options
    match field.kind:
        case Kind.TEXT | Kind.LINK:
            return text_type(options.max_length)
        case Kind.INTEGER:
            return sa.BigInteger()
        case Kind.REAL:
            return sa.Double()
        case Kind.DECIMAL:
            return decimal_type(*digits(field))
        case Kind.BOOLEAN:
            return sa.Boolean()
        case Kind.BYTES:
            return Binary()
        case Kind.INSTANT:
            return UtcDateTime()
        case Kind.DATE:
            return sa.Date()
        case Kind.TIME:
            return sa.Time()
        case Kind.JSON:
            return json_type()
        case _:
            raise AssertionError(f"{field!r} of kind {field.kind} has no column of its own")


def check_column(field: FieldType[Any], where: str, dialect: str) -> None:
    """Refuse a field that a database has no column for.

    Args:
        field: the field.
        where: its place, for the message.
        dialect: the database.

    Raises:
        DescriptionError: naming the field.
    """
    if dialect != _SQLITE or field.kind is not Kind.DECIMAL or _registered_for(field):
        return
    precision, _ = digits(field)
    if precision > SQLITE_PRECISION:
        raise DescriptionError(
            f"{where} is a {field.type_name()} of {precision} digits: SQLite keeps at most {SQLITE_PRECISION}. "
            "Give it a smaller 'precision'."
        )


# -- column types of a user's own ------------------------------------------------------------------

_registered: dict[type[FieldType[Any]], dict[str | None, ColumnFactory]] = {}


def register_column_type(field_class: type[FieldType[Any]], factory: ColumnFactory, dialect: str | None = None) -> None:
    """Say which column type holds the values of a field class of one's own, and of its subclasses.

    Call it before the first `create_all()` or `build_routes()`. Without it a class has the column type of its kind.

    Args:
        field_class: a subclass of a field, such as of `Extend` or `String`.
        factory: called with the field; returns the SQLAlchemy type.
        dialect: the database that it is for, such as `"postgresql"`; all others when not given.

    Raises:
        DescriptionError: it is one of the library's own classes, or has a column type for this database already.

    Example:
        >>> class Caseless(String):
        ...     pass
        >>> register_column_type(Caseless, lambda field: postgresql.CITEXT(), "postgresql")
    """
    given: Any = field_class
    if not (isinstance(given, type) and issubclass(given, FieldType)):
        raise DescriptionError(f"register_column_type takes a field class, not {field_class!r}.")
    if field_class.__module__.partition(".")[0] == __name__.partition(".")[0]:
        raise DescriptionError(
            f"{field_class.__name__} is a class of the library, which every application shares: "
            "make a subclass and register that."
        )
    factories = _registered.setdefault(field_class, {})
    if dialect in factories:
        where = f"for {dialect!r}" if dialect else "for every database"
        raise DescriptionError(f"{field_class.__name__} has a column type {where} already.")
    factories[dialect] = factory


def has_own_column_type(field: FieldType[Any]) -> bool:
    """Tell whether somebody registered a column type for a field, which compares as it does."""
    return bool(_registered_for(field))


def _registered_for(field: FieldType[Any]) -> dict[str | None, ColumnFactory]:
    found: dict[str | None, ColumnFactory] = {}
    for each in reversed(type(field).__mro__):  # the narrower class has the last word
        found.update(_registered.get(each, {}))
    return found


# -- documents -------------------------------------------------------------------------------------

#: A number with an exponent, as the JSON writer writes those of 1e16 and above.
_EXPONENT = re.compile(rb"[0-9]e\+?[0-9]")


def write_document(value: Any) -> str:
    """Write a document so that reading it gives back the same numbers, of the same types.

    PostgreSQL keeps a number of a document without its exponent: `1e16` would come back as an integer. With a decimal
    place it comes back as a float. Keys are sorted, so that equal documents are equal texts.
    """
    written = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    return _write(value) if _EXPONENT.search(written) else written.decode()


def _write(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"{_write(key)}:{_write(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_write, value)) + "]"
    if isinstance(value, float) and abs(value) >= 1e16:  # from here on the writer uses an exponent
        return f"{value:.1f}"
    return orjson.dumps(value).decode()
