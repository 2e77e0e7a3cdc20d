"""The verbs of one backoffice, put together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, cast

from ..items.item import Item
from ..model.collection import Collection
from ..model.model import Model
from ..model.paths import Path
from ..model.registry import Backoffice
from ..model.views import Projection, known_view, project
from ..query.cursor import Cursors
from ..query.order import BY_ID, Order
from ..storage.interface import Backend
from .create import create
from .delete import delete
from .get_many import get_linked, get_many
from .migrate import MigrationReport, migrate
from .page import count, select
from .read import get
from .unit import UnitOfWork, unit_of_work
from .update import update


class Service:
    """What a running backoffice can do. `Collection` and `Item` are thin over it, and so are the routes.

    Args:
        backoffice: whose collections.
        model: what it was frozen to.
    """

    def __init__(self, backoffice: Backoffice, model: Model) -> None:
        self.model = model
        self.collections: Mapping[str, Collection] = backoffice.collections
        self._backends: dict[str, Backend] = {
            name: cast("Backend", collection.connector)  # the model knows the half of it that binds
            for name, collection in backoffice.collections.items()
        }
        self._projections: dict[tuple[str, str | None], Projection] = {}
        self._cursors = {name: Cursors(name, BY_ID) for name in model.descriptions}

    def projection(self, collection: str, view: str | None = None) -> Projection:
        """Return the fields of a view, worked out once."""
        description = self.model.descriptions[collection]
        key = (collection, known_view(description, view))
        found = self._projections.get(key)
        if found is None:
            found = self._projections[key] = project(description, key[1])
        return found

    def cursors(self, collection: str, order: Order) -> Cursors:
        """Return what writes and reads the cursors of a collection in an order."""
        return self._cursors[collection] if order is BY_ID else Cursors(collection, order)

    def backend(self, collection: str) -> Backend:
        """Return where a collection lives."""
        return self._backends[collection]

    def unit(self, *, write: bool) -> AbstractContextManager[UnitOfWork]:
        """Return a unit of work to run in; see `unit_of_work`."""
        return unit_of_work(self.model, self._backends, write=write)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make all writes inside one."""
        with self.unit(write=True):
            yield

    def create(self, collection: str, data: Any, into: Item | None = None, *, settled: bool = False) -> Item:
        """Create an item; see `service/create.py`."""
        return create(self, collection, data, into, settled=settled)

    def get(self, collection: str, identifier: str, into: Item | None = None) -> Item:
        """Read an item; see `service/read.py`."""
        return get(self, collection, identifier, into)

    def get_many(self, collection: str, identifiers: Sequence[str]) -> dict[str, Item]:
        """Read many items by their ids; see `service/get_many.py`."""
        return get_many(self, collection, identifiers)

    def get_linked(self, collection: str, path: Path, identifiers: Sequence[str]) -> dict[str, list[str]]:
        """Read the ids that a reference of many items links to; see `service/get_many.py`."""
        return get_linked(self, collection, path, identifiers)

    def select(self, collection: str, filters: Any, page: int, skip: int, sort: Any = None) -> list[Item]:
        """Read the items that match; see `service/page.py`."""
        return select(self, collection, filters, page, skip, sort)

    def count(self, collection: str, filters: Any) -> int:
        """Count the items that match; see `service/page.py`."""
        return count(self, collection, filters)

    def update(self, item: Item) -> None:
        """Store what changed of an item; see `service/update.py`."""
        update(self, item)

    def delete(self, item: Item) -> None:
        """Delete an item; see `service/delete.py`."""
        delete(self, item)

    def migrate(self, collection: str, function: Any, **options: Any) -> MigrationReport:
        """Change every item by a function; see `service/migrate.py`."""
        return migrate(self, collection, function, **options)

    def drop(self, collection: str) -> None:
        """Delete all items of a collection and all links to them."""
        with self.unit(write=True) as unit:
            unit.session(collection).drop(collection)
