"""Update: what changed of an item, and nothing else, goes to the storage."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..errors import ConflictError, Fault, validation_error
from ..items.item import Item, StatusType
from ..items.judging import judge_saved
from ..items.rules import renew, stored
from ..links import change
from ..links.change import ReferenceChange
from ..links.reading import settle
from ..links.targets import check_targets
from ..model.description import get_value, has_value
from ..model.paths import Path
from ..types.values import copy_values, identical
from .read import get_locked, not_found, read_again
from .replay import replayed
from .unit import UnitOfWork

if TYPE_CHECKING:
    from .service import Service


@replayed
def update(service: Service, item: Item) -> None:
    """Store what changed of an item since it was loaded. An item that didn't change is left alone.

    Raises:
        ValidationError: naming every field at fault; nothing is stored.
        ConflictError: somebody else changed the item meanwhile, or a value that must be unique is taken.
        NotFoundError: somebody else deleted it meanwhile.
    """
    if item._status is StatusType.SAVED:
        return
    memento = item._memento()
    with service.unit(write=True) as unit:
        unit.on_undo(lambda: item._recall(memento))
        _save(service, unit, item)


@replayed
def modify(
    service: Service, collection: str, identifier: str, apply: Callable[[Item], None], *, prepared: bool = False
) -> Item:
    """Read an item, change it and store it, while nobody else can.

    Args:
        service: the running backoffice.
        collection: where it is.
        identifier: its id.
        apply: changes the item; what it raises undoes everything.
        prepared: it has run `pre_load`.

    Raises:
        NotFoundError: there is none.
        ValidationError: naming every field at fault; nothing is stored.
        ConflictError: a value that must be unique is taken.
    """
    with service.unit(write=True) as unit:
        item = get_locked(service, unit, collection, identifier)
        apply(item)
        _save(service, unit, item, prepared=prepared)
    return item


def _save(service: Service, unit: UnitOfWork, item: Item, *, prepared: bool = False) -> None:
    """Tell those who listen, and write what changed. An item that is as it was read is left alone."""
    before = item._loaded
    if before is None or identical(before, item._raw):
        item._stored(copy_values(item._raw), item._version)
        return
    events = item._type.events
    if "before_save" in events:
        item.trigg("before_save", old_object=_of(item, before))
    after, version = _write(service, unit, item, stored(_of(item, before)), prepared=prepared)
    item._stored(after, version)
    renew(item._type, item._raw, item)
    hook = item._type.hooks.post_save
    if hook is not None:
        hook(item)
    item.trigg("saved")
    if "committed" in events:
        unit.after_commit(lambda: item.trigg("committed"))


def _of(item: Item, values: dict[str, Any]) -> Item:
    """Make the item as it was read."""
    old: Item = type(item)._of(item._bound(), copy_values(values), item._version)
    return old


def _judged(item: Item, *, prepared: bool) -> dict[str, Any]:
    """Return the values to be stored: as they are, or as the hooks leave them."""
    if not item._type.hooks.any:
        return stored(item)
    draft = item.copy()
    draft.disable_permissions()
    judge_saved(draft, prepared=prepared)
    return stored(draft)


def _write(
    service: Service, unit: UnitOfWork, item: Item, before: dict[str, Any], *, prepared: bool
) -> tuple[dict[str, Any], int]:
    """Write the difference between an item as it was read and as it is; return its values and version afterwards."""
    collection, model = item._bound().name, service.model
    try:
        after = _judged(item, prepared=prepared)
    except Fault as fault:
        raise validation_error(fault) from None
    columns = _changed_columns(service, collection, before, after)
    references = _changed_references(service, unit, collection, before, after)
    if not columns and not references:
        settle(model, collection, after)
        return after, item._version
    identifier = after["_id"]
    # A change of lists alone is no change of the item's own row: two people who add to one list both succeed.
    version = item._version if columns else None
    try:
        lists = [(path, columns[path]) for path in model.elements[collection] if path in columns]
        targets = [(each.path, each.after) for each in references]
        check_targets(unit, model, collection, identifier, targets, lists)
        change.steal(unit, model, collection, identifier, references)
        _write_row(service, unit, collection, identifier, {**columns, **_stamps(service, collection, after)}, version)
        change.apply(unit, model, collection, identifier, references)
    except Fault as fault:
        raise validation_error(fault) from None
    if change.touches_itself(model, collection, identifier, references):
        return read_again(service, unit, collection, identifier)
    settle(model, collection, after)
    return after, item._version + 1 if columns else item._version


def _write_row(
    service: Service,
    unit: UnitOfWork,
    collection: str,
    identifier: str,
    changes: dict[Path, Any],
    version: int | None,
) -> None:
    session = unit.session(collection)
    if changes and session.update(collection, identifier, changes, version):
        return
    if not session.existing(collection, [identifier]):
        raise not_found(collection, identifier)
    if changes:
        raise ConflictError(f"The item {identifier!r} of {collection!r} was changed by somebody else meanwhile.")


def _stamps(service: Service, collection: str, after: dict[str, Any]) -> dict[Path, Any]:
    stamper = service.collections[collection].item_type.stamper
    if stamper is None or "_meta" not in after:
        return {}
    stamper.stamp(after["_meta"], creating=False)
    return {
        leaf.path: get_value(after, leaf.path)
        for leaf in service.model.descriptions[collection].stored
        if leaf.path[0] == "_meta"
    }


def _changed_columns(
    service: Service, collection: str, before: dict[str, Any], after: dict[str, Any]
) -> dict[Path, Any]:
    return {
        leaf.path: value
        for leaf in service.model.descriptions[collection].stored
        if not identical(value := get_value(after, leaf.path), get_value(before, leaf.path))
    }


def _changed_references(
    service: Service, unit: UnitOfWork, collection: str, before: dict[str, Any], after: dict[str, Any]
) -> list[ReferenceChange]:
    changes = []
    for path, side in service.model.sides[collection].items():
        if not has_value(after, path):
            continue
        new = get_value(after, path)
        if has_value(before, path):
            old = get_value(before, path)
        else:  # a list that isn't filled was assigned: only the storage knows what it replaces
            session = unit.session(side.relation.owner.collection)
            identifier = after["_id"]
            old = session.linked(side.relation, [identifier], from_owner=side.is_owner).get(identifier, [])
        if old != new:
            changes.append(ReferenceChange(path, old, new))
    return changes
