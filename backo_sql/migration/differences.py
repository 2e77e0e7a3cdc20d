"""What changes, in sentences for people, and whether it takes values away."""

from __future__ import annotations

from collections.abc import Iterator

from .compare import Parts, SchemaChange, TableChange
from .rename import Passage
from .renamed import Renames
from .report import Difference
from .snapshot import Column


def find_differences(renames: Renames, change: SchemaChange, passage: Passage) -> list[Difference]:
    """Tell what changes, in the order of the steps."""
    return [*_renamed(renames), *_moved(passage), *_tables(change, passage), *_changed(change, passage)]


def _renamed(renames: Renames) -> Iterator[Difference]:
    for old, new in renames.tables.items():
        yield Difference("rename_table", new, "", f"renames the table {old} to {new}")
    for table, columns in renames.columns.items():
        for old, new in columns.items():
            yield Difference("rename_column", table, new, f"renames the column {table}.{old} to {new}")
    for kind, parts in (("constraint", renames.constraints), ("index", renames.indexes)):
        for table, names in parts.items():
            for old, new in names.items():
                yield Difference(f"rename_{kind}", table, new, f"renames the {kind} {old} of {table} to {new}")


def _moved(passage: Passage) -> Iterator[Difference]:
    for each in passage.spreads:
        column = f"{each.table}.{each.column}"
        if each.gather:
            text = f"moves the links of {each.links} into the column {column}: of several, the first is kept"
            yield Difference("gather_links", each.table, each.column, text, destructive=True)
        else:
            text = f"moves the links of the column {column} into the table {each.links}"
            yield Difference("spread_links", each.table, each.column, text)
    for turn in passage.turns:
        text = f"moves the links of {turn.other}.{turn.other_column} into {turn.table}.{turn.column}"
        if not turn.single:
            text += ": of several, the first is kept"
        yield Difference("turn_links", turn.table, turn.column, text, destructive=not turn.single)
    for move in passage.lists:
        document = f"the document {move.table}.{move.column}"
        if move.folds:
            text = f"moves the elements of {move.elements} into {document}"
            text += f", without {', '.join(move.lost)}" if move.lost else ""
            yield Difference("fold_list", move.table, move.column, text, destructive=bool(move.lost))
        else:
            text = f"moves the elements of {document} into the table {move.elements}"
            yield Difference("unfold_list", move.table, move.column, text)
    for swap in passage.swaps:
        yield Difference("swap_links", swap.new, "", f"moves the links of the table {swap.old} into {swap.new}")


def _tables(change: SchemaChange, passage: Passage) -> Iterator[Difference]:
    for table in change.added:
        yield Difference("add_table", table.name, "", f"adds the table {table.name}")
    moved = {each.links for each in passage.spreads if each.gather} | {each.old for each in passage.swaps}
    moved |= {each.elements for each in passage.lists if each.folds}
    for table in change.dropped:
        kept = table.name in moved
        text = f"drops the table {table.name}" + ("" if kept else " with all its rows")
        yield Difference("drop_table", table.name, "", text, destructive=not kept)


def _changed(change: SchemaChange, passage: Passage) -> Iterator[Difference]:
    moved = {(each.table, each.column) for each in passage.spreads if not each.gather}
    moved |= {(each.other, each.other_column) for each in passage.turns}
    for table in change.changed:
        yield from _columns(table, moved)
        yield from _parts(table.name, table.gone, "drop", "drops")
        yield from _parts(table.name, table.made, "add", "adds")


def _columns(change: TableChange, moved: set[tuple[str, str]]) -> Iterator[Difference]:
    table = change.name
    for column in change.added:
        yield Difference("add_column", table, column.name, f"adds the column {table}.{column.name}")
    for before, after in change.retyped:
        text = f"changes the type of {table}.{after.name} from {_type(before, after)} to {_type(after, before)}"
        yield Difference("change_type", table, after.name, text)
    for column in change.loosened:
        yield Difference("drop_not_null", table, column.name, f"lets {table}.{column.name} be null")
    for column in change.tightened:
        yield Difference("add_not_null", table, column.name, f"requires a value in {table}.{column.name}")
    for column in change.defaults:
        yield Difference("change_default", table, column.name, f"changes the default of {table}.{column.name}")
    for column in change.dropped:
        kept = (table, column.name) in moved
        text = f"drops the column {table}.{column.name}" + ("" if kept else " with its values")
        yield Difference("drop_column", table, column.name, text, destructive=not kept)


def _type(column: Column, other: Column) -> str:
    """Name a type so that it differs from another one: SQLite keeps values of several kinds in columns of one type."""
    if column.ddl != other.ddl:
        return column.ddl
    name, *numbers = (each for each in column.kind if each is not None)
    return f"{name}({', '.join(map(str, numbers))})" if numbers else str(name)


def _parts(table: str, parts: Parts, verb: str, text: str) -> Iterator[Difference]:
    named = {
        "check": [each.name for each in parts.checks],
        "unique": [each.name or "" for each in parts.uniques],
        "foreign_key": [each.name or "" for each in parts.foreign_keys],
        "index": [each.name for each in parts.indexes],
        "primary_key": [each.name or "" for each in parts.primary],
    }
    for kind, names in named.items():
        for name in names:
            yield Difference(f"{verb}_{kind}", table, name, f"{text} the {kind.replace('_', ' ')} {name} of {table}")
