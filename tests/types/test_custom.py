"""Types of a user's own, their column types, and what the database itself enforces of a type."""

from __future__ import annotations

import datetime
import decimal
from typing import Any

import pytest
import sqlalchemy as sa

from backo_sql import (
    Bytes,
    Complex,
    Date,
    DBSQLConnector,
    Decimal,
    DescriptionError,
    Dict,
    Extend,
    Float,
    Item,
    Kind,
    List,
    String,
    Time,
    ValidationError,
    register_column_type,
)
from backo_sql.types.registry import PUBLIC_TYPES, register_type
from tests.support import Open, describe

# -- Decimal ---------------------------------------------------------------------------------------------


def test_sqlite_has_no_room_for_more_than_18_digits() -> None:
    with pytest.raises(DescriptionError, match=r"things: \$\.box\.price is a Decimal of 19 digits"):
        describe(DBSQLConnector("sqlite://"), things=Item({"box": Dict({"price": Decimal(precision=19)})})).create_all()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_postgresql_has_room_for_many_digits(open_backoffice: Open) -> None:
    backoffice = open_backoffice(things=Item({"price": Decimal(precision=1000, scale=500)}))
    value = decimal.Decimal("9" * 500 + "." + "1" * 500)
    item = backoffice.things.create({"price": value})

    assert backoffice.things.get_by_id(item._id).price == value


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scale": 3, "precision": 2}, "scale=3 above precision=2"),
        ({"precision": 1001}, "at most 1000"),
        ({"scale": 2, "min": "0.001"}, "at most 2 decimal places"),
        ({"min": 2, "max": 1}, "above max"),
        ({"scale": 1, "default": "0.25"}, "at most 1 decimal places"),
    ],
)
def test_decimal_options_that_do_not_fit_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(DescriptionError, match=message):
        Decimal(**options)


def test_decimals_sort_and_compare_by_value(db: DBSQLConnector, open_backoffice: Open) -> None:
    backoffice = open_backoffice(things=Item({"price": Decimal(scale=2)}))
    for price in ("-10.5", "-2", "0", "2", "10.5", "1000000"):
        backoffice.things.create({"price": price})

    assert {str(item.price) for item in backoffice.things.select({"price": ("$lt", "2.01")})} == {
        "-10.50",
        "-2.00",
        "0.00",
        "2.00",
    }
    column = backoffice.things.table.c.price
    with db.engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.max(column))) == decimal.Decimal("1000000.00")
        assert connection.scalars(sa.select(column).order_by(column)).all()[0] == decimal.Decimal("-10.50")


# -- what the database enforces --------------------------------------------------------------------------

RULES = [
    ("price", Decimal(scale=2, min=-1, max="9.99"), decimal.Decimal("9.99"), decimal.Decimal("10.00")),
    ("price", Decimal(scale=2, union=["0.5", 1]), decimal.Decimal("0.50"), decimal.Decimal("0.51")),
    ("day", Date(min="2000-01-01"), datetime.date(2000, 1, 1), datetime.date(1999, 12, 31)),
    ("at", Time(max="12:00"), datetime.time(12), datetime.time(12, 0, 0, 1)),
    ("at", Time(union=["09:30"]), datetime.time(9, 30), datetime.time(9, 31)),
    ("raw", Bytes(max_length=2), b"\xff'", b"abc"),
    ("raw", Bytes(union=[b"\xff\\'", "QUJD"]), b"\xff\\'", b"x"),
]


@pytest.mark.parametrize(("name", "field", "good", "bad"), RULES)
def test_constants_are_rules_of_the_database(
    db: DBSQLConnector, open_backoffice: Open, name: str, field: Any, good: Any, bad: Any
) -> None:
    backoffice = open_backoffice(things=Item({name: field}))
    table = backoffice.things.table
    with db.engine.begin() as connection:
        connection.execute(sa.insert(table).values({"_id": "a", name: good}))
    with pytest.raises(sa.exc.IntegrityError), db.engine.begin() as connection:
        connection.execute(sa.insert(table).values({"_id": "b", name: bad}))

    assert getattr(backoffice.things.get_by_id("a"), name) == good


# -- Extend ----------------------------------------------------------------------------------------------


class Version(Extend):
    """`1.12.0`, ordered as versions are."""

    ordered = True

    def __init__(self, **options: Any) -> None:
        super().__init__(tuple, **options)

    def __json_encode__(self, value: Any) -> Any:
        return ".".join(f"{part:05}" for part in value)

    def __json_decode__(self, stored: Any) -> Any:
        return tuple(int(part) for part in stored.split("."))

    def check_type(self, value: Any) -> None:
        super().check_type(value)
        if not all(isinstance(part, int) for part in value):
            raise TypeError("Must hold numbers only.")

    def check_constraints(self, value: Any) -> None:
        super().check_constraints(value)
        if len(value) > 3:
            raise ValueError("Must have at most 3 parts.")


class Opaque:
    """A class of a user's without any method."""


def test_a_type_of_ones_own_is_filtered_and_limited_as_any(open_backoffice: Open) -> None:
    backoffice = open_backoffice(
        things=Item({"version": Version(union=[(1, 2), (1, 12), (2, 0)], unique=True), "past": List(Version())})
    )
    for version in ((1, 2), (1, 12), "2.0"):
        backoffice.things.create({"version": version, "past": [version, (0, 1)]})

    assert [item.version for item in backoffice.things.select({"version": ("$lt", (1, 10))})] == [(1, 2)]
    assert backoffice.things.count({"version": ("$in", ["1.12", (2, 0)])}) == 2
    assert backoffice.things.select({"version": ("$eq", (2, 0))})[0].past == [
        (2, 0),
        (0, 1),
    ]
    with pytest.raises(ValidationError, match="Must be one of"):
        backoffice.things.create({"version": "3.0"})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("a",), "Must hold numbers only."),
        ((1, 2, 3, 4), "Must have at most 3 parts."),
        ("one", "invalid literal for int"),
        (3, "Must be tuple, not an integer."),
    ],
)
def test_its_own_checks_speak_to_the_sender(given: Any, message: str) -> None:
    held = Dict({"version": Version()})
    with pytest.raises(ValidationError, match=message) as refused:
        held.version = given

    assert list(refused.value.messages) == ["$.version"]


def test_mistakes_in_a_type_of_ones_own_are_told() -> None:
    class Wrong(Extend):
        def __init__(self, **options: Any) -> None:
            super().__init__(Opaque, **options)

        def __json_encode__(self) -> Any:
            return 12

        def __json_decode__(self, stored: Any) -> Any:
            return Opaque()

    with pytest.raises(DescriptionError, match=r"__json_encode__ returned 12: a text was expected"):
        Dict({"wrong": Wrong()}).set({"wrong": Opaque()})

    class Linked(Wrong):
        kind = Kind.LINKS

    with pytest.raises(DescriptionError, match="a Kind of a column was expected"):
        Linked()
    with pytest.raises(DescriptionError, match="wraps a Python class"):
        Extend("text")  # type: ignore[arg-type]
    with pytest.raises(DescriptionError, match="needs a method __json_encode__"):
        Extend(Opaque)


class Moment(Extend):
    """One whose kind keeps the Python value itself."""

    kind = Kind.DATE
    ordered = True

    def __init__(self, **options: Any) -> None:
        super().__init__(datetime.date, **options)

    def __json_encode__(self, value: Any) -> Any:
        return value.strftime("%d.%m.%Y")

    def __json_decode__(self, stored: Any) -> Any:
        day, month, year = map(int, stored.split("."))
        return datetime.date(year, month, day)


def test_a_kind_that_is_no_json_keeps_the_value_itself(open_backoffice: Open) -> None:
    backoffice = open_backoffice(things=Item({"day": Moment()}))
    item = backoffice.things.create({"day": "17.05.2031"})

    assert backoffice.things.get_by_id(item._id).day == datetime.date(2031, 5, 17)
    assert isinstance(backoffice.things.table.c.day.type, sa.Date)
    assert backoffice.things.count({"day": ("$gt", "1.1.2031")}) == 1


# -- Dict subclasses -------------------------------------------------------------------------------------


class Point(Dict):
    def __init__(self, **options: Any) -> None:
        super().__init__({"x": Float(), "y": Float()}, **options)

    def length(self) -> float:
        return abs(complex(self.x, self.y))


def test_a_structure_of_ones_own_comes_back_as_its_class(open_backoffice: Open) -> None:
    backoffice = open_backoffice(things=Item({"at": Point(), "path": List(Point()), "box": Dict({"corner": Point()})}))
    sent = {"x": 3, "y": 4}
    item = backoffice.things.create({"at": sent, "path": [sent], "box": {"corner": sent}})
    item = backoffice.things.get_by_id(item._id)

    assert [each.length() for each in (item.at, item.path[0], item.box.corner)] == [5, 5, 5]
    assert backoffice.things.count({"at.x": ("$gt", 2)}) == 1
    item.at = item.path[0]
    item.path[0].x = 0
    assert item.at.length() == 5


def test_complex_numbers() -> None:
    held = Dict({"z": Complex(), "w": Complex(default=1j)})
    held.z = 12 + 9j

    assert repr(held.z) == "(12.0+9.0i)"
    assert str(held.z + held.w) == "(12.0+10.0i)"
    assert held.z + 1j == 12 + 10j
    assert complex(held.z) == 12 + 9j
    assert held.z == {"real": 12.0, "imag": 9.0}
    held.z.imag = -9
    assert repr(held.z) == "(12.0-9.0i)"
    with pytest.raises(TypeError, match="Can only add Complex"):
        held.z + 1


# -- column types ----------------------------------------------------------------------------------------


class Short(String):
    """A text with a column type of its own."""


class Shorter(Short):
    """A subclass of it."""


register_column_type(Short, lambda field: sa.String(field.options.max_length or 7))
register_column_type(Short, lambda field: sa.CHAR(8), "postgresql")
register_column_type(Shorter, lambda field: sa.String(3))


def test_a_class_of_ones_own_has_the_column_type_that_was_registered(db: DBSQLConnector, open_backoffice: Open) -> None:
    backoffice = open_backoffice(things=Item({"a": Short(), "b": Shorter(), "c": String()}))
    columns = {column["name"]: str(column["type"]) for column in sa.inspect(db.engine).get_columns("things")}

    assert columns["a"] == ("CHAR(8)" if db.engine.dialect.name == "postgresql" else "VARCHAR(7)")
    assert columns["c"].startswith("TEXT")
    backoffice.things.create({"a": "abcdefg", "b": "abc"})
    assert backoffice.things.count({"b": "abc"}) == 1


def test_a_second_registration_is_refused() -> None:
    with pytest.raises(DescriptionError, match="Short has a column type for every database already"):
        register_column_type(Short, lambda field: sa.Text())
    with pytest.raises(DescriptionError, match="for 'postgresql' already"):
        register_column_type(Short, lambda field: sa.Text(), "postgresql")
    with pytest.raises(DescriptionError, match="make a subclass"):
        register_column_type(String, lambda field: sa.Text())
    with pytest.raises(DescriptionError, match="takes a field class"):
        register_column_type(str, lambda field: sa.Text())  # type: ignore[arg-type]


def test_the_names_of_types_are_unique() -> None:
    with pytest.raises(DescriptionError, match="'String' already"):
        register_type(String)
    assert PUBLIC_TYPES["Ipaddress"] is PUBLIC_TYPES["IpAddress"]
