"""The links of items that were just read: one statement per field, whatever the number of items."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..model.description import get_value, has_value, put_value, remove_value
from ..model.model import Model
from ..model.paths import Path
from ..model.relations import RelationKind
from ..model.views import Projection
from ..storage.interface import Record
from .sessions import Sessions


def fill(
    unit: Sessions,
    model: Model,
    projection: Projection,
    identifiers: Sequence[str],
    records: Sequence[Record],
    links: frozenset[Path] | None = None,
) -> None:
    """Put the links that are stored elsewhere into the values of records, where projection and fill strategy want them.

    Args:
        unit: gives the sessions.
        model: says where each link is stored.
        projection: the fields that are wanted.
        identifiers: the id of each record.
        records: what was read, changed in place.
        links: the paths of the links that are wanted, where these are fewer than those of the projection; the others
            are left out as if they weren't filled.
    """
    if not records:
        return
    for path in projection.links:
        side = model.sides[projection.collection][path]
        if not side.filled:
            continue
        if links is not None and path not in links:
            for record in records:
                remove_value(record.values, path)
            continue
        relation = side.relation
        session = unit.session(relation.owner.collection)
        linked = session.linked(relation, identifiers, from_owner=side.is_owner)
        for identifier, record in zip(identifiers, records, strict=True):
            found = linked.get(identifier, [])
            put_value(record.values, path, (found[0] if found else None) if side.is_single else found)


def settle(model: Model, collection: str, values: dict[str, Any]) -> None:
    """Bring the links in the values of an item that was just written to the form in which they would be read."""
    for path, side in model.sides[collection].items():
        if not has_value(values, path):
            continue
        if not side.filled:
            remove_value(values, path)
        elif not side.is_owner and not side.is_single and side.relation.kind is RelationKind.MANY_TO_ONE:
            get_value(values, path).sort()  # a list that faces a Ref has the order of the ids
