"""Read: one item, or a page of them, as items or as what a JSON writer takes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..errors import NotFoundError
from ..items.item import Item
from ..links.reading import fill
from ..model.views import Projection
from ..query.ast import Condition
from ..query.bind import bind
from ..query.parse_dict import parse_filter
from ..query.plan import SelectPlan
from ..storage.interface import Form, Record
from .unit import UnitOfWork

if TYPE_CHECKING:
    from .service import Service


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
        into._stored(record.values, record.version)
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


def get_json(service: Service, collection: str, identifier: str, view: str) -> dict[str, Any]:
    """Read one item in a view, without building an `Item`.

    Raises:
        NotFoundError: there is none.
    """
    with service.unit(write=False) as unit:
        return _get(service, unit, service.projection(collection, view), identifier, Form.JSON).values


def select(service: Service, collection: str, filters: Any, page: int, skip: int) -> list[Item]:
    """Read the items that match a filter written in Python, in the order of `_id`.

    Raises:
        QueryError: the filter can't be understood.
    """
    where = bind(parse_filter(filters), service.model.descriptions[collection])
    plan = SelectPlan(service.projection(collection), where, page or None, skip)
    with service.unit(write=False) as unit:
        records = _select(service, unit, plan, Form.VALUES)
    return [_item(service, collection, record) for record in records]


def count(service: Service, collection: str, filters: Any) -> int:
    """Count the items that match a filter written in Python."""
    where = bind(parse_filter(filters), service.model.descriptions[collection])
    with service.unit(write=False) as unit:
        return unit.session(collection).count(collection, where)


def page_json(
    service: Service, collection: str, conditions: Iterable[Condition], view: str, limit: int, skip: int
) -> tuple[list[dict[str, Any]], int]:
    """Read a page in a view, without building an `Item`, and count all that match.

    Returns:
        The items and the total.
    """
    where = bind(conditions, service.model.descriptions[collection])
    plan = SelectPlan(service.projection(collection, view), where, limit, skip)
    with service.unit(write=False) as unit:
        records = _select(service, unit, plan, Form.JSON)
        total = unit.session(collection).count(collection, where)
    return [record.values for record in records], total


def _get(
    service: Service, unit: UnitOfWork, projection: Projection, identifier: str, form: Form, *, lock: bool = False
) -> Record:
    record = unit.session(projection.collection).get(projection, identifier, form, lock=lock)
    if record is None:
        raise NotFoundError(f"There is no item {identifier!r} in {projection.collection!r}.")
    fill(unit, service.model, projection, [identifier], [record])
    return record


def _select(service: Service, unit: UnitOfWork, plan: SelectPlan, form: Form) -> list[Record]:
    records = unit.session(plan.projection.collection).select(plan, form)
    fill(unit, service.model, plan.projection, [record.identifier for record in records], records)
    return records


def _item(service: Service, collection: str, record: Record) -> Item:
    owner = service.collections[collection]
    item: Item = owner.item_type.live_class._of(owner, record.values, record.version)  # type: ignore[attr-defined]
    return item
