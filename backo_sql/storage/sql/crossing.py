"""What is asked of linked items, as EXISTS over the tables that hold the links.

In: a relation, seen from one side, and what its linked items must satisfy. Out: a condition on the row at this side.
The linked items themselves are only visited where more than their ids is asked for: a foreign key proves that they are
there.

PostgreSQL plans an EXISTS as the join that it is. SQLite asks it of row after row, whatever an index could tell at
once. There the one item that a column points to is joined, by its key, where the condition must hold for every row; and
where few items are sought, by a value that tells them apart, those are looked up first and listed (IN).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.sql.elements import KeyedColumnElement

from ...model.description import Leaf
from ...model.model import Side
from ...model.paths import column_name
from ...model.relations import Relation, RelationKind
from ...query.ast import Across, And, Bound, Compare, Elements, Matches, Not, OneOf, Operator, Or, Some
from ...types.kinds import Kind
from .aliases import Aliases, anonymous
from .compare import Condition, Scalar
from .holders import Holder, IdHolder, ItemHolder, RowHolder, refuse
from .layout import OWNER
from .nesting import is_apart
from .shapes import ItemShape, Schema

#: how many linked items are joined: SQLite takes 64 tables, and an order has some of them
_MOST_JOINS = 20

#: compiles a condition on what a holder stands for
Compile: TypeAlias = Callable[..., Condition]


def exists(query: sa.Select[Any], holder: RowHolder | None, *, positive: bool) -> Condition:
    """Ask for a row of a query, or for none; it looks at the row that a holder stands for."""
    found = (query if holder is None else query.correlate(holder.table)).exists()
    return found if positive else sa.not_(found)


@dataclass(frozen=True, slots=True)
class Links:
    """The links of one row, where they are rows themselves.

    Attributes:
        holder: whose links.
        table: that has them.
        near: the column with the id of the row.
        far: the column with the id that a link leads to.
        order: in which they come.
        repeats: the same link may be there more than once.
    """

    holder: RowHolder
    table: sa.FromClause
    near: KeyedColumnElement[Any]
    far: sa.ColumnElement[Any]
    order: tuple[sa.ColumnElement[Any], ...]
    repeats: bool = False

    @property
    def own(self) -> Condition:
        """The condition that a link is the row's."""
        own: Condition = self.near == self.holder.table.c["_id"]
        return own

    def exist(self, *conditions: Condition, positive: bool) -> Condition:
        """Ask for a link that satisfies conditions."""
        return exists(sa.select(1).where(self.own, *conditions), self.holder, positive=positive)

    def count(self) -> sa.ColumnElement[int]:
        """Return how many there are."""
        counted = sa.func.count(self.far.distinct()) if self.repeats else sa.func.count()
        query = sa.select(counted).select_from(self.table).where(self.own)
        return query.correlate(self.holder.table).scalar_subquery()

    def nth(self, position: int) -> sa.ColumnElement[Any]:
        """Return the id that stands at a position."""
        query = sa.select(self.far).where(self.own).order_by(*self.order).limit(1).offset(position)
        return (query.distinct() if self.repeats else query).correlate(self.holder.table).scalar_subquery()


class Crossing:
    """Compiles what is asked of linked items.

    Args:
        schema: where the fields are found.
        tables: of the collections.
        associations: the tables of the many-to-many links.
        dialect: the database.
        compile: compiles a condition on a holder.
    """

    def __init__(
        self,
        schema: Schema,
        tables: Mapping[str, sa.Table],
        associations: Mapping[Relation, sa.Table],
        dialect: str,
        compile: Compile,  # noqa: A002 - it is what it does
    ) -> None:
        self._schema = schema
        self._tables = tables
        self._associations = associations
        self._dialect = dialect
        self._compile = compile

    def some(
        self, leaf: Leaf, side: Side, condition: Bound, holder: Holder, *, positive: bool, joins: bool
    ) -> Condition:
        """Ask for a linked item that satisfies a condition, or for none.

        Args:
            leaf: the reference.
            side: of its relation.
            condition: what is asked of the linked item.
            holder: the row with the reference.
            positive: there is to be one.
            joins: the condition must hold for each row of its query.
        """
        if not isinstance(holder, RowHolder) or side.other not in self._tables:
            refuse(leaf)
        if side.is_owner and side.relation.kind is not RelationKind.MANY_TO_MANY:
            return self._pointed(leaf, side, condition, holder, positive=positive, joins=joins)
        if not isinstance(holder, ItemHolder):
            refuse(leaf)
        links = self.links(side, holder)
        if _asks_for_ids(condition):
            inside = self._compile(condition, IdHolder(links.far, self._dialect), positive=True)
            near, linked = links.near, sa.select(links.near).where(inside)
        elif not side.relation.in_elements and side.relation.kind is not RelationKind.MANY_TO_MANY:
            # The row with the link is the item that it leads to.
            source, which = self._item(side.other, condition, holder.aliases, links.near.name)
            near = source.c[links.near.name]
            linked = sa.select(near).where(*which)
        else:
            source, which = self._item(side.other, condition, holder.aliases)
            near, joined = links.near, links.table.join(source, source.c["_id"] == links.far)
            linked = sa.select(near).select_from(joined).where(*which)
        own = holder.table.c["_id"]
        if positive and finds_few(condition, self._dialect):
            return own.in_(linked)
        return exists(linked.with_only_columns(sa.literal_column("1")).where(near == own), holder, positive=positive)

    def links(self, side: Side, holder: RowHolder) -> Links:
        """Return the links of a row that are stored as rows: of an association, of a list, or of the other side."""
        relation = side.relation
        if relation.kind is RelationKind.MANY_TO_MANY:
            table = holder.aliases.of(self._associations[relation])
            ends = (table.c.owner_id, table.c.target_id), (table.c.target_id, table.c.owner_id)
            near, far = ends[0] if side.is_owner else ends[1]
            position = table.c.owner_position if side.is_owner else table.c.target_position
            return Links(holder, table, near, far, (position, far))
        if relation.in_elements:
            elements = self._schema.lists[relation.owner.collection][relation.within]
            table = holder.aliases.of(elements.table)
            far = table.c[OWNER]
            return Links(holder, table, table.c[elements.pointer(relation).name], far, (far,), repeats=True)
        table = holder.aliases.of(self._tables[relation.owner.collection])
        far = table.c["_id"]
        return Links(holder, table, table.c[column_name(relation.owner.path)], far, (far,))

    def _pointed(
        self, leaf: Leaf, side: Side, condition: Bound, holder: RowHolder, *, positive: bool, joins: bool
    ) -> Condition:
        """Ask something of the one item that a column points to."""
        found = holder.find(leaf)
        pointer = holder.table.c[found.column]
        if _asks_for_ids(condition):
            return self._by_id(pointer, condition, leaf, nullable=found.nullable, positive=positive)
        if joins and not positive and not found.nullable and side.relation.target in self._tables:
            # There is always one: that it isn't so is asked of that one.
            condition, positive = Not(condition), True
        source, inside = self._item(side.other, condition, holder.aliases)
        identity = source.c["_id"]
        if joins and positive:
            return sa.and_(identity == pointer, *inside)
        if positive and finds_few(condition, self._dialect):
            return pointer.in_(sa.select(identity).where(*inside))
        return exists(sa.select(1).where(identity == pointer, *inside), holder, positive=positive)

    def _by_id(
        self, pointer: sa.ColumnElement[Any], condition: Bound, leaf: Leaf, *, nullable: bool, positive: bool
    ) -> Condition:
        there = Scalar(pointer, leaf.type, nullable, self._dialect)
        match condition:
            case Compare(_, operator, value) if value is not None and operator is not Operator.NE:
                return there.compare(operator, value, positive=positive)
            case OneOf(_, values, False) if None not in values:
                return there.one_of(values, positive=positive)
        is_there = there.compare(Operator.EQ, None, positive=not positive)
        inside = self._compile(condition, IdHolder(pointer, self._dialect), positive=positive)
        return sa.and_(is_there, inside) if positive else sa.or_(is_there, inside)

    def _item(
        self, collection: str, condition: Bound, aliases: Aliases, *columns: str
    ) -> tuple[sa.FromClause, tuple[Condition, ...]]:
        """Return what to select linked items from, and which of them.

        Args:
            collection: theirs.
            condition: what they must satisfy.
            aliases: of the filter.
            columns: what is asked of them besides their id.
        """
        table = aliases.of(self._tables[collection])
        holder = ItemHolder(ItemShape(self._schema, collection), table, self._dialect, aliases, self._tables)
        inside = self._compile(condition, holder, positive=True, joins=may_join(condition, self._dialect))
        if self._dialect == "sqlite" and is_apart(condition):
            apart = (
                sa.select(table.c["_id"], *(table.c[name] for name in columns if name != "_id"))
                .where(inside)
                .cte(anonymous(collection))
            )
            return apart, ()
        return table, () if isinstance(inside, sa.True_) else (inside,)


def may_join(where: Bound, dialect: str) -> bool:
    """Tell whether linked items may be joined where that is right: on SQLite, as long as they are few tables."""
    return dialect == "sqlite" and _crossings(where) <= _MOST_JOINS


def finds_few(where: Bound, dialect: str) -> bool:
    """Tell whether to look up first what satisfies a condition, and list it: on SQLite, where it will be few."""
    return dialect == "sqlite" and _tells_apart(where)


def _crossings(where: Bound) -> int:
    """Count the references that a condition leads through."""
    match where:
        case And(parts) | Or(parts) | Elements(_, parts):
            return sum(map(_crossings, parts))
        case Not(part):
            return _crossings(part)
        case Some(_, step, condition):
            return isinstance(step, Across) + _crossings(condition)
        case _:
            return 0


def _tells_apart(condition: Bound) -> bool:
    """Tell whether few items satisfy a condition, as far as its form and the types in it can say."""
    match condition:
        case And(parts):
            return any(map(_tells_apart, parts))
        case Or(parts):
            return bool(parts) and all(map(_tells_apart, parts))
        case Some(_, _, inner):
            return _tells_apart(inner)
        case Compare(leaf, Operator.EQ, value):
            return value is not None and _has_many_values(leaf)
        case OneOf(leaf, values, False):
            return None not in values and _has_many_values(leaf)
        case _:
            return False


def _has_many_values(leaf: Leaf) -> bool:
    return leaf.type.kind is not Kind.BOOLEAN and leaf.type.options.choices is None


def _asks_for_ids(condition: Bound) -> bool:
    """Tell whether nothing but their ids is asked of linked items."""
    match condition:
        case And(parts) | Or(parts):
            return all(map(_asks_for_ids, parts))
        case Not(part):
            return _asks_for_ids(part)
        case Compare(leaf) | OneOf(leaf) | Matches(leaf):
            return leaf.path == ("_id",)
        case _:
            return False
