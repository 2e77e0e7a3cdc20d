"""What changing the references of one item does to the other side: attach, detach, steal, refuse.

In: the references of an item as they were and as they shall be. Out: the statements on whatever stores the links. The
item's own columns are not written here.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import Fault
from ..model.model import Model, Side
from ..model.paths import Path
from ..model.relations import Relation, RelationKind
from ..storage.interface import Link
from .targets import Sessions, join


@dataclass(frozen=True, slots=True)
class ReferenceChange:
    """One reference field of an item, before and after: an id or `None`, or a list of ids."""

    path: Path
    before: Any
    after: Any


def steal(unit: Sessions, model: Model, collection: str, identifier: str, changes: Sequence[ReferenceChange]) -> None:
    """Free the partners of one-to-one links that are about to be taken. Call it before the item's own row is written.

    Raises:
        Fault: the partner's present holder must not be left without one.
    """
    faults = []
    for change in changes:
        side = model.sides[collection][change.path]
        if side.relation.kind is RelationKind.ONE_TO_ONE and side.is_owner and change.after is not None:
            try:
                _steal_target(unit, side.relation, identifier, change.after)
            except Fault as fault:
                faults.append(fault.under(*change.path))
    if faults:
        raise join(faults)


def apply(unit: Sessions, model: Model, collection: str, identifier: str, changes: Sequence[ReferenceChange]) -> None:
    """Write the links that are stored elsewhere than in the item's own row. Call it when that row is there.

    Raises:
        Fault: an item on the other side must not be left without its link.
    """
    faults = []
    for change in changes:
        side = model.sides[collection][change.path]
        try:
            if side.relation.kind is RelationKind.MANY_TO_MANY:
                _change_links(unit, side, identifier, change.before or [], change.after or [])
            elif not side.is_owner:
                _change_pointers(unit, side, identifier, change)
        except Fault as fault:
            faults.append(fault.under(*change.path))
    if faults:
        raise join(faults)


def references(model: Model, collection: str, values: Mapping[Path, Any]) -> list[ReferenceChange]:
    """Return the references of a new item: each was nothing before."""
    return [
        ReferenceChange(path, None, values[path])
        for path in model.sides[collection]
        if path in values and values[path] not in (None, [])
    ]


def _steal_target(unit: Sessions, relation: Relation, identifier: str, target: str) -> None:
    session = unit.session(relation.owner.collection)
    holders = [
        holder
        for holder in session.linked(relation, [target], from_owner=False).get(target, [])
        if holder != identifier
    ]
    _leave(unit, relation, holders, target)


def _leave(unit: Sessions, relation: Relation, owners: Sequence[str], target: str) -> None:
    """Make owners point to nothing; refused where they must point to something."""
    if not owners:
        return
    if relation.required:
        raise Fault(
            f"Would leave {_count(owners)} of {relation.owner.collection!r} without the required {relation.owner}."
        )
    unit.session(relation.owner.collection).detach(relation, owners, target)


def _change_pointers(unit: Sessions, side: Side, identifier: str, change: ReferenceChange) -> None:
    relation = side.relation
    before = _as_list(change.before)
    after = _as_list(change.after)
    kept = set(before) & set(after)
    _leave(unit, relation, [each for each in before if each not in kept], identifier)
    added = [each for each in after if each not in kept]
    if added:
        unit.session(relation.owner.collection).point(relation, added, identifier)


def _change_links(unit: Sessions, side: Side, identifier: str, before: list[str], after: list[str]) -> None:
    relation = side.relation
    session = unit.session(relation.owner.collection)
    kept = set(before) & set(after)
    removed = [each for each in before if each not in kept]
    if removed:
        session.unlink(relation, identifier, removed, from_owner=side.is_owner)
    # Positions only need an order: "now" is behind all that were given before, so adding reads nothing.
    first = time.time_ns()
    added = [each for each in after if each not in kept]
    if added:
        links = [
            Link(identifier, other, first + place, first)
            if side.is_owner
            else Link(other, identifier, first, first + place)
            for place, other in enumerate(added)
        ]
        session.link(relation, links)
    if after != [each for each in before if each in kept] + added:
        session.reorder(relation, identifier, after, first, from_owner=side.is_owner)


def _as_list(value: Any) -> list[str]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _count(identifiers: Sequence[str]) -> str:
    return f"{len(identifiers)} item{'' if len(identifiers) == 1 else 's'}"
