"""Create: data in, a stored item out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..errors import Fault, ValidationError, validation_error
from ..items.item import Item
from ..items.judging import before_checks, complete, unchanged_kept
from ..items.rules import renew, stored
from ..links import change
from ..links.reading import settle as settle_links
from ..links.targets import check_targets
from ..model.description import get_value
from ..types.reference import check_id
from .read import read_again
from .replay import replayed
from .unit import UnitOfWork

if TYPE_CHECKING:
    from .service import Service


@replayed
def create(service: Service, collection: str, data: Any, into: Item | None = None, *, settled: bool = False) -> Item:
    """Store a new item.

    Args:
        service: the running backoffice.
        collection: where it belongs.
        data: the values of its fields; `_id` and `_meta` in it are passed over.
        into: a new item that becomes the stored one; when it is refused, it stays as it was.
        settled: the values come from an item whose fields have accepted them, and aren't transformed again.

    Raises:
        ValidationError: naming every field at fault; nothing is stored.
        ConflictError: a value that must be unique is taken.
    """
    item = into if into is not None else service.collections[collection].new()
    memento = item._memento() if into is not None else None
    try:
        with service.unit(write=True) as unit:
            if memento is not None:
                unit.on_undo(lambda: item._recall(memento))
            values = _draft(service, collection, data, item._sent if settled else None)
            if item._reserved is not None:
                values["_id"] = item._reserved
            touches_itself = _write(service, unit, collection, values)
            item._created(values)
            if touches_itself:
                item._stored(*read_again(service, unit, collection, values["_id"]))
            if memento is None:
                unit.on_undo(item._deleted)
            renew(item._type, item._raw, item)
            hook = item._type.hooks.post_save
            if hook is not None:
                hook(item)
            item.trigg("created")
            if "committed" in item._type.events:
                unit.after_commit(lambda: item.trigg("committed"))
    except Fault as fault:
        raise validation_error(fault) from None
    return item


def _draft(service: Service, collection: str, data: Any, sent_names: set[str] | None) -> dict[str, Any]:
    """Check what was given by every rule and hook; return the values of the item to be.

    Args:
        service: the running backoffice.
        collection: where it belongs.
        data: what was given.
        sent_names: the fields that somebody set on an item whose fields have accepted all of its values; `None` where
            the data is new.
    """
    draft = service.collections[collection].new()
    item_type = draft._type
    given, data = data, before_checks(draft, data)
    values = item_type.load(unchanged_kept(item_type, data, given) if sent_names is not None else data, draft)
    for name in item_type.system:
        values[name] = item_type.fields[name].load_missing()
    if not item_type.is_dynamic and not item_type.hooks.judges:
        return values
    complete(draft, values, data, sent_names)
    return stored(draft)


def _write(service: Service, unit: UnitOfWork, collection: str, values: dict[str, Any]) -> bool:
    """Write an item and its links; tell whether it is on both sides of one."""
    stamper = service.collections[collection].item_type.stamper
    if stamper is not None and "_meta" in values:
        stamper.stamp(values["_meta"], creating=True)
    links = {path: get_value(values, path) for path in service.model.sides[collection]}
    identifier = values["_id"]
    if identifier is None:
        owner = service.collections[collection]
        identifier = values["_id"] = new_id(service, collection, lambda: owner.item_type.live_class._of(owner, values))  # type: ignore[attr-defined]
    lists = [(path, get_value(values, path)) for path in service.model.elements[collection]]
    check_targets(unit, service.model, collection, identifier, links.items(), lists)
    changes = change.references(service.model, collection, links)
    change.steal(unit, service.model, collection, identifier, changes)
    unit.session(collection).insert(collection, [values])
    change.apply(unit, service.model, collection, identifier, changes)
    settle_links(service.model, collection, values)
    return change.touches_itself(service.model, collection, identifier, changes)


def new_id(service: Service, collection: str, item: Callable[[], Item]) -> str:
    """Ask the connector for the id of a new item; a function of the user's sees the item as it will be.

    Raises:
        ValidationError: that function made something that can't be an id.
    """
    identifier = service.backend(collection).new_id(item)
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
