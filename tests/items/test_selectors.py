"""Selectors: what a text names inside a live object, and through the links of one."""

from __future__ import annotations

from typing import Any

import pytest

from backo_sql import (
    Backoffice,
    DBSQLConnector,
    DescriptionError,
    Dict,
    FillStrategy,
    FreeDict,
    Int,
    Item,
    List,
    Ref,
    RefsList,
    String,
    Tuple,
)
from backo_sql.items.selectors import Every, Index, Name, Selector, Slice, multi_select, select
from tests.support import Open, statements


def tree() -> Dict:
    live = Dict(
        {
            "a": Int(),
            "b": Dict({"l": List(Dict({"i": String(), "m": List(Int())})), "n": Dict({"i": String()})}),
            "t": Tuple((Int(), String())),
            "s": String(),
            "free": FreeDict(),
            "odd": Int(exists=lambda root: root.a == 2),
        }
    )
    live.set(
        {
            "a": 1,
            "b": {"l": [{"i": "x", "m": [1, 2]}, {"i": "y", "m": []}, {"m": [3]}], "n": {"i": "q"}},
            "t": (5, "six"),
            "s": "abc",
            "free": {"a key": {"deep": [10, 20]}, "it's": 1},
        }
    )
    return live


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("$.a", 1),
        ("@.a", 1),
        ("$['a']", 1),
        ('$["a"]', 1),
        ("$['b'].n['i']", "q"),
        ("$.b.n.i", "q"),
        ("$.b.l[0].i", "x"),
        ("$.b.l[1].i", "y"),
        ("$.b.l[-3].i", "x"),
        ("$.b.l[2].i", None),
        ("$.b.l[0].m", [1, 2]),
        ("$.b.l[0].m[-1]", 2),
        # several
        ("$.b.l.i", ["x", "y"]),
        ("$.b.l[*].i", ["x", "y"]),
        ("$.b.l.*.i", ["x", "y"]),
        ("$.b.l[0:2].i", ["x", "y"]),
        ("$.b.l[:1].i", ["x"]),
        ("$.b.l[1:].i", ["y"]),
        ("$.b.l[:].i", ["x", "y"]),
        ("$.b.l[::2].m", [[1, 2], [3]]),
        ("$.b.l[::-1].i", ["y", "x"]),
        ("$.b.l[-2:].m", [[], [3]]),
        ("$.b.l[0:9:1].i", ["x", "y"]),
        ("$.b.l[::0].i", []),
        ("$.b.l[5:]", []),
        ("$.b.l.m[0]", [1, 3]),
        ("$.b.l.m[*]", [[1, 2], [], [3]]),
        ("$.b.l[0].m[*]", [1, 2]),
        ("$.b.l.nope", []),
        ("$.*.l.i", [["x", "y"], ()]),
        ("$.b.n.*", ["q"]),
        ("$.b.n[*]", ["q"]),
        # a Tuple has places, not a last but one
        ("$.t", (5, "six")),
        ("$.t[1]", "six"),
        ("$.t[-1]", None),
        ("$.t[5]", None),
        ("$.t[*]", (5, "six")),
        ("$.t.nope", ()),
        # what is free inside
        ("$.free['a key'].deep[1]", 20),
        ("$.free['it\\'s']", 1),
        ('$.free["it\'s"]', 1),
        ("$.free.nope.nope", None),
        # what isn't there
        ("$.b.l[9].i", None),
        ("$.b.l[-4]", None),
        ("$.nope", None),
        ("$.b.nope.x", None),
        ("$.a.b", None),
        ("$.s[0]", None),
        ("$.s[0:1]", None),
        ("$.a.*", None),
        ("$.a[*]", None),
        ("$.odd", None),
        # what is no selector
        ("", None),
        ("a", None),
        (".a", None),
        ("$a", None),
        ("$.", None),
        ("$..a", None),
        ("$.b..i", None),
        ("$.b[", None),
        ("$.b[]", None),
        ("$.b[x]", None),
        ("$.b[1", None),
        ("$['a]", None),
        ("$.a b", None),
        ("$.a\n", None),
        ("$" + ".a" * 600, None),
        (12, None),
    ],
)
def test_what_a_selector_names(selector: Any, found: Any) -> None:
    assert select(tree(), selector) == found


@pytest.mark.parametrize("selector", [None, "$", "@"])
def test_the_object_itself(selector: str | None) -> None:
    live = tree()
    assert select(live, selector) is live


def test_containers_come_back_live() -> None:
    live = tree()
    assert type(select(live, "$.b.l")) is List
    assert type(select(live, "$.b.l[0]")) is Dict
    assert [type(each) for each in select(live, "$.b.l[0:2]")] == [Dict, Dict]
    select(live, "$.b.l[0]").i = "z"
    select(live, "$.b.l[0].m").append(7)
    select(live, "$.b.n").i = "w"
    assert select(live, "$.b.l[0].i") == "z"
    assert live.b.l[0].m == [1, 2, 7]
    assert live.b.n.i == "w"


def test_the_root_and_the_object_itself_differ_further_in() -> None:
    live = tree()
    inner = live.b.l[1]
    assert select(inner, "$.a") == 1
    assert select(inner, "@.a") is None
    assert select(inner, "@.i") == "y"
    assert select(inner, "$") is live
    assert select(live.b.l, "@[0].i") == "x"


def test_a_field_that_may_not_be_read_is_not_found() -> None:
    live = Dict({"shown": Int(default=1), "hidden": Int(default=2, can_read=False)})
    live.enable_permissions()
    assert select(live, "$.hidden") is None
    assert select(live, "$.*") == [1]


def test_several_selectors() -> None:
    live = tree()
    assert multi_select(live, ["$.a", "$.nope", "$.b.l.i"]) == [1, None, ["x", "y"]]
    assert multi_select(live, ("$.a",)) == [1]
    assert multi_select(live, []) == []
    assert multi_select(live, None) is live
    assert multi_select(live, "$.a") is None


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("$", ()),
        ("@.a", (Name("a"),)),
        ("$.a[-1]", (Name("a"), Index(-1))),
        ("$[1:][:2][::3]", (Slice(1), Slice(None, 2), Slice(None, None, 3))),
        ("$.*[*]", (Every(), Every())),
        ("$['a\\\\b']", (Name("a\\b"),)),
        ("nope", None),
    ],
)
def test_a_selector_is_read_once(text: str, steps: Any) -> None:
    selector = Selector(text)
    assert selector.steps == steps
    assert selector.is_valid is (steps is not None)
    assert selector.from_root is text.startswith("$")
    assert Selector(text) == selector
    assert hash(Selector(text)) == hash(selector)


# -- through references ----------------------------------------------------------------------------


def people() -> dict[str, Item]:
    return {
        "sites": Item(
            {
                "name": String(),
                "address": Dict({"city": String()}),
                "users": RefsList(coll="users", field="$.site"),
                "guests": RefsList(coll="users", field="$.guest", ofs=FillStrategy.NOT_FILL),
                "tags": RefsList(coll="tags", field="$.sites"),
            }
        ),
        "users": Item(
            {
                "name": String(),
                "site": Ref(coll="sites", field="$.users"),
                "guest": Ref(coll="sites", field="$.guests"),
                "badge": Ref(coll="badges", field="$.user"),
            }
        ),
        "badges": Item({"number": Int(), "user": Ref(coll="users", field="$.badge", owner=True)}),
        "tags": Item({"name": String(), "sites": RefsList(coll="sites", field="$.tags")}),
    }


@pytest.fixture
def town(open_backoffice: Open) -> Backoffice:
    backoffice = open_backoffice(**people())
    moon = backoffice.sites.create({"name": "moon", "address": {"city": "Copernicus"}})
    mars = backoffice.sites.create({"name": "mars"})
    bebert = backoffice.users.create({"name": "bebert", "site": moon, "guest": mars})
    backoffice.users.create({"name": "john", "site": moon, "guest": mars})
    backoffice.users.create({"name": "nobody"})
    backoffice.badges.create({"number": 7, "user": bebert})
    backoffice.tags.create({"name": "cold", "sites": [moon, mars]})
    backoffice.tags.create({"name": "grey", "sites": [moon]})
    return backoffice


@pytest.mark.parametrize(
    ("collection", "name", "selector", "found"),
    [
        ("users", "bebert", "$.site.name", "moon"),
        ("users", "bebert", "$.site.address.city", "Copernicus"),
        ("users", "bebert", "$.site.users.name", ["bebert", "john"]),
        ("users", "bebert", "$.site.users[0].site.address.city", "Copernicus"),
        ("users", "bebert", "$.site.users.site.users.name", [["bebert", "john"], ["bebert", "john"]]),
        ("users", "bebert", "$.badge.number", 7),
        ("users", "bebert", "$.badge.user.name", "bebert"),
        ("users", "john", "$.badge.number", None),
        ("users", "bebert", "$.site[0]", None),
        ("users", "bebert", "$.site.nope", None),
        ("users", "bebert", "$.site.tags.sites.name", [["moon", "mars"], ["moon"]]),
        ("users", "bebert", "$.site.address.*", ["Copernicus"]),
        ("users", "nobody", "$.site.name", None),
        ("users", "nobody", "$.site._id", None),
        ("users", "nobody", "$.site.users.name", None),
        ("users", "nobody", "$.site.*", None),
        ("sites", "moon", "$.users.name", ["bebert", "john"]),
        ("sites", "moon", "$.users[0].name", "bebert"),
        ("sites", "moon", "$.users[-1].name", "john"),
        ("sites", "moon", "$.users[0:1].name", ["bebert"]),
        ("sites", "moon", "$.users[*].name", ["bebert", "john"]),
        ("sites", "moon", "$.users[9].name", None),
        ("sites", "moon", "$.users.badge.number", [7]),
        ("sites", "moon", "$.tags.name", ["cold", "grey"]),
        ("sites", "mars", "$.users.name", []),
        # a list that isn't read with its item is asked for
        ("sites", "mars", "$.guests.name", ["bebert", "john"]),
        ("sites", "mars", "$.guests[1].name", "john"),
        ("sites", "mars", "$.guests[0:1].site.name", ["moon"]),
        ("sites", "moon", "$.guests.name", []),
        ("sites", "moon", "$.tags.sites.guests.name", [[[], ["bebert", "john"]], [[]]]),
    ],
)
def test_a_path_goes_on_through_references(
    town: Backoffice, collection: str, name: str, selector: str, found: Any
) -> None:
    item = getattr(town, collection).select_one({"name": name})
    assert select(item, selector) == found


def test_a_reference_itself_is_its_id(town: Backoffice) -> None:
    moon = town.sites.select_one({"name": "moon"})
    bebert = town.users.select_one({"name": "bebert"})
    assert select(bebert, "$.site") == moon._id
    assert select(bebert, "$.site._id") == moon._id
    assert type(select(moon, "$.users")) is RefsList
    assert select(moon, "$.users")[0] == select(moon, "$.users[0]") == bebert._id
    assert select(moon, "$.users[0:1]") == [bebert._id]
    assert select(bebert, "$.site.users[0]") == bebert._id


def test_a_list_that_is_not_filled_stays_so(town: Backoffice) -> None:
    mars = town.sites.select_one({"name": "mars"})
    assert len(select(mars, "$.guests[*]")) == 2
    assert mars.guests == []
    assert "guests" not in mars.get_value()


def test_a_dangling_id_leads_nowhere(town: Backoffice) -> None:
    user = town.users.select_one({"name": "nobody"})
    user.site = "gone"
    assert select(user, "$.site") == "gone"
    assert select(user, "$.site.name") is None
    moon = town.sites.select_one({"name": "moon"})
    moon.users.append("gone")
    assert select(moon, "$.users.name") == ["bebert", "john"]
    assert select(moon, "$.users[2].name") is None


def test_an_unsaved_item_links_too(town: Backoffice) -> None:
    user = town.users.new()
    user.site = town.sites.select_one({"name": "moon"})
    assert select(user, "$.site.name") == "moon"


def test_an_object_of_no_collection_leads_nowhere() -> None:
    alone = Dict({"site": Ref(coll="sites")})
    assert select(alone, "$.site.name") is None
    alone.site = "s1"
    assert select(alone, "$.site") == "s1"
    with pytest.raises(DescriptionError, match="registered collection"):
        select(alone, "$.site.name")


@pytest.mark.parametrize(
    ("selector", "most"),
    [
        ("$.users.name", 2),  # the users, and the lists that are filled with them: none
        ("$.users.guest.name", 6),
        ("$.users.guest.guests.name", 9),
        ("$.users.guest.guests[0]", 7),
    ],
)
def test_statements_do_not_depend_on_how_many_items_there_are(
    open_backoffice: Open, db: DBSQLConnector, selector: str, most: int
) -> None:
    counts = []
    backoffice = open_backoffice(**people())
    for number in (2, 30):
        site = backoffice.sites.create({"name": f"site {number}"})
        for each in range(number):
            guest = backoffice.sites.create({"name": f"guest {each}"})
            backoffice.users.create({"name": f"user {each}", "site": site, "guest": guest})
        item = backoffice.sites.get_by_id(site._id)
        with statements(db) as seen:
            assert len(select(item, selector)) == number
        counts.append(len(seen))
    assert counts[0] == counts[1] <= most
