"""Tables as plain data: what a database has, or should have.

In: the SQLAlchemy tables of a description. Out: snapshots, in the same form in which `reflect.py` reads a database, so
that the two can be compared, in either direction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.psycopg import dialect as PostgreSQL  # noqa: N812 - it is a class
from sqlalchemy.dialects.sqlite.pysqlite import dialect as SQLite  # noqa: N812 - it is a class
from sqlalchemy.engine import Dialect

from .kinds import OTHER, ColumnKind, find_kind

SQLITE: Dialect = SQLite()
POSTGRESQL: Dialect = PostgreSQL()  # type: ignore[no-untyped-call]

#: The databases that a revision is written for, besides the one at hand.
PORTABLE = (SQLITE, POSTGRESQL)


#: The type of a column of which nobody knows what it is on a database.
UNTOLD = sa.types.NullType()


class UntoldError(Exception):
    """What should be written for a database is known for another one alone."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column.

    Attributes:
        name: of the column.
        type: as SQLAlchemy knows it, or `UNTOLD`.
        ddl: the type as the database at hand writes it.
        nullable: it may be null.
        default: what the database puts where nothing is given, as SQL.
        kind: what it holds, which its type alone doesn't tell.
    """

    name: str
    type: sa.types.TypeEngine[Any] = field(compare=False)
    ddl: str
    nullable: bool
    default: str | None = None
    kind: ColumnKind = OTHER


@dataclass(frozen=True, slots=True)
class Check:
    """A rule on rows. Two of one name are one: the name holds a hash of the values.

    Attributes:
        name: of the constraint.
        text: the rule, for the database at hand; none where it is known for another one alone.
        variants: the rule for each portable database that has it; none for one that was read.
    """

    name: str
    text: str | None = field(compare=False)
    variants: tuple[tuple[str, tuple[str, ...]], ...] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Key:
    """A primary key or a unique constraint."""

    name: str | None
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Index:
    """An index."""

    name: str
    columns: tuple[str, ...]
    unique: bool = False
    using: str | None = None


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A reference into a table."""

    name: str | None
    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]
    on_delete: str = "NO ACTION"
    deferrable: bool = False
    initially: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table; its parts by name.

    Attributes:
        name: of the table.
        columns: in their order.
        primary: the primary key.
        checks: the rules that the database at hand has.
        uniques: unique constraints.
        indexes: those that stem from no constraint.
        foreign_keys: its references.
        others: rules that only other databases have.
    """

    name: str
    columns: Mapping[str, Column]
    primary: Key
    checks: Mapping[str, Check]
    uniques: Mapping[str, Key]
    indexes: Mapping[str, Index]
    foreign_keys: Mapping[str, ForeignKey]
    others: Mapping[str, Check] = field(default_factory=dict, compare=False)

    def target_of(self, column: str) -> str | None:
        """Return the table that a column refers to."""
        return next((key.target for key in self.foreign_keys.values() if key.columns == (column,)), None)


Schema: TypeAlias = dict[str, Table]


def snapshot(tables: Iterable[sa.Table], dialect: Dialect) -> Schema:
    """Take what tables of a description should be in a database.

    Args:
        tables: of the description.
        dialect: the database at hand.
    """
    return {table.name: _table(table, dialect) for table in tables}


def _table(table: sa.Table, dialect: Dialect) -> Table:
    dialects = {each.name: each for each in (*PORTABLE, dialect)}
    checks: dict[str, Check] = {}
    others: dict[str, Check] = {}
    uniques: dict[str, Key] = {}
    foreign_keys: dict[str, ForeignKey] = {}
    for constraint in table.constraints:
        name = str(constraint.name or "")
        if isinstance(constraint, sa.CheckConstraint):
            variants = _variants(constraint, dialects.values())
            mine = next((text for text, names in variants if dialect.name in names), None)
            (others if mine is None else checks)[name] = Check(name, mine, variants)
        elif isinstance(constraint, sa.UniqueConstraint):
            uniques[name] = Key(name, tuple(column.name for column in constraint.columns))
        elif isinstance(constraint, sa.ForeignKeyConstraint):
            foreign_keys[name] = _foreign_key(constraint, name)
    return Table(
        table.name,
        {column.name: _column(column, dialect, checks) for column in table.columns},
        Key(str(table.primary_key.name or "") or None, tuple(column.name for column in table.primary_key.columns)),
        dict(sorted(checks.items())),
        dict(sorted(uniques.items())),
        {str(index.name): _index(index, dialect) for index in sorted(table.indexes, key=lambda index: str(index.name))},
        dict(sorted(foreign_keys.items())),
        others,
    )


def type_text(type_: sa.types.TypeEngine[Any], dialect: Dialect) -> str:
    """Write a column type as a database does."""
    return str(type_.compile(dialect=dialect)).upper()


def _column(column: sa.Column[Any], dialect: Dialect, checks: Collection[str]) -> Column:
    default, ddl = None, type_text(column.type, dialect)
    if isinstance(column.server_default, sa.DefaultClause):
        argument = column.server_default.arg
        default = (
            f"'{argument}'"
            if isinstance(argument, str)
            else str(argument.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
        )
    kind = find_kind(column.table.name, column.name, ddl, checks)
    return Column(column.name, column.type, ddl, bool(column.nullable), default, kind)


def _index(index: sa.Index, dialect: Dialect) -> Index:
    using = index.dialect_kwargs.get("postgresql_using") if dialect.name == "postgresql" else None
    return Index(str(index.name), tuple(column.name for column in index.columns), bool(index.unique), using or None)


def _foreign_key(constraint: sa.ForeignKeyConstraint, name: str) -> ForeignKey:
    return ForeignKey(
        name,
        tuple(constraint.column_keys),
        constraint.elements[0].target_fullname.rpartition(".")[0],
        tuple(element.target_fullname.rpartition(".")[2] for element in constraint.elements),
        constraint.ondelete or "NO ACTION",
        bool(constraint.deferrable),
        constraint.initially,
    )


def _variants(constraint: sa.CheckConstraint, dialects: Iterable[Dialect]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the text of a rule for each database that has it, those with the same text together."""
    found: dict[str, list[str]] = {}
    for dialect in dialects:
        compiler: Any = dialect.ddl_compiler(dialect, None)  # type: ignore[arg-type]
        if constraint._should_create_for_compiler(compiler):
            text = compiler.sql_compiler.process(constraint.sqltext, include_table=False, literal_binds=True)
            if compiler.preparer._double_percents:
                text = text.replace("%%", "%")
            found.setdefault(text, []).append(dialect.name)
    return tuple((text, tuple(names)) for text, names in found.items())
