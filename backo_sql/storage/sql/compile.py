"""A bound filter as an SQLAlchemy expression.

In: a filter that `answers` says yes to. Out: a condition on the rows of a table. Lists and references are looked into
by EXISTS, or in another way in which no row comes twice (`crossing.py`).

A condition may be null where it is false, which WHERE doesn't tell apart. A NOT is therefore carried down to the
leaves, each of which can write its own exact opposite.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from ...errors import QueryError
from ...model.description import Leaf
from ...model.relations import Relation
from ...query.ast import Across, And, Bound, Compare, Elements, Matches, Not, OneOf, Operator, Or, Some
from ...types.container import ListType
from .aliases import Aliases, Pool
from .answers import answers
from .compare import Condition, opposite
from .crossing import Crossing, exists, finds_few, may_join
from .documents import Node, form_of
from .holders import Holder, IdHolder, ItemHolder, PartHolder, RowHolder, find
from .layout import OWNER, POSITION
from .nesting import MAX_STACK, stack
from .shapes import ItemShape, PartShape, RowShape, Schema, Where

#: from which depth on SQLite needs the deepest part of a condition first
_DEEP = 20


class FilterCompiler:
    """Compiles the filters of one model in one database.

    Args:
        schema: where the fields are found.
        tables: of the collections.
        associations: the tables of the many-to-many links.
        dialect: the database.
    """

    def __init__(
        self,
        schema: Schema,
        tables: Mapping[str, sa.Table],
        associations: Mapping[Relation, sa.Table],
        dialect: str,
    ) -> None:
        self._schema = schema
        self._tables = tables
        self._dialect = dialect
        self._shapes = {name: ItemShape(schema, name) for name in tables}
        self._pool: Pool = {}
        self._crossing = Crossing(schema, tables, associations, dialect, self._condition)

    def answers(self, where: Bound, collection: str) -> bool:
        """Tell whether a filter of a collection means in the database exactly what it means in Python."""
        return answers(where, self._shapes[collection], self._dialect)

    def compile(self, where: Bound, collection: str) -> Condition | None:
        """Compile a filter over the table of a collection; `None` where it asks for everything.

        Raises:
            QueryError: it asks for something that the database doesn't answer.
        """
        if where == And():
            return None
        if self._dialect == "sqlite" and stack(where) > MAX_STACK:
            raise QueryError("The filter is nested too deep for the database.")
        aliases = Aliases(self._pool)
        holder = ItemHolder(self._shapes[collection], self._tables[collection], self._dialect, aliases, self._tables)
        return self._condition(where, holder, positive=True, joins=may_join(where, self._dialect))

    def _condition(self, where: Bound, holder: Holder, *, positive: bool, joins: bool = False) -> Condition:
        """Compile a condition, or its opposite.

        Args:
            where: the condition.
            holder: what it looks at.
            positive: it is to hold.
            joins: it must hold for each row of its query, which linked items may therefore be joined to.
        """
        match where:
            case Compare(leaf, Operator.NE, value):
                return holder.value(leaf).compare(Operator.EQ, value, positive=not positive)
            case Compare(leaf, operator, value):
                return holder.value(leaf).compare(operator, value, positive=positive)
            case And(parts):
                return self._joined(parts, holder, every=positive, positive=positive, joins=joins)
            case Or(parts):
                return self._joined(parts, holder, every=not positive, positive=positive, joins=joins)
            case Not(part):
                return self._condition(part, holder, positive=not positive, joins=joins)
            case OneOf(leaf, values, negated):
                return holder.value(leaf).one_of(values, positive=positive is not negated)
            case Matches(leaf, expression, anchored):
                return holder.value(leaf).matches(expression, anchored=anchored, positive=positive)
            case Elements():
                found = self._elements(where, holder)
                return found if positive else opposite(found)
            case Some(leaf, Across(side), condition):
                return self._crossing.some(leaf, side, condition, holder, positive=positive, joins=joins)
            case Some(leaf, _, condition):
                return self._some(leaf, condition, holder, positive=positive)

    def _joined(self, parts: Sequence[Bound], holder: Holder, *, every: bool, positive: bool, joins: bool) -> Condition:
        if len(parts) > 1 and self._dialect == "sqlite":
            depths = {id(part): stack(part) for part in parts}
            if max(depths.values()) > _DEEP:
                parts = sorted(parts, key=lambda part: -depths[id(part)])
        compiled = [self._condition(part, holder, positive=positive, joins=joins and every) for part in parts]
        if len(compiled) == 1:
            return compiled[0]
        if not compiled:
            return sa.true() if every else sa.false()
        return sa.and_(*compiled) if every else sa.or_(*compiled)

    # -- lists -------------------------------------------------------------------------------------

    def _some(self, leaf: Leaf, condition: Bound, holder: Holder, *, positive: bool) -> Condition:
        """Look for an element of a list."""
        if isinstance(holder, ItemHolder) and holder.find(leaf).where is Where.ROWS:
            row = self._row(leaf, holder)
            inside = self._condition(condition, row, positive=True, joins=may_join(condition, self._dialect))
            if positive and finds_few(condition, self._dialect):
                return holder.table.c["_id"].in_(sa.select(row.table.c[OWNER]).where(inside))
            return exists(sa.select(1).where(_of(row, holder), inside), holder, positive=positive)
        node, shape = holder.node(leaf), PartShape(leaf.type.inner(0))
        found = _element(node, shape, condition)
        if found is not None:
            return found if positive else opposite(found)
        source, element = node.elements(is_list=isinstance(leaf.type, ListType))
        part = PartHolder(shape, element, self._dialect)
        inside = self._condition(condition, part, positive=True)
        return exists(sa.select(1).select_from(source).where(inside), None, positive=positive)

    def _elements(self, where: Elements, holder: Holder) -> Condition:
        """Compare a list as a whole, element by element."""
        leaf, parts = where.leaf, where.parts
        if isinstance(holder, ItemHolder):
            match holder.find(leaf).where:
                case Where.ROWS:
                    return self._same_rows(leaf, parts, holder)
                case Where.LINKS:
                    return self._same_links(leaf, parts, holder)
        node, shape = holder.node(leaf), PartShape(leaf.type.inner(0))
        conditions = [
            self._condition(part, PartHolder(shape, node.at(position), self._dialect), positive=True)
            for position, part in enumerate(parts)
        ]
        return sa.and_(node.has_length(len(parts)), *conditions)

    def _same_rows(self, leaf: Leaf, parts: Sequence[Bound], holder: ItemHolder) -> Condition:
        rows = self._row(leaf, holder)
        count = sa.select(sa.func.count()).select_from(rows.table).where(_of(rows, holder))
        there = holder.table.c[holder.find(leaf).column].is_not(None)
        conditions = [there, count.correlate(holder.table).scalar_subquery() == len(parts)]
        for position, part in enumerate(parts):
            row, before = self._row(leaf, holder), self._row(leaf, holder)
            earlier = sa.and_(_of(before, holder), before.table.c[POSITION] < row.table.c[POSITION])
            place = sa.select(sa.func.count()).select_from(before.table).where(earlier)
            here = place.correlate(holder.table, row.table).scalar_subquery() == position
            inside = self._condition(part, row, positive=True)
            conditions.append(exists(sa.select(1).where(_of(row, holder), here, inside), holder, positive=True))
        return sa.and_(*conditions)

    def _same_links(self, leaf: Leaf, parts: Sequence[Bound], holder: ItemHolder) -> Condition:
        links = self._crossing.links(holder.shape.side(leaf), holder)
        if not parts:
            return links.exist(positive=False)
        conditions = [
            self._condition(part, IdHolder(links.nth(position), self._dialect), positive=True)
            for position, part in enumerate(parts)
        ]
        return sa.and_(links.count() == len(parts), *conditions)

    def _row(self, leaf: Leaf, holder: ItemHolder) -> RowHolder:
        """Return a row of the table of a list."""
        collection = holder.shape.collection
        table = holder.aliases.of(self._schema.lists[collection][leaf.path].table)
        return RowHolder(RowShape(self._schema, collection, leaf.path), table, self._dialect, holder.aliases)


def _element(node: Node, shape: PartShape, condition: Bound) -> Condition | None:
    """Look for an element by one value, where the database has a word for that."""
    match condition:
        case Compare(leaf, Operator.EQ, value) if value is not None and form_of(leaf.type) is not None:
            return node.has_element(find(shape, leaf).names, leaf.type.dump(value))
        case _:
            return None


def _of(row: RowHolder, holder: ItemHolder) -> Condition:
    """Ask for the rows of an item's list."""
    belongs: Condition = row.table.c[OWNER] == holder.table.c["_id"]
    return belongs
