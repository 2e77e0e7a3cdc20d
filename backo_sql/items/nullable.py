"""Containers that may be null: a list or a free object may be taken away and come back as another.

A `Dict` is always there and changed in place, so that its views stay valid. A view of a container that may be null
keeps no values of its own: it looks them up where they stand, each time.
"""

from __future__ import annotations

from typing import Any

from ..types.container import DictType
from ..types.options import MISSING
from .navigable import Navigable
from .trees import replace_in_place


class Nullable(Navigable):
    """What `List`, `RefsList` and `FreeDict` share."""

    __slots__ = ("_own",)

    _own: Any

    def _hold(self, raw: Any) -> None:
        object.__setattr__(self, "_own", raw)

    @property
    def _raw(self) -> Any:
        if self._stands_in_dict():
            return self._owner._raw.get(self._key)  # type: ignore[union-attr]
        if self._own is MISSING:
            object.__setattr__(self, "_own", self._made_blank())
        return self._own

    @_raw.setter
    def _raw(self, values: Any) -> None:
        if self._stands_in_dict():
            self._owner._raw[self._key] = values  # type: ignore[union-attr]
        else:
            object.__setattr__(self, "_own", values)

    def _stands_in_dict(self) -> bool:
        return self._owner is not None and isinstance(self._owner._type, DictType)

    def _put(self, values: Any) -> None:
        if not replace_in_place(self._raw, values):
            object.__setattr__(self, "_raw", values)

    def _restore(self, before: Any, state: Any) -> None:
        self._put(before)
