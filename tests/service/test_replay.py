"""Two writers that wait for each other: the database breaks one off, and what it did is done again, on every road."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from backo_sql import (
    Backoffice,
    BusyError,
    ConflictError,
    DBError,
    DBSQLConnector,
    Int,
    InterruptedWriteError,
    Item,
    Ref,
    String,
)
from backo_sql.service import replay
from tests.support import Connect, Open, client_of, describe, problem

on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def meeting(open_backoffice: Open) -> tuple[Backoffice, threading.Barrier]:
    """Pairs of items, each of which changes the other when it is written; at the first try both wait for each other."""
    both_hold_their_own = threading.Barrier(2, timeout=10)
    asked: dict[int, str] = {}
    met: set[str] = set()

    def change_the_other(event: str, root: Any, me: Any) -> None:
        if asked.setdefault(threading.get_ident(), me.name) != me.name:
            return
        if me.name not in met:
            met.add(me.name)
            both_hold_their_own.wait()
        partner = backoffice.things.select_one({"name": me.other})
        if partner is not None:
            partner.n += 1
            partner.save()

    backoffice = open_backoffice(
        things=Item(
            {"name": String(unique=True), "n": Int(default=0), "other": String()},
            on=[(event, change_the_other) for event in ("created", "saved", "before_delete")],
        )
    )
    return backoffice, both_hold_their_own


def at_once(*works: Callable[[], Any]) -> list[Exception]:
    """Do two pieces of work in threads of their own; return what they raised."""
    raised: list[Exception] = []

    def run(work: Callable[[], Any]) -> None:
        try:
            work()
        except Exception as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return raised


@contextmanager
def pairs(backoffice: Backoffice, db: DBSQLConnector) -> Iterator[tuple[Any, Any]]:
    """Two items that are there already, past the handlers."""
    table = backoffice.things.table
    with db.engine.begin() as connection:
        for name, other in (("a", "b"), ("b", "a")):
            connection.execute(table.insert(), {"_id": name, "name": name, "other": other, "n": 0})
    yield backoffice.things.get_by_id("a"), backoffice.things.get_by_id("b")


@on_postgresql
def test_a_save_in_python_that_a_deadlock_broke_off_is_done_again(
    meeting: tuple[Backoffice, threading.Barrier], db: DBSQLConnector
) -> None:
    backoffice, _ = meeting
    with pairs(backoffice, db) as (one, two):
        one.n, two.n = 10, 20
        assert [type(error) for error in at_once(one.save, two.save)] in ([], [ConflictError])
        # Whoever came first changed the other, so that the second was stale: told, and not written over.
        assert max(item.n for item in backoffice.things.select()) >= 10


@on_postgresql
def test_a_delete_in_python_that_a_deadlock_broke_off_is_done_again(
    meeting: tuple[Backoffice, threading.Barrier], db: DBSQLConnector
) -> None:
    backoffice, _ = meeting
    with pairs(backoffice, db) as (one, two):
        assert at_once(one.delete, two.delete) == []
    assert backoffice.things.count() == 0
    assert (repr(one._status), repr(two._status)) == ("UNSET", "UNSET")


@on_postgresql
def test_in_a_transaction_the_error_says_to_run_all_of_it_again(
    meeting: tuple[Backoffice, threading.Barrier], db: DBSQLConnector
) -> None:
    backoffice, _ = meeting
    tries: list[str] = []

    def delete(item: Any) -> None:
        def block() -> None:
            with backoffice.transaction():
                tries.append(item.name)
                item.delete()

        for _ in range(10):
            try:
                return block()
            except InterruptedWriteError as error:
                assert "run the whole block again" in str(error)
        return None

    with pairs(backoffice, db) as (one, two):
        assert at_once(lambda: delete(one), lambda: delete(two)) == []
    assert len(tries) > 2
    assert backoffice.things.count() == 0


@on_postgresql
@pytest.mark.parametrize("road", ["from the side that stores it", "from the other side"])
def test_who_takes_a_partner_that_somebody_takes_in_the_same_moment_has_them_in_the_end(
    open_backoffice: Open, db: DBSQLConnector, road: str
) -> None:
    backoffice = open_backoffice(
        desks=Item({"pupil": Ref(coll="pupils", field="$.desk")}),
        pupils=Item({"desk": Ref(coll="desks", field="$.pupil", owner=True)}),
    )
    desk, mine, quick = backoffice.desks.create({}), backoffice.pupils.create({}), backoffice.pupils.create({})
    pupils = backoffice.pupils.table
    came: list[str] = []

    def come_first(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("UPDATE pupils") and not came:
            came.append(quick._id)
            with db.engine.begin() as connection:
                connection.execute(sa.update(pupils).where(pupils.c["_id"] == quick._id).values(desk=desk._id))

    sa.event.listen(db.engine, "before_cursor_execute", come_first)
    try:
        if road == "from the other side":
            desk.pupil = mine
            desk.save()
        else:
            mine.desk = desk
            mine.save()
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", come_first)
    assert came == [quick._id]
    assert backoffice.desks.get_by_id(desk._id).pupil == mine._id
    assert backoffice.pupils.get_by_id(quick._id).desk is None


class Broken:
    """Raises what a database that breaks off a write leads to, some times."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.calls = 0

    def __call__(self, event: str, root: Any, me: Any) -> None:
        self.calls += 1
        if self.calls <= self.times:
            raise InterruptedWriteError("Somebody else is changing the same items. Ask again.")


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "PAUSE", 0)


@pytest.mark.parametrize("verb", ["create", "save", "delete", "put", "patch", "http delete", "post"])
def test_every_verb_is_tried_five_times_and_leaves_no_trace_of_the_first(open_backoffice: Open, verb: str) -> None:
    broken = Broken(0)
    backoffice = open_backoffice(
        things=Item({"n": Int()}, on=[(event, broken) for event in ("created", "before_save", "before_delete")])
    )
    client = client_of(backoffice)

    def act() -> int:
        item = backoffice.things.create({"n": 0}) if verb not in ("create", "post") else None
        url = f"/app/things/{item._id}" if item is not None else "/app/things"
        broken.times, broken.calls = times, 0
        match verb:
            case "create":
                backoffice.things.create({"n": 1})
            case "save":
                item.n = 1  # type: ignore[union-attr]
                item.save()  # type: ignore[union-attr]
            case "delete":
                item.delete()  # type: ignore[union-attr]
            case "put":
                return client.put(url, json={"n": 1}).status_code
            case "patch":
                return client.patch(url, json={"op": "replace", "path": "$.n", "value": 1}).status_code
            case "http delete":
                return client.delete(url).status_code
            case "post":
                return client.post(url, json={"n": 1}).status_code
        return 200

    times = replay.TRIES - 1
    assert act() in (200, 201)
    assert broken.calls == replay.TRIES
    broken.times = 0
    assert backoffice.things.count() == (0 if "delete" in verb else 1)
    times = replay.TRIES + 10
    try:
        status = act()
    except InterruptedWriteError:
        status = 409
    assert status == 409
    assert broken.calls == replay.TRIES


def test_what_is_inside_something_larger_is_not_tried_alone(open_backoffice: Open) -> None:
    """The verbs of handlers are done again with the verb that they belong to: five times, not five times five."""
    inner = Broken(1000)
    backoffice = open_backoffice(
        notes=Item({"n": Int()}, on=[("created", inner)]),
        things=Item({"n": Int()}, on=[("created", lambda event, root, me: backoffice.notes.create({"n": 1}))]),
    )
    with pytest.raises(InterruptedWriteError):
        backoffice.things.create({"n": 1})
    assert inner.calls == replay.TRIES
    inner.calls = 0
    with pytest.raises(InterruptedWriteError, match="whole block"), backoffice.transaction():
        backoffice.notes.create({"n": 1})
    assert inner.calls == 1
    assert (backoffice.things.count(), backoffice.notes.count()) == (0, 0)


def test_what_fails_after_the_commit_is_not_done_twice(open_backoffice: Open) -> None:
    backoffice = open_backoffice(
        notes=Item({"n": Int()}, on=[("created", Broken(1000))]),
        things=Item({"n": Int()}, on=[("committed", lambda event, root, me: backoffice.notes.create({"n": 1}))]),
    )
    with pytest.raises(InterruptedWriteError):
        backoffice.things.create({"n": 1})
    assert backoffice.things.count() == 1
    with pytest.raises(InterruptedWriteError) as raised, backoffice.transaction():
        backoffice.things.create({"n": 2})
    assert "block" not in str(raised.value)
    assert backoffice.things.count() == 2


# -- a database that is busy -----------------------------------------------------------------------


@on_sqlite
def test_a_file_that_another_process_holds_is_a_503_and_nothing_is_lost(
    open_backoffice: Open, db: DBSQLConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backo_sql.storage.sql.engine.SQLITE_BUSY_TIMEOUT", 50)
    backoffice = open_backoffice(things=Item({"n": Int()}))
    client = client_of(backoffice)
    item = backoffice.things.create({"n": 1})
    db.engine.dispose()  # connections learn the timeout when they are made
    other = sqlite3.connect(str(db.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        for answer in (
            client.post("/app/things", json={"n": 2}),
            client.put(f"/app/things/{item._id}", json={"n": 2}),
            client.delete(f"/app/things/{item._id}"),
        ):
            assert "busy" in problem(answer, 503)["detail"]
            assert int(answer.headers["Retry-After"]) > 0
        assert client.get(f"/app/things/{item._id}").get_json()["n"] == 1  # who reads doesn't wait
        item.n = 3
        with pytest.raises(BusyError):
            item.save()
    finally:
        other.rollback()
        other.close()
    item.save()
    assert backoffice.things.get_by_id(item._id).n == 3


def test_a_pool_without_a_free_connection_is_a_503(connect: Connect) -> None:
    narrow = connect(pool_size=1, max_overflow=0, pool_timeout=0.05)
    backoffice = describe(narrow, things=Item({"n": Int()}))
    backoffice.create_all()
    client = client_of(backoffice)
    with narrow.engine.connect():
        problem(client.get("/app/things"), 503)
        problem(client.post("/app/things", json={"n": 1}), 503)
    assert client.post("/app/things", json={"n": 1}).status_code == 201


@on_postgresql
def test_a_lock_that_is_not_given_in_time_is_a_503(connect: Connect) -> None:
    db = connect(connect_args={"options": "-c lock_timeout=50"})
    backoffice = describe(db, things=Item({"n": Int()}))
    backoffice.create_all()
    item = backoffice.things.create({"n": 1})
    client = client_of(backoffice)
    with db.engine.begin() as connection:
        connection.execute(backoffice.things.table.update().values(n=2))
        problem(client.put(f"/app/things/{item._id}", json={"n": 3}), 503)
    assert client.put(f"/app/things/{item._id}", json={"n": 3}).status_code == 200


def test_busy_is_a_failure_of_the_database_and_interrupted_a_conflict() -> None:
    assert issubclass(BusyError, DBError)
    assert issubclass(InterruptedWriteError, ConflictError)
