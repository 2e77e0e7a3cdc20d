"""The hooks of an `Item`: what judges it as a whole, in which order, on every road into the database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from backo_sql import (
    BackoError,
    Backoffice,
    DBSQLConnector,
    DescriptionError,
    Dict,
    Float,
    Int,
    Item,
    List,
    String,
    ValidationError,
)
from tests.support import Open, all_rows, client_of


class Steps(list[Any]):
    """Notes which hook ran when."""

    def step(self, name: str, result: Any) -> Callable[..., Any]:
        def run(value: Any) -> Any:
            self.append(name)
            return result(value) if callable(result) else result

        return run

    def take(self) -> list[Any]:
        taken = self[:]
        self.clear()
        return taken


def same(data: Any) -> Any:
    return data


def stepping(steps: Steps, **hooks: Any) -> Item:
    """An item that notes every step of its validation."""

    def checked(value: Any) -> Any:
        steps.append("field")
        return value

    def rule(value: Any) -> bool:
        steps.append("dynamic field")
        return True

    given = {
        "pre_load": same,
        "post_load": same,
        "dynamic_post_load": lambda data: {"n": Int(constraint=rule, transform=lambda value: rule(value) and value)},
        "post_save": None,
        **hooks,
    }
    return Item(
        {"n": Int(transform=checked), "name": String()},
        on=[("created", lambda *_: steps.append("created")), ("saved", lambda *_: steps.append("saved"))],
        **{name: steps.step(name, hook) for name, hook in given.items()},
    )


def once(steps: list[Any]) -> list[Any]:
    """Leave out the repeats of a step that stand next to each other."""
    return [step for position, step in enumerate(steps) if position == 0 or steps[position - 1] != step]


# -- order ---------------------------------------------------------------------------------------------


def test_a_creation_runs_the_hooks_in_order(open_backoffice: Open) -> None:
    steps = Steps()
    backoffice = open_backoffice(things=stepping(steps))
    backoffice.things.create({"n": 1})
    assert once(steps.take()) == [
        "pre_load",
        "field",
        "post_load",
        "dynamic_post_load",
        "dynamic field",
        "post_save",
        "created",
    ]
    client_of(backoffice).post("/app/things", json={"n": 1})
    assert steps[0] == "pre_load"
    assert once(steps.take())[-4:] == ["dynamic_post_load", "dynamic field", "post_save", "created"]


@pytest.mark.parametrize("road", ["save", "put", "patch"])
def test_every_change_runs_the_hooks_in_order(open_backoffice: Open, road: str) -> None:
    steps = Steps()
    backoffice = open_backoffice(things=stepping(steps))
    item = backoffice.things.create({"n": 1})
    client = client_of(backoffice)
    url = f"/app/things/{item._id}"
    steps.clear()
    if road == "save":
        item.n = 2
        item.save()
    elif road == "put":
        assert client.put(url, json={"n": 2}).status_code == 200
    else:
        assert client.patch(url, json={"op": "replace", "path": "$.n", "value": 2}).status_code == 200
    hooks = [step for step in steps if step not in ("field", "dynamic field")]
    assert hooks == ["pre_load", "post_load", "dynamic_post_load", "post_save", "saved"]


def test_new_set_and_save_is_judged_as_a_creation(open_backoffice: Open) -> None:
    steps = Steps()
    backoffice = open_backoffice(things=stepping(steps))
    item = backoffice.things.new()
    item.n = 1
    assert steps.take() == ["field"]
    item.save()
    hooks = [step for step in steps if step not in ("field", "dynamic field")]
    assert hooks == ["pre_load", "post_load", "dynamic_post_load", "post_save", "created"]


def test_a_change_that_changes_nothing_runs_no_hook(open_backoffice: Open) -> None:
    steps = Steps()
    backoffice = open_backoffice(things=stepping(steps))
    item = backoffice.things.create({"n": 1})
    steps.clear()
    item.save()
    item.n = 1
    item.save()
    assert "post_save" not in steps
    assert "post_load" not in steps
    assert "saved" not in steps


def test_later_hooks_do_not_run_when_an_earlier_step_refuses(open_backoffice: Open) -> None:
    steps = Steps()
    backoffice = open_backoffice(things=stepping(steps))
    with pytest.raises(ValidationError):
        backoffice.things.create({"n": "x"})
    assert once(steps.take()) == ["pre_load", "field"]


# -- pre_load --------------------------------------------------------------------------------------------


def test_pre_load_sees_what_was_sent_and_may_change_it(open_backoffice: Open) -> None:
    seen: list[Any] = []

    def split(data: Any) -> Any:
        seen.append(data)
        if "full" in data:
            first, last = data.pop("full").split()
            data |= {"first": first, "last": last}
        return data

    backoffice = open_backoffice(people=Item({"first": String(required=True), "last": String()}, pre_load=split))
    given = {"full": "Ada King"}
    item = backoffice.people.create(given)
    assert seen == [{"first": "Ada", "last": "King"}]
    assert (item.first, item.last) == ("Ada", "King")
    assert given == {"full": "Ada King"}
    client = client_of(backoffice)
    made = client.post("/app/people", json={"full": "Grace Hopper"}).get_json()
    assert (made["first"], made["last"]) == ("Grace", "Hopper")
    put = client.put(f"/app/people/{made['_id']}", json={"full": "Rosa Luxemburg"})
    assert (put.status_code, put.get_json().get("last")) == (200, "Luxemburg")


def test_pre_load_may_refuse(open_backoffice: Open) -> None:
    def refuse(data: Any) -> Any:
        if data.get("name") == "no":
            raise ValidationError({"$.name": ["Not this one."]})
        return data

    backoffice = open_backoffice(things=Item({"name": String()}, pre_load=refuse))
    with pytest.raises(ValidationError) as error:
        backoffice.things.create({"name": "no"})
    assert error.value.messages == {"$.name": ["Not this one."]}
    item = backoffice.things.create({"name": "yes"})
    item.name = "no"
    with pytest.raises(ValidationError):
        item.save()
    assert (item.name, repr(item._status)) == ("no", "UNSAVED")
    assert backoffice.things.get_by_id(item._id).name == "yes"


# -- post_load -------------------------------------------------------------------------------------------


def test_post_load_sees_every_value_checked_and_with_defaults(open_backoffice: Open) -> None:
    seen: list[Any] = []

    def note(data: Any) -> Any:
        seen.append(data)
        return data

    backoffice = open_backoffice(
        things=Item(
            {"a": Int(transform=abs), "b": Int(default=3), "d": Dict({"x": Float()}), "l": List(Int(), default=[])},
            post_load=note,
        )
    )
    item = backoffice.things.create({"a": -1, "d": {"x": 2}})
    assert seen == [{"a": 1, "b": 3, "d": {"x": 2.0}, "l": []}]
    seen.clear()
    item.a = -5
    item.save()
    assert seen == [{"a": 5, "b": 3, "d": {"x": 2.0}, "l": []}]


@pytest.mark.parametrize("in_place", [True, False])
def test_post_load_may_change_values_which_are_checked_again(open_backoffice: Open, in_place: bool) -> None:
    def derive(data: Any) -> Any:
        if in_place:
            data["slug"] = data["name"].lower()
            return data
        return {"slug": data["name"].lower()}

    backoffice = open_backoffice(
        things=Item({"name": String(required=True), "slug": String(max_length=3)}, post_load=derive)
    )
    item = backoffice.things.create({"name": "ABC"})
    assert (item.slug, backoffice.things.get_by_id(item._id).slug) == ("abc", "abc")
    with pytest.raises(ValidationError) as error:
        backoffice.things.create({"name": "ABCD"})
    assert set(error.value.messages) == {"$.slug"}
    item.name = "XY"
    item.save()
    assert (item.slug, backoffice.things.get_by_id(item._id).slug) == ("xy", "xy")
    item.name = "TOO LONG"
    with pytest.raises(ValidationError):
        item.save()
    assert (item.name, item.slug, repr(item._status)) == ("TOO LONG", "xy", "UNSAVED")
    assert backoffice.things.get_by_id(item._id).name == "XY"


def test_post_load_may_refuse_several_fields(open_backoffice: Open, db: DBSQLConnector) -> None:
    def judge(data: Any) -> Any:
        if data["low"] > data["high"]:
            raise ValidationError({"$.low": ["Is above high."], "$.high": ["Is below low."]})
        return data

    backoffice = open_backoffice(things=Item({"low": Int(default=0), "high": Int(default=9)}, post_load=judge))
    client = client_of(backoffice)
    item = backoffice.things.create({})
    before = all_rows(db)
    expected = {"$.low": ["Is above high."], "$.high": ["Is below low."]}
    url = f"/app/things/{item._id}"
    for answer in (
        client.post("/app/things", json={"low": 10}),
        client.put(url, json={"low": 10}),
        client.patch(url, json={"op": "replace", "path": "$.high", "value": -1}),
    ):
        assert (answer.status_code, answer.get_json()["errors"]) == (400, expected)
    item.low = 20
    with pytest.raises(ValidationError) as error:
        item.save()
    assert error.value.messages == expected
    assert all_rows(db) == before


# -- dynamic_post_load -------------------------------------------------------------------------------------


def heaters(open_backoffice: Open, **options: Any) -> Backoffice:
    """Central heaters must say their power, and no room has less than its heater needs."""
    return open_backoffice(
        heaters=Item(
            {"central": Int(default=0), "power": Float(**options), "room": String()},
            dynamic_post_load=lambda data: {"power": Float(required=True, min=10)} if data["central"] else {},
        )
    )


def test_a_dynamic_field_may_require_and_bound(open_backoffice: Open) -> None:
    backoffice = heaters(open_backoffice)
    assert backoffice.heaters.create({}).power is None
    assert backoffice.heaters.create({"power": 1}).power == 1
    assert backoffice.heaters.create({"central": 1, "power": 10}).power == 10
    for data in ({"central": 1}, {"central": 1, "power": None}, {"central": 1, "power": 9}):
        with pytest.raises(ValidationError) as error:
            backoffice.heaters.create(data)
        assert set(error.value.messages) == {"$.power"}


def test_a_default_of_the_base_field_does_not_satisfy_a_dynamic_requirement(open_backoffice: Open) -> None:
    backoffice = heaters(open_backoffice, default=50.0)
    assert backoffice.heaters.create({}).power == 50
    with pytest.raises(ValidationError) as error:
        backoffice.heaters.create({"central": 1})
    assert error.value.messages == {"$.power": ["Is required."]}
    assert backoffice.heaters.create({"central": 1, "power": 50.0}).power == 50
    client = client_of(backoffice)
    assert client.post("/app/heaters", json={"central": 1}).status_code == 400


def test_a_default_does_not_satisfy_it_for_new_set_and_save_either(open_backoffice: Open) -> None:
    backoffice = heaters(open_backoffice, default=50.0)
    item = backoffice.heaters.new()
    item.central = 1
    with pytest.raises(ValidationError):
        item.save()
    item.power = 60
    item.save()
    assert backoffice.heaters.get_by_id(item._id).power == 60


def test_a_dynamic_field_judges_the_whole_item_on_a_change(open_backoffice: Open) -> None:
    backoffice = heaters(open_backoffice)
    item = backoffice.heaters.create({"power": 1})
    item.central = 1
    with pytest.raises(ValidationError) as error:
        item.save()
    assert set(error.value.messages) == {"$.power"}
    assert backoffice.heaters.get_by_id(item._id).central == 0
    item.power = 20
    item.save()
    client = client_of(backoffice)
    url = f"/app/heaters/{item._id}"
    assert client.put(url, json={"room": "hall"}).status_code == 200
    assert client.put(url, json={"power": 2}).status_code == 400
    assert client.put(url, json={"power": None}).status_code == 400
    assert client.patch(url, json={"op": "replace", "path": "$.power", "value": 2}).status_code == 400
    assert client.put(url, json={"power": 2, "central": 0}).status_code == 200


def test_a_dynamic_field_may_change_the_type_of_what_is_sent(open_backoffice: Open) -> None:
    backoffice = open_backoffice(
        things=Item(
            {"kind": String(), "value": String()},
            dynamic_post_load=lambda data: (
                {"value": String(pattern=r"\d+$", transform=str.strip)} if data["kind"] == "n" else {}
            ),
        )
    )
    assert backoffice.things.create({"kind": "n", "value": "12 "}).value == "12"
    assert backoffice.things.create({"kind": "t", "value": "x "}).value == "x "
    with pytest.raises(ValidationError):
        backoffice.things.create({"kind": "n", "value": "x"})


def test_dynamic_post_load_may_change_the_data_in_place(open_backoffice: Open) -> None:
    def dynamic(data: Any) -> Any:
        data["b"] = (data["a"] or 0) + 1
        return {}

    backoffice = open_backoffice(things=Item({"a": Int(), "b": Int(max=5)}, dynamic_post_load=dynamic))
    item = backoffice.things.create({"a": 1})
    assert backoffice.things.get_by_id(item._id).b == item.b == 2
    with pytest.raises(ValidationError):
        backoffice.things.create({"a": 5})


def test_every_dynamic_fault_is_told_at_once(open_backoffice: Open) -> None:
    backoffice = open_backoffice(
        things=Item(
            {"a": Int(), "b": Int(), "d": Dict({"x": Int()})},
            dynamic_post_load=lambda data: {
                "a": Int(required=True),
                "b": Int(max=3),
                "d": Dict({"x": Int(required=True)}),
            },
        )
    )
    with pytest.raises(ValidationError) as error:
        backoffice.things.create({"b": 4, "d": {}})
    assert set(error.value.messages) == {"$.a", "$.b", "$.d.x"}


# -- post_save -----------------------------------------------------------------------------------------------


def test_post_save_sees_the_stored_item(open_backoffice: Open) -> None:
    seen: list[Any] = []

    def note(item: Any) -> None:
        seen.append((item.name, item._id is not None, repr(item._status), backoffice.things.count({"name": item.name})))

    backoffice = open_backoffice(things=Item({"name": String()}, post_save=note))
    item = backoffice.things.create({"name": "a"})
    item.name = "b"
    item.save()
    client_of(backoffice).put(f"/app/things/{item._id}", json={"name": "c"})
    assert seen == [(name, True, "SAVED", 1) for name in "abc"]


@pytest.mark.parametrize("error", [ValidationError({"$.name": ["No."]}), BackoError("No."), RuntimeError("No.")])
def test_a_failing_post_save_leaves_nothing(open_backoffice: Open, db: DBSQLConnector, error: Exception) -> None:
    def fail(item: Any) -> None:
        if item.name == "bad":
            raise error

    backoffice = open_backoffice(things=Item({"name": String(unique=True)}, post_save=fail))
    item = backoffice.things.create({"name": "good"})
    before = all_rows(db)
    fresh = backoffice.things.new()
    fresh.name = "bad"
    item.name = "bad"
    for write in (
        lambda: backoffice.things.create({"name": "bad"}),
        fresh.save,
        item.save,
        lambda: backoffice.things.new().create({"name": "bad"}),
    ):
        with pytest.raises(type(error), match=r"No\."):
            write()
    assert all_rows(db) == before
    assert (item.name, repr(item._status)) == ("bad", "UNSAVED")
    assert (fresh.name, fresh._id, repr(fresh._status)) == ("bad", None, "UNSAVED")
    item.name = "better"
    item.save()
    fresh.name = "fresh"
    fresh.save()
    assert sorted(each.name for each in backoffice.things.select()) == ["better", "fresh"]


def test_a_failing_post_save_in_a_transaction_undoes_only_its_write(open_backoffice: Open) -> None:
    def fail(item: Any) -> None:
        if item.name == "bad":
            raise BackoError("No.")

    backoffice = open_backoffice(things=Item({"name": String()}, post_save=fail))
    with backoffice.transaction():
        backoffice.things.create({"name": "a"})
        with pytest.raises(BackoError):
            backoffice.things.create({"name": "bad"})
        backoffice.things.create({"name": "b"})
    assert [each.name for each in backoffice.things.select()] == ["a", "b"]


# -- what a hook may be and return ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["pre_load", "post_load", "dynamic_post_load", "post_save"])
def test_a_hook_is_a_function(name: str) -> None:
    with pytest.raises(DescriptionError, match=name):
        Item({"a": Int()}, **{name: 3})


@pytest.mark.parametrize("name", ["pre_load", "post_load", "dynamic_post_load"])
@pytest.mark.parametrize("wrong", [None, 3, "x", [1]])
def test_a_wrong_return_is_told_with_the_name_of_the_hook(
    open_backoffice: Open, db: DBSQLConnector, name: str, wrong: Any
) -> None:
    on: list[bool] = []
    right: Any = {} if name == "dynamic_post_load" else None
    backoffice = open_backoffice(
        things=Item({"a": Int()}, **{name: lambda data: wrong if on else (data if right is None else right)})
    )
    item = backoffice.things.create({"a": 1})
    before = all_rows(db)
    on.append(True)
    with pytest.raises(DescriptionError, match=name):
        backoffice.things.create({"a": 1})
    item.a = 2
    with pytest.raises(DescriptionError, match=name):
        item.save()
    assert all_rows(db) == before


@pytest.mark.parametrize("fields", [{"nothing": Int()}, {"a": 3}, {"a": Int}, {"_id": String()}, {1: Int()}])
def test_wrong_dynamic_fields_are_told(open_backoffice: Open, fields: Any) -> None:
    backoffice = open_backoffice(things=Item({"a": Int()}, dynamic_post_load=lambda data: fields))
    with pytest.raises(DescriptionError, match="dynamic_post_load"):
        backoffice.things.create({"a": 1})


@pytest.mark.parametrize("name", ["pre_load", "post_load"])
def test_an_unknown_field_from_a_hook_is_refused(open_backoffice: Open, name: str) -> None:
    backoffice = open_backoffice(things=Item({"a": Int()}, **{name: lambda data: {**data, "nothing": 1}}))
    with pytest.raises(ValidationError) as error:
        backoffice.things.create({"a": 1})
    assert set(error.value.messages) == {"$.nothing"}


def test_what_a_hook_raises_goes_to_the_caller(open_backoffice: Open, db: DBSQLConnector) -> None:
    class OwnError(Exception):
        pass

    def fail(data: Any) -> Any:
        raise OwnError

    for number, name in enumerate(["pre_load", "post_load", "dynamic_post_load", "post_save"]):
        from backo_sql import Collection

        backoffice = Backoffice(f"app{number}")
        backoffice.register_collection(Collection(f"things{number}", Item({"a": Int()}, **{name: fail}), db))
        backoffice.create_all()
        with pytest.raises(OwnError):
            getattr(backoffice, f"things{number}").create({"a": 1})
        assert getattr(backoffice, f"things{number}").count() == 0


def test_hooks_get_copies_of_what_they_see(open_backoffice: Open) -> None:
    kept: list[Any] = []

    def keep(data: Any) -> Any:
        kept.append(data)
        return {"a": data["a"]}

    def spoil(data: Any) -> Any:
        kept.append(data)
        return {}

    backoffice = open_backoffice(
        things=Item({"a": Int(), "l": List(Int()), "d": Dict({"x": Int()})}, post_load=keep, dynamic_post_load=spoil)
    )
    item = backoffice.things.create({"a": 1, "l": [1], "d": {"x": 1}})
    for data in kept:
        data["l"].append("bad")
        data["d"]["x"] = "bad"
    assert (item.l, item.d) == ([1], {"x": 1})
    item.a = 2
    item.save()
    assert backoffice.things.get_by_id(item._id).l == [1]


def test_hooks_see_fields_that_the_user_may_not_read(open_backoffice: Open) -> None:
    seen: list[Any] = []

    def note(data: Any) -> Any:
        seen.append(data["secret"])
        return data

    backoffice = open_backoffice(
        things=Item({"secret": String(can_read=False), "a": Int()}, post_load=note, pre_load=lambda data: data)
    )
    item = backoffice.things.create({"secret": "s"})
    item.a = 2
    item.save()
    assert seen == ["s", "s"]
    item.disable_permissions()
    item.reload()
    item.disable_permissions()
    assert item.secret == "s"


def test_hooks_and_functions_of_fields_work_together(open_backoffice: Open) -> None:
    backoffice = open_backoffice(
        things=Item(
            {
                "a": Int(default=1),
                "b": Int(set=lambda root: root.a * 2),
                "c": Int(exists=lambda root: root.a > 5, required=True),
                "d": Int(constraint=lambda value, root: value <= root.b),
            },
            post_load=lambda data: {**data, "a": data["a"] + (1 if data["a"] == 9 else 0)},
            meta_data_handler=None,
        )
    )
    item = backoffice.things.create({"a": 2, "d": 4})
    assert item == {"a": 2, "b": 4, "d": 4, "_id": item._id}
    with pytest.raises(ValidationError) as error:
        backoffice.things.create({"a": 6})
    assert set(error.value.messages) == {"$.c"}
    item.set({"a": 9, "c": 1})
    item.save()
    assert item == {"a": 10, "b": 20, "c": 1, "d": 4, "_id": item._id}
    assert backoffice.things.get_by_id(item._id) == item
