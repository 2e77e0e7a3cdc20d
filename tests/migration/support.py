"""A history in a folder of its own, and descriptions that follow each other on one database."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from backo_sql import Backoffice, Collection, DBSQLConnector, Item
from backo_sql.migration import Migrations
from tests.support import Connect

#: the values of items, by collection and id
Rows: TypeAlias = Mapping[str, Mapping[str, Mapping[str, Any]]]


class Was:
    """An item of a collection that had another name."""

    def __init__(self, name: str, item: Item) -> None:
        self.name, self.item = name, item


#: what a description is made of, by collection
Items: TypeAlias = Mapping[str, Item | Was]


class History:
    """The descriptions of an application, one after the other, over one database and one folder of revisions."""

    def __init__(self, connect: Connect, directory: Path) -> None:
        self._connect, self.directory = connect, directory

    def describe(self, items: Items) -> tuple[Backoffice, Migrations]:
        """Describe the application anew, as its next release would, and return its migrations."""
        connector = self._connect()
        backoffice = Backoffice("app")
        for name, item in items.items():
            if isinstance(item, Was):
                backoffice.register_collection(Collection(name, item.item, connector, was=item.name))
            else:
                backoffice.register_collection(Collection(name, item, connector))
        migrations = Migrations(backoffice, self.directory)
        migrations.init()
        return backoffice, migrations

    def begin(self, items: Items, rows: Rows | None = None) -> tuple[Backoffice, Migrations]:
        """Bring an empty database to a description, and fill it."""
        backoffice, migrations = self.describe(items)
        migrations.revision("begin")
        migrations.upgrade()
        fill(backoffice, rows or {})
        return backoffice, migrations


def fill(backoffice: Backoffice, rows: Rows) -> None:
    """Create items under ids of our own, in the order given."""
    for collection, items in rows.items():
        for identifier, values in items.items():
            connector: Any = backoffice.collections[collection].connector
            assert isinstance(connector, DBSQLConnector)
            connector.generate_id = lambda _, identifier=identifier: identifier  # type: ignore[misc]
            backoffice.collections[collection].create(values)


def read(backoffice: Backoffice, like: Rows) -> dict[str, dict[str, Any]]:
    """Read the items of some collections, with the fields that an example has."""
    return {
        collection: {
            item._id: _like(item.get_value(), next(iter(items.values()), {}))
            for item in backoffice.collections[collection].select()
        }
        for collection, items in like.items()
    }


def _like(value: Any, example: Any) -> Any:
    if isinstance(example, Mapping) and isinstance(value, Mapping):
        return {name: _like(value[name], inner) for name, inner in example.items()}
    return value
