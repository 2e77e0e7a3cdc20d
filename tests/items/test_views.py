"""Views: named subsets of the fields, of objects and over HTTP."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from backo_sql import (
    BackoError,
    Backoffice,
    Complex,
    DBSQLConnector,
    DescriptionError,
    Dict,
    FreeDict,
    Int,
    Item,
    List,
    Ref,
    RefsList,
    String,
    Tuple,
)
from tests.support import Open, client_of, statements


def tree() -> dict[str, Any]:
    return {
        "marked": Int(views=["short"]),
        "hidden": Int(views=["!short"]),
        "neutral": Int(),
        "other": Int(views=["long", "!short"]),
        "d": Dict({"marked": Int(views=["short"]), "hidden": Int(views=["!short"]), "neutral": Int()}),
        "whole": Dict({"neutral": Int(), "hidden": Int(views=["!short"])}, views=["short"]),
        "gone": Dict({"marked": Int(views=["short"])}, views=["!short"]),
        "empty": Dict({"hidden": Int(views=["!short"])}),
        "l": List(Int()),
        "marked_list": List(Dict({"a": Int(views=["short"]), "b": Int()}), views=["short"]),
        "rows": List(Dict({"a": Int(views=["short"]), "b": Int(), "c": Int(views=["!short"])})),
        "dropped": List(Int(views=["!short"])),
    }


VALUES: dict[str, Any] = {
    "marked": 1,
    "hidden": 2,
    "neutral": 3,
    "other": 4,
    "d": {"marked": 1, "hidden": 2, "neutral": 3},
    "whole": {"neutral": 1, "hidden": 2},
    "gone": {"marked": 1},
    "empty": {"hidden": 1},
    "l": [1, 2],
    "marked_list": [{"a": 1, "b": 2}],
    "rows": [{"a": 1, "b": 2, "c": 3}],
    "dropped": [1],
}

PERMISSIVE = {
    "marked": 1,
    "neutral": 3,
    "d": {"marked": 1, "neutral": 3},
    "whole": {"neutral": 1},
    "l": [1, 2],
    "marked_list": [{"a": 1, "b": 2}],
    "rows": [{"a": 1, "b": 2}],
    "dropped": [],
}

STRICT = {
    "marked": 1,
    "d": {"marked": 1},
    "whole": {"neutral": 1, "hidden": 2},
    "l": [],
    "marked_list": [{"a": 1, "b": 2}],
    "rows": [{"a": 1}],
    "dropped": [],
}


def made() -> Dict:
    live = Dict(tree())
    live.set(VALUES)
    return live


# -- of an object ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (None, VALUES),
        ("short", PERMISSIVE),
        ("+short", STRICT),
        ("unknown", VALUES),
        ("+unknown", {"l": [], "marked_list": [], "rows": [], "dropped": []}),
        ("+long", {"other": 4, "l": [], "marked_list": [], "rows": [], "dropped": []}),
    ],
)
def test_a_view_of_an_object(view: str | None, expected: dict[str, Any]) -> None:
    seen = made().get_view(view)
    assert seen.get_value() == expected
    assert seen == expected


def test_a_view_is_a_new_object_of_the_same_class() -> None:
    class Point(Dict):
        def __init__(self, **options: Any) -> None:
            super().__init__({"x": Int(min=0), "y": Int(views=["!flat"])}, **options)

        def double(self) -> int:
            return 2 * int(self.x)

    point = Point()
    point.set({"x": 1, "y": 2})
    seen = point.get_view("flat")
    assert type(seen) is Point
    assert seen.double() == 2
    assert not hasattr(seen, "y")
    seen.x = 5
    assert point.x == 1
    with pytest.raises(ValueError, match="x"):
        seen.x = -1
    whole = Dict({"p": Point(), "l": List(Point())})
    whole.set({"p": {"x": 1, "y": 2}, "l": [{"x": 3, "y": 4}]})
    shown = whole.get_view("flat")
    assert type(shown.p) is Point
    assert shown.get_value() == {"p": {"x": 1}, "l": [{"x": 3}]}


def test_a_view_of_an_object_is_independent() -> None:
    live = made()
    for view in (None, "short", "+short"):
        seen = live.get_view(view)
        seen.rows[0].a = 100
        seen.l.append(5)
        assert live == VALUES


def test_nothing_is_left_of_a_view() -> None:
    assert Dict({"a": Int(), "d": Dict({"x": Int()})}).get_view("+short") is None
    assert Dict({"a": Int(views=["!short"])}).get_view("short") is None


def test_a_part_has_views_too() -> None:
    live = made()
    assert live.d.get_view("+short") == {"marked": 1}
    assert live.d.get_view("short") == {"marked": 1, "neutral": 3}
    assert live.gone.get_view("short") is None


def test_views_of_views() -> None:
    assert made().get_view("short").get_view("+short") == {
        "marked": 1,
        "d": {"marked": 1},
        "whole": {"neutral": 1},
        "l": [],
        "marked_list": [{"a": 1, "b": 2}],
        "rows": [{"a": 1}],
        "dropped": [],
    }


def test_lists_and_tuples_without_a_value_are_shown_as_null() -> None:
    live = Dict({"l": List(Int()), "t": Tuple((Int(), Int())), "f": FreeDict(), "c": Complex()})
    shown = {"l": None, "t": None, "f": None, "c": {"real": None, "imag": None}}
    assert live.get_view(None) == shown
    assert live.get_view("short") == shown


def test_a_tuple_with_a_member_left_out_is_shorter() -> None:
    live = Dict({"t": Tuple((Int(views=["!short"]), Int())), "m": Tuple((Int(), Int()), views=["short"])})
    live.set({"t": (1, 2), "m": (3, 4)})
    assert live.get_view("short").get_value() == {"t": (2,), "m": (3, 4)}
    assert live.get_view("+short").get_value()["m"] == (3, 4)


def test_fields_that_do_not_exist_or_may_not_be_read_are_in_no_view() -> None:
    live = Dict(
        {
            "a": Int(default=1, views=["short"]),
            "b": Int(exists=lambda root: root.a == 2, views=["short"]),
            "c": Int(can_read=False, views=["short"]),
            "d": Dict({"x": Int(can_read=lambda right, root: root.a == 2)}, views=["short"]),
        }
    )
    live.enable_permissions()
    for view in (None, "short", "+short"):
        seen = live.get_view(view).get_value()
        assert seen in ({"a": 1}, {"a": 1, "d": {}})


def test_a_view_of_an_item_keeps_its_id(open_backoffice: Open) -> None:
    backoffice = open_backoffice(things=Item({"a": Int(views=["!short"]), "b": Int()}))
    item = backoffice.things.create({"a": 1, "b": 2})
    seen = item.get_view("short")
    assert type(seen) is Item
    assert (seen.b, seen._id, hasattr(seen, "a")) == (2, item._id, False)


def test_a_view_of_an_item_cannot_overwrite_what_it_does_not_show(open_backoffice: Open) -> None:
    backoffice = open_backoffice(things=Item({"a": Int(views=["!short"]), "b": Int()}))
    item = backoffice.things.create({"a": 1, "b": 2})
    seen = item.get_view("short")
    seen.b = 5
    with contextlib.suppress(BackoError):
        seen.save()
    assert backoffice.things.get_by_id(item._id).a == 1


@pytest.mark.parametrize("views", [3, "short", [3], ["!"], [""], None])
def test_wrong_views_are_told_when_written(views: Any) -> None:
    with pytest.raises(DescriptionError):
        Int(views=views)


# -- over HTTP -----------------------------------------------------------------------------------------------


@pytest.fixture
def backoffice(open_backoffice: Open) -> Backoffice:
    return open_backoffice(
        tags=Item({"name": String(), "things": RefsList(coll="things", field="$.tags")}),
        things=Item(
            {
                **tree(),
                "secret": Int(views=["!client"]),
                "tag": Ref(coll="tags", views=["!short"]),
                "tags": RefsList(coll="tags", field="$.things", views=["!short"]),
            }
        ),
    )


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?_view=short", PERMISSIVE),
        ("?_view=%2Bshort", STRICT),
        ("?_view=+short", STRICT),
        ("", VALUES),
        ("?_view=client", VALUES),
        ("?_view=unknown", VALUES),
    ],
)
def test_every_answer_obeys_the_view(backoffice: Backoffice, query: str, expected: dict[str, Any]) -> None:
    client = client_of(backoffice)
    tag = backoffice.tags.create({"name": "t"})
    data = {**VALUES, "secret": 9, "tag": tag._id, "tags": [tag._id]}
    item = backoffice.things.create(data)
    url = f"/app/things/{item._id}"
    answers = [
        client.post(f"/app/things{query}", json=data).get_json(),
        client.get(f"{url}{query}").get_json(),
        client.get(f"/app/things{query}").get_json()["result"][0],
        client.put(f"{url}{query}", json={"neutral": 3}).get_json(),
        client.patch(f"{url}{query}", json={"op": "replace", "path": "$.neutral", "value": 3}).get_json(),
    ]
    for answer in answers:
        rest = {name: answer.pop(name, "absent") for name in ("_id", "_meta", "secret", "tag", "tags")}
        assert answer == expected
        assert rest["_id"] != "absent"
        hidden = "client" in query or not query
        assert (rest["secret"] == "absent") is (hidden or "%2B" in query or "+" in query)
        assert (rest["tags"] == "absent") is ("short" in query)
        assert (rest["_meta"] == "absent") is ("%2B" in query or "+" in query)


def test_what_the_client_view_hides_is_stored_and_can_be_written(backoffice: Backoffice) -> None:
    client = client_of(backoffice)
    made = client.post("/app/things", json={"secret": 9}).get_json()
    assert "secret" not in made
    item = backoffice.things.get_by_id(made["_id"])
    assert item.secret == 9
    assert client.put(f"/app/things/{item._id}", json={"secret": 10}).status_code == 200
    assert backoffice.things.get_by_id(item._id).secret == 10


def test_a_list_of_links_that_the_view_leaves_out_is_not_read(backoffice: Backoffice, db: DBSQLConnector) -> None:
    item = backoffice.things.create({"marked": 1})
    client = client_of(backoffice)
    client.get(f"/app/things/{item._id}")
    with statements(db) as shown:
        client.get(f"/app/things/{item._id}")
    with statements(db) as hidden:
        client.get(f"/app/things/{item._id}?_view=short")
    assert len(hidden) < len(shown)


def test_a_field_out_of_the_save_view_is_not_stored(open_backoffice: Open) -> None:
    backoffice = open_backoffice(
        things=Item(
            {"a": Int(), "scratch": Int(default=7, views=["!save"]), "d": Dict({"x": Int(views=["!save"]), "y": Int()})}
        )
    )
    columns = set(backoffice.things.table.c.keys())
    assert columns.isdisjoint({"scratch", "d__x"})
    item = backoffice.things.create({"a": 1, "scratch": 5, "d": {"x": 1, "y": 2}})
    assert (item.scratch, item.d.x) == (5, 1)
    again = backoffice.things.get_by_id(item._id)
    assert (again.a, again.scratch, again.d.x, again.d.y) == (1, 7, None, 2)
    again.scratch = 6
    again.save()
    again.reload()
    assert again.scratch == 7
    assert client_of(backoffice).get(f"/app/things/{item._id}").get_json()["scratch"] == 7


def test_a_whole_dict_out_of_the_save_view_is_not_stored(open_backoffice: Open) -> None:
    backoffice = open_backoffice(
        things=Item({"a": Int(), "d": Dict({"x": Int(), "y": Dict({"z": Int()})}, views=["!save"])})
    )
    assert {name for name in backoffice.things.table.c.keys() if name.startswith("d")} == set()  # noqa: SIM118
    item = backoffice.things.create({"a": 1, "d": {"x": 1, "y": {"z": 2}}})
    assert item.d.y.z == 2
    again = backoffice.things.get_by_id(item._id)
    assert again.d == {"x": None, "y": {"z": None}}
