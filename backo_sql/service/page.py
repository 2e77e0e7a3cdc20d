"""Lists: the items that match, in an order, a page at a time; and how many they are.

In: a filter, an order and the bounds of a page, from Python or from a client. Out: items, or what a JSON writer takes,
with what is told of the page: the total, and the cursor of the next one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..errors import QueryError
from ..items.item import Item
from ..items.views import dump_item
from ..links.reading import fill
from ..model.paths import Path
from ..model.views import Projection
from ..query import limits
from ..query.ast import TRUE, And, Bound, Parsed
from ..query.bind import bind
from ..query.order import Term, Wish, bind_order, parse_sort
from ..query.parse_args import ListParameters
from ..query.parse_dict import parse_filter
from ..query.plan import SelectPlan, Total
from ..rights.filters import check_filterable, check_sortable
from ..storage.interface import Form, Record, Session
from .asked import Asked, Page
from .read import make_item, whole_or_shown
from .remainder import count_matching, read_matching

if TYPE_CHECKING:
    from .service import Service


def select(service: Service, collection: str, filters: Any, page: int, skip: int, sort: Any = None) -> list[Item]:
    """Read the items that match a filter written in Python.

    Raises:
        QueryError: the filter or the order can't be understood.
    """
    check_numbers({"page": page, "skip": skip})
    parameters = ListParameters(page=page, skip=skip, sort=parse_sort(sort), total=Total.NONE)
    return read_items(service, ask(service, collection, parse_filter(filters), parameters, trusted=True)).result


def count(service: Service, collection: str, filters: Any) -> int:
    """Count the items that match a filter written in Python."""
    return count_asked(service, ask(service, collection, parse_filter(filters), ListParameters(), trusted=True))


def page_json(
    service: Service, collection: str, conditions: Sequence[Parsed], parameters: ListParameters
) -> Page[dict[str, Any]]:
    """Read a page in a view, for a client.

    Raises:
        QueryError: a condition, the order or the cursor can't be understood.
        RightsError: a condition or the order looks at a field that not everybody may read.
    """
    return read_json(service, ask(service, collection, conditions, parameters), parameters.view)


def ask(
    service: Service,
    collection: str,
    conditions: Sequence[Parsed],
    parameters: ListParameters,
    *,
    own: Bound | None = None,
    ties: Sequence[Wish] = (),
    trusted: bool = False,
) -> Asked:
    """Look up what is asked for, as far as one may.

    Args:
        service: the running backoffice.
        collection: whose items.
        conditions: as they were written.
        parameters: the rest; a page of 0 is all.
        own: a filter that must hold besides, whatever it looks at.
        ties: an order for what is alike in the one that was asked for.
        trusted: no client asks, but a program, which may look at every field.

    Raises:
        QueryError: a condition, the order or the cursor can't be understood.
        RightsError: a condition or the order looks at a field that not everybody may read.
    """
    description, model = service.model.descriptions[collection], service.model
    where = bind((*conditions, *parameters.filter), description, model)
    named = {wish.path for wish in parameters.sort}
    order = bind_order((*parameters.sort, *(wish for wish in ties if wish.path not in named)), description, model)
    if not trusted:
        check_filterable(where, description, model)
        check_sortable(order, description, model)
    after = None if parameters.cursor is None else service.cursors(collection, order).read(parameters.cursor)
    pushed, remainder = service.split(collection, where if own is None else And((own, where)))
    limit = parameters.page or None
    return Asked(
        collection,
        pushed,
        remainder,
        order,
        limit,
        parameters.skip,
        after,
        parameters.total,
        None if trusted else limits.MAX_SECONDS,
    )


def count_asked(service: Service, asked: Asked) -> int:
    """Count the items that match, whatever the page."""
    if asked.remainder != TRUE:
        return count_matching(service, asked)
    with service.unit(write=False) as unit:
        return unit.session(asked.collection).count(asked.collection, asked.where)


def read_json(service: Service, asked: Asked, view: str) -> Page[dict[str, Any]]:
    """Read a page in a view; an `Item` is built only where its description or the filter needs one."""
    projection = service.projection(asked.collection, view)
    if not service.model.descriptions[asked.collection].per_item and asked.remainder == TRUE:
        page = _read(service, asked, projection, Form.JSON, projection.links)
        return Page([record.values for record in page.result], page.total, page.next)
    items = read_items(service, asked, projection.links, whole_or_shown(service, projection))
    return Page([dump_item(projection, item) for item in items.result], items.total, items.next)


def read_items(
    service: Service, asked: Asked, links: frozenset[Path] | None = None, projection: Projection | None = None
) -> Page[Item]:
    """Read a page of items.

    Args:
        service: the running backoffice.
        asked: which page.
        links: the lists of links to read; all that are filled, when not given.
        projection: the fields to read, where less than all will do.
    """
    if asked.remainder != TRUE:
        return read_matching(service, asked)
    page = _read(service, asked, projection or service.projection(asked.collection), Form.VALUES, links)
    # Handlers of `loaded` may write: they run when the unit of work has given its connection back.
    return Page([make_item(service, asked.collection, record) for record in page.result], page.total, page.next)


def read_rows(service: Service, asked: Asked, columns: tuple[Term, ...], form: Form) -> Page[list[Any]]:
    """Read a page of columns, of the items and of the items that these link to, in one statement."""
    page = _read(service, asked, service.projection(asked.collection), form, columns=columns)
    return Page([[*record.values.values()] for record in page.result], page.total, page.next)


def check_numbers(numbers: dict[str, Any]) -> None:
    """Refuse bounds of a page that are none.

    Raises:
        QueryError: naming the one at fault.
    """
    for name, number in numbers.items():
        if isinstance(number, bool) or not isinstance(number, int) or number < 0:
            raise QueryError(f"{name!r} must be an integer of at least 0, not {number!r}.")


def _read(
    service: Service,
    asked: Asked,
    projection: Projection,
    form: Form,
    links: frozenset[Path] | None = None,
    columns: tuple[Term, ...] = (),
) -> Page[Record]:
    limit = asked.limit
    # One more than the page holds tells whether another page follows.
    more = None if limit is None else limit + 1
    plan = SelectPlan(projection, asked.where, more, asked.skip, asked.order, asked.after, columns)
    with service.unit(write=False) as unit:
        session = unit.session(asked.collection)
        records = session.select(plan, form)
        following = None
        if limit is not None and len(records) > limit:
            del records[limit:]
            following = service.cursors(asked.collection, asked.order).write(records[-1].place)
        if not columns:
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
