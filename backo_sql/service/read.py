"""Read: one item, as an item or as what a JSON writer takes; and what all that read make of what was read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..errors import NotFoundError
from ..items.item import Item
from ..items.rules import compute, renew
from ..items.views import dump_item
from ..links.reading import fill
from ..model.description import Description, Place, put_value
from ..model.paths import Path
from ..model.views import Projection
from ..query.ast import OneOf
from ..query.plan import SelectPlan
from ..storage.interface import Form, Record
from ..types.container import blank_value
from ..types.reference import is_id
from .unit import UnitOfWork

if TYPE_CHECKING:
    from .service import Service

_SHOWN = 64  # how much of an id that somebody made up a message repeats


def get(service: Service, collection: str, identifier: str, into: Item | None = None) -> Item:
    """Read one item with all its fields.

    Args:
        service: the running backoffice.
        collection: where it is.
        identifier: its id.
        into: an item that takes the values.

    Raises:
        NotFoundError: there is none.
    """
    with service.unit(write=False) as unit:
        record = _get(service, unit, service.projection(collection), identifier, Form.VALUES)
    if into is not None:
        memento = into._memento()
        try:
            into._stored(record.values, record.version)
            if service.model.descriptions[collection].per_item:
                revive(service.model.descriptions[collection], into)
        except BaseException:
            into._recall(memento)
            raise
        return into
    return make_item(service, collection, record)


def get_locked(service: Service, unit: UnitOfWork, collection: str, identifier: str) -> Item:
    """Read one item that this unit of work is about to change: nobody else writes it before the end.

    Raises:
        NotFoundError: there is none.
    """
    return make_item(
        service,
        collection,
        _get(service, unit, service.projection(collection), identifier, Form.VALUES, lock=True),
    )


def read_again(service: Service, unit: UnitOfWork, collection: str, identifier: str) -> tuple[dict[str, Any], int]:
    """Return the values and the version of an item that was written in a way that changed more of it than was asked."""
    record = _get(service, unit, service.projection(collection), identifier, Form.VALUES)
    return record.values, record.version


def read_items(
    service: Service, unit: UnitOfWork, collection: str, identifiers: Sequence[str], *, bare: bool = False
) -> list[Item]:
    """Read several items at once; those that aren't there are left out.

    Args:
        service: the running backoffice.
        unit: to read in.
        collection: where they are.
        identifiers: their ids.
        bare: leave out their lists of links, unless a function of the description may look at them.

    Returns:
        The items, in the order of the ids.
    """
    leaf = service.model.descriptions[collection].leaves[("_id",)]
    plan = SelectPlan(service.projection(collection), OneOf(leaf, tuple(identifiers)))
    read = unit.session(collection).select(plan, Form.VALUES)
    links = links_of(service, collection, bare=bare)
    fill(unit, service.model, plan.projection, [record.identifier for record in read], read, links)
    records = {record.identifier: record for record in read}
    return [make_item(service, collection, records[identifier]) for identifier in identifiers if identifier in records]


def get_json(service: Service, collection: str, identifier: str, view: str) -> dict[str, Any]:
    """Read one item in a view; an `Item` is built only where its description needs one.

    Raises:
        NotFoundError: there is none.
    """
    projection = service.projection(collection, view)
    if service.model.descriptions[collection].per_item:
        with service.unit(write=False) as unit:
            record = _get(
                service, unit, whole_or_shown(service, projection), identifier, Form.VALUES, links=projection.links
            )
        return dump_item(projection, make_item(service, collection, record))
    with service.unit(write=False) as unit:
        return _get(service, unit, projection, identifier, Form.JSON).values


def whole_or_shown(service: Service, projection: Projection) -> Projection:
    """Return what must be read of items to show a projection of them: all of it, where functions may look at it."""
    collection = projection.collection
    return service.projection(collection) if service.model.descriptions[collection].per_whole_item else projection


def links_of(service: Service, collection: str, *, bare: bool) -> frozenset[Path] | None:
    """Return the links to read with items: without the lists where these can come later, or `None` for all of them."""
    if not bare or service.model.descriptions[collection].per_whole_item:
        return None
    return frozenset(path for path, side in service.model.sides[collection].items() if side.is_single)


def check_identifier(collection: str, identifier: Any) -> None:
    """Refuse what can be no id before a storage sees it: some would cut it short, some would choke on it.

    Raises:
        NotFoundError: in the words of an unknown id.
    """
    if not isinstance(identifier, str) or not is_id(identifier):
        raise not_found(collection, identifier)


def not_found(collection: str, identifier: object) -> NotFoundError:
    """Make the error of an unknown id."""
    shown = repr(identifier) if len(str(identifier)) <= _SHOWN else f"{str(identifier)[:_SHOWN]!r}…"
    return NotFoundError(f"There is no item {shown} in {collection!r}.", (collection, identifier))


def _get(
    service: Service,
    unit: UnitOfWork,
    projection: Projection,
    identifier: str,
    form: Form,
    *,
    lock: bool = False,
    links: frozenset[Path] | None = None,
) -> Record:
    check_identifier(projection.collection, identifier)
    record = unit.session(projection.collection).get(projection, identifier, form, lock=lock)
    if record is None:
        raise not_found(projection.collection, identifier)
    fill(unit, service.model, projection, [identifier], [record], links)
    return record


def make_item(service: Service, collection: str, record: Record) -> Item:
    """Make a live item of what was read: compute what isn't stored, and tell those who listen."""
    item = quiet_item(service, collection, record)
    if service.model.descriptions[collection].per_item:
        item.trigg("loaded")
    return item


def quiet_item(service: Service, collection: str, record: Record) -> Item:
    """Make a live item of what was read, of which nobody is told."""
    owner = service.collections[collection]
    description = service.model.descriptions[collection]
    item: Item = owner.item_type.live_class._of(owner, record.values, record.version)  # type: ignore[attr-defined]
    if description.per_item:
        _complete(description, item)
    return item


def revive(description: Description, item: Item) -> None:
    """Give an item that was just read its fields that aren't stored, and fire `loaded`."""
    _complete(description, item)
    item.trigg("loaded")


def _complete(description: Description, item: Item) -> None:
    for leaf in description.leaves.values():
        if leaf.place is Place.NOWHERE:
            put_value(item._raw, leaf.path, blank_value(leaf.type))
    with item._unguarded():
        renew(item._type, item._raw, item)
        compute(item)
