"""Plain trees of values, compared and changed in place.

The live containers are views of one tree of dicts and lists. Putting new values into the tree that is there, instead of
a new tree in its place, keeps every view of its parts valid.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..types.container import DictType
from ..types.values import identical


def overwrite(type_: DictType, raw: dict[str, Any], values: Mapping[str, Any]) -> None:
    """Put values into a tree in place, so that views of its parts stay valid."""
    for name, value in values.items():
        field = type_.fields[name]
        current = raw.get(name)
        if isinstance(field, DictType) and isinstance(current, dict) and value is not None:
            overwrite(field, current, value)
        elif not (field.view_type(current) is field.view_type(value) is not None and replace_in_place(current, value)):
            raw[name] = value


def replace_in_place(current: Any, value: Any) -> bool:
    """Give a list or a dict the content of another, in place at every depth, so that views of its parts stay valid.

    Returns:
        Whether it could be done: both must be lists, or both dicts.
    """
    if current is value:
        return isinstance(current, dict | list)
    if isinstance(current, dict) and isinstance(value, dict):
        before = dict(current)
        current.clear()
        for key, new in value.items():
            old = before.get(key)
            current[key] = old if replace_in_place(old, new) else new
        return True
    if isinstance(current, list) and isinstance(value, list):
        _replace_elements(current, value)
        return True
    return False


def _replace_elements(current: list[Any], value: list[Any]) -> None:
    """Change the elements that differ, and only them: the others stay the same objects where one is put in or out."""
    shorter = min(len(current), len(value))
    front = 0
    while front < shorter and identical(current[front], value[front]):
        front += 1
    back = 0
    while back < shorter - front and identical(current[-1 - back], value[-1 - back]):
        back += 1
    old, new = current[front : len(current) - back], value[front : len(value) - back]
    kept = [each if replace_in_place(each, other) else other for each, other in zip(old, new, strict=False)]
    current[front : len(current) - back] = [*kept, *new[len(kept) :]]


def differs(type_: DictType, raw: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    """Tell whether putting these values into a tree would change anything."""
    for name, value in values.items():
        field = type_.fields[name]
        current = raw.get(name)
        if isinstance(field, DictType) and isinstance(current, dict) and value is not None:
            if differs(field, current, value):
                return True
        elif name not in raw or not identical(current, value):
            return True
    return False
