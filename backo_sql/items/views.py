"""Live items seen through a view: as JSON for an answer, or as an object with fewer fields."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from ..model.views import Node, Projection, in_view
from ..types.base import FieldType
from ..types.container import DictType, ListType
from .live import Live
from .permissions import is_allowed
from .rules import exists

if TYPE_CHECKING:
    from .containers import Dict
    from .item import Item


def dump_item(projection: Projection, item: Item) -> dict[str, Any]:
    """Return the JSON form of a live item, as far as a view shows it and its fields exist."""
    return _dump(projection.tree, item, item)


def _dump(nodes: tuple[Node, ...], holder: Dict, root: Item) -> dict[str, Any]:
    structure, values = holder._type, holder._raw
    shown: dict[str, Any] = {}
    for name, content in nodes:
        if name not in values:
            continue
        field, value = structure.fields[name], values[name]
        if field.is_dynamic and not exists(field, value, root):
            continue
        if root._guarded and not is_allowed(holder, "read", name):
            continue
        if isinstance(content, tuple) and isinstance(field, DictType):
            shown[name] = _dump(content, getattr(holder, name), root)
        else:
            shown[name] = None if value is None else field.dump(value)
    return shown


def get_view(live: Live, name: str | None) -> Any:
    """Return a new object of the same class with the fields of a view, or `None` when nothing is left.

    Args:
        live: a `Dict` or an `Item`.
        name: of the view, with a leading `+` for one that shows only what is marked; `None` for everything.
    """
    chosen = _restrict(live._type, live._raw, name, live.get_root())
    if chosen is None:
        return None
    type_, values = chosen
    other: Any = type(live).__new__(type(live))
    other._attach(type_, values, None, None)
    return other


def _restrict(field: FieldType[Any], value: Any, view: str | None, root: Any) -> tuple[FieldType[Any], Any] | None:
    """Return a type with the fields of a view and the values that go with it; `None` where nothing of it is shown."""
    shown = in_view(field, view)
    if shown is False or (field.is_dynamic and not exists(field, value, root)):
        return None
    strict = view is not None and view.startswith("+")
    inner_view = None if shown and strict else view
    if isinstance(field, DictType):
        kept = {
            name: chosen
            for name, inner in field.fields.items()
            if name in value and (chosen := _restrict(inner, value[name], inner_view, root)) is not None
        }
        if not kept:
            return None
        return field.with_only({name: type_ for name, (type_, _) in kept.items()}), {
            name: values for name, (_, values) in kept.items()
        }
    if isinstance(field, ListType):
        elements = [_restrict(field.element, element, inner_view, root) for element in value or []]
        return field, [chosen[1] for chosen in elements if chosen is not None] if value is not None else None
    return (field, copy.deepcopy(value)) if shown else None
