"""What must be, in plain Python: items, the links between them, and what each write means for both sides.

It knows nothing of the package. Both directions of every link are kept in the order in which they were given, so that
an answer of the package can be compared with it from either side.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MUST_BE_EMPTY, DELETE, UNLINK = "must_be_empty", "delete_referenced_items", "unlink_referenced_items"


class RefusedError(Exception):
    """A write that must change nothing; `paths` are the places that its message must name."""

    def __init__(self, *paths: str) -> None:
        super().__init__(*paths)
        self.paths = set(paths)


@dataclass(frozen=True)
class End:
    """One side of a pair: a reference field, or the lack of one.

    Attributes:
        collection: that it belongs to.
        field: its path, as `loan.reader`; `None` where nothing is declared.
        many: it is a list.
        required: it is never empty.
        strategy: what deleting its item means for the items on the other side.
        filled: a list that is read with its item.
        position: of the columns of a table of links, which one holds this side's order.
    """

    collection: str
    field: str | None
    many: bool
    required: bool = False
    strategy: str = UNLINK
    filled: bool = True


class Pair:
    """The links between two ends."""

    def __init__(self, near: End, far: End) -> None:
        self.ends = (near, far)
        #: for each side, the ids on the other one, by id
        self.linked: tuple[defaultdict[str, list[str]], ...] = (defaultdict(list), defaultdict(list))

    def value(self, side: int, item: str) -> list[str]:
        """Return what the field of an item must read as, as a list."""
        linked = self.linked[side][item]
        # A list that faces a Ref is read from the Ref: its order is that of the ids.
        return sorted(linked) if self.ends[side].many and not self.ends[1 - side].many else list(linked)

    def add(self, side: int, item: str, other: str) -> None:
        self.linked[side][item].append(other)
        self.linked[1 - side][other].append(item)

    def remove(self, side: int, item: str, other: str) -> None:
        self.linked[side][item].remove(other)
        self.linked[1 - side][other].remove(item)

    def lonely(self, items: dict[str, set[str]]) -> bool:
        """Tell whether an item lacks a link that it must have."""
        return any(
            end.required and not self.linked[side][item]
            for side, end in enumerate(self.ends)
            for item in items[end.collection]
        )


class World:
    """All that is stored."""

    def __init__(self, *pairs: tuple[End, End]) -> None:
        self.pairs = [Pair(*pair) for pair in pairs]
        self.items: dict[str, set[str]] = {end.collection: set() for pair in pairs for end in pair}

    def sides(self, collection: str) -> Iterator[tuple[Pair, int, End]]:
        """Visit the ends that belong to a collection."""
        for pair in self.pairs:
            for side, end in enumerate(pair.ends):
                if end.collection == collection:
                    yield pair, side, end

    def side(self, collection: str, field: str) -> tuple[Pair, int, End]:
        """Return the end that is a field."""
        return next(found for found in self.sides(collection) if found[2].field == field)

    def value(self, collection: str, field: str, item: str) -> list[str]:
        """Return what a field must read as, as a list."""
        pair, side, _ = self.side(collection, field)
        return pair.value(side, item)

    def after_create(self, collection: str, item: str, values: dict[str, Sequence[str]]) -> World:
        """Return the world with one more item.

        Raises:
            RefusedError: it may not be.
        """
        world = copy.deepcopy(self)
        world.items[collection].add(item)
        missing = {f"$.{field}" for _, _, end in world.sides(collection) if end.required and (field := end.field)}
        missing -= {f"$.{field}" for field, wanted in values.items() if wanted}
        if missing:
            raise RefusedError(*missing)
        for field, wanted in values.items():
            self._check(collection, field, wanted)  # as it is: nothing can refer to what is not there yet
            world._assign(collection, field, item, wanted)
        return world

    def after_assign(self, collection: str, item: str, field: str, wanted: Sequence[str]) -> World:
        """Return the world after a reference was given a value.

        Raises:
            RefusedError: it may not be.
        """
        self._check(collection, field, wanted)
        world = copy.deepcopy(self)
        world._assign(collection, field, item, wanted)
        return world

    def _check(self, collection: str, field: str, wanted: Sequence[str]) -> None:
        pair, side, end = self.side(collection, field)
        there = self.items[pair.ends[1 - side].collection]

        def at(position: int) -> str:
            return f"$.{field}[{position}]" if end.many else f"$.{field}"

        repeats = [at(position) for position, other in enumerate(wanted) if other in wanted[:position]]
        if repeats:
            raise RefusedError(*repeats)
        dangling = [at(position) for position, other in enumerate(wanted) if other not in there]
        if dangling:
            raise RefusedError(*dangling)

    def _assign(self, collection: str, field: str, item: str, wanted: Sequence[str]) -> None:
        pair, side, _ = self.side(collection, field)
        for lost in [other for other in pair.linked[side][item] if other not in wanted]:
            pair.remove(side, item, lost)
        for gained in [other for other in wanted if other not in pair.linked[side][item]]:
            if not pair.ends[1 - side].many:
                for holder in list(pair.linked[1 - side][gained]):
                    pair.remove(side, holder, gained)
            pair.add(side, item, gained)
        pair.linked[side][item][:] = wanted
        if pair.lonely(self.items):
            raise RefusedError(f"$.{field}")

    def after_delete(self, collection: str, item: str) -> World:
        """Return the world without an item, and without what goes with it.

        Raises:
            RefusedError: something is in the way.
        """
        doomed, waiting, kept = {(collection, item)}, [(collection, item)], set()
        while waiting:
            name, going = waiting.pop()
            for pair, side, end in self.sides(name):
                others = {(pair.ends[1 - side].collection, other) for other in pair.linked[side][going]}
                if end.many and end.field and end.strategy == DELETE:
                    waiting += others - doomed
                    doomed |= others
                elif end.many and end.field and end.strategy == MUST_BE_EMPTY:
                    kept |= others
        if kept - doomed:
            raise RefusedError
        world = copy.deepcopy(self)
        for name, going in doomed:
            world.items[name].discard(going)
            for pair, side, _ in world.sides(name):
                for other in list(pair.linked[side][going]):
                    pair.remove(side, going, other)
        if any(pair.lonely(world.items) for pair in world.pairs):
            raise RefusedError
        return world
