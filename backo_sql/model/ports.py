"""What the model asks of the layers above and below it, which it must not import.

`backo_sql/__init__.py` installs the layers above once; a connector is what a collection was given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import DescriptionError
from .paths import Path

if TYPE_CHECKING:
    from ..items.item import Item
    from .model import Model
    from .registry import Backoffice
    from .selection import Selection


class Connector(Protocol):
    """Where the items of a collection live, as far as the model needs to know."""

    def check(self, model: Model, collections: Sequence[str]) -> None:
        """Refuse what can't be kept here, before anything is bound."""
        ...

    def bind(self, model: Model, collections: Sequence[str]) -> None:
        """Learn the collections of a model that live here. Called once per model, when it is frozen."""
        ...

    def create_all(self, model: Model) -> None:
        """Make what is missing of tables or folders."""
        ...


class Service(Protocol):
    """The verbs of a running backoffice. See `service/` for what each does and raises."""

    def create(self, collection: str, data: Any, into: Item | None = None, *, settled: bool = False) -> Item:
        """Store a new item."""
        ...

    def new_id(self, item: Item) -> str:
        """Make the id of an item that isn't stored yet."""
        ...

    def get(self, collection: str, identifier: str, into: Item | None = None) -> Item:
        """Read one item."""
        ...

    def get_many(self, collection: str, identifiers: Sequence[str], *, bare: bool = False) -> dict[str, Item]:
        """Read many items by their ids, with or without their lists of links."""
        ...

    def get_linked(self, collection: str, path: Path, identifiers: Sequence[str]) -> dict[str, list[str]]:
        """Read the ids that a reference of many items links to."""
        ...

    def select(self, collection: str, filters: Any, page: int, skip: int, sort: Any = None) -> list[Item]:
        """Read the items that match, in an order."""
        ...

    def count(self, collection: str, filters: Any) -> int:
        """Count the items that match."""
        ...

    def check_selection(self, collection: str, name: str, selection: Selection) -> None:
        """Refuse a selection that its collection can't serve."""
        ...

    def run_selection(self, selection: Selection, filters: Any, page: int, skip: int, sort: Any) -> dict[str, Any]:
        """Read a page of a selection."""
        ...

    def count_selection(self, selection: Selection, filters: Any) -> int:
        """Count what a selection selects."""
        ...

    def update(self, item: Item) -> None:
        """Store what changed of an item."""
        ...

    def delete(self, item: Item) -> None:
        """Delete an item."""
        ...

    def migrate(self, collection: str, function: Any, **options: Any) -> Any:
        """Change every item of a collection by a function."""
        ...

    def drop(self, collection: str) -> None:
        """Delete all items of a collection."""
        ...

    def transaction(self) -> AbstractContextManager[None]:
        """Make all writes inside one."""
        ...


class _Installed:
    service: Callable[[Backoffice, Model], Service] | None = None
    routes: Callable[..., None] | None = None
    schema: Callable[..., Any] | None = None


def install(
    service: Callable[[Backoffice, Model], Service], routes: Callable[..., None], schema: Callable[..., Any]
) -> None:
    """Lend the model the layers above it. Called by the package itself."""
    _Installed.service = service
    _Installed.routes = routes
    _Installed.schema = schema


def make_service(backoffice: Backoffice, model: Model) -> Service:
    """Make the verbs of a frozen backoffice."""
    if _Installed.service is None:
        raise DescriptionError("Import backo_sql, not its parts: the package puts them together.")
    return _Installed.service(backoffice, model)


def build_routes(*arguments: Any) -> None:
    """Make the routes of a backoffice."""
    if _Installed.routes is None:
        raise DescriptionError("Import backo_sql, not its parts: the package puts them together.")
    _Installed.routes(*arguments)


def make_schema(*arguments: Any) -> Any:
    """Make the marshmallow schema of an item."""
    if _Installed.schema is None:
        raise DescriptionError("Import backo_sql, not its parts: the package puts them together.")
    return _Installed.schema(*arguments)
