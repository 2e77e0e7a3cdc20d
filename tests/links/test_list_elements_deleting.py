"""What deleting means for the references in the elements of lists, and for the lists themselves."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from backo_sql import (
    Backoffice,
    ConflictError,
    DBSQLConnector,
    DeleteStrategy,
    Dict,
    Int,
    Item,
    List,
    NotEmptyError,
    Ref,
    RefsList,
    String,
    ValidationError,
)
from tests.links.orders import rows, version
from tests.support import Open, client_of, problem, statements


def test_the_lines_go_with_their_item(shop: Backoffice, db: DBSQLConnector, tracks: list[str]) -> None:
    one, two = (shop.orders.create({"lines": [{"track": track}] * 3}) for track in tracks[:2])
    one.delete()
    assert rows(db, "orders__lines", "_owner_id") == [(two._id,)] * 3


def test_an_optional_reference_becomes_null_and_the_version_rises(shop: Backoffice, tracks: list[str]) -> None:
    wishes = [{"track": tracks[0], "why": "x"}, {"track": tracks[1]}, {"track": tracks[0]}]
    order = shop.orders.create({"cart": {"wishes": wishes}})
    other = shop.orders.create({"cart": {"wishes": [{"track": tracks[1]}]}})
    stale = shop.orders.get_by_id(order._id)
    shop.tracks.get_by_id(tracks[0]).delete()
    order.reload()
    assert order.cart.wishes == [
        {"track": None, "why": "x"},
        {"track": tracks[1], "why": None},
        {"track": None, "why": None},
    ]
    assert (version(shop.orders, order._id), version(shop.orders, other._id)) == (2, 1)
    stale.note = "late"
    with pytest.raises(ConflictError):
        stale.save()


def test_a_required_reference_is_in_the_way_and_counted_by_item(
    shop: Backoffice, shop_client: FlaskClient, tracks: list[str]
) -> None:
    for _ in range(3):
        shop.orders.create({"lines": [{"track": tracks[0]}, {"track": tracks[0]}], "cart": {"wishes": []}})
    with pytest.raises(NotEmptyError, match=r"3 of 'orders' \(by orders\.lines\.track\)"):
        shop.tracks.get_by_id(tracks[0]).delete()
    problem(shop_client.delete(f"/app/tracks/{tracks[0]}"), 409)
    assert shop.tracks.count({}) == 5


def test_it_is_named_together_with_all_others_in_the_way(open_backoffice: Open) -> None:
    backoffice = open_backoffice(
        tracks=Item({"name": String(), "covers": RefsList(coll="covers", field="$.track")}),
        covers=Item({"track": Ref(coll="tracks", field="$.covers")}),
        orders=Item(
            {
                "lines": List(Dict({"track": Ref(coll="tracks", required=True)})),
                "gifts": List(Dict({"inside": Dict({"track": Ref(coll="tracks", required=True)})})),
            }
        ),
    )
    track = backoffice.tracks.create({"name": "a"})
    backoffice.covers.create({"track": track})
    backoffice.orders.create({"lines": [{"track": track}], "gifts": [{"inside": {"track": track}}]})
    with pytest.raises(NotEmptyError) as refused:
        track.delete()
    told = str(refused.value)
    assert all(name in told for name in ("covers.track", "orders.lines.track", "orders.gifts.inside.track"))


def test_items_that_go_too_are_not_in_the_way(open_backoffice: Open) -> None:
    backoffice = open_backoffice(
        shops=Item(
            {
                "tracks": RefsList(coll="tracks", field="$.shop", ods=DeleteStrategy.DELETE_REFERENCED_ITEMS),
                "orders": RefsList(coll="orders", field="$.shop", ods=DeleteStrategy.DELETE_REFERENCED_ITEMS),
            }
        ),
        tracks=Item({"shop": Ref(coll="shops", field="$.tracks")}),
        orders=Item(
            {
                "shop": Ref(coll="shops", field="$.orders"),
                "lines": List(Dict({"track": Ref(coll="tracks", required=True)})),
            }
        ),
    )
    shop = backoffice.shops.create({})
    track = backoffice.tracks.create({"shop": shop})
    backoffice.orders.create({"shop": shop, "lines": [{"track": track}, {"track": track}]})
    outside = backoffice.orders.create({"lines": [{"track": track}]})
    with pytest.raises(NotEmptyError, match="1 of 'orders'"):
        shop.delete()
    outside.delete()
    shop.reload()
    shop.delete()
    assert [each.count({}) for each in (backoffice.shops, backoffice.tracks, backoffice.orders)] == [0, 0, 0]


def test_drop_of_the_target_makes_references_null_or_is_refused(shop: Backoffice, tracks: list[str]) -> None:
    order = shop.orders.create({"cart": {"wishes": [{"track": tracks[0]}, {"why": "x"}]}})
    shop.tracks.drop()
    order.reload()
    assert [each.track for each in order.cart.wishes] == [None, None]
    assert version(shop.orders, order._id) == 2
    track = shop.tracks.create({"name": "f"})
    shop.orders.create({"lines": [{"track": track}]})
    with pytest.raises(ConflictError):
        shop.tracks.drop()
    assert shop.tracks.count({}) == 1


def test_the_database_holds_the_same_for_those_who_delete_by_hand(
    shop: Backoffice, db: DBSQLConnector, tracks: list[str]
) -> None:
    order = shop.orders.create({"lines": [{"track": tracks[0]}], "cart": {"wishes": [{"track": tracks[1]}]}})
    table = shop.tracks.table

    def delete(identifier: str) -> None:
        with db.engine.begin() as connection:
            connection.execute(sa.delete(table).where(table.c["_id"] == identifier))

    delete(tracks[1])
    assert rows(db, "orders__cart__wishes", "track") == [(None,)]
    with pytest.raises(sa.exc.IntegrityError):
        delete(tracks[0])
    with db.engine.begin() as connection:
        connection.execute(sa.delete(shop.orders.table).where(shop.orders.table.c["_id"] == order._id))
    assert rows(db, "orders__lines", "track") == rows(db, "orders__cart__wishes", "track") == []


@pytest.mark.parametrize("orders", [1, 40])
def test_deleting_a_target_takes_a_fixed_number_of_statements(
    shop: Backoffice, db: DBSQLConnector, tracks: list[str], orders: int
) -> None:
    for _ in range(orders):
        shop.orders.create({"cart": {"wishes": [{"track": tracks[0]}] * 5}})
    with statements(db) as seen:
        shop.tracks.get_by_id(tracks[0]).delete()
    # the item read, is it there, who refers to it by lines, versions, references, the item
    assert len(seen) <= 6, seen


# -- a list on the other side ---------------------------------------------------------------------


def faced(strategy: DeleteStrategy | None = None, **options: Any) -> dict[str, Item]:
    given: dict[str, Any] = {} if strategy is None else {"ods": strategy}
    return {
        "tracks": Item({"name": String(), "orders": RefsList(coll="orders", field="$.lines.track", **given)}),
        "orders": Item(
            {"lines": List(Dict({"track": Ref(coll="tracks", field="$.orders", **options), "quantity": Int()}))}
        ),
    }


def test_a_list_that_faces_elements_holds_each_item_once(open_backoffice: Open) -> None:
    backoffice = open_backoffice(**faced())
    client = client_of(backoffice)
    one, two = (backoffice.tracks.create({"name": name}) for name in "ab")
    first = backoffice.orders.create({"lines": [{"track": two}, {"track": one}, {"track": two}]})
    second = backoffice.orders.create({"lines": [{"track": two}]})
    for track in (one, two):
        track.reload()
    assert one.orders == [first._id]
    assert two.orders == [first._id, second._id]
    shown = {each["name"]: each["orders"] for each in client.get("/app/tracks").get_json()["result"]}
    assert shown == {"a": [first._id], "b": [first._id, second._id]}
    assert two.select("$.orders.lines.track.name") == [["b", "a", "b"], ["b"]]
    assert two.match({"orders.lines.track.name": "a"})
    second.lines.clear()
    second.save()
    two.reload()
    assert two.orders == [first._id]


def test_a_list_that_faces_elements_is_only_read(open_backoffice: Open) -> None:
    backoffice = open_backoffice(**faced())
    client = client_of(backoffice)
    track = backoffice.tracks.create({"name": "a"})
    orders = [backoffice.orders.create({"lines": [{"track": track}]}) for _ in range(2)]
    other = backoffice.orders.create({})
    track.reload()
    track.orders.append(other)
    with pytest.raises(ValidationError, match=r"\$\.orders.*orders\.lines\.track"):
        track.save()
    track.reload()
    track.orders.clear()
    with pytest.raises(ValidationError, match=r"\$\.orders"):
        track.save()
    with pytest.raises(ValidationError, match=r"\$\.orders"):
        backoffice.tracks.create({"name": "b", "orders": [other]})
    assert backoffice.tracks.count({}) == 1
    url = f"/app/tracks/{track._id}"
    body = {"name": "c", "orders": [orders[1]._id, orders[0]._id]}
    assert client.put(url, json=body).get_json()["orders"] == [each._id for each in orders]


def test_must_be_empty_counts_items(open_backoffice: Open) -> None:
    backoffice = open_backoffice(**faced(DeleteStrategy.MUST_BE_EMPTY))
    track = backoffice.tracks.create({})
    order = backoffice.orders.create({"lines": [{"track": track}, {"track": track}]})
    with pytest.raises(NotEmptyError, match="1 of 'orders'"):
        track.delete()
    order.delete()
    track.delete()


@pytest.mark.parametrize("required", [False, True])
def test_delete_takes_the_whole_items(open_backoffice: Open, db: DBSQLConnector, required: bool) -> None:
    backoffice = open_backoffice(**faced(DeleteStrategy.DELETE_REFERENCED_ITEMS, required=required))
    one, two = (backoffice.tracks.create({}) for _ in range(2))
    backoffice.orders.create({"lines": [{"track": two}, {"track": one}]})
    kept = backoffice.orders.create({"lines": [{"track": two}]})
    one.delete()
    assert [each._id for each in backoffice.orders.select()] == [kept._id]
    assert rows(db, "orders__lines", "_owner_id", "track") == [(kept._id, two._id)]


def test_unlink_empties_the_references_or_is_refused_where_they_are_required(
    open_backoffice: Open, db: DBSQLConnector
) -> None:
    backoffice = open_backoffice(**faced(DeleteStrategy.UNLINK_REFERENCED_ITEMS))
    track = backoffice.tracks.create({})
    order = backoffice.orders.create({"lines": [{"track": track, "quantity": 2}]})
    track.delete()
    order.reload()
    assert order.lines == [{"track": None, "quantity": 2}]
    assert version(backoffice.orders, order._id) == 2


def test_unlink_of_a_required_reference_is_refused(open_backoffice: Open) -> None:
    backoffice = open_backoffice(**faced(DeleteStrategy.UNLINK_REFERENCED_ITEMS, required=True))
    track = backoffice.tracks.create({})
    backoffice.orders.create({"lines": [{"track": track}]})
    with pytest.raises(NotEmptyError):
        track.delete()
