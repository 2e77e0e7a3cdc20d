"""Eight who link, move, steal and delete around the same few items: nothing fails, and what they leave fits together.

BACKO_TEST_SECONDS says for how long, on each database. Half of them send requests, half use Python. Besides, each adds
items of its own to lists that all share, and nobody takes them away again: whatever was answered with success must be
there in the end. With `-s` the numbers of all answers are shown.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from backo_sql import (
    BackoError,
    Backoffice,
    ConflictError,
    DBSQLConnector,
    DeleteStrategy,
    Item,
    NotFoundError,
    Ref,
    RefsList,
    String,
    ValidationError,
)
from tests.support import Open

SECONDS = float(os.environ.get("BACKO_TEST_SECONDS", "2"))
THREADS = 8

MUST_BE_EMPTY = DeleteStrategy.MUST_BE_EMPTY
DELETE = DeleteStrategy.DELETE_REFERENCED_ITEMS
UNLINK = DeleteStrategy.UNLINK_REFERENCED_ITEMS

#: each field and the one that faces it
FACING = {
    ("books", "author"): ("authors", "books"),
    ("books", "editor"): ("people", "edits"),
    ("books", "series"): ("series", "books"),
    ("books", "shelves"): ("shelves", "books"),
    ("books", "cover"): ("covers", "book"),
    ("clubs", "members"): ("people", "clubs"),
}


@pytest.fixture
def busy(open_backoffice: Open) -> Backoffice:
    return open_backoffice(
        authors=Item({"name": String(), "books": RefsList(coll="books", field="$.author", ods=DELETE)}),
        people=Item(
            {
                "name": String(),
                "edits": RefsList(coll="books", field="$.editor", ods=UNLINK),
                "clubs": RefsList(coll="clubs", field="$.members", ods=UNLINK),
            }
        ),
        series=Item({"name": String(), "books": RefsList(coll="books", field="$.series", ods=MUST_BE_EMPTY)}),
        shelves=Item({"name": String(), "books": RefsList(coll="books", field="$.shelves", ods=UNLINK)}),
        covers=Item({"name": String(), "book": Ref(coll="books", field="$.cover")}),
        clubs=Item({"name": String(), "members": RefsList(coll="people", field="$.clubs", required=True, ods=UNLINK)}),
        books=Item(
            {
                "name": String(),
                "author": Ref(coll="authors", field="$.books", required=True),
                "editor": Ref(coll="people", field="$.edits"),
                "series": Ref(coll="series", field="$.books"),
                "shelves": RefsList(coll="shelves", field="$.books", ods=UNLINK),
                "cover": Ref(coll="covers", field="$.book"),
            }
        ),
    )


class Shared:
    """The ids of the items that all fight for; what was deleted is replaced."""

    def __init__(self, backoffice: Backoffice) -> None:
        self._lock = threading.Lock()
        self.ids: dict[str, list[str]] = {}
        make = backoffice.collections
        for name, count in {"authors": 3, "people": 3, "series": 2, "shelves": 3, "covers": 3}.items():
            self.ids[name] = [make[name].create({"name": name})._id for _ in range(count)]
        self.ids["books"] = [make["books"].create({"author": self.ids["authors"][0]})._id for _ in range(5)]
        self.ids["clubs"] = [make["clubs"].create({"members": self.ids["people"][:1]})._id for _ in range(2)]

    def some(self, choose: random.Random, collection: str, most: int = 3) -> list[str]:
        with self._lock:
            return choose.sample(self.ids[collection], choose.randint(0, min(most, len(self.ids[collection]))))

    def one(self, choose: random.Random, collection: str) -> str:
        with self._lock:
            return choose.choice(self.ids[collection])

    def replace(self, collection: str, old: str, new: str) -> None:
        with self._lock:
            self.ids[collection] = [new if each == old else each for each in self.ids[collection]]


class ByRequests:
    """Does what it is told by requests."""

    def __init__(self, app: Flask) -> None:
        self._client: FlaskClient = app.test_client()

    def create(self, collection: str, values: dict[str, Any]) -> tuple[str, str | None]:
        answer = self._client.post(f"/app/{collection}", json=values)
        return str(answer.status_code), answer.get_json().get("_id")

    def change(self, collection: str, identifier: str, values: dict[str, Any]) -> str:
        return str(self._client.put(f"/app/{collection}/{identifier}", json=values).status_code)

    def add(self, collection: str, identifier: str, field: str, value: str) -> str:
        operation = {"op": "add", "path": f"$.{field}", "value": value}
        return str(self._client.patch(f"/app/{collection}/{identifier}", json=operation).status_code)

    def delete(self, collection: str, identifier: str) -> str:
        return str(self._client.delete(f"/app/{collection}/{identifier}").status_code)


class ByPython:
    """Does what it is told by the verbs of items."""

    def __init__(self, backoffice: Backoffice) -> None:
        self._collections = backoffice.collections

    def create(self, collection: str, values: dict[str, Any]) -> tuple[str, str | None]:
        made: list[str] = []
        outcome = self._try(lambda: made.append(self._collections[collection].create(values)._id))
        return outcome, made[0] if made else None

    def change(self, collection: str, identifier: str, values: dict[str, Any]) -> str:
        def work() -> None:
            item = self._collections[collection].get_by_id(identifier)
            item.set(values)
            item.save()

        return self._try(work)

    def add(self, collection: str, identifier: str, field: str, value: str) -> str:
        def work() -> None:
            item = self._collections[collection].get_by_id(identifier)
            getattr(item, field).append(value)
            item.save()

        return self._try(work)

    def delete(self, collection: str, identifier: str) -> str:
        return self._try(lambda: self._collections[collection].get_by_id(identifier).delete())

    @staticmethod
    def _try(work: Callable[[], Any]) -> str:
        try:
            work()
        except (ValidationError, NotFoundError, ConflictError) as error:
            return type(error).__name__
        except BackoError as error:
            return f"FAILED {error!r}"
        return "done"


DONE = {"200", "201", "done"}
FINE = DONE | {"400", "404", "409", "ValidationError", "ConstraintError"}
FINE |= {"NotFoundError", "ConflictError", "NotEmptyError", "InterruptedWriteError"}

#: an item that stays, and a field of it that all add to
Place = tuple[str, str, str]


class Worker:
    """One of those who write at once."""

    def __init__(self, number: int, hands: ByRequests | ByPython, shared: Shared, stays: dict[str, str]) -> None:
        self._choose = random.Random(number)
        self._hands = hands
        self._shared = shared
        self._stays = stays
        self.answers: Counter[str] = Counter()
        #: what was answered with success: the id of an own item, and what it must be linked to in the end
        self.kept: list[tuple[str, Place]] = []

    def run(self, until: float) -> None:
        while time.monotonic() < until:
            act = self._choose.choice([self.link, self.link, self.link, self.link, self.renew, self.keep])
            for outcome in act():
                self.answers[outcome] += 1

    def link(self) -> list[str]:
        """Change one side of a link between items that all share: attach, move, steal, detach."""
        near, far = self._choose.choice(list(FACING.items()))
        if self._choose.random() < 0.5:
            near, far = far, near
        (collection, field), (other, _) = near, far
        target = self._shared.one(self._choose, collection)
        is_list = field in ("books", "edits", "clubs", "shelves", "members")
        value = self._shared.some(self._choose, other) if is_list else self._shared.one(self._choose, other)
        if not is_list and field != "author" and self._choose.random() < 0.2:
            value = None  # type: ignore[assignment]
        return [self._hands.change(collection, target, {field: value, "name": f"n{self._choose.random()}"})]

    def renew(self) -> list[str]:
        """Delete an item that all share, as its strategies say, and make another."""
        collection = self._choose.choice(list(self._shared.ids))
        if collection == "authors" and self._choose.random() < 0.7:
            return []  # they take their books along: the others would find none
        target = self._shared.one(self._choose, collection)
        outcomes = [self._hands.delete(collection, target)]
        if outcomes[0] not in DONE | {"404", "NotFoundError"}:  # somebody else may have done it, or a cascade
            return outcomes
        links = {
            "books": lambda: {
                "author": self._shared.one(self._choose, "authors"),
                "shelves": self._shared.some(self._choose, "shelves"),
                "cover": self._shared.one(self._choose, "covers"),
            },
            "clubs": lambda: {"members": [self._shared.one(self._choose, "people")]},
            "people": lambda: {"edits": self._shared.some(self._choose, "books")},
            "authors": lambda: {"books": self._shared.some(self._choose, "books", 1)},
        }
        outcome, made = self._hands.create(collection, {"name": "new", **links.get(collection, dict)()})
        if made is not None:
            self._shared.replace(collection, target, made)
        return [*outcomes, outcome]

    def keep(self) -> list[str]:
        """Make a book of one's own, and link it to items that stay, from either side."""
        outcome, book = self._hands.create("books", {"name": "own", "author": self._stays["authors"]})
        outcomes = [outcome]
        if book is None:
            return outcomes
        self.kept.append((book, ("books", "author", self._stays["authors"])))
        for field, (collection, facing) in {"shelves": ("shelves", "books"), "editor": ("people", "edits")}.items():
            stays = self._stays[collection]
            if self._choose.random() < 0.5:
                outcome = self._hands.add(collection, stays, facing, book)
            else:
                outcome = self._hands.change("books", book, {field: [stays] if field == "shelves" else stays})
            outcomes.append(outcome)
            if outcome in DONE:
                self.kept.append((book, ("books", field, stays)))
        return outcomes


def test_who_links_moves_steals_and_deletes_at_once(busy: Backoffice, db: DBSQLConnector) -> None:
    app = Flask("host")
    busy.build_routes(app)
    shared = Shared(busy)
    stays = {name: busy.collections[name].create({"name": "stays"})._id for name in ("authors", "shelves", "people")}
    hands = [ByRequests(app) if number % 2 else ByPython(busy) for number in range(THREADS)]
    workers = [Worker(number, each, shared, stays) for number, each in enumerate(hands)]
    broken_off: Counter[str] = Counter()

    @sa.event.listens_for(db.engine, "handle_error")
    def note(context: Any) -> None:
        broken_off[getattr(context.original_exception, "sqlstate", type(context.original_exception).__name__)] += 1

    until = time.monotonic() + SECONDS
    with ThreadPoolExecutor(THREADS) as pool:
        for each in [pool.submit(worker.run, until) for worker in workers]:
            each.result(timeout=SECONDS + 120)
    answers = sum((worker.answers for worker in workers), Counter[str]())
    kept = [each for worker in workers for each in worker.kept]
    print(f"\n{db.engine.dialect.name}: {dict(sorted(answers.items()))}, links to be kept: {len(kept)}")
    print(f"    refused by the database, most of it done again: {dict(broken_off)}")
    assert set(answers) <= FINE
    assert sum(answers[each] for each in DONE) > 20
    check_kept(busy, db, kept)
    check_sides(busy)
    check_tables(db)
    assert db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]


def check_kept(backoffice: Backoffice, db: DBSQLConnector, kept: list[tuple[str, Place]]) -> None:
    """Nothing is lost: each link that was answered with success is there, in the tables and on either side."""
    books, links = backoffice.books.table, db.metadata.tables["books__shelves"]
    with db.engine.connect() as connection:
        rows = {row["_id"]: row for row in connection.execute(sa.select(books)).mappings()}
        stand = {tuple(row) for row in connection.execute(sa.select(links.c.owner_id, links.c.target_id))}
    for book, (_, field, target) in kept:
        assert (book, target) in stand if field == "shelves" else rows[book][field] == target
    for collection, field in (("shelves", "books"), ("people", "edits"), ("authors", "books")):
        for target in {place[2] for _, place in kept if FACING[place[:2]] == (collection, field)}:
            there = list(getattr(backoffice.collections[collection].get_by_id(target), field))
            assert len(there) == len(set(there))
            expected = {book for book, place in kept if place[2] == target and FACING[place[:2]] == (collection, field)}
            assert set(there) >= expected


def check_sides(backoffice: Backoffice) -> None:
    """Both sides of every link say the same."""

    def pairs(collection: str, field: str) -> set[tuple[str, str]]:
        found: set[tuple[str, str]] = set()
        for item in backoffice.collections[collection].select():
            value = getattr(item, field)
            found |= {(item._id, each) for each in ([value] if isinstance(value, str) else value or [])}
        return found

    for near, far in FACING.items():
        assert pairs(*near) == {(one, other) for other, one in pairs(*far)}


def check_tables(db: DBSQLConnector) -> None:
    """No reference leads nowhere, nothing required is missing, and what is one to one is."""
    tables = db.metadata.tables
    with db.engine.connect() as connection:
        for table in tables.values():
            for key in table.foreign_keys:
                target = key.column.table.alias()
                there = sa.select(target.c["_id"]).where(target.c["_id"] == key.parent).exists()
                lost = sa.select(sa.func.count()).select_from(table).where(key.parent.is_not(None), ~there)
                assert connection.scalar(lost) == 0, f"{table.name}.{key.parent.name}"
        books, covers, clubs = tables["books"], tables["covers"], tables["clubs"]
        assert connection.scalar(sa.select(sa.func.count()).where(books.c.author.is_(None))) == 0
        holder = books.c.cover if "cover" in books.c else covers.c.book
        doubled = sa.select(holder).where(holder.is_not(None)).group_by(holder).having(sa.func.count() > 1)
        assert connection.execute(doubled).all() == []
        members = tables["clubs__members"]
        empty = sa.select(clubs.c["_id"]).where(clubs.c["_id"].not_in(sa.select(members.c.owner_id)))
        assert connection.execute(empty).all() == []
