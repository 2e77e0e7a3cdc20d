"""How a deletion spreads from a collection, worked out once for each: what is asked, and what the database does alone.

In: a model, who listens, and which collections share a database. Out: a `Route`. A link is left to the database's own
ON DELETE CASCADE where nothing is to be learned by reading what goes: nobody listens to it, nothing can be in its way,
and nothing but it and what it takes along is changed. A cycle is never left to it: SQLite cascades 1,000 levels deep.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from ..model.model import Model
from ..model.relations import Relation, RelationKind
from ..types.reference import DeleteStrategy
from .required import must_be_linked


@dataclass(frozen=True, slots=True)
class Inward:
    """A relation, seen from an item that is about to go.

    Attributes:
        relation: what links it.
        is_owner: the item that goes is on the owner's side.
    """

    relation: Relation
    is_owner: bool

    @property
    def strategy(self) -> DeleteStrategy:
        """What the going of the item means for the items on the other side."""
        return self.relation.on_owner_delete if self.is_owner else self.relation.on_target_delete

    @property
    def other(self) -> str:
        """The collection on the other side."""
        return self.relation.target if self.is_owner else self.relation.owner.collection

    @property
    def is_many_to_many(self) -> bool:
        """The links are rows of their own."""
        return self.relation.kind is RelationKind.MANY_TO_MANY

    @property
    def takes_along(self) -> bool:
        """The items on the other side go too."""
        return self.strategy is DeleteStrategy.DELETE_REFERENCED_ITEMS

    @property
    def cascades(self) -> bool:
        """The database deletes the items on the other side by itself, where both live in it.

        Of a list of elements it takes the element along, and of a many-to-many link its row, but no item.
        """
        return self.takes_along and not self.is_many_to_many and not self.relation.in_elements

    @property
    def must_stay(self) -> bool:
        """Items on the other side that stay keep this one from going."""
        if self.strategy is DeleteStrategy.MUST_BE_EMPTY:
            return True
        return (
            self.strategy is DeleteStrategy.UNLINK_REFERENCED_ITEMS
            and not self.is_many_to_many
            and self.relation.required
        )

    @property
    def leaves_without(self) -> bool:
        """Items on the other side that stay must not lose their last link.

        An owner of a to-one link that must point to something is in the way by its strategy already.
        """
        owner_loses = not self.is_owner
        if owner_loses and not self.is_many_to_many:
            return False
        return must_be_linked(self.relation, is_owner=owner_loses)


@dataclass(frozen=True, slots=True)
class Route:
    """What is to be asked when items of one collection are deleted.

    Attributes:
        inward: for each collection that the deletion may reach by our own steps, the links that matter.
        leaves_without: the links whose other side must not lose the last one, by the same collections.
        listening: the collections among them whose items tell somebody that they go.
        barriers: the links that must all be empty, as a relation and whether the item that goes is on the owner's side,
            where nothing else is to be known: then the database can look and delete in one statement.
    """

    inward: Mapping[str, tuple[Inward, ...]]
    leaves_without: Mapping[str, tuple[Inward, ...]]
    listening: frozenset[str]
    barriers: tuple[tuple[Relation, bool], ...] | None


class Routes:
    """The routes of a model.

    Args:
        model: of the backoffice.
        listens: tells whether somebody hears of it when items of a collection go.
        together: tells whether two collections live in one database.
    """

    def __init__(self, model: Model, listens: Callable[[str], bool], together: Callable[[str, str], bool]) -> None:
        self._model = model
        self._listens = listens
        self._together = together
        self._routes: dict[str, Route] = {}

    def of(self, collection: str) -> Route:
        """Return the route of the deletions that begin in a collection."""
        found = self._routes.get(collection)
        if found is None:
            found = self._routes[collection] = self._make(collection)
        return found

    def _make(self, root: str) -> Route:
        reached = self._reached(root, frozenset())
        left = frozenset(
            each.relation
            for name in reached
            for each in inward_links(self._model, name)
            if self._is_left(each, reached, (root,))
        )
        walked = self._reached(root, left)
        # Rows of a many-to-many link go with the item by their own foreign key.
        inward = {
            name: tuple(
                each
                for each in inward_links(self._model, name)
                if each.relation not in left and (not each.is_many_to_many or each.must_stay or each.takes_along)
            )
            for name in walked
        }
        leaves_without = {
            name: tuple(each for each in every_link(self._model, name) if each.leaves_without) for name in walked
        }
        listening = frozenset(filter(self._listens, walked))
        is_plain = not listening and not leaves_without[root] and all(map(self._can_look, inward[root]))
        barriers = tuple((each.relation, each.is_owner) for each in inward[root]) if is_plain else None
        return Route(inward, leaves_without, listening, barriers)

    def _can_look(self, link: Inward) -> bool:
        """Tell whether a link must be empty, and is stored where the item that goes is."""
        return link.must_stay and self._together(link.relation.owner.collection, link.relation.target)

    def _reached(self, root: str, left: frozenset[Relation]) -> frozenset[str]:
        """Return the collections whose items may go with those of a root."""
        reached, todo = {root}, [root]
        while todo:
            for each in inward_links(self._model, todo.pop()):
                if each.takes_along and each.relation not in left and each.other not in reached:
                    reached.add(each.other)
                    todo.append(each.other)
        return frozenset(reached)

    def _is_left(self, link: Inward, reached: frozenset[str], above: tuple[str, ...]) -> bool:
        """Tell whether the items on the other side of a link are deleted by the database alone."""
        relation, collection = link.relation, link.other
        if (
            not link.cascades
            or collection in above
            or self._listens(collection)
            or not self._together(collection, relation.target)
        ):
            return False
        above = (*above, collection)
        return all(
            self._is_left(each, reached, above) and not each.relation.inverse_required
            if not each.is_many_to_many
            else self._is_silent(each, reached)
            for each in inward_links(self._model, collection)
        ) and all(
            not each.inverse_required and not (each.target in reached and Inward(each, is_owner=False).must_stay)
            for each in self._model.owned[collection]
            if each.kind is not RelationKind.MANY_TO_MANY and each != relation
        )

    def _is_silent(self, link: Inward, reached: frozenset[str]) -> bool:
        """Tell whether the rows of a many-to-many link go with an item of ours and nobody else is concerned."""
        back = Inward(link.relation, is_owner=not link.is_owner)
        return (
            link.strategy is DeleteStrategy.UNLINK_REFERENCED_ITEMS
            and not link.leaves_without
            # An item on the other side that goes in the same deletion must not find ours in its way.
            and not (link.other in reached and (back.must_stay or back.leaves_without))
        )


def every_link(model: Model, collection: str) -> Iterator[Inward]:
    """Visit all links of the items of a collection."""
    yield from (Inward(relation, is_owner=True) for relation in model.owned[collection])
    yield from (Inward(relation, is_owner=False) for relation in model.inbound[collection])


def inward_links(model: Model, collection: str) -> Iterator[Inward]:
    """Visit the links by which others are concerned when an item of a collection goes."""
    for relation in model.inbound[collection]:
        yield Inward(relation, is_owner=False)
    for relation in model.owned[collection]:
        if relation.kind is RelationKind.MANY_TO_MANY:
            yield Inward(relation, is_owner=True)
