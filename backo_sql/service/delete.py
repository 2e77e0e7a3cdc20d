"""Delete: planned first, then done wholly or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import NotFoundError
from ..items.item import Item
from ..links.cascade import carry_out, plan_delete

if TYPE_CHECKING:
    from .service import Service


def delete(service: Service, item: Item) -> None:
    """Delete an item and what its strategies say; the object is empty afterwards."""
    delete_by_id(service, item._bound().name, item._id)
    item._deleted()


def delete_by_id(service: Service, collection: str, identifier: str) -> None:
    """Delete an item and what its strategies say.

    Raises:
        NotFoundError: it isn't there.
        NotEmptyError: other items refer to it and must not be left behind; nothing is deleted.
    """
    with service.unit(write=True) as unit:
        if not unit.session(collection).existing(collection, [identifier]):
            raise NotFoundError(f"There is no item {identifier!r} in {collection!r}.")
        carry_out(unit, plan_delete(unit, service.model, collection, [identifier]))
