"""The field types that users know, by name: for whatever must leave none of them out, such as the documentation."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ..errors import DescriptionError

_types: dict[str, type] = {}

#: every public type by each of its names
PUBLIC_TYPES: Mapping[str, type] = MappingProxyType(_types)


def register_type(public_class: type, name: str | None = None) -> None:
    """Make a field type known.

    Args:
        public_class: the class that users write.
        name: another name of it; its own when not given.

    Raises:
        DescriptionError: the name is taken.
    """
    known_as = name or public_class.__name__
    if known_as in _types:
        raise DescriptionError(f"There is a field type {known_as!r} already.")
    _types[known_as] = public_class
