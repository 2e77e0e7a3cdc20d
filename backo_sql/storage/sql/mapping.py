"""Mapped classes for plain SQLAlchemy: one per collection, with a relationship for every reference.

In: the tables of one database and the relations between them. Out: classes mapped imperatively. Nothing of our own
reads or writes through them; they are for users who want a query that no filter says.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import RelationshipProperty, registry, relationship

from ...model.model import Model
from ...model.paths import Path, column_name
from ...model.relations import Relation, RelationKind
from ...types.reference import DeleteStrategy
from .elements import ElementTable
from .layout import OWNER, POSITION
from .tables import VERSION


class Mapped:
    """The base of every mapped class: takes its attributes as keyword arguments."""

    def __init__(self, **values: Any) -> None:
        for name, value in values.items():
            if not hasattr(type(self), name):
                raise TypeError(f"{type(self).__name__} has no attribute {name!r}.")
            setattr(self, name, value)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {getattr(self, '_id', None)}>"


def map_classes(
    model: Model,
    metadata: sa.MetaData,
    tables: Mapping[str, sa.Table],
    associations: Mapping[Relation, sa.Table],
    lists: Mapping[str, Mapping[Path, ElementTable]],
) -> dict[str, type[Any]]:
    """Map a class for each collection of a database.

    A reference `author` is the relationship `author`, and its column the attribute `author__id`; a field in a `Dict`
    is named by its column. A list whose elements hold references is a relationship to a class of its own, and its
    column, which tells whether there is a list, the attribute `lines__given`.
    """
    classes: dict[str, type[Any]] = {name: type(name, (Mapped,), {}) for name in tables}
    mapper_registry = registry(metadata=metadata)
    for name, mapped in classes.items():
        table = tables[name]
        properties: dict[str, Any] = {}
        for relation in model.owned[name]:
            if (
                relation.kind is not RelationKind.MANY_TO_MANY
                and not relation.in_elements
                and relation.target in tables
            ):
                column = column_name(relation.owner.path)
                properties[f"{column}__id"] = table.c[column]
        for relation in model.relations:
            properties.update(_relationships(name, relation, classes, tables, associations, lists))
        for elements in lists[name].values():
            attribute = column_name(elements.layout.path)
            properties[f"{attribute}__given"] = table.c[attribute]
            properties[attribute] = _map_elements(model, elements, mapper_registry, classes, tables)
        mapper_registry.map_imperatively(mapped, table, properties=properties, version_id_col=table.c[VERSION])
        for elements in lists[name].values():
            _mark_given(mapped, column_name(elements.layout.path))
    return classes


def _map_elements(
    model: Model,
    elements: ElementTable,
    mapper_registry: registry,
    classes: Mapping[str, type[Any]],
    tables: Mapping[str, sa.Table],
) -> RelationshipProperty[Any]:
    """Map the class of the rows of a list, and return the relationship that leads to it."""
    table, owner = elements.table, tables[elements.layout.collection]
    attribute = column_name(elements.layout.path)
    mapped = type(table.name, (Mapped,), {})
    belongs = table.c[OWNER] == owner.c["_id"]
    properties: dict[str, Any] = {
        "_owner": relationship(classes[elements.layout.collection], primaryjoin=belongs, back_populates=attribute)
    }
    for path, side in model.elements[elements.layout.collection][elements.layout.path].items():
        if side.other in tables:
            column = column_name(path)
            properties[f"{column}__id"] = table.c[column]
            properties[column] = relationship(
                classes[side.other],
                primaryjoin=table.c[column] == tables[side.other].c["_id"],
                foreign_keys=[table.c[column]],
                remote_side=[tables[side.other].c["_id"]],
            )
    mapper_registry.map_imperatively(mapped, table, properties=properties)
    return relationship(
        mapped,
        primaryjoin=belongs,
        order_by=table.c[POSITION],
        back_populates="_owner",
        cascade="all, delete-orphan",
        passive_deletes=True,
    )


def _mark_given(mapped: type[Any], attribute: str) -> None:
    """Make a null list one that is there as soon as something is put into it."""

    def given(target: Any, _value: Any, _initiator: Any) -> None:
        setattr(target, f"{attribute}__given", True)

    sa.event.listen(getattr(mapped, attribute), "append", given)


def _relationships(
    name: str,
    relation: Relation,
    classes: Mapping[str, type[Any]],
    tables: Mapping[str, sa.Table],
    associations: Mapping[Relation, sa.Table],
    lists: Mapping[str, Mapping[Path, ElementTable]],
) -> dict[str, RelationshipProperty[Any]]:
    """Make the relationships that one relation gives to one class: as owner, as inverse, or as both."""
    if relation.owner.collection not in tables or relation.target not in tables:
        return {}
    if relation.in_elements:
        if relation.inverse is None or relation.target != name:
            return {}
        elements = lists[relation.owner.collection][relation.within]
        return {column_name(relation.inverse.path): _seen_from_target(relation, elements, classes, tables)}
    make = _many_to_many if relation.kind is RelationKind.MANY_TO_MANY else _to_one
    owner, inverse = make(relation, classes, tables, associations)
    made: dict[str, RelationshipProperty[Any]] = {}
    if relation.owner.collection == name:
        made[column_name(relation.owner.path)] = owner
    if relation.inverse is not None and relation.target == name:
        made[column_name(relation.inverse.path)] = inverse
    return made


def _seen_from_target(
    relation: Relation, elements: ElementTable, classes: Mapping[str, type[Any]], tables: Mapping[str, sa.Table]
) -> RelationshipProperty[Any]:
    """Make the relationship from an item to those that have an element which refers to it; it is only read."""
    owners = tables[relation.owner.collection]
    return relationship(
        classes[relation.owner.collection],
        secondary=elements.table,
        primaryjoin=tables[relation.target].c["_id"] == elements.pointer(relation),
        secondaryjoin=elements.table.c[OWNER] == owners.c["_id"],
        order_by=owners.c["_id"],
        viewonly=True,
    )


def _to_one(
    relation: Relation,
    classes: Mapping[str, type[Any]],
    tables: Mapping[str, sa.Table],
    _associations: Mapping[Relation, sa.Table],
) -> tuple[RelationshipProperty[Any], RelationshipProperty[Any]]:
    owner_table, target_table = tables[relation.owner.collection], tables[relation.target]
    foreign_key = owner_table.c[column_name(relation.owner.path)]
    back = column_name(relation.inverse.path) if relation.inverse is not None else None
    owner = relationship(
        classes[relation.target],
        primaryjoin=foreign_key == target_table.c["_id"],
        foreign_keys=[foreign_key],
        remote_side=[target_table.c["_id"]],
        back_populates=back,
    )
    deletes = relation.on_target_delete is DeleteStrategy.DELETE_REFERENCED_ITEMS
    refuses = relation.on_target_delete is DeleteStrategy.MUST_BE_EMPTY or (relation.required and not deletes)
    inverse = relationship(
        classes[relation.owner.collection],
        primaryjoin=foreign_key == target_table.c["_id"],
        foreign_keys=[foreign_key],
        remote_side=[foreign_key],
        back_populates=column_name(relation.owner.path),
        uselist=relation.kind is not RelationKind.ONE_TO_ONE,
        order_by=False if relation.kind is RelationKind.ONE_TO_ONE else owner_table.c["_id"],
        cascade="save-update, merge, delete" if deletes else "save-update, merge",
        passive_deletes="all" if refuses else True,
    )
    return owner, inverse


def _many_to_many(
    relation: Relation,
    classes: Mapping[str, type[Any]],
    tables: Mapping[str, sa.Table],
    associations: Mapping[Relation, sa.Table],
) -> tuple[RelationshipProperty[Any], RelationshipProperty[Any]]:
    owner_table, target_table = tables[relation.owner.collection], tables[relation.target]
    table = associations[relation]
    to_owner = owner_table.c["_id"] == table.c.owner_id
    to_target = target_table.c["_id"] == table.c.target_id
    owner = relationship(
        classes[relation.target],
        secondary=table,
        primaryjoin=to_owner,
        secondaryjoin=to_target,
        order_by=table.c.owner_position,
        back_populates=column_name(relation.inverse.path) if relation.inverse is not None else None,
        passive_deletes=True,
    )
    inverse = relationship(
        classes[relation.owner.collection],
        secondary=table,
        primaryjoin=to_target,
        secondaryjoin=to_owner,
        order_by=table.c.target_position,
        back_populates=column_name(relation.owner.path),
        passive_deletes=True,
    )
    return owner, inverse
