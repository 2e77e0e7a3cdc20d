"""The verbs of one backoffice, put together."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, cast

from ..errors import InterruptedWriteError
from ..items.item import Item
from ..links.drop import drop
from ..links.routes import Routes
from ..model.collection import Collection
from ..model.model import Model
from ..model.paths import Path
from ..model.registry import Backoffice
from ..model.selection import Selection
from ..model.views import Projection, known_view, project
from ..query.ast import Bound
from ..query.cursor import Cursors
from ..query.order import BY_ID, Order
from ..query.split import split
from ..storage.interface import Backend
from . import selections
from .create import create, new_id
from .delete import delete, listens
from .get_many import get_linked, get_many
from .migrate import MigrationReport, migrate
from .page import count, select
from .read import get
from .replay import replayed
from .unit import UnitOfWork, is_writing, unit_of_work
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
        self.routes = Routes(
            model,
            listens=lambda name: listens(self, name),
            together=self._together,
        )
        self._projections: dict[tuple[str, str | None], Projection] = {}
        self._prepared: dict[Selection, selections.Prepared] = {}
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

    def split(self, collection: str, where: Bound) -> tuple[Bound, Bound]:
        """Part a filter into what the backend of a collection answers and what is left to be evaluated in Python."""
        return split(where, functools.partial(self._backends[collection].answers, self.model, collection))

    def backend(self, collection: str) -> Backend:
        """Return where a collection lives."""
        return self._backends[collection]

    def _together(self, one: str, other: str) -> bool:
        """Tell whether two collections live in one database."""
        return self._backends[one] is self._backends[other]

    def unit(self, *, write: bool) -> AbstractContextManager[UnitOfWork]:
        """Return a unit of work to run in; see `unit_of_work`."""
        return unit_of_work(self.model, self._backends, write=write)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make all writes inside one.

        Raises:
            InterruptedWriteError: the database broke it off; nothing of it is kept.
        """
        is_outermost = not is_writing(self.model)
        try:
            with self.unit(write=True):
                yield
        except InterruptedWriteError as error:
            if error.final or not is_outermost:
                raise
            raise InterruptedWriteError(
                "Somebody else is changing the same items, and the database broke off this transaction. "
                "Nothing of it is kept: run the whole block again."
            ) from error

    def create(self, collection: str, data: Any, into: Item | None = None, *, settled: bool = False) -> Item:
        """Create an item; see `service/create.py`."""
        return create(self, collection, data, into, settled=settled)

    def new_id(self, item: Item) -> str:
        """Make the id of an item that isn't stored yet; see `service/create.py`."""
        return new_id(self, item._bound().name, lambda: item)

    def get(self, collection: str, identifier: str, into: Item | None = None) -> Item:
        """Read an item; see `service/read.py`."""
        return get(self, collection, identifier, into)

    def get_many(self, collection: str, identifiers: Sequence[str], *, bare: bool = False) -> dict[str, Item]:
        """Read many items by their ids; see `service/get_many.py`."""
        return get_many(self, collection, identifiers, bare=bare)

    def get_linked(self, collection: str, path: Path, identifiers: Sequence[str]) -> dict[str, list[str]]:
        """Read the ids that a reference of many items links to; see `service/get_many.py`."""
        return get_linked(self, collection, path, identifiers)

    def select(self, collection: str, filters: Any, page: int, skip: int, sort: Any = None) -> list[Item]:
        """Read the items that match; see `service/page.py`."""
        return select(self, collection, filters, page, skip, sort)

    def count(self, collection: str, filters: Any) -> int:
        """Count the items that match; see `service/page.py`."""
        return count(self, collection, filters)

    def check_selection(self, collection: str, name: str, selection: Selection) -> None:
        """Check and prepare a selection; see `service/selections.py`."""
        self._prepared[selection] = selections.prepare(self, collection, name, selection)

    def prepared(self, selection: Selection) -> selections.Prepared:
        """Return a selection as it was checked."""
        if selection not in self._prepared:  # registered while the backoffice came into use
            self.check_selection(selection.collection.name, str(selection.name), selection)
        return self._prepared[selection]

    def run_selection(self, selection: Selection, filters: Any, page: int, skip: int, sort: Any) -> dict[str, Any]:
        """Read a page of a selection; see `service/selections.py`."""
        return selections.run(self, selection, filters, page, skip, sort)

    def count_selection(self, selection: Selection, filters: Any) -> int:
        """Count what a selection selects; see `service/selections.py`."""
        return selections.count(self, selection, filters)

    def update(self, item: Item) -> None:
        """Store what changed of an item; see `service/update.py`."""
        update(self, item)

    def delete(self, item: Item) -> None:
        """Delete an item; see `service/delete.py`."""
        delete(self, item)

    def migrate(self, collection: str, function: Any, **options: Any) -> MigrationReport:
        """Change every item by a function; see `service/migrate.py`."""
        return migrate(self, collection, function, **options)

    @replayed
    def drop(self, collection: str, /) -> None:
        """Delete all items of a collection and all links to them; see `links/drop.py`."""
        with self.unit(write=True) as unit:
            drop(unit, self.model, self._together, collection)
