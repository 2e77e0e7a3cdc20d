"""What each type accepts and refuses, and that what it accepts comes back from the databases as it was."""

from __future__ import annotations

import enum
import math
import sys
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any

import pytest

from backo_sql import (
    Backoffice,
    Bool,
    ConstraintError,
    Datetime,
    Dict,
    Float,
    Int,
    Item,
    List,
    Ref,
    RefsList,
    String,
    TypeMismatchError,
    ValidationError,
)
from tests.support import Open, client_of


class Text(str):
    """A text with a class of its own."""


class Number(enum.IntEnum):
    """A number with a class of its own."""

    SEVEN = 7


class Moment(datetime):
    """A datetime with a class of its own."""


def far(hours: int, minutes: int = 0, seconds: int = 0) -> tzinfo:
    return timezone(timedelta(hours=hours, minutes=minutes, seconds=seconds))


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type]


MIN, MAX = -(2**63), 2**63 - 1

#: a field, what is given, what it becomes
ACCEPTED: list[tuple[Any, Any, Any]] = [
    (String(), "", ""),
    (String(), "a\tb\nc\r\x01\x7f", "a\tb\nc\r\x01\x7f"),
    (String(), "é🙂\uffff\U0010ffff", "é🙂\uffff\U0010ffff"),
    (String(), Text("x"), "x"),
    (String(), None, None),
    (String(max_length=2), "🙂é", "🙂é"),
    (String(pattern="[a-z]+"), "abc9", "abc9"),  # from the start of the text, as match does
    (String(pattern="^[a-z]+$"), "abc", "abc"),
    (String(pattern=["a", ".*z$"]), "abz", "abz"),
    (String(enum=["a", "b"]), "b", "b"),
    (String(enum=["a", "b"]), None, None),
    (Int(), 0, 0),
    (Int(), MAX, MAX),
    (Int(), MIN, MIN),
    (Int(), Number.SEVEN, 7),
    (Int(min=1, max=3), 1, 1),
    (Int(min=1, max=3), 3, 3),
    (Int(enum=[1, 5]), 5, 5),
    (Float(), 1, 1.0),
    (Float(), -0.0, -0.0),
    (Float(), 1e308, 1e308),
    (Float(), 5e-324, 5e-324),
    (Float(), sys.float_info.max, sys.float_info.max),
    (Float(), 2**53 + 1, float(2**53)),
    (Float(min=0.5), 0.5, 0.5),
    (Bool(), True, True),
    (Bool(), False, False),
    (Bool(enum=[True]), True, True),
    (Datetime(), "2031-05-17T09:30:00Z", utc(2031, 5, 17, 9, 30)),
    (Datetime(), "2031-05-17T09:30:00.123456+02:00", utc(2031, 5, 17, 7, 30, 0, 123456)),
    (Datetime(), "2031-05-17 09:30", utc(2031, 5, 17, 9, 30)),
    (Datetime(), "2031-05-17", utc(2031, 5, 17)),
    (Datetime(), datetime(2031, 5, 17, 9, 30), utc(2031, 5, 17, 9, 30)),
    (Datetime(), datetime(2031, 5, 17, tzinfo=far(23, 59)), utc(2031, 5, 16, 0, 1)),
    (Datetime(), datetime(2031, 5, 17, tzinfo=far(-23, -59, -59)), utc(2031, 5, 17, 23, 59, 59)),
    (Datetime(), utc(1, 1, 1), utc(1, 1, 1)),
    (Datetime(), utc(9999, 12, 31, 23, 59, 59, 999999), utc(9999, 12, 31, 23, 59, 59, 999999)),
    (Datetime(), datetime(1, 1, 1, 14, tzinfo=far(14)), utc(1, 1, 1)),
    (Datetime(), Moment(2031, 5, 17, tzinfo=UTC), utc(2031, 5, 17)),
    (Datetime(), datetime(2031, 5, 17, 1, fold=1, tzinfo=UTC), utc(2031, 5, 17, 1)),
    (Datetime(min="2030-01-01", max="2031-01-01"), "2030-01-01T00:00:00Z", utc(2030, 1, 1)),
    (Datetime(min="2030-01-01", max="2031-01-01"), "2031-01-01T02:00:00+02:00", utc(2031, 1, 1)),
    (List(String()), [], []),
    (List(String()), ("a", "b"), ["a", "b"]),
    (List(String()), ["a", None], ["a", None]),
    (List(Int(min=1), min=1, max=2), [1, 2], [1, 2]),
    (List(List(Int())), [[], [1], [2, 3]], [[], [1], [2, 3]]),
    (List(Float()), [1, 2.5], [1.0, 2.5]),
    (List(Dict({"a": Int(default=5), "b": String()})), [{"b": "x"}], [{"a": 5, "b": "x"}]),
    (Dict({"a": Int(), "b": String(default="x")}), {"a": 1}, {"a": 1, "b": "x"}),
    (Dict({"d": Dict({"a": Int(default=1)})}), {}, {"d": {"a": 1}}),
    (Ref(coll="x"), "an id", "an id"),
    (Ref(coll="x"), "é", "é"),
    (Ref(coll="x"), None, None),
    (RefsList(coll="x"), ["a", "b"], ["a", "b"]),
    (RefsList(coll="x"), (), []),
    (RefsList(coll="x"), None, []),
]

TYPE, RULE = TypeMismatchError, ConstraintError

#: a field, what is given, the class of the error, the path that it names, and a part of what it says
REFUSED: list[tuple[Any, Any, type[ValidationError], str, str]] = [
    (String(), 5, TYPE, "$", "Must be a text"),
    (String(), b"x", TYPE, "$", "Must be a text"),
    (String(), True, TYPE, "$", "Must be a text"),
    (String(), ["x"], TYPE, "$", "Must be a text"),
    (String(), "a\0b", RULE, "$", "NUL"),
    (String(), "\ud800", RULE, "$", "surrogate"),
    (String(), "x\udfffy", RULE, "$", "surrogate"),
    (String(required=True), None, RULE, "$", "Must not be null"),
    (String(default="x"), None, RULE, "$", "Must not be null"),
    (String(max_length=2), "abc", RULE, "$", "at most 2 characters"),
    (String(pattern="[a-z]+$"), "abc9", RULE, "$", "pattern '[a-z]+$'"),
    (String(pattern="a"), "ba", RULE, "$", "pattern 'a'"),
    (String(pattern=["a", ".*z$"]), "ab", RULE, "$", "pattern '.*z$'"),
    (String(enum=["a", "b"]), "c", RULE, "$", "one of: a, b"),
    (Int(), "5", TYPE, "$", "Must be an integer"),
    (Int(), 5.0, TYPE, "$", "Must be an integer"),
    (Int(), True, TYPE, "$", "Must be an integer"),
    (Int(), Decimal(5), TYPE, "$", "Must be an integer"),
    (Int(), MAX + 1, RULE, "$", str(MAX)),
    (Int(), MIN - 1, RULE, "$", str(MIN)),
    (Int(), 10**1000, RULE, "$", str(MAX)),
    (Int(), 1e30, RULE, "$", str(MAX)),
    (Int(min=1), 0, RULE, "$", "at least 1"),
    (Int(max=3), 4, RULE, "$", "at most 3"),
    (Int(enum=[1, 5]), 2, RULE, "$", "one of: 1, 5"),
    (Float(), "1.5", TYPE, "$", "Must be a number"),
    (Float(), True, TYPE, "$", "Must be a number"),
    (Float(), 1j, TYPE, "$", "Must be a number"),
    (Float(), math.nan, RULE, "$", "finite"),
    (Float(), math.inf, RULE, "$", "finite"),
    (Float(), -math.inf, RULE, "$", "finite"),
    (Float(), 10**400, RULE, "$", "double"),
    (Float(min=0), -5e-324, RULE, "$", "at least 0"),
    (Bool(), 1, TYPE, "$", "true or false"),
    (Bool(), "true", TYPE, "$", "true or false"),
    (Bool(enum=[True]), False, RULE, "$", "one of: True"),
    (Datetime(), "soon", TYPE, "$", "ISO 8601"),
    (Datetime(), "", TYPE, "$", "ISO 8601"),
    (Datetime(), "2031-02-30", TYPE, "$", "ISO 8601"),
    (Datetime(), "2031-05-17T24:00:01Z", TYPE, "$", "ISO 8601"),
    (Datetime(), "10000-01-01", TYPE, "$", "ISO 8601"),
    (Datetime(), 1_900_000_000, TYPE, "$", "ISO 8601"),
    (Datetime(), date(2031, 5, 17), TYPE, "$", "ISO 8601"),
    (Datetime(), "0001-01-01T00:00:00+00:01", RULE, "$", "years 1 to 9999"),
    (Datetime(), datetime(9999, 12, 31, 23, 59, tzinfo=far(-1)), RULE, "$", "years 1 to 9999"),
    (Datetime(min="2030-01-01"), "2029-12-31T23:59:59.999999Z", RULE, "$", "at least 2030-01-01T00:00:00Z"),
    (Datetime(max="2030-01-01"), "2030-01-01T00:00:00.000001Z", RULE, "$", "at most 2030-01-01T00:00:00Z"),
    (List(String()), "abc", TYPE, "$", "Must be a list"),
    (List(String()), {"a": 1}, TYPE, "$", "Must be a list"),
    (List(String()), {"a"}, TYPE, "$", "Must be a list"),
    (List(String()), ["a", 5], TYPE, "$[1]", "Must be a text"),
    (List(String(required=True)), ["a", None], RULE, "$[1]", "Must not be null"),
    (List(Int(), min=1), [], RULE, "$", "at least 1"),
    (List(Int(), max=1), [1, 2], RULE, "$", "at most 1"),
    (List(List(Int(min=0))), [[0], [0, -1]], RULE, "$[1][1]", "at least 0"),
    (List(Dict({"a": Int()})), [{}, {"a": "x"}], TYPE, "$[1].a", "Must be an integer"),
    (Dict({"a": Int()}), [], TYPE, "$", "Must be an object"),
    (Dict({"a": Int()}), {"a": "x"}, TYPE, "$.a", "Must be an integer"),
    (Dict({"a": Int()}), {"b": 1}, ValidationError, "$.b", "Unknown"),
    (Dict({"a": Dict({"b": Int()})}), {"a": {"b": "x"}}, TYPE, "$.a.b", "Must be an integer"),
    (Ref(coll="x"), 5, TYPE, "$", "id"),
    (Ref(coll="x"), "", TYPE, "$", "id"),
    (Ref(coll="x"), "_x", TYPE, "$", "id"),
    (Ref(coll="x"), "a/b", TYPE, "$", "id"),
    (Ref(coll="x"), "a\nb", TYPE, "$", "id"),
    (Ref(coll="x"), "a\0", TYPE, "$", "id"),
    (RefsList(coll="x"), "abc", TYPE, "$", "list"),
    (RefsList(coll="x"), ["a", 5], TYPE, "$[1]", "id"),
    (RefsList(coll="x"), ["a", None], TYPE, "$[1]", "id"),
    (RefsList(coll="x"), ["a", "b", "a"], RULE, "$[2]", "position 0"),
    (RefsList(coll="x", required=True), [], RULE, "$", "at least one"),
]


def held(field: Any) -> Any:
    """Read what a field that stands alone holds."""
    return field.get_value()


def test_what_a_type_accepts() -> None:
    for field, given, expected in ACCEPTED:
        if isinstance(field, RefsList | Dict):
            continue  # these are whole values inside an item, see below
        field.set(given)
        value = held(field)
        assert value == expected, (field, given)
        assert type(value) is type(expected), (field, given)


def test_what_a_type_accepts_inside_an_item(open_backoffice: Open) -> None:
    for field, given, expected in ACCEPTED:
        if isinstance(field, Ref | RefsList):
            continue
        item = Item({"field": field})
        item.set({"field": given})
        value = item.get_value()["field"]
        if isinstance(field, Dict):
            assert {name: value[name] for name in given} == given
        else:
            assert value == expected, (field, given)


def test_what_a_type_refuses_and_why() -> None:
    for field, given, error, path, text in REFUSED:
        item = Item({"field": field})
        with pytest.raises(ValidationError) as refused:
            item.set({"field": given})
        messages = refused.value.messages
        expected = "$.field" + path[1:]
        assert list(messages) == [expected], (field, given, messages)
        assert text in " ".join(messages[expected]), (field, given, messages)
        assert type(refused.value) is error, (field, given, messages)


def test_a_refused_value_leaves_the_old_one() -> None:
    field = Int(min=0)
    field.set(22)
    with pytest.raises(ConstraintError):
        field.set(-1)
    assert field.get_value() == 22
    field.set(None)
    assert field.get_value() is None


def test_a_slow_pattern_is_given_up() -> None:
    field = String(pattern="(a+)+$")
    with pytest.raises(ConstraintError):
        field.set("a" * 40_000 + "b")


def test_a_value_is_shown_to_nobody() -> None:
    """A message names the type, not what was sent: it may be a secret, or a megabyte."""
    for field in (Int(), Float(), Bool(), Datetime(), List(Int()), List(Datetime())):
        for given in ("the secret", ["the secret"], {"the secret": 1}):
            with pytest.raises(ValidationError) as refused:
                field.set(given)
            assert "the secret" not in str(refused.value)


# -- through the databases ------------------------------------------------------------------------

#: one letter of each of the seventeen planes, and what stands at their edges
EVERY_PLANE = "".join(
    chr(plane * 0x10000 + place)
    for plane in range(17)
    for place in (0x0001, 0x0041, 0x4E00, 0xD7FF, 0xE000, 0xFFFD, 0xFFFE, 0xFFFF)
)

#: values of each field, as they are given and as they come back
EXTREMES: dict[str, list[Any]] = {
    "text": ["", " ", "'", '"', "\\", "%", "%s", ":x", "\x01\x1f\x7f\x80", "\r\n", EVERY_PLANE, "null", "e\u0301"],
    "short": ["é🙂"],
    "whole": [0, 1, -1, MAX, MIN, 2**53 + 1],
    "real": [
        0.0,
        -0.0,
        1e308,
        -1e308,
        5e-324,
        0.1,
        1 / 3,
        1e22,
        1e-7,
        123456789.123456789,
        float(MAX),
    ],
    "truth": [True, False],
    "at": [
        utc(1, 1, 1),
        utc(1, 1, 1, 0, 0, 0, 1),
        utc(9999, 12, 31, 23, 59, 59, 999999),
        utc(1582, 10, 10),
        utc(1900, 2, 28, 12, 34, 56, 789012),
        utc(1970, 1, 1),
        utc(2016, 12, 31, 23, 59, 59, 999999),
        utc(2038, 1, 19, 3, 14, 8),
    ],
    "texts": [[], [""], ["a", None, "'\"\\%"], [EVERY_PLANE], ["x"] * 1000],
    "wholes": [[], [0, MAX, MIN, None]],
    "reals": [[], [1.0, 0.1, 1e22, 1e308, 5e-324, -1.5, 1e16, None]],
    "truths": [[True, False, None]],
    "ats": [[], [utc(1, 1, 1), None, utc(2031, 5, 17, 9, 30, 0, 1), utc(9999, 12, 31, 23, 59, 59, 999999)]],
    "nested": [[], [[]], [[[1, 2], []], [[3, MAX]], []]],
    "nested_ats": [[[utc(1, 1, 1)], []]],
    "rows": [[], [{"n": 1, "at": utc(2031, 5, 17), "tags": ["a"], "deep": {"x": 1e22}}]],
}


@pytest.fixture
def things(open_backoffice: Open) -> Backoffice:
    row = Dict({"n": Int(), "at": Datetime(), "tags": List(String()), "deep": Dict({"x": Float()})})
    return open_backoffice(
        things=Item(
            {
                "text": String(),
                "short": String(max_length=2),
                "whole": Int(),
                "real": Float(),
                "truth": Bool(),
                "at": Datetime(),
                "texts": List(String()),
                "wholes": List(Int()),
                "reals": List(Float()),
                "truths": List(Bool()),
                "ats": List(Datetime()),
                "nested": List(List(List(Int()))),
                "nested_ats": List(List(Datetime())),
                "rows": List(row),
            }
        )
    )


def same(value: Any, expected: Any) -> bool:
    """Compare values and, all the way down, their types."""
    if isinstance(expected, list):
        return (
            isinstance(value, list)
            and len(value) == len(expected)
            and all(same(one, other) for one, other in zip(value, expected, strict=True))
        )
    if isinstance(expected, dict):
        return (
            isinstance(value, dict)
            and value.keys() == expected.keys()
            and all(same(value[k], expected[k]) for k in value)
        )
    return type(value) is type(expected) and value == expected


def test_extremes_come_back_as_they_were(things: Backoffice) -> None:
    for name, values in EXTREMES.items():
        for value in values:
            made = things.things.create({name: value})
            found = things.things.get_by_id(made._id)
            for item in (made, found, *things.things.select({"_id": made._id})):
                assert same(item.get_value()[name], value), (name, value, item.get_value()[name])
            assert all(each is None for other, each in found.get_value().items() if other != name and other[0] != "_")


def test_extremes_come_back_over_http_as_they_went(things: Backoffice) -> None:
    client = client_of(things)

    def written(value: Any) -> Any:
        if isinstance(value, datetime):
            return value.replace(tzinfo=None).isoformat() + "Z"
        if isinstance(value, list):
            return [written(each) for each in value]
        return {name: written(each) for name, each in value.items()} if isinstance(value, dict) else value

    for name, values in EXTREMES.items():
        for value in values:
            sent = written(value)
            made = client.post("/app/things", json={name: sent})
            assert made.status_code == 201, (name, value)
            found = client.get(made.location)
            assert found.status_code == 200, (name, value)
            assert made.get_json()[name] == found.get_json()[name] == sent, (name, value)
    assert client.get("/app/things?_page=0").status_code == 200


def test_extremes_are_found_by_their_value(things: Backoffice) -> None:
    for name in ("text", "short", "whole", "real", "truth", "at"):
        for value in EXTREMES[name]:
            made = things.things.create({name: value})
            this = {"_id": made._id}
            assert things.things.count({name: value} | this) == 1, (name, value)
            assert things.things.count({name: ("$ne", value)} | this) == 0, (name, value)
            assert things.things.count({name: ("$in", [value])} | this) == 1, (name, value)
            if name != "truth":
                assert things.things.count({name: ("$gte", value)} | this) == 1, (name, value)
                assert things.things.count({name: ("$lt", value)} | this) == 0, (name, value)


def test_a_text_of_1_mb_comes_back(things: Backoffice) -> None:
    text = (EVERY_PLANE + "0123456789 '\"\\%") * 2500
    assert len(text.encode()) > 1_000_000
    made = things.things.create({"text": text, "texts": [text]})
    found = things.things.get_by_id(made._id)
    assert found.text == text
    assert list(found.texts) == [text]


def test_instants_of_every_zone_come_back_in_utc(things: Backoffice) -> None:
    for given, expected in (
        (datetime(2031, 5, 17, 9, 30), utc(2031, 5, 17, 9, 30)),
        (datetime(2031, 5, 17, 9, 30, tzinfo=far(23, 59)), utc(2031, 5, 16, 9, 31)),
        (datetime(2031, 5, 17, 9, 30, tzinfo=far(-23, -59)), utc(2031, 5, 18, 9, 29)),
        (datetime(1, 1, 1, 14, tzinfo=far(14)), utc(1, 1, 1)),
        ("2031-05-17T09:30:00.5+05:45", utc(2031, 5, 17, 3, 45, 0, 500_000)),
        ("2031-05-17", utc(2031, 5, 17)),
    ):
        made = things.things.create({"at": given, "ats": [given]})
        found = things.things.get_by_id(made._id)
        assert (found.at, list(found.ats)) == (expected, [expected])
        assert found.at.utcoffset() == timedelta(0)
        assert things.things.count({"at": given}) >= 1


def test_a_change_of_the_smallest_kind_is_stored(things: Backoffice) -> None:
    item = things.things.create({"whole": MAX, "real": 0.1, "at": utc(2031, 5, 17), "text": "é"})
    for name, value in (
        ("whole", MAX - 1),
        ("real", math.nextafter(0.1, 1)),
        ("at", utc(2031, 5, 17, 0, 0, 0, 1)),
        ("text", "e\u0301"),
    ):
        setattr(item, name, value)
        item.save()
        assert same(things.things.get_by_id(item._id).get_value()[name], value)


def test_text_sorts_by_code_point_and_numbers_by_size(things: Backoffice) -> None:
    for text in ("a", "B", "_", "é", "\uffff", "\U00010000", ""):
        things.things.create({"text": text})
    assert things.things.count({"text": ("$lt", "a")}) == 3  # "", "B", "_"
    assert things.things.count({"text": ("$gt", "\uffff")}) == 1
    for number in (-10, -9, 9, 10, MAX):
        things.things.create({"whole": number, "real": number})
    assert things.things.count({"whole": ("$lt", 9)}) == things.things.count({"real": ("$lt", 9)}) == 2
    for moment in (utc(1, 1, 1), utc(999, 1, 1), utc(1000, 1, 1), utc(9999, 1, 1)):
        things.things.create({"at": moment})
    assert things.things.count({"at": ("$lt", utc(1000, 1, 1))}) == 2
