"""What live items cost: a page of them built from rows, and a field set many times.

Run as `python -m bench.items`. Each figure stands beside the same work done with a plain dataclass, which checks
nothing, and with a marshmallow schema, which checks as much. All are measured in turns in one run, and the median of
the rounds is shown.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import marshmallow as ma

from backo_sql import Backoffice, Bool, Collection, Datetime, DBSQLConnector, Float, Int, Item, List, String

ROWS = 1_000
CHANGES = 100_000
ROUNDS = 7

SCHEMA: dict[str, Any] = {
    "title": String(required=True, max_length=200),
    "subtitle": String(),
    "language": String(union=["en", "fr", "de"]),
    "pages": Int(min=1, max=10_000),
    "copies": Int(min=0),
    "price": Float(min=0),
    "rating": Float(min=0, max=5),
    "borrowed": Bool(default=False),
    "bought": Datetime(),
    "tags": List(String()),
}


@dataclass
class Record:
    title: str
    subtitle: str | None
    language: str
    pages: int
    copies: int
    price: float
    rating: float
    borrowed: bool
    bought: datetime
    tags: list[str]


class RecordSchema(ma.Schema):
    title = ma.fields.String(required=True, validate=ma.validate.Length(max=200))
    subtitle = ma.fields.String(allow_none=True)
    language = ma.fields.String(validate=ma.validate.OneOf(["en", "fr", "de"]))
    pages = ma.fields.Integer(strict=True, validate=ma.validate.Range(min=1, max=10_000))
    copies = ma.fields.Integer(strict=True, validate=ma.validate.Range(min=0))
    price = ma.fields.Float(validate=ma.validate.Range(min=0))
    rating = ma.fields.Float(validate=ma.validate.Range(min=0, max=5))
    borrowed = ma.fields.Boolean(load_default=False)
    bought = ma.fields.AwareDateTime(default_timezone=UTC)
    tags = ma.fields.List(ma.fields.String())


def values(number: int) -> dict[str, Any]:
    return {
        "title": f"Title {number}",
        "subtitle": None,
        "language": "en",
        "pages": 1 + number % 900,
        "copies": number % 7,
        "price": number / 8,
        "rating": number % 5 + 0.5,
        "borrowed": number % 2 == 0,
        "bought": "2031-05-17T09:30:00+00:00",
        "tags": ["sea", "travel"],
    }


def measure(tasks: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Return the median time of each task in seconds, measured in turns."""
    times: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(ROUNDS):
        for name, task in tasks.items():
            start = time.perf_counter()
            task()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(each) for name, each in times.items()}


def build_page(backoffice: Backoffice) -> dict[str, float]:
    """Time a page of items from rows: ours reads them from SQLite, and so do the others."""
    collection = backoffice.books
    table = collection.table
    columns = [table.c[name] for name in SCHEMA]
    engine = collection.connector.engine
    schema = RecordSchema(many=True)

    def rows() -> list[dict[str, Any]]:
        with engine.connect() as connection:
            return [dict(row) for row in connection.execute(table.select().with_only_columns(*columns)).mappings()]

    def by_marshmallow() -> object:
        return schema.load([{**row, "bought": row["bought"].isoformat()} for row in rows()])

    return measure(
        {
            "backo_sql": lambda: collection.select({}, page=ROWS),
            "dataclass": lambda: [Record(**row) for row in rows()],
            "marshmallow": by_marshmallow,
        }
    )


def set_field(backoffice: Backoffice) -> dict[str, float]:
    """Time setting one field many times."""
    item = backoffice.books.select_one({"title": "Title 1"})
    assert item is not None
    record = Record(**{**values(1), "bought": datetime.now(UTC)})
    schema = RecordSchema(only=["pages"])

    def by_item() -> None:
        for number in range(CHANGES):
            item.pages = 1 + number % 2

    def by_dataclass() -> None:
        for number in range(CHANGES):
            record.pages = 1 + number % 2

    def by_marshmallow() -> None:
        for number in range(CHANGES):
            record.pages = schema.load({"pages": 1 + number % 2})["pages"]

    return measure({"backo_sql": by_item, "dataclass": by_dataclass, "marshmallow": by_marshmallow})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        database = DBSQLConnector(f"sqlite:///{Path(folder) / 'bench.db'}")
        backoffice = Backoffice("bench")
        backoffice.register_collection(Collection("books", Item(SCHEMA, meta_data_handler=None), database))
        backoffice.create_all()
        with backoffice.transaction():
            for number in range(ROWS):
                backoffice.books.create(values(number))
        figures = {
            f"a page of {ROWS} items of {len(SCHEMA)} fields": build_page(backoffice),
            f"one field set {CHANGES} times": set_field(backoffice),
        }
        database.dispose()
    if arguments.json:
        print(json.dumps(figures, indent=2))
        return
    for name, times in figures.items():
        print(name)
        for who, seconds in times.items():
            print(f"  {who:<12} {seconds * 1000:9.2f} ms   {times['backo_sql'] / seconds:6.2f} times this is ours")


if __name__ == "__main__":
    main()
