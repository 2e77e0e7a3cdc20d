"""One marshmallow field for all types: it calls the checks that the description was compiled to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import marshmallow as ma

from ..errors import Fault
from ..types.base import FieldType
from ..types.container import DictType
from ..types.options import MISSING
from ..types.values import plain


class DescribedField(ma.fields.Field[Any]):
    """A field that is judged and written by a field type.

    Args:
        type_: the frozen type.
        partial: a `Dict` is judged as a change: what is absent stays as it is.
        settings: what any marshmallow field takes.
    """

    def __init__(self, type_: FieldType[Any], *, partial: bool = False, **settings: Any) -> None:
        super().__init__(**settings)
        self.type_ = type_
        self._partial = partial

    def deserialize(self, value: Any, attr: str | None = None, data: Mapping[str, Any] | None = None, **_: Any) -> Any:
        """Return the value as the type keeps it."""
        try:
            if value is ma.missing:
                return self.type_.load_missing()
            if self._partial and isinstance(self.type_, DictType) and value is not None:
                return self.type_.load_partial(value)
            return self.type_.load(value)
        except Fault as fault:
            raise ma.ValidationError(nested_messages(fault)) from None

    def _serialize(self, value: Any, attr: str | None, obj: Any, **_: Any) -> Any:
        value = plain(value)
        return None if value is None else self.type_.dump(value)


def nested_messages(fault: Fault) -> Any:
    """Return the messages of a fault as marshmallow nests them: by name and, in a list, by position."""
    nested: dict[Any, Any] = {}
    for path, message, _ in fault.entries:
        level = nested
        for key in path:
            level = level.setdefault(key, {})
        level.setdefault(MISSING, []).append(message)
    return _plain(nested)


def _plain(level: dict[Any, Any]) -> Any:
    messages = level.pop(MISSING, [])
    if not level:
        return messages
    inner = {key: _plain(value) for key, value in level.items()}
    return {**inner, "_schema": messages} if messages else inner
