"""Books and their authors as plain values: what the meaning of filters is shown on."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from backo_sql import Bool, Datetime, Dict, Float, Int, Item, List, Ref, RefsList, String
from backo_sql.model.description import Description, Leaf, get_value
from backo_sql.model.model import Model
from backo_sql.query.ast import Across, Bound, Parsed
from backo_sql.query.bind import bind
from backo_sql.query.evaluate import predicate
from backo_sql.types.base import frozen_type


def model() -> Model:
    items = {
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
    descriptions = {name: Description.of(name, frozen_type(item, name)) for name, item in items.items()}  # type: ignore[arg-type]
    return Model.of("shelves", descriptions)


MODEL = model()


def at(hour: int) -> datetime:
    return datetime(2031, 5, 17, hour, tzinfo=UTC)


def book(identifier: str, **values: Any) -> dict[str, Any]:
    blank: dict[str, Any] = dict.fromkeys(("title", "pages", "price", "sold", "at", "author"))
    return {"_id": identifier, **blank, "tags": [], "lines": [], "grid": [], **values}


def author(identifier: str, name: str | None, city: str | None, books: list[str], friends: list[str]) -> dict[str, Any]:
    return {
        "_id": identifier,
        "name": name,
        "address": {"city": city, "zip": None},
        "books": books,
        "friends": friends,
    }


STORE: dict[str, dict[str, dict[str, Any]]] = {
    name: {item["_id"]: item for item in items}
    for name, items in {
        "authors": [
            author("a1", "Ada", "Lyon", ["b1", "b2"], ["a2", "a1"]),
            author("a2", "Bo", "Oslo", ["b3"], ["a1"]),
            author("a3", None, None, [], ["gone"]),
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
            book("b6", title="Lost\nNotes", author="gone"),
        ],
    }.items()
}


def lookup(holder: Any, leaf: Leaf, step: Across) -> Iterable[Any]:
    """Find linked items in the store."""
    links = get_value(holder, leaf.path)
    identifiers = links if isinstance(links, list) else [] if links is None else [links]
    there = STORE[step.side.other]
    return [there[identifier] for identifier in identifiers if identifier in there]


def bound(conditions: list[Parsed], collection: str = "books") -> Bound:
    return bind(conditions, MODEL.descriptions[collection], MODEL)


def matching(conditions: list[Parsed], collection: str = "books") -> list[str]:
    """Return the ids of the items that conditions hold for."""
    holds = predicate(bound(conditions, collection), lookup)
    return [identifier for identifier, item in STORE[collection].items() if holds(item)]
