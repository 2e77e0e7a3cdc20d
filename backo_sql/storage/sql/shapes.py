"""Where the fields that a filter names are found in a database: in a column, in a document, or on the other side.

In: what a condition looks at (an item, an element of a list, the id of a linked item) and a leaf of the filter. Out:
where to find it, or nothing where the database doesn't hold what Python would see. `answers.py` and `compile.py` both
go by this, so that what is answered is what is compiled.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol, TypeAlias

from ...model.description import Leaf, Place
from ...model.model import Model, Side
from ...model.paths import Path
from ...query.ast import Across, Each
from ...types.base import FieldType
from ...types.container import DictType
from ...types.free import ContentType, FreeDictType
from ...types.kinds import Kind
from ...types.reference import RefsListType
from .columns import has_own_column_type
from .elements import ElementTable
from .loading import Columns


class Where(Enum):
    """How a field is kept."""

    COLUMN = "column"
    DOCUMENT = "document"  # in a JSON document
    ROWS = "rows"  # a list whose elements are rows of a table of their own; its column tells whether there is a list
    OTHER_SIDE = "other side"  # one link, stored with the item that it leads to
    LINKS = "links"  # many links


@dataclass(frozen=True, slots=True)
class Found:
    """Where a field is found.

    Attributes:
        where: how it is kept.
        column: the column, or the one that holds the document.
        names: the way into the document.
        nullable: the column may be null.
    """

    where: Where
    column: str = ""
    names: Path = ()
    nullable: bool = True


class Shape(Protocol):
    """What a condition looks at, as far as its fields are concerned."""

    def find(self, leaf: Leaf) -> Found | None:
        """Find a field; `None` where the database doesn't hold what Python would see."""
        ...

    def beyond(self, leaf: Leaf, step: Each | Across) -> Shape | None:
        """Return the shape of what a step leads to; `None` where it leaves the database."""
        ...


@dataclass(frozen=True, slots=True)
class Schema:
    """The tables of a model in one database, as far as filters need them.

    Attributes:
        model: the model.
        columns: of each collection in the database, by path.
        lists: of each collection, the tables of lists whose elements hold references.
    """

    model: Model
    columns: Mapping[str, Columns]
    lists: Mapping[str, Mapping[Path, ElementTable]]

    def item(self, collection: str) -> ItemShape | None:
        """Return the shape of the items of a collection; `None` where they live elsewhere."""
        return ItemShape(self, collection) if collection in self.columns else None


@dataclass(frozen=True, slots=True)
class ItemShape:
    """An item: a row of the table of its collection."""

    schema: Schema
    collection: str

    def find(self, leaf: Leaf) -> Found | None:
        """Find a field."""
        leaves = self.schema.model.descriptions[self.collection].leaves
        kept, names = _kept(leaves, leaf.path)
        if kept is None or kept.conditional or kept.place is Place.NOWHERE:
            return None
        if kept.place is Place.LINK:
            if self.side(kept).relation.owner.collection not in self.schema.columns:
                return None
            return Found(Where.LINKS if isinstance(kept.type, RefsListType) else Where.OTHER_SIDE)
        column = self.schema.columns[self.collection][kept.path]
        if kept.path in self.schema.lists[self.collection]:
            return Found(Where.ROWS, column.name)
        return _stored(kept.type, column.name, names, nullable=column.nullable)

    def beyond(self, leaf: Leaf, step: Each | Across) -> Shape | None:
        """Return the shape of a linked item or of an element."""
        if isinstance(step, Across):
            return self.schema.item(step.side.other)
        if leaf.path in self.schema.lists[self.collection]:
            return RowShape(self.schema, self.collection, leaf.path)
        return PartShape(leaf.type.inner(0))

    def side(self, leaf: Leaf) -> Side:
        """Return the relation of a reference."""
        return self.schema.model.references[self.collection][leaf.path]


@dataclass(frozen=True, slots=True)
class RowShape:
    """An element of a list that is a row of a table of its own."""

    schema: Schema
    collection: str
    path: Path

    def find(self, leaf: Leaf) -> Found | None:
        """Find a field."""
        leaves = {each.path: each for each in self.schema.model.descriptions[self.collection].elements[self.path]}
        kept, names = _kept(leaves, leaf.path)
        if kept is None or kept.conditional or _is_made(kept.type):
            return None
        layout = self.schema.lists[self.collection][self.path].layout.table
        column = next(each for each in layout.columns if each.path == (*self.path, *kept.path))
        return _stored(kept.type, column.name, names, nullable=column.nullable)

    def beyond(self, leaf: Leaf, step: Each | Across) -> Shape | None:
        """Return the shape of a linked item or of an element."""
        return self.schema.item(step.side.other) if isinstance(step, Across) else PartShape(leaf.type.inner(0))


@dataclass(frozen=True, slots=True)
class PartShape:
    """An element that stands in a document."""

    type: FieldType[Any]

    def find(self, leaf: Leaf) -> Found | None:
        """Find a field."""
        field = self.type
        for name in leaf.path:
            if isinstance(field, FreeDictType | ContentType):
                break
            if not isinstance(field, DictType) or _is_made(field.fields[name]):
                return None
            field = field.fields[name]
        return None if isinstance(leaf.type, DictType) else Found(Where.DOCUMENT, names=leaf.path)

    def beyond(self, leaf: Leaf, step: Each | Across) -> Shape | None:
        """Return the shape of an element; documents hold no links."""
        return PartShape(leaf.type.inner(0)) if isinstance(step, Each) else None


@dataclass(frozen=True, slots=True)
class IdShape:
    """The id of a linked item, of which nothing else is known."""

    def find(self, leaf: Leaf) -> Found | None:
        """Find the id."""
        return Found(Where.COLUMN, "_id", nullable=False) if leaf.path in ((), ("_id",)) else None

    def beyond(self, leaf: Leaf, step: Each | Across) -> Shape | None:
        """An id leads nowhere."""
        return None


_Leaves: TypeAlias = Mapping[Path, Leaf]


def _kept(leaves: _Leaves, path: Path) -> tuple[Leaf | None, Path]:
    """Return the leaf at a path; or the free object that the path leads into, and the rest of the path."""
    for length in range(len(path), 0, -1):
        leaf = leaves.get(path[:length])
        if leaf is not None:
            return leaf, path[length:]
    return None, ()


def _stored(field: FieldType[Any], column: str, names: Path, *, nullable: bool) -> Found | None:
    if field.kind is not Kind.JSON:
        return Found(Where.COLUMN, column, nullable=nullable)
    return None if has_own_column_type(field) else Found(Where.DOCUMENT, column, names)


def _is_made(field: FieldType[Any]) -> bool:
    """Tell whether a field inside an element is more than what is stored: it is computed, or may not exist."""
    options = field.options
    return options.compute is not None or options.exists is not True or "!save" in options.views


def names_are_plain(names: Iterable[str]) -> bool:
    """Tell whether SQLite finds these keys: its paths know no escapes."""
    return not any(name == "" or '"' in name or "\\" in name or not name.isprintable() for name in names)
