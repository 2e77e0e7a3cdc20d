"""Any filter of a world of `worlds.py`."""

from __future__ import annotations

import base64
import random
from collections.abc import Mapping
from datetime import date, time
from fractions import Fraction
from typing import Any

from backo_sql import Kind, Ref
from backo_sql.query.bind import operators_of
from backo_sql.types.base import FieldType
from backo_sql.types.container import DictType, ListType
from backo_sql.types.free import ContentType, FreeDictType
from backo_sql.types.reference import RefsListType
from tests.random.worlds import KEYS, VALUES, Draw, World

#: what only some of these mean to PostgreSQL is left to Python there
EXPRESSIONS = ["a", "^a", "b$", "a$", ".", "", "[a-c]", "[^a]", "(?i)A", "é", "\\w", "\\W", "a.b", "(a|b)+", "%", "_"]
EXPRESSIONS += [
    "\\.",
    "^$",
    "a{1,2}",
    "\\ba",
    "x*",
    "A|b",
    "$",
    "[A-Z]",
    ".$",
    "(?i)k",
    "\\$",
    "\\\\",
    "[\\]]",
    "(?s)a.",
]


class Asking:
    """Draws filters of one world.

    Args:
        world: whose fields and values they are about.
        chosen: what decides.
    """

    def __init__(self, world: World, chosen: random.Random) -> None:
        self._model = world.backoffice.freeze()
        self._ids = {name: [*rows, "nobody"] for name, rows in world.rows.items()}
        self._draw = Draw(chosen)
        self._draw.few = world.draw.few
        self._chosen = chosen

    def filter(self, collection: str) -> Any:
        """A filter of a collection."""
        return self._asked(self._model.descriptions[collection].item, 3)

    def _asked(self, type_: DictType, depth: int) -> dict[str, Any]:
        """Conditions on some fields of a structure."""
        chosen, roll = self._chosen, self._chosen.random()
        if roll < 0.08:
            return {chosen.choice(["$or", "$and"]): [self._asked(type_, depth) for _ in range(chosen.randint(0, 3))]}
        if roll < 0.14:
            return {"$not": self._asked(type_, depth)}
        names = chosen.sample([*type_.fields], min(len(type_.fields), chosen.choice([1, 1, 1, 2])))
        filters: dict[str, Any] = {}
        for name in names:
            key, asked = name, self._of(type_.fields[name], depth)
            while isinstance(asked, dict) and len(asked) == 1 and chosen.random() < 0.6:
                ((inner, rest),) = asked.items()
                if inner in ("$or", "$and", "$not"):
                    break
                key, asked = f"{key}.{inner.removeprefix('$.')}", rest
            filters[f"$.{key}" if chosen.random() < 0.1 else key] = asked
        return filters

    def _of(self, type_: FieldType[Any], depth: int) -> Any:
        """What is asked of a field."""
        chosen, roll = self._chosen, self._chosen.random()
        if roll < 0.05:
            return ("$not", self._of(type_, depth))
        if roll < 0.1:
            several = [self._of(type_, depth) for _ in range(chosen.randint(0, 3))]
            return (chosen.choice(["$or", "$and"]), [("$eq", each) if _is_value(each) else each for each in several])
        match type_:
            case DictType():
                return self._of_structure(type_, depth)
            case FreeDictType():
                return self._of_object(type_, depth)
            case ContentType():
                return self._of_content(depth)
            case ListType():
                return self._of_list(type_, depth)
            case RefsListType():
                return self._of_links(type_, depth)
            case Ref() if depth > 0 and chosen.random() < 0.6:
                return self._asked(self._model.descriptions[type_.collection].item, depth - 1)
        return self._of_value(type_)

    def _of_structure(self, type_: DictType, depth: int) -> Any:
        roll = self._chosen.random()
        if roll < 0.1:
            simple = {name: each for name, each in type_.fields.items() if type(each) in VALUES}
            return (
                self._chosen.choice(["$eq", "$ne"]),
                {name: self._draw.value(each) for name, each in simple.items()},
            )
        return {} if roll < 0.13 else self._asked(type_, depth)

    def _of_object(self, type_: FreeDictType, depth: int) -> Any:
        chosen, roll = self._chosen, self._chosen.random()
        if roll < 0.1:
            return chosen.choice([None, ("$ne", None), {}])
        if roll < 0.25:
            return (chosen.choice(["$in", "$nin"]), [self._draw.value(type_) for _ in range(chosen.randint(0, 6))])
        return {chosen.choice(KEYS): self._of(type_.content, depth)}

    def _of_content(self, depth: int) -> Any:
        chosen = self._chosen
        match chosen.choice(["value", "value", "value", "order", "order", "in", "re", "list", "contains", "path"]):
            case "value":
                return (chosen.choice(["$eq", "$ne"]), _no_object(self._draw.content()))
            case "order":
                return (chosen.choice(["$lt", "$lte", "$gt", "$gte"]), _no_object(self._draw.content(2)))
            case "in":
                return (
                    chosen.choice(["$in", "$nin"]),
                    [self._draw.content() for _ in range(chosen.choice([0, 1, 2, 7]))],
                )
            case "re":
                return (chosen.choice(["$re", "$reg"]), chosen.choice(EXPRESSIONS))
            case "list":
                return [_no_object(self._draw.content()) for _ in range(chosen.randint(0, 2))]
            case "contains" if depth > 0:
                return ("$contains", self._of_content(depth - 1))
            case "path" if depth > 0:
                return {chosen.choice(KEYS): self._of_content(depth - 1)}
        return None

    def _of_list(self, type_: ListType, depth: int) -> Any:
        chosen, roll, element = self._chosen, self._chosen.random(), type_.element
        if roll < 0.1:
            return chosen.choice([None, ("$ne", None), []])
        if roll < 0.3:
            if chosen.random() < 0.5 and type(element) in VALUES:
                return (chosen.choice(["$eq", "$ne"]), self._draw.some(type_))
            return [self._of(element, depth) for _ in range(chosen.choice([0, 1, 1, 2, 3]))]
        within = element
        while isinstance(within, ListType):
            within = within.element
        if isinstance(within, DictType) and roll < 0.7:
            return self._asked(within, depth)
        return ("$contains", self._of(element, depth))

    def _of_links(self, type_: RefsListType, depth: int) -> Any:
        chosen, roll = self._chosen, self._chosen.random()
        if roll < 0.1:
            return chosen.choice([None, [], ("$ne", None), ("$ne", [])])
        ids = self._ids[type_.collection]
        if roll < 0.25:
            some = chosen.sample(ids, min(len(ids), chosen.randint(0, 3)))
            if chosen.random() < 0.3:
                return [self._of_value(type_.inner(0)) for _ in some]
            return chosen.choice([some, ("$ne", some)])
        if roll < 0.4 or depth == 0:
            return ("$contains", self._of_value(type_.inner(0)))
        asked = self._asked(self._model.descriptions[type_.collection].item, depth - 1)
        return ("$contains", asked) if roll < 0.7 else asked

    def _of_value(self, type_: FieldType[Any]) -> Any:
        """Any operator that a type of single values has."""
        chosen = self._chosen
        operator = chosen.choice(sorted(operators_of(type_)))
        match operator:
            case "$in" | "$nin":
                return (operator, [self._value(type_) for _ in range(chosen.choice([0, 1, 1, 2, 3, 3, 40]))])
            case "$re" | "$reg":
                return (operator, chosen.choice(EXPRESSIONS))
        value = self._value(type_)
        if operator == "$eq" and chosen.random() < 0.5 and _is_plain(value):
            return value
        return (operator, value)

    def _value(self, type_: FieldType[Any]) -> Any:
        chosen = self._chosen
        if chosen.random() < 0.1:
            return None
        if isinstance(type_, Ref):
            return chosen.choice(self._ids[type_.collection])
        if type_.kind is Kind.TEXT and type(type_) not in VALUES:
            return "nobody"
        value = self._draw.some(type_)
        if value is not None and chosen.random() < 0.3:  # as JSON has it
            return type_.dump(type_.convert(value))
        return value


def _is_value(asked: Any) -> bool:
    """Tell what could be taken for something else among several conditions."""
    return isinstance(asked, tuple) and not (asked and isinstance(asked[0], str) and asked[0].startswith("$"))


def _is_plain(value: Any) -> bool:
    return not isinstance(value, tuple | list | dict)


def _no_object(value: Any) -> Any:
    """An object is conditions on its fields; deeper inside a list it is a value."""
    return value if not isinstance(value, dict) else None


def as_json(value: Any) -> Any:
    """Write a filter, or a value in it, as JSON."""
    match value:
        case Mapping():
            return {name: as_json(each) for name, each in value.items()}
        case list() | tuple():
            return [as_json(each) for each in value]
        case bytes():
            return base64.b64encode(value).decode()
        case date() | time():  # a `datetime` is a `date`
            return value.isoformat()
        case Fraction():
            return list(value.as_integer_ratio())
        case None | bool() | int() | float() | str():
            return value
        case _:
            return str(value)
