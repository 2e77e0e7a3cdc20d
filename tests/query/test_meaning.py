"""What filters mean: the contract, shown by the Python predicate that every other compiler has to agree with."""

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
from tests.query.shelves import STORE, at, bound, lookup, matching

ALL = ["b1", "b2", "b3", "b4", "b5", "b6"]


def others(*identifiers: str) -> list[str]:
    return [identifier for identifier in ALL if identifier not in identifiers]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, ALL),
        (None, ALL),
        # equality; null is a value like any other
        ({"title": "Notes"}, ["b1"]),
        ({"title": ("$eq", "Notes")}, ["b1"]),
        ({"title": ("$ne", "Notes")}, others("b1")),
        ({"title": None}, ["b5"]),
        ({"title": ("$ne", None)}, others("b5")),
        ({"title": ""}, ["b4"]),
        ({"pages": 10}, ["b1", "b3"]),
        ({"pages": ("$ne", 10)}, others("b1", "b3")),
        ({"price": 0}, ["b2", "b4"]),
        ({"sold": True}, ["b1"]),
        ({"sold": False}, ["b2"]),
        ({"sold": ("$ne", True)}, others("b1")),
        ({"at": at(8)}, ["b1"]),
        ({"at": "2031-05-17T10:00:00+02:00"}, ["b1"]),
        ({"_id": "b3"}, ["b3"]),
        ({"author": "a1"}, ["b1", "b2"]),
        ({"author": None}, ["b5"]),
        # an ordering against null is false, and its opposite true
        ({"pages": ("$gt", 10)}, ["b2"]),
        ({"pages": ("$gte", 10)}, ["b1", "b2", "b3"]),
        ({"pages": ("$lt", 10)}, ["b4"]),
        ({"pages": ("$lte", 10)}, ["b1", "b3", "b4"]),
        ({"pages": ("$not", ("$gt", 10))}, others("b2")),
        ({"pages": ("$gt", None)}, []),
        ({"pages": ("$lte", None)}, []),
        ({"pages": ("$not", ("$lte", None))}, ALL),
        ({"at": ("$gt", at(8))}, ["b2"]),
        # text compares by code point
        ({"title": ("$lt", "a")}, ["b1", "b3", "b4", "b6"]),
        ({"title": ("$gt", "Zoe")}, ["b2", "b3"]),
        ({"title": ("$gte", "Zoé")}, ["b2", "b3"]),
        # among values
        ({"pages": ("$in", [10, -1])}, ["b1", "b3", "b4"]),
        ({"pages": ("$nin", [10, -1])}, ["b2", "b5", "b6"]),
        ({"pages": ("$in", [10, None])}, ["b1", "b3", "b5", "b6"]),
        ({"pages": ("$nin", [10, None])}, ["b2", "b4"]),
        ({"pages": ("$in", [])}, []),
        ({"pages": ("$nin", [])}, ALL),
        # regular expressions: from the start, or anywhere
        ({"title": ("$reg", "otes")}, []),
        ({"title": ("$re", "otes")}, ["b1", "b2", "b6"]),
        ({"title": ("$reg", "Not")}, ["b1"]),
        ({"title": ("$reg", "Not$")}, []),
        ({"title": ("$reg", "(?i)not")}, ["b1", "b2"]),
        ({"title": ("$re", "")}, others("b5")),
        ({"title": ("$re", "^Notes$")}, ["b1"]),
        ({"title": ("$re", r"\p{Lu}")}, ["b1", "b3", "b6"]),
        ({"title": ("$not", ("$re", "otes"))}, ["b3", "b4", "b5"]),
        # combinations
        ({"title": "Notes", "pages": 10}, ["b1"]),
        ({"title": "Notes", "pages": 99}, []),
        ({"pages": ("$and", [("$gt", 0), ("$lt", 50)])}, ["b1", "b3"]),
        ({"pages": {"$gt": 0, "$lt": 50}}, ["b1", "b3"]),
        ({"pages": ("$or", [10, ("$lt", 0)])}, ["b1", "b3", "b4"]),
        ({"pages": ("$and", [])}, ALL),
        ({"pages": ("$or", [])}, []),
        (("$or", [{"title": "Notes"}, {"pages": 99}]), ["b1", "b2"]),
        (("$or", [("title", "Notes"), ("pages", 99)]), ["b1", "b2"]),
        ({"$or": [{"title": "Notes"}, {"pages": 99}], "sold": True}, ["b1"]),
        ({"$not": {"title": "Notes", "pages": 10}}, others("b1")),
        ({"$not": {"title": "Notes"}, "pages": 10}, ["b3"]),
        ({"$not": {}}, []),
        # lists
        ({"tags": ["sea"]}, ["b2"]),
        ({"tags": ["sea", "kids"]}, ["b1"]),
        ({"tags": ["kids", "sea"]}, []),
        ({"tags": ["sea", ("$re", "k")]}, ["b1"]),
        ({"tags": ("$ne", ["sea"])}, others("b2")),
        ({"tags": []}, ["b5", "b6"]),
        ({"tags": None}, ["b4"]),
        ({"tags": ("$ne", None)}, others("b4")),
        ({"tags": ("$contains", "sea")}, ["b1", "b2"]),
        ({"tags": ("$contains", ("$ne", "sea"))}, ["b1", "b3"]),
        ({"tags": ("$not", ("$contains", "sea"))}, others("b1", "b2")),
        ({"tags": ("$contains", ("$or", [("$re", "^k"), "é"]))}, ["b1", "b3"]),
        ({"tags": ("$and", [("$contains", "sea"), ("$contains", "kids")])}, ["b1"]),
        ({"tags": ("$contains", {})}, ["b1", "b2", "b3"]),
        ({"grid": [[1, 2], [3]]}, ["b1"]),
        ({"grid": ("$contains", [3])}, ["b1"]),
        ({"grid": ("$contains", ("$contains", 2))}, ["b1"]),
        ({"grid": ("$contains", [])}, ["b2"]),
        # a path through a list means some of its elements, a negative operator none of them
        ({"lines.text": "one"}, ["b1"]),
        ({"lines": {"text": "one"}}, ["b1"]),
        ({"lines.text": ("$ne", "one")}, others("b1")),
        ({"lines.text": ("$nin", ["one", "x"])}, others("b1")),
        ({"lines.text": None}, ["b3"]),
        ({"lines.text": ("$ne", None)}, others("b3")),
        ({"lines.by.hand": None}, ["b1"]),
        ({"lines.marks": ("$contains", 7)}, ["b3"]),
        ({"lines.marks": []}, ["b1"]),
        ({"lines.text": ("$not", ("$re", "o"))}, others("b1")),
        # each condition on a path finds its own element; `$contains` asks one element all of them
        ({"lines.text": "two", "lines.by.hand": "l"}, ["b1"]),
        ({"lines": {"text": "two", "by": {"hand": "l"}}}, ["b1"]),
        ({"lines": ("$contains", {"text": "two", "by.hand": "l"})}, []),
        ({"lines": ("$contains", {"text": "one", "by.hand": "l"})}, ["b1"]),
        ({"lines": ("$contains", {"text": ("$ne", "one")})}, ["b1", "b3"]),
        # a path through an empty or dangling reference reads as null
        ({"author.name": "Ada"}, ["b1", "b2"]),
        ({"author": {"name": "Ada"}}, ["b1", "b2"]),
        ({"$.author.address.city": "Oslo"}, ["b3"]),
        ({"author.name": ("$ne", "Ada")}, others("b1", "b2")),
        ({"author.name": None}, ["b4", "b5", "b6"]),
        ({"author.name": ("$ne", None)}, ["b1", "b2", "b3"]),
        ({"author.name": ("$in", ["Bo", None])}, ["b3", "b4", "b5", "b6"]),
        ({"author.name": ("$nin", ["Bo", None])}, ["b1", "b2"]),
        ({"author.name": ("$gt", "Ada")}, ["b3"]),
        ({"author.name": ("$not", ("$gt", "Ada"))}, others("b3")),
        ({"author.name": ("$re", "")}, ["b1", "b2", "b3"]),
        ({"author._id": "a1"}, ["b1", "b2"]),
        ({"author._id": None}, ["b5", "b6"]),
        # through a reference to many
        ({"author.books.title": "notes"}, ["b1", "b2"]),
        ({"author.books.title": ("$ne", "notes")}, others("b1", "b2")),
        ({"author.books": ("$contains", {"title": "notes", "pages": 99})}, ["b1", "b2"]),
        ({"author.books": ("$contains", {"title": "notes", "pages": 10})}, []),
        ({"author.books": ("$contains", "b3")}, ["b3"]),
        ({"author.books": ("$contains", ("$in", ["b3", "b1"]))}, ["b1", "b2", "b3"]),
        ({"author.books": ["b1", "b2"]}, ["b1", "b2"]),
        ({"author.books": None}, ["b4", "b5", "b6"]),
        ({"author.books": []}, ["b4", "b5", "b6"]),
        ({"author.books": ("$ne", None)}, ["b1", "b2", "b3"]),
        ({"author.friends.books.author.name": "Bo"}, ["b1", "b2"]),
        ({"author.friends.name": None}, []),
    ],
)
def test_books(filters: Any, found: list[str]) -> None:
    assert matching(parse_filter(filters)) == found


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"books.title": "Notes"}, ["a1"]),
        ({"books.title": ("$ne", "Notes")}, ["a2", "a3"]),
        ({"books": ("$contains", {"title": ("$ne", "Notes")})}, ["a1", "a2"]),
        ({"books.title": ("$re", "(?i)notes"), "books.pages": 10}, ["a1"]),
        ({"books.tags": ("$contains", "é")}, ["a2"]),
        ({"books": []}, ["a3"]),
        ({"books": None}, ["a3"]),
        ({"books": ("$ne", [])}, ["a1", "a2"]),
        ({"books": ("$contains", {})}, ["a1", "a2"]),
        ({"friends": ("$contains", {})}, ["a1", "a2"]),
        ({"friends.friends.name": "Bo"}, ["a1", "a2"]),
        ({"books.author.name": None}, []),
        ({"address": {"city": "Lyon"}}, ["a1"]),
        ({"address.city": None}, ["a3"]),
        ({"address": ("$not", {"city": "Lyon"})}, ["a2", "a3"]),
        ({"address": ("$or", [("city", "Lyon"), {"city": None}])}, ["a1", "a3"]),
        ({"address": {}}, ["a1", "a2", "a3"]),
    ],
)
def test_authors(filters: Any, found: list[str]) -> None:
    assert matching(parse_filter(filters), "authors") == found


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
