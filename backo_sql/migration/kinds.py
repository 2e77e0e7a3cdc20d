"""What kind of values a column holds, told from the column alone: its description may be gone."""

from __future__ import annotations

import re
from typing import NamedTuple

from .snapshot import Column, Table

_TYPES = {
    "TEXT": "text",
    "VARCHAR": "text",
    "CHAR": "text",
    "BIGINT": "integer",
    "INTEGER": "integer",
    "SMALLINT": "integer",
    "DOUBLE": "real",
    "DOUBLE PRECISION": "real",
    "FLOAT": "real",
    "REAL": "real",
    "NUMERIC": "decimal",
    "BOOLEAN": "boolean",
    "BLOB": "bytes",
    "BYTEA": "bytes",
    "DATETIME": "instant",
    "TIMESTAMP WITH TIME ZONE": "instant",
    "DATE": "date",
    "TIME": "time",
    "TIME WITHOUT TIME ZONE": "time",
    "JSON": "json",
    "JSONB": "json",
}

_TYPE = re.compile(r"(?P<name>[A-Z ]+?) *(?:\((?P<first>\d+)(?:, *(?P<second>\d+))?\))?(?: COLLATE .*)?")


class ColumnKind(NamedTuple):
    """A kind of values.

    Attributes:
        name: such as `integer`; `other` for a type that only the database knows.
        length: how long a text may be.
        precision: how many digits a decimal number has.
        scale: how many of them stand behind the point.
    """

    name: str
    length: int | None = None
    precision: int | None = None
    scale: int | None = None


def kind_of(column: Column, table: Table) -> ColumnKind:
    """Tell what a column of a table holds.

    On SQLite a document is a text, and a decimal number an integer: there the rules of the column tell.
    """
    digits = f"ck_{table.name}__{column.name}__digits__"
    document = f"ck_{table.name}__{column.name}__document"
    for name in table.checks:
        if name.startswith(document):
            return ColumnKind("json")
        if name.startswith(digits):
            precision, _, scale = name.removeprefix(digits).partition("_")
            if precision.isdigit() and scale.isdigit():
                return ColumnKind("decimal", None, int(precision), int(scale))
    match = _TYPE.fullmatch(column.ddl)
    name = _TYPES.get(match["name"], "other") if match else "other"
    first = int(match["first"]) if match and match["first"] else None
    if name == "text":
        return ColumnKind(name, length=first)
    if name == "decimal":
        return ColumnKind(name, None, first, int(match["second"] or 0) if match else 0)
    return ColumnKind(name)
