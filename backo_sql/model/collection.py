"""What a user declares of a collection, and the verbs on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ..errors import DescriptionError
from ..types.base import frozen_type
from ..types.container import check_name, has_rights
from . import ports
from .description import Description, ItemType
from .ports import Connector
from .selection import Selection

if TYPE_CHECKING:
    from marshmallow import Schema

    from ..items.item import Item
    from .registry import Backoffice

#: `/<app>/coll/<collection>` is another way to write `/<app>/<collection>`, so no collection can have that name.
_RESERVED = frozenset({"coll"})


class Collection:
    """Items of one kind and the place where they live.

    Args:
        name: stands in URLs and is the table's name; see `docs/descriptions.md` for what a name may hold.
        item: the description of its items.
        connector: where they live; a `DBSQLConnector` serves any number of collections.
        was: its former name, for the next migration to rename the table and not to make a new one.

    Raises:
        DescriptionError: the name can't be one, or the item is no `Item`.

    Example:
        >>> authors = Collection("authors", Item({"name": String(required=True)}), DBSQLConnector("sqlite:///library.db"))
    """

    def __init__(self, name: str, item: Item, connector: Connector | None = None, *, was: str | None = None) -> None:
        check_name(name, "The collection name")
        if was is not None:
            check_name(was, "The former name of the collection")
        if name.lower() in _RESERVED or name.lower().startswith("sqlite_"):
            raise DescriptionError(f"No collection can be named {name!r}: URLs or a database use that word.")
        item_type = frozen_type(item, f"The item of collection {name!r}")
        if not isinstance(item_type, ItemType):
            raise DescriptionError(f"Collection {name!r} takes an Item, not a {item_type.type_name()}.")
        connector = connector if connector is not None else getattr(item, "_connector", None)
        if connector is None:
            raise DescriptionError(
                f"Collection {name!r} needs a connector, such as DBSQLConnector('sqlite:///app.db')."
            )
        if not callable(getattr(connector, "bind", None)):
            raise DescriptionError(f"Collection {name!r} is given {connector!r} as its connector, which is none.")
        self.name = name
        self.was = was
        self.connector: Connector = connector
        self.item_type: ItemType = item_type
        #: some field has rights, which every item that comes out of the collection obeys
        self.guarded = has_rights(item_type)
        self._backoffice: Backoffice | None = None
        self._selections: dict[str, Selection] = {}
        self._add_selection("_all", Selection())

    @property
    def backoffice(self) -> Backoffice:
        """The backoffice that it is registered with.

        Raises:
            DescriptionError: it isn't registered yet.
        """
        if self._backoffice is None:
            raise DescriptionError(
                f"Collection {self.name!r} is not registered: call backoffice.register_collection(collection) first."
            )
        return self._backoffice

    def attach(self, backoffice: Backoffice) -> None:
        """Note the backoffice; called by `register_collection`."""
        if self._backoffice is not None and self._backoffice is not backoffice:
            raise DescriptionError(f"Collection {self.name!r} is registered with {self._backoffice.name!r} already.")
        self._backoffice = backoffice

    @property
    def description(self) -> Description:
        """Its frozen description."""
        return self.backoffice.freeze().descriptions[self.name]

    def create(self, data: Mapping[str, Any]) -> Item:
        """Create an item and return it.

        Args:
            data: the values of its fields, nested as the description is; ids stand for linked items.

        Raises:
            ValidationError: naming every field at fault by its path; nothing is stored.
            ConflictError: a value that must be unique is there already.
        """
        return self.backoffice.service.create(self.name, data)

    def new(self) -> Item:
        """Return an empty item, to be filled with `set` and stored with `save`."""
        item: Item = self.item_type.live_class._of(self)  # type: ignore[attr-defined]
        return item

    new_item = new

    def get_by_id(self, identifier: str) -> Item:
        """Return the item with that id.

        Raises:
            NotFoundError: there is none.
        """
        return self.backoffice.service.get(self.name, identifier)

    def select(
        self,
        filter: Any = None,  # noqa: A002 - the name that users know
        page: int = 0,
        skip: int = 0,
        sort: str | Sequence[str] | None = None,
    ) -> list[Item]:
        """Return the items that match.

        Args:
            filter: `{"path": value}` or `{"path": (operator, value)}`; none selects all.
            page: how many at most; 0 for all.
            skip: how many matching ones to leave out first.
            sort: the fields to sort by, such as `"-published,author.name"` or a list of them; `-` puts the largest
                first. Items that are alike come in the order of `_id`, and so do all when there is no sort.

        Raises:
            QueryError: the filter or the sort can't be understood.
        """
        return self.backoffice.service.select(self.name, filter, page, skip, sort)

    def select_one(self, filter: Any = None) -> Item | None:  # noqa: A002 - the name that users know
        """Return the item that matches if exactly one does, else `None`."""
        found = self.select(filter, page=2)
        return found[0] if len(found) == 1 else None

    def count(self, filter: Any = None) -> int:  # noqa: A002 - the name that users know
        """Return how many items match."""
        return self.backoffice.service.count(self.name, filter)

    def set(self, data: Mapping[str, Any] | Iterable[Mapping[str, Any]]) -> Item | list[Item]:
        """Return an unsaved item filled with a dict of values, or a list of them for a list of dicts."""
        if isinstance(data, Mapping):
            item = self.new()
            item.set(data)
            return item
        return [self.set(values) for values in data]  # type: ignore[misc]

    def schema(self, purpose: str = "create") -> Schema:
        """Return a marshmallow schema of the items, to validate and dump by itself.

        Args:
            purpose: `create` for a whole new item, `update` for a whole item with its `_id` and `_meta`, `partial` for
                a change of some fields.

        Raises:
            DescriptionError: there is no such purpose.
        """
        made: Schema = ports.make_schema(self.item_type, purpose, self.new)
        return made

    @property
    def selections(self) -> Mapping[str, Selection]:
        """The registered selections by name; `_all`, which selects every item, is always there."""
        return MappingProxyType(self._selections)

    def register_selection(self, name: str, selection: Selection) -> Selection:
        """Register a selection, at any time: it is served from then on at `/<collection>/_selections/<name>`.

        Returns:
            The selection.

        Raises:
            DescriptionError: the name can't be one or is taken, the selection is registered already, or, where the
                collection is in use, a selector leads nowhere or the filter or sort can't be understood; else that is
                told when it is first used.
        """
        check_name(name, "The name of a selection")
        if not isinstance(selection, Selection):
            raise DescriptionError(f"register_selection takes a Selection, not {selection!r}.")
        if name in self._selections:
            raise DescriptionError(f"Collection {self.name!r} has a selection {name!r} already.")
        if self._backoffice is not None:
            self._backoffice._check_selection(self.name, name, selection)
        self._add_selection(name, selection)
        return selection

    add_selection = register_selection

    def _add_selection(self, name: str, selection: Selection) -> None:
        selection.attach(self, name)
        self._selections[name] = selection

    def drop(self) -> None:
        """Remove all items of the collection and their links, without rights and events."""
        self.backoffice.service.drop(self.name)

    @property
    def table(self) -> Any:
        """The SQLAlchemy `Table` of the collection, for plain SQLAlchemy."""
        return self._of_sql("table")

    @property
    def model_class(self) -> Any:
        """The mapped class of the collection, for plain SQLAlchemy; references are relationships named as the field."""
        return self._of_sql("model_class")

    def _of_sql(self, what: str) -> Any:
        model = self.backoffice.freeze()
        find = getattr(self.connector, what, None)
        if find is None:
            raise DescriptionError(f"Collection {self.name!r} has no {what}: it doesn't live in an SQL database.")
        return find(model, self.name)

    def __repr__(self) -> str:
        return f"<Collection {self.name}>"
