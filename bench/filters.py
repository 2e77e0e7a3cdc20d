"""Filters, orders and pages of a long list, timed side by side with SQL written by hand for each of them.

    python -m bench.filters                       # SQLite, then a PostgreSQL of its own
    python -m bench.filters --postgres --rows 10000

There are as many books as `--rows` says, a tenth as many authors, and a hundredth as many publishers. A request is for
a page of 20 and the total, except where the page is deep: there a total would hide all else. The side by hand is a
Flask route that puts its statements together from conditions in SQL, as somebody writes them who knows the database:
joins where they find one row, EXISTS and IN where there may be several, `@>` on PostgreSQL, a function of Python for
expressions on SQLite. It knows beforehand what it is asked for, and reads its values from the URL. How it is timed is
told in `bench/requests.py`.
"""

from __future__ import annotations

import argparse
import itertools
import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

import orjson
import sqlalchemy as sa
from flask import Flask, Response, request

from backo_sql import (
    Backoffice,
    Bool,
    Collection,
    Datetime,
    DBSQLConnector,
    Dict,
    FillStrategy,
    Int,
    Item,
    List,
    Ref,
    RefsList,
    Selection,
    String,
)

from . import by_hand
from .described import insert, make_app
from .questions import AUTHOR, BOOK, PAGE, PLACE, Asked, pages, questions
from .requests import Figures, Operation, Side, databases, make_environ, run, settle, show

_EPOCH = datetime(2001, 1, 1, tzinfo=UTC)


def describe(db: DBSQLConnector) -> Backoffice:
    """Describe books and authors to be asked in every way; a page of authors takes a statement more, for prizes."""
    backoffice = Backoffice("bench")
    described: dict[str, dict[str, Any]] = {
        "publishers": {"city": String()},
        "authors": {
            "name": String(required=True, index=True),
            "publisher": Ref(coll="publishers", required=True),
            "books": RefsList(coll="books", field="$.author", ofs=FillStrategy.NOT_FILL),
            "prizes": List(Dict({"house": Ref(coll="publishers"), "year": Int()})),
        },
        "books": {
            "title": String(required=True),
            "code": String(required=True, index=True),
            "pages": Int(index=True),
            "published": Datetime(required=True, index=True),
            "in_print": Bool(required=True),
            "size": Dict({"unit": String()}),
            "tags": List(String()),
            "author": Ref(coll="authors", field="$.books", required=True),
        },
    }
    for name, fields in described.items():
        backoffice.register_collection(Collection(name, Item(fields, meta_data_handler=None), db))
    columns = ["$.title", "$.author.name", "$.author.publisher.city"]
    backoffice.books.register_selection("places", Selection(columns, filter={"in_print": True}))
    return backoffice


def fill(backoffice: Backoffice, db: DBSQLConnector, rows: int) -> None:
    """Insert the books, in an order that is neither that of their dates nor of their authors."""
    writers, houses = max(1, rows // 10), max(1, rows // 100)
    made: dict[str, Iterator[dict[str, Any]]] = {
        "publishers": ({"_id": f"publisher-{n:06}", "city": f"City {n % 50}"} for n in range(houses)),
        "authors": (
            {
                "_id": f"author-{n:06}",
                "name": f"Author {n * 7919 % writers:06}",
                "publisher": f"publisher-{n % houses:06}",
            }
            for n in range(writers)
        ),
        "books": (
            {
                "_id": f"book-{n:08}",
                "title": f"The Lighthouse, volume {n}",
                "code": f"C{n * 31 % max(1, rows // 20)}",
                "pages": None if n % 50 == 0 else 40 + n * 7919 % 1000,
                "published": _EPOCH + timedelta(minutes=n * 7919 % rows),
                "in_print": n % 3 > 0,
                "size__unit": ("cm", "in", "mm", None)[n % 4],
                "tags": [*("sea", "light", "old")[n % 4 :], f"t{n % 500}"],
                "author": f"author-{n * 31 % writers:06}",
            }
            for n in range(rows)
        ),
        "authors__prizes": (
            {
                "_owner_id": f"author-{n // 2:06}",
                "_position": n,
                "house": f"publisher-{n * 17 % houses:06}",
                "year": 1950 + n * 7919 % 500,
            }
            for n in range(2 * writers)
        ),
    }
    tables = {table.name: table for table in db.metadata.tables.values()}
    for name, each in made.items():
        insert(db.engine, tables[name], each)


# -- by hand --------------------------------------------------------------------------------------

_TYPES: dict[str, Any] = {"published": sa.DateTime(timezone=True), "in_print": sa.Boolean(), "tags": sa.JSON()}


_PRIZES = sa.text(
    "SELECT _owner_id, house, year FROM authors__prizes WHERE _owner_id IN :ids ORDER BY _owner_id, _position"
).bindparams(sa.bindparam("ids", expanding=True))


class ByHand:
    """The routes that are written by hand, and what each of them has ready."""

    def __init__(self, engine: sa.Engine) -> None:
        self.app = Flask("by_hand")
        self._engine = engine
        self._ready: dict[str, tuple[Asked, Any, Any, Any]] = {}
        self.app.add_url_rule("/bench/<path:name>", view_func=self._page)
        if engine.dialect.name == "sqlite":
            sa.event.listen(engine, "connect", _add_matches)

    def prepare(self, asked: Asked) -> str:
        """Make the statements of a question ready, and return its URL."""
        told = asked.postgresql if asked.postgresql and self._engine.dialect.name == "postgresql" else asked.where
        source, _, condition = told.partition(" WHERE ")
        prefixes = {"name": "a.", "city": "p.", "publisher": "a."}
        own = "a." if asked.collection == "authors" else "b."
        columns = [sa.literal_column(prefixes.get(name, own) + name, _TYPES.get(name)) for name in asked.shown]
        page = sa.select(*columns).select_from(sa.text(source)).order_by(sa.text(asked.order))
        count = sa.select(sa.func.count()).select_from(sa.text(source))
        bound = [sa.bindparam("vs", expanding=True)] if "vs" in asked.values else []
        if "key" in asked.values and "published" in asked.order:
            bound.append(sa.bindparam("key", type_=sa.DateTime(timezone=True)))
        where = sa.text(condition).bindparams(*bound) if condition else None
        if asked.counted == "estimated" and self._engine.dialect.name == "postgresql":
            count = sa.text(f"EXPLAIN (FORMAT JSON) SELECT 1 FROM {told}")
        key = str(len(self._ready))
        self._ready[key] = asked, page, None if asked.counted == "none" else count, where
        values = urlencode(asked.values | {"_page": PAGE, "_skip": asked.query.get("_skip", 0)}, doseq=True)
        return f"/bench/{key}?{values}"

    def _page(self, name: str) -> Response:
        asked, page, count, where = self._ready[name]
        size, skip = request.args.get("_page", 10, int), request.args.get("_skip", 0, int)
        values: dict[str, Any] = {}
        for key, example in asked.values.items():
            if isinstance(example, list):
                values[key] = request.args.getlist(key)
            elif key == "key" and "published" in asked.order:
                values[key] = datetime.fromisoformat(request.args[key])
            else:
                values[key] = type(example)(request.args[key])
        if where is not None:
            page = page.where(where)
            count = count.where(where) if isinstance(count, sa.Select) else count
        page = page.limit(size + 1)
        total = None
        with self._engine.connect() as connection:
            rows = connection.execute(page.offset(skip) if skip else page, values).all()
            if count is not None:
                total = connection.scalar(count, values)
            prizes = self._prizes(connection, [row[-1] for row in rows[:size]]) if asked.shown is AUTHOR else {}
        if isinstance(total, list):
            total = total[0]["Plan"]["Plan Rows"]
        result = [_JSON[asked.shown](row) for row in rows[:size]]
        if asked.shown is AUTHOR:
            for author in result:
                author["prizes"] = prizes[author["_id"]]
        body: dict[str, Any] = {"result": result, "total": total}
        body |= {"_skip": skip, "_page": size, "next": rows[size - 1][-1] if len(rows) > size else None}
        if "selections" not in asked.collection:
            body["_view"] = "client"
        return Response(orjson.dumps(body, option=orjson.OPT_UTC_Z), mimetype="application/json")

    @staticmethod
    def _prizes(connection: sa.Connection, authors: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = {author: [] for author in authors}
        for author, house, year in connection.execute(_PRIZES, {"ids": authors}):
            found[author].append({"house": house, "year": year})
        return found


def _book(row: Sequence[Any]) -> dict[str, Any]:
    return {
        "title": row[0],
        "code": row[1],
        "pages": row[2],
        "published": row[3].replace(tzinfo=UTC) if row[3].tzinfo is None else row[3],
        "in_print": row[4],
        "size": {"unit": row[5]},
        "tags": row[6],
        "author": row[7],
        "_id": row[8],
    }


def _author(row: Sequence[Any]) -> dict[str, Any]:
    return {"name": row[0], "publisher": row[1], "_id": row[2]}


_JSON: dict[tuple[str, ...], Callable[[Sequence[Any]], Any]] = {BOOK: _book, AUTHOR: _author, PLACE: list}


def _add_matches(connection: Any, _record: Any) -> None:
    connection.create_function("matches", 2, _matches, deterministic=True)


def _matches(pattern: str, text: str | None) -> bool:
    return text is not None and _compiled(pattern).search(text) is not None


_compiled = lru_cache(re.compile)


# -- both sides -----------------------------------------------------------------------------------


def operations(hand: ByHand, rows: int, ask: Callable[[str], Any]) -> Iterator[Operation]:
    """Make the requests to either side."""
    for asked, more in itertools.chain(((each, "") for each in questions(rows)), pages(rows, ask)):
        query = {name: json.dumps(value) if name == "_filter" else value for name, value in asked.query.items()}
        described = f"/bench/{asked.collection}?{urlencode(query | {'_page': PAGE}, doseq=True)}{more}"
        requests = (itertools.repeat(make_environ("GET", url)) for url in (described, hand.prepare(asked)))
        yield Operation(asked.name, next(requests), next(requests), ("next",))


def measure(url: str, rows: int, rounds: int, calls: int, only: str) -> Iterator[Figures]:
    """Fill a database and measure every question on it."""
    db = DBSQLConnector(url)
    engine = by_hand.make_engine(url)
    backoffice = describe(db)
    backoffice.create_all()
    try:
        fill(backoffice, db, rows)
        settle(db.engine)
        described, hand = make_app(backoffice), ByHand(engine)
        sides = Side(described, db.engine), Side(hand.app, engine)
        client = described.test_client()
        for operation in operations(hand, rows, lambda page: client.get(page).get_json()):
            if only in operation.name:
                yield run(operation, sides, db.engine.dialect.name, rounds, calls)
    finally:
        engine.dispose()
        db.metadata.drop_all(db.engine)
        db.dispose()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.filters", description="Time filters and pages.")
    parser.add_argument("--rows", type=int, default=100_000, help="books")
    parser.add_argument("--rounds", type=int, default=6, help="rounds of each question")
    parser.add_argument("--calls", type=int, default=5, help="calls to either side in each round")
    parser.add_argument("--only", default="", help="only questions whose name has this text in it")
    parser.add_argument("--url", action="append", help="a database without tables of these names; may be repeated")
    parser.add_argument("--sqlite", action="store_true", help="only SQLite, in a file of its own")
    parser.add_argument("--postgres", action="store_true", help="only PostgreSQL, from a server of its own")
    parsed = parser.parse_args(arguments)
    figures: list[Figures] = []
    with databases(parsed) as prepare:
        for each in prepare:
            for measured in measure(each(), parsed.rows, parsed.rounds, parsed.calls, parsed.only):
                figures.append(measured)
                print(f"{measured.database}: {measured.operation}: {measured.ratio:.2f}", file=sys.stderr)
    show(figures, f"{parsed.rows:,} books")


if __name__ == "__main__":
    main()
