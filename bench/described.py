"""The library's side: two collections with a field of each type, and the rows that fill them.

An author has a `RefsList` of two books, so that reading authors takes one statement more; a book has none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import sqlalchemy as sa
from flask import Flask

from backo_sql import (
    Backoffice,
    Bool,
    Collection,
    Datetime,
    DBSQLConnector,
    Dict,
    Float,
    Int,
    Item,
    List,
    Ref,
    RefsList,
    String,
)

#: how many items share a value of the field that pages are filtered by
MATCHES = 200

_CHUNK = 5000
_EPOCH = datetime(2001, 1, 1, tzinfo=UTC)


def describe(db: DBSQLConnector) -> Backoffice:
    """Describe authors and their books.

    The indexes serve a page that is filtered and in order: else the time of the database would hide that of the rest.
    """
    backoffice = Backoffice("bench")
    authors = Item(
        {
            "name": String(required=True),
            "email": String(),
            "country": String(),
            "awards": Int(min=0),
            "rating": Float(min=0, max=5),
            "active": Bool(default=True),
            "born": Datetime(),
            "languages": List(String()),
            "address": Dict({"street": String(), "city": String()}),
            "books": RefsList(coll="books", field="$.author"),
        },
        indexes=[("country", "_id")],
    )
    books = Item(
        {
            "title": String(required=True),
            "shelf": String(),
            "pages": Int(min=1),
            "price": Float(min=0),
            "in_print": Bool(default=True),
            "published": Datetime(),
            "tags": List(String()),
            "size": Dict({"width": Float(), "height": Float()}),
            "author": Ref(coll="authors", field="$.books", required=True),
        },
        indexes=[("shelf", "_id")],
    )
    backoffice.register_collection(Collection("authors", authors, db))
    backoffice.register_collection(Collection("books", books, db))
    return backoffice


def make_app(backoffice: Backoffice) -> Flask:
    app = Flask("described")
    backoffice.build_routes(app, "", lambda: None)
    return app


def fill(backoffice: Backoffice, engine: sa.Engine, rows: int) -> None:
    """Insert `rows` authors and two books of each, past the checks of the library."""
    author_row, book_row = author_rows(rows), book_rows(rows)
    insert(engine, backoffice.authors.table, (author_row(number) for number in range(rows)))
    insert(engine, backoffice.books.table, (book_row(number) for number in range(2 * rows)))


def insert(engine: sa.Engine, table: sa.Table, rows: Iterator[dict[str, Any]]) -> None:
    while chunk := list(islice(rows, _CHUNK)):
        with engine.begin() as connection:
            connection.execute(table.insert(), chunk)


def author_id(number: int) -> str:
    return f"01900000-0000-7000-8000-{number:012x}"


def book_id(number: int) -> str:
    return f"01900000-0001-7000-8000-{number:012x}"


def country(number: int, rows: int) -> str:
    return f"C{number % max(1, rows // MATCHES)}"


def shelf(number: int, rows: int) -> str:
    return f"S{number % max(1, 2 * rows // MATCHES)}"


def author_rows(rows: int) -> Callable[[int], dict[str, Any]]:
    """Return what makes the row of the author with a number."""

    def row(number: int) -> dict[str, Any]:
        return {
            "_id": author_id(number),
            "name": f"Author {number}",
            "email": f"author{number}@example.org",
            "country": country(number, rows),
            "awards": number % 7,
            "rating": number % 50 / 10,
            "active": number % 3 > 0,
            "born": _EPOCH - timedelta(hours=number),
            "languages": ["en", "fr", "pt"][: number % 4],
            "address__street": f"{number} Harbour Street",
            "address__city": f"City {number % 900}",
            **_stamps(number),
        }

    return row


def book_rows(rows: int) -> Callable[[int], dict[str, Any]]:
    """Return what makes the row of the book with a number."""

    def row(number: int) -> dict[str, Any]:
        return {
            "_id": book_id(number),
            "title": f"The Lighthouse, volume {number}",
            "shelf": shelf(number, rows),
            "pages": 40 + number % 900,
            "price": 5 + number % 400 / 10,
            "in_print": number % 5 > 0,
            "published": _EPOCH + timedelta(minutes=number, microseconds=number),
            "tags": ["sea", "light", "old", "new"][number % 4 :],
            "size__width": 12.5,
            "size__height": 10 + number % 30 / 2,
            "author": author_id(number // 2 % rows),
            **_stamps(number),
        }

    return row


def _stamps(number: int) -> dict[str, Any]:
    when = _EPOCH + timedelta(seconds=number)
    return {
        "_meta__ctime": when,
        "_meta__mtime": when,
        "_meta__created_by___id": "000",
        "_meta__created_by__login": "ANONYMOUS",
        "_meta__modified_by___id": "000",
        "_meta__modified_by__login": "ANONYMOUS",
    }
