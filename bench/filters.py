"""Filters, orders and pages of a long list, timed side by side with SQL written by hand for each of them.

    python -m bench.filters                       # SQLite, then a PostgreSQL of its own
    python -m bench.filters --postgres --rows 10000

There are as many books as `--rows` says, a tenth as many authors, and a hundredth as many publishers. A request is for
a page of 20 and the total, except where the page is deep: there a total would hide all else. The side by hand is a
Flask route that has its SQL in text, as somebody writes it who knows the database: joins where they find one row, EXISTS
and IN where there may be several, `@>` on PostgreSQL, a function of Python for expressions on SQLite. It knows beforehand
what it is asked for, and reads its values from the URL. How it is timed is told in `bench/requests.py`.
"""

from __future__ import annotations

import argparse
import itertools
import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
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
from .requests import Figures, Operation, Side, databases, make_environ, run, settle, show

PAGE = 20

_EPOCH = datetime(2001, 1, 1, tzinfo=UTC)


def describe(db: DBSQLConnector) -> Backoffice:
    """Describe books and authors that can be asked in every way; a page of authors takes a statement for their prizes."""
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
_BOOK = ("title", "code", "pages", "published", "in_print", "size__unit", "tags", "author", "_id")
_AUTHOR = ("name", "publisher", "_id")


_PRIZES = sa.text(
    "SELECT _owner_id, house, year FROM authors__prizes WHERE _owner_id IN :ids ORDER BY _owner_id, _position"
).bindparams(sa.bindparam("ids", expanding=True))


@dataclass(frozen=True)
class Asked:
    """One question, for either side.

    Attributes:
        name: what it is called.
        query: to the library.
        where: what stands behind FROM, and conditions; of the books, `b`, or of the authors, `a`.
        values: bound in it.
        postgresql: the same in the words of PostgreSQL, where they differ.
        order: what it is sorted by.
        counted: how the total is told: counted, not at all, or by the planner.
        collection: whose items are asked for; or the path of a selection.
        shown: the columns.
    """

    name: str
    query: dict[str, Any]
    where: str
    values: dict[str, Any]
    postgresql: str = ""
    order: str = "b._id"
    counted: str = "exact"
    collection: str = "books"
    shown: tuple[str, ...] = _BOOK


def questions(rows: int) -> Iterator[Asked]:
    """Return what is asked of filters."""
    books, many = "books b WHERE ", [f"C{number}" for number in range(200)]
    yield Asked("all", {}, "books b", {})
    yield Asked("$eq, indexed", {"code": "C77"}, books + "b.code = :v", {"v": "C77"})
    yield Asked(
        "$eq, without an index",
        {"title": "The Lighthouse, volume 77"},
        books + "b.title = :v",
        {"v": "The Lighthouse, volume 77"},
    )
    yield Asked("$eq in a Dict", {"size.unit": "mm"}, books + "b.size__unit = :v", {"v": "mm"})
    yield Asked("$ne", {"pages.$ne": 77}, books + "(b.pages <> :v OR b.pages IS NULL)", {"v": 77})
    yield Asked(
        "$gte and $lt",
        {"pages.$gte": 500, "pages.$lt": 510},
        books + "b.pages >= :v AND b.pages < :w",
        {"v": 500, "w": 510},
    )
    yield Asked("null", {"_filter": {"pages": None}}, books + "b.pages IS NULL", {})
    yield Asked(
        "$in, 5 values",
        {"code": many[:5]},
        books + "b.code IN (:a, :b, :c, :d, :e)",
        dict(zip("abcde", many, strict=False)),
    )
    yield Asked("$in, 200 values", {"code": many}, books + "b.code IN :vs", {"vs": many})
    yield Asked(
        "$nin, 5 values",
        {"code.$nin": many[:5]},
        books + "b.code NOT IN (:a, :b, :c, :d, :e)",
        dict(zip("abcde", many, strict=False)),
    )
    yield Asked(
        "$reg",
        {"title.$reg": "The L.*77$"},
        books + "matches(:v, b.title)",
        {"v": "^The L.*77$"},
        books + "b.title ~ :v",
    )
    yield Asked(
        "$re", {"title.$re": "77[0-9]7"}, books + "matches(:v, b.title)", {"v": "77[0-9]7"}, books + "b.title ~ :v"
    )
    yield Asked(
        "$contains in a JSON list",
        {"tags.$contains": "t77"},
        books + "EXISTS (SELECT 1 FROM json_each(b.tags) e WHERE e.value = :v)",
        {"v": "t77"},
        books + "b.tags @> jsonb_build_array(CAST(:v AS text))",
    )
    both = {"$or": [{"code": "C77"}, {"$not": {"pages": ["$lt", 1030]}, "in_print": True}]}
    yield Asked(
        "$or, $not",
        {"_filter": both},
        books + "(b.code = :v OR b.in_print AND (b.pages >= :w OR b.pages IS NULL))",
        {"v": "C77", "w": 1030},
    )
    to_one = "books b JOIN authors a ON a._id = b.author"
    to_two = f"{to_one} JOIN publishers p ON p._id = a.publisher"
    yield Asked("the id of a reference", {"author": "author-000077"}, books + "b.author = :v", {"v": "author-000077"})
    yield Asked(
        "through a reference", {"author.name": "Author 000077"}, f"{to_one} WHERE a.name = :v", {"v": "Author 000077"}
    )
    yield Asked(
        "through two references", {"author.publisher.city": "City 7"}, f"{to_two} WHERE p.city = :v", {"v": "City 7"}
    )
    yield Asked(
        "$ne through two references",
        {"author.publisher.city.$ne": "City 7"},
        f"{to_two} WHERE p.city <> :v",
        {"v": "City 7"},
    )
    yield Asked(
        "to what refers here",
        {"books.code": "C77"},
        "authors a WHERE a._id IN (SELECT b.author FROM books b WHERE b.code = :v)",
        {"v": "C77"},
        order="a._id",
        collection="authors",
        shown=_AUTHOR,
    )
    prizes = "authors__prizes z WHERE z._owner_id = a._id"
    yield Asked(
        "in a child table",
        {"prizes.year.$gt": 2440},
        f"authors a WHERE EXISTS (SELECT 1 FROM {prizes} AND z.year > :v)",
        {"v": 2440},
        order="a._id",
        collection="authors",
        shown=_AUTHOR,
    )
    yield Asked(
        "through a reference of a child table",
        {"prizes.house.city": "City 7"},
        "authors a WHERE a._id IN (SELECT z._owner_id FROM authors__prizes z JOIN publishers p ON p._id = z.house"
        " WHERE p.city = :v)",
        {"v": "City 7"},
        order="a._id",
        collection="authors",
        shown=_AUTHOR,
    )
    for total in ("none", "estimated"):
        yield Asked(
            f"_total={total}", {"pages.$gte": 500, "_total": total}, books + "b.pages >= :v", {"v": 500}, counted=total
        )
    yield Asked("_total=exact", {"pages.$gte": 500}, books + "b.pages >= :v", {"v": 500})
    yield Asked(
        "a selection through references",
        {"title.$lt": "The Lighthouse, volume 2"},
        f"{to_two} WHERE b.in_print AND b.title < :v",
        {"v": "The Lighthouse, volume 2"},
        collection="books/_selections/places",
        shown=("_id", "title", "name", "city"),
    )


def pages(rows: int, ask: Callable[[str], Any]) -> Iterator[tuple[Asked, str]]:
    """Return what is asked of orders: the first page, one deep by its number, and the same by its cursor."""
    deep = max(0, rows - rows // 5 - PAGE)
    for told, sort, key, order in (
        ("by id", "_id", "", "b._id"),
        ("by date", "published", "published", "b.published, b._id"),
        ("by date, backwards", "-published", "published", "b.published DESC, b._id"),
        ("by author.name", "author.name", "name", "a.name, b._id"),
    ):
        source = "books b LEFT JOIN authors a ON a._id = b.author" if key == "name" else "books b"
        query = {"_sort": sort, "_total": "none"}
        number = f"page {deep // PAGE + 1:,}"
        yield Asked(f"first page {told}", query, source, {}, order=order, counted="none"), ""
        yield Asked(f"{number} by _skip, {told}", query | {"_skip": deep}, source, {}, order=order, counted="none"), ""
        before = ask(f"/bench/books?{urlencode(query)}&_page={PAGE}&_skip={deep - PAGE}")
        last = before["result"][-1]
        values = {"id": last["_id"]}
        beyond = "b._id > :id"
        if key == "published":
            values["key"] = last["published"]
            sign = "<" if sort.startswith("-") else ">"
            beyond = f"b.published {sign}= :key AND (b.published {sign} :key OR b._id > :id)"
        elif key == "name":
            values["key"] = ask(f"/bench/authors/{last['author']}")["name"]
            beyond = "a.name >= :key AND (a.name > :key OR b._id > :id)"
        asked = Asked(
            f"{number} by _cursor, {told}", query, f"{source} WHERE {beyond}", values, order=order, counted="none"
        )
        yield asked, f"&_cursor={before['next']}"


class ByHand:
    """The routes that are written by hand, and what each of them has ready."""

    def __init__(self, engine: sa.Engine) -> None:
        self.app = Flask("by_hand")
        self._engine = engine
        self._ready: dict[str, tuple[Asked, Any, Any]] = {}
        self.app.add_url_rule("/bench/<path:name>", view_func=self._page)
        if engine.dialect.name == "sqlite":
            sa.event.listen(engine, "connect", _add_matches)

    def prepare(self, asked: Asked) -> str:
        """Make the statements of a question ready, and return its URL."""
        where = asked.postgresql if asked.postgresql and self._engine.dialect.name == "postgresql" else asked.where
        prefixes = {"name": "a.", "city": "p.", "publisher": "a."}
        own = "a." if asked.collection == "authors" else "b."
        columns = ", ".join(f"{prefixes.get(name, own)}{name}" for name in asked.shown)
        page = sa.text(f"SELECT {columns} FROM {where} ORDER BY {asked.order} LIMIT :page OFFSET :skip")
        count = sa.text(f"SELECT count(*) FROM {where}")
        if asked.counted == "estimated" and self._engine.dialect.name == "postgresql":
            count = sa.text(f"EXPLAIN (FORMAT JSON) SELECT 1 FROM {where}")
        bound = [sa.bindparam("vs", expanding=True)] if "vs" in asked.values else []
        if "key" in asked.values and "published" in asked.order:
            bound.append(sa.bindparam("key", type_=sa.DateTime(timezone=True)))
        count = count.bindparams(*bound)
        page = page.bindparams(*bound).columns(*(sa.column(name, _TYPES.get(name)) for name in asked.shown))
        key = str(len(self._ready))
        self._ready[key] = asked, page, None if asked.counted == "none" else count
        values = urlencode(asked.values | {"_page": PAGE, "_skip": asked.query.get("_skip", 0)}, doseq=True)
        return f"/bench/{key}?{values}"

    def _page(self, name: str) -> Response:
        asked, page, count = self._ready[name]
        size, skip = request.args.get("_page", 10, int), request.args.get("_skip", 0, int)
        values: dict[str, Any] = {}
        for key, example in asked.values.items():
            if isinstance(example, list):
                values[key] = request.args.getlist(key)
            elif key == "key" and "published" in asked.order:
                values[key] = datetime.fromisoformat(request.args[key])
            else:
                values[key] = type(example)(request.args[key])
        total = None
        with self._engine.connect() as connection:
            rows = connection.execute(page, {**values, "page": size + 1, "skip": skip}).all()
            if count is not None:
                total = connection.scalar(count, values)
            prizes = self._prizes(connection, [row[-1] for row in rows[:size]]) if asked.shown is _AUTHOR else {}
        if isinstance(total, list):
            total = total[0]["Plan"]["Plan Rows"]
        result = [_JSON[asked.shown](row) for row in rows[:size]]
        if asked.shown is _AUTHOR:
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


_JSON: dict[tuple[str, ...], Callable[[Sequence[Any]], Any]] = {_BOOK: _book, _AUTHOR: _author}
_JSON[("_id", "title", "name", "city")] = list


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
