"""Events: who listens to what happens to an item.

In: the name of an event and the object that it happens to. The handlers of that object are called first, then those of
the fields inside it in the order of the description, depth first. What a handler raises goes to the caller and stops
the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..types.base import FieldType
from ..types.container import DictType, ListType
from .permissions import is_readable
from .rules import exists

if TYPE_CHECKING:
    from .live import Live


def fire(live: Live, event: str, details: Mapping[str, Any]) -> None:
    """Call the handlers of an event.

    Args:
        live: what it happens to.
        event: its name.
        details: further keyword arguments for handlers that take them.
    """
    if event in live._type.events:
        _fire(live._type, live, live.get_root(), event, details)


def _reachable(field: FieldType[Any], holder: Live, name: str, root: Live) -> bool:
    """Tell whether a field exists and may be read: others are told nothing."""
    if not exists(field, holder._raw.get(name), root):
        return False
    return not root._guarded or is_readable(holder, name)


def _fire(field: FieldType[Any], me: Any, root: Any, event: str, details: Mapping[str, Any]) -> None:
    for name, handler in field.options.on:
        if name == event:
            handler(event, root, me, **details)
    if me is None:
        return
    if isinstance(field, DictType):
        for name, inner in field.fields.items():
            if event in inner.events and _reachable(inner, me, name, root):
                _fire(inner, getattr(me, name), root, event, details)
    elif isinstance(field, ListType) and event in field.element.events:
        for element in me:
            _fire(field.element, element, root, event, details)
