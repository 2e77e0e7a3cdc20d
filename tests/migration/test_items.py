"""Functions that change every item of a collection: in batches, tried out first, and stored as any change is."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest

from backo_sql import DBSQLConnector, DescriptionError, Dict, Int, Item, List, Ref, RefsList, String, ValidationError
from backo_sql.migration import MigrationReport
from tests.support import Open, all_rows, describe, on_one_database


def fill(backoffice: Any, count: int) -> None:
    with backoffice.transaction():
        for number in range(count):
            backoffice.books.create({"title": f" Book {number} ", "pages": number % 1000})


def books(**more: Any) -> dict[str, Item]:
    return {"books": Item({"title": String(), "pages": Int(max=1000), **more})}


def strip(item: Item) -> None:
    item.title = item.title.strip()


def test_a_dry_run_tells_and_changes_nothing(open_backoffice: Open, db: DBSQLConnector) -> None:
    backoffice = open_backoffice(**books())
    fill(backoffice, 5)
    before = all_rows(db)
    report = backoffice.migrate("books", strip)
    assert (report.changed, report.unchanged, report.failed, report.dry_run) == (5, 0, 0, True)
    assert next(iter(report.differences.values())) == {"$.title": (" Book 0 ", "Book 0")}
    assert all_rows(db) == before


def test_items_are_changed_in_place_or_by_what_is_returned(open_backoffice: Open) -> None:
    backoffice = open_backoffice(**books(size=Dict({"a": Int()}), tags=List(String(), default=[])))
    fill(backoffice, 3)

    def change(item: Item) -> dict[str, Any] | None:
        if item.pages == 0:
            item.tags.append("first")
            item.size.a = 5
            return None
        return {"title": "Other"} if item.pages == 1 else None

    report = backoffice.migrate("books", change, dry_run=False)
    assert (report.changed, report.unchanged) == (2, 1)
    first, second, third = backoffice.books.select()
    assert (list(first.tags), first.size.a, second.title, third.title) == (["first"], 5, "Other", " Book 2 ")
    assert report.differences[first._id] == {"$.tags": ([], ["first"]), "$.size.a": (None, 5)}


def test_an_item_that_is_refused_is_told_and_the_others_are_kept(open_backoffice: Open) -> None:
    backoffice = open_backoffice(**books(code=Int(unique=True)))
    fill(backoffice, 4)

    def change(item: Item) -> dict[str, Any]:
        if item.pages == 2:
            raise ValidationError({"$.pages": ["I don't like it."]})
        return {"pages": 2000 if item.pages == 1 else item.pages, "code": 7}

    report = backoffice.migrate("books", change, dry_run=False)
    assert (report.changed, report.failed) == (1, 3)
    ids = [item._id for item in backoffice.books.select()]
    assert report.failures[ids[1]] == {"$.pages": ["Must be at most 1000."]}
    assert report.failures[ids[2]] == {"$.pages": ["I don't like it."]}
    assert report.failures[ids[3]] == {"$.code": ["Must be unique, and is taken."]}
    assert [item.code for item in backoffice.books.select()] == [7, None, None, None]


def test_without_a_function_items_are_checked_against_their_description(connect: Any, open_backoffice: Open) -> None:
    fill(open_backoffice(**books()), 3)
    stricter = describe(connect(), books=Item({"title": String(pattern=r".*[12] $"), "pages": Int(), "x": List(Int())}))
    with pytest.raises(Exception, match="tables"):
        stricter.migrate("books")
    stricter = describe(connect(), books=Item({"title": String(pattern=r".*[12] $"), "pages": Int()}))
    report = stricter.migrate("books")
    assert (report.changed, report.unchanged, report.failed) == (0, 2, 1)
    assert list(next(iter(report.failures.values()))) == ["$.title"]


def test_a_migration_goes_in_batches_and_can_be_resumed(open_backoffice: Open) -> None:
    backoffice = open_backoffice(**books())
    fill(backoffice, 25)
    seen: list[int] = []

    class StopError(Exception):
        pass

    def stop(report: MigrationReport) -> None:
        seen.append(report.total)
        if report.total == 20:
            raise StopError

    last: list[str] = []
    with pytest.raises(StopError):
        backoffice.migrate(
            "books", strip, dry_run=False, batch=10, progress=lambda each: (last.append(each.last or ""), stop(each))
        )
    assert seen == [10, 20]
    report = backoffice.migrate("books", strip, dry_run=False, batch=10, after=last[-1])
    assert (report.total, report.changed) == (5, 5)
    assert backoffice.migrate("books", strip).changed == 0


def test_a_function_that_fails_undoes_its_batch_alone(open_backoffice: Open) -> None:
    backoffice = open_backoffice(**books())
    fill(backoffice, 6)

    def change(item: Item) -> None:
        strip(item)
        if item.pages == 4:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        backoffice.migrate("books", change, dry_run=False, batch=3)
    assert [item.title for item in backoffice.books.select()][2:4] == ["Book 2", " Book 3 "]


def test_only_some_items_are_changed(open_backoffice: Open) -> None:
    backoffice = open_backoffice(**books())
    fill(backoffice, 6)
    ids = [item._id for item in backoffice.books.select()]
    assert backoffice.migrate("books", strip, filter={"pages": ("$gte", 4)}).total == 2
    assert backoffice.migrate("books", strip, ids=ids[:3]).total == 3
    assert list(backoffice.migrate("books", strip, ids=ids[:3], filter={"pages": 1}).differences) == [ids[1]]


def test_links_are_changed_like_anything_else(open_backoffice: Open) -> None:
    backoffice = open_backoffice(
        authors=Item({"name": String(), "books": RefsList(coll="books", field="$.author")}),
        books=Item({"title": String(), "author": Ref(coll="authors", field="$.books")}),
    )
    author = backoffice.authors.create({"name": "Ada"})
    book = backoffice.books.create({"title": "One"})
    assert backoffice.migrate("books", lambda _: {"author": "nobody"}, dry_run=False).failed == 1
    assert backoffice.migrate("books", lambda _: {"author": author._id}, dry_run=False).changed == 1
    assert list(backoffice.authors.get_by_id(author._id).books) == [book._id]


def test_rights_of_clients_are_not_asked(open_backoffice: Open) -> None:
    backoffice = open_backoffice(books=Item({"title": String(can_modify=False, default=" x ")}))
    backoffice.books.create({})
    assert backoffice.migrate("books", strip, dry_run=False).changed == 1


@on_one_database
def test_memory_does_not_grow_with_the_number_of_items(open_backoffice: Open) -> None:
    backoffice = open_backoffice(**books())
    fill(backoffice, 2000)
    backoffice.migrate("books", strip, batch=100)
    peaks = []
    for count in (200, 1000):
        tracemalloc.start()
        backoffice.migrate("books", strip, batch=100, filter={"pages": ("$lt", count)})
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.5


@on_one_database
def test_what_cannot_be_meant_is_refused(open_backoffice: Open) -> None:
    backoffice = open_backoffice(**books())
    with pytest.raises(DescriptionError, match="'bookz'"):
        backoffice.migrate("bookz", strip)
    with pytest.raises(DescriptionError, match="batch"):
        backoffice.migrate("books", strip, batch=0)
