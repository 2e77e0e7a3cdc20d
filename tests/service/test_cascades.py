"""Deletions that take others along: by the database alone, step by step, and with those who listen."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from backo_sql import (
    Backoffice,
    Collection,
    ConflictError,
    DBSQLConnector,
    DeleteStrategy,
    DescriptionError,
    Item,
    NotEmptyError,
    NotFoundError,
    Ref,
    RefsList,
    String,
)
from tests.support import Open, all_rows, client_of, problem, row_counts, statements

MUST_BE_EMPTY = DeleteStrategy.MUST_BE_EMPTY
DELETE = DeleteStrategy.DELETE_REFERENCED_ITEMS
UNLINK = DeleteStrategy.UNLINK_REFERENCED_ITEMS

#: what listens, for an Item
On = list[tuple[str, Callable[..., Any]]]


class RefusedError(Exception):
    """What a handler raises to refuse."""


def publishing(open_backoffice: Open, author: On | None = None, book: On | None = None, page: On | None = None) -> Any:
    """Authors take their books along, and books their pages; tags let go of books."""
    return open_backoffice(
        authors=Item(
            {"name": String(), "books": RefsList(coll="books", field="$.author", ods=DELETE)}, on=author or []
        ),
        books=Item(
            {
                "name": String(),
                "author": Ref(coll="authors", field="$.books", required=True),
                "pages": RefsList(coll="pages", field="$.book", ods=DELETE),
                "tags": RefsList(coll="tags", field="$.books", ods=UNLINK),
            },
            on=book or [],
        ),
        pages=Item({"name": String(), "book": Ref(coll="books", field="$.pages", required=True)}, on=page or []),
        tags=Item({"name": String(), "books": RefsList(coll="books", field="$.tags", ods=UNLINK)}),
    )


def printed(backoffice: Backoffice, name: str, books: int = 2, pages: int = 2) -> Any:
    """Make an author with books, and pages in each."""
    author = backoffice.authors.create({"name": name})
    tag = backoffice.tags.create({"name": name})
    for number in range(books):
        book = backoffice.books.create({"name": f"{name}{number}", "author": author, "tags": [tag]})
        for page in range(pages):
            backoffice.pages.create({"name": f"{name}{number}.{page}", "book": book})
    return backoffice.authors.get_by_id(author._id)


def deletions(db: DBSQLConnector, work: Callable[[], Any]) -> list[str]:
    """Return the first words of the statements that a deletion takes, without what tests of existence cost."""
    with statements(db) as seen:
        work()
    return [statement.split()[0] for statement in seen]


# -- by the database alone -------------------------------------------------------------------------


def test_what_nobody_listens_to_is_deleted_in_one_statement(open_backoffice: Open, db: DBSQLConnector) -> None:
    backoffice = publishing(open_backoffice)
    few, many = printed(backoffice, "few"), printed(backoffice, "many", books=30)
    other = printed(backoffice, "other")
    assert deletions(db, few.delete) == deletions(db, many.delete) == ["DELETE"]
    assert row_counts(db) == {"authors": 1, "books": 2, "books__tags": 2, "pages": 4, "tags": 3}
    assert list(other.books) == [book._id for book in backoffice.books.select()]
    with pytest.raises(NotFoundError):
        backoffice.service.delete(many)


def test_a_listener_below_is_told_and_what_is_below_it_is_left_to_the_database(
    open_backoffice: Open, db: DBSQLConnector
) -> None:
    told: list[str] = []
    backoffice = publishing(open_backoffice, book=[("before_delete", lambda event, root, me: told.append(me.name))])
    author = printed(backoffice, "a", books=3)
    with statements(db) as seen:
        author.delete()
    assert told == ["a0", "a1", "a2"]
    assert not any(" pages " in statement and statement.startswith("DELETE") for statement in seen)
    assert row_counts(db) == {"authors": 0, "books": 0, "books__tags": 0, "pages": 0, "tags": 1}


@pytest.mark.parametrize(
    ("field", "more"),
    [
        pytest.param({"editor": Ref(coll="editors", required=True)}, {"editors": Item({})}, id="a reference elsewhere"),
        pytest.param(
            {"shops": RefsList(coll="shops", field="$.books", ods=UNLINK)},
            {"shops": Item({"books": RefsList(coll="books", field="$.shops", ods=MUST_BE_EMPTY)})},
            id="a list that others must empty first",
        ),
    ],
)
def test_what_isnt_in_its_way_hinders_no_cascade(
    open_backoffice: Open, db: DBSQLConnector, field: dict[str, Any], more: dict[str, Any]
) -> None:
    backoffice = open_backoffice(
        authors=Item({"books": RefsList(coll="books", field="$.author", ods=DELETE)}),
        books=Item({"author": Ref(coll="authors", field="$.books"), **field}),
        **more,
    )
    author = backoffice.authors.create({})
    (name,) = more
    (path,) = field
    partner = backoffice.collections[name].create({})
    backoffice.books.create({"author": author, path: [partner] if path == "shops" else partner})
    assert deletions(db, author.delete) == ["DELETE"]
    assert backoffice.books.count() == 0
    partner.delete()
    assert set(row_counts(db).values()) == {0}


def test_a_version_rises_where_a_cascade_unlinks(open_backoffice: Open) -> None:
    backoffice = open_backoffice(
        towns=Item({"houses": RefsList(coll="houses", field="$.town", ods=DELETE)}),
        houses=Item(
            {
                "town": Ref(coll="towns", field="$.houses"),
                "cats": RefsList(coll="cats", field="$.house", ods=UNLINK),
            }
        ),
        cats=Item({"name": String(), "house": Ref(coll="houses", field="$.cats")}),
    )
    town = backoffice.towns.create({})
    house = backoffice.houses.create({"town": town})
    cat = backoffice.cats.create({"house": house})
    town.delete()
    cat.name = "stale"
    with pytest.raises(ConflictError):
        cat.save()
    assert backoffice.cats.get_by_id(cat._id).house is None


def test_a_diamond_is_deleted_from_its_top(open_backoffice: Open, db: DBSQLConnector) -> None:
    """Both ways down lead to the same items, one of which must be empty of them."""
    for below in (DELETE, MUST_BE_EMPTY, UNLINK):
        backoffice = Backoffice(f"diamond_{below.value}")
        prefix = below.value[:1]
        left, right, top, end = (f"{prefix}_{name}" for name in ("left", "right", "top", "end"))
        for name, fields in {
            top: {
                "lefts": RefsList(coll=left, field="$.top", ods=DELETE),
                "rights": RefsList(coll=right, field="$.top", ods=DELETE),
            },
            left: {"top": Ref(coll=top, field="$.lefts"), "ends": RefsList(coll=end, field="$.left", ods=DELETE)},
            right: {"top": Ref(coll=top, field="$.rights"), "ends": RefsList(coll=end, field="$.right", ods=below)},
            end: {
                "left": Ref(coll=left, field="$.ends", required=True),
                "right": Ref(coll=right, field="$.ends"),
            },
        }.items():
            backoffice.register_collection(Collection(name, Item(fields), db))
        backoffice.create_all()
        collections = backoffice.collections
        above = collections[top].create({})
        one, other = collections[left].create({"top": above}), collections[right].create({"top": above})
        collections[end].create({"left": one, "right": other})
        if below is MUST_BE_EMPTY:
            with pytest.raises(NotEmptyError):
                other.delete()
        above.delete()
        assert [collection.count() for collection in collections.values()] == [0, 0, 0, 0]


def test_strategies_mixed_along_a_chain(open_backoffice: Open, db: DBSQLConnector) -> None:
    backoffice = open_backoffice(
        a=Item({"b": RefsList(coll="b", field="$.a", ods=DELETE)}),
        b=Item({"a": Ref(coll="a", field="$.b", required=True), "c": RefsList(coll="c", field="$.b", ods=DELETE)}),
        c=Item({"b": Ref(coll="b", field="$.c"), "d": RefsList(coll="d", field="$.c", ods=UNLINK)}),
        d=Item({"c": Ref(coll="c", field="$.d"), "e": RefsList(coll="e", field="$.d", ods=MUST_BE_EMPTY)}),
        e=Item({"d": Ref(coll="d", field="$.e", required=True)}),
    )
    a = backoffice.a.create({})
    b = backoffice.b.create({"a": a})
    c = backoffice.c.create({"b": b})
    d = backoffice.d.create({"c": c})
    backoffice.e.create({"d": d})
    with pytest.raises(NotEmptyError, match="1 of 'e'"):
        d.delete()
    a.delete()
    assert row_counts(db) == {"a": 0, "b": 0, "c": 0, "d": 1, "e": 1}
    assert backoffice.d.get_by_id(d._id).c is None


def test_who_comes_late_is_taken_by_the_cascade_or_refused(open_backoffice: Open, db: DBSQLConnector) -> None:
    backoffice = publishing(open_backoffice)
    author = printed(backoffice, "a", books=1)
    client = client_of(backoffice)
    assert client.delete(f"/app/authors/{author._id}").status_code == 200
    answer = client.post("/app/books", json={"name": "late", "author": author._id})
    assert list(problem(answer, 400)["errors"]) == ["$.author"]
    problem(client.delete(f"/app/authors/{author._id}"), 404)


# -- deep, round, long -----------------------------------------------------------------------------


@pytest.fixture(params=["nobody listens", "somebody listens"])
def tree(request: pytest.FixtureRequest, open_backoffice: Open) -> tuple[Backoffice, list[str]]:
    """Nodes that take along what is below them, and who was told."""
    told: list[str] = []
    on = [("before_delete", lambda event, root, me: told.append(me._id))] if request.param == "somebody listens" else []
    backoffice = open_backoffice(
        nodes=Item(
            {
                "above": Ref(coll="nodes", field="$.below"),
                "below": RefsList(coll="nodes", field="$.above", ods=DELETE),
                "leaf": RefsList(coll="leaves", field="$.node", ods=DELETE),
            },
            on=on,
        ),
        leaves=Item({"node": Ref(coll="nodes", field="$.leaf", required=True)}),
    )
    return backoffice, told


@pytest.mark.parametrize("levels", [500, 2000])
def test_a_chain_of_many_levels_is_deleted(tree: tuple[Backoffice, list[str]], db: DBSQLConnector, levels: int) -> None:
    backoffice, told = tree
    nodes, leaves = backoffice.nodes.table, backoffice.leaves.table
    rows = [{"_id": f"n{number:04}", "above": f"n{number - 1:04}" if number else None} for number in range(levels)]
    with db.engine.begin() as connection:
        connection.execute(nodes.insert(), rows)
        connection.execute(leaves.insert(), [{"_id": f"l{row['_id']}", "node": row["_id"]} for row in rows])
    backoffice.nodes.get_by_id("n0001").delete()
    assert [node._id for node in backoffice.nodes.select()] == ["n0000"]
    assert [leaf._id for leaf in backoffice.leaves.select()] == ["ln0000"]
    if told:
        assert told == [row["_id"] for row in rows[1:]]  # from above


def test_a_ring_of_many_is_deleted(tree: tuple[Backoffice, list[str]], db: DBSQLConnector) -> None:
    backoffice, told = tree
    rows = [{"_id": f"n{number:04}", "above": f"n{(number or 1500) - 1:04}"} for number in range(1500)]
    with db.engine.begin() as connection:
        connection.execute(backoffice.nodes.table.insert(), rows)
    backoffice.nodes.get_by_id("n0700").delete()
    assert backoffice.nodes.count() == 0
    assert len(told) in (0, 1500)


def test_two_that_take_each_other_along_and_one_that_takes_itself(
    tree: tuple[Backoffice, list[str]], db: DBSQLConnector
) -> None:
    backoffice, told = tree
    a, b, itself = (backoffice.nodes.create({}) for _ in range(3))
    for node, above in ((a, b), (b, a), (itself, itself)):
        node.above = above
        node.save()
    backoffice.nodes.get_by_id(a._id).delete()
    assert [node._id for node in backoffice.nodes.select()] == [itself._id]
    backoffice.nodes.get_by_id(itself._id).delete()
    assert backoffice.nodes.count() == 0
    assert told in ([], [a._id, b._id, itself._id])


def test_a_cascade_by_the_database_into_what_was_asked_for_is_no_missing_item(
    open_backoffice: Open, db: DBSQLConnector
) -> None:
    """Eggs take their chicken along, and the chicken its eggs: the first deletion takes all that the others would."""
    backoffice = open_backoffice(
        chickens=Item(
            {"egg": Ref(coll="eggs", field="$.chickens"), "eggs": RefsList(coll="eggs", field="$.chicken", ods=DELETE)}
        ),
        eggs=Item(
            {
                "chicken": Ref(coll="chickens", field="$.eggs"),
                "chickens": RefsList(coll="chickens", field="$.egg", ods=DELETE),
            }
        ),
    )
    chicken = backoffice.chickens.create({})
    egg = backoffice.eggs.create({"chicken": chicken})
    chicken.egg = egg
    chicken.save()
    backoffice.chickens.get_by_id(chicken._id).delete()
    assert row_counts(db) == {"chickens": 0, "eggs": 0}


def test_a_hundred_thousand_ids_are_read_and_selected(open_backoffice: Open, db: DBSQLConnector) -> None:
    backoffice = open_backoffice(notes=Item({"text": String(), "n": String(index=True)}))
    ids = [f"n{number:06}" for number in range(100_000)]

    @sa.event.listens_for(db.engine, "checkout")
    def limit(connection: Any, *_: Any) -> None:
        if isinstance(connection, sqlite3.Connection):  # to what SQLite has unless it is built otherwise
            connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 32_766)

    with db.engine.begin() as connection:
        connection.execute(backoffice.notes.table.insert(), [{"_id": each, "n": each} for each in ids[:3]])
    for field in ("_id", "n"):
        assert [note._id for note in backoffice.notes.select({field: ("$in", ids)})] == ids[:3]
        assert backoffice.notes.count({field: ("$nin", ids)}) == 0


# -- with those who listen -------------------------------------------------------------------------


def test_everybody_is_told_before_anything_is_deleted_from_the_outside_in(open_backoffice: Open) -> None:
    told: list[tuple[str, str, int]] = []

    def tell(event: str, root: Any, me: Any) -> None:
        told.append((event, me.name, backoffice.pages.count()))

    on: On = [("before_delete", tell), ("committed", tell)]
    backoffice = publishing(open_backoffice, author=on, book=on, page=on)
    author = printed(backoffice, "a")
    told.clear()
    author.delete()
    names = ["a", "a0", "a1", "a0.0", "a0.1", "a1.0", "a1.1"]
    assert told[:7] == [("before_delete", name, 4) for name in names]
    assert told[7:] == [("committed", name, 0) for name in names]


def test_thousands_are_told_and_read_some_at_a_time(open_backoffice: Open, db: DBSQLConnector) -> None:
    told: list[str] = []
    backoffice = publishing(open_backoffice, book=[("before_delete", lambda event, root, me: told.append(me._id))])
    author = backoffice.authors.create({"name": "Ada"})
    ids = [f"b{number:05}" for number in range(2500)]
    with db.engine.begin() as connection:
        connection.execute(backoffice.books.table.insert(), [{"_id": each, "author": author._id} for each in ids])
    author.delete()
    assert told == ids
    assert backoffice.books.count() == 0


def test_a_handler_deep_below_that_refuses_undoes_everything(open_backoffice: Open, db: DBSQLConnector) -> None:
    heard: list[str] = []

    def refuse(event: str, root: Any, me: Any) -> None:
        backoffice.tags.create({"name": "noted"})
        if me.name == "a1.1":
            raise RefusedError

    backoffice = publishing(
        open_backoffice,
        author=[("committed", lambda event, root, me: heard.append(event))],
        page=[("before_delete", refuse)],
    )
    author = printed(backoffice, "a")
    heard.clear()
    before = all_rows(db)
    with pytest.raises(RefusedError):
        author.delete()
    assert all_rows(db) == before
    assert heard == []
    assert author._id is not None
    assert author.name == "a"


def test_a_handler_may_delete_what_goes_anyway(open_backoffice: Open, db: DBSQLConnector) -> None:
    told: list[str] = []

    def delete_first_book(event: str, root: Any, me: Any) -> None:
        told.append(me.name)
        if event == "before_delete":
            backoffice.books.get_by_id(me.books[0]).delete()

    def note(event: str, root: Any, me: Any) -> None:
        told.append(f"{me.name} {event}")

    on: On = [("before_delete", note), ("committed", note)]
    backoffice = publishing(open_backoffice, author=[("before_delete", delete_first_book)], book=on, page=on)
    author = printed(backoffice, "a", pages=1)
    told.clear()
    author.delete()
    assert told[0] == "a"
    names = ["a0", "a1", "a0.0", "a1.0"]
    assert sorted(told[1:]) == sorted(f"{name} {event}" for name in names for event in ("before_delete", "committed"))
    assert row_counts(db) == {"authors": 0, "books": 0, "books__tags": 0, "pages": 0, "tags": 1}


def test_a_handler_may_delete_the_very_item_and_its_neighbours(open_backoffice: Open, db: DBSQLConnector) -> None:
    told: list[str] = []

    def delete_all(event: str, root: Any, me: Any) -> None:
        told.append(me.name)
        for book in backoffice.books.select():
            if backoffice.books.count({"_id": book._id}):  # those who are told of it delete, too
                book.delete()

    backoffice = publishing(open_backoffice, book=[("before_delete", delete_all)])
    author = printed(backoffice, "a", books=3)
    author.delete()
    assert told == ["a0", "a1", "a2"]
    assert row_counts(db)["books"] == 0
    told.clear()
    printed(backoffice, "b", books=3)
    backoffice.books.select_one({"name": "b1"}).delete()
    assert told == ["b1", "b0", "b2"]
    assert row_counts(db)["books"] == 0


def test_a_handler_may_save_and_move_what_would_go(open_backoffice: Open) -> None:
    def rescue(event: str, root: Any, me: Any) -> None:
        heir = backoffice.authors.create({"name": "heir"})
        for number, identifier in enumerate(list(me.books)):
            book = backoffice.books.get_by_id(identifier)
            book.set({"name": "saved", "author": heir} if number else {"name": "changed"})
            book.save()

    backoffice = publishing(open_backoffice, author=[("before_delete", rescue)])
    printed(backoffice, "a").delete()
    assert [author.name for author in backoffice.authors.select()] == ["heir"]
    assert [book.name for book in backoffice.books.select()] == ["saved"]
    assert backoffice.pages.count() == 2


def test_what_a_handler_adds_below_is_told_too(open_backoffice: Open) -> None:
    told: list[str] = []

    def add(event: str, root: Any, me: Any) -> None:
        told.append(me.name)
        if len(told) < 4:
            backoffice.pages.create({"name": f"new {len(told)}", "book": me.book})

    backoffice = publishing(open_backoffice, page=[("before_delete", add)])
    printed(backoffice, "a", books=1, pages=1).delete()
    assert told == ["a0.0", "new 1", "new 2", "new 3"]
    assert backoffice.pages.count() == 0


def test_handlers_that_never_come_to_an_end_are_stopped(open_backoffice: Open, db: DBSQLConnector) -> None:
    def add(event: str, root: Any, me: Any) -> None:
        backoffice.pages.create({"book": me.book})

    backoffice = publishing(open_backoffice, page=[("before_delete", add)])
    author = printed(backoffice, "a", books=1, pages=1)
    before = all_rows(db)
    with pytest.raises(DescriptionError, match="before_delete"):
        author.delete()
    assert all_rows(db) == before


def test_a_handler_may_put_something_in_the_way(open_backoffice: Open, db: DBSQLConnector) -> None:
    def block(event: str, root: Any, me: Any) -> None:
        backoffice.books.create({"author": me})

    backoffice = open_backoffice(
        authors=Item({"books": RefsList(coll="books", field="$.author")}, on=[("before_delete", block)]),
        books=Item({"author": Ref(coll="authors", field="$.books", required=True)}),
    )
    author = backoffice.authors.create({})
    before = all_rows(db)
    with pytest.raises(NotEmptyError, match="1 of 'books'"):
        author.delete()
    assert all_rows(db) == before


def test_a_deletion_that_was_refused_tells_again_when_it_is_tried_again(open_backoffice: Open) -> None:
    told: list[str] = []

    def tell(event: str, root: Any, me: Any) -> None:
        told.append(me.name)
        if len(told) == 1:
            raise RefusedError

    backoffice = publishing(open_backoffice, author=[("before_delete", tell)])
    author = printed(backoffice, "a")
    with backoffice.transaction():
        with pytest.raises(RefusedError):
            author.delete()
        author.delete()
    assert told == ["a", "a"]
    assert backoffice.books.count() == 0
