"""Documents of any content: the frozen side of `FreeDict`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from ..errors import Fault, FaultKind, PathKey
from .base import FieldType
from .compound import read_json, refuse_column_options
from .container import ListType
from .kinds import Kind
from .number import MAX_INTEGER, MIN_INTEGER
from .text import storable_text
from .values import plain

#: How deep objects and arrays may stand in each other: JSON readers and writers have limits of their own.
MAX_DEPTH = 100


def convert_content(value: Any, depth: int = 0) -> Any:
    """Return an independent copy of what JSON can hold, of plain Python types, or raise a `Fault` with the path.

    Args:
        value: anything.
        depth: how many objects and arrays stand around it already.
    """
    value = plain(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, int):
        if not MIN_INTEGER <= value <= MAX_INTEGER:
            raise Fault(f"Must be an integer between {MIN_INTEGER} and {MAX_INTEGER}.")
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise Fault("Must be a finite number.")
        return float(value) + 0.0  # -0.0 becomes 0.0, as for a Float
    if depth >= MAX_DEPTH and isinstance(value, Mapping | list | tuple):
        raise Fault(f"Must not stand more than {MAX_DEPTH} objects and lists deep.")
    if isinstance(value, Mapping):
        return _convert_mapping(value, depth + 1)
    if isinstance(value, list | tuple):
        faults: list[tuple[PathKey, Fault]] = []
        result = []
        for position, element in enumerate(value):
            try:
                result.append(convert_content(element, depth + 1))
            except Fault as fault:
                faults.append((position, fault))
        if faults:
            raise Fault.collect(faults)
        return result
    raise Fault(f"Must be what JSON can hold, not {type(value).__name__}.", FaultKind.TYPE)


def _convert_mapping(value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
    faults: list[tuple[PathKey, Fault]] = []
    result: dict[str, Any] = {}
    for key, held in value.items():
        try:
            result[convert_key(key)] = convert_content(held, depth)
        except Fault as fault:
            # A key may be no text at all, or one that no message can hold.
            shown = key if isinstance(key, str) and key.isprintable() else repr(key)
            faults.append((shown, fault))
    if faults:
        raise Fault.collect(faults)
    return result


def convert_key(key: Any) -> str:
    """Accept a key of a JSON object, or raise a `Fault`."""
    if not isinstance(key, str):
        raise Fault(f"Must have a text as its key, not {type(key).__name__}.", FaultKind.TYPE)
    return storable_text(key)


class ContentType(FieldType[Any]):
    """Anything that stands inside a `FreeDict`. Objects and lists are shown by live objects.

    Args:
        dict_class: the live class of objects.
        list_class: the live class of lists.
    """

    kind: ClassVar[Kind] = Kind.JSON
    is_container = True
    restores_natively = True

    def __init__(self, dict_class: type, list_class: type) -> None:
        super().__init__()
        self._object = FreeDictType(dict_class, self)
        self._list = ListType(self, list_class)

    @classmethod
    def type_name(cls) -> str:
        """The name that messages use."""
        return "value"

    def convert(self, value: Any) -> Any:
        """Accept what JSON can hold."""
        return convert_content(value)

    def view_type(self, value: Any) -> FieldType[Any] | None:
        """Return the type of an object or a list; anything else is shown as it is."""
        if isinstance(value, dict):
            return self._object
        return self._list if isinstance(value, list) else None

    def inner(self, key: PathKey) -> FieldType[Any]:
        """Return the type of what stands further in: anything again."""
        return self


class FreeDictType(FieldType[dict[str, Any]]):
    """A JSON object of any content. Its value is a plain dict, kept as one JSON document.

    Args:
        live_class: the class of its live object.
        content: the type of what stands inside.
        options: the common options of every field.
    """

    kind: ClassVar[Kind] = Kind.JSON
    is_container = True
    restores_natively = True

    def __init__(self, live_class: type, content: ContentType, **options: Any) -> None:
        self.live_class = live_class
        self.content = content
        super().__init__(**options)

    @classmethod
    def type_name(cls) -> str:
        """The name that messages and the metadata use."""
        return "FreeDict"

    def public_class(self) -> type:
        """The class whose name users know."""
        return self.live_class

    def check_options(self) -> None:
        """Refuse what one document can't have."""
        refuse_column_options(self)

    def convert(self, value: Any) -> dict[str, Any]:
        """Accept a mapping of texts to what JSON can hold; a fault names the path."""
        value = plain(value)
        if not isinstance(value, Mapping):
            raise self.wrong_type("an object", value)
        return _convert_mapping(value, 1)

    def parse(self, text: str) -> dict[str, Any]:
        """Read a JSON object."""
        return self.convert(read_json(text, "an object"))

    def inner(self, key: PathKey) -> FieldType[Any]:
        """Return the type of what stands inside: anything."""
        return self.content
