"""Rights on fields: who may read or change one, whoever holds the item and whichever way it goes."""

from __future__ import annotations

from typing import Any

import pytest

from backo_sql import (
    Backoffice,
    Complex,
    DBSQLConnector,
    DescriptionError,
    Dict,
    FreeDict,
    In,
    Int,
    Item,
    List,
    Ref,
    RefsList,
    RightsError,
    String,
    Tuple,
    current_user,
)
from tests.support import Open, all_rows, client_of, problem

BOSS = {"_id": "u1", "login": "boss", "roles": ["BOSS"]}
CLERK = {"_id": "u2", "login": "clerk", "roles": []}


def boss(right: str, item: Any) -> bool:
    return bool(current_user.has_role("BOSS"))


def employee(**more: Any) -> dict[str, Any]:
    return {
        "name": String(required=True),
        "salary": Int(default=100, can_read=boss, can_modify=boss),
        "grade": Int(default=1, can_modify=False),
        "secret": Dict({"pin": String(default="0000"), "hint": String(can_read=True)}, can_read=boss),
        "notes": List(Dict({"text": String(), "by": String()}), default=[]),
        "tags": List(String(), can_modify=boss, default=[]),
        "free": FreeDict(can_modify=boss),
        **more,
    }


VALUES = {
    "name": "Ada",
    "salary": 900,
    "grade": 3,
    "secret": {"pin": "1234", "hint": "easy"},
    "tags": ["a"],
    "free": {"k": 1},
}


def forbidden(change: Any, path: str) -> None:
    with pytest.raises(RightsError) as error:
        change()
    assert path in str(error.value)
    assert isinstance(error.value, PermissionError)


# -- on and off ------------------------------------------------------------------------------------------


def test_rights_are_off_on_what_stands_alone_until_they_are_enabled() -> None:
    made = Dict(employee())
    made.set(VALUES)
    made.grade = 4
    assert made.salary == 900
    assert made.is_allowed_to("read", "salary")
    made.enable_permissions()
    forbidden(lambda: setattr(made, "grade", 5), "$.grade")
    forbidden(lambda: made.salary, "$.salary")
    made.disable_permissions()
    made.grade = 5
    assert (made.grade, made.salary) == (5, 900)


def test_switching_at_a_part_switches_the_whole() -> None:
    made = Dict(employee())
    made.notes.enable_permissions()
    forbidden(lambda: setattr(made, "grade", 5), "$.grade")
    made.notes.disable_permissions()
    made.grade = 5


def test_copies_keep_the_switch_and_then_go_their_own_way() -> None:
    made = Dict(employee())
    off = made.copy()
    made.enable_permissions()
    on = made.copy()
    off.grade = 9
    forbidden(lambda: setattr(on, "grade", 9), "$.grade")
    on.disable_permissions()
    on.grade = 9
    forbidden(lambda: setattr(made, "grade", 9), "$.grade")


def test_rights_are_on_for_items_that_come_from_a_collection(open_backoffice: Open) -> None:
    backoffice = open_backoffice(staff=Item(employee()))
    made = backoffice.staff.create(VALUES)
    loaded = backoffice.staff.new()
    loaded.grade = 7
    loaded = backoffice.staff.new()
    loaded.load(made._id)
    reloaded = backoffice.staff.get_by_id(made._id)
    reloaded.reload()
    fresh = backoffice.staff.new()
    fresh.set({**VALUES, "grade": 8})
    fresh.save()
    assert fresh._id is not None
    selected = backoffice.staff.select_one({"name": "Ada", "grade": 3})
    for item in (made, loaded, reloaded, fresh, selected, made.copy()):
        forbidden(lambda item=item: setattr(item, "grade", 5), "$.grade")
        forbidden(lambda item=item: item.salary, "$.salary")


def test_a_creation_may_give_what_may_not_be_changed_later(open_backoffice: Open) -> None:
    backoffice = open_backoffice(staff=Item(employee()))
    item = backoffice.staff.create(VALUES)
    assert item.grade == 3
    client = client_of(backoffice)
    made = client.post("/app/staff", json=VALUES)
    assert (made.status_code, made.get_json()["grade"]) == (201, 3)
    item = backoffice.staff.set(VALUES)
    item.grade = 4
    item.save()
    assert backoffice.staff.get_by_id(item._id).grade == 4


# -- constants, functions, inheritance --------------------------------------------------------------------


def test_a_right_may_be_a_function_which_is_asked_each_time() -> None:
    made = Dict(employee())
    made.set(VALUES)
    made.enable_permissions()
    with current_user.acting_as(BOSS):
        made.salary = 1000
        assert made.salary == 1000
        made.tags.append("b")
        made.free["x"] = 2
    with current_user.acting_as(CLERK):
        forbidden(lambda: made.salary, "$.salary")
        forbidden(lambda: setattr(made, "salary", 1), "$.salary")
        forbidden(lambda: made.tags.append("c"), "$.tags")
        forbidden(made.free.clear, "$.free")
    assert (made.tags, made.free) == (["a", "b"], {"k": 1, "x": 2})


@pytest.mark.parametrize("parameters", [0, 1, 2, 3])
def test_a_right_function_is_called_by_its_number_of_parameters(parameters: int) -> None:
    calls: list[Any] = []

    def note(*arguments: Any) -> bool:
        calls.append(arguments)
        return False

    def nothing() -> bool:
        return note()

    def one(a: Any) -> bool:
        return note(a)

    def two(a: Any, b: Any) -> bool:
        return note(a, b)

    def three(a: Any, b: Any, c: Any) -> bool:
        return note(a, b, c)

    function = (nothing, one, two, three)[parameters]
    made = Dict({"d": Dict({"x": Int(can_modify=function, can_fly=function)})})
    made.enable_permissions()
    with current_user.acting_as(CLERK):
        forbidden(lambda: setattr(made.d, "x", 1), "$.d.x")
        assert not made.d.is_allowed_to("fly", "x")
    if parameters > 1:
        assert calls[0][:2] == ("modify", made)
        assert calls[-1][:2] == ("fly", made)
        assert calls[0][1] is made
    if parameters == 3:
        assert calls[0][2] is None
    if parameters == 1:
        assert calls[0][0].login == "clerk"


def test_a_right_function_may_look_at_what_it_decides_on() -> None:
    made = Dict(
        {"x": Int(default=3, can_read=lambda right, root: root.x > 2, can_modify=lambda right, root: root.x > 2)}
    )
    made.enable_permissions()
    assert made.x == 3
    made.x = 1
    forbidden(lambda: made.x, "$.x")
    forbidden(lambda: setattr(made, "x", 5), "$.x")


def test_a_right_function_that_fails_goes_to_the_caller_and_leaves_rights_on() -> None:
    made = Dict({"x": Int(can_modify=lambda right, root: 1 / 0), "y": Int(can_modify=False)})
    made.enable_permissions()
    with pytest.raises(ZeroDivisionError):
        made.x = 1
    forbidden(lambda: setattr(made, "y", 1), "$.y")


@pytest.mark.parametrize("no_answer", [None, lambda right, root: None, lambda right, root: 1, lambda right, root: "no"])
def test_what_is_neither_yes_nor_no_asks_the_parent(no_answer: Any) -> None:
    own = {} if no_answer is None else {"can_modify": no_answer, "can_read": no_answer}
    for parent, allowed in ((True, True), (False, False), (None, True)):
        around = {} if parent is None else {"can_modify": parent, "can_read": parent}
        made = Dict({"d": Dict({"e": Dict({"x": Int(**own)})}, **around)})
        made.enable_permissions()
        assert made.d.e.is_allowed_to("modify", "x") is allowed if allowed else True
        assert made.can_modify("d") is allowed
        if allowed:
            made.d.e.x = 1
            assert made.d.e.x == 1
        else:
            forbidden(lambda made=made: made.d, "$.d")


def test_a_child_that_grants_beats_a_parent_that_refuses() -> None:
    made = Dict(
        {"d": Dict({"x": Int(can_modify=True), "y": Int(), "l": List(Int(), can_modify=True)}, can_modify=False)},
        can_modify=True,
    )
    made.enable_permissions()
    made.d.x = 1
    made.d.l = [1]
    made.d.l.append(2)
    forbidden(lambda: setattr(made.d, "y", 1), "$.d.y")
    forbidden(lambda: made.set({"d": {"x": 5, "y": 1}}), "$.d.y")
    made.set({"d": {"x": 5}})
    made.d = {"x": 6, "l": [1, 2]}
    assert made.d == {"x": 6, "y": None, "l": [1, 2]}


def test_a_child_that_may_be_read_in_a_parent_that_may_not() -> None:
    made = Dict(employee())
    made.set(VALUES)
    made.enable_permissions()
    assert made.get_value()["secret"] == {"hint": "easy"}
    assert made.secret.hint == "easy"
    forbidden(lambda: made.secret.pin, "$.secret.pin")


def test_the_right_of_the_whole_is_that_of_its_fields(open_backoffice: Open) -> None:
    made = Dict({"a": Int(), "b": Int(can_modify=True), "d": Dict({"x": Int()})}, can_modify=False)
    made.enable_permissions()
    forbidden(lambda: setattr(made, "a", 1), "$.a")
    forbidden(lambda: setattr(made.d, "x", 1), "$.d.x")
    made.b = 1
    assert not made.can_modify()
    assert made.can_read()


@pytest.mark.parametrize(
    "document",
    [
        lambda field: List(field),
        lambda field: List(Dict({"x": field})),
        lambda field: Tuple((String(), field)),
        lambda field: In([String(), field]),
    ],
    ids=["a list", "a list of objects", "a tuple", "a choice of types"],
)
def test_rights_inside_a_document_are_refused_when_they_are_written(document: Any) -> None:
    with pytest.raises(DescriptionError, match="Rights can't stand inside"):
        document(Int(can_read=False))


# -- changing ---------------------------------------------------------------------------------------------


def test_the_same_value_passes() -> None:
    made = Dict(employee())
    made.set(VALUES)
    made.enable_permissions()
    with current_user.acting_as(CLERK):
        made.grade = 3
        made.set({"grade": 3, "tags": ["a"], "free": {"k": 1}, "name": "Grace"})
        made.tags = ["a"]
        made.tags[0] = "a"
        made.free["k"] = 1
    assert made.name == "Grace"


def test_a_set_with_one_forbidden_field_changes_nothing() -> None:
    made = Dict(employee())
    made.set(VALUES)
    made.enable_permissions()
    forbidden(lambda: made.set({"name": "Grace", "grade": 9}), "$.grade")
    assert made.name == "Ada"
    made.name = "Joan"
    forbidden(lambda: made.set({"name": "x", "notes": [], "grade": 9}), "$.grade")
    assert made.name == "Joan"


def test_every_change_of_a_list_or_a_document_is_a_change() -> None:
    made = Dict({"l": List(Int(), can_modify=False), "f": FreeDict(can_modify=False)})
    made.set({"l": [2, 1], "f": {"a": {"b": [1]}}})
    made.enable_permissions()
    for change in (
        lambda: made.l.append(1),
        made.l.sort,
        made.l.pop,
        lambda: made.l.__setitem__(0, 5),
        lambda: made.l.__delitem__(0),
        made.l.clear,
        lambda: setattr(made, "l", None),
        lambda: made.set({"l": [1]}),
    ):
        forbidden(change, "$.l")
    for change in (
        lambda: made.f.__setitem__("x", 1),
        lambda: made.f["a"].__setitem__("b", 1),
        lambda: made.f["a"]["b"].append(2),
        made.f.clear,
        lambda: setattr(made, "f", {}),
    ):
        forbidden(change, "$.f")
    assert made == {"l": [2, 1], "f": {"a": {"b": [1]}}}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (lambda **rights: Tuple((Int(), Int()), **rights), (1, 2)),
        (Complex, {"real": 1.0, "imag": 2.0}),
        (lambda **rights: Dict({"x": Dict({"y": Int()})}, **rights), {"x": {"y": 3}}),
    ],
)
def test_a_compound_obeys_rights(field: Any, value: Any) -> None:
    made = Dict({"f": field(can_modify=False)})
    made.enable_permissions()
    forbidden(lambda: setattr(made, "f", value), "$.f")
    forbidden(lambda: made.set({"f": value}), "$.f")


def test_rollback_and_the_librarys_own_writes_are_no_changes_of_the_users() -> None:
    made = Dict(
        {"a": Int(default=1), "b": Int(set=lambda root: root.a + 1, can_modify=False), "c": Int(can_modify=False)}
    )
    made.c = 5
    made.enable_permissions()
    made.a = 3
    assert made.b == 4


# -- questions --------------------------------------------------------------------------------------------


def test_questions_about_rights() -> None:
    made = Dict(employee(price=Int(can_sell=True, can_buy=False, can_rent=lambda right, root: right == "rent")))
    assert made.can_read("salary")
    made.enable_permissions()
    assert not made.can_read("salary")
    assert not made.can_modify("grade")
    assert made.can_modify("name")
    assert [made.is_allowed_to(right, "price") for right in ("sell", "buy", "rent", "anything")] == [
        True,
        False,
        True,
        True,
    ]
    with current_user.acting_as(BOSS):
        assert made.can_read("salary")
        assert made.secret.can_read()
    assert made.can_read()


def test_free_rights_are_inherited_and_described() -> None:
    made = Dict({"d": Dict({"x": Int(), "y": Int(can_print=True)}, can_print=False)})
    made.enable_permissions()
    assert [made.d.is_allowed_to("print"), made.d.is_allowed_to("print", "x"), made.d.is_allowed_to("print", "y")] == [
        False,
        False,
        True,
    ]
    assert made.get_schema()["sub_scheme"]["d"]["rights"] == {"read": None, "modify": None, "print": False}
    shown = Dict(employee()).get_schema()["sub_scheme"]["salary"]["rights"]
    assert shown == {"read": "func", "modify": "func"}


@pytest.mark.parametrize("options", [{"can_read": 1}, {"can_modify": "x"}, {"can_fly": 3}, {"can_": True}])
def test_a_wrong_right_is_told_when_written(options: Any) -> None:
    with pytest.raises(DescriptionError):
        Int(**options)


# -- what may not be read ------------------------------------------------------------------------------------


def test_what_may_not_be_read_is_absent_from_values_and_views() -> None:
    made = Dict(employee())
    made.set(VALUES)
    made.enable_permissions()
    for seen in (made.get_value(), made.get_view(None).get_value(), made.get_view("client").get_value()):
        assert "salary" not in seen
        assert seen["secret"] == {"hint": "easy"}
        assert seen["name"] == "Ada"
    assert "900" not in repr(made)
    assert "1234" not in repr(made)
    with current_user.acting_as(BOSS):
        assert made.get_value()["salary"] == 900
        assert made.get_view(None).salary == 900


@pytest.fixture
def backoffice(open_backoffice: Open) -> Backoffice:
    return open_backoffice(
        staff=Item(employee(boss=Ref(coll="staff", can_read=boss), team=RefsList(coll="staff", can_read=boss)))
    )


def test_what_may_not_be_read_is_absent_from_every_answer(backoffice: Backoffice) -> None:
    client = client_of(backoffice)
    made = client.post("/app/staff", json=VALUES).get_json()
    url = f"/app/staff/{made['_id']}"
    answers = [
        made,
        client.get(url).get_json(),
        client.get("/app/staff").get_json()["result"][0],
        client.put(url, json={"name": "Grace"}).get_json(),
        client.put(url, json={"name": "Grace"}).get_json(),
        client.patch(url, json={"op": "replace", "path": "$.name", "value": "Joan"}).get_json(),
        client.get(f"{url}?_view=%2Bclient").get_json(),
    ]
    for answer in answers[:-1]:
        assert answer.keys() == {"name", "grade", "secret", "notes", "tags", "free", "_id", "_meta"}
        assert answer["secret"] == {"hint": "easy"}
    assert "salary" not in answers[-1]
    with current_user.acting_as(BOSS):
        shown = client.get(url).get_json()
    assert (shown["salary"], shown["secret"]["pin"], shown["boss"], shown["team"]) == (900, "1234", None, [])


def test_what_may_not_be_read_is_kept_when_the_item_is_saved(backoffice: Backoffice, db: DBSQLConnector) -> None:
    with current_user.acting_as(BOSS):
        other = backoffice.staff.create({"name": "Other"})
        item = backoffice.staff.create({**VALUES, "boss": other._id, "team": [other._id]})
    client = client_of(backoffice)
    url = f"/app/staff/{item._id}"
    with current_user.acting_as(CLERK):
        item.name = "saved"
        item.save()
        loaded = backoffice.staff.get_by_id(item._id)
        loaded.name = "loaded"
        loaded.notes.append({"text": "x"})
        loaded.save()
        assert client.put(url, json={"name": "put"}).status_code == 200
        assert client.put(url, json=client.get(url).get_json()).status_code == 200
        assert client.patch(url, json={"op": "replace", "path": "$.name", "value": "patched"}).status_code == 200
        copied = backoffice.staff.get_by_id(item._id).copy()
        copied.name = "copied"
        copied.save()
    with current_user.acting_as(BOSS):
        kept = backoffice.staff.get_by_id(item._id)
        assert (kept.name, kept.salary, kept.secret, kept.boss, kept.team) == (
            "copied",
            900,
            VALUES["secret"],
            other._id,
            [other._id],
        )


def test_a_forbidden_change_over_http_is_403_and_changes_nothing(backoffice: Backoffice, db: DBSQLConnector) -> None:
    item = backoffice.staff.create(VALUES)
    before = all_rows(db)
    client = client_of(backoffice)
    url = f"/app/staff/{item._id}"
    with current_user.acting_as(CLERK):
        for answer in (
            client.put(url, json={"name": "x", "grade": 9}),
            client.put(url, json={"salary": 1}),
            client.put(url, json={"tags": []}),
            client.patch(url, json={"op": "replace", "path": "$.grade", "value": 9}),
            client.patch(
                url,
                json=[{"op": "replace", "path": "$.name", "value": "x"}, {"op": "add", "path": "$.tags", "value": "b"}],
            ),
            client.patch(url, json={"op": "remove", "path": "$.free"}),
        ):
            assert "$." in problem(answer, 403)["detail"]
    assert all_rows(db) == before
    with current_user.acting_as(BOSS):
        assert client.put(url, json={"salary": 1}).get_json()["salary"] == 1


def test_nothing_of_an_unreadable_value_can_be_learned_by_writing_it(backoffice: Backoffice) -> None:
    item = backoffice.staff.create(VALUES)
    client = client_of(backoffice)
    url = f"/app/staff/{item._id}"
    with current_user.acting_as(CLERK):
        answers = [client.put(url, json={"salary": salary}) for salary in (900, 901)]
        tests = [client.patch(url, json={"op": "test", "path": "$.salary", "value": salary}) for salary in (900, 901)]
    assert answers[0].status_code == answers[1].status_code
    assert tests[0].status_code == tests[1].status_code


def test_two_objects_with_rights_are_compared_by_what_may_be_read() -> None:
    one = Dict({"a": Int(), "b": Int(can_read=False)})
    one.set({"a": 1, "b": 2})
    one.enable_permissions()
    assert one == {"a": 1}


def test_a_function_of_a_description_sees_what_the_user_may_not(open_backoffice: Open) -> None:
    backoffice = open_backoffice(
        things=Item(
            {
                "secret": Int(default=5, can_read=False),
                "double": Int(set=lambda root: root.secret * 2),
                "n": Int(constraint=lambda value, root: value < root.secret),
                "there": Int(exists=lambda root: root.secret == 5),
                "kind": String(union=lambda root: [str(root.secret)]),
            },
            on=[("saved", lambda event, root, me: None)],
        )
    )
    item = backoffice.things.create({})
    item.set({"n": 3, "there": 1, "kind": "5"})
    item.save()
    shown = client_of(backoffice).get(f"/app/things/{item._id}").get_json()
    assert (shown["double"], shown["n"], shown["there"], shown["kind"]) == (10, 3, 1, "5")
    assert "secret" not in shown
