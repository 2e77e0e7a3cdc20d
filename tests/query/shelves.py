"""Books and their authors: what the meaning of filters is shown on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from backo_sql import Bool, Datetime, Dict, Float, Int, Item, List, Ref, RefsList, String
from backo_sql.query.ast import Bound, Parsed
from tests.query.plain import Plain


def items() -> dict[str, Item]:
    """Describe the collections."""
    return {
        "authors": Item(
            {
                "name": String(),
                "address": Dict({"city": String(), "zip": String()}),
                "books": RefsList(coll="books", field="$.author"),
                "friends": RefsList(coll="authors"),
            }
        ),
        "books": Item(
            {
                "title": String(),
                "pages": Int(),
                "price": Float(),
                "sold": Bool(),
                "at": Datetime(),
                "tags": List(String()),
                "lines": List(Dict({"text": String(), "marks": List(Int()), "by": Dict({"hand": String()})})),
                "grid": List(List(Int())),
                "author": Ref(coll="authors", field="$.books"),
            }
        ),
    }


def at(hour: int) -> datetime:
    return datetime(2031, 5, 17, hour, tzinfo=UTC)


def book(identifier: str, **values: Any) -> dict[str, Any]:
    return {"_id": identifier, "tags": [], "lines": [], "grid": [], **values}


#: authors before the books that link to them; a link to an author who comes later is made afterwards
ROWS: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "authors": [
        {"_id": "a1", "name": "Ada", "address": {"city": "Lyon"}, "friends": ["a2", "a1"]},
        {"_id": "a2", "name": "Bo", "address": {"city": "Oslo"}, "friends": ["a1"]},
        {"_id": "a3"},
        {"_id": "a4", "name": "Cy"},
    ],
    "books": [
        book(
            "b1",
            title="Notes",
            pages=10,
            price=1.5,
            sold=True,
            at=at(8),
            tags=["sea", "kids"],
            lines=[
                {"text": "one", "marks": [1, 2], "by": {"hand": "l"}},
                {"text": "two", "marks": [], "by": {"hand": None}},
            ],
            grid=[[1, 2], [3]],
            author="a1",
        ),
        book("b2", title="notes", pages=99, price=0.0, sold=False, at=at(9), tags=["sea"], grid=[[]], author="a1"),
        book(
            "b3",
            title="Zoé",
            pages=10,
            tags=["é"],
            lines=[{"text": None, "marks": [7], "by": {"hand": "r"}}],
            author="a2",
        ),
        book("b4", title="", pages=-1, price=-0.0, tags=None, author="a3"),
        book("b5"),
        book("b6", title="Lost\nNotes", author="a3"),
    ],
}

PLAIN = Plain(items(), ROWS)
STORE = PLAIN.store
lookup = PLAIN.lookup


def bound(conditions: list[Parsed], collection: str = "books") -> Bound:
    return PLAIN.bound(conditions, collection)


def matching(conditions: list[Parsed], collection: str = "books") -> list[str]:
    """Return the ids of the items that conditions hold for."""
    return PLAIN.find(conditions, collection)
