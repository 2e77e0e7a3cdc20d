"""The operations that revisions have beside those of Alembic.

`op.check_rows`, `op.lock_tables`, `op.fill_rows`, `op.rename_constraints` and `op.only_on`.

They come with `backo_sql.migration`, which every `env.py` imports; a revision needs no import for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from alembic.operations import MigrateOperation, Operations

from ..errors import MigrationError
from .sqlite_text import escaped, index_renamed, quote, renamed

#: about how many rows PostgreSQL puts on a page
_ROWS_OF_A_PAGE = 50


class PlainType(sa.types.UserDefinedType[Any]):
    """A column type that SQLAlchemy has no class for, by its name in the database."""

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **_: Any) -> str:
        """Return the name."""
        return self.name

    def __repr__(self) -> str:
        return f"PlainType({self.name!r})"


PlainType.__module__ = "backo_sql.migration"  # where revisions find it


@Operations.register_operation("check_rows")
class CheckRowsOp(MigrateOperation):
    """Stop the migration when some row of a table doesn't satisfy a condition, before anything is lost."""

    def __init__(self, table: str, condition: str, message: str) -> None:
        self.table, self.condition, self.message = table, condition, message

    @classmethod
    def check_rows(cls, operations: Operations, table: str, condition: str, message: str) -> None:
        """Stop the migration when some row of a table doesn't satisfy a condition.

        Args:
            operations: given by Alembic.
            table: the table.
            condition: in SQL; where it is null, the row passes.
            message: what is wrong with such rows, and what to do.
        """
        operations.invoke(cls(table, condition, message))


@Operations.implementation_for(CheckRowsOp)
def _check_rows(operations: Operations, operation: CheckRowsOp) -> None:
    context = operations.get_context()
    if context.as_sql:
        context.impl.static_output(f"-- no row of {operation.table} may break this: {operation.condition}")
        return
    statement = f"SELECT count(*) FROM {quote(operation.table)} WHERE NOT ({operation.condition})"
    count = operations.get_bind().exec_driver_sql(statement.replace("%", "%%") if _doubles(operations) else statement)
    found = count.scalar_one()
    if found:
        rows = "1 row is" if found == 1 else f"{found} rows are"
        raise MigrationError(f"{operation.table}: {operation.message} ({rows} concerned.)")


def _doubles(operations: Operations) -> bool:
    return bool(operations.get_bind().dialect.identifier_preparer._double_percents)


@Operations.register_operation("only_on")
class OnlyOnOp(MigrateOperation):
    """Stop the migration on any other database than the one that a revision was written on."""

    def __init__(self, dialect: str) -> None:
        self.dialect = dialect

    @classmethod
    def only_on(cls, operations: Operations, dialect: str) -> None:
        """Stop the migration on any other database, before anything is changed.

        Args:
            operations: given by Alembic.
            dialect: the database that the revision was written on: `sqlite`, `postgresql`.
        """
        operations.invoke(cls(dialect))


@Operations.implementation_for(OnlyOnOp)
def _only_on(operations: Operations, operation: OnlyOnOp) -> None:
    here = operations.get_context().dialect.name
    if here != operation.dialect:
        raise MigrationError(
            f"This revision was written on {operation.dialect}, where something is that {here} has in another form, or "
            f"not at all. Write in it what is to be done on {here}, and take the line op.only_on out."
        )


@Operations.register_operation("lock_tables")
class LockTablesOp(MigrateOperation):
    """Keep everybody else out of some tables until the revision ends."""

    def __init__(self, tables: Sequence[str]) -> None:
        self.tables = tables

    @classmethod
    def lock_tables(cls, operations: Operations, tables: Sequence[str]) -> None:
        """Keep everybody else out of some tables until the revision ends: between two statements nobody may write.

        Args:
            operations: given by Alembic.
            tables: the tables.
        """
        operations.invoke(cls(tables))


@Operations.implementation_for(LockTablesOp)
def _lock_tables(operations: Operations, operation: LockTablesOp) -> None:
    # A whole migration of SQLite is one transaction that keeps writers out.
    if operations.get_context().dialect.name == "postgresql":
        # As strong as what comes after it: a lock that grew would meet somebody who read and now wants to write.
        operations.execute(f"LOCK TABLE {', '.join(map(quote, operation.tables))} IN ACCESS EXCLUSIVE MODE")


@Operations.register_operation("fill_rows")
class FillRowsOp(MigrateOperation):
    """Give rows without a value one, in small transactions; to be run in an autocommit block."""

    def __init__(self, table: str, column: str, value: str, batch: int) -> None:
        self.table, self.column, self.value, self.batch = table, column, value, batch

    @classmethod
    def fill_rows(cls, operations: Operations, table: str, column: str, value: str, batch: int = 10_000) -> None:
        """Give rows without a value one, in small transactions.

        Args:
            operations: given by Alembic.
            table: the table.
            column: the column.
            value: what they get, in SQL.
            batch: about how many rows are one transaction.
        """
        operations.invoke(cls(table, column, value, batch))


@Operations.implementation_for(FillRowsOp)
def _fill_rows(operations: Operations, operation: FillRowsOp) -> None:
    table, column = quote(operation.table), quote(operation.column)
    update = f"UPDATE {table} SET {column} = {operation.value} WHERE {column} IS NULL"
    if operations.get_context().dialect.name != "postgresql" or operations.get_context().as_sql:
        operations.execute(escaped(update))
        return
    connection = operations.get_bind()
    # From page to page, as the rows lie: none is looked at twice, whatever the size of the table.
    size = sa.text("SELECT pg_relation_size(CAST(:table AS regclass)) / current_setting('block_size')::int")
    pages = connection.execute(size, {"table": table}).scalar_one()
    step = max(operation.batch // _ROWS_OF_A_PAGE, 1)
    for page in range(0, pages, step):
        connection.execute(sa.text(escaped(f"{update} AND ctid >= '({page},0)' AND ctid < '({page + step},0)'")))
    connection.execute(sa.text(escaped(update)))  # rows that somebody else wrote meanwhile


@Operations.register_operation("rename_constraints")
class RenameConstraintsOp(MigrateOperation):
    """Give constraints and indexes of a table other names, and change nothing else."""

    def __init__(self, table: str, constraints: Mapping[str, str], indexes: Mapping[str, str]) -> None:
        self.table, self.constraints, self.indexes = table, dict(constraints), dict(indexes)

    @classmethod
    def rename_constraints(
        cls,
        operations: Operations,
        table: str,
        constraints: Mapping[str, str] | None = None,
        indexes: Mapping[str, str] | None = None,
    ) -> None:
        """Give constraints and indexes of a table other names.

        Args:
            operations: given by Alembic.
            table: the table.
            constraints: new names by old ones.
            indexes: new names by old ones.
        """
        operations.invoke(cls(table, constraints or {}, indexes or {}))


@Operations.implementation_for(RenameConstraintsOp)
def _rename_constraints(operations: Operations, operation: RenameConstraintsOp) -> None:
    if operations.get_context().dialect.name == "sqlite":
        _rename_on_sqlite(operations, operation)
        return
    table = quote(operation.table)
    for old, new in operation.constraints.items():
        operations.execute(f"ALTER TABLE {table} RENAME CONSTRAINT {quote(old)} TO {quote(new)}")
    for old, new in operation.indexes.items():
        operations.execute(f"ALTER INDEX {quote(old)} RENAME TO {quote(new)}")


def _rename_on_sqlite(operations: Operations, operation: RenameConstraintsOp) -> None:
    """Make the table and its indexes anew, from the texts that SQLite keeps of them."""
    if operations.get_context().as_sql:
        raise MigrationError("SQLite has to be asked how a table is made: this revision can't be written as SQL.")
    connection = operations.get_bind()

    def texts(kind: str) -> dict[str, str]:
        rows = connection.exec_driver_sql(
            "SELECT name, sql FROM sqlite_master WHERE type = ? AND tbl_name = ? AND sql IS NOT NULL",
            (kind, operation.table),
        )
        return {name: sql for name, sql in rows}  # noqa: C416 - rows are no pairs for a type checker

    indexes, triggers = texts("index"), texts("trigger")
    if operation.constraints:
        made = f"_backo_new_{operation.table}"
        connection.exec_driver_sql(renamed(texts("table")[operation.table], made, operation.constraints))
        connection.exec_driver_sql(f"INSERT INTO {quote(made)} SELECT * FROM {quote(operation.table)}")
        connection.exec_driver_sql(f"DROP TABLE {quote(operation.table)}")
        connection.exec_driver_sql(f"ALTER TABLE {quote(made)} RENAME TO {quote(operation.table)}")
    for name, text in indexes.items():
        new = operation.indexes.get(name)
        if operation.constraints or new is not None:
            if not operation.constraints:
                connection.exec_driver_sql(f"DROP INDEX {quote(name)}")
            connection.exec_driver_sql(text if new is None else index_renamed(text, new))
    if operation.constraints:
        for text in triggers.values():
            connection.exec_driver_sql(text)
