"""Changes of large tables on PostgreSQL, so that nobody waits for long: in two revisions.

The first does what takes a moment: columns, and rules that only new rows are held to. The second, which stands outside
a transaction and may be repeated, does what takes time without keeping others from reading and writing: it makes
indexes concurrently, fills columns in small transactions, and looks at the rows that were there before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from .compare import SchemaChange, TableChange, compare
from .render import Renderer
from .snapshot import Column, Schema, Table
from .sqlite_text import escaped, quote


def between(old: Schema, new: Schema) -> Schema:
    """Return the schema after the first of the two revisions.

    Args:
        old: what is there, under its new names.
        new: what is wanted.
    """
    return {name: _between(old[name], table) if name in old else table for name, table in new.items()}


def _between(old: Table, new: Table) -> Table:
    def column(each: Column) -> Column:
        before = old.columns.get(each.name)
        return replace(each, nullable=True) if before is not None and before.nullable else each

    return replace(
        new,
        columns={name: column(each) for name, each in new.columns.items()},
        indexes={name: each for name, each in new.indexes.items() if old.indexes.get(name) == each},
        uniques={name: each for name, each in new.uniques.items() if old.uniques.get(name) == each},
    )


def afterwards(
    renderer: Renderer, first: SchemaChange, middle: Schema, new: Schema, defaults: Mapping[tuple[str, str], str]
) -> list[str]:
    """Write the second revision.

    Args:
        renderer: writes the parts.
        first: what the first revision changes.
        middle: what is there after it.
        new: what is wanted.
        defaults: by table and column, what rows without a value get, as SQL.
    """
    apart: list[str] = []
    then: list[str] = []
    for change in compare(middle, new).changed:
        apart += _fills(change, defaults)
        apart += _indexes(renderer, change)
        then += _required(renderer, change)
        then += [
            _alter(change.name, f"ADD CONSTRAINT {quote(key.name or '')} UNIQUE USING INDEX {quote(key.name or '')}")
            for key in change.made.uniques
        ]
    for change in first.changed:
        rules = [*change.made.checks, *change.kept.checks]
        names = [*(each.name for each in rules), *(each.name or "" for each in change.made.foreign_keys)]
        then += [_alter(change.name, f"VALIDATE CONSTRAINT {quote(name)}") for name in names]
    if apart:
        apart = ["with op.get_context().autocommit_block():", *(f"    {line}" for line in apart)]
    return apart + then


def _fills(change: TableChange, defaults: Mapping[tuple[str, str], str]) -> list[str]:
    return [
        f"op.fill_rows({change.name!r}, {column.name!r}, {defaults[change.name, column.name]!r})"
        for column in change.tightened
        if (change.name, column.name) in defaults
    ]


def _indexes(renderer: Renderer, change: TableChange) -> list[str]:
    lines = []
    for index in change.made.indexes:
        lines.append(_drop_index(index.name))
        lines.append(renderer.create_index(change.name, index, ", postgresql_concurrently=True"))
    for key in change.made.uniques:
        name, columns = key.name or "", list(key.columns)
        lines.append(_drop_index(name))
        lines.append(
            f"op.create_index(op.f({name!r}), {change.name!r}, {columns!r}, unique=True, postgresql_concurrently=True)"
        )
    return lines


def _drop_index(name: str) -> str:
    # One that was broken off is there, and of no use.
    return f"op.execute({f'DROP INDEX CONCURRENTLY IF EXISTS {quote(name)}'!r})"


def _required(renderer: Renderer, change: TableChange) -> list[str]:
    """Write how columns become required: a rule that was validated spares PostgreSQL a look under a lock."""
    lines = []
    for column in change.tightened:
        rule = f"ck_{column.name}_not_null"[:63]
        condition = f"{quote(column.name)} IS NOT NULL"
        complaint = f"{column.name} is required, and some rows have no value. Fill them in this revision, at its top."
        lines += [
            f"op.check_rows({change.name!r}, {condition!r}, {complaint!r})",
            _alter(change.name, f"ADD CONSTRAINT {quote(rule)} CHECK ({condition}) NOT VALID"),
            _alter(change.name, f"VALIDATE CONSTRAINT {quote(rule)}"),
            _alter(change.name, f"ALTER COLUMN {quote(column.name)} SET NOT NULL"),
            _alter(change.name, f"DROP CONSTRAINT {quote(rule)}"),
        ]
    return lines


def _alter(table: str, what: str) -> str:
    return f"op.execute({escaped(f'ALTER TABLE {quote(table)} {what}')!r})"
