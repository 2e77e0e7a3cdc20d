"""Are the items there that a write refers to? One question per collection, before anything is written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from ..errors import Fault, PathKeys
from ..model.description import get_value
from ..model.model import Model
from ..model.paths import Path
from .sessions import LateReference, Sessions


def check_targets(
    unit: Sessions,
    model: Model,
    collection: str,
    identifier: str,
    references: Iterable[tuple[Path, Any]],
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
        references: paths and values; a value is an id, a list of ids or `None`.
        lists: paths and values of lists whose elements hold references.

    Raises:
        Fault: naming each dangling reference, in a list with its position.
    """
    sides = model.sides[collection]
    wanted: dict[str, list[tuple[Path, PathKeys, str]]] = defaultdict(list)
    for path, value in references:
        other = sides[path].other
        if isinstance(value, list):
            wanted[other].extend((path, (*path, position), each) for position, each in enumerate(value))
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
        there = unit.session(other).existing(other, sorted({each for _, _, each in places}))
        if other == collection:
            there.add(identifier)
        for path, keys, each in places:
            if each not in there:
                missing[path].append((keys, each))
    if missing:
        _judge_missing(unit, model, collection, identifier, missing)


def _judge_missing(
    unit: Sessions, model: Model, collection: str, identifier: str, missing: dict[Path, list[tuple[PathKeys, str]]]
) -> None:
    faults: list[Fault] = []
    for path, places in missing.items():
        side = model.references[collection][path]
        if (side.relation, side.is_owner) in model.late:
            unit.judge_late(LateReference(collection, identifier, path, tuple(places)))
        else:
            faults.extend(
                Fault(f"Refers to an item of {side.other!r} that is not there.").under(*keys) for keys, _ in places
            )
    if faults:
        raise Fault.join(faults)
