"""Whoever goes past the library with plain SQL is refused by the database itself."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import pytest
import sqlalchemy as sa

from backo_sql import (
    Backoffice,
    Bool,
    ConflictError,
    Datetime,
    DBSQLConnector,
    DeleteStrategy,
    Dict,
    Float,
    Int,
    Item,
    Ref,
    RefsList,
    String,
    ValidationError,
)
from tests.support import Connect, Open, all_rows, row_counts


def insert(db: DBSQLConnector, table: str, **values: Any) -> None:
    """Insert a row with plain SQL, in a transaction of its own: what is deferred is checked at its end."""
    columns = ", ".join(f'"{name}"' for name in values)
    parameters = ", ".join(f":{name}" for name in values)
    with db.engine.begin() as connection:
        connection.execute(sa.text(f'INSERT INTO "{table}" ({columns}) VALUES ({parameters})'), values)


@pytest.fixture
def filled(library: Backoffice, db: DBSQLConnector) -> Backoffice:
    """A library with an author, a book, a reader and two shelves, inserted with plain SQL."""
    insert(db, "authors", _id="a1", name="Ada")
    insert(db, "readers", _id="r1", name="Rosa")
    insert(db, "shelves", _id="s1", label="one")
    insert(db, "shelves", _id="s2", label="two", parent="s1")
    insert(db, "books", _id="b1", title="Notes", author="a1", isbn="1", pages=5, genre="novel", loan__reader="r1")
    insert(db, "books__shelves", owner_id="b1", target_id="s1", owner_position=1, target_position=1)
    return library


def test_what_plain_sql_inserted_is_served(filled: Backoffice) -> None:
    book = filled.books.get_by_id("b1")
    assert (book.title, book.author, book.loan.reader, list(book.shelves)) == ("Notes", "a1", "r1", ["s1"])
    assert list(filled.authors.get_by_id("a1").books) == ["b1"]
    assert list(filled.shelves.get_by_id("s1").inside) == ["s2"]


#: what makes a row of books wrong
WRONG_ROWS: dict[str, dict[str, Any]] = {
    "an id that is taken": {"_id": "b1"},
    "a duplicate": {"isbn": "1"},
    "a null in a text": {"title": None},
    "a null in a reference": {"author": None},
    "a null for an id": {"_id": None},
    "a null for a version": {"_version": None},
    "a dangling reference": {"author": "nobody"},
    "a dangling reference in a Dict": {"loan__reader": "nobody"},
    "a number below its range": {"pages": 0},
    "a number above its range": {"pages": 10_001},
    "a real number below its range": {"price": -0.01},
    "a value that is no choice": {"genre": "thriller"},
    "an empty text that is no choice": {"genre": ""},
    "a text that is too long": {"title": "x" * 201},
}


def test_a_wrong_row_is_refused(filled: Backoffice, db: DBSQLConnector) -> None:
    before = all_rows(db)
    for what, values in WRONG_ROWS.items():
        row = {"_id": "b2", "title": "More", "author": "a1"} | values
        with pytest.raises(sa.exc.DBAPIError):
            insert(db, "books", **row)
        assert all_rows(db) == before, what


def test_a_row_at_the_edge_of_the_rules_is_taken(filled: Backoffice, db: DBSQLConnector) -> None:
    edges: list[dict[str, Any]] = [{"pages": 1}, {"pages": 10_000}, {"price": 0}, {"title": "é" * 200}, {"pages": None}]
    for number, values in enumerate(edges):
        insert(db, "books", **{"_id": f"edge{number}", "title": "More", "author": "a1"} | values)
    assert filled.books.count() == 1 + len(edges)


def test_a_truth_that_is_neither_true_nor_false_is_refused(filled: Backoffice, db: DBSQLConnector) -> None:
    with pytest.raises(sa.exc.DBAPIError), db.engine.begin() as connection:
        connection.execute(sa.text("UPDATE books SET in_print = 2"))


def test_a_wrong_link_of_many_to_many_is_refused(filled: Backoffice, db: DBSQLConnector) -> None:
    before = row_counts(db)
    for what, owner, target in (
        ("a link that is there", "b1", "s1"),
        ("a dangling target", "b1", "nowhere"),
        ("a dangling owner", "nobody", "s2"),
        ("no owner", None, "s2"),
    ):
        with pytest.raises(sa.exc.IntegrityError):
            insert(db, "books__shelves", owner_id=owner, target_id=target, owner_position=2, target_position=2)
        assert row_counts(db) == before, what


def test_instants_outside_their_range_are_refused(open_backoffice: Open, db: DBSQLConnector) -> None:
    backoffice = open_backoffice(things=Item({"at": Datetime(min="2000-01-01", max="2031-05-17T09:30:00.5Z")}))
    table = backoffice.things.table
    for text in ("1999-12-31T23:59:59.999999Z", "2031-05-17T09:30:00.500001Z"):
        with pytest.raises(ValidationError):
            backoffice.things.create({"at": text})
    for text in ("2000-01-01T00:00:00Z", "2031-05-17T09:30:00.500000Z"):
        backoffice.things.create({"at": text})
    least, most = sorted(each.at for each in backoffice.things.select())
    before = all_rows(db)
    for value in (least.replace(year=1999), most.replace(microsecond=500_001)):
        with pytest.raises(sa.exc.IntegrityError), db.engine.begin() as connection:
            connection.execute(table.insert().values(_id="x", at=value))
    assert all_rows(db) == before


def test_two_holders_of_one_partner_are_refused(open_backoffice: Open, db: DBSQLConnector) -> None:
    open_backoffice(
        humans=Item({"totem": Ref(coll="animals", field="$.human")}),
        animals=Item({"human": Ref(coll="humans", field="$.totem")}),
    )
    insert(db, "humans", _id="h1")
    insert(db, "animals", _id="a1", human="h1")
    with pytest.raises(sa.exc.IntegrityError):
        insert(db, "animals", _id="a2", human="h1")
    insert(db, "animals", _id="a3", human=None)
    insert(db, "animals", _id="a4", human=None)
    assert row_counts(db) == {"animals": 3, "humans": 1}


def test_any_number_of_nulls_are_unique(filled: Backoffice, db: DBSQLConnector) -> None:
    for number in range(3):
        insert(db, "books", _id=f"null{number}", title="More", author="a1", isbn=None)
    assert filled.books.count({"isbn": None}) == 3


def test_a_delete_by_hand_obeys_the_strategies(filled: Backoffice, db: DBSQLConnector) -> None:
    def delete(table: str, identifier: str) -> None:
        with db.engine.begin() as connection:
            connection.execute(sa.text(f"DELETE FROM {table} WHERE _id = :id"), {"id": identifier})

    with pytest.raises(sa.exc.IntegrityError):
        delete("authors", "a1")
    delete("readers", "r1")
    assert filled.books.get_by_id("b1").loan.reader is None
    delete("shelves", "s1")
    assert row_counts(db) == {"authors": 1, "books": 1, "books__shelves": 0, "readers": 0, "shelves": 0}


def test_the_order_of_inserts_within_a_transaction_is_free(library: Backoffice, db: DBSQLConnector) -> None:
    with db.engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO books (_id, title, author) VALUES ('b', 'Notes', 'a')"))
        connection.execute(sa.text("INSERT INTO authors (_id, name) VALUES ('a', 'Ada')"))
    assert library.books.get_by_id("b").author == "a"


# -- what the database refuses is told in the words of the description -----------------------------


def test_a_duplicate_is_a_conflict_that_names_the_field(library: Backoffice) -> None:
    library.shelves.create({"label": "one"})
    with pytest.raises(ConflictError) as refused:
        library.shelves.create({"label": "one"})
    assert list(refused.value.messages) == ["$.label"]


def test_a_duplicate_of_several_fields_names_them_all(open_backoffice: Open) -> None:
    fields = {"a": String(), "b": Dict({"c": Int()})}
    backoffice = open_backoffice(things=Item(fields, unique=[("a", "b.c")]))
    backoffice.things.create({"a": "x", "b": {"c": 1}})
    backoffice.things.create({"a": "x", "b": {"c": 2}})
    with pytest.raises(ConflictError) as refused:
        backoffice.things.create({"a": "x", "b": {"c": 1}})
    assert set(refused.value.messages) == {"$.a", "$.b.c"}
    assert backoffice.things.count() == 2


def test_what_the_driver_said_is_the_cause_and_not_the_message(library: Backoffice) -> None:
    library.shelves.create({"label": "a secret"})
    with pytest.raises(ConflictError) as refused:
        library.shelves.create({"label": "a secret"})
    assert isinstance(refused.value.__cause__, sa.exc.IntegrityError)
    assert "a secret" not in str(refused.value)
    assert "INSERT" not in str(refused.value)


def test_a_race_that_python_can_not_see_ends_in_a_conflict(library: Backoffice, db: DBSQLConnector) -> None:
    """Between the check that the author is there and the commit, somebody deletes it."""
    author = library.authors.create({"name": "Ada"})
    deleted: list[bool] = []

    def delete_author(connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("INSERT INTO books") and not deleted:
            deleted.append(True)
            connection.execute(library.authors.table.delete())

    sa.event.listen(db.engine, "before_cursor_execute", delete_author)
    with pytest.raises(ConflictError):
        library.books.create({"title": "Notes", "author": author._id})
    assert deleted == [True]
    assert (library.authors.count(), library.books.count()) == (1, 0)


# -- every connection of SQLite -------------------------------------------------------------------


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_connection_to_sqlite_checks_keys_logs_ahead_and_waits(connect: Connect) -> None:
    db = connect(pool_size=3, max_overflow=2)
    with ExitStack() as stack:
        for _ in range(5):
            connection = stack.enter_context(db.engine.connect())
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
            assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() >= 1000


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_database_in_memory_checks_keys_too(tmp_path: Any, database_url: str) -> None:
    db = DBSQLConnector("sqlite://")
    with db.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    db.dispose()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_every_connection_to_postgresql_speaks_utc(db: DBSQLConnector) -> None:
    with db.engine.connect() as connection:
        assert connection.execute(sa.text("SHOW TIME ZONE")).scalar() == "UTC"


def test_a_link_to_many_of_a_range_of_types_is_refused_alike(open_backoffice: Open, db: DBSQLConnector) -> None:
    """The rules of every type stand in the database, in a Dict too."""
    unlink = DeleteStrategy.UNLINK_REFERENCED_ITEMS
    open_backoffice(
        boxes=Item({"things": RefsList(coll="things", field="$.in.box", ods=unlink)}),
        things=Item(
            {
                "in": Dict({"box": Ref(coll="boxes", field="$.things"), "place": Int(min=0, max=9)}),
                "weight": Float(enum=[0.5, 1.5]),
                "open": Bool(required=True),
                "code": String(max_length=3, required=True),
            }
        ),
    )
    right = {"_id": "t", "open": True, "code": "abc", "weight": 0.5, "in__place": 9}
    for wrong in ({"in__place": 10}, {"weight": 1.0}, {"open": None}, {"code": "abcd"}, {"in__box": "none"}):
        with pytest.raises(sa.exc.DBAPIError):
            insert(db, "things", **right | wrong)
    insert(db, "things", **right)
    assert row_counts(db) == {"boxes": 0, "things": 1}
