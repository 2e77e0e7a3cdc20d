"""`match`: whether a live object satisfies a filter, in the language that collections are filtered in.

In: a live object, or a field that stands alone, and a filter. Out: `True` or `False`. A condition on a field that isn't
there or may not be read, with an operator that isn't one, or with a value that can't be of the type, does not hold.
Paths go on through references: their items are read, with one read per step and collection. `all_matching` asks the
same of many items at once, for a filter that a database can't answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import PathNotFoundError, RightsError
from ..model.description import Leaf
from ..model.paths import Path
from ..query.ast import Across, And, Bound, Elements, Not, Or, Some
from ..query.bind import Binder, Scope
from ..query.evaluate import ABSENT, predicate
from ..query.parse_dict import parse_match
from ..query.patterns import limited
from ..types.base import FieldType
from ..types.container import DictType, ListType
from ..types.reference import Ref, RefsListType
from .following import Links, collection_of, path_of, read_links
from .live import Live
from .selectors import is_there

if TYPE_CHECKING:
    from .item import Item


def match(live: Any, filters: Any) -> bool:
    """Tell whether an object satisfies a filter.

    Args:
        live: a `Dict`, an `Item`, a `List`, a `RefsList`, or a scalar field that stands alone.
        filters: a dict by path, an operation such as `("$gt", 1)`, or a value to be equal to. `{}` asks for nothing.

    Raises:
        DescriptionError: a reference is to be followed, and the object belongs to no registered collection.
        QueryError: a regular expression takes too long.
    """
    where = _bound(live, filters)
    reading = _Reading(Links(live))
    holder = live if isinstance(live, Live) else live.get_value()
    reading.prepare(where, [holder])
    with limited():
        return predicate(where, reading.linked, reading.value)(holder)


def _bound(live: Any, filters: Any) -> Bound:
    parsed = parse_match(filters)
    if not isinstance(live, Live):
        field: FieldType[Any] = live
        return Binder({}, forgiving=True).bind(parsed, Scope(field))
    collection = collection_of(live)
    if collection is None:
        return Binder({}, forgiving=True).bind(parsed, Scope(live._type))
    model = collection.backoffice.freeze()
    scope = Scope(live._type, collection.name, path_of(live))
    return Binder(model.descriptions, model, forgiving=True).bind(parsed, scope)


def all_matching(where: Bound, items: Sequence[Item]) -> list[Item]:
    """Return those of some items of one collection that satisfy a filter, whatever the user may read of them.

    Args:
        where: the filter, bound to their collection.
        items: as they were read, without rights; the items that they link to are read for all of them together.

    Raises:
        QueryError: a regular expression takes too long.
    """
    if not items:
        return []
    reading = _Reading(Links(items[0], bare=True, unguarded=True))
    reading.prepare(where, items)
    holds = predicate(where, reading.linked, reading.value)
    return [item for item in items if holds(item)]


class _Reading:
    """Reads the values of live objects and finds the items that they link to, each read once.

    Args:
        links: the items that were read already.
    """

    def __init__(self, links: Links) -> None:
        self._links = links
        self._identifiers: dict[tuple[int, Path], Sequence[str]] = {}

    def value(self, holder: Any, path: Path) -> Any:
        """Return the value at a path of a holder."""
        current = _at(holder, path)
        if isinstance(current, Live) and current._raw is None:
            # A list that is null is no live object for a filter; one of links that wasn't read is what was asked for.
            return None if isinstance(current._type, ListType) else self._identifiers.get((id(holder), path))
        return current

    def linked(self, holder: Any, leaf: Leaf, step: Across) -> Iterable[Any]:
        """Return the items that a reference of a holder links to."""
        for identifier in self._linked_ids(holder, leaf):
            item = self._links.item(_reference(leaf), identifier)
            if item is not None:
                yield item

    def prepare(self, where: Bound, holders: Sequence[Any]) -> None:
        """Read all items that a filter asks about, for all holders together.

        What the filter would not come to look at is read too: that is the price of one read per step.
        """
        match where:
            case And(parts) | Or(parts):
                for part in parts:
                    self.prepare(part, holders)
            case Not(part):
                self.prepare(part, holders)
            case Elements(leaf, parts):
                if isinstance(leaf.type, RefsListType):
                    self._identify(leaf, holders)
                alike = [elements for elements in self._lists(leaf, holders) if len(elements) == len(parts)]
                for position, part in enumerate(parts):
                    self.prepare(part, [elements[position] for elements in alike])
            case Some(leaf, Across() as step, condition):
                self._read(leaf, holders)
                found = {id(item): item for holder in holders for item in self.linked(holder, leaf, step)}
                self.prepare(condition, list(found.values()))
            case Some(leaf, _, condition):
                self.prepare(condition, [element for each in self._lists(leaf, holders) for element in each])

    def _lists(self, leaf: Leaf, holders: Sequence[Any]) -> list[Sequence[Any]]:
        found = (self.value(holder, leaf.path) for holder in holders)
        return [each for each in found if isinstance(each, Sequence) and not isinstance(each, str)]

    def _read(self, leaf: Leaf, holders: Sequence[Any]) -> None:
        reference = _reference(leaf)
        if isinstance(reference, RefsListType):
            self._identify(leaf, holders)
        self._links.read((reference, identifier) for holder in holders for identifier in self._linked_ids(holder, leaf))

    def _linked_ids(self, holder: Any, leaf: Leaf) -> Sequence[str]:
        if isinstance(leaf.type, RefsListType):
            return self._identifiers[id(holder), leaf.path]
        # Nothing is noted of a single reference: it may stand in an element, whose views are made anew each time.
        value = _at(holder, leaf.path)
        return () if value is None or value is ABSENT else (value,)

    def _identify(self, leaf: Leaf, holders: Sequence[Any]) -> None:
        """Note the ids in a list of links of each holder, reading those of lists that weren't filled."""
        found = [(holder, _at(holder, leaf.path)) for holder in holders]
        lists = [value for _, value in found if isinstance(value, Live)]
        links = dict(zip(map(id, lists), read_links(lists), strict=True))
        for holder, value in found:
            self._identifiers[id(holder), leaf.path] = links.get(id(value), ())


def _reference(leaf: Leaf) -> Ref | RefsListType:
    field = leaf.type
    if not isinstance(field, Ref | RefsListType):
        raise TypeError(f"{leaf} is no reference.")
    return field


def _at(holder: Any, path: Path) -> Any:
    current = holder
    for name in path:
        if current is None or current is ABSENT:
            break
        current = _field(current, name)
    return current


def _field(holder: Any, name: str) -> Any:
    if isinstance(holder, Mapping):
        return holder.get(name)
    if not isinstance(holder, Live) or isinstance(holder._type, ListType):
        return None  # inside a FreeDict: what is no object has no fields
    if not isinstance(holder._type, DictType) or not is_there(holder, name):
        return ABSENT
    try:
        return getattr(holder, name)
    except (RightsError, PathNotFoundError):
        return ABSENT
