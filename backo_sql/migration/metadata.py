"""What a history is about: one database, the tables of its backoffices, and those of the host beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from ..errors import MigrationError
from ..model.description import Leaf
from ..model.model import Model
from ..model.paths import column_name
from ..model.registry import Backoffice
from ..model.relations import End
from ..storage.sql.connector import DBSQLConnector
from .report import IncludeObject


@dataclass
class Target:
    """The database of a history, as it should be.

    Attributes:
        connector: of the database.
        models: the frozen models whose collections live there.
        names: the collections of each model that live there.
        was: the former names of collections.
        tables: the tables of these collections by name.
        host: MetaData with tables of the host, which Alembic compares by itself.
        known: tables that revisions of ours made, which Alembic must not take for the host's.
    """

    connector: DBSQLConnector
    models: Sequence[Model]
    names: Sequence[frozenset[str]]
    was: dict[str, str]
    tables: dict[str, sa.Table]
    host: list[sa.MetaData]
    known: set[str] = field(default_factory=set)

    @classmethod
    def of(
        cls, backoffices: Sequence[Backoffice], connector: DBSQLConnector | None, metadata: Iterable[sa.MetaData]
    ) -> Target:
        """Find the database of some backoffices, and its tables; nothing is connected.

        Raises:
            DescriptionError: a description is wrong.
            MigrationError: the collections live in several databases, or in none that knows SQL.
        """
        models = [backoffice.freeze() for backoffice in backoffices]
        connector = connector or _only_connector(backoffices)
        names = [
            frozenset(name for name, each in backoffice.collections.items() if each.connector is connector)
            for backoffice in backoffices
        ]
        was = {
            name: each.was
            for backoffice in backoffices
            for name, each in backoffice.collections.items()
            if each.connector is connector and each.was is not None
        }
        here = [(model, local) for model, local in zip(models, names, strict=True) if local]
        if not here:
            raise MigrationError(f"No collection lives in {connector!r}.")
        tables = {table.name: table for model, _ in here for table in connector.tables(model)}
        host = list({id(each): each for each in (connector.metadata, *metadata)}.values())
        host = [each for each in host if not set(each.tables) <= set(tables)]
        return cls(connector, [model for model, _ in here], [local for _, local in here], was, tables, host)

    def fields(self) -> Iterator[tuple[str, Iterable[Leaf]]]:
        """Visit the tables that have fields, of collections and of lists whose elements have a table, with these."""
        for model, names in zip(self.models, self.names, strict=True):
            for name in names:
                description = model.descriptions[name]
                yield name, description.stored
                for path, leaves in description.elements.items():
                    yield list_table(End(name, path)), leaves

    @property
    def of_host(self) -> set[str]:
        """The names of the host's tables."""
        return {table.name for each in self.host for table in each.tables.values()} - set(self.tables)

    def judge(self, include_object: IncludeObject | None) -> IncludeObject:
        """Return what tells Alembic which objects it has to compare: those of the host."""

        def judge(thing: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
            if kind == "table" and (name in self.tables or name in self.known):
                return False
            if include_object is not None:
                return include_object(thing, name, kind, reflected, compare_to)
            return kind != "table" or name in self.of_host

        return judge

    def judge_name(self, include_object: IncludeObject | None) -> Callable[..., bool]:
        """Return what tells Alembic which tables of the database it need not even read."""

        def judge(name: str | None, kind: str, _parents: Any) -> bool:
            if kind != "table":
                return True
            if name in self.tables or name in self.known:
                return False
            return include_object is not None or name in self.of_host

        return judge


def list_table(end: End) -> str:
    """Name the table of a list: of links, or of elements."""
    return column_name((end.collection, *end.path))


def sql_connectors(backoffices: Iterable[Backoffice]) -> list[DBSQLConnector]:
    """Return the SQL databases that collections live in, each once, in the order of registration."""
    found = {
        id(each.connector): each.connector
        for backoffice in backoffices
        for each in backoffice.collections.values()
        if isinstance(each.connector, DBSQLConnector)
    }
    return list(found.values())


def _only_connector(backoffices: Sequence[Backoffice]) -> DBSQLConnector:
    connectors = sql_connectors(backoffices)
    if len(connectors) == 1:
        return connectors[0]
    named = ", ".join(backoffice.name for backoffice in backoffices)
    if not connectors:
        raise MigrationError(f"{named} has no collection in an SQL database: there is nothing to migrate.")
    raise MigrationError(
        f"The collections of {named} live in {len(connectors)} databases: each has a history of its own. "
        "Say which is meant by connector=."
    )
