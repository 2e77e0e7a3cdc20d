"""Values of one kind as values of another, in SQL: only where none is lost.

In: the kinds of a column before and after. Out: an expression, and a condition that every row must satisfy for it to
keep the value whole. What can't be turned into another without a person's judgement is refused.
"""

from __future__ import annotations

from typing import NamedTuple

from ..errors import MigrationError
from .kinds import ColumnKind

#: Above it not every integer is a double.
_EXACT = 2**53

_DATE = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"
_TIME = "[0-9][0-9]:[0-9][0-9]:[0-9][0-9].[0-9][0-9][0-9][0-9][0-9][0-9]"

# The same as regular expressions of PostgreSQL.
_DAY = "(?!0000)[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_CLOCK = r"([01][0-9]|2[0-3])(:[0-5][0-9]){2}\.[0-9]{6}"


class Conversion(NamedTuple):
    """How values are turned into others.

    Attributes:
        expression: the new value; `None` where it is the old one.
        guard: what every row must satisfy; `None` where all do.
        complaint: what is wrong with a row that doesn't.
    """

    expression: str | None
    guard: str | None = None
    complaint: str = ""


def convert(dialect: str, column: str, old: ColumnKind, new: ColumnKind, where: str) -> Conversion:
    """Return how a column's values are turned into another kind.

    Args:
        dialect: the database.
        column: the column, as SQL.
        old: what it holds.
        new: what it should hold.
        where: the place, for messages.

    Raises:
        MigrationError: it can't be done without a person's judgement.
    """
    if old.name == new.name:
        found = _same_kind(dialect, column, old, new)
    else:
        found = (_on_sqlite if dialect == "sqlite" else _on_postgresql)(column, old, new)
    if found is None:
        raise MigrationError(
            f"{where} can't be turned from {_told(old)} into {_told(new)} by itself: what a value should become is "
            "not known. Give the new form another field, fill it from the old one (backoffice.migrate, or a statement "
            "in a revision), and drop the old one in a revision of its own."
        )
    return found


def _told(kind: ColumnKind) -> str:
    names = {"json": "a document", "integer": "an integer", "instant": "an instant", "bytes": "bytes", "text": "text"}
    return names.get(kind.name, f"a {kind.name}" if kind.name != "other" else "a type of the database's own")


def _same_kind(dialect: str, column: str, old: ColumnKind, new: ColumnKind) -> Conversion | None:
    if old.name == "text" and new.length is not None and (old.length is None or new.length < old.length):
        return Conversion(None, f"length({column}) <= {new.length}", f"it holds texts longer than {new.length}.")
    if old.name == "decimal":
        return _rescaled(dialect, column, old, new)
    return Conversion(None)


def _rescaled(dialect: str, column: str, old: ColumnKind, new: ColumnKind) -> Conversion:
    old_scale, new_scale = old.scale or 0, new.scale or 0
    digits = (new.precision or 0) - new_scale
    complaint = f"it holds numbers that {digits} digits before and {new_scale} behind the point can't keep."
    if dialect != "sqlite":
        guard = f"abs({column}) < 1e{digits} AND {column} = round({column}, {new_scale})"
        narrower = new_scale < old_scale or digits < (old.precision or 0) - old_scale
        return Conversion(None, guard if narrower else None, complaint)
    factor = 10 ** abs(new_scale - old_scale)
    limit = f"abs({column}) < {10 ** (digits + old_scale)}"
    if new_scale >= old_scale:
        return Conversion(f"{column} * {factor}", limit, complaint)
    return Conversion(f"{column} / {factor}", f"{limit} AND {column} % {factor} = 0", complaint)


def _on_sqlite(c: str, old: ColumnKind, new: ColumnKind) -> Conversion | None:
    scale = 10 ** ((old if old.name == "decimal" else new).scale or 0)
    places = new.scale or 0
    fits = f"abs({c}) < {10 ** ((new.precision or 0) - places)}"
    match old.name, new.name:
        case "integer", "text":
            return _short(Conversion(f"CAST({c} AS TEXT)"), new)
        case "real", "text":
            exact = f"CAST(CAST({c} AS TEXT) AS REAL) = {c}"
            whole = f"CASE WHEN {c} = CAST({c} AS INTEGER) AND abs({c}) < 1e15 THEN CAST({c} AS INTEGER) ELSE {c} END"
            text = f"CAST({whole} AS TEXT)"  # 12, as PostgreSQL writes it, and not 12.0
            return _short(Conversion(text, exact, "it holds numbers of more digits than a text gets."), new)
        case "decimal", "text":
            sign, whole = f"CASE WHEN {c} < 0 THEN '-' ELSE '' END", f"CAST(abs({c}) / {scale} AS TEXT)"
            point = f" || '.' || substr('{'0' * 18}' || (abs({c}) % {scale}), -{old.scale})" if old.scale else ""
            return _short(Conversion(f"{sign} || {whole}{point}"), new)
        case "boolean", "text":
            return _short(Conversion(f"CASE {c} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END"), new)
        case "instant", "text":
            return _short(Conversion(f"replace({c}, ' ', 'T') || 'Z'"), new)
        case (("date" | "time"), "text"):
            return _short(Conversion(f"CAST({c} AS TEXT)"), new)
        case "text", "integer":
            return Conversion(f"CAST({c} AS INTEGER)", f"{c} = CAST(CAST({c} AS INTEGER) AS TEXT)", _no("integers"))
        case "text", "real":
            guard = (
                f"CASE WHEN json_valid({c}) THEN json_type({c}) IN ('integer', 'real') ELSE 0 END"
                f" AND abs(CAST({c} AS REAL)) < 1e308 AND ({_is_short(c)} OR CAST(CAST({c} AS REAL) AS TEXT) = {c})"
            )
            return Conversion(f"CAST({c} AS REAL)", guard, _no("numbers that a float can keep"))
        case "text", "decimal":
            guard = (
                f"CASE WHEN json_valid({c}) THEN json_type({c}) IN ('integer', 'real') ELSE 0 END"
                f" AND {c} NOT LIKE '%e%' AND length(replace(replace({c}, '-', ''), '.', '')) <= 15"
                f" AND (instr({c}, '.') = 0 OR length({c}) - instr({c}, '.') <= {places})"
            )
            return Conversion(f"CAST(round(CAST({c} AS REAL) * {scale}) AS INTEGER)", guard, _no("such numbers"))
        case "text", "boolean":
            return Conversion(f"{c} = 'true'", f"{c} IN ('true', 'false')", _no("'true' or 'false'"))
        case "text", "date":
            return Conversion(c, f"{c} GLOB '{_DATE}' AND {_is_day_on_sqlite(c)}", _no("dates"))
        case "text", "time":
            guard = f"{c} GLOB '{_TIME}' AND {_is_time_on_sqlite(c)}"
            return Conversion(c, guard, _no("times of six decimal places"))
        case "text", "instant":
            day, time = _is_day_on_sqlite(f"substr({c}, 1, 10)"), _is_time_on_sqlite(f"substr({c}, 12, 15)")
            guard = f"{c} GLOB '{_DATE}T{_TIME}Z' AND {day} AND {time}"
            return Conversion(
                f"rtrim(replace({c}, 'T', ' '), 'Z')", guard, _no("instants as 2031-05-17T09:30:00.000000Z")
            )
        case "integer", "real":
            return Conversion(
                f"CAST({c} AS REAL)", f"abs({c}) <= {_EXACT}", "it holds integers that no float can keep."
            )
        case "real", "integer":
            return Conversion(
                f"CAST({c} AS INTEGER)", f"{c} = CAST({c} AS INTEGER) AND abs({c}) < 9e18", _no("integers")
            )
        case "integer", "decimal":
            return Conversion(f"{c} * {scale}", fits, "it holds numbers of more digits.")
        case "decimal", "integer":
            return Conversion(f"{c} / {scale}", f"{c} % {scale} = 0", _no("integers"))
        case "real", "decimal":
            whole = f"CAST(round({c} * {scale}) AS INTEGER)"
            return Conversion(whole, f"{fits} AND {whole} / {scale}.0 = {c}", _no("numbers of so few digits"))
        case "decimal", "real":
            return Conversion(f"{c} / {scale}.0", f"abs({c}) <= {_EXACT}", "it holds numbers that no float can keep.")
        case "boolean", "integer":
            return Conversion(c)
        case "integer", "boolean":
            return Conversion(c, f"{c} IN (0, 1)", _no("0 or 1"))
        case "date", "instant":
            return Conversion(f"{c} || ' 00:00:00.000000'")
        case "instant", "date":
            return Conversion(f"date({c})", f"{c} LIKE '% 00:00:00.000000'", _no("instants at midnight"))
        case _:
            return None


def _is_short(c: str) -> str:
    # Numbers of 15 digits are floats and back without a loss; some of 17 are.
    return f"length(ltrim(replace(replace({c}, '-', ''), '.', ''), '0')) <= 15"


def _is_day_on_sqlite(c: str) -> str:
    # Without a modifier SQLite takes the 31st of any month for a day.
    return f"{c} >= '0001' AND date({c}, '+0 days') IS {c}"


def _is_time_on_sqlite(c: str) -> str:
    # SQLite takes 24:00 for a time, Python doesn't.
    return f"{c} < '24' AND time({c}) IS NOT NULL"


def _on_postgresql(c: str, old: ColumnKind, new: ColumnKind) -> Conversion | None:
    places = new.scale or 0
    digits = (new.precision or 0) - places
    number = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$"
    iso = "YYYY-MM-DD"
    match old.name, new.name:
        case (("integer" | "decimal" | "real" | "boolean" | "date"), "text"):
            return _short(Conversion(f"{c}::text"), new)
        case "time", "text":
            return _short(Conversion(f"to_char({c}, 'HH24:MI:SS.US')"), new)
        case "instant", "text":
            return _short(Conversion(f"to_char({c} AT TIME ZONE 'UTC', '{iso}\"T\"HH24:MI:SS.US\"Z\"')"), new)
        case "text", "integer":
            return Conversion(f"{c}::bigint", rf"{c} ~ '^(0|-?[1-9][0-9]{{0,17}})$'", _no("integers"))
        case "text", "real":
            guard = (
                rf"CASE WHEN {c} ~ '^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$'"
                f" THEN {_is_short(c)} OR {c}::double precision::text = {c} ELSE false END"
            )
            return Conversion(f"{c}::double precision", guard, _no("numbers that a float can keep"))
        case "text", "decimal":
            guard = (
                f"CASE WHEN {c} ~ '{number}' THEN abs({c}::numeric) < 1e{digits}"
                f" AND {c}::numeric = round({c}::numeric, {places}) ELSE false END"
            )
            return Conversion(f"{c}::numeric", guard, _no("such numbers"))
        case "text", "boolean":
            return Conversion(f"{c} = 'true'", f"{c} IN ('true', 'false')", _no("'true' or 'false'"))
        case "text", "date":
            return Conversion(f"{c}::date", _is_day_on_postgresql(c, ""), _no("dates"))
        case "text", "time":
            return Conversion(f"{c}::time", f"{c} ~ '^{_CLOCK}$'", _no("times of six decimal places"))
        case "text", "instant":
            guard = _is_day_on_postgresql(c, f"T{_CLOCK}Z")
            return Conversion(f"{c}::timestamptz", guard, _no("instants as 2031-05-17T09:30:00.000000Z"))
        case "integer", "real":
            guard = f"abs({c}) <= {_EXACT}"
            return Conversion(f"{c}::double precision", guard, "it holds integers that no float can keep.")
        case "real", "integer":
            return Conversion(f"{c}::bigint", f"{c} = trunc({c}) AND abs({c}) < 9e18", _no("integers"))
        case "integer", "decimal":
            return Conversion(f"{c}::numeric", f"abs({c}) < 1e{digits}", "it holds numbers of more digits.")
        case "decimal", "integer":
            return Conversion(f"{c}::bigint", f"{c} = trunc({c}) AND abs({c}) < 9e18", _no("integers"))
        case "real", "decimal":
            guard = f"abs({c}) < 1e{digits} AND round({c}::numeric, {places})::double precision = {c}"
            return Conversion(f"{c}::numeric", guard, _no("numbers of so few digits"))
        case "decimal", "real":
            guard = f"{c}::double precision::numeric = {c}"
            return Conversion(f"{c}::double precision", guard, "it holds numbers that no float can keep.")
        case "boolean", "integer":
            return Conversion(f"{c}::int::bigint")
        case "integer", "boolean":
            return Conversion(f"{c} = 1", f"{c} IN (0, 1)", _no("0 or 1"))
        case "date", "instant":
            return Conversion(f"{c}::timestamp AT TIME ZONE 'UTC'")
        case "instant", "date":
            day = f"({c} AT TIME ZONE 'UTC')::date"
            return Conversion(day, f"{day}::timestamp = {c} AT TIME ZONE 'UTC'", _no("instants at midnight"))
        case _:
            return None


def _is_day_on_postgresql(c: str, rest: str) -> str:
    # The last days of a month are counted from its first: a cast would break off at a day that there isn't.
    day = f"to_char((left({c}, 8) || '01')::date + (substr({c}, 9, 2)::int - 1), 'YYYY-MM-DD')"
    return f"CASE WHEN {c} ~ '^{_DAY}{rest}$' THEN {day} = left({c}, 10) ELSE false END"


def _short(conversion: Conversion, new: ColumnKind) -> Conversion:
    """Add that a text must not become too long."""
    if new.length is None:
        return conversion
    fits = f"length({conversion.expression}) <= {new.length}"
    guard = fits if conversion.guard is None else f"{conversion.guard} AND {fits}"
    return Conversion(
        conversion.expression, guard, conversion.complaint or f"it holds what makes longer texts than {new.length}."
    )


def _no(what: str) -> str:
    return f"it holds values that are no {what}."
