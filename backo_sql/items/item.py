"""`Item`: what a user writes to describe the items of a collection, and one such item, live."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, Self

from ..errors import BackoError
from ..model.description import Hook, Hooks, ItemType
from ..types.base import FieldType
from ..types.container import freeze_fields
from ..types.options import MISSING
from ..types.values import copy_values
from .containers import Dict
from .live import Live
from .stamps import GenericMetaDataHandler, StandardMetaDataHandler, meta_type
from .trees import overwrite

if TYPE_CHECKING:
    from ..model.collection import Collection

_STANDARD = StandardMetaDataHandler()


class StatusType(Enum):
    """Where an item stands between Python and the storage."""

    UNSET = "unset"
    UNSAVED = "unsaved"
    SAVED = "saved"

    def __repr__(self) -> str:
        return self.name


class Item(Dict):
    """The description of the items of a collection, and one such item.

    Args:
        schema: the fields by name.
        connector: where its collection lives, for `register_collection("users", Item({...}, connector))`.
        meta_data_handler: keeps `_meta`; `None` leaves it out.
        unique: groups of fields whose values together are unique: `[("author", "title")]`.
        indexes: groups of fields to index together.
        pre_load: `(data) -> data`, on what was given, before anything is checked.
        post_load: `(data) -> data`, on the values of the whole item, when every field accepts its own.
        dynamic_post_load: `(data) -> {name: field}`: the named values are judged by these fields too.
        post_save: `(item)`, when it is stored; what it raises undoes the write.
        options: the common options of every field; `on=[("created", function)]` listens to what happens to its items.

    Example:
        >>> user = Item({"name": String(required=True), "address": Ref(coll="addresses", field="$.users")})
    """

    _stands_for_its_id = True

    __slots__ = ("_collection", "_connector", "_loaded", "_reserved", "_sent", "_status", "_version")

    _type: ItemType
    _collection: Collection | None
    _loaded: dict[str, Any] | None
    _status: StatusType
    _version: int
    #: the id that it will have, where something refers to it before it is stored
    _reserved: str | None
    #: the fields that somebody set on an item that isn't stored yet
    _sent: set[str]

    def __init__(
        self,
        schema: Mapping[str, Any],
        connector: Any = None,
        *,
        meta_data_handler: GenericMetaDataHandler | None = _STANDARD,
        unique: Any = (),
        indexes: Any = (),
        pre_load: Hook | None = None,
        post_load: Hook | None = None,
        dynamic_post_load: Hook | None = None,
        post_save: Hook | None = None,
        **options: Any,
    ) -> None:
        hooks = Hooks(pre_load, post_load, dynamic_post_load, post_save)
        fields = freeze_fields(schema, type(self))
        type_ = ItemType(
            fields, type(self), meta_type(meta_data_handler), meta_data_handler, unique, indexes, hooks, **options
        )
        self._attach(type_, MISSING, None, None)
        object.__setattr__(self, "_connector", connector)

    def _attach(self, type_: FieldType[Any], raw: Any, owner: Live | None, key: Any) -> None:
        super()._attach(type_, raw, owner, key)
        put = object.__setattr__
        put(self, "_collection", None)
        put(self, "_connector", None)
        put(self, "_loaded", None)
        put(self, "_status", StatusType.UNSET)
        put(self, "_version", 0)
        put(self, "_sent", set())
        put(self, "_reserved", None)

    @classmethod
    def _of(cls, collection: Collection, values: dict[str, Any] | None = None, version: int = 0) -> Self:
        """Make an item of a collection: empty, or with values that were just read."""
        item = cls.__new__(cls)
        type_ = collection.item_type
        item._attach(type_, MISSING if values is None else values, None, None)
        put = object.__setattr__
        put(item, "_collection", collection)
        if values is not None:
            put(item, "_status", StatusType.SAVED)
            put(item, "_version", version)
            if collection.guarded:
                put(item, "_guarded", True)
        return item

    # -- verbs: each is a thin method over the service ---------------------------------------------

    def create(self, data: Mapping[str, Any]) -> None:
        """Store a new item with these values; this object becomes it.

        Raises:
            ValidationError: naming every field at fault.
            BackoError: this object is stored already.
        """
        collection = self._bound()
        if self._status is not StatusType.UNSET:
            raise BackoError(f"Cannot create an item of {collection.name} that holds values already: use save().")
        collection.backoffice.service.create(collection.name, data, into=self)

    def save(self) -> None:
        """Store what changed since the item was loaded; an item made by `new()` and `set()` is created.

        Raises:
            ValidationError: naming every field at fault; nothing is stored.
            ConflictError: somebody else changed the item meanwhile.
            NotFoundError: somebody else deleted it meanwhile.
            BackoError: nothing was ever set.
        """
        collection = self._bound()
        if self._status is StatusType.UNSET:
            raise BackoError(f"Cannot save an unset object in {collection.name}")
        service = collection.backoffice.service
        if self._id is None:
            service.create(collection.name, self._given(), into=self, settled=True)
        else:
            service.update(self)

    def load(self, identifier: str) -> None:
        """Read the item with that id into this object, which must be new.

        Raises:
            NotFoundError: there is none.
            BackoError: this object holds something already.
        """
        collection = self._bound()
        if self._status is not StatusType.UNSET:
            raise BackoError(f"Cannot load an non-unset object in {collection.name}")
        collection.backoffice.service.get(collection.name, identifier, into=self)

    def reload(self) -> None:
        """Read the item again; changes that were not saved are dropped.

        Raises:
            NotFoundError: somebody else deleted it meanwhile.
            BackoError: it was never stored.
        """
        collection = self._bound()
        if self._status is StatusType.UNSET or self._id is None:
            raise BackoError(f"Cannot reload an unset object in {collection.name}")
        collection.backoffice.service.get(collection.name, self._id, into=self)

    def delete(self) -> None:
        """Delete the item from the storage, as the delete strategies of its lists say.

        Raises:
            NotEmptyError: other items refer to it; nothing is deleted.
            BackoError: it was never stored.
        """
        collection = self._bound()
        if self._status is StatusType.UNSET or self._id is None:
            raise BackoError(f"Cannot delete an unset object in {collection.name}")
        collection.backoffice.service.delete(self)

    def new(self) -> Item:
        """Return an empty item of the same collection."""
        return self._bound().new()

    def select(self, what: Any = None, page: int = 0, skip: int = 0, sort: Any = None) -> Any:
        """Follow a selector, given a text; or select items of the same collection, given a filter.

        Args:
            what: a selector such as `$.author.name`, or a filter as `Collection.select` takes it.
            page: how many items at most, for a filter; 0 for all.
            skip: how many matching ones to leave out first.
            sort: the fields to sort by, for a filter; see `Collection.select`.
        """
        if what is None or isinstance(what, str):
            return super().select(what)
        return self._bound().select(what, page, skip, sort)

    # -- what the service needs --------------------------------------------------------------------

    def _stored(self, values: dict[str, Any], version: int) -> None:
        """Take values that the storage has: nothing is unsaved now. Views of the parts stay valid."""
        overwrite(self._type, self._raw, values)
        for name in [name for name in self._raw if name not in values]:
            del self._raw[name]
        self._mark_stored(version)

    def _created(self, values: dict[str, Any]) -> None:
        """Take the values of the item that was just stored; where nobody asked for the old ones, just so."""
        try:
            object.__getattribute__(self, "_raw")
        except AttributeError:
            object.__setattr__(self, "_raw", values)
            self._mark_stored(version=1)
        else:
            self._stored(values, version=1)

    def _mark_stored(self, version: int) -> None:
        put = object.__setattr__
        put(self, "_loaded", None)
        put(self, "_version", version)
        put(self, "_status", StatusType.SAVED)
        self.enable_permissions()

    def _deleted(self) -> None:
        put = object.__setattr__
        put(self, "_loaded", None)
        put(self, "_status", StatusType.UNSET)
        put(self, "_reserved", None)
        self._raw["_id"] = None

    def _known_id(self) -> str | None:
        """Return what a reference to it holds: its id, or the one that it will have when it is stored."""
        if self._collection is None:
            return None
        if self._id is not None:
            return str(self._id)
        if self._reserved is None:
            object.__setattr__(self, "_reserved", self._collection.backoffice.service.new_id(self))
        return self._reserved

    def enable_permissions(self) -> None:
        """Let the rights of the description count from now on."""
        if self._collection is None:
            super().enable_permissions()
        else:
            object.__setattr__(self, "_guarded", self._collection.guarded)

    def _note(self, names: Iterable[Any]) -> None:
        if self._status is not StatusType.SAVED and self._loaded is None:
            self._sent.update(names)

    def _before_change(self) -> None:
        put = object.__setattr__
        if self._status is StatusType.SAVED:
            put(self, "_loaded", copy_values(self._raw))
        put(self, "_status", StatusType.UNSAVED)

    def _state(self) -> Any:
        return self._status, self._loaded

    def _restore(self, before: Any, state: Any) -> None:
        super()._restore(before, state)
        put = object.__setattr__
        put(self, "_status", state[0])
        put(self, "_loaded", state[1])

    def _memento(self) -> Any:
        """Return all that a failed verb must put back."""
        return copy_values(self._raw), self._status, self._loaded, self._version, set(self._sent)

    def _recall(self, memento: Any) -> None:
        raw, status, loaded, version, sent = memento
        object.__setattr__(self, "_sent", sent)
        self._restore(raw, (status, loaded))
        object.__setattr__(self, "_version", version)

    def copy(self) -> Self:
        """Return an independent copy: the same item as far as the storage is concerned."""
        other = super().copy()
        put = object.__setattr__
        for name in ("_collection", "_status", "_version"):
            put(other, name, getattr(self, name))
        put(other, "_loaded", copy_values(self._loaded))
        put(other, "_sent", set(self._sent))
        return other

    def _given(self) -> dict[str, Any]:
        """What a create would be given: a field without a value counts as absent."""
        return _without_nulls({name: value for name, value in self.get_value().items() if name in self._type.writable})

    def _bound(self) -> Collection:
        if self._collection is None:
            raise BackoError("This Item is a description: items come from a collection, as in backoffice.users.new().")
        return self._collection


def _without_nulls(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _without_nulls(value) if isinstance(value, dict) else value
        for name, value in values.items()
        if value is not None
    }
