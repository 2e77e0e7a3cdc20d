"""The live containers: `Dict`, `List` and `RefsList`. Each is also what a user writes to describe one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableSequence, Sequence
from typing import Any, ClassVar, Self, cast

from ..errors import BackoError, DescriptionError, Fault, PathNotFoundError, RightsError, format_path
from ..types.base import FieldType, Kept, copy_values, identical, plain
from ..types.container import DictType, ListType, blank_value, freeze_fields
from ..types.options import MISSING
from ..types.reference import RefsListType
from .live import Live, view
from .match import match
from .patch import patch
from .permissions import check_changeable, check_readable, is_allowed
from .rules import exists
from .selectors import multi_select, select
from .views import get_view


def overwrite(type_: DictType, raw: dict[str, Any], values: Mapping[str, Any]) -> None:
    """Put values into a tree in place, so that views of its parts stay valid."""
    for name, value in values.items():
        field = type_.fields[name]
        current = raw.get(name)
        if isinstance(field, DictType) and isinstance(current, dict) and value is not None:
            overwrite(field, current, value)
        elif not (field.view_type(current) is field.view_type(value) is not None and replace_in_place(current, value)):
            raw[name] = value


def replace_in_place(current: Any, value: Any) -> bool:
    """Give a list or a dict the content of another, in place at every depth, so that views of its parts stay valid.

    Returns:
        Whether it could be done: both must be lists, or both dicts.
    """
    if current is value:
        return isinstance(current, dict | list)
    if isinstance(current, dict) and isinstance(value, dict):
        before = dict(current)
        current.clear()
        for key, new in value.items():
            old = before.get(key)
            current[key] = old if replace_in_place(old, new) else new
        return True
    if isinstance(current, list) and isinstance(value, list):
        _replace_elements(current, value)
        return True
    return False


def _replace_elements(current: list[Any], value: list[Any]) -> None:
    """Change the elements that differ, and only them: the others stay the same objects where one is put in or out."""
    shorter = min(len(current), len(value))
    front = 0
    while front < shorter and identical(current[front], value[front]):
        front += 1
    back = 0
    while back < shorter - front and identical(current[-1 - back], value[-1 - back]):
        back += 1
    old, new = current[front : len(current) - back], value[front : len(value) - back]
    kept = [each if replace_in_place(each, other) else other for each, other in zip(old, new, strict=False)]
    current[front : len(current) - back] = [*kept, *new[len(kept) :]]


def differs(type_: DictType, raw: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    """Tell whether putting these values into a tree would change anything."""
    for name, value in values.items():
        field = type_.fields[name]
        current = raw.get(name)
        if isinstance(field, DictType) and isinstance(current, dict) and value is not None:
            if differs(field, current, value):
                return True
        elif name not in raw or not identical(current, value):
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

    #: the class of the frozen side
    _type_class: ClassVar[type[DictType]] = DictType

    _type: DictType
    _raw: dict[str, Any]
    _previous: dict[str, Any] | None

    def __init__(self, schema: Mapping[str, Any], **options: Any) -> None:
        fields = freeze_fields(schema, type(self))
        self._attach(self._type_class(fields, type(self), **options), MISSING, None, None)

    def _attach(self, type_: FieldType[Any], raw: Any, owner: Live | None, key: Any) -> None:
        super()._attach(type_, raw, owner, key)
        object.__setattr__(self, "_views", None)

    def __getattr__(self, name: str) -> Any:
        if name in ("_type", "_views"):  # not attached yet: asked for by copy or pickle
            raise AttributeError(name)
        if name == "_raw":
            return super().__getattr__(name)
        field = self._type.fields.get(name)
        if field is None:
            raise PathNotFoundError(f"{self._type.type_name()} has no field {name!r}.")
        if (self if self._owner is None else self.get_root())._guarded:
            check_readable(self, name)
        if field.options.exists is not True and not exists(field, self._raw.get(name), self.get_root()):
            return None
        if not field.is_container:
            return self._raw.get(name)
        views = self._views
        if views is None:
            views = {}
            object.__setattr__(self, "_views", views)
        raw = self._raw.get(name)
        found = views.get(name, MISSING)
        if getattr(found, "_raw", found) is not raw:  # what an In holds may be no live object
            found = views[name] = view(field, raw, self, name)
        return found

    def __setattr__(self, name: str, value: Any) -> None:
        field = self._type.writable.get(name)
        if field is not None:
            root = self if self._owner is None else self.get_root()
            if field.is_container or root._guarded or root._type.is_dynamic or (self._owner and self._lists_around()):
                self._assign(field, name, value)
            else:
                self._assign_scalar(root, field, name, value)
        elif name in self._type.fields:
            raise RightsError(f"{self._type.type_name()}.{name} is kept by the library and can't be set.", ever=True)
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
        values = self._without_kept(values)
        try:
            changes = self._type.load_partial(values, self.get_root(), self._raw)
        except Fault as fault:
            raise self._refused(fault) from None
        self._take(changes)

    def select(self, selector: str | None) -> Any:
        """Return what a selector such as `$.loan.reader.name` or `$.tags[0]` leads to; `None` where it leads nowhere.

        Args:
            selector: walks through fields, lists and references; `None` for this object itself.
        """
        return select(self, selector)

    def multi_select(self, selectors: Sequence[str] | None) -> Any:
        """Return what each of several selectors leads to, as a list."""
        return multi_select(self, selectors)

    def match(self, filter: Any) -> bool:  # noqa: A002 - the name that users know
        """Tell whether these values satisfy a filter, written as for `Collection.select`."""
        return match(self, filter)

    def patch(self, operations: Any, path: str | None = None, value: Any = None) -> None:
        """Apply patch operations: all of them or, when one fails, none.

        Args:
            operations: `test`, `replace`, `remove` or `add`, with `path` and `value`; or an operation as a dict, or a
                list of them.
            path: a selector of one thing.
            value: for the operations that need one.

        Raises:
            ValidationError: naming the operation's place, or the field whose value is refused.
        """
        patch(self, operations, path, value)

    def get_view(self, name: str | None) -> Self | None:
        """Return a new object with the fields of a view, or `None` when nothing is left.

        Args:
            name: of the view, with a leading `+` for one that shows only what is marked; `None` for everything.
        """
        shown: Self | None = get_view(self, name)
        return shown

    def rollback(self) -> None:
        """Put back what each field held before it was last changed."""
        for name, field in self._type.fields.items():
            if field.is_container and self._raw.get(name) is not None:
                getattr(self, name).rollback()
        previous = self._previous
        if previous:
            object.__setattr__(self, "_previous", None)
            self._change(lambda: overwrite(self._type, self._raw, previous))

    def add_to_model(self, name: str, field: Any) -> None:
        """Give this object one more field; copies that are made later have it too.

        Raises:
            DescriptionError: the name is taken or can't be one.
        """
        if name in self._type.fields:
            raise DescriptionError(f"There is a field {name!r} already.")
        added = freeze_fields({**self._type.writable, name: field}, type(self))[name]
        self._reshape(self._type.with_field(name, added))
        self._raw.setdefault(name, blank_value(added))

    def remove_model(self, name: str) -> None:
        """Take a field away from this object, with its value.

        Raises:
            DescriptionError: there is no such field.
        """
        if name not in self._type.writable:
            raise DescriptionError(f"There is no field {name!r} to remove.")
        self._reshape(self._type.with_field(name, None))
        self._raw.pop(name, None)

    def _reshape(self, type_: DictType) -> None:
        object.__setattr__(self, "_type", type_)
        if isinstance(self._owner, Dict):
            self._owner._reshape(self._owner._type.with_field(str(self._key), type_))

    def _without_kept(self, values: Any) -> Any:
        """Take out of a change what the library keeps itself; sending back what one got is no change.

        Raises:
            RightsError: one of them would change.
        """
        kept = self._type.fields.keys() - self._type.writable.keys()
        if not isinstance(values, Mapping) or kept.isdisjoint(values):
            return values
        for name in kept.intersection(values):
            current = self._raw.get(name)
            if current is not None and values[name] not in (current, self._type.fields[name].dump(current)):
                raise RightsError(
                    f"{format_path((*self._keys(), name))} is kept by the library and can't be changed.", ever=True
                )
        return {name: value for name, value in values.items() if name not in kept}

    def _assign(self, field: FieldType[Any], name: str, value: Any) -> None:
        if field.options.compute is not None:
            raise RightsError(f"{format_path((*self._keys(), name))} is computed and can't be set.", ever=True)
        try:
            loaded = field.load(plain(value), self.get_root(), self._raw.get(name))
        except Fault as fault:
            raise self._refused(fault.under(name)) from None
        self._take({name: loaded})

    def _assign_scalar(self, root: Live, field: FieldType[Any], name: str, value: Any) -> None:
        """Do what `_assign` does, where nothing else of the item can be concerned: the most frequent change of all."""
        try:
            loaded = field.load(plain(value), root, self._raw.get(name))
        except Fault as fault:
            raise self._refused(fault.under(name)) from None
        if root is self:
            self._note((name,))
        raw = self._raw
        old = raw.get(name)
        if name not in raw or not identical(loaded, old):
            root._before_change()
            if self._previous is None:
                object.__setattr__(self, "_previous", {})
            self._previous[name] = old  # type: ignore[index]
            raw[name] = loaded

    def _take(self, changes: Mapping[str, Any]) -> None:
        if self._owner is None:
            self._note(changes)
        if self.get_root()._guarded:
            check_changeable(self, changes)
        if not differs(self._type, self._raw, changes):
            return
        previous = {name: copy_values(self._raw.get(name)) for name in changes}
        self._change(lambda: overwrite(self._type, self._raw, changes), changes)
        object.__setattr__(self, "_previous", {**(self._previous or {}), **previous})

    def _forget(self, key: Any) -> None:
        if self._previous:
            self._previous.pop(key, None)

    def _restore(self, before: Any, state: Any) -> None:
        overwrite(self._type, self._raw, before)
        for name in [name for name in self._raw if name not in before]:
            del self._raw[name]

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Live):
            return bool(self.get_value() == other.get_value())
        return bool(self.get_value() == other) if isinstance(other, Mapping) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # the values change


class _Sequence(Live, MutableSequence[Any]):
    """What `List` and `RefsList` share: a list whose every change is checked before it is made."""

    __slots__ = ()

    def _values(self) -> list[Any]:
        return [] if self._raw is None else cast("list[Any]", self._raw)

    def _replace(self, values: list[Any]) -> None:
        """Take the whole list in its new form, or leave it as it was."""
        try:
            loaded = self._type.load(values, self.get_root(), self._raw)
        except Fault as fault:
            raise self._refused(fault) from None
        if identical(loaded, self._raw):
            return
        if self.get_root()._guarded:
            self._check_changeable()
        previous = copy_values(self._raw)
        self._change(lambda: self._put(loaded), loaded)
        object.__setattr__(self, "_previous", (previous,))

    def _check_changeable(self) -> None:
        owner = self._owner
        allowed = is_allowed(owner, "modify", str(self._key)) if isinstance(owner, Dict) else is_allowed(self, "modify")
        if not allowed:
            raise RightsError(f"{self.path_name()} may not be changed.")

    def _put(self, values: list[Any] | None) -> None:
        if replace_in_place(self._raw, values):
            return
        object.__setattr__(self, "_raw", values)
        if isinstance(self._owner, Dict):
            self._owner._raw[str(self._key)] = values

    def _restore(self, before: Any, state: Any) -> None:
        self._put(before)

    def rollback(self) -> None:
        """Put back the list as it was before it was last changed."""
        if self._previous is not None:
            (previous,) = self._previous
            object.__setattr__(self, "_previous", None)
            self._change(lambda: self._put(previous))

    def select(self, selector: str | None) -> Any:
        """Return what a selector such as `$.loan.reader.name` or `$.tags[0]` leads to; `None` where it leads nowhere.

        Args:
            selector: walks through fields, lists and references; `None` for this object itself.
        """
        return select(self, selector)

    def multi_select(self, selectors: Sequence[str] | None) -> Any:
        """Return what each of several selectors leads to, as a list."""
        return multi_select(self, selectors)

    def match(self, filter: Any) -> bool:  # noqa: A002 - the name that users know
        """Tell whether these values satisfy a filter, written as for `Collection.select`."""
        return match(self, filter)

    def patch(self, operations: Any, path: str | None = None, value: Any = None) -> None:
        """Apply patch operations: all of them or, when one fails, none.

        Args:
            operations: `test`, `replace`, `remove` or `add`, with `path` and `value`; or an operation as a dict, or a
                list of them.
            path: a selector of one thing.
            value: for the operations that need one.

        Raises:
            ValidationError: naming the operation's place, or the field whose value is refused.
        """
        patch(self, operations, path, value)

    def __len__(self) -> int:
        return len(self._values())

    def __iter__(self) -> Iterator[Any]:
        return (self[position] for position in range(len(self)))

    def __getitem__(self, index: Any) -> Any:
        return self._values()[index]

    def __setitem__(self, index: Any, value: Any) -> None:
        values = self._kept()
        values[index] = [plain(each) for each in value] if isinstance(index, slice) else plain(value)
        self._replace(values)

    def __delitem__(self, index: Any) -> None:
        values = self._kept()
        del values[index]
        self._replace(values)

    def _kept(self) -> list[Any]:
        """Return copies of the elements in a form in which they are not judged again."""
        return [Kept(copy_values(value)) for value in self._values()]

    def insert(self, index: int, value: Any) -> None:
        """Put a value before a position."""
        values = self._kept()
        values.insert(index, plain(value))
        self._replace(values)

    def extend(self, values: Iterable[Any]) -> None:
        """Put several values at the end: all of them or none."""
        self._replace([*self._kept(), *map(plain, values)])

    def clear(self) -> None:
        """Take all values out."""
        self._replace([])

    def reverse(self) -> None:
        """Turn the order round."""
        self._replace(self._kept()[::-1])

    def sort(self, *, key: Any = None, reverse: bool = False) -> None:
        """Put the values in order, as `list.sort` does."""
        self._replace([Kept(value) for value in sorted(copy_values(self._values()), key=key, reverse=reverse)])

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
        self._attach(ListType(element, type(self), **options), MISSING, None, None)

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
