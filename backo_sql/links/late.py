"""What can only be judged when a transaction ends: links on cycles of required references.

Of two items that must refer to each other, one is stored before the other is there, and one is deleted while the other
still is. In: what was put off, as data. Out: nothing, or the error that undoes the transaction. Everything is read
again, so that only what is left at the end counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from ..errors import Fault, NotEmptyError, validation_error
from ..model.model import Model
from ..model.paths import Path
from ..model.relations import Relation, RelationKind
from .required import must_be_linked
from .sessions import Late, LateBlocker, LateLoser, LateReference, Sessions
from .targets import find_targets, no_target


def judge(unit: Sessions, model: Model, put_off: Sequence[Late]) -> None:
    """Judge what was put off.

    Raises:
        ValidationError: a reference leads to an item that isn't there, or an item has no link where it must have one.
        NotEmptyError: items refer to one that was deleted, or were left without their last link.
    """
    references = [each for each in put_off if isinstance(each, LateReference)]
    several = len({(each.collection, each.identifier) for each in references}) > 1
    faults = list(_dangling(unit, model, references, several=several))
    if faults:
        raise validation_error(Fault.join(faults))
    told = [
        *_still_referring(unit, [each for each in put_off if isinstance(each, LateBlocker)]),
        *_left_without(unit, [each for each in put_off if isinstance(each, LateLoser)]),
    ]
    if told:
        raise NotEmptyError(f"Cannot be deleted: items are linked to it and would be left behind: {'; '.join(told)}.")


def _dangling(unit: Sessions, model: Model, references: Sequence[LateReference], *, several: bool) -> Iterator[Fault]:
    fields: dict[tuple[str, Path], list[LateReference]] = defaultdict(list)
    for each in references:
        fields[each.collection, each.path].append(each)
    for (collection, path), group in fields.items():
        side = model.sides[collection][path]
        relation = side.relation
        here = unit.session(collection).existing(collection, sorted({each.identifier for each in group}))
        linked = unit.session(relation.owner.collection).linked(relation, sorted(here), from_owner=side.is_owner)
        there = find_targets(unit, side.other, {identifier for each in group for _, identifier in each.missing})
        for each in group:
            if each.identifier not in here:
                continue
            now = linked.get(each.identifier, [])
            whose = f" (of {each.identifier!r} in {collection!r})" if several else ""
            dangling = [
                keys
                for keys, identifier in each.missing
                # What is stored here may have been changed since; what the other side stores isn't stored at all.
                if identifier not in there and (identifier in now or not is_stored_here(side.relation, side.is_owner))
            ]
            for keys in dangling:
                yield no_target(side, whose).under(*keys)
            if not dangling and not now and must_be_linked(relation, is_owner=side.is_owner):
                yield Fault(f"No item of {side.other!r} refers back{whose}.").under(*path)


def is_stored_here(relation: Relation, is_owner: bool) -> bool:
    """Tell whether a link to an item that isn't there can be stored: with the owner, or as a row of its own."""
    return is_owner or relation.kind is RelationKind.MANY_TO_MANY


def _still_referring(unit: Sessions, blockers: Iterable[LateBlocker]) -> Iterator[str]:
    gone: dict[tuple[Relation, bool], set[str]] = defaultdict(set)
    for each in blockers:
        gone[each.relation, each.is_owner] |= each.gone
    for (relation, is_owner), ids in gone.items():
        linked = unit.session(relation.owner.collection).linked(relation, sorted(ids), from_owner=is_owner)
        others = {other for others in linked.values() for other in others}
        if others:
            yield blocked(relation, is_owner, len(others))


def _left_without(unit: Sessions, losers: Iterable[LateLoser]) -> Iterator[str]:
    losing: dict[tuple[Relation, bool], set[str]] = defaultdict(set)
    for each in losers:
        losing[each.relation, each.is_owner] |= each.losers
    for (relation, is_owner), ids in losing.items():
        collection = relation.owner.collection if is_owner else relation.target
        left = unit.session(collection).existing(collection, sorted(ids))
        linked = unit.session(relation.owner.collection).linked(relation, sorted(left), from_owner=is_owner)
        if len(left) > len(linked):
            yield bereft(relation, is_owner, len(left) - len(linked))


def blocked(relation: Relation, is_owner: bool, count: int) -> str:
    """Say how many items refer to what would go, which is on the side `is_owner`."""
    other, end = (relation.target, relation.inverse) if is_owner else (relation.owner.collection, relation.owner)
    return f"{count} of {other!r} (by {end if end is not None else f'the list {relation.owner}'})"


def bereft(relation: Relation, is_owner: bool, count: int) -> str:
    """Say how many items on the side `is_owner` would lose the last link that they must have."""
    collection, end = (relation.owner.collection, relation.owner) if is_owner else (relation.target, relation.inverse)
    return f"{count} of {collection!r} (the last of {end})"
