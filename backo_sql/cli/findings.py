"""What `flask backo check` looks for. Each finding has a code, a place, and what to do about it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from ..errors import BackoError
from ..storage.sql.engine import without_password
from .histories import History, histories
from .options import chosen, state


class Level(Enum):
    """How bad a finding is."""

    ERROR = "error"  # it could not be checked
    DIFFERENCE = "difference"  # what should agree doesn't
    WARNING = "warning"  # legal, and likely an oversight
    NOTE = "note"  # good to know


#: Every code, with its level and what it means.
CODES: dict[str, tuple[Level, str]] = {
    "not-checked": (Level.ERROR, "The database or its history can't be read."),
    "pending-revision": (Level.DIFFERENCE, "The database lacks a revision of the history."),
    "several-heads": (Level.DIFFERENCE, "The history has several ends, as after two branches were merged."),
    "schema": (Level.DIFFERENCE, "The live database is not as the description says."),
    "no-history": (Level.WARNING, "There are no migrations for this database."),
    "destructive": (Level.WARNING, "A revision that was not run yet takes values away."),
    "bare-foreign-key": (Level.WARNING, "A foreign key has no index."),
    "open-routes": (Level.WARNING, "Nothing verifies who asks: the routes are open to everybody."),
    "description": (Level.WARNING, "The description is legal, and may hold an oversight."),
    "unused-url": (Level.WARNING, "The config names a database that no connector uses."),
    "unknown-table": (Level.NOTE, "A table that neither a description nor the history knows; it is left alone."),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that `flask backo check` found.

    Attributes:
        code: a key of `CODES`.
        backoffice: whose, or several joined by `+`; empty for the application.
        place: a collection, a table, a revision, a config key.
        text: what is the case.
        remedy: what to do.
    """

    code: str
    backoffice: str
    place: str
    text: str
    remedy: str

    @property
    def level(self) -> Level:
        """How bad it is."""
        return CODES[self.code][0]


def find_all(name: str | None) -> list[Finding]:
    """Check the backoffices of the current application: descriptions, routes, migrations, live databases.

    Args:
        name: of one backoffice; all of them without it.
    """
    found = [*_of_application(), *_of_backoffices(name)]
    for history in histories(name):
        try:
            found.extend(_of_history(history))
        except BackoError as error:
            place = without_password(history.connector.engine.url)
            found.append(Finding("not-checked", history.name, place, str(error), "See what it says."))
    order = list(Level)
    return sorted(found, key=lambda finding: order.index(finding.level))


def _of_application() -> Iterator[Finding]:
    app_state = state()
    if app_state.config.url is not None and not app_state.engines and not app_state.pending:
        yield Finding(
            "unused-url",
            "",
            "BACKO_SQL_URL",
            "Every connector has a URL of its own, so that this key means nothing.",
            "Make the connector without a URL, DBSQLConnector(), or take the key out.",
        )
    for name in app_state.config.urls:
        if name not in app_state.backoffices:
            yield Finding(
                "unused-url",
                "",
                "BACKO_SQL_URLS",
                f"There is no backoffice {name!r}.",
                f"Known: {', '.join(app_state.backoffices)}.",
            )


def _of_backoffices(name: str | None) -> Iterator[Finding]:
    for registration in chosen(name):
        backoffice = registration.backoffice
        if not registration.verified:
            yield Finding(
                "open-routes",
                backoffice.name,
                f"/{registration.prefix.strip('/')}".rstrip("/") + f"/{backoffice.name}",
                "Whoever reaches the server may read and write, as far as rights in the descriptions allow.",
                "BackoSQL(…, verify=…): a function that decides who is asking.",
            )
    for backoffice in {each.backoffice.name: each.backoffice for each in chosen(name)}.values():
        for warning in backoffice.check_syntax():
            place = warning.partition(" ")[0]
            yield Finding("description", backoffice.name, place, warning, "Declare it, if it isn't meant so.")


def _of_history(history: History) -> Iterator[Finding]:
    begun = (history.migrations.directory / "env.py").is_file()
    if begun:
        yield from _compare(history, begun=True)
    else:
        yield Finding(
            "no-history",
            history.name,
            str(history.migrations.directory),
            "There are no migrations: a change of the description never reaches the tables that are there.",
            "flask backo db init, and flask backo db revision -m …",
        )
        yield from _compare(history, begun=False)
    from ..migration.indexes import bare_foreign_keys  # noqa: PLC0415 - see `histories`

    for table, columns in bare_foreign_keys(history.connector.engine):
        yield Finding(
            "bare-foreign-key",
            history.name,
            f"{table}.{', '.join(columns)}",
            "Deleting what it points to reads the whole table.",
            f"CREATE INDEX ON {table} ({', '.join(columns)}), in a revision.",
        )


def _compare(history: History, *, begun: bool) -> Iterator[Finding]:
    """Compare a live database with its history and its description; without a history, with the latter alone."""
    from ..migration import Migrations  # noqa: PLC0415 - see `histories`

    if begun:
        report = history.migrations.check()
    else:
        with tempfile.TemporaryDirectory() as folder:
            alone = Migrations(history.backoffices, folder, connector=history.connector)
            alone.init()
            report = alone.check()
    for revision in report.pending:
        place = f"{revision.id}: {revision.message}"
        yield Finding("pending-revision", history.name, place, "It was not run yet.", "flask backo db upgrade")
        for lost in revision.destructive:
            yield Finding("destructive", history.name, place, lost, "flask backo db upgrade --allow-destructive")
    if len(report.heads) > 1:
        heads = ", ".join(each.id for each in report.heads)
        what = "There is no one newest revision."
        yield Finding("several-heads", history.name, heads, what, "flask backo db merge -m …")
    upgrade = "flask backo db upgrade"
    remedy = upgrade if report.pending else f"flask backo db revision -m …, then {upgrade}"
    for each in report.differences:
        lost = ", and takes values away" if each.destructive else ""
        place = f"{each.table}.{each.name}" if each.name else each.table
        yield Finding("schema", history.name, place, f"Mending it {each.text}{lost}.", remedy)
    for table in report.unknown:
        yield Finding("unknown-table", history.name, table, "Nobody touches it.", "None, if it is meant to be there.")
