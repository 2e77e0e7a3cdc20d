"""A database is as its description says right after an upgrade, whatever the description holds."""

from __future__ import annotations

import datetime
import decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from backo_sql import (
    Bool,
    Bytes,
    Complex,
    Date,
    Datetime,
    Decimal,
    DeleteStrategy,
    Dict,
    Email,
    Extend,
    Float,
    FreeDict,
    In,
    Int,
    IpAddress,
    IpNetwork,
    Item,
    List,
    Ref,
    RefsList,
    String,
    Time,
    Tuple,
    Url,
    register_column_type,
)
from backo_sql.types.registry import PUBLIC_TYPES
from tests.migration.support import History
from tests.support import Open, library_items

ODD = ["it's", "a:b", ":c", "100%", "%s", 'say "x"', "(", ")", "a,\nb", "CHECK (x)", "CONSTRAINT y", "--", "\\:d", "é"]
UTC = datetime.UTC


class Day(Extend):
    def __init__(self, **options: Any) -> None:
        super().__init__(datetime.date, **options)

    def __json_encode__(self, value: datetime.date) -> Any:
        return value.isoformat()

    def __json_decode__(self, stored: Any) -> Any:
        return datetime.date.fromisoformat(stored)


class Caseless(String):
    """Has a column type of its own, one that SQLAlchemy knows and one that it doesn't."""


class Upper(sa.types.TypeDecorator[str]):
    """A type of the application, which a revision must not need."""

    impl = sa.String
    cache_ok = True


class Shouted(String):
    """Has a decorated column type."""


register_column_type(Caseless, lambda _: sa.types.NCHAR(7), "sqlite")
register_column_type(Caseless, lambda _: postgresql.CIDR(), "postgresql")
register_column_type(Shouted, lambda _: Upper(30))

#: for each type, fields with all that it may say about its column
FIELDS: dict[str, dict[str, Any]] = {
    "String": {"in": String(enum=ODD), "length": String(max_length=7)},
    "Int": {"range": Int(min=-5, max=2**62), "in": Int(enum=[1, -2]), "one": Int(max=0)},
    "Float": {"range": Float(min=-0.5, max=1e300), "in": Float(enum=[0.1, 1e-7])},
    "Decimal": {
        "range": Decimal(precision=10, scale=2, min="-1.5", max=99),
        "in": Decimal(precision=5, scale=0, enum=[1, 2]),
        "whole": Decimal(precision=18, scale=18),
    },
    "Bool": {"in": Bool(enum=[True])},
    "Bytes": {"length": Bytes(max_length=9), "in": Bytes(enum=[b"a'b", b"\x00%:"])},
    "Datetime": {"range": Datetime(min="2000-01-01", max="2100-01-01T00:00:00.5Z")},
    "Date": {"range": Date(min="2000-01-01"), "in": Date(enum=["2031-05-17"])},
    "Time": {"range": Time(min="09:30:00", max="17:00:00.5")},
    "List": {"of": List(Int(min=1), max=3), "deep": List(List(Dict({"a": String()})))},
    "Tuple": {"of": Tuple((Int(), String()))},
    "Dict": {"of": Dict({"a": Int(min=1, required=True), "b": Dict({"c": String(unique=True)})})},
    "In": {"of": In([Int(), String()])},
    "FreeDict": {"of": FreeDict()},
    "Complex": {"of": Complex()},
    "IpAddress": {"of": IpAddress(enum=["10.0.0.1", "::1"])},
    "Ipaddress": {"of": IpAddress()},
    "IpNetwork": {"of": IpNetwork(required=True)},
    "Ipnetwork": {"of": IpNetwork()},
    "Url": {"of": Url(max_length=90)},
    "Email": {"of": Email(unique=True)},
    "Extend": {"of": Day(), "own": Caseless(), "decorated": Shouted(index=True)},
    "Ref": {
        "of": Ref(coll="others"),
        "needed": Ref(coll="others", required=True),
        "single": Ref(coll="others", unique=True),
    },
    "RefsList": {"of": RefsList(coll="others"), "kept": RefsList(coll="others", ods=DeleteStrategy.MUST_BE_EMPTY)},
}

#: what nearly every type takes
COMMON = {"required": True, "unique": True, "index": True, "exists": lambda: True}


def common(name: str) -> dict[str, Any]:
    """Make a field of a type with each of the common options."""
    arguments: dict[str, tuple[Any, ...]] = {
        "List": (String(),),
        "Tuple": ((Int(),),),
        "Dict": ({"a": Int()},),
        "In": ([Int(), String()],),
    }
    if name in ("Extend", "Ref", "RefsList"):
        return {}
    made = {}
    for option, value in COMMON.items():
        if option in ("unique", "index") and name in ("List", "Tuple", "Dict", "In", "FreeDict", "Complex"):
            continue
        made[option] = PUBLIC_TYPES[name](*arguments.get(name, ()), **{option: value})
    return made


def test_all_types_are_here() -> None:
    assert set(FIELDS) == set(PUBLIC_TYPES)


@pytest.mark.parametrize("name", FIELDS)
def test_nothing_is_to_be_done_after_an_upgrade(name: str, history: History) -> None:
    items = {
        "things": Item({**FIELDS[name], **{f"with_{option}": field for option, field in common(name).items()}}),
        "others": Item({"name": String()}),
    }
    _, migrations = history.begin(items)
    assert migrations.check().is_clean
    assert migrations.revision("again") == []

    _, migrations = history.describe({"others": Item({"name": String()})})
    (revision,) = migrations.revision("without")
    migrations.upgrade(allow_destructive=True)
    assert migrations.check().differences == ()
    for written in (revision, *migrations.history()):
        assert "tests" not in written.path.read_text(encoding="utf-8")

    migrations.downgrade("-1")
    _, migrations = history.describe(items)
    assert migrations.check().differences == ()


def test_a_database_made_by_create_all_is_one_made_by_revisions(history: History, open_backoffice: Open) -> None:
    open_backoffice(**library_items())
    _, migrations = history.describe(library_items())
    migrations.revision("begin", from_nothing=True)
    migrations.stamp()
    assert migrations.check().is_clean
    migrations.downgrade("base")
    migrations.upgrade()
    assert migrations.check().is_clean


def test_decimals_are_numbers_after_a_rebuild_of_their_table(history: History) -> None:
    rows = {"things": {"t1": {"price": decimal.Decimal("1.25"), "n": 1}}}
    history.begin({"things": Item({"price": Decimal(precision=9, scale=2), "n": Int(max=5)})}, rows)
    backoffice, migrations = history.describe({"things": Item({"price": Decimal(precision=9, scale=2), "n": Int()})})
    migrations.revision("no limit")
    migrations.upgrade()
    assert backoffice.things.get_by_id("t1").price == decimal.Decimal("1.25")
