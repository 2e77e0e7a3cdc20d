"""`match`: filters on live objects. What the operators mean is in tests/query; here is what is special to live ones."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backo_sql import (
    Backoffice,
    Bool,
    Datetime,
    DBSQLConnector,
    DescriptionError,
    Dict,
    FillStrategy,
    FreeDict,
    Int,
    Item,
    List,
    QueryError,
    Ref,
    RefsList,
    String,
    Tuple,
)
from backo_sql.items.match import match
from backo_sql.query import patterns
from backo_sql.query.ast import And
from backo_sql.query.bind import Binder, Scope
from backo_sql.query.evaluate import predicate
from backo_sql.query.parse_dict import parse_filter
from tests.support import Open, statements


def person() -> Dict:
    live = Dict(
        {
            "name": String(),
            "age": Int(),
            "flag": Bool(),
            "at": Datetime(),
            "tags": List(String()),
            "kids": List(Dict({"name": String(), "age": Int()})),
            "job": Dict({"title": String(), "pay": Dict({"net": Int()})}),
            "spot": Tuple((Int(), String())),
            "free": FreeDict(),
            "twice": Int(set=lambda root: root.age * 2),
            "adult": Int(exists=lambda root: root.age > 40),
            "secret": Int(default=1, can_read=False),
        }
    )
    live.set(
        {
            "name": "bebert",
            "age": 36,
            "flag": True,
            "at": "2031-05-17T08:00:00Z",
            "tags": ["sea", "kids"],
            "kids": [{"name": "Zoe", "age": 3}, {"name": "Max"}],
            "job": {"title": "pilot", "pay": {"net": 10}},
            "spot": (1, "x"),
            "free": {"deep": {"n": 1}, "word": "abc", "list": [1, {"x": 2}]},
        }
    )
    live.enable_permissions()
    return live


@pytest.mark.parametrize(
    ("filters", "matches"),
    [
        ({}, True),
        (None, False),
        ("bebert", False),
        (5, False),
        ([], False),
        ({"name": "bebert"}, True),
        ({"name": "john"}, False),
        ({"name": "bebert", "age": 36}, True),
        ({"name": "bebert", "age": 37}, False),
        ({"$.name": "bebert"}, True),
        ({"age": ("$gt", 30)}, True),
        ({"age": {"$gt": 30, "$lt": 36}}, False),
        ({"age.$gt": 30}, True),
        ({"age": 36.0}, False),
        ({"flag": True}, True),
        ({"flag": 1}, False),
        ({"at": "2031-05-17T08:00:00Z"}, True),
        ({"at": ("$lt", "2032-01-01")}, True),
        ({"job": {"pay": {"net": ("$gte", 10)}}}, True),
        ({"job.pay.net": 10}, True),
        ({"$.job.pay": {"net": 11}}, False),
        ({"job": {}}, True),
        ({"job": None}, False),
        ({"job": "pilot"}, False),
        ({"name": ("$reg", "bert")}, False),
        ({"name": ("$reg", "be")}, True),
        ({"name": ("$re", "bert")}, True),
        # lists
        ({"tags": ["sea", "kids"]}, True),
        ({"tags": ["sea", ("$re", "i")]}, True),
        ({"tags": ["sea"]}, False),
        ({"tags": "sea"}, False),
        ({"tags": ("$contains", "sea")}, True),
        ({"tags": ("$contains", ("$eq", "sky"))}, False),
        ({"kids": ("$contains", {"name": "Zoe", "age": ("$lt", 4)})}, True),
        ({"kids": ("$contains", {"name": "Max", "age": ("$lt", 4)})}, False),
        ({"kids.name": "Max"}, True),
        ({"kids.name": ("$ne", "Max")}, False),
        ({"kids.age": None}, True),
        ({"kids": [{"name": "Zoe"}, {"age": None}]}, True),
        ({"kids": [{"name": "Zoe"}]}, False),
        ({"spot": (1, "x")}, True),
        ({"spot": [1, "x"]}, True),
        ({"spot": (1, "y")}, False),
        # what is free inside is what it happens to be
        ({"free": {"deep": {"n": 1}}}, True),
        ({"free.deep.n": ("$gt", 0)}, True),
        ({"free.deep.n": True}, False),
        ({"free.deep.n": ("$gt", "a")}, False),
        ({"free.deep.n": ("$re", "1")}, False),
        ({"free.deep.n": ("$contains", 1)}, False),
        ({"free.deep.n.more": None}, True),
        ({"free.word": ("$re", "b")}, True),
        ({"free.word": ("$lt", "b")}, True),
        ({"free.word": ("$contains", "a")}, False),
        ({"free.list": [1, {"x": 2}]}, True),
        ({"free.list": ("$contains", {"x": 2})}, True),
        ({"free.list": ("$contains", 2)}, False),
        ({"free.list": ("$in", [[1, {"x": 2}]])}, True),
        ({"free.list": ("$gt", 1)}, False),
        ({"free.list.x": 2}, False),
        ({"free.list.x": None}, True),
        ({"free.nope": None}, True),
        ({"free": None}, False),
        # combinations
        (("$or", [{"name": "john"}, {"age": 36}]), True),
        (("$or", [{"name": "john"}, {"age": 37}]), False),
        (("$or", [("name", "bebert"), ("age", 37)]), True),
        (("$not", {"name": "john"}), True),
        (("$not", {"name": "bebert"}), False),
        ({"$or": [{"name": "john"}], "age": 36}, False),
        ({"age": ("$or", [1, 36])}, True),
        ({"age": ("$and", [])}, True),
        ({"age": ("$or", [])}, False),
        # computed and conditional fields, and those that may not be read
        ({"twice": 72}, True),
        ({"adult": None}, False),
        ({"adult": ("$ne", 1)}, False),
        ({"adult": ("$not", ("$eq", 1))}, True),
        ({"secret": 1}, False),
        ({"secret": None}, False),
        ({"secret": ("$ne", 5)}, False),
        ({"secret": ("$nin", [5])}, False),
        # what can't be: false, never an error
        ({"nope": 1}, False),
        ({"nope": None}, False),
        ({"nope": ("$ne", 1)}, False),
        ({"nope": ("$not", 1)}, True),
        ({"name.nope": 1}, False),
        ({"age": "36"}, False),
        ({"age": ("$gt", "x")}, False),
        ({"age": ("$lt", None)}, False),
        ({"age": ("$in", [36, "x"])}, True),
        ({"age": ("$in", "x")}, False),
        ({"age": ("$reg", "3")}, False),
        ({"age": ("$not", ("$reg", "3"))}, True),
        ({"name": ("$re", "(")}, False),
        ({"name": ("$unknown", 1)}, False),
        ({"name": ("$not", ("$unknown", 1))}, True),
        ({"name": ("$gt",)}, False),
        ({"name": {"$unknown": 1}}, False),
        ({"name": ("$contains", "b")}, False),
        ({"flag": ("$gt", False)}, False),
        ({1: 2}, False),
        # a value that can't be of the type is none that the field has
        ({"age": ("$ne", "x")}, True),
        ({"age": ("$nin", ["x"])}, True),
    ],
)
def test_a_dict(filters: Any, matches: bool) -> None:
    assert match(person(), filters) is matches
    assert match(person(), ("$not", filters)) is not matches


def test_a_filter_with_too_much_in_it_does_not_match() -> None:
    deep: Any = {"age": 36}
    for _ in range(60):
        deep = ("$and", [deep])
    assert match(person(), deep) is False


def test_parts_of_an_object() -> None:
    live = person()
    assert match(live.job, {"title": "pilot"})
    assert match(live.job, {"pay.net": 10})
    assert match(live.kids[1], {"name": "Max", "age": None})
    assert match(live.kids, ("$contains", {"name": "Zoe"}))
    assert match(live.kids, [{"name": "Zoe"}, {}])
    assert not match(live.kids, [{}])
    assert match(live.tags, ["sea", "kids"])
    assert not match(live.tags, None)
    assert not match(live.tags, {"name": "sea"})


@pytest.mark.parametrize(
    ("field", "value", "filters", "matches"),
    [
        (Int(), 5, 5, True),
        (Int(), 5, "5", False),
        (Int(), 5, ("$gt", 3), True),
        (Int(), 5, ("$and", [("$gt", 3), ("$lt", 5)]), False),
        (Int(), 5, ("$not", ("$gt", 3)), False),
        (Int(), 5, ("$nope", 3), False),
        (Int(), 5, ("$reg", "5"), False),
        (Int(), 5, {"a": 1}, False),
        (Int(), None, None, True),
        (Int(), None, ("$lt", 3), False),
        (Int(), None, ("$ne", 3), True),
        (String(), "bert1", ("$reg", ".*1"), True),
        (String(), "bert1", ("$in", ["bert1", "x"]), True),
        (String(), "bert1", ("$in", []), False),
        (Bool(), True, True, True),
    ],
)
def test_a_field_that_stands_alone(field: Any, value: Any, filters: Any, matches: bool) -> None:
    field.set(value)
    assert match(field, filters) is matches


def test_a_list_that_stands_alone() -> None:
    live = List(Int())
    assert match(live, None)
    assert match(live, ("$contains", 1)) is False
    live.set([1, 2])
    assert match(live, [1, ("$gt", 1)])
    assert match(live, ("$contains", ("$gt", 1)))
    assert match(live, ("$ne", [1]))
    assert not match(live, None)


def test_a_slow_regular_expression_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "PATTERN_TIMEOUT", 0.01)
    live = Dict({"name": String()})
    live.name = "a" * 60 + "b"
    with pytest.raises(QueryError, match="takes too long"):
        match(live, {"name": ("$reg", "(a|aa)+$")})


# -- the same as for plain values ------------------------------------------------------------------

TEXTS = st.sampled_from([None, "", "a", "b", "é"])
NUMBERS = st.sampled_from([None, -1, 0, 1, 2])
ROWS = st.fixed_dictionaries(
    {
        "text": TEXTS,
        "number": NUMBERS,
        "words": st.one_of(st.none(), st.lists(TEXTS, max_size=3)),
        "lines": st.lists(st.fixed_dictionaries({"word": TEXTS, "n": NUMBERS}), max_size=3),
        "inner": st.fixed_dictionaries({"n": NUMBERS}),
    }
)


def asked(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        values,
        st.tuples(st.sampled_from(["$eq", "$ne", "$lt", "$lte", "$gt", "$gte"]), values),
        st.tuples(st.sampled_from(["$in", "$nin"]), st.lists(values, max_size=3)),
    )


def on(paths: list[str], of: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(lambda path, value: {path: value}, st.sampled_from(paths), of)


FILTERS = st.recursive(
    st.one_of(
        on(["text", "lines.word"], asked(TEXTS)),
        on(["number", "lines.n", "inner.n"], asked(NUMBERS)),
        on(["words"], st.one_of(st.none(), st.lists(TEXTS, max_size=2), st.tuples(st.just("$contains"), asked(TEXTS)))),
        on(["lines"], st.tuples(st.just("$contains"), on(["n"], asked(NUMBERS)))),
    ),
    lambda part: st.one_of(
        st.lists(part, max_size=3).map(lambda parts: ("$and", parts)),
        st.lists(part, max_size=3).map(lambda parts: ("$or", parts)),
        part.map(lambda each: ("$not", each)),
    ),
    max_leaves=5,
)


@settings(max_examples=300, deadline=None)
@given(ROWS, FILTERS)
def test_a_live_object_matches_as_its_plain_values_do(row: dict[str, Any], filters: Any) -> None:
    live = Dict(
        {
            "text": String(),
            "number": Int(),
            "words": List(String()),
            "lines": List(Dict({"word": String(), "n": Int()})),
            "inner": Dict({"n": Int()}),
        }
    )
    live.set(row)
    where = Binder({}).bind(And(tuple(parse_filter(filters))), Scope(live._type))
    assert match(live, filters) is predicate(where)(live.get_value())
    assert match(live, ("$not", filters)) is not match(live, filters)


# -- through references ----------------------------------------------------------------------------


def people() -> dict[str, Item]:
    return {
        "sites": Item(
            {
                "name": String(),
                "address": Dict({"city": String(), "mayor": Ref(coll="users")}),
                "users": RefsList(coll="users", field="$.site"),
                "guests": RefsList(coll="users", field="$.guest", ofs=FillStrategy.NOT_FILL),
            }
        ),
        "users": Item(
            {
                "name": String(),
                "age": Int(),
                "secret": Int(can_read=False),
                "site": Ref(coll="sites", field="$.users"),
                "guest": Ref(coll="sites", field="$.guests"),
            }
        ),
    }


@pytest.fixture
def town(open_backoffice: Open) -> Backoffice:
    backoffice = open_backoffice(**people())
    moon = backoffice.sites.create({"name": "moon", "address": {"city": "Copernicus"}})
    mars = backoffice.sites.create({"name": "mars"})
    backoffice.users.create({"name": "bebert", "age": 36, "secret": 5, "site": moon, "guest": mars})
    john = backoffice.users.create({"name": "john", "site": moon, "guest": mars})
    backoffice.users.create({"name": "nobody"})
    moon.address.mayor = john
    moon.save()
    return backoffice


@pytest.mark.parametrize(
    ("collection", "name", "filters", "matches"),
    [
        ("users", "bebert", {"site.name": "moon"}, True),
        ("users", "bebert", {"$.site.address.city": "Copernicus"}, True),
        ("users", "bebert", {"site": {"users": {"name": "john"}}}, True),
        ("users", "bebert", {"site.users.name": ("$ne", "john")}, False),
        ("users", "bebert", {"site.address.mayor.name": "john"}, True),
        ("users", "bebert", {"guest.address.mayor.name": None}, True),
        ("users", "nobody", {"site.name": None}, True),
        ("users", "nobody", {"site.name": ("$ne", "moon")}, True),
        ("users", "nobody", {"site.nope": ("$ne", "moon")}, False),
        ("users", "bebert", {"site.users": ("$contains", {"name": "bebert", "age": 36})}, True),
        ("users", "bebert", {"site.users": ("$contains", {"name": "john", "age": 36})}, False),
        ("sites", "moon", {"users.name": "bebert"}, True),
        ("sites", "moon", {"users.secret": 5}, False),
        ("sites", "moon", {"users.secret": None}, False),
        ("sites", "mars", {"users.name": "bebert"}, False),
        ("sites", "mars", {"users": []}, True),
        ("sites", "mars", {"guests.name": "bebert"}, True),
        ("sites", "mars", {"guests": []}, False),
        ("sites", "mars", {"guests": [("$ne", None), ("$gt", "0")]}, True),
        ("sites", "mars", {"guests.site.name": "moon"}, True),
        ("sites", "moon", {"users.guest.guests.name": "john"}, True),
    ],
)
def test_a_path_goes_on_through_references(
    town: Backoffice, collection: str, name: str, filters: Any, matches: bool
) -> None:
    item = getattr(town, collection).select_one({"name": name})
    assert match(item, filters) is matches


def test_parts_of_an_item(town: Backoffice) -> None:
    moon = town.sites.select_one({"name": "moon"})
    assert match(moon.address, {"mayor.name": "john"})
    assert match(moon.users, ("$contains", {"name": "john"}))
    assert match(moon.users, ("$contains", moon.users[0]))
    assert match(town.users.select_one({"name": "john"}), {"site": moon})


def test_an_object_of_no_collection_leads_nowhere() -> None:
    alone = Dict({"n": Int(default=1), "site": Ref(coll="sites", default="s1")})
    assert match(alone, {"n": 1, "site": "s1"})
    with pytest.raises(DescriptionError, match="registered"):
        match(alone, {"site.name": "moon"})


def test_statements_do_not_depend_on_how_many_items_there_are(open_backoffice: Open, db: DBSQLConnector) -> None:
    counts = []
    backoffice = open_backoffice(**people())
    for number in (2, 30):
        site = backoffice.sites.create({"name": f"site {number}"})
        for each in range(number):
            guest = backoffice.sites.create({"name": f"guest {each}"})
            backoffice.users.create({"name": f"user {each}", "site": site, "guest": guest})
        item = backoffice.sites.get_by_id(site._id)
        with statements(db) as seen:
            assert match(item, {"users.guest.guests.name": "nobody"}) is False
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 8
