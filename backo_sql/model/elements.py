"""What the elements of a list may hold, when there are links among it.

In: the type of an element. Out: what later stages ask of it, or a `DescriptionError` that says what to use instead.
"""

from __future__ import annotations

from typing import Any

from ..errors import DescriptionError
from ..types.base import FieldType
from ..types.container import DictType, ListType, holds_links
from ..types.reference import RefsListType


def holds_conditional(field: FieldType[Any]) -> bool:
    """Tell whether something inside a field may not exist."""
    if isinstance(field, DictType):
        return any(inner.options.exists is not True or holds_conditional(inner) for inner in field.fields.values())
    return isinstance(field, ListType) and holds_conditional(field.element)


def structure_of(element: FieldType[Any], where: str) -> DictType:
    """Return the element of a list with links as what it must be: a `Dict`.

    Args:
        element: the type of an element.
        where: the list, for the message.

    Raises:
        DescriptionError: it is something else.
    """
    if isinstance(element, DictType):
        return element
    if isinstance(element, ListType):
        raise DescriptionError(
            f"{where} is a List of lists that hold a Ref or a RefsList. Use a collection of its own."
        )
    raise DescriptionError(f"{where} is a List of {element.type_name()}. Use a RefsList in its place.")


def refuse_several_links(field: FieldType[Any], where: str, inside: str) -> None:
    """Refuse a field of an element that holds many links: an element is one row.

    Args:
        field: the field.
        where: the list, for the message.
        inside: where the field stands in the element.

    Raises:
        DescriptionError: saying what to use instead.
    """
    if isinstance(field, RefsListType):
        raise DescriptionError(
            f"{where} is a List whose elements hold a RefsList ({inside}). "
            "Use a Ref in each element, or a collection of its own."
        )
    if isinstance(field, ListType) and holds_links(field):
        raise DescriptionError(
            f"{where} is a List whose elements hold a List with links ({inside}). Use a collection of its own."
        )
