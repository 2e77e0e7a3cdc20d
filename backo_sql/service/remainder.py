"""What of a filter no backend can answer, evaluated in Python on the items that are left.

In: a page that was asked for, whose filter is parted. Out: its items, and how many match in all. The items that the
pushed part leaves are read in the order asked for, some hundred at a time, each chunk behind the last item of the one
before: so memory stays flat, and the number of statements depends on the number of chunks. Each item is a live one:
what is computed is computed, what doesn't exist isn't there. Linked items are read for a whole chunk together.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import QueryError
from ..items.item import Item
from ..items.match import all_matching
from ..links.reading import fill
from ..model.paths import Path
from ..query.order import BY_ID
from ..query.patterns import limited
from ..query.plan import SelectPlan, Total
from ..storage.interface import Form, Record
from .asked import Asked, Page
from .read import links_of, quiet_item

if TYPE_CHECKING:
    from .service import Service

#: how many items are looked at together
CHUNK = 500


def read_matching(service: Service, asked: Asked) -> Page[Item]:
    """Read a page of items that match; `loaded` is told of those on the page only.

    Raises:
        QueryError: it takes too long, or the regular expressions do.
    """
    with limited():
        found, total, more = _page(service, asked)
    if links_of(service, asked.collection, bare=True) is not None:
        _fill(service, asked.collection, [record for record, _ in found], None)
    for _, item in found:
        item.enable_permissions()
        item.trigg("loaded")
    following = service.cursors(asked.collection, asked.order).write(found[-1][0].place) if more else None
    return Page([item for _, item in found], total, following)


def count_matching(service: Service, asked: Asked) -> int:
    """Count the items that match, wherever a page begins."""
    with limited():
        return sum(1 for _ in _matching(service, replace(asked, order=BY_ID, after=None)))


def _page(service: Service, asked: Asked) -> tuple[list[tuple[Record, Item]], int | None, bool]:
    """Return what stands on a page, how many match in all, and whether another page follows."""
    found: list[tuple[Record, Item]] = []
    count, more = 0, False
    for record, item in _matching(service, asked):
        count += 1
        if count <= asked.skip:
            continue
        if asked.limit is None or len(found) < asked.limit:
            found.append((record, item))
        else:
            more = True
            if asked.total is Total.NONE or asked.after is not None:
                break
    if asked.total is Total.NONE:
        return found, None, more
    # An estimate of the pushed part would tell nothing.
    return found, count if asked.after is None else count_matching(service, asked), more


def _matching(service: Service, asked: Asked) -> Iterator[tuple[Record, Item]]:
    """Visit the items that match, from the beginning or behind a place, with what was read of each; rights are off."""
    projection, after = service.projection(asked.collection), asked.after
    give_up = math.inf if asked.seconds is None else time.monotonic() + asked.seconds
    while True:
        plan = SelectPlan(projection, asked.where, CHUNK, order=asked.order, after=after)
        with service.unit(write=False) as unit:
            records = unit.session(asked.collection).select(plan, Form.VALUES)
            _fill(service, asked.collection, records, links_of(service, asked.collection, bare=True))
        # The functions of a description may take their time, and write: nothing is held open for them.
        items = [quiet_item(service, asked.collection, record) for record in records]
        for item in items:
            item.disable_permissions()
        kept = {id(item) for item in all_matching(asked.remainder, items)}
        yield from ((record, item) for record, item in zip(records, items, strict=True) if id(item) in kept)
        if len(records) < CHUNK:
            return
        if time.monotonic() > give_up:
            raise QueryError(
                "The filter takes too long: it asks for what is computed for each item. Narrow it by what is stored."
            )
        after = records[-1].place


def _fill(service: Service, collection: str, records: Sequence[Record], links: frozenset[Path] | None) -> None:
    identifiers = [record.identifier for record in records]
    with service.unit(write=False) as unit:
        fill(unit, service.model, service.projection(collection), identifiers, records, links)
