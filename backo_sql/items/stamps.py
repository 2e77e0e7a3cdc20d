"""Who made and changed an item, and when: `_meta`, as ordinary fields that only the library writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from ..types.base import FieldType, frozen_type
from ..types.container import DictType
from ..types.instant import Datetime
from ..types.text import String
from .containers import Dict


def _structure(fields: Mapping[str, FieldType[Any]]) -> DictType:
    type_ = DictType(MappingProxyType(dict(fields)), Dict)
    type_.writable = MappingProxyType({})
    return type_


class GenericMetaDataHandler:
    """A handler that keeps nothing: the base of handlers of one's own."""

    def fields(self) -> Mapping[str, FieldType[Any]]:
        """Return the fields of `_meta`; none leaves it out."""
        return {}

    def stamp(self, meta: dict[str, Any], *, creating: bool) -> None:
        """Bring the values of `_meta` up to date, in place, before an item is written."""


class StandardMetaDataHandler(GenericMetaDataHandler):
    """Keeps `ctime`, `mtime`, `created_by` and `modified_by`.

    Args:
        user: returns the `_id` and `login` of whoever is writing; `current_user` when not given.
    """

    #: what says who is writing, when a handler isn't told; installed by the package, because rights come after items
    current: Callable[[], tuple[str, str]] = staticmethod(lambda: ("000", "ANONYMOUS"))

    def __init__(self, user: Callable[[], tuple[str, str]] | None = None) -> None:
        self._user = user

    def fields(self) -> Mapping[str, FieldType[Any]]:
        """Return the four fields."""
        who = {"_id": String(), "login": String()}
        return {
            "ctime": Datetime(),
            "mtime": Datetime(),
            "created_by": _structure(who),
            "modified_by": _structure(who),
        }

    def stamp(self, meta: dict[str, Any], *, creating: bool) -> None:
        """Note the time and the user."""
        now = datetime.now(UTC)
        identifier, login = (self._user or StandardMetaDataHandler.current)()
        meta["mtime"] = now
        meta["modified_by"] = {"_id": identifier, "login": login}
        if creating:
            meta["ctime"] = now
            meta["created_by"] = {"_id": identifier, "login": login}


def meta_type(handler: GenericMetaDataHandler | None) -> DictType | None:
    """Return the frozen type of `_meta`, or `None` where nothing is kept."""
    fields = handler.fields() if handler is not None else {}
    if not fields:
        return None
    return _structure({name: frozen_type(field, f"The field {name!r} of _meta") for name, field in fields.items()})
