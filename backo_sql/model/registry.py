"""`Backoffice`: the collections of one application, and what is made of them.

While it is open, collections are registered. The first use freezes it: every path, default and relation is checked,
each connector learns its tables, and from then on a late registration is an error that says what to do.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from ..errors import DescriptionError
from ..types.container import check_name
from . import ports
from .collection import Collection
from .description import Description
from .model import Model

if TYPE_CHECKING:
    from flask import Flask

    from ..service.migrate import MigrationReport
    from .selection import Selection


class Backoffice:
    """The collections of one application.

    Args:
        name: stands first in every URL: `/<name>/<collection>`.

    Example:
        >>> backoffice = Backoffice("library")
        >>> backoffice.register_collection(authors)
        >>> backoffice.create_all()
        >>> backoffice.authors.create({"name": "Ada"})
    """

    def __init__(self, name: str) -> None:
        self.name = check_name(name, "The name of the backoffice")
        self._collections: dict[str, Collection] = {}
        self._model: Model | None = None
        self._service: ports.Service | None = None
        self._lock = threading.RLock()

    @property
    def collections(self) -> Mapping[str, Collection]:
        """The registered collections by name, in the order of registration."""
        return MappingProxyType(self._collections)

    def register_collection(self, collection: Collection | str, item: Any = None) -> Collection:
        """Register a collection, which becomes an attribute of the backoffice.

        Three spellings: `(collection)`, `("users", collection)`, and `("users", Item({...}, connector))`.

        Returns:
            The collection.

        Raises:
            DescriptionError: the name is taken, or the backoffice is in use already.
        """
        if isinstance(collection, str):
            name = collection
            collection = item if isinstance(item, Collection) else Collection(name, item)
            if collection.name != name:
                raise DescriptionError(
                    f"Collection {collection.name!r} is registered as {name!r}: the names must agree."
                )
        elif item is not None:
            raise DescriptionError(f"register_collection takes a name before the collection, not {item!r} after it.")
        if not isinstance(collection, Collection):
            raise DescriptionError(f"register_collection takes a Collection, not {collection!r}.")
        name = collection.name
        with self._lock:
            if self._model is not None:
                raise DescriptionError(
                    f"Collection {name!r} comes too late: {self.name!r} is in use. "
                    "Register every collection before the first create_all, build_routes or query."
                )
            if name in self._collections:
                raise DescriptionError(f"A collection {name!r} is registered already.")
            if hasattr(self, name):
                raise DescriptionError(f"No collection can be named {name!r}: it is an attribute of Backoffice.")
            collection.attach(self)
            self._collections[name] = collection
        return collection

    add_collection = register_collection

    def __getattr__(self, name: str) -> Collection:
        try:
            return self.__dict__["_collections"][name]  # type: ignore[no-any-return]
        except KeyError:
            raise AttributeError(f"{type(self).__name__} has no attribute and no collection {name!r}.") from None

    def check_syntax(self) -> list[str]:
        """Check every description and relation.

        Returns:
            What is legal and may be an oversight, a sentence each.

        Raises:
            DescriptionError: naming the first mistake.
        """
        return self.freeze().warnings()

    def freeze(self) -> Model:
        """Check everything, hand it to the connectors, and return the frozen model; later calls return the same."""
        model = self._model
        if model is not None:
            return model
        with self._lock:
            if self._model is None:
                model = Model.of(
                    self.name, {name: Description.of(name, each.item_type) for name, each in self._collections.items()}
                )
                groups = self._by_connector()
                for connector, names in groups:
                    connector.check(model, names)
                service = ports.make_service(self, model)
                for collection in self._collections.values():
                    for name, selection in collection.selections.items():
                        service.check_selection(collection.name, name, selection)
                for connector, names in groups:
                    connector.bind(model, names)
                self._service = service
                self._model = model
            return self._model

    def _check_selection(self, collection: str, name: str, selection: Selection) -> None:
        """Check a selection that is registered while the backoffice is in use; called by `register_selection`."""
        if self._service is not None:
            self._service.check_selection(collection, name, selection)

    @property
    def service(self) -> ports.Service:
        """The verbs behind the collections."""
        if self._service is None:
            self.freeze()
        return cast("ports.Service", self._service)

    def create_all(self) -> None:
        """Make the missing tables, indexes and folders: for a first try. In earnest, use migrations."""
        model = self.freeze()
        for connector, _ in self._by_connector():
            connector.create_all(model)

    def build_routes(self, flask_app: Flask, prefix: str = "", verify: Any = None) -> None:
        """Make the REST routes of every collection on a Flask application.

        Args:
            flask_app: the application; one backoffice may be built into several.
            prefix: stands before the name of the backoffice in every URL.
            verify: decides who is asking. A function without parameters runs before each request, and its answer, if
                any, is
                sent; a function with one parameter is a decorator put around each view.

        Raises:
            DescriptionError: a description is wrong; see `check_syntax`.
        """
        self.check_syntax()
        ports.build_routes(self, flask_app, prefix, verify)

    def transaction(self) -> AbstractContextManager[None]:
        """Return a context in which all writes are one: kept together at its end, or undone together by an exception.

        Example:
            >>> with backoffice.transaction():
            ...     author = backoffice.authors.create({"name": "Ada"})
            ...     backoffice.books.create({"title": "Notes", "author": author._id})
        """
        return self.service.transaction()

    def migrate(
        self,
        collection: str,
        function: Callable[[Any], Any] | None = None,
        *,
        filter: Mapping[str, Any] | None = None,  # noqa: A002 - the name that users know
        ids: Iterable[str] | None = None,
        dry_run: bool = True,
        batch: int = 500,
        after: str | None = None,
        progress: Callable[[MigrationReport], object] | None = None,
    ) -> MigrationReport:
        """Change every item of a collection by a function, and store those that changed, as any change is stored.

        Args:
            collection: its name.
            function: is given each item; it changes the item, or returns a dict of new values. Without it, items are
                only checked against their description, which may have become stricter.
            filter: only the items that match.
            ids: only these items.
            dry_run: store nothing, and tell what would change: everything is done, and undone at the end of each batch.
            batch: how many items are one transaction.
            after: go on behind the item of this id: `last` of the report of a migration that was stopped.
            progress: is given the report after each batch.

        Returns:
            How many changed, didn't, and can't be stored; the first of them with what is different or wrong.

        Raises:
            DescriptionError: there is no such collection.

        Example:
            >>> report = backoffice.migrate("books", lambda book: {"title": book.title.strip()})
            >>> report.changed, report.failures
        """
        return self.service.migrate(  # type: ignore[no-any-return]
            collection,
            function,
            filters=filter,
            ids=ids,
            dry_run=dry_run,
            batch=batch,
            after=after,
            progress=progress,
        )

    def _by_connector(self) -> list[tuple[ports.Connector, list[str]]]:
        groups: dict[int, tuple[ports.Connector, list[str]]] = {}
        for name, collection in self._collections.items():
            groups.setdefault(id(collection.connector), (collection.connector, []))[1].append(name)
        return list(groups.values())

    def __repr__(self) -> str:
        return f"<Backoffice {self.name}: {', '.join(self._collections) or 'no collections'}>"
