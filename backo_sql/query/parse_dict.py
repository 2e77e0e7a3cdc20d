"""A filter written as Python: `{"path": value, "path": (operator, value), "dict": {"field": value}}`.

In: the dict. Out: a list of `Condition`, not yet looked up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import QueryError
from ..model.paths import Path, parse_path
from ..types.base import plain
from .ast import OPERATORS, Condition, Operator


def parse_filter(filters: Mapping[str, Any] | None) -> list[Condition]:
    """Read a filter; `None` and `{}` ask for everything.

    Raises:
        QueryError: naming what can't be understood.
    """
    if filters is None:
        return []
    if not isinstance(filters, Mapping):
        raise QueryError(f"A filter is a dict of conditions by path, not {type(filters).__name__}.")
    return list(_walk(filters, ()))


def _walk(filters: Mapping[Any, Any], prefix: Path) -> Iterator[Condition]:
    for key, value in filters.items():
        if not isinstance(key, str):
            raise QueryError(f"A filter has texts as keys, not {key!r}.")
        path = (*prefix, *parse_path(key))
        if isinstance(value, Mapping):
            yield from _walk(value, path)
        elif isinstance(value, tuple):
            yield _operation(path, value)
        else:
            yield Condition(path, Operator.EQ, plain(value))


def _operation(path: Path, value: tuple[Any, ...]) -> Condition:
    if len(value) != 2 or not isinstance(value[0], str):
        raise QueryError(f"The condition on {'.'.join(path)!r} must be a value or (operator, value), not {value!r}.")
    operator = OPERATORS.get(value[0])
    if operator is None:
        raise QueryError(f"There is no operator {value[0]!r}. Known: {', '.join(OPERATORS)}.")
    operand = value[1]
    if operator in (Operator.IN, Operator.NIN) and not isinstance(operand, list | tuple | set | frozenset):
        raise QueryError(f"The operator {value[0]!r} on {'.'.join(path)!r} takes a list of values, not {operand!r}.")
    return Condition(path, operator, operand)
