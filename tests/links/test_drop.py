"""Dropping a collection takes the links to it along, wherever they are, and leaves nobody without one that it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from backo_sql import (
    Backoffice,
    Collection,
    ConflictError,
    DBSQLConnector,
    DeleteStrategy,
    Dict,
    Item,
    List,
    NotEmptyError,
    Ref,
    RefsList,
    String,
)
from tests.support import Open, row_counts, statements

#: makes a backoffice whose first collection lives in one database and all others in another
Spread = Callable[..., Backoffice]


@pytest.fixture
def spread(db: DBSQLConnector, tmp_path: Path) -> Iterator[Spread]:
    other = DBSQLConnector(f"sqlite:///{tmp_path / 'other.db'}")

    def spread(**items: Item) -> Backoffice:
        backoffice = Backoffice("app")
        for number, (name, item) in enumerate(items.items()):
            backoffice.register_collection(Collection(name, item, db if number else other))
        backoffice.create_all()
        return backoffice

    yield spread
    other.dispose()


def version(collection: Collection, identifier: str) -> int:
    table = collection.table
    with collection.connector.engine.connect() as connection:  # type: ignore[attr-defined]
        return int(connection.execute(sa.select(table.c["_version"]).where(table.c["_id"] == identifier)).scalar_one())


def test_references_from_another_database_become_null(spread: Spread, db: DBSQLConnector) -> None:
    backoffice = spread(
        authors=Item({"name": String(), "books": RefsList(coll="books", field="$.author")}),
        books=Item({"author": Ref(coll="authors", field="$.books"), "loan": Dict({"editor": Ref(coll="authors")})}),
        orders=Item({"lines": List(Dict({"author": Ref(coll="authors"), "note": String()}))}),
    )
    ada, rosa = (backoffice.authors.create({"name": name})._id for name in ("Ada", "Rosa"))
    books = [backoffice.books.create({"author": ada, "loan": {"editor": rosa}})._id for _ in range(3)]
    alone = backoffice.books.create({})._id
    order = backoffice.orders.create({"lines": [{"author": ada, "note": "a"}, {"note": "b"}]})
    with statements(db) as seen:
        backoffice.authors.drop()
    assert len(seen) == 4  # author, editor, the versions of orders and their lines: none per item
    assert backoffice.authors.count() == 0
    for each in books:
        read = backoffice.books.get_by_id(each)
        assert (read.author, read.loan.editor) == (None, None)
        assert version(backoffice.books, each) > 1
    assert version(backoffice.books, alone) == 1
    assert backoffice.orders.get_by_id(order._id).lines == [
        {"author": None, "note": "a"},
        {"author": None, "note": "b"},
    ]


def test_required_references_from_another_database_are_in_the_way_and_counted(spread: Spread) -> None:
    strategy = DeleteStrategy.DELETE_REFERENCED_ITEMS
    backoffice = spread(
        authors=Item({"books": RefsList(coll="books", field="$.author", ods=strategy)}),
        books=Item({"author": Ref(coll="authors", field="$.books", required=True)}),
        notes=Item({"about": Ref(coll="authors")}),
        orders=Item({"lines": List(Dict({"author": Ref(coll="authors", required=True)}))}),
    )
    author = backoffice.authors.create({})._id
    for _ in range(2):
        backoffice.books.create({"author": author})
    note = backoffice.notes.create({"about": author})
    backoffice.orders.create({"lines": [{"author": author}, {"author": author}]})
    backoffice.orders.create({"lines": []})
    with pytest.raises(NotEmptyError) as refused:
        backoffice.authors.drop()
    assert "2 of 'books' (the last of books.author)" in str(refused.value)
    assert "1 of 'orders' (the last of orders.lines.author)" in str(refused.value)
    assert backoffice.notes.get_by_id(note._id).about == author
    assert backoffice.authors.count() == 1
    backoffice.books.drop()
    backoffice.orders.drop()
    backoffice.authors.drop()
    assert (backoffice.authors.count(), backoffice.notes.count()) == (0, 1)


def test_a_drop_that_is_undone_is_undone_in_both_databases(spread: Spread) -> None:
    backoffice = spread(authors=Item({}), books=Item({"author": Ref(coll="authors")}))
    author = backoffice.authors.create({})._id
    book = backoffice.books.create({"author": author})._id

    def drop_and_stop() -> None:
        with backoffice.transaction():
            backoffice.authors.drop()
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        drop_and_stop()
    assert backoffice.books.get_by_id(book).author == author
    assert backoffice.authors.count() == 1


def one_to_many() -> dict[str, Item]:
    return {
        "authors": Item({"books": RefsList(coll="books", field="$.author", required=True)}),
        "books": Item({"author": Ref(coll="authors", field="$.books")}),
    }


def many_to_many() -> dict[str, Item]:
    return {
        "authors": Item({"books": RefsList(coll="books", field="$.authors", required=True)}),
        "books": Item({"authors": RefsList(coll="authors", field="$.books")}),
    }


def nothing_faces() -> dict[str, Item]:
    return {"authors": Item({"books": RefsList(coll="books", required=True)}), "books": Item({})}


@pytest.mark.parametrize("items", [one_to_many, many_to_many, nothing_faces])
def test_a_list_that_must_not_be_empty_is_in_the_way(
    open_backoffice: Open, db: DBSQLConnector, items: Callable[[], dict[str, Item]]
) -> None:
    backoffice = open_backoffice(**items())
    book = backoffice.books.create({})._id
    backoffice.authors.create({"books": [book]})
    before = row_counts(db)
    with pytest.raises(NotEmptyError, match=r"1 of 'authors' \(the last of authors.books\)"):
        backoffice.books.drop()
    assert row_counts(db) == before
    backoffice.authors.drop()
    backoffice.books.drop()
    assert set(row_counts(db).values()) == {0}


def test_what_a_foreign_key_takes_along_goes_too(open_backoffice: Open, db: DBSQLConnector) -> None:
    strategy = DeleteStrategy.DELETE_REFERENCED_ITEMS
    backoffice = open_backoffice(
        authors=Item(
            {
                "books": RefsList(coll="books", field="$.author", ods=strategy),
                "notes": RefsList(coll="notes", field="$.author", ods=strategy),
            }
        ),
        books=Item({"author": Ref(coll="authors", field="$.books", required=True)}),
        notes=Item({"author": Ref(coll="authors", field="$.notes")}),
    )
    author = backoffice.authors.create({})
    backoffice.books.create({"author": author})
    note = backoffice.notes.create({"author": author})
    backoffice.authors.drop()
    assert row_counts(db) == {"authors": 0, "books": 0, "notes": 1}
    assert backoffice.notes.get_by_id(note._id).author is None


def both_required() -> dict[str, Item]:
    return {
        "authors": Item({"books": RefsList(coll="books", field="$.authors", required=True)}),
        "books": Item({"authors": RefsList(coll="authors", field="$.books", required=True)}),
    }


def list_and_reference() -> dict[str, Item]:
    return {
        "authors": Item({"books": RefsList(coll="books", field="$.authors", required=True)}),
        "books": Item({"authors": Ref(coll="authors", field="$.books", required=True)}),
    }


@pytest.mark.parametrize("items", [both_required, list_and_reference])
@pytest.mark.parametrize("first", ["authors", "books"])
def test_collections_that_need_each_other_are_dropped_in_one_transaction(
    open_backoffice: Open, db: DBSQLConnector, items: Callable[[], dict[str, Item]], first: str
) -> None:
    backoffice = open_backoffice(**items())
    (second,) = {"authors", "books"} - {first}

    def fill() -> None:
        with backoffice.transaction():
            backoffice.books.create({"_id": "b", "authors": many("a")})
            backoffice.authors.create({"_id": "a", "books": ["b"]})

    def many(identifier: str) -> Any:
        return [identifier] if items is both_required else identifier

    db.generate_id = lambda item: "b" if hasattr(item, "authors") else "a"
    fill()
    for name in (first, second):
        with pytest.raises(ConflictError):
            backoffice.collections[name].drop()
    with pytest.raises(ConflictError), backoffice.transaction():
        backoffice.collections[first].drop()
    assert (backoffice.authors.count(), backoffice.books.count()) == (1, 1)
    with backoffice.transaction():
        backoffice.collections[first].drop()
        backoffice.collections[second].drop()
    assert set(row_counts(db).values()) == {0}
    fill()
    with backoffice.transaction():
        backoffice.collections[first].drop()
        backoffice.collections[second].drop()
        fill()
    assert (backoffice.authors.count(), backoffice.books.count()) == (1, 1)
