"""What all live containers share.

A live container is a thin view of plain data: the values of an item are one tree of dicts and lists, checked by the
frozen types, and `Dict`, `List` and `RefsList` look at a part of it. Views are made when they are asked for and are
cheap to throw away.
"""

from __future__ import annotations

import copy
from typing import Any

from ..errors import Fault, PathKey, ValidationError, validation_error
from ..types.base import FieldType


class Live:
    """A view of a part of an item's values.

    Attributes are private on purpose: a field may have any public name that is no method.
    """

    _is_described = True

    __slots__ = ("_key", "_owner", "_raw", "_type")

    _type: FieldType[Any]
    _raw: Any
    _owner: Live | None
    _key: PathKey | None

    def _attach(self, type_: FieldType[Any], raw: Any, owner: Live | None, key: PathKey | None) -> None:
        put = object.__setattr__
        put(self, "_type", type_)
        put(self, "_raw", raw)
        put(self, "_owner", owner)
        put(self, "_key", key)

    def get_value(self) -> Any:
        """Return a plain copy of the values, independent of this object."""
        return copy.deepcopy(self._raw)

    def _refused(self, fault: Fault) -> ValidationError:
        return validation_error(fault.under(*self._keys()))

    def _keys(self) -> tuple[PathKey, ...]:
        if self._owner is None or self._key is None:
            return ()
        return (*self._owner._keys(), self._key)

    def _before_change(self) -> None:
        """Tell the outermost container that the values are about to change."""
        if self._owner is not None:
            self._owner._before_change()

    def __repr__(self) -> str:
        return repr(self._raw)

    def __str__(self) -> str:
        return str(self._raw)


def view(type_: FieldType[Any], raw: Any, owner: Live, key: PathKey) -> Any:
    """Make the live view of a container's value."""
    live_class: Any = type_.public_class()
    live = live_class.__new__(live_class)
    live._attach(type_, raw, owner, key)
    return live
