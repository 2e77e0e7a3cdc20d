"""The quickstart of the README answers alike on every database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backo_sql import Backoffice, DBSQLConnector, NotEmptyError
from examples import quickstart


@pytest.fixture
def connectors(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[DBSQLConnector]]:
    """Every connector that the example makes."""
    made: list[DBSQLConnector] = []

    def make(url: str) -> DBSQLConnector:
        made.append(DBSQLConnector(url))
        return made[-1]

    monkeypatch.setattr(quickstart, "DBSQLConnector", make)
    yield made
    for connector in made:
        connector.dispose()


@pytest.fixture
def app(database_url: str, connectors: list[DBSQLConnector]) -> Flask:
    return quickstart.create_app(database_url)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def backoffice(database_url: str) -> Iterator[Backoffice]:
    database = DBSQLConnector(database_url)
    backoffice = quickstart.describe(database)
    backoffice.create_all()
    yield backoffice
    database.dispose()


class Story:
    """Asks one question after the other, and knows the ids and times in the answers by names."""

    def __init__(self, client: FlaskClient) -> None:
        self._client = client
        self._ids: dict[str, str] = {}

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        for identifier, name in self._ids.items():
            path = path.replace(name, identifier)
            body = {key: identifier if value == name else value for key, value in body.items()} if body else body
        answer = self._client.open(f"/myApp{path}", method=method, json=body)
        if method == "POST" and answer.status_code == 201:
            self._ids[answer.get_json()["_id"]] = f"<{body['name']}>"
            assert answer.headers["Location"] == f"/myApp{path}/{answer.get_json()['_id']}"
        return answer.status_code, self._named(answer.get_json())

    def _named(self, value: Any) -> Any:
        if isinstance(value, dict):
            assert value.get("_meta", {}).keys() in ({*()}, {"ctime", "mtime", "created_by", "modified_by"})
            return {key: self._named(each) for key, each in value.items() if key != "_meta"}
        if isinstance(value, list):
            return [self._named(each) for each in value]
        return self._ids.get(value, value) if isinstance(value, str) else value


def test_tells_the_same_story_over_http(client: FlaskClient) -> None:
    story = Story(client)
    quay = {"name": "Quay", "address": "3 Quay Street", "users": [], "_id": "<Quay>"}
    assert story.ask("POST", "/addrs", {"name": "Quay", "address": "3 Quay Street"}) == (201, quay)
    ines = {"name": "Ines", "surname": "Okafor", "addr": "<Quay>", "male": True, "_id": "<Ines>"}
    assert story.ask("POST", "/users", {"name": "Ines", "surname": "Okafor", "addr": "<Quay>"}) == (201, ines)
    tove = {"name": "Tove", "surname": None, "addr": "<Quay>", "male": False, "_id": "<Tove>"}
    assert story.ask("POST", "/users", {"name": "Tove", "male": False, "addr": "<Quay>"}) == (201, tove)
    assert story.ask("GET", "/addrs/<Quay>") == (200, {**quay, "users": ["<Ines>", "<Tove>"]})

    page = {"total": 1, "_view": "client", "_skip": 0, "_page": 10, "next": None}
    assert story.ask("GET", "/users?male=false") == (200, {"result": [tove], **page})
    assert story.ask("GET", "/users/?name.$lt=K") == (200, {"result": [ines], **page})
    assert story.ask("GET", "/users?addr=<Quay>&_page=1&_skip=1") == (
        200,
        {"result": [tove], **page, "total": 2, "_skip": 1, "_page": 1},
    )

    assert story.ask("PUT", "/users/<Ines>", {"surname": "Marsh"}) == (200, {**ines, "surname": "Marsh"})
    operation = {"op": "replace", "path": "$.male", "value": False}
    assert story.ask("PATCH", "/users/<Ines>", operation) == (200, {**ines, "surname": "Marsh", "male": False})

    invalid = {"name": 7, "surname": ["x"], "age": 3}
    assert story.ask("POST", "/users", invalid) == (
        400,
        {
            "title": "Bad Request",
            "status": 400,
            "detail": "The data is not valid.",
            "errors": {
                "$.name": ["Must be a text, not an integer."],
                "$.surname": ["Must be a text, not a list."],
                "$.addr": ["Is required."],
                "$.age": ["Unknown field."],
            },
        },
    )
    status, taken = story.ask("POST", "/addrs", {"name": "Quay"})
    assert (status, taken["errors"]) == (409, {"$.name": ["Must be unique, and is taken."]})
    status, dangling = story.ask("PUT", "/users/<Ines>", {"addr": "nowhere"})
    assert (status, list(dangling["errors"])) == (400, ["$.addr"])
    assert story.ask("DELETE", "/addrs/<Quay>")[0] == 409
    for user in ("<Ines>", "<Tove>"):
        assert story.ask("DELETE", f"/users/{user}") == (200, "deleted")
    assert story.ask("DELETE", "/addrs/<Quay>") == (200, "deleted")
    assert story.ask("GET", "/addrs/<Quay>")[0] == 404
    assert story.ask("GET", "/users") == (200, {"result": [], **page, "total": 0})


def test_tells_the_same_story_in_python(backoffice: Backoffice) -> None:
    quay = backoffice.addrs.create({"name": "Quay", "address": "3 Quay Street"})
    ines = backoffice.users.create({"name": "Ines", "surname": "Okafor", "addr": quay._id})
    assert quay.users == []
    quay.reload()
    assert quay.users == [ines._id]
    with pytest.raises(NotEmptyError):
        quay.delete()
    ines.delete()
    quay.reload()
    assert quay.users == []
    quay.delete()
    assert backoffice.addrs.count() == 0
