"""Views: which fields of an item an answer shows.

In: a description and the name of a view. Out: a `Projection`, the tree of fields that are in it. `name` shows what
isn't marked `"!name"`; `+name` shows only what is marked `"name"`, and what stands inside such a field.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from ..types.base import FieldType
from ..types.container import DictType, ListType
from .description import Description, Leaf, Place
from .paths import Path

#: the name of a field and either the leaf itself or, for a `Dict`, its shown fields
Node: TypeAlias = "tuple[str, Leaf | tuple[Node, ...]]"


@dataclass(frozen=True, slots=True)
class Projection:
    """The fields of a collection that are read together.

    Attributes:
        collection: whose fields.
        view: the name they were chosen by; `None` for all of them.
        tree: the chosen fields, nested as the description is.
        links: the paths of those that are stored elsewhere and read apart.
    """

    collection: str
    view: str | None
    tree: tuple[Node, ...]
    links: frozenset[Path]

    def __hash__(self) -> int:
        return hash((self.collection, self.view))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Projection):
            return NotImplemented
        return (self.collection, self.view) == (other.collection, other.view) and self.tree is other.tree


def project(description: Description, view: str | None) -> Projection:
    """Choose the fields of a view; `None` chooses all."""
    tree = _choose(description, description.item, view, ())
    return Projection(description.name, view, tree, frozenset(_links(tree)))


def _links(nodes: tuple[Node, ...]) -> Iterator[Path]:
    for _, content in nodes:
        if isinstance(content, tuple):
            yield from _links(content)
        elif content.place is Place.LINK:
            yield content.path


def known_view(description: Description, view: str | None) -> str | None:
    """Return a view's name, or for one that no field mentions the name of all of its kind.

    A client may ask for any name: what is worked out per view must not grow with what clients think of.
    """
    if view is None or view.removeprefix("+") in description.view_names:
        return view
    return "+" if view.startswith("+") else None


def _choose(description: Description, structure: DictType, view: str | None, prefix: Path) -> tuple[Node, ...]:
    nodes: list[Node] = []
    for name, field in structure.fields.items():
        path = (*prefix, name)
        shown = path == ("_id",) or in_view(field, view)
        if isinstance(field, DictType):
            if shown is False:
                continue
            inner = _choose(description, field, None if shown and view and view.startswith("+") else view, path)
            if inner:
                nodes.append((name, inner))
        elif shown or (shown is None and description.per_item and isinstance(field, ListType)):
            # A strict view looks into a list, and shows an empty one where nothing inside is in it.
            nodes.append((name, description.leaves[path]))
    return tuple(nodes)


def in_view(field: FieldType[Any], view: str | None) -> bool | None:
    """Tell whether a view has a field; `None` for a strict view that doesn't say, so that a `Dict` is looked into."""
    if view is None:
        return True
    strict = view.startswith("+")
    name = view.removeprefix("+")
    if name in field.options.views:
        return True
    if f"!{name}" in field.options.views:
        return False
    return None if strict else True
