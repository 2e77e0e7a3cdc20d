"""Compares two schemas of the same names: what has to be done to come from one to the other, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from .snapshot import Check, Column, ForeignKey, Index, Key, Schema, Table

_Part = TypeVar("_Part", Check, Key, Index, ForeignKey)


@dataclass
class Parts:
    """Constraints and indexes of a table that go, or come."""

    checks: list[Check] = field(default_factory=list)
    uniques: list[Key] = field(default_factory=list)
    indexes: list[Index] = field(default_factory=list)
    foreign_keys: list[ForeignKey] = field(default_factory=list)
    primary: list[Key] = field(default_factory=list)

    def __bool__(self) -> bool:
        return any((self.checks, self.uniques, self.indexes, self.foreign_keys, self.primary))

    @property
    def constraints(self) -> bool:
        """Something else than indexes is among them."""
        return any((self.checks, self.uniques, self.foreign_keys, self.primary))


@dataclass
class TableChange:
    """What changes in a table that stays.

    Attributes:
        old: as it is.
        new: as it should be.
        added: columns that come.
        dropped: columns that go.
        retyped: columns that get another type, as they are and as they should be.
        loosened: columns that may be null from now on.
        tightened: columns that must not be null any more.
        defaults: columns whose default in the database changes.
        gone: constraints and indexes that go.
        made: constraints and indexes that come.
        kept: those that stay, but stand on a column that gets another type.
    """

    old: Table
    new: Table
    added: list[Column] = field(default_factory=list)
    dropped: list[Column] = field(default_factory=list)
    retyped: list[tuple[Column, Column]] = field(default_factory=list)
    loosened: list[Column] = field(default_factory=list)
    tightened: list[Column] = field(default_factory=list)
    defaults: list[Column] = field(default_factory=list)
    gone: Parts = field(default_factory=Parts)
    made: Parts = field(default_factory=Parts)
    kept: Parts = field(default_factory=Parts)

    @property
    def name(self) -> str:
        """The name of the table."""
        return self.new.name

    def __bool__(self) -> bool:
        columns = (self.added, self.dropped, self.retyped, self.loosened, self.tightened, self.defaults)
        return any(columns) or bool(self.gone) or bool(self.made)


@dataclass
class SchemaChange:
    """What changes in a database, after the renames.

    Attributes:
        added: tables that come.
        dropped: tables that go.
        changed: tables that change.
    """

    added: list[Table]
    dropped: list[Table]
    changed: list[TableChange]


def compare(old: Schema, new: Schema) -> SchemaChange:
    """Compare two schemas."""
    changed = [_compare_tables(table, new[name]) for name, table in sorted(old.items()) if name in new]
    return SchemaChange(
        [table for name, table in sorted(new.items()) if name not in old],
        [table for name, table in sorted(old.items()) if name not in new],
        [each for each in changed if each],
    )


def _compare_tables(old: Table, new: Table) -> TableChange:
    change = TableChange(old, new)
    change.added = [column for name, column in new.columns.items() if name not in old.columns]
    change.dropped = [column for name, column in old.columns.items() if name not in new.columns]
    for name, column in new.columns.items():
        before = old.columns.get(name)
        if before is None:
            continue
        if _is_retyped(before, column):
            change.retyped.append((before, column))
        if before.nullable != column.nullable:
            (change.loosened if column.nullable else change.tightened).append(column)
        if plain_default(before.default) != plain_default(column.default):
            change.defaults.append(column)
    for part in ("checks", "uniques", "indexes", "foreign_keys"):
        _compare_parts(getattr(old, part), getattr(new, part), part, change)
    if old.primary != new.primary:
        change.gone.primary.append(old.primary)
        change.made.primary.append(new.primary)
    retyped = {column.name for _, column in change.retyped}
    for part in ("checks", "uniques", "indexes", "foreign_keys"):
        there: Mapping[str, Check | Key | Index | ForeignKey] = getattr(new, part)
        made = {each.name for each in getattr(change.made, part)}
        getattr(change.kept, part).extend(
            each for name, each in there.items() if name not in made and retyped & set(_columns_of(each, new))
        )
    return change


def _compare_parts(old: Mapping[str, _Part], new: Mapping[str, _Part], part: str, change: TableChange) -> None:
    getattr(change.gone, part).extend(each for name, each in old.items() if new.get(name) != each)
    getattr(change.made, part).extend(each for name, each in new.items() if old.get(name) != each)


def _columns_of(part: Check | Key | Index | ForeignKey, table: Table) -> tuple[str, ...]:
    if not isinstance(part, Check):
        return part.columns
    # The rule of a check is a text; its name tells the column.
    found = [name for name in table.columns if part.name.startswith(f"ck_{table.name}__{name}__")]
    return (max(found, key=len),) if found else tuple(table.columns)


def _is_retyped(before: Column, column: Column) -> bool:
    if not before.ddl or not column.ddl:  # a type that SQLAlchemy doesn't know
        return False
    return before.ddl != column.ddl or before.kind != column.kind


def plain_default(default: str | None) -> str | None:
    """Return a default without what PostgreSQL adds when it tells: `'a'::text`, `(1)`."""
    if default is None:
        return None
    plain = default.strip()
    while plain.startswith("(") and plain.endswith(")"):
        plain = plain[1:-1].strip()
    literal, cast, _ = plain.rpartition("::")
    return literal if cast and not literal.count("'") % 2 else plain
