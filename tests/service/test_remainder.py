"""What no database answers is evaluated on what it leaves: computed fields, fields that may not exist, and the like.

The chunks are small here, so that a few dozen rows are several of them.
"""

from __future__ import annotations

import gc
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from backo_sql import (
    Backoffice,
    Bool,
    Collection,
    DBSQLConnector,
    Dict,
    FillStrategy,
    Int,
    Item,
    List,
    Ref,
    RefsList,
    Selection,
    String,
    current_user,
)
from backo_sql.query import limits
from backo_sql.service import remainder
from tests.support import Open, client_of, problem, statements

CHUNK = 7


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remainder, "CHUNK", CHUNK)


@pytest.fixture
def heard() -> list[str]:
    """The ids of the notes that were read, in order."""
    return []


@pytest.fixture
def notes(open_backoffice: Open, heard: list[str]) -> Backoffice:
    """Notes with a length that is computed, and a grade that only long ones have; writers with many notes."""
    return open_backoffice(
        notes=Item(
            {
                "text": String(),
                "rank": Int(index=True),
                "length": Int(set=lambda root: len(root.text or "")),
                "grade": Int(exists=lambda root: (root.rank or 0) > 3),
                "box": Dict({"wide": Int(), "double": Int(set=lambda root: 2 * (root.box.wide or 0))}),
                "tags": List(String()),
                "writer": Ref(coll="writers", field="$.notes"),
            },
            on=[("loaded", lambda event, root, me: heard.append(root._id))],
        ),
        writers=Item(
            {
                "name": String(),
                "loud": String(set=lambda root: (root.name or "").upper()),
                "notes": RefsList(coll="notes", field="$.writer", ofs=FillStrategy.NOT_FILL),
            }
        ),
    )


@pytest.fixture
def rows(notes: Backoffice, db: DBSQLConnector) -> list[dict[str, Any]]:
    chosen = random.Random(3)
    writers = [{"_id": f"w{number}", "name": name} for number, name in enumerate(("Ada", "Bo", None))]
    made = [
        {
            "_id": f"n{number:02}",
            "text": "x" * chosen.randrange(6),
            "rank": chosen.choice([None, 1, 2, 3, 4, 5]),
            "grade": None,
            "box__wide": chosen.choice([None, 1, 2]),
            "tags": [],
            "writer": chosen.choice(["w0", "w1", "w2", None]),
        }
        for number in range(40)
    ]
    for row in made:
        if (row["rank"] or 0) > 3:
            row["grade"] = chosen.choice([None, 1, 2])
    with db.engine.begin() as connection:
        connection.execute(notes.writers.table.insert(), writers)
        connection.execute(notes.notes.table.insert(), made)
    return made


Holds = Callable[[dict[str, Any]], bool]

#: filters that no database can answer, and what they mean
FILTERS: list[tuple[Any, Holds]] = [
    ({"length": 3}, lambda row: len(row["text"]) == 3),
    ({"length": ("$gt", 1)}, lambda row: len(row["text"]) > 1),
    ({"length": ("$ne", 0), "rank": ("$lt", 4)}, lambda row: row["text"] != "" and (row["rank"] or 9) < 4),
    ({"box.double": 4}, lambda row: row["box__wide"] == 2),
    ({"grade": 1}, lambda row: row["grade"] == 1),
    ({"grade": None}, lambda row: (row["rank"] or 0) > 3 and row["grade"] is None),
    ({"$not": {"grade": ("$gt", 0)}}, lambda row: not row["grade"]),
    (("$or", [{"length": 0}, {"rank": 5}]), lambda row: row["text"] == "" or row["rank"] == 5),
    ({"writer.loud": "ADA"}, lambda row: row["writer"] == "w0"),
    ({"writer.loud": ("$ne", "ADA")}, lambda row: row["writer"] != "w0"),
    ({"length": ("$lt", 0)}, lambda row: False),
    ({"length": ("$gte", 0)}, lambda row: True),
]


@pytest.mark.parametrize(("filters", "holds"), FILTERS, ids=[str(filters) for filters, _ in FILTERS])
def test_every_page_of_it_is_right(notes: Backoffice, rows: list[dict[str, Any]], filters: Any, holds: Holds) -> None:
    expected = [row["_id"] for row in rows if holds(row)]
    assert [note._id for note in notes.notes.select(filters)] == expected
    assert [note._id for note in notes.notes.select(filters, page=4, skip=3)] == expected[3:7]
    assert notes.notes.count(filters) == len(expected)
    assert notes.notes.select_one(filters) is None or len(expected) == 1
    by_rank = sorted(
        (row for row in rows if holds(row)), key=lambda row: (row["rank"] is not None, -(row["rank"] or 0), row["_id"])
    )
    ranked = [row["_id"] for row in by_rank]
    assert [note._id for note in notes.notes.select(filters, sort="-rank")] == ranked
    client = client_of(notes)
    query = {"_filter": json.dumps(filters), "_sort": "-rank", "_page": 3}
    answer = client.get("/app/notes", query_string={**query, "_skip": 2}).get_json()
    assert [note["_id"] for note in answer["result"]] == ranked[2:5]
    assert answer["total"] == len(expected)
    for total in ("exact", "none", "estimated"):
        seen: list[str] = []
        cursor: str | None = None
        while True:
            asked = {**query, "_total": total, **({"_cursor": cursor} if cursor else {})}
            answer = client.get("/app/notes", query_string=asked).get_json()
            assert answer["total"] == (None if total == "none" else len(expected))
            seen += [note["_id"] for note in answer["result"]]
            cursor = answer["next"]
            if cursor is None:
                break
            assert len(answer["result"]) == 3
        assert seen == ranked


def test_the_number_of_statements_is_that_of_the_chunks(
    notes: Backoffice, rows: list[dict[str, Any]], db: DBSQLConnector
) -> None:
    client = client_of(notes)

    def count(query: str) -> int:
        with statements(db) as seen:
            assert client.get(f"/app/notes?{query}").status_code == 200
        return len(seen)

    every = len(rows) // CHUNK + 1
    assert count("length.$gte=0&_page=5") == every
    assert count("length.$lt=0&_page=5") == every
    assert count("length.$gte=0&_page=5&_total=none") == 1
    assert count("length.$gte=0&_page=8&_total=none") == 2
    assert count("_id.$lt=n05&length.$gte=0&_page=5") == 1  # what can be asked of the database is
    # An item of another collection for many notes is read once for each chunk, all of them together.
    assert count("writer.loud.$ne=X&_page=5") == 2 * every


def test_no_more_items_are_in_memory_than_a_chunk_or_two_and_the_page(open_backoffice: Open) -> None:
    calls = 0
    alive: list[int] = []

    def length(root: Any) -> int:
        nonlocal calls
        calls += 1
        if calls % CHUNK == 0:
            alive.append(sum(type(each) is type(root) for each in gc.get_objects()))
        return len(root.text or "")

    backoffice = open_backoffice(notes=Item({"text": String(), "length": Int(set=length)}))
    for number in range(20 * CHUNK):
        backoffice.notes.create({"text": "x" * (number % 5)})
    client = client_of(backoffice)
    gc.collect()
    gc.freeze()  # what was there before need not be looked through
    try:
        alive.clear()
        for total in ("exact", "none"):
            answer = client.get(f"/app/notes?length.$gte=0&_skip={15 * CHUNK}&_page=3&_total={total}").get_json()
            assert len(answer["result"]) == 3
        assert backoffice.notes.count({"length": ("$lt", 0)}) == 0
    finally:
        gc.unfreeze()
    assert len(alive) > 50
    assert max(alive) - min(alive) <= 2 * CHUNK + 3


def test_only_items_of_the_page_are_told_that_they_were_loaded(
    notes: Backoffice, rows: list[dict[str, Any]], heard: list[str]
) -> None:
    expected = [row["_id"] for row in rows if row["text"]]
    heard.clear()
    notes.notes.count({"length": ("$gt", 0)})
    assert heard == []
    found = notes.notes.select({"length": ("$gt", 0)}, page=4, skip=2)
    assert heard == [note._id for note in found] == expected[2:6]
    heard.clear()
    client_of(notes).get("/app/notes?length.$gt=0&_page=4&_skip=2")
    assert heard == expected[2:6]


def test_what_is_found_is_shown_as_any_item_is(notes: Backoffice, rows: list[dict[str, Any]]) -> None:
    client = client_of(notes)
    found = client.get("/app/notes?length=4&_page=1").get_json()["result"][0]
    assert found == client.get(f"/app/notes/{found['_id']}").get_json()
    assert found["length"] == 4
    item = notes.notes.select({"length": 4}, page=1)[0]
    item.text = "longer"
    item.save()
    assert notes.notes.count({"length": 6}) == 1


def test_a_list_of_links_that_isn_t_filled_is_asked_for_all_items_of_a_chunk_together(
    notes: Backoffice, rows: list[dict[str, Any]], db: DBSQLConnector
) -> None:
    with statements(db) as seen:
        found = notes.writers.select({"notes": ("$contains", {"length": 5})})
    expected = sorted({row["writer"] for row in rows if len(row["text"]) == 5 and row["writer"]})
    assert [writer._id for writer in found] == expected
    assert len(seen) <= 4  # the writers, their links, the notes


def test_a_filter_in_python_finds_what_the_user_may_not_read_and_shows_it_to_nobody(open_backoffice: Open) -> None:
    backoffice = open_backoffice(
        people=Item(
            {
                "name": String(),
                "salary": Int(can_read=lambda right, item: False),
                "rich": Bool(set=lambda root: (root.salary or 0) > 100),
                "twice": Int(set=lambda root: 2 * (root.salary or 0), can_read=False),
            }
        )
    )
    for name, salary in (("Ada", 900), ("Bo", 9)):
        backoffice.people.create({"name": name, "salary": salary})
    with current_user.acting_as({"_id": "1", "login": "me"}):
        for filters in ({"rich": True}, {"twice": 1800}, {"salary": 900, "rich": True}):
            (found,) = backoffice.people.select(filters)
            assert found.name == "Ada"
            assert found.is_allowed_to("read", "salary") is False
            assert "salary" not in found.get_value()
    client = client_of(backoffice)
    answer = client.get("/app/people?rich=true").get_json()
    assert answer["total"] == 1
    assert answer["result"][0].keys() == {"name", "rich", "_id", "_meta"}
    problem(client.get("/app/people?twice=1800"), 401)


def test_links_are_read_whatever_side_they_are_stored_on(open_backoffice: Open, db: DBSQLConnector) -> None:
    backoffice = open_backoffice(
        people=Item(
            {
                "name": String(),
                "desk": Ref(coll="desks", field="$.owner"),
                "teams": RefsList(coll="teams", field="$.people"),
            }
        ),
        desks=Item(
            {
                "label": String(),
                "loud": String(set=lambda root: root.label.upper()),
                "owner": Ref(coll="people", field="$.desk", owner=True),
            }
        ),
        teams=Item({"name": String(), "people": RefsList(coll="people", field="$.teams")}),
    )
    team = backoffice.teams.create({"name": "T"})
    for number in range(20):
        person = backoffice.people.create({"name": f"P{number:02}", "teams": [team]})
        backoffice.desks.create({"label": f"d{number % 4}", "owner": person})
    for filters in ({"desk.loud": "D1"}, {"teams.people.desk.loud": "D1", "desk.loud": "D1"}):
        found = backoffice.people.select(filters, page=2)
        assert [person.name for person in found] == ["P01", "P05"]
        assert [list(person.teams) for person in found] == [[team._id], [team._id]]
        assert [person.select("$.desk.label") for person in found] == ["d1", "d1"]
    client = client_of(backoffice)
    answer = client.get("/app/people?desk.loud=D1&_page=1").get_json()["result"][0]
    assert answer == client.get(f"/app/people/{answer['_id']}").get_json()
    backoffice.people.register_selection("desks", Selection(["$.desk.loud", "$.teams", "$.desk"]))
    row = client.get("/app/people/_selections/desks?desk.loud=D1&_page=1").get_json()["result"][0]
    assert row == [answer["_id"], "D1", answer["teams"], answer["desk"]]


def test_a_filter_leads_to_a_collection_of_another_database(tmp_path: Path) -> None:
    other = DBSQLConnector(f"sqlite:///{tmp_path / 'other.db'}")
    here = DBSQLConnector(f"sqlite:///{tmp_path / 'here.db'}")
    backoffice = Backoffice("app")
    backoffice.register_collection(
        Collection("lands", Item({"name": String(), "towns": RefsList(coll="towns", field="$.land")}), other)
    )
    backoffice.register_collection(
        Collection("towns", Item({"name": String(), "land": Ref(coll="lands", field="$.towns")}), here)
    )
    backoffice.create_all()
    for number in range(20):
        land = backoffice.lands.create({"name": f"L{number % 3}"})
        backoffice.towns.create({"name": f"T{number:02}", "land": land})
    found = backoffice.towns.select({"land.name": "L1"}, sort="-name", page=3)
    assert [town.name for town in found] == ["T19", "T16", "T13"]
    assert backoffice.towns.count({"land.name": ("$ne", "L1")}) == 13
    assert backoffice.lands.count({"towns.name": "T07"}) == 1
    client = client_of(backoffice)
    assert client.get("/app/towns?land.name=L1&_page=2").get_json()["total"] == 7
    assert "land" in problem(client.get("/app/towns?_sort=land.name"), 400)["detail"]
    for each in (other, here):
        each.dispose()


def test_a_client_can_not_have_items_looked_at_for_ever_and_a_program_can(
    notes: Backoffice, rows: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_SECONDS", 0.0)
    client = client_of(notes)
    for url in ("/app/notes?length=3", "/app/notes?length=3&_total=none", "/app/notes?_page=1&length.$gte=0"):
        told = problem(client.get(url), 400)["detail"]
        assert told.startswith("The filter takes too long: it asks for what is computed for each item.")
    assert client.get("/app/notes?rank=3").status_code == 200
    assert notes.notes.count({"length": ("$gte", 0)}) == len(rows)


def test_whole_lists_are_compared_by_what_their_elements_link_to(open_backoffice: Open) -> None:
    backoffice = open_backoffice(
        readers=Item({"name": String(), "loud": String(set=lambda root: (root.name or "").upper())}),
        shelves=Item({"places": List(Dict({"reader": Ref(coll="readers"), "number": Int()}))}),
    )
    readers = [backoffice.readers.create({"name": name}) for name in ("Ada", "Bo", "Cy")]
    for some in ((0,), (1,), (2, 1), (1, 2), ()):
        backoffice.shelves.create({"places": [{"reader": readers[each], "number": each} for each in some]})
    every = [shelf._id for shelf in backoffice.shelves.select()]
    for filters, places in (
        ({"places": [{"reader.loud": "BO"}]}, [1]),
        ({"places": [{"reader.loud": "CY"}, {"reader.loud": ("$ne", "CY"), "number": 1}]}, [2]),
        ({"places": ("$not", [{"reader.loud": ("$in", ["ADA", "BO"])}])}, [2, 3, 4]),
    ):
        assert [shelf._id for shelf in backoffice.shelves.select(filters)] == [every[place] for place in places]


def test_links_that_another_database_stores_are_asked_for_by_id(tmp_path: Path) -> None:
    other = DBSQLConnector(f"sqlite:///{tmp_path / 'other.db'}")
    here = DBSQLConnector(f"sqlite:///{tmp_path / 'here.db'}")
    backoffice = Backoffice("app")
    lands = Item(
        {"towns": RefsList(coll="towns", field="$.land"), "capital": Ref(coll="towns", field="$.head"), "size": Int()}
    )
    towns = Item({"land": Ref(coll="lands", field="$.towns"), "head": Ref(coll="lands", field="$.capital", owner=True)})
    backoffice.register_collection(Collection("lands", lands, here))
    backoffice.register_collection(Collection("towns", towns, other))
    backoffice.create_all()
    one, two = (backoffice.lands.create({"size": size}) for size in (1, 2))
    first, second = (backoffice.towns.create({"land": one, "head": each}) for each in (one, two))

    def found(filters: Any) -> list[int]:
        return [land.size for land in backoffice.lands.select(filters)]

    assert found({"towns": [first._id, second._id]}) == [1]
    assert found({"towns": []}) == found({"towns": None}) == [2]
    assert found({"towns": ("$contains", second._id)}) == [1]
    assert found({"capital": second._id}) == [2]
    assert found({"capital": ("$ne", second._id), "size": ("$lt", 5)}) == [1]
    assert found({"capital._id": ("$in", [first._id, None])}) == [1]
    for each in (other, here):
        each.dispose()
