"""Are the items there that a write refers to? One question per collection, before anything is written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Protocol

from ..errors import Fault, PathKeys
from ..model.description import get_value
from ..model.model import Model
from ..model.paths import Path
from ..storage.interface import Session


class Sessions(Protocol):
    """What gives the session of the backend that a collection lives in."""

    def session(self, collection: str) -> Session:
        """Return it."""
        ...


def check_targets(
    unit: Sessions,
    model: Model,
    collection: str,
    references: Iterable[tuple[Path, Any]],
    lists: Iterable[tuple[Path, Any]] = (),
) -> None:
    """Refuse references to items that aren't there.

    Args:
        unit: gives the sessions.
        model: says where each reference leads.
        collection: whose references they are.
        references: paths and values; a value is an id, a list of ids or `None`.
        lists: paths and values of lists whose elements hold references.

    Raises:
        Fault: naming each dangling reference, in a list with its position.
    """
    sides = model.sides[collection]
    wanted: dict[str, list[tuple[PathKeys, str]]] = defaultdict(list)
    for path, value in references:
        other = sides[path].other
        if isinstance(value, list):
            wanted[other].extend(((*path, position), identifier) for position, identifier in enumerate(value))
        elif value is not None:
            wanted[other].append((path, value))
    for path, elements in lists:
        for element_path, side in model.elements[collection][path].items():
            wanted[side.other].extend(
                ((*path, position, *element_path), identifier)
                for position, element in enumerate(elements or ())
                if (identifier := get_value(element, element_path)) is not None
            )
    faults: list[Fault] = []
    for other, places in wanted.items():
        if not places:
            continue
        there = unit.session(other).existing(other, sorted({identifier for _, identifier in places}))
        faults.extend(
            Fault(f"Refers to an item of {other!r} that is not there.").under(*keys)
            for keys, identifier in places
            if identifier not in there
        )
    if faults:
        raise Fault.join(faults)
