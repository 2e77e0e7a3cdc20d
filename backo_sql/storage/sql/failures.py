"""What a database refused, in the words of the description.

In: an error of SQLAlchemy. Out: an error of ours that names the fields by path, with the original as its cause. What
the driver said stays
inside: it may hold values that the user must not see.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from ...errors import (
    BackoError,
    BusyError,
    ConflictError,
    DBError,
    InterruptedWriteError,
    QueryError,
    ValidationError,
)
from ...model.paths import Path, path_text
from .layout import AssociationLayout, TableLayout

_SQLITE_COLUMNS = re.compile(r"constraint failed: (.+)$")


class Failures:
    """Translates the errors of one database.

    Args:
        tables: the tables of the collections and of their lists, whose constraints it knows by name.
        associations: the tables of the many-to-many links.
        partners: the names of the constraints of one-to-one links. Whoever takes a partner frees the one who had it, so
            that only somebody who takes the same one at the same time breaks these.
    """

    def __init__(
        self,
        tables: Iterable[TableLayout],
        associations: Iterable[AssociationLayout],
        partners: frozenset[str] = frozenset(),
    ) -> None:
        self._partners = partners
        self._paths: dict[str, tuple[Path, ...]] = {}
        self._columns: dict[str, Path] = {}
        self._rules: dict[str, tuple[str, Path]] = {}
        for table in tables:
            for group in table.uniques:
                self._paths[group.name] = group.paths
            for key in table.foreign_keys:
                self._paths[key.name] = (key.path,)
            for check in table.checks:
                self._rules[check.name] = (check.rule, check.path)
            for column in table.columns:
                self._columns[f"{table.name}.{column.name}"] = column.path
        for association in associations:
            for key in (association.owner_key, association.target_key):
                self._paths[key.name] = (key.path,)

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Run statements; an error of the database leaves as one of ours."""
        try:
            yield
        except sa.exc.DBAPIError as error:
            raise self.translate(error) from error
        except sa.exc.TimeoutError as error:
            raise BusyError(
                "The database has no free connection. Ask again later, or raise the size of the pool."
            ) from error

    def translate(self, error: sa.exc.DBAPIError, *, reads: bool = False) -> BackoError:
        """Return the error of ours that says what this one means.

        Args:
            error: of SQLAlchemy.
            reads: the statement changes nothing.
        """
        original = error.orig
        if _took_too_long(original):
            return _too_long(reads=reads)
        state = getattr(original, "sqlstate", None)
        if state is not None:
            return self._postgresql(original, state)
        name = getattr(original, "sqlite_errorname", None)
        if name is not None:
            return self._sqlite(str(original), name)
        if isinstance(error, sa.exc.IntegrityError):
            return ConflictError("The database refuses this change: it breaks a constraint.")
        return DBError("The database can't be reached, or can't do this. What it said is in the log.")

    def _postgresql(self, original: BaseException | None, state: str) -> BackoError:
        diagnostics = getattr(original, "diag", None)
        constraint = getattr(diagnostics, "constraint_name", None) or ""
        table, column = getattr(diagnostics, "table_name", None), getattr(diagnostics, "column_name", None)
        match state:
            case "23505" if constraint in self._partners:
                return _interrupted()
            case "23505":
                return _taken(self._paths.get(constraint, ()))
            case "23503":
                return _dangling(self._paths.get(constraint, ()))
            case "23502":
                return _null(self._columns.get(f"{table}.{column}"))
            case "23514":
                return self._broken(constraint)
            case "22001":
                return ValidationError({"$": ["A text is longer than its column."]})
            case "54000":
                return ValidationError({"$": ["A text is too long for the index that it stands in."]})
            case "40001" | "40P01":
                return _interrupted()
            case "55P03" | "53300" | "57P03":  # a lock that wasn't given, too many connections, starting or stopping
                return BusyError("The database is busy. Ask again later.")
            case "2201B":
                return QueryError("The database can't work with this regular expression: it is too complex.")
            case "42P01" | "42703":
                return _not_ready()
            case _:
                return DBError("The database can't be reached, or can't do this. What it said is in the log.")

    def _sqlite(self, message: str, name: str) -> BackoError:
        found = _SQLITE_COLUMNS.search(message)
        what = found.group(1) if found else ""
        match name:
            case "SQLITE_CONSTRAINT_UNIQUE" | "SQLITE_CONSTRAINT_PRIMARYKEY":
                return _taken(tuple(self._columns[each] for each in what.split(", ") if each in self._columns))
            case "SQLITE_CONSTRAINT_FOREIGNKEY":
                return _dangling(())
            case "SQLITE_CONSTRAINT_NOTNULL":
                return _null(self._columns.get(what))
            case "SQLITE_CONSTRAINT_CHECK":
                return self._broken(what)
            case _ if name.startswith("SQLITE_BUSY") or name.startswith("SQLITE_LOCKED"):
                return BusyError("The database is busy: another writer holds it. Ask again later.")
            case "SQLITE_ERROR" if "no such table" in message or "no such column" in message or "no column" in message:
                return _not_ready()
            case "SQLITE_CANTOPEN":
                return DBError("The database file can't be opened: does its folder exist, and may it be written?")
            case "SQLITE_FULL":
                return DBError("The disk of the database is full.")
            case "SQLITE_READONLY":
                return DBError("The database file may not be written.")
            case _:
                return DBError("The database can't do this. What it said is in the log.")

    def _broken(self, constraint: str) -> BackoError:
        rule, path = self._rules.get(constraint, ("", ()))
        text = f"Breaks the rule {rule!r} of its column." if rule else "Breaks a rule of the database."
        return ValidationError({path_text(path) if path else "$": [text]})


def _taken(paths: tuple[Path, ...]) -> ConflictError:
    if not paths:
        return ConflictError("An item with this value is there already.")
    if len(paths) == 1:
        text = path_text(paths[0])
        return ConflictError(f"{text}: Must be unique, and is taken.", {text: ["Must be unique, and is taken."]})
    names = ", ".join(map(path_text, paths))
    message = f"Must be unique together ({names}), and is taken."
    return ConflictError(message, {path_text(path): [message] for path in paths})


def _interrupted() -> InterruptedWriteError:
    return InterruptedWriteError("Somebody else is changing the same items. Ask again.")


def _dangling(paths: tuple[Path, ...]) -> ConflictError:
    text = "A link leads to an item that is not there, or is about to go."
    return ConflictError(text, {path_text(path): [text] for path in paths})


def _took_too_long(original: BaseException | None) -> bool:
    """Tell whether a statement was stopped by the limit of its time: `query_canceled`, or an interrupt of SQLite."""
    state, name = getattr(original, "sqlstate", None), getattr(original, "sqlite_errorname", None)
    return state == "57014" or name == "SQLITE_INTERRUPT"


def _too_long(*, reads: bool) -> BackoError:
    if reads:
        return QueryError(
            "Reading takes longer than a statement may. Ask for less, or by fields that have an index; a total is not "
            "counted with '_total=none'."
        )
    return ConflictError("The change takes longer than a statement may, and was broken off. Nothing was changed.")


def _null(path: Path | None) -> ValidationError:
    return ValidationError({path_text(path) if path else "$": ["Must not be null."]})


def _not_ready() -> DBError:
    return DBError(
        "The database has not the tables of this description. Call backoffice.create_all() for a first try; "
        "in earnest, bring it up to date by its migrations."
    )
