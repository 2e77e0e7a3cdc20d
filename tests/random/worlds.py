"""Any collections with any items in them, for filters to be asked of.

A number stands for a world: the same number is always the same one.
"""

from __future__ import annotations

import decimal
import ipaddress
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from fractions import Fraction
from typing import Any

from backo_sql import (
    Backoffice,
    Bool,
    Bytes,
    Collection,
    Complex,
    Date,
    Datetime,
    DBSQLConnector,
    Decimal,
    Dict,
    Email,
    Extend,
    FillStrategy,
    Float,
    FreeDict,
    In,
    Int,
    IpAddress,
    IpNetwork,
    Item,
    Kind,
    List,
    Ref,
    RefsList,
    String,
    Time,
    Tuple,
    Url,
    ValidationError,
)
from backo_sql.errors import Fault
from backo_sql.types.base import FieldType
from backo_sql.types.container import DictType, ListType
from backo_sql.types.free import ContentType, FreeDictType

# -- what fields hold ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Number:
    """The number of a version."""

    parts: tuple[int, ...]

    def __str__(self) -> str:
        return ".".join(map(str, self.parts))


class Version(Extend):
    """A type of a user's own, stored as a text."""

    def __init__(self, **options: Any) -> None:
        super().__init__(Number, **options)

    def __json_encode__(self, value: Any) -> str:
        return str(value)

    def __json_decode__(self, text: Any) -> Number:
        return Number(tuple(int(part) for part in text.split(".")))


class Day(Extend):
    """One whose text sorts as its values do."""

    ordered = True

    def __init__(self, **options: Any) -> None:
        super().__init__(date, **options)

    def __json_encode__(self, value: Any) -> str:
        return str(value.isoformat())

    def __json_decode__(self, text: Any) -> date:
        return date.fromisoformat(text)


class Ratio(Extend):
    """One that is stored as a document."""

    kind = Kind.JSON

    def __init__(self, **options: Any) -> None:
        super().__init__(Fraction, **options)

    def __json_encode__(self, value: Any) -> list[int]:
        return list(value.as_integer_ratio())

    def __json_decode__(self, written: Any) -> Fraction:
        return Fraction(*written)


#: few values of each type are in one world, so that they meet; these are the ones at the edges
VALUES: dict[type[FieldType[Any]], list[Any]] = {
    String: [
        *(
            "",
            "a",
            "A",
            "ab",
            "b",
            "é",
            "e\u0301",
            "ß",
            "ss",
            "z",
            "\U0001f600",
            "\uffff",
            "%",
            "_",
            "a%b",
            "a_b",
            "\\",
        ),
        *("'", '"', "a\nb", "a\n", " a", "12", "null", "true", "\u0130", "\u0131", "$", "[1]", "{}", "K", "\u212a"),
    ],
    Int: [-(2**63), -2, -1, 0, 1, 2, 2**53, 2**53 + 1, 2**63 - 1],
    Float: [-1e300, -0.1, -0.0, 0, 5e-324, 0.1, 0.30000000000000004, 1, 2.0, 2**53, 1e16, 1e22, 1e300],
    Decimal: [decimal.Decimal(text) for text in ("-999999999999.999999", "-0.1", "0", "0.000001", "0.1", "1", "12.5")],
    Bool: [True, False],
    Bytes: [b"", b"\0", b"a", b"ab", b"A", b"\xff", b"\xc3\xa9"],
    Datetime: [
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(2031, 5, 17, 9, tzinfo=UTC),
        datetime(2031, 5, 17, 11, tzinfo=timezone(timedelta(hours=2))),
        datetime(2031, 5, 17, 9, 0, 0, 10, tzinfo=UTC),
        datetime(2031, 5, 17, 9, 0, 0, 500_000, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    ],
    Date: [date.min, date(2031, 5, 17), date(2031, 10, 1), date.max],
    Time: [time(0), time(9, 30), time(9, 30, 0, 10_000), time(23, 59, 59, 999_999)],
    IpAddress: [ipaddress.ip_address(text) for text in ("10.0.0.1", "9.0.0.1", "::1", "2001:db8::7")],
    IpNetwork: [ipaddress.ip_network(text) for text in ("10.0.0.0/8", "2001:db8::/32")],
    Url: ["https://example.org/a?b=c", "HTTPS://EXAMPLE.ORG/", "ftp://x/é"],
    Email: ["a@b.org", "A@b.org", "é@example.org"],
    Version: [Number((1, 2)), Number((1, 10)), Number((1,))],
    Day: [date(2031, 5, 17), date(1, 1, 1)],
    Ratio: [Fraction(1, 2), Fraction(1, 3), Fraction(-2)],
}

SCALARS = (*VALUES, Complex)

KEYS = ["k", "l", "é", "x y", 'q"', "value"]

NAMES = ["a", "b", "Z", "value", "type", "fullkey", "order", "long_name", "n0"]


class Draw:
    """Draws fields and values of one world.

    Args:
        chosen: what decides.
    """

    def __init__(self, chosen: random.Random) -> None:
        self.chosen = chosen
        self.few = {type_: chosen.sample(values, min(len(values), 3)) for type_, values in VALUES.items()}

    def field(self, depth: int = 0, **options: Any) -> Any:
        """A field of any type that is no link."""
        chosen = self.chosen
        if depth < 3 and chosen.random() < 0.4:
            return self._compound(depth + 1)
        type_: Any = chosen.choice(SCALARS)
        if type_ in (String, Int) and chosen.random() < 0.15:
            options["union"] = self.few[type_]
        return type_(**options)

    def fields(self, depth: int, most: int = 3) -> dict[str, Any]:
        """Some fields by name."""
        names = self.chosen.sample(NAMES, self.chosen.randint(1, most))
        return {name: self.field(depth, **self._options()) for name in names}

    def _options(self) -> dict[str, Any]:
        roll = self.chosen.random()
        return {"required": True} if roll < 0.25 else {}

    def _compound(self, depth: int) -> Any:
        match self.chosen.choice(["List", "List", "List", "List", "Tuple", "In", "Dict", "Dict", "FreeDict"]):
            case "List":
                element = Dict(self.fields(depth, 2)) if self.chosen.random() < 0.4 else self.field(depth)
                return List(element)
            case "Tuple":
                return Tuple([self._member() for _ in range(self.chosen.randint(1, 3))])
            case "In":
                members = [self._member() for _ in range(self.chosen.randint(1, 3))]
                if self.chosen.random() < 0.3:
                    members.append(List(self._member()))
                return In(members)
            case "Dict":
                return Dict(self.fields(depth))
            case _:
                return FreeDict()

    def _member(self) -> Any:
        type_: Any = self.chosen.choice([String, Int, Float, Bool, Decimal, Datetime, Date, IpAddress, Version, Ratio])
        return Tuple([Int(), type_()]) if self.chosen.random() < 0.1 else type_()

    # -- values ------------------------------------------------------------------------------------

    def value(self, type_: FieldType[Any]) -> Any:
        """A value of a type, or `None`."""
        chosen = self.chosen
        return None if chosen.random() < 0.15 and may_be_null(type_) else self.some(type_)

    def some(self, type_: FieldType[Any]) -> Any:
        """A value of a type."""
        chosen = self.chosen
        if type_.options.choices is not None:
            return chosen.choice(type_.options.choices)  # type: ignore[arg-type]
        match type_:
            case ListType():
                return [self.value(type_.element) for _ in range(chosen.choice([0, 1, 1, 2, 3]))]
            case DictType():
                return {name: self.value(each) for name, each in type_.fields.items()}
            case Tuple():
                return tuple(self.value(each) for each in type_.members)
            case In():
                return self._accepted(type_)
            case FreeDictType():
                return {key: self.content() for key in chosen.sample(KEYS, chosen.choice([0, 1, 1, 2]))}
            case ContentType():
                return self.content()
            case _:
                return chosen.choice(self.few[type(type_)])

    def _accepted(self, type_: In) -> Any:
        """A value of one of some types that isn't taken for one of another in JSON."""
        for _ in range(20):
            value = self.some(self.chosen.choice(type_.members))
            try:
                return type_.load(value)
            except Fault:
                continue
        return type_.load(None)

    def content(self, depth: int = 0) -> Any:
        """Any JSON."""
        chosen = self.chosen
        roll = chosen.random()
        if depth < 2 and roll < 0.15:
            return [self.content(depth + 1) for _ in range(chosen.randint(0, 2))]
        if depth < 2 and roll < 0.3:
            return {key: self.content(depth + 1) for key in chosen.sample(KEYS, chosen.randint(0, 2))}
        few: list[Any] = [None, True, False, 1, 1.0, 0, "1", "a", *self.few[String][:2], *self.few[Int][:2]]
        return chosen.choice([*few, *self.few[Float][:2], 0.1, 2**53 + 1, 2.0**53])


def may_be_null(type_: FieldType[Any]) -> bool:
    """Tell whether null can be given: an object is always there, and may need values."""
    if type_.options.required:
        return False
    return not isinstance(type_, DictType) or all(map(may_be_null, type_.fields.values()))


# -- worlds ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Link:
    """A link between two collections.

    Attributes:
        kind: the two references that face each other, if there are two; `row` for one in the elements of a list.
        near: the collection that it is stored with.
        far: the collection that it leads to.
        path: of the reference in `near`.
        required: each item of `near` has one.
        unfilled: the list in `far` that faces it, where it isn't read with its item.
    """

    kind: str
    near: str
    far: str
    path: tuple[str, ...]
    required: bool = False
    unfilled: str = ""


@dataclass
class World:
    """Collections with items.

    Attributes:
        backoffice: with the collections.
        draw: what drew them, for values of the same kind.
        rows: the plain values of each item, by collection and id.
    """

    backoffice: Backoffice
    draw: Draw
    rows: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)


COLLECTIONS = ("ants", "bees", "cats")


def describe(number: int, db: DBSQLConnector, other: DBSQLConnector) -> tuple[World, list[Link]]:
    """Draw collections and the links between them.

    Args:
        number: of the world.
        db: the database.
        other: another one.
    """
    chosen = random.Random(number)
    draw = Draw(chosen)
    names = COLLECTIONS[: chosen.choice([1, 2, 2, 3])]
    fields = {name: draw.fields(0, 5) for name in names}
    if chosen.random() < 0.25:
        for each in fields.values():
            each["text"] = String()
            each["length"] = Int(set=lambda root: len(root.text or ""))
            each["grade"] = String(exists=lambda root: (root.text or "") < "b", default="x")
    links = list(_links(chosen, names, fields, draw))
    backoffice = Backoffice("app")
    count = iter(range(10_000))
    for each in (db, other):
        each.generate_id = lambda item: f"{chosen.choice(['a', 'B', 'é', '~'])}{next(count)}"
    away = names[1:][-1:] if chosen.random() < 0.15 and all(link.kind != "list" for link in links) else ()
    for name in names:
        item = Item(fields[name], **({"meta_data_handler": None} if chosen.random() < 0.7 else {}))
        backoffice.register_collection(Collection(name, item, other if name in away else db))
    return World(backoffice, draw), links


def _links(
    chosen: random.Random, names: Sequence[str], fields: dict[str, dict[str, Any]], draw: Draw
) -> Iterable[Link]:
    inside: dict[str, dict[str, Any]] = {}
    for number in range(chosen.choice([0, 1, 2, 3, 4])):
        near, far = chosen.choice(names), chosen.choice(names)
        kind = chosen.choice(
            ["ref", "ref-list", "ref-list", "ref-list", "ref-ref", "list", "list-list", "row", "row-list"]
        )
        here, there = f"r{number}", f"l{number}"
        required = names.index(near) > names.index(far) and kind.startswith("ref") and chosen.random() < 0.3
        path: tuple[str, ...] = (here,)
        in_dict = kind.startswith("ref") and chosen.random() < 0.2
        if in_dict:
            path = ("on", here)
        elif kind.startswith("row"):
            path = (f"rows{number}", here)
        one, _, other = kind.partition("-")
        options: dict[str, Any] = {"coll": far, **({"field": f"$.{there}"} if other else {})}
        if one == "list":
            fields[near][here] = RefsList(**options)
        elif one == "row":
            ref = Ref(**options, required=chosen.random() < 0.3)
            deep = chosen.random() < 0.3
            path = (path[0], "in", here) if deep else path
            fields[near][path[0]] = List(
                Dict({**draw.fields(1, 2), **({"in": Dict({here: ref})} if deep else {here: ref})})
            )
        else:
            ref = Ref(**options, required=required, **({"owner": True} if other == "ref" else {}))
            (inside.setdefault(near, {"n0": Int()}) if in_dict else fields[near])[here] = ref
        back = "$." + ".".join(path)
        unfilled = other == "list" and one != "list" and chosen.random() < 0.3
        if other == "list":
            filled = {"ofs": FillStrategy.NOT_FILL} if unfilled else {}
            fields[far][there] = RefsList(coll=near, field=back, **filled)
        elif other == "ref":
            fields[far][there] = Ref(coll=near, field=back)
        kind = "one" if kind == "ref-ref" else one
        yield Link(kind, near, far, path, required, there if unfilled else "")
    for near, held in inside.items():
        fields[near]["on"] = Dict(held)


def fill(world: World, links: Sequence[Link]) -> None:
    """Draw items: first without links that they may lack, then with them."""
    backoffice, chosen, draw = world.backoffice, world.draw.chosen, world.draw
    model = backoffice.freeze()
    items: dict[str, list[Any]] = {}
    with backoffice.transaction():
        for name in model.descriptions:
            collection, items[name] = getattr(backoffice, name), []
            references = {path[0] for path in model.references[name] if path[0] != "on"}
            taken: dict[tuple[str, ...], list[Any]] = {}
            for _ in range(chosen.choice([0, 3, 6, 8, 10])):
                values = {
                    each: draw.value(type_)
                    for each, type_ in collection.item_type.fields.items()
                    if each not in references
                    and each not in ("on", "_id", "_meta", "length", "grade")
                    and (not may_be_null(type_) or chosen.random() < 0.9)
                }
                for link in links:
                    if link.near == name and link.required:
                        free = [
                            one for one in items[link.far] if link.kind != "one" or one not in taken.get(link.path, [])
                        ]
                        if not free:
                            break
                        target = chosen.choice(free)
                        taken.setdefault(link.path, []).append(target)
                        _put(values, link.path, target._id)
                else:
                    try:
                        items[name].append(collection.create(values))
                    except ValidationError as error:
                        raise AssertionError(f"{values!r}: {error}") from error
        for link in links:
            _link(link, items, draw, model.descriptions[link.near].item)
        for each in (item for some in items.values() for item in some):
            each.reload()
    for name in model.descriptions:
        found = getattr(backoffice, name).select()
        world.rows[name] = {item._id: item.get_value() for item in found}
    for link in links:
        if link.unfilled:
            for identifier, row in world.rows[link.far].items():
                pointing = (each for each, values in world.rows[link.near].items() if _points(values, link, identifier))
                row[link.unfilled] = sorted(pointing)


def _link(link: Link, items: Mapping[str, Sequence[Any]], draw: Draw, holder: Any) -> None:
    chosen, targets = draw.chosen, [item._id for item in items[link.far]]
    free = chosen.sample(targets, len(targets))
    for item in items[link.near]:
        if link.required or chosen.random() < 0.25:
            continue
        value: Any
        if link.kind == "row":
            element = holder.fields[link.path[0]].element
            value = (
                None
                if chosen.random() < 0.1
                else [_row(draw, element, link, targets) for _ in range(chosen.randint(0, 3))]
            )
            value = value and [row for row in value if row != "none"]
            item.set({link.path[0]: value})
        else:
            if link.kind == "list":
                value = chosen.sample(targets, chosen.randint(0, min(len(targets), 3)))
            elif link.kind == "one":
                value = free.pop() if free else None
            else:
                value = chosen.choice([*targets, None])
            data: dict[str, Any] = {}
            _put(data, link.path, value)
            item.set(data)
        item.save()


def _row(draw: Draw, element: DictType, link: Link, targets: Sequence[str]) -> Any:
    """An element of a list that holds a reference."""
    if draw.chosen.random() < 0.1 and may_be_null(element):
        return None
    inside = {name: each for name, each in element.fields.items() if name not in (*link.path[1:],)}
    row = {name: draw.value(each) for name, each in inside.items()}
    if targets:
        _put(row, link.path[1:], draw.chosen.choice(targets))
    else:
        return "none"
    return row


def _points(values: Any, link: Link, identifier: str) -> bool:
    path, holders = link.path, [values]
    if link.kind == "row":
        path, holders = path[1:], values[path[0]] or []
    return any(_get(holder, path) == identifier for holder in holders)


def _get(values: Any, path: Sequence[str]) -> Any:
    for name in path:
        values = values and values[name]
    return values


def _put(values: dict[str, Any], path: Sequence[str], value: Any) -> None:
    for name in path[:-1]:
        values = values.setdefault(name, {})
    values[path[-1]] = value
