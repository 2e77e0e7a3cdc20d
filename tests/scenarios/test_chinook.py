"""The Chinook data, loaded through the public API and served, answers as plain SQL over the same rows does.

The rows stand a second time in an SQLite database that knows nothing of the library. What its tables say by key is
compared with what the API says by id.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from backo_sql import Backoffice, DBSQLConnector, NotEmptyError
from tests.scenarios.chinook import (
    BESIDE,
    TABLES,
    VARIABLE,
    Ids,
    Source,
    cents,
    describe,
    items,
    load,
    read_source,
    source_path,
)

PAGE = 1000


@dataclass(frozen=True)
class Store:
    """The data, loaded and served."""

    source: Source
    backoffice: Backoffice
    ids: Ids
    client: FlaskClient

    def get(self, path: str, **parameters: object) -> Any:
        answer = self.client.get(f"/chinook/{path}", query_string=parameters)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return answer.json

    def item(self, collection: str, key: int) -> Any:
        """Return the item that was made from the row with that key."""
        return self.get(f"{collection}/{self.ids[collection][key]}")

    def select(self, collection: str, **parameters: object) -> list[str]:
        """Return the ids of all items that match, in order."""
        answer = self.get(collection, **{"_page": PAGE, **parameters})
        assert answer["total"] == len(answer["result"])
        return [item["_id"] for item in answer["result"]]

    def named(self, collection: str, keys: Sequence[int]) -> list[str]:
        """Return the ids of the rows with those keys."""
        return [self.ids[collection][key] for key in keys]


@pytest.fixture(scope="module")
def source() -> Source:
    path = source_path()
    if path is None:
        pytest.skip(
            f"the Chinook data is neither in the file that {VARIABLE} names nor in ../{'/'.join(BESIDE.parts[-3:])}"
        )
    return read_source(path)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a place that is empty: `database_url` is, too, but for one test, and loading takes seconds."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path_factory.mktemp('chinook') / 'chinook.db'}"
    database: Engine = request.getfixturevalue("postgres_database")
    with database.connect() as connection:
        connection.execute(text("DROP SCHEMA IF EXISTS chinook CASCADE"))
        connection.execute(text("CREATE SCHEMA chinook"))
    return database.url.update_query_dict({"options": "-csearch_path=chinook"}).render_as_string(hide_password=False)


@pytest.fixture(scope="module")
def store(source: Source, url: str) -> Iterator[Store]:
    db = DBSQLConnector(url)
    backoffice = describe(db)
    assert backoffice.check_syntax() == []
    backoffice.create_all()
    ids = load(backoffice, source)
    app = Flask("chinook")
    backoffice.build_routes(app)
    yield Store(source, backoffice, ids, app.test_client())
    db.dispose()


@pytest.fixture(scope="module")
def sql(source: Source) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        for table, rows in source.items():
            connection.execute(f"CREATE TABLE {table} ({', '.join(rows[0])})")
            marks = ", ".join("?" * len(rows[0]))
            connection.executemany(f"INSERT INTO {table} VALUES ({marks})", [tuple(row.values()) for row in rows])
        yield connection


def column(sql: sqlite3.Connection, statement: str, *values: object) -> list[Any]:
    """Return the first column of what a statement gives."""
    return [row[0] for row in sql.execute(statement, values)]


def test_every_collection_has_as_many_items_as_its_table_has_rows(store: Store, sql: sqlite3.Connection) -> None:
    counts = {name: column(sql, f"SELECT count(*) FROM {table}")[0] for name, table in TABLES.items()}
    assert min(counts.values()) > 0
    assert {name: getattr(store.backoffice, name).count() for name in TABLES} == counts
    assert {name: store.get(name, _page=1)["total"] for name in TABLES} == counts


@pytest.mark.parametrize("collection", TABLES)
def test_every_item_comes_back_as_it_was_given(store: Store, collection: str) -> None:
    given = {store.ids[collection][key]: values for key, values in items(collection, store.source, store.ids)}
    seen: dict[str, Any] = {}
    while len(seen) < len(given):
        page = store.get(collection, _page=PAGE, _skip=len(seen))
        assert page["total"] == len(given)
        assert page["result"]
        seen |= {item["_id"]: item for item in page["result"]}
    # Created one after the other, so that the order of the ids is that of the rows.
    assert list(seen) == list(given)
    assert {key: {name: item[name] for name in given[key]} for key, item in seen.items()} == given


@pytest.mark.parametrize("album", [1, 73, 141, 347])
def test_the_tracks_of_an_album(store: Store, sql: sqlite3.Connection, album: int) -> None:
    expected = column(sql, "SELECT TrackId FROM Track WHERE AlbumId = ? ORDER BY TrackId", album)
    assert expected
    assert store.item("albums", album)["tracks"] == store.named("tracks", expected)
    assert store.select("tracks", album=store.ids["albums"][album]) == store.named("tracks", expected)


@pytest.mark.parametrize("country", ["Brazil", "USA", "Ireland", "Atlantis"])
def test_the_customers_of_a_country(store: Store, sql: sqlite3.Connection, country: str) -> None:
    expected = column(sql, "SELECT CustomerId FROM Customer WHERE Country = ? ORDER BY CustomerId", country)
    assert bool(expected) == (country != "Atlantis")
    assert store.select("customers", **{"address.country": country}) == store.named("customers", expected)


def test_the_invoices_of_two_countries_in_one_year(store: Store, sql: sqlite3.Connection) -> None:
    expected = column(
        sql,
        "SELECT InvoiceId FROM Invoice WHERE BillingCountry IN ('France', 'Canada')"
        " AND InvoiceDate >= '2022-01-01' AND InvoiceDate < '2023-01-01' ORDER BY InvoiceId",
    )
    found = store.select(
        "invoices",
        **{"billing.country": ["France", "Canada"], "date.$gte": "2022-01-01", "date.$lt": "2023-01-01T00:00:00Z"},
    )
    assert expected
    assert found == store.named("invoices", expected)


def test_the_invoices_above_an_amount_and_what_they_add_up_to(store: Store, sql: sqlite3.Connection) -> None:
    expected = sql.execute("SELECT InvoiceId, Total FROM Invoice WHERE Total > 10 ORDER BY InvoiceId").fetchall()
    page = store.get("invoices", **{"total.$gt": 1000, "_page": 5})
    assert page["total"] == len(expected) > 5
    assert [item["_id"] for item in page["result"]] == store.named("invoices", [key for key, _ in expected[:5]])
    whole = store.get("invoices", **{"total.$gt": 1000, "_page": PAGE})
    assert sum(item["total"] for item in whole["result"]) == sum(cents(total) for _, total in expected)


def test_the_lines_of_an_invoice_add_up_to_its_total(store: Store, sql: sqlite3.Connection) -> None:
    (key,) = column(
        sql, "SELECT InvoiceId FROM InvoiceLine GROUP BY InvoiceId ORDER BY count(*) DESC, InvoiceId LIMIT 1"
    )
    invoice = store.item("invoices", key)
    lines = [store.get(f"invoice_lines/{line}") for line in invoice["lines"]]
    prices = column(sql, "SELECT UnitPrice FROM InvoiceLine WHERE InvoiceId = ? ORDER BY InvoiceLineId", key)
    assert [line["unit_price"] for line in lines] == [cents(price) for price in prices]
    assert sum(line["unit_price"] * line["quantity"] for line in lines) == invoice["total"]


def test_who_reports_to_whom(store: Store, sql: sqlite3.Connection) -> None:
    for key, boss in sql.execute("SELECT EmployeeId, ReportsTo FROM Employee ORDER BY EmployeeId").fetchall():
        employee = store.item("employees", key)
        reports = column(sql, "SELECT EmployeeId FROM Employee WHERE ReportsTo = ? ORDER BY EmployeeId", key)
        customers = column(sql, "SELECT CustomerId FROM Customer WHERE SupportRepId = ? ORDER BY CustomerId", key)
        assert employee["reports_to"] == (None if boss is None else store.ids["employees"][boss])
        assert employee["reports"] == store.named("employees", reports)
        assert employee["customers"] == store.named("customers", customers)
        assert store.select("employees", reports_to=employee["_id"]) == employee["reports"]


def test_a_playlist_keeps_the_order_in_which_its_tracks_were_listed(store: Store, sql: sqlite3.Connection) -> None:
    for key in column(sql, "SELECT PlaylistId FROM Playlist"):
        listed = column(sql, "SELECT TrackId FROM PlaylistTrack WHERE PlaylistId = ? ORDER BY rowid", key)
        assert store.item("playlists", key)["tracks"] == store.named("tracks", listed)
    first = column(sql, "SELECT TrackId FROM PlaylistTrack WHERE PlaylistId = 1 ORDER BY rowid")
    assert first != sorted(first), "the data has a playlist that is not in the order of its tracks"


def test_the_playlists_of_a_track(store: Store, sql: sqlite3.Connection) -> None:
    most = "SELECT TrackId FROM PlaylistTrack GROUP BY TrackId ORDER BY count(*) DESC, TrackId LIMIT 20"
    for key in column(sql, most):
        listed = column(sql, "SELECT PlaylistId FROM PlaylistTrack WHERE TrackId = ? ORDER BY PlaylistId", key)
        assert len(listed) > 1
        assert store.item("tracks", key)["playlists"] == store.named("playlists", listed)


def test_long_tracks_page_by_page(store: Store, sql: sqlite3.Connection) -> None:
    expected = column(sql, "SELECT TrackId FROM Track WHERE Milliseconds > 400000 ORDER BY TrackId")
    seen: list[str] = []
    while len(seen) < len(expected):
        page = store.get("tracks", **{"milliseconds.$gt": 400_000, "_page": 60, "_skip": len(seen)})
        assert page["total"] == len(expected)
        assert len(page["result"]) == min(60, len(expected) - len(seen))
        seen += [item["_id"] for item in page["result"]]
    assert len(expected) % 60
    assert seen == store.named("tracks", expected)


def test_a_list_that_is_not_filled_is_absent(store: Store, sql: sqlite3.Connection) -> None:
    (key,) = column(sql, "SELECT GenreId FROM Genre WHERE Name = 'Bossa Nova'")
    expected = column(sql, "SELECT TrackId FROM Track WHERE GenreId = ? ORDER BY TrackId", key)
    assert "tracks" not in store.item("genres", key)
    assert store.select("tracks", genre=store.ids["genres"][key]) == store.named("tracks", expected)


def test_an_artist_with_albums_stays(store: Store, sql: sqlite3.Connection) -> None:
    artist = store.backoffice.artists.get_by_id(store.ids["artists"][1])
    (albums,) = column(sql, "SELECT count(*) FROM Album WHERE ArtistId = 1")
    with pytest.raises(NotEmptyError, match=f"{albums} of 'albums'"):
        artist.delete()
    answer = store.client.delete(f"/chinook/artists/{artist._id}")
    assert answer.status_code == 409
    assert store.item("artists", 1)["albums"] == artist.albums


class UndoneError(Exception):
    """Leaves a transaction without keeping it."""


@contextmanager
def undone(backoffice: Backoffice) -> Iterator[None]:
    """Undo at the end what is done inside: the other tests share the store."""
    with suppress(UndoneError), backoffice.transaction():
        yield
        raise UndoneError


def test_an_invoice_takes_its_lines_with_it(store: Store, sql: sqlite3.Connection) -> None:
    (left,) = column(sql, "SELECT count(*) FROM InvoiceLine WHERE InvoiceId <> 5")
    lines = store.backoffice.invoice_lines
    before = lines.count()
    with undone(store.backoffice):
        store.backoffice.invoices.get_by_id(store.ids["invoices"][5]).delete()
        assert lines.count() == left < before
    assert lines.count() == before


def test_a_playlist_leaves_its_tracks(store: Store, sql: sqlite3.Connection) -> None:
    (track,) = column(sql, "SELECT TrackId FROM PlaylistTrack WHERE PlaylistId = 18")
    others = column(
        sql, "SELECT PlaylistId FROM PlaylistTrack WHERE TrackId = ? AND PlaylistId <> 18 ORDER BY PlaylistId", track
    )
    tracks = store.backoffice.tracks
    before = tracks.get_by_id(store.ids["tracks"][track]).playlists.get_value()
    with undone(store.backoffice):
        store.backoffice.playlists.get_by_id(store.ids["playlists"][18]).delete()
        assert tracks.get_by_id(store.ids["tracks"][track]).playlists == store.named("playlists", others)
    assert tracks.get_by_id(store.ids["tracks"][track]).playlists == before
