"""Any order of any rows: pages by cursor, pages by `_skip` and Python's own sorting tell the same."""

from __future__ import annotations

import decimal
import os
import random
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time
from typing import Any
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient

from backo_sql import (
    Backoffice,
    Bool,
    Date,
    Datetime,
    DBSQLConnector,
    Decimal,
    Dict,
    Float,
    Int,
    Item,
    Ref,
    RefsList,
    String,
    Time,
)
from tests.support import Open, client_of

#: how many sets of rows are tried on each database
EXAMPLES = int(os.environ.get("BACKO_TEST_EXAMPLES", "25"))

#: few values for many rows, so that there are ties, and the ones at the edges of what a column keeps
VALUES: dict[str, list[Any]] = {
    "text": ["", "a", "A", "é", "z", "zz", "\U0001f600", "\uffff", "a\nb", '"', "%"],
    "whole": [-(2**63), -1, 0, 1, 2**53 + 1, 2**63 - 1],
    "real": [-1e300, -0.1, 0.0, 5e-324, 0.1, 0.30000000000000004, 1e300],
    "exact": [decimal.Decimal(text) for text in ("-999999999999.999999", "0.000001", "0", "0.1", "12.5")],
    "yes": [True, False],
    "day": [date.min, date(2031, 5, 17), date.max],
    "hour": [time(0), time(9, 30, 0, 10_000), time(23, 59, 59, 999_999)],
    "at": [datetime(*parts, tzinfo=UTC) for parts in ((1, 1, 1), (2031, 5, 17, 9, 30, 0, 10), (9999, 12, 31, 23))],
    "home__town": ["Lyon", "Oslo"],
    "sure": [1, 2],
}

#: what the people below are sorted by, and how it is read from their rows
FIELDS: dict[str, Callable[[dict[str, Any]], Any]] = {
    **{name.replace("__", "."): lambda row, name=name: row[name] for name in VALUES},  # type: ignore[misc]
    "boss": lambda row: row["boss"] and row["boss"]["_id"],
    "boss.text": lambda row: row["boss"] and row["boss"]["text"],
    "boss.boss.whole": lambda row: row["boss"] and row["boss"]["boss"] and row["boss"]["boss"]["whole"],
    "boss.home.town": lambda row: row["boss"] and row["boss"]["home__town"],
    "desk": lambda row: row["desk"] and row["desk"]["_id"],
    "desk.label": lambda row: row["desk"] and row["desk"]["label"],
    "desk.owner.at": lambda row: row["desk"] and row["at"],
    "_id": lambda row: row["_id"],
}


@pytest.fixture
def people(open_backoffice: Open) -> Backoffice:
    """People with a field of each type that has an order, a boss, and a desk, which is stored on the other side."""
    return open_backoffice(
        people=Item(
            {
                "text": String(index=True),
                "whole": Int(index=True),
                "real": Float(),
                "exact": Decimal(precision=18, scale=6),
                "yes": Bool(),
                "day": Date(),
                "hour": Time(),
                "at": Datetime(),
                "home": Dict({"town": String()}),
                "sure": Int(required=True, index=True),
                "boss": Ref(coll="people", field="$.staff"),
                "staff": RefsList(coll="people", field="$.boss"),
                "desk": Ref(coll="desks", field="$.owner"),
            }
        ),
        desks=Item({"label": String(), "owner": Ref(coll="people", field="$.desk", owner=True)}),
    )


def fill(db: DBSQLConnector, backoffice: Backoffice, chosen: random.Random) -> list[dict[str, Any]]:
    """Insert other people than before, and return their rows, with rows where they refer to one."""
    rows: list[dict[str, Any]] = []
    few = {name: chosen.sample(each, min(len(each), 3)) for name, each in VALUES.items()}
    for number in chosen.sample(range(1000), chosen.choice([0, 1, 2, 12, 25])):
        values = {name: chosen.choice(each if name == "sure" else [*each, None]) for name, each in few.items()}
        rows.append({"_id": f"p{number:03}", **values, "boss": chosen.choice([None, *rows]), "desk": None})
    desks: list[dict[str, Any]] = []
    for number, owner in enumerate(chosen.sample(rows, len(rows) // 2)):
        owner["desk"] = {"_id": f"d{number:03}", "label": chosen.choice(["left", "right", None])}
        desks.append({**owner["desk"], "owner": owner["_id"]})
    stored = [
        {name: value["_id"] if name == "boss" and value else value for name, value in row.items() if name != "desk"}
        for row in rows
    ]
    with db.engine.begin() as connection:
        connection.execute(backoffice.desks.table.delete())
        connection.execute(backoffice.people.table.delete())
        for table, each in ((backoffice.people.table, stored), (backoffice.desks.table, desks)):
            if each:
                connection.execute(table.insert(), each)
    return rows


def in_order(rows: list[dict[str, Any]], terms: list[str]) -> list[str]:
    """Sort in Python: null stands behind every value, and the id decides at last."""
    found = sorted(rows, key=lambda row: row["_id"])
    for term in reversed(terms):
        read = FIELDS[term.removeprefix("-")]

        def key(row: dict[str, Any], read: Callable[[dict[str, Any]], Any] = read) -> tuple[bool, Any]:
            value = read(row)
            return (True, 0) if value is None else (False, value)

        found.sort(key=key, reverse=term.startswith("-"))  # which leaves what is alike in its order
    return [row["_id"] for row in found]


def walked(client: FlaskClient, query: str, page: int) -> Iterator[str]:
    """Walk through all pages by their cursors."""
    url = f"/app/people?{query}&_page={page}"
    for _ in range(1000):
        answer = client.get(url)
        body = answer.get_json()
        assert answer.status_code == 200, body
        assert len(body["result"]) <= page
        yield from (row["_id"] for row in body["result"])
        if body["next"] is None:
            assert "Link" not in answer.headers
            return
        assert len(body["result"]) == page
        url = answer.headers["Link"].removeprefix("<").removesuffix('>; rel="next"')
    raise AssertionError("The pages never end.")


def test_pages_by_cursor_and_by_skip_and_python_tell_the_same(db: DBSQLConnector, people: Backoffice) -> None:
    client = client_of(people)
    for example in range(EXAMPLES):
        chosen = random.Random(example)
        rows = fill(db, people, chosen)
        for _ in range(4):
            terms = [
                f"{chosen.choice(['', '-'])}{name}" for name in chosen.sample([*FIELDS], chosen.choice([1, 1, 2, 3]))
            ]
            expected = in_order(rows, terms)
            page = chosen.choice([1, 2, 3, 7, 25])
            query = urlencode({"_sort": ",".join(terms)})
            told = f"example {example}: {query}&_page={page}"
            assert [item._id for item in people.people.select(sort=terms)] == expected, told
            assert list(walked(client, query, page)) == expected, told
            some = chosen.randrange(30)
            answer = client.get(f"/app/people?{query}&_page={page}&_skip={some}").get_json()
            assert [row["_id"] for row in answer["result"]] == expected[some : some + page], told
            assert answer["total"] == len(rows)
            if answer["next"]:  # from a page by number one may go on by cursor
                rest = client.get(f"/app/people?{query}&_page=1000&_cursor={answer['next']}").get_json()
                assert [row["_id"] for row in rest["result"]] == expected[some + page :], told
