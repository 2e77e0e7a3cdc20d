"""Pages of a long list, timed side by side with SQL written by hand: sorted ones, deep ones, by number and by cursor.

    python -m bench.pages                       # SQLite, then a PostgreSQL of its own
    python -m bench.pages --postgres --rows 10000

There are as many books as `--rows` says and a tenth as many authors. Every request is for a page of 20 without a total,
which would hide all else; the deep pages are the last but one by default. The side by hand is a Flask route with SQL in
text and a function that makes the JSON: it knows beforehand what it is asked for. How it is timed is told in
`bench/requests.py`.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import sqlalchemy as sa
from flask import Flask, Response, request

from backo_sql import Backoffice, Collection, Datetime, DBSQLConnector, Int, Item, Ref, String

from . import by_hand
from .described import insert, make_app
from .requests import Figures, Operation, Side, databases, make_environ, run, settle, show

PAGE = 20

_EPOCH = datetime(2001, 1, 1, tzinfo=UTC)


def describe(db: DBSQLConnector) -> Backoffice:
    """Describe books that are sorted by their date, which is indexed, and by the names of their authors."""
    backoffice = Backoffice("bench")
    authors = Item({"name": String(required=True)}, meta_data_handler=None)
    books = Item(
        {
            "title": String(required=True),
            "pages": Int(),
            "published": Datetime(required=True, index=True),
            "author": Ref(coll="authors", required=True),
        },
        meta_data_handler=None,
    )
    backoffice.register_collection(Collection("authors", authors, db))
    backoffice.register_collection(Collection("books", books, db))
    return backoffice


def fill(backoffice: Backoffice, engine: sa.Engine, rows: int) -> None:
    """Insert the books, in an order that is neither that of their dates nor of their authors."""
    writers = max(1, rows // 10)
    insert(
        engine,
        backoffice.authors.table,
        ({"_id": f"author-{number:06}", "name": f"Author {number * 7919 % writers:06}"} for number in range(writers)),
    )
    insert(
        engine,
        backoffice.books.table,
        (
            {
                "_id": f"book-{number:08}",
                "title": f"The Lighthouse, volume {number}",
                "pages": 40 + number % 900,
                "published": _EPOCH + timedelta(minutes=number * 7919 % rows),
                "author": f"author-{number * 31 % writers:06}",
            }
            for number in range(rows)
        ),
    )


_COLUMNS = "b.title, b.pages, b.published, b.author, b._id"
_BY_ID = f"SELECT {_COLUMNS} FROM books b"
_ORDERS = {
    "": f"{_BY_ID} ORDER BY b._id LIMIT :page OFFSET :skip",
    "-published": f"{_BY_ID} ORDER BY b.published DESC, b._id LIMIT :page OFFSET :skip",
    "author.name": f"SELECT {_COLUMNS} FROM books b LEFT JOIN authors a ON a._id = b.author"
    " ORDER BY a.name, b._id LIMIT :page OFFSET :skip",
}
_BEHIND = {
    "": f"{_BY_ID} WHERE b._id > :id ORDER BY b._id LIMIT :page",
    "-published": f"{_BY_ID} WHERE b.published <= :key AND (b.published < :key OR b.published = :key AND b._id > :id)"
    " ORDER BY b.published DESC, b._id LIMIT :page",
    "author.name": f"SELECT {_COLUMNS} FROM books b LEFT JOIN authors a ON a._id = b.author"
    " WHERE a.name >= :key AND (a.name > :key OR a.name = :key AND b._id > :id) ORDER BY a.name, b._id LIMIT :page",
}


def make_hand_app(engine: sa.Engine) -> Flask:
    """Make the side that is written by hand."""
    app = Flask("by_hand")
    statements: dict[tuple[bool, str], Any] = {
        (False, sort): sa.text(text).columns(*_columns()) for sort, text in _ORDERS.items()
    }
    for sort, text in _BEHIND.items():
        type_ = sa.DateTime(timezone=True) if sort == "-published" else sa.Text()
        key = [sa.bindparam("key", type_=type_)] if sort else []
        statements[True, sort] = sa.text(text).bindparams(*key).columns(*_columns())

    @app.get("/bench/books")
    def books() -> Response:
        page, skip = request.args.get("_page", 10, int), request.args.get("_skip", 0, int)
        sort, place = request.args.get("_sort", ""), request.args.get("place")
        parameters: dict[str, Any] = {"page": page + 1, "skip": skip}
        if place is not None:
            identifier, key = orjson.loads(place)
            parameters = {"page": page + 1, "id": identifier}
            if key is not None:
                parameters["key"] = datetime.fromisoformat(key) if sort == "-published" else key
        with engine.connect() as connection:
            rows = connection.execute(statements[place is not None, sort], parameters).all()
        body = {
            "result": [_json(row) for row in rows[:page]],
            "total": None,
            "_view": "client",
            "_skip": skip,
            "_page": page,
            "next": rows[page - 1][-1] if len(rows) > page else None,
        }
        return Response(orjson.dumps(body, option=orjson.OPT_UTC_Z), mimetype="application/json")

    return app


def _columns() -> list[sa.ColumnClause[Any]]:
    names = ("title", "pages", "published", "author", "_id")
    return [sa.column(name, sa.DateTime(timezone=True) if name == "published" else None) for name in names]


def _json(row: Sequence[Any]) -> dict[str, Any]:
    published = row[2].replace(tzinfo=UTC) if row[2].tzinfo is None else row[2]
    return {"title": row[0], "pages": row[1], "published": published, "author": row[3], "_id": row[4]}


def operations(backoffice: Backoffice, rows: int, ask: Callable[[str], Any]) -> Iterator[Operation]:
    """Make the requests; the deep ones begin where all but some pages are behind them."""
    deep = max(0, rows - rows // 5 - PAGE)
    books = f"/bench/books?_page={PAGE}&_total=none"
    for told, sort in (
        ("by id", ""),
        ("by an indexed date, backwards", "-published"),
        ("by author.name", "author.name"),
    ):
        sorted_ = f"{books}&_sort={sort}" if sort else books
        yield _same(f"first page, {told}", sorted_)
        yield _same(f"page {deep // PAGE + 1:,} by _skip, {told}", f"{sorted_}&_skip={deep}")
        before = ask(f"{sorted_}&_skip={deep - PAGE}")
        last = backoffice.books.get_by_id(before["result"][-1]["_id"])
        key = {"": None, "-published": last.published, "author.name": last.select("$.author.name")}[sort]
        place = orjson.dumps([last._id, key]).decode()
        name = f"page {deep // PAGE + 1:,} by _cursor, {told}"
        yield _operation(name, f"{sorted_}&_cursor={before['next']}", f"{sorted_}&place={_quoted(place)}")


def _quoted(text: str) -> str:
    return text.replace("+", "%2B").replace('"', "%22")


def _same(name: str, url: str) -> Operation:
    return _operation(name, url, url)


def _operation(name: str, described: str, hand: str) -> Operation:
    requests = (itertools.repeat(make_environ("GET", url)) for url in (described, hand))
    return Operation(name, next(requests), next(requests), ("next",))


def measure(url: str, rows: int, rounds: int, calls: int) -> Iterator[Figures]:
    """Fill a database and measure every kind of page on it."""
    db = DBSQLConnector(url)
    engine = by_hand.make_engine(url)
    backoffice = describe(db)
    backoffice.create_all()
    try:
        fill(backoffice, db.engine, rows)
        settle(db.engine)
        described, hand = make_app(backoffice), make_hand_app(engine)
        sides = Side(described, db.engine), Side(hand, engine)
        client = described.test_client()
        for operation in operations(backoffice, rows, lambda page: client.get(page).get_json()):
            yield run(operation, sides, db.engine.dialect.name, rounds, calls)
    finally:
        engine.dispose()
        db.metadata.drop_all(db.engine)
        db.dispose()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.pages", description="Time pages of a long list.")
    parser.add_argument("--rows", type=int, default=100_000, help="books")
    parser.add_argument("--rounds", type=int, default=10, help="rounds of each page")
    parser.add_argument("--calls", type=int, default=10, help="calls to either side in each round")
    parser.add_argument("--url", action="append", help="a database without tables of these names; may be repeated")
    parser.add_argument("--sqlite", action="store_true", help="only SQLite, in a file of its own")
    parser.add_argument("--postgres", action="store_true", help="only PostgreSQL, from a server of its own")
    parsed = parser.parse_args(arguments)
    figures: list[Figures] = []
    with databases(parsed) as prepare:
        for each in prepare:
            for measured in measure(each(), parsed.rows, parsed.rounds, parsed.calls):
                figures.append(measured)
                print(f"{measured.database}: {measured.operation}: {measured.ratio:.2f}", file=sys.stderr)
    show(figures, f"{parsed.rows:,} books")


if __name__ == "__main__":
    main()
