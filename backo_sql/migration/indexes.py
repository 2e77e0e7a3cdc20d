"""Looks for foreign keys without an index: deleting what they point to reads the whole table that holds them."""

from __future__ import annotations

import sqlalchemy as sa

from ..errors import MigrationError


def bare_foreign_keys(engine: sa.Engine) -> list[tuple[str, tuple[str, ...]]]:
    """Return the foreign keys of a database whose columns no index begins with, as table and columns.

    Raises:
        MigrationError: the database can't be asked.
    """
    try:
        with engine.connect() as connection:
            inspector = sa.inspect(connection)
            return [
                (table, columns)
                for table in sorted(inspector.get_table_names())
                for columns in _foreign_keys(inspector, table)
                if not any(_begins(index, columns) for index in _indexes(inspector, table))
            ]
    except sa.exc.DBAPIError as error:
        said = str(error.orig).strip().partition("\n")[0]
        raise MigrationError(f"The database can't be asked: {said}") from error


def _foreign_keys(inspector: sa.Inspector, table: str) -> list[tuple[str, ...]]:
    return sorted({tuple(key["constrained_columns"]) for key in inspector.get_foreign_keys(table)})


def _indexes(inspector: sa.Inspector, table: str) -> list[tuple[str | None, ...]]:
    """Return the columns of all indexes, those of keys and unique constraints among them."""
    return [
        tuple(inspector.get_pk_constraint(table)["constrained_columns"]),
        *(tuple(each["column_names"]) for each in inspector.get_unique_constraints(table)),
        *(tuple(each["column_names"]) for each in inspector.get_indexes(table)),
    ]


def _begins(index: tuple[str | None, ...], columns: tuple[str, ...]) -> bool:
    """Tell whether an index begins with these columns, in whatever order."""
    return set(index[: len(columns)]) == set(columns)
