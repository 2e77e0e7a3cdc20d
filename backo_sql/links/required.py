"""Items that must be linked to: a `RefsList(required=True)` holds at least one id, whichever side a change comes from.

In: a relation, a side of it, and the items on that side that lost a link. Out: a fault where one was left with none. It
is asked when the links are written, so that what the same change gives back counts.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import Fault
from ..model.relations import Relation
from .sessions import Sessions


def must_be_linked(relation: Relation, *, is_owner: bool) -> bool:
    """Tell whether the items on a side of a relation must be linked to at least one of the other."""
    return relation.required if is_owner else relation.inverse_required


def check_still_linked(unit: Sessions, relation: Relation, identifiers: Sequence[str], *, is_owner: bool) -> None:
    """Refuse a change that left items with none.

    Args:
        unit: gives the sessions.
        relation: whose links changed.
        identifiers: the items that lost a link.
        is_owner: they are on the owner's side.

    Raises:
        Fault: naming how many were left with none.
    """
    if not identifiers or not must_be_linked(relation, is_owner=is_owner):
        return
    collection = relation.owner.collection if is_owner else relation.target
    unit.session(collection).lock(collection, identifiers)  # two who each take one of the last two links
    linked = unit.session(relation.owner.collection).linked(relation, identifiers, from_owner=is_owner)
    empty = [identifier for identifier in identifiers if not linked.get(identifier)]
    if empty:
        raise left_behind(relation, len(empty), is_owner=is_owner)


def left_behind(relation: Relation, count: int, *, is_owner: bool) -> Fault:
    """Make the fault of items that would be left without a link that they must have."""
    end = relation.owner if is_owner else relation.inverse
    collection = relation.owner.collection if is_owner else relation.target
    items = "item" if count == 1 else "items"
    return Fault(f"Would leave {count} {items} of {collection!r} without the required {end}.")
