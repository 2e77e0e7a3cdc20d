"""Changes of large tables on PostgreSQL, so that nobody waits for long: in two revisions.

The first does what takes a moment, and what the application that still runs can live with: columns, and rules that only
new rows are held to. A column that is required from now on has a default in the database for as long, or may be null
where there is none. The second, which stands outside a transaction and may be repeated, does what takes time without
keeping others from reading and writing: it makes indexes concurrently, fills columns in small transactions, looks at
the rows that were there before, and is as strict as the description at last.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from .compare import SchemaChange, TableChange, compare
from .render import Renderer
from .snapshot import Column, Schema, Table
from .sqlite_text import escaped, quote


def between(old: Schema, new: Schema, defaults: Mapping[tuple[str, str], str]) -> Schema:
    """Return the schema after the first of the two revisions.

    Args:
        old: what is there, under its new names.
        new: what is wanted.
        defaults: by table and column, what rows without a value get, as SQL.
    """
    return {name: _between(old[name], table, defaults) if name in old else table for name, table in new.items()}


def _between(old: Table, new: Table, defaults: Mapping[tuple[str, str], str]) -> Table:
    def column(each: Column) -> Column:
        before, default = old.columns.get(each.name), defaults.get((new.name, each.name), each.default)
        if before is not None:
            return replace(each, nullable=True) if before.nullable else each
        if each.nullable:
            return each
        return replace(each, default=default, nullable=default is None)

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

    What takes long is done first; what keeps others out takes a moment, and each is a transaction of its own.

    Args:
        renderer: writes the parts.
        first: what the first revision changes.
        middle: what is there after it.
        new: what is wanted.
        defaults: by table and column, what rows without a value get, as SQL.
    """
    changed = compare(middle, new).changed
    lines = [line for change in changed for line in (*_fills(change, defaults), *_indexes(renderer, change))]
    for change in first.changed:
        rules = [*change.made.checks, *change.kept.checks]
        names = [*(each.name for each in rules), *(each.name or "" for each in change.made.foreign_keys)]
        lines += [_alter(change.name, f"VALIDATE CONSTRAINT {quote(name)}") for name in names]
    for change in changed:
        lines += _required(change)
        for key in change.made.uniques:
            name = quote(key.name or "")
            lines.append(_alter(change.name, f"ADD CONSTRAINT {name} UNIQUE USING INDEX {name}"))
        lines += [
            _alter(change.name, f"ALTER COLUMN {quote(column.name)} DROP DEFAULT")
            for column in change.defaults
            if column.default is None
        ]
    return ["with op.get_context().autocommit_block():", *(f"    {line}" for line in lines)] if lines else []


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
        lines += [_alter(change.name, f"DROP CONSTRAINT IF EXISTS {quote(name)}"), _drop_index(name)]
        lines.append(
            f"op.create_index(op.f({name!r}), {change.name!r}, {columns!r}, unique=True, postgresql_concurrently=True)"
        )
    return lines


def _drop_index(name: str) -> str:
    # One that was broken off is there, and of no use.
    return f"op.execute({f'DROP INDEX CONCURRENTLY IF EXISTS {quote(name)}'!r})"


def _required(change: TableChange) -> Iterable[str]:
    """Write how columns become required: a rule that was validated spares PostgreSQL a look under a lock."""
    for column in change.tightened:
        rule = quote(f"ck_{column.name}_not_null"[:63])
        condition = f"{quote(column.name)} IS NOT NULL"
        complaint = f"{column.name} is required, and some rows have no value. Fill them before this revision is run."
        yield f"op.check_rows({change.name!r}, {condition!r}, {complaint!r})"
        yield _alter(change.name, f"DROP CONSTRAINT IF EXISTS {rule}")
        yield _alter(change.name, f"ADD CONSTRAINT {rule} CHECK ({condition}) NOT VALID")
        yield _alter(change.name, f"VALIDATE CONSTRAINT {rule}")
        yield _alter(change.name, f"ALTER COLUMN {quote(column.name)} SET NOT NULL")
        yield _alter(change.name, f"DROP CONSTRAINT {rule}")


def _alter(table: str, what: str) -> str:
    return f"op.execute({escaped(f'ALTER TABLE {quote(table)} {what}')!r})"
