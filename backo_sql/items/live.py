"""What all live containers share.

A live container is a thin view of plain data: the values of an item are one tree of dicts and lists, checked by the
frozen types, and `Dict`, `List` and `RefsList` look at a part of it. Views are made when they are asked for and are
cheap to throw away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Self

from ..errors import BackoError, Fault, PathKey, RightsError, ValidationError, format_path, validation_error
from ..model.metadata import describe
from ..types.base import FieldType
from ..types.container import DictType, blank_value, has_rights
from ..types.options import MISSING
from ..types.values import copy_values
from .current_meta import current_meta
from .events import fire
from .permissions import is_allowed
from .rules import existing, settle


class Live:
    """A view of a part of an item's values.

    Attributes are private on purpose: a field may have any public name that is no method.
    """

    _is_described = True

    __slots__ = ("_guarded", "_key", "_owner", "_previous", "_quiet", "_raw", "_type")

    _type: FieldType[Any]
    _raw: Any
    _owner: Live | None
    _key: PathKey | None
    _previous: Any
    _guarded: bool
    _quiet: bool

    def _attach(self, type_: FieldType[Any], raw: Any, owner: Live | None, key: PathKey | None) -> None:
        put = object.__setattr__
        put(self, "_type", type_)
        put(self, "_owner", owner)
        put(self, "_key", key)
        put(self, "_previous", None)
        put(self, "_guarded", False)
        put(self, "_quiet", False)
        self._hold(raw)

    def _hold(self, raw: Any) -> None:
        if raw is not MISSING:
            object.__setattr__(self, "_raw", raw)

    def __getattr__(self, name: str) -> Any:
        if name != "_raw":
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}.")
        raw = self._made_blank()
        object.__setattr__(self, "_raw", raw)
        return raw

    def _made_blank(self) -> Any:
        """Make the values when they are first asked for: a description calls no function of a default."""
        try:
            return blank_value(self._type)
        except Fault as fault:  # what the function of a default returned is refused
            raise self._refused(fault) from None

    def get_value(self) -> Any:
        """Return a plain copy of the values, independent of this object, without fields that don't exist now."""
        root = self.get_root()
        if not self._type.is_dynamic and not root._guarded:
            return copy_values(self._raw)
        return existing(self._type, self._raw, root, self)

    def copy(self) -> Self:
        """Return an independent copy, outermost itself."""
        other = type(self).__new__(type(self))
        other._attach(self._type, copy_values(self._raw), None, None)
        object.__setattr__(other, "_guarded", self.get_root()._guarded)
        return other

    __copy__ = copy

    def __deepcopy__(self, memo: object) -> Self:
        return self.copy()

    def get_root(self) -> Live:
        """Return the outermost container."""
        return self if self._owner is None else self._owner.get_root()

    def am_i_root(self) -> bool:
        """Tell whether this is the outermost container."""
        return self._owner is None

    def path_name(self) -> str:
        """Return where this stands, as `$.loan.tags`."""
        return format_path(self._keys())

    def get_schema(self) -> dict[str, Any]:
        """Return the metadata of this and what is inside, from the description alone."""
        return describe(self._type)

    def get_current_meta(self) -> dict[str, Any]:
        """Return the metadata with `exists` and `rights` answered for these values and the current user.

        Raises:
            DescriptionError: this isn't the outermost container.
        """
        return current_meta(self)

    def check(self, value: Any) -> None:
        """Raise what `set` would raise for a value, and change nothing."""
        draft = self.get_root().copy()
        object.__setattr__(draft, "_quiet", True)
        draft._at(self._keys()).set(value)

    def trigg(self, event: str, **details: Any) -> None:
        """Start an event: this object's handlers first, then those further in, depth first.

        Args:
            event: any name; handlers were registered for it with `on=[(name, function)]`.
            details: what else the handlers are told.
        """
        fire(self, event, details)

    def enable_permissions(self) -> None:
        """Let the rights of the description count from now on."""
        root = self.get_root()
        object.__setattr__(root, "_guarded", has_rights(root._type))

    def disable_permissions(self) -> None:
        """Let everything be read and changed from now on."""
        object.__setattr__(self.get_root(), "_guarded", False)

    def is_allowed_to(self, right: str, field: str | None = None) -> bool:
        """Tell whether the current user has a right on this object, or on a field of it.

        Args:
            right: `read`, `modify`, or the rest of any `can_…` option.
            field: the name of a field; this object itself when not given.
        """
        return not self.get_root()._guarded or is_allowed(self, right, field)

    def can_read(self, field: str | None = None) -> bool:
        """Tell whether the current user may read this object, or a field of it."""
        return self.is_allowed_to("read", field)

    def can_modify(self, field: str | None = None) -> bool:
        """Tell whether the current user may change this object, or a field of it."""
        return self.is_allowed_to("modify", field)

    @contextmanager
    def _unguarded(self) -> Iterator[None]:
        """Let rights not count for a while."""
        root = self.get_root()
        guarded = root._guarded
        object.__setattr__(root, "_guarded", False)
        try:
            yield
        finally:
            object.__setattr__(root, "_guarded", guarded)

    def _at(self, keys: tuple[PathKey, ...]) -> Any:
        found: Any = self
        for key in keys:
            found = found._child(key)
        return found

    def _child(self, key: PathKey) -> Any:
        """Return what stands under a key, as a live object where it is one."""
        live: Any = self
        return live[key] if isinstance(key, int) else getattr(self, key)

    def _refused(self, fault: Fault) -> ValidationError:
        return validation_error(fault.under(*self._keys()))

    def _keys(self) -> tuple[PathKey, ...]:
        if self._owner is None or self._key is None:
            return ()
        return (*self._owner._keys(), self._key)

    def _change(self, apply: Callable[[], None], given: Any = None) -> None:
        """Change the values and make the whole of the outermost container right again, or leave all as it was.

        Args:
            apply: puts checked values in place.
            given: what was asked for here, so that values for fields that don't exist are told apart from old ones.
        """
        root = self.get_root()
        if any(each._type.options.compute is not None for each in (self, *(owner for owner, _ in self._owners()))):
            raise RightsError(f"{self.path_name()} is computed and can't be changed.", ever=True)
        self._check_in_place()
        for owner, key in self._owners():
            owner._forget(key)
        if self._owner is not None:
            root._note(self._keys()[:1])
        around = self._lists_around()
        if not root._type.is_dynamic and not around:
            root._before_change()
            apply()
            return
        for key in reversed(self._keys()):
            given = {key: given}
        before = copy_values(root._raw)
        state = root._state()
        root._before_change()
        try:
            apply()
            for owner in around:
                owner._check_again()
            if root._type.is_dynamic:
                settle(root, before, given)
        except BaseException as error:
            root._restore(before, state)
            if isinstance(error, Fault):
                error.accepted = given if isinstance(given, dict) else {}
                raise validation_error(error) from None
            raise

    def _check_in_place(self) -> None:
        """Refuse a change through the view of an element that has left its list, or stands elsewhere in it now.

        Raises:
            BackoError: whoever made the view must ask the list again.
        """
        owner = self._owner
        if owner is None or isinstance(owner._type, DictType) or not isinstance(self._key, int):
            return
        elements = owner._raw or []
        if self._key >= len(elements) or elements[self._key] is not self._raw:
            raise BackoError(f"{self.path_name()} is another element now, or none: ask the list for it again.")

    def _owners(self) -> Iterator[tuple[Live, PathKey | None]]:
        """Visit the containers around, from the inside out, each with the key of what was visited before."""
        inner: Live = self
        while inner._owner is not None:
            yield inner._owner, inner._key
            inner = inner._owner

    def _lists_around(self) -> list[Live]:
        """Return the containers around whose own rules look at all of their elements."""
        return [owner for owner, _ in self._owners() if not isinstance(owner._type, DictType)]

    def _check_again(self) -> None:
        """Check the rules of this container, when something in it has changed."""
        try:
            self._type.check_limits(self._raw)
        except Fault as fault:
            raise fault.under(*self._keys()) from None

    def _forget(self, key: PathKey | None) -> None:
        """Note that what stands under a key was changed from inside, so that `rollback` goes no further back."""

    def _note(self, names: Iterable[PathKey]) -> None:
        """Note the fields of the outermost container that somebody gave a value."""

    def _before_change(self) -> None:
        """Note that the values are about to change; only called on the outermost container."""

    def _state(self) -> Any:
        """Return what else of the outermost container a failed change must put back."""

    def _restore(self, before: Any, state: Any) -> None:
        raise NotImplementedError

    def __repr__(self) -> str:
        return repr(self.get_value())

    def __str__(self) -> str:
        return repr(self)


def view(type_: FieldType[Any], raw: Any, owner: Live, key: PathKey) -> Any:
    """Make the live view of a container's value; a value that a container type shows as it is comes back as it is."""
    shown = type_.view_type(raw)
    if shown is None:
        return raw
    live_class: Any = shown.public_class()
    live = live_class.__new__(live_class)
    live._attach(shown, raw, owner, key)
    return live
