"""Requests to the library, timed side by side with requests to routes written by hand.

    python -m bench.requests                                    # SQLite, then a PostgreSQL of its own
    python -m bench.requests --postgres --rows 10000
    python -m bench.requests --url postgresql://me@host/empty   # a database without these tables

Both applications are Flask's, serve the same URLs and use one database, each through an engine of its own. They are
called as a WSGI server calls them, with an `environ` made beforehand: what a test client or a socket would cost both
sides alike, and so would hide, isn't in the figures. Before anything is timed, both answer the same request, and the
answers are compared.

Then come rounds: some calls to the one, as many to the other, in the opposite order next time. A figure is the median
over all calls of all rounds, and the ratio is that of the medians. It is the ratio that counts: what else runs on the
machine slows down both.

The server that is started doesn't wait for its disk (`fsync = off`), and SQLite's file doesn't either, except at
checkpoints: time of the disk is the same on both sides, and would only bring the ratios nearer to 1.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa
from flask import Flask
from rich.console import Console
from rich.table import Table
from werkzeug.test import EnvironBuilder

from backo_sql import DBSQLConnector

from . import by_hand, described

Environ = dict[str, Any]
Answer = tuple[str, bytes]

BUDGET = 1.5


@dataclass(frozen=True)
class Figures:
    """One operation, measured. Times are in microseconds."""

    database: str
    operation: str
    described: float
    described_p95: float
    by_hand: float
    by_hand_p95: float
    ratio: float
    statements: tuple[int, int]


@dataclass(frozen=True)
class Operation:
    """One kind of request. Each side gets requests of its own; for a read they are the same."""

    name: str
    described: Iterator[Environ]
    by_hand: Iterator[Environ]
    #: what no two answers have in common
    differing: tuple[str, ...] = ()


class Side:
    """An application, and how many statements it sends."""

    def __init__(self, app: Flask, engine: sa.Engine) -> None:
        self._app = app
        self._engine = engine

    def call(self, environ: Environ) -> Answer:
        """Call the application as a server does."""
        status = ""

        def start_response(line: str, _headers: Any, _error: Any = None) -> None:
            nonlocal status
            status = line

        chunks = self._app(environ, start_response)
        try:
            return status, b"".join(chunks)
        finally:
            chunks.close()

    def timed(self, requests: Sequence[Environ]) -> list[int]:
        """Return how long each request takes, in nanoseconds."""
        times = []
        for environ in requests:
            start = time.perf_counter_ns()
            status, _ = self.call(environ)
            times.append(time.perf_counter_ns() - start)
            if not status.startswith("2"):
                raise SystemExit(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']} was answered {status}.")
        return times

    def counted(self, environ: Environ) -> tuple[Answer, int]:
        """Return the answer and the number of statements; beginning and ending a transaction is none."""
        sent: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            if not statement.startswith(("BEGIN", "SAVEPOINT", "RELEASE")):
                sent.append(statement)

        sa.event.listen(self._engine, "before_cursor_execute", note)
        try:
            return self.call(environ), len(sent)
        finally:
            sa.event.remove(self._engine, "before_cursor_execute", note)


def measure(url: str, rows: int, rounds: int, calls: int) -> Iterator[Figures]:
    """Fill a database and measure every operation on it."""
    db = DBSQLConnector(url)
    engine = by_hand.make_engine(url)
    backoffice = described.describe(db)
    tables = [backoffice.books.table, backoffice.authors.table]
    taken = sa.inspect(db.engine).get_table_names()
    if any(table.name in taken for table in tables):
        raise SystemExit("The database has tables named authors or books: give an empty one.")
    backoffice.create_all()
    try:
        described.fill(backoffice, db.engine, rows)
        spare = rounds * calls + 1
        described.insert(db.engine, tables[1], _spare(described.author_rows(rows), rows, 2 * spare))
        described.insert(db.engine, tables[0], _spare(described.book_rows(rows), 2 * rows, 2 * spare))
        settle(db.engine)
        sides = Side(described.make_app(backoffice), db.engine), Side(by_hand.make_app(engine), engine)
        for operation in operations(rows, spare):
            yield run(operation, sides, db.engine.dialect.name, rounds, calls)
    finally:
        engine.dispose()
        db.metadata.drop_all(db.engine)
        db.dispose()


def run(operation: Operation, sides: tuple[Side, Side], database: str, rounds: int, calls: int) -> Figures:
    """Compare the answers to one request, then time rounds of them."""
    requests = operation.described, operation.by_hand
    answers, statements = zip(
        *(side.counted(next(each)) for side, each in zip(sides, requests, strict=True)), strict=True
    )
    if not same(*answers, operation.differing):
        raise SystemExit(f"{operation.name}: the answers differ:\n{answers[0]}\n{answers[1]}")
    times: tuple[list[int], list[int]] = ([], [])
    gc.collect()
    gc.freeze()
    for number in range(rounds):
        for which in (0, 1) if number % 2 else (1, 0):
            times[which].extend(sides[which].timed([next(requests[which]) for _ in range(calls)]))
    gc.unfreeze()
    medians = [statistics.median(each) / 1000 for each in times]
    worse = [sorted(each)[int(len(each) * 0.95)] / 1000 for each in times]
    return Figures(
        database,
        operation.name,
        medians[0],
        worse[0],
        medians[1],
        worse[1],
        medians[0] / medians[1],
        (statements[0], statements[1]),
    )


def operations(rows: int, spare: int) -> Iterator[Operation]:
    """Make the requests of each operation."""
    for kind in (Kind("books", described.book_id, 2 * rows), Kind("authors", described.author_id, rows)):
        is_book = kind.collection == "books"
        value, body = (described.shelf, _book) if is_book else (described.country, _author)
        query = f"?{'shelf' if is_book else 'country'}={{}}&_page=20&_skip=40"
        yield Operation(f"get from {kind}", _gets(kind, "/{}", kind.identifier), _gets(kind, "/{}", kind.identifier))
        by_value = partial(value, rows=rows)
        # The side written by hand tells no next page, and so has less to do.
        yield Operation(f"page of 20 {kind}", _gets(kind, query, by_value), _gets(kind, query, by_value), ("next",))
        new = partial(body, rows=rows)
        yield Operation(
            f"create in {kind}",
            _creations(kind, new),
            _creations(kind, new),
            ("_id", "_meta.ctime", "_meta.mtime"),
        )
        # Values of their own: a change to what is there already would write nothing.
        field = "pages" if is_book else "awards"
        changes = _patches(kind, field, count(1000)), _patches(kind, field, count(1_000_000))
        yield Operation(f"patch in {kind}", *changes, (field, "_meta.mtime"))
        yield Operation(
            f"delete from {kind}", _deletions(kind, count(kind.rows)), _deletions(kind, count(kind.rows + spare))
        )


@dataclass(frozen=True)
class Kind:
    """A collection to ask."""

    collection: str
    identifier: Callable[[int], str]
    rows: int

    def __str__(self) -> str:
        return self.collection


def _gets(kind: Kind, rest: str, value: Callable[[int], str]) -> Iterator[Environ]:
    chosen = random.Random(0)
    while True:
        yield make_environ("GET", f"/bench/{kind}{rest.format(value(chosen.randrange(kind.rows)))}")


def _creations(kind: Kind, body: Callable[[int], Any]) -> Iterator[Environ]:
    for number in count():
        yield make_environ("POST", f"/bench/{kind}", body(number))


def _patches(kind: Kind, field: str, values: Iterator[int]) -> Iterator[Environ]:
    chosen = random.Random(0)
    for value in values:
        operation = {"op": "replace", "path": f"$.{field}", "value": value}
        yield make_environ("PATCH", f"/bench/{kind}/{kind.identifier(chosen.randrange(kind.rows))}", [operation])


def _deletions(kind: Kind, numbers: Iterator[int]) -> Iterator[Environ]:
    for number in numbers:
        yield make_environ("DELETE", f"/bench/{kind}/{kind.identifier(number)}")


def _spare(row: Callable[[int], dict[str, Any]], start: int, how_many: int) -> Iterator[dict[str, Any]]:
    """Make rows that the others don't refer to, so that they can be deleted."""
    return (row(number) for number in range(start, start + how_many))


def _author(number: int, rows: int) -> dict[str, Any]:
    return {
        "name": f"New author {number}",
        "email": f"new{number}@example.org",
        "country": "C0",
        "awards": 1,
        "rating": 4.5,
        "active": True,
        "born": "1961-05-17T09:30:00+02:00",
        "languages": ["en", "fr"],
        "address": {"street": f"{number} Harbour Street", "city": "Port"},
    }


def _book(number: int, rows: int) -> dict[str, Any]:
    return {
        "title": f"New book {number}",
        "shelf": "S0",
        "pages": 320,
        "price": 12.5,
        "in_print": True,
        "published": "2021-05-17T09:30:00Z",
        "tags": ["sea", "new"],
        "size": {"width": 12.5, "height": 20.0},
        "author": described.author_id(number % rows),
    }


def make_environ(method: str, url: str, body: Any = None) -> Environ:
    """Make what a server would pass to the application."""
    if body is None:
        return EnvironBuilder(url, method=method).get_environ()
    data = orjson.dumps(body)
    made = EnvironBuilder(url, method=method, content_type="application/json").get_environ()
    return {**made, "wsgi.input": BytesIO(data), "CONTENT_LENGTH": str(len(data))}


def same(one: Answer, other: Answer, differing: Iterable[str]) -> bool:
    """Tell whether two answers have one status, are the same JSON apart from some paths, and are no errors."""
    bodies = []
    for _, text in (one, other):
        body = orjson.loads(text)
        for path in differing:
            *parents, name = path.split(".")
            place = body
            for parent in parents:
                place = place[parent]
            place.pop(name, None)
        bodies.append(body)
    return one[0] == other[0] and one[0].startswith("2") and bodies[0] == bodies[1]


def settle(engine: sa.Engine) -> None:
    """Let the database tidy up after the filling, so that it doesn't meanwhile."""
    commands = {
        "sqlite": ("PRAGMA wal_checkpoint(TRUNCATE)", "ANALYZE"),
        "postgresql": ("VACUUM ANALYZE", "CHECKPOINT"),
    }[engine.dialect.name]
    raw = engine.raw_connection()
    try:
        if engine.dialect.name == "postgresql":
            raw.driver_connection.autocommit = True
        cursor = raw.cursor()
        for command in commands:
            cursor.execute(command)
        cursor.close()
    finally:
        raw.invalidate()


@contextmanager
def databases(arguments: argparse.Namespace) -> Iterator[list[Callable[[], str]]]:
    """Give functions that prepare the databases to measure, each when its turn comes."""
    with ExitStack() as stack:

        def sqlite() -> str:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="backo-bench-", ignore_cleanup_errors=True))
            return f"sqlite:///{folder}/bench.db"

        def postgresql() -> str:
            # The tests know how to start it.
            from tests.conftest import for_psycopg, start_server  # noqa: PLC0415

            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="backo-bench-"))
            server = start_server(Path(folder))
            stack.callback(server.cleanup)
            return for_psycopg(server.get_uri())

        if arguments.url:
            yield [lambda url=url: _with_driver(url) for url in arguments.url]
        else:
            both = arguments.sqlite == arguments.postgres
            yield [
                *([sqlite] if both or arguments.sqlite else []),
                *([postgresql] if both or arguments.postgres else []),
            ]


def _with_driver(text: str) -> str:
    """Name the driver that the library takes for a bare `postgresql://`: both sides are to use one."""
    url = sa.make_url(text)
    if url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+psycopg")
    return url.render_as_string(hide_password=False)


def show(figures: Sequence[Figures], held: str) -> None:
    """Print a table; what is over the budget is marked."""
    title = f"{held}; µs per request: median and 95th percentile"
    table = Table(title=title, title_justify="left")
    for heading in ("database", "operation"):
        table.add_column(heading)
    for heading in ("backo_sql", "p95", "by hand", "p95", "ratio", "statements"):
        table.add_column(heading, justify="right")
    for each in figures:
        colour = "red" if each.ratio > BUDGET else "green"
        table.add_row(
            each.database,
            each.operation,
            f"{each.described:,.0f}",
            f"{each.described_p95:,.0f}",
            f"{each.by_hand:,.0f}",
            f"{each.by_hand_p95:,.0f}",
            f"[{colour}]{each.ratio:.2f}[/]",
            f"{each.statements[0]} : {each.statements[1]}",
        )
    # A pipe has no width: 110 columns hold the table.
    Console(width=None if sys.stdout.isatty() else 110).print(table)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.requests", description="Time requests to the library against routes written by hand."
    )
    parser.add_argument("--rows", type=int, default=100_000, help="authors; there are twice as many books")
    parser.add_argument("--rounds", type=int, default=40, help="rounds of each operation")
    parser.add_argument("--calls", type=int, default=25, help="calls to either side in each round")
    parser.add_argument("--url", action="append", help="a database without tables of these names; may be repeated")
    parser.add_argument("--sqlite", action="store_true", help="only SQLite, in a file of its own")
    parser.add_argument("--postgres", action="store_true", help="only PostgreSQL, from a server of its own")
    parser.add_argument("--json", action="store_true", help="print JSON, not a table")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    parsed = parse(arguments)
    figures: list[Figures] = []
    with databases(parsed) as prepare:
        for each in prepare:
            for measured in measure(each(), parsed.rows, parsed.rounds, parsed.calls):
                figures.append(measured)
                print(f"{measured.database}: {measured.operation}: {measured.ratio:.2f}", file=sys.stderr)
    if parsed.json:
        print(json.dumps([asdict(each) for each in figures], indent=2))
    else:
        show(figures, f"{parsed.rows:,} authors, {2 * parsed.rows:,} books")


if __name__ == "__main__":
    main()
