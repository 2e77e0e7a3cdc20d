"""Links within one transaction: of what isn't kept yet, of what is deleted twice, and after a part that was refused."""

from __future__ import annotations

from typing import Any

import pytest

from backo_sql import (
    Backoffice,
    ConstraintError,
    DBSQLConnector,
    DeleteStrategy,
    Item,
    NotEmptyError,
    NotFoundError,
    Ref,
    RefsList,
    String,
)
from tests.support import Open, all_rows, row_counts


@pytest.fixture(params=[False, True], ids=["nobody listens", "somebody listens"])
def shelf(request: pytest.FixtureRequest, open_backoffice: Open) -> Backoffice:
    """Books go with their author and leave their tags, which can't go before."""
    on = [("before_delete", lambda event, root, me: None)] if request.param else []
    return open_backoffice(
        authors=Item(
            {
                "name": String(),
                "books": RefsList(coll="books", field="$.author", ods=DeleteStrategy.DELETE_REFERENCED_ITEMS),
            }
        ),
        books=Item(
            {
                "title": String(),
                "author": Ref(coll="authors", field="$.books", required=True),
                "tags": RefsList(coll="tags", field="$.books", ods=DeleteStrategy.UNLINK_REFERENCED_ITEMS),
            },
            on=on,
        ),
        tags=Item({"name": String(), "books": RefsList(coll="books", field="$.tags")}),
    )


def counts(db: DBSQLConnector) -> tuple[int, ...]:
    rows = row_counts(db)
    return tuple(rows[name] for name in ("authors", "books", "tags", "books__tags"))


def test_what_was_made_in_a_transaction_goes_in_it(shelf: Backoffice, db: DBSQLConnector) -> None:
    with shelf.transaction():
        ada = shelf.authors.create({"name": "Ada"})
        book = shelf.books.create({"title": "Tides", "author": ada})
        shelf.tags.create({"name": "sea", "books": [book]})
        ada.delete()
    assert counts(db) == (0, 0, 1, 0)
    assert list(shelf.tags.select()[0].books) == []


def test_what_a_deletion_takes_is_there_again_when_the_transaction_is_undone(
    shelf: Backoffice, db: DBSQLConnector
) -> None:
    ada = shelf.authors.create({"name": "Ada"})
    book = shelf.books.create({"title": "Tides", "author": ada})
    shelf.tags.create({"name": "sea", "books": [book]})
    before = all_rows(db)

    def give_up() -> None:
        with shelf.transaction():
            shelf.books.create({"title": "Waves", "author": ada})
            ada.delete()
            raise KeyError

    with pytest.raises(KeyError):
        give_up()
    assert all_rows(db) == before
    ada.name = "Grace"  # the object is the stored item again
    ada.save()
    assert shelf.authors.get_by_id(ada._id).select("$.books.title") == ["Tides"]


def test_an_item_can_not_be_deleted_twice_in_a_transaction(shelf: Backoffice, db: DBSQLConnector) -> None:
    ada = shelf.authors.create({"name": "Ada"})
    shelf.books.create({"title": "Tides", "author": ada})
    one, other = shelf.authors.get_by_id(ada._id), shelf.authors.get_by_id(ada._id)
    before = all_rows(db)

    def twice() -> None:
        with shelf.transaction():
            one.delete()
            other.delete()

    with pytest.raises(NotFoundError):
        twice()
    assert all_rows(db) == before
    with shelf.transaction():
        one.delete()
        with pytest.raises(NotFoundError):
            other.delete()
    assert counts(db) == (0, 0, 0, 0)


def test_parts_that_are_refused_leave_nothing_in_a_transaction_that_goes_on(
    shelf: Backoffice, db: DBSQLConnector
) -> None:
    with shelf.transaction():
        ada = shelf.authors.create({"name": "Ada"})
        tides = shelf.books.create({"title": "Tides", "author": ada})
        sea = shelf.tags.create({"name": "sea", "books": [tides]})
        refused: list[tuple[type[Exception], Any]] = [
            (NotEmptyError, sea.delete),
            (ConstraintError, lambda: shelf.books.create({"title": "Lost", "author": "nobody"})),
            (ConstraintError, lambda: shelf.authors.create({"name": "Lost", "books": [tides, "nothing"]})),
        ]
        for error, part in refused:
            with pytest.raises(error):
                part()
        ada.reload()
        ada.books = []
        with pytest.raises(ConstraintError) as told:
            ada.save()
        assert list(told.value.messages) == ["$.books"]
        rosa = shelf.authors.create({"name": "Rosa", "books": [tides]})
    assert counts(db) == (2, 1, 1, 1)
    assert shelf.books.get_by_id(tides._id).author == rosa._id
    assert list(shelf.tags.get_by_id(sea._id).books) == [tides._id]
