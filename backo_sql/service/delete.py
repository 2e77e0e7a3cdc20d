"""Delete: planned first, then done wholly or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..items.item import Item
from ..links.cascade import DeletePlan, carry_out, plan_delete
from ..model.relations import RelationKind
from .read import check_identifier, not_found, read_items
from .unit import UnitOfWork

if TYPE_CHECKING:
    from .service import Service


def delete(service: Service, item: Item) -> None:
    """Delete an item and what its strategies say; the object is empty afterwards.

    Raises:
        NotFoundError: it isn't there any more.
        NotEmptyError: other items refer to it and must not be left behind; nothing is deleted.
    """
    memento = item._memento()
    with service.unit(write=True) as unit:
        unit.on_undo(lambda: item._recall(memento))
        _delete(service, unit, item._bound().name, item._id, item)
        item._deleted()


def delete_by_id(service: Service, collection: str, identifier: str) -> None:
    """Delete an item and what its strategies say; see `delete`."""
    check_identifier(collection, identifier)
    with service.unit(write=True) as unit:
        _delete(service, unit, collection, identifier, None)


def _delete(service: Service, unit: UnitOfWork, collection: str, identifier: str, item: Item | None) -> None:
    session = unit.session(collection)
    if _concerns_nobody(service, collection):
        if not session.delete(collection, [identifier]):
            raise not_found(collection, identifier)
        return
    if not session.existing(collection, [identifier]):
        raise not_found(collection, identifier)
    plan = plan_delete(unit, service.model, collection, [identifier])
    _tell(service, unit, plan, item)
    carry_out(unit, plan)


def _concerns_nobody(service: Service, collection: str) -> bool:
    """Tell whether the items of a collection go without anybody being concerned: nobody refers to them or listens."""
    owned = service.model.owned[collection]
    return (
        not service.model.inbound[collection]
        and not any(relation.kind is RelationKind.MANY_TO_MANY or relation.inverse_required for relation in owned)
        and not _listens(service, collection)
    )


def _listens(service: Service, collection: str) -> bool:
    return not service.collections[collection].item_type.events.isdisjoint(("before_delete", "committed"))


def _tell(service: Service, unit: UnitOfWork, plan: DeletePlan, item: Item | None) -> None:
    """Fire `before_delete` for every item that goes, where somebody listens, the one that was asked for first."""
    for collection, identifiers in reversed(plan.deleted):
        if not _listens(service, collection):
            continue
        events = service.collections[collection].item_type.events
        known = [item] if item is not None and identifiers == [item._id] else None
        for going in known or read_items(service, unit, collection, identifiers):
            going.trigg("before_delete")
            if "committed" in events:
                unit.after_commit(lambda gone=going: gone.trigg("committed"))  # type: ignore[misc]
