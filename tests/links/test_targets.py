"""Whether an item may be referred to is one question, asked on every road and answered in one text."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from flask.testing import FlaskClient

from backo_sql import Backoffice, DBSQLConnector, Dict, Item, List, Ref, RefsList, String, ValidationError
from backo_sql.links import late, targets
from tests.support import Open, all_rows, client_of, problem

#: does something with the id of a tag, and returns what was wrong by path
Road = Callable[[Backoffice, FlaskClient, str], dict[str, list[str]]]


@pytest.fixture
def shop(open_backoffice: Open) -> Backoffice:
    return open_backoffice(
        tags=Item({"name": String(), "needs": RefsList(coll="needs", field="$.tag", required=True)}),
        needs=Item({"tag": Ref(coll="tags", field="$.needs", required=True)}),
        notes=Item(
            {
                "name": String(),
                "tag": Ref(coll="tags"),
                "box": Dict({"tags": RefsList(coll="tags")}),
                "lines": List(Dict({"tag": Ref(coll="tags")})),
            }
        ),
    )


def posted(data: Callable[[str], dict[str, Any]]) -> Road:
    def road(_: Backoffice, client: FlaskClient, tag: str) -> dict[str, list[str]]:
        errors: dict[str, list[str]] = problem(client.post("/app/notes", json=data(tag)), 400)["errors"]
        return errors

    return road


def changed(verb: str, body: Callable[[str], Any]) -> Road:
    def road(backoffice: Backoffice, client: FlaskClient, tag: str) -> dict[str, list[str]]:
        url = f"/app/notes/{backoffice.notes.select()[0]._id}"
        errors: dict[str, list[str]] = problem(client.open(url, method=verb, json=body(tag)), 400)["errors"]
        return errors

    return road


def refused(work: Callable[[], Any]) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as error:
        work()
    return error.value.messages


def saved(backoffice: Backoffice, _: FlaskClient, tag: str) -> dict[str, list[str]]:
    note = backoffice.notes.select()[0]
    note.box.tags.append(tag)
    return refused(note.save)


def on_a_cycle(backoffice: Backoffice, _: FlaskClient, tag: str) -> dict[str, list[str]]:
    def work() -> None:
        with backoffice.transaction():
            backoffice.needs.create({"tag": tag})

    return refused(work)


@pytest.mark.parametrize(
    ("road", "path"),
    [
        pytest.param(posted(lambda tag: {"tag": tag}), "$.tag", id="POST of a reference"),
        pytest.param(posted(lambda tag: {"box": {"tags": [tag]}}), "$.box.tags[0]", id="POST of a list"),
        pytest.param(posted(lambda tag: {"lines": [{}, {"tag": tag}]}), "$.lines[1].tag", id="POST of elements"),
        pytest.param(posted(lambda tag: {"tag": tag, "name": 7}), "$.tag", id="POST with another fault"),
        pytest.param(changed("PUT", lambda tag: {"tag": tag}), "$.tag", id="PUT"),
        pytest.param(
            changed("PATCH", lambda tag: {"op": "add", "path": "$.box.tags", "value": tag}), "$.box.tags[0]", id="PATCH"
        ),
        pytest.param(saved, "$.box.tags[0]", id="save"),
        pytest.param(on_a_cycle, "$.tag", id="judged when the transaction ends"),
    ],
)
def test_what_may_not_be_referred_to_is_refused_in_the_words_of_what_is_not_there(
    shop: Backoffice, db: DBSQLConnector, monkeypatch: pytest.MonkeyPatch, road: Road, path: str
) -> None:
    client = client_of(shop)
    shop.notes.create({"name": "a"})
    with shop.transaction():
        tag, need = shop.tags.new(), shop.needs.new()
        tag.set({"name": "hidden", "needs": [need]})
        tag.save()
        need.set({"tag": tag})
        need.save()
    before = all_rows(db)
    missing = road(shop, client, "01900000-0000-7000-8000-000000000000")
    find = targets.find_targets

    def hide(unit: Any, collection: str, identifiers: Iterable[str]) -> set[str]:
        return find(unit, collection, identifiers) - {tag._id}

    for module in (targets, late):
        monkeypatch.setattr(module, "find_targets", hide)
    hidden = road(shop, client, tag._id)
    assert hidden == missing
    assert hidden[path] == ["Refers to an item of 'tags' that is not there."]
    assert all_rows(db) == before
