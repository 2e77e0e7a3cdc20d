"""The number of statements doesn't depend on how many elements a list has, nor on how many lists are read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from backo_sql import Backoffice, DBSQLConnector, Dict, Item, List, Ref, String
from tests.support import Open, client_of, statements


@contextmanager
def rows_written(db: DBSQLConnector) -> Iterator[list[int]]:
    """Collect how many rows each statement that writes was given."""
    seen: list[int] = []

    def note(_connection: Any, _cursor: Any, _statement: str, parameters: Any, context: Any, many: bool) -> None:
        if context.isinsert or context.isdelete:
            seen.append(len(parameters) if many else 1)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)


def some_lines(tracks: list[str], count: int) -> list[dict[str, Any]]:
    return [{"track": tracks[number % len(tracks)], "quantity": number + 1} for number in range(count)]


@pytest.mark.parametrize("count", [1, 100])
def test_create(shop: Backoffice, db: DBSQLConnector, tracks: list[str], count: int) -> None:
    with statements(db) as seen:
        shop.orders.create({"lines": some_lines(tracks, count)})
    assert len(seen) == 3, seen  # are the tracks there, the order, its lines


@pytest.mark.parametrize("lines", [None, []])
def test_create_without_elements(shop: Backoffice, db: DBSQLConnector, lines: Any) -> None:
    with statements(db) as seen:
        shop.orders.create({"lines": lines})
    assert len(seen) == 1, seen


@pytest.mark.parametrize("orders", [1, 20])
def test_a_page_and_an_item(
    shop: Backoffice, shop_client: FlaskClient, db: DBSQLConnector, tracks: list[str], orders: int
) -> None:
    for _ in range(orders):
        order = shop.orders.create({"lines": some_lines(tracks, 10), "cart": {"wishes": [{"track": tracks[0]}]}})
    with statements(db) as seen:
        answer = shop_client.get("/app/orders?_page=20").get_json()
    assert [len(each["lines"]) for each in answer["result"]] == [10] * orders
    assert len(seen) == 4, seen  # the orders, their lines, their wishes, the total
    with statements(db) as seen:
        assert len(shop.orders.select()) == orders
    assert len(seen) == 3, seen
    with statements(db) as seen:
        shop_client.get(f"/app/orders/{order._id}")
    assert len(seen) == 3, seen


def test_lists_that_are_null_are_not_asked_for(shop: Backoffice, db: DBSQLConnector) -> None:
    order = shop.orders.create({})
    with statements(db) as seen:
        assert shop.orders.get_by_id(order._id).lines.get_value() is None
    assert len(seen) == 2, seen  # its wishes are an empty list


def test_a_list_that_the_view_leaves_out_is_not_read(open_backoffice: Open, db: DBSQLConnector) -> None:
    backoffice = open_backoffice(
        tracks=Item({"name": String()}),
        orders=Item({"note": String(), "lines": List(Dict({"track": Ref(coll="tracks")}), views=["!brief"])}),
    )
    client = client_of(backoffice)
    url = client.post("/app/orders", json={"note": "n", "lines": [{}]}).location
    with statements(db) as seen:
        shown = client.get(f"{url}?_view=brief").get_json()
    assert (shown["note"], "lines" in shown) == ("n", False)
    assert len(seen) == 1, seen
    with statements(db) as seen:
        assert client.get("/app/orders?_view=brief").get_json()["result"] == [shown]
    assert len(seen) == 2, seen


def test_save_with_one_changed_element_of_a_thousand(shop: Backoffice, db: DBSQLConnector, tracks: list[str]) -> None:
    order = shop.orders.create({"lines": some_lines(tracks, 1000)})
    order.lines[500].price = "1.00"
    with statements(db) as seen, rows_written(db) as written:
        order.save()
    assert len(seen) == 5, seen  # are the tracks there, the order, its lines as they are, one goes, one comes
    assert written == [1, 1]
    order.lines.append({"track": tracks[0]})
    with statements(db) as seen, rows_written(db) as written:
        order.save()
    assert len(seen) == 4, seen
    assert written == [1]
    del order.lines[3]
    with statements(db) as seen, rows_written(db) as written:
        order.save()
    assert len(seen) == 4, seen
    assert written == [1]


def test_save_of_another_field_doesnt_touch_the_list(shop: Backoffice, db: DBSQLConnector, tracks: list[str]) -> None:
    order = shop.orders.create({"lines": some_lines(tracks, 10)})
    order.note = "x"
    with statements(db) as seen:
        order.save()
    assert len(seen) == 1, seen


def test_selectors_read_what_many_elements_refer_to_at_once(
    shop: Backoffice, db: DBSQLConnector, tracks: list[str]
) -> None:
    order = shop.orders.create({"lines": some_lines(tracks, 200)})
    with statements(db) as seen:
        assert len(order.select("$.lines.track.name")) == 200
        assert order.match({"lines.track.name": "e"})
    assert len(seen) == 2, seen


@pytest.mark.parametrize("count", [1, 500])
def test_deleting_the_owner(shop: Backoffice, db: DBSQLConnector, tracks: list[str], count: int) -> None:
    order = shop.orders.create({"lines": some_lines(tracks, count)})
    with statements(db) as seen:
        order.delete()
    assert len(seen) == 1, seen
