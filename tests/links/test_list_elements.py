"""References in the elements of a list: the list is a part of its item, wherever its rows are kept."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient

from backo_sql import (
    Backoffice,
    ConflictError,
    DBSQLConnector,
    Dict,
    Int,
    Item,
    List,
    QueryError,
    Ref,
    String,
    ValidationError,
)
from tests.links.orders import every_kind, rows, version
from tests.support import Open, client_of, problem


def line(track: str, **values: Any) -> dict[str, Any]:
    return {"track": track, **values}


def full(track: str, **values: Any) -> dict[str, Any]:
    """A line as it is read."""
    source = {"shop": None, "label": None}
    return {"track": track, "quantity": 1, "price": None, "tags": None, "source": source, **values}


# -- writing and reading --------------------------------------------------------------------------


def test_a_list_with_references_is_read_as_it_was_written(shop: Backoffice, tracks: list[str]) -> None:
    town = shop.shops.create({"town": "Lima"})
    lines = [
        line(tracks[1], quantity=3, price="1.50", tags=["x", "y"], source={"shop": town, "label": "é\"'; --"}),
        line(tracks[0]),
        line(tracks[1], tags=[]),
    ]
    order = shop.orders.create({"lines": lines, "cart": {"wishes": [{"track": tracks[2]}, {"why": "none"}]}})
    read = shop.orders.get_by_id(order._id)
    expected = [
        full(
            tracks[1],
            quantity=3,
            price=Decimal("1.50"),
            tags=["x", "y"],
            source={"shop": town._id, "label": "é\"'; --"},
        ),
        full(tracks[0]),
        full(tracks[1], tags=[]),
    ]
    assert order.lines.get_value() == read.lines.get_value() == expected
    assert read.cart.wishes == [{"track": tracks[2], "why": None}, {"track": None, "why": "none"}]


def test_an_answer_shows_the_list_in_its_place(shop: Backoffice, shop_client: FlaskClient, tracks: list[str]) -> None:
    body = {"note": "n", "lines": [line(tracks[0], price="2.00")], "cart": {"wishes": [{"track": tracks[1]}]}}
    created = shop_client.post("/app/orders", json=body)
    assert created.status_code == 201
    shown = created.get_json()
    assert shown["lines"] == [full(tracks[0], price="2.00")]
    assert shop_client.get(created.location).get_json() == shown
    page = shop_client.get("/app/orders").get_json()
    assert page["result"] == [shown]
    assert [name for name in shown if not name.startswith("_")] == ["note", "lines", "cart"]


@pytest.mark.parametrize("lines", [None, []])
def test_a_null_list_and_an_empty_one_stay_apart(
    shop: Backoffice, shop_client: FlaskClient, tracks: list[str], lines: list[Any] | None
) -> None:
    order = shop.orders.create({"lines": lines})
    assert shop.orders.get_by_id(order._id).get_value()["lines"] == lines
    assert shop_client.get(f"/app/orders/{order._id}").get_json()["lines"] == lines
    order.lines = [line(tracks[0])]
    order.save()
    assert len(shop.orders.get_by_id(order._id).lines) == 1
    order.lines = lines
    order.save()
    assert shop.orders.get_by_id(order._id).get_value()["lines"] == lines


def test_every_kind_of_value_comes_back_from_a_row(open_backoffice: Open) -> None:
    backoffice = open_backoffice(tracks=Item({"name": String()}), things=Item({"l": List(every_kind())}))
    track = backoffice.tracks.create({"name": "a"})
    given = {
        "ref": track._id,
        "text": "\u00e9\U0001f600 ' \" \\ \n % $1 :x ?",
        "int": -(2**63),
        "real": 0.1,
        "exact": Decimal("-123456789.125"),
        "flag": False,
        "raw": b"\x00\xff",
        "at": datetime(1815, 12, 10, 12, 0, 0, 123456, tzinfo=UTC),
        "day": date(9999, 12, 31),
        "clock": time(23, 59, 59, 999999),
        "place": (1.0, -0.5),
        "free": {"a": [1, 1.0, None, {"b": True}]},
        "list": [3, None, 1],
        "dicts": [{"a": 1, "b": ["x"]}, {"a": None, "b": None}],
        "deep": {"er": {"est": "x", "none": {}}},
    }
    empty = dict.fromkeys(given) | {"deep": {"er": {"est": None, "none": {}}}}
    thing = backoffice.things.create({"l": [given, {}]})
    read = backoffice.things.get_by_id(thing._id)
    assert read.get_value()["l"] == [given, empty]
    assert isinstance(read.get_value()["l"][0]["free"]["a"][1], float)
    client = client_of(backoffice)
    as_json = client.get(f"/app/things/{thing._id}").get_json()
    assert as_json["l"][0]["raw"] == "AP8="
    assert client.put(f"/app/things/{thing._id}", json=as_json).get_json() == as_json
    assert version(backoffice.things, thing._id) == 1


def test_changes_of_every_sort_are_what_is_read_afterwards(shop: Backoffice, tracks: list[str]) -> None:
    order = shop.orders.create({"lines": [line(track) for track in tracks]})

    def saved(expected: str) -> None:
        order.save()
        read = shop.orders.get_by_id(order._id)
        names = dict(zip(tracks, "abcde", strict=True))
        assert "".join(names[each.track] for each in read.lines) == expected
        assert read.lines.get_value() == order.lines.get_value()
        order.reload()

    order.lines[2].quantity = 7
    saved("abcde")
    order.lines[0].source.label = "first"
    order.lines[4].track = tracks[0]
    saved("abcda")
    del order.lines[1]
    saved("acda")
    order.lines.insert(1, line(tracks[1]))
    saved("abcda")
    order.lines.insert(0, line(tracks[4]))
    order.lines.append(line(tracks[3]))
    saved("eabcdad")
    order.lines.insert(3, line(tracks[4]))
    saved("eabecdad")
    order.lines.reverse()
    saved("dadcebae")
    del order.lines[1:7]
    saved("de")
    order.lines.extend([line(tracks[1]), line(tracks[1])])
    saved("debb")
    order.lines.clear()
    saved("")
    order.lines.append(line(tracks[2]))
    saved("c")


def test_the_rows_that_are_alike_are_left_alone(shop: Backoffice, db: DBSQLConnector, tracks: list[str]) -> None:
    a, b, c, d, e = tracks
    order = shop.orders.create({"lines": [line(track) for track in tracks]})
    del order.lines[1]
    order.save()
    assert rows(db, "orders__lines", "_position", "track") == [(0, a), (2, c), (3, d), (4, e)]
    order.lines.insert(1, line(b))  # there is room
    order.save()
    assert rows(db, "orders__lines", "_position", "track") == [(0, a), (1, b), (2, c), (3, d), (4, e)]
    order.lines.insert(0, line(e))
    order.save()
    assert rows(db, "orders__lines", "_position", "track")[:2] == [(-1, e), (0, a)]
    order.lines.insert(3, line(e))  # there is none: what comes behind is written again
    order.save()
    order.reload()
    assert [each.track for each in order.lines] == [e, a, b, e, c, d, e]
    places = [place for (place,) in rows(db, "orders__lines", "_position")]
    assert places[:3] == [-1, 0, 1]
    assert places == sorted(set(places))


def test_a_list_of_one_item_is_none_of_anothers(shop: Backoffice, tracks: list[str]) -> None:
    one, two = (shop.orders.create({"lines": [line(track)]}) for track in tracks[:2])
    one.lines.append(line(tracks[4]))
    one.save()
    assert [each.track for each in shop.orders.get_by_id(two._id).lines] == [tracks[1]]
    assert [len(order.lines) for order in shop.orders.select()] == [2, 1]


def test_a_changed_list_is_a_change_of_the_item(shop: Backoffice, tracks: list[str]) -> None:
    order = shop.orders.create({"lines": [line(tracks[0])]})
    stale = shop.orders.get_by_id(order._id)
    order.lines[0].quantity = 2
    order.save()
    assert version(shop.orders, order._id) == 2
    stale.lines.append(line(tracks[1]))
    with pytest.raises(ConflictError):
        stale.save()
    assert [each.quantity for each in shop.orders.get_by_id(order._id).lines] == [2]
    order.save()
    assert version(shop.orders, order._id) == 2


def test_put_and_patch_change_lines(shop_client: FlaskClient, tracks: list[str]) -> None:
    url = shop_client.post("/app/orders", json={"lines": [line(tracks[0]), line(tracks[1])]}).location
    answer = shop_client.put(url, json={"lines": [line(tracks[2], quantity=4)]})
    assert answer.get_json()["lines"] == [full(tracks[2], quantity=4)]
    operations = [
        {"op": "add", "path": "$.lines", "value": line(tracks[3])},
        {"op": "replace", "path": "$.lines[0].quantity", "value": 9},
    ]
    patched = shop_client.patch(url, json=operations)
    assert patched.status_code == 200, patched.get_json()
    assert patched.get_json()["lines"] == [full(tracks[2], quantity=9), full(tracks[3])]
    assert shop_client.get(url).get_json() == patched.get_json()


def test_rules_of_an_element_name_its_position(shop_client: FlaskClient, tracks: list[str]) -> None:
    body = {"lines": [line(tracks[0]), {"quantity": 0}, line(tracks[0], source={"label": "x" * 21})]}
    errors = problem(shop_client.post("/app/orders", json=body), 400)["errors"]
    assert set(errors) == {"$.lines[1].track", "$.lines[1].quantity", "$.lines[2].source.label"}


def test_what_is_undone_leaves_no_rows(shop: Backoffice, db: DBSQLConnector, tracks: list[str]) -> None:
    order = shop.orders.create({"lines": [line(tracks[0])]})

    def fail() -> None:
        with shop.transaction():
            shop.orders.create({"lines": [line(tracks[1])]})
            order.lines = [line(tracks[2]), line(tracks[3])]
            order.save()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert rows(db, "orders__lines", "_owner_id", "track") == [(order._id, tracks[0])]
    assert [each.track for each in order.lines] == [tracks[2], tracks[3]]
    order.rollback()
    order.reload()
    assert [each.track for each in order.lines] == [tracks[0]]


def test_an_item_is_copied_with_its_lines(shop: Backoffice, tracks: list[str]) -> None:
    order = shop.orders.create({"lines": [line(tracks[0])]})
    copy = order.copy()
    copy.lines.append(line(tracks[1]))
    again = shop.orders.create(copy.get_value())
    assert [len(each.lines) for each in shop.orders.select()] == [1, 2]
    assert again._id != order._id


def test_drop_empties_the_table_of_lines(shop: Backoffice, db: DBSQLConnector, tracks: list[str]) -> None:
    shop.orders.create({"lines": [line(tracks[0])], "cart": {"wishes": [{"track": tracks[0]}]}})
    shop.orders.drop()
    assert rows(db, "orders__lines", "track") == rows(db, "orders__cart__wishes", "track") == []
    shop.tracks.drop()


# -- targets --------------------------------------------------------------------------------------


def test_a_reference_to_nothing_is_named_with_its_position(shop: Backoffice, tracks: list[str]) -> None:
    lines = [line(tracks[0]), line("nobody"), line(tracks[0], source={"shop": "nowhere"})]
    with pytest.raises(ValidationError) as refused:
        shop.orders.create({"lines": lines, "cart": {"wishes": [{"track": "nothing"}]}})
    paths = {"$.lines[1].track", "$.lines[2].source.shop", "$.cart.wishes[0].track"}
    assert set(refused.value.messages) == paths
    assert shop.orders.count({}) == 0


def test_a_dangling_reference_is_refused_on_every_road(
    shop: Backoffice, shop_client: FlaskClient, tracks: list[str]
) -> None:
    order = shop.orders.create({"lines": [line(track) for track in tracks]})
    order.lines[3].track = "nobody"
    with pytest.raises(ValidationError, match=r"\$\.lines\[3\]\.track"):
        order.save()
    url = f"/app/orders/{order._id}"
    change = [{"op": "replace", "path": "$.lines[3].track", "value": "nobody"}]
    assert set(problem(shop_client.patch(url, json=change), 400)["errors"]) == {"$.lines[3].track"}
    added = [{"op": "add", "path": "$.lines", "value": line("nobody")}]
    assert set(problem(shop_client.patch(url, json=added), 400)["errors"]) == {"$.lines[5].track"}
    assert set(problem(shop_client.put(url, json={"lines": [line("no")]}), 400)["errors"]) == {"$.lines[0].track"}
    assert version(shop.orders, order._id) == 1


@pytest.mark.parametrize(
    "value", ["", "_x", "a/b", "a\x00b", "x" * 100_000, "' OR 1=1 --", 1, True, [], {}, {"$ne": 1}]
)
def test_no_value_of_a_reference_is_more_than_refused(shop_client: FlaskClient, tracks: list[str], value: Any) -> None:
    answer = shop_client.post("/app/orders", json={"lines": [line(tracks[0]), {"track": value}]})
    assert list(problem(answer, 400)["errors"]) == ["$.lines[1].track"]
    assert shop_client.get("/app/orders").get_json()["total"] == 0


@pytest.mark.parametrize("value", [1, "x", {"0": {}}, [[]], [1], [{"_owner_id": "x"}], [{"_position": 1}]])
def test_no_value_of_a_list_is_more_than_refused(shop_client: FlaskClient, value: Any) -> None:
    problem(shop_client.post("/app/orders", json={"lines": value}), 400)


def test_an_item_stands_for_its_id_in_an_element(shop: Backoffice, tracks: list[str]) -> None:
    track = shop.tracks.get_by_id(tracks[0])
    order = shop.orders.create({"lines": [{"track": track}]})
    order.lines.append({"track": shop.tracks.get_by_id(tracks[1])})
    order.lines[0].track = shop.tracks.get_by_id(tracks[2])
    order.save()
    assert [each.track for each in shop.orders.get_by_id(order._id).lines] == [tracks[2], tracks[1]]


def test_an_element_may_refer_to_its_own_item_and_its_own_collection(open_backoffice: Open) -> None:
    words = open_backoffice(words=Item({"see": List(Dict({"word": Ref(coll="words"), "why": String()}))})).words
    one = words.create({})
    two = words.create({"see": [{"word": one._id}]})
    one.see = [{"word": one._id}, {"word": two._id}]
    one.save()
    assert [each.word for each in words.get_by_id(one._id).see] == [one._id, two._id]
    one.delete()
    assert words.get_by_id(two._id).see == [{"word": None, "why": None}]
    two.delete()
    assert words.count({}) == 0


# -- paths through them ---------------------------------------------------------------------------


def test_selectors_go_through_elements_to_what_they_refer_to(shop: Backoffice, tracks: list[str]) -> None:
    town = shop.shops.create({"town": "Lima"})
    lines = [line(tracks[1], source={"shop": town}), line(tracks[0]), line(tracks[1])]
    order = shop.orders.create({"lines": lines})
    assert order.select("$.lines.track.name") == ["b", "a", "b"]
    assert order.select("$.lines[1].track.name") == "a"
    assert order.select("$.lines[-2:].track.seconds") == [1, 1]
    assert order.select("$.lines[*].source.shop.town") == ["Lima"]
    assert order.lines[0].select("@.track.name") == "b"


def test_match_goes_through_elements(shop: Backoffice, tracks: list[str]) -> None:
    lines = [line(tracks[1], quantity=2), line(tracks[0], quantity=5)]
    order = shop.orders.create({"lines": lines, "cart": {"wishes": [{"track": tracks[4]}]}})
    assert order.match({"lines.track.name": "a"})
    assert order.match({"cart.wishes.track.name": "e"})
    assert not order.match({"lines.track.name": "c"})
    assert order.match({"lines.track.name": ("$ne", "c")})
    assert order.match({"lines": ("$contains", {"track.name": "b", "quantity": 2})})
    assert not order.match({"lines": ("$contains", {"track.name": "b", "quantity": 5})})
    assert order.match({"lines": [{"track.name": "b"}, {"track": tracks[0]}]})
    assert order.lines[0].match({"track.name": "b"})
    assert order.lines.match(("$contains", {"track.name": "a"}))
    assert not order.lines[0].match({"track.name": "a"})


def test_a_filter_through_elements_is_read_or_told_to_be_none(shop: Backoffice, shop_client: FlaskClient) -> None:
    problem(shop_client.get("/app/orders?lines.track.nome=x"), 400)
    problem(shop_client.get("/app/orders?lines.trick=x"), 400)
    with pytest.raises(QueryError, match="nome"):
        shop.orders.select({"lines.track.nome": "x"})


# -- views, metadata, schema ----------------------------------------------------------------------


def test_a_view_may_leave_the_list_or_parts_of_it_out(open_backoffice: Open) -> None:
    backoffice = open_backoffice(
        tracks=Item({"name": String()}),
        orders=Item(
            {
                "note": String(views=["short"]),
                "lines": List(
                    Dict({"track": Ref(coll="tracks"), "secret": String(views=["!client"])}), views=["!brief"]
                ),
            }
        ),
    )
    client = client_of(backoffice)
    track = backoffice.tracks.create({"name": "a"})._id
    order = backoffice.orders.create({"note": "n", "lines": [{"track": track, "secret": "s"}]})
    url = f"/app/orders/{order._id}"
    assert client.get(url, query_string={"_view": "client"}).get_json()["lines"] == [{"track": track}]
    assert "lines" not in client.get(url, query_string={"_view": "brief"}).get_json()
    assert set(client.get(url, query_string={"_view": "+short"}).get_json()) >= {"note"}
    assert order.get_view("client").lines == [{"track": track}]


def test_the_metadata_and_the_schema_know_the_reference(shop: Backoffice) -> None:
    reference = shop.orders.new().get_schema()["sub_scheme"]["lines"]["sub_type"]["sub_scheme"]["track"]
    assert (reference["type_short"], reference["collection"], reference["required"]) == ("Ref", "tracks", True)
    loaded = shop.orders.schema("create").load({"lines": [{"track": "t1"}]})
    assert loaded["lines"][0]["quantity"] == 1


# -- rules of the lists themselves ----------------------------------------------------------------


def test_required_lists_bounds_and_functions_work_as_ever(open_backoffice: Open) -> None:
    total = lambda o: sum(each.quantity for each in o.lines)  # noqa: E731
    backoffice = open_backoffice(
        tracks=Item({"name": String()}),
        orders=Item(
            {
                "kind": String(default="sale"),
                "lines": List(Dict({"track": Ref(coll="tracks"), "quantity": Int(default=1)}), required=True, max=3),
                "total": Int(set=total),
                "gifts": List(Dict({"track": Ref(coll="tracks")}), exists=lambda value, root: root.kind == "gift"),
            }
        ),
    )
    orders, track = backoffice.orders, backoffice.tracks.create({"name": "a"})._id
    for wrong in ({}, {"lines": None}, {"lines": [{}] * 4}, {"lines": [], "gifts": [{}]}):
        with pytest.raises(ValidationError):
            orders.create(wrong)
    order = orders.create({"kind": "gift", "lines": [{"track": track, "quantity": 4}, {}], "gifts": [{"track": track}]})
    read = orders.get_by_id(order._id)
    assert read.total == 5
    assert read.gifts == [{"track": track}]
    read.kind = "sale"
    read.save()
    assert orders.get_by_id(order._id).gifts is None
    read.kind = "gift"
    read.save()
    assert orders.get_by_id(order._id).get_value()["gifts"] is None
