"""From any description to any other and back: every value that both can hold is there afterwards."""

from __future__ import annotations

import datetime
import decimal
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

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
    RefsList,
    String,
)
from backo_sql.migration import MigrationError, Migrations

EXAMPLES = int(os.environ.get("BACKO_TEST_EXAMPLES", "30"))
QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]

#: for each type, how it is written and which values it has
TYPES: dict[str, tuple[Any, list[Any]]] = {
    "String": (String, ["", "a", "12", "-5", "true", "1.5", "2031-05-17", "it's: 5%", "é"]),
    "Int": (Int, [0, 1, -5, 12, 2**53 + 1]),
    "Float": (Float, [0.0, 1.0, -2.5, 1e20]),
    "Decimal": (
        lambda **options: Decimal(precision=12, scale=2, **options),
        [decimal.Decimal("0.00"), decimal.Decimal("1.00"), decimal.Decimal("-2.55")],
    ),
    "Cents": (
        lambda **options: Decimal(precision=14, scale=4, **options),
        [decimal.Decimal("0.0000"), decimal.Decimal("1.0000"), decimal.Decimal("2.5001")],
    ),
    "Bool": (Bool, [True, False]),
    "Date": (Date, [datetime.date(2031, 5, 17)]),
    "Datetime": (Datetime, [datetime.datetime(2031, 5, 17, h, tzinfo=datetime.UTC) for h in (0, 9)]),
    "Bytes": (Bytes, [b"", b"\x00'"]),
    "List": (lambda **options: List(String(), **options), [[], ["a", "b:c"]]),
    "FreeDict": (FreeDict, [{"a": 1.0}]),
    "Ref": (lambda **options: Ref(coll="others", **options), ["o1", "o2"]),
}

DOCUMENTS = ("List", "FreeDict")


@st.composite
def fields(draw: st.DrawFn) -> dict[str, Any]:
    """A field as data, so that it can be described again and again."""
    name = draw(st.sampled_from(list(TYPES)))
    field: dict[str, Any] = {"type": name, "required": draw(st.booleans())}
    if name not in DOCUMENTS:
        field["index"] = draw(st.booleans())
        field["unique"] = draw(st.sampled_from([False, False, True]))
    if name in ("String", "Bytes"):
        field["max_length"] = draw(st.sampled_from([None, 5, 30]))
    if name == "Int":
        field["min"] = draw(st.sampled_from([None, 0, -10]))
    if name == "String" and draw(st.booleans()):
        field["default"] = "a"
    return field


def descriptions() -> st.SearchStrategy[dict[str, Any]]:
    names = st.sampled_from(["a", "b", "c", "d.x", "d.y"])
    return st.fixed_dictionaries(
        {
            "fields": st.dictionaries(names, fields(), max_size=4),
            "many": st.booleans(),
            "group": st.booleans(),
            "lines": st.sampled_from(["", "", "document", "table"]),
        }
    )


def build(connector: DBSQLConnector, description: dict[str, Any]) -> Backoffice:
    flat: dict[str, Any] = {"key": Int()}
    inner: dict[str, Any] = {}
    for name, field in description["fields"].items():
        options = {option: value for option, value in field.items() if option != "type" and value is not None}
        target, _, last = name.rpartition(".")
        (inner if target else flat)[last] = TYPES[field["type"]][0](**options)
    if inner:
        flat["d"] = Dict(inner)
    if description["many"]:
        flat["links"] = RefsList(coll="others")
    if description["lines"]:
        inner = {"n": Int(), "at": Datetime(), "in": Dict({"d": Decimal(precision=12, scale=2)})}
        if description["lines"] == "table":
            inner["ref"] = Ref(coll="others")
        flat["lines"] = List(Dict(inner))
    backoffice = Backoffice("app")
    groups = [("key", "_id")] if description["group"] else []
    backoffice.register_collection(Collection("others", Item({"name": String()}), connector))
    backoffice.register_collection(Collection("things", Item(flat, unique=groups), connector))
    return backoffice


def values(draw: Any, description: dict[str, Any]) -> dict[str, Any]:
    item: dict[str, Any] = {}
    for name, field in description["fields"].items():
        target, _, last = name.rpartition(".")
        value = draw(st.sampled_from([None, *TYPES[field["type"]][1]]))
        (item.setdefault(target, {}) if target else item)[last] = value
    if description["many"]:
        item["links"] = draw(st.sampled_from([[], ["o1"], ["o2", "o1"]]))
    if description["lines"]:
        instant = datetime.datetime(2031, 5, 17, 9, 30, 0, draw(st.sampled_from([0, 5])), tzinfo=datetime.UTC)
        element = {"n": 2**53 + 1, "at": instant, "in": {"d": decimal.Decimal("-0.50")}}
        item["lines"] = draw(st.sampled_from([None, [], [element], [{"n": 1}, element]]))
    return item


def read(backoffice: Backoffice) -> list[dict[str, Any]]:
    def flat(value: dict[str, Any], prefix: str = "") -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, each in value.items():
            if name == "d":
                found.update(flat(each, "d."))
            elif name == "lines":
                found[name] = each and [{key: inner for key, inner in line.items() if key != "ref"} for line in each]
            elif not name.startswith("_") and (prefix or name != "key"):
                found[prefix + name] = each
        return found

    return [flat(item.get_value()) for item in backoffice.things.select()]


def check(data: Any, url: str, directory: Path, written_on: str | None = None) -> None:
    """Go from one description to another and back; the revisions may be written on another database."""
    old, new = data.draw(descriptions(), "old"), data.draw(descriptions(), "new")
    connectors = [DBSQLConnector(each) for each in (written_on or url, written_on or url, url, url)]
    try:
        built = [build(connector, each) for connector, each in zip(connectors, (old, new, old, new), strict=True)]
        try:
            for each in built:
                each.freeze()
        except TypeError:
            event("no description")
            return
        writers = [Migrations(each, directory) for each in built[:2]]
        if written_on is not None:
            writers[0].init()
            writers[0].revision("old")
            writers[0].upgrade()
        _there_and_back(data, built[2], built[3], writers[1], old, new, directory)
    finally:
        for connector in connectors:
            connector.dispose()


def _there_and_back(
    data: Any,
    before: Backoffice,
    after: Backoffice,
    writer: Migrations,
    old: dict[str, Any],
    new: dict[str, Any],
    directory: Path,
) -> None:
    migrations, changed = Migrations(before, directory), Migrations(after, directory)
    if migrations.init():
        migrations.revision("old")
    migrations.upgrade()
    connector: Any = before.others.connector
    for name in ("o1", "o2"):
        connector.generate_id = lambda _, name=name: name
        before.others.create({"name": name})
    connector.generate_id = DBSQLConnector("sqlite://").generate_id
    for number in range(3):
        try:
            before.things.create({"key": number, **values(data.draw, old)})
        except Exception as error:  # a value that its own description refuses
            assert type(error).__module__ == "backo_sql.errors", error
    there = read(before)

    try:
        writer.revision("new", ask=lambda _: False, allow_empty=True)
    except MigrationError as refused:
        assert "can't be turned from" in str(refused)
        event("refused when it is written")
        return
    try:
        changed.upgrade(allow_destructive=True)
    except MigrationError as refused:
        event("refused by values")
        assert "written on" not in str(refused)
        assert migrations.check().differences == ()
        assert read(before) == there
        return
    event("went")
    assert changed.check().differences == ()
    assert changed.revision("again", ask=lambda _: False) == []
    both = [name for name, field in old["fields"].items() if name in new["fields"]]
    lines = ["lines"] if old["lines"] and new["lines"] else []
    same = [name for name in both if old["fields"][name]["type"] == new["fields"][name]["type"]]
    _compare(there, read(after), [*same, *lines])
    try:
        migrations.downgrade("-1")
    except MigrationError:
        event("no way back: a required value is gone")
        assert changed.check().differences == ()
        return
    event("and back")
    assert migrations.check().differences == ()
    exact = [name for name in both if not _is_respelled(old["fields"][name], new["fields"][name])]
    _compare(there, read(before), [*exact, *lines, *(["links"] if old["many"] and new["many"] else [])])
    for mine, yours in zip(there, read(before), strict=True):
        for name in set(both) - set(exact):
            if mine[name] is not None:
                assert decimal.Decimal(yours[name]) == decimal.Decimal(mine[name]), name


def _is_respelled(old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Tell whether a text was an exact number meanwhile: `12` comes back as `12.00`."""
    return old["type"] == "String" and new["type"] in ("Decimal", "Cents")


def _compare(one: list[dict[str, Any]], other: list[dict[str, Any]], names: list[str]) -> None:
    assert len(one) == len(other)
    for mine, yours in zip(one, other, strict=True):
        for name in names:
            if mine[name] is not None:  # what was empty may have got a default
                assert yours[name] == mine[name], name


def test_any_change_there_and_back_keeps_what_both_can_hold() -> None:
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=QUIET)
    @given(data=st.data())
    def run(data: Any) -> None:
        with tempfile.TemporaryDirectory() as directory:
            check(data, f"sqlite:///{directory}/test.db", Path(directory) / "history")

    run()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("written_here", [True, False])
def test_any_change_there_and_back_keeps_what_both_can_hold_on_postgresql(
    database_url: str, written_here: bool
) -> None:
    engine = sa.create_engine(database_url, isolation_level="AUTOCOMMIT")

    @settings(max_examples=max(EXAMPLES // (4 if written_here else 8), 1), deadline=None, suppress_health_check=QUIET)
    @given(data=st.data())
    def run(data: Any) -> None:
        with engine.connect() as connection:
            connection.execute(sa.text("DROP SCHEMA public CASCADE"))
            connection.execute(sa.text("CREATE SCHEMA public"))
        with tempfile.TemporaryDirectory() as directory:
            elsewhere = None if written_here else f"sqlite:///{directory}/test.db"
            check(data, database_url, Path(directory) / "history", elsewhere)

    try:
        run()
    finally:
        engine.dispose()
