"""The way from one schema to another on one database: there and back, at once or in two steps.

In: what is there, what is wanted, and what was which. Out: the plans that a revision is written from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from ..storage.sql.columns import check_column, write_document
from ..storage.sql.loading import stored_value
from ..types.kinds import Kind
from ..types.options import MISSING
from .large import afterwards, between
from .metadata import Target
from .plan import Plan, make_plan
from .rename import Passage
from .renamed import rename
from .render import Renderer
from .snapshot import Schema, snapshot


class Way:
    """The way on one database.

    Args:
        target: the database, as it should be.
        renderer: writes for this database.
        old: what is there.
        passage: what was which.
        large: in two steps: what takes a moment, and what takes time.

    Raises:
        DescriptionError: the database has no column for some field.
    """

    def __init__(self, target: Target, renderer: Renderer, old: Schema, passage: Passage, *, large: bool) -> None:
        dialect = renderer.dialect
        for table, leaves in target.fields():
            for leaf in leaves:
                check_column(leaf.type, f"{table}.{leaf.column}", dialect.name)
        self.renderer, self.old, self.passage = renderer, old, passage
        self.new = snapshot(target.tables.values(), dialect)
        self.defaults = defaults(target, dialect)
        there = rename(old, self.new, passage).schema
        self.middle = between(there, self.new, self.defaults) if large else self.new
        self._patient = large and dialect.name == "postgresql"

    def up(self) -> Plan:
        """Plan the way there, or its first step."""
        return make_plan(self.renderer, self.old, self.middle, self.passage, self.defaults, large=self._patient)

    def down(self) -> Plan:
        """Plan the way back."""
        former = {
            (self.passage.tables.get(table, table), self.passage.columns.get(table, {}).get(column, column)): sql
            for (table, column), sql in self.defaults.items()
        }
        return make_plan(self.renderer, self.middle, self.old, self.passage.back(), former)

    def up_afterwards(self) -> Plan:
        """Plan the second step."""
        plan = make_plan(self.renderer, self.middle, self.new, Passage(), self.defaults)
        if self._patient:
            plan.lines = afterwards(self.renderer, self.up().change, self.middle, self.new, self.defaults)
        return plan

    def down_afterwards(self) -> Plan:
        """Plan the way back from the second step."""
        return make_plan(self.renderer, self.new, self.middle, Passage(), self.defaults)


def defaults(target: Target, dialect: Dialect) -> Mapping[tuple[str, str], str]:
    """Return what rows without a value get, as SQL, by table and column: the constant defaults of fields."""
    found: dict[tuple[str, str], str] = {}
    for table, leaves in target.fields():
        for leaf in leaves:
            options = leaf.type.options
            default = options.default
            if default is MISSING or default is None or callable(default) or leaf.conditional:
                continue
            if options.allow_none and not options.required:
                continue
            type_ = target.tables[table].c[leaf.column].type
            if leaf.type.kind is Kind.JSON and isinstance(type_, sa.Boolean):
                continue  # a list with a table of its own, whose column only tells that there is one
            value = stored_value(leaf.type, leaf.type.load_missing())
            found[table, leaf.column] = _literal(leaf.type.kind, value, type_, dialect)
    return {place: sql for place, sql in found.items() if sql}


def _literal(kind: Kind, value: Any, type_: sa.types.TypeEngine[Any], dialect: Dialect) -> str:
    """Write a stored value as SQL; nothing where its type can't."""
    if kind is Kind.JSON:
        return "'" + write_document(value).replace("'", "''") + "'"
    processor = type_.dialect_impl(dialect).literal_processor(dialect)
    written = "" if processor is None else str(processor(value))
    return written.replace("%%", "%") if dialect.identifier_preparer._double_percents else written
