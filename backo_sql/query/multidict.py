"""A query string as a filter in Python form, without knowledge of any collection.

In: pairs of key and text. Out: the dict that `Collection.select` and `match` take. It is kept for code written for
backo: numbers are recognised by their look, because nothing says what type a field has. The routes read query strings
by `parse_args`, which knows the types.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from .parse_args import is_parameter

_INTEGER = re.compile(r"[+-]?[0-9]{1,400}")
_FLOAT = re.compile(r"[+-]?([0-9]{1,400}(\.[0-9]{0,400})?|\.[0-9]{1,400})([eE][+-]?[0-9]{1,2})?")


def multidict_to_filter(pairs: Any) -> dict[str, Any]:
    """Turn a query string into a filter.

    Args:
        pairs: a `MultiDict`, or the pairs of key and text in order. Parameters such as `_page` are left out.

    Returns:
        The filter: dotted keys are nested, `.$op` makes an operation, several operations on one path must all hold,
        and the values of a repeated key are a list.

    Example:
        >>> multidict_to_filter([("a", "1"), ("b.c.$re", "in")])
        {'a': 1, 'b': {'c': ('$re', 'in')}}
    """
    values: dict[str, list[Any]] = {}
    for key, text in _pairs(pairs):
        if not is_parameter(key):
            values.setdefault(key, []).append(_by_look(text))
    filters: dict[str, Any] = {}
    for key, found in values.items():
        for value in found if _operator(key) is not None else [_together(found)]:
            append_path_to_filter(filters, key, value)
    return filters


def append_path_to_filter(filters: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    """Put one condition into a filter, in place.

    Args:
        filters: the filter.
        key: a dotted path, which may end with an operator.
        value: what the field is compared with.

    Returns:
        The filter.

    Example:
        >>> append_path_to_filter({"age": ("$gt", 1)}, "age.$lt", 9)
        {'age': ('$and', [('$gt', 1), ('$lt', 9)])}
    """
    operator = _operator(key)
    names = key.removeprefix("$.").split(".")
    if operator is not None:
        names.pop()
        value = (operator, value)
    if not names:
        filters[key] = value[1]
        return filters
    holder = filters
    for name in names[:-1]:
        inner = holder.get(name)
        if not isinstance(inner, dict):
            inner = holder[name] = {}
        holder = inner
    holder[names[-1]] = _joined(holder.get(names[-1]), value) if operator is not None else value
    return filters


def _joined(before: Any, operation: tuple[str, Any]) -> Any:
    """Join an operation with those that the path has already; a plain value gives way to it."""
    if not isinstance(before, tuple):
        return operation
    if before[0] == "$and":
        return ("$and", [*before[1], operation])
    return ("$and", [before, operation])


def _operator(key: str) -> str | None:
    last = key.removeprefix("$.").rpartition(".")[2]
    return last if last.startswith("$") else None


def _together(values: list[Any]) -> Any:
    if len(values) == 1:
        return values[0]
    if len(values) == 2 and isinstance(values[0], str) and values[0].startswith("$"):
        return tuple(values)
    return values


def _by_look(text: str) -> Any:
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _pairs(pairs: Any) -> Iterable[tuple[str, str]]:
    if hasattr(pairs, "getlist"):  # a MultiDict, whose plain `items` leaves repeats out
        pairs = pairs.items(multi=True)
    elif hasattr(pairs, "items"):
        pairs = pairs.items()
    return [(str(key), str(text)) for key, text in pairs]
