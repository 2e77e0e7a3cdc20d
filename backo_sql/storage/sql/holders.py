"""What a condition looks at, as SQL: a row of a collection, a row of a list, a part of a document, or an id.

In: a leaf of a filter. Out: the value or the place in a document that it names. What the database doesn't hold is a
`QueryError`: nobody should have asked, as `answers` says no.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

import sqlalchemy as sa

from ...errors import QueryError
from ...model.description import Leaf
from ...model.paths import column_name
from .aliases import Aliases
from .compare import Scalar, Value
from .documents import Content, Node, PostgresNode, SQLiteNode
from .shapes import Found, IdShape, ItemShape, PartShape, RowShape, Shape, Where, names_are_plain


class Holder(Protocol):
    """What a condition looks at."""

    def find(self, leaf: Leaf) -> Found:
        """Say where a field is found."""
        ...

    def value(self, leaf: Leaf) -> Value:
        """Return what a field is compared by."""
        ...

    def node(self, leaf: Leaf) -> Node:
        """Return the place in a document where a field stands."""
        ...


def refuse(leaf: Leaf) -> NoReturn:
    """Refuse what the database isn't asked."""
    raise QueryError(f"A database filter on {'.'.join(leaf.path)[:64]!r} in this way is not available yet.")


def find(shape: Shape, leaf: Leaf) -> Found:
    """Find a field, which must be there."""
    found = shape.find(leaf)
    if found is None:
        refuse(leaf)
    return found


@dataclass(frozen=True, slots=True)
class RowHolder:
    """A row of the table of a list."""

    shape: ItemShape | RowShape
    table: sa.FromClause
    dialect: str
    aliases: Aliases

    def find(self, leaf: Leaf) -> Found:
        """Say where a field is found."""
        return find(self.shape, leaf)

    def value(self, leaf: Leaf) -> Value:
        """Return what a field is compared by."""
        found = find(self.shape, leaf)
        if found.where is Where.DOCUMENT:
            return _content(self.node(leaf), leaf)
        return Scalar(self.table.c[found.column], leaf.type, found.nullable, self.dialect)

    def node(self, leaf: Leaf) -> Node:
        """Return the place in a document where a field stands."""
        found = find(self.shape, leaf)
        document = self.table.c[found.column]
        match self.dialect:
            case "sqlite" if names_are_plain(found.names):
                # By another name of its type, lest a JSON text is read before it is asked.
                return SQLiteNode(sa.type_coerce(document, sa.Text)).child(found.names)
            case "postgresql":
                return PostgresNode(document).child(found.names)
            case _:
                refuse(leaf)


@dataclass(frozen=True, slots=True)
class ItemHolder(RowHolder):
    """A row of the table of a collection."""

    shape: ItemShape
    tables: Mapping[str, sa.Table]

    def value(self, leaf: Leaf) -> Value:
        """Return what a field is compared by."""
        found = find(self.shape, leaf)
        match found.where:
            case Where.COLUMN:
                return Scalar(self.table.c[found.column], leaf.type, found.nullable, self.dialect)
            case Where.DOCUMENT:
                return _content(self.node(leaf), leaf)
            case Where.ROWS:
                return Scalar(self.table.c[found.column], leaf.type, found.nullable, self.dialect)
            case Where.OTHER_SIDE:
                return Scalar(self._from_other_side(leaf), leaf.type, nullable=True, dialect=self.dialect)
            case _:
                refuse(leaf)

    def _from_other_side(self, leaf: Leaf) -> sa.ColumnElement[Any]:
        """Select the id of the one item that points here."""
        relation = self.shape.side(leaf).relation
        other = self.aliases.of(self.tables[relation.owner.collection])
        points_here = other.c[column_name(relation.owner.path)] == self.table.c["_id"]
        return sa.select(other.c["_id"]).where(points_here).correlate(self.table).scalar_subquery()


@dataclass(frozen=True, slots=True)
class PartHolder:
    """An element of a list that stands in a document."""

    shape: PartShape
    place: Node
    dialect: str

    def find(self, leaf: Leaf) -> Found:
        """Say where a field is found."""
        return find(self.shape, leaf)

    def value(self, leaf: Leaf) -> Value:
        """Return what a field is compared by."""
        return _content(self.node(leaf), leaf)

    def node(self, leaf: Leaf) -> Node:
        """Return the place in a document where a field stands."""
        if self.dialect == "sqlite" and not names_are_plain(leaf.path):
            refuse(leaf)
        return self.place.child(find(self.shape, leaf).names)


@dataclass(frozen=True, slots=True)
class IdHolder:
    """The id of a linked item."""

    column: sa.ColumnElement[Any]
    dialect: str

    def find(self, leaf: Leaf) -> Found:
        """Say where the id is found."""
        return find(IdShape(), leaf)

    def value(self, leaf: Leaf) -> Value:
        """Return the id."""
        return Scalar(self.column, leaf.type, self.find(leaf).nullable, self.dialect)

    def node(self, leaf: Leaf) -> Node:
        """An id is no document."""
        refuse(leaf)


def _content(node: Node, leaf: Leaf) -> Content:
    return Content(node, leaf.type)
