"""One contract for every type, ours and a user's own: what it takes, refuses, keeps, writes and finds."""

from __future__ import annotations

import cmath
import datetime
import decimal
import ipaddress
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from flask import Flask

from backo_sql import (
    Backoffice,
    Bool,
    Bytes,
    Collection,
    Complex,
    Date,
    Datetime,
    DBSQLConnector,
    Decimal,
    Dict,
    Email,
    Extend,
    Float,
    FreeDict,
    In,
    Int,
    IpAddress,
    IpNetwork,
    Item,
    Kind,
    List,
    Ref,
    RefsList,
    String,
    Time,
    Tuple,
    Url,
    ValidationError,
)
from backo_sql.types.registry import PUBLIC_TYPES
from backo_sql.types.values import identical

UTC = datetime.UTC


# -- types of a user's own ---------------------------------------------------------------------------


class Day(Extend):
    """A wrapped Python class that is stored as a text whose order is that of the values."""

    ordered = True

    def __init__(self, **options: Any) -> None:
        super().__init__(datetime.date, **options)

    def __json_encode__(self) -> Any:
        value = self.get_value()
        return None if value is None else value.isoformat()

    def __json_decode__(self, stored: Any) -> Any:
        return datetime.date.fromisoformat(stored)

    def check_constraints(self, value: Any) -> None:
        super().check_constraints(value)
        if value.weekday() == 6:
            raise ValueError("Must be no Sunday.")


class Phasor(Extend):
    """One that is stored as a document."""

    kind = Kind.JSON

    def __init__(self, **options: Any) -> None:
        super().__init__(complex, **options)

    def __json_encode__(self, value: complex) -> Any:
        return {"length": abs(value), "angle": cmath.phase(value)}

    def __json_decode__(self, stored: Any) -> Any:
        return cmath.rect(stored["length"], stored["angle"])


class Step(Extend):
    """One that is stored as a number."""

    kind = Kind.INTEGER

    def __init__(self, **options: Any) -> None:
        super().__init__(range, **options)

    def __json_encode__(self, value: range) -> Any:
        return len(value)

    def __json_decode__(self, stored: Any) -> Any:
        return range(stored)


class Point(Dict):
    """A fixed structure with methods of its own."""

    def __init__(self, **options: Any) -> None:
        super().__init__({"x": Float(required=True), "y": Float(required=True)}, **options)

    def __repr__(self) -> str:
        return f"<{self.x},{self.y}>"

    def length(self) -> float:
        return abs(complex(self.x, self.y))


# -- the table -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """What one type must do.

    Attributes:
        name: of the public type, or of the user's.
        make: builds the field with further options.
        accepted: what may be given, and the value that is kept of it.
        refused: what may not, and the message.
        filters: it has `$eq`, and the database finds it.
        empty: what an optional field without a value holds.
    """

    name: str
    make: Callable[..., Any]
    accepted: list[tuple[Any, Any]]
    refused: list[tuple[Any, str]] = field(default_factory=list)
    filters: bool = True
    empty: Any = None


def same(*values: Any) -> list[tuple[Any, Any]]:
    return [(value, value) for value in values]


PLANES = "".join(chr(plane * 0x10000 + offset) for plane in range(17) for offset in (0x21, 0xFFFD))
NESTED = {"a": {"b": [1, 1.0, {"c": None, "d": [True, "é"]}], "e": {}}, "big": 2**63 - 1, "huge": 1e308, "whole": 1e16}

CASES = [
    Case(
        "String",
        String,
        same("ada", "", " ", "007", "null", "[1]", "'; --", PLANES, "x" * 1_000_000),
        [
            (12, "Must be a text, not an integer."),
            ("a\0b", "Must not contain the NUL character."),
            ("\ud800", "Must not contain half of a surrogate pair."),
        ],
    ),
    Case(
        "Int",
        Int,
        same(0, 1, -1, 2**63 - 1, -(2**63)),
        [
            (True, "Must be an integer, not true or false."),
            ("12", "Must be an integer, not a text."),
            (12.0, "Must be an integer, not a number."),
            (2**63, "Must be an integer between -9223372036854775808 and 9223372036854775807."),
        ],
    ),
    Case(
        "Float",
        Float,
        [*same(0.5, 1e308, -1e308, 5e-324, 0.1, 1e16, 123456789012345680.0), (3, 3.0), (-0.0, 0.0)],
        [
            ("1", "Must be a number, not a text."),
            (float("nan"), "Must be a finite number."),
            (float("inf"), "Must be a finite number."),
        ],
    ),
    Case(
        "Decimal",
        lambda **options: Decimal(precision=18, scale=4, **options),
        [
            *same(decimal.Decimal("0.0001"), decimal.Decimal("99999999999999.9999"), decimal.Decimal("-12.5000")),
            ("12.5", decimal.Decimal("12.5000")),
            ("1e3", decimal.Decimal("1000.0000")),
            (7, decimal.Decimal("7.0000")),
            (0.1, decimal.Decimal("0.1000")),
            ("-0", decimal.Decimal("0.0000")),
        ],
        [
            ("0.00001", "Must have at most 4 decimal places."),
            (0.1 + 0.2, "Must have at most 4 decimal places."),
            ("123456789012345", "Must have at most 14 digits before the decimal point."),
            ("1e9999", "Must have at most 14 digits before the decimal point."),
            (decimal.Decimal("NaN"), "Must be a finite number."),
            (float("inf"), "Must be a finite number."),
            ("twelve", 'Must be a decimal number, such as "12.50", not a text.'),
            (True, 'Must be a decimal number, such as "12.50", not true or false.'),
        ],
    ),
    Case("Bool", Bool, same(True, False), [(1, "Must be true or false, not an integer.")]),
    Case(
        "Bytes",
        lambda **options: Bytes(max_length=300, **options),
        [*same(b"", b"\0\xff'", bytes(range(256))), ("QUJD", b"ABC"), (bytearray(b"x"), b"x")],
        [
            ("no base64!", "Must be bytes in base64."),
            (12, "Must be bytes, or a text in base64, not an integer."),
            (b"x" * 301, "Must be at most 300 bytes long, not 301."),
        ],
    ),
    Case(
        "Datetime",
        Datetime,
        [
            *same(
                datetime.datetime(1, 1, 1, tzinfo=UTC),
                datetime.datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
                datetime.datetime(2031, 5, 17, 9, 30, 0, 1, tzinfo=UTC),
            ),
            (datetime.datetime(2031, 5, 17), datetime.datetime(2031, 5, 17, tzinfo=UTC)),
            ("2031-05-17T09:30:00+14:00", datetime.datetime(2031, 5, 16, 19, 30, tzinfo=UTC)),
            ("2031-05-17T00:00:00-23:59", datetime.datetime(2031, 5, 17, 23, 59, tzinfo=UTC)),
        ],
        [
            ("soon", "Must be a date and time in ISO 8601, such as 2031-05-17T09:30:00Z."),
            (12, "Must be a date and time in ISO 8601, not an integer."),
            ("0001-01-01T00:00:00+01:00", "Must be within the years 1 to 9999 in UTC."),
        ],
    ),
    Case(
        "Date",
        lambda **options: Date(min="0001-01-01", **options),
        [
            *same(datetime.date(1, 1, 1), datetime.date(9999, 12, 31)),
            ("2031-05-17", datetime.date(2031, 5, 17)),
        ],
        [
            ("17/05/2031", "Must be a day in ISO 8601, such as 2031-05-17."),
            ("2031-05-17T00:00:00", "Must be a day in ISO 8601, such as 2031-05-17."),
            (datetime.datetime(2031, 5, 17), "Must be a day in ISO 8601, not datetime."),
        ],
    ),
    Case(
        "Time",
        lambda **options: Time(max="23:59:59.999999", **options),
        [
            *same(datetime.time(0), datetime.time(23, 59, 59, 999999), datetime.time(9, 30, 0, 1)),
            ("09:30", datetime.time(9, 30)),
        ],
        [
            ("9 o'clock", "Must be a time of the day in ISO 8601, such as 09:30:00."),
            ("09:30:00+02:00", "Must be a time without a zone: use a Datetime for a point in time."),
        ],
    ),
    Case(
        "List",
        lambda **options: List(Decimal(scale=2), uniq=True, max=3, **options),
        [
            ([], []),
            (["1.5", 2], [decimal.Decimal("1.50"), decimal.Decimal("2.00")]),
            ((None,), [None]),
        ],
        [
            ("1.5", "Must be a list, not a text."),
            ([1, "x"], 'Must be a decimal number, such as "12.50", not a text.'),
            ([1, "1.0"], "Repeats the value at position 0."),
            ([1, 2, 3, 4], "Must hold at most 3 elements, not 4."),
        ],
        filters=False,
    ),
    Case(
        "Tuple",
        lambda **options: Tuple((Int(min=0), String(), Datetime(), Tuple((Float(),))), **options),
        [
            (
                [1, "", "2031-05-17T09:30:00.000001Z", [2]],
                (1, "", datetime.datetime(2031, 5, 17, 9, 30, 0, 1, tzinfo=UTC), (2.0,)),
            ),
            ((2**63 - 1, None, None, None), (2**63 - 1, None, None, None)),
            ((0, "é", None, (1e308,)), (0, "é", None, (1e308,))),
        ],
        [
            ([1, "a"], "Must hold exactly 4 values, not 2."),
            ([-1, "a", None, None], "Must be at least 0."),
            ("text", "Must be a list of 4 values, not a text."),
        ],
    ),
    Case(
        "Dict",
        lambda **options: Dict({"n": Int(), "d": Dict({"t": Time()})}, **options),
        [
            ({"n": 1, "d": {"t": "09:30"}}, {"n": 1, "d": {"t": datetime.time(9, 30)}}),
            ({"d": {}}, {"n": None, "d": {"t": None}}),
            ({"n": 2**63 - 1, "d": {"t": None}}, {"n": 2**63 - 1, "d": {"t": None}}),
        ],
        [(12, "Must be an object, not an integer."), ({"nn": 1}, "Unknown field.")],
        filters=False,
        empty={"n": None, "d": {"t": None}},
    ),
    Case(
        "In",
        lambda **options: In([Int(max=9), None, Datetime(), Bool(), Tuple((Int(),)), String()], **options),
        [
            *same(9, "far", "", True, (4,)),
            ("2031-05-17T09:30:00Z", datetime.datetime(2031, 5, 17, 9, 30, tzinfo=UTC)),
        ],
        [
            (10, "Must be at most 9."),
            (2.5, "Must be of one of the types Int, Datetime, Bool, Tuple, String, not a number."),
        ],
    ),
    Case(
        "FreeDict",
        FreeDict,
        [*same({}, {"": ""}, NESTED, {"text": PLANES}), ({"z": -0.0, "t": (1,)}, {"z": 0.0, "t": [1]})],
        [
            ("{}", "Must be an object, not a text."),
            ({"a": {"b": datetime.date(2031, 5, 17)}}, "Must be what JSON can hold, not date."),
            ({1: 2}, "Must have a text as its key, not int."),
            ({"a": ["x\0"]}, "Must not contain the NUL character."),
            ({"\ud800": 1}, "Must not contain half of a surrogate pair."),
            ({"a": 2**63}, "Must be an integer between -9223372036854775808 and 9223372036854775807."),
            ({"a": float("nan")}, "Must be a finite number."),
        ],
    ),
    Case(
        "Complex",
        Complex,
        [
            (12 + 9j, {"real": 12.0, "imag": 9.0}),
            ({"real": 1e308, "imag": -1}, {"real": 1e308, "imag": -1.0}),
        ],
        [({"real": "a"}, "Must be a number, not a text."), (12, "Must be an object, not an integer.")],
        filters=False,
        empty={"real": None, "imag": None},
    ),
    Case(
        "IpAddress",
        IpAddress,
        [
            *same(ipaddress.ip_address("255.255.255.255"), ipaddress.ip_address("2001:db8::7")),
            ("192.0.2.7", ipaddress.ip_address("192.0.2.7")),
            ("2001:DB8:0::7", ipaddress.ip_address("2001:db8::7")),
        ],
        [
            ("192.0.2.256", "Must be an IP address, such as 192.0.2.7 or 2001:db8::7."),
            (12, "Must be an IP address, not an integer."),
        ],
    ),
    Case(
        "IpNetwork",
        IpNetwork,
        [
            *same(ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("2001:db8::/32")),
            ("192.0.2.0/24", ipaddress.ip_network("192.0.2.0/24")),
        ],
        [
            (
                "192.0.2.7/24",
                "Must be an IP network without host bits, such as 192.0.2.0/24 or 2001:db8::/32.",
            ),
            (12, "Must be an IP network, not an integer."),
        ],
    ),
    Case(
        "Url",
        Url,
        [
            *same("https://example.org", "http://ü.example:8080/a%20b?c=d&e=f#g", "ftp://[2001:db8::7]/x"),
            (urlsplit("https://example.org/a?b"), "https://example.org/a?b"),
        ],
        [
            ("example.org", "Must be a URL with a scheme and a host, such as https://example.org/page."),
            ("mailto:ada@example.org", "Must be a URL with a scheme and a host, such as https://example.org/page."),
            ("https://example.org/a b", "Must be a URL with a scheme and a host, such as https://example.org/page."),
            ("https://example.org:port", "Must be a URL with a scheme and a host, such as https://example.org/page."),
            (12, "Must be a URL, not an integer."),
        ],
    ),
    Case(
        "Email",
        Email,
        same("ada@example.org", "a+b@ü.example"),
        [
            ("ada", "Must be an email address, such as ada@example.org."),
            ("a@b@c", "Must be an email address, such as ada@example.org."),
            ("@example.org", "Must be an email address, such as ada@example.org."),
            ("ada @example.org", "Must be an email address, such as ada@example.org."),
            (12, "Must be an email address, not an integer."),
        ],
    ),
    Case(
        "Ref",
        lambda **options: Ref(coll="others", **options),
        same("o1", "o2"),
        [(12, "Must be the id of an item, not an integer."), ("a/b", "Must be the id of an item.")],
    ),
    Case(
        "RefsList",
        lambda **options: RefsList(coll="others", **options),
        same(["o1"], ["o2", "o1"]),
        [("o1", "Must be a list of ids, not a text."), (["o1", "o1"], "Repeats the id at position 0.")],
        filters=False,
        empty=[],
    ),
    Case(
        "Extend",
        Day,
        [(datetime.date(2031, 5, 17), datetime.date(2031, 5, 17)), ("0001-01-01", datetime.date(1, 1, 1))],
        [
            ("soon", "Invalid isoformat string: 'soon'"),
            (12, "Must be date, not an integer."),
            ("2031-05-18", "Must be no Sunday."),
        ],
    ),
    Case(
        "Phasor",
        Phasor,
        [(2 + 0j, 2 + 0j), ({"length": 3.0, "angle": 0.0}, 3 + 0j)],
        [({"length": 1.0}, "Must be complex."), ("x", "string indices must be integers, not 'str'")],
    ),
    Case("Step", Step, [(range(3), range(3)), (4, range(4))], [(None.__class__, "Must be range, not type.")]),
    Case(
        "Point",
        Point,
        [({"x": 3, "y": 4}, {"x": 3.0, "y": 4.0})],
        [
            ({"x": "3"}, "Must be a number, not a text."),
            ({"x": None}, "Must not be null."),
            (12, "Must be an object, not an integer."),
        ],
        filters=False,
    ),
]

by_name = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])


def test_every_public_type_is_in_the_table() -> None:
    classes = {each.make().__class__ for each in CASES}
    missing = {name for name, public in PUBLIC_TYPES.items() if not any(issubclass(each, public) for each in classes)}

    assert not missing


# -- values ----------------------------------------------------------------------------------------------


def holder(case: Case, **options: Any) -> Dict:
    return Dict({"value": case.make(**options)})


@by_name
def test_a_value_is_kept_in_its_one_form(case: Case) -> None:
    for given, kept in case.accepted:
        held = holder(case)
        held.set({"value": given})

        assert identical(held.get_value()["value"], kept)


@by_name
def test_what_is_kept_is_accepted_again(case: Case) -> None:
    for _, kept in case.accepted:
        held = holder(case)
        held.value = kept

        assert identical(held.get_value()["value"], kept)


@by_name
def test_a_wrong_value_is_refused_and_the_old_one_stays(case: Case) -> None:
    held = holder(case)
    held.set({"value": case.accepted[0][0]})
    for given, message in case.refused:
        with pytest.raises(ValidationError) as refused:
            held.set({"value": given})

        assert message in [text for texts in refused.value.messages.values() for text in texts]
        assert all(path.startswith("$.value") for path in refused.value.messages)
        assert identical(held.get_value()["value"], case.accepted[0][1])


@by_name
def test_nothing_was_ever_set(case: Case) -> None:
    if case.name != "Point":  # its fields are required
        assert holder(case).get_value()["value"] == case.empty


@by_name
def test_null_stands_for_no_value(case: Case) -> None:
    held = holder(case)
    held.set({"value": case.accepted[0][0]})
    if case.name == "Point":
        with pytest.raises(ValidationError, match=r"\$\.value\.x: Is required\."):
            held.set({"value": None})
        return
    held.set({"value": None})

    assert held.get_value()["value"] == case.empty


@by_name
def test_null_beside_a_default_needs_allow_none(case: Case) -> None:
    if case.name in ("RefsList", "Point"):  # the null of a list of links is the empty list
        return
    given = case.accepted[0][0]
    with pytest.raises(ValidationError, match="leave the field out to have its default"):
        holder(case, default=given).set({"value": None})
    held = holder(case, default=given, allow_none=True)
    held.set({"value": None})

    assert held.get_value()["value"] == case.empty


@pytest.mark.parametrize("case", [case for case in CASES if case.name != "RefsList"], ids=lambda case: case.name)
def test_the_default_is_a_value_or_what_a_function_returns(case: Case) -> None:
    given, kept = case.accepted[0]

    assert identical(holder(case, default=given).get_value()["value"], kept)
    assert identical(holder(case, default=lambda: given).get_value()["value"], kept)


@by_name
def test_a_copy_is_independent(case: Case) -> None:
    held = holder(case)
    held.set({"value": case.accepted[0][0]})
    other = held.copy()
    other.set({"value": case.accepted[-1][0]})

    assert identical(held.get_value()["value"], case.accepted[0][1])
    assert identical(other.get_value()["value"], case.accepted[-1][1])


@by_name
def test_the_metadata_tells_of_the_field(case: Case) -> None:
    described = holder(case, description="what it is").get_schema()["sub_scheme"]["value"]

    assert described["type_short"] == ("Day" if case.name == "Extend" else case.name)
    assert described["types"][0] == described["type_short"]
    assert described["description"] == "what it is"
    assert json.dumps(described)


# -- the way through a database ----------------------------------------------------------------------------


class Running:
    """A backoffice with one collection, whose items have a field of the type."""

    def __init__(self, case: Case, url: str) -> None:
        self.connector = DBSQLConnector(url)
        self.backoffice = Backoffice("app")
        self.backoffice.register_collection(Collection("others", Item({"label": String()}), self.connector))
        self.backoffice.register_collection(Collection("things", Item({"value": case.make()}), self.connector))
        self.backoffice.create_all()
        self.things = self.backoffice.things
        for identifier in ("o1", "o2"):
            self.connector.generate_id = lambda _item, identifier=identifier: identifier
            self.backoffice.others.create({})
        del self.connector.generate_id
        counted = iter(range(1000))
        self.connector.generate_id = lambda _item: f"t{next(counted):03}"

    def client(self) -> Any:
        app = Flask("app")
        self.backoffice.build_routes(app, "", lambda: None)
        return app.test_client()


@pytest.fixture
def run(database_url: str) -> Iterator[Callable[[Case], Running]]:
    started: list[Running] = []

    def start(case: Case) -> Running:
        started.append(Running(case, database_url))
        return started[-1]

    yield start
    for each in started:
        each.connector.dispose()


@by_name
def test_a_value_is_stored_and_read_back_unchanged(case: Case, run: Callable[[Case], Running]) -> None:
    running = run(case)
    for given, kept in case.accepted:
        item = running.things.create({"value": given})

        assert identical(running.things.get_by_id(item._id).get_value()["value"], kept)
        item.reload()
        assert identical(item.get_value()["value"], kept)


@by_name
def test_a_change_is_stored(case: Case, run: Callable[[Case], Running]) -> None:
    running = run(case)
    item = running.things.create({"value": case.accepted[0][0]})
    for given, kept in case.accepted:
        item.value = given
        item.save()

        assert identical(running.things.get_by_id(item._id).get_value()["value"], kept)


@by_name
def test_the_json_that_goes_out_comes_in_again(case: Case, run: Callable[[Case], Running]) -> None:
    running = run(case)
    items = [running.things.create({"value": given}) for given, _ in case.accepted]
    client = running.client()
    for item, (_, kept) in zip(items, case.accepted, strict=True):
        sent = client.get(f"/app/things/{item._id}").get_json()
        answer = client.post("/app/things", json={"value": sent["value"]})
        assert answer.status_code == 201
        made = answer.get_json()

        assert made["value"] == sent["value"]
        assert identical(running.things.get_by_id(made["_id"]).get_value()["value"], kept)
        put = client.put(f"/app/things/{item._id}", json=sent)
        assert put.status_code == 200
        assert put.get_json() == sent  # nothing changed: not even the time of the last change


@pytest.mark.parametrize("case", [case for case in CASES if case.filters], ids=lambda case: case.name)
def test_a_filter_finds_the_value(case: Case, run: Callable[[Case], Running]) -> None:
    running = run(case)
    stored = {running.things.create({"value": given})._id: kept for given, kept in case.accepted}
    for _, kept in case.accepted:
        equal = {identifier for identifier, other in stored.items() if other == kept}
        is_object = isinstance(kept, dict)  # with `$eq` an object is a filter of its own, not a value

        assert found(running, ("$in", [kept]) if is_object else ("$eq", kept)) == equal
        assert found(running, ("$nin", [kept]) if is_object else ("$ne", kept)) == stored.keys() - equal
        assert found(running, ("$in", [kept, None])) == equal


def found(running: Running, condition: Any) -> set[str]:
    return {item._id for item in running.things.select({"value": condition})}


@pytest.mark.parametrize("case", [case for case in CASES if case.filters], ids=lambda case: case.name)
def test_a_query_string_finds_the_value(case: Case, run: Callable[[Case], Running]) -> None:
    running = run(case)
    stored = {running.things.create({"value": given})._id: kept for given, kept in case.accepted}
    client = running.client()
    for identifier, kept in stored.items():
        sent = client.get(f"/app/things/{identifier}").get_json()["value"]
        text = sent if isinstance(sent, str) else json.dumps(sent)
        if len(text) > 1000:  # more than a request line may hold
            continue
        page = client.get(f"/app/things?{urlencode({'value': text})}&_page=100").get_json()

        assert {each["_id"] for each in page["result"]} == {other for other, value in stored.items() if value == kept}
