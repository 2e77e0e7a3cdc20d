"""What changes in the tables of the host, which Alembic compares, in our words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from alembic.operations import MigrateOperation, ops

from .report import Difference


def find_host_differences(operations: Iterable[MigrateOperation]) -> Iterator[Difference]:
    """Tell what Alembic found, in the order of the steps."""
    for each in operations:
        if isinstance(each, ops.OpContainer):
            yield from find_host_differences(each.ops)
        else:
            yield _told(each)


def _told(operation: MigrateOperation) -> Difference:
    table = str(getattr(operation, "table_name", None) or getattr(operation, "source_table", None) or "")
    match operation:
        case ops.CreateTableOp():
            return Difference("add_table", table, "", f"adds the table {table}")
        case ops.DropTableOp():
            return Difference("drop_table", table, "", f"drops the table {table} with all its rows", destructive=True)
        case ops.AddColumnOp(column=column):
            return Difference("add_column", table, column.name, f"adds the column {table}.{column.name}")
        case ops.DropColumnOp(column_name=name):
            text = f"drops the column {table}.{name} with its values"
            return Difference("drop_column", table, name, text, destructive=True)
        case ops.AlterColumnOp(column_name=name):
            return Difference("change_column", table, name, f"changes the column {table}.{name}")
        case ops.CreateIndexOp(index_name=name):
            return Difference("add_index", table, str(name or ""), f"adds the index {name} of {table}")
        case ops.DropIndexOp(index_name=name):
            return Difference("drop_index", table, str(name), f"drops the index {name} of {table}")
        case ops.DropConstraintOp(constraint_name=name):
            return Difference("drop_constraint", table, str(name or ""), f"drops the constraint {name} of {table}")
        case ops.AddConstraintOp():
            name = str(getattr(operation, "constraint_name", None) or "")
            return Difference("add_constraint", table, name, f"adds a constraint {name} to {table}".replace("  ", " "))
        case _:
            return Difference("change", table, "", f"changes {table}: {type(operation).__name__}")
