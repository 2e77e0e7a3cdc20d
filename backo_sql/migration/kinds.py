"""What kind of values a column holds, told from the column alone: its description may be gone."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

from ..model.description import MAX_NAME_BYTES
from ..storage.sql.columns import SQLITE_PRECISION
from ..storage.sql.layout import check_name, digits_name

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


#: what only the database knows
OTHER = ColumnKind("other")


def find_kind(table: str, column: str, ddl: str, checks: Collection[str]) -> ColumnKind:
    """Tell what a column holds.

    On SQLite a document is a text, and a decimal number an integer: there the names of rules tell.

    Args:
        table: the name of its table.
        column: its name.
        ddl: its type as the database writes it.
        checks: the names of all rules of the table.
    """
    if check_name(table, column, "document", ()) in checks:
        return ColumnKind("json")
    if ddl == "BIGINT" and (found := _digits(table, column, checks)) is not None:
        return ColumnKind("decimal", None, *found)
    match = _TYPE.fullmatch(ddl)
    name = _TYPES.get(match["name"], "other") if match else "other"
    first = int(match["first"]) if match and match["first"] else None
    if name == "text":
        return ColumnKind(name, length=first)
    if name == "decimal":
        return ColumnKind(name, None, first, int(match["second"] or 0) if match else 0)
    return ColumnKind(name)


def _digits(table: str, column: str, checks: Collection[str]) -> tuple[int, int] | None:
    """Return precision and scale of a scaled integer."""
    beginning = f"ck_{table}__{column}__digits__"
    for name in checks:
        precision, _, scale = name.removeprefix(beginning).partition("_")
        if precision.isdigit() and scale.isdigit():
            return int(precision), int(scale)
    # A name that would be too long ends in a hash: whose, is tried out.
    cut = any(name.startswith(beginning[: MAX_NAME_BYTES - 9]) for name in checks)
    tried = ((p, s) for p in range(1, SQLITE_PRECISION + 1) for s in range(p + 1))
    return next((each for each in tried if cut and digits_name(table, column, *each) in checks), None)
