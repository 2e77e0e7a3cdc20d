"""Reads the tables that a database has, as snapshots."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from .kinds import find_kind
from .snapshot import Check, Column, ForeignKey, Index, Key, Schema, Table, type_text
from .sqlite_text import checks, escaped

_COLLATIONS = """
SELECT c.relname, a.attname, l.collname FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
JOIN pg_collation l ON l.oid = a.attcollation
WHERE c.relnamespace = current_schema()::regnamespace AND a.attnum > 0 AND a.attcollation <> t.typcollation
"""


def reflect(connection: sa.Connection, names: Iterable[str]) -> Schema:
    """Read those of some tables that are there.

    Args:
        connection: to the database.
        names: of the tables.
    """
    inspector = sa.inspect(connection)
    collations = _collations(connection)
    there = set(inspector.get_table_names())
    return {name: _table(connection, inspector, name, collations) for name in names if name in there}


def table_names(connection: sa.Connection) -> set[str]:
    """Return the names of all tables that are there."""
    return set(sa.inspect(connection).get_table_names())


def _table(
    connection: sa.Connection, inspector: sa.Inspector, name: str, collations: Mapping[tuple[str, str], str]
) -> Table:
    declared = _declared(connection, name)
    checks = {each.name: each for each in _checks(connection, inspector, name)}
    primary = inspector.get_pk_constraint(name)
    uniques = {
        str(each["name"]): Key(each["name"], tuple(each["column_names"]))
        for each in inspector.get_unique_constraints(name)
    }
    return Table(
        name,
        {
            each["name"]: _column(connection, name, each, declared, collations.get((name, each["name"])), checks)
            for each in inspector.get_columns(name)
        },
        Key(primary["name"], tuple(primary["constrained_columns"])),
        checks,
        uniques,
        {
            str(each["name"]): _index(each)
            for each in inspector.get_indexes(name)
            if "duplicates_constraint" not in each and None not in each["column_names"]
        },
        {
            str(each["name"] or each["constrained_columns"]): _foreign_key(each)
            for each in _foreign_keys(inspector, name)
        },
    )


def _column(
    connection: sa.Connection,
    table: str,
    read: Mapping[str, Any],
    declared: Mapping[str, str],
    collation: str | None,
    checks: Mapping[str, Check],
) -> Column:
    name, type_ = read["name"], read["type"]
    if collation is not None and isinstance(type_, sa.types.String):
        type_.collation = collation  # older versions of SQLAlchemy don't read it
    ddl = declared.get(name) or ("" if isinstance(type_, sa.types.NullType) else type_text(type_, connection.dialect))
    return Column(name, type_, ddl, read["nullable"], read.get("default"), find_kind(table, name, ddl, checks))


def _declared(connection: sa.Connection, table: str) -> dict[str, str]:
    """Return the types as they were written, which only SQLite keeps: SQLAlchemy knows not all of them."""
    if connection.dialect.name != "sqlite":
        return {}
    rows = connection.execute(sa.text("SELECT name, type FROM pragma_table_info(:name)"), {"name": table})
    return {name: declared.upper() for name, declared in rows}


def _collations(connection: sa.Connection) -> dict[tuple[str, str], str]:
    if connection.dialect.name != "postgresql":
        return {}
    return {(table, column): name for table, column, name in connection.execute(sa.text(_COLLATIONS))}


def _checks(connection: sa.Connection, inspector: sa.Inspector, table: str) -> Iterator[Check]:
    if connection.dialect.name == "sqlite":
        found: Iterable[tuple[str | None, str]] = checks(_sqlite_text(connection, table))
    else:
        found = ((each["name"], each["sqltext"]) for each in inspector.get_check_constraints(table))
    return (Check(name, text) for name, text in sorted(found, key=lambda each: str(each[0])) if name)


def _sqlite_text(connection: sa.Connection, table: str) -> str:
    found = connection.execute(
        sa.text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :name"), {"name": table}
    ).scalar()
    return str(found or "")


def _index(read: Mapping[str, Any]) -> Index:
    using = read.get("dialect_options", {}).get("postgresql_using")
    return Index(read["name"], tuple(read["column_names"]), bool(read["unique"]), None if using == "btree" else using)


def _foreign_keys(inspector: sa.Inspector, table: str) -> Iterable[Mapping[str, Any]]:
    return inspector.get_foreign_keys(table)


def _foreign_key(read: Mapping[str, Any]) -> ForeignKey:
    options = read.get("options", {})
    return ForeignKey(
        read["name"],
        tuple(read["constrained_columns"]),
        read["referred_table"],
        tuple(read["referred_columns"]),
        options.get("ondelete") or "NO ACTION",
        bool(options.get("deferrable")),
        options.get("initially"),
    )


@contextmanager
def reading_constraints(connection: sa.Connection) -> Iterator[None]:
    """Have SQLAlchemy read the constraints of SQLite tables by our means, for Alembic's batches to keep them all."""
    dialect: Any = connection.dialect
    if dialect.name != "sqlite":
        yield
        return

    def get_check_constraints(connection: Any, table_name: str, schema: str | None = None, **_: Any) -> list[Any]:
        # A colon would be taken for the beginning of a parameter.
        return [{"name": name, "sqltext": escaped(text)} for name, text in checks(_sqlite_text(connection, table_name))]

    dialect.get_check_constraints = get_check_constraints
    try:
        yield
    finally:
        del dialect.get_check_constraints
