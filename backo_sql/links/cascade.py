"""What deleting items takes with it, planned before anything is done.

In: a route, a collection and ids. Out: a `DeletePlan`, or a `NotEmptyError` that names everything in the way at once.
The walk goes level by level, one question per relation and level, and remembers what it has seen, so that cycles end
and depth costs no recursion. What the database does alone (`routes.py`) is neither asked for nor planned.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ..errors import NotEmptyError
from ..model.model import Model
from ..model.relations import Relation
from ..types.reference import DeleteStrategy
from .late import bereft, blocked
from .routes import Inward, Route
from .sessions import LateBlocker, LateLoser, Sessions

#: how many levels go in one statement: SQLite cascades 1,000 levels deep, and within a statement in an order of its own
_LEVELS = 500


@dataclass(slots=True)
class DeletePlan:
    """What a deletion does, in order.

    Attributes:
        released: to-one links whose owners stay and point to nothing afterwards, with the targets that go.
        unlinked: many-to-many links that no foreign key takes away, with the items that go.
        met_again: to-one links that lead back up, from a level below to owners that were found before.
        levels: what goes, by collection: first what was asked for, then what goes with it, and so on.
    """

    released: list[tuple[Relation, list[str]]] = field(default_factory=list)
    unlinked: list[tuple[Inward, list[str]]] = field(default_factory=list)
    met_again: list[tuple[Relation, list[str]]] = field(default_factory=list)
    levels: list[dict[str, list[str]]] = field(default_factory=list)

    def items(self) -> Iterator[tuple[str, list[str]]]:
        """Visit the collections and ids of what goes, what was asked for first."""
        for level in self.levels:
            yield from level.items()


def plan_delete(unit: Sessions, model: Model, route: Route, collection: str, identifiers: Sequence[str]) -> DeletePlan:
    """Find what goes with these items.

    Raises:
        NotEmptyError: items that stay refer to some that would go; it counts them by reference.
    """
    plan = DeletePlan()
    doomed: dict[str, set[str]] = defaultdict(set)
    in_the_way: list[tuple[Inward, dict[str, list[str]]]] = []
    level = {collection: list(identifiers)}
    while level:
        following: dict[str, set[str]] = defaultdict(set)
        for name, ids in level.items():
            doomed[name].update(ids)
        plan.levels.append(level)
        for name, ids in level.items():
            for inward in route.inward[name]:
                linked = _visit(unit, plan, inward, ids)
                if inward.takes_along:
                    others = {other for each in linked.values() for other in each}
                    following[inward.other] |= others
                    if not inward.is_many_to_many and (again := others & doomed[inward.other]):
                        plan.met_again.append((inward.relation, sorted(again)))
                elif linked:
                    in_the_way.append((inward, linked))
        level = {name: sorted(ids - doomed[name]) for name, ids in following.items() if ids - doomed[name]}
    if in_the_way or any(route.leaves_without[name] for name in doomed):
        _refuse(unit, model, _blockers(in_the_way, doomed), _losers(unit, route, doomed))
    return plan


def carry_out(unit: Sessions, plan: DeletePlan) -> int:
    """Do what a plan says.

    Returns:
        How many items were deleted by our own statements; the database's cascades may have been before them.
    """
    for relation, targets in plan.released:
        unit.session(relation.owner.collection).release(relation, targets)
    for inward, ids in plan.unlinked:
        unit.session(inward.relation.owner.collection).unlink_all(inward.relation, ids, from_owner=inward.is_owner)
    if len(plan.levels) > _LEVELS:
        _cut_rings(unit, plan)
    deleted = 0
    for end in range(len(plan.levels), 0, -_LEVELS):
        together: dict[str, list[str]] = {}
        for level in reversed(plan.levels[max(0, end - _LEVELS) : end]):
            for collection, ids in level.items():
                together.setdefault(collection, []).extend(ids)
        for collection, ids in together.items():
            deleted += unit.session(collection).delete(collection, sorted(ids))
    return deleted


def _cut_rings(unit: Sessions, plan: DeletePlan) -> None:
    """Let no cascade begin again at the top: what is deleted first takes along what was found last, and no more."""
    tops: dict[str, str] = {}
    for collection, ids in plan.items():
        tops.setdefault(collection, ids[0])
    for relation, owners in plan.met_again:
        unit.session(relation.owner.collection).point(relation, owners, tops[relation.target])


def _visit(unit: Sessions, plan: DeletePlan, inward: Inward, ids: list[str]) -> dict[str, list[str]]:
    """Note what one relation means for items that go; return its links where they matter."""
    relation = inward.relation
    if inward.strategy is DeleteStrategy.UNLINK_REFERENCED_ITEMS and not inward.must_stay:
        plan.released.append((relation, ids))
        return {}
    session = unit.session(relation.owner.collection)
    # What goes too is locked with its link: nobody is to move it elsewhere meanwhile.
    linked = session.linked(relation, ids, from_owner=inward.is_owner, lock=inward.takes_along)
    if inward.is_many_to_many and inward.must_stay and linked:
        # Only what was seen: a link that comes meanwhile is for the foreign key to refuse.
        plan.unlinked.append((inward, sorted(linked)))
    return linked


@dataclass(slots=True)
class _Blockers:
    """Items that stay and refer, by one relation, to some that go; `gone` are the latter."""

    staying: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)


def _blockers(
    in_the_way: Iterable[tuple[Inward, dict[str, list[str]]]], doomed: dict[str, set[str]]
) -> dict[Inward, _Blockers]:
    found: dict[Inward, _Blockers] = defaultdict(_Blockers)
    for inward, linked in in_the_way:
        staying = {other for others in linked.values() for other in others} - doomed.get(inward.other, set())
        if staying:
            found[inward].staying |= staying  # one item may refer to several that go
            found[inward].gone.update(linked)
    return found


def _losers(unit: Sessions, route: Route, doomed: dict[str, set[str]]) -> list[tuple[Inward, set[str]]]:
    """Find the items that stay and would lose the last link that they must have."""
    going: dict[Inward, set[str]] = {
        inward: ids for name, ids in doomed.items() for inward in route.leaves_without[name]
    }
    found = []
    for inward, ids in going.items():
        relation, other = inward.relation, inward.other
        session = unit.session(relation.owner.collection)
        linked = session.linked(relation, sorted(ids), from_owner=inward.is_owner)
        losing = {each for others in linked.values() for each in others} - doomed.get(other, set())
        if not losing:
            continue
        unit.session(other).lock(other, sorted(losing))
        left = session.linked(relation, sorted(losing), from_owner=not inward.is_owner)
        losers = {each for each in losing if ids.issuperset(left.get(each, []))}
        if losers:
            found.append((inward, losers))
    return found


def _refuse(
    unit: Sessions, model: Model, blockers: dict[Inward, _Blockers], losers: list[tuple[Inward, set[str]]]
) -> None:
    """Name everything in the way at once. What lies on a cycle may still go before a larger unit of work ends."""
    put_off: list[LateBlocker | LateLoser] = []
    if unit.goes_on:
        put_off += [
            LateBlocker(inward.relation, inward.is_owner, frozenset(each.gone))
            for inward, each in blockers.items()
            if (inward.relation, not inward.is_owner) in model.late
        ]
        put_off += [
            LateLoser(inward.relation, not inward.is_owner, frozenset(lost))
            for inward, lost in losers
            if (inward.relation, not inward.is_owner) in model.late
        ]
    if len(put_off) == len(blockers) + len(losers):
        for what in put_off:
            unit.judge_late(what)
        return
    told = [blocked(inward.relation, inward.is_owner, len(each.staying)) for inward, each in blockers.items()]
    told += [bereft(inward.relation, not inward.is_owner, len(lost)) for inward, lost in losers]
    raise NotEmptyError(f"Cannot be deleted: items are linked to it and would be left behind: {'; '.join(told)}.")
