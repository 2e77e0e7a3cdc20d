"""A schema of one database as another one has it: a revision that was written on SQLite runs on PostgreSQL, and back.

In: what a database has. Out: the same in words that both understand, and what the other database has in its place.
What can't be told is marked; a revision that would need it says that it is for the one database alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from ..storage.sql.columns import Binary, UtcDateTime, decimal_type, json_type, text_type
from ..storage.sql.layout import check_name, digits_name
from ..storage.sql.tables import boolean_rule, digits_rule, document_rule, length_rule
from .compare import plain_default
from .kinds import ColumnKind
from .rules import rewrite
from .snapshot import PORTABLE, SQLITE, UNTOLD, Check, Column, Schema, Table, type_text


def other_dialect(dialect: Dialect) -> Dialect | None:
    """Return the other one of the databases that a revision is written for; none where it is for one alone."""
    others = [each for each in PORTABLE if each.name != dialect.name]
    return others[0] if len(others) < len(PORTABLE) else None


def both(schema: Schema, here: Dialect, there: Dialect) -> tuple[Schema, Schema]:
    """Return a schema in words that two databases understand, and what the other one has in its place.

    Args:
        schema: as it was read.
        here: the database that it was read from.
        there: the other one.
    """
    found = {name: _both(table, here, there) for name, table in schema.items()}
    return {name: mine for name, (mine, _) in found.items()}, {name: other for name, (_, other) in found.items()}


def _both(table: Table, here: Dialect, there: Dialect) -> tuple[Table, Table]:
    columns = {name: _portable(column, here) for name, column in table.columns.items()}
    mine = replace(table, columns={name: column or table.columns[name] for name, column in columns.items()})
    others = {
        name: _translated(column, there) if column else replace(table.columns[name], type=UNTOLD, ddl="")
        for name, column in columns.items()
    }
    own = {name: check for name, (column, check) in _of_sqlite(table).items() if columns[column]}
    shared = [check for name, check in table.checks.items() if name not in own]
    checks = [_both_checks(check, mine, here, there) for check in shared]
    sides = {}
    for dialect, rules in ((here, [each for each, _ in checks]), (there, [each for _, each in checks])):
        named = {each.name: each for each in rules}
        if dialect.name == "sqlite":
            there_already = table.checks if here.name == "sqlite" else own
            named |= {name: each for name, each in own.items() if name in there_already}
        sides[dialect.name] = dict(sorted(named.items()))
    aside = {name: {} if name == "sqlite" else own for name in sides}
    return (
        replace(mine, checks=sides[here.name], others=aside[here.name]),
        replace(
            table,
            columns=others,
            checks=sides[there.name],
            others=aside[there.name],
            indexes={name: replace(each, using=None) for name, each in table.indexes.items()},
        ),
    )


def _portable(column: Column, here: Dialect) -> Column | None:
    """Return a column whose type is written alike on all databases; none where that isn't known."""
    type_ = _portable_type(column.kind, column.ddl)
    return replace(column, type=type_) if type_ is not None and type_text(type_, here) == column.ddl else None


def _translated(column: Column, there: Dialect) -> Column:
    default = plain_default(column.default)
    if column.kind.name == "boolean" and default is not None:
        is_true = default.lower() in ("1", "true")
        default = str(int(is_true)) if there.name == "sqlite" else str(is_true).lower()
    return replace(column, ddl=type_text(column.type, there), default=default)


def _portable_type(kind: ColumnKind, ddl: str) -> sa.types.TypeEngine[Any] | None:
    match kind.name:
        case "text":
            return text_type(kind.length)
        case "integer":
            return sa.Integer() if ddl == "INTEGER" else sa.BigInteger()
        case "real":
            return sa.Double()
        case "decimal" if kind.precision is not None:
            return decimal_type(kind.precision, kind.scale or 0)
        case "boolean":
            return sa.Boolean()
        case "bytes":
            return Binary()
        case "instant":
            return UtcDateTime()
        case "date":
            return sa.Date()
        case "time":
            return sa.Time()
        case "json":
            return json_type()
        case _:
            return None


def _both_checks(check: Check, table: Table, here: Dialect, there: Dialect) -> tuple[Check, Check]:
    """Return a rule as both databases write it."""
    text, other = rewrite(check, table, here, here), rewrite(check, table, here, there)
    if text is None or other is None:
        return check, replace(check, text=None)
    names = (here.name, there.name)
    variants = ((text, names),) if text == other else ((text, names[:1]), (other, names[1:]))
    return replace(check, text=text, variants=variants), replace(check, text=other, variants=variants)


def _of_sqlite(table: Table) -> dict[str, tuple[str, Check]]:
    """Return the rules by which SQLite keeps what the types of PostgreSQL say, each with its column."""
    return {
        name: (column, Check(name, text, ((text, (SQLITE.name,)),)))
        for column, name, rule in _rules_of_sqlite(table)
        for text in [str(rule.compile(dialect=SQLITE, compile_kwargs={"literal_binds": True}))]
    }


def _rules_of_sqlite(table: Table) -> Iterator[tuple[str, str, sa.ColumnElement[Any]]]:
    for name, each in table.columns.items():
        column: sa.ColumnElement[Any] = sa.column(name)
        match each.kind:
            case ColumnKind("json"):
                yield name, check_name(table.name, name, "document", ()), document_rule(column)
            case ColumnKind("boolean") if not _has_choices(table, name):
                yield name, check_name(table.name, name, "boolean", ()), boolean_rule(column)
            case ColumnKind("decimal", _, int(precision), scale):
                yield name, digits_name(table.name, name, precision, scale or 0), digits_rule(column, precision)
            case ColumnKind("text", int(length)):
                yield name, check_name(table.name, name, "length", length), length_rule(column, length)


def _has_choices(table: Table, column: str) -> bool:
    return any(name.startswith(f"ck_{table.name}__{column}__choices__") for name in table.checks)
