"""Moves the elements of a list between a document and a table of their own, in SQL.

A list of objects is a document until its elements hold a reference: then it is a table, and what stood in its place in
the row of the item only tells whether there is a list. Each column of the table is a value of the document and back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from ..errors import MigrationError
from ..storage.sql.layout import OWNER, POSITION
from .kinds import ColumnKind
from .rename import ListMove
from .retype import Conversion, convert
from .snapshot import Schema, Table
from .sqlite_text import quote as q

#: a column of the table, or an object that holds some
_Tree: TypeAlias = "dict[str, str | _Tree]"


def unfold(move: ListMove, schema: Schema, defaults: Mapping[tuple[str, str], str], dialect: str) -> str:
    """Return the statement that makes rows of the elements of all documents.

    Args:
        move: from the document into the table.
        schema: with the table.
        defaults: by table and column, what rows without a value get, as SQL.
        dialect: the database.
    """
    columns, values = [q(OWNER), q(POSITION)], ["o._id", "e.key + 1" if dialect == "sqlite" else "e.position"]
    for name, column in schema[move.elements].columns.items():
        if name in (OWNER, POSITION):
            continue
        read = (_read_on_sqlite if dialect == "sqlite" else _read_on_postgresql)(name.split("__"), column.kind, move)
        default = defaults.get((move.elements, name))
        columns.append(q(name))
        values.append(read if default is None else f"coalesce({read}, {default})")
    document = f"o.{q(move.column)}"
    elements = (
        f"json_each({document}) e"
        if dialect == "sqlite"
        else f"jsonb_array_elements({document}) WITH ORDINALITY AS e(value, position)"
    )
    is_list = f"json_type({document}) = 'array'" if dialect == "sqlite" else f"jsonb_typeof({document}) = 'array'"
    return (
        f"INSERT INTO {q(move.elements)} ({', '.join(columns)}) SELECT {', '.join(values)} "
        f"FROM (SELECT * FROM {q(move.table)} o WHERE {is_list}) o CROSS JOIN {elements}"
    )


def conversion(move: ListMove, schema: Schema, dialect: str) -> Conversion:
    """Return what becomes of the column of a list: a document, or a mark that there is a list.

    Args:
        move: of the list.
        schema: what is there, under its new names.
        dialect: the database.
    """
    if move.folds:
        return Conversion(_document(move, schema[move.elements], dialect))
    return Conversion(f"CASE WHEN {q(move.column)} IS NOT NULL THEN {'1' if dialect == 'sqlite' else 'true'} END")


def _document(move: ListMove, table: Table, dialect: str) -> str:
    """Write the document of the elements of one item."""
    tree: _Tree = {}
    for name in table.columns:
        if name not in (OWNER, POSITION):
            *path, last = name.split("__")
            here: Any = tree
            for part in path:
                here = here.setdefault(part, {})
            here[last] = name
    one = _written(tree, table, move, dialect)
    rows = f"FROM {q(move.elements)} e WHERE e.{q(OWNER)} = {q(move.table)}._id"
    if dialect == "sqlite":
        found = f"(SELECT json_group_array(json(d)) FROM (SELECT {one} AS d {rows} ORDER BY e.{q(POSITION)}))"
    else:
        found = f"coalesce((SELECT jsonb_agg({one} ORDER BY e.{q(POSITION)}) {rows}), '[]'::jsonb)"
    return f"CASE WHEN {q(move.column)} THEN {found} END"


def _written(tree: _Tree, table: Table, move: ListMove, dialect: str) -> str:
    make, write = (
        ("json_object", _write_on_sqlite) if dialect == "sqlite" else ("jsonb_build_object", _write_on_postgresql)
    )
    parts = []
    for key, each in tree.items():
        value = (
            write(f"e.{q(each)}", table.columns[each].kind, move)
            if isinstance(each, str)
            else _written(each, table, move, dialect)
        )
        parts.append(f"'{key}', {value}")
    return f"{make}({', '.join(parts)})"


def _read_on_sqlite(path: list[str], kind: ColumnKind, move: ListMove) -> str:
    place = "".join(f'."{part}"' for part in path)
    v = f"json_extract(e.value, '${place}')"
    point = f"CASE WHEN instr({v}, '.') THEN '' ELSE '.' END"
    match kind.name:
        case "text" | "integer" | "real" | "boolean" | "date":
            return v
        case "decimal":
            scale = kind.scale or 0
            digits = f"{v} || {point} || '{'0' * scale}'"
            return f"CAST(replace(substr({digits}, 1, instr({digits}, '.') + {scale}), '.', '') AS INTEGER)"
        case "instant":
            return f"substr(replace(rtrim({v}, 'Z'), 'T', ' ') || {point} || '000000', 1, 26)"
        case "time":
            return f"substr({v} || {point} || '000000', 1, 15)"
        case "json":
            return f"nullif(json_quote({v}), 'null')"
        case _:
            raise _unknown(move, kind)


def _read_on_postgresql(path: list[str], kind: ColumnKind, move: ListMove) -> str:
    place = "'{" + ",".join(path) + "}'"
    v = f"(e.value #>> {place})"
    types = {"integer": "bigint", "real": "double precision", "decimal": "numeric", "instant": "timestamptz"}
    match kind.name:
        case "text":
            return v
        case "integer" | "real" | "decimal" | "boolean" | "date" | "time" | "instant":
            return f"{v}::{types.get(kind.name, kind.name)}"
        case "bytes":
            return f"decode({v}, 'base64')"
        case "json":
            return f"nullif(e.value #> {place}, 'null'::jsonb)"
        case _:
            raise _unknown(move, kind)


def _write_on_sqlite(c: str, kind: ColumnKind, move: ListMove) -> str:
    match kind.name:
        case "text" | "integer" | "real" | "date":
            return c
        case "decimal":
            return str(convert("sqlite", c, kind, ColumnKind("text"), "").expression)
        case "boolean":
            return f"json(CASE {c} WHEN 1 THEN 'true' WHEN 0 THEN 'false' ELSE 'null' END)"
        case "instant":
            return f"replace(replace({c}, ' ', 'T'), '.000000', '') || 'Z'"
        case "time":
            return f"replace({c}, '.000000', '')"
        case "json":
            return f"json({c})"
        case _:
            raise _unknown(move, kind)


def _write_on_postgresql(c: str, kind: ColumnKind, move: ListMove) -> str:
    match kind.name:
        case "text" | "integer" | "real" | "boolean" | "json":
            return c
        case "decimal" | "date":
            return f"{c}::text"
        case "bytes":
            return f"replace(encode({c}, 'base64'), chr(10), '')"
        case "instant":
            written = f"to_char({c} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
            return f"replace({written}, '.000000Z', 'Z')"
        case "time":
            return f"replace(to_char({c}, 'HH24:MI:SS.US'), '.000000', '')"
        case _:
            raise _unknown(move, kind)


def _unknown(move: ListMove, kind: ColumnKind) -> MigrationError:
    return MigrationError(
        f"The elements of {move.table}.{move.column} can't be moved between a document and the table {move.elements} "
        f"by themselves: they hold {kind.name}. Give the list another field, move the values by backoffice.migrate, "
        "and drop the old one in a revision of its own."
    )
