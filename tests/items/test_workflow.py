"""The life of an item: its states, who may call what when, its id and its stamps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backo_sql import (
    BackoError,
    Backoffice,
    Collection,
    ConflictError,
    Datetime,
    DBSQLConnector,
    DescriptionError,
    Dict,
    GenericMetaDataHandler,
    Int,
    Item,
    List,
    NotFoundError,
    RightsError,
    StandardMetaDataHandler,
    StatusType,
    String,
    ValidationError,
    current_user,
)
from tests.support import Connect, Open, all_rows, client_of, describe, statements

ADA = {"_id": "u1", "login": "ada", "roles": []}
GRACE = {"_id": "u2", "login": "grace", "roles": []}


def thing() -> Item:
    return Item({"name": String(required=True, unique=True), "n": Int(default=1), "tags": List(String(), default=[])})


@pytest.fixture
def backoffice(open_backoffice: Open) -> Backoffice:
    return open_backoffice(things=thing())


# -- states and transitions ------------------------------------------------------------------------------


def unset(backoffice: Backoffice) -> Item:
    return backoffice.things.new()


def filled(backoffice: Backoffice) -> Item:
    item = backoffice.things.new()
    item.name = "x"
    return item


def saved(backoffice: Backoffice) -> Item:
    return backoffice.things.create({"name": "x"})


def changed(backoffice: Backoffice) -> Item:
    item = backoffice.things.create({"name": "x"})
    item.name = "y"
    return item


def deleted(backoffice: Backoffice) -> Item:
    item = backoffice.things.create({"name": "x"})
    item.delete()
    return item


UNSET, UNSAVED, SAVED = StatusType.UNSET, StatusType.UNSAVED, StatusType.SAVED


@pytest.mark.parametrize(
    ("start", "status"), [(unset, UNSET), (filled, UNSAVED), (saved, SAVED), (changed, UNSAVED), (deleted, UNSET)]
)
def test_where_an_item_stands(backoffice: Backoffice, start: Any, status: StatusType) -> None:
    assert start(backoffice)._status is status


def test_a_state_prints_as_its_name() -> None:
    assert [repr(each) for each in StatusType] == ["UNSET", "UNSAVED", "SAVED"]


@pytest.mark.parametrize(
    ("start", "call", "status"),
    [
        (unset, lambda item: item.create({"name": "z"}), SAVED),
        (unset, lambda item: item.load(item.other), SAVED),
        (unset, lambda item: item.set({"name": "z"}), UNSAVED),
        (unset, lambda item: item.tags.append("z"), UNSAVED),
        (unset, lambda item: setattr(item, "name", "z"), UNSAVED),
        (filled, lambda item: item.save(), SAVED),
        (filled, lambda item: item.set({"n": 3}), UNSAVED),
        (saved, lambda item: item.save(), SAVED),
        (saved, lambda item: item.reload(), SAVED),
        (saved, lambda item: item.delete(), UNSET),
        (saved, lambda item: setattr(item, "n", 2), UNSAVED),
        (saved, lambda item: item.set({"n": 2}), UNSAVED),
        (saved, lambda item: item.tags.append("z"), UNSAVED),
        (saved, lambda item: setattr(item, "n", 1), SAVED),
        (saved, lambda item: item.set({"name": "x", "n": 1, "tags": []}), SAVED),
        (saved, lambda item: item.tags.extend([]), SAVED),
        (saved, lambda item: item.copy(), SAVED),
        (saved, lambda item: item.get_value(), SAVED),
        (saved, lambda item: item.check({"n": 5}), SAVED),
        (changed, lambda item: item.save(), SAVED),
        (changed, lambda item: item.reload(), SAVED),
        (changed, lambda item: item.delete(), UNSET),
        (changed, lambda item: item.set({"n": 2}), UNSAVED),
        (deleted, lambda item: item.load(item.other), SAVED),
        (deleted, lambda item: item.set({"name": "z"}), UNSAVED),
    ],
)
def test_every_transition(backoffice: Backoffice, start: Any, call: Any, status: StatusType) -> None:
    other = backoffice.things.create({"name": "other"})
    item = start(backoffice)

    class Named:
        """The item, and the id of another one to load."""

        def __getattr__(self, name: str) -> Any:
            return other._id if name == "other" else getattr(item, name)

        def __setattr__(self, name: str, value: Any) -> None:
            setattr(item, name, value)

    call(Named())
    assert item._status is status


@pytest.mark.parametrize(
    ("start", "call", "message"),
    [
        (unset, lambda item: item.save(), "Cannot save an unset object in things"),
        (unset, lambda item: item.delete(), "Cannot delete an unset object in things"),
        (unset, lambda item: item.reload(), "Cannot reload an unset object in things"),
        (filled, lambda item: item.delete(), "Cannot delete an unset object in things"),
        (filled, lambda item: item.reload(), "Cannot reload an unset object in things"),
        (filled, lambda item: item.load("1"), "Cannot load an non-unset object in things"),
        (saved, lambda item: item.load("1"), "Cannot load an non-unset object in things"),
        (saved, lambda item: item.create({"name": "z"}), "holds values"),
        (changed, lambda item: item.load("1"), "Cannot load an non-unset object in things"),
        (changed, lambda item: item.create({"name": "z"}), "holds values"),
        (deleted, lambda item: item.save(), "Cannot save an unset object in things"),
        (deleted, lambda item: item.delete(), "Cannot delete an unset object in things"),
        (deleted, lambda item: item.reload(), "Cannot reload an unset object in things"),
    ],
)
def test_every_forbidden_call(backoffice: Backoffice, db: DBSQLConnector, start: Any, call: Any, message: str) -> None:
    item = start(backoffice)
    before, status, values = all_rows(db), item._status, item.get_value()
    with pytest.raises(BackoError, match=message) as error:
        call(item)
    assert type(error.value) is BackoError
    assert (all_rows(db), item._status, item.get_value()) == (before, status, values)


def test_verbs_take_no_unknown_keyword(backoffice: Backoffice) -> None:
    for call in (
        lambda: saved(backoffice).save(depth=1),  # type: ignore[call-arg]
        lambda: backoffice.things.create({"name": "z"}, depth=1),  # type: ignore[call-arg]
    ):
        with pytest.raises(TypeError):
            call()


# -- the usual sequence ------------------------------------------------------------------------------------


def test_an_item_is_made_saved_changed_read_and_deleted(backoffice: Backoffice) -> None:
    cat = backoffice.things.new()
    cat.set({"name": "Tom"})
    assert (cat._id, cat._meta.ctime) == (None, None)
    cat.save()
    assert cat._id is not None
    cat.name = "Tim"
    cat.save()
    same = backoffice.things.get_by_id(cat._id)
    assert same == cat
    same.delete()
    with pytest.raises(NotFoundError):
        cat.reload()
    assert backoffice.things.count() == 0


def test_what_is_created_equals_what_is_loaded(backoffice: Backoffice) -> None:
    made = backoffice.things.create({"name": "x", "tags": ["a"]})
    assert backoffice.things.get_by_id(made._id) == made
    assert backoffice.things.get_by_id(made._id).get_value() == made.get_value()
    assert backoffice.things.select() == [made]
    loaded = backoffice.things.new()
    loaded.load(made._id)
    assert loaded == made


def test_a_deleted_object_can_be_filled_and_saved_as_a_new_one(backoffice: Backoffice) -> None:
    item = saved(backoffice)
    first = item._id
    item.delete()
    assert item._id is None
    item.name = "again"
    item.save()
    assert item._id not in (None, first)
    assert backoffice.things.count() == 1


def test_the_parts_that_are_held_stay_valid_through_every_verb(backoffice: Backoffice) -> None:
    item = backoffice.things.new()
    tags = item.tags
    tags.append("a")
    item.name = "x"
    item.save()
    tags.append("b")
    assert item.tags == ["a", "b"]
    item.save()
    tags.append("lost")
    item.reload()
    assert tags == item.tags == ["a", "b"]
    tags.append("c")
    item.save()
    assert backoffice.things.get_by_id(item._id).tags == ["a", "b", "c"]


def test_reload_drops_what_was_not_saved_and_takes_what_others_did(backoffice: Backoffice) -> None:
    item, other = saved(backoffice), backoffice.things.select_one()
    assert other is not None
    other.set({"n": 7, "tags": ["t"]})
    other.save()
    item.name = "lost"
    item.reload()
    assert item == other
    item.n = 8
    item.save()
    assert backoffice.things.get_by_id(item._id).n == 8


def test_a_save_without_a_change_writes_nothing(backoffice: Backoffice, db: DBSQLConnector) -> None:
    item = saved(backoffice)
    with statements(db) as seen:
        item.save()
        item.n = 2
        item.n = 1
        item.tags.append("a")
        item.tags.pop()
        item.save()
    assert [each for each in seen if not each.startswith("SELECT")] == []
    assert item._status is SAVED
    assert item._meta.mtime == item._meta.ctime


def test_what_was_saved_is_what_the_next_save_compares_with(backoffice: Backoffice) -> None:
    item = saved(backoffice)
    for n in (2, 3, 2, 1, 2):
        item.n = n
        item.save()
        assert backoffice.things.get_by_id(item._id).n == n


def test_only_what_changed_is_written(backoffice: Backoffice, db: DBSQLConnector) -> None:
    item = saved(backoffice)
    item.n = 5
    with statements(db) as seen:
        item.save()
    (update,) = [each for each in seen if each.startswith("UPDATE")]
    assert "n=" in update.replace(" = ", "=")
    assert "tags" not in update
    assert "name=" not in update


def test_a_copy_of_an_item_is_the_same_item_for_the_storage(backoffice: Backoffice) -> None:
    item = changed(backoffice)
    other = item.copy()
    assert (other._status, other._id, other.name) == (UNSAVED, item._id, "y")
    other.name = "z"
    assert item.name == "y"
    other.save()
    assert backoffice.things.get_by_id(item._id).name == "z"
    with pytest.raises(ConflictError):
        item.save()


def test_new_and_select_on_an_item_are_those_of_its_collection(backoffice: Backoffice) -> None:
    item = saved(backoffice)
    other = item.new()
    assert other._status is UNSET
    other.name = "new"
    other.save()
    assert [each.name for each in item.select({"name": "new"})] == ["new"]


def test_set_of_a_collection_gives_unsaved_items(backoffice: Backoffice) -> None:
    one = backoffice.things.set({"name": "a"})
    two, three = backoffice.things.set([{"name": "b"}, {"name": "c"}])
    assert {each._status for each in (one, two, three)} == {UNSAVED}
    assert backoffice.things.count() == 0
    for each in (one, two, three):
        each.save()
    assert [each.name for each in backoffice.things.select()] == ["a", "b", "c"]


def test_a_change_through_a_part_or_rollback_is_a_change(backoffice: Backoffice) -> None:
    item = backoffice.things.create({"name": "x", "tags": ["a"]})
    item.tags.clear()
    item.rollback()
    item.save()
    assert backoffice.things.get_by_id(item._id).tags == ["a"]
    item.tags.append("b")
    item.save()
    item.rollback()
    assert item.tags == ["a"]
    item.save()
    assert backoffice.things.get_by_id(item._id).tags == ["a"]


# -- others who write meanwhile ------------------------------------------------------------------------------


def test_a_stale_save_is_a_conflict_and_changes_nothing(backoffice: Backoffice, db: DBSQLConnector) -> None:
    item = saved(backoffice)
    other = backoffice.things.get_by_id(item._id)
    other.n = 2
    other.save()
    before = all_rows(db)
    item.n = 3
    for _ in range(2):
        with pytest.raises(ConflictError):
            item.save()
        assert (item._status, item.n) == (UNSAVED, 3)
    assert all_rows(db) == before
    item.reload()
    item.n = 3
    item.save()
    assert backoffice.things.get_by_id(item._id).n == 3


def test_saving_what_was_deleted_meanwhile_is_not_found_and_makes_nothing(backoffice: Backoffice) -> None:
    item = saved(backoffice)
    backoffice.things.get_by_id(item._id).delete()
    item.n = 3
    for verb in (item.save, item.reload, item.delete):
        with pytest.raises(NotFoundError):
            verb()
        assert (item._status, item.n) == (UNSAVED, 3)
    assert backoffice.things.count() == 0


def test_deleting_a_changed_item_deletes_it(backoffice: Backoffice) -> None:
    changed(backoffice).delete()
    assert backoffice.things.count() == 0


def test_a_failed_creation_leaves_the_object_as_it_was(backoffice: Backoffice) -> None:
    saved(backoffice)
    item = backoffice.things.new()
    for data, error in (({"name": 3}, ValidationError), ({}, ValidationError), ({"name": "x"}, ConflictError)):
        with pytest.raises(error):
            item.create(data)
        assert (item._status, item._id, item.name, item._meta.ctime) == (UNSET, None, None, None)
    item.create({"name": "free"})
    assert item._status is SAVED
    other = backoffice.things.new()
    other.set({"name": "x", "n": 9})
    with pytest.raises(ConflictError):
        other.save()
    assert (other._status, other._id, other.name, other.n, other._meta.ctime) == (UNSAVED, None, "x", 9, None)
    other.name = "other"
    other.save()
    assert other._status is SAVED


def test_a_failed_save_leaves_the_object_as_it_was(backoffice: Backoffice) -> None:
    backoffice.things.create({"name": "taken"})
    item = saved(backoffice)
    stamps = item._meta.get_value()
    item.set({"name": "taken", "n": 5})
    for _ in range(2):
        with pytest.raises(ConflictError):
            item.save()
        assert (item._status, item.name, item.n, item._meta) == (UNSAVED, "taken", 5, stamps)
    item.name = "free"
    item.save()
    assert backoffice.things.get_by_id(item._id).n == 5


def test_an_item_of_a_transaction_that_is_undone_can_be_reloaded_or_is_gone(backoffice: Backoffice) -> None:
    item = saved(backoffice)

    def work() -> None:
        with backoffice.transaction():
            item.n = 5
            item.save()
            raise LookupError

    with pytest.raises(LookupError):
        work()
    item.reload()
    assert item.n == 1


# -- `_id` -----------------------------------------------------------------------------------------------------


def test_an_id_is_a_text_that_rises_with_every_creation(backoffice: Backoffice) -> None:
    ids = [backoffice.things.create({"name": str(number)})._id for number in range(5)]
    assert all(type(each) is str for each in ids)
    assert ids == sorted(ids)
    assert len(set(ids)) == 5


def test_an_id_that_is_sent_is_passed_over_on_creation(backoffice: Backoffice) -> None:
    made = backoffice.things.create({"_id": "mine", "name": "x"})
    assert made._id != "mine"
    with pytest.raises(NotFoundError):
        backoffice.things.get_by_id("mine")
    answer = client_of(backoffice).post("/app/things", json={"_id": "mine", "name": "y"})
    assert answer.status_code == 201
    assert answer.get_json()["_id"] != "mine"


def test_an_id_cannot_be_changed(backoffice: Backoffice, db: DBSQLConnector) -> None:
    item = saved(backoffice)
    before = all_rows(db)
    with pytest.raises(RightsError):
        item._id = "other"
    with pytest.raises(RightsError):
        item.set({"_id": "other", "n": 3})
    item.set({"_id": item._id})
    assert (item.n, item._status) == (1, SAVED)
    client = client_of(backoffice)
    url = f"/app/things/{item._id}"
    assert client.put(url, json={"_id": "other", "n": 3}).status_code == 403
    assert client.put(url, json={"_id": item._id, "name": "x"}).status_code == 200
    assert client.patch(url, json={"op": "replace", "path": "$._id", "value": "other"}).status_code == 403
    assert all_rows(db) == before


def test_a_field_cannot_be_named_as_what_the_library_keeps() -> None:
    for name in ("_id", "_meta"):
        with pytest.raises(DescriptionError):
            Item({name: String()})


def test_ids_may_be_made_by_a_function_of_the_new_item(connect: Connect) -> None:
    db = connect()
    seen: list[Any] = []

    def generate(item: Any) -> str:
        seen.append((item.name, item.n, item.tags, item.twice))
        return f"User_{item.name}"

    db.generate_id = generate
    backoffice = describe(
        db,
        things=Item(
            {
                "name": String(transform=str.strip),
                "n": Int(default=1),
                "tags": List(String(), default=["t"]),
                "twice": Int(set=lambda root: root.n * 2),
            }
        ),
    )
    backoffice.create_all()
    item = backoffice.things.create({"name": " ada "})
    assert (item._id, seen) == ("User_ada", [("ada", 1, ["t"], 2)])
    assert backoffice.things.get_by_id("User_ada") == item
    fresh = backoffice.things.new()
    fresh.name = "grace"
    fresh.save()
    assert fresh._id == "User_grace"
    with pytest.raises(ConflictError):
        backoffice.things.create({"name": "ada"})
    assert backoffice.things.count() == 2


@pytest.mark.parametrize("bad", [None, 3, "", "_x", "a/b", "a\nb", "\ud800"])
def test_an_id_that_can_be_none_is_refused(connect: Connect, bad: Any) -> None:
    db = connect()
    db.generate_id = lambda item: bad
    backoffice = describe(db, things=thing())
    backoffice.create_all()
    with pytest.raises(ValidationError) as error:
        backoffice.things.create({"name": "x"})
    assert list(error.value.messages) == ["$._id"]
    assert backoffice.things.count() == 0


# -- `_meta` ---------------------------------------------------------------------------------------------------


def test_the_stamps_tell_who_and_when(backoffice: Backoffice) -> None:
    start = datetime.now(UTC)
    with current_user.acting_as(ADA):
        item = backoffice.things.create({"name": "x"})
    assert start <= item._meta.ctime <= datetime.now(UTC)
    assert item._meta.mtime == item._meta.ctime
    assert item._meta.created_by == item._meta.modified_by == {"_id": "u1", "login": "ada"}
    first = item._meta.get_value()
    with current_user.acting_as(GRACE):
        item.n = 2
        item.save()
    assert (item._meta.ctime, item._meta.created_by) == (first["ctime"], first["created_by"])
    assert item._meta.mtime > first["mtime"]
    assert item._meta.modified_by == {"_id": "u2", "login": "grace"}
    assert backoffice.things.get_by_id(item._id)._meta == item._meta


def test_without_a_user_the_anonymous_one_is_stamped(backoffice: Backoffice) -> None:
    item = saved(backoffice)
    assert item._meta.created_by.login == "ANONYMOUS"


def test_the_stamps_are_filtered_and_shown(backoffice: Backoffice) -> None:
    with current_user.acting_as(ADA):
        item = saved(backoffice)
    assert backoffice.things.count({"_meta.created_by.login": "ada"}) == 1
    shown = client_of(backoffice).get(f"/app/things/{item._id}").get_json()["_meta"]
    assert shown.keys() == {"ctime", "mtime", "created_by", "modified_by"}
    assert shown["created_by"] == {"_id": "u1", "login": "ada"}


FORGED = {"ctime": "2001-01-01T00:00:00Z", "created_by": {"_id": "evil", "login": "evil"}}


def test_stamps_that_are_sent_are_passed_over_on_creation(backoffice: Backoffice) -> None:
    for made in (
        backoffice.things.create({"name": "a", "_meta": FORGED}).get_value(),
        client_of(backoffice).post("/app/things", json={"name": "b", "_meta": FORGED}).get_json(),
    ):
        assert made["_meta"]["created_by"]["login"] == "ANONYMOUS"
    assert all(each._meta.ctime.year > 2020 for each in backoffice.things.select())


def test_stamps_cannot_be_changed(backoffice: Backoffice, db: DBSQLConnector) -> None:
    item = saved(backoffice)
    before = all_rows(db)
    for change in (
        lambda: setattr(item, "_meta", FORGED),
        lambda: setattr(item._meta, "ctime", datetime.now(UTC)),
        lambda: setattr(item._meta.created_by, "login", "evil"),
        lambda: item._meta.set({"ctime": datetime.now(UTC)}),
        lambda: item._meta.created_by.set({"login": "evil"}),
        lambda: item.set({"_meta": FORGED}),
        lambda: item.set({"_meta": {"ctime": item._meta.ctime + timedelta(seconds=1)}}),
    ):
        with pytest.raises(RightsError):
            change()
    assert item._status is SAVED
    client = client_of(backoffice)
    url = f"/app/things/{item._id}"
    shown = client.get(url).get_json()
    assert client.put(url, json={"_meta": FORGED}).status_code == 403
    for path, value in (("$._meta.created_by.login", "evil"), ("$._meta", FORGED), ("$._meta.ctime", FORGED["ctime"])):
        assert client.patch(url, json={"op": "replace", "path": path, "value": value}).status_code == 403
    assert client.put(url, json=shown).status_code == 200
    assert all_rows(db) == before


def test_values_with_their_stamps_can_be_set_back_in_python(backoffice: Backoffice) -> None:
    item = saved(backoffice)
    item.set(item.get_value())
    assert item._status is SAVED
    item.set({**item.get_value(), "n": 4})
    item.save()
    assert backoffice.things.get_by_id(item._id).n == 4


def test_no_handler_leaves_the_stamps_out(open_backoffice: Open) -> None:
    for number, handler in enumerate((None, GenericMetaDataHandler())):
        backoffice = open_backoffice(**{f"things{number}": Item({"name": String()}, meta_data_handler=handler)})
        collection = backoffice.collections[f"things{number}"]
        item = collection.create({"name": "x"})
        item.name = "y"
        item.save()
        assert item.get_value() == {"name": "y", "_id": item._id}
        assert not [name for name in collection.table.c.keys() if name.startswith("_meta")]  # noqa: SIM118
        shown = client_of(backoffice).get(f"/app/things{number}/{item._id}").get_json()
        assert shown == {"name": "y", "_id": item._id}


def test_the_standard_handler_may_be_told_who_writes(open_backoffice: Open) -> None:
    backoffice = open_backoffice(
        things=Item({"n": Int()}, meta_data_handler=StandardMetaDataHandler(user=lambda: ("7", "robot")))
    )
    with current_user.acting_as(ADA):
        assert backoffice.things.create({})._meta.created_by == {"_id": "7", "login": "robot"}


class Counting(GenericMetaDataHandler):
    """Counts the writes of an item."""

    def fields(self) -> dict[str, Any]:
        return {"writes": Int(), "first": Datetime(), "by": Dict({"login": String()})}

    def stamp(self, meta: dict[str, Any], *, creating: bool) -> None:
        meta["writes"] = 1 if creating else meta["writes"] + 1
        meta["by"] = {"login": current_user.login}
        if creating:
            meta["first"] = datetime(2030, 1, 1, tzinfo=UTC)


def test_a_handler_of_ones_own_keeps_fields_of_its_own(open_backoffice: Open) -> None:
    backoffice = open_backoffice(things=Item({"n": Int()}, meta_data_handler=Counting()))
    with current_user.acting_as(ADA):
        item = backoffice.things.create({})
    for n in (1, 2):
        item.n = n
        item.save()
    item.save()
    expected = {"writes": 3, "first": datetime(2030, 1, 1, tzinfo=UTC), "by": {"login": "ANONYMOUS"}}
    assert item._meta == backoffice.things.get_by_id(item._id)._meta == expected
    with pytest.raises(RightsError):
        item._meta.writes = 1
    shown = client_of(backoffice).get(f"/app/things/{item._id}").get_json()["_meta"]
    assert shown == {"writes": 3, "first": "2030-01-01T00:00:00Z", "by": {"login": "ANONYMOUS"}}
    assert item.get_schema()["sub_scheme"]["_meta"]["sub_scheme"].keys() == expected.keys()


def test_one_handler_serves_several_collections(db: DBSQLConnector) -> None:
    handler = Counting()
    backoffice = Backoffice("app")
    for name in ("ones", "twos"):
        backoffice.register_collection(Collection(name, Item({"n": Int()}, meta_data_handler=handler), db))
    backoffice.create_all()
    assert [backoffice.ones.create({})._meta.writes, backoffice.twos.create({})._meta.writes] == [1, 1]


# -- the methods of an item carry no state of others -----------------------------------------------------------


def test_items_of_a_collection_share_no_value(backoffice: Backoffice) -> None:
    one, two = backoffice.things.create({"name": "a"}), backoffice.things.create({"name": "b"})
    one.tags.append("x")
    assert two.tags == []
    assert backoffice.things.new().tags == []


def test_creating_what_was_filled_by_set_is_refused_and_loses_nothing(open_backoffice: Open) -> None:
    backoffice = open_backoffice(things=Item({"n": Int(), "s": String()}))
    item = backoffice.things.new()
    item.n = 5
    with pytest.raises(BackoError, match="holds values"):
        item.create({"s": "x"})
    item.s = "x"
    item.save()
    assert (backoffice.things.get_by_id(item._id).n, backoffice.things.count()) == (5, 1)
