"""What stands in documents (lists, tuples, free objects), as SQL asks for it: JSONB on PostgreSQL, text on SQLite.

A document holds the JSON forms of values. They are compared in the database only where that means what comparing the
values means: texts by code point, numbers as exactly as Python does it, whole documents by their parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol, Self

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from ...errors import QueryError
from ...query.ast import Operator
from ...query.patterns import Expression
from ...types.base import FieldType
from ...types.compound import In, Tuple
from ...types.container import DictType, ListType
from ...types.extend import Extend
from ...types.instant import Datetime
from ...types.kinds import Kind
from .aliases import anonymous
from .columns import text_type, write_document
from .compare import MANY, Condition, among, opposite, regular
from .functions import CONTENT

_ORDERINGS = {Operator.LT: "<", Operator.LTE: "<=", Operator.GT: ">", Operator.GTE: ">="}

_DOCUMENT = JSONB(none_as_null=False)


class Form(Enum):
    """How the values of a type stand in a document."""

    TEXT = "text"
    INTEGER = "integer"
    REAL = "real"
    BOOLEAN = "boolean"
    CONTENT = "content"  # as any JSON


_FORMS = {
    Kind.TEXT: Form.TEXT,
    Kind.INTEGER: Form.INTEGER,
    Kind.REAL: Form.REAL,
    Kind.BOOLEAN: Form.BOOLEAN,
    Kind.JSON: Form.CONTENT,
}
_WRITTEN = frozenset({Kind.BYTES, Kind.INSTANT, Kind.DATE, Kind.TIME, Kind.DECIMAL})
_ORDERED_AS_TEXT = frozenset({Kind.TEXT, Kind.DATE, Kind.TIME, Kind.INSTANT})


def form_of(field: FieldType[Any]) -> Form | None:
    """Return how values of a type stand in a document; `None` where equal values need not stand there alike."""
    if field.kind in _WRITTEN:
        return None if isinstance(field, Extend) else Form.TEXT
    return _FORMS.get(field.kind) if _is_exact(field) else None


def has_order(field: FieldType[Any]) -> bool:
    """Tell whether what stands in a document sorts as the values do."""
    if field.kind is Kind.INSTANT:
        return isinstance(field, Datetime) and type(field).dump is Datetime.dump
    return field.kind in _ORDERED_AS_TEXT or form_of(field) in (Form.INTEGER, Form.REAL, Form.CONTENT)


def _is_exact(field: FieldType[Any]) -> bool:
    """Tell whether two values of a type are equal exactly where their JSON forms are."""
    if isinstance(field, In):
        return all(map(_is_natural, field.members))
    return all(map(_is_exact, _held(field)))


def _is_natural(field: FieldType[Any]) -> bool:
    """Tell whether the values of a type are their own JSON forms, so that those of other types compare with them."""
    if isinstance(field, Extend | DictType):
        return False
    held = _held(field)
    if held:
        return all(map(_is_natural, held))
    return field.restores_natively or field.kind is Kind.REAL


def _held(field: FieldType[Any]) -> Sequence[FieldType[Any]]:
    match field:
        case ListType():
            return (field.element,)
        case Tuple() | In():
            return field.members
        case DictType():
            return tuple(field.fields.values())
        case _:
            return ()


class Node(Protocol):
    """A place in a document, where there may be nothing."""

    def child(self, names: Sequence[str]) -> Self:
        """Return the place that names lead to, through objects only."""
        ...

    def at(self, position: int) -> Self:
        """Return the place of an element."""
        ...

    def elements(self, *, is_list: bool) -> tuple[sa.FromClause, Self]:
        """Return what to select from to have each element of a list, and its place.

        Args:
            is_list: the place holds a list or nothing, by its type.
        """
        ...

    def has_element(self, names: Sequence[str], written: Any) -> Condition | None:
        """Ask for an element with a value where names lead to; `None` where the database has no word for it."""
        ...

    def is_null(self) -> Condition:
        """Ask for nothing, or null."""
        ...

    def has_length(self, length: int) -> Condition:
        """Ask for a list of so many elements."""
        ...

    def equals(self, form: Form, written: Any) -> Condition:
        """Ask for a value, which isn't null."""
        ...

    def among(self, form: Form, written: Sequence[Any]) -> Condition:
        """Ask for one of several values, none of which is null."""
        ...

    def ordered(self, comparison: Operator, form: Form, kind: Kind, written: Any) -> Condition:
        """Ask for a value above or below another."""
        ...

    def matches(self, form: Form, expression: Expression, *, anchored: bool) -> Condition:
        """Ask for a text that an expression matches."""
        ...


@dataclass(frozen=True, slots=True)
class Content:
    """A value that stands in a document.

    Attributes:
        node: where it stands.
        type: of the value.
    """

    node: Node
    type: FieldType[Any]

    def compare(self, comparison: Operator, value: Any, *, positive: bool) -> Condition:
        """Compare it with one value."""
        if comparison is Operator.EQ:
            return self.one_of((value,), positive=positive)
        if value is None:
            return sa.false() if positive else sa.true()
        if not has_order(self.type):
            raise _not_available(self.type)
        found = self.node.ordered(comparison, self._form, self.type.kind, self.type.dump(value))
        return found if positive else opposite(found)

    def one_of(self, values: Sequence[Any], *, positive: bool) -> Condition:
        """Look for it among several values."""
        known = [self.type.dump(value) for value in values if value is not None]
        parts = [self.node.is_null()] if len(known) < len(values) else []
        if len(known) == 1:
            parts.append(self.node.equals(self._form, known[0]))
        elif known:
            parts.append(self.node.among(self._form, known))
        found = sa.or_(*parts) if parts else sa.false()
        return found if positive else opposite(found)

    def matches(self, expression: Expression, *, anchored: bool, positive: bool) -> Condition:
        """Match it with a regular expression."""
        found = self.node.matches(self._form, expression, anchored=anchored)
        return found if positive else opposite(found)

    @property
    def _form(self) -> Form:
        form = form_of(self.type)
        if form is None:
            raise _not_available(self.type)
        return form


def _not_available(field: FieldType[Any]) -> QueryError:
    return QueryError(f"A database filter on a {field.type_name()} in a document in this way is not available yet.")


# -- SQLite ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SQLiteNode:
    """A path in a JSON text; for an element that `json_each` found, the path in the list and what was found.

    Attributes:
        document: the text.
        path: in it, as SQLite writes it.
        each: the columns of `json_each`, where this is an element.
    """

    document: sa.ColumnElement[Any]
    path: str = "$"
    each: Any = None

    @property
    def _value(self) -> sa.ColumnElement[Any]:
        """The text, the number or the truth; of a list or an object its JSON."""
        value: sa.ColumnElement[Any] = sa.func.json_extract(self.document, self.path)
        return value if self.each is None else self.each.value

    @property
    def _type(self) -> sa.ColumnElement[Any]:
        type_: sa.ColumnElement[Any] = sa.func.json_type(self.document, self.path)
        return type_ if self.each is None else self.each.type

    def child(self, names: Sequence[str]) -> SQLiteNode:
        """Return the place that names lead to."""
        if not names:
            return self
        steps = "".join(f'."{name}"' for name in names)
        if self.each is not None:
            return SQLiteNode(sa.case((self.each.type == "object", self.each.value)), f"${steps}")
        return SQLiteNode(self.document, self.path + steps)

    def at(self, position: int) -> SQLiteNode:
        """Return the place of an element."""
        if self.each is not None:
            return SQLiteNode(sa.case((self.each.type == "array", self.each.value)), f"$[{position}]")
        return SQLiteNode(self.document, f"{self.path}[{position}]")

    def elements(self, *, is_list: bool) -> tuple[sa.FromClause, SQLiteNode]:
        """Return what to select from, and the place of each element."""
        is_whole = self.path == "$" and self.each is None
        held = self.document if is_whole else self._value
        if not (is_list and is_whole):
            # `json_each` takes a single value for a list of one, and an object for a list of its values.
            held = sa.case((self._type == "array", held))
        each = sa.func.json_each(held).table_valued("value", "type", "fullkey", "json", name=anonymous("each"))
        return each, SQLiteNode(each.c.json, "", each.c)

    def has_element(self, names: Sequence[str], written: Any) -> Condition | None:
        """SQLite has no word for it."""
        return None

    def is_null(self) -> Condition:
        """Ask for nothing, or null."""
        return self._value.is_(None)

    def has_length(self, length: int) -> Condition:
        """Ask for a list of so many elements."""
        held = (self.each.value,) if self.each is not None else (self.document, self.path)
        counted: Condition = sa.case((self._type == "array", sa.func.json_array_length(*held))) == length
        return counted

    def equals(self, form: Form, written: Any) -> Condition:
        """Ask for a value."""
        if form in (Form.REAL, Form.CONTENT):
            return self._content(Operator.EQ, written)
        found: Condition = self._value == _literal(form, written)
        return found

    def among(self, form: Form, written: Sequence[Any]) -> Condition:
        """Ask for one of several values."""
        if form in (Form.REAL, Form.CONTENT):
            return self._content(Operator.IN, written)
        type_ = sa.Text() if form is Form.TEXT else sa.BigInteger()
        return among(sa.type_coerce(self._value, type_), [_native(form, value) for value in written], "sqlite")

    def ordered(self, comparison: Operator, form: Form, kind: Kind, written: Any) -> Condition:
        """Ask for a value above or below another."""
        if form in (Form.REAL, Form.CONTENT):
            return self._content(comparison, written)
        value, operand = _for_order(self._value, kind, written)
        return value.op(_ORDERINGS[comparison], is_comparison=True)(_literal(form, operand))

    def matches(self, form: Form, expression: Expression, *, anchored: bool) -> Condition:
        """Ask for a text that an expression matches."""
        found = regular(self._value, expression, anchored=anchored, dialect="sqlite")
        return found if form is Form.TEXT else sa.and_(self._type == "text", found)

    def _content(self, comparison: Operator, written: Any) -> Condition:
        path = self.path if self.each is None else self.each.fullkey
        function = getattr(sa.func, CONTENT)
        found: Condition = function(self.document, path, comparison.value, write_document(written), type_=sa.Boolean)
        return found


# -- PostgreSQL ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PostgresNode:
    """An expression of type JSONB.

    Attributes:
        document: the expression.
    """

    document: sa.ColumnElement[Any]

    @property
    def _text(self) -> sa.ColumnElement[Any]:
        """The text; of a number its digits. What is taken out of a document has no collation yet."""
        text = self.document.op("#>>", return_type=sa.Text())(sa.literal_column("'{}'"))
        return text.collate("C")

    @property
    def _type(self) -> sa.ColumnElement[Any]:
        return sa.func.jsonb_typeof(self.document, type_=sa.Text())

    def child(self, names: Sequence[str]) -> PostgresNode:
        """Return the place that names lead to."""
        document = self.document
        for name in names:
            document = document.op("->", return_type=_DOCUMENT)(sa.literal(name, sa.Text))
        return PostgresNode(document)

    def at(self, position: int) -> PostgresNode:
        """Return the place of an element."""
        return PostgresNode(self.document.op("->", return_type=_DOCUMENT)(sa.literal(position, sa.Integer)))

    def elements(self, *, is_list: bool) -> tuple[sa.FromClause, PostgresNode]:
        """Return what to select from, and the place of each element."""
        array = sa.case((self._type == "array", self.document))
        each = sa.func.jsonb_array_elements(array).table_valued(sa.column("value", _DOCUMENT), name=anonymous("each"))
        return each, PostgresNode(each.c.value)

    def has_element(self, names: Sequence[str], written: Any) -> Condition | None:
        """Ask whether a list holds a value: of a list or an object more than being equal is asked."""
        if isinstance(written, list | dict):
            return None
        for name in reversed(names):
            written = {name: written}
        found: Condition = self.document.op("@>", is_comparison=True)(sa.literal([written], _DOCUMENT))
        return found

    def is_null(self) -> Condition:
        """Ask for nothing, or null."""
        return sa.or_(self.document.is_(None), self.document == sa.literal_column("'null'", _DOCUMENT))

    def has_length(self, length: int) -> Condition:
        """Ask for a list of so many elements."""
        counted: Condition = sa.case((self._type == "array", sa.func.jsonb_array_length(self.document))) == length
        return counted

    def equals(self, form: Form, written: Any) -> Condition:
        """Ask for a value."""
        found: Condition = self.document == sa.literal(written, _DOCUMENT)
        return found

    def among(self, form: Form, written: Sequence[Any]) -> Condition:
        """Ask for one of several values."""
        if len(written) < MANY:  # left to itself, SQLAlchemy would bind each by its own type
            return self.document.in_(sa.bindparam(None, list(written), type_=_DOCUMENT, expanding=True))
        return among(self.document, written, "postgresql")

    def ordered(self, comparison: Operator, form: Form, kind: Kind, written: Any) -> Condition:
        """Ask for a value above or below another."""
        if form is Form.TEXT or (form is Form.CONTENT and isinstance(written, str)):
            value, operand = _for_order(self._text, kind, written)
            found = value.op(_ORDERINGS[comparison], is_comparison=True)(sa.literal(operand, text_type()))
            return found if form is Form.TEXT else sa.and_(self._type == "string", found)
        if isinstance(written, bool) or not isinstance(written, int | float):
            return sa.false()
        found = self.document.op(_ORDERINGS[comparison], is_comparison=True)(sa.literal(written, _DOCUMENT))
        return sa.and_(self._type == "number", found)

    def matches(self, form: Form, expression: Expression, *, anchored: bool) -> Condition:
        """Ask for a text that an expression matches."""
        found = regular(self._text, expression, anchored=anchored, dialect="postgresql")
        return found if form is Form.TEXT else sa.and_(self._type == "string", found)


def _for_order(text: sa.ColumnElement[Any], kind: Kind, written: Any) -> tuple[sa.ColumnElement[Any], Any]:
    """Return what sorts as the values do: instants without their `Z`, as some have parts of a second before it."""
    if kind is Kind.INSTANT:
        return sa.func.rtrim(text, "Z", type_=text.type), written.removesuffix("Z")
    return text, written


def _literal(form: Form, written: Any) -> sa.BindParameter[Any]:
    """Bind a value by its own type: as a part of a document it would be read as one."""
    return sa.literal(_native(form, written), sa.Text() if form is Form.TEXT else sa.BigInteger())


def _native(form: Form, written: Any) -> Any:
    """Return what SQLite makes of a value in a document: truth is a number."""
    return int(written) if form is Form.BOOLEAN else written
