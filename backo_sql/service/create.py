"""Create: data in, a stored item out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import Fault, ValidationError, validation_error
from ..items.item import Item
from ..links import change
from ..links.reading import settle
from ..links.targets import check_targets
from ..model.description import get_value
from ..types.reference import check_id

if TYPE_CHECKING:
    from .service import Service


def create(service: Service, collection: str, data: Any, into: Item | None = None) -> Item:
    """Store a new item.

    Args:
        service: the running backoffice.
        collection: where it belongs.
        data: the values of its fields; `_id` and `_meta` in it are passed over.
        into: a new item that becomes the stored one.

    Raises:
        ValidationError: naming every field at fault; nothing is stored.
        ConflictError: a value that must be unique is taken.
    """
    item_type = service.collections[collection].item_type
    try:
        values = item_type.load(data)
        for name in item_type.system:
            values[name] = item_type.fields[name].load_missing()
        with service.unit(write=True) as unit:
            item = into if into is not None else service.collections[collection].new()
            if item_type.stamper is not None and "_meta" in values:
                item_type.stamper.stamp(values["_meta"], creating=True)
            links = {path: get_value(values, path) for path in service.model.sides[collection]}
            check_targets(unit, service.model, collection, links.items())
            identifier = values["_id"] = _identifier(service, collection, values)
            changes = change.references(service.model, collection, links)
            change.steal(unit, service.model, collection, identifier, changes)
            unit.session(collection).insert(collection, [values])
            change.apply(unit, service.model, collection, identifier, changes)
            settle(service.model, collection, values)
    except Fault as fault:
        raise validation_error(fault) from None
    item._stored(values, version=1)
    return item


def _identifier(service: Service, collection: str, values: dict[str, Any]) -> str:
    """Ask the connector for the id; a function of the user's sees the item as it will be."""
    draft = service.collections[collection].item_type.live_class._of(service.collections[collection], values)  # type: ignore[attr-defined]
    identifier = service.backend(collection).generate_id(draft)
    try:
        if not isinstance(identifier, str):
            raise Fault("")
        check_id(identifier)
    except Fault:
        raise ValidationError(
            {
                "$._id": [
                    f"generate_id made {identifier!r}: an id is a text without '/' and control characters, "
                    "and does not begin with '_'."
                ]
            }
        ) from None
    return identifier
