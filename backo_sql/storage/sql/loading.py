"""From rows to nested values, by a plan made once per projection.

In: a projection, a table and the form that is wanted. Out: the columns to select, and a function from a row to a
dict. No object is made per field, and no field is looked up by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import sqlalchemy as sa

from ...model.description import Leaf, Place
from ...model.model import Side
from ...model.paths import Path
from ...model.views import Node, Projection
from ...types.base import FieldType
from ...types.kinds import Kind
from ..interface import Form

Build = Callable[[Sequence[Any]], Any]


@dataclass(frozen=True, slots=True)
class Reader:
    """How rows of a table become items.

    Attributes:
        columns: what to select, in order.
        build: makes the nested dict of one row.
    """

    columns: tuple[sa.Column[Any], ...]
    build: Callable[[Sequence[Any]], dict[str, Any]]


def make_reader(projection: Projection, table: sa.Table, sides: Mapping[Path, Side], form: Form) -> Reader:
    """Plan how a projection of a collection is read, whose reference fields are `sides`."""
    columns: list[sa.Column[Any]] = []
    build = _structure(projection.tree, table, sides, form, columns)
    return Reader(tuple(columns), build)


def _structure(
    nodes: tuple[Node, ...],
    table: sa.Table,
    sides: Mapping[Path, Side],
    form: Form,
    columns: list[sa.Column[Any]],
) -> Build:
    parts: list[tuple[str, Build]] = []
    for name, content in nodes:
        if isinstance(content, tuple):
            parts.append((name, _structure(content, table, sides, form, columns)))
        elif content.place is Place.LINK:
            if sides[content.path].filled:  # its place among the keys; the links are read apart
                parts.append((name, _nothing))
        elif content.place is Place.ROW:
            parts.append((name, _leaf(content, form, len(columns))))
            columns.append(table.c[content.column])
    return _dict_of(tuple(parts))


def _nothing(_row: Sequence[Any]) -> None:
    return None


def _dict_of(parts: tuple[tuple[str, Build], ...]) -> Build:
    def build(row: Sequence[Any]) -> dict[str, Any]:
        return {name: part(row) for name, part in parts}

    return build


def _leaf(leaf: Leaf, form: Form, position: int) -> Build:
    convert = _conversion(leaf.type, form)
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


def stored_value(field: FieldType[Any], value: Any) -> Any:
    """Return what to bind for a value: documents are stored in their JSON form."""
    if value is None:
        return None
    if field.kind is Kind.JSON:
        return field.dump(value)
    return value if field.encodes_natively else field.encode(value)
