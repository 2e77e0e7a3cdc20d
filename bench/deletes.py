"""An author deleted with all books: by the database's own cascade, and with somebody who hears of every book.

    python -m bench.deletes                                   # SQLite, then a PostgreSQL of its own
    python -m bench.deletes --postgres --books 100000
    python -m bench.deletes --url postgresql://me@host/empty  # a database without these tables

The library is sent a request, as a server does it. Beside it stands what a person would write by hand with SQLAlchemy
Core on the same tables: one DELETE whose cascade does the rest; and, where somebody listens, one SELECT of the books, a
call for each of them, and the deletion. The two sides take turns, each time with an author made anew; a figure is the
median. It is the ratio that counts: what else runs on the machine slows down both.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any

import sqlalchemy as sa
from rich.console import Console
from rich.table import Table

from backo_sql import Backoffice, Datetime, DBSQLConnector, DeleteStrategy, Int, Item, Ref, RefsList, String

from .by_hand import make_engine
from .described import make_app
from .requests import Side, databases, make_environ, settle

_WHEN = datetime(2021, 5, 17, tzinfo=UTC)
_CHUNK = 5000


@dataclass(frozen=True)
class Figures:
    """One way to delete, measured: seconds, and numbers of statements."""

    database: str
    way: str
    described: float
    by_hand: float
    statements: tuple[int, int]


@dataclass(frozen=True)
class Way:
    """Authors and books, and how they are deleted.

    Attributes:
        name: for the table.
        authors: the name of the collection.
        books: of theirs.
        listens: somebody hears of every book.
    """

    name: str
    authors: str
    books: str
    listens: bool


WAYS = (
    Way("by the database's cascade", "authors", "books", listens=False),
    Way("with a listener on books", "heard_authors", "heard_books", listens=True),
)


class Listener:
    """Looks at every book that goes."""

    def __init__(self) -> None:
        self.heard = 0

    def __call__(self, _event: str, _root: Any, book: Any) -> None:
        """Hear of one, as the library tells it."""
        self.hear(book.title)

    def hear(self, title: str) -> None:
        """Hear of one by its title."""
        self.heard += len(title) > 0


def describe(db: DBSQLConnector, listener: Listener) -> Backoffice:
    """Describe authors who take their books along, with a listener and without."""
    backoffice = Backoffice("bench")
    for way in WAYS:
        books = RefsList(coll=way.books, field="$.author", ods=DeleteStrategy.DELETE_REFERENCED_ITEMS)
        book = {
            "title": String(required=True),
            "pages": Int(min=1),
            "published": Datetime(),
            "author": Ref(coll=way.authors, field="$.books", required=True),
        }
        backoffice.register_collection(way.authors, Item({"name": String(), "books": books}, db))
        backoffice.register_collection(
            way.books, Item(book, db, on=[("before_delete", listener)] if way.listens else [])
        )
    backoffice.create_all()
    return backoffice


def by_hand(engine: sa.Engine, authors: sa.Table, books: sa.Table, listener: Listener | None) -> Callable[[str], None]:
    """Return what deletes an author, as a person would write it."""
    delete_author = sa.delete(authors).where(authors.c._id == sa.bindparam("id"))
    theirs = sa.select(books).where(books.c.author == sa.bindparam("id")).order_by(books.c._id)
    delete_books = sa.delete(books).where(books.c.author == sa.bindparam("id"))

    def delete(identifier: str) -> None:
        with engine.begin() as connection:
            if listener is not None:
                for row in connection.execute(theirs, {"id": identifier}).mappings().all():
                    listener.hear(row["title"])
                connection.execute(delete_books, {"id": identifier})
            if not connection.execute(delete_author, {"id": identifier}).rowcount:
                raise SystemExit("The author is not there.")

    return delete


def measure(url: str, how_many: int, rounds: int) -> Iterator[Figures]:
    """Measure every way on one database."""
    db, engine, listener = DBSQLConnector(url), make_engine(url), Listener()
    filler = make_engine(url)  # whose connections are thrown away: both sides keep theirs
    taken = sa.inspect(db.engine).get_table_names()
    if any(name in taken for way in WAYS for name in (way.authors, way.books)):
        raise SystemExit("The database has tables of these names: give an empty one.")
    backoffice = describe(db, listener)
    app = Side(make_app(backoffice), db.engine)
    ids = (f"01900000-0000-7000-8000-{number:012x}" for number in count())
    try:
        for way in WAYS:
            authors, books = (backoffice.collections[name] for name in (way.authors, way.books))
            hand = by_hand(engine, authors.table, books.table, listener if way.listens else None)
            sides: tuple[tuple[sa.Engine, Callable[[str], None]], ...] = (
                (db.engine, lambda identifier, way=way: by_request(app, way.authors, identifier)),
                (engine, hand),
            )
            times: tuple[list[float], list[float]] = ([], [])
            statements = [0, 0]
            for number in range(-1, rounds):
                for which in (0, 1) if number % 2 else (1, 0):
                    author = next(ids)
                    fill(filler, authors.table, books.table, author, how_many, ids)
                    settle(filler)
                    heard = listener.heard
                    used, delete = sides[which]
                    if number < 0:  # the first of either side is not timed
                        statements[which] = counted(used, lambda delete=delete, author=author: delete(author))
                    else:
                        times[which].append(timed(lambda delete=delete, author=author: delete(author)))
                    if books.count() or listener.heard - heard != (how_many if way.listens else 0):
                        raise SystemExit(f"{way.name}: not all books are gone, or not all were told.")
            medians = [statistics.median(each) for each in times]
            yield Figures(db.engine.dialect.name, way.name, medians[0], medians[1], (statements[0], statements[1]))
    finally:
        filler.dispose()
        engine.dispose()
        db.metadata.drop_all(db.engine)
        db.dispose()


def by_request(app: Side, collection: str, identifier: str) -> None:
    """Delete an author by a request."""
    status, _ = app.call(make_environ("DELETE", f"/bench/{collection}/{identifier}"))
    if not status.startswith("200"):
        raise SystemExit(f"DELETE was answered {status}.")


def fill(engine: sa.Engine, authors: sa.Table, books: sa.Table, author: str, how_many: int, ids: Iterator[str]) -> None:
    """Insert an author and books."""
    with engine.begin() as connection:
        connection.execute(authors.insert(), {"_id": author, "name": "Ada"})
        for start in range(0, how_many, _CHUNK):
            rows = [
                {"_id": next(ids), "title": f"Volume {number}", "pages": 120, "published": _WHEN, "author": author}
                for number in range(start, min(start + _CHUNK, how_many))
            ]
            connection.execute(books.insert(), rows)


def timed(work: Callable[[], None]) -> float:
    """Return how many seconds it takes."""
    gc.collect()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def counted(engine: sa.Engine, work: Callable[[], None]) -> int:
    """Return how many statements it sends; beginning and ending a transaction is none."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        work()
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
    return len(sent)


def show(figures: Sequence[Figures], how_many: int) -> None:
    """Print a table."""
    table = Table(title=f"an author with {how_many:,} books deleted; median in ms", title_justify="left")
    for heading in ("database", "way"):
        table.add_column(heading)
    for heading in ("backo_sql", "by hand", "ratio", "statements"):
        table.add_column(heading, justify="right")
    for each in figures:
        table.add_row(
            each.database,
            each.way,
            f"{each.described * 1000:,.1f}",
            f"{each.by_hand * 1000:,.1f}",
            f"{each.described / each.by_hand:.2f}",
            f"{each.statements[0]} : {each.statements[1]}",
        )
    Console(width=None if sys.stdout.isatty() else 110).print(table)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.deletes", description="Time the deletion of an author with many books."
    )
    parser.add_argument("--books", type=int, default=10_000, help="of the author")
    parser.add_argument("--rounds", type=int, default=9, help="deletions of each side")
    parser.add_argument("--url", action="append", help="a database without tables of these names; may be repeated")
    parser.add_argument("--sqlite", action="store_true", help="only SQLite, in a file of its own")
    parser.add_argument("--postgres", action="store_true", help="only PostgreSQL, from a server of its own")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    parsed = parse(arguments)
    with databases(parsed) as prepare:
        show([each for make in prepare for each in measure(make(), parsed.books, parsed.rounds)], parsed.books)


if __name__ == "__main__":
    main()
