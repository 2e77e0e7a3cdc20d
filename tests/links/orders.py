"""What the tests of references in list elements share: orders of tracks, whose lines refer to what was ordered."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from backo_sql import (
    Backoffice,
    Bool,
    Bytes,
    Collection,
    Date,
    Datetime,
    DBSQLConnector,
    Decimal,
    Dict,
    Float,
    FreeDict,
    Int,
    Item,
    List,
    Ref,
    String,
    Time,
    Tuple,
)
from tests.support import Open, client_of


def order_items() -> dict[str, Item]:
    """Orders refer to tracks in each line, to shops in a `Dict` of each line, and to tracks in a list in a `Dict`."""
    return {
        "tracks": Item({"name": String(required=True), "seconds": Int()}),
        "shops": Item({"town": String()}),
        "orders": Item(
            {
                "note": String(),
                "lines": List(
                    Dict(
                        {
                            "track": Ref(coll="tracks", required=True),
                            "quantity": Int(min=1, max=1000, default=1),
                            "price": Decimal(precision=10, scale=2),
                            "tags": List(String()),
                            "source": Dict({"shop": Ref(coll="shops"), "label": String(max_length=20)}),
                        }
                    )
                ),
                "cart": Dict({"wishes": List(Dict({"track": Ref(coll="tracks"), "why": String()}), default=[])}),
            }
        ),
    }


@pytest.fixture
def shop(open_backoffice: Open) -> Backoffice:
    return open_backoffice(**order_items())


@pytest.fixture
def shop_client(shop: Backoffice) -> FlaskClient:
    return client_of(shop)


@pytest.fixture
def tracks(shop: Backoffice) -> list[str]:
    """The ids of five tracks, named `a` to `e`."""
    return [shop.tracks.create({"name": name, "seconds": len(name)})._id for name in "abcde"]


def rows(db: DBSQLConnector, table: str, *columns: str) -> list[tuple[Any, ...]]:
    """Read columns of a table of elements, in the order of the lists."""
    with db.engine.connect() as connection:
        found = connection.execute(
            sa.select(*map(sa.column, columns))
            .select_from(sa.table(table))
            .order_by(sa.column("_owner_id"), sa.column("_position"))
        )
        return [tuple(row) for row in found]


def version(collection: Collection, identifier: str) -> int:
    """Read the version of an item."""
    with collection.connector.engine.connect() as connection:  # type: ignore[attr-defined]
        table = collection.table
        return int(connection.execute(sa.select(table.c["_version"]).where(table.c["_id"] == identifier)).scalar_one())


def every_kind() -> Dict:
    """An element with a field of every kind of value, and a reference."""
    return Dict(
        {
            "ref": Ref(coll="tracks"),
            "text": String(),
            "int": Int(),
            "real": Float(),
            "exact": Decimal(precision=12, scale=3),
            "flag": Bool(),
            "raw": Bytes(),
            "at": Datetime(),
            "day": Date(),
            "clock": Time(),
            "place": Tuple((Float(), Float())),
            "free": FreeDict(),
            "list": List(Int()),
            "dicts": List(Dict({"a": Int(), "b": List(String())})),
            "deep": Dict({"er": Dict({"est": String(), "none": Dict({})})}),
        }
    )
