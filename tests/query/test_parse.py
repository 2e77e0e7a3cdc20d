"""What filters of each syntax are understood as, before any field is looked up."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from backo_sql import QueryError
from backo_sql.query.ast import (
    And,
    Anything,
    Condition,
    Contains,
    Listed,
    Not,
    Operator,
    Or,
    Parsed,
)
from backo_sql.query.limits import MAX_CONDITIONS, MAX_DEPTH
from backo_sql.query.multidict import append_path_to_filter, multidict_to_filter
from backo_sql.query.parse_args import parse_conditions
from backo_sql.query.parse_dict import parse_filter
from backo_sql.query.parse_json import parse_json


def equal(path: str, value: Any) -> Condition:
    return condition(path, "$eq", value)


def condition(path: str, operator: str, value: Any) -> Condition:
    return Condition(tuple(path.split(".")) if path else (), Operator(operator), value)


BOTH: list[tuple[Any, list[Parsed]]] = [
    ({}, []),
    (None, []),
    ({"a": 1}, [equal("a", 1)]),
    ({"a": None}, [equal("a", None)]),
    ({"$.a": 1}, [equal("a", 1)]),
    ({"a.b": 1}, [equal("a.b", 1)]),
    ({"$.a.b": 1}, [equal("a.b", 1)]),
    ({"a": {"b": 1}}, [And((equal("a.b", 1),))]),
    ({"a": {"$.b": 1}}, [And((equal("a.b", 1),))]),
    ({"a": {}}, [Anything(("a",))]),
    ({"a": 1, "b": 2}, [equal("a", 1), equal("b", 2)]),
    # operators as keys
    ({"a": {"$gt": 1}}, [And((condition("a", "$gt", 1),))]),
    ({"a": {"$gt": 1, "$lt": 9}}, [And((condition("a", "$gt", 1), condition("a", "$lt", 9)))]),
    ({"a.$gt": 1}, [condition("a", "$gt", 1)]),
    ({"a.b.$gt": 1}, [condition("a.b", "$gt", 1)]),
    ({"$or": [{"a": 1}, {"b": 2}]}, [Or((And((equal("a", 1),)), And((equal("b", 2),))))]),
    ({"$and": []}, [And()]),
    ({"$or": []}, [Or()]),
    ({"$not": {"a": 1}, "b": 2}, [Not(And((equal("a", 1),))), equal("b", 2)]),
    ({"a": {"$not": {"$gt": 1}}}, [And((Not(And((condition("a", "$gt", 1),))),))]),
    ({"a": {"$or": [1, {"$gt": 5}]}}, [And((Or((equal("a", 1), And((condition("a", "$gt", 5),)))),))]),
    ({"a": {"$in": [1, 2]}}, [And((condition("a", "$in", [1, 2]),))]),
    ({"a": {"$contains": "x"}}, [And((Contains(("a",), equal("", "x")),))]),
    ({"a": {"$contains": {"b": 1}}}, [And((Contains(("a",), And((equal("b", 1),))),))]),
    ({"a": {"$eq": {"b": 1}}}, [And((And((equal("a.b", 1),)),))]),
    ({"a": {"$ne": {"b": 1}}}, [And((Not(And((equal("a.b", 1),))),))]),
]


@pytest.mark.parametrize(("written", "understood"), BOTH)
def test_python_and_json_alike(written: Any, understood: Any) -> None:
    assert parse_filter(written) == understood
    assert parse_json(written) == understood


@pytest.mark.parametrize(
    ("written", "understood"),
    [
        ({"a": ("$gt", 1)}, [condition("a", "$gt", 1)]),
        ({"a.b": ("$re", "x")}, [condition("a.b", "$re", "x")]),
        ({"a": ("$in", {1})}, [condition("a", "$in", [1])]),
        ({"a": ("$and", [("$gt", 1), ("$lt", 9)])}, [And((condition("a", "$gt", 1), condition("a", "$lt", 9)))]),
        ({"a": ("$not", ("$gt", 1))}, [Not(condition("a", "$gt", 1))]),
        (("$or", [{"a": 1}, ("b", 2)]), [Or((And((equal("a", 1),)), And((equal("b", 2),))))]),
        (("$not", {"a": 1}), [Not(And((equal("a", 1),)))]),
        (("$and", [("a", 1), ("b", ("$gt", 2))]), [And((equal("a", 1),)), And((condition("b", "$gt", 2),))]),
        ({"a": ("$contains", ("$gt", 1))}, [Contains(("a",), condition("", "$gt", 1))]),
        # lists
        ({"a": [1, ("$gt", 2)]}, [Listed(("a",), (equal("", 1), condition("", "$gt", 2)))]),
        ({"a": ["$gt", 2]}, [Listed(("a",), (equal("", "$gt"), equal("", 2)))]),
        ({"a": ("$eq", [1])}, [Listed(("a",), (equal("", 1),))]),
        ({"a": ("$ne", [1])}, [Listed(("a",), (equal("", 1),), negated=True)]),
        ({"a": (1, 2)}, [equal("a", (1, 2))]),
    ],
)
def test_python(written: Any, understood: Any) -> None:
    assert parse_filter(written) == understood


@pytest.mark.parametrize(
    ("written", "understood"),
    [
        ({"a": ["$gt", 1]}, [condition("a", "$gt", 1)]),
        ({"a": ["$reg", "12"]}, [condition("a", "$reg", "12")]),
        ({"a": ["$and", [["$gt", 1], ["$lt", 5]]]}, [And((condition("a", "$gt", 1), condition("a", "$lt", 5)))]),
        ({"a": ["$not", ["$or", [1, ["$gt", 5]]]]}, [Not(Or((equal("a", 1), condition("a", "$gt", 5))))]),
        ({"a": ["$in", ["$gt", 1]]}, [condition("a", "$in", ["$gt", 1])]),
        ({"a": ["$eq", ["$gt", 1]]}, [Listed(("a",), (equal("", "$gt"), equal("", 1)))]),
        ({"a": ["$contains", ["$gt", 1]]}, [Contains(("a",), condition("", "$gt", 1))]),
        ({"a": ["b"]}, [Listed(("a",), (equal("", "b"),), unwraps=True)]),
        ({"a": ["$nope", 1]}, [Listed(("a",), (equal("", "$nope"), equal("", 1)), unwraps=True)]),
        ({"$or": [["a", 1], {"b": 2}]}, [Or((And((equal("a", 1),)), And((equal("b", 2),))))]),
        (["$or", [{"a": 1}]], [Or((And((equal("a", 1),)),))]),
    ],
)
def test_json(written: Any, understood: Any) -> None:
    assert parse_json(written) == understood


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ({1: 2}, "texts as keys"),
        ("a", "dict of conditions"),
        (5, "dict of conditions"),
        ([], "dict of conditions"),
        ({"a": ("$nope", 1)}, r"\$nope"),
        ({"a": {"$nope": 1}}, r"\$nope"),
        ({"a.$nope": 1}, r"\$nope"),
        ({"$nope": 1}, r"\$nope"),
        ({"$": 1}, r"'\$'"),
        ({"a": ("$gt",)}, "'a'.*operator, value"),
        ({"a": ("$gt", 1, 2)}, "'a'.*operator, value"),
        ({"a": ("$in", 5)}, r"\$in.*'a'"),
        ({"a": ("$nin", "x")}, r"\$nin.*'a'"),
        ({"$or": {"a": 1}}, r"\$or"),
        ({"a": ("$and", 1)}, r"\$and"),
    ],
)
def test_what_can_not_be_understood_is_named(written: Any, named: str) -> None:
    with pytest.raises(QueryError, match=named):
        parse_filter(written)


def test_limits() -> None:
    deep: Any = {"a": 1}
    for _ in range(MAX_DEPTH):
        deep = {"$not": deep}
    with pytest.raises(QueryError, match="levels deep"):
        parse_filter(deep)
    deep = ["$gt", 1]
    for _ in range(5000):
        deep = ["$not", deep]
    with pytest.raises(QueryError, match="levels deep"):
        parse_json({"a": deep})
    most = range(MAX_CONDITIONS)
    too_many = range(MAX_CONDITIONS + 1)
    assert parse_filter({"$or": [{"a": number} for number in most]})
    assert parse_conditions([(f"a{number}", "1") for number in most])
    for written in ({"$or": [{"a": number} for number in too_many]}, {"$or": [{} for _ in too_many]}):
        with pytest.raises(QueryError, match="more than 500 conditions"):
            parse_filter(written)
    for pairs in ([(f"a{number}", "1") for number in too_many], [("a.$gt", "1") for _ in too_many]):
        with pytest.raises(QueryError, match="more than 500 conditions"):
            parse_conditions(pairs)
    assert parse_filter({"a": ("$in", list(range(10_000)))})


def test_a_query_string() -> None:
    pairs = [("a", "1"), ("$.b.c", "x"), ("d.$re", "y"), ("e.$contains", "z"), ("f", "1"), ("f", "2"), ("_page", "3")]
    pairs += [("g.$gt", "1"), ("g.$gt", "2"), ("h.$in", "1")]
    assert parse_conditions(pairs) == [
        Condition(("a",), Operator.EQ, "1", is_text=True),
        Condition(("b", "c"), Operator.EQ, "x", is_text=True),
        Condition(("d",), Operator.RE, "y", is_text=True),
        Condition(("e",), Operator.CONTAINS, "z", is_text=True),
        Condition(("f",), Operator.IN, ["1", "2"], is_text=True),
        Condition(("g",), Operator.GT, "1", is_text=True),
        Condition(("g",), Operator.GT, "2", is_text=True),
        Condition(("h",), Operator.IN, ["1"], is_text=True),
    ]


@pytest.mark.parametrize(
    ("pairs", "filters"),
    [
        ([("a", "1"), ("toto.$gt", "1"), ("b.c.$re", "in")], {"a": 1, "toto": ("$gt", 1), "b": {"c": ("$re", "in")}}),
        (
            [("a", "23.2"), ("b", "x1"), ("c", "-4"), ("d", "1_0"), ("e", "nan")],
            {"a": 23.2, "b": "x1", "c": -4, "d": "1_0", "e": "nan"},
        ),
        ([("toto", "1"), ("toto", "2")], {"toto": [1, 2]}),
        ([("toto", "$gt"), ("toto", "2")], {"toto": ("$gt", 2)}),
        ([("b.c", "in"), ("b", "23")], {"b": 23}),
        ([("b", "23"), ("b.c", "in")], {"b": {"c": "in"}}),
        ([("age.$gt", "1"), ("age.$lt", "9")], {"age": ("$and", [("$gt", 1), ("$lt", 9)])}),
        (
            [("age.$gt", "1"), ("age.$lt", "9"), ("age.$ne", "5")],
            {"age": ("$and", [("$gt", 1), ("$lt", 9), ("$ne", 5)])},
        ),
        ([("age.$gt", "1"), ("age.$gt", "2")], {"age": ("$and", [("$gt", 1), ("$gt", 2)])}),
        ([("$.a.b", "x")], {"a": {"b": "x"}}),
        ([("_page", "1"), ("_id", "7"), ("_meta.ctime", "x")], {"_id": 7, "_meta": {"ctime": "x"}}),
        ([], {}),
    ],
)
def test_a_multidict_as_a_filter(pairs: list[tuple[str, str]], filters: dict[str, Any]) -> None:
    assert multidict_to_filter(MultiDict(pairs)) == filters
    assert multidict_to_filter(pairs) == filters


def test_conditions_are_put_into_a_filter_one_by_one() -> None:
    filters: dict[str, Any] = {}
    append_path_to_filter(filters, "a.b.$gt", 1)
    append_path_to_filter(filters, "a.c", "x")
    assert append_path_to_filter(filters, "$not", {"d": 1}) is filters
    assert filters == {"a": {"b": ("$gt", 1), "c": "x"}, "$not": {"d": 1}}
    assert multidict_to_filter({"a": "1"}) == {"a": 1}
