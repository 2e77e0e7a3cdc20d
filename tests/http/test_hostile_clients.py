"""What a client sends makes no error of the server, and nothing of the server grow."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from backo_sql import Datetime, FreeDict, Int, Item, List, String, Time, current_user
from backo_sql.items import selectors
from tests.support import Open, client_of, on_one_database, problem


@pytest.mark.parametrize("value", [7, None, ["x"], {"a": 1}, True])
def test_a_transform_that_fails_on_another_type_is_a_fault_of_the_value(open_backoffice: Open, value: Any) -> None:
    client = client_of(open_backoffice(things=Item({"n": String(transform=str.strip, required=True)})))
    assert list(problem(client.post("/app/things", json={"n": value}), 400)["errors"]) == ["$.n"]
    assert client.post("/app/things", json={"n": " x "}).get_json()["n"] == "x"


def test_the_whole_item_can_be_tested_by_a_patch(open_backoffice: Open) -> None:
    client = client_of(open_backoffice(things=Item({name: Int() for name in "abcdef"})))
    made = client.post("/app/things", json={"a": 1})
    same = {"op": "test", "path": "$", "value": made.get_json()}
    assert client.patch(made.location, json=same).status_code == 200
    problem(client.patch(made.location, json={"op": "test", "path": "$", "value": {}}), 400)


@on_one_database
def test_the_plans_that_are_kept_do_not_grow_with_what_clients_think_of(open_backoffice: Open, db: Any) -> None:
    backoffice = open_backoffice(things=Item({f"f{number}": Int() for number in range(12)}))
    client = client_of(backoffice)
    made = client.post("/app/things", json={})
    for number in range(1, 1500):
        body = {f"f{bit}": number for bit in range(12) if number >> bit & 1}
        assert client.put(made.location, json=body).status_code == 200
    (binding,) = db._bindings.values()
    assert len(binding.statements) <= 1000
    long = {"op": "test", "path": "$." + "a" * 100_000, "value": 1}
    before = selectors._parse_once.cache_info().currsize
    problem(client.patch(made.location, json=long), 400)
    assert selectors._parse_once.cache_info().currsize == before


@on_one_database
def test_a_filter_that_a_type_can_t_have_is_a_400(open_backoffice: Open) -> None:
    client = client_of(open_backoffice(things=Item({"free": FreeDict(), "tags": List(String()), "n": Int()})))
    for query in ("tags.$gt=a", "n.$re=1", "n.$gt=x", "n.k=1"):
        problem(client.get(f"/app/things?{query}"), 400)


def test_nobody_becomes_somebody_by_changing_the_anonymous_user_in_place() -> None:
    current_user.roles.append("ADMIN")
    told: list[bool] = [current_user.has_role("ADMIN")]
    thread = threading.Thread(target=lambda: told.append(current_user.has_role("ADMIN")))
    thread.start()
    thread.join()
    assert told == [False, False]


@pytest.mark.parametrize("zone", ["+02:00", "%2B02:00", "%2B0200"])
def test_the_plus_of_a_zone_may_be_written_as_it_is(open_backoffice: Open, zone: str) -> None:
    client = client_of(open_backoffice(things=Item({"at": Datetime()})))
    client.post("/app/things", json={"at": "2031-05-17T10:00:00Z"})
    assert client.get(f"/app/things?at=2031-05-17T12:00:00{zone}").get_json()["total"] == 1


def test_the_microseconds_of_a_time_come_back_as_they_were(open_backoffice: Open) -> None:
    client = client_of(open_backoffice(things=Item({"at": Time()})))
    made = client.post("/app/things", json={"at": "00:00:00.010000"})
    for answer in (made, client.get(made.location)):
        assert answer.get_json()["at"] == "00:00:00.010000"
    assert client.get("/app/things").get_json()["result"][0]["at"] == "00:00:00.010000"
