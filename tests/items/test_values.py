"""Values that are set: checked at once, all or nothing, independent of whoever gave them."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

import pytest

from backo_sql import (
    BackoError,
    Bool,
    Bytes,
    Complex,
    ConstraintError,
    Date,
    Datetime,
    Decimal,
    DescriptionError,
    Dict,
    Email,
    Float,
    FreeDict,
    In,
    Int,
    IpAddress,
    IpNetwork,
    Item,
    List,
    PathNotFoundError,
    Ref,
    RefsList,
    SAttributeError,
    SConstraintError,
    SError,
    SKeyError,
    SRightError,
    SSyntaxError,
    String,
    STypeError,
    Time,
    Tuple,
    TypeMismatchError,
    Url,
    ValidationError,
)


def person() -> Dict:
    """A description with something of everything."""
    return Dict(
        {
            "name": String(required=True, max_length=20),
            "age": Int(min=0, max=150),
            "height": Float(min=0),
            "nick": List(String(max_length=5), default=[], max=4),
            "home": Dict({"city": String(default="Ulm"), "zip": String(pattern=r"\d{5}$"), "since": Date()}),
            "visits": List(Dict({"year": Int(required=True), "notes": List(String())})),
            "matrix": List(List(Int(max=9))),
        }
    )


def ada() -> Dict:
    made = person()
    made.set(
        {
            "name": "Ada",
            "age": 36,
            "nick": ["A.", "Al"],
            "home": {"city": "London"},
            "visits": [{"year": 1830, "notes": ["rain"]}, {"year": 1840}],
        }
    )
    return made


def refused(change: Any, *arguments: Any) -> dict[str, list[str]]:
    """Return the messages of a refusal."""
    with pytest.raises(ValidationError) as error:
        change(*arguments)
    return error.value.messages


def paths(change: Any, *arguments: Any) -> set[str]:
    return set(refused(change, *arguments))


# -- scalars are plain -----------------------------------------------------------------------------


def test_reading_a_scalar_gives_the_plain_value() -> None:
    made = ada()
    assert type(made.name) is str
    assert type(made.age) is int
    assert made.height is None
    assert made.age + 1 == 37
    assert 1 + made.age == 37
    assert {made.name: 1} == {"Ada": 1}
    assert f"{made.name:>5}" == "  Ada"


def test_arithmetic_is_not_bound_by_the_rules_of_the_field() -> None:
    made = ada()
    assert made.age * 10 == 360
    assert made.age / 5 == 7.2


def test_adding_to_a_field_is_a_checked_write() -> None:
    made = ada()
    made.age += 1
    assert made.age == 37
    made.age = 150
    with pytest.raises(ConstraintError):
        made.age += 1
    assert made.age == 150


def test_the_truth_of_a_value_is_that_of_the_plain_value() -> None:
    made = Dict({"borrowed": Bool(default=False), "count": Int(default=0), "name": String()})
    assert not made.borrowed
    assert not made.count
    assert not made.name
    made.borrowed = not made.borrowed
    assert made.borrowed is True


# -- a write is checked at once, and leaves the old value when it is refused ---------------------------


@pytest.mark.parametrize(
    ("name", "bad", "error"),
    [
        ("name", 12, TypeMismatchError),
        ("name", "x" * 21, ConstraintError),
        ("name", None, ConstraintError),
        ("age", "36", TypeMismatchError),
        ("age", 36.5, TypeMismatchError),
        ("age", True, TypeMismatchError),
        ("age", -1, ConstraintError),
        ("age", 151, ConstraintError),
        ("height", "tall", TypeMismatchError),
        ("nick", "A.", TypeMismatchError),
        ("home", 3, TypeMismatchError),
        ("home", [], TypeMismatchError),
    ],
)
def test_a_refused_write_leaves_the_old_value(name: str, bad: Any, error: type[ValidationError]) -> None:
    for write in (lambda made: setattr(made, name, bad), lambda made: made.set({name: bad})):
        made = ada()
        before = made.get_value()
        with pytest.raises(error) as told:
            write(made)
        assert list(told.value.messages) == [f"$.{name}"]
        assert all(text.endswith(".") for texts in told.value.messages.values() for text in texts)
        assert made.get_value() == before


def test_errors_are_also_the_builtin_ones() -> None:
    made = ada()
    with pytest.raises(TypeError):
        made.age = "x"
    with pytest.raises(ValueError, match="age"):
        made.age = -1
    with pytest.raises(AttributeError):
        made.nothing = 1
    with pytest.raises(LookupError):
        made.nothing = 1


def test_the_original_names_of_the_errors_catch_them() -> None:
    made = ada()
    with pytest.raises(STypeError):
        made.age = "x"
    with pytest.raises(SConstraintError):
        made.age = -1
    with pytest.raises(SAttributeError):
        made.nothing = 1
    with pytest.raises(SKeyError):
        _ = made.nothing
    with pytest.raises(SSyntaxError):
        String(requird=True)  # type: ignore[call-arg]
    computed = Dict({"a": Int(set=lambda: 1)})
    with pytest.raises(SRightError):
        computed.a = 2
    with pytest.raises(SError):
        made.age = -1


def test_no_original_name_catches_more_than_it_did() -> None:
    with pytest.raises(ConstraintError) as told:
        ada().age = -1
    assert not isinstance(told.value, STypeError)
    with pytest.raises(TypeMismatchError) as mismatch:
        ada().age = "x"
    assert not isinstance(mismatch.value, SConstraintError)


def test_several_fields_are_all_set_or_none_with_every_fault_by_path() -> None:
    made = ada()
    before = made.get_value()
    messages = refused(
        made.set,
        {
            "name": "Grace",
            "age": 200,
            "nick": ["ok", 3, "far too long"],
            "home": {"city": 5, "zip": "12", "since": "yesterday", "street": "x"},
            "visits": [{"year": 1}, {"notes": ["a", None, 7]}, 4],
            "matrix": [[1], [2, 10], None],
            "unknown": 1,
        },
    )
    assert messages.keys() == {
        "$.age",
        "$.nick[1]",
        "$.nick[2]",
        "$.home.city",
        "$.home.zip",
        "$.home.since",
        "$.home.street",
        "$.visits[1].year",
        "$.visits[1].notes[2]",
        "$.visits[2]",
        "$.matrix[1][1]",
        "$.unknown",
    }
    assert messages["$.unknown"] == ["Unknown field."]
    assert messages["$.visits[1].year"] == ["Is required."]
    assert made.get_value() == before


def test_a_set_is_partial_at_every_depth_of_a_dict() -> None:
    made = ada()
    made.set({"home": {"zip": "89073"}})
    assert made.home == {"city": "London", "zip": "89073", "since": None}
    assert made.name == "Ada"


def test_assigning_a_dict_replaces_the_whole_of_it() -> None:
    made = ada()
    made.home = {"zip": "89073"}
    assert made.home == {"city": "Ulm", "zip": "89073", "since": None}


def test_an_unknown_name_is_an_error_on_reading_and_writing() -> None:
    made = ada()
    with pytest.raises(PathNotFoundError, match="nothing"):
        _ = made.nothing
    with pytest.raises(PathNotFoundError, match="nothing"):
        made.nothing = 1
    assert not hasattr(made, "nothing")
    assert getattr(made, "nothing", 7) == 7
    assert paths(made.set, {"nothing": 1}) == {"$.nothing"}
    assert paths(made.set, {1: 1}) == {"$.1"}


def test_only_a_mapping_can_be_set() -> None:
    made = ada()
    for wrong in (None, 3, "x", [("name", "x")]):
        assert paths(made.set, wrong) == {"$"}
    assert made.name == "Ada"


# -- None, defaults, required ----------------------------------------------------------------------


def test_a_fresh_field_holds_its_default_or_none() -> None:
    made = Dict({"a": Int(), "b": Int(default=3), "c": List(Int()), "d": Dict({"e": String(default="x")})})
    assert made.get_value() == {"a": None, "b": 3, "c": None, "d": {"e": "x"}}


def test_what_is_missing_takes_the_default_and_what_is_required_must_be_there() -> None:
    document = Dict({"inner": Dict({"a": Int(default=3), "b": Int(required=True), "c": Int(required=True, default=5)})})
    assert refused(setattr, document, "inner", {}) == {"$.inner.b": ["Is required."]}
    document.inner = {"b": 1}
    assert document.inner == {"a": 3, "b": 1, "c": 5}


def test_an_explicit_null_is_refused_beside_another_default() -> None:
    made = Dict({"a": Int(default=3), "b": Int(default=3, allow_none=True), "c": Int(default=None), "d": Int()})
    made.set({"a": 1, "b": 1, "c": 1, "d": 1})
    assert paths(made.set, {"a": None, "b": None, "c": None, "d": None}) == {"$.a"}
    made.set({"b": None, "c": None, "d": None})
    assert made == {"a": 1, "b": None, "c": None, "d": None}


def test_an_explicit_null_is_refused_where_the_field_is_required() -> None:
    made = Dict({"a": Int(required=True), "b": Int(required=True, default=3), "c": List(Int(), required=True)})
    assert paths(made.set, {"a": None, "b": None, "c": None}) == {"$.a", "$.b", "$.c"}


def test_null_skips_every_other_check() -> None:
    made = Dict(
        {
            "a": Int(min=3),
            "b": String(union=["x"], pattern="x$"),
            "c": Int(constraint=lambda value: value > 2),
            "d": List(Int(), min=1, uniq=True),
            "e": String(union=lambda: ["x"]),
        }
    )
    made.set({"a": 5, "b": "x", "c": 3, "d": [1], "e": "x"})
    made.set(dict.fromkeys("abcde"))
    assert made.get_value() == dict.fromkeys("abcde")


def test_null_empties_a_dict() -> None:
    made = ada()
    made.set({"home": None})
    assert made.home == {"city": "Ulm", "zip": None, "since": None}


def test_a_null_dict_that_requires_something_is_refused_by_path() -> None:
    made = Dict({"inner": Dict({"a": Int(required=True)})})
    made.set({"inner": {"a": 1}})
    assert paths(made.set, {"inner": None}) <= {"$.inner", "$.inner.a"}
    assert made.inner.a == 1


def test_defaults_are_copied_for_every_object() -> None:
    description = Dict(
        {"l": List(Int(), default=[1]), "d": Dict({"x": Int()}, default={"x": 4}), "f": FreeDict(default={"k": []})}
    )
    first, second = description.copy(), Dict({"l": List(Int(), default=[1])})
    first.l.append(2)
    first.f["k"].append(1)
    assert description.l == [1]
    assert second.l == [1]
    assert description.f == {"k": []}
    assert description.d == {"x": 4}


def test_the_list_that_was_given_as_a_default_can_change_without_harm() -> None:
    given: list[Any] = [1]
    description = List(Int(), default=given)
    given.append("x")
    assert description.get_value() == [1]


def test_the_default_of_a_dict_fills_what_it_names() -> None:
    made = Dict({"d": Dict({"x": Int(default=1), "y": Int(default=2)}, default={"x": 9})})
    assert made.d == {"x": 9, "y": 2}
    made.set({"d": {"y": 3}})
    assert made.d == {"x": 9, "y": 3}


@pytest.mark.parametrize(
    "describe",
    [
        lambda: Int(default="x"),
        lambda: Int(default=3, max=2),
        lambda: String(default="z", union=["a"]),
        lambda: String(default="1", pattern="[a-z]"),
        lambda: List(Int(), default=["x"]),
        lambda: List(Int(), default=[1, 1], uniq=True),
        lambda: List(Int(), default=[1], min=2),
        lambda: Dict({"a": Int()}, default={"a": "x"}),
        lambda: Dict({"a": Int()}, default={"b": 1}),
        lambda: Dict({"a": Int(required=True)}, default={}),
        lambda: Tuple((Int(), Int()), default=(1,)),
        lambda: Bool(default=0),
    ],
)
def test_a_default_that_breaks_its_own_rules_is_told_when_written(describe: Any) -> None:
    with pytest.raises(DescriptionError, match="default"):
        describe()


# -- copies and equality ---------------------------------------------------------------------------


@pytest.mark.parametrize("make", [lambda made: made.copy(), copy.copy, copy.deepcopy])
def test_copies_are_independent(make: Any) -> None:
    made = ada()
    other = make(made)
    assert other == made
    assert type(other) is type(made)
    other.name = "Grace"
    other.nick.append("G.")
    other.home.city = "York"
    other.visits[0].notes.append("sun")
    assert made == ada()
    made.visits[1].year = 1
    assert other.visits[1].year == 1840


def test_the_copy_of_a_part_is_a_whole_of_its_own() -> None:
    made = ada()
    home = made.home.copy()
    home.city = "York"
    assert made.home.city == "London"
    assert home.am_i_root()
    assert home.path_name() == "$"
    nick = made.nick.copy()
    nick.append("x")
    assert made.nick == ["A.", "Al"]
    with pytest.raises(ValidationError):
        nick.append(3)


def test_what_is_read_by_get_value_is_independent() -> None:
    made = ada()
    value = made.get_value()
    value["nick"].append(3)
    value["visits"][0]["notes"].clear()
    assert made == ada()


def test_what_was_given_can_change_without_harm() -> None:
    made = person()
    given = {"name": "Ada", "nick": ["a"], "visits": [{"year": 1, "notes": ["x"]}]}
    made.set(given)
    given["nick"].append(3)  # type: ignore[attr-defined]
    given["visits"][0]["notes"].append(3)  # type: ignore[index]
    assert made.nick == ["a"]
    assert made.visits[0].notes == ["x"]


def test_assigning_a_part_of_another_object_copies_it() -> None:
    one, two = ada(), person()
    two.set({"name": "Two"})
    two.nick = one.nick
    two.home = one.home
    two.visits = one.visits
    two.nick.append("x")
    two.home.city = "York"
    two.visits[0].notes.append("sun")
    assert one == ada()
    one.nick.clear()
    assert two.nick == ["A.", "Al", "x"]


def test_live_objects_and_stand_alone_fields_inside_plain_ones_are_taken_by_value() -> None:
    one, two = ada(), person()
    name, city = String(), String()
    name.set("Joan")
    city.set("Oslo")
    two.set(
        {
            "name": name,
            "nick": [one.nick[0], name],
            "home": {"city": city},
            "visits": [one.visits[0], {"year": one.age}],
        }
    )
    assert two.name == "Joan"
    assert two.nick == ["A.", "Joan"]
    assert two.home.city == "Oslo"
    assert two.visits == [{"year": 1830, "notes": ["rain"]}, {"year": 36, "notes": None}]
    two.name = one.name
    two.age = Int(default=5)
    assert (two.name, two.age) == ("Ada", 5)


def test_equality_works_against_plain_values() -> None:
    made = ada()
    assert made == made.get_value()
    assert made.get_value() == made
    assert made.home == {"city": "London", "zip": None, "since": None}
    assert made.home != {"city": "London"}
    assert made.nick == ["A.", "Al"]
    assert made.nick == ["A.", "Al"]
    assert made.nick != ["A."]
    assert made.nick != ("A.", "Al")
    assert made.visits == [{"year": 1830, "notes": ["rain"]}, {"year": 1840, "notes": None}]
    assert made.visits[0] == {"year": 1830, "notes": ["rain"]}
    assert made.name == "Ada"
    assert made != 3
    assert made != None  # noqa: E711 - what people write
    assert ada() == made
    other = ada()
    other.age = 1
    assert other != made
    assert "A." in made.nick
    assert {"year": 1840, "notes": None} in made.visits


def test_a_list_of_dicts_finds_by_value() -> None:
    made = ada()
    assert made.visits.index({"year": 1840, "notes": None}) == 1
    assert made.visits.count({"year": 1840, "notes": None}) == 1
    assert made.nick.index("Al") == 1
    assert made.nick.count("z") == 0


def test_live_objects_print_as_plain_values() -> None:
    made = Dict({"a": Int(), "l": List(String()), "d": Dict({"x": Int()})})
    made.set({"a": 1, "l": ["x"]})
    assert repr(made) == str(made) == f"{made}" == "{'a': 1, 'l': ['x'], 'd': {'x': None}}"
    assert repr(made.l) == str(made.l) == "['x']"
    assert repr(made.d) == "{'x': None}"


def test_live_objects_cannot_be_hashed() -> None:
    made = ada()
    for live in (made, made.nick, made.home):
        with pytest.raises(TypeError):
            hash(live)


# -- nesting ---------------------------------------------------------------------------------------


def test_paths_name_the_place_in_the_whole() -> None:
    made = ada()
    assert made.path_name() == "$"
    assert made.home.path_name() == "$.home"
    assert made.visits[1].path_name() == "$.visits[1]"
    assert made.visits[-1].notes.path_name() == "$.visits[1].notes"
    assert made.visits[0].notes.get_root() is made
    assert made.am_i_root()
    assert not made.visits[0].am_i_root()


def test_a_fault_in_a_part_names_the_whole_path() -> None:
    made = ada()
    assert paths(made.home.set, {"zip": "x"}) == {"$.home.zip"}
    assert paths(setattr, made.home, "zip", "x") == {"$.home.zip"}
    assert paths(setattr, made.visits[1], "year", "x") == {"$.visits[1].year"}
    assert paths(made.visits[0].notes.append, 3) == {"$.visits[0].notes[1]"}
    assert paths(made.visits.append, {"year": "x"}) == {"$.visits[2].year"}
    assert paths(made.nick.append, 3) == {"$.nick[2]"}
    made.matrix = [[1], [2]]
    assert paths(made.matrix[1].append, 10) == {"$.matrix[1][1]"}


def test_parts_that_are_held_stay_valid() -> None:
    made = ada()
    home, nick, notes = made.home, made.nick, made.visits[0].notes
    made.set({"home": {"city": "York"}, "nick": ["z"], "visits": [{"year": 1, "notes": ["new"]}]})
    assert (home.city, nick, notes) == ("York", ["z"], ["new"])
    home.city = "Bath"
    nick.append("y")
    notes.append("newer")
    assert made.home.city == "Bath"
    assert made.nick == ["z", "y"]
    assert made.visits[0].notes == ["new", "newer"]


# -- lists -----------------------------------------------------------------------------------------


def numbers(*values: int, **options: Any) -> Any:
    made = Dict({"n": List(Int(min=0), **options)})
    made.n = list(values)
    return made.n


def test_every_method_of_a_list_works() -> None:
    made = numbers(3, 1, 2)
    made.append(5)
    made.insert(0, 9)
    made.extend([7, 8])
    made += [4]
    assert made == [9, 3, 1, 2, 5, 7, 8, 4]
    assert made.pop() == 4
    assert made.pop(0) == 9
    made.remove(5)
    assert made == [3, 1, 2, 7, 8]
    made.sort()
    assert made == [1, 2, 3, 7, 8]
    made.sort(key=lambda value: -value)
    made.sort(reverse=True)
    made.reverse()
    assert made == [1, 2, 3, 7, 8]
    made[0] = 0
    made[1:3] = [5]
    del made[-1]
    assert made == [0, 5, 7]
    del made[:2]
    assert made == [7]
    made.clear()
    assert made == []
    made.set((1, 2))
    assert (len(made), made[0], made[-1], made[0:2], list(reversed(made)), 2 in made) == (2, 1, 2, [1, 2], [2, 1], True)
    assert made.index(2) == 1
    assert made.count(1) == 1
    assert bool(made)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda made: made.append(-1), "$.n[3]"),
        (lambda made: made.append("x"), "$.n[3]"),
        (lambda made: made.insert(1, "x"), "$.n[1]"),
        (lambda made: made.extend([5, "x"]), "$.n[4]"),
        (lambda made: made.__iadd__(["x"]), "$.n[3]"),
        (lambda made: made.__setitem__(1, -1), "$.n[1]"),
        (lambda made: made.__setitem__(slice(1, 3), [5, None, "x"]), "$.n[3]"),
        (lambda made: made.set([1, "x"]), "$.n[1]"),
        (lambda made: made.append(3), "$.n[3]"),
        (lambda made: made.extend([4, 4]), "$.n[4]"),
        (lambda made: made.extend([4, 5, 6]), "$.n"),
        (lambda made: made.clear(), "$.n"),
        (lambda made: made.__delitem__(slice(0, 3)), "$.n"),
    ],
)
def test_every_change_of_a_list_is_checked(change: Any, path: str) -> None:
    made = numbers(3, 1, 2, min=1, max=5, uniq=True)
    assert paths(change, made) == {path}
    assert made == [3, 1, 2]


def test_the_last_element_of_a_list_with_a_minimum_cannot_be_taken() -> None:
    made = numbers(3, min=1)
    for take in (made.pop, lambda: made.remove(3), lambda: made.__delitem__(0)):
        assert paths(take) == {"$.n"}
    assert made == [3]


def test_a_list_fails_as_pythons_list_does() -> None:
    made = numbers(3, 1)
    with pytest.raises(IndexError):
        _ = made[2]
    with pytest.raises(IndexError):
        made[2] = 1
    with pytest.raises(IndexError):
        made.pop(5)
    with pytest.raises(ValueError, match=r".*"):
        made.remove(8)
    with pytest.raises(ValueError, match=r".*"):
        made.index(8)
    with pytest.raises(TypeError):
        made.sort(key=3)
    assert made == [3, 1]


def test_several_values_are_put_into_a_list_or_none() -> None:
    made = numbers(1)
    with pytest.raises(ValidationError):
        made.extend([2, 3, "x"])
    assert made == [1]


def test_a_list_without_a_value_is_empty_and_can_be_added_to() -> None:
    for add in (
        lambda made: made.append(1),
        lambda made: made.insert(0, 1),
        lambda made: made.extend([1]),
        lambda made: made.__iadd__([1]),
        lambda made: made.__setitem__(slice(0, 0), [1]),
    ):
        made = Dict({"n": List(Int())})
        assert len(made.n) == 0
        assert list(made.n) == []
        assert 1 not in made.n
        assert not made.n
        assert made.get_value() == {"n": None}
        add(made.n)
        assert made.n == [1]
        assert made.get_value() == {"n": [1]}


def test_a_list_without_a_value_that_is_held_takes_the_first_one() -> None:
    made = Dict({"n": List(Int())})
    held = made.n
    held.append(1)
    made.n.append(2)
    held.append(3)
    assert made.n == held == [1, 2, 3]


def test_reading_a_list_without_a_value_keeps_it_without_one() -> None:
    made = Dict({"n": List(Int())})
    assert list(made.n) == []
    assert made == {"n": None}


def test_elements_that_are_dicts_are_live() -> None:
    made = ada()
    first = made.visits[0]
    first.year = 1835
    assert made.visits[0].year == 1835
    for visit in made.visits:
        visit.year += 1
    assert [visit.year for visit in made.visits] == [1836, 1841]
    made.visits.append({"year": 1850, "notes": ["x"]})
    made.visits[-1].notes.append("y")
    assert made.visits[2] == {"year": 1850, "notes": ["x", "y"]}
    assert made.visits.pop().get_value() == {"year": 1850, "notes": ["x", "y"]}
    assert len(made.visits) == 2
    assert made.visits[0:1] == [{"year": 1836, "notes": ["rain"]}]


def test_elements_that_are_dicts_can_be_removed_and_sorted() -> None:
    made = ada()
    made.visits.sort(key=lambda visit: -visit["year"])
    assert [visit.year for visit in made.visits] == [1840, 1830]
    made.visits.remove(made.visits[0])
    assert [visit.year for visit in made.visits] == [1830]


def test_repeats_are_found_in_a_list_of_dicts_too() -> None:
    made = Dict({"l": List(Dict({"x": Int(), "y": List(Int())}), uniq=True)})
    assert paths(setattr, made, "l", [{"x": 1, "y": [1]}, {"x": 2}, {"y": [1], "x": 1}]) == {"$.l[2]"}
    made.l = [{"x": 1}, {"x": 2}]
    assert paths(made.l.append, {"x": 2}) == {"$.l[2]"}
    messages = paths(setattr, made.l[1], "x", 1)
    assert messages == {"$.l[1]"}
    assert made.l == [{"x": 1, "y": None}, {"x": 2, "y": None}]


def test_a_change_inside_an_element_is_bound_by_the_list_around_it() -> None:
    made = Dict({"l": List(List(Int()), uniq=True)})
    made.l = [[1], [1, 2]]
    with pytest.raises(ValidationError):
        made.l[0].append(2)
    assert made.l == [[1], [1, 2]]


def test_elements_may_be_null_unless_they_are_required() -> None:
    made = Dict({"a": List(Int()), "b": List(Int(required=True))})
    made.a = [1, None]
    assert made.a == [1, None]
    assert paths(setattr, made, "b", [1, None]) == {"$.b[1]"}


# -- options -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["required", "require"])
def test_required_has_two_names(name: str) -> None:
    assert paths(setattr, Dict({"a": Int(**{name: True})}), "a", None) == {"$.a"}


@pytest.mark.parametrize("name", ["in", "union", "enum"])
def test_the_choices_have_three_names(name: str) -> None:
    made = Dict({"a": String(**{name: ["x", "y"]})})
    assert refused(setattr, made, "a", "z") == {"$.a": ["Must be one of: x, y."]}
    made.a = "y"


@pytest.mark.parametrize(("least", "most"), [("min", "max"), ("minimum", "maximum")])
def test_the_bounds_have_two_names_and_are_included(least: str, most: str) -> None:
    instant = datetime(2030, 1, 1, tzinfo=UTC)
    made = Dict(
        {
            "i": Int(**{least: 1, most: 2}),
            "f": Float(**{least: 1, most: 2}),
            "d": Datetime(**{least: instant, most: "2030-01-02T00:00:00Z"}),
            "l": List(Int(), **{least: 1, most: 2}),
        }
    )
    made.set({"i": 1, "f": 1, "d": instant, "l": [1]})
    made.set({"i": 2, "f": 2.0, "d": "2030-01-02T00:00:00Z", "l": [1, 2]})
    assert paths(made.set, {"i": 0, "f": 0.999, "d": "2029-12-31T23:59:59.999999Z", "l": []}) == {
        "$.i",
        "$.f",
        "$.d",
        "$.l",
    }
    assert paths(made.set, {"i": 3, "f": 2.001, "d": "2030-01-02T00:00:00.000001Z", "l": [1, 2, 3]}) == {
        "$.i",
        "$.f",
        "$.d",
        "$.l",
    }


@pytest.mark.parametrize("name", ["pattern", "patterns", "regexp", "reg"])
def test_the_pattern_has_four_names(name: str) -> None:
    for pattern in ("[a-z]+$", ["[a-z]", ".*[a-z]$"]):
        made = Dict({"a": String(**{name: pattern})})
        made.a = "abc"
        assert paths(setattr, made, "a", "abc1") == {"$.a"}


def test_all_patterns_of_a_list_must_match_from_the_start() -> None:
    made = Dict({"a": String(patterns=["a", ".*z"])})
    made.a = "abz!"
    for bad in ("ab", "xaz"):
        assert paths(setattr, made, "a", bad) == {"$.a"}


@pytest.mark.parametrize("name", ["transform", "trans"])
def test_the_transform_has_two_names(name: str) -> None:
    made = Dict({"a": String(**{name: str.upper})})
    made.a = "x"
    assert made.a == "X"


@pytest.mark.parametrize("name", ["constraint", "constraints"])
def test_the_constraint_has_two_names(name: str) -> None:
    for rule in (lambda value: value > 1, [lambda value: value > 0, lambda value: value > 1]):
        made = Dict({"a": Int(**{name: rule})})
        made.a = 2
        assert paths(setattr, made, "a", 1) == {"$.a"}


@pytest.mark.parametrize("name", ["onchange", "onChange", "on_change"])
def test_onchange_has_three_names(name: str) -> None:
    seen: list[Any] = []
    made = Dict({"a": Int(**{name: lambda old, new: seen.append((old, new))})})
    made.a = 2
    assert seen == [(None, 2)]


@pytest.mark.parametrize("name", ["set", "compute"])
def test_a_computed_field_has_two_names(name: str) -> None:
    made = Dict({"a": Int(), "b": Int(**{name: lambda root: root.a})})
    made.a = 2
    assert made.b == 2


@pytest.mark.parametrize("name", ["description", "desc"])
def test_the_description_has_two_names(name: str) -> None:
    assert Dict({"a": Int(**{name: "how many"})}).get_schema()["sub_scheme"]["a"]["description"] == "how many"
    assert Dict({"a": Int(**{name: None})}).get_schema()["sub_scheme"]["a"]["description"] is None


@pytest.mark.parametrize("name", ["views", "view"])
def test_the_views_have_two_names(name: str) -> None:
    made = Dict({"a": Int(**{name: ["short"]}), "b": Int()})
    assert made.get_view("+short") == {"a": None}


@pytest.mark.parametrize("name", ["can_modify", "modify", "write", "can_write"])
def test_the_right_to_change_has_four_names(name: str) -> None:
    made = Dict({"a": Int(**{name: False})})
    made.enable_permissions()
    assert not made.can_modify("a")


@pytest.mark.parametrize("name", ["can_read", "read"])
def test_the_right_to_read_has_two_names(name: str) -> None:
    made = Dict({"a": Int(**{name: False})})
    made.enable_permissions()
    assert not made.can_read("a")


TYPES = [
    (String, ()),
    (Int, ()),
    (Float, ()),
    (Decimal, ()),
    (Bool, ()),
    (Bytes, ()),
    (Datetime, ()),
    (Date, ()),
    (Time, ()),
    (List, (Int(),)),
    (Tuple, ((Int(), Int()),)),
    (Dict, ({"x": Int()},)),
    (In, ([Int(), String()],)),
    (FreeDict, ()),
    (Complex, ()),
    (IpAddress, ()),
    (IpNetwork, ()),
    (Url, ()),
    (Email, ()),
    (Item, ({"x": Int()},)),
]


@pytest.mark.parametrize(("type_", "arguments"), TYPES)
@pytest.mark.parametrize("misspelt", ["requird", "defalt", "minn", "foo", "uniqe", "on_chnge"])
def test_an_unknown_option_is_told_when_written(type_: Any, arguments: Any, misspelt: str) -> None:
    with pytest.raises(DescriptionError, match=misspelt):
        type_(*arguments, **{misspelt: None})
    with pytest.raises(TypeError):
        type_(*arguments, **{misspelt: None})


def test_a_misspelt_option_is_answered_with_the_nearest() -> None:
    with pytest.raises(DescriptionError, match="'required'"):
        String(requird=True)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("one", "two", "value"),
    [
        ("required", "require", True),
        ("in", "union", [1]),
        ("union", "enum", [1]),
        ("min", "minimum", 1),
        ("max", "maximum", 1),
        ("description", "desc", "x"),
        ("transform", "trans", abs),
        ("constraint", "constraints", abs),
        ("onchange", "onChange", lambda old, new: None),
        ("set", "compute", lambda: 1),
        ("views", "view", []),
        ("can_modify", "write", True),
        ("can_read", "read", True),
    ],
)
def test_two_names_of_one_option_together_are_an_error(one: str, two: str, value: Any) -> None:
    with pytest.raises(DescriptionError, match="two names"):
        Int(**{one: value, two: value})


@pytest.mark.parametrize(
    "options",
    [
        {"required": 1},
        {"required": "yes"},
        {"allow_none": 1},
        {"description": 3},
        {"union": "abc"},
        {"union": 3},
        {"union": []},
        {"union": ["x"]},
        {"min": "x"},
        {"min": 3, "max": 2},
        {"max": object()},
        {"transform": 3},
        {"constraint": 3},
        {"constraints": [3]},
        {"onchange": 3},
        {"set": 3},
        {"exists": 3},
        {"exists": None},
        {"views": "short"},
        {"views": [3]},
        {"on": 3},
        {"on": [("x", 3)]},
        {"on": [(3, print)]},
        {"on": ["x"]},
        {"can_read": 3},
        {"can_modify": "yes"},
        {"can_fly": 1},
        {"unique": 1},
        {"index": "yes"},
    ],
)
def test_an_option_of_a_wrong_type_is_told_by_name(options: Any) -> None:
    with pytest.raises(DescriptionError, match="|".join([*options, "'in'"])):
        Int(**options)


@pytest.mark.parametrize("pattern", ["(", "[a", "*", ["a", "("]])
def test_a_bad_regular_expression_is_told_when_written(pattern: Any) -> None:
    with pytest.raises(DescriptionError):
        String(pattern=pattern)


@pytest.mark.parametrize(
    "schema", [45, None, [("a", Int())], {"a": Int}, {"a": dict}, {"a": 3}, {"a": None}, {3: Int()}]
)
def test_a_schema_holds_fields_by_name(schema: Any) -> None:
    for container in (Dict, Item):
        with pytest.raises(DescriptionError):
            container(schema)


def test_a_class_that_was_not_called_is_told_as_such() -> None:
    with pytest.raises(DescriptionError, match=r"call it, as in String\(\)"):
        Dict({"a": String})


# -- reserved names ----------------------------------------------------------------------------------

FREE = [
    "items",
    "values",
    "keys",
    "get",
    "update",
    "pop",
    "name",
    "type",
    "id",
    "meta",
    "raw",
    "value",
    "key",
    "owner",
    "status",
    "version",
]


@pytest.mark.parametrize("name", FREE)
def test_names_that_a_mapping_uses_are_free_for_fields(name: str) -> None:
    made = Dict({name: Int(), "inner": Dict({name: Int()})})
    setattr(made, name, 3)
    made.set({"inner": {name: 4}})
    assert getattr(made, name) == 3
    assert made.copy() == {name: 3, "inner": {name: 4}}


@pytest.mark.parametrize(
    "name",
    [
        "set",
        "get_value",
        "copy",
        "check",
        "rollback",
        "trigg",
        "get_view",
        "get_schema",
        "add_to_model",
        "remove_model",
        "match",
        "multi_select",
        "patch",
        "enable_permissions",
        "path_name",
        "get_root",
    ],
)
def test_the_names_of_methods_are_refused(name: str) -> None:
    for container in (Dict, Item):
        with pytest.raises(DescriptionError, match=name):
            container({name: Int()})


@pytest.mark.parametrize("name", ["save", "create", "load", "reload", "delete", "new", "select"])
def test_the_names_of_the_verbs_of_an_item_are_refused_in_an_item(name: str) -> None:
    with pytest.raises(DescriptionError, match=name):
        Item({name: Int()})


@pytest.mark.parametrize("name", ["_a", "a_", "a__b", "1a", "a b", "a.b", "", "é", "a-b", "_id", "_meta", "a\n"])
def test_names_of_fields_are_letters_digits_and_single_underscores(name: str) -> None:
    for container in (Dict, Item):
        with pytest.raises(DescriptionError):
            container({name: Int()})


def test_names_must_differ_in_more_than_case() -> None:
    with pytest.raises(DescriptionError, match="case"):
        Dict({"Name": Int(), "name": Int()})


# -- a field that stands alone -------------------------------------------------------------------------


def test_a_field_stands_alone_and_holds_a_value() -> None:
    a = Int(min=0)
    assert a.get_value() is None
    a.set(22)
    assert a.get_value() == 22
    with pytest.raises(ConstraintError) as error:
        a.set(-1)
    assert list(error.value.messages) == ["$"]
    with pytest.raises(TypeMismatchError):
        a.set("x")
    assert a.get_value() == 22
    a.set(None)
    assert a.get_value() is None


def test_a_field_that_stands_alone_has_its_default() -> None:
    a = Int(default=3)
    assert a.get_value() == 3
    a.set(4)
    assert a.get_value() == 4
    made = Int(default=lambda: 7)
    assert made.get_value() == 7


def test_the_default_function_of_a_field_that_stands_alone_runs_once() -> None:
    calls: list[int] = []

    def count() -> int:
        calls.append(1)
        return len(calls)

    a = Int(default=count)
    assert (a.get_value(), a.get_value()) == (1, 1)


def test_a_field_that_stands_alone_applies_its_functions() -> None:
    a = Int(transform=abs, constraint=lambda value: value < 10)
    a.set(-3)
    assert a.get_value() == 3
    with pytest.raises(ConstraintError):
        a.set(10)
    assert a.get_value() == 3


def test_a_field_can_be_set_to_another() -> None:
    a, b = Int(), Int()
    a.set(3)
    b.set(a)
    assert b.get_value() == 3


def test_a_description_that_was_used_elsewhere_shares_no_value() -> None:
    a = Int(default=1)
    one, two = Dict({"a": a}), Dict({"a": a})
    one.a = 2
    a.set(3)
    assert (one.a, two.a) == (2, 1)


def test_a_list_and_a_free_dict_stand_alone() -> None:
    tags = List(String(), max=2)
    tags.set(["a"])
    tags.append("b")
    assert paths(tags.append, "c") == {"$"}
    assert paths(tags.append, 3) == {"$[2]"}
    assert tags.get_value() == ["a", "b"]
    free = FreeDict()
    free.set({"a": [1, {"b": None}]})
    assert free == {"a": [1, {"b": None}]}


def test_a_live_value_is_set_back_from_what_was_read() -> None:
    one, two = ada(), person()
    two.set(one.get_value())
    assert two == one


# -- rollback ----------------------------------------------------------------------------------------


def test_rollback_puts_back_what_a_field_held_before() -> None:
    made = ada()
    made.age = 37
    made.age = 38
    made.rollback()
    assert made.age == 37


def test_rollback_of_a_set_puts_back_every_field() -> None:
    made = ada().copy()
    made.set({"age": 1, "home": {"city": "York"}, "nick": ["x"]})
    made.rollback()
    assert made == ada()


def test_rollback_of_a_list_puts_back_the_whole_list() -> None:
    made = ada()
    made.nick.append("x")
    made.nick.rollback()
    assert made.nick == ["A.", "Al"]
    made.nick[0] = "y"
    made.rollback()
    assert made.nick == ["A.", "Al"]


def test_rollback_of_what_was_never_written_changes_nothing() -> None:
    made = Dict({"a": Int(default=3), "l": List(Int())})
    made.rollback()
    made.l.rollback()
    assert made == {"a": 3, "l": None}
    made.a = 4
    made.rollback()
    assert made.a == 3


def test_rollback_of_a_refused_write_goes_back_to_before_the_last_accepted_one() -> None:
    made = ada()
    made.age = 40
    with pytest.raises(ValidationError):
        made.age = -1
    made.rollback()
    assert made.age == 36


def test_a_field_that_stands_alone_rolls_back() -> None:
    a = Int(default=1)
    a.rollback()
    assert a.get_value() == 1
    a.set(2)
    a.set(3)
    a.rollback()
    assert a.get_value() == 2


# -- check -------------------------------------------------------------------------------------------


def test_check_raises_what_set_would_raise_and_changes_nothing() -> None:
    made = ada()
    before = made.get_value()
    assert made.check({"age": 3}) is None
    for bad in ({"age": -1, "nick": [3]}, {"nothing": 1}, {"name": None}, 3, None):
        assert refused(made.check, bad) == refused(made.set, bad)
    made.check({"home": {"city": "York"}})
    assert made == before
    assert made.age == 36


def test_check_works_on_parts() -> None:
    made = ada()
    assert paths(made.home.check, {"zip": "x"}) == {"$.home.zip"}
    made.nick.check(["a"])
    assert paths(made.nick.check, [3]) == {"$.nick[0]"}
    made.visits[1].check({"year": 3})
    assert paths(made.visits[1].check, {"year": "x"}) == {"$.visits[1].year"}
    assert made == ada()


def test_check_looks_at_the_whole_and_tells_nobody() -> None:
    seen: list[Any] = []
    made = Dict(
        {"a": Int(onchange=lambda old, new: seen.append(new)), "b": Int(constraint=lambda value, root: value > root.a)}
    )
    made.set({"a": 1, "b": 2})
    seen.clear()
    assert paths(made.check, {"a": 2}) == {"$.b"}
    made.check({"a": 0})
    assert seen == []
    assert made == {"a": 1, "b": 2}


def test_check_of_a_field_that_stands_alone() -> None:
    a = Int(max=3)
    a.set(1)
    assert a.check(2) is None
    assert paths(a.check, 4) == {"$"}
    assert a.get_value() == 1


# -- changing the description of one object ------------------------------------------------------------


def test_a_field_can_be_added_to_one_object() -> None:
    description = person()
    made = description.copy()
    made.add_to_model("email", String(required=True, pattern=".+@"))
    made.email = "a@b"
    assert paths(setattr, made, "email", "x") == {"$.email"}
    assert made.get_value()["email"] == "a@b"
    assert "email" in made.get_schema()["sub_scheme"]
    assert made.copy().email == "a@b"
    with pytest.raises(PathNotFoundError):
        description.email = "a@b"


def test_an_added_field_has_its_default_and_may_be_a_container() -> None:
    made = Dict({"a": Int()})
    made.add_to_model("b", Int(default=3))
    made.add_to_model("c", Dict({"x": List(Int(), default=[1])}))
    made.c.x.append(2)
    assert made == {"a": None, "b": 3, "c": {"x": [1, 2]}}


def test_an_added_field_may_be_computed() -> None:
    made = Dict({"a": Int()})
    made.add_to_model("b", Int(set=lambda root: (root.a or 0) + 1))
    made.a = 3
    assert made.b == 4


@pytest.mark.parametrize(
    ("name", "field"), [("a", Int()), ("A", Int()), ("set", Int()), ("_x", Int()), ("b", 3), ("b", Int)]
)
def test_an_added_field_is_checked_as_any_other(name: str, field: Any) -> None:
    made = Dict({"a": Int()})
    with pytest.raises(DescriptionError):
        made.add_to_model(name, field)
    assert made == {"a": None}


def test_a_field_can_be_removed_from_one_object() -> None:
    description = person()
    made = description.copy()
    made.set({"name": "Ada", "age": 3})
    made.remove_model("age")
    assert "age" not in made.get_value()
    assert "age" not in made.get_schema()["sub_scheme"]
    assert not hasattr(made, "age")
    with pytest.raises(PathNotFoundError):
        made.age = 3
    assert paths(made.set, {"age": 3}) == {"$.age"}
    description.age = 3
    assert description.age == 3
    with pytest.raises(DescriptionError):
        made.remove_model("age")


def test_a_part_can_be_given_a_field_and_keeps_it() -> None:
    made = ada()
    made.home.add_to_model("street", String(max_length=3))
    made.home.street = "Elm"
    assert made.home.street == "Elm"
    assert made.get_value()["home"]["street"] == "Elm"
    assert paths(made.set, {"home": {"street": "Long"}}) == {"$.home.street"}
    assert made.copy().home.street == "Elm"


def test_an_item_keeps_what_the_library_adds_when_a_field_is_added() -> None:
    item = Item({"a": Int()})
    item.add_to_model("b", Int())
    item.b = 3
    assert item.get_value().keys() == {"a", "b", "_id", "_meta"}
    item.remove_model("b")
    assert item.get_value().keys() == {"a", "_id", "_meta"}
    with pytest.raises(DescriptionError):
        item.remove_model("_id")


def test_equal_descriptions_have_equal_schemas_whatever_the_values() -> None:
    assert ada().get_schema() == person().get_schema()
    other = person()
    other.add_to_model("x", Int())
    assert other.get_schema() != person().get_schema()


# -- a Dict of one's own -------------------------------------------------------------------------------


class Point(Dict):
    """A structure that is used as a type."""

    def __init__(self, **options: Any) -> None:
        super().__init__({"x": Float(default=0), "y": Float(default=0)}, **options)

    def norm(self) -> float:
        return float((self.x**2 + self.y**2) ** 0.5)

    @property
    def quadrant(self) -> int:
        return 1 if self.x >= 0 and self.y >= 0 else 2

    def move(self, by: float) -> None:
        self.x += by

    def __repr__(self) -> str:
        return f"<{self.x},{self.y}>"


def test_a_subclass_of_dict_is_a_type_with_methods() -> None:
    point = Point()
    point.set({"x": 3, "y": 4})
    assert point.norm() == 5
    assert repr(point) == "<3.0,4.0>"
    made = Dict({"at": Point(), "corners": List(Point()), "origin": Point(default={"x": 1})})
    made.at = point
    made.at.move(1)
    assert (made.at.x, point.x) == (4, 3)
    assert isinstance(made.at, Point)
    assert made.at.quadrant == 1
    made.corners = [{"x": 6, "y": 8}]
    assert isinstance(made.corners[0], Point)
    assert made.corners[0].norm() == 10
    assert made.origin.norm() == 1
    assert isinstance(made.copy().at, Point)
    assert isinstance(made.get_view(None).at, Point)
    assert paths(made.at.set, {"x": "far"}) == {"$.at.x"}


def test_a_subclass_of_dict_can_be_subclassed() -> None:
    class Pixel(Point):
        def double(self) -> float:
            return 2 * self.norm()

    pixel = Pixel(description="a dot")
    pixel.set({"x": 3, "y": 4})
    assert pixel.double() == 10


def test_the_methods_of_a_subclass_are_names_that_its_fields_cannot_have() -> None:
    class Circle(Dict):
        def __init__(self, **options: Any) -> None:
            super().__init__({"area": Float()}, **options)

        def area(self) -> float:
            return 0

    with pytest.raises(DescriptionError, match="area"):
        Circle()


# -- Items that stand alone ------------------------------------------------------------------------------


def test_a_description_of_items_holds_values_but_knows_no_collection() -> None:
    item = Item({"name": String(required=True), "tags": List(String())})
    item.name = "x"
    item.tags.append("y")
    assert item.name == "x"
    for verb in (
        item.save,
        item.reload,
        item.delete,
        item.new,
        lambda: item.load("1"),
        lambda: item.create({"name": "x"}),
    ):
        with pytest.raises(BackoError, match="collection"):
            verb()


def test_the_values_of_links_are_ids() -> None:
    item = Item({"one": Ref(coll="things"), "many": RefsList(coll="things")})
    item.set({"one": "a", "many": ["a", "b"]})
    assert (item.one, item.many) == ("a", ["a", "b"])
    assert paths(item.set, {"one": 3, "many": ["a", "a", 3]}) == {"$.one", "$.many[1]", "$.many[2]"}
    item.many.append("c")
    assert paths(item.many.append, "a") == {"$.many[3]"}
    item.many.remove("b")
    assert item.many == ["a", "c"]
    item.many = None
    assert item.many == []
