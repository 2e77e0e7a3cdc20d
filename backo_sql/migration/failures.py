"""What a database refuses while it is migrated, in words that say which rows are in the way."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa

from ..errors import MigrationError
from .sqlite_text import quote

#: what a table is called while SQLite makes it anew
_ASIDE = re.compile(r"^(?:_alembic_tmp_|_backo_new_)")

_SQLITE = re.compile(r"^(UNIQUE|CHECK|NOT NULL) constraint failed: (.+)$")
_KEY = re.compile(r"^Key \((.+?)\)=")


def tell(error: sa.exc.DBAPIError) -> MigrationError:
    """Return the error of ours that says what one of the database means."""
    first = str(error.orig).strip().partition("\n")[0]
    told = _of_postgresql(error.orig) or _of_sqlite(first)
    return MigrationError(told or f"The database refuses this: {first}")


def _of_sqlite(text: str) -> str | None:
    if text == "database is locked":
        return "Somebody else writes to this database, and has not ended in time. Run it again, or wait longer."
    match = _SQLITE.match(text)
    if match is None:
        return None
    if match[1] == "CHECK":
        return _rule("", match[2])
    places = [_ASIDE.sub("", each.strip()).partition(".") for each in match[2].split(",")]
    table, columns = places[0][0], [column for _, _, column in places]
    return _duplicates(table, columns, "") if match[1] == "UNIQUE" else _nothing(table, columns[0])


def _of_postgresql(original: Any) -> str | None:
    state, said = getattr(original, "sqlstate", None), getattr(original, "diag", None)
    if state is None or said is None or not said.table_name:
        return None
    if state == "23505":
        key = _KEY.match(said.message_detail or "")
        return _duplicates(said.table_name, key[1].split(", ") if key else [], said.constraint_name or "")
    if state == "23514":
        return _rule(said.table_name, said.constraint_name or "")
    if state == "23502":
        return _nothing(said.table_name, said.column_name or "")
    if state == "23503":
        return f"{said.table_name}: some rows refer to what isn't there ({said.constraint_name}). Change them first."
    return None


def _duplicates(table: str, columns: list[str], name: str) -> str:
    names = ", ".join(columns) or "key"
    constraint = f" ({name})" if name else ""
    listed = ", ".join(quote(each.strip('"')) for each in columns)
    query = f"SELECT {listed}, count(*) FROM {quote(table)} GROUP BY {listed} HAVING count(*) > 1"
    find = f" This finds them: {query}" if columns else ""
    return f"{table}: several rows have the same {names}, which is to be unique{constraint}. Change them first.{find}"


def _rule(table: str, name: str) -> str:
    where = f"{table}: some" if table else "Some"
    return f"{where} rows break the rule {name}. Change them first; what it says is in the revision."


def _nothing(table: str, column: str) -> str:
    return f"{table}: some rows have no {column}, which is required. Fill them first."
