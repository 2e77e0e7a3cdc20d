"""PATCH: a list of operations on the fields of one item.

In: operations `{"op", "path", "value"}` and an item. Out: the item, changed; it is saved by whoever called. A wrong
operation is a `ValidationError` that names its place in the list.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..errors import BackoError, PathKeys, ValidationError, format_path
from .containers import Dict, _Sequence
from .item import Item

_STEP = re.compile(r"\.([A-Za-z_][A-Za-z0-9_]*)|\[(-?[0-9]{1,9})\]")
_OPERATIONS = ("test", "replace", "remove", "add")


def patch(item: Item, operations: Any) -> None:
    """Apply one operation or a list of them, in order.

    Raises:
        ValidationError: an operation is malformed, leads nowhere, or its value is refused.
    """
    several = operations if isinstance(operations, list) else [operations]
    for position, operation in enumerate(several):
        where = f"$[{position}]" if isinstance(operations, list) else "$"
        _apply(item, operation, where)


def _apply(item: Item, operation: Any, where: str) -> None:
    if not isinstance(operation, Mapping):
        raise ValidationError({where: ["Must be an object with 'op', 'path' and 'value'."]})
    faults = {f"{where}.{name}": ["Unknown field."] for name in operation if name not in ("op", "path", "value")}
    op, path = operation.get("op"), operation.get("path")
    if op not in _OPERATIONS:
        faults[f"{where}.op"] = [f"Must be one of: {', '.join(_OPERATIONS)}."]
    keys = _parse(path) if isinstance(path, str) else None
    if keys is None:
        faults[f"{where}.path"] = ["Must be a path such as $.name or $.tags[0]."]
    if faults or keys is None:
        raise ValidationError(faults)
    if op in ("add", "replace", "test") and "value" not in operation:
        raise ValidationError({f"{where}.value": ["Is required."]})
    value = operation.get("value")
    try:
        match op:
            case "test":
                _test(item, keys, value)
            case "replace":
                _replace(item, keys, value)
            case "add":
                _add(item, keys, value)
            case _:
                _remove(item, keys, value)
    except IndexError:
        raise ValidationError({f"{where}.path": [f"{format_path(keys)} leads past the end of the list."]}) from None
    except _AstrayError as astray:
        raise ValidationError({f"{where}.{astray.part}": [str(astray)]}) from None


class _AstrayError(BackoError):
    """An operation that can't be done there."""

    def __init__(self, message: str, part: str = "path") -> None:
        super().__init__(message)
        self.part = part


def _parse(text: str) -> PathKeys | None:
    if not text.startswith("$") or len(text) > 1000:
        return None
    keys: list[str | int] = []
    position = 1
    while position < len(text):
        step = _STEP.match(text, position)
        if step is None:
            return None
        keys.append(step.group(1) if step.group(1) is not None else int(step.group(2)))
        position = step.end()
    return tuple(keys)


def _find(item: Item, keys: PathKeys) -> Any:
    current: Any = item
    for depth, key in enumerate(keys):
        if isinstance(key, int):
            if not isinstance(current, _Sequence):
                raise _AstrayError(f"{format_path(keys[:depth])} is no list.")
            current = current[key]
        elif isinstance(current, Dict) and key in current._type.fields:
            current = getattr(current, key)
        else:
            raise _AstrayError(f"{format_path(keys[: depth + 1])} leads to no field.")
    return current


def _test(item: Item, keys: PathKeys, value: Any) -> None:
    if item._type.dump_at(keys, _find(item, keys)) != value:
        raise _AstrayError(f"{format_path(keys)} has another value.", part="value")


def _replace(item: Item, keys: PathKeys, value: Any) -> None:
    if not keys:
        item.set(value)
        return
    found = _find(item, keys)
    holder = _find(item, keys[:-1])
    last = keys[-1]
    if isinstance(last, int):
        holder[last] = value
    elif isinstance(found, Dict) and value is not None:
        found.set(value)
    else:
        setattr(holder, last, value)


def _add(item: Item, keys: PathKeys, value: Any) -> None:
    found = _find(item, keys)
    if not isinstance(found, _Sequence):
        raise _AstrayError(f"{format_path(keys)} is no list: nothing can be added to it.", part="op")
    found.append(value)


def _remove(item: Item, keys: PathKeys, value: Any) -> None:
    if not keys:
        raise _AstrayError("The item itself can't be removed by PATCH: use DELETE.", part="op")
    found = _find(item, keys)
    last = keys[-1]
    if isinstance(found, _Sequence) and isinstance(value, int) and not isinstance(value, bool):
        del found[value]
    elif isinstance(last, int):
        del _find(item, keys[:-1])[last]
    else:
        setattr(_find(item, keys[:-1]), last, [] if isinstance(found, _Sequence) else None)
