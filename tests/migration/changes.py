"""The table of changes: a description, the next one, and what the items are before and after."""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from backo_sql import (
    Bool,
    Bytes,
    Date,
    Datetime,
    Decimal,
    DeleteStrategy,
    Dict,
    Float,
    FreeDict,
    Int,
    Item,
    List,
    Ref,
    RefsList,
    String,
    Time,
)
from tests.migration.support import Items, Rows, Was

UTC = datetime.UTC


@dataclass(frozen=True)
class Change:
    """One row of the table.

    Attributes:
        name: what changes.
        old: the description before.
        new: the description after.
        rows: what is stored before.
        after: what is read by the new description.
        back: what is read by the old one when the change is undone; `rows` when not given.
        lossy: it takes values away, and says so.
        steps: kinds of differences that it must consist of, in any order; not judged when not given.
    """

    name: str
    old: Callable[[], Items]
    new: Callable[[], Items]
    rows: Rows
    after: Rows
    back: Rows | None = None
    lossy: bool = False
    steps: frozenset[str] | None = None


def fields(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Describe one collection of books, before and after, each made anew when it is asked for."""
    return {"old": lambda: {"books": Item(dict(old))}, "new": lambda: {"books": Item(dict(new))}}


def books(*values: dict[str, Any]) -> Rows:
    return {"books": {f"b{number}": each for number, each in enumerate(values, 1)}}


def column(name: str, old: Any, new: Any, before: list[Any], after: list[Any], **more: Any) -> Change:
    """Change one field, `x`, whose values are given."""
    steps = more.pop("steps", None)
    back = more.pop("back", before)
    return Change(
        name,
        **fields({"title": String(), "x": old}, {"title": String(), "x": new}),
        rows=books(*({"title": f"t{n}", "x": value} for n, value in enumerate(before))),
        after=books(*({"title": f"t{n}", "x": value} for n, value in enumerate(after))),
        back=books(*({"title": f"t{n}", "x": value} for n, value in enumerate(back))),
        steps=None if steps is None else frozenset(steps),
        **more,
    )


def author(**options: Any) -> Item:
    return Item({"name": String(), "books": RefsList(coll="books", field="$.author", **options)})


def book(**options: Any) -> Item:
    return Item({"title": String(), "author": Ref(coll="authors", field="$.books", **options)})


def order(lines: str, book: str, count: str, *was: str) -> Item:
    """Describe orders, whose lines refer to books, under any names; `was` are the former ones."""
    old = dict(zip((lines, book, count), was or (None,) * 3, strict=True))
    fields = {book: Ref(coll="books", was=old[book]), count: Int(min=1, was=old[count])}
    return Item({lines: List(Dict(fields), was=old[lines])})


TWO_AUTHORS = {"a1": {"name": "Ada"}, "a2": {"name": "Bea"}}
THREE_BOOKS = {
    "b1": {"title": "One", "author": "a1"},
    "b2": {"title": "Two", "author": "a1"},
    "b3": {"title": "Three", "author": "a2"},
}
LINKED: Rows = {"authors": TWO_AUTHORS, "books": THREE_BOOKS}

ORDERED: Rows = {
    "books": {"b1": {"title": "One"}},
    "orders": {"o1": {"lines": [{"book": "b1", "count": 2}, {"book": None, "count": 1}]}},
}

#: what an element holds that is a document at one time and a row at another
VALUES: dict[str, Any] = {
    "text": String(),
    "number": Int(),
    "size": Float(),
    "price": Decimal(precision=18, scale=3),
    "whole": Decimal(precision=5, scale=0),
    "on": Bool(),
    "since": Datetime(),
    "day": Date(),
    "hour": Time(),
    "tags": List(String()),
    "more": FreeDict(),
    "inner": Dict({"a": Int(), "b": Dict({"c": Decimal(precision=9, scale=2)})}),
}
ELEMENT: dict[str, Any] = {
    "text": "it's: 5% \\ \"",
    "number": 2**53 + 1,
    "size": 1.0,
    "price": decimal.Decimal("-123456789012345.670"),
    "whole": decimal.Decimal(12),
    "on": False,
    "since": datetime.datetime(2031, 5, 17, 9, 30, 0, 5, tzinfo=UTC),
    "day": datetime.date(2031, 5, 17),
    "hour": datetime.time(9, 30),
    "tags": ["a", "b'"],
    "more": {"k": 1.5},
    "inner": {"a": 1, "b": {"c": decimal.Decimal("-0.50")}},
}
NO_ELEMENT: dict[str, Any] = {**dict.fromkeys(ELEMENT), "inner": {"a": None, "b": {"c": None}}}

CHANGES = [
    # -- fields come and go ----------------------------------------------------------------------
    Change(
        "add a field",
        **fields({"title": String()}, {"title": String(), "pages": Int(min=1)}),
        rows=books({"title": "One"}),
        after=books({"title": "One", "pages": None}),
        steps=frozenset({"add_column", "add_check"}),
    ),
    Change(
        "drop a field",
        **fields({"title": String(), "pages": Int(min=1)}, {"title": String()}),
        rows=books({"title": "One", "pages": 5}),
        after=books({"title": "One"}),
        back=books({"title": "One", "pages": None}),
        lossy=True,
    ),
    Change(
        "add a required field with a default",
        **fields({"title": String()}, {"title": String(), "genre": String(required=True, default="it's: 5%")}),
        rows=books({"title": "One"}, {"title": "Two"}),
        after=books({"title": "One", "genre": "it's: 5%"}, {"title": "Two", "genre": "it's: 5%"}),
    ),
    Change(
        "add an optional field with a default",
        **fields({"title": String()}, {"title": String(), "genre": String(enum=["novel", "poem"], default="novel")}),
        rows=books({"title": "One"}),
        after=books({"title": "One", "genre": "novel"}),
    ),
    Change(
        "add fields with defaults of every kind",
        **fields(
            {"title": String()},
            {
                "title": String(),
                "on": Bool(required=True, default=True),
                "number": Int(required=True, default=-5),
                "size": Float(required=True, default=0.1),
                "price": Decimal(required=True, precision=10, scale=2, default="1.50"),
                "cover": Bytes(required=True, default=b"\x00'%:"),
                "since": Datetime(required=True, default="2031-05-17T09:30:00.000001Z"),
                "day": Date(required=True, default="2031-05-17"),
                "hour": Time(required=True, default="09:30:00"),
                "tags": List(String(), required=True, default=["a:b", "100%", "it's"]),
                "more": FreeDict(required=True, default={"a": {"b": 1.0}}),
            },
        ),
        rows=books({"title": "One"}),
        after=books(
            {
                "title": "One",
                "on": True,
                "number": -5,
                "size": 0.1,
                "price": decimal.Decimal("1.50"),
                "cover": b"\x00'%:",
                "since": datetime.datetime(2031, 5, 17, 9, 30, 0, 1, tzinfo=UTC),
                "day": datetime.date(2031, 5, 17),
                "hour": datetime.time(9, 30),
                "tags": ["a:b", "100%", "it's"],
                "more": {"a": {"b": 1.0}},
            }
        ),
    ),
    Change(
        "add a unique and an indexed field",
        **fields({"title": String()}, {"title": String(), "isbn": String(unique=True), "year": Int(index=True)}),
        rows=books({"title": "One"}, {"title": "Two"}),
        after=books({"title": "One", "isbn": None, "year": None}, {"title": "Two", "isbn": None, "year": None}),
        steps=frozenset({"add_column", "add_unique", "add_index"}),
    ),
    # -- renames -----------------------------------------------------------------------------------
    Change(
        "rename a field with all its rules",
        **fields(
            {"title": String(required=True, max_length=9, unique=True, enum=["One", "b:c", "50%"]), "n": Int(min=1)},
            {
                "name": String(required=True, max_length=9, unique=True, enum=["One", "b:c", "50%"], was="title"),
                "n": Int(min=1),
            },
        ),
        rows=books({"title": "One", "n": 1}, {"title": "50%", "n": None}),
        after=books({"name": "One", "n": 1}, {"name": "50%", "n": None}),
        steps=frozenset({"rename_column", "rename_constraint"}),
    ),
    Change(
        "rename an indexed field",
        **fields({"title": String(index=True)}, {"name": String(index=True, was="title")}),
        rows=books({"title": "One"}),
        after=books({"name": "One"}),
        steps=frozenset({"rename_column", "rename_index"}),
    ),
    Change(
        "rename a field and change its type and rule",
        **fields({"pages": Int(min=1)}, {"length": Float(min=0.5, was="pages", required=True, default=1.0)}),
        rows=books({"pages": 7}, {"pages": None}),
        after=books({"length": 7.0}, {"length": 1.0}),
        back=books({"pages": 7}, {"pages": 1}),
    ),
    Change(
        "rename fields in a chain",
        **fields(
            {"a": Int(), "b": Int(unique=True), "c": String()},
            {"b": Int(was="a"), "c": Int(was="b", unique=True), "d": String(was="c")},
        ),
        rows=books({"a": 1, "b": 2, "c": "x"}),
        after=books({"b": 1, "c": 2, "d": "x"}),
    ),
    Change(
        "rename in other letters alone",
        old=lambda: {"Books": Item({"Title": String(index=True)})},
        new=lambda: {"books": Was("Books", Item({"title": String(index=True, was="Title")}))},
        rows={"Books": {"b1": {"Title": "One"}}},
        after={"books": {"b1": {"title": "One"}}},
    ),
    Change(
        "rename and retype what SQLite keeps in columns of other types",
        **fields(
            {"price": Decimal(precision=10, scale=2), "total": Decimal(precision=10, scale=2), "tags": List(String())},
            {
                "cost": Float(was="price"),
                "sum": Decimal(precision=12, scale=3, was="total"),
                "labels": List(String(), was="tags"),
            },
        ),
        rows=books({"price": decimal.Decimal("1.25"), "total": decimal.Decimal("-7.50"), "tags": ["a", "b"]}),
        after=books({"cost": 1.25, "sum": decimal.Decimal("-7.500"), "labels": ["a", "b"]}),
    ),
    Change(
        "names so long that those of their rules are cut",
        **fields(
            {"a" * 40: Decimal(precision=10, scale=2), "b" * 50: List(Int()), "c" * 45: String(max_length=5)},
            {"a" * 40: Float(), "b" * 50: List(Int(), required=True, default=[]), "c" * 45: String(max_length=6)},
        ),
        rows=books({"a" * 40: decimal.Decimal("1.25"), "b" * 50: None, "c" * 45: "12345"}),
        after=books({"a" * 40: 1.25, "b" * 50: [], "c" * 45: "12345"}),
        back=books({"a" * 40: decimal.Decimal("1.25"), "b" * 50: [], "c" * 45: "12345"}),
    ),
    Change(
        "rename a field and give its name to a new one",
        **fields({"title": String()}, {"heading": String(was="title"), "title": Int()}),
        rows=books({"title": "One"}),
        after=books({"heading": "One", "title": None}),
    ),
    Change(
        "rename a collection that others refer to",
        old=lambda: {"authors": author(), "books": book()},
        new=lambda: {
            "writers": Was("authors", author()),
            "books": Item({"title": String(), "author": Ref(coll="writers", field="$.books")}),
        },
        rows=LINKED,
        after={"writers": TWO_AUTHORS, "books": THREE_BOOKS},
        steps=frozenset({"rename_table", "rename_constraint"}),
    ),
    Change(
        "rename a reference and its reverse",
        old=lambda: {"authors": author(), "books": book()},
        new=lambda: {
            "authors": Item({"name": String(), "works": RefsList(coll="books", field="$.writer", was="books")}),
            "books": Item({"title": String(), "writer": Ref(coll="authors", field="$.works", was="author")}),
        },
        rows=LINKED,
        after={
            "authors": {"a1": {"name": "Ada", "works": ["b1", "b2"]}, "a2": {"name": "Bea", "works": ["b3"]}},
            "books": {key: {"title": each["title"], "writer": each["author"]} for key, each in THREE_BOOKS.items()},
        },
        steps=frozenset({"rename_column", "rename_constraint", "rename_index"}),
    ),
    Change(
        "rename a collection that refers to itself, and its reference",
        old=lambda: {"shelves": Item({"code": String(unique=True), "parent": Ref(coll="shelves")})},
        new=lambda: {
            "cases": Was("shelves", Item({"code": String(unique=True), "inside": Ref(coll="cases", was="parent")}))
        },
        rows={"shelves": {"s1": {"code": "A"}, "s2": {"code": "B", "parent": "s1"}}},
        after={"cases": {"s1": {"code": "A", "inside": None}, "s2": {"code": "B", "inside": "s1"}}},
        back={"shelves": {"s1": {"code": "A", "parent": None}, "s2": {"code": "B", "parent": "s1"}}},
    ),
    # -- Dict regrouped ------------------------------------------------------------------------------
    Change(
        "move fields into a Dict",
        **fields(
            {"city": String(index=True), "zip": String(max_length=5)},
            {"address": Dict({"city": String(index=True, was="city"), "code": String(max_length=5, was="$.zip")})},
        ),
        rows=books({"city": "Lyon", "zip": "69001"}),
        after=books({"address": {"city": "Lyon", "code": "69001"}}),
    ),
    Change(
        "move fields out of a Dict",
        **fields(
            {"address": Dict({"city": String(), "lines": List(String())})},
            {"city": String(was="address.city"), "lines": List(String(), was="$.address.lines")},
        ),
        rows=books({"address": {"city": "Lyon", "lines": ["a", "b"]}}),
        after=books({"city": "Lyon", "lines": ["a", "b"]}),
    ),
    Change(
        "rename a Dict and a field in it",
        **fields(
            {"address": Dict({"city": String(unique=True), "street": String()})},
            {"home": Dict({"town": String(unique=True, was="city"), "street": String()}, was="address")},
        ),
        rows=books({"address": {"city": "Lyon", "street": "Rue"}}),
        after=books({"home": {"town": "Lyon", "street": "Rue"}}),
    ),
    # -- required and optional -------------------------------------------------------------------------
    column(
        "required with a default, where some have no value",
        String(),
        String(required=True, default="none"),
        ["a", None],
        ["a", "none"],
        back=["a", "none"],
        steps={"add_not_null"},
    ),
    column("required where all have a value", Int(), Int(required=True), [1, 2], [1, 2], steps={"add_not_null"}),
    column("optional", Int(required=True), Int(), [1, 2], [1, 2], steps={"drop_not_null"}),
    # -- rules ---------------------------------------------------------------------------------------
    column("choices", String(enum=["a", "b"]), String(enum=["a", "b", "c'"]), ["a", None], ["a", None]),
    column("first choices", String(), String(enum=["a", "b:c"]), ["a", "b:c"], ["a", "b:c"], steps={"add_check"}),
    column("no choices any more", Int(enum=[1, 2]), Int(), [1, 2], [1, 2], steps={"drop_check"}),
    column("a range", Int(min=1, max=10), Int(min=0, max=100), [1, 10], [1, 10], steps={"drop_check", "add_check"}),
    column(
        "a range of dates", Date(), Date(min="2000-01-01"), [datetime.date(2031, 5, 17)], [datetime.date(2031, 5, 17)]
    ),
    column(
        "a range of instants",
        Datetime(),
        Datetime(min="2000-01-01T00:00:00Z"),
        [datetime.datetime(2031, 5, 17, 9, 30, tzinfo=UTC)],
        [datetime.datetime(2031, 5, 17, 9, 30, tzinfo=UTC)],
    ),
    column("longer texts", String(max_length=5), String(max_length=50), ["12345"], ["12345"]),
    column("shorter texts that fit", String(max_length=50), String(max_length=5), ["12345"], ["12345"]),
    column("limited texts", String(), String(max_length=5), ["12345", None], ["12345", None]),
    column("unlimited texts", String(max_length=5), String(), ["12345"], ["12345"]),
    column(
        "unique", String(), String(unique=True), ["a", "b", None, None], ["a", "b", None, None], steps={"add_unique"}
    ),
    column("not unique any more", String(unique=True), String(), ["a", "b"], ["a", "b"], steps={"drop_unique"}),
    column("indexed", String(), String(index=True), ["a", "b"], ["a", "b"], steps={"add_index"}),
    column("unique instead of indexed", Int(index=True), Int(unique=True), [1, 2], [1, 2]),
    Change(
        "groups",
        old=lambda: {"books": Item({"a": Int(), "b": Int()}, unique=[("a", "b")])},
        new=lambda: {"books": Item({"a": Int(), "b": Int()}, unique=[("b", "a")], indexes=[("a", "b")])},
        rows=books({"a": 1, "b": 1}, {"a": 1, "b": 2}),
        after=books({"a": 1, "b": 1}, {"a": 1, "b": 2}),
        steps=frozenset({"drop_unique", "add_unique", "add_index"}),
    ),
    # -- types ---------------------------------------------------------------------------------------
    column("Int to String", Int(min=-9, index=True), String(index=True), [1, -5, None], ["1", "-5", None]),
    column("String to Int", String(unique=True), Int(unique=True), ["12", "-5", None], [12, -5, None]),
    column("Int to Float", Int(), Float(required=True), [1, -5], [1.0, -5.0]),
    column("Float to Int", Float(), Int(), [1.0, -5.0, None], [1, -5, None]),
    column("Float to String", Float(), String(), [0.5, -12.25, 12.0, None], ["0.5", "-12.25", "12", None]),
    column("String to Float", String(), Float(), ["0.5", "-12.25", "12", None], [0.5, -12.25, 12.0, None]),
    column(
        "String to Decimal",
        String(),
        Decimal(precision=10, scale=2),
        ["12", "-0.5", None],
        [decimal.Decimal("12.00"), decimal.Decimal("-0.50"), None],
        back=["12.00", "-0.50", None],
    ),
    column(
        "Int to Decimal",
        Int(),
        Decimal(precision=10, scale=2),
        [5, -7, None],
        [decimal.Decimal("5.00"), decimal.Decimal("-7.00"), None],
    ),
    column(
        "Decimal with more places",
        Decimal(precision=10, scale=2),
        Decimal(precision=12, scale=4, min=0),
        [decimal.Decimal("1.25"), None],
        [decimal.Decimal("1.2500"), None],
    ),
    column(
        "Decimal with fewer places, where they are empty",
        Decimal(precision=10, scale=4),
        Decimal(precision=8, scale=2),
        [decimal.Decimal("1.2500"), decimal.Decimal("-3.0000")],
        [decimal.Decimal("1.25"), decimal.Decimal("-3.00")],
    ),
    column(
        "Decimal to String",
        Decimal(precision=10, scale=2),
        String(),
        [decimal.Decimal("1.05"), decimal.Decimal("-0.50"), decimal.Decimal("12.00")],
        ["1.05", "-0.50", "12.00"],
    ),
    column(
        "Float to Decimal",
        Float(),
        Decimal(precision=10, scale=2),
        [1.25, -0.5],
        [decimal.Decimal("1.25"), decimal.Decimal("-0.50")],
    ),
    column("Bool to String", Bool(), String(), [True, False, None], ["true", "false", None]),
    column("Bool to Int", Bool(required=True), Int(required=True, max=1), [True, False], [1, 0]),
    column(
        "Date to Datetime",
        Date(),
        Datetime(),
        [datetime.date(2031, 5, 17), None],
        [datetime.datetime(2031, 5, 17, tzinfo=UTC), None],
    ),
    column(
        "Datetime to String",
        Datetime(),
        String(max_length=27),
        [datetime.datetime(2031, 5, 17, 9, 30, 0, 5, tzinfo=UTC), None],
        ["2031-05-17T09:30:00.000005Z", None],
    ),
    column("Date to String", Date(), String(), [datetime.date(2031, 5, 17)], ["2031-05-17"]),
    column("Time to String", Time(), String(), [datetime.time(9, 30)], ["09:30:00.000000"]),
    # -- collections ---------------------------------------------------------------------------------
    Change(
        "add a collection",
        old=lambda: {"books": Item({"title": String()})},
        new=lambda: {"books": book(), "authors": author()},
        rows=books({"title": "One"}),
        after={"books": {"b1": {"title": "One", "author": None}}, "authors": {}},
        back=books({"title": "One"}),
        steps=frozenset({"add_table", "add_column", "add_index", "add_foreign_key"}),
    ),
    Change(
        "add collections that refer to each other",
        old=lambda: {"books": Item({"title": String()})},
        new=lambda: {
            "books": Item({"title": String()}),
            "people": Item({"home": Ref(coll="houses", required=True), "book": Ref(coll="books")}),
            "houses": Item({"owner": Ref(coll="people", required=True)}),
        },
        rows=books({"title": "One"}),
        after={"books": {"b1": {"title": "One"}}, "people": {}, "houses": {}},
        back=books({"title": "One"}),
        steps=frozenset({"add_table"}),
    ),
    Change(
        "drop a collection that others refer to",
        old=lambda: {"authors": author(), "books": book()},
        new=lambda: {"books": Item({"title": String()})},
        rows=LINKED,
        after={"books": {key: {"title": each["title"]} for key, each in THREE_BOOKS.items()}},
        back={
            "authors": {},
            "books": {key: {"title": each["title"], "author": None} for key, each in THREE_BOOKS.items()},
        },
        lossy=True,
    ),
    # -- links ---------------------------------------------------------------------------------------
    Change(
        "another strategy",
        old=lambda: {"authors": author(ods=DeleteStrategy.MUST_BE_EMPTY), "books": book()},
        new=lambda: {"authors": author(ods=DeleteStrategy.DELETE_REFERENCED_ITEMS), "books": book()},
        rows=LINKED,
        after=LINKED,
        steps=frozenset({"drop_foreign_key", "add_foreign_key"}),
    ),
    Change(
        "a required reference",
        old=lambda: {"authors": author(), "books": book()},
        new=lambda: {"authors": author(), "books": book(required=True)},
        rows=LINKED,
        after=LINKED,
        steps=frozenset({"add_not_null"}),
    ),
    Change(
        "a text becomes a reference",
        old=lambda: {"authors": Item({"name": String()}), "books": Item({"title": String(), "author": String()})},
        new=lambda: {"authors": author(), "books": book()},
        rows=LINKED,
        after=LINKED,
    ),
    Change(
        "one-to-many becomes many-to-many",
        old=lambda: {"authors": author(), "books": book()},
        new=lambda: {
            "authors": author(),
            "books": Item({"title": String(), "author": RefsList(coll="authors", field="$.books")}),
        },
        rows=LINKED,
        after={
            "authors": {"a1": {"name": "Ada", "books": ["b1", "b2"]}, "a2": {"name": "Bea", "books": ["b3"]}},
            "books": {key: {"title": each["title"], "author": [each["author"]]} for key, each in THREE_BOOKS.items()},
        },
        steps=frozenset({"spread_links", "add_table", "drop_column", "drop_index", "drop_foreign_key"}),
    ),
    Change(
        "one-to-many becomes many-to-many under another name",
        old=lambda: {"authors": author(), "books": book()},
        new=lambda: {
            "authors": Item({"name": String(), "books": RefsList(coll="books", field="$.authors")}),
            "books": Item({"title": String(), "authors": RefsList(coll="authors", field="$.books", was="author")}),
        },
        rows=LINKED,
        after={
            "authors": {"a1": {"name": "Ada", "books": ["b1", "b2"]}, "a2": {"name": "Bea", "books": ["b3"]}},
            "books": {key: {"title": each["title"], "authors": [each["author"]]} for key, each in THREE_BOOKS.items()},
        },
    ),
    Change(
        "many-to-many becomes one-to-many",
        old=lambda: {
            "authors": Item({"name": String(), "books": RefsList(coll="books", field="$.authors")}),
            "books": Item({"title": String(), "authors": RefsList(coll="authors", field="$.books")}),
        },
        new=lambda: {
            "authors": author(),
            "books": Item({"title": String(), "author": Ref(coll="authors", field="$.books", was="authors")}),
        },
        rows={
            "authors": TWO_AUTHORS,
            "books": {"b1": {"title": "One", "authors": ["a2", "a1"]}, "b2": {"title": "Two", "authors": ["a1"]}},
        },
        after={
            "authors": {"a1": {"name": "Ada", "books": ["b2"]}, "a2": {"name": "Bea", "books": ["b1"]}},
            "books": {"b1": {"title": "One", "author": "a2"}, "b2": {"title": "Two", "author": "a1"}},
        },
        back={
            "authors": TWO_AUTHORS,
            "books": {"b1": {"title": "One", "authors": ["a2"]}, "b2": {"title": "Two", "authors": ["a1"]}},
        },
        lossy=True,
    ),
    Change(
        "a reference without reverse becomes a list",
        old=lambda: {"authors": Item({"name": String()}), "books": Item({"author": Ref(coll="authors")})},
        new=lambda: {"authors": Item({"name": String()}), "books": Item({"author": RefsList(coll="authors")})},
        rows={"authors": TWO_AUTHORS, "books": {"b1": {"author": "a2"}, "b2": {"author": None}}},
        after={"authors": TWO_AUTHORS, "books": {"b1": {"author": ["a2"]}, "b2": {"author": []}}},
    ),
    Change(
        "a many-to-many link under other names, kept from its other side",
        old=lambda: {
            "books": Item({"title": String(), "shelves": RefsList(coll="shelves", field="$.books")}),
            "shelves": Item({"code": String(), "books": RefsList(coll="books", field="$.shelves")}),
        },
        new=lambda: {
            "books": Item({"title": String(), "racks": RefsList(coll="a_racks", field="$.books", was="shelves")}),
            "a_racks": Was("shelves", Item({"code": String(), "books": RefsList(coll="books", field="$.racks")})),
        },
        rows={
            "shelves": {"s1": {"code": "A"}, "s2": {"code": "B"}},
            "books": {"b1": {"title": "One", "shelves": ["s2", "s1"]}, "b2": {"title": "Two", "shelves": ["s1"]}},
        },
        after={
            "a_racks": {"s1": {"code": "A", "books": ["b1", "b2"]}, "s2": {"code": "B", "books": ["b1"]}},
            "books": {"b1": {"title": "One", "racks": ["s2", "s1"]}, "b2": {"title": "Two", "racks": ["s1"]}},
        },
    ),
    Change(
        "a renamed many-to-many link",
        old=lambda: {
            "books": Item({"title": String(), "shelves": RefsList(coll="shelves", field="$.books")}),
            "shelves": Item({"code": String(), "books": RefsList(coll="books", field="$.shelves")}),
        },
        new=lambda: {
            "books": Item({"title": String(), "places": RefsList(coll="shelves", field="$.books", was="shelves")}),
            "shelves": Item({"code": String(), "books": RefsList(coll="books", field="$.places")}),
        },
        rows={
            "shelves": {"s1": {"code": "A"}, "s2": {"code": "B"}},
            "books": {"b1": {"title": "One", "shelves": ["s2", "s1"]}},
        },
        after={
            "shelves": {"s1": {"code": "A", "books": ["b1"]}, "s2": {"code": "B", "books": ["b1"]}},
            "books": {"b1": {"title": "One", "places": ["s2", "s1"]}},
        },
    ),
    Change(
        "a one-to-one link is kept on the other side",
        old=lambda: {
            "people": Item({"name": String(), "desk": Ref(coll="desks", field="$.person", owner=True)}),
            "desks": Item({"code": String(), "person": Ref(coll="people", field="$.desk")}),
        },
        new=lambda: {
            "people": Item({"name": String(), "desk": Ref(coll="desks", field="$.person")}),
            "desks": Item({"code": String(), "person": Ref(coll="people", field="$.desk", owner=True)}),
        },
        rows={
            "desks": {"d1": {"code": "A"}, "d2": {"code": "B"}},
            "people": {"p1": {"name": "Ada", "desk": "d2"}, "p2": {"name": "Bea"}},
        },
        after={
            "desks": {"d1": {"code": "A", "person": None}, "d2": {"code": "B", "person": "p1"}},
            "people": {"p1": {"name": "Ada", "desk": "d2"}, "p2": {"name": "Bea", "desk": None}},
        },
        back={
            "desks": {"d1": {"code": "A"}, "d2": {"code": "B"}},
            "people": {"p1": {"name": "Ada", "desk": "d2"}, "p2": {"name": "Bea", "desk": None}},
        },
    ),
    Change(
        "one-to-many becomes one-to-one",
        old=lambda: {"authors": author(), "books": book()},
        new=lambda: {
            "authors": Item({"name": String(), "books": Ref(coll="books", field="$.author")}),
            "books": book(owner=True),
        },
        rows={"authors": TWO_AUTHORS, "books": {"b1": THREE_BOOKS["b1"], "b3": THREE_BOOKS["b3"]}},
        after={
            "authors": {"a1": {"name": "Ada", "books": "b1"}, "a2": {"name": "Bea", "books": "b3"}},
            "books": {"b1": THREE_BOOKS["b1"], "b3": THREE_BOOKS["b3"]},
        },
    ),
    Change(
        "a list whose elements refer to items, under other names",
        old=lambda: {"books": Item({"title": String()}), "orders": order("lines", "book", "count")},
        new=lambda: {
            "books": Item({"title": String()}),
            "sales": Was("orders", order("rows", "item", "number", "lines", "book", "count")),
        },
        rows=ORDERED,
        after={
            "books": {"b1": {"title": "One"}},
            "sales": {"o1": {"rows": [{"item": "b1", "number": 2}, {"item": None, "number": 1}]}},
        },
        steps=frozenset({"rename_table", "rename_column", "rename_constraint", "rename_index"}),
    ),
    Change(
        "the elements of a list get a reference, and lose it again",
        old=lambda: {
            "books": Item({"title": String()}),
            "orders": Item({"lines": List(Dict({**VALUES, "book": String()})), "notes": List(Dict({"n": Int()}))}),
        },
        new=lambda: {
            "books": Item({"title": String()}),
            "orders": Item(
                {
                    "lines": List(
                        Dict(
                            {
                                **VALUES,
                                "book": Ref(coll="books"),
                                "note": String(required=True, default="it's"),
                                "next": Ref(coll="books"),
                            }
                        )
                    ),
                    "notes": List(Dict({"n": Int(), "book": Ref(coll="books")}), required=True, default=[]),
                }
            ),
        },
        rows={
            "books": {"b1": {"title": "One"}},
            "orders": {
                "o1": {"lines": [ELEMENT | {"book": "b1"}, NO_ELEMENT | {"book": None}], "notes": [{"n": 1}, {"n": 2}]},
                "o2": {"lines": [], "notes": []},
                "o3": {"lines": None, "notes": []},
            },
        },
        after={
            "books": {"b1": {"title": "One"}},
            "orders": {
                "o1": {
                    "lines": [
                        ELEMENT | {"book": "b1", "note": "it's", "next": None},
                        NO_ELEMENT | {"book": None, "note": "it's", "next": None},
                    ],
                    "notes": [{"n": 1, "book": None}, {"n": 2, "book": None}],
                },
                "o2": {"lines": [], "notes": []},
                "o3": {"lines": None, "notes": []},
            },
        },
    ),
    Change(
        "the elements of a list lose their reference, under other names",
        old=lambda: {"books": Item({"title": String()}), "orders": order("lines", "book", "count")},
        new=lambda: {
            "books": Item({"title": String()}),
            "sales": Was("orders", Item({"rows": List(Dict({"count": Int(min=1)}), was="lines")})),
        },
        rows=ORDERED,
        after={"books": {"b1": {"title": "One"}}, "sales": {"o1": {"rows": [{"count": 2}, {"count": 1}]}}},
        lossy=True,
        # The document keeps what nobody reads: the way back finds it.
        back=ORDERED,
    ),
    Change(
        "a list whose elements refer to items gets a rule and a field",
        old=lambda: {"books": Item({"title": String()}), "orders": order("lines", "book", "count")},
        new=lambda: {
            "books": Item({"title": String()}),
            "orders": Item(
                {
                    "lines": List(
                        Dict(
                            {
                                "book": Ref(coll="books"),
                                "count": Float(min=0, required=True),
                                "note": String(required=True, default="none"),
                            }
                        )
                    )
                }
            ),
        },
        rows=ORDERED,
        after={
            "books": {"b1": {"title": "One"}},
            "orders": {
                "o1": {
                    "lines": [
                        {"book": "b1", "count": 2.0, "note": "none"},
                        {"book": None, "count": 1.0, "note": "none"},
                    ]
                }
            },
        },
    ),
    Change(
        "a list whose elements refer to items comes and goes",
        old=lambda: {"books": Item({"title": String()})},
        new=lambda: {
            "books": Item(
                {"title": String(), "lines": List(Dict({"next": Ref(coll="books", required=True)}), required=True)}
            )
        },
        rows=books({"title": "One"}),
        after=books({"title": "One", "lines": []}),
        back=books({"title": "One"}),
    ),
    Change(
        "a many-to-many link comes and goes",
        old=lambda: {"books": Item({"title": String()})},
        new=lambda: {
            "books": Item({"title": String(), "shelves": RefsList(coll="shelves", field="$.books")}),
            "shelves": Item({"code": String(), "books": RefsList(coll="books", field="$.shelves")}),
        },
        rows=books({"title": "One"}),
        after={"books": {"b1": {"title": "One", "shelves": []}}, "shelves": {}},
        back=books({"title": "One"}),
    ),
]
