"""A part of an item that somebody holds stays that part, or says that it isn't any more."""

from __future__ import annotations

from typing import Any

import pytest

from backo_sql import BackoError, Backoffice, Dict, FillStrategy, FreeDict, Int, Item, List, Ref, RefsList, String
from tests.support import Open


@pytest.fixture
def things(open_backoffice: Open) -> Any:
    return open_backoffice(
        things=Item(
            {
                "tags": List(String()),
                "extra": FreeDict(),
                "home": Dict({"town": String()}),
                "lines": List(Dict({"n": Int()})),
            }
        )
    ).things


def test_a_list_and_a_free_dict_that_were_null_follow_a_reload(things: Any) -> None:
    mine = things.create({})
    theirs = things.get_by_id(mine._id)
    tags, extra = mine.tags, mine.extra
    theirs.set({"tags": ["a"], "extra": {"a": 1}})
    theirs.save()
    mine.reload()
    tags.append("b")
    extra["b"] = 2
    mine.save()
    assert things.get_by_id(mine._id).tags == ["a", "b"]
    assert things.get_by_id(mine._id).extra == {"a": 1, "b": 2}


def test_a_list_that_becomes_null_begins_anew(things: Any) -> None:
    mine = things.create({"tags": ["a"]})
    tags = mine.tags
    mine.tags = None
    tags.append("q")
    mine.save()
    assert things.get_by_id(mine._id).tags == ["q"]


def test_the_parts_of_a_new_item_are_those_of_the_created_one(things: Any) -> None:
    item = things.new()
    tags, home = item.tags, item.home
    item.create({"tags": ["a"], "home": {"town": "Lyon"}})
    tags.append("b")
    home.town = "Paris"
    item.save()
    read = things.get_by_id(item._id)
    assert (read.tags, read.home.town) == (["a", "b"], "Paris")


def test_an_element_that_has_left_its_list_can_not_be_changed(things: Any) -> None:
    item = things.create({"lines": [{"n": 1}, {"n": 2}]})
    first, second = item.lines
    del item.lines[0]
    for element in (first, second):
        with pytest.raises(BackoError, match="another element"):
            element.n = 9
    assert item.lines == [{"n": 2}]


def test_a_rollback_leaves_a_list_that_was_not_filled_as_it_was(open_backoffice: Open) -> None:
    backoffice = open_backoffice(
        users=Item({"n": Int(), "tasks": RefsList(coll="tasks", field="$.user", ofs=FillStrategy.NOT_FILL)}),
        tasks=Item({"user": Ref(coll="users", field="$.tasks")}),
    )
    user = backoffice.users.create({})
    mine, other = backoffice.tasks.create({"user": user._id}), backoffice.tasks.create({})
    user = backoffice.users.get_by_id(user._id)
    user.tasks = [other._id]
    user.rollback()
    user.n = 1
    user.save()
    assert backoffice.tasks.get_by_id(mine._id).user == user._id
    assert backoffice.tasks.get_by_id(other._id).user is None


@pytest.mark.parametrize("nested", [False, True], ids=["the transaction", "a verb in a transaction that goes on"])
def test_objects_are_as_before_when_a_transaction_is_undone(open_backoffice: Open, nested: bool) -> None:
    backoffice: Backoffice = open_backoffice(things=Item({"n": Int()}, post_save=_refuse_99))
    kept, gone = backoffice.things.create({"n": 1}), backoffice.things.create({"n": 2})
    made = backoffice.things.new()
    made.n = 3

    fresh: list[Item] = []

    def work() -> None:
        with backoffice.transaction():
            kept.n = 10
            kept.save()
            made.save()
            gone.delete()
            fresh.append(backoffice.things.create({"n": 4}))
            if nested:
                kept.n = 99
                with pytest.raises(ValueError, match="99"):
                    kept.save()
                assert kept.n == 99  # still to be saved: only what was stored is undone
            raise RuntimeError

    with pytest.raises(RuntimeError):
        work()
    assert sorted(item.n for item in backoffice.things.select()) == [1, 2]
    kept.save()
    made.save()
    assert gone._id is not None
    assert fresh[0]._id is None
    gone.reload()
    assert sorted(item.n for item in backoffice.things.select()) == [2, 3, 10]


def _refuse_99(item: Any) -> None:
    if item.n == 99:
        raise ValueError("99")
