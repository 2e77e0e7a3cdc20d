"""From rows to nested values, by a plan made once per projection.

In: a projection, a table and the form that is wanted. Out: the columns to select, and a function from a row to a
dict. No object is made per field, and no field is looked up by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, TypeAlias

import sqlalchemy as sa

from ...model.description import Place
from ...model.model import Side
from ...model.paths import Path
from ...model.views import Node, Projection
from ...query.order import Term
from ...types.base import FieldType
from ...types.container import DictType
from ...types.kinds import Kind
from ..interface import Form
from .layout import ColumnLayout, ListMark

Build = Callable[[Sequence[Any]], Any]

#: the columns of a table by the path of their field
Columns: TypeAlias = Mapping[Path, ColumnLayout]


@dataclass(frozen=True, slots=True)
class Reader:
    """How rows of a table become items.

    Attributes:
        columns: what to select, in order.
        build: makes the nested dict of one row.
        lists: the lists among them whose elements are rows of another table: they are read as empty ones.
    """

    columns: tuple[sa.Column[Any], ...]
    build: Callable[[Sequence[Any]], dict[str, Any]]
    lists: tuple[Path, ...] = ()


def make_reader(
    projection: Projection, table: sa.Table, columns: Columns, sides: Mapping[Path, Side], form: Form
) -> Reader:
    """Plan how a projection of a collection is read.

    Args:
        projection: the fields.
        table: of the collection.
        columns: of that table, by path.
        sides: the reference fields of the collection.
        form: which values are wanted.
    """
    selected: list[sa.Column[Any]] = []
    lists: list[Path] = []

    def structure(nodes: tuple[Node, ...]) -> Build:
        parts: list[tuple[str, Build]] = []
        for name, content in nodes:
            if isinstance(content, tuple):
                parts.append((name, structure(content)))
            elif content.place is Place.LINK:
                if sides[content.path].filled:  # its place among the keys; the links are read apart
                    parts.append((name, _nothing))
            elif content.place is Place.ROW:
                column = columns[content.path]
                parts.append((name, _leaf(column.type, form, len(selected))))
                selected.append(table.c[column.name])
                if isinstance(column.type, ListMark):
                    lists.append(content.path)
        return _dict_of(tuple(parts))

    build = structure(projection.tree)
    return Reader(tuple(selected), build, tuple(lists))


def make_column_reader(terms: Sequence[Term], form: Form) -> Reader:
    """Plan how columns of several tables are read, which whoever joins these tables selects first."""
    return Reader((), _dict_of(tuple((str(n), _leaf(term.leaf.type, form, n)) for n, term in enumerate(terms))))


def make_element_reader(
    element: DictType, table: sa.Table, columns: Columns, within: Path, first: Sequence[str], form: Form
) -> Reader:
    """Plan how an element of a list is read from a table of elements.

    Args:
        element: the type of an element.
        table: its table.
        columns: of that table, by path from the item down.
        within: the path of the list.
        first: the columns that stand before those of the element.
        form: which values are wanted.
    """
    selected = [table.c[name] for name in first]

    def structure(fields: Mapping[str, FieldType[Any]], path: Path) -> Build:
        parts: list[tuple[str, Build]] = []
        for name, field in fields.items():
            if isinstance(field, DictType):
                parts.append((name, structure(field.fields, (*path, name))))
            else:
                parts.append((name, _leaf(field, form, len(selected))))
                selected.append(table.c[columns[*path, name].name])
        return _dict_of(tuple(parts))

    build = structure(element.fields, within)
    return Reader(tuple(selected), build)


def _nothing(_row: Sequence[Any]) -> None:
    return None


def _dict_of(parts: tuple[tuple[str, Build], ...]) -> Build:
    def build(row: Sequence[Any]) -> dict[str, Any]:
        return {name: part(row) for name, part in parts}

    return build


def _leaf(field: FieldType[Any], form: Form, position: int) -> Build:
    convert = _conversion(field, form)
    if convert is None:
        return itemgetter(position)

    def build(row: Sequence[Any]) -> Any:
        value = row[position]
        return None if value is None else convert(value)

    return build


def _conversion(field: FieldType[Any], form: Form) -> Callable[[Any], Any] | None:
    """Return what turns a stored value into the wanted form; `None` where it is that already."""
    if field.kind is Kind.JSON:  # a document is stored in its JSON form
        return None if form is Form.JSON or field.restores_natively else field.restore
    if form is Form.VALUES:
        return None if field.encodes_natively else field.decode
    if field.dumps_natively:
        return None
    return field.dump if field.encodes_natively else lambda stored: field.dump(field.decode(stored))


def make_writer(columns: Iterable[ColumnLayout], within: Path = ()) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """Plan how an item, or an element of a list, becomes a row.

    Args:
        columns: of the table.
        within: the path of the list, for the paths of columns begin at the item.

    Returns:
        A function from nested values to what is bound for each column.
    """
    plan = [
        (column.name, column.path[len(within)], column.path[len(within) + 1 :], _encoding(column.type))
        for column in columns
    ]

    def write(values: Mapping[str, Any]) -> dict[str, Any]:
        row = {}
        for name, first, rest, encode in plan:
            value = values.get(first)
            for step in rest:
                if value is None:
                    break
                value = value.get(step)
            row[name] = value if value is None or encode is None else encode(value)
        return row

    return write


def stored_value(field: FieldType[Any], value: Any) -> Any:
    """Return what to bind for a value."""
    encode = _encoding(field)
    return value if value is None or encode is None else encode(value)


def _encoding(field: FieldType[Any]) -> Callable[[Any], Any] | None:
    """Return what makes of a value what is bound for it: documents are stored in their JSON form."""
    if field.kind is Kind.JSON:
        return field.dump
    return None if field.encodes_natively else field.encode
