"""The functions of a description: when they run, what they are told, and what they decide."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from backo_sql import (
    Backoffice,
    Bool,
    Collection,
    Complex,
    ConstraintError,
    DBSQLConnector,
    DescriptionError,
    Dict,
    Float,
    FreeDict,
    In,
    Int,
    Item,
    List,
    PathNotFoundError,
    RefsList,
    RightsError,
    String,
    Tuple,
    ValidationError,
)
from tests.support import Open, all_rows, client_of


class BrokenError(Exception):
    """What a function of a description raises by mistake."""


def fail(*_: Any) -> Any:
    raise BrokenError


def paths(change: Callable[..., Any], *arguments: Any) -> set[str]:
    """Return the paths that a refusal names."""
    with pytest.raises(ValidationError) as error:
        change(*arguments)
    return set(error.value.messages)


class Calls(list[Any]):
    """Notes what a function of a description is called with."""

    def noting(self, result: Any, parameters: int) -> Callable[..., Any]:
        def note(*arguments: Any) -> Any:
            self.append(arguments)
            return result(*arguments) if callable(result) else result

        def nothing() -> Any:
            return note()

        def one(a: Any) -> Any:
            return note(a)

        def two(a: Any, b: Any) -> Any:
            return note(a, b)

        def three(a: Any, b: Any, c: Any) -> Any:
            return note(a, b, c)

        return (nothing, one, two, three)[parameters]


# -- default ---------------------------------------------------------------------------------------


def test_a_default_function_may_take_nothing_or_the_root() -> None:
    calls = Calls()
    made = Dict(
        {"a": Int(default=calls.noting(1, 0)), "b": Int(default=lambda root: 2), "c": List(Int(), default=list)}
    )
    assert made == {"a": 1, "b": 2, "c": []}
    assert calls == [()]


def test_a_default_function_is_called_once_for_a_new_object_and_not_for_copies() -> None:
    calls = Calls()
    numbers = iter(range(10))
    description = Dict({"a": Int(default=calls.noting(lambda *_: next(numbers), 0)), "b": Int()})
    assert description.a == description.a == 0
    other = description.copy()
    other.b = 3
    assert other.a == 0
    assert len(calls) == 1


def test_the_result_of_a_default_function_is_checked(open_backoffice: Open) -> None:
    backoffice = open_backoffice(
        things=Item({"a": Int(default=lambda: -1, min=0), "b": String(default=lambda: 3), "c": Int(default=lambda: 7)})
    )
    assert paths(backoffice.things.create, {}) == {"$.a", "$.b"}
    assert backoffice.things.create({"a": 1, "b": "x"}).c == 7


def test_a_default_function_runs_once_for_an_item_and_only_where_nothing_was_given(open_backoffice: Open) -> None:
    numbers = iter(range(100, 200))
    calls = Calls()
    backoffice = open_backoffice(
        things=Item({"n": Int(default=calls.noting(lambda *_: next(numbers), 0)), "a": Int(default=lambda root: 4)})
    )
    calls.clear()
    first = backoffice.things.create({})
    second = backoffice.things.create({})
    assert (second.n - first.n, first.a) == (len(calls) - 1, 4)
    assert len(calls) == 2
    assert backoffice.things.get_by_id(first._id).n == first.n
    assert backoffice.things.create({"n": 1}).n == 1
    assert len(calls) == 2


def test_a_default_function_sees_the_new_item(open_backoffice: Open) -> None:
    seen: list[Any] = []

    def name(root: Any) -> str:
        seen.append(type(root))
        return "x"

    backoffice = open_backoffice(things=Item({"name": String(default=name)}))
    seen.clear()
    backoffice.things.create({})
    assert seen == [Item]


def test_a_default_function_that_fails_stores_nothing(open_backoffice: Open, db: DBSQLConnector) -> None:
    on: list[bool] = []

    def default() -> int:
        if on:
            raise BrokenError
        return 1

    backoffice = open_backoffice(things=Item({"a": Int(default=default)}))
    backoffice.things.create({})
    before = all_rows(db)
    on.append(True)
    with pytest.raises(BrokenError):
        backoffice.things.create({})
    assert all_rows(db) == before


def test_a_mutable_default_is_each_objects_own(open_backoffice: Open) -> None:
    shared: list[int] = [1]
    backoffice = open_backoffice(
        things=Item({"l": List(Int(), default=lambda: shared), "d": FreeDict(default=lambda: {"k": shared})})
    )
    first, second = backoffice.things.create({}), backoffice.things.create({})
    first.l.append(2)
    first.d["k"].append(3)
    assert (second.l, second.d, shared) == ([1], {"k": [1]}, [1])


# -- transform -------------------------------------------------------------------------------------


def test_a_transform_may_take_the_value_the_root_and_the_old_value() -> None:
    calls = Calls()
    made = Dict(
        {
            "a": String(transform=calls.noting(lambda value: value.strip(), 1)),
            "b": String(transform=calls.noting(lambda value, root: value + (root.a or ""), 2)),
            "c": String(transform=calls.noting(lambda root, value, old: f"{old}>{value}", 3)),
        }
    )
    made.a = " x "
    made.b = "y"
    made.c = "1"
    made.c = "2"
    assert made == {"a": "x", "b": "yx", "c": "None>1>2"}
    assert calls == [(" x ",), ("y", made), (made, "1", None), (made, "2", "None>1")]


def test_a_transform_runs_once_a_write(open_backoffice: Open) -> None:
    def build(calls: Calls) -> Item:
        more = calls.noting(lambda value: value + 1, 1)
        return Item(
            {
                "a": Int(transform=more),
                "l": List(Int(transform=more)),
                "t": Tuple((Int(transform=more), Int())),
                "d": Dict({"x": Int(transform=more)}),
                "i": In([Int(transform=more), String()]),
                "c": Int(constraint=lambda value, root: True),
                "s": Int(set=lambda root: 1),
            },
            post_load=lambda data: data,
        )

    calls = Calls()
    backoffice = open_backoffice(things=build(calls))
    item = backoffice.things.create({"a": 0, "l": [0, 10], "t": [0, 5], "d": {"x": 0}, "i": 0})
    expected = {"a": 1, "l": [1, 11], "t": (1, 5), "d": {"x": 1}, "i": 1}
    assert {name: item.get_value()[name] for name in expected} == expected
    assert len(calls) == 6
    item.reload()
    assert {name: item.get_value()[name] for name in expected} == expected
    item.c = 3
    item.save()
    assert {name: item.get_value()[name] for name in expected} == expected
    item.a = 5
    item.save()
    assert item.a == 6
    item.reload()
    assert item.a == 6
    assert len(calls) == 7


def test_an_element_that_was_transformed_is_not_transformed_again_when_another_is_added() -> None:
    made = Dict({"l": List(Int(transform=lambda value: value + 1))})
    made.l = [0]
    made.l.append(0)
    made.l.insert(0, 5)
    del made.l[1]
    made.l.reverse()
    assert made.l == [1, 6]


def test_a_transform_runs_before_the_checks_and_for_null_too() -> None:
    made = Dict(
        {
            "a": Int(min=0, transform=abs),
            "b": String(union=["x"], transform=lambda value: str(value).lower()),
            "c": String(required=True, transform=lambda value: value or "none"),
            "d": Dict({"x": Int()}, transform=lambda value: {"x": value}),
            "l": List(Int(), transform=lambda value: [value] if isinstance(value, int) else value),
        }
    )
    made.set({"a": -3, "b": "X", "c": None, "d": 4, "l": 5})
    assert made == {"a": 3, "b": "x", "c": "none", "d": {"x": 4}, "l": [5]}


def test_a_transform_that_fails_leaves_the_old_value() -> None:
    made = Dict({"a": Int(transform=lambda value: fail() if value < 0 else value), "b": Int()})
    made.a = 1
    with pytest.raises(BrokenError):
        made.set({"b": 2, "a": -1})
    assert made == {"a": 1, "b": None}


# -- constraints -----------------------------------------------------------------------------------


def test_a_constraint_may_take_the_value_the_root_and_the_old_value() -> None:
    calls = Calls()
    made = Dict(
        {
            "a": Int(constraint=calls.noting(True, 1)),
            "b": Int(constraint=calls.noting(True, 2)),
            "c": Int(constraint=calls.noting(True, 3)),
        }
    )
    made.a = 1
    assert calls == [(1,)]
    made.b = 2
    assert (2, made) in calls
    made.c = 3
    assert (made, 3, None) in calls
    made.c = 4
    assert (made, 4, 3) in calls


def test_a_constraint_refuses_by_false_alone() -> None:
    for answer in (True, None, 0, "", []):
        made = Dict({"a": Int(constraint=lambda value, answer=answer: answer)})
        made.a = 1
    made = Dict({"a": Int(constraint=lambda value: False)})
    assert paths(setattr, made, "a", 1) == {"$.a"}


def test_every_constraint_of_a_list_must_hold() -> None:
    made = Dict({"a": Int(constraints=[lambda value: value > 0, lambda value, root: value < 5])})
    made.a = 3
    for bad in (0, 5):
        with pytest.raises(ConstraintError):
            made.a = bad
    assert made.a == 3


def test_a_constraint_may_raise_a_refusal_of_its_own() -> None:
    def even(value: int) -> None:
        if value % 2:
            raise ValueError("Must be even.")

    made = Dict({"a": Int()})
    made.add_to_model("b", Int(constraint=even))
    made.b = 2
    with pytest.raises(ValueError, match=r"Must be even\."):
        made.b = 3
    assert made.b == 2


@pytest.mark.parametrize(
    ("build", "good", "bad", "path"),
    [
        (lambda rule: String(constraint=rule), "x", "bad", "$.f"),
        (
            lambda rule: Dict({"x": String()}, constraint=lambda value: rule(value["x"])),
            {"x": "a"},
            {"x": "bad"},
            "$.f",
        ),
        (lambda rule: Dict({"x": String(constraint=rule)}), {"x": "a"}, {"x": "bad"}, "$.f.x"),
        (lambda rule: List(String(), constraint=lambda value: rule(value[0])), ["a"], ["bad"], "$.f"),
        (lambda rule: List(String(constraint=rule)), ["a"], ["a", "bad"], "$.f[1]"),
        (lambda rule: List(Dict({"x": String(constraint=rule)})), [{"x": "a"}], [{"x": "a"}, {"x": "bad"}], "$.f[1].x"),
        (lambda rule: List(List(String(constraint=rule))), [["a"]], [["a"], ["a", "bad"]], "$.f[1][1]"),
        (lambda rule: Tuple((Int(), String(constraint=rule))), (1, "a"), (1, "bad"), "$.f[1]"),
        (lambda rule: Tuple((Int(), String()), constraint=lambda value: rule(value[1])), (1, "a"), (1, "bad"), "$.f"),
        (lambda rule: In([Int(), String(constraint=rule)]), "a", "bad", "$.f"),
        (lambda rule: In([Int(), String()], constraint=rule), "a", "bad", "$.f"),
        (lambda rule: FreeDict(constraint=lambda value: rule(value["k"])), {"k": "a"}, {"k": "bad"}, "$.f"),
        (
            lambda rule: Complex(constraint=lambda value: value["real"] != 9),
            {"real": 1.0, "imag": 1.0},
            {"real": 9.0, "imag": 1.0},
            "$.f",
        ),
    ],
)
def test_a_constraint_works_at_every_depth(build: Any, good: Any, bad: Any, path: str) -> None:
    made = Dict({"f": build(lambda value: value != "bad"), "other": Int()})
    made.f = good
    made.other = 1
    before = made.get_value()
    for change in (
        lambda: setattr(made, "f", bad),
        lambda: made.set({"other": 2, "f": bad}),
        lambda: made.check({"f": bad}),
    ):
        assert paths(change) == {path}
        assert made == before


def test_a_constraint_may_look_at_siblings_and_refuses_their_writes() -> None:
    made = Dict({"low": Int(), "high": Int(constraint=lambda value, root: root.low is None or value >= root.low)})
    made.set({"low": 1, "high": 3})
    assert paths(setattr, made, "low", 4) == {"$.high"}
    assert made == {"low": 1, "high": 3}
    made.set({"low": 5, "high": 6})
    made.set({"high": 2, "low": 1})
    assert made == {"low": 1, "high": 2}
    assert paths(made.set, {"low": 3}) == {"$.high"}
    assert made == {"low": 1, "high": 2}


def test_interdependent_fields_are_set_together_in_any_order_and_any_depth() -> None:
    def build() -> Dict:
        return Dict(
            {
                "a": Dict({"x": Int(constraint=lambda value, root: value < root.b.y)}),
                "b": Dict({"y": Int(constraint=lambda value, root: value > root.a.x)}),
                "l": List(Int(constraint=lambda value, root: value < root.b.y)),
            }
        )

    values = {"a": {"x": 1}, "b": {"y": 2}, "l": [0, 1]}
    for order in (("a", "b", "l"), ("l", "b", "a")):
        made = build()
        made.set({name: values[name] for name in order})
        assert made == values
        assert paths(setattr, made.b, "y", 1) == {"$.a.x", "$.l[1]"} | {"$.b.y"} & paths(made.check, {"b": {"y": 1}})
        assert paths(made.l.append, 3) == {"$.l[2]"}
        assert made == values


def test_every_broken_rule_is_told_at_once() -> None:
    made = Dict(
        {
            "a": Int(constraint=lambda value: value > 0),
            "b": Int(constraint=lambda value: value > 0),
            "c": Int(max=lambda: 3),
        }
    )
    assert paths(made.set, {"a": 0, "b": 0, "c": 4}) == {"$.a", "$.b", "$.c"}


def test_what_a_function_raises_goes_to_the_caller_and_leaves_the_old_values() -> None:
    made = Dict({"a": Int(constraint=lambda value: fail() if value == 9 else True), "b": Int()})
    made.set({"a": 1, "b": 1})
    with pytest.raises(BrokenError):
        made.set({"b": 2, "a": 9})
    assert made == {"a": 1, "b": 1}
    made.a = 2
    assert made.a == 2


def test_a_function_that_changes_the_values_it_is_shown_changes_nothing() -> None:
    made = Dict(
        {
            "l": List(Int(), constraint=lambda value: value.clear()),
            "d": Dict({"x": Int()}, constraint=lambda v: v.clear()),
        }
    )
    made.set({"l": [1], "d": {"x": 1}})
    assert made == {"l": [1], "d": {"x": 1}}


# -- choices, bounds and patterns that are functions ---------------------------------------------------


@pytest.mark.parametrize(
    "union",
    [
        lambda: ["a", "b"],
        lambda root: ["a", root.other],
        lambda value, root: [value.lower()],
        lambda: {"a", "b"},
        lambda: ("a", "b"),
    ],
)
def test_choices_may_be_a_function(union: Any) -> None:
    made = Dict({"other": String(default="b"), "f": String(union=union), "l": List(String(union=union))})
    made.f = "a"
    made.l = ["b", "a"]
    assert paths(made.set, {"f": "Z", "l": ["a", "Z"]}) == {"$.f", "$.l[1]"}


def test_choices_that_depend_on_a_sibling_refuse_its_change() -> None:
    made = Dict({"kinds": List(String(), default=["x"]), "kind": String(union=lambda root: root.kinds)})
    made.kind = "x"
    assert paths(made.kinds.remove, "x") == {"$.kind"}
    made.set({"kinds": ["y"], "kind": "y"})
    assert made.kind == "y"


def test_choices_that_are_no_list_are_a_mistake_of_the_description() -> None:
    made = Dict({"f": String(union=lambda: "abc")})
    with pytest.raises(DescriptionError, match="list"):
        made.f = "a"
    assert made.f is None


@pytest.mark.parametrize(
    ("least", "most"),
    [(lambda: 1, lambda: 3), (lambda root: root.low, lambda root: 3), (lambda v, r: 1, lambda v, r: 3)],
)
def test_bounds_may_be_functions(least: Any, most: Any) -> None:
    made = Dict(
        {
            "low": Int(default=1),
            "i": Int(min=least, max=most),
            "f": Float(min=least, max=most),
            "l": List(Int(), min=least, max=most),
        }
    )
    made.set({"i": 1, "f": 1.0, "l": [1]})
    made.set({"i": 3, "f": 3.0, "l": [1, 2, 3]})
    assert paths(made.set, {"i": 0, "f": 0.5, "l": []}) == {"$.i", "$.f", "$.l"}
    assert paths(made.set, {"i": 4, "f": 3.5, "l": [1, 2, 3, 4]}) == {"$.i", "$.f", "$.l"}


def test_bounds_that_depend_on_a_sibling_refuse_its_change() -> None:
    made = Dict({"most": Int(default=5), "n": Int(max=lambda root: root.most)})
    made.n = 5
    assert paths(setattr, made, "most", 4) == {"$.n"}
    made.set({"most": 1, "n": 1})


def test_a_bound_that_returns_none_bounds_nothing() -> None:
    made = Dict({"n": Int(max=lambda root: None), "l": List(Int(), min=lambda: None)})
    made.set({"n": 10**9, "l": []})
    assert made.n == 10**9


@pytest.mark.parametrize(
    "pattern",
    [
        lambda: "[a-c]+$",
        lambda root: f"[{root.letters}]+$",
        lambda value, root: "[a-c]+$",
        lambda field, value, root: "[a-c]+$",
        ["a", lambda: ".*[a-c]$"],
    ],
)
def test_patterns_may_be_functions(pattern: Any) -> None:
    made = Dict({"letters": String(default="a-c"), "s": String(pattern=pattern)})
    made.s = "abc"
    assert paths(setattr, made, "s", "abz") == {"$.s"}
    assert made.s == "abc"


@pytest.mark.parametrize(
    ("option", "function"),
    [
        ("default", lambda a, b: 1),
        ("transform", lambda: 1),
        ("transform", lambda a, b, c, d: 1),
        ("constraint", lambda: True),
        ("constraints", lambda a, b, c, d: True),
        ("union", lambda a, b, c: []),
        ("min", lambda a, b, c: 1),
        ("exists", lambda a, b, c: True),
        ("set", lambda a, b: 1),
        ("onchange", lambda a: None),
        ("onchange", lambda a, b, c, d: None),
    ],
)
def test_a_function_with_parameters_that_no_form_has_is_told_when_written(option: str, function: Any) -> None:
    with pytest.raises(DescriptionError, match="takes one of"):
        Int(**{option: function})


def test_functions_with_further_parameters_that_have_defaults_are_called_without_them() -> None:
    made = Dict(
        {
            "a": Int(constraint=lambda value, limit=5: value < limit),
            "b": Int(set=lambda root, more=1: (root.a or 0) + more),
        }
    )
    made.a = 4
    assert made.b == 5
    assert paths(setattr, made, "a", 5) == {"$.a"}


def test_methods_and_callable_objects_are_functions_too() -> None:
    class Rule:
        def __call__(self, value: int) -> bool:
            return value > 0

        def check(self, value: int, root: Any) -> bool:
            return value < 5

    made = Dict({"a": Int(constraints=[Rule(), Rule().check], transform=int)})
    made.a = 1
    for bad in (0, 5):
        assert paths(setattr, made, "a", bad) == {"$.a"}


# -- computed fields ---------------------------------------------------------------------------------


def chain() -> Dict:
    return Dict(
        {
            "d": Int(set=lambda root: root.b * 10),
            "b": Int(set=lambda root: root.c + 1),
            "c": Int(default=0),
            "n": Dict({"sum": Int(compute=lambda root: root.d + root.c)}),
            "t": List(Int(), set=lambda root: [root.c, root.b]),
        }
    )


def test_computed_fields_follow_every_change_through_chains() -> None:
    made = chain()
    for value in (2, 5, 5, 0):
        made.c = value
        assert made == {
            "c": value,
            "b": value + 1,
            "d": (value + 1) * 10,
            "n": {"sum": (value + 1) * 10 + value},
            "t": [value, value + 1],
        }


def test_a_computed_field_may_depend_on_what_is_inside_a_list() -> None:
    made = Dict(
        {
            "rows": List(Dict({"price": Int(), "many": Int(default=1)}), default=[]),
            "total": Int(set=lambda root: sum(row.price * row.many for row in root.rows)),
        }
    )
    made.rows = [{"price": 2}, {"price": 3, "many": 2}]
    assert made.total == 8
    made.rows.append({"price": 10})
    assert made.total == 18
    made.rows[0].price = 1
    assert made.total == 17
    del made.rows[2]
    assert made.total == 7


def test_a_computed_field_is_worked_out_without_parameters_too() -> None:
    made = Dict({"a": Int(), "b": Int(set=lambda: 7)})
    made.a = 1
    assert made.b == 7


@pytest.mark.parametrize("listening", ["$.c", ["$.c", "$.x"]])
def test_paths_to_listen_to_are_accepted(listening: Any) -> None:
    made = Dict({"c": Int(), "b": Int(set=(lambda root: (root.c or 0) + 1, listening))})
    made.c = 1
    assert made.b == 2


def test_a_computed_field_cannot_be_assigned() -> None:
    made = chain()
    made.c = 1
    with pytest.raises(RightsError, match=r"\$\.b"):
        made.b = 7
    with pytest.raises(RightsError, match=r"\$\.n\.sum"):
        made.n.sum = 7
    with pytest.raises(RightsError):
        made.t.append(3)
    assert (made.b, made.n.sum, made.t) == (2, 21, [1, 2])


def test_a_value_for_a_computed_field_in_a_set_is_ignored() -> None:
    made = chain()
    made.set({"c": 1, "b": 700, "n": {"sum": 3}, "t": [9]})
    assert (made.b, made.n.sum, made.t) == (2, 21, [1, 2])
    made.set({"b": "not even an int"})
    made.set(made.get_value())
    assert made.b == 2


def test_computed_fields_in_a_circle_are_told() -> None:
    made = Dict(
        {"a": Int(), "b": Int(set=lambda root: (root.c or 0) + 1), "c": Int(set=lambda root: (root.b or 0) + 1)}
    )
    with pytest.raises(DescriptionError, match="circle"):
        made.a = 1
    assert made == {"a": None, "b": None, "c": None}


def test_two_computed_fields_that_agree_come_to_rest() -> None:
    made = Dict({"a": Int(), "b": Int(set=lambda root: root.c or 3), "c": Int(set=lambda root: root.b or 4)})
    made.a = 1
    assert made.b == made.c == 3


def test_an_error_in_a_computed_field_aborts_the_write() -> None:
    made = Dict({"a": Int(), "b": Float(set=lambda root: 10 / root.a)})
    made.a = 2
    with pytest.raises(ZeroDivisionError):
        made.a = 0
    assert made == {"a": 2, "b": 5.0}


def test_a_computed_value_that_the_field_refuses_aborts_the_write() -> None:
    made = Dict(
        {
            "a": Int(),
            "b": Int(max=10, set=lambda root: root.a * 2),
            "c": String(set=lambda root: "x" if root.a != 4 else 4),
        }
    )
    made.a = 3
    assert paths(setattr, made, "a", 6) == {"$.b"}
    assert paths(setattr, made, "a", 4) == {"$.c"}
    assert made == {"a": 3, "b": 6, "c": "x"}


def test_a_required_computed_field_must_be_computed() -> None:
    made = Dict({"a": Int(), "b": Int(required=True, set=lambda root: root.a)})
    made.a = 1
    assert made.b == 1
    assert paths(setattr, made, "a", None) == {"$.b"}


def test_computed_fields_of_items_are_not_stored_but_read(open_backoffice: Open) -> None:
    backoffice = open_backoffice(
        things=Item(
            {
                "a": Int(default=1),
                "b": Int(set=lambda root: root.a + 1),
                "kept": Int(set=lambda root: root.a + 2, views=["save"]),
                "inner": Dict({"c": Int(set=lambda root: root.b * 10)}),
            }
        )
    )
    columns = set(backoffice.things.table.c.keys())
    assert "kept" in columns
    assert columns.isdisjoint({"b", "inner__c"})
    item = backoffice.things.create({"a": 4, "b": 99})
    assert (item.b, item.kept, item.inner.c) == (5, 6, 50)
    again = backoffice.things.get_by_id(item._id)
    assert (again.b, again.kept, again.inner.c) == (5, 6, 50)
    assert [each.b for each in backoffice.things.select()] == [5]
    again.a = 6
    again.save()
    assert (again.b, again.kept) == (7, 8)
    item.reload()
    assert (item.b, item.kept, item.inner.c) == (7, 8, 70)
    assert item == again


def test_computed_fields_over_http(open_backoffice: Open) -> None:
    backoffice = open_backoffice(things=Item({"a": Int(default=1), "b": Int(set=lambda root: root.a + 1)}))
    client = client_of(backoffice)
    made = client.post("/app/things", json={"a": 4, "b": 3}).get_json()
    assert made["b"] == 5
    url = f"/app/things/{made['_id']}"
    assert client.get(url).get_json()["b"] == 5
    assert client.get("/app/things").get_json()["result"][0]["b"] == 5
    assert client.put(url, json={**made, "a": 7}).get_json()["b"] == 8
    answer = client.put(url, json={"b": 70})
    assert (answer.status_code, answer.get_json()["b"]) == (200, 8)


# -- conditional fields ------------------------------------------------------------------------------


def patient() -> dict[str, Any]:
    return {
        "gender": String(union=["F", "M"], required=True),
        "children": Int(min=0, required=True, exists=lambda root: root.gender == "F"),
        "infos": Dict(
            {"a": Int(required=True), "b": String(default="x"), "l": List(Int())},
            exists=lambda value, root: root.gender == "F",
        ),
        "beard": Bool(default=True, exists=lambda root: root.gender == "M"),
        "note": String(exists=False),
        "always": Int(exists=True),
        "detail": Dict({"inner": String(exists=lambda root: root.gender == "F"), "other": Int()}),
    }


WOMAN = {"gender": "F", "children": 2, "infos": {"a": 1, "b": "y", "l": [1]}, "detail": {"inner": "i"}}


def test_fields_that_exist_are_written_and_read_in_any_order_of_one_set() -> None:
    expected = {**WOMAN, "always": None, "detail": {"inner": "i", "other": None}}
    for order in (list(WOMAN), list(WOMAN)[::-1]):
        made = Dict(patient())
        made.set({name: WOMAN[name] for name in order})
        assert made == expected


def test_a_field_that_does_not_exist_reads_as_none_and_is_absent() -> None:
    made = Dict(patient())
    made.gender = "M"
    assert made.children is None
    assert made.infos is None
    assert made.note is None
    assert made.detail.inner is None
    assert made.get_value() == {"gender": "M", "beard": True, "always": None, "detail": {"other": None}}
    assert repr(made) == repr(made.get_value())
    assert made.get_view(None).get_value() == made.get_value()


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"children": 1}, "$.children"),
        ({"infos": {"a": 1}}, "$.infos"),
        ({"infos": {"b": "z"}}, "$.infos"),
        ({"note": "x"}, "$.note"),
        ({"detail": {"inner": "x"}}, "$.detail.inner"),
        ({"gender": "F", "children": 1, "infos": {"a": 1}, "beard": False}, "$.beard"),
    ],
)
def test_writing_a_field_that_does_not_exist_is_an_error(values: dict[str, Any], path: str) -> None:
    made = Dict(patient())
    made.gender = "M"
    before = made.get_value()
    assert paths(made.set, values) == {path}
    assert made == before


def test_assigning_a_field_that_does_not_exist_is_an_error() -> None:
    made = Dict(patient())
    made.gender = "M"
    for change in (
        lambda: setattr(made, "children", 3),
        lambda: setattr(made, "infos", {"a": 1}),
        lambda: setattr(made.detail, "inner", "x"),
    ):
        with pytest.raises((ValidationError, PathNotFoundError)):
            change()
    assert made.get_value() == {"gender": "M", "beard": True, "always": None, "detail": {"other": None}}


def test_a_field_is_required_only_where_it_exists() -> None:
    made = Dict(patient())
    made.gender = "M"
    assert paths(made.set, {"gender": "F"}) == {"$.children", "$.infos.a"}
    assert paths(made.set, {"gender": "F", "children": 1}) == {"$.infos.a"}
    assert made.gender == "M"
    made.set({"gender": "F", "children": 1, "infos": {"a": 3}})
    assert made.infos == {"a": 3, "b": "x", "l": None}
    assert paths(made.set, {"children": None}) == {"$.children"}


def test_what_does_not_exist_any_more_comes_back_as_new() -> None:
    made = Dict(patient())
    made.set(WOMAN)
    made.gender = "M"
    assert made.beard is True
    made.beard = False
    made.set({"gender": "F", "children": 0, "infos": {"a": 9}})
    assert made.children == 0
    assert made.infos == {"a": 9, "b": "x", "l": None}
    assert made.detail.inner is None
    made.gender = "M"
    assert made.beard is True


def test_a_required_field_with_a_default_begins_to_exist_with_it() -> None:
    made = Dict({"on": Bool(default=False), "d": Int(default=3, required=True, exists=lambda root: root.on)})
    assert made.d is None
    made.on = True
    assert made.d == 3
    made.d = 4
    made.on = False
    made.on = True
    assert made.d == 3


def test_two_objects_differ_if_a_field_exists_in_one_only() -> None:
    one = Dict({"a": Int(), "b": Int(exists=lambda root: root.a == 1)})
    other = one.copy()
    one.a = 1
    other.a = 2
    assert one != other
    assert one == {"a": 1, "b": None}
    assert other == {"a": 2}


def test_a_computed_field_may_be_conditional() -> None:
    made = Dict({"a": Int(default=0), "b": Int(set=lambda root: root.a * 2, exists=lambda root: root.a > 0)})
    made.a = 3
    assert made == {"a": 3, "b": 6}
    made.a = -3
    assert made == {"a": -3}
    assert made.b is None


def test_a_conditional_field_inside_a_list_looks_at_the_whole() -> None:
    made = Dict({"on": Bool(default=False), "l": List(Dict({"x": Int(exists=lambda root: root.on), "y": Int()}))})
    made.l = [{"y": 1}]
    assert made.get_value() == {"on": False, "l": [{"y": 1}]}
    assert paths(setattr, made.l[0], "x", 1) == {"$.l[0].x"}
    made.set({"on": True, "l": [{"x": 2}]})
    assert made.get_value() == {"on": True, "l": [{"x": 2, "y": None}]}


def test_a_conditional_field_inside_a_list_is_not_shown_where_it_does_not_exist(open_backoffice: Open) -> None:
    element = Dict({"x": Int(exists=lambda root: root.on), "y": Int()})
    things = Item({"on": Bool(default=False), "l": List(element)}, meta_data_handler=None)
    client = client_of(open_backoffice(things=things))
    made = client.post("/app/things", json={"l": [{"y": 1}]})
    shown = {"on": False, "l": [{"y": 1}], "_id": made.get_json()["_id"]}
    assert made.get_json() == shown
    assert client.get(made.location).get_json() == shown
    assert client.get("/app/things").get_json()["result"] == [shown]
    assert client.put(made.location, json={"on": True}).get_json()["l"] == [{"x": None, "y": 1}]


def test_conditional_fields_of_items_are_neither_stored_nor_shown(open_backoffice: Open, db: DBSQLConnector) -> None:
    backoffice = open_backoffice(patients=Item(patient(), meta_data_handler=None))
    client = client_of(backoffice)
    item = backoffice.patients.create(WOMAN)
    read = backoffice.patients.get_by_id(item._id)
    assert read == item
    assert read.infos == WOMAN["infos"]
    item.gender = "M"
    item.save()
    (row,) = all_rows(db)["patients"]
    stored = dict(zip(backoffice.patients.table.c.keys(), row, strict=True))
    assert [stored[name] for name in ("children", "infos__a", "infos__b", "infos__l", "detail__inner")] == [None] * 5
    shown = client.get(f"/app/patients/{item._id}").get_json()
    assert shown == {"gender": "M", "beard": True, "always": None, "detail": {"other": None}, "_id": item._id}
    assert client.get("/app/patients").get_json()["result"] == [shown]
    item.reload()
    assert item == shown
    item.set({"gender": "F", "children": 0, "infos": {"a": 5}})
    item.save()
    assert backoffice.patients.get_by_id(item._id).infos == {"a": 5, "b": "x", "l": None}


def test_conditional_fields_are_judged_over_http(open_backoffice: Open) -> None:
    client = client_of(open_backoffice(patients=Item(patient(), meta_data_handler=None)))
    refused = client.post("/app/patients", json={"gender": "M", "children": 1, "infos": {"a": 2}})
    assert (refused.status_code, set(refused.get_json()["errors"])) == (400, {"$.children", "$.infos"})
    refused = client.post("/app/patients", json={"gender": "F"})
    assert (refused.status_code, set(refused.get_json()["errors"])) == (400, {"$.children", "$.infos.a"})
    made = client.post("/app/patients", json=WOMAN)
    assert made.status_code == 201
    url = f"/app/patients/{made.get_json()['_id']}"
    shown = client.put(url, json={"gender": "M"})
    assert (shown.status_code, shown.get_json().keys()) == (200, {"gender", "beard", "always", "detail", "_id"})
    back = client.put(url, json=shown.get_json())
    assert (back.status_code, back.get_json()) == (200, shown.get_json())
    assert client.put(url, json=made.get_json()).status_code == 200


def test_a_list_of_links_may_be_conditional(open_backoffice: Open) -> None:
    backoffice = open_backoffice(
        tags=Item({"name": String()}),
        things=Item({"on": Bool(default=True), "tags": RefsList(coll="tags", exists=lambda root: root.on is True)}),
    )
    tag = backoffice.tags.create({"name": "x"})
    item = backoffice.things.create({"tags": [tag._id]})
    assert backoffice.things.get_by_id(item._id).tags == [tag._id]
    item.on = False
    item.save()
    assert backoffice.things.get_by_id(item._id).tags is None
    item.on = True
    item.save()
    assert backoffice.things.get_by_id(item._id).tags == []


# -- onchange ----------------------------------------------------------------------------------------


def test_onchange_is_told_the_old_the_new_value_and_the_root() -> None:
    calls = Calls()
    made = Dict({"a": Int(default=1, onchange=calls.noting(None, 3)), "b": Int(onchange=calls.noting(None, 2))})
    made.a = 2
    made.b = 3
    assert calls == [(1, 2, made), (None, 3)]
    assert calls[0][2] is made


def test_onchange_is_called_for_real_changes_only() -> None:
    calls = Calls()
    note = calls.noting(None, 2)
    made = Dict(
        {"a": Int(onchange=note), "l": List(Int(), onchange=note), "d": Dict({"x": Int()}, onchange=note), "o": Int()}
    )
    made.set({"a": 1, "l": [1], "d": {"x": 1}})
    calls.clear()
    made.set({"a": 1, "l": [1], "d": {"x": 1}, "o": 4})
    made.a = 1
    made.l[0] = 1
    assert calls == []
    with pytest.raises(ValidationError):
        made.set({"a": 2, "l": ["x"]})
    assert calls == []


def test_onchange_is_called_at_every_depth_and_for_computed_fields() -> None:
    calls: list[Any] = []

    def note(name: str) -> Callable[[Any, Any], None]:
        return lambda old, new: calls.append((name, old, new))

    made = Dict(
        {
            "d": Dict({"x": Int(onchange=note("x"))}, onchange=note("d")),
            "l": List(Int(onchange=note("e")), onchange=note("l")),
            "c": Int(set=lambda root: root.d.x, onchange=note("c")),
        }
    )
    made.d.x = 1
    assert calls == [("d", {"x": None}, {"x": 1}), ("x", None, 1), ("c", None, 1)]
    calls.clear()
    made.l = [1]
    made.l.append(2)
    assert calls == [("l", None, [1]), ("e", None, 1), ("l", [1], [1, 2]), ("e", None, 2)]


def test_onchange_comes_when_the_whole_write_is_accepted() -> None:
    seen: list[Any] = []
    made = Dict(
        {
            "a": Int(onchange=lambda old, new, root: seen.append((root.a, root.b, root.c))),
            "b": Int(),
            "c": Int(set=lambda root: (root.a or 0) + (root.b or 0)),
        }
    )
    made.set({"a": 1, "b": 2})
    assert seen == [(1, 2, 3)]


def test_onchange_may_refuse_by_raising() -> None:
    made = Dict({"a": Int(onchange=lambda old, new: fail() if new == 9 else None), "b": Int()})
    made.set({"a": 1, "b": 1})
    with pytest.raises(BrokenError):
        made.set({"a": 9, "b": 2})
    assert made == {"a": 1, "b": 1}


def test_onchange_may_change_another_field() -> None:
    def follow(old: Any, new: Any, root: Any) -> None:
        root.b = new * 2

    made = Dict({"a": Int(onchange=follow), "b": Int(max=10), "c": Int(set=lambda root: root.b)})
    made.a = 2
    assert made == {"a": 2, "b": 4, "c": 4}
    with pytest.raises(ValidationError):
        made.a = 6
    assert made == {"a": 2, "b": 4, "c": 4}


# -- all of it on items --------------------------------------------------------------------------------


def test_functions_always_get_the_whole_item(open_backoffice: Open) -> None:
    roots: list[Any] = []

    def note(root: Any) -> bool:
        roots.append(type(root).__name__)
        return root.name is not None or True

    backoffice = open_backoffice(
        things=Item(
            {
                "name": String(),
                "inner": Dict(
                    {
                        "deep": Dict({"x": Int(exists=note, constraint=lambda value, root: note(root))}),
                        "l": List(Dict({"y": Int(exists=note)})),
                    }
                ),
            }
        )
    )
    client = client_of(backoffice)
    item = backoffice.things.create({"name": "x", "inner": {"deep": {"x": 1}, "l": [{"y": 1}]}})
    item.inner.deep.x = 2
    item.inner.l[0].y = 2
    item.save()
    item.get_view("+short")
    item.get_view("client")
    assert client.get(f"/app/things/{item._id}").get_json()["inner"] == {"deep": {"x": 2}, "l": [{"y": 2}]}
    assert set(roots) == {"Item"}


def test_rules_hold_when_an_item_is_created_saved_and_changed_over_http(
    open_backoffice: Open, db: DBSQLConnector
) -> None:
    backoffice = open_backoffice(
        things=Item({"low": Int(), "high": Int(constraint=lambda value, root: value >= (root.low or 0))})
    )
    client = client_of(backoffice)
    assert paths(backoffice.things.create, {"low": 5, "high": 1}) == {"$.high"}
    item = backoffice.things.create({"low": 1, "high": 5})
    before = all_rows(db)
    url = f"/app/things/{item._id}"
    for answer in (
        client.put(url, json={"low": 9}),
        client.put(url, json={"high": 0}),
        client.patch(url, json={"op": "replace", "path": "$.low", "value": 9}),
        client.post("/app/things", json={"low": 3, "high": 2}),
    ):
        assert (answer.status_code, list(answer.get_json()["errors"])) == (400, ["$.high"])
    assert all_rows(db) == before
    assert client.put(url, json={"low": 9, "high": 10}).status_code == 200


def test_one_description_serves_several_collections(db: DBSQLConnector) -> None:
    item = Item({"a": Int(default=1), "b": Int(set=lambda root: root.a + 1)})
    backoffice = Backoffice("app")
    for name in ("ones", "twos"):
        backoffice.register_collection(Collection(name, item, db))
    backoffice.create_all()
    one, two = backoffice.ones.create({"a": 5}), backoffice.twos.create({})
    assert (one.b, two.b, item.a) == (6, 2, 1)
    assert (backoffice.ones.count(), backoffice.twos.count()) == (1, 1)
