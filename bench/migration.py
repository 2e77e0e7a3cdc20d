"""Migrations of a large table on PostgreSQL, while clients write: how long are they held up?

    python -m bench.migration                                   # 1,000,000 rows, 4 clients, a server of its own
    python -m bench.migration --rows 100000 --url postgresql://me@host/empty

Each client is a process that creates an item, then changes one, then pauses, over and over, through the backoffice. It
writes for a while; then the database is migrated; then it goes on writing. There are two roads: the ordinary one, and
that for large tables (`revision --large`), whose second revision is run after the new release was deployed: at that
moment the clients go over to the new description.

A write is counted to the phase in which it ended. `longest` is what a client waited for at most. A write that failed is
told: on the ordinary road the release that still runs can create nothing between the migration and its own end.

What else runs on the machine shows in the figures; the phase `before` tells how much. The server that is started
doesn't wait for its disk.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from rich.console import Console
from rich.table import Table

from backo_sql import Backoffice, Collection, DBSQLConnector, Int, Item, String
from backo_sql.errors import BackoError
from backo_sql.migration import Migrations

from .requests import databases

#: what the new release adds to the fields, or has in the place of one
CHANGES: dict[str, Callable[[], dict[str, Any]]] = {
    "a required field with a default": lambda: {"language": String(required=True, default="en")},
    "the same with choices and an index": lambda: {
        "language": String(required=True, default="en", enum=["en", "fr"], index=True)
    },
    "a field becomes required, with a default": lambda: {"genre": String(required=True, default="novel")},
}

ROADS = ("ordinary", "large")


def describe(url: str, change: str | None) -> Backoffice:
    """Describe the books of a release: the old one, or the one with a change."""
    db, backoffice = DBSQLConnector(url, statement_timeout=None), Backoffice("bench")
    fields = {"title": String(required=True), "pages": Int(), "genre": String()}
    backoffice.register_collection(Collection("books", Item(fields | (CHANGES[change]() if change else {})), db))
    backoffice.freeze()
    return backoffice


@dataclass(frozen=True)
class Write:
    """What a client did: when it ended, how long it took, and whether it failed."""

    ended: float
    seconds: float
    failure: str


def write(url: str, change: str, rows: int, pause: float, deployed: Any, stop: Any, ready: Any, told: Any) -> None:
    """Be a client: write until told to stop, with the old release until the new one is deployed."""
    releases = [describe(url, None), describe(url, change)]
    writes: list[Write] = []
    number = multiprocessing.current_process().pid or 0
    releases[0].books.count({"_id": "none"})
    ready.release()
    while not stop.is_set():
        backoffice = releases[deployed.is_set()]
        number = (number * 1103515245 + 12345) % 2**31

        def create(backoffice: Backoffice = backoffice) -> None:
            backoffice.books.create({"title": "A new one", "pages": 7})

        def update(backoffice: Backoffice = backoffice, number: int = number) -> None:
            backoffice.books.get_by_id(f"book-{number % rows}").patch("replace", "$.pages", number % 1000)

        for act in (create, update):
            start, failure = time.monotonic(), ""
            try:
                act()
            except BackoError as error:
                failure = f"{type(error).__name__}: {error}"
            ended = time.monotonic()
            writes.append(Write(ended, ended - start, failure))
        time.sleep(pause)
    for each in releases:
        each.books.connector.dispose()
    told.put(writes)


@contextmanager
def clients(count: int, *arguments: Any) -> Iterator[tuple[Any, list[Write]]]:
    """Have clients write; what they did is in the list afterwards."""
    context = multiprocessing.get_context("spawn")
    deployed, stop, ready, told = context.Event(), context.Event(), context.Semaphore(0), context.Queue()
    processes = [context.Process(target=write, args=(*arguments, deployed, stop, ready, told)) for _ in range(count)]
    for process in processes:
        process.start()
    for _ in processes:
        ready.acquire()
    writes: list[Write] = []
    try:
        yield deployed, writes
    finally:
        stop.set()
        for _ in processes:
            writes.extend(told.get(timeout=300))
        for process in processes:
            process.join()


@dataclass(frozen=True)
class Phase:
    """A part of a run, and what its writes took, in milliseconds."""

    change: str
    road: str
    name: str
    seconds: float
    writes: int
    median: float
    p99: float
    longest: float
    failed: int


def measure(url: str, change: str, road: str, arguments: argparse.Namespace) -> Iterator[Phase]:
    """Migrate one database while clients write."""
    marks: list[tuple[str, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        old, new = (Migrations(describe(url, each), folder) for each in (None, change))
        old.init()
        old.revision("begin", from_nothing=True)
        old.stamp()
        revisions = new.revision("change", large=road == "large")
        with clients(arguments.clients, url, change, arguments.rows, arguments.pause / 1000) as (deployed, writes):
            marks.append(("before", time.monotonic()))
            time.sleep(arguments.seconds)
            # The second of two revisions is for the release that is deployed between them.
            early = revisions[:1] if len(revisions) > 1 or road == "ordinary" else []
            for position, each in enumerate(revisions):
                if each not in early:
                    deployed.set()
                    marks.append(("between", time.monotonic()))
                    time.sleep(1)
                marks.append((f"migration {position + 1} of {len(revisions)}", time.monotonic()))
                new.upgrade(each.id)
            marks.append(("after", time.monotonic()))
            if early == revisions:
                time.sleep(0.5)  # the old release is still there
                deployed.set()
            time.sleep(arguments.seconds / 2)
            marks.append(("", time.monotonic()))
        if not new.check().is_clean:
            raise SystemExit("The database is not as the description says.")
    for failure in {each.failure for each in writes if each.failure}:
        print(f"  failed: {failure}", file=sys.stderr)
    for (name, start), (_, end) in itertools.pairwise(marks):
        yield _phase(change, road, name, end - start, [each for each in writes if start <= each.ended < end])


def _phase(change: str, road: str, name: str, seconds: float, writes: Sequence[Write]) -> Phase:
    times = sorted(each.seconds * 1000 for each in writes) or [0.0]
    p99 = times[int((len(times) - 1) * 0.99)]
    failed = sum(bool(each.failure) for each in writes)
    return Phase(change, road, name, seconds, len(writes), statistics.median(times), p99, times[-1], failed)


def fill(url: str, rows: int) -> None:
    """Make the table of the old release, with as many rows."""
    backoffice = describe(url, None)
    backoffice.create_all()
    statement = sa.text(
        "INSERT INTO books (_id, title, pages, genre, _meta__ctime, _meta__mtime, _version) "
        "SELECT 'book-' || n, 'The Lighthouse, volume ' || n, n % 900, CASE n % 4 WHEN 0 THEN 'poem' END, now(), "
        "now(), 1 FROM generate_series(0, :last) n"
    )
    engine = backoffice.books.connector.engine
    with engine.begin() as connection:
        connection.execute(statement, {"last": rows - 1})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE books")
        connection.exec_driver_sql("CHECKPOINT")
    engine.dispose()


def show(phases: Sequence[Phase]) -> None:
    """Write the figures as a table."""
    table = Table("Change", "Road", "Phase", "s", "Writes", "Median ms", "p99 ms", "Longest ms", "Failed")
    for each in phases:
        numbers = (f"{each.seconds:.2f}", f"{each.writes}", f"{each.median:.1f}", f"{each.p99:.1f}")
        table.add_row(each.change, each.road, each.name, *numbers, f"{each.longest:.0f}", f"{each.failed}")
    Console(width=160).print(table)


def main() -> None:
    """Measure every change by every road."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--url", action="append", help="a PostgreSQL database, whose table `books` is made anew")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--pause", type=float, default=20, help="of a client after two writes, in milliseconds")
    parser.add_argument("--seconds", type=float, default=10, help="how long the clients write before")
    arguments = parser.parse_args()
    phases: list[Phase] = []
    arguments.sqlite, arguments.postgres = False, True
    with databases(arguments) as (prepare, *_):
        url = prepare()
        for change in CHANGES:
            for road in ROADS:
                engine = sa.create_engine(url)
                with engine.begin() as connection:
                    connection.exec_driver_sql("DROP TABLE IF EXISTS books, alembic_version")
                engine.dispose()
                fill(url, arguments.rows)
                print(f"{change}: {road}", file=sys.stderr)
                phases += measure(url, change, road, arguments)
    show(phases)


if __name__ == "__main__":
    main()
