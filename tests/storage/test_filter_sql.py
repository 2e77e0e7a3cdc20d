"""What filters and orders are in SQL: the whole text, as the database gets it, and what is bound beside it.

Nothing that a client sends stands in the text, and nothing is joined that could have a row come twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import pytest
import sqlalchemy as sa
from psycopg.types.json import Jsonb

from backo_sql import Backoffice, Datetime, DBSQLConnector, DeleteStrategy, Dict, Int, Item, List, Ref, RefsList, String
from tests.support import Open, client_of

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
def shop(open_backoffice: Open) -> Backoffice:
    """Links of every kind and direction, and lists in either form."""
    described: dict[str, dict[str, Any]] = {
        "publishers": {"city": String()},
        "authors": {
            "name": String(required=True),
            "publisher": Ref(coll="publishers"),
            "books": RefsList(coll="books", field="$.author", ods=DeleteStrategy.MUST_BE_EMPTY),
        },
        "shelves": {
            "label": String(required=True),
            "books": RefsList(coll="books", field="$.shelves", ods=DeleteStrategy.UNLINK_REFERENCED_ITEMS),
        },
        "readers": {"name": String(required=True)},
        "books": {
            "title": String(required=True),
            "pages": Int(index=True),
            "published": Datetime(),
            "size": Dict({"unit": String(), "width": Int()}),
            "tags": List(String()),
            "author": Ref(coll="authors", field="$.books", required=True),
            "shelves": RefsList(coll="shelves", field="$.books", ods=DeleteStrategy.UNLINK_REFERENCED_ITEMS),
            "loans": List(Dict({"reader": Ref(coll="readers"), "days": Int()})),
        },
    }
    return open_backoffice(**{name: Item(fields, meta_data_handler=None) for name, fields in described.items()})


#: a statement, and what is bound in it
Sent = tuple[str, list[Any]]


def one_line(text: str) -> str:
    """Take line breaks out of SQL, which are wherever somebody wants them."""
    return " ".join(text.split())


@contextmanager
def sent(db: DBSQLConnector) -> Iterator[list[Sent]]:
    """Collect each statement with its parameters, in the order of their names."""
    seen: list[Sent] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        values = parameters.values() if isinstance(parameters, dict) else parameters
        seen.append((one_line(statement), [each.obj if isinstance(each, Jsonb) else each for each in values]))

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)


MANY = [f"Tides {number}" for number in range(30)]

#: of each filter: the collection, the filter, and what stands behind FROM, on SQLite and on PostgreSQL, with its values
FILTERS: dict[str, tuple[str, Any, Sent, Sent]] = {
    "equality": (
        "books",
        {"title": "Tides"},
        ("books WHERE books.title = ?", ["Tides"]),
        ('books WHERE books.title = %(title_1)s::VARCHAR COLLATE "C"', ["Tides"]),
    ),
    "a range": (
        "books",
        {"pages": ("$and", [("$gte", 101), ("$lt", 202)])},
        ("books WHERE books.pages >= ? AND books.pages < ?", [101, 202]),
        ("books WHERE books.pages >= %(pages_1)s::BIGINT AND books.pages < %(pages_2)s::BIGINT", [101, 202]),
    ),
    "null": (
        "books",
        {"published": None},
        ("books WHERE books.published IS NULL", []),
        ("books WHERE books.published IS NULL", []),
    ),
    "no null": (
        "books",
        {"published": ("$ne", None)},
        ("books WHERE books.published IS NOT NULL", []),
        ("books WHERE books.published IS NOT NULL", []),
    ),
    "another value, where there may be none": (
        "books",
        {"pages": ("$ne", 101)},
        ("books WHERE books.pages IS NOT ?", [101]),
        ("books WHERE books.pages IS DISTINCT FROM %(pages_1)s::BIGINT", [101]),
    ),
    "another value, where there is always one": (
        "books",
        {"title": ("$ne", "Tides")},
        ("books WHERE books.title != ?", ["Tides"]),
        ('books WHERE books.title != %(title_1)s::VARCHAR COLLATE "C"', ["Tides"]),
    ),
    "not an order, where there may be no value": (
        "books",
        {"pages": ("$not", ("$lt", 101))},
        ("books WHERE books.pages >= ? OR books.pages IS NULL", [101]),
        ("books WHERE books.pages >= %(pages_1)s::BIGINT OR books.pages IS NULL", [101]),
    ),
    "one of a few values": (
        "books",
        {"title": ("$in", ["Tides", "Ferries"])},
        ("books WHERE books.title IN (?, ?)", ["Tides", "Ferries"]),
        (
            """
            books WHERE books.title IN (%(title_1_1)s::VARCHAR COLLATE "C", %(title_1_2)s::VARCHAR COLLATE
            "C")
            """,
            ["Tides", "Ferries"],
        ),
    ),
    "one of many values": (
        "books",
        {"title": ("$in", MANY)},
        ("books WHERE books.title IN (SELECT anon_1.value FROM json_each(?) AS anon_1)", [orjson.dumps(MANY).decode()]),
        ('books WHERE books.title = ANY (%(param_1)s::TEXT[] COLLATE "C")', [MANY]),
    ),
    "none of some values and of null": (
        "books",
        {"pages": ("$nin", [101, None])},
        ("books WHERE (books.pages NOT IN (?)) AND books.pages IS NOT NULL", [101]),
        ("books WHERE (books.pages NOT IN (%(pages_1_1)s::BIGINT)) AND books.pages IS NOT NULL", [101]),
    ),
    "fields of a Dict": (
        "books",
        {"size": {"unit": "cm", "width": ("$gt", 21)}},
        ("books WHERE books.size__unit = ? AND books.size__width > ?", ["cm", 21]),
        (
            """
            books WHERE books.size__unit = %(size__unit_1)s::VARCHAR COLLATE "C" AND books.size__width >
            %(size__width_1)s::BIGINT
            """,
            ["cm", 21],
        ),
    ),
    "an element of a list": (
        "books",
        {"tags": ("$contains", "sea")},
        (
            """
            books WHERE EXISTS (SELECT 1 FROM json_each(books.tags) AS each__1 WHERE each__1.value = ?)
            """,
            ["sea"],
        ),
        ("books WHERE books.tags @> %(param_1)s::JSONB", [["sea"]]),
    ),
    "no element of a list": (
        "books",
        {"tags": ("$not", ("$contains", "sea"))},
        (
            """
            books WHERE NOT (EXISTS (SELECT 1 FROM json_each(books.tags) AS each__1 WHERE each__1.value =
            ?))
            """,
            ["sea"],
        ),
        ("books WHERE (books.tags @> %(param_1)s::JSONB) IS NOT true", [["sea"]]),
    ),
    "an element of a list in an order": (
        "books",
        {"tags": ("$contains", ("$gt", "sea"))},
        (
            """
            books WHERE EXISTS (SELECT 1 FROM json_each(books.tags) AS each__1 WHERE each__1.value > ?)
            """,
            ["sea"],
        ),
        (
            """
            books WHERE EXISTS (SELECT 1 FROM jsonb_array_elements(CASE WHEN (jsonb_typeof(books.tags) =
            %(jsonb_typeof_1)s::VARCHAR) THEN books.tags END) AS each__1 WHERE (each__1.value #>> '{}')
            COLLATE "C" > %(param_1)s::VARCHAR COLLATE "C")
            """,
            ["array", "sea"],
        ),
    ),
    "the element at a place, and no other": (
        "books",
        {"tags": ["sea"]},
        (
            """
            books WHERE CASE WHEN (json_type(books.tags, ?) = ?) THEN json_array_length(books.tags, ?) END =
            ? AND json_extract(books.tags, ?) = ?
            """,
            ["$", "array", "$", 1, "$[0]", "sea"],
        ),
        (
            """
            books WHERE CASE WHEN (jsonb_typeof(books.tags) = %(jsonb_typeof_1)s::VARCHAR) THEN
            jsonb_array_length(books.tags) END = %(param_1)s::INTEGER AND (books.tags ->
            %(param_2)s::INTEGER) = %(param_3)s::JSONB
            """,
            ["array", 1, 0, "sea"],
        ),
    ),
    "the id of a linked item": (
        "books",
        {"author": "author-1"},
        ("books WHERE books.author = ?", ["author-1"]),
        ('books WHERE books.author = %(author_1)s::VARCHAR COLLATE "C"', ["author-1"]),
    ),
    "through a reference": (
        "books",
        {"author.name": "Ines"},
        (
            """
            books, authors AS authors__1 WHERE authors__1._id = books.author AND authors__1.name = ?
            """,
            ["Ines"],
        ),
        (
            """
            books WHERE EXISTS (SELECT 1 FROM authors AS authors__1 WHERE authors__1._id = books.author AND
            authors__1.name = %(name_1)s::VARCHAR COLLATE "C")
            """,
            ["Ines"],
        ),
    ),
    "through two references": (
        "books",
        {"author.publisher.city": "Porto"},
        (
            """
            books, authors AS authors__1, publishers AS publishers__1 WHERE authors__1._id = books.author
            AND publishers__1._id = authors__1.publisher AND publishers__1.city = ?
            """,
            ["Porto"],
        ),
        (
            """
            books WHERE EXISTS (SELECT 1 FROM authors AS authors__1 WHERE authors__1._id = books.author AND
            (EXISTS (SELECT 1 FROM publishers AS publishers__1 WHERE publishers__1._id =
            authors__1.publisher AND publishers__1.city = %(city_1)s::VARCHAR COLLATE "C")))
            """,
            ["Porto"],
        ),
    ),
    "not through two references": (
        "books",
        {"author.publisher.city": ("$ne", "Porto")},
        (
            """
            books, authors AS authors__1 WHERE authors__1._id = books.author AND NOT (EXISTS (SELECT 1 FROM
            publishers AS publishers__1 WHERE publishers__1._id = authors__1.publisher AND
            publishers__1.city = ?))
            """,
            ["Porto"],
        ),
        (
            """
            books WHERE NOT (EXISTS (SELECT 1 FROM authors AS authors__1 WHERE authors__1._id = books.author
            AND (EXISTS (SELECT 1 FROM publishers AS publishers__1 WHERE publishers__1._id =
            authors__1.publisher AND publishers__1.city = %(city_1)s::VARCHAR COLLATE "C"))))
            """,
            ["Porto"],
        ),
    ),
    "not through a reference that is always there": (
        "books",
        {"author.name": ("$ne", "Ines")},
        (
            """
            books, authors AS authors__1 WHERE authors__1._id = books.author AND authors__1.name != ?
            """,
            ["Ines"],
        ),
        (
            """
            books WHERE NOT (EXISTS (SELECT 1 FROM authors AS authors__1 WHERE authors__1._id = books.author
            AND authors__1.name = %(name_1)s::VARCHAR COLLATE "C"))
            """,
            ["Ines"],
        ),
    ),
    "through a reference or not": (
        "books",
        {"$or": [{"author.name": "Ines"}, {"pages": 101}]},
        (
            """
            books WHERE books.author IN (SELECT authors__1._id FROM authors AS authors__1 WHERE
            authors__1.name = ?) OR books.pages = ?
            """,
            ["Ines", 101],
        ),
        (
            """
            books WHERE (EXISTS (SELECT 1 FROM authors AS authors__1 WHERE authors__1._id = books.author AND
            authors__1.name = %(name_1)s::VARCHAR COLLATE "C")) OR books.pages = %(pages_1)s::BIGINT
            """,
            ["Ines", 101],
        ),
    ),
    "through a reference in an order or not": (
        "books",
        {"$or": [{"author.name": ("$gt", "Ines")}, {"pages": 101}]},
        (
            """
            books WHERE (EXISTS (SELECT 1 FROM authors AS authors__1 WHERE authors__1._id = books.author AND
            authors__1.name > ?)) OR books.pages = ?
            """,
            ["Ines", 101],
        ),
        (
            """
            books WHERE (EXISTS (SELECT 1 FROM authors AS authors__1 WHERE authors__1._id = books.author AND
            authors__1.name > %(name_1)s::VARCHAR COLLATE "C")) OR books.pages = %(pages_1)s::BIGINT
            """,
            ["Ines", 101],
        ),
    ),
    "to what refers here, in an order": (
        "authors",
        {"books.pages": ("$gt", 101)},
        (
            """
            authors WHERE EXISTS (SELECT 1 FROM books AS books__1 WHERE books__1.pages > ? AND
            books__1.author = authors._id)
            """,
            [101],
        ),
        (
            """
            authors WHERE EXISTS (SELECT 1 FROM books AS books__1 WHERE books__1.pages > %(pages_1)s::BIGINT
            AND books__1.author = authors._id)
            """,
            [101],
        ),
    ),
    "to what refers here, by a value": (
        "authors",
        {"books.pages": 101},
        (
            """
            authors WHERE authors._id IN (SELECT books__1.author FROM books AS books__1 WHERE books__1.pages
            = ?)
            """,
            [101],
        ),
        (
            """
            authors WHERE EXISTS (SELECT 1 FROM books AS books__1 WHERE books__1.pages = %(pages_1)s::BIGINT
            AND books__1.author = authors._id)
            """,
            [101],
        ),
    ),
    "none that refers here": (
        "authors",
        {"books": []},
        (
            """
            authors WHERE NOT (EXISTS (SELECT 1 FROM books AS books__1 WHERE books__1.author = authors._id))
            """,
            [],
        ),
        (
            """
            authors WHERE NOT (EXISTS (SELECT 1 FROM books AS books__1 WHERE books__1.author = authors._id))
            """,
            [],
        ),
    ),
    "to one of many linked to many": (
        "books",
        {"shelves.label": "A3"},
        (
            """
            books WHERE books._id IN (SELECT books__shelves__1.owner_id FROM books__shelves AS
            books__shelves__1 JOIN shelves AS shelves__1 ON shelves__1._id = books__shelves__1.target_id
            WHERE shelves__1.label = ?)
            """,
            ["A3"],
        ),
        (
            """
            books WHERE EXISTS (SELECT 1 FROM books__shelves AS books__shelves__1 JOIN shelves AS shelves__1
            ON shelves__1._id = books__shelves__1.target_id WHERE shelves__1.label = %(label_1)s::VARCHAR
            COLLATE "C" AND books__shelves__1.owner_id = books._id)
            """,
            ["A3"],
        ),
    ),
    "to one of many linked to many, by its id": (
        "books",
        {"shelves": ("$contains", "shelf-1")},
        (
            """
            books WHERE books._id IN (SELECT books__shelves__1.owner_id FROM books__shelves AS
            books__shelves__1 WHERE books__shelves__1.target_id = ?)
            """,
            ["shelf-1"],
        ),
        (
            """
            books WHERE EXISTS (SELECT 1 FROM books__shelves AS books__shelves__1 WHERE
            books__shelves__1.target_id = %(target_id_1)s::VARCHAR COLLATE "C" AND
            books__shelves__1.owner_id = books._id)
            """,
            ["shelf-1"],
        ),
    ),
    "a row of a list with a reference": (
        "books",
        {"loans": ("$contains", {"days": ("$gt", 14), "reader.name": "Abel"})},
        (
            """
            books WHERE books._id IN (SELECT books__loans__1._owner_id FROM books__loans AS books__loans__1,
            readers AS readers__1 WHERE readers__1._id = books__loans__1.reader AND readers__1.name = ? AND
            books__loans__1.days > ?)
            """,
            ["Abel", 14],
        ),
        (
            """
            books WHERE EXISTS (SELECT 1 FROM books__loans AS books__loans__1 WHERE
            books__loans__1._owner_id = books._id AND books__loans__1.days > %(days_1)s::BIGINT AND (EXISTS
            (SELECT 1 FROM readers AS readers__1 WHERE readers__1._id = books__loans__1.reader AND
            readers__1.name = %(name_1)s::VARCHAR COLLATE "C")))
            """,
            [14, "Abel"],
        ),
    ),
    "one or not the other": (
        "books",
        {"$or": [{"pages": ("$lt", 101)}, {"$not": {"title": "Tides", "pages": ("$gte", 202)}}]},
        (
            """
            books WHERE books.pages < ? OR books.title != ? OR books.pages < ? OR books.pages IS NULL
            """,
            [101, "Tides", 202],
        ),
        (
            """
            books WHERE books.pages < %(pages_1)s::BIGINT OR books.title != %(title_1)s::VARCHAR COLLATE "C"
            OR books.pages < %(pages_2)s::BIGINT OR books.pages IS NULL
            """,
            [101, "Tides", 202],
        ),
    ),
    "an expression from the start": (
        "books",
        {"title": ("$reg", "T.des$")},
        ("books WHERE backo_matches(?, books.title, ?) = 1", ["T.des$", 1]),
        ("books WHERE books.title ~ %(param_1)s::VARCHAR", ["\\AT[^\n]des(?=\n?\\Z)"]),
    ),
    "an expression anywhere": (
        "books",
        {"title": ("$re", "[0-9]+ x|y")},
        ("books WHERE backo_matches(?, books.title, ?) = 1", ["[0-9]+ x|y", 0]),
        ("books WHERE books.title ~ %(param_1)s::VARCHAR", ["[0-9]+ x|y"]),
    ),
    "no expression": (
        "books",
        {"size.unit": ("$not", ("$re", "^c.?m"))},
        ("books WHERE backo_matches(?, books.size__unit, ?) = 0", ["^c.?m", 0]),
        (
            """
            books WHERE NOT (books.size__unit ~ %(param_1)s::VARCHAR) OR books.size__unit IS NULL
            """,
            ["\\Ac[^\n]?m"],
        ),
    ),
}


def check(shop: Backoffice, db: DBSQLConnector, name: str, expected: Sent) -> None:
    collection, filters, *_ = FILTERS[name]
    text, values = expected
    with sent(db) as seen:
        getattr(shop, collection).count(filters)
    assert seen == [(one_line(f"SELECT count(*) AS count_1 FROM {text}"), values)]


@on_sqlite
@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_on_sqlite(shop: Backoffice, db: DBSQLConnector, name: str) -> None:
    check(shop, db, name, FILTERS[name][2])


@on_postgresql
@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_on_postgresql(shop: Backoffice, db: DBSQLConnector, name: str) -> None:
    check(shop, db, name, FILTERS[name][3])


#: of each order: `_sort`, and the statements of the first page and of the next, on SQLite and on PostgreSQL
PAGES: dict[str, tuple[str, list[Sent], list[Sent]]] = {
    "by id": (
        "",
        [
            (
                """
                SELECT books._id, books._id AS _id__1, books._version FROM books ORDER BY books._id ASC LIMIT ?
                OFFSET ?
                """,
                [2, 0],
            ),
            (
                """
                SELECT books._id, books._id AS _id__1, books._version FROM books WHERE books._id > ? ORDER BY
                books._id ASC LIMIT ? OFFSET ?
                """,
                ["b0", 2, 0],
            ),
        ],
        [
            (
                """
                SELECT books._id, books._id AS _id__1, books._version FROM books ORDER BY books._id ASC LIMIT
                %(_limit)s::BIGINT
                """,
                [2],
            ),
            (
                """
                SELECT books._id, books._id AS _id__1, books._version FROM books WHERE books._id >
                %(_after0)s::VARCHAR COLLATE "C" ORDER BY books._id ASC LIMIT %(_limit)s::BIGINT
                """,
                ["b0", 2],
            ),
        ],
    ),
    "by a field": (
        "pages",
        [
            (
                """
                SELECT books._id, books.pages, books._id AS _id__1, books._version FROM books ORDER BY
                books.pages ASC NULLS LAST, books._id ASC LIMIT ? OFFSET ?
                """,
                [2, 0],
            ),
            (
                """
                SELECT books._id, books.pages, books._id AS _id__1, books._version FROM books WHERE
                (books.pages, books._id) > (?, ?) ORDER BY books.pages ASC, books._id ASC LIMIT ? OFFSET ?
                """,
                [7, "b1", 2, 0],
            ),
            (
                """
                SELECT books._id, books.pages, books._id AS _id__1, books._version FROM books WHERE books.pages
                IS NULL ORDER BY books._id ASC LIMIT ? OFFSET ?
                """,
                [1, 0],
            ),
        ],
        [
            (
                """
                SELECT books._id, books.pages, books._id AS _id__1, books._version FROM books ORDER BY
                books.pages ASC, books._id ASC LIMIT %(_limit)s::BIGINT
                """,
                [2],
            ),
            (
                """
                SELECT books._id, books.pages, books._id AS _id__1, books._version FROM books WHERE
                (books.pages, books._id) > (%(_after0)s::BIGINT, %(_after1)s::VARCHAR COLLATE "C") ORDER BY
                books.pages ASC, books._id ASC LIMIT %(_limit)s::BIGINT
                """,
                [7, "b1", 2],
            ),
            (
                """
                SELECT books._id, books.pages, books._id AS _id__1, books._version FROM books WHERE books.pages
                IS NULL ORDER BY books._id ASC LIMIT %(_limit)s::BIGINT
                """,
                [1],
            ),
        ],
    ),
    "by a field, backwards": (
        "-pages",
        [
            (
                """
                SELECT books._id, books.pages, books._id AS _id__1, books._version FROM books ORDER BY
                books.pages DESC NULLS FIRST, books._id ASC LIMIT ? OFFSET ?
                """,
                [2, 0],
            ),
            (
                """
                SELECT books._id, books.pages, books._id AS _id__1, books._version FROM books WHERE books.pages
                IS NULL AND books._id > ? ORDER BY books._id ASC LIMIT ? OFFSET ?
                """,
                ["b0", 2, 0],
            ),
            (
                """
                SELECT books._id, books.pages, books._id AS _id__1, books._version FROM books WHERE books.pages
                IS NOT NULL ORDER BY books.pages DESC, books._id ASC LIMIT ? OFFSET ?
                """,
                [2, 0],
            ),
        ],
        [
            (
                """
                SELECT books._id, books.pages, books._id AS _id__1, books._version FROM books ORDER BY
                books.pages DESC, books._id ASC LIMIT %(_limit)s::BIGINT
                """,
                [2],
            ),
            (
                """
                SELECT books._id, books.pages, books._id AS _id__1, books._version FROM books WHERE books.pages
                IS NULL AND books._id > %(_after1)s::VARCHAR COLLATE "C" ORDER BY books._id ASC LIMIT
                %(_limit)s::BIGINT
                """,
                ["b0", 2],
            ),
            (
                """
                SELECT books._id, books.pages, books._id AS _id__1, books._version FROM books WHERE books.pages
                IS NOT NULL ORDER BY books.pages DESC, books._id ASC LIMIT %(_limit)s::BIGINT
                """,
                [2],
            ),
        ],
    ),
    "by two fields": (
        "pages,-title",
        [
            (
                """
                SELECT books._id, books.pages, books.title, books._id AS _id__1, books._version FROM books ORDER
                BY books.pages ASC NULLS LAST, books.title DESC, books._id ASC LIMIT ? OFFSET ?
                """,
                [2, 0],
            ),
            (
                """
                SELECT books._id, books.pages, books.title, books._id AS _id__1, books._version FROM books WHERE
                books.pages >= ? AND (books.pages > ? OR books.pages = ? AND (books.title < ? OR books.title = ?
                AND books._id > ?)) ORDER BY books.pages ASC, books.title DESC, books._id ASC LIMIT ? OFFSET ?
                """,
                [7, 7, 7, "Tides", "Tides", "b1", 2, 0],
            ),
            (
                """
                SELECT books._id, books.pages, books.title, books._id AS _id__1, books._version FROM books WHERE
                books.pages IS NULL ORDER BY books.title DESC, books._id ASC LIMIT ? OFFSET ?
                """,
                [1, 0],
            ),
        ],
        [
            (
                """
                SELECT books._id, books.pages, books.title, books._id AS _id__1, books._version FROM books ORDER
                BY books.pages ASC, books.title DESC, books._id ASC LIMIT %(_limit)s::BIGINT
                """,
                [2],
            ),
            (
                """
                SELECT books._id, books.pages, books.title, books._id AS _id__1, books._version FROM books WHERE
                books.pages >= %(_after0)s::BIGINT AND (books.pages > %(_after0)s::BIGINT OR books.pages =
                %(_after0)s::BIGINT AND (books.title < %(_after1)s::VARCHAR COLLATE "C" OR books.title =
                %(_after1)s::VARCHAR COLLATE "C" AND books._id > %(_after2)s::VARCHAR COLLATE "C")) ORDER BY
                books.pages ASC, books.title DESC, books._id ASC LIMIT %(_limit)s::BIGINT
                """,
                [7, "Tides", "b1", 2],
            ),
            (
                """
                SELECT books._id, books.pages, books.title, books._id AS _id__1, books._version FROM books WHERE
                books.pages IS NULL ORDER BY books.title DESC, books._id ASC LIMIT %(_limit)s::BIGINT
                """,
                [1],
            ),
        ],
    ),
    "through a reference": (
        "author.name",
        [
            (
                """
                SELECT books._id, to__1.name, books._id AS _id__1, books._version FROM books LEFT OUTER JOIN
                authors AS to__1 ON books.author = to__1._id ORDER BY to__1.name ASC NULLS LAST, books._id ASC
                LIMIT ? OFFSET ?
                """,
                [2, 0],
            ),
            (
                """
                SELECT books._id, to__1.name, books._id AS _id__1, books._version FROM books LEFT OUTER JOIN
                authors AS to__1 ON books.author = to__1._id WHERE to__1.name >= ? AND (to__1.name > ? OR
                to__1.name = ? AND books._id > ?) ORDER BY to__1.name ASC, books._id ASC LIMIT ? OFFSET ?
                """,
                ["Ines", "Ines", "Ines", "b0", 2, 0],
            ),
        ],
        [
            (
                """
                SELECT books._id, to__1.name, books._id AS _id__1, books._version FROM books LEFT OUTER JOIN
                authors AS to__1 ON books.author = to__1._id ORDER BY to__1.name ASC, books._id ASC LIMIT
                %(_limit)s::BIGINT
                """,
                [2],
            ),
            (
                """
                SELECT books._id, to__1.name, books._id AS _id__1, books._version FROM books LEFT OUTER JOIN
                authors AS to__1 ON books.author = to__1._id WHERE to__1.name >= %(_after0)s::VARCHAR COLLATE
                "C" AND (to__1.name > %(_after0)s::VARCHAR COLLATE "C" OR to__1.name = %(_after0)s::VARCHAR
                COLLATE "C" AND books._id > %(_after1)s::VARCHAR COLLATE "C") ORDER BY to__1.name ASC, books._id
                ASC LIMIT %(_limit)s::BIGINT
                """,
                ["Ines", "b0", 2],
            ),
        ],
    ),
}


def check_pages(shop: Backoffice, db: DBSQLConnector, sort: str, expected: list[Sent]) -> None:
    """Ask for pages of one book of three, of which the first has no pages."""
    with db.engine.begin() as connection:
        connection.execute(shop.authors.table.insert(), [{"_id": "a1", "name": "Ines"}])
        rows = [{"_id": f"b{n}", "title": "Tides", "author": "a1", "pages": 7 if n else None} for n in range(3)]
        connection.execute(shop.books.table.insert(), rows)
    client = client_of(shop)
    query = {"_total": "none", "_view": "+nothing", "_page": 1} | ({"_sort": sort} if sort else {})
    with sent(db) as seen:
        first = client.get("/app/books", query_string=query).get_json()
        client.get("/app/books", query_string=query | {"_cursor": first["next"]})
    assert seen == [(one_line(text), values) for text, values in expected]


@on_sqlite
@pytest.mark.parametrize("name", PAGES)
def test_a_page_on_sqlite(shop: Backoffice, db: DBSQLConnector, name: str) -> None:
    check_pages(shop, db, PAGES[name][0], PAGES[name][1])


@on_postgresql
@pytest.mark.parametrize("name", PAGES)
def test_a_page_on_postgresql(shop: Backoffice, db: DBSQLConnector, name: str) -> None:
    check_pages(shop, db, PAGES[name][0], PAGES[name][2])


def test_no_name_of_a_collection_is_taken_by_what_a_statement_names(open_backoffice: Open) -> None:
    """`authors_1` is what SQLAlchemy would call `authors` when it looks at them once more."""
    fields: dict[str, Any] = {"name": String(), "author": Ref(coll="authors"), "tags": List(String())}
    names = ("authors_1", "anon_1", "each_1", "to_1")
    backoffice = open_backoffice(
        authors=Item({"name": String(), "tags": List(String()), "author": Ref(coll="authors_1")}),
        **{name: Item(fields) for name in names},
    )
    author = backoffice.authors.create({"name": "Ines", "tags": ["land"]})
    for name in names:
        collection = getattr(backoffice, name)
        found = collection.create({"name": "x", "author": author, "tags": ["sea"]})
        for filters in ({"author.name": "Ines"}, {"author.tags": ["land"]}, {"tags": ("$contains", "sea")}):
            assert [item._id for item in collection.select(filters, sort="author.name")] == [found._id]
        for filters in ({"author.name": "x"}, {"author.tags": ("$contains", "sea")}, {"tags": ("$contains", "land")}):
            assert collection.count(filters) == 0


def test_a_link_by_two_ways_finds_an_item_once(shop: Backoffice) -> None:
    author = shop.authors.create({"name": "Ines"})
    shelves = [shop.shelves.create({"label": label}) for label in ("A3", "A3")]
    reader = shop.readers.create({"name": "Abel"})
    loans = [{"reader": reader, "days": 15}, {"reader": reader, "days": 15}]
    values = {"title": "Tides", "author": author, "pages": 101, "tags": ["sea", "sea"]}
    books = [shop.books.create({**values, "shelves": shelves, "loans": loans}) for _ in range(2)]
    for filters in (
        {"author.name": "Ines", "author._id": author._id, "shelves.label": "A3"},
        {"shelves.label": "A3"},
        {"shelves.label": ("$gt", "A")},
        {"loans.days": 15},
        {"loans.reader.name": "Abel"},
        {"loans.days": ("$gt", 14), "loans.reader.name": ("$ne", "x")},
        {"tags": ("$contains", "sea")},
    ):
        assert [item._id for item in shop.books.select(filters)] == [book._id for book in books], filters
        assert shop.books.count(filters) == 2, filters
    for filters in ({"books.pages": 101}, {"books.pages": ("$gt", 100)}, {"books.shelves.label": "A3"}):
        assert [item._id for item in shop.authors.select(filters)] == [author._id], filters
        assert shop.authors.count(filters) == 1, filters
