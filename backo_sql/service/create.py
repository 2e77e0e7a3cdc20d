"""Create: data in, a stored item out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import Fault, ValidationError, validation_error
from ..items.item import Item
from ..items.judging import before_checks, judge
from ..items.rules import settle
from ..links import change
from ..links.reading import settle as settle_links
from ..links.targets import check_targets
from ..model.description import get_value
from ..types.reference import check_id
from .unit import UnitOfWork

if TYPE_CHECKING:
    from .service import Service


def create(service: Service, collection: str, data: Any, into: Item | None = None) -> Item:
    """Store a new item.

    Args:
        service: the running backoffice.
        collection: where it belongs.
        data: the values of its fields; `_id` and `_meta` in it are passed over.
        into: a new item that becomes the stored one; when it is refused, it stays as it was.

    Raises:
        ValidationError: naming every field at fault; nothing is stored.
        ConflictError: a value that must be unique is taken.
    """
    item = into if into is not None else service.collections[collection].new()
    memento = item._memento() if into is not None else None
    try:
        with service.unit(write=True) as unit:
            values = _draft(service, collection, data)
            _write(service, unit, collection, values)
            item._stored(values, version=1)
            hook = item._type.hooks.post_save
            if hook is not None:
                hook(item)
            item.trigg("created")
            if "committed" in item._type.events:
                unit.after_commit(lambda: item.trigg("committed"))
    except BaseException as error:
        if memento is not None:
            item._recall(memento)
        if isinstance(error, Fault):
            raise validation_error(error) from None
        raise
    return item


def _draft(service: Service, collection: str, data: Any) -> dict[str, Any]:
    """Check what was given by every rule and hook; return the values of the item to be."""
    draft = service.collections[collection].new()
    item_type = draft._type
    data = before_checks(draft, data)
    values = item_type.load(data, draft)
    for name in item_type.system:
        values[name] = item_type.fields[name].load_missing()
    if not item_type.is_dynamic and not item_type.hooks.judges:
        return values
    blank = draft._raw
    object.__setattr__(draft, "_raw", values)
    if item_type.is_dynamic:
        settle(draft, blank, data)
    if item_type.hooks.judges:
        judge(draft, data if isinstance(data, Mapping) else {})
    return draft._raw


def _write(service: Service, unit: UnitOfWork, collection: str, values: dict[str, Any]) -> None:
    stamper = service.collections[collection].item_type.stamper
    if stamper is not None and "_meta" in values:
        stamper.stamp(values["_meta"], creating=True)
    links = {path: get_value(values, path) for path in service.model.sides[collection]}
    check_targets(unit, service.model, collection, links.items())
    identifier = values["_id"] = _identifier(service, collection, values)
    changes = change.references(service.model, collection, links)
    change.steal(unit, service.model, collection, identifier, changes)
    unit.session(collection).insert(collection, [values])
    change.apply(unit, service.model, collection, identifier, changes)
    settle_links(service.model, collection, values)


def _identifier(service: Service, collection: str, values: dict[str, Any]) -> str:
    """Ask the connector for the id; a function of the user's sees the item as it will be."""
    owner = service.collections[collection]
    draft = owner.item_type.live_class._of(owner, values)  # type: ignore[attr-defined]
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
