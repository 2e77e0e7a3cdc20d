"""The contract of the filter language, asked of the Python predicate and of every database.

A further backend is a parameter of `backend`, and a connector in `_connector`.
"""

from __future__ import annotations

import datetime
import ipaddress
import json
from collections.abc import Iterator
from typing import Any, Protocol

import pytest
from sqlalchemy import Engine
from werkzeug.test import TestResponse

from backo_sql import Backoffice, Collection, DBSQLConnector, Item, Selection
from backo_sql.query.ast import TRUE
from backo_sql.query.bind import bind, operators_of
from backo_sql.query.multidict import multidict_to_filter
from backo_sql.query.parse_args import parse_conditions
from backo_sql.query.parse_dict import parse_filter
from backo_sql.query.parse_json import parse_json
from tests.conftest import empty
from tests.query.contract import PLACES, ROWS, TABLE, TYPES, items
from tests.query.plain import Plain
from tests.query.shelves import at
from tests.support import client_of


class Finder(Protocol):
    """A backend that has the items of the contract."""

    def find(self, filters: Any, collection: str) -> list[str]:
        """Return the ids of the items that match a filter, in order."""
        ...


class Predicate:
    """The items as plain values."""

    def __init__(self) -> None:
        self.plain = Plain(items(), ROWS)

    def find(self, filters: Any, collection: str) -> list[str]:
        return self.plain.find(parse_filter(filters), collection)


class Stored:
    """The items in collections."""

    def __init__(self, connector: Any) -> None:
        self.connector = connector
        self.backoffice = Backoffice("app")
        for name, item in items().items():
            collection = self.backoffice.register_collection(Collection(name, item, connector))
            collection.register_selection("ids", Selection(["$._id"]))
        self.backoffice.create_all()
        fill(self.backoffice, connector)

    def find(self, filters: Any, collection: str) -> list[str]:
        page = getattr(self.backoffice, collection).selections["ids"].select(filters)
        assert page["total"] == len(page["result"])
        return [identifier for (identifier,) in page["result"]]

    def is_whole(self, filters: Any, collection: str) -> bool:
        """Tell whether the database answers all of a filter."""
        model = self.backoffice.freeze()
        where = bind(parse_filter(filters), model.descriptions[collection], model)
        return self.backoffice.service.split(collection, where)[1] == TRUE


def fill(backoffice: Backoffice, connector: Any) -> None:
    """Create the items, and then their links."""
    model = backoffice.freeze()
    identifiers = iter([row["_id"] for name in model.descriptions for row in ROWS[name]])
    connector.generate_id = lambda item: next(identifiers)
    made: list[tuple[Item, dict[str, Any]]] = []
    with backoffice.transaction():
        for name in model.descriptions:
            linked = {path[0] for path in model.references[name]}
            for row in ROWS[name]:
                values = {field: value for field, value in row.items() if field != "_id"}
                links = {field: values.pop(field) for field in linked & values.keys()}
                made.append((getattr(backoffice, name).create(values), links))
        for item, links in made:
            if links:
                item.reload()
                item.set(links)
                item.save()


@pytest.fixture(scope="module", params=["predicate", "sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finder]:
    """Every backend with the items of the contract, which no test changes."""
    if request.param == "predicate":
        yield Predicate()
        return
    connector = _connector(request, tmp_path_factory)
    yield Stored(connector)
    connector.dispose()


def _connector(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> DBSQLConnector:
    if request.param == "sqlite":
        return DBSQLConnector(f"sqlite:///{tmp_path_factory.mktemp('contract') / 'contract.db'}")
    database: Engine = request.getfixturevalue("postgres_database")
    empty(database)
    return DBSQLConnector(database.url.render_as_string(hide_password=False))


KINDS = [(place, name) for place in PLACES for name in TYPES if name not in PLACES[place].without]


@pytest.mark.parametrize(("place", "name"), KINDS, ids=[f"{place}: {name}" for place, name in KINDS])
def test_every_operator_on_every_type_in_every_place(backend: Finder, place: str, name: str) -> None:
    for filters, ids in PLACES[place].filters(name, TYPES[name]):
        assert backend.find(filters, PLACES[place].collection) == ids.split(), filters


CASES = [(collection, filters, ids) for collection, rows in TABLE.items() for filters, ids in rows]


@pytest.mark.parametrize(
    ("collection", "filters", "ids"), CASES, ids=[f"{collection} {filters}" for collection, filters, _ in CASES]
)
def test_a_filter_finds_what_it_says(backend: Finder, collection: str, filters: Any, ids: str) -> None:
    assert backend.find(filters, collection) == ids.split()


@pytest.mark.parametrize("name", ["code", "whole", "real", "pair", "to"])
def test_a_list_may_hold_ten_thousand_values(backend: Finder, name: str) -> None:
    other: dict[str, list[Any]] = {
        "code": [str(number) for number in range(100, 10_100)],
        "whole": [*range(10_000)],
        "real": [number / 7 for number in range(10_000)],
        "pair": [(number, "c") for number in range(10_000)],
        "to": [f"t{number}" for number in range(10, 10_010)],
    }
    first, second, _ = TYPES[name].held
    many = [*other[name], first, None]
    assert backend.find({name: ("$in", many)}, "kinds") == ["k1", "k5"]
    assert backend.find({name: ("$nin", many)}, "kinds") == ["k2", "k3", "k4"]
    assert backend.find({"rows": {name: ("$in", [*other[name], second])}}, "kinds") == ["k2"]
    if name != "to":
        assert backend.find({f"many_{name}": ("$contains", ("$in", many))}, "kinds") == ["k1", "k5"]
        assert backend.find({"docs": {name: ("$nin", many)}}, "kinds") == ["k2", "k3", "k4"]


@pytest.fixture(scope="module")
def plain() -> Plain:
    return Plain(items(), ROWS)


def test_every_operator_of_every_type_is_asked(plain: Plain) -> None:
    leaves = plain.model.descriptions["kinds"].leaves
    for name, typed in TYPES.items():
        asked = {"$eq", "$ne", "$in", "$nin"} | ({"$lt", "$lte", "$gt", "$gte"} if typed.ordered else set())
        assert asked == operators_of(leaves[name,].type) - {"$re", "$reg"}, name  # which are asked of `words`


# -- three forms -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("place", "name"), KINDS, ids=[f"{place}: {name}" for place, name in KINDS])
def test_a_filter_finds_the_same_in_json_and_in_a_query_string(plain: Plain, place: str, name: str) -> None:
    where, typed = PLACES[place], TYPES[name]
    type_ = plain.model.descriptions["kinds"].leaves[name,].type
    as_json = [type_.dump(type_.convert(value)) for value in typed.held]
    for question, ids in (*where.found, *(where.ordered if typed.ordered else ())):
        written = where.asked(name, question(*as_json))
        assert plain.find(parse_json(json.loads(json.dumps(written))), where.collection) == ids.split(), written
        pairs = as_query(where.asked(name, question(*typed.texts)))
        if pairs is not None:
            assert plain.find(list(parse_conditions(pairs)), where.collection) == ids.split(), pairs


def as_query(filters: Any, path: str = "") -> list[tuple[str, str]] | None:
    """Write a filter as a query string; `None` where that has no words for it, such as null."""
    match filters:
        case dict():
            parts = [as_query(asked, f"{path}.{name}" if path else f"$.{name}") for name, asked in filters.items()]
            return None if None in parts else [pair for part in parts if part is not None for pair in part]
        case ("$in" | "$nin") as operator, [*values] if values and all(isinstance(each, str) for each in values):
            return [(f"{path}.{operator}", value) for value in values]
        case ("$eq" | "$ne" | "$lt" | "$lte" | "$gt" | "$gte" | "$contains") as operator, str() as value:
            return [(f"{path}.{operator}", value)]
        case str() as value:
            return [(path, value)]
        case _:
            return None


#: a query string, the same as JSON, and in Python, and what it finds
FORMS: list[tuple[str, Any, Any, str]] = [
    ("code=007", {"code": "007"}, {"code": "007"}, "k1"),
    ("$.code=007", {"$.code": "007"}, {"$.code": ("$eq", "007")}, "k1"),
    ("code=7", {"code": ["7"]}, {"code": "7"}, "k3"),
    ("code=7&code=007", {"code": ["$in", ["7", "007"]]}, {"code": ("$in", {"7", "007"})}, "k1 k3"),
    ("box.code.$gte=07", {"box": {"code": {"$gte": "07"}}}, {"box.code": ("$gte", "07")}, "k2 k3 k4"),
    ("whole=-1", {"whole": -1}, {"whole": -1}, "k1"),
    ("whole.$gt=-1&whole.$lt=9007199254740993", {"whole": {"$gt": -1, "$lt": 2**53 + 1}}, None, "k2 k4"),
    ("exact=0.1", {"exact": "0.1"}, {"exact": 0.1}, "k2 k4"),
    ("at=2031-05-17T11:00:00%2B02:00", {"at": "2031-05-17T09:00:00Z"}, {"at": at(9)}, "k2 k4"),
    ("at=2031-05-17T11:00:00+02:00", {"at": "2031-05-17T09:00:00"}, {"at": at(9)}, "k2 k4"),
    ("at.$gte=2031-05-17&at.$lt=2031-05-18", {"at": ["$gte", "2031-05-17"]}, {"at": ("$gt", at(8))}, "k2 k3 k4"),
    ("day.$lt=2031-05-17", {"day": ["$lt", "2031-05-17"]}, {"day": ("$lt", datetime.date(2031, 5, 17))}, "k1"),
    ("raw=QUJD", {"raw": "QUJD"}, {"raw": b"ABC"}, "k2 k4"),
    ("ip=2001:db8::7", {"ip": "2001:DB8::7"}, {"ip": ipaddress.ip_address("2001:db8::7")}, "k2 k4"),
    ('pair=[1,"b"]', {"pair": ["$eq", [1, "b"]]}, {"pair": (1, "b")}, "k2 k4"),
    ("either=1", {"either": 1}, {"either": 1.0}, "k1"),
    ("many_code.$contains=07", {"many_code": ["$contains", "07"]}, {"many_code": ("$contains", "07")}, "k2"),
    ("docs.code=7", {"docs.code": "7"}, {"docs": {"code": "7"}}, "k2"),
    ("to=t1&inside.things.code=07", {"to": "t1", "inside": {"things.code": "07"}}, None, "k1"),
]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_clients_find_the_same_in_every_form(backend: Finder) -> None:
    assert isinstance(backend, Stored)
    client = client_of(backend.backoffice)

    def found(answer: TestResponse) -> list[str]:
        body = answer.get_json()
        assert answer.status_code == 200, body
        assert body["total"] == len(body["result"])
        return [item["_id"] for item in body["result"]]

    for query, body, filters, ids in FORMS:
        for url in ("/app/kinds", "/app/kinds/_selections/_all"):
            assert found(client.get(f"{url}?{query}")) == ids.split(), query
            assert found(client.get(url, query_string={"_filter": json.dumps(body)})) == ids.split(), body
        assert found(client.post(url, json=body)) == ids.split(), body
        if filters is not None:
            assert backend.find(filters, "kinds") == ids.split(), filters
    for query, ids in (("yes=true", "m1"), ("yes=FALSE", "m2"), ("yes.$ne=true", "m2 m3"), ("z.real=1", "m1")):
        assert found(client.get(f"/app/marks?{query}")) == ids.split(), query
    for query in ("free.a=1", "free.a.$in=1&free.a.$in=2", "free.a.$lt=2"):  # what has no type is a text
        assert found(client.get(f"/app/frees?{query}")) == ["f3"], query


def test_code_written_for_backo_makes_filters_of_query_strings(backend: Finder) -> None:
    for query, ids in (
        ([("whole", "-1")], "k1"),
        ([("whole.$gt", "-1"), ("real.$lt", "0.2")], "k2 k4"),
        ([("$.box.text", "é")], "k3"),
        ([("inside.things.to", "t1"), ("_page", "2")], "k1 k2"),
    ):
        assert backend.find(multidict_to_filter(query), "kinds") == ids.split(), query


# -- what a database leaves to Python ----------------------------------------------------------------

#: what stands only in expressions that PostgreSQL would read in another way
FOREIGN = ("(?i)", "(?s)", "\\\\d", "\\\\p")


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"], indirect=True)
def test_a_database_is_asked_for_all_that_it_means_as_python_does(backend: Finder) -> None:
    assert isinstance(backend, Stored)
    for place, name in KINDS:
        where, typed = PLACES[place], TYPES[name]
        # A `Decimal` in a document is a text.
        has_order = name != "exact" or place not in ("a List", "the elements of a List of Dict")
        for question, _ in where.found:
            assert backend.is_whole(where.asked(name, question(*typed.held)), where.collection), (place, name)
        for question, _ in where.ordered if typed.ordered else ():
            filters = where.asked(name, question(*typed.held))
            assert backend.is_whole(filters, where.collection) is (has_order or "None" in str(filters)), filters
    postgresql = backend.connector.engine.dialect.name == "postgresql"
    for collection, filters, _ in CASES:
        foreign = any(each in str(filters) for each in FOREIGN)
        assert backend.is_whole(filters, collection) is not (postgresql and foreign), filters
