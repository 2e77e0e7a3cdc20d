"""Two writers that wait for each other: the database breaks one off, and its request is answered all the same."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from backo_sql import Int, Item, String
from tests.support import Open, client_of


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_write_that_a_deadlock_broke_off_is_done_again(open_backoffice: Open) -> None:
    """On PostgreSQL alone: SQLite has one writer at a time."""
    both_hold_their_own = threading.Barrier(2, timeout=10)
    met: set[str] = set()
    asked: dict[int, str] = {}  # which item the request of a thread is about

    def change_the_other(event: str, root: Any, me: Any, **_: Any) -> None:
        if asked.get(threading.get_ident()) != root._id:
            return
        if root._id not in met:  # the first time both wait until each holds its own item
            met.add(root._id)
            both_hold_their_own.wait()
        partner = backoffice.things.get_by_id(root.other)
        partner.seen = (partner.seen or 0) + 1
        partner.save()

    backoffice = open_backoffice(
        things=Item({"n": Int(default=0), "seen": Int(), "other": String()}, on=[("saved", change_the_other)])
    )
    one, two = backoffice.things.create({}), backoffice.things.create({})
    for item, other in ((one, two), (two, one)):
        item.other = other._id
        item.save()
    statuses: list[int] = []

    def put(identifier: str) -> None:
        asked[threading.get_ident()] = identifier
        statuses.append(client_of(backoffice).put(f"/app/things/{identifier}", json={"n": 10}).status_code)

    threads = [threading.Thread(target=put, args=(item._id,)) for item in (one, two)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert statuses == [200, 200]
    assert [backoffice.things.get_by_id(item._id).n for item in (one, two)] == [10, 10]
