"""Lists: the items that match, in an order, a page at a time; and how many they are.

In: a filter, an order and the bounds of a page, from Python or from a client. Out: items, or what a JSON writer takes,
with what is told of the page: the total, and the cursor of the next one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ..errors import QueryError
from ..items.item import Item
from ..items.views import dump_item
from ..links.reading import fill
from ..model.paths import Path
from ..model.views import Projection
from ..query.ast import Bound, Parsed
from ..query.bind import bind
from ..query.cursor import Key
from ..query.order import Order, bind_order, parse_sort
from ..query.parse_args import ListParameters
from ..query.parse_dict import parse_filter
from ..query.plan import SelectPlan, Total
from ..rights.filters import check_filterable, check_sortable
from ..storage.interface import Form, Record, Session
from .read import make_item, whole_or_shown

if TYPE_CHECKING:
    from .service import Service

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asked:
    """A page of a list that was asked for, with everything looked up.

    Attributes:
        collection: whose items.
        where: which of them.
        order: in which they come.
        limit: how many at most; `None` for all.
        skip: how many to leave out first.
        after: the place behind which the page begins, in place of `skip`.
        total: how the matches are counted.
    """

    collection: str
    where: Bound
    order: Order
    limit: int | None
    skip: int = 0
    after: Key | None = None
    total: Total = Total.NONE


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of a list.

    Attributes:
        result: what stands on it.
        total: how many match, where that was asked for.
        next: the cursor of the page that follows; `None` on the last one.
    """

    result: list[T]
    total: int | None
    next: str | None


def select(service: Service, collection: str, filters: Any, page: int, skip: int, sort: Any = None) -> list[Item]:
    """Read the items that match a filter written in Python.

    Raises:
        QueryError: the filter or the order can't be understood.
    """
    check_numbers({"page": page, "skip": skip})
    description, model = service.model.descriptions[collection], service.model
    where = bind(parse_filter(filters), description, model)
    order = bind_order(parse_sort(sort), description, model)
    return read_items(service, Asked(collection, where, order, page or None, skip)).result


def count(service: Service, collection: str, filters: Any) -> int:
    """Count the items that match a filter written in Python."""
    where = bind(parse_filter(filters), service.model.descriptions[collection], service.model)
    with service.unit(write=False) as unit:
        return unit.session(collection).count(collection, where)


def page_json(
    service: Service, collection: str, conditions: Sequence[Parsed], parameters: ListParameters
) -> Page[dict[str, Any]]:
    """Read a page in a view, for a client; an `Item` is built only where its description needs one.

    Raises:
        QueryError: a condition, the order or the cursor can't be understood.
        RightsError: a condition or the order looks at a field that not everybody may read.
    """
    asked = ask(service, collection, conditions, parameters)
    projection = service.projection(collection, parameters.view)
    if not service.model.descriptions[collection].per_item:
        page = _read(service, asked, projection, Form.JSON, projection.links)
        return Page([record.values for record in page.result], page.total, page.next)
    items = read_items(service, asked, projection.links, whole_or_shown(service, projection))
    return Page([dump_item(projection, item) for item in items.result], items.total, items.next)


def ask(service: Service, collection: str, conditions: Sequence[Parsed], parameters: ListParameters) -> Asked:
    """Look up what a client asks for, as far as it may.

    Raises:
        QueryError: a condition, the order or the cursor can't be understood.
        RightsError: a condition or the order looks at a field that not everybody may read.
    """
    description, model = service.model.descriptions[collection], service.model
    where = bind((*conditions, *parameters.filter), description, model)
    check_filterable(where, description, model)
    order = bind_order(parameters.sort, description, model)
    check_sortable(order, description, model)
    after = None if parameters.cursor is None else service.cursors(collection, order).read(parameters.cursor)
    return Asked(collection, where, order, parameters.page, parameters.skip, after, parameters.total)


def read_items(
    service: Service, asked: Asked, links: frozenset[Path] | None = None, projection: Projection | None = None
) -> Page[Item]:
    """Read a page of items.

    Args:
        service: the running backoffice.
        asked: which page.
        links: the lists of links to read; all that are filled, when not given.
        projection: the fields to read; all of them, when not given.
    """
    page = _read(service, asked, projection or service.projection(asked.collection), Form.VALUES, links)
    # Handlers of `loaded` may write: they run when the unit of work has given its connection back.
    return Page([make_item(service, asked.collection, record) for record in page.result], page.total, page.next)


def check_numbers(numbers: dict[str, Any]) -> None:
    """Refuse bounds of a page that are none.

    Raises:
        QueryError: naming the one at fault.
    """
    for name, number in numbers.items():
        if isinstance(number, bool) or not isinstance(number, int) or number < 0:
            raise QueryError(f"{name!r} must be an integer of at least 0, not {number!r}.")


def _read(
    service: Service, asked: Asked, projection: Projection, form: Form, links: frozenset[Path] | None
) -> Page[Record]:
    limit = asked.limit
    # One more than the page holds tells whether another page follows.
    more = None if limit is None else limit + 1
    plan = SelectPlan(projection, asked.where, more, asked.skip, asked.order, asked.after)
    with service.unit(write=False) as unit:
        session = unit.session(asked.collection)
        records = session.select(plan, form)
        following = None
        if limit is not None and len(records) > limit:
            del records[limit:]
            last = records[-1]
            following = service.cursors(asked.collection, asked.order).write((*last.key, last.identifier))
        fill(unit, service.model, projection, [record.identifier for record in records], records, links)
        return Page(records, _total(session, asked), following)


def _total(session: Session, asked: Asked) -> int | None:
    match asked.total:
        case Total.EXACT:
            return session.count(asked.collection, asked.where)
        case Total.ESTIMATED:
            return session.estimate(asked.collection, asked.where)
        case Total.NONE:
            return None
