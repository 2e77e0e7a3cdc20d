"""Any description, any JSON: it is refused with paths, or stored and read back equal."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError as SchemaError

from backo_sql import (
    Backoffice,
    Bool,
    Bytes,
    Collection,
    Complex,
    Date,
    Datetime,
    DBSQLConnector,
    Decimal,
    DescriptionError,
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
    String,
    Time,
    Tuple,
    Url,
    ValidationError,
)
from tests.support import client_of

#: how many descriptions are tried on each database; a few hundred seconds' worth where this says so
EXAMPLES = int(os.environ.get("BACKO_TEST_EXAMPLES", "80"))


@dataclass
class Build:
    """How to write a field; each call makes a new one. Shown as it would be written when a test fails."""

    type: Any
    held: Any
    options: dict[str, Any]

    def __call__(self) -> Any:
        return self.type(*(make(each) for each in self.held), **self.options)

    def __repr__(self) -> str:
        shown = [*map(repr, self.held), *(f"{name}={value!r}" for name, value in self.options.items())]
        return f"{self.type.__name__}({', '.join(shown)})"


def make(held: Any) -> Any:
    """Make what a type holds: fields by name, in a row, or one."""
    if isinstance(held, dict):
        return {name: make(each) for name, each in held.items()}
    return [make(each) for each in held] if isinstance(held, list) else held()


#: a field, and JSON that it probably accepts
Drawn: TypeAlias = "tuple[Build, st.SearchStrategy[Any]]"


class Version(Extend):
    """A type of a user's own."""

    def __init__(self, **options: Any) -> None:
        super().__init__(tuple, **options)

    def __json_encode__(self, value: Any) -> str:
        return ".".join(map(str, value))

    def __json_decode__(self, text: Any) -> tuple[int, ...]:
        return tuple(int(part) for part in text.split("."))

    def check_constraints(self, value: Any) -> None:
        if len(value) > 5:
            raise ValueError("Must have at most 5 parts.")


class Point(Dict):
    """A structure of a user's own."""

    def __init__(self, **options: Any) -> None:
        super().__init__({"x": Float(default=0), "y": Float(required=True)}, **options)


# -- JSON --------------------------------------------------------------------------------------------------

TEXTS = st.one_of(
    st.text(max_size=8),
    st.text(st.characters(), max_size=3),  # surrogates and all
    st.sampled_from(["", " ", "\0", "é\u0301", "\U0010ffff", "12", "true", "null", "a" * 300, "$.a", "a__b", "%", "'"]),
)
NUMBERS = st.one_of(
    st.integers(-5, 5),
    st.integers(),
    st.sampled_from([2**63 - 1, -(2**63), 2**63, 10**30, 0.1, -0.0, 1e308, 5e-324, 2.0, float("inf"), float("nan")]),
    st.floats(),
)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=6
)

# -- types with values ---------------------------------------------------------------------------------------

SIMPLE: dict[Any, st.SearchStrategy[Any]] = {
    String: TEXTS,
    Int: st.integers(-10, 10) | st.integers(-(2**63), 2**63 - 1),
    Float: st.floats(allow_nan=False, allow_infinity=False) | st.integers(-5, 5),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-1000, max_value=1000).map(str),
    Bool: st.booleans(),
    Bytes: st.sampled_from(["", "AAE=", "/+8="]),
    Datetime: st.datetimes().map(lambda value: value.isoformat())
    | st.sampled_from(
        [
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59.999999Z",
            "2030-01-02T03:04:05+14:00",
            "0001-01-01T00:00:00+01:00",
        ]
    ),
    Date: st.dates().map(lambda value: value.isoformat()),
    Time: st.times().map(lambda value: value.isoformat()) | st.sampled_from(["00:00:00.010000", "23:59:59.999999"]),
    FreeDict: st.dictionaries(TEXTS, JSON, max_size=3),
    Complex: st.fixed_dictionaries({"real": st.floats(-5, 5)}, optional={"imag": st.floats(-5, 5)}),
    IpAddress: st.ip_addresses().map(str),
    IpNetwork: st.sampled_from(["10.0.0.0/8", "2001:db8::/32", "10.0.0.1/32"]),
    Url: st.sampled_from(["https://example.org/a?b=c#d", "http://[::1]:80/", "ftp://x/é"]),
    Email: st.sampled_from(["a@b.org", "é@example.org"]),
    Version: st.lists(st.integers(0, 9), min_size=1, max_size=6).map(lambda parts: ".".join(map(str, parts))),
    Point: st.fixed_dictionaries({"y": st.floats(-5, 5)}, optional={"x": st.integers(0, 5)}),
}

ORDERED = (Int, Float, Decimal, Datetime, Date, Time)


def options_of(type_: Any, values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Some of the options of a type; they need not fit together."""
    functions: dict[str, st.SearchStrategy[Any]] = {
        "constraint": st.sampled_from([lambda value: len(repr(value)) % 7 != 0, lambda value, root: True]),
        "transform": st.sampled_from(
            [lambda value: value, lambda value, root: value.strip() if isinstance(value, str) else value]
        ),
        "exists": st.sampled_from([True, False, lambda root: root.flag is True, lambda root: root.flag is not True]),
        "onchange": st.just(lambda old, value: None),
    }
    own: dict[str, st.SearchStrategy[Any]] = {
        "required": st.booleans(),
        "allow_none": st.booleans(),
        "default": values | values.map(lambda value: lambda: copy.deepcopy(value)) | st.none(),
        "description": st.just("words"),
        **functions,
    }
    if type_ in ORDERED:
        own |= {"min": values, "max": values, "index": st.booleans()}
    if type_ is String:
        own |= {"max_length": st.integers(1, 10), "pattern": st.sampled_from(["[a-z]*$", ".", "", lambda: "\\w"])}
    if type_ in (List,):
        own |= {"min": st.integers(0, 2), "max": st.integers(0, 3), "uniq": st.booleans()}
    if type_ in (String, Int, Float, Decimal, Bool, Datetime, Date, IpAddress, Email):
        own["union"] = st.lists(values, min_size=1, max_size=4) | st.lists(values, max_size=4).map(
            lambda some: lambda: some
        )
    return st.dictionaries(st.sampled_from(sorted(own)), st.none(), max_size=2).flatmap(
        lambda chosen: st.fixed_dictionaries({name: own[name] for name in chosen})
    )


def drawn(type_: Any, held: Any, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Drawn]:
    """A type with some options."""
    return options_of(type_, values).map(lambda options: (Build(type_, held, options), values))


def simple() -> st.SearchStrategy[Drawn]:
    return st.sampled_from(list(SIMPLE)).flatmap(lambda type_: drawn(type_, (), SIMPLE[type_]))


NAMES = ["a", "b", "c1", "long_name", "values", "Z"]


def compound(inner: st.SearchStrategy[Drawn]) -> st.SearchStrategy[Drawn]:
    """A type that holds others."""

    def list_of(element: Drawn) -> st.SearchStrategy[Drawn]:
        build, values = element
        return drawn(List, (build,), st.lists(values | st.none(), max_size=3))

    def tuple_of(members: list[Drawn]) -> st.SearchStrategy[Drawn]:
        return drawn(Tuple, ([build for build, _ in members],), st.tuples(*(values for _, values in members)).map(list))

    def one_of(members: list[Drawn]) -> st.SearchStrategy[Drawn]:
        return drawn(In, ([build for build, _ in members],), st.one_of(*(values for _, values in members)))

    def dict_of(fields: dict[str, Drawn]) -> st.SearchStrategy[Drawn]:
        return drawn(
            Dict,
            ({name: build for name, (build, _) in fields.items()},),
            st.fixed_dictionaries({}, optional={name: values for name, (_, values) in fields.items()}),
        )

    some = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        inner.flatmap(list_of),
        some.flatmap(tuple_of),
        some.flatmap(one_of),
        st.dictionaries(st.sampled_from(NAMES), inner, min_size=1, max_size=3).flatmap(dict_of),
    )


FIELDS = st.recursive(simple(), compound, max_leaves=4)


def rows_of(fields: dict[str, Drawn]) -> st.SearchStrategy[Drawn]:
    """A list whose elements hold a reference, and are rows of a table."""
    held = {name: build for name, (build, _) in fields.items()} | {"see": Build(Ref, (), {"coll": "things"})}
    values = st.fixed_dictionaries({}, optional={name: values for name, (_, values) in fields.items()})
    return drawn(List, (Build(Dict, (held,), {}),), st.lists(values | st.none(), min_size=1, max_size=3))


ROWS = st.dictionaries(st.sampled_from(NAMES), FIELDS, max_size=3).flatmap(rows_of)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Build, list[Any]]:
    """A description, and what some clients send for it."""
    fields = draw(st.dictionaries(st.sampled_from(NAMES), FIELDS, min_size=1, max_size=4))
    if draw(st.booleans()):
        fields["rows"] = draw(ROWS)
    hooks = draw(
        st.sampled_from(
            [{}, {"post_load": lambda data: data}, {"pre_load": dict, "dynamic_post_load": lambda data: {}}]
        )
    )

    item = Build(Item, ({"flag": Build(Bool, (), {}), **{name: build for name, (build, _) in fields.items()}},), hooks)

    likely = st.fixed_dictionaries(
        {}, optional={"flag": st.booleans(), **{name: values for name, (_, values) in fields.items()}}
    )
    wild = st.fixed_dictionaries({}, optional={name: values | JSON for name, (_, values) in fields.items()})
    sent = draw(
        st.lists(
            st.one_of(likely, likely, wild, st.dictionaries(st.sampled_from([*NAMES, "nothing"]), JSON)),
            min_size=1,
            max_size=5,
        )
    )
    return item, sent


# -- the property -----------------------------------------------------------------------------------------------


def same(one: Any, other: Any) -> bool:
    """Tell whether two values are equal and of the same types at every depth."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def own(values: Any) -> dict[str, Any]:
    """Leave out what the library adds."""
    return {name: value for name, value in values.items() if name not in ("_id", "_meta", "_version")}


def check(backoffice: Backoffice, sent: list[Any]) -> None:
    """Send all of it, and see that each is refused with paths or comes back equal."""
    things, client = backoffice.things, client_of(backoffice, "", lambda: None)
    for data in sent:
        before, given_ = things.count(), copy.deepcopy(data)
        messages: dict[str, list[str]] = {}
        try:
            item = things.create(data)
        except ValidationError as error:
            messages = error.messages
        assert repr(data) == repr(given_)
        if messages:
            event("refused")
            assert all(path.startswith("$") and texts and all(texts) for path, texts in messages.items())
            assert things.count() == before
            with pytest.raises(SchemaError):
                things.schema("create").load(data)
            continue
        event("stored")
        assert things.count() == before + 1
        read = things.get_by_id(item._id)
        assert same(read.get_value(), item.get_value())
        assert read == item
        assert same(things.schema("create").load(data), own(item.get_value()))
        url = f"/app/things/{item._id}"
        shown = client.get(url).get_json()
        assert shown == next(
            each for each in client.get("/app/things?_page=0").get_json()["result"] if each["_id"] == item._id
        )
        # What one got can be sent back, and is no change.
        back = client.put(url, json=shown)
        assert (back.status_code, back.get_json()) == (200, shown)
        again = things.get_by_id(item._id)
        assert same(again.get_value(), item.get_value())
        again.set(item.get_value())
        assert repr(again._status) == "SAVED"
        # A change that another one takes back is none either.
        values = {name: value for name, value in own(read.get_value()).items() if value is not None}
        read.set(values)
        read.save()
        assert same(things.get_by_id(item._id).get_value(), item.get_value())


@contextmanager
def collection(url: str, build: Build) -> Iterator[Backoffice | None]:
    """A backoffice with one collection of these items, or nothing where the description is wrong."""
    try:
        item = build()
    except DescriptionError:
        yield None
        return
    db = DBSQLConnector(url)
    try:
        backoffice = Backoffice("app")
        backoffice.register_collection(Collection("things", item, db))
        backoffice.create_all()
        yield backoffice
    finally:
        db.dispose()


QUIET = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=QUIET)
@given(case=cases())
def test_any_json_for_any_description_is_refused_with_paths_or_read_back_equal(case: Any) -> None:
    build, sent = case
    with collection("sqlite://", build) as backoffice:
        event("a description" if backoffice is not None else "no description")
        if backoffice is not None:
            check(backoffice, sent)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_any_json_for_any_description_is_kept_by_postgresql(database_url: str) -> None:
    @settings(max_examples=max(EXAMPLES // 4, 1), deadline=None, suppress_health_check=QUIET)
    @given(case=cases())
    def run(case: Any) -> None:
        build, sent = case
        with collection(database_url, build) as backoffice:
            if backoffice is not None:
                try:
                    check(backoffice, sent)
                finally:
                    backoffice.things.connector.metadata.drop_all(backoffice.things.connector.engine)

    run()
