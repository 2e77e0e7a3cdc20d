"""The live containers: `Dict`, `List` and `RefsList`. Each is also what a user writes to describe one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableSequence
from typing import Any, cast

from ..errors import BackoError, Fault, PathNotFoundError, RightsError
from ..types.base import FieldType, plain
from ..types.container import DictType, ListType, freeze_fields
from ..types.reference import RefsListType
from .live import Live, view


def overwrite(type_: DictType, raw: dict[str, Any], values: Mapping[str, Any]) -> None:
    """Put values into a tree in place, so that views of its parts stay valid."""
    for name, value in values.items():
        field = type_.fields[name]
        current = raw.get(name)
        if isinstance(field, DictType) and isinstance(current, dict) and value is not None:
            overwrite(field, current, value)
        elif isinstance(current, list) and isinstance(value, list):
            current[:] = value
        else:
            raw[name] = value


def differs(type_: DictType, raw: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    """Tell whether putting these values into a tree would change anything."""
    for name, value in values.items():
        field = type_.fields[name]
        current = raw.get(name)
        if isinstance(field, DictType) and isinstance(current, dict) and value is not None:
            if differs(field, current, value):
                return True
        elif name not in raw or current != value:
            return True
    return False


class Dict(Live):
    """Named fields: a description, and the live object that holds their values.

    Args:
        schema: the fields by name.
        options: the common options of every field.

    Example:
        >>> person = Dict({"name": String(required=True), "age": Int(min=0)})
        >>> person.set({"name": "Ada", "age": 36})
        >>> person.age
        36
    """

    __slots__ = ("_views",)

    _type: DictType
    _raw: dict[str, Any]

    def __init__(self, schema: Mapping[str, Any], **options: Any) -> None:
        fields = freeze_fields(schema, type(self))
        type_ = DictType(fields, type(self), **options)
        self._attach(type_, type_.blank(), None, None)

    def _attach(self, type_: FieldType[Any], raw: Any, owner: Live | None, key: Any) -> None:
        super()._attach(type_, raw, owner, key)
        object.__setattr__(self, "_views", None)

    def __getattr__(self, name: str) -> Any:
        if name in ("_type", "_raw", "_views"):  # not attached yet: asked for by copy or pickle
            raise AttributeError(name)
        field = self._type.fields.get(name)
        if field is None:
            raise PathNotFoundError(f"{self._type.type_name()} has no field {name!r}.")
        if not field.is_container:
            return self._raw.get(name)
        views = self._views
        if views is None:
            views = {}
            object.__setattr__(self, "_views", views)
        raw = self._raw.get(name)
        found = views.get(name)
        if found is None or found._raw is not raw:
            found = views[name] = view(field, raw, self, name)
        return found

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self._type.writable:
            self._assign(self._type.writable[name], name, value)
        elif name in self._type.fields:
            raise RightsError(f"{self._type.type_name()}.{name} is kept by the library and can't be set.")
        elif name.startswith("_") or hasattr(type(self), name):
            object.__setattr__(self, name, value)
        else:
            raise PathNotFoundError(f"{self._type.type_name()} has no field {name!r}.")

    def set(self, values: Mapping[str, Any]) -> None:
        """Change several fields at once: all of them or, when one is refused, none.

        Args:
            values: new values by name; fields that are not named keep theirs.

        Raises:
            ValidationError: naming every fault by its path.
        """
        try:
            changes = self._type.load_partial(values)
        except Fault as fault:
            raise self._refused(fault) from None
        self._take(changes)

    def _assign(self, field: FieldType[Any], name: str, value: Any) -> None:
        try:
            loaded = field.load(plain(value))
        except Fault as fault:
            raise self._refused(fault.under(name)) from None
        self._take({name: loaded})

    def _take(self, changes: Mapping[str, Any]) -> None:
        if differs(self._type, self._raw, changes):
            self._before_change()
            overwrite(self._type, self._raw, changes)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Live):
            return bool(self._raw == other._raw)
        return bool(self._raw == other) if isinstance(other, Mapping) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # the values change


class _Sequence(Live, MutableSequence[Any]):
    """What `List` and `RefsList` share: a list whose every change is checked before it is made."""

    __slots__ = ()

    def _values(self) -> list[Any]:
        return [] if self._raw is None else cast("list[Any]", self._raw)

    def _replace(self, values: list[Any]) -> None:
        """Take the whole list in its new form, or leave it as it was."""
        try:
            loaded = self._type.load(values)
        except Fault as fault:
            raise self._refused(fault) from None
        if loaded == self._raw:
            return
        self._before_change()
        if self._raw is None:
            object.__setattr__(self, "_raw", loaded)
            if isinstance(self._owner, Dict):
                self._owner._raw[str(self._key)] = loaded
        else:
            self._raw[:] = loaded

    def __len__(self) -> int:
        return len(self._values())

    def __iter__(self) -> Iterator[Any]:
        return (self[position] for position in range(len(self)))

    def __getitem__(self, index: Any) -> Any:
        return self._values()[index]

    def __setitem__(self, index: Any, value: Any) -> None:
        values = list(self._values())
        values[index] = plain(value)
        self._replace(values)

    def __delitem__(self, index: Any) -> None:
        values = list(self._values())
        del values[index]
        self._replace(values)

    def insert(self, index: int, value: Any) -> None:
        """Put a value before a position."""
        values = list(self._values())
        values.insert(index, plain(value))
        self._replace(values)

    def extend(self, values: Iterable[Any]) -> None:
        """Put several values at the end: all of them or none."""
        self._replace([*self._values(), *map(plain, values)])

    def clear(self) -> None:
        """Take all values out."""
        self._replace([])

    def reverse(self) -> None:
        """Turn the order round."""
        self._replace(self._values()[::-1])

    def sort(self, *, key: Any = None, reverse: bool = False) -> None:
        """Put the values in order, as `list.sort` does."""
        self._replace(sorted(self._values(), key=key, reverse=reverse))

    def set(self, values: Iterable[Any]) -> None:
        """Replace the whole list, or leave it as it was when a value is refused."""
        self._replace(list(values))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, _Sequence):
            return bool(self._values() == other._values())
        return self._values() == other if isinstance(other, list) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # the values change

    def __repr__(self) -> str:
        return repr(self._values())

    __str__ = __repr__


class List(_Sequence):
    """A list of values of one type, kept in the item's own row as one JSON document.

    Args:
        element: the type of every element.
        options: the common options, and `min` and `max`: how many elements there may be.

    Example:
        >>> tags = List(String(), max=3)
        >>> tags.set(["sea", "travel"])
        >>> tags.append("letters")
    """

    __slots__ = ()

    def __init__(self, element: Any, **options: Any) -> None:
        type_ = ListType(element, type(self), **options)
        self._attach(type_, type_.default_value(), None, None)

    def __getitem__(self, index: Any) -> Any:
        value = self._values()[index]
        element = cast("ListType", self._type).element
        if isinstance(index, slice) or not element.is_container or value is None:
            return value
        return view(element, value, self, range(len(self))[index])


class RefsList(_Sequence):
    """Links to many items of a collection; its value is the list of their ids.

    Args:
        coll: the collection that it refers to (also `collection`).
        field: the field of that collection which faces this one, such as `"$.author"` (also `reverse`, `rev`).
        ods: a `DeleteStrategy`: what deleting this item does to the items it links to (also `on_delete`).
        ofs: a `FillStrategy`: whether the list is read with the item (also `on_fill`).
        options: the common options of every field; `required=True` asks for at least one link.

    Example:
        >>> books = RefsList(coll="books", field="$.author", ods=DeleteStrategy.MUST_BE_EMPTY)
    """

    __slots__ = ()

    def __init__(self, **options: Any) -> None:
        type_ = RefsListType(type(self), **options)
        self._attach(type_, [], None, None)

    def _replace(self, values: list[Any]) -> None:
        if self._raw is None:
            raise BackoError(
                f"The list at {self._key!r} is not loaded (FillStrategy.NOT_FILL): assign the whole list, "
                "or change the reference on the other side."
            )
        super()._replace(values)
