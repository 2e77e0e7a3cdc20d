"""What collections and items can do in Python, without a request."""

from __future__ import annotations

from typing import Any

import pytest

from backo_sql import (
    BackoError,
    Backoffice,
    Collection,
    ConflictError,
    ConstraintError,
    DBSQLConnector,
    Item,
    NotFoundError,
    PathNotFoundError,
    QueryError,
    Ref,
    StatusType,
    String,
    ValidationError,
)
from tests.support import Open, row_counts


def test_a_collection_is_registered_in_three_spellings(db: DBSQLConnector) -> None:
    backoffice = Backoffice("app")
    one = backoffice.register_collection(Collection("one", Item({"name": String()}), db))
    two = backoffice.register_collection("two", Collection("two", Item({"name": String()}), db))
    three = backoffice.add_collection("three", Item({"name": String()}, db))
    backoffice.create_all()
    assert (backoffice.one, backoffice.two, backoffice.three) == (one, two, three)
    for collection in (one, two, three):
        assert collection.create({"name": "x"}).name == "x"
    assert row_counts(db) == {"one": 1, "two": 1, "three": 1}
    with pytest.raises(AttributeError, match="four"):
        _ = backoffice.four


def test_the_life_of_an_item(library: Backoffice) -> None:
    author = library.authors.new()
    assert (author._status, author._id, author.name, list(author.books)) == (StatusType.UNSET, None, None, [])
    author.set({"name": "Ada"})
    assert author._status is StatusType.UNSAVED
    assert library.authors.count() == 0
    author.save()
    assert author._status is StatusType.SAVED
    assert library.authors.get_by_id(author._id).get_value() == author.get_value()
    author.name = "Grace"
    assert author._status is StatusType.UNSAVED
    assert library.authors.get_by_id(author._id).name == "Ada"
    author.reload()
    assert (author.name, author._status) == ("Ada", StatusType.SAVED)
    other = library.authors.new()
    other.load(author._id)
    assert other.get_value() == author.get_value()
    author.delete()
    assert (author._status, library.authors.count()) == (StatusType.UNSET, 0)


def test_a_verb_out_of_place_says_so(library: Backoffice) -> None:
    author = library.authors.create({"name": "Ada"})
    for verb in (
        lambda: author.create({"name": "Grace"}),
        lambda: author.load(author._id),
        lambda: library.authors.new().save(),
        lambda: library.authors.new().reload(),
        lambda: library.authors.new().delete(),
        lambda: Item({"name": String()}).save(),
        lambda: library.authors.new().load("nobody"),
    ):
        with pytest.raises(BackoError):
            verb()
    assert [each.get_value() for each in library.authors.select()] == [author.get_value()]


def test_a_field_that_is_not_there_is_told(library: Backoffice) -> None:
    author = library.authors.create({"name": "Ada"})

    def write() -> None:
        author.nmae = "Grace"

    for use in (lambda: author.nmae, write):
        with pytest.raises(PathNotFoundError, match="nmae"):
            use()
    with pytest.raises(ValidationError) as refused:
        author.set({"nmae": "Grace", "name": 5})
    assert set(refused.value.messages) == {"$.nmae", "$.name"}
    assert (author.name, author._status) == ("Ada", StatusType.SAVED)
    assert not hasattr(author, "nmae")


def test_a_refused_save_can_be_mended_and_repeated(library: Backoffice) -> None:
    library.shelves.create({"label": "one"})
    shelf = library.shelves.create({"label": "two"})
    shelf.label = "one"
    with pytest.raises(ConflictError):
        shelf.save()
    shelf.label = "three"
    shelf.save()
    assert library.shelves.get_by_id(shelf._id).label == "three"


def test_an_item_that_was_made_by_hand_needs_what_is_required(library: Backoffice) -> None:
    book = library.books.new()
    book.set({"title": "Notes"})
    with pytest.raises(ConstraintError) as refused:
        book.save()
    assert list(refused.value.messages) == ["$.author"]
    book.author = library.authors.create({"name": "Ada"})._id
    book.save()
    assert library.books.get_by_id(book._id).in_print is True


def test_select_pages_in_order(library: Backoffice) -> None:
    with library.transaction():
        made = [library.authors.create({"name": f"{number % 3}"})._id for number in range(10)]
    select = library.authors.select
    assert [author._id for author in select()] == made
    assert [author._id for author in select(page=3, skip=2)] == made[2:5]
    assert [author._id for author in select(skip=8)] == made[8:]
    assert [author._id for author in select({"name": "1"}, page=2)] == [made[1], made[4]]
    assert select(skip=10) == []
    for wrong in ({"page": -1}, {"skip": -1}):
        with pytest.raises(QueryError):
            select(**wrong)


def test_select_one_is_the_only_one(library: Backoffice) -> None:
    ada = library.authors.create({"name": "Ada"})
    assert library.authors.select_one({"name": "Ada"}) == ada
    assert library.authors.select_one({"name": "Grace"}) is None
    library.authors.create({"name": "Ada"})
    assert library.authors.select_one({"name": "Ada"}) is None


def test_a_filter_in_python_is_understood_or_refused(library: Backoffice) -> None:
    author = library.authors.create({"name": "Ada"})
    library.books.create({"title": "Notes", "author": author._id, "pages": 5, "loan": {"until": "2031-01-01"}})
    right: list[Any] = [
        None,
        {},
        {"title": "Notes"},
        {"$.title": "Notes", "pages": ("$gte", 5)},
        {"loan": {"until": ("$lt", "2031-01-02")}},
        {"loan.reader": None},
        {"isbn": ("$eq", None)},
        {"pages": ("$in", [1, 5])},
        {"pages": ("$nin", [None, 1])},
    ]
    for filters in right:
        assert library.books.count(filters) == 1, filters
        assert len(library.books.select(filters)) == 1, filters
    wrong: list[Any] = [
        {"titel": "x"},
        {"title": 5},
        {"title": ("$nothing", 1)},
        {"pages": ("$gt", "x")},
        {"pages": ("$in", 5)},
        {"loan": {"nothing": 1}},
        {5: 1},
        [],
        "title",
    ]
    for filters in wrong:
        with pytest.raises(QueryError):
            library.books.count(filters)
        with pytest.raises(QueryError):
            library.books.select(filters)


def test_drop_takes_all_items_and_their_links(library: Backoffice, db: DBSQLConnector) -> None:
    author = library.authors.create({"name": "Ada"})
    reader = library.readers.create({"name": "Rosa"})
    shelf = library.shelves.create({"label": "one"})
    inner = library.shelves.create({"label": "two", "parent": shelf._id})
    data = {"title": "Notes", "author": author._id, "loan": {"reader": reader._id}, "shelves": [inner._id]}
    book = library.books.create(data)
    library.readers.drop()
    assert library.books.get_by_id(book._id).loan.reader is None
    library.shelves.drop()
    assert list(library.books.get_by_id(book._id).shelves) == []
    with pytest.raises(ConflictError):
        library.authors.drop()  # the book must have one
    library.books.drop()
    library.authors.drop()
    assert set(row_counts(db).values()) == {0}
    library.authors.drop()


def test_ids_may_be_made_by_a_function(open_backoffice: Open, db: DBSQLConnector) -> None:
    db.generate_id = lambda item: f"thing-{item.name}"
    backoffice = open_backoffice(things=Item({"name": String(), "other": Ref(coll="things")}))
    first = backoffice.things.create({"name": "a"})
    assert first._id == "thing-a"
    assert backoffice.things.create({"name": "b", "other": "thing-a"}).other == "thing-a"
    with pytest.raises(ConflictError):
        backoffice.things.create({"name": "a"})
    for wrong in ("a/b", "a\nb", "a\x7f"):
        with pytest.raises(BackoError):
            backoffice.things.create({"name": wrong})
    assert backoffice.things.count() == 2


def test_ids_are_in_the_order_of_creation(library: Backoffice) -> None:
    with library.transaction():
        made = [library.authors.create({"name": "x"})._id for _ in range(50)]
    assert made == sorted(made)
    assert len(set(made)) == 50


def test_an_id_that_is_not_there_is_told(library: Backoffice) -> None:
    with pytest.raises(NotFoundError, match=r"'nobody'.*'authors'"):
        library.authors.get_by_id("nobody")
    with pytest.raises(LookupError):
        library.authors.get_by_id("nobody")
