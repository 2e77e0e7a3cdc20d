"""Read many items at once, for those that follow links: the number of statements doesn't depend on how many.

In: a collection and ids, in any number. Out: items, or ids of linked items, by id. What isn't there is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..items.item import Item
from ..model.paths import Path
from . import read

if TYPE_CHECKING:
    from .service import Service

#: how many ids go into one statement; databases limit the parameters of a statement to some 32,000
_CHUNK = 10_000


def get_many(service: Service, collection: str, identifiers: Sequence[str], *, bare: bool = False) -> dict[str, Item]:
    """Read the items that have these ids.

    Args:
        service: the running backoffice.
        collection: where they are.
        identifiers: their ids.
        bare: leave out their lists of links, unless a function of the description may look at them.

    Returns:
        The items by id.
    """
    found: dict[str, Item] = {}
    with service.unit(write=False) as unit:
        for some in _chunks(identifiers):
            found.update({item._id: item for item in read.read_items(service, unit, collection, some, bare=bare)})
    return found


def get_linked(service: Service, collection: str, path: Path, identifiers: Sequence[str]) -> dict[str, list[str]]:
    """Read the ids that a reference field of some items links to, also where it isn't filled.

    Args:
        service: the running backoffice.
        collection: of the items.
        path: of the reference.
        identifiers: of the items.

    Returns:
        By id of the item, the ids on the other side, in order; items without links are left out.
    """
    side = service.model.sides[collection][path]
    found: dict[str, list[str]] = {}
    with service.unit(write=False) as unit:
        session = unit.session(side.relation.owner.collection)
        for some in _chunks(identifiers):
            found.update(session.linked(side.relation, some, from_owner=side.is_owner))
    return found


def _chunks(identifiers: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(identifiers), _CHUNK):
        yield identifiers[start : start + _CHUNK]
