"""The contract of the filter language: collections, their items, filters, and the ids that each filter finds.

The ids are written by hand. `test_contract.py` asks every backend.
"""

from __future__ import annotations

import datetime
import decimal
import ipaddress
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backo_sql import (
    Bool,
    Bytes,
    Complex,
    Date,
    Datetime,
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
)
from tests.query import shelves
from tests.query.shelves import at

UTC = datetime.UTC


def other_books(identifiers: str) -> str:
    return " ".join(book for book in EVERY_BOOK.split() if book not in identifiers.split())


EVERY_BOOK = "b1 b2 b3 b4 b5 b6"

# -- every operator on every type, wherever a field may stand ---------------------------------------


@dataclass(frozen=True, order=True)
class Length:
    """A length in millimetres."""

    millimetres: int


class Size(Extend):
    """A type of a user's own, which sorts as the integers do that it is stored as."""

    kind = Kind.INTEGER
    ordered = True

    def __init__(self, **options: Any) -> None:
        super().__init__(Length, **options)

    def __json_encode__(self, value: Any) -> int:
        return int(value.millimetres)

    def __json_decode__(self, written: Any) -> Length:
        return Length(written)


class Version(Extend):
    """One whose stored text sorts in another way than its values."""

    def __init__(self, **options: Any) -> None:
        super().__init__(tuple, **options)

    def __json_encode__(self, value: Any) -> str:
        return ".".join(map(str, value))

    def __json_decode__(self, text: Any) -> tuple[int, ...]:
        return tuple(int(part) for part in text.split("."))


@dataclass(frozen=True)
class Typed:
    """A type, and three values of it that are written as a query string has them.

    Attributes:
        make: makes the field.
        texts: three different values; in their order, where they have one.
        ordered: they have one.
        values: the same as Python has them, where that isn't the text.
    """

    make: Callable[[], Any]
    texts: tuple[str, str, str]
    ordered: bool = True
    values: tuple[Any, Any, Any] | None = None

    @property
    def held(self) -> tuple[Any, Any, Any]:
        return self.values or self.texts


TYPES: dict[str, Typed] = {
    "text": Typed(String, ("Z", "a", "é")),
    "code": Typed(lambda: String(max_length=20), ("007", "07", "7")),
    "far": Typed(String, ("é", "\uffff", "\U0001f600")),
    "whole": Typed(Int, ("-1", str(2**53), str(2**53 + 1)), values=(-1, 2**53, 2**53 + 1)),
    "real": Typed(Float, ("-1e300", "0.1", "0.30000000000000004"), values=(-1e300, 0.1, 0.1 + 0.2)),
    "exact": Typed(
        lambda: Decimal(precision=12, scale=4),
        ("-0.1", "0.1000", "99999999.9999"),
        values=tuple(map(decimal.Decimal, ("-0.1", "0.1", "99999999.9999"))),  # type: ignore[arg-type]
    ),
    "at": Typed(
        Datetime,
        ("0001-01-01T00:00:00Z", "2031-05-17T11:00:00+02:00", "2031-05-17T09:00:00.000010"),
        values=(
            datetime.datetime(1, 1, 1, tzinfo=UTC),
            datetime.datetime(2031, 5, 17, 9, tzinfo=UTC),
            datetime.datetime(2031, 5, 17, 10, 0, 0, 10, tzinfo=datetime.timezone(datetime.timedelta(hours=1))),
        ),
    ),
    "day": Typed(
        Date,
        ("0001-01-01", "2031-05-17", "9999-12-31"),
        values=(datetime.date.min, datetime.date(2031, 5, 17), datetime.date.max),
    ),
    "hour": Typed(
        Time,
        ("00:00", "09:30:00.010", "09:30:00.1"),
        values=(datetime.time(0), datetime.time(9, 30, 0, 10_000), datetime.time(9, 30, 0, 100_000)),
    ),
    "url": Typed(Url, ("HTTP://EXAMPLE.ORG/", "http://example.org/", "http://example.org/é")),
    "email": Typed(Email, ("A@example.org", "a@example.org", "é@example.org")),
    "size": Typed(Size, ("-5", "9", "10"), values=(Length(-5), Length(9), Length(10))),
    "to": Typed(lambda: Ref(coll="targets"), ("t1", "t2", "t3")),
    "raw": Typed(Bytes, ("AA==", "QUJD", "/+8="), ordered=False, values=(b"\0", b"ABC", b"\xff\xef")),
    "ip": Typed(
        IpAddress,
        ("10.0.0.1", "2001:DB8:0::7", "::1"),
        ordered=False,
        values=tuple(map(ipaddress.ip_address, ("10.0.0.1", "2001:db8::7", "::1"))),  # type: ignore[arg-type]
    ),
    "net": Typed(
        IpNetwork,
        ("10.0.0.0/8", "10.0.0.0/9", "2001:db8::/32"),
        ordered=False,
        values=tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "10.0.0.0/9", "2001:db8::/32"))),  # type: ignore[arg-type]
    ),
    "version": Typed(Version, ("1.2", "1.10", "2"), ordered=False, values=((1, 2), (1, 10), (2,))),
    "pair": Typed(
        lambda: Tuple((Int(), String())),
        ('[1, "a"]', '[1, "b"]', "[null, null]"),
        ordered=False,
        values=((1, "a"), (1, "b"), (None, None)),
    ),
    "either": Typed(lambda: In([Int(), Float(), String()]), ("1", "1.5", "x"), ordered=False, values=(1, 1.5, "x")),
    "number": Typed(lambda: In([Int(), Float()]), ("2", "2.5", "-1"), ordered=False, values=(2.0, 2.5, -1)),
}


@dataclass(frozen=True)
class Place:
    """Where a field may stand, and what each question finds there.

    Attributes:
        collection: that is asked.
        asked: makes the filter of a field and what is asked of it.
        found: questions with the ids that they find; a question is made of the three values of a type.
        ordered: the same, for types whose values have an order.
        without: the types that can't stand there.
    """

    collection: str
    asked: Callable[[str, Any], dict[str, Any]]
    found: Sequence[tuple[Callable[[Any, Any, Any], Any], str]]
    ordered: Sequence[tuple[Callable[[Any, Any, Any], Any], str]] = ()
    without: frozenset[str] = frozenset()

    def filters(self, name: str, typed: Typed) -> Iterator[tuple[dict[str, Any], str]]:
        """Return the filters of a type with the ids that each finds."""
        for question, ids in (*self.found, *(self.ordered if typed.ordered else ())):
            yield self.asked(name, question(*typed.held)), ids


#: A field of k1 to k5 holds the first, the second, the third and again the second value, and null.
_FOUND: Sequence[tuple[Callable[[Any, Any, Any], Any], str]] = [
    (lambda a, b, c: b, "k2 k4"),
    (lambda a, b, c: None, "k5"),
    (lambda a, b, c: ("$eq", b), "k2 k4"),
    (lambda a, b, c: ("$ne", b), "k1 k3 k5"),
    (lambda a, b, c: ("$ne", None), "k1 k2 k3 k4"),
    (lambda a, b, c: ("$in", [a, c]), "k1 k3"),
    (lambda a, b, c: ("$in", [a, None]), "k1 k5"),
    (lambda a, b, c: ("$in", [None]), "k5"),
    (lambda a, b, c: ("$in", []), ""),
    (lambda a, b, c: ("$in", [b] * 40), "k2 k4"),
    (lambda a, b, c: ("$nin", [a, c]), "k2 k4 k5"),
    (lambda a, b, c: ("$nin", [a, None]), "k2 k3 k4"),
    (lambda a, b, c: ("$nin", []), "k1 k2 k3 k4 k5"),
    (lambda a, b, c: ("$nin", [b, a] * 20), "k3 k5"),
    (lambda a, b, c: ("$not", ("$eq", b)), "k1 k3 k5"),
    (lambda a, b, c: ("$not", ("$in", [b, None])), "k1 k3"),
    (lambda a, b, c: ("$or", [("$eq", a), ("$eq", c)]), "k1 k3"),
    (lambda a, b, c: ("$and", [("$ne", a), ("$ne", None)]), "k2 k3 k4"),
]
_IN_ORDER: Sequence[tuple[Callable[[Any, Any, Any], Any], str]] = [
    (lambda a, b, c: ("$lt", b), "k1"),
    (lambda a, b, c: ("$lte", b), "k1 k2 k4"),
    (lambda a, b, c: ("$gt", b), "k3"),
    (lambda a, b, c: ("$gte", b), "k2 k3 k4"),
    (lambda a, b, c: ("$lt", a), ""),
    (lambda a, b, c: ("$gt", c), ""),
    (lambda a, b, c: ("$lt", None), ""),
    (lambda a, b, c: ("$gte", None), ""),
    (lambda a, b, c: ("$not", ("$gt", b)), "k1 k2 k4 k5"),
    (lambda a, b, c: ("$not", ("$lte", None)), "k1 k2 k3 k4 k5"),
    (lambda a, b, c: {"$gte": a, "$lt": c}, "k1 k2 k4"),
]

#: The list of k1 holds the first value, that of k2 the second and the third; k3 has an empty one, k4 none, and k5 one
#: of null and the first value.
_FOUND_IN_ELEMENTS: Sequence[tuple[Callable[[Any, Any, Any], Any], str]] = [
    (lambda a, b, c: a, "k1 k5"),
    (lambda a, b, c: None, "k5"),
    (lambda a, b, c: ("$ne", a), "k2 k3 k4"),
    (lambda a, b, c: ("$ne", None), "k1 k2 k3 k4"),
    (lambda a, b, c: ("$in", [a, c]), "k1 k2 k5"),
    (lambda a, b, c: ("$in", [b, None]), "k2 k5"),
    (lambda a, b, c: ("$nin", [a, c]), "k3 k4"),
    (lambda a, b, c: ("$nin", [b] * 40), "k1 k3 k4 k5"),
    (lambda a, b, c: ("$not", ("$eq", b)), "k1 k3 k4 k5"),
    (lambda a, b, c: ("$and", [("$eq", b), ("$eq", c)]), "k2"),
]
_IN_ORDER_IN_ELEMENTS: Sequence[tuple[Callable[[Any, Any, Any], Any], str]] = [
    (lambda a, b, c: ("$lt", b), "k1 k5"),
    (lambda a, b, c: ("$lte", b), "k1 k2 k5"),
    (lambda a, b, c: ("$gt", a), "k2"),
    (lambda a, b, c: ("$not", ("$gt", a)), "k1 k3 k4 k5"),
    (lambda a, b, c: ("$not", ("$lt", None)), "k1 k2 k3 k4 k5"),
]

PLACES: dict[str, Place] = {
    "a field": Place("kinds", lambda name, asked: {name: asked}, _FOUND, _IN_ORDER),
    "a field of a Dict": Place("kinds", lambda name, asked: {"box": {name: asked}}, _FOUND, _IN_ORDER),
    "a List": Place(
        "kinds",
        lambda name, asked: {f"many_{name}": asked},
        [
            (lambda a, b, c: [a], "k1"),
            (lambda a, b, c: [b, c], "k2"),
            (lambda a, b, c: [c, b], ""),
            (lambda a, b, c: [None, a], "k5"),
            (lambda a, b, c: [("$ne", a), ("$in", [a, c])], "k2 k5"),
            (lambda a, b, c: ("$eq", [b, c]), "k2"),
            (lambda a, b, c: ("$ne", [b, c]), "k1 k3 k4 k5"),
            (lambda a, b, c: [], "k3"),
            (lambda a, b, c: ("$ne", []), "k1 k2 k4 k5"),
            (lambda a, b, c: None, "k4"),
            (lambda a, b, c: ("$ne", None), "k1 k2 k3 k5"),
            (lambda a, b, c: ("$contains", a), "k1 k5"),
            (lambda a, b, c: ("$contains", ("$ne", a)), "k2 k5"),
            (lambda a, b, c: ("$contains", None), "k5"),
            (lambda a, b, c: ("$contains", ("$ne", None)), "k1 k2 k5"),
            (lambda a, b, c: ("$contains", ("$in", [b, None])), "k2 k5"),
            (lambda a, b, c: ("$contains", ("$in", [b] * 40)), "k2"),
            (lambda a, b, c: ("$contains", ("$nin", [b, None])), "k1 k2 k5"),
            (lambda a, b, c: ("$not", ("$contains", a)), "k2 k3 k4"),
            (lambda a, b, c: ("$and", [("$contains", b), ("$contains", c)]), "k2"),
        ],
        [
            (lambda a, b, c: ("$contains", ("$gt", a)), "k2"),
            (lambda a, b, c: ("$contains", ("$lte", a)), "k1 k5"),
            (lambda a, b, c: ("$contains", ("$not", ("$lte", a))), "k2 k5"),
            (lambda a, b, c: ("$not", ("$contains", ("$lt", b))), "k2 k3 k4"),
            (lambda a, b, c: [("$lt", c), ("$gte", c)], "k2"),
        ],
        frozenset({"to"}),
    ),
    "the elements of a List of Dict": Place(
        "kinds",
        lambda name, asked: {"docs": {name: asked}},
        _FOUND_IN_ELEMENTS,
        _IN_ORDER_IN_ELEMENTS,
        frozenset({"to"}),
    ),
    "one element of a List of Dict": Place(
        "kinds",
        lambda name, asked: {"docs": ("$contains", {name: asked})},
        [(lambda a, b, c: ("$ne", a), "k2 k5"), (lambda a, b, c: ("$nin", [a, c]), "k2 k5")],
        without=frozenset({"to"}),
    ),
    "the elements of a List with links": Place(
        "kinds", lambda name, asked: {"rows": {name: asked}}, _FOUND_IN_ELEMENTS, _IN_ORDER_IN_ELEMENTS
    ),
    "one element of a List with links": Place(
        "kinds",
        lambda name, asked: {"rows": ("$contains", {name: asked})},
        [(lambda a, b, c: ("$ne", a), "k2 k5"), (lambda a, b, c: ("$nin", [a, c]), "k2 k5")],
    ),
    "a linked item": Place(
        "owners",  # o1 to o5 own k1 to k5, o6 owns nothing
        lambda name, asked: {"thing": {name: asked}},
        [
            (lambda a, b, c: b, "o2 o4"),
            (lambda a, b, c: None, "o5 o6"),
            (lambda a, b, c: ("$ne", b), "o1 o3 o5 o6"),
            (lambda a, b, c: ("$ne", None), "o1 o2 o3 o4"),
            (lambda a, b, c: ("$in", [a, c]), "o1 o3"),
            (lambda a, b, c: ("$in", [a, None]), "o1 o5 o6"),
            (lambda a, b, c: ("$nin", [a, c]), "o2 o4 o5 o6"),
            (lambda a, b, c: ("$nin", [a, None]), "o2 o3 o4"),
            (lambda a, b, c: ("$not", ("$eq", b)), "o1 o3 o5 o6"),
        ],
        [
            (lambda a, b, c: ("$lt", b), "o1"),
            (lambda a, b, c: ("$gte", b), "o2 o3 o4"),
            (lambda a, b, c: ("$gte", None), ""),
            (lambda a, b, c: ("$not", ("$gt", b)), "o1 o2 o4 o5 o6"),
        ],
    ),
    "many linked items": Place(
        "boxes",  # x1 has k1 and k2, x2 has k3, x3 has k5, x4 is empty; k4 is in no box
        lambda name, asked: {"things": {name: asked}},
        [
            (lambda a, b, c: b, "x1"),
            (lambda a, b, c: None, "x3"),
            (lambda a, b, c: ("$ne", b), "x2 x3 x4"),
            (lambda a, b, c: ("$ne", None), "x1 x2 x4"),
            (lambda a, b, c: ("$in", [c, None]), "x2 x3"),
            (lambda a, b, c: ("$nin", [c, None]), "x1 x4"),
        ],
        [
            (lambda a, b, c: ("$gt", a), "x1 x2"),
            (lambda a, b, c: ("$not", ("$gt", a)), "x3 x4"),
        ],
    ),
    "one of many linked items": Place(
        "boxes",
        lambda name, asked: {"things": ("$contains", {name: asked})},
        [(lambda a, b, c: ("$ne", b), "x1 x2 x3"), (lambda a, b, c: ("$nin", [a, c]), "x1 x3")],
    ),
}


def _fields(*without: str) -> dict[str, Any]:
    return {name: typed.make() for name, typed in TYPES.items() if name not in without}


def _kind(number: int) -> dict[str, Any]:
    own = [(0,), (1,), (2,), (1,), (None,)][number - 1]
    listed: list[int | None] | None = [[0], [1, 2], [], None, [None, 0]][number - 1]

    def values(which: int | None, *without: str) -> dict[str, Any]:
        return {
            name: None if which is None else typed.held[which] for name, typed in TYPES.items() if name not in without
        }

    row = {"_id": f"k{number}", **values(own[0]), "box": values(own[0])}
    for name, typed in TYPES.items():
        if name != "to":
            row[f"many_{name}"] = listed and [None if each is None else typed.held[each] for each in listed]
    row["docs"] = listed and [values(each, "to") for each in listed]
    row["rows"] = listed and [values(each) for each in listed]
    if listed == []:
        row |= {name: [] for name in row if name.startswith("many_") or name in ("docs", "rows")}
    return row | {"inside": [None, "x1", "x1", "x2", None, "x3"][number]}


# -- what is special to some types -------------------------------------------------------------------

WORDS = {
    "w01": "",
    "w02": "A",
    "w03": "a",
    "w04": "a%b",
    "w05": "a\nb",
    "w06": "a\n",
    "w07": "é",
    "w08": "e\u0301",
    "w09": "\uffff",
    "w10": "\U0001f600",
    "w11": None,
    "w12": "007",
    "w13": "a_b",
}


def items() -> dict[str, Item]:
    """Describe all collections of the contract."""
    return {
        **shelves.items(),
        "targets": Item({"name": String()}),
        "boxes": Item({"things": RefsList(coll="kinds", field="$.inside")}),
        "kinds": Item(
            {
                **_fields(),
                "box": Dict(_fields()),
                **{f"many_{name}": List(typed.make()) for name, typed in TYPES.items() if name != "to"},
                "docs": List(Dict(_fields("to"))),
                "rows": List(Dict(_fields())),
                "inside": Ref(coll="boxes", field="$.things"),
            }
        ),
        "owners": Item({"thing": Ref(coll="kinds")}),
        "words": Item({"text": String(), "texts": List(String()), "free": FreeDict()}),
        "frees": Item({"free": FreeDict(), "many": List(FreeDict())}),
        "marks": Item({"yes": Bool(), "yeses": List(Bool()), "z": Complex(), "place": Tuple((Float(), Float()))}),
        "homes": Item({"home": Dict({"city": String(), "floor": Int(), "geo": Dict({"lat": Float()})})}),
        "people": Item(
            {
                "name": String(),
                "boss": Ref(coll="people", field="$.staff"),
                "staff": RefsList(coll="people", field="$.boss"),
                "desk": Ref(coll="desks", field="$.owner"),
                "teams": RefsList(coll="teams", field="$.members"),
                "tasks": List(Dict({"hours": Int(), "team": Ref(coll="teams", field="$.tasked")})),
            }
        ),
        "desks": Item({"label": String(), "owner": Ref(coll="people", field="$.desk", owner=True)}),
        "teams": Item(
            {
                "name": String(),
                "members": RefsList(coll="people", field="$.teams"),
                "tasked": RefsList(coll="people", field="$.tasks.team"),
            }
        ),
    }


ROWS: Mapping[str, Sequence[Mapping[str, Any]]] = {
    **shelves.ROWS,
    "targets": [{"_id": f"t{number}"} for number in (1, 2, 3)],
    "boxes": [{"_id": f"x{number}"} for number in (1, 2, 3, 4)],
    "kinds": [_kind(number) for number in (1, 2, 3, 4, 5)],
    "owners": [{"_id": f"o{number}", "thing": f"k{number}" if number < 6 else None} for number in range(1, 7)],
    "words": [
        {"_id": identifier, "text": text, "texts": [text], "free": {"word": text}} for identifier, text in WORDS.items()
    ],
    "frees": [
        {"_id": "f1", "free": {"a": 1}},
        {"_id": "f2", "free": {"a": 1.0}},
        {"_id": "f3", "free": {"a": "1"}},
        {"_id": "f4", "free": {"a": True}, "many": [{"a": 1}, {"b": [1]}]},
        {"_id": "f5", "free": {"a": None}, "many": []},
        {"_id": "f6", "free": {}, "many": [None, {"a": {"b": 2}}]},
        {"_id": "f7", "free": None, "many": [{}]},
        {"_id": "f8", "free": {"a": [1, {"b": 2}]}},
        {"_id": "f9", "free": {"a": {"b": 2}, "c d": 0.1, "n": 2**53 + 1}},
    ],
    "marks": [
        {"_id": "m1", "yes": True, "yeses": [True], "z": {"real": 1.0, "imag": -0.0}, "place": (1.0, 2.0)},
        {"_id": "m2", "yes": False, "yeses": [False, None], "z": {"real": 2.5, "imag": 1.0}, "place": (1, 2)},
        {"_id": "m3", "yes": None, "yeses": None, "place": None},
    ],
    "homes": [
        {"_id": "h1", "home": {"city": "Lyon", "floor": 2, "geo": {"lat": 45.75}}},
        {"_id": "h2", "home": {"city": "Lyon", "floor": None}},
        {"_id": "h3"},
    ],
    "people": [
        {"_id": "p1", "name": "Ada", "teams": ["e1", "e2"], "tasks": [{"hours": 1, "team": "e1"}]},
        {"_id": "p2", "name": "Bo", "boss": "p1", "teams": ["e2"]},
        {
            "_id": "p3",
            "name": "Cy",
            "boss": "p2",
            "tasks": [{"hours": 1, "team": "e2"}, {"hours": 5, "team": "e1"}, {"hours": None, "team": None}],
        },
        {"_id": "p4", "boss": "p1", "teams": ["e2", "e1"], "tasks": []},
    ],
    "desks": [{"_id": "d1", "label": "left", "owner": "p1"}, {"_id": "d2", "owner": "p3"}, {"_id": "d3", "label": "x"}],
    "teams": [{"_id": "e1", "name": "sea"}, {"_id": "e2"}, {"_id": "e3", "name": "air"}],
}

EVERY_WORD = " ".join(WORDS)


def other_words(identifiers: str) -> str:
    return " ".join(word for word in WORDS if word not in identifiers.split())


#: what is asked of a text: also of one in a list, and in a free object
TEXTS: list[tuple[Any, str]] = [
    (("$lt", "a"), "w01 w02 w12"),
    (("$gt", "é"), "w09 w10"),
    (("$gte", "\uffff"), "w09 w10"),
    (("$gt", "\uffff"), "w10"),
    (("$lte", ""), "w01"),
    ("é", "w07"),
    ("e\u0301", "w08"),
    ("A", "w02"),
    ("007", "w12"),
    (("$in", ["a", "A", None]), "w02 w03 w11"),
    (("$in", ["a%b", "%", "_"]), "w04"),
    (("$re", "%"), "w04"),
    (("$re", "_"), "w13"),
    (("$re", "^a$"), "w03 w06"),
    (("$reg", "a$"), "w03 w06"),
    (("$reg", "b"), ""),
    (("$re", "b"), "w04 w05 w13"),
    (("$reg", "a.b"), "w04 w13"),
    (("$reg", "(?s)a.b"), "w04 w05 w13"),
    (("$re", ""), other_words("w11")),
    (("$re", "."), other_words("w01 w11")),
    (("$re", "[^a]"), other_words("w01 w03 w11")),
    (("$re", "[b-é]"), "w04 w05 w07 w08 w13"),
    (("$re", "a{1,2}[%_]"), "w04 w13"),
    (("$re", "^(a|é)$"), "w03 w06 w07"),
    (("$re", "(?i)a"), "w02 w03 w04 w05 w06 w13"),
    (("$re", "\\d"), "w12"),
    (("$re", "\\p{Lu}"), "w02"),
    (("$not", ("$re", "a")), "w01 w02 w07 w08 w09 w10 w11 w12"),
    (("$not", ("$reg", "(?i)a")), "w01 w07 w08 w09 w10 w11 w12"),
]

#: by collection: filters, and the ids of the items that each finds
TABLE: dict[str, list[tuple[Any, str]]] = {
    "books": [
        ({}, EVERY_BOOK),
        (None, EVERY_BOOK),
        # equality; null is a value like any other
        ({"title": "Notes"}, "b1"),
        ({"title": ("$eq", "Notes")}, "b1"),
        ({"title": ("$ne", "Notes")}, other_books("b1")),
        ({"title": None}, "b5"),
        ({"title": ("$ne", None)}, other_books("b5")),
        ({"title": ""}, "b4"),
        ({"pages": 10}, "b1 b3"),
        ({"pages": ("$ne", 10)}, other_books("b1 b3")),
        ({"price": 0}, "b2 b4"),
        ({"sold": True}, "b1"),
        ({"sold": False}, "b2"),
        ({"sold": ("$ne", True)}, other_books("b1")),
        ({"at": at(8)}, "b1"),
        ({"at": "2031-05-17T10:00:00+02:00"}, "b1"),
        ({"_id": "b3"}, "b3"),
        ({"author": "a1"}, "b1 b2"),
        ({"author": None}, "b5"),
        # an ordering against null is false, and its opposite true
        ({"pages": ("$gt", 10)}, "b2"),
        ({"pages": ("$gte", 10)}, "b1 b2 b3"),
        ({"pages": ("$lt", 10)}, "b4"),
        ({"pages": ("$lte", 10)}, "b1 b3 b4"),
        ({"pages": ("$not", ("$gt", 10))}, other_books("b2")),
        ({"pages": ("$gt", None)}, ""),
        ({"pages": ("$lte", None)}, ""),
        ({"pages": ("$not", ("$lte", None))}, EVERY_BOOK),
        ({"at": ("$gt", at(8))}, "b2"),
        # text compares by code point
        ({"title": ("$lt", "a")}, "b1 b3 b4 b6"),
        ({"title": ("$gt", "Zoe")}, "b2 b3"),
        ({"title": ("$gte", "Zoé")}, "b2 b3"),
        # among values
        ({"pages": ("$in", [10, -1])}, "b1 b3 b4"),
        ({"pages": ("$nin", [10, -1])}, "b2 b5 b6"),
        ({"pages": ("$in", [10, None])}, "b1 b3 b5 b6"),
        ({"pages": ("$nin", [10, None])}, "b2 b4"),
        ({"pages": ("$in", [])}, ""),
        ({"pages": ("$nin", [])}, EVERY_BOOK),
        # regular expressions: from the start, or anywhere
        ({"title": ("$reg", "otes")}, ""),
        ({"title": ("$re", "otes")}, "b1 b2 b6"),
        ({"title": ("$reg", "Not")}, "b1"),
        ({"title": ("$reg", "Not$")}, ""),
        ({"title": ("$reg", "(?i)not")}, "b1 b2"),
        ({"title": ("$re", "")}, other_books("b5")),
        ({"title": ("$re", "^Notes$")}, "b1"),
        ({"title": ("$re", r"\p{Lu}")}, "b1 b3 b6"),
        ({"title": ("$not", ("$re", "otes"))}, "b3 b4 b5"),
        # combinations
        ({"title": "Notes", "pages": 10}, "b1"),
        ({"title": "Notes", "pages": 99}, ""),
        ({"pages": ("$and", [("$gt", 0), ("$lt", 50)])}, "b1 b3"),
        ({"pages": {"$gt": 0, "$lt": 50}}, "b1 b3"),
        ({"pages": ("$or", [10, ("$lt", 0)])}, "b1 b3 b4"),
        ({"pages": ("$and", [])}, EVERY_BOOK),
        ({"pages": ("$or", [])}, ""),
        (("$or", [{"title": "Notes"}, {"pages": 99}]), "b1 b2"),
        (("$or", [("title", "Notes"), ("pages", 99)]), "b1 b2"),
        ({"$or": [{"title": "Notes"}, {"pages": 99}], "sold": True}, "b1"),
        ({"$not": {"title": "Notes", "pages": 10}}, other_books("b1")),
        ({"$not": {"title": "Notes"}, "pages": 10}, "b3"),
        ({"$not": {}}, ""),
        # lists
        ({"tags": ["sea"]}, "b2"),
        ({"tags": ["sea", "kids"]}, "b1"),
        ({"tags": ["kids", "sea"]}, ""),
        ({"tags": ["sea", ("$re", "k")]}, "b1"),
        ({"tags": ("$ne", ["sea"])}, other_books("b2")),
        ({"tags": []}, "b5 b6"),
        ({"tags": None}, "b4"),
        ({"tags": ("$ne", None)}, other_books("b4")),
        ({"tags": ("$contains", "sea")}, "b1 b2"),
        ({"tags": ("$contains", ("$ne", "sea"))}, "b1 b3"),
        ({"tags": ("$not", ("$contains", "sea"))}, other_books("b1 b2")),
        ({"tags": ("$contains", ("$or", [("$re", "^k"), "é"]))}, "b1 b3"),
        ({"tags": ("$and", [("$contains", "sea"), ("$contains", "kids")])}, "b1"),
        ({"tags": ("$contains", {})}, "b1 b2 b3"),
        ({"grid": [[1, 2], [3]]}, "b1"),
        ({"grid": ("$contains", [3])}, "b1"),
        ({"grid": ("$contains", ("$contains", 2))}, "b1"),
        ({"grid": ("$contains", [])}, "b2"),
        # a path through a list means some of its elements, a negative operator none of them
        ({"lines.text": "one"}, "b1"),
        ({"lines": {"text": "one"}}, "b1"),
        ({"lines.text": ("$ne", "one")}, other_books("b1")),
        ({"lines.text": ("$nin", ["one", "x"])}, other_books("b1")),
        ({"lines.text": None}, "b3"),
        ({"lines.text": ("$ne", None)}, other_books("b3")),
        ({"lines.by.hand": None}, "b1"),
        ({"lines.marks": ("$contains", 7)}, "b3"),
        ({"lines.marks": []}, "b1"),
        ({"lines.text": ("$not", ("$re", "o"))}, other_books("b1")),
        # each condition on a path finds its own element; `$contains` asks one element all of them
        ({"lines.text": "two", "lines.by.hand": "l"}, "b1"),
        ({"lines": {"text": "two", "by": {"hand": "l"}}}, "b1"),
        ({"lines": ("$contains", {"text": "two", "by.hand": "l"})}, ""),
        ({"lines": ("$contains", {"text": "one", "by.hand": "l"})}, "b1"),
        ({"lines": ("$contains", {"text": ("$ne", "one")})}, "b1 b3"),
        # a path through an empty reference reads as null
        ({"author.name": "Ada"}, "b1 b2"),
        ({"author": {"name": "Ada"}}, "b1 b2"),
        ({"$.author.address.city": "Oslo"}, "b3"),
        ({"author.name": ("$ne", "Ada")}, other_books("b1 b2")),
        ({"author.name": None}, "b4 b5 b6"),
        ({"author.name": ("$ne", None)}, "b1 b2 b3"),
        ({"author.name": ("$in", ["Bo", None])}, "b3 b4 b5 b6"),
        ({"author.name": ("$nin", ["Bo", None])}, "b1 b2"),
        ({"author.name": ("$gt", "Ada")}, "b3"),
        ({"author.name": ("$not", ("$gt", "Ada"))}, other_books("b3")),
        ({"author.name": ("$re", "")}, "b1 b2 b3"),
        ({"author._id": "a1"}, "b1 b2"),
        ({"author._id": None}, "b5"),
        # through a reference to many
        ({"author.books.title": "notes"}, "b1 b2"),
        ({"author.books.title": ("$ne", "notes")}, other_books("b1 b2")),
        ({"author.books": ("$contains", {"title": "notes", "pages": 99})}, "b1 b2"),
        ({"author.books": ("$contains", {"title": "notes", "pages": 10})}, ""),
        ({"author.books": ("$contains", "b3")}, "b3"),
        ({"author.books": ("$contains", ("$in", ["b3", "b1"]))}, "b1 b2 b3"),
        ({"author.books": ["b1", "b2"]}, "b1 b2"),
        ({"author.books": None}, "b5"),
        ({"author.books": []}, "b5"),
        ({"author.books": ("$ne", None)}, other_books("b5")),
        ({"author.friends.books.author.name": "Bo"}, "b1 b2"),
        ({"author.friends.name": None}, ""),
    ],
    "authors": [
        ({"books.title": "Notes"}, "a1"),
        ({"books.title": ("$ne", "Notes")}, "a2 a3 a4"),
        ({"books": ("$contains", {"title": ("$ne", "Notes")})}, "a1 a2 a3"),
        ({"books.title": ("$re", "(?i)notes"), "books.pages": 10}, "a1"),
        ({"books.tags": ("$contains", "é")}, "a2"),
        ({"books": []}, "a4"),
        ({"books": None}, "a4"),
        ({"books": ("$ne", [])}, "a1 a2 a3"),
        ({"books": ("$contains", {})}, "a1 a2 a3"),
        ({"friends": ("$contains", {})}, "a1 a2"),
        ({"friends.friends.name": "Bo"}, "a1 a2"),
        ({"books.author.name": None}, "a3"),
        ({"address": {"city": "Lyon"}}, "a1"),
        ({"address.city": None}, "a3 a4"),
        ({"address": ("$not", {"city": "Lyon"})}, "a2 a3 a4"),
        ({"address": ("$or", [("city", "Lyon"), {"city": None}])}, "a1 a3 a4"),
        ({"address": {}}, "a1 a2 a3 a4"),
    ],
    "words": [
        *(({"text": asked}, ids) for asked, ids in TEXTS),
        *(({"texts": ("$contains", asked)}, ids) for asked, ids in TEXTS),
        *(({"texts": [asked]}, ids) for asked, ids in TEXTS),
        *(({"free.word": asked}, ids) for asked, ids in TEXTS),
    ],
    "frees": [
        ({"free.a": 1}, "f1 f2"),
        ({"free.a": 1.0}, "f1 f2"),
        ({"free": {"a": 1.0}}, "f1 f2"),
        ({"free.a": "1"}, "f3"),
        ({"free.a": True}, "f4"),
        ({"free.a": None}, "f5 f6 f7"),
        ({"free.a": ("$ne", None)}, "f1 f2 f3 f4 f8 f9"),
        ({"free.a": ("$ne", 1)}, "f3 f4 f5 f6 f7 f8 f9"),
        ({"free.a": ("$gt", 0)}, "f1 f2"),
        ({"free.a": ("$lte", 1.5)}, "f1 f2"),
        ({"free.a": ("$lt", "2")}, "f3"),
        ({"free.a": ("$lt", True)}, ""),
        ({"free.a": ("$not", ("$gt", 0))}, "f3 f4 f5 f6 f7 f8 f9"),
        ({"free.a": ("$re", "1")}, "f3"),
        ({"free.a": ("$in", [1, None])}, "f1 f2 f5 f6 f7"),
        ({"free.a": ("$in", ["1", [1, {"b": 2}]])}, "f3 f8"),
        ({"free.a": ("$in", [{"b": 2}])}, "f9"),
        ({"free.a": ("$nin", ["1", True, {"b": 2.0}])}, "f1 f2 f5 f6 f7 f8"),
        ({"free.a": [1, {"b": 2}]}, "f8"),
        ({"free.a": ("$contains", 1)}, "f8"),
        ({"free.a": ("$contains", {"b": 2})}, "f8"),
        ({"free.a": ("$contains", {})}, "f8"),
        ({"free.a.b": 2}, "f9"),
        ({"free.a.b": ("$gte", 2)}, "f9"),
        ({"free.a.b": None}, "f1 f2 f3 f4 f5 f6 f7 f8"),
        ({"free.c d": 0.1}, "f9"),
        ({"free.n": 2**53 + 1}, "f9"),
        ({"free.n": 2.0**53}, ""),
        ({"free.n": ("$gt", 2.0**53)}, "f9"),
        ({"free": None}, "f7"),
        ({"free": ("$ne", None)}, "f1 f2 f3 f4 f5 f6 f8 f9"),
        ({"free": {}}, "f1 f2 f3 f4 f5 f6 f7 f8 f9"),
        ({"free": ("$in", [{}])}, "f6"),
        ({"free": ("$in", [{"a": 1.0}, {"a": True}])}, "f1 f2 f4"),
        ({"free": ("$in", [{"a": 1.0}, None])}, "f1 f2 f7"),
        ({"free": ("$nin", [{"a": 1}, None])}, "f3 f4 f5 f6 f8 f9"),
        ({"many.a": 1}, "f4"),
        ({"many.a": None}, "f4 f6 f7"),
        ({"many.a": ("$ne", None)}, "f1 f2 f3 f5 f8 f9"),
        ({"many.a.b": 2}, "f6"),
        ({"many.b": ("$contains", 1)}, "f4"),
        ({"many": ("$contains", None)}, "f6"),
        ({"many": ("$contains", ("$in", [{}, {"a": 1}]))}, "f4 f7"),
        ({"many": [None, {"a.b": 2}]}, "f6"),
        ({"many": ("$eq", [None, {"a": {"b": 2}}])}, "f6"),
        ({"many": ("$eq", [{"a": 1}, {}])}, ""),
        ({"many": []}, "f5"),
        ({"many": None}, "f1 f2 f3 f8 f9"),
    ],
    "marks": [
        ({"yes": True}, "m1"),
        ({"yes": ("$ne", True)}, "m2 m3"),
        ({"yes": False}, "m2"),
        ({"yes": None}, "m3"),
        ({"yes": ("$in", [False, None])}, "m2 m3"),
        ({"yes": ("$nin", [False])}, "m1 m3"),
        ({"yes": ("$not", False)}, "m1 m3"),
        ({"yeses": ("$contains", True)}, "m1"),
        ({"yeses": ("$contains", ("$ne", True))}, "m2"),
        ({"yeses": ("$contains", ("$in", [True, None]))}, "m1 m2"),
        ({"yeses": [False, None]}, "m2"),
        ({"yeses": ("$not", ("$contains", False))}, "m1 m3"),
        ({"z.real": ("$gt", 1)}, "m2"),
        ({"z": {"real": 1, "imag": 0}}, "m1"),
        ({"z": ("$ne", {"real": 1, "imag": 0})}, "m2 m3"),
        ({"z.imag": -0.0}, "m1"),
        ({"place": (1, 2)}, "m1 m2"),
        ({"place": [1.0, 2.0]}, "m1 m2"),
        ({"place": ("$ne", (1.0, 2.0))}, "m3"),
    ],
    "homes": [
        ({"home": {"city": "Lyon", "floor": 2}}, "h1"),
        ({"home": ("$eq", {"city": "Lyon"})}, "h1 h2"),
        ({"home": ("$ne", {"city": "Lyon", "floor": 2})}, "h2 h3"),
        ({"home.city": None}, "h3"),
        ({"home": {}}, "h1 h2 h3"),
        ({"home.geo.lat": ("$gt", 45)}, "h1"),
        ({"home.geo": {"lat": None}}, "h2 h3"),
        ({"$.home.floor": ("$not", ("$gt", 1))}, "h2 h3"),
        ({"home": ("$or", [{"floor": 2}, {"city": None}])}, "h1 h3"),
        ({"home": ("$not", {"geo.lat": None})}, "h1"),
    ],
    "people": [
        ({"boss": "p1"}, "p2 p4"),
        ({"boss": ("$gt", "p1")}, "p3"),
        ({"boss.name": "Ada"}, "p2 p4"),
        ({"boss.name": ("$ne", "Ada")}, "p1 p3"),
        ({"boss.boss.name": "Ada"}, "p3"),
        ({"boss.boss.name": None}, "p1 p2 p4"),
        ({"boss.boss.name": ("$ne", "Ada")}, "p1 p2 p4"),
        ({"boss.boss": None}, "p1 p2 p4"),
        ({"staff.name": "Cy"}, "p2"),
        ({"staff.staff.name": "Cy"}, "p1"),
        ({"staff.staff.name": ("$ne", "Cy")}, "p2 p3 p4"),
        ({"staff.name": None}, "p1"),
        ({"staff": ["p2", "p4"]}, "p1"),
        ({"staff": ["p2", ("$ne", "p2")]}, "p1"),
        ({"staff": []}, "p3 p4"),
        ({"staff": None}, "p3 p4"),
        ({"staff": ("$contains", "p3")}, "p2"),
        ({"staff": ("$contains", {"staff": ("$contains", {"name": "Cy"})})}, "p1"),
        ({"boss.staff.name": "Bo"}, "p2 p4"),
        # one that is stored with the other item
        ({"desk": "d1"}, "p1"),
        ({"desk": None}, "p2 p4"),
        ({"desk": ("$ne", "d1")}, "p2 p3 p4"),
        ({"desk": ("$in", ["d2", None])}, "p2 p3 p4"),
        ({"desk.label": "left"}, "p1"),
        ({"desk.label": None}, "p2 p3 p4"),
        ({"desk.label": ("$ne", "left")}, "p2 p3 p4"),
        ({"boss.desk.label": "left"}, "p2 p4"),
        ({"boss.desk.label": ("$not", ("$gt", "a"))}, "p1 p3"),
        # many to many, in the order given
        ({"teams": ["e2", "e1"]}, "p4"),
        ({"teams": ["e1", "e2"]}, "p1"),
        ({"teams": ("$ne", ["e2"])}, "p1 p3 p4"),
        ({"teams.name": "sea"}, "p1 p4"),
        ({"teams.name": None}, "p1 p2 p4"),
        ({"teams.name": ("$ne", None)}, "p3"),
        ({"teams": ("$contains", {"name": ("$ne", None)})}, "p1 p4"),
        ({"teams": ("$contains", ("$in", ["e1", "nobody"]))}, "p1 p4"),
        ({"teams.members.name": "Bo"}, "p1 p2 p4"),
        ({"teams": []}, "p3"),
        # in the elements of a list
        ({"tasks.team": "e1"}, "p1 p3"),
        ({"tasks.team": ("$ne", "e1")}, "p2 p4"),
        ({"tasks.team": None}, "p3"),
        ({"tasks.team.name": "sea"}, "p1 p3"),
        ({"tasks.team.name": None}, "p3"),
        ({"tasks": ("$contains", {"team.name": "sea", "hours": ("$gt", 1)})}, "p3"),
        ({"tasks": ("$contains", {"team.name": ("$ne", "sea")})}, "p3"),
        ({"tasks": ("$not", ("$contains", {"team": None}))}, "p1 p2 p4"),
        ({"$not": {"tasks.hours": 5}}, "p1 p2 p4"),
        ({"tasks": [{"hours": 1}]}, "p1"),
        ({"tasks": [{"team": "e2"}, {"hours": ("$gt", 1)}, {}]}, "p3"),
        ({"tasks": ("$eq", [{"hours": 1}])}, "p1"),
        ({"tasks": ("$eq", [{"team": "e2"}, {"hours": 5, "team": "e1"}, {}])}, "p3"),
        ({"tasks": ("$ne", [{"hours": 1, "team": "e1"}])}, "p2 p3 p4"),
        ({"tasks": []}, "p4"),
        ({"tasks": None}, "p2"),
    ],
    "teams": [
        ({"members.name": "Bo"}, "e2"),
        ({"members.boss.name": "Ada"}, "e1 e2"),
        ({"members": ("$contains", {"boss": None})}, "e1 e2"),
        ({"members": []}, "e3"),
        ({"tasked": ["p1", "p3"]}, "e1"),
        ({"tasked.name": "Cy"}, "e1 e2"),
        ({"tasked.name": ("$ne", "Cy")}, "e3"),
        ({"tasked": ("$contains", "p1")}, "e1"),
        ({"tasked.tasks.hours": 5}, "e1 e2"),
        ({"name": ("$gt", "a"), "members": ("$ne", [])}, "e1"),
    ],
    "desks": [
        ({"owner.name": "Cy"}, "d2"),
        ({"owner": None}, "d3"),
        ({"owner.desk.label": None}, "d2 d3"),
        ({"owner.boss.boss.name": "Ada"}, "d2"),
    ],
}
