"""The library of the examples: filled as it says, linked on both sides, and the same every time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from sqlalchemy import func, select

from backo_sql import BackoError, Backoffice, Collection, DBSQLConnector, NotEmptyError
from examples.library.__main__ import cli
from examples.library.app import create_app
from examples.library.data import fill, is_empty
from examples.library.model import describe

BOOKS = 40
AUTHORS, READERS, SHELVES, LOANS = 6, 5, 40, 16


@pytest.fixture
def backoffice(database_url: str) -> Iterator[Backoffice]:
    database = DBSQLConnector(database_url)
    backoffice = describe(database)
    backoffice.create_all()
    assert is_empty(backoffice)
    fill(backoffice, books=BOOKS)
    yield backoffice
    database.dispose()


@pytest.fixture
def client(backoffice: Backoffice) -> FlaskClient:
    return create_app(backoffice).test_client()


def values(collection: Collection) -> dict[str, dict[str, Any]]:
    return {item._id: item.get_value() for item in collection.select()}


def test_is_as_large_as_it_says(backoffice: Backoffice) -> None:
    assert not is_empty(backoffice)
    counts = {name: collection.count() for name, collection in backoffice.collections.items()}
    assert counts == {"authors": AUTHORS, "books": BOOKS, "shelves": SHELVES, "readers": READERS}
    # Counted by the database alone.
    books = backoffice.books.table
    with backoffice.books.connector.engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(books)) == BOOKS
        assert connection.scalar(select(func.count(books.c.loan__reader))) == LOANS
        assert set(connection.scalars(select(books.c._meta__created_by__login))) == {"librarian"}


def test_every_link_shows_on_both_sides(backoffice: Backoffice) -> None:
    authors, books = values(backoffice.authors), values(backoffice.books)
    shelves, readers = values(backoffice.shelves), values(backoffice.readers)
    for name, author in authors.items():
        assert author["books"] == [each for each, book in books.items() if book["author"] == name]
    for name, reader in readers.items():
        assert reader["borrowed"] == [each for each, book in books.items() if book["loan"]["reader"] == name]
    for name, shelf in shelves.items():
        assert shelf["children"] == [each for each, child in shelves.items() if child["parent"] == name]
        assert shelf["books"] == [each for each, book in books.items() if name in book["shelves"]]
    assert sum(len(case["children"]) for case in shelves.values()) == SHELVES - len("ABCDE")
    assert {len(book["shelves"]) for book in books.values()} == {0, 1, 2, 3}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_is_the_same_every_time(backoffice: Backoffice, tmp_path: Path) -> None:
    database = DBSQLConnector(f"sqlite:///{tmp_path / 'again.db'}")
    again = describe(database)
    again.create_all()
    fill(again, books=BOOKS)
    for name, collection in backoffice.collections.items():
        ours, theirs = values(collection), values(again.collections[name])
        for each in (*ours.values(), *theirs.values()):
            del each["_meta"]
        assert ours == theirs
    database.dispose()


def test_is_filled_wholly_or_not_at_all(backoffice: Backoffice) -> None:
    before = values(backoffice.books)
    with pytest.raises(BackoError):
        fill(backoffice, books=BOOKS + 10)
    assert values(backoffice.books) == before
    # The ids of the filling were lent only.
    assert backoffice.authors.create({"name": "Ines Okafor"})._id != "author-001"


def test_deletes_by_the_strategies_of_the_description(backoffice: Backoffice) -> None:
    author = backoffice.books.get_by_id("book-0001").author
    with pytest.raises(NotEmptyError):
        backoffice.authors.get_by_id(author).delete()
    (reader, *_) = [item for item in backoffice.readers.select() if item.borrowed]
    with pytest.raises(NotEmptyError):
        reader.delete()

    shelf = backoffice.shelves.get_by_id("shelf-01")
    assert shelf.parent == "case-1"
    assert shelf.books
    backoffice.shelves.get_by_id("case-1").delete()
    assert backoffice.shelves.count() == SHELVES - 8
    assert backoffice.books.count() == BOOKS
    gone = {f"shelf-{number:02}" for number in range(1, 8)}
    assert not any(gone.intersection(book.shelves) for book in backoffice.books.select())


def test_answers_questions_of_order_and_equality(client: FlaskClient, backoffice: Backoffice) -> None:
    books = values(backoffice.books).values()
    late = client.get("/library/books?loan.until.$lt=2031-05-17&_page=0").get_json()
    assert [each["_id"] for each in late["result"]] == [
        book["_id"] for book in books if book["loan"]["until"] and book["loan"]["until"].isoformat() < "2031-05-17"
    ]
    some = client.get("/library/books?language=en&language=pt&pages.$gte=300&_page=5").get_json()
    matching = [book for book in books if book["language"] in ("en", "pt") and book["pages"] >= 300]
    assert some["total"] == len(matching)
    assert [each["_id"] for each in some["result"]] == [book["_id"] for book in matching[:5]]


def test_tells_its_commands() -> None:
    result = CliRunner().invoke(cli, ["--help"])
    assert result.exit_code == 0
    for word in ("serve", "fill", "DATABASE_URL"):
        assert word in result.output
