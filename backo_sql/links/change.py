"""What changing the references of one item does to the other side: attach, detach, steal, refuse.

In: the references of an item as they were and as they shall be. Out: the statements on whatever stores the links. The
item's own columns are not written here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import Fault
from ..model.model import Model, Side
from ..model.paths import Path, path_text
from ..model.relations import Relation, RelationKind
from ..storage.interface import Link
from .required import check_still_linked, left_behind, must_be_linked
from .sessions import Sessions


@dataclass(frozen=True, slots=True)
class ReferenceChange:
    """One reference field of an item, before and after: an id or `None`, or a list of ids."""

    path: Path
    before: Any
    after: Any


def touches_itself(model: Model, collection: str, identifier: str, changes: Sequence[ReferenceChange]) -> bool:
    """Tell whether an item is on both sides of a link that changed, so that its other fields change with it."""
    return any(
        model.sides[collection][change.path].other == collection
        and identifier in (*_as_list(change.before), *_as_list(change.after))
        for change in changes
    )


def references(model: Model, collection: str, values: Mapping[Path, Any]) -> list[ReferenceChange]:
    """Return the references of a new item: each was nothing before."""
    return [
        ReferenceChange(path, None, values[path])
        for path in model.sides[collection]
        if path in values and values[path] not in (None, [])
    ]


def steal(unit: Sessions, model: Model, collection: str, identifier: str, changes: Sequence[ReferenceChange]) -> None:
    """Free the partners of one-to-one links that are about to be taken. Call it before the item's own row is written.

    Raises:
        Fault: the partner's present holder must not be left without one; or two fields of the item that face each other
            contradict each other.
    """
    if not changes:
        return
    _refuse_contradictions(model, collection, identifier, changes)

    def free(side: Side, change: ReferenceChange) -> None:
        if side.relation.kind is RelationKind.ONE_TO_ONE and side.is_owner and change.after is not None:
            linked = unit.session(collection).linked(side.relation, [change.after], from_owner=False)
            holders = [holder for holder in linked.get(change.after, []) if holder != identifier]
            _leave(unit, side.relation, holders, change.after)

    _each(model, collection, changes, free)


def apply(unit: Sessions, model: Model, collection: str, identifier: str, changes: Sequence[ReferenceChange]) -> None:
    """Write the links that are stored elsewhere than in the item's own row. Call it when that row is there.

    Raises:
        Fault: an item on the other side must not be left without its link.
    """

    def write(side: Side, change: ReferenceChange) -> None:
        if side.relation.kind is RelationKind.MANY_TO_MANY:
            _change_links(unit, side, identifier, change.before or [], change.after or [])
        elif side.relation.in_elements:
            _refuse_from_afar(side.relation, change)
        elif side.is_owner:
            check_still_linked(unit, side.relation, _as_list(change.before), is_owner=False)
        else:
            _change_pointers(unit, side, identifier, change)

    _each(model, collection, changes, write)


def _each(
    model: Model,
    collection: str,
    changes: Sequence[ReferenceChange],
    act: Callable[[Side, ReferenceChange], None],
) -> None:
    """Act on every change; all faults leave together, each at the path of its field."""
    faults = []
    for change in changes:
        try:
            act(model.sides[collection][change.path], change)
        except Fault as fault:
            faults.append(fault.under(*change.path))
    if faults:
        raise Fault.join(faults)


def _refuse_contradictions(model: Model, collection: str, identifier: str, changes: Sequence[ReferenceChange]) -> None:
    """Refuse two fields that face each other in one item when only one of them names the item itself."""
    names_itself = {
        change.path: identifier in _as_list(change.after)
        for change in changes
        if model.sides[collection][change.path].other == collection
    }
    faults = []
    for path, named in names_itself.items():
        relation = model.sides[collection][path].relation
        facing = relation.owner if path != relation.owner.path else relation.inverse
        if facing is not None and names_itself.get(facing.path, named) != named:
            faults.append(
                Fault(f"Contradicts {path_text(facing.path)}: only one of them names this item.").under(*path)
            )
    if faults:
        raise Fault.join(faults)


def _leave(unit: Sessions, relation: Relation, owners: Sequence[str], target: str) -> None:
    """Make owners point to nothing; refused where they must point to something."""
    if not owners:
        return
    if relation.required:
        raise left_behind(relation, len(owners), is_owner=True)
    unit.session(relation.owner.collection).detach(relation, owners, target)


def _refuse_from_afar(relation: Relation, change: ReferenceChange) -> None:
    """Refuse a change of a list that is read from the elements of lists elsewhere: which of them is meant?"""
    if set(_as_list(change.before)) != set(_as_list(change.after)):
        raise Fault(f"Is read from {relation.owner}, in the elements of a list: change it there.")


def _change_pointers(unit: Sessions, side: Side, identifier: str, change: ReferenceChange) -> None:
    """Make other items point to this one, or no longer: the links are stored with them."""
    relation = side.relation
    before, after = _as_list(change.before), _as_list(change.after)
    session = unit.session(relation.owner.collection)
    if after and relation.kind is RelationKind.ONE_TO_ONE:  # somebody else may have come since this item was read
        before = session.linked(relation, [identifier], from_owner=False).get(identifier, [])
    known, wanted = frozenset(before), frozenset(after)
    removed = [each for each in before if each not in wanted]
    if removed and relation.required:  # somebody may have pointed them elsewhere since this item was read
        linked = session.linked(relation, removed, from_owner=True)
        removed = [each for each in removed if linked.get(each) == [identifier]]
    _leave(unit, relation, removed, identifier)
    added = [each for each in after if each not in known]
    if not added:
        check_still_linked(unit, relation, [identifier] if removed else [], is_owner=False)
        return
    losers: list[str] = []
    if must_be_linked(relation, is_owner=False):
        losers = sorted(
            {each for others in session.linked(relation, added, from_owner=True).values() for each in others}
        )
    session.point(relation, added, identifier)
    check_still_linked(unit, relation, losers, is_owner=False)


def _change_links(unit: Sessions, side: Side, identifier: str, before: list[str], after: list[str]) -> None:
    """Change the rows of a many-to-many link: only the difference is written."""
    relation = side.relation
    session = unit.session(relation.owner.collection)
    kept = set(before) & set(after)
    removed = [each for each in before if each not in kept]
    if removed:
        session.unlink(relation, identifier, removed, from_owner=side.is_owner)
        check_still_linked(unit, relation, removed, is_owner=not side.is_owner)
    # Positions only need an order: "now" is behind all that were given before, so adding reads nothing, and what
    # stands before the first that moved stays as it is.
    first = time.time_ns()
    moved = _behind_common([each for each in before if each in kept], after)
    links = [
        Link(identifier, other, first + place, first)
        if side.is_owner
        else Link(other, identifier, first, first + place)
        for place, other in enumerate(moved)
        if other not in kept
    ]
    if links:
        session.link(relation, links)
    # A link to itself may be there already: the field that faces this one was written before.
    if any(other in kept or other == identifier for other in moved):
        session.reorder(relation, identifier, moved, first, from_owner=side.is_owner)
    if removed and not links:  # somebody may have taken away the others since this item was read
        check_still_linked(unit, relation, [identifier], is_owner=side.is_owner)


def _behind_common(before: list[str], after: list[str]) -> list[str]:
    """Return what follows the common beginning of two lists in the second of them."""
    for place, (one, other) in enumerate(zip(before, after, strict=False)):
        if one != other:
            return after[place:]
    return after[len(before) :]


def _as_list(value: Any) -> list[str]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
