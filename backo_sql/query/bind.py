"""Names become fields, texts become values: the stage after which nothing needs to be looked up or checked again.

In: conditions as written, and the description of a collection. Out: a bound filter. A path that leads nowhere, an
operator that the type lacks and a value that can't be of the type are a `QueryError` that names it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

from ..errors import Fault, QueryError
from ..model.description import Description, Leaf, find_field
from ..model.paths import Path
from ..types.base import FieldType
from ..types.container import DictType
from .ast import TRUE, And, Bound, Compare, Condition, OneOf, Operator

_SHOWN = 64  # how much of a client's text a message repeats


def bind(conditions: Iterable[Condition], description: Description) -> Bound:
    """Bind conditions to a collection; all of them must hold.

    Raises:
        QueryError: naming the path, the operator or the value at fault.
    """
    parts = tuple(_bind(condition, description) for condition in conditions)
    return And(parts) if parts else TRUE


def _bind(condition: Condition, description: Description) -> Bound:
    leaf = _find(condition.path, description)
    operator = condition.operator
    name = _shown(condition.path)
    if operator.value not in leaf.type.operators:
        known = ", ".join(sorted(leaf.type.operators)) or "none yet"
        raise QueryError(
            f"{name!r} is a {leaf.type.type_name()} and has no operator {operator.value!r}. It has: {known}."
        )
    if operator in (Operator.IN, Operator.NIN):
        values = tuple(_value(leaf.type, operand, condition.is_text, name) for operand in condition.operand)
        return OneOf(leaf, values, negated=operator is Operator.NIN)
    return Compare(leaf, operator, _value(leaf.type, condition.operand, condition.is_text, name))


def _find(path: Path, description: Description) -> Leaf:
    field = find_field(description.item, path)
    if field is None:
        raise QueryError(_unknown_path(path, description))
    if isinstance(field, DictType):
        raise QueryError(
            f"{_shown(path)!r} is a {field.type_name()}: name one of its fields: {', '.join(field.fields)}."
        )
    leaf = description.leaves[path]
    if not leaf.stored:
        raise QueryError(
            f"{_shown(path)!r} is stored on the other side of its link: filter the other collection by it."
        )
    return leaf


def _unknown_path(path: Path, description: Description) -> str:
    known = [".".join(path) for path in description.leaves]
    close = difflib.get_close_matches(_shown(path), known, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    return f"{description.name!r} has no field {_shown(path)!r}.{hint}"


def _value(field: FieldType[Any], operand: Any, is_text: bool, name: str) -> Any:
    if operand is None:
        return None
    try:
        return field.parse(operand) if is_text else field.convert(operand)
    except Fault as fault:
        raise QueryError(f"The value of {name!r} is refused: {fault.entries[0][1]}") from None


def _shown(path: Path) -> str:
    text = ".".join(path)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
