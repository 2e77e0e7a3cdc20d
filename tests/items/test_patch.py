"""`patch`: operations on what selectors name, all of them or none."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from backo_sql import (
    Backoffice,
    Datetime,
    Dict,
    FillStrategy,
    FreeDict,
    Int,
    Item,
    List,
    PathNotFoundError,
    Ref,
    RefsList,
    RightsError,
    StatusType,
    String,
    Tuple,
    TypeMismatchError,
    ValidationError,
)
from backo_sql.items.patch import patch
from backo_sql.items.selectors import select
from tests.support import Open


def book() -> Dict:
    live = Dict(
        {
            "title": String(required=True),
            "pages": Int(min=1),
            "price": Int(default=5),
            "at": Datetime(),
            "tags": List(String(), max=4),
            "lines": List(Dict({"text": String(), "n": Int(min=0), "by": Dict({"hand": String()})})),
            "grid": List(List(Int())),
            "place": Dict({"city": String(), "zip": String()}),
            "spot": Tuple((Int(), Int())),
            "free": FreeDict(),
            "twice": Int(set=lambda root: (root.pages or 0) * 2),
            "odd": Int(exists=lambda root: root.pages == 11),
            "fixed": Int(default=1, can_modify=False),
            "secret": Int(default=1, can_read=False),
        }
    )
    live.set(
        {
            "title": "Notes",
            "pages": 10,
            "at": "2031-05-17T08:00:00Z",
            "tags": ["sea", "kids"],
            "lines": [{"text": "one", "n": 1, "by": {"hand": "l"}}, {"text": "two"}],
            "grid": [[1], [2, 3]],
            "place": {"city": "Lyon", "zip": "69"},
            "spot": (1, 2),
            "free": {"a": {"b": [1, 2]}},
        }
    )
    live.enable_permissions()
    return live


@pytest.mark.parametrize(
    ("op", "path", "value", "selector", "after"),
    [
        ("replace", "$.title", "Letters", "$.title", "Letters"),
        ("replace", "@.pages", 11, "$.twice", 22),
        ("replace", "$['title']", "Letters", "$.title", "Letters"),
        ("replace", "$.pages", None, "$.pages", None),
        ("replace", "$.at", "2032-01-01", "$.at.nope", None),
        ("replace", "$.tags", ["a"], "$.tags", ["a"]),
        ("replace", "$.tags[0]", "sky", "$.tags", ["sky", "kids"]),
        ("replace", "$.tags[-1]", "sky", "$.tags", ["sea", "sky"]),
        ("replace", "$.lines[0].text", "uno", "$.lines.text", ["uno", "two"]),
        ("replace", "$.lines[1].by.hand", "r", "$.lines.by.hand", ["l", "r"]),
        ("replace", "$.grid[1][0]", 9, "$.grid", [[1], [9, 3]]),
        ("replace", "$.place", {"city": "Oslo"}, "$.place", {"city": "Oslo", "zip": "69"}),
        ("replace", "$.place", None, "$.place", {"city": None, "zip": None}),
        ("replace", "$.lines[0]", {"text": "uno"}, "$.lines[0]", {"text": "uno", "n": 1, "by": {"hand": "l"}}),
        ("replace", "$.spot", [3, 4], "$.spot", (3, 4)),
        ("replace", "$", {"title": "Letters"}, "$.title", "Letters"),
        ("replace", "$.free.a.b[0]", 9, "$.free.a.b", [9, 2]),
        ("replace", "$.free.a", "x", "$.free.a", "x"),
        ("add", "$.tags", "sky", "$.tags", ["sea", "kids", "sky"]),
        ("add", "$.tags[0]", "sky", "$.tags", ["sky", "sea", "kids"]),
        ("add", "$.tags[2]", "sky", "$.tags", ["sea", "kids", "sky"]),
        ("add", "$.tags[-1]", "sky", "$.tags", ["sea", "sky", "kids"]),
        ("add", "$.lines", {"text": "three"}, "$.lines.text", ["one", "two", "three"]),
        ("add", "$.grid[1][2]", 4, "$.grid", [[1], [2, 3, 4]]),
        ("add", "$.grid[0]", [0], "$.grid", [[0], [1], [2, 3]]),
        ("add", "$.free.c", 5, "$.free.c", 5),
        ("add", "$.free.a.b", 5, "$.free.a.b", [1, 2, 5]),
        ("remove", "$.tags[0]", None, "$.tags", ["kids"]),
        ("remove", "$.tags[-1]", None, "$.tags", ["sea"]),
        ("remove", "$.tags", 1, "$.tags", ["sea"]),
        ("remove", "$.tags", -2, "$.tags", ["kids"]),
        ("remove", "$.tags", None, "$.tags", []),
        ("remove", "$.lines[0]", None, "$.lines.text", ["two"]),
        ("remove", "$.pages", None, "$.pages", None),
        ("remove", "$.lines[0].text", None, "$.lines.text", ["two"]),
        ("remove", "$.place", None, "$.place", {"city": None, "zip": None}),
        ("remove", "$.free.a", None, "$.free", {}),
        ("remove", "$.free", None, "$.free", {}),
        ("remove", "$.free.a.b[0]", None, "$.free.a.b", [2]),
    ],
)
def test_one_operation(op: str, path: str, value: Any, selector: str, after: Any) -> None:
    live = book()
    patch(live, op, path, value)
    assert select(live, selector) == after
    other = book()
    patch(other, [{"op": op, "path": path, "value": value}])
    assert other == live


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$.title", "Notes"),
        ("$.pages", 10),
        ("$.pages", 10.0),
        ("$.at", "2031-05-17T08:00:00Z"),
        ("$.at", book().at),
        ("$.tags", ["sea", "kids"]),
        ("$.tags[1]", "kids"),
        ("$.place", {"city": "Lyon", "zip": "69"}),
        ("$.lines[1]", {"text": "two", "n": None, "by": {"hand": None}}),
        ("$.spot", [1, 2]),
        ("$.spot", (1, 2)),
        ("$.free", {"a": {"b": [1, 2]}}),
        ("$.free.a.b[1]", 2),
        ("$.lines[1].n", None),
        ("$.twice", 20),
    ],
)
def test_a_test_that_holds(path: str, value: Any) -> None:
    live = book()
    patch(live, "test", path, value)
    assert live == book()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$.title", "notes"),
        ("$.title", None),
        ("$.pages", True),
        ("$.pages", "10"),
        ("$.tags", ["sea"]),
        ("$.tags", ["kids", "sea"]),
        ("$.place", {"city": "Lyon"}),
        ("$.at", "2031-05-17T09:00:00Z"),
        ("$.lines[1].n", 0),
        ("$.spot", [1, 3]),
    ],
)
def test_a_test_that_fails(path: str, value: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        patch(book(), {"op": "test", "path": path, "value": value})
    assert refused.value.messages == {"$.value": [f"{path} has another value."]}


@pytest.mark.parametrize(
    ("operation", "messages"),
    [
        (5, {"$[1]": ["Must be an object with 'op', 'path' and 'value'."]}),
        ({"op": "move", "path": "$.title"}, {"$[1].op": ["Must be one of: test, replace, remove, add."]}),
        ({"path": "$.title", "value": 1}, {"$[1].op": ["Must be one of: test, replace, remove, add."]}),
        ({"op": "replace", "path": "$.title"}, {"$[1].value": ["Is required."]}),
        ({"op": "test", "path": "$.title"}, {"$[1].value": ["Is required."]}),
        ({"op": "remove"}, {"$[1].path": ["Must be a path such as $.name or $.tags[0]."]}),
        ({"op": "remove", "path": "title"}, {"$[1].path": ["Must be a path such as $.name or $.tags[0]."]}),
        ({"op": "remove", "path": "/title"}, {"$[1].path": ["Must be a path such as $.name or $.tags[0]."]}),
        ({"op": "remove", "path": 5}, {"$[1].path": ["Must be a path such as $.name or $.tags[0]."]}),
        ({"op": "remove", "path": "$.title", "from": "$"}, {"$[1].from": ["Unknown field."]}),
        ({"op": "remove", "path": "$.nope"}, {"$[1].path": ["$.nope leads to no field."]}),
        ({"op": "remove", "path": "$.title.x"}, {"$[1].path": ["$.title.x leads to no field."]}),
        ({"op": "remove", "path": "$.odd"}, {"$[1].path": ["$.odd leads to no field."]}),
        ({"op": "remove", "path": "$.title[0]"}, {"$[1].path": ["$.title[0] leads to no field."]}),
        ({"op": "remove", "path": "$.free.x"}, {"$[1].path": ["$.free.x leads to no field."]}),
        ({"op": "remove", "path": "$.tags[7]"}, {"$[1].path": ["$.tags[7] leads past the end of the list."]}),
        (
            {"op": "replace", "path": "$.tags[3]", "value": "x"},
            {"$[1].path": ["$.tags[3] leads past the end of the list."]},
        ),
        (
            {"op": "add", "path": "$.tags[4]", "value": "x"},
            {"$[1].path": ["$.tags[4] leads past the end of the list."]},
        ),
        (
            {"op": "add", "path": "$.tags[-4]", "value": "x"},
            {"$[1].path": ["$.tags[-4] leads past the end of the list."]},
        ),
        ({"op": "remove", "path": "$.tags", "value": 7}, {"$[1].value": ["$.tags has no element at position 7."]}),
        (
            {"op": "remove", "path": "$.tags", "value": True},
            {"$[1].value": ["$.tags has no element at position True."]},
        ),
        ({"op": "replace", "path": "$", "value": None}, {"$[1].value": ["$ itself can't be null."]}),
    ],
)
def test_a_wrong_operation_is_named_by_its_place(operation: Any, messages: dict[str, list[str]]) -> None:
    live = book()
    with pytest.raises(ValidationError) as refused:
        patch(live, [{"op": "add", "path": "$.tags", "value": "new"}, operation])
    assert refused.value.messages == messages
    assert live == book()


@pytest.mark.parametrize(
    ("op", "path", "value", "message"),
    [
        ("add", "$.title", "x", "$.title is no list: nothing can be added to it."),
        ("add", "$.place", {}, "$.place is no list: nothing can be added to it."),
        ("remove", "$", None, "$ itself can't be removed."),
        ("replace", "$.tags[*]", "x", "An operation changes one thing: name one of those in $.tags."),
        ("replace", "$.*", "x", "An operation changes one thing: name one of those in $."),
        ("replace", "$.tags[0:1]", "x", "An operation changes one thing: name one of those in $.tags."),
        ("replace", "$.lines.text", "x", "An operation changes one thing: name one of those in $.lines."),
        ("replace", "$.spot[0]", 5, "$.spot is a Tuple, which is replaced as a whole."),
    ],
)
def test_what_can_not_be_done_there(op: str, path: str, value: Any, message: str) -> None:
    with pytest.raises(TypeMismatchError) as refused:
        patch(book(), op, path, value)
    assert list(refused.value.messages.values()) == [[message]]


def test_a_path_that_leads_nowhere_is_a_lookup_error_too() -> None:
    with pytest.raises(PathNotFoundError):
        patch(book(), "replace", "$.nope", 1)


@pytest.mark.parametrize(
    ("op", "path", "value", "where"),
    [
        ("replace", "$.pages", 0, "$.pages"),
        ("replace", "$.pages", "x", "$.pages"),
        ("replace", "$.title", None, "$.title"),
        ("remove", "$.title", None, "$.title"),
        ("replace", "$.lines[1].n", -1, "$.lines[1].n"),
        ("replace", "$.lines[0]", {"n": -1}, "$.lines[0].n"),
        ("add", "$.lines", {"n": -1}, "$.lines[2].n"),
        ("add", "$.tags", 5, "$.tags[2]"),
        ("replace", "$", {"pages": 0}, "$.pages"),
        ("replace", "$.place", 5, "$.place"),
    ],
)
def test_a_refused_value_is_the_error_of_its_field(op: str, path: str, value: Any, where: str) -> None:
    live = book()
    with pytest.raises(ValidationError) as refused:
        patch(live, [{"op": "replace", "path": "$.price", "value": 7}, {"op": op, "path": path, "value": value}])
    assert list(refused.value.messages) == [where]
    assert live == book()


@pytest.mark.parametrize("path", ["$.twice", "$.fixed"])
def test_the_object_s_own_rules_decide(path: str) -> None:
    live = book()
    with pytest.raises(RightsError):
        patch(live, [{"op": "replace", "path": "$.price", "value": 7}, {"op": "replace", "path": path, "value": 9}])
    assert live == book()


def test_what_may_not_be_read_may_not_be_guessed() -> None:
    for value in (1, 2):
        with pytest.raises(RightsError):
            patch(book(), "test", "$.secret", value)
    patch(book(), "test", "$", book().get_value())
    live = book()
    patch(live, "replace", "$.secret", 8)
    live.disable_permissions()
    assert live.secret == 8


def test_later_operations_see_what_earlier_ones_did() -> None:
    live = book()
    patch(
        live,
        [
            {"op": "add", "path": "$.lines", "value": {"text": "three"}},
            {"op": "test", "path": "$.lines[2].text", "value": "three"},
            {"op": "replace", "path": "$.lines[2].n", "value": 3},
            {"op": "remove", "path": "$.lines[0]"},
        ],
    )
    assert live.lines == [
        {"text": "two", "n": None, "by": {"hand": None}},
        {"text": "three", "n": 3, "by": {"hand": None}},
    ]


def test_a_failure_leaves_the_parts_that_were_taken_out_valid() -> None:
    live = book()
    line, tags = live.lines[0], live.tags
    with pytest.raises(ValidationError):
        patch(
            live,
            [
                {"op": "remove", "path": "$.lines[0]"},
                {"op": "replace", "path": "$.tags", "value": []},
                {"op": "replace", "path": "$.pages", "value": 0},
            ],
        )
    line.text = "still here"
    tags.append("sky")
    assert live.lines[0].text == "still here"
    assert live.tags == ["sea", "kids", "sky"]


def test_a_failure_is_nothing_to_roll_back() -> None:
    live = book()
    live.price = 6
    with pytest.raises(ValidationError):
        patch(live, [{"op": "replace", "path": "$.price", "value": 7}, {"op": "remove", "path": "$.title"}])
    live.rollback()
    assert live.price != 7
    assert live.price == 5


def test_a_part_of_an_object() -> None:
    live = book()
    patch(live.place, "replace", "@.city", "Oslo")
    patch(live.place, "replace", "$.title", "Letters")
    patch(live.tags, "add", "@", "sky")
    patch(live.tags, "remove", "@[0]")
    assert (live.place.city, live.title, live.tags) == ("Oslo", "Letters", ["kids", "sky"])
    with pytest.raises(ValidationError):
        patch(live.place, [{"op": "replace", "path": "@.city", "value": "Rome"}, {"op": "remove", "path": "$.title"}])
    assert live.place.city == "Oslo"


def test_a_list_that_stands_alone() -> None:
    live = List(Int(min=0))
    patch(live, "add", "$", 1)
    patch(live, "replace", "$", [1, 2])
    patch(live, "test", "$", [1, 2])
    with pytest.raises(TypeMismatchError):
        patch(live, "replace", "$", 5)
    with pytest.raises(ValidationError):
        patch(live, [{"op": "remove", "path": "$[0]"}, {"op": "add", "path": "$", "value": -1}])
    assert live == [1, 2]


# -- items -----------------------------------------------------------------------------------------


@pytest.fixture
def town(open_backoffice: Open) -> Backoffice:
    return open_backoffice(
        sites=Item(
            {
                "name": String(),
                "users": RefsList(coll="users", field="$.site"),
                "guests": RefsList(coll="users", field="$.guest", ofs=FillStrategy.NOT_FILL),
            }
        ),
        users=Item(
            {
                "name": String(),
                "tags": List(String()),
                "site": Ref(coll="sites", field="$.users"),
                "guest": Ref(coll="sites", field="$.guests"),
            }
        ),
    )


def test_an_item_is_saved_by_whoever_asks(town: Backoffice) -> None:
    moon = town.sites.create({"name": "moon"})
    user = town.users.create({"name": "bebert", "tags": ["a"]})
    patch(user, [{"op": "replace", "path": "$.site", "value": moon._id}, {"op": "add", "path": "$.tags", "value": "b"}])
    assert user._status is StatusType.UNSAVED
    user.save()
    found = town.users.get_by_id(user._id)
    assert (found.site, found.tags) == (moon._id, ["a", "b"])
    moon.reload()
    patch(moon, "remove", "$.users", 0)
    moon.save()
    assert town.users.get_by_id(user._id).site is None


def test_a_failure_leaves_the_item_saved(town: Backoffice) -> None:
    user = town.users.create({"name": "bebert", "tags": ["a"]})
    before = copy.deepcopy(user.get_value())
    with pytest.raises(ValidationError):
        patch(user, [{"op": "add", "path": "$.tags", "value": "b"}, {"op": "test", "path": "$.name", "value": "john"}])
    assert user._status is StatusType.SAVED
    assert user.get_value() == before
    user.name = "john"
    user.save()
    assert town.users.get_by_id(user._id).get_value() == user.get_value()


def test_another_item_is_not_changed_by_the_way(town: Backoffice) -> None:
    moon = town.sites.create({"name": "moon"})
    user = town.users.create({"name": "bebert", "site": moon})
    moon.reload()
    for item, path in ((user, "$.site.name"), (moon, "$.users.name")):
        with pytest.raises(TypeMismatchError, match="leads to another item"):
            patch(item, "replace", path, "mars")
    with pytest.raises(PathNotFoundError):
        patch(moon, "replace", "$.users[0].name", "mars")


@pytest.mark.parametrize("path", ["$._id", "$._meta", "$._meta.ctime", "$._meta.created_by.login"])
@pytest.mark.parametrize("op", ["replace", "remove"])
def test_what_the_library_keeps_is_kept(town: Backoffice, op: str, path: str) -> None:
    user = town.users.create({"name": "bebert"})
    before = user.get_value()
    with pytest.raises(RightsError, match="kept by the library"):
        patch(user, op, path, "x")
    patch(user, "test", "$._id", user._id)
    patch(user, "test", "$._meta.created_by.login", "ANONYMOUS")
    assert user.get_value() == before


def test_links_that_were_not_read_can_be_compared(town: Backoffice) -> None:
    mars = town.sites.create({"name": "mars"})
    user = town.users.create({"name": "bebert", "guest": mars})
    mars = town.sites.get_by_id(mars._id)
    patch(mars, "test", "$.guests", [user._id])
    with pytest.raises(ValidationError):
        patch(mars, "test", "$.guests", [])
