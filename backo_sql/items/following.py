"""Following links from live objects: many at once, with one read for each collection that they lead to.

In: live objects and the ids that they hold. Out: live items. An id without an item leads nowhere. A list of links that
wasn't read with its item (`FillStrategy.NOT_FILL`) is asked for; it stays unread in the item.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, cast

from ..errors import DescriptionError
from ..model.paths import Path
from ..types.reference import Ref, RefsListType
from .live import Live

if TYPE_CHECKING:
    from ..model.collection import Collection


def collection_of(live: Live) -> Collection | None:
    """Return the collection of the item that an object is or belongs to; `None` for one that stands alone."""
    collection = cast("Collection | None", getattr(live.get_root(), "_collection", None))
    return collection if collection is not None and collection._backoffice is not None else None


def path_of(live: Live) -> Path:
    """Return where an object stands in its item; positions in lists are left out."""
    return tuple(key for key in live._keys() if isinstance(key, str))


def read_links(lists: Sequence[Live]) -> list[list[str]]:
    """Return the ids in each of some lists of links, reading those that weren't filled by one query per field."""
    unread: dict[tuple[Collection, Path], list[Live]] = defaultdict(list)
    for each in lists:
        collection = collection_of(each)
        if each._raw is None and collection is not None and each.get_root()._raw.get("_id") is not None:
            unread[collection, path_of(each)].append(each)
    read: dict[int, list[str]] = {}
    for (collection, path), some in unread.items():
        identifiers = [each.get_root()._raw["_id"] for each in some]
        linked = collection.backoffice.service.get_linked(collection.name, path, list(dict.fromkeys(identifiers)))
        read.update({id(each): linked.get(identifier, []) for each, identifier in zip(some, identifiers, strict=True)})
    return [read.get(id(each), each._raw or []) for each in lists]


class Links:
    """The items that a walk from one live object comes by, each read once.

    Args:
        start: where the walk begins.
        bare: the lists of links of the items that are read come later, where something is asked of them.
        unguarded: rights don't count for the items that are read.
    """

    def __init__(self, start: Any, *, bare: bool = False, unguarded: bool = False) -> None:
        self._start = start
        self._bare = bare
        self._unguarded = unguarded
        self._items: dict[tuple[str, str], Any] = {}

    def read(self, wanted: Iterable[tuple[Ref | RefsListType, str]]) -> None:
        """Read the items with these ids that weren't read yet.

        Args:
            wanted: references, and an id that each of them holds.

        Raises:
            DescriptionError: nothing says where a reference leads, because the start belongs to no backoffice.
        """
        missing: dict[str, dict[str, None]] = defaultdict(dict)
        for field, identifier in wanted:
            if (field.collection, identifier) not in self._items:
                missing[field.collection][identifier] = None
        for name, identifiers in missing.items():
            found = self._collection(name).backoffice.service.get_many(name, list(identifiers), bare=self._bare)
            if self._unguarded:
                for item in found.values():
                    item.disable_permissions()
            self._items.update({(name, identifier): found.get(identifier) for identifier in identifiers})

    def item(self, field: Ref | RefsListType, identifier: str) -> Any:
        """Return an item that was read; `None` where there is none with that id."""
        return self._items[field.collection, identifier]

    def _collection(self, target: str) -> Collection:
        collection = collection_of(self._start) if isinstance(self._start, Live) else None
        if collection is None:
            raise DescriptionError(
                f"Nothing says where the collection {target!r} is: only items of a registered collection are linked."
            )
        return collection
