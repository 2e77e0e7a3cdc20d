"""What a backend can do: the calls that links and verbs make of it.

Values are the plain nested dicts of the types. Links are asked for and changed by `Relation`, from either side,
because only the backend knows which side it stores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from ..model.model import Model
from ..model.paths import Path
from ..model.relations import Relation
from ..model.views import Projection
from ..query.ast import Bound
from ..query.cursor import Key
from ..query.plan import SelectPlan


class Form(Enum):
    """In which form a read gives its values."""

    VALUES = "values"  # Python values, for an Item
    JSON = "json"  # what a JSON writer takes, for an answer


@dataclass(slots=True)
class Record:
    """One item as it was read.

    Attributes:
        identifier: its `_id`, which a view may leave out of the values.
        values: nested by field; the lists of links aren't in it unless they are read too.
        version: rises with every write.
        key: what it is sorted by before its id, as it is stored.
    """

    identifier: str
    values: dict[str, Any]
    version: int
    key: Sequence[Any] = ()

    @property
    def place(self) -> Key:
        """Where it stands in the order that it was read in."""
        return (*self.key, self.identifier)


@dataclass(frozen=True, slots=True)
class Link:
    """One row of a many-to-many link.

    Attributes:
        owner: the id on the owner's side.
        target: the id on the other.
        owner_position: where the target stands in the owner's list; only the order counts.
        target_position: where the owner stands in the target's list.
    """

    owner: str
    target: str
    owner_position: int
    target_position: int


class Session(Protocol):
    """One unit of work on one backend: a connection, a transaction."""

    def get(self, projection: Projection, identifier: str, form: Form, *, lock: bool = False) -> Record | None:
        """Read one item; with `lock`, so that nobody else writes it before this unit of work ends."""
        ...

    def select(self, plan: SelectPlan, form: Form) -> list[Record]:
        """Read a page of items, in order."""
        ...

    def count(self, collection: str, where: Bound) -> int:
        """Count the items that match."""
        ...

    def estimate(self, collection: str, where: Bound) -> int:
        """Tell about how many items match, without looking at them where the backend can."""
        ...

    def existing(self, collection: str, identifiers: Sequence[str], *, lock: bool = False) -> set[str]:
        """Return those of the ids that are there; with `lock`, so that nobody else writes them or links to them."""
        ...

    def lock(self, collection: str, identifiers: Sequence[str]) -> None:
        """Keep others from writing these items before this unit of work ends."""
        ...

    def insert(self, collection: str, values: Sequence[Mapping[str, Any]]) -> None:
        """Store new items, each with its `_id`."""
        ...

    def update(self, collection: str, identifier: str, changes: Mapping[Path, Any], version: int | None) -> bool:
        """Change fields of one item; with a version, only in that version, which rises. `False` when it isn't there."""
        ...

    def delete(self, collection: str, identifiers: Sequence[str]) -> int:
        """Delete items; their own links go with them."""
        ...

    def delete_unlinked(self, collection: str, identifier: str, links: tuple[tuple[Relation, bool], ...]) -> bool:
        """Delete an item unless something is linked to it by these relations; `False` when it wasn't deleted.

        Each relation comes with whether the item is on the owner's side.
        """
        ...

    def drop(self, collection: str) -> None:
        """Delete all items of a collection, and the links that are kept apart from the items on either side."""
        ...

    def linked(
        self, relation: Relation, identifiers: Sequence[str], *, from_owner: bool, lock: bool = False
    ) -> dict[str, list[str]]:
        """Return for each id the ids on the other side, in order; ids without links are left out.

        With `lock`, nobody else changes these links before this unit of work ends.
        """
        ...

    def point(self, relation: Relation, owners: Sequence[str], target: str) -> None:
        """Make these owners of a to-one link point to a target."""
        ...

    def detach(self, relation: Relation, owners: Sequence[str], target: str) -> None:
        """Make those of these owners of a to-one link that point to a target point to nothing."""
        ...

    def release(self, relation: Relation, targets: Sequence[str] | None) -> None:
        """Make every owner of a to-one link that points to one of these targets, or to any, point to nothing."""
        ...

    def link(self, relation: Relation, links: Iterable[Link]) -> None:
        """Add many-to-many links; those that are there already keep their place."""
        ...

    def unlink(self, relation: Relation, identifier: str, others: Sequence[str], *, from_owner: bool) -> None:
        """Remove the many-to-many links between one item and others."""
        ...

    def unlink_all(self, relation: Relation, identifiers: Sequence[str], *, from_owner: bool) -> None:
        """Remove all many-to-many links of some items."""
        ...

    def reorder(
        self, relation: Relation, identifier: str, others: Sequence[str], first: int, *, from_owner: bool
    ) -> None:
        """Give the many-to-many links of one item new positions, from `first` on, in the order of `others`."""
        ...

    def savepoint(self) -> AbstractContextManager[None]:
        """Return a context that undoes what was done in it when it is left by an exception."""
        ...

    def commit(self) -> None:
        """Keep everything."""
        ...

    def close(self) -> None:
        """Give the connection back; what was not committed is undone."""
        ...


class Backend(Protocol):
    """A place where collections live: a connector that was bound to a model."""

    @property
    def place(self) -> object:
        """What a unit of work has one session of: the database that the connector stands for now."""
        ...

    def check(self, model: Model, collections: Sequence[str]) -> None:
        """Refuse what can't be kept here, before anything is bound."""
        ...

    def bind(self, model: Model, collections: Sequence[str]) -> None:
        """Learn the collections of a model that live here."""
        ...

    def create_all(self, model: Model) -> None:
        """Make what is missing of tables or folders."""
        ...

    def session(self, model: Model, *, write: bool) -> Session:
        """Begin a unit of work."""
        ...

    def answers(self, model: Model, collection: str, where: Bound) -> bool:
        """Tell whether a filter of a collection means here, as a whole, exactly what `query/evaluate.py` says.

        What doesn't is parted by `query/split.py` and evaluated in Python.
        """
        ...

    def new_id(self, item: Callable[[], Any]) -> str:
        """Make the id of a new item, which is there for a function that wants to look at it."""
        ...
