"""What the tests share: a small library, connectors that are closed at the end, a client, a counter of statements."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from backo_sql import (
    Backoffice,
    Bool,
    Collection,
    Datetime,
    DBSQLConnector,
    DeleteStrategy,
    Dict,
    Float,
    Int,
    Item,
    List,
    Ref,
    RefsList,
    String,
)

#: Opens a connector on the database of the test.
Connect: TypeAlias = Callable[..., DBSQLConnector]

#: Makes the tables of some collections, each an `Item` under its name.
Open: TypeAlias = Callable[..., Backoffice]

#: Runs a test on one of the databases: for what none of them has a say in.
on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

#: What only opens and closes transactions is no statement that a request is charged with.
TRANSACTION_CONTROL = {"BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE"}


@pytest.fixture
def connect(database_url: str) -> Iterator[Connect]:
    """Connectors whose connections are closed when the test ends."""
    opened: list[DBSQLConnector] = []

    def connect(**options: Any) -> DBSQLConnector:
        opened.append(DBSQLConnector(database_url, **options))
        return opened[-1]

    yield connect
    for connector in opened:
        connector.dispose()


@pytest.fixture
def db(connect: Connect) -> DBSQLConnector:
    return connect()


@pytest.fixture
def open_backoffice(db: DBSQLConnector) -> Open:
    """Backoffices of one's own in the database of the test."""

    def open_backoffice(**items: Item) -> Backoffice:
        backoffice = describe(db, **items)
        backoffice.create_all()
        return backoffice

    return open_backoffice


@pytest.fixture
def library(open_backoffice: Open) -> Backoffice:
    """A library without a single book."""
    return open_backoffice(**library_items())


@pytest.fixture
def client(library: Backoffice) -> FlaskClient:
    """A client of the library's routes, under `/app`."""
    return client_of(library)


def describe(connector: DBSQLConnector, **items: Item) -> Backoffice:
    """Register collections with a backoffice named `app`, and make nothing of them."""
    backoffice = Backoffice("app")
    for name, item in items.items():
        backoffice.register_collection(Collection(name, item, connector))
    return backoffice


def client_of(backoffice: Backoffice, *arguments: Any) -> FlaskClient:
    """Build the routes of a backoffice into an application of its own."""
    app = Flask("host")
    backoffice.build_routes(app, *arguments)
    return app.test_client()


def library_items() -> dict[str, Item]:
    """Authors and their books, the shelves that these stand on, and the readers who have them at home.

    One-to-many, many-to-many, a reference inside a `Dict`, and one to the own collection.
    """
    return {
        "authors": Item(
            {
                "name": String(required=True),
                "born": Datetime(),
                "books": RefsList(coll="books", field="$.author", ods=DeleteStrategy.MUST_BE_EMPTY),
            }
        ),
        "books": Item(
            {
                "title": String(required=True, max_length=200),
                "isbn": String(unique=True),
                "pages": Int(min=1, max=10_000),
                "price": Float(min=0),
                "in_print": Bool(default=True),
                "published": Datetime(),
                "genre": String(enum=["novel", "poem", "essay"]),
                "tags": List(String(), default=[]),
                "loan": Dict({"reader": Ref(coll="readers", field="$.loans"), "until": Datetime()}),
                "author": Ref(coll="authors", field="$.books", required=True),
                "shelves": RefsList(coll="shelves", field="$.books", ods=DeleteStrategy.UNLINK_REFERENCED_ITEMS),
            }
        ),
        "readers": Item(
            {
                "name": String(required=True),
                "loans": RefsList(coll="books", field="$.loan.reader", ods=DeleteStrategy.UNLINK_REFERENCED_ITEMS),
            }
        ),
        "shelves": Item(
            {
                "label": String(required=True, unique=True),
                "books": RefsList(coll="books", field="$.shelves", ods=DeleteStrategy.UNLINK_REFERENCED_ITEMS),
                "parent": Ref(coll="shelves", field="$.inside"),
                "inside": RefsList(coll="shelves", field="$.parent", ods=DeleteStrategy.DELETE_REFERENCED_ITEMS),
            }
        ),
    }


@contextmanager
def statements(db: DBSQLConnector) -> Iterator[list[str]]:
    """Collect the statements that reach the database, without those that only open and close transactions."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.split(maxsplit=1)[0].upper() not in TRANSACTION_CONTROL:
            seen.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)


@contextmanager
def checkouts(db: DBSQLConnector) -> Iterator[list[None]]:
    """Note each time that a connection is taken from the pool."""
    seen: list[None] = []

    def note(*_: Any) -> None:
        seen.append(None)

    sa.event.listen(db.engine, "checkout", note)
    try:
        yield seen
    finally:
        sa.event.remove(db.engine, "checkout", note)


def row_counts(db: DBSQLConnector) -> dict[str, int]:
    """Count the rows of every table there is."""
    with db.engine.connect() as connection:
        return {
            table: connection.execute(sa.select(sa.func.count()).select_from(sa.table(table))).scalar_one()
            for table in sa.inspect(connection).get_table_names()
        }


def all_rows(db: DBSQLConnector) -> dict[str, list[Any]]:
    """Read every row of every table of the connector's collections."""
    with db.engine.connect() as connection:
        return {
            name: sorted(map(tuple, connection.execute(sa.select(table))), key=repr)
            for name, table in db.metadata.tables.items()
        }


def problem(answer: TestResponse, status: int) -> dict[str, Any]:
    """Check that an answer is a problem document of that status which says what is wrong, and return it."""
    assert answer.status_code == status, answer.get_data(as_text=True)[:500]
    assert answer.mimetype == "application/problem+json"
    body = answer.get_json()
    assert body["status"] == status
    assert body["title"]
    assert isinstance(body["detail"], str)
    assert body["detail"]
    return dict(body)
