"""Live items seen through a view: as JSON for an answer, or as an object with fewer fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..model.views import Node, Projection, in_view
from ..types.base import FieldType
from ..types.compound import Tuple
from ..types.container import DictType, ListType
from ..types.values import copy_values
from .live import Live
from .permissions import is_readable
from .rules import existing, exists

if TYPE_CHECKING:
    from .containers import Dict
    from .item import Item


def dump_item(projection: Projection, item: Item) -> dict[str, Any]:
    """Return the JSON form of a live item, as far as a view shows it and its fields exist."""
    return _dump(projection.tree, item._type, item._raw, item, item if item._guarded else None, projection.view)


def _dump(
    nodes: tuple[Node, ...],
    structure: DictType,
    values: dict[str, Any],
    root: Item,
    holder: Dict | None,
    view: str | None,
) -> dict[str, Any]:
    """Return the JSON form of some fields; `holder` is the container whose values they are, where rights count."""
    shown: dict[str, Any] = {}
    for name, content in nodes:
        if name not in values:
            continue
        field, value = structure.fields[name], values[name]
        if holder is None and field.dumps_natively and not field.is_container and not field.is_dynamic:
            shown[name] = value
            continue
        if field.is_dynamic and not exists(field, value, root):
            continue
        if holder is not None and not is_readable(holder, name):
            continue
        if isinstance(content, tuple) and isinstance(field, DictType):
            strict = in_view(field, view) and view is not None and view.startswith("+")
            inside = getattr(holder, name) if holder is not None else None
            shown[name] = _dump(content, field, value, root, inside, None if strict else view)
        elif isinstance(field, ListType) and view is not None and value is not None:
            chosen = _restrict(field, value, view, root, None)
            shown[name] = field.dump([] if chosen is None else chosen[1])
        else:
            kept = existing(field, value, root) if field.is_dynamic else value
            shown[name] = None if kept is None else field.dump(kept)
    return shown


def get_view(live: Live, name: str | None) -> Any:
    """Return a new object of the same class with the fields of a view, or `None` when nothing is left.

    Args:
        live: a `Dict` or an `Item`.
        name: of the view, with a leading `+` for one that shows only what is marked; `None` for everything.
    """
    root = live.get_root()
    chosen = _restrict(live._type, live._raw, name, root, live if root._guarded else None)
    if chosen is None:
        return None
    type_, values = chosen
    other: Any = type(live).__new__(type(live))
    other._attach(type_, values, None, None)
    return other


def dump_value(value: Any, field: FieldType[Any] | None, view: str) -> Any:
    """Return the JSON form of what a selector named, as far as a view shows it, and its fields exist and are readable.

    Args:
        value: a live container, or a plain value.
        field: its type, where it is known; what has none is JSON already.
        view: the name of the view.
    """
    if not isinstance(value, Live):
        return value if field is None or value is None else field.dump(value)
    root = value.get_root()
    chosen = _restrict(value._type, value._raw, view, root, value if root._guarded else None, named=True)
    return None if chosen is None or chosen[1] is None else chosen[0].dump(chosen[1])


def _restrict(
    field: FieldType[Any], value: Any, view: str | None, root: Live, live: Live | None, *, named: bool = False
) -> tuple[FieldType[Any], Any] | None:
    """Return a type with the fields of a view and the values that go with it; `None` where nothing of it is shown.

    Args:
        field: the type of the value.
        value: as the item holds it.
        view: the name of the view.
        root: the outermost object.
        live: the container whose value it is, where rights count.
        named: it was asked for by name, so that the view only chooses from what is inside.
    """
    shown = named or in_view(field, view)
    if shown is False or (field.is_dynamic and not exists(field, value, root)):
        return None
    strict = view is not None and view.startswith("+")
    inner_view = None if shown and strict else view
    if isinstance(field, DictType):
        kept = {}
        for name, inner in field.fields.items():
            if name not in value or (live is not None and not is_readable(live, name)):
                continue
            inside = getattr(live, name) if live is not None and isinstance(inner, DictType) else None
            chosen = _restrict(inner, value[name], inner_view, root, inside)
            if chosen is not None:
                kept[name] = chosen
        if not kept:
            return None
        type_ = field.with_only({name: type_ for name, (type_, _) in kept.items()})
        return type_, {name: values for name, (_, values) in kept.items()}
    if isinstance(field, ListType):
        elements = [_restrict(field.element, element, inner_view, root, None) for element in value or []]
        return field, [chosen[1] for chosen in elements if chosen is not None] if value is not None else None
    if isinstance(field, Tuple) and value is not None and shown:
        members = [
            _restrict(member, part, inner_view, root, None) for member, part in zip(field.members, value, strict=True)
        ]
        return field, tuple(chosen[1] for chosen in members if chosen is not None)
    return (field, copy_values(value)) if shown else None
