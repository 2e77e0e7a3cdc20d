"""Rights on fields: who may read or change one, or whatever else a `can_…` option says.

In: a live container, the name of a field and of a right. Out: yes or no. A right is a constant or a function of
`(right_name, root)`, or of the user alone; a field without it, and a function that answers anything but yes or no,
leave it to the container around, and the outermost one grants it. Rights count once they are enabled: items that come
out of a collection have them enabled, objects of one's own have not.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import RightsError, format_path
from ..types.base import FieldType
from ..types.container import DictType

if TYPE_CHECKING:
    from .live import Live


def is_allowed(live: Live, right: str, name: str | None = None) -> bool:
    """Answer for a container, or for a field in it.

    Args:
        live: the container.
        right: the bare name: `read`, `modify` or any other.
        name: of a field in the container; the container itself when not given.
    """
    root = live.get_root()
    if name is not None and isinstance(live._type, DictType):
        answer = _own(live._type.fields[name], right, root)
        if answer is not None:
            return answer
    while True:
        answer = _own(live._type, right, root)
        if answer is not None:
            return answer
        if live._owner is None:
            return True
        live = live._owner


def is_readable(live: Live, name: str) -> bool:
    """Tell whether a field may be read: itself, or for a `Dict` anything inside it."""
    if is_allowed(live, "read", name):
        return True
    field = live._type.fields[name] if isinstance(live._type, DictType) else None
    if not isinstance(field, DictType):
        return False
    with live._unguarded():
        inside = getattr(live, name)
    return inside is not None and any(is_readable(inside, each) for each in field.fields)


def check_readable(live: Live, name: str) -> None:
    """Refuse to read a field that the right `read` keeps from the current user.

    Raises:
        RightsError: naming the field.
    """
    if not is_readable(live, name):
        raise RightsError(f"{format_path((*live._keys(), name))} may not be read.")


def check_changeable(live: Live, changes: Mapping[str, Any]) -> None:
    """Refuse new values for fields that the right `modify` keeps from the current user.

    The same value is no change, where the user may read it: elsewhere it could be found out by trying.

    Raises:
        RightsError: naming the first such field.
    """
    for name, value in changes.items():
        field, current = _field(live, name), live._raw.get(name)
        if isinstance(field, DictType) and isinstance(value, Mapping):
            inner = getattr(live, name)
            if inner is not None:
                check_changeable(inner, value)
        elif not is_allowed(live, "modify", name) and (current != value or not is_allowed(live, "read", name)):
            raise RightsError(f"{format_path((*live._keys(), name))} may not be changed.")


def _field(live: Live, name: str) -> FieldType[Any] | None:
    return live._type.fields[name] if isinstance(live._type, DictType) else None


def _own(field: FieldType[Any], right: str, root: Live) -> bool | None:
    rule = field.options.rights.get(right)
    if rule is None or isinstance(rule, bool):
        return rule
    with root._unguarded():  # a rule may look at what it decides on
        answer = ask_right(rule, right, root)
    return answer if isinstance(answer, bool) else None


def ask_right(rule: Callable[..., Any], right: str, root: Live | None) -> Any:
    """Call a right by how many parameters it takes: one is the user; a third one, as older code has it, is `None`."""
    wanted = [
        parameter
        for parameter in inspect.signature(rule).parameters.values()
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
        and parameter.default is parameter.empty
    ]
    if len(wanted) == 1:
        return rule(CurrentUser.get())
    return rule(*(right, root, None)[: len(wanted)])


class CurrentUser:
    """Where a right of one parameter finds the user; installed by the package, because rights come after items."""

    get: Callable[[], Any] = staticmethod(lambda: None)
