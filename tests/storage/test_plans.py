"""Which indexes the databases use for what requests ask them: every plan is one of a statement that was really sent.

On PostgreSQL the statement is run for it, so that the plan tells how many rows were read and thrown away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from backo_sql import Backoffice, DBSQLConnector, DeleteStrategy, Dict, Int, Item, List, Ref, RefsList, String
from tests.support import Open, client_of

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

BOOKS = 20_000
AUTHORS = BOOKS // 2
PUBLISHERS = BOOKS // 4

#: each: what is asked, of which collection, which indexes tell it, and how many items there are
FILTERS: dict[str, tuple[str, str, set[str], int]] = {
    "an indexed value": ("books", "code=c77", {"ix_books__code"}, 20),
    "one of several": ("books", "code=c77&code=c78", {"ix_books__code"}, 40),
    "one of many": ("books", "&".join(f"code=c{number}" for number in range(40)), {"ix_books__code"}, 800),
    "a range": ("books", "code.$gte=c77&code.$lt=c771", {"ix_books__code"}, 40),
    "a unique value": ("books", "isbn=i77", {"uq_books__isbn"}, 1),
    "an id": ("books", "_id=b00077", {"pk_books"}, 1),
    "a field of a Dict": ("books", "loan.place=p77", {"ix_books__loan__place"}, 20),
    "the id of a reference": ("books", "author=a00077", {"ix_books__author"}, 2),
    "through a reference": ("books", "author.name=n77", {"ix_authors__name", "ix_books__author"}, 2),
    "through two references": (
        "books",
        "author.publisher.city=t7",
        {"ix_publishers__city", "ix_authors__publisher", "ix_books__author"},
        4,
    ),
    "to what refers here": ("authors", "books.code=c77", {"ix_books__code", "pk_authors"}, 20),
    "to what refers here, and on": (
        "publishers",
        "author.books.isbn=i77",
        {"uq_books__isbn", "pk_authors", "pk_publishers"},
        1,
    ),
    "to what is linked to many": (
        "books",
        "shelves.label=l77",
        {"uq_shelves__label", "ix_books__shelves__target_id", "pk_books"},
        2,
    ),
    "to what is linked to many, by its id": (
        "books",
        "shelves.$contains=s00077",
        {"ix_books__shelves__target_id", "pk_books"},
        2,
    ),
    "to what is linked to many, from the other side": (
        "shelves",
        "books.isbn=i77",
        {"uq_books__isbn", "pk_books__shelves", "pk_shelves"},
        1,
    ),
    "to a row of a list": (
        "books",
        "loans.reader.name=r77",
        {"uq_readers__name", "ix_books__loans__reader", "pk_books"},
        2,
    ),
}

#: each: `_sort`, the index that has that order, and how many books may be alike in it
ORDERS = {
    "by id": ("", "pk_books", 1),
    "by id, backwards": ("-_id", "pk_books", 1),
    "by a text": ("code", "ix_books__code", 20),
    "by a text, backwards": ("-code", "ix_books__code", 20),
    "by what may be null": ("rank", "ix_books__rank", 20),
    "by what may be null, backwards": ("-rank", "ix_books__rank", 20),
    "by a text, then another": ("code,-title", "ix_books__code", 20),
}


@pytest.fixture
def shop(open_backoffice: Open, db: DBSQLConnector) -> Backoffice:
    """Books, half as many of nearly all else, and what the planner knows of them."""
    described: dict[str, dict[str, Any]] = {
        "publishers": {"city": String(index=True), "author": RefsList(coll="authors", field="$.publisher")},
        "authors": {
            "name": String(required=True, index=True),
            "publisher": Ref(coll="publishers", field="$.author"),
            "books": RefsList(coll="books", field="$.author", ods=DeleteStrategy.MUST_BE_EMPTY),
        },
        "shelves": {
            "label": String(required=True, unique=True),
            "books": RefsList(coll="books", field="$.shelves", ods=DeleteStrategy.UNLINK_REFERENCED_ITEMS),
        },
        "readers": {"name": String(required=True, unique=True)},
        "books": {
            "title": String(required=True),
            "code": String(required=True, index=True),
            "isbn": String(unique=True),
            "rank": Int(index=True),
            "state": String(required=True),
            "loan": Dict({"place": String(index=True)}),
            "author": Ref(coll="authors", field="$.books", required=True),
            "shelves": RefsList(coll="shelves", field="$.books", ods=DeleteStrategy.UNLINK_REFERENCED_ITEMS),
            "loans": List(Dict({"reader": Ref(coll="readers")})),
        },
    }
    backoffice = open_backoffice(
        **{
            name: Item(fields, meta_data_handler=None, indexes=[("state", "_id")] if name == "books" else [])
            for name, fields in described.items()
        }
    )
    tables, few = db.metadata.tables, range(AUTHORS)
    rows: dict[str, Any] = {
        "publishers": ({"_id": f"p{n:05}", "city": f"t{n}"} for n in range(PUBLISHERS)),
        "authors": ({"_id": f"a{n:05}", "name": f"n{n}", "publisher": f"p{n % PUBLISHERS:05}"} for n in few),
        "shelves": ({"_id": f"s{n:05}", "label": f"l{n}"} for n in few),
        "readers": ({"_id": f"r{n:05}", "name": f"r{n}"} for n in few),
        "books": (
            {
                "_id": f"b{n:05}",
                "title": f"Tides {n}",
                "code": f"c{n * 7919 % BOOKS // 20}",
                "isbn": f"i{n}",
                "state": f"s{n % 3}",
                "rank": None if n % 1000 == 0 else n * 31 % BOOKS,
                "loan__place": f"p{n // 20}",
                "author": f"a{n // 2:05}",
            }
            for n in range(BOOKS)
        ),
        "books__shelves": (
            {"owner_id": f"b{n:05}", "target_id": f"s{n % AUTHORS:05}", "owner_position": n, "target_position": n}
            for n in range(BOOKS)
        ),
        "books__loans": (
            {"_owner_id": f"b{n:05}", "_position": n, "reader": f"r{n % AUTHORS:05}"} for n in range(BOOKS)
        ),
    }
    with db.engine.begin() as connection:
        for name, each in rows.items():
            connection.execute(tables[name].insert(), list(each))
        connection.execute(sa.text("ANALYZE"))
    return backoffice


def statements(db: DBSQLConnector, client: FlaskClient, url: str) -> list[tuple[str, Any]]:
    """Return the statements of a request, with their parameters."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("SELECT"):
            seen.append((statement, parameters))

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        assert client.get(url).status_code == 200
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)
    return seen


def postgresql_plans(db: DBSQLConnector, client: FlaskClient, url: str) -> list[dict[str, Any]]:
    """Return all nodes of the plans of a request."""

    def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield plan
        for inner in plan.get("Plans", ()):
            yield from nodes(inner)

    found: list[dict[str, Any]] = []
    for statement, parameters in statements(db, client, url):
        with db.engine.connect() as connection:
            told = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}", parameters)
            found += nodes(told.scalar_one()[0]["Plan"])
    return found


def sqlite_plans(db: DBSQLConnector, client: FlaskClient, url: str) -> list[str]:
    """Return all steps of the plans of a request."""
    found: list[str] = []
    for statement, parameters in statements(db, client, url):
        with db.engine.connect() as connection:
            found += [
                index_names(row[3]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            ]
    return found


def rows_read(nodes: list[dict[str, Any]]) -> float:
    """Count the rows that scans have returned or thrown away."""
    return sum(
        (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        for node in nodes
        if "Scan" in node["Node Type"]
    )


def index_names(step: str) -> str:
    """Name the indexes of SQLite as we do: those of keys and of what is unique are its own."""
    for table, columns in {"books": ("_id", "isbn"), "shelves": ("_id", "label"), "readers": ("_id", "name")}.items():
        step = step.replace(f"sqlite_autoindex_{table}_2", f"uq_{table}__{columns[1]}")
    return re.sub(r"sqlite_autoindex_(\w+)_1\b", r"pk_\1", step)


@on_postgresql
def test_a_filter_reads_little_more_than_it_finds_on_postgresql(shop: Backoffice, db: DBSQLConnector) -> None:
    client = client_of(shop)
    for name, (collection, query, indexes, matching) in FILTERS.items():
        url = f"/app/{collection}?{query}&_view=%2Bnothing"
        assert client.get(url).get_json()["total"] == matching, name
        nodes = postgresql_plans(db, client, url)
        told = name, [(node["Node Type"], node.get("Index Name"), node["Actual Rows"]) for node in nodes]
        assert indexes <= {node["Index Name"] for node in nodes if "Index Cond" in node}, told
        assert not any(node["Node Type"] == "Seq Scan" for node in nodes), told
        assert rows_read(nodes) < 12 * max(matching, 10), told


@on_sqlite
def test_a_filter_finds_by_index_on_sqlite(shop: Backoffice, db: DBSQLConnector) -> None:
    client = client_of(shop)
    for name, (collection, query, indexes, matching) in FILTERS.items():
        url = f"/app/{collection}?{query}&_view=%2Bnothing"
        assert client.get(url).get_json()["total"] == matching, name
        told = sqlite_plans(db, client, url)
        for index in indexes:
            assert any(f"INDEX {index} (" in step and step.startswith("SEARCH") for step in told), (name, told)
        assert not any(step.startswith("SCAN") and "VIRTUAL" not in step for step in told), (name, told)
        assert not any("CORRELATED" in step for step in told), (name, told)


@on_postgresql
def test_a_page_in_the_order_of_an_index_reads_no_more_than_the_page_on_postgresql(
    shop: Backoffice, db: DBSQLConnector
) -> None:
    client = client_of(shop)
    for name, (sort, index, alike) in ORDERS.items():
        first = f"/app/books?_page=20&_total=none&_view=%2Bnothing&_sort={sort or '_id'}"
        deep = client.get(f"{first}&_skip={BOOKS // 2}").get_json()["next"]
        for url, condition in ((first, False), (f"{first}&_cursor={deep}", True)):
            nodes = postgresql_plans(db, client, url)
            told = name, [(node["Node Type"], node.get("Index Name"), node["Actual Rows"]) for node in nodes]
            (scan,) = [node for node in nodes if "Scan" in node["Node Type"]]
            assert scan["Index Name"] == index, told
            assert ("Index Cond" in scan) is condition, told
            assert {node["Node Type"] for node in nodes} <= {"Limit", "Incremental Sort", scan["Node Type"]}, told
            assert rows_read(nodes) <= 21 + 2 * alike, told


@on_sqlite
def test_a_page_in_the_order_of_an_index_sorts_nothing_but_what_is_alike_on_sqlite(
    shop: Backoffice, db: DBSQLConnector
) -> None:
    client = client_of(shop)
    for name, (sort, index, _) in ORDERS.items():
        first = f"/app/books?_page=20&_total=none&_view=%2Bnothing&_sort={sort or '_id'}"
        deep = client.get(f"{first}&_skip={BOOKS // 2}").get_json()["next"]
        for url, step in ((first, "SCAN"), (f"{first}&_cursor={deep}", "SEARCH")):
            found, *others = sqlite_plans(db, client, url)
            told = name, found, others
            assert found.startswith(f"{step} books USING INDEX {index}"), told
            assert not others or re.fullmatch(r".* FOR (RIGHT PART|LAST .*) OF ORDER BY", *others), told


def test_an_index_over_a_field_and_the_id_leaves_nothing_to_sort_and_nothing_to_skip(
    shop: Backoffice, db: DBSQLConnector
) -> None:
    """A third of all books is alike in their state."""
    client = client_of(shop)
    first = "/app/books?_page=20&_total=none&_view=%2Bnothing&_sort="
    for sort in ("state", "state,_id", "-state,-_id"):
        deep = client.get(f"{first}{sort}&_skip={BOOKS // 2}").get_json()["next"]
        for url in (f"{first}{sort}", f"{first}{sort}&_cursor={deep}"):
            if db.engine.dialect.name == "sqlite":
                (step,) = sqlite_plans(db, client, url)
                assert "USING INDEX ix_books__state___id" in step
                assert ("(state,_id)>(" in step or "(state,_id)<(" in step) is ("_cursor" in url), step
                continue
            limit, scan = postgresql_plans(db, client, url)
            assert scan["Index Name"] == "ix_books__state___id"
            assert ("Index Cond" in scan) is ("_cursor" in url)
            assert rows_read([limit, scan]) == 21
