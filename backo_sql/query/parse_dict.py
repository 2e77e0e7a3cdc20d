"""A filter written as Python: `{"path": value, "path": (operator, value), "dict": {"field": value}}`.

In: dicts, tuples and values, nested. Out: conditions as they were written, not yet looked up. What can't be
understood is a `QueryError`; for `match`, which never raises, it is a condition that nothing satisfies.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import QueryError
from ..model.paths import Path, parse_path
from ..types.values import plain
from .ast import (
    COMBINATORS,
    FALSE,
    OPERATORS,
    And,
    Anything,
    Combinator,
    Condition,
    Contains,
    Listed,
    Not,
    Operator,
    Or,
    Parsed,
)
from .limits import MAX_CONDITIONS, MAX_DEPTH

_SHOWN = 64  # how much of what a client wrote a message repeats


def parse_filter(filters: Any) -> list[Parsed]:
    """Read a filter; `None` and `{}` ask for everything.

    Args:
        filters: a dict by path, or a combination such as `("$or", [{...}, {...}])`.

    Returns:
        The conditions, all of which must hold.

    Raises:
        QueryError: naming what can't be understood.
    """
    return Parser().whole(filters)


def parse_match(filters: Any) -> Parsed:
    """Read a filter for a value of any kind; what can't be understood is never satisfied."""
    return Parser(forgiving=True).at((), filters)


class Parser:
    """Reads one filter.

    Args:
        lists_are_tuples: a list of two that begins with a known operator is an operation, as in JSON.
        forgiving: what can't be understood becomes a condition that nothing satisfies.
    """

    def __init__(self, *, lists_are_tuples: bool = False, forgiving: bool = False) -> None:
        self._lists_are_tuples = lists_are_tuples
        self._forgiving = forgiving
        self._conditions = 0
        self._depth = 0

    def whole(self, filters: Any) -> list[Parsed]:
        """Read the filter of a collection."""
        if filters is None:
            return []
        if not isinstance(filters, Mapping) and not self._is_operation(filters):
            raise QueryError(f"A filter is a dict of conditions by path, not {type(filters).__name__}.")
        parsed = self.at((), filters)
        return list(parsed.parts) if isinstance(parsed, And) else [parsed]

    def at(self, path: Path, value: Any) -> Parsed:
        """Read what is asked of the field at a path."""
        self._conditions += not (isinstance(value, Mapping) and value)
        self._depth += 1
        if self._depth > MAX_DEPTH:
            parsed = self._wrong(f"The filter is nested more than {MAX_DEPTH} levels deep.")
        elif self._conditions > MAX_CONDITIONS:
            parsed = self._too_many()
        else:
            parsed = self._at(path, plain(value))
        self._depth -= 1
        return parsed

    def _at(self, path: Path, value: Any) -> Parsed:
        if isinstance(value, Mapping):
            if not value and path:
                return Anything(path)
            return And(tuple(self._entry(path, key, each) for key, each in value.items()))
        if self._is_operation(value):
            return self._operation(path, value)
        if isinstance(value, list):
            return Listed(path, tuple(self.at((), each) for each in value), unwraps=self._lists_are_tuples)
        return Condition(path, Operator.EQ, value)

    def _entry(self, path: Path, key: Any, value: Any) -> Parsed:
        if not isinstance(key, str):
            return self._wrong(f"A filter has texts as keys, not {key!r}.")
        if _is_operator(key):
            return self._operation(path, (key, value))
        names = parse_path(key)
        if len(names) > 1 and names[-1].startswith("$"):
            return self._operation((*path, *names[:-1]), (names[-1], value))
        return self.at((*path, *names), value)

    def _is_operation(self, value: Any) -> bool:
        if isinstance(value, tuple):
            return bool(value) and isinstance(value[0], str) and _is_operator(value[0])
        return (
            self._lists_are_tuples
            and isinstance(value, list)
            and len(value) == 2
            and isinstance(value[0], str)
            and (value[0] in OPERATORS or value[0] in COMBINATORS)
        )

    def _operation(self, path: Path, value: Any) -> Parsed:
        if len(value) != 2:
            return self._wrong(
                f"The condition on {_name(path)} must be a value or (operator, value), not {value!r:.{_SHOWN}}."
            )
        name, operand = value
        if name in COMBINATORS:
            return self._combination(path, COMBINATORS[name], operand)
        operator = OPERATORS.get(name)
        if operator is None:
            known = ", ".join([*OPERATORS, *COMBINATORS])
            return self._wrong(f"There is no operator {name[:_SHOWN]!r}. Known: {known}.")
        return self._condition(path, operator, plain(operand))

    def _condition(self, path: Path, operator: Operator, operand: Any) -> Parsed:
        match operator:
            case Operator.CONTAINS:
                return Contains(path, self.at((), operand))
            case Operator.IN | Operator.NIN:
                if not isinstance(operand, list | tuple | set | frozenset):
                    return self._wrong(f"The operator {operator.value!r} on {_name(path)} takes a list of values.")
                return Condition(path, operator, [plain(each) for each in operand])
            case Operator.EQ | Operator.NE if isinstance(operand, list):
                self._conditions += len(operand)
                if self._conditions > MAX_CONDITIONS:
                    return self._too_many()
                parts = tuple(Condition((), Operator.EQ, plain(each)) for each in operand)
                return Listed(path, parts, negated=operator is Operator.NE)
            case Operator.EQ | Operator.NE if isinstance(operand, Mapping):
                parsed = self.at(path, operand)
                return parsed if operator is Operator.EQ else Not(parsed)
            case _:
                return Condition(path, operator, operand)

    def _combination(self, path: Path, combinator: Combinator, operand: Any) -> Parsed:
        if combinator is Combinator.NOT:
            return Not(self._member(path, operand))
        if not isinstance(operand, list | tuple):
            return self._wrong(f"The operator {combinator.value!r} takes a list of conditions.")
        parts = tuple(self._member(path, each) for each in operand)
        return And(parts) if combinator is Combinator.AND else Or(parts)

    def _member(self, path: Path, value: Any) -> Parsed:
        """Read one of the conditions of a combination, which may be a pair of a key and what is asked of it."""
        is_pair = isinstance(value, tuple) or (self._lists_are_tuples and isinstance(value, list) and not path)
        if is_pair and len(value) == 2 and isinstance(value[0], str) and not _is_operator(value[0]):
            value = {value[0]: value[1]}
        return self.at(path, value)

    def _too_many(self) -> Parsed:
        return self._wrong(f"The filter has more than {MAX_CONDITIONS} conditions.")

    def _wrong(self, message: str) -> Parsed:
        if self._forgiving:
            return FALSE
        raise QueryError(message)


def _is_operator(name: str) -> bool:
    """Tell an operator from a path that is written as a selector."""
    return name.startswith("$") and not name.startswith("$.")


def _name(path: Path) -> str:
    return repr(".".join(path)[:_SHOWN]) if path else "the value itself"
