"""Two who do the same at once both have what they meant."""

from __future__ import annotations

import threading

from backo_sql import DBSQLConnector, DeleteStrategy, Item, RefsList, String
from tests.support import Open, describe


def test_two_who_add_the_same_link_both_find_it_there(open_backoffice: Open) -> None:
    backoffice = open_backoffice(
        books=Item({"tags": RefsList(coll="tags", field="$.books", ods=DeleteStrategy.UNLINK_REFERENCED_ITEMS)}),
        tags=Item({"name": String(), "books": RefsList(coll="books", field="$.tags")}),
    )
    book, tag = backoffice.books.create({}), backoffice.tags.create({"name": "sea"})
    mine, theirs = backoffice.books.get_by_id(book._id), backoffice.books.get_by_id(book._id)
    for copy in (mine, theirs):
        copy.tags.append(tag._id)
        copy.save()
    assert list(backoffice.books.get_by_id(book._id).tags) == [tag._id]
    assert list(backoffice.tags.get_by_id(tag._id).books) == [book._id]


def test_workers_that_start_together_all_find_their_tables(database_url: str) -> None:
    failures: list[BaseException] = []
    together = threading.Barrier(4)

    def start() -> None:
        connector = DBSQLConnector(database_url)
        try:
            backoffice = describe(
                connector, things=Item({"name": String(unique=True)}), others=Item({"name": String()})
            )
            together.wait(10)
            backoffice.create_all()
            backoffice.others.create({"name": "x"})
        except BaseException as failure:
            failures.append(failure)
        finally:
            connector.dispose()

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == []
