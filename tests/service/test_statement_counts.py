"""The number of statements of a request depends on what is asked for, never on how many items there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from backo_sql import Backoffice, DBSQLConnector, DeleteStrategy, FillStrategy, Item, Ref, RefsList, Selection, String
from tests.support import Open, client_of, statements

#: Tells how many statements a piece of work took.
Count = Callable[[Callable[[], Any]], int]


@pytest.fixture
def count(db: DBSQLConnector) -> Count:
    def count(work: Callable[[], Any]) -> int:
        with statements(db) as seen:
            answer = work()
        status = getattr(answer, "status_code", 200)
        assert status in (200, 201), answer.get_data(as_text=True)
        return len(seen)

    return count


@pytest.fixture
def insert(db: DBSQLConnector) -> Callable[..., list[str]]:
    """Insert rows by the hundred, as quickly as the database can, and return their ids."""

    def insert(collection: Any, count: int, **values: Any) -> list[str]:
        start = collection.count()
        rows = [
            {"_id": f"{collection.name[0]}{start + number:05}"}
            | {name: value(number) if callable(value) else value for name, value in values.items()}
            for number in range(count)
        ]
        with db.engine.begin() as connection:
            connection.execute(collection.table.insert(), rows)
        return [row["_id"] for row in rows]

    return insert


def of_one_collection(open_backoffice: Open) -> Backoffice:
    return open_backoffice(notes=Item({"text": String(), "kind": String()}))


# -- reading --------------------------------------------------------------------------------------


def test_an_item_is_one_statement(open_backoffice: Open, count: Count) -> None:
    client = client_of(of_one_collection(open_backoffice))
    url = client.post("/app/notes", json={"text": "a"}).location
    assert count(lambda: client.get(url)) == 1


def test_an_item_is_one_statement_more_for_each_of_its_lists(
    library: Backoffice, client: FlaskClient, count: Count
) -> None:
    author = client.post("/app/authors", json={"name": "Ada"})
    book = client.post("/app/books", json={"title": "Notes", "author": author.get_json()["_id"]})
    shelf = client.post("/app/shelves", json={"label": "one"})
    assert count(lambda: client.get(author.location)) == 2  # books
    assert count(lambda: client.get(book.location)) == 2  # shelves
    assert count(lambda: client.get(shelf.location)) == 3  # books, inside
    assert count(lambda: library.shelves.get_by_id(shelf.get_json()["_id"])) == 3


def test_a_list_that_is_not_filled_is_not_asked_for(open_backoffice: Open, count: Count) -> None:
    backoffice = open_backoffice(
        towns=Item({"people": RefsList(coll="people", field="$.town", ofs=FillStrategy.NOT_FILL)}),
        people=Item({"town": Ref(coll="towns", field="$.people")}),
    )
    client = client_of(backoffice)
    url = client.post("/app/towns", json={}).location
    assert count(lambda: client.get(url)) == 1


def test_a_list_that_the_view_leaves_out_is_not_asked_for(open_backoffice: Open, count: Count) -> None:
    backoffice = open_backoffice(
        towns=Item({"name": String(), "people": RefsList(coll="people", field="$.town", views=["!short"])}),
        people=Item({"town": Ref(coll="towns", field="$.people")}),
    )
    client = client_of(backoffice)
    url = client.post("/app/towns", json={}).location
    assert count(lambda: client.get(url)) == 2
    assert count(lambda: client.get(f"{url}?_view=short")) == 1


def test_a_page_is_two_statements(open_backoffice: Open, insert: Callable[..., list[str]], count: Count) -> None:
    backoffice = of_one_collection(open_backoffice)
    client = client_of(backoffice)
    insert(backoffice.notes, 600, text=str, kind="a")
    for page in (1, 5, 20, 500):
        assert count(lambda page=page: client.get(f"/app/notes?_page={page}")) == 2
        assert count(lambda page=page: client.get(f"/app/notes?_page={page}&kind=a&text.$gte=1")) == 2


def test_a_page_of_5_and_a_page_of_500_are_the_same_number(
    library: Backoffice, client: FlaskClient, insert: Callable[..., list[str]], count: Count, db: DBSQLConnector
) -> None:
    (author,) = insert(library.authors, 1, name="Ada")
    books = insert(library.books, 600, title=str, author=author)
    shelves = insert(library.shelves, 600, label=str)
    links = [{"owner_id": book, "target_id": shelf} for shelf in shelves[:50] for book in (books[0], books[-1])]
    with db.engine.begin() as connection:
        connection.execute(db.metadata.tables["books__shelves"].insert(), links)
    small, large = (count(lambda page=page: client.get(f"/app/shelves?_page={page}")) for page in (5, 500))
    assert small == large == 4  # the page, the total, books, inside
    small, large = (count(lambda page=page: library.books.select(page=page)) for page in (5, 500))
    assert small == large == 2  # the page, shelves


@pytest.mark.parametrize(
    ("selectors", "statements"),
    [
        (["$.title", "$.author.name"], 2),
        (["$.author.name", "$.loan.reader.name", "$.author.born"], 2),
        (["$.title", "$.shelves"], 3),
        (["$.shelves.label", "$.author.name"], 5),
        (["$.author.books.title", "$.loan.reader.loans.author.name"], 7),
    ],
)
def test_a_selection_through_references_of_1_row_and_of_200_are_the_same_number(
    library: Backoffice,
    client: FlaskClient,
    insert: Callable[..., list[str]],
    count: Count,
    db: DBSQLConnector,
    selectors: list[str],
    statements: int,
) -> None:
    authors = insert(library.authors, 200, name=str)
    readers = insert(library.readers, 200, name=str)
    shelves = insert(library.shelves, 200, label=str)
    books = insert(
        library.books,
        200,
        title=str,
        author=lambda number: authors[number],
        loan__reader=lambda number: readers[number],
    )
    links = [{"owner_id": book, "target_id": shelf} for book, shelf in zip(books, shelves, strict=True)]
    with db.engine.begin() as connection:
        connection.execute(db.metadata.tables["books__shelves"].insert(), links)
    library.books.register_selection("columns", Selection(selectors, filter={"author.name": ("$ne", "x")}))
    url = "/app/books/_selections/columns?loan.reader.name.$ne=x"
    for page in (1, 200):
        asked = f"{url}&_page={page}"
        assert len(client.get(asked).get_json()["result"]) == page
        assert count(lambda asked=asked: client.get(asked)) == statements
        assert count(lambda asked=asked: client.post(asked, json={"shelves.label": ["$ne", "x"]})) == statements


def test_a_long_list_is_one_statement(
    library: Backoffice, client: FlaskClient, insert: Callable[..., list[str]], count: Count
) -> None:
    one, many = insert(library.authors, 2, name="Ada")
    insert(library.books, 1, title="a", author=one)
    insert(library.books, 2000, title="a", author=many)
    assert len(client.get(f"/app/authors/{many}").get_json()["books"]) == 2000
    assert count(lambda: client.get(f"/app/authors/{one}")) == count(lambda: client.get(f"/app/authors/{many}")) == 2


# -- writing --------------------------------------------------------------------------------------


def test_a_create_that_refers_to_nothing_is_one_statement(
    library: Backoffice, client: FlaskClient, count: Count
) -> None:
    assert count(lambda: client.post("/app/authors", json={"name": "Ada"})) == 1
    assert count(lambda: client.post("/app/shelves", json={"label": "one", "books": [], "parent": None})) == 1


@pytest.mark.parametrize(
    ("collection", "field", "name"),
    [
        pytest.param("readers", "loans", "name", id="pointers in other items"),
        pytest.param("shelves", "books", "label", id="rows of their own"),
    ],
)
def test_a_create_with_100_references_is_as_many_statements_as_with_one(
    library: Backoffice,
    client: FlaskClient,
    insert: Callable[..., list[str]],
    count: Count,
    collection: str,
    field: str,
    name: str,
) -> None:
    (author,) = insert(library.authors, 1, name="Ada")
    books = insert(library.books, 101, title=str, author=author)

    def create(references: list[str]) -> int:
        data = {name: str(len(references)), field: references}
        return count(lambda: client.post(f"/app/{collection}", json=data))

    assert create(books[:1]) == create(books[1:]) == 3  # are they there, the item, the links
    assert len(client.get(f"/app/{collection}?{name}=100").get_json()["result"][0][field]) == 100


def test_a_change_of_a_field_is_a_constant_number(library: Backoffice, client: FlaskClient, count: Count) -> None:
    author = client.post("/app/authors", json={"name": "Ada"})
    for number in range(5):
        client.post("/app/books", json={"title": str(number), "author": author.get_json()["_id"]})
    put = count(lambda: client.put(author.location, json={"name": "Grace"}))
    patch = count(lambda: client.patch(author.location, json={"op": "replace", "path": "$.name", "value": "Rosa"}))
    assert put == patch == 3  # the item, its list, the change


def test_a_change_that_changes_nothing_writes_nothing(
    library: Backoffice, client: FlaskClient, db: DBSQLConnector
) -> None:
    author = client.post("/app/authors", json={"name": "Ada"})
    with statements(db) as seen:
        assert client.put(author.location, json={"name": "Ada"}).status_code == 200
    assert [statement for statement in seen if statement.startswith(("UPDATE", "INSERT", "DELETE"))] == []


@pytest.mark.parametrize("collection", ["readers", "shelves"])
def test_a_change_of_100_links_is_as_many_statements_as_of_one(
    library: Backoffice,
    client: FlaskClient,
    insert: Callable[..., list[str]],
    count: Count,
    collection: str,
) -> None:
    field, name = {"readers": ("loans", "name"), "shelves": ("books", "label")}[collection]
    (author,) = insert(library.authors, 1, name="Ada")
    books = insert(library.books, 202, title=str, author=author)

    def change(before: list[str], after: list[str]) -> int:
        made = client.post(f"/app/{collection}", json={name: f"{len(before)}", field: before})
        return count(lambda: client.put(made.location, json={field: after}))

    assert change(books[:1], books[1:2]) == change(books[2:102], books[102:])


@pytest.mark.parametrize("collection", ["readers", "shelves"])
def test_a_save_of_one_changed_link_of_1000_writes_that_one(
    library: Backoffice, insert: Callable[..., list[str]], db: DBSQLConnector, collection: str
) -> None:
    field, name = {"readers": ("loans", "name"), "shelves": ("books", "label")}[collection]
    (author,) = insert(library.authors, 1, name="Ada")
    books = insert(library.books, 1003, title=str, author=author)

    def swap_one(how_many: int) -> list[str]:
        item = library.collections[collection].create({name: str(how_many), field: books[1 : how_many + 1]})
        links = getattr(item, field)
        del links[0]
        links.append(books[-1])
        with statements(db) as seen:
            item.save()
        assert list(getattr(library.collections[collection].get_by_id(item._id), field)) == list(links)
        return [statement.split()[0] for statement in seen]

    of_few, of_many = swap_one(2), swap_one(1000)
    assert of_few == of_many
    assert len(of_many) == 4  # is the new one there, the stamps, the one that goes, the one that comes


@pytest.mark.parametrize(
    ("collection", "field"),
    [pytest.param("shelves", "books", id="rows of their own"), pytest.param("readers", "loans", id="pointers")],
)
def test_adding_to_a_list_sends_what_is_new_and_not_the_list(
    library: Backoffice, insert: Callable[..., list[str]], db: DBSQLConnector, collection: str, field: str
) -> None:
    (author,) = insert(library.authors, 1, name="Ada")
    books = insert(library.books, 1001, title=str, author=author)
    name = {"readers": "name", "shelves": "label"}[collection]
    item = library.collections[collection].create({name: "a", field: books[:-1]})
    getattr(item, field).append(books[-1])
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith(("INSERT", "UPDATE")):
            sent.append(repr(parameters))

    sa.event.listen(db.engine, "before_cursor_execute", note)
    item.save()
    sa.event.remove(db.engine, "before_cursor_execute", note)
    assert len(sent) == 2  # the stamps of the item, the link
    assert books[-1] in sent[1]
    assert not any(book in each for book in books[:-1] for each in sent)


def publishing(open_backoffice: Open, listening: str, told: list[str]) -> Backoffice:
    """Authors who take their books along, and books their pages; somebody listens to the items of one collection."""

    def on(name: str) -> list[Any]:
        return [("before_delete", lambda event, root, me: told.append(me._id))] if name == listening else []

    delete = DeleteStrategy.DELETE_REFERENCED_ITEMS
    return open_backoffice(
        authors=Item({"books": RefsList(coll="books", field="$.author", ods=delete)}, on=on("authors")),
        books=Item(
            {
                "author": Ref(coll="authors", field="$.books", required=True),
                "pages": RefsList(coll="pages", field="$.book", ods=delete),
            },
            on=on("books"),
        ),
        pages=Item({"book": Ref(coll="books", field="$.pages", required=True)}, on=on("pages")),
    )


@pytest.mark.parametrize(
    ("listening", "statements_of_one_deletion"),
    [
        pytest.param("nobody", 1, id="by the database alone"),
        # Are they there, which ones go, the items for those who listen with their lists, the deletions.
        pytest.param("authors", 4, id="with a listener at the top"),
        pytest.param("books", 6, id="with a listener in the middle"),
        pytest.param("pages", 7, id="with a listener at the end"),
    ],
)
def test_a_cascade_of_500_is_as_many_statements_as_of_two(
    open_backoffice: Open,
    insert: Callable[..., list[str]],
    count: Count,
    listening: str,
    statements_of_one_deletion: int,
) -> None:
    told: list[str] = []
    backoffice = publishing(open_backoffice, listening, told)
    client = client_of(backoffice)
    few, many, other = insert(backoffice.authors, 3)
    books = insert(backoffice.books, 2, author=few) + insert(backoffice.books, 500, author=many)
    insert(backoffice.pages, 502, book=lambda number: books[number])
    insert(backoffice.books, 1, author=other)
    of_few = count(lambda: client.delete(f"/app/authors/{few}"))
    of_many = count(lambda: client.delete(f"/app/authors/{many}"))
    assert of_few == of_many <= statements_of_one_deletion
    assert (backoffice.authors.count(), backoffice.books.count(), backoffice.pages.count()) == (1, 1, 0)
    assert len(told) == {"nobody": 0, "authors": 2, "books": 502, "pages": 502}[listening]


def test_a_delete_of_what_has_no_children_asks_once_at_most(
    library: Backoffice, client: FlaskClient, count: Count
) -> None:
    author, shelf = (
        client.post("/app/authors", json={"name": "Ada"}),
        client.post("/app/shelves", json={"label": "one"}),
    )
    assert count(lambda: client.delete(author.location)) == 1  # it looks for books itself
    assert count(lambda: client.delete(shelf.location)) == 2  # what is inside, the item


def test_a_delete_of_500_is_as_many_statements_as_of_two(
    open_backoffice: Open, insert: Callable[..., list[str]], count: Count
) -> None:
    delete, unlink = DeleteStrategy.DELETE_REFERENCED_ITEMS, DeleteStrategy.UNLINK_REFERENCED_ITEMS
    backoffice = open_backoffice(
        towns=Item({"streets": RefsList(coll="streets", field="$.town", ods=delete)}),
        streets=Item(
            {
                "town": Ref(coll="towns", field="$.streets", required=True),
                "people": RefsList(coll="people", field="$.street", ods=unlink),
            }
        ),
        people=Item({"street": Ref(coll="streets", field="$.people")}),
    )
    client = client_of(backoffice)
    few, many = insert(backoffice.towns, 2)
    streets = insert(backoffice.streets, 2, town=few) + insert(backoffice.streets, 500, town=many)
    insert(backoffice.people, 502, street=lambda number: streets[number])
    of_few = count(lambda: client.delete(f"/app/towns/{few}"))
    of_many = count(lambda: client.delete(f"/app/towns/{many}"))
    assert of_few == of_many <= 6
    assert (backoffice.towns.count(), backoffice.streets.count(), backoffice.people.count()) == (0, 0, 502)
    assert backoffice.people.count({"street": None}) == 502


def test_a_refused_delete_counts_its_blockers_without_reading_each(
    library: Backoffice, client: FlaskClient, insert: Callable[..., list[str]], db: DBSQLConnector
) -> None:
    few, many = insert(library.authors, 2, name="Ada")
    insert(library.books, 2, title="a", author=few)
    insert(library.books, 500, title="a", author=many)

    def refused(author: str) -> int:
        with statements(db) as seen:
            assert client.delete(f"/app/authors/{author}").status_code == 409
        return len(seen)

    assert refused(few) == refused(many) <= 3


@pytest.fixture(autouse=True)
def _nothing_is_left_open(db: DBSQLConnector) -> Iterator[None]:
    yield
    assert db.engine.pool.checkedout() == 0
