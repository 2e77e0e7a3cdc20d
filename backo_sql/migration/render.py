"""Writes parts of tables as the Python of a revision: `sa.…` and `op.…`, nothing of the application and of ours.

A type of ours or of a user becomes the plain type behind it. What stems from a description is written for every
portable database at once; what was read from a database is written for that one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import render as alembic
from alembic.autogenerate.api import AutogenContext
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.default import DefaultDialect

from .operations import PlainType
from .snapshot import PORTABLE, UNTOLD, Check, Column, ForeignKey, Index, Key, Table, UntoldError
from .sqlite_text import escaped

_GENERIC = DefaultDialect()

#: how each database writes a truth, and how all of them understand it
_TRUTHS = {"1": "sa.true()", "true": "sa.true()", "0": "sa.false()", "false": "sa.false()"}


class Renderer:
    """Writes the source of one revision.

    Args:
        context: of Alembic; it collects the imports.
        dialect: the database that it is written for, where it isn't the one at hand.
    """

    def __init__(self, context: AutogenContext, dialect: Dialect | None = None) -> None:
        self.context = context
        self.dialect: Dialect = dialect or context.dialect

    def type(self, type_: sa.types.TypeEngine[Any]) -> str:
        """Write a column type.

        Raises:
            UntoldError: nobody knows what it is on this database.
        """
        if type_ is UNTOLD:
            raise UntoldError
        plain = self._plain(type_)
        if _mentions_plain_type(plain):
            self.context.imports.add("import backo_sql.migration")
        # Alembic writes the same default of a JSONB in different ways.
        return alembic._repr_type(plain, self.context).replace("(astext_type=Text())", "()")

    def column(self, column: Column, *, nullable: bool | None = None, default: str | None = None) -> str:
        """Write a column.

        Args:
            column: the column.
            nullable: as it should be for now.
            default: in SQL, for the rows that are there.
        """
        parts = [repr(column.name), self.type(column.type)]
        default = default if default is not None else column.default
        if default is not None:
            parts.append(f"server_default={self.default(default, column)}")
        parts.append(f"nullable={column.nullable if nullable is None else nullable}")
        return f"sa.Column({', '.join(parts)})"

    def default(self, sql: str, column: Column) -> str:
        """Write what the database puts where nothing is given."""
        if column.kind.name == "boolean" and sql.lower() in _TRUTHS:
            return _TRUTHS[sql.lower()]
        return self.text(sql)

    def text(self, sql: str | None) -> str:
        """Write a piece of SQL."""
        if sql is None:
            raise UntoldError
        return f"sa.text({escaped(sql)!r})"

    def table(self, table: Table, later: Iterable[str]) -> list[str]:
        """Write the creation of a table.

        Args:
            table: the table.
            later: tables that are made after it: where a database can, links to them are added then.
        """
        later = set(later)
        lines = ["op.create_table(", f"    {table.name!r},"]
        lines += [f"    {self.column(column)}," for column in table.columns.values()]
        keys = ", ".join(map(repr, table.primary.columns))
        lines.append(f"    sa.PrimaryKeyConstraint({keys}, name={self._name(table.primary.name)}),")
        for key in table.uniques.values():
            lines.append(f"    sa.UniqueConstraint({', '.join(map(repr, key.columns))}, name={self._name(key.name)}),")
        for foreign in table.foreign_keys.values():
            apart = ", use_alter=True" if foreign.target in later else ""
            lines.append(f"    {self.foreign_key(foreign)}{apart}),")
        for _, check in sorted({**table.others, **table.checks}.items()):
            lines += [f"    {line}," for line in self.check(check)]
        return [*lines, ")"]

    def foreign_key(self, key: ForeignKey) -> str:
        """Write a foreign key of a new table, but for the closing parenthesis."""
        local, remote = list(key.columns), [f"{key.target}.{column}" for column in key.target_columns]
        return f"sa.ForeignKeyConstraint({local!r}, {remote!r}, name={self._name(key.name)}{_options(key)}"

    def check(self, check: Check) -> list[str]:
        """Write a rule of a new table, once for each text that the portable databases have of it."""
        name = self._name(check.name)
        if check.variants is None:
            if check.text is None:
                raise UntoldError
            return [f"sa.CheckConstraint({escaped(check.text)!r}, name={name})"]
        everywhere = {self.dialect.name, *(each.name for each in PORTABLE)}
        lines = []
        for text, names in check.variants:
            line = f"sa.CheckConstraint({escaped(text)!r}, name={name})"
            if set(names) != everywhere:
                line += f".ddl_if(dialect={(names[0] if len(names) == 1 else names)!r})"
            lines.append(line)
        return lines

    def create_check(self, check: Check, suffix: str = "") -> str:
        """Write the addition of a rule within a batch."""
        return f"batch_op.create_check_constraint({self._name(check.name)}, {self.text(check.text)}{suffix})"

    def create_unique(self, key: Key) -> str:
        """Write the addition of a unique constraint within a batch."""
        return f"batch_op.create_unique_constraint({self._name(key.name)}, {list(key.columns)!r})"

    def create_primary(self, key: Key) -> str:
        """Write the addition of a primary key within a batch."""
        return f"batch_op.create_primary_key({self._name(key.name)}, {list(key.columns)!r})"

    def create_foreign_key(self, key: ForeignKey, suffix: str = "") -> str:
        """Write the addition of a foreign key within a batch."""
        ends = f"{key.target!r}, {list(key.columns)!r}, {list(key.target_columns)!r}"
        return f"batch_op.create_foreign_key({self._name(key.name)}, {ends}{_options(key)}{suffix})"

    def create_index(self, table: str, index: Index, suffix: str = "") -> str:
        """Write the addition of an index."""
        using = f", postgresql_using={index.using!r}" if index.using else ""
        columns = list(index.columns)
        return (
            f"op.create_index({self._name(index.name)}, {table!r}, {columns!r}, unique={index.unique}{using}{suffix})"
        )

    def drop(self, part: Check | Key | Index | ForeignKey, kind: str) -> str:
        """Write the removal of a constraint within a batch; `kind` is Alembic's `type_`."""
        if isinstance(part, Check) and part.text is None:
            raise UntoldError
        return f"batch_op.drop_constraint({self._name(part.name)}, type_={kind!r})"

    def _name(self, name: str | None) -> str:
        return f"op.f({name!r})" if name is not None else "None"

    def _plain(self, type_: sa.types.TypeEngine[Any]) -> sa.types.TypeEngine[Any]:
        """Return the type behind a type, with a variant for each portable database that writes it otherwise."""
        base = _behind(type_, _GENERIC)
        dialects = {each.name: each for each in (*PORTABLE, self.dialect)}
        for name, dialect in dialects.items():
            found = _behind(type_, dialect)
            if _written(found, dialect) != _written(base, dialect):
                base = base.with_variant(found, name)
        return base


def _behind(type_: sa.types.TypeEngine[Any], dialect: Dialect) -> sa.types.TypeEngine[Any]:
    """Return what a type comes to on one database: a class of SQLAlchemy without conversions."""
    found = type_._variant_mapping.get(dialect.name, type_)
    if isinstance(found, sa.types.TypeDecorator):
        return _behind(found.load_dialect_impl(dialect), dialect)
    if isinstance(found, sa.types.JSON):
        return type(found)()
    if not type(found).__module__.startswith("sqlalchemy.") and not isinstance(found, PlainType):
        return PlainType(_written(found, dialect))
    if type(found).__name__.startswith("_"):  # what a driver makes of a type
        public = next(each for each in type(found).__mro__ if not each.__name__.startswith("_"))
        found = found.adapt(public)
    if found._variant_mapping:
        found = found.copy()
        found._variant_mapping = found._variant_mapping.__class__()
    return found


def _written(type_: sa.types.TypeEngine[Any], dialect: Dialect) -> str:
    try:
        return str(type_.compile(dialect=dialect))
    except sa.exc.CompileError:  # a type of another database
        return ""


def _mentions_plain_type(type_: sa.types.TypeEngine[Any]) -> bool:
    return any(isinstance(each, PlainType) for each in (type_, *type_._variant_mapping.values()))


def _options(key: ForeignKey) -> str:
    options = f", ondelete={key.on_delete!r}" if key.on_delete != "NO ACTION" else ""
    if key.deferrable:
        options += ", deferrable=True"
    return options + (f", initially={key.initially!r}" if key.initially else "")
