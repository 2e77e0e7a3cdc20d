"""`Dict`: named fields, as a user describes them and as a live object that holds their values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from ..errors import DescriptionError, Fault, PathNotFoundError, RightsError, format_path
from ..types.base import FieldType
from ..types.container import DictType, blank_value, freeze_fields
from ..types.options import MISSING
from ..types.values import copy_values, identical, plain
from .live import Live, view
from .navigable import Navigable
from .permissions import check_changeable, check_readable
from .rules import exists
from .trees import differs, overwrite
from .views import get_view


class Dict(Navigable):
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
        found = views.get(name)
        if found is None or found._raw is not raw or found._type is not field.view_type(raw):
            found = view(field, raw, self, name)
            if isinstance(found, Live):  # what an In holds may be no live object
                views[name] = found
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
            self._change(lambda: self._put_back(previous))

    def _put_back(self, previous: Mapping[str, Any]) -> None:
        overwrite(self._type, self._raw, {name: value for name, value in previous.items() if value is not MISSING})
        for name in previous:
            if previous[name] is MISSING:  # a list of links that wasn't filled, and then assigned
                self._raw.pop(name, None)

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
        previous = {name: copy_values(self._raw.get(name, MISSING)) for name in changes}
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
