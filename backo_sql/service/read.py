"""Read: one item, or a page of them, as items or as what a JSON writer takes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import NotFoundError, QueryError
from ..items.item import Item
from ..items.rules import compute, renew
from ..items.views import dump_item
from ..links.reading import fill
from ..model.description import Description, Place, put_value
from ..model.paths import Path
from ..model.views import Projection
from ..query.ast import Condition, OneOf
from ..query.bind import bind
from ..query.parse_dict import parse_filter
from ..query.plan import SelectPlan
from ..rights.filters import check_filterable
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
    return _item(service, collection, record)


def get_locked(service: Service, unit: UnitOfWork, collection: str, identifier: str) -> Item:
    """Read one item that this unit of work is about to change: nobody else writes it before the end.

    Raises:
        NotFoundError: there is none.
    """
    return _item(
        service,
        collection,
        _get(service, unit, service.projection(collection), identifier, Form.VALUES, lock=True),
    )


def read_again(service: Service, unit: UnitOfWork, collection: str, identifier: str) -> tuple[dict[str, Any], int]:
    """Return the values and the version of an item that was written in a way that changed more of it than was asked."""
    record = _get(service, unit, service.projection(collection), identifier, Form.VALUES)
    return record.values, record.version


def read_items(service: Service, unit: UnitOfWork, collection: str, identifiers: Sequence[str]) -> list[Item]:
    """Read several items at once; those that aren't there are left out.

    Returns:
        The items, in the order of the ids.
    """
    leaf = service.model.descriptions[collection].leaves[("_id",)]
    plan = SelectPlan(service.projection(collection), OneOf(leaf, tuple(identifiers)))
    records = {record.identifier: record for record in _select(service, unit, plan, Form.VALUES)}
    return [_item(service, collection, records[identifier]) for identifier in identifiers if identifier in records]


def get_json(service: Service, collection: str, identifier: str, view: str) -> dict[str, Any]:
    """Read one item in a view; an `Item` is built only where its description needs one.

    Raises:
        NotFoundError: there is none.
    """
    projection = service.projection(collection, view)
    if service.model.descriptions[collection].per_item:
        with service.unit(write=False) as unit:
            record = _get(
                service, unit, service.projection(collection), identifier, Form.VALUES, links=projection.links
            )
        return dump_item(projection, _item(service, collection, record))
    with service.unit(write=False) as unit:
        return _get(service, unit, projection, identifier, Form.JSON).values


def select(service: Service, collection: str, filters: Any, page: int, skip: int) -> list[Item]:
    """Read the items that match a filter written in Python, in the order of `_id`.

    Raises:
        QueryError: the filter can't be understood.
    """
    numbers: dict[str, Any] = {"page": page, "skip": skip}
    for name, number in numbers.items():
        if isinstance(number, bool) or not isinstance(number, int) or number < 0:
            raise QueryError(f"{name!r} must be an integer of at least 0, not {number!r}.")
    where = bind(parse_filter(filters), service.model.descriptions[collection], service.model)
    plan = SelectPlan(service.projection(collection), where, page or None, skip)
    with service.unit(write=False) as unit:
        records = _select(service, unit, plan, Form.VALUES)
    return [_item(service, collection, record) for record in records]


def count(service: Service, collection: str, filters: Any) -> int:
    """Count the items that match a filter written in Python."""
    where = bind(parse_filter(filters), service.model.descriptions[collection], service.model)
    with service.unit(write=False) as unit:
        return unit.session(collection).count(collection, where)


def page_json(
    service: Service, collection: str, conditions: Iterable[Condition], view: str, limit: int, skip: int
) -> tuple[list[dict[str, Any]], int]:
    """Read a page in a view and count all that match; an `Item` is built only where its description needs one.

    Returns:
        The items and the total.
    """
    conditions = list(conditions)
    check_filterable(conditions, service.model.descriptions[collection])
    where = bind(conditions, service.model.descriptions[collection], service.model)
    projection = service.projection(collection, view)
    per_item = service.model.descriptions[collection].per_item
    form = Form.VALUES if per_item else Form.JSON
    plan = SelectPlan(service.projection(collection) if per_item else projection, where, limit, skip)
    with service.unit(write=False) as unit:
        records = _select(service, unit, plan, form, links=projection.links)
        total = unit.session(collection).count(collection, where)
    if not per_item:
        return [record.values for record in records], total
    # Handlers of `loaded` may write: they run when this unit has given its connection back.
    result = [dump_item(projection, _item(service, collection, record)) for record in records]
    return result, total


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
    return NotFoundError(f"There is no item {shown} in {collection!r}.")


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


def _select(
    service: Service, unit: UnitOfWork, plan: SelectPlan, form: Form, *, links: frozenset[Path] | None = None
) -> list[Record]:
    records = unit.session(plan.projection.collection).select(plan, form)
    fill(unit, service.model, plan.projection, [record.identifier for record in records], records, links)
    return records


def _item(service: Service, collection: str, record: Record) -> Item:
    """Make a live item of what was read: compute what isn't stored, and tell those who listen."""
    owner = service.collections[collection]
    description = service.model.descriptions[collection]
    item: Item = owner.item_type.live_class._of(owner, record.values, record.version)  # type: ignore[attr-defined]
    if description.per_item:
        revive(description, item)
    return item


def revive(description: Description, item: Item) -> None:
    """Give an item that was just read its fields that aren't stored, and fire `loaded`."""
    for leaf in description.leaves.values():
        if leaf.place is Place.NOWHERE:
            put_value(item._raw, leaf.path, blank_value(leaf.type))
    with item._unguarded():
        renew(item._type, item._raw, item)
        compute(item)
    item.trigg("loaded")
