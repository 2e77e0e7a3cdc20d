"""Values that are kept as one document: FreeDict, Tuple, In and the lists inside them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from backo_sql import (
    Collection,
    Datetime,
    DescriptionError,
    Dict,
    FreeDict,
    In,
    Int,
    Item,
    List,
    Ref,
    StatusType,
    String,
    Tuple,
    ValidationError,
)
from backo_sql.types.free import MAX_DEPTH
from tests.support import Open


def things(open_backoffice: Open, **fields: Any) -> Collection:
    found: Collection = open_backoffice(things=Item(fields)).things
    return found


# -- FreeDict --------------------------------------------------------------------------------------------

CHANGES: list[Callable[[Any], Any]] = [
    lambda extra: extra.__setitem__("new", 1),
    lambda extra: extra.__delitem__("n"),
    lambda extra: extra.update({"n": 2, "o": 3}),
    lambda extra: extra.clear(),
    lambda extra: extra.pop("n"),
    lambda extra: extra.setdefault("p", []).append(1),
    lambda extra: extra["a"]["b"].__setitem__("c", 2),
    lambda extra: extra["a"]["l"].append({"x": 1}),
    lambda extra: extra["a"]["l"][1].__setitem__("y", 2),
    lambda extra: extra["a"]["l"][2].insert(0, True),
    lambda extra: extra["a"]["l"].clear(),
    lambda extra: extra.set({"other": None}),
    lambda extra: extra.__setitem__("n", True),
    lambda extra: extra.__setitem__("n", 1.0),
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_at_any_depth_reaches_the_database(open_backoffice: Open, change: Callable[[Any], Any]) -> None:
    collection = things(open_backoffice, extra=FreeDict())
    item = collection.create({"extra": {"a": {"b": {"c": 1}, "l": [1, {"y": 1}, [False]]}, "n": 1}})
    item = collection.get_by_id(item._id)
    change(item.extra)

    assert item._status is StatusType.UNSAVED
    item.save()
    assert repr(sorted(collection.get_by_id(item._id).extra.items())) == repr(sorted(item.extra.items()))


def test_parts_stay_valid_when_the_item_is_saved_and_read_again(open_backoffice: Open) -> None:
    collection = things(open_backoffice, extra=FreeDict())
    item = collection.create({"extra": {"a": {"b": [1]}}})
    part = item.extra["a"]["b"]
    part.append(2)
    item.save()
    part.append(3)
    item.save()
    item.reload()
    part.append(4)
    item.save()

    assert collection.get_by_id(item._id).extra == {"a": {"b": [1, 2, 3, 4]}}


def test_a_part_stays_the_same_where_others_come_and_go() -> None:
    extra = FreeDict()
    extra["l"] = [{"n": 1}, {"n": 2}]
    second = extra["l"][1]
    extra["l"].insert(0, {"n": 0})
    extra["l"].append({"n": 3})
    del extra["l"][1]
    second["n"] = "second"

    assert extra == {"l": [{"n": 0}, {"n": "second"}, {"n": 3}]}


def test_an_unset_one_reads_as_empty_and_exists_once_something_is_put_in(open_backoffice: Open) -> None:
    collection = things(open_backoffice, extra=FreeDict())
    item = collection.create({})

    assert len(item.extra) == 0
    assert item.get_value()["extra"] is None
    item.extra["a"] = 1
    item.save()
    assert collection.get_by_id(item._id).get_value()["extra"] == {"a": 1}


def test_a_refused_change_leaves_everything_as_it_was() -> None:
    extra = FreeDict(constraint=lambda value: len(value) < 3)
    extra.set({"a": {"b": 1}})
    for change in (
        lambda: extra["a"].update({"c": 1, "d": {1, 2}}),
        lambda: extra.update({"c": 1, "d": 2}),
        lambda: extra.__setitem__(3, 4),
    ):
        with pytest.raises(ValidationError):
            change()

    assert extra.get_value() == {"a": {"b": 1}}


def test_a_fault_is_told_with_its_path() -> None:
    held = Dict({"extra": FreeDict()})
    held.extra["l"] = [{}]
    with pytest.raises(ValidationError) as refused:
        held.extra["l"][0].update({"when": object(), "size": float("inf")})

    assert refused.value.messages == {
        "$.extra.l[0].when": ["Must be what JSON can hold, not object."],
        "$.extra.l[0].size": ["Must be a finite number."],
    }


@pytest.mark.parametrize("wrap", [lambda inner: {"a": inner}, lambda inner: [inner]])
def test_depth_is_limited_on_every_road(wrap: Callable[[Any], Any]) -> None:
    extra = FreeDict()
    deep: Any = 1
    for _ in range(MAX_DEPTH - 1):
        deep = wrap(deep)
    extra["a"] = deep
    with pytest.raises(ValidationError, match="objects and lists deep"):
        extra["a"] = wrap(deep)
    deepest = extra
    while True:
        inner = deepest["a"] if isinstance(deepest, FreeDict) else deepest[0]
        if inner == 1:
            break
        deepest = inner
    with pytest.raises(ValidationError, match="objects and lists deep"):
        deepest[deepest_key(deepest)] = {}


def deepest_key(container: Any) -> Any:
    return "a" if isinstance(container, FreeDict) else 0


def test_a_cycle_is_refused() -> None:
    cycle: dict[str, Any] = {}
    cycle["again"] = cycle
    with pytest.raises(ValidationError, match="objects and lists deep"):
        FreeDict().set(cycle)


def test_it_is_a_mapping_and_independent_of_what_it_was_given() -> None:
    given = {"a": [1]}
    extra = FreeDict()
    extra.set(given)
    given["a"].append(2)

    assert extra == {"a": [1]}
    assert dict(extra) == {"a": [1]}
    assert "a" in extra
    assert "b" not in extra
    assert extra.get("b", 3) == 3
    with pytest.raises(KeyError):
        extra["b"]
    with pytest.raises(KeyError):
        del extra["b"]
    extra["c"] = extra["a"]
    extra["c"].append(9)
    assert extra == {"a": [1], "c": [1, 9]}
    extra.rollback()
    assert extra.copy() == extra


def test_choices_and_transform_judge_the_whole() -> None:
    chosen = FreeDict(union=[{"a": 1}, {"a": 1, "b": 2}])
    chosen["a"] = 1
    chosen["b"] = 2
    with pytest.raises(ValidationError, match="Must be one of"):
        chosen["c"] = 3
    counted = FreeDict(transform=lambda value: {**value, "size": len(value)})
    counted["a"] = 1

    assert counted == {"a": 1, "size": 1}


# -- Tuple -----------------------------------------------------------------------------------------------


def test_a_tuple_never_changes_in_place() -> None:
    held = Dict({"t": Tuple((Int(), String()))})
    held.t = [1, "a"]

    assert held.t == (1, "a")
    with pytest.raises(TypeError):
        held.t[0] = 2


@pytest.mark.parametrize("member", [List(Int()), Dict({"a": Int()}), FreeDict()])
def test_a_tuple_of_what_changes_in_place_is_refused(member: Any) -> None:
    with pytest.raises(DescriptionError, match="changes in place"):
        Tuple((Int(), member))


@pytest.mark.parametrize("types", [(), "ab", None, (Int,), (3,)])
def test_a_tuple_takes_fields(types: Any) -> None:
    with pytest.raises(DescriptionError):
        Tuple(types)


def test_rules_of_members_hold_and_are_told_by_position() -> None:
    held = Dict({"t": Tuple((Int(min=0, required=True), String(constraint=lambda value: value != "no")))})
    with pytest.raises(ValidationError) as refused:
        held.t = [None, "no"]
    assert list(refused.value.messages) == ["$.t[0]"]
    with pytest.raises(ValidationError) as refused:
        held.t = [1, "no"]
    assert refused.value.messages == {"$.t[1]": ["Breaks a constraint."]}


# -- In --------------------------------------------------------------------------------------------------


def test_the_first_type_that_takes_a_value_checks_it() -> None:
    held = Dict({"v": In([Int(min=5), String(max_length=3), List(Int(max=9))], union=[5, 6, "abc", [1]])})
    for good in (5, "abc", [1]):
        held.v = good
        assert held.v == good
    for bad, message in (
        (4, "at least 5"),
        ("abcd", "at most 3"),
        ([10], "at most 9"),
        (7, "one of: 5"),
        (2.5, "types"),
    ):
        with pytest.raises(ValidationError, match=message):
            held.v = bad


def test_what_it_holds_is_live_where_its_type_is(open_backoffice: Open) -> None:
    collection = things(open_backoffice, v=In([Int(), List(Int()), Dict({"a": Int(constraint=lambda v: v < 9)})]))
    item = collection.create({"v": [1]})
    item.v.append(2)
    item.save()
    assert collection.get_by_id(item._id).v == [1, 2]
    item.v = {"a": 3}
    item.v.a = 4
    item.save()
    assert collection.get_by_id(item._id).v.a == 4
    with pytest.raises(ValidationError) as refused:
        item.v.a = 9
    assert refused.value.messages == {"$.v.a": ["Breaks a constraint."]}
    item.v = 5
    assert item.v == 5


def test_a_value_that_json_would_give_to_another_type_is_refused_with_advice() -> None:
    held = Dict({"v": In([String(), Datetime()])})
    with pytest.raises(ValidationError, match="Datetime must stand before String"):
        held.v = datetime(2031, 5, 17, tzinfo=UTC)


def test_links_stand_in_no_document() -> None:
    for make in (lambda field: In([Int(), field]), lambda field: Tuple((Int(), field))):
        with pytest.raises(DescriptionError, match="a link stands in a field of its own"):
            make(Ref(coll="others"))
    with pytest.raises(DescriptionError, match="a link stands in a field of its own"):
        In([Dict({"deep": List(Dict({"r": Ref(coll="others")}))})])


@pytest.mark.parametrize("option", ["unique", "index"])
@pytest.mark.parametrize("make", [FreeDict, lambda **o: Tuple((Int(),), **o), lambda **o: In([Int()], **o)])
def test_a_document_has_no_index_of_one_value(make: Any, option: str) -> None:
    with pytest.raises(DescriptionError, match=option):
        make(**{option: True})


# -- List ------------------------------------------------------------------------------------------------


def test_uniq_works_for_lists_of_objects_too() -> None:
    held = Dict({"l": List(Dict({"a": Int()}), uniq=True), "s": List(FreeDict(), uniq=True)})
    held.l = [{"a": 1}, {"a": 2}]
    held.s = [{"a": 1}, {"a": True}]
    with pytest.raises(ValidationError) as refused:
        held.l.append({"a": 1})
    assert refused.value.messages == {"$.l[2]": ["Repeats the value at position 0."]}


def test_bounds_of_a_list_may_be_functions() -> None:
    held = Dict({"most": Int(default=1), "l": List(Int(), max=lambda root: root.most)})
    held.l = [1]
    with pytest.raises(ValidationError, match="at most 1 elements"):
        held.l.append(2)
    held.most = 2
    held.l.append(2)
    assert held.l == [1, 2]
