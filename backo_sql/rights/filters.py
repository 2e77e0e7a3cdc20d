"""What clients may filter and sort by: a value that the user may not see must not be found out by asking for it.

In: a filter or an order, bound. Out: nothing, or a `RightsError`. By a field whose `read` right is anything but a
plain yes clients neither filter nor sort at all: whether they may read it is known per item only, and which items
match, how many and in which order would tell. That goes for fields of linked items as well.
"""

from __future__ import annotations

from typing import Any

from ..errors import RightsError
from ..model.description import Description
from ..model.model import Model
from ..model.paths import Path
from ..query.ast import Across, And, Bound, Compare, Elements, Matches, Not, OneOf, Or, Some
from ..query.order import Order
from ..types.base import FieldType
from ..types.container import DictType


def check_filterable(where: Bound, description: Description, model: Model) -> None:
    """Refuse a filter that looks at fields which not everybody may read.

    Raises:
        RightsError: naming the field.
    """
    _check(where, description.item, model, ())


def check_sortable(order: Order, description: Description, model: Model) -> None:
    """Refuse an order that looks at fields which not everybody may read.

    Raises:
        RightsError: naming the field.
    """
    for term in order:
        holder: FieldType[Any] = description.item
        whole: Path = ()
        for hop in term.hops:
            _check_path(holder, hop.path, whole, "sorted by")
            holder, whole = model.descriptions[hop.side.other].item, (*whole, *hop.path)
        _check_path(holder, term.leaf.path, whole, "sorted by")


def _check(where: Bound, holder: FieldType[Any], model: Model, before: Path) -> None:
    match where:
        case And(parts) | Or(parts):
            for part in parts:
                _check(part, holder, model, before)
        case Not(part):
            _check(part, holder, model, before)
        case Compare(leaf) | OneOf(leaf) | Matches(leaf):
            _check_path(holder, leaf.path, before, "filtered")
        case Elements(leaf, parts):
            _check_path(holder, leaf.path, before, "filtered")
            for part in parts:
                _check(part, leaf.type.inner(0), model, (*before, *leaf.path))
        case Some(leaf, step, condition):
            _check_path(holder, leaf.path, before, "filtered")
            other = model.descriptions[step.side.other].item if isinstance(step, Across) else leaf.type.inner(0)
            _check(condition, other, model, (*before, *leaf.path))


def _check_path(holder: FieldType[Any], path: Path, before: Path, what: str) -> None:
    field, readable = holder, holder.options.rights.get("read", True)
    for name in path:
        if not isinstance(field, DictType) or name not in field.fields:
            break
        field = field.fields[name]
        readable = field.options.rights.get("read", readable)
    if readable is not True:
        raise RightsError(f"{'.'.join((*before, *path))!r} can't be {what}: not everybody may read it.")
