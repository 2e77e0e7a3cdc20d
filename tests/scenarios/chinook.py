"""The Chinook data: a music store's tables as descriptions, and the loader that brings its rows in.

The data is no part of this repository. It is looked for in the file that BACKO_TEST_CHINOOK names, else beside the
repository. It is one JSON object: the rows of each of eleven tables by the table's name, each row an object.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson

from backo_sql import (
    Backoffice,
    Collection,
    Datetime,
    DBSQLConnector,
    DeleteStrategy,
    Dict,
    FillStrategy,
    Int,
    Item,
    Ref,
    RefsList,
    String,
)

VARIABLE = "BACKO_TEST_CHINOOK"
BESIDE = Path(__file__).parents[3] / "shared" / "data" / "chinook.json"

Row = dict[str, Any]
#: the rows of each table by its name
Source = dict[str, list[Row]]
#: for each collection, the id of an item by the key of the row that it was made from
Ids = dict[str, dict[int, str]]

#: the table of each collection, in an order in which no row refers to a later one
TABLES = {
    "genres": "Genre",
    "media_types": "MediaType",
    "artists": "Artist",
    "albums": "Album",
    "tracks": "Track",
    "employees": "Employee",
    "customers": "Customer",
    "invoices": "Invoice",
    "invoice_lines": "InvoiceLine",
    "playlists": "Playlist",
}


def source_path() -> Path | None:
    """Return where the data is; `None` when it is nowhere."""
    named = os.environ.get(VARIABLE)
    path = Path(named) if named else BESIDE
    return path if path.is_file() else None


def read_source(path: Path) -> Source:
    source: Source = orjson.loads(path.read_bytes())
    return source


def describe(db: DBSQLConnector) -> Backoffice:
    """Return the store, described, over a database that may still be empty."""
    backoffice = Backoffice("chinook")

    def collect(name: str, fields: dict[str, Any], **options: Any) -> None:
        backoffice.register_collection(Collection(name, Item(fields, **options), db))

    # One genre has a third of all tracks: who reads a genre doesn't want them all.
    kept_out = {"coll": "tracks", "ofs": FillStrategy.NOT_FILL}
    collect("genres", {"name": String(required=True, unique=True), "tracks": RefsList(field="$.genre", **kept_out)})
    collect(
        "media_types",
        {"name": String(required=True, unique=True), "tracks": RefsList(field="$.media_type", **kept_out)},
    )
    collect("artists", {"name": String(required=True), "albums": RefsList(coll="albums", field="$.artist")})
    collect(
        "albums",
        {
            "title": String(required=True),
            "artist": Ref(coll="artists", field="$.albums", required=True),
            "tracks": RefsList(coll="tracks", field="$.album"),
        },
        unique=[("artist", "title")],
    )
    collect(
        "tracks",
        {
            "name": String(required=True),
            "composer": String(),
            "album": Ref(coll="albums", field="$.tracks", required=True),
            "genre": Ref(coll="genres", field="$.tracks", required=True),
            "media_type": Ref(coll="media_types", field="$.tracks", required=True),
            "milliseconds": Int(required=True, min=0, index=True),
            "bytes": Int(min=0),
            "unit_price": Int(required=True, min=0, description="in cents"),
            "playlists": RefsList(coll="playlists", field="$.tracks", ods=DeleteStrategy.UNLINK_REFERENCED_ITEMS),
            "invoice_lines": RefsList(coll="invoice_lines", field="$.track"),
        },
    )
    collect(
        "employees",
        {
            "first_name": String(required=True),
            "last_name": String(required=True),
            "title": String(),
            "birth_date": Datetime(),
            "hire_date": Datetime(min="2000-01-01"),
            "reports_to": Ref(coll="employees", field="$.reports"),
            "reports": RefsList(coll="employees", field="$.reports_to", ods=DeleteStrategy.UNLINK_REFERENCED_ITEMS),
            "customers": RefsList(coll="customers", field="$.support_rep"),
            "address": _address(),
            **_contact(),
        },
    )
    collect(
        "customers",
        {
            "first_name": String(required=True),
            "last_name": String(required=True),
            "company": String(),
            "support_rep": Ref(coll="employees", field="$.customers"),
            "invoices": RefsList(coll="invoices", field="$.customer"),
            "address": _address(),
            **_contact(),
        },
    )
    collect(
        "invoices",
        {
            "customer": Ref(coll="customers", field="$.invoices", required=True),
            "date": Datetime(required=True, index=True),
            "billing": _address(),
            "total": Int(required=True, min=0, index=True, description="in cents"),
            "lines": RefsList(coll="invoice_lines", field="$.invoice", ods=DeleteStrategy.DELETE_REFERENCED_ITEMS),
        },
    )
    collect(
        "invoice_lines",
        {
            "invoice": Ref(coll="invoices", field="$.lines", required=True),
            "track": Ref(coll="tracks", field="$.invoice_lines", required=True),
            "unit_price": Int(required=True, min=0, description="in cents"),
            "quantity": Int(required=True, min=1),
        },
    )
    collect(
        "playlists",
        {
            "name": String(required=True, index=True),
            "tracks": RefsList(coll="tracks", field="$.playlists", ods=DeleteStrategy.UNLINK_REFERENCED_ITEMS),
        },
    )
    return backoffice


def load(backoffice: Backoffice, source: Source) -> Ids:
    """Create an item for every row, in one transaction."""
    ids: Ids = {}
    with backoffice.transaction():
        for name in TABLES:
            collection = getattr(backoffice, name)
            made = ids[name] = {}
            for key, values in items(name, source, ids):
                made[key] = collection.create(values)._id
    return ids


def items(collection: str, source: Source, ids: Ids) -> Iterator[tuple[int, Row]]:
    """Visit what each row of a table becomes, with its key. Links need the ids of what was visited before."""
    table = TABLES[collection]
    if collection == "playlists":
        tracks: dict[int, list[str]] = defaultdict(list)
        for row in source["PlaylistTrack"]:
            tracks[row["PlaylistId"]].append(ids["tracks"][row["TrackId"]])
        for row in source[table]:
            yield row["PlaylistId"], {"name": row["Name"], "tracks": tracks[row["PlaylistId"]]}
        return
    for row in source[table]:
        yield row[f"{table}Id"], _SHAPES[collection](row, ids)


def _named(row: Row, ids: Ids) -> Row:
    return {"name": row["Name"]}


def _album(row: Row, ids: Ids) -> Row:
    return {"title": row["Title"], "artist": ids["artists"][row["ArtistId"]]}


def _track(row: Row, ids: Ids) -> Row:
    return {
        "name": row["Name"],
        "composer": row["Composer"],
        "album": ids["albums"][row["AlbumId"]],
        "genre": ids["genres"][row["GenreId"]],
        "media_type": ids["media_types"][row["MediaTypeId"]],
        "milliseconds": row["Milliseconds"],
        "bytes": row["Bytes"],
        "unit_price": cents(row["UnitPrice"]),
    }


def _employee(row: Row, ids: Ids) -> Row:
    boss = row["ReportsTo"]
    return {
        "title": row["Title"],
        "birth_date": instant(row["BirthDate"]),
        "hire_date": instant(row["HireDate"]),
        "reports_to": None if boss is None else ids["employees"][boss],
        **_person(row),
    }


def _customer(row: Row, ids: Ids) -> Row:
    return {"company": row["Company"], "support_rep": ids["employees"][row["SupportRepId"]], **_person(row)}


def _invoice(row: Row, ids: Ids) -> Row:
    return {
        "customer": ids["customers"][row["CustomerId"]],
        "date": instant(row["InvoiceDate"]),
        "billing": _place(row, "Billing"),
        "total": cents(row["Total"]),
    }


def _invoice_line(row: Row, ids: Ids) -> Row:
    return {
        "invoice": ids["invoices"][row["InvoiceId"]],
        "track": ids["tracks"][row["TrackId"]],
        "unit_price": cents(row["UnitPrice"]),
        "quantity": row["Quantity"],
    }


_SHAPES: dict[str, Callable[[Row, Ids], Row]] = {
    "genres": _named,
    "media_types": _named,
    "artists": _named,
    "albums": _album,
    "tracks": _track,
    "employees": _employee,
    "customers": _customer,
    "invoices": _invoice,
    "invoice_lines": _invoice_line,
}


def _person(row: Row) -> Row:
    return {
        "first_name": row["FirstName"],
        "last_name": row["LastName"],
        "address": _place(row),
        "phone": row["Phone"],
        "fax": row["Fax"],
        "email": row["Email"],
    }


def _place(row: Row, prefix: str = "") -> Row:
    return {
        "street": row[f"{prefix}Address"],
        "city": row[f"{prefix}City"],
        "state": row[f"{prefix}State"],
        "country": row[f"{prefix}Country"],
        "postal_code": row[f"{prefix}PostalCode"],
    }


def _address() -> Dict:
    return Dict(
        {
            "street": String(),
            "city": String(),
            "state": String(),
            "country": String(index=True),
            "postal_code": String(),
        }
    )


def _contact() -> dict[str, Any]:
    return {
        "phone": String(),
        "fax": String(),
        "email": String(required=True, unique=True, pattern=r"^[^@\s]+@[^@\s]+$"),
    }


def cents(amount: float) -> int:
    return round(amount * 100)


def instant(text: str) -> str:
    """Say that a time of the data, which names no zone, is UTC."""
    return f"{text}Z"
