"""The histories of migrations of an application: one for each database that its backoffices live in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import DescriptionError
from ..model.registry import Backoffice
from ..storage.sql.connector import DBSQLConnector
from .options import chosen, state

if TYPE_CHECKING:
    from ..migration import Migrations

#: Databases that are gone with their connection; two with the same URL are two.
_IN_MEMORY = (None, "", ":memory:")


@dataclass(frozen=True)
class History:
    """One database, and the folder of its revisions.

    Attributes:
        name: of its backoffices, joined by `+`.
        backoffices: that have collections in it.
        connector: by which they know it.
        migrations: the commands.
    """

    name: str
    backoffices: tuple[Backoffice, ...]
    connector: DBSQLConnector
    migrations: Migrations


def histories(name: str | None = None) -> list[History]:
    """Return the histories of the application, or those of one of its backoffices.

    The folder is that of the config; where the application has several databases, a folder in it for each.

    Raises:
        DescriptionError: there is no such backoffice, or one database would have two histories.
    """
    from ..migration import Migrations  # noqa: PLC0415 - Alembic takes a while to load

    wanted = {id(each.backoffice) for each in chosen(name)}
    groups = _by_connector()
    names = _names(groups)
    folder = Path(state().config.migrations)
    found = []
    for (connector, backoffices), label in zip(groups, names, strict=True):
        if wanted.isdisjoint(map(id, backoffices)):
            continue
        directory = folder if len(groups) == 1 else folder / label
        migrations = Migrations(backoffices, directory, connector=connector)
        found.append(History(label, tuple(backoffices), connector, migrations))
    return found


def one_history(name: str | None) -> History:
    """Return the history that a command is about.

    Raises:
        DescriptionError: there is none, or it isn't clear which.
    """
    found = histories(name)
    if not found:
        raise DescriptionError("No collection lives in an SQL database: there is nothing to migrate.")
    if len(found) > 1:
        if name is None:
            known = ", ".join(each.name for each in found)
            raise DescriptionError(f"There are several databases ({known}): say which one by --backoffice.")
        raise DescriptionError(
            f"The collections of {name!r} live in {len(found)} databases: use backo_sql.migration.Migrations for each."
        )
    return found[0]


def _by_connector() -> list[tuple[DBSQLConnector, list[Backoffice]]]:
    groups: dict[DBSQLConnector, list[Backoffice]] = {}
    for backoffice in state().backoffices.values():
        connectors = dict.fromkeys(each.connector for each in backoffice.collections.values())
        for connector in connectors:
            if isinstance(connector, DBSQLConnector):
                groups.setdefault(connector, []).append(backoffice)
    _refuse_two_of_one(groups)
    return list(groups.items())


def _refuse_two_of_one(groups: dict[DBSQLConnector, list[Backoffice]]) -> None:
    seen: dict[object, list[Backoffice]] = {}
    for connector, backoffices in groups.items():
        engine = connector.engine
        place = id(engine) if engine.url.database in _IN_MEMORY else engine.url
        other = seen.setdefault(place, backoffices)
        if other is not backoffices:
            raise DescriptionError(
                f"{other[0].name!r} and {backoffices[0].name!r} live in one database by two connectors, and would "
                "have two histories there: use one DBSQLConnector() for both."
            )


def _names(groups: list[tuple[DBSQLConnector, list[Backoffice]]]) -> list[str]:
    names: list[str] = []
    for _, backoffices in groups:
        name = "+".join(each.name for each in backoffices)
        names.append(name if name not in names else f"{name}-{len(names) + 1}")
    return names
