"""Items as plain values, and the Python predicate over them: the backend that every other one is compared with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from backo_sql import Item
from backo_sql.model.description import Description, Leaf, get_value, put_value
from backo_sql.model.model import Model, Side
from backo_sql.model.paths import Path
from backo_sql.query.ast import Across, Bound, Parsed
from backo_sql.query.bind import bind
from backo_sql.query.evaluate import predicate
from backo_sql.types.base import frozen_type
from backo_sql.types.container import DictType


def model_of(items: Mapping[str, Item]) -> Model:
    """Freeze collections that live nowhere."""
    types = {name: frozen_type(item, name) for name, item in items.items()}
    return Model.of("plain", {name: Description.of(name, type_) for name, type_ in types.items()})  # type: ignore[arg-type]


class Plain:
    """Collections whose items are plain values.

    Args:
        items: the descriptions.
        rows: the values of each item, in the order of their ids; what isn't named is null.
    """

    def __init__(self, items: Mapping[str, Item], rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        self.model = model_of(items)
        self.store = {
            name: {row["_id"]: self._loaded(name, row) for row in rows[name]} for name in self.model.descriptions
        }
        for name, sides in self.model.sides.items():
            for path, side in sides.items():
                if not side.is_owner:
                    self._face(name, path, side)

    def bound(self, conditions: Sequence[Parsed], collection: str) -> Bound:
        """Bind conditions to a collection."""
        return bind(conditions, self.model.descriptions[collection], self.model)

    def find(self, conditions: Sequence[Parsed], collection: str) -> list[str]:
        """Return the ids of the items that conditions hold for."""
        holds = predicate(self.bound(conditions, collection), self.lookup)
        return [identifier for identifier, item in self.store[collection].items() if holds(item)]

    def lookup(self, holder: Any, leaf: Leaf, step: Across) -> Iterable[Any]:
        """Find linked items."""
        links = get_value(holder, leaf.path)
        identifiers = links if isinstance(links, list) else [] if links is None else [links]
        there = self.store[step.side.other]
        return [there[identifier] for identifier in identifiers if identifier in there]

    def _loaded(self, collection: str, row: Mapping[str, Any]) -> dict[str, Any]:
        given = {name: value for name, value in row.items() if name != "_id"}
        type_ = self.model.descriptions[collection].item
        loaded = {name: each.load(given[name]) for name, each in type_.fields.items() if name in given}
        return {**_blank(type_), **loaded, "_id": row["_id"]}

    def _face(self, collection: str, path: Path, side: Side) -> None:
        """Note the links of a reference that is stored on the other side."""
        owner = side.relation.owner
        for identifier, item in self.store[collection].items():
            others = self.store[owner.collection].items()
            pointing = [other for other, values in others if identifier in _values_at(values, owner.path)]
            put_value(item, path, next(iter(pointing), None) if side.is_single else pointing)


def _blank(type_: DictType) -> dict[str, Any]:
    return {
        name: _blank(each) if isinstance(each, DictType) else [] if each.type_name() == "RefsList" else None
        for name, each in type_.fields.items()
    }


def _values_at(value: Any, path: Sequence[str]) -> list[Any]:
    """Return what stands at a path, for each element of the lists on the way."""
    if isinstance(value, list):
        return [found for each in value for found in _values_at(each, path)]
    if not path:
        return [value]
    return _values_at(value[path[0]], path[1:]) if isinstance(value, Mapping) else []
