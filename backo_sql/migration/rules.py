"""The rules of one database in the words of another.

In: the text of a CHECK as a database tells it. Out: the same rule for the other one. They are rules of our own making
(a range, choices, a length of bytes), so that only their values have to be read.
"""

from __future__ import annotations

import datetime
import decimal
import re
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from .kinds import ColumnKind
from .snapshot import Check, Table

_PART = re.compile(
    r"""
    (?P<bytes>[xX]'[0-9a-fA-F]*')
    |(?P<text>'(?:[^']|'')*')
    |(?P<cast>::\s*[a-z][a-z ]*(?:\(\d+(?:,\s*\d+)?\))?)
    |(?P<quoted>"(?:[^"]|"")*")
    |(?P<word>[A-Za-z_\x80-\U0010ffff][\w$\x80-\U0010ffff]*)
    |(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
    |(?P<sign>[<>]=)
    |(?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)


def rewrite(check: Check, table: Table, here: Dialect, there: Dialect) -> str | None:
    """Return the text of a rule for another database.

    Args:
        check: the rule, as one database tells it.
        table: that it stands in, with types that mean the same on both.
        here: the database that tells.
        there: the other one.

    Returns:
        The text; nothing where the rule isn't one of ours.
    """
    for name, each in table.columns.items():
        kind = each.kind
        rule, found, _ = check.name.removeprefix(f"ck_{table.name}__{name}__").partition("__")
        if not found or rule == check.name:
            continue
        column = sa.column(name, each.type)
        if rule == "length" and kind.name == "bytes":
            return check.text
        if rule not in ("range", "choices"):
            continue
        try:
            parts = [(sign, _value(read, kind, here)) for sign, read in _literals(check.text or "")]
            if not parts:
                return None
            expression: Any
            if rule == "choices":
                expression = column.in_([_literal(value, column) for _, value in parts])
            else:
                compare = {">=": column.__ge__, "<=": column.__le__}
                expression = sa.and_(*(compare[sign](_literal(value, column)) for sign, value in parts))
            text = str(expression.compile(dialect=there, compile_kwargs={"literal_binds": True}))
        except (ValueError, KeyError, ArithmeticError, sa.exc.SQLAlchemyError):
            return None
        return text.replace("%%", "%") if there.identifier_preparer._double_percents else text
    return None


def _literals(text: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """Visit the values of a rule, each with the sign that stands before it."""
    sign = ""
    for match in _PART.finditer(text):
        kind, part = match.lastgroup or "", match[0]
        if kind == "sign":
            sign = part
        elif kind in ("bytes", "text", "number") or (kind == "word" and part in ("true", "false")):
            yield sign, (kind, part)


def _value(literal: tuple[str, str], kind: ColumnKind, dialect: Dialect) -> Any:
    """Read a value as its database writes it."""
    sort, part = literal
    if sort == "bytes":
        return bytes.fromhex(part[2:-1])
    plain = part[1:-1].replace("''", "'") if sort == "text" else part
    match kind.name:
        case "text":
            return plain
        case "bytes":
            return bytes.fromhex(plain.removeprefix("\\x"))
        case "integer":
            return int(plain)
        case "real":
            return float(plain)
        case "decimal":
            number = decimal.Decimal(plain)
            return number.scaleb(-(kind.scale or 0)) if dialect.name == "sqlite" else number
        case "boolean":
            return plain in ("1", "true")
        case "date":
            return datetime.date.fromisoformat(plain)
        case "time":
            return datetime.time.fromisoformat(plain)
        case "instant":
            read = datetime.datetime.fromisoformat(plain)
            return read if read.tzinfo else read.replace(tzinfo=datetime.UTC)
        case _:
            raise ValueError(plain)


def _literal(value: Any, column: Any) -> sa.ColumnElement[Any]:
    return sa.literal(value, column.type, literal_execute=True)
