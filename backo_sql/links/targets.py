"""Are the items there that a write refers to? One question per collection, before anything is written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import Fault, PathKeys
from ..model.description import get_value
from ..model.model import Model, Side
from ..model.paths import Path
from .sessions import LateReference, Sessions


def check_targets(
    unit: Sessions,
    model: Model,
    collection: str,
    identifier: str,
    references: Iterable[tuple[Path, Any, Any]],
    lists: Iterable[tuple[Path, Any]] = (),
) -> None:
    """Refuse references to items that aren't there.

    A required reference on a cycle of such references is judged when the unit of work ends: the first of two items that
    need each other is stored before the second.

    Args:
        unit: gives the sessions.
        model: says where each reference leads.
        collection: whose references they are.
        identifier: of the item whose references they are, which is there for itself.
        references: paths, values, and the values before, which were judged then; a value is an id, a list of ids or
            `None`.
        lists: paths and values of lists whose elements hold references.

    Raises:
        Fault: naming each dangling reference, in a list with its position.
    """
    sides = model.sides[collection]
    wanted: dict[str, list[tuple[Path, PathKeys, str]]] = defaultdict(list)
    for path, value, before in references:
        other = sides[path].other
        if isinstance(value, list):
            known = frozenset(before or ())
            wanted[other].extend(
                (path, (*path, position), each) for position, each in enumerate(value) if each not in known
            )
        elif value is not None:
            wanted[other].append((path, path, value))
    for path, elements in lists:
        for inner, side in model.elements[collection][path].items():
            wanted[side.other].extend(
                ((*path, *inner), (*path, position, *inner), each)
                for position, element in enumerate(elements or ())
                if (each := get_value(element, inner)) is not None
            )
    missing: dict[Path, list[tuple[PathKeys, str]]] = defaultdict(list)
    for other, places in wanted.items():
        if not places:
            continue
        there = find_targets(unit, other, {each for _, _, each in places})
        if other == collection:
            there.add(identifier)
        for path, keys, each in places:
            if each not in there:
                missing[path].append((keys, each))
    if missing:
        _judge_missing(unit, model, collection, identifier, missing)


def find_targets(unit: Sessions, collection: str, identifiers: Iterable[str]) -> set[str]:
    """Return those of the ids that a reference may lead to: of items that are there, for whoever writes.

    All references are judged by this one question, and answered in one text (`no_target`): whoever may not see an item
    learns nothing from being refused a reference to it.
    """
    return unit.session(collection).existing(collection, sorted(identifiers))


def no_target(side: Side, whose: str = "") -> Fault:
    """Make the fault of a reference to what `find_targets` does not find.

    Args:
        side: the reference.
        whose: names its item, where several are told of.
    """
    return Fault(f"Refers to an item of {side.other!r} that is not there{whose}.")


def dangling(
    unit: Sessions,
    model: Model,
    collection: str,
    identifier: str,
    accepted: Mapping[str, Any],
    before: Mapping[str, Any],
) -> Fault | None:
    """Look for references to nothing among values that are refused for another reason, so that both are told at once.

    Args:
        unit: gives the sessions.
        model: says where each reference leads.
        collection: whose values they are.
        identifier: of the item.
        accepted: the values that their fields accepted.
        before: the values that the item had.
    """
    references = [(path, get_value(accepted, path), get_value(before, path)) for path in model.sides[collection]]
    changed = [(path, value, old) for path, value, old in references if value != old]
    lists = [(path, get_value(accepted, path)) for path in model.elements[collection]]
    try:
        check_targets(unit, model, collection, identifier, changed, lists)
    except Fault as fault:
        return fault
    return None


def _judge_missing(
    unit: Sessions, model: Model, collection: str, identifier: str, missing: dict[Path, list[tuple[PathKeys, str]]]
) -> None:
    faults: list[Fault] = []
    for path, places in missing.items():
        side = model.references[collection][path]
        if (side.relation, side.is_owner) in model.late:
            unit.judge_late(LateReference(collection, identifier, path, tuple(places)))
        else:
            faults.extend(no_target(side).under(*keys) for keys, _ in places)
    if faults:
        raise Fault.join(faults)
