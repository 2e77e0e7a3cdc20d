"""Selectors across links of every kind: the same for one item and for a page, in as many statements for 2 as for 30."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backo_sql import (
    Backoffice,
    Collection,
    DBSQLConnector,
    DeleteStrategy,
    Dict,
    FillStrategy,
    Item,
    List,
    Ref,
    RefsList,
    Selection,
    String,
)
from tests.support import Open, client_of, statements

UNLINK, NOT_FILL = DeleteStrategy.UNLINK_REFERENCED_ITEMS, FillStrategy.NOT_FILL


@pytest.fixture
def clubs(open_backoffice: Open) -> Backoffice:
    """Two clubs: one person is the trainer of two, and one club has thirty.

    People train people in a tree, each club keeps a list that isn't filled, and references stand in a `Dict` and in the
    elements of a list.
    """
    backoffice = open_backoffice(
        clubs=Item(
            {
                "name": String(),
                "people": RefsList(coll="people", field="$.member.club", ods=UNLINK),
                "fans": RefsList(coll="people", field="$.likes", ofs=NOT_FILL, ods=UNLINK),
                "posts": List(Dict({"title": String(), "holder": Ref(coll="people")})),
            }
        ),
        people=Item(
            {
                "name": String(),
                "member": Dict({"club": Ref(coll="clubs", field="$.people")}),
                "likes": RefsList(coll="clubs", field="$.fans", ods=UNLINK),
                "trainer": Ref(coll="people", field="$.trains"),
                "trains": RefsList(coll="people", field="$.trainer", ods=UNLINK),
            }
        ),
    )
    for size in (2, 30):
        club = backoffice.clubs.create({"name": f"club of {size}"})
        above = None
        people = []
        for number in range(size):
            data = {"name": f"{size}.{number}", "member": {"club": club}, "likes": [club], "trainer": above}
            people.append(backoffice.people.create(data))
            above = people[number // 2]
        club.posts = [{"title": f"post {number}", "holder": person} for number, person in enumerate(people)]
        club.save()
    return backoffice


#: a selector, what it finds in the club of two, and how many statements that takes at most
CROSSINGS = [
    ("$.people.name", ["2.0", "2.1"], 3),
    ("$.people.member.club.name", ["club of 2"] * 2, 6),
    ("$.fans.name", ["2.0", "2.1"], 4),
    ("$.fans[0].name", "2.0", 4),
    ("$.fans.likes.fans.name", [[["2.0", "2.1"]]] * 2, 8),
    ("$.posts.holder.name", ["2.0", "2.1"], 3),
    ("$.posts[-1].holder.member.club.name", "club of 2", 6),
    ("$.people.trainer.name", ["2.0"], 6),
    ("$.people.trainer.trainer.trainer.trainer.name", [], 6),
    ("$.people.trains.trains.name", [[[]], []], 9),
]


@pytest.mark.parametrize(("selector", "of_two", "most"), CROSSINGS)
def test_a_page_is_followed_as_its_items_are_and_in_as_few_statements(
    clubs: Backoffice, db: DBSQLConnector, selector: str, of_two: Any, most: int
) -> None:
    alone = {}
    counts = []
    for club in clubs.clubs.select():
        with statements(db) as seen:
            alone[club._id] = club.select(selector)
        counts.append(len(seen))
    assert next(iter(alone.values())) == of_two
    clubs.clubs.register_selection("followed", Selection([selector]))
    client = client_of(clubs)
    for page in (1, 2):
        with statements(db) as seen:
            rows = client.get(f"/app/clubs/_selections/followed?_page={page}").get_json()["result"]
        counts.append(len(seen))
    assert dict(rows) == alone
    assert max(counts[:2]) <= most
    assert max(counts[2:]) <= most + 2  # the page and the total
    if of_two:  # a walk that comes to nothing ends there
        assert counts[0] == counts[1]
        assert counts[2] == counts[3]


def test_an_id_of_another_database_without_an_item_leads_nowhere(db: DBSQLConnector, tmp_path: Path) -> None:
    """No foreign key holds such a link: whoever deletes there by plain SQL leaves it."""
    other = DBSQLConnector(f"sqlite:///{tmp_path / 'other.db'}")
    backoffice = Backoffice("app")
    lands = Collection("lands", Item({"name": String(), "towns": RefsList(coll="towns", field="$.land")}), other)
    land = Ref(coll="lands", field="$.towns")
    towns = Collection("towns", Item({"name": String(), "land": land, "near": RefsList(coll="towns")}), db)
    for collection in (lands, towns):
        backoffice.register_collection(collection)
    backoffice.create_all()
    here, gone = (lands.create({"name": name}) for name in ("here", "gone"))
    first = towns.create({"name": "a", "land": gone})
    second = towns.create({"name": "b", "land": here, "near": [first]})
    with other.engine.begin() as connection:
        connection.execute(lands.table.delete().where(lands.table.c["_id"] == gone._id))
    towns.register_selection("lands", Selection(["$.land", "$.land.name", "$.near.land.name"]))
    rows = client_of(backoffice).get("/app/towns/_selections/lands").get_json()["result"]
    assert rows == [[first._id, gone._id, None, []], [second._id, here._id, "here", []]]
    assert second.multi_select(["$.land.name", "$.near.land", "$.near.land.name"]) == ["here", [gone._id], []]
    assert towns.get_by_id(first._id).select("$.land.towns.name") is None
    other.dispose()
