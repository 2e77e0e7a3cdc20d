"""What deleting items takes with it, planned before anything is done.

In: a collection and ids. Out: a `DeletePlan`, or a `NotEmptyError` that names everything in the way at once. The walk
goes level by level, one question per relation and level, and remembers what it has seen, so that cycles end and
depth costs no recursion.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ..errors import NotEmptyError
from ..model.model import Model
from ..model.relations import Relation, RelationKind
from ..types.reference import DeleteStrategy
from .required import must_be_linked
from .targets import Sessions


@dataclass(frozen=True, slots=True)
class Inward:
    """A relation, seen from an item that is about to go.

    Attributes:
        relation: what links it.
        is_owner: the item that goes is on the owner's side.
    """

    relation: Relation
    is_owner: bool

    @property
    def strategy(self) -> DeleteStrategy:
        """What the going of the item means for the items on the other side."""
        return self.relation.on_owner_delete if self.is_owner else self.relation.on_target_delete

    @property
    def other(self) -> str:
        """The collection on the other side."""
        return self.relation.target if self.is_owner else self.relation.owner.collection

    @property
    def is_many_to_many(self) -> bool:
        """The links are rows of their own."""
        return self.relation.kind is RelationKind.MANY_TO_MANY

    @property
    def must_stay(self) -> bool:
        """Items on the other side that stay keep this one from going."""
        if self.strategy is DeleteStrategy.MUST_BE_EMPTY:
            return True
        return (
            self.strategy is DeleteStrategy.UNLINK_REFERENCED_ITEMS
            and not self.is_many_to_many
            and self.relation.required
        )


@dataclass(slots=True)
class DeletePlan:
    """What a deletion does, in order.

    Attributes:
        released: to-one links whose owners stay and point to nothing afterwards, with the targets that go.
        unlinked: many-to-many links that no foreign key takes away, with the items that go.
        deleted: collections and ids, what was found last first.
    """

    released: list[tuple[Relation, list[str]]] = field(default_factory=list)
    unlinked: list[tuple[Inward, list[str]]] = field(default_factory=list)
    deleted: list[tuple[str, list[str]]] = field(default_factory=list)


def plan_delete(unit: Sessions, model: Model, collection: str, identifiers: Sequence[str]) -> DeletePlan:
    """Find what goes with these items.

    Raises:
        NotEmptyError: items that stay refer to some that would go; it counts them by reference.
    """
    plan = DeletePlan()
    doomed: dict[str, set[str]] = defaultdict(set)
    in_the_way: list[tuple[Inward, set[str]]] = []
    level = {collection: list(identifiers)}
    while level:
        following: dict[str, set[str]] = defaultdict(set)
        for name, ids in level.items():
            doomed[name].update(ids)
            plan.deleted.append((name, ids))
        for name, ids in level.items():
            for inward in _inward(model, name):
                others = _visit(unit, plan, inward, ids)
                if inward.strategy is DeleteStrategy.DELETE_REFERENCED_ITEMS:
                    following[inward.other] |= others
                elif others:
                    in_the_way.append((inward, others))
        level = {name: sorted(ids - doomed[name]) for name, ids in following.items() if ids - doomed[name]}
    _refuse(in_the_way, doomed, _left_without(unit, model, doomed))
    plan.deleted.reverse()
    return plan


def carry_out(unit: Sessions, plan: DeletePlan) -> None:
    """Do what a plan says."""
    for relation, targets in plan.released:
        unit.session(relation.owner.collection).release(relation, targets)
    for inward, ids in plan.unlinked:
        unit.session(inward.relation.owner.collection).unlink_all(inward.relation, ids, from_owner=inward.is_owner)
    for collection, ids in plan.deleted:
        unit.session(collection).delete(collection, ids)


def _inward(model: Model, collection: str) -> Iterator[Inward]:
    for relation in model.inbound[collection]:
        yield Inward(relation, is_owner=False)
    for relation in model.owned[collection]:
        if relation.kind is RelationKind.MANY_TO_MANY:
            yield Inward(relation, is_owner=True)


def _visit(unit: Sessions, plan: DeletePlan, inward: Inward, ids: list[str]) -> set[str]:
    """Note what one relation means for items that go; return the items on its other side where they matter."""
    relation = inward.relation
    if inward.strategy is DeleteStrategy.UNLINK_REFERENCED_ITEMS and not inward.must_stay:
        if not inward.is_many_to_many:  # rows of a many-to-many link go with the item by their own foreign key
            plan.released.append((relation, ids))
        return set()
    linked = unit.session(relation.owner.collection).linked(relation, ids, from_owner=inward.is_owner)
    if inward.is_many_to_many and inward.must_stay and linked:
        # Only what was seen: a link that comes meanwhile is for the foreign key to refuse.
        plan.unlinked.append((inward, sorted(linked)))
    return {other for others in linked.values() for other in others}


def _left_without(unit: Sessions, model: Model, doomed: dict[str, set[str]]) -> dict[tuple[str, str], int]:
    """Count the items that stay and would lose the last link that they must have, by collection and reference."""
    counts: dict[tuple[str, str], int] = {}
    for relation in model.relations:
        for is_owner in (True, False):
            end = relation.owner if is_owner else relation.inverse
            going = doomed.get(relation.target if is_owner else relation.owner.collection)
            # An owner of a to-one link that must point to something is in the way by its strategy already.
            by_strategy = is_owner and relation.kind is not RelationKind.MANY_TO_MANY
            if end is None or not going or by_strategy or not must_be_linked(relation, is_owner=is_owner):
                continue
            session = unit.session(relation.owner.collection)
            losing = {
                other
                for others in session.linked(relation, sorted(going), from_owner=not is_owner).values()
                for other in others
            }
            losing -= doomed.get(end.collection, set())
            if losing:
                unit.session(end.collection).lock(end.collection, sorted(losing))
                linked = session.linked(relation, sorted(losing), from_owner=is_owner)
                empty = sum(1 for each in losing if going.issuperset(linked.get(each, [])))
                if empty:
                    counts[(end.collection, str(end))] = empty
    return counts


def _refuse(
    in_the_way: Iterable[tuple[Inward, set[str]]],
    doomed: dict[str, set[str]],
    left_without: dict[tuple[str, str], int],
) -> None:
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for inward, others in in_the_way:
        staying = len(others - doomed[inward.other])
        if staying:
            end = inward.relation.inverse if inward.is_owner else inward.relation.owner
            counts[(inward.other, str(end) if end is not None else f"the list {inward.relation.owner}")] += staying
    told = [f"{count} of {other!r} (by {reference})" for (other, reference), count in counts.items()]
    told += [f"{count} of {other!r} (the last of {reference})" for (other, reference), count in left_without.items()]
    if told:
        raise NotEmptyError(f"Cannot be deleted: items are linked to it and would be left behind: {'; '.join(told)}.")
