"""Plain values: taken out of live objects, copied, compared."""

from __future__ import annotations

import copy
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any


class Kept:
    """A value that this very field accepted before: it is taken as it is, not transformed again."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


def copy_values(values: Any) -> Any:
    """Return an independent copy of plain values; what can't change is shared."""
    kind = type(values)
    if kind in _UNCHANGING:
        return values
    if kind is dict:
        return {name: copy_values(value) for name, value in values.items()}
    if kind is list:
        return [copy_values(value) for value in values]
    return copy.deepcopy(values)


_UNCHANGING = frozenset({str, int, float, bool, type(None), bytes, datetime, date, time, Decimal})

#: what has no live form: what a client sends is of these
_PLAIN = _UNCHANGING | {dict, list}


def plain(value: Any) -> Any:
    """Return the plain Python value of a live object or a stand-alone field; anything else as it is.

    An item stands for its id.
    """
    if type(value) in _PLAIN:
        return value
    if getattr(type(value), "_stands_for_its_id", False):
        return value._known_id()
    get_value = getattr(type(value), "get_value", None)
    return value.get_value() if get_value is not None else value


def identical(one: Any, other: Any) -> bool:
    """Tell whether two plain values are equal and of the same types at every depth: `1`, `1.0` and `True` are not."""
    if type(one) is not type(other) or one != other:
        return False
    if isinstance(one, dict):
        return all(identical(value, other[key]) for key, value in one.items())
    if isinstance(one, list | tuple):
        return all(map(identical, one, other))
    return True
