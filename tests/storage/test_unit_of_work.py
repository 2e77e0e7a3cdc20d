"""A unit of work is one connection and one transaction: all of it is kept, or nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa

from backo_sql import (
    Backoffice,
    ConflictError,
    ConstraintError,
    DBError,
    DBSQLConnector,
    Item,
    NotEmptyError,
    NotFoundError,
    Ref,
    RefsList,
    String,
    ValidationError,
)
from tests.support import Connect, Open, all_rows, checkouts, client_of, describe, library_items, row_counts


class OutageError(Exception):
    """What a program raises in the middle of its work."""


def one_to_one(open_backoffice: Open, *, required: bool = False) -> Backoffice:
    """Humans and their totems; the animal holds the link unless the human's is required."""
    return open_backoffice(
        humans=Item({"name": String(unique=True), "totem": Ref(coll="animals", field="$.human", required=required)}),
        animals=Item({"name": String(unique=True), "human": Ref(coll="humans", field="$.totem")}),
    )


# -- an error undoes everything --------------------------------------------------------------------


def test_a_create_whose_link_is_refused_leaves_nothing(library: Backoffice, db: DBSQLConnector) -> None:
    author = library.authors.create({"name": "Ada"})
    before = all_rows(db)
    with pytest.raises(ValidationError) as refused:
        library.books.create({"title": "Notes", "author": author._id, "shelves": ["nowhere"]})
    assert list(refused.value.messages) == ["$.shelves[0]"]
    assert all_rows(db) == before


def test_a_create_that_fails_after_stealing_gives_back_what_it_stole(open_backoffice: Open, db: DBSQLConnector) -> None:
    backoffice = one_to_one(open_backoffice)
    human = backoffice.humans.create({"name": "Ada"})
    backoffice.animals.create({"name": "owl", "human": human._id})
    before = all_rows(db)
    with pytest.raises(ConflictError):
        backoffice.animals.create({"name": "owl", "human": human._id})
    assert all_rows(db) == before


def test_a_change_whose_link_is_refused_changes_nothing(library: Backoffice, db: DBSQLConnector) -> None:
    author = library.authors.create({"name": "Ada"})
    book = library.books.create({"title": "Notes", "author": author._id})
    before = all_rows(db)
    author.reload()
    author.name = "Grace"
    author.books = []  # the book must have an author
    with pytest.raises(ConstraintError) as refused:
        author.save()
    assert list(refused.value.messages) == ["$.books"]
    assert all_rows(db) == before
    assert library.books.get_by_id(book._id).author == author._id


def test_a_refused_delete_deletes_nothing(library: Backoffice, db: DBSQLConnector) -> None:
    author = library.authors.create({"name": "Ada"})
    library.books.create({"title": "Notes", "author": author._id})
    before = all_rows(db)
    with pytest.raises(NotEmptyError):
        author.delete()
    assert all_rows(db) == before


def test_a_transaction_keeps_all_of_it(library: Backoffice) -> None:
    with library.transaction():
        author = library.authors.create({"name": "Ada"})
        book = library.books.create({"title": "Notes", "author": author._id})
        book.pages = 12
        book.save()
    assert library.books.get_by_id(book._id).pages == 12


def test_a_transaction_that_ends_in_an_exception_leaves_nothing(library: Backoffice, db: DBSQLConnector) -> None:
    kept = library.authors.create({"name": "Ada"})
    before = all_rows(db)

    def work() -> None:
        with library.transaction():
            author = library.authors.create({"name": "Grace"})
            library.books.create({"title": "Notes", "author": author._id})
            kept.name = "Changed"
            kept.save()
            library.shelves.create({"label": "one"}).delete()
            raise OutageError

    with pytest.raises(OutageError):
        work()
    assert all_rows(db) == before


def test_what_a_transaction_did_is_seen_within_it(library: Backoffice) -> None:
    with library.transaction():
        author = library.authors.create({"name": "Ada"})
        assert library.authors.count() == 1
        assert library.authors.get_by_id(author._id).name == "Ada"
        assert len(library.authors.select({"name": "Ada"})) == 1


def test_a_refused_create_leaves_nothing_in_a_transaction_that_goes_on(library: Backoffice) -> None:
    with library.transaction():
        library.shelves.create({"label": "one"})
        with pytest.raises(ConflictError):
            library.shelves.create({"label": "one"})
        library.shelves.create({"label": "two"})
    assert sorted(shelf.label for shelf in library.shelves.select()) == ["one", "two"]


def test_a_transaction_goes_on_when_its_first_create_is_refused(library: Backoffice) -> None:
    library.shelves.create({"label": "one"})
    with library.transaction():
        with pytest.raises(ConflictError):
            library.shelves.create({"label": "one"})
        library.shelves.create({"label": "two"})
    assert sorted(shelf.label for shelf in library.shelves.select()) == ["one", "two"]


def test_a_first_create_that_stole_and_is_refused_gives_back(open_backoffice: Open) -> None:
    backoffice = one_to_one(open_backoffice)
    human = backoffice.humans.create({"name": "Ada"})
    owl = backoffice.animals.create({"name": "owl", "human": human._id})
    with backoffice.transaction():
        with pytest.raises(ConflictError):
            backoffice.animals.create({"name": "owl", "human": human._id})
        backoffice.animals.create({"name": "fox"})
    assert backoffice.animals.get_by_id(owl._id).human == human._id
    assert backoffice.animals.count() == 2


def test_a_transaction_within_a_transaction_can_be_given_up_alone(library: Backoffice) -> None:
    def give_up() -> None:
        with library.transaction():
            library.authors.create({"name": "inner"})
            raise OutageError

    with library.transaction():
        library.authors.create({"name": "outer"})
        with pytest.raises(OutageError):
            give_up()
        library.authors.create({"name": "after"})
    assert [author.name for author in library.authors.select()] == ["outer", "after"]


def test_a_dangling_reference_made_by_hand_in_a_transaction_undoes_it_at_the_end(
    open_backoffice: Open, db: DBSQLConnector
) -> None:
    backoffice = open_backoffice(
        authors=Item({"name": String()}),
        books=Item({"author": Ref(coll="authors", required=True)}),
    )
    author = backoffice.authors.create({"name": "Ada"})
    before = all_rows(db)

    def delete_author(connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("INSERT INTO books"):
            connection.execute(backoffice.authors.table.delete())

    sa.event.listen(db.engine, "before_cursor_execute", delete_author)

    def work() -> None:
        with backoffice.transaction():
            backoffice.books.create({"author": author._id})
            backoffice.authors.create({"name": "Grace"})

    with pytest.raises(ConflictError):
        work()
    assert all_rows(db) == before


# -- one connection, given back --------------------------------------------------------------------


def test_every_verb_takes_one_connection(library: Backoffice, db: DBSQLConnector) -> None:
    author = library.authors.create({"name": "Ada"})
    shelf = library.shelves.create({"label": "one"})

    def taken(verb: Callable[[], Any]) -> int:
        with checkouts(db) as seen:
            verb()
        assert db.engine.pool.checkedout() == 0
        return len(seen)

    data = {"title": "Notes", "author": author._id, "shelves": [shelf._id]}
    assert taken(lambda: library.books.create(data)) == 1
    assert taken(lambda: library.authors.get_by_id(author._id)) == 1
    assert taken(lambda: library.books.select({"title": "Notes"})) == 1
    assert taken(library.books.count) == 1
    book = library.books.select_one()
    assert book is not None
    book.pages = 9
    assert taken(book.save) == 1
    assert taken(book.save) == 0  # nothing has changed
    assert taken(book.reload) == 1
    assert taken(book.delete) == 1


def test_every_request_takes_one_connection(library: Backoffice, db: DBSQLConnector) -> None:
    client = client_of(library)
    url = client.post("/app/authors", json={"name": "Ada"}).location
    for ask in (
        lambda: client.get("/app/authors"),
        lambda: client.get(url),
        lambda: client.put(url, json={"name": "Grace"}),
        lambda: client.patch(url, json={"op": "replace", "path": "$.name", "value": "Rosa"}),
        lambda: client.delete(url),
        lambda: client.post("/app/authors", json={"name": "Ada"}),
    ):
        with checkouts(db) as seen:
            assert ask().status_code in (200, 201)
        assert len(seen) == 1
        assert db.engine.pool.checkedout() == 0


def test_a_transaction_takes_one_connection(library: Backoffice, db: DBSQLConnector) -> None:
    with checkouts(db) as seen, library.transaction():
        for number in range(3):
            author = library.authors.create({"name": str(number)})
            library.authors.get_by_id(author._id)
        assert db.engine.pool.checkedout() == 1
    assert len(seen) == 1
    assert db.engine.pool.checkedout() == 0


def test_a_request_that_never_gets_to_the_database_takes_no_connection(library: Backoffice, db: DBSQLConnector) -> None:
    client = client_of(library)
    with checkouts(db) as seen:
        assert client.post("/app/authors", json={"name": 3}).status_code == 400
        assert client.get("/app/authors?nothing=1").status_code == 400
        assert client.get("/app/_meta").status_code == 200
    assert seen == []


def test_connections_come_back_after_every_kind_of_error(library: Backoffice, db: DBSQLConnector) -> None:
    library.shelves.create({"label": "one"})
    author = library.authors.create({"name": "Ada"})
    library.books.create({"title": "Notes", "author": author._id})
    stale = library.authors.get_by_id(author._id)
    author.reload()
    author.name = "Grace"
    author.save()
    stale.name = "Rosa"

    def interrupted() -> None:
        with library.transaction():
            library.authors.create({"name": "nobody"})
            raise OutageError

    for verb, error in (
        (lambda: library.shelves.create({"label": "one"}), ConflictError),
        (lambda: library.books.create({"title": "x", "author": "nobody"}), ValidationError),
        (lambda: library.authors.get_by_id("nobody"), NotFoundError),
        (author.delete, NotEmptyError),
        (stale.save, ConflictError),
        (interrupted, OutageError),
    ):
        for _ in range(8):  # more than the pool holds
            with pytest.raises(error):
                verb()
        assert db.engine.pool.checkedout() == 0
    assert library.authors.count() == 1


def test_a_connection_that_comes_back_has_nothing_open(connect: Connect) -> None:
    db = connect(pool_size=1, max_overflow=0)
    library = describe(db, **library_items())
    library.create_all()

    def work() -> None:
        with library.transaction():
            library.authors.create({"name": "nobody"})
            raise OutageError

    with pytest.raises(OutageError):
        work()
    with db.engine.connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM authors")).scalar() == 0
    library.authors.create({"name": "Ada"})
    assert library.authors.count() == 1


def test_a_pool_that_has_no_connection_left_says_so(connect: Connect) -> None:
    db = connect(pool_size=1, max_overflow=0, pool_timeout=0.05)
    library = describe(db, **library_items())
    library.create_all()
    with db.engine.connect(), pytest.raises(DBError, match="connection"):
        library.authors.count()
    assert library.authors.count() == 0


# -- several at once -------------------------------------------------------------------------------


def test_a_thread_sees_nothing_of_the_transaction_of_another_before_its_end(library: Backoffice) -> None:
    written, looked = threading.Event(), threading.Event()

    def write() -> None:
        with library.transaction():
            library.authors.create({"name": "Ada"})
            written.set()
            assert looked.wait(10)

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        assert written.wait(10)
        try:
            assert library.authors.count() == 0
        finally:
            looked.set()
        writing.result(timeout=10)
    assert library.authors.count() == 1


def test_an_error_in_one_thread_undoes_nothing_of_another(library: Backoffice) -> None:
    both = threading.Barrier(2, timeout=10)

    def write(name: str, *, fail: bool) -> None:
        both.wait()
        with library.transaction():
            for number in range(5):
                library.authors.create({"name": f"{name}{number}"})
            if fail:
                raise OutageError

    with ThreadPoolExecutor(2) as pool:
        good, bad = pool.submit(write, "good", fail=False), pool.submit(write, "bad", fail=True)
        good.result(timeout=20)
        with pytest.raises(OutageError):
            bad.result(timeout=20)
    assert sorted(author.name for author in library.authors.select()) == [f"good{number}" for number in range(5)]


def test_many_threads_write_without_losing_anything(library: Backoffice, db: DBSQLConnector) -> None:
    shelf = library.shelves.create({"label": "one"})
    author = library.authors.create({"name": "Ada"})

    def write(number: int) -> None:
        for turn in range(4):
            data = {"title": f"{number}-{turn}", "author": author._id, "shelves": [shelf._id]}
            library.books.create(data)

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(write, number) for number in range(4)]:
            done.result(timeout=30)
    assert len(library.shelves.get_by_id(shelf._id).books) == 16
    assert len(library.authors.get_by_id(author._id).books) == 16
    assert row_counts(db)["books__shelves"] == 16
    assert db.engine.pool.checkedout() == 0


def test_of_two_who_change_one_item_the_second_is_told(library: Backoffice) -> None:
    author = library.authors.create({"name": "Ada"})
    mine, theirs = library.authors.get_by_id(author._id), library.authors.get_by_id(author._id)
    mine.name, theirs.name = "mine", "theirs"
    mine.save()
    with pytest.raises(ConflictError):
        theirs.save()
    assert library.authors.get_by_id(author._id).name == "mine"
    theirs.reload()
    theirs.name = "theirs"
    theirs.save()
    assert library.authors.get_by_id(author._id).name == "theirs"


def test_two_who_add_to_one_list_both_succeed(library: Backoffice) -> None:
    author = library.authors.create({"name": "Ada"})
    first, second = (library.books.create({"title": title, "author": author._id}) for title in "ab")
    shelf = library.shelves.create({"label": "one"})
    mine, theirs = library.shelves.get_by_id(shelf._id), library.shelves.get_by_id(shelf._id)
    mine.books.append(first._id)
    theirs.books.append(second._id)
    mine.save()
    theirs.save()
    assert list(library.shelves.get_by_id(shelf._id).books) == [first._id, second._id]


def test_an_item_that_somebody_deleted_can_not_be_saved(library: Backoffice) -> None:
    author = library.authors.create({"name": "Ada"})
    library.authors.get_by_id(author._id).delete()
    author.name = "Grace"
    with pytest.raises(NotFoundError):
        author.save()
    assert library.authors.count() == 0


def test_two_threads_freeze_a_backoffice_once(connect: Connect) -> None:
    library = describe(connect(), **library_items())
    both = threading.Barrier(4, timeout=10)

    def use() -> Any:
        both.wait()
        return library.books.table

    with ThreadPoolExecutor(4) as pool:
        tables = [each.result(timeout=20) for each in [pool.submit(use) for _ in range(4)]]
    assert len(set(map(id, tables))) == 1


def test_a_database_in_memory_serves_several_threads() -> None:
    db = DBSQLConnector("sqlite://")
    backoffice = describe(db, things=Item({"name": String(), "others": RefsList(coll="things")}))
    backoffice.create_all()

    def write(number: int) -> None:
        backoffice.things.create({"name": str(number)})

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(write, number) for number in range(12)]:
            done.result(timeout=20)
    assert backoffice.things.count() == 12
    db.dispose()
