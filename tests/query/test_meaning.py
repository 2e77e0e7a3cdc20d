"""What filters are understood as, and the laws that they obey. What they find is in `contract.py`."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backo_sql import QueryError
from backo_sql.query import patterns
from backo_sql.query.ast import FALSE, TRUE, Compare, Matches, Not, Operator, Or, Some
from backo_sql.query.evaluate import predicate
from backo_sql.query.parse_args import parse_conditions
from backo_sql.query.parse_dict import parse_filter
from backo_sql.query.parse_json import parse_json
from backo_sql.query.patterns import Expression
from tests.query.shelves import STORE, bound, lookup, matching

ALL = ["b1", "b2", "b3", "b4", "b5", "b6"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ([("pages", "10")], ["b1", "b3"]),
        ([("title", "Notes"), ("title", "notes")], ["b1", "b2"]),
        ([("pages.$gt", "0"), ("pages.$lt", "50")], ["b1", "b3"]),
        ([("sold", "TRUE")], ["b1"]),
        ([("at.$gte", "2031-05-17T09:00:00Z")], ["b2"]),
        ([("tags.$contains", "kids")], ["b1"]),
        ([("tags.$contains", "kids"), ("tags.$contains", "sea")], ["b1"]),
        ([("author.books.$contains", "b1")], ["b1", "b2"]),
        ([("lines.marks.$contains", "7")], ["b3"]),
        ([("$.author.address.city", "Oslo")], ["b3"]),
        ([("title.$re", "otes$")], ["b1", "b2", "b6"]),
        ([("author.name.$ne", "Ada")], ["b3", "b4", "b5", "b6"]),
        ([("_page", "2"), ("_view", "x")], ALL),
    ],
)
def test_query_strings(query: list[tuple[str, str]], found: list[str]) -> None:
    assert matching(list(parse_conditions(query))) == found


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"pages": ["$gt", 10]}, ["b2"]),
        ({"pages": ["$and", [["$gt", 0], ["$lt", 50]]]}, ["b1", "b3"]),
        ({"title": ["Notes"]}, ["b1"]),
        ({"title": ["$re", "12"]}, []),
        ({"tags": ["sea"]}, ["b2"]),
        ({"tags": ["$contains", ["$ne", "sea"]]}, ["b1", "b3"]),
        ({"$not": {"pages": 10}, "tags": {"$contains": "sea"}}, ["b2"]),
        ({"author": {"name": {"$in": ["Bo"]}}}, ["b3"]),
    ],
)
def test_json_bodies(body: Any, found: list[str]) -> None:
    assert matching(parse_json(body)) == found


@pytest.mark.parametrize(
    ("filters", "named"),
    [
        ({"titel": 1}, r"'books' has no field 'titel'. Did you mean 'title'"),
        ({"author.nmae": 1}, r"'authors' has no field 'nmae', asked for by 'author.nmae'. Did you mean 'name'"),
        ({"lines.txet": 1}, r"'txet'.*Did you mean 'text'"),
        ({"title.x": 1}, "'title' is a String, which holds no fields"),
        ({"tags.x": 1}, "holds no fields"),
        ({"nope": {}}, "'nope'"),
        ({"nope": ("$ne", 1)}, "'nope'"),
        ({"author.address": "x"}, "'author.address' is a Dict: name one of its fields: city, zip"),
        ({"sold": ("$gt", True)}, r"'sold' is a Bool and has no operator '\$gt'"),
        ({"pages": ("$re", "1")}, r"'pages' is a Int and has no operator '\$re'"),
        ({"title": ("$contains", "x")}, r"'title' is a String and has no operator '\$contains'"),
        ({"tags": ("$in", ["x"])}, r"'tags' is a List and has no operator '\$in'"),
        ({"tags": "sea"}, r"'tags' is refused.*\$contains"),
        ({"author.books": "b1"}, r"'author.books' is refused.*\$contains"),
        ({"pages": "10"}, "'pages' is refused: Must be an integer"),
        ({"pages": True}, "'pages' is refused"),
        ({"pages": ("$in", [1, "x"])}, "'pages' is refused"),
        ({"pages": [1, 2]}, "'pages' is refused"),
        ({"pages": [("$gt", 1)]}, "'pages' is a Int, which isn't compared with a list"),
        ({"author": {"$contains": "a"}}, r"'author' is a Ref and has no operator '\$contains'"),
        ({"title": ("$re", "(")}, "regular expression for 'title'"),
        ({"title": ("$re", 5)}, "regular expression for 'title' must be a text"),
        ({"title": ("$re", "x" * 1001)}, "longer than 1000"),
        ({".".join(["friends"] * 60): 1}, "more than 50 names"),
    ],
)
def test_what_can_not_be_asked_is_named(filters: Any, named: str) -> None:
    with pytest.raises(QueryError, match=named):
        bound(parse_filter(filters))


@pytest.mark.parametrize("text", ["x", "", "1.5"])
def test_a_text_of_a_query_string_is_read_by_the_type(text: str) -> None:
    with pytest.raises(QueryError, match="'pages'"):
        bound(list(parse_conditions([("pages", text)])))
    with pytest.raises(QueryError, match="'tags'"):
        bound(list(parse_conditions([("tags", text)])))


def test_a_crossing_is_a_node_of_its_own() -> None:
    where = bound(parse_filter({"author.address.city": "Lyon"})).parts[0]  # type: ignore[union-attr]
    assert isinstance(where, Some)
    assert where.leaf.path == ("author",)
    assert where.step.side.other == "authors"  # type: ignore[union-attr]
    assert isinstance(where.condition, Compare)
    assert where.condition.leaf.path == ("address", "city")
    negative = bound(parse_filter({"author.name": ("$ne", "Ada")})).parts[0]  # type: ignore[union-attr]
    assert isinstance(negative, Not)
    assert negative.part.condition.operator is Operator.EQ


def test_without_a_lookup_no_reference_is_followed() -> None:
    with pytest.raises(QueryError, match="'author' links to other items"):
        predicate(bound(parse_filter({"author.name": "Ada"})))
    assert predicate(TRUE)({}) is True
    assert predicate(FALSE)({}) is False


def test_a_slow_regular_expression_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "PATTERN_TIMEOUT", 0.01)
    where = bound(parse_filter({"title": ("$reg", "(a|aa)+$")}))
    with pytest.raises(QueryError, match="takes too long"):
        predicate(where)({"title": "a" * 60 + "b"})


def test_a_link_to_nothing_reads_as_null() -> None:
    for filters, holds in (
        ({"author.name": None}, True),
        ({"author.name": ("$ne", "Ada")}, True),
        ({"author.name": ("$gt", "")}, False),
        ({"author.books.title": "Notes"}, False),
        ({"author": None}, False),  # the link itself is there
        ({"author": "gone"}, True),
    ):
        assert predicate(bound(parse_filter(filters)), lookup)({"author": "gone"}) is holds, filters


def test_what_is_no_text_matches_no_expression() -> None:
    leaf = bound(parse_filter({"pages": 1})).parts[0].leaf  # type: ignore[union-attr]
    assert predicate(Matches(leaf, Expression(""), anchored=False))({"pages": 1}) is False


# -- random filters --------------------------------------------------------------------------------

TEXTS = st.sampled_from(["Notes", "notes", "", "sea", "é", "Ada", "Oslo", "one", None])
NUMBERS = st.sampled_from([-1, 0, 1, 2, 7, 10, 99, None])
TEXT_PATHS = ["title", "lines.text", "lines.by.hand", "author.name", "author.address.city", "author.books.title"]
TEXT_PATHS += ["author.friends.name", "author.books.author.name", "author._id", "author"]
NUMBER_PATHS = ["pages", "author.books.pages", "author.friends.books.pages"]
ORDERINGS = st.sampled_from(["$lt", "$lte", "$gt", "$gte"])


def conditions(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        values,
        st.tuples(st.sampled_from(["$eq", "$ne"]), values),
        st.tuples(ORDERINGS, values),
        st.tuples(st.sampled_from(["$in", "$nin"]), st.lists(values, max_size=3)),
    )


def on(paths: list[str], of: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(lambda path, value: {path: value}, st.sampled_from(paths), of)


texts, numbers = conditions(TEXTS), conditions(NUMBERS)
LEAVES = st.one_of(
    on([path for path in TEXT_PATHS if path != "author"], st.one_of(texts, st.just(("$re", "o")))),
    on(["author"], st.sampled_from(["a1", None, ("$ne", "a2"), ("$in", ["a1", None])])),
    on(NUMBER_PATHS, numbers),
    on(["tags"], st.one_of(st.tuples(st.just("$contains"), texts), st.lists(TEXTS, max_size=2), st.none())),
    on(["lines.marks"], st.tuples(st.just("$contains"), numbers)),
    on(["author.books"], st.tuples(st.just("$contains"), on(["pages"], numbers))),
)
FILTERS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: {"$and": parts}),
        st.lists(inner, max_size=3).map(lambda parts: {"$or": parts}),
        inner.map(lambda part: {"$not": part}),
    ),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(FILTERS)
def test_not_is_the_exact_complement(filters: Any) -> None:
    found = matching(parse_filter(filters))
    assert sorted([*found, *matching(parse_filter({"$not": filters}))]) == ALL
    where = bound(parse_filter(filters))
    assert [predicate(Not(where), lookup)(item) for item in STORE["books"].values()] == [
        not predicate(where, lookup)(item) for item in STORE["books"].values()
    ]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([*TEXT_PATHS[:-1], *NUMBER_PATHS]), st.data())
def test_a_negative_operator_is_the_exact_opposite(path: str, data: st.DataObject) -> None:
    value = data.draw(NUMBERS if path in NUMBER_PATHS else TEXTS)
    for positive, negative, operand in (
        ("$eq", "$ne", value),
        ("$in", "$nin", [value, None]),
        ("$in", "$nin", [value]),
    ):
        found = matching(parse_filter({path: (positive, operand)}))
        assert sorted([*found, *matching(parse_filter({path: (negative, operand)}))]) == ALL


@settings(max_examples=200, deadline=None)
@given(FILTERS, FILTERS)
def test_combinations_are_those_of_logic(one: Any, other: Any) -> None:
    neither = matching(parse_filter({"$not": {"$or": [one, other]}}))
    assert neither == matching(parse_filter({"$and": [{"$not": one}, {"$not": other}]}))
    both = set(matching(parse_filter(one))) & set(matching(parse_filter(other)))
    assert set(matching(parse_filter({"$and": [one, other]}))) == both


@settings(max_examples=200, deadline=None)
@given(FILTERS)
def test_a_filter_means_the_same_in_json(filters: Any) -> None:
    def as_json(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: as_json(each) for name, each in value.items()}
        return [as_json(each) for each in value] if isinstance(value, list | tuple) else value

    assert bound(parse_json(as_json(filters))) == bound(parse_filter(filters))


def test_true_and_false_are_what_they_say() -> None:
    assert matching([]) == ALL
    assert matching([Or()]) == []
