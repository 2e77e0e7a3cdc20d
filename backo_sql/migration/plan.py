"""The steps from one schema to another, in an order in which every row survives.

In: the schema that is there, the one that is wanted, and what was which. Out: the lines of `upgrade` or `downgrade`,
the differences for people, and what is lost. The way back is the same from the other end.

The order: renames; new tables; what stands in the way is dropped; new columns, and values converted or moved into
them; defaults for what is required from now on; then columns go and constraints come; tables go last.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .compare import SchemaChange, compare
from .differences import find_differences
from .links import move_statements
from .lists import conversion, unfold
from .rename import Passage
from .renamed import Renames, rename
from .render import Renderer
from .report import Difference
from .snapshot import ForeignKey, Schema, Table
from .sqlite_text import escaped
from .table_steps import TableSteps

#: No table of PostgreSQL can be altered while a deferred constraint has still to look at its rows.
_CHECK_NOW = ('op.execute("SET CONSTRAINTS ALL IMMEDIATE")',)


@dataclass
class Plan:
    """What is to be done.

    Attributes:
        lines: the body of the function.
        differences: the same for people.
        creates: the tables that are there only afterwards.
        change: the same as data.
    """

    lines: list[str] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    creates: list[str] = field(default_factory=list)
    change: SchemaChange = field(default_factory=lambda: SchemaChange([], [], []))

    @property
    def destructive(self) -> list[str]:
        """What is lost."""
        return [each.text for each in self.differences if each.destructive]


def make_plan(
    renderer: Renderer,
    old: Schema,
    new: Schema,
    passage: Passage,
    defaults: Mapping[tuple[str, str], str],
    *,
    large: bool = False,
) -> Plan:
    """Plan the way from one schema to another.

    Args:
        renderer: writes the lines.
        old: what is there.
        new: what is wanted.
        passage: what was which.
        defaults: by table and column, what rows without a value get, as SQL.
        large: hold only new rows to new rules; a revision that comes after this one looks at the others.

    Raises:
        MigrationError: a change that needs a person's judgement.
    """
    renames = rename(old, new, passage)
    change = compare(renames.schema, new)
    plan = Plan(differences=find_differences(renames, change, passage), change=change)
    plan.creates = [*(table.name for table in change.added), *renames.tables.values()]
    if not plan.differences:
        return plan
    dialect = renderer.dialect.name
    lists = [each for each in passage.lists if each.table in new and each.table in renames.schema]
    columns = {(each.table, each.column): conversion(each, renames.schema, dialect) for each in lists}
    steps = [TableSteps(each, renderer, passage, defaults, columns, large=large) for each in change.changed]
    unfolds = _executed(unfold(each, new, defaults, dialect) for each in lists if not each.folds)
    moves = _executed(move_statements(passage))
    fills = [line for each in steps for line in each.fills()]
    plan.lines += _rename_lines(renames)
    if moves or fills or lists:
        # What somebody writes between the moment when values are copied and that when the old ones go would be lost.
        names = [*(table.name for table in change.changed), *(table.name for table in change.dropped)]
        plan.lines.append(f"op.lock_tables({names!r})")
    plan.lines += _create_lines(renderer, change)
    plan.lines += [*unfolds, *(_CHECK_NOW if unfolds and dialect == "postgresql" else ())]
    for each in steps:
        plan.lines += each.early()
    plan.lines += [*moves, *fills, *(_CHECK_NOW if (moves or fills) and dialect == "postgresql" else ())]
    for each in steps:
        plan.lines += each.late()
    plan.lines += _drop_lines(change)
    return plan


def _executed(statements: Iterable[str]) -> list[str]:
    return [f"op.execute({escaped(statement)!r})" for statement in statements]


def _rename_lines(renames: Renames) -> list[str]:
    lines = []
    for old, new in renames.tables.items():
        aside = f"{new}__new"  # SQLite finds that a name in other letters is taken
        steps = [(old, aside), (aside, new)] if old.lower() == new.lower() else [(old, new)]
        lines += [f"op.rename_table({one!r}, {other!r})" for one, other in steps]
    for table, columns in renames.columns.items():
        lines += [f"op.alter_column({table!r}, {old!r}, new_column_name={new!r})" for old, new in columns.items()]
    for table in sorted({*renames.constraints, *renames.indexes}):
        lines += ["op.rename_constraints(", f"    {table!r},"]
        for parts in (renames.constraints, renames.indexes):
            lines.append("    {")
            lines += [f"        {old!r}: {new!r}," for old, new in parts.get(table, {}).items()]
            lines.append("    },")
        lines.append(")")
    return lines


def _create_lines(renderer: Renderer, change: SchemaChange) -> list[str]:
    lines: list[str] = []
    apart: list[tuple[Table, ForeignKey]] = []
    for table, later in _in_order(change.added):
        lines += renderer.table(table, later)
        lines += [renderer.create_index(table.name, index) for index in table.indexes.values()]
        apart += [(table, key) for key in table.foreign_keys.values() if key.target in later]
    if apart:
        lines.append('if op.get_context().dialect.name != "sqlite":')
        for table, key in apart:
            made = renderer.create_foreign_key(key).replace("batch_op.", "op.").replace("(", "(\0", 1)
            name, _, rest = made.partition(", ")
            lines.append(f"    {name}, {table.name!r}, {rest}".replace("\0", ""))
    return lines


def _drop_lines(change: SchemaChange) -> list[str]:
    ordered = _in_order(change.dropped)
    apart = [(table, key) for table, later in ordered for key in table.foreign_keys.values() if key.target in later]
    lines: list[str] = []
    if apart:
        lines.append('if op.get_context().dialect.name != "sqlite":')
        lines += [
            f"    op.drop_constraint(op.f({key.name!r}), {table.name!r}, type_='foreignkey')" for table, key in apart
        ]
    return lines + [f"op.drop_table({table.name!r})" for table, _ in reversed(ordered)]


def _in_order(tables: Iterable[Table]) -> list[tuple[Table, set[str]]]:
    """Put tables in an order in which each comes after those that it refers to; with each, those that can't be."""
    left = {table.name: table for table in tables}
    ordered: list[tuple[Table, set[str]]] = []
    while left:
        waits = {
            name: {key.target for key in table.foreign_keys.values()} & set(left) - {name}
            for name, table in left.items()
        }
        name = min(left, key=lambda each: (len(waits[each]), each))
        ordered.append((left.pop(name), waits[name]))
    return ordered
