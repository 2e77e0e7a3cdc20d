"""Descriptions as marshmallow schemas: validation by itself, and the same as the library's own."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal as PythonDecimal
from ipaddress import ip_address
from typing import Any

import marshmallow as ma
import pytest

from backo_sql import (
    BackoError,
    Backoffice,
    Bool,
    Bytes,
    Date,
    Datetime,
    DBSQLConnector,
    Decimal,
    DescriptionError,
    Dict,
    Float,
    FreeDict,
    In,
    Int,
    IpAddress,
    Item,
    List,
    Ref,
    RefsList,
    String,
    Tuple,
    ValidationError,
)
from tests.support import Open, all_rows, client_of, statements


def library(open_backoffice: Open, **options: Any) -> Backoffice:
    return open_backoffice(
        books=Item(
            {
                "title": String(
                    required=True,
                    max_length=10,
                    description="what is on the cover",
                    transform=lambda v: v.strip() if isinstance(v, str) else v,
                ),
                "pages": Int(min=1),
                "price": Decimal(precision=10, scale=2),
                "out": Datetime(),
                "day": Date(),
                "cover": Bytes(),
                "ip": IpAddress(),
                "at": Tuple((Float(), Float())),
                "any": In([Int(), String()]),
                "free": FreeDict(),
                "in_print": Bool(default=True),
                "tags": List(String(max_length=3), default=[], max=2),
                "loan": Dict(
                    {"reader": String(required=True), "days": Int(default=14)}, exists=lambda root: root.in_print
                ),
                "parts": List(Dict({"name": String(required=True), "n": Int(default=1)})),
                "long": Bool(set=lambda root: (root.pages or 0) > 100),
                "author": Ref(coll="authors", field="$.books"),
            },
            **options,
        ),
        authors=Item({"name": String(), "books": RefsList(coll="books", field="$.author")}),
    )


GOOD: dict[str, Any] = {"title": "Notes", "loan": {"reader": "Ada"}}


@pytest.fixture
def backoffice(open_backoffice: Open) -> Backoffice:
    return library(open_backoffice)


def messages(schema: ma.Schema, data: Any) -> Any:
    with pytest.raises(ma.ValidationError) as error:
        schema.load(data)
    return error.value.messages


# -- load ------------------------------------------------------------------------------------------------


def test_a_schema_is_a_marshmallow_schema_without_the_database(backoffice: Backoffice, db: DBSQLConnector) -> None:
    with statements(db) as seen:
        for purpose in ("create", "update", "partial"):
            schema = backoffice.books.schema(purpose)
            assert isinstance(schema, ma.Schema)
            schema.load({"title": "x", "loan": {"reader": "y"}})
        assert isinstance(backoffice.books.schema(), ma.Schema)
        assert backoffice.books.schema().load(GOOD) == backoffice.books.schema("create").load(GOOD)
    assert seen == []


def test_a_create_schema_loads_json_into_the_values_of_a_whole_item(backoffice: Backoffice) -> None:
    loaded = backoffice.books.schema("create").load(
        {
            "title": " Notes ",
            "pages": 120,
            "price": "12.50",
            "out": "2030-01-02T03:04:05+02:00",
            "day": "2030-01-02",
            "cover": "AAE=",
            "ip": "10.0.0.1",
            "at": [1, 2.5],
            "any": "far",
            "free": {"k": [1, None]},
            "loan": {"reader": "Ada"},
            "parts": [{"name": "one"}],
        }
    )
    assert loaded == {
        "title": "Notes",
        "pages": 120,
        "price": PythonDecimal("12.50"),
        "out": datetime(2030, 1, 2, 1, 4, 5, tzinfo=UTC),
        "day": date(2030, 1, 2),
        "cover": b"\x00\x01",
        "ip": ip_address("10.0.0.1"),
        "at": (1.0, 2.5),
        "any": "far",
        "free": {"k": [1, None]},
        "in_print": True,
        "tags": [],
        "loan": {"reader": "Ada", "days": 14},
        "parts": [{"name": "one", "n": 1}],
        "long": True,
        "author": None,
    }


def test_what_a_schema_loads_can_be_created_and_set(backoffice: Backoffice) -> None:
    loaded = backoffice.books.schema("create").load({**GOOD, "pages": 3, "day": "2030-01-02"})
    item = backoffice.books.create(loaded)
    assert {name: item.get_value()[name] for name in loaded} == loaded
    item.set(backoffice.books.schema("partial").load({"pages": 4, "loan": {"days": 3}}))
    assert (item.pages, item.loan) == (4, {"reader": "Ada", "days": 3})


def test_every_fault_is_told_nested_as_marshmallow_does(backoffice: Backoffice) -> None:
    told = messages(
        backoffice.books.schema("create"),
        {
            "title": "much too long",
            "pages": "x",
            "tags": ["ok", "long", 3],
            "loan": {"days": "x", "more": 1},
            "parts": [{"name": "a"}, {"n": 2}, 3],
            "unknown": 1,
        },
    )
    assert told.keys() == {"title", "pages", "tags", "loan", "parts", "unknown"}
    assert told["tags"].keys() == {1, 2}
    assert told["loan"].keys() >= {"days", "more"}
    assert told["parts"].keys() == {1, 2}
    assert told["parts"][1] == {"name": ["Is required."]}
    assert told["unknown"] == ["Unknown field."]
    assert told["pages"] == ["Must be an integer, not a text."]


@pytest.mark.parametrize("data", [None, 3, "x", [], [{"title": "x"}]])
def test_only_an_object_is_loaded(backoffice: Backoffice, data: Any) -> None:
    for purpose in ("create", "update", "partial"):
        assert messages(backoffice.books.schema(purpose), data).keys() == {"_schema"}


def test_an_update_schema_takes_a_whole_item_as_it_was_read(backoffice: Backoffice) -> None:
    item = backoffice.books.create(GOOD)
    shown = client_of(backoffice).get(f"/app/books/{item._id}").get_json()
    loaded = backoffice.books.schema("update").load(shown)
    assert {name: item.get_value()[name] for name in loaded} == loaded
    item.set({**loaded, "pages": 5})
    item.save()
    assert set(messages(backoffice.books.schema("update"), {**shown, "pages": 0, "title": None})) == {"pages", "title"}


def test_a_partial_schema_judges_only_what_is_given(backoffice: Backoffice) -> None:
    schema = backoffice.books.schema("partial")
    assert schema.load({}) == {}
    assert schema.load({"pages": 3}) == {"pages": 3}
    assert schema.load({"tags": ["a"], "day": "2030-01-02"}) == {"tags": ["a"], "day": date(2030, 1, 2)}
    assert schema.load({"loan": {"days": 3}}) == {"loan": {"days": 3}}
    assert messages(schema, {"pages": 0, "title": None}).keys() == {"pages", "title"}
    assert messages(schema, {"unknown": 1}).keys() == {"unknown"}
    assert messages(schema, {"parts": [{"n": 1}]}) == {"parts": {0: {"name": ["Is required."]}}}


def test_many_are_loaded_at_once(backoffice: Backoffice) -> None:
    schema = backoffice.books.schema("create")
    loaded = schema.load([GOOD, {**GOOD, "title": "b"}], many=True)
    assert [each["title"] for each in loaded] == ["Notes", "b"]
    with pytest.raises(ma.ValidationError) as error:
        schema.load([GOOD, {"title": 3, "loan": {"reader": "x"}}], many=True)
    assert error.value.messages.keys() == {1}
    assert error.value.messages[1].keys() == {"title"}


def test_loads_reads_text_and_validate_returns_the_faults(backoffice: Backoffice) -> None:
    schema = backoffice.books.schema("create")
    assert schema.loads('{"title": "x", "loan": {"reader": "y"}}')["title"] == "x"
    assert schema.validate(GOOD) == {}
    assert schema.validate({**GOOD, "pages": 0}).keys() == {"pages"}


def test_an_unknown_purpose_is_told(backoffice: Backoffice) -> None:
    for wrong in ("delete", "", None, 3):
        with pytest.raises(DescriptionError, match="partial"):
            backoffice.books.schema(wrong)


def test_data_that_was_loaded_is_left_as_it_was(backoffice: Backoffice) -> None:
    data = {**GOOD, "title": " x ", "tags": ["a"]}
    loaded = backoffice.books.schema("create").load(data)
    loaded["tags"].append("b")
    assert data == {**GOOD, "title": " x ", "tags": ["a"]}


# -- dump ------------------------------------------------------------------------------------------------


def test_dump_writes_the_json_of_values_and_of_items(backoffice: Backoffice) -> None:
    schema = backoffice.books.schema("update")
    values = backoffice.books.schema("create").load(
        {
            **GOOD,
            "price": "1.5",
            "out": "2030-01-02T03:04:05Z",
            "day": "2030-01-02",
            "cover": "AAE=",
            "ip": "10.0.0.1",
            "at": [1, 2],
        }
    )
    dumped = schema.dump(values)
    assert {name: dumped[name] for name in ("price", "day", "cover", "ip", "at")} == {
        "price": "1.50",
        "day": "2030-01-02",
        "cover": "AAE=",
        "ip": "10.0.0.1",
        "at": [1.0, 2.0],
    }
    assert (
        backoffice.books.schema("create").load({name: value for name, value in dumped.items() if name != "long"})
        == values
    )
    item = backoffice.books.create(values)
    of_item = schema.dump(item)
    assert of_item["_id"] == item._id
    assert of_item["_meta"]["created_by"]["login"] == "ANONYMOUS"
    assert of_item["loan"] == {"reader": "Ada", "days": 14}
    assert schema.dump([item], many=True) == [of_item]


def test_dumps_writes_text_that_loads_again(backoffice: Backoffice) -> None:
    schema = backoffice.books.schema("create")
    values = schema.load({**GOOD, "out": "2030-01-02T03:04:05.000006Z", "day": "2030-01-02", "price": "2.25"})
    assert schema.loads(schema.dumps(values)) == values


# -- hooks -----------------------------------------------------------------------------------------------


def hooked(open_backoffice: Open, seen: list[str]) -> Backoffice:
    def pre(data: Any) -> Any:
        seen.append("pre_load")
        return (
            {**data, "title": data.get("titel", data.get("title"))}
            if "titel" not in data
            else {"title": data["titel"], "loan": data["loan"]}
        )

    def post(data: Any) -> Any:
        seen.append("post_load")
        if data["title"] == "no":
            raise ValidationError({"$.title": ["Not this one."], "$.loan.days": ["Nor this."]})
        return {**data, "tags": data["tags"] or ["new"]}

    def dynamic(data: Any) -> Any:
        seen.append("dynamic_post_load")
        return {"pages": Int(required=True)} if data["title"] == "long" else {}

    def save(item: Any) -> None:
        seen.append("post_save")

    return library(open_backoffice, pre_load=pre, post_load=post, dynamic_post_load=dynamic, post_save=save)


def test_the_hooks_of_the_item_run_in_their_order_but_for_the_last(open_backoffice: Open) -> None:
    seen: list[str] = []
    schema = hooked(open_backoffice, seen).books.schema("create")
    loaded = schema.load({"titel": "x", "loan": {"reader": "y"}})
    assert (loaded["title"], loaded["tags"]) == ("x", ["new"])
    assert seen == ["pre_load", "post_load", "dynamic_post_load"]


def test_what_a_hook_refuses_is_told_nested_too(open_backoffice: Open) -> None:
    schema = hooked(open_backoffice, []).books.schema("create")
    told = messages(schema, {"title": "no", "loan": {"reader": "y"}})
    assert told == {"title": ["Not this one."], "loan": {"days": ["Nor this."]}}
    assert messages(schema, {"title": "long", "loan": {"reader": "y"}}) == {"pages": ["Is required."]}


# -- agreement with create and save -------------------------------------------------------------------------

INPUTS: list[Any] = [
    {},
    GOOD,
    {"title": None, "loan": {"reader": "x"}},
    {**GOOD, "pages": None},
    {**GOOD, "pages": 0},
    {**GOOD, "pages": True},
    {**GOOD, "pages": 2**63},
    {**GOOD, "in_print": None},
    {**GOOD, "in_print": False},
    {"title": "x", "in_print": False},
    {"title": "x", "in_print": False, "loan": {}},
    {"title": "x", "loan": {}},
    {"title": "x", "loan": None},
    {"title": "x", "loan": 3},
    {**GOOD, "tags": None},
    {**GOOD, "tags": ["a", "b", "c"]},
    {**GOOD, "tags": ["a", None]},
    {**GOOD, "parts": None},
    {**GOOD, "parts": [{}]},
    {**GOOD, "parts": [{"name": "a", "n": None}]},
    {**GOOD, "at": [1]},
    {**GOOD, "at": [1, "x"]},
    {**GOOD, "any": 1.5},
    {**GOOD, "free": []},
    {**GOOD, "free": {"a": float("nan")}},
    {**GOOD, "price": "1.005"},
    {**GOOD, "cover": "?"},
    {**GOOD, "out": "soon"},
    {**GOOD, "long": True},
    {**GOOD, "long": "anything"},
    {**GOOD, "_id": "mine", "_meta": {"ctime": 3}},
    {**GOOD, "author": 3},
    {**GOOD, "nothing": 1, "tags": [3]},
    {**GOOD, "title": "a\0b"},
]


def flat(nested: Any, prefix: str = "$") -> dict[str, list[str]]:
    """Write nested messages by path."""
    if isinstance(nested, list):
        return {prefix: nested}
    found: dict[str, list[str]] = {}
    for key, value in nested.items():
        path = prefix if key == "_schema" else f"{prefix}[{key}]" if isinstance(key, int) else f"{prefix}.{key}"
        found.update(flat(value, path))
    return found


@pytest.mark.parametrize("data", INPUTS)
def test_a_schema_and_create_agree(backoffice: Backoffice, data: Any) -> None:
    try:
        loaded: Any = backoffice.books.schema("create").load(data)
        refused = None
    except ma.ValidationError as error:
        loaded, refused = None, flat(error.messages)
    if refused is not None:
        with pytest.raises(ValidationError) as told:
            backoffice.books.create(data)
        assert told.value.messages == refused
        return
    item = backoffice.books.create(data)
    values = item.get_value()
    assert {name: value for name, value in values.items() if name not in ("_id", "_meta")} == loaded
    shown = client_of(backoffice).get(f"/app/books/{item._id}").get_json()
    again = backoffice.books.schema("update").load(shown)
    assert {name: value for name, value in again.items() if name in loaded} == loaded


@pytest.mark.parametrize("data", [each for each in INPUTS if isinstance(each, dict)])
def test_a_partial_schema_and_set_agree_on_what_a_field_refuses(
    backoffice: Backoffice, db: DBSQLConnector, data: Any
) -> None:
    item = backoffice.books.create(GOOD)
    before = all_rows(db)
    data = {name: value for name, value in data.items() if not name.startswith("_")}
    refused: Any = None
    loaded: Any = None
    try:
        loaded = backoffice.books.schema("partial").load(data)
    except ma.ValidationError as error:
        refused = flat(error.messages)
    if refused is not None:
        with pytest.raises(ValidationError) as told:
            item.set(data)
        assert told.value.messages == refused
        assert all_rows(db) == before
        return
    other = item.copy()
    outcomes = []
    for target, values in ((item, data), (other, loaded)):
        try:
            target.set(values)
            outcomes.append(target.get_value())
        except BackoError as error:
            outcomes.append(str(error))
    assert outcomes[0] == outcomes[1]
