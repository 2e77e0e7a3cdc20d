"""A schema under other names: what a database has after the renames, before anything else is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from .rename import Passage
from .snapshot import Check, ForeignKey, Index, Key, Schema, Table

#: What is added to the name of a column that another one takes over.
_ASIDE = "__gone"


@dataclass
class Renames:
    """What has to be renamed.

    Attributes:
        schema: what is there afterwards.
        tables: the new name of a table by its former one.
        columns: by the new name of a table, the new name of a column by its former one.
        constraints: by the new name of a table, the new name of a constraint by its former one.
        indexes: the same for indexes.
    """

    schema: Schema
    tables: dict[str, str] = field(default_factory=dict)
    columns: dict[str, dict[str, str]] = field(default_factory=dict)
    constraints: dict[str, dict[str, str]] = field(default_factory=dict)
    indexes: dict[str, dict[str, str]] = field(default_factory=dict)


def rename(schema: Schema, wanted: Schema, passage: Passage) -> Renames:
    """Apply the renames of a passage to a schema; constraints get the names that are wanted.

    Args:
        schema: what is there.
        wanted: what should be there.
        passage: what was which.
    """
    renames = Renames({})
    renames.tables = {old: new for new, old in passage.tables.items()}
    for old_name, table in schema.items():
        name = renames.tables.get(old_name, old_name)
        columns = {old: new for new, old in passage.columns.get(name, {}).items()}
        # A column whose name another one takes over steps aside first, and is dropped like any other.
        taken = [new for new in columns.values() if new in table.columns and new not in columns]
        columns = {**{each: f"{each}{_ASIDE}" for each in taken}, **columns}
        if columns:
            renames.columns[name] = _in_turn(columns)
        moved = _renamed(table, name, columns, renames.tables)
        if name in wanted:
            moved = _with_wanted_names(moved, table.name, columns, wanted[name], renames)
        renames.schema[name] = moved
    return renames


def _in_turn(columns: dict[str, str]) -> dict[str, str]:
    """Put renames in an order in which each name is free when it is taken."""
    ordered: dict[str, str] = {}
    while left := {old: new for old, new in columns.items() if old not in ordered}:
        ordered |= {old: new for old, new in left.items() if new not in left} or left
    return ordered


def _renamed(table: Table, name: str, columns: Mapping[str, str], tables: Mapping[str, str]) -> Table:
    def several(names: Iterable[str]) -> tuple[str, ...]:
        return tuple(columns.get(each, each) for each in names)

    return Table(
        name,
        {
            columns.get(each.name, each.name): replace(each, name=columns.get(each.name, each.name))
            for each in table.columns.values()
        },
        replace(table.primary, columns=several(table.primary.columns)),
        table.checks,
        {key: replace(each, columns=several(each.columns)) for key, each in table.uniques.items()},
        {key: replace(each, columns=several(each.columns)) for key, each in table.indexes.items()},
        {
            key: replace(each, columns=several(each.columns), target=tables.get(each.target, each.target))
            for key, each in table.foreign_keys.items()
        },
    )


def _with_wanted_names(
    table: Table, old_name: str, columns: Mapping[str, str], wanted: Table, renames: Renames
) -> Table:
    constraints: dict[str, str] = {}
    indexes: dict[str, str] = {}
    checks: dict[str, Check] = {}
    for name, check in table.checks.items():
        new = name if name in wanted.checks else _check_name(name, table, old_name, columns)
        if new != name and new in wanted.checks and new not in table.checks:
            constraints[name] = new
        checks[constraints.get(name, name)] = replace(check, name=constraints.get(name, name))
    uniques = _matched(table.uniques, wanted.uniques, lambda each: each.columns, constraints)
    keys = _matched(table.foreign_keys, wanted.foreign_keys, lambda each: (each.columns, each.target), constraints)
    found = _matched(table.indexes, wanted.indexes, lambda each: (each.columns, each.unique, each.using), indexes)
    primary = table.primary
    if primary.name and wanted.primary.name and primary.columns == wanted.primary.columns:
        if primary.name != wanted.primary.name:
            constraints[primary.name] = wanted.primary.name
        primary = wanted.primary
    if constraints:
        renames.constraints[table.name] = constraints
    if indexes:
        renames.indexes[table.name] = indexes
    return Table(table.name, table.columns, primary, checks, uniques, found, keys)


_Part = TypeVar("_Part", Key, Index, ForeignKey)


def _matched(
    there: Mapping[str, _Part],
    wanted: Mapping[str, _Part],
    what: Callable[[_Part], object],
    names: dict[str, str],
) -> dict[str, _Part]:
    """Give parts of a table the names of those wanted parts that are the same, and note who was renamed."""
    found: dict[str, _Part] = {}
    free = {what(each): name for name, each in wanted.items() if name not in there}
    for name, part in there.items():
        new = name if name in wanted else free.get(what(part), name)
        if new != name:
            names[name] = new
        found[new] = part if new == name else replace(part, name=new)
    return found


def _check_name(name: str, table: Table, old_table: str, columns: Mapping[str, str]) -> str:
    """Return the name that a rule would have under the new names of its table and its column."""
    former = {new: old for old, new in columns.items()}
    found = name
    longest = -1
    for column in table.columns:
        old = former.get(column, column)
        prefix = f"ck_{old_table}__{old}__"
        if name.startswith(prefix) and len(old) > longest:
            longest = len(old)
            found = f"ck_{table.name}__{column}__{name[len(prefix) :]}"
    return found
