"""Selectors: texts that name something inside a live object, such as `$.lines[0].product.name`.

In: a live object and a text, in the manner of RFC 9535. Out: what stands there: a live container, a plain value, or a
list of them where the text names several. What isn't there, or may not be read, is `None`, and so is what a wrong text
names. A path goes on through references: their items are read, with one read per step and collection.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from ..errors import PathNotFoundError, RightsError
from ..types.base import FieldType
from ..types.compound import Tuple
from ..types.container import DictType, ListType
from ..types.reference import Ref, RefsListType
from .following import Links, read_links
from .live import Live
from .rules import exists
from .views import dump_value

#: a longer text is no selector
MAX_LENGTH = 1000

_INTEGER = r"-?[0-9]{1,15}"
_STEP = re.compile(
    r"\.(?P<name>[^\W\d]\w*)"
    r"|(?P<every>\.\*|\[\*\])"
    rf"|\[(?P<index>{_INTEGER})\]"
    rf"|\[(?P<start>{_INTEGER})?:(?P<stop>{_INTEGER})?(?P<second>:(?P<step>{_INTEGER})?)?\]"
    r"|\['(?P<single>(?:[^'\\]|\\['\\])*)'\]"
    r'|\["(?P<double>(?:[^"\\]|\\["\\])*)"\]'
)
_ESCAPED = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Name:
    """`.name` or `['name']`: a field; on a list, that field of every element."""

    name: str


@dataclass(frozen=True, slots=True)
class Index:
    """`[n]`: an element; a negative one counts from the end."""

    position: int


@dataclass(frozen=True, slots=True)
class Slice:
    """`[a:b:c]`: some elements of a list."""

    start: int | None = None
    stop: int | None = None
    step: int | None = None

    def of(self, elements: list[Any] | None) -> list[Any] | None:
        """Return what it leaves of a list; a step of 0 leaves nothing."""
        if elements is None:
            return None
        return elements[self.start : self.stop : self.step] if self.step != 0 else []


@dataclass(frozen=True, slots=True)
class Every:
    """`.*` or `[*]`: every field of a `Dict`, every element of a list."""


Step: TypeAlias = Name | Index | Slice | Every


@dataclass(frozen=True, slots=True, init=False)
class Selector:
    """A text, read once.

    Attributes:
        text: as it was given.
        from_root: it begins at the outermost object (`$`), not at the object itself (`@`).
        steps: what follows; `None` for a text that is no selector.

    Example:
        >>> Selector("$.tags[-1]").steps
        (Name(name='tags'), Index(position=-1))
    """

    text: str
    from_root: bool
    steps: tuple[Step, ...] | None

    def __init__(self, text: str) -> None:
        put = object.__setattr__
        put(self, "text", text)
        put(self, "from_root", text.startswith("$"))
        put(self, "steps", _parse(text))

    @property
    def is_valid(self) -> bool:
        """It is a selector."""
        return self.steps is not None


def _parse(text: str) -> tuple[Step, ...] | None:
    if text[:1] not in ("$", "@") or len(text) > MAX_LENGTH:
        return None
    steps: list[Step] = []
    position = 1
    while position < len(text):
        found = _STEP.match(text, position)
        if found is None:
            return None
        steps.append(_step(found))
        position = found.end()
    return tuple(steps)


def _step(found: re.Match[str]) -> Step:
    part = found.groupdict()
    if part["name"] is not None:
        return Name(part["name"])
    if part["every"] is not None:
        return Every()
    if part["index"] is not None:
        return Index(int(part["index"]))
    quoted = part["single"] if part["single"] is not None else part["double"]
    if quoted is not None:
        return Name(_ESCAPED.sub(r"\1", quoted))
    return Slice(*(None if part[name] is None else int(part[name]) for name in ("start", "stop", "step")))


def parse_selector(text: str) -> Selector:
    """Read a selector, once for each text of a length that is worth keeping."""
    return _parse_once(text) if len(text) <= MAX_LENGTH else Selector(text)


@lru_cache(maxsize=1024)
def _parse_once(text: str) -> Selector:
    return Selector(text)


def select(live: Any, text: Any) -> Any:
    """Return what a selector names.

    Args:
        live: a `Dict`, an `Item`, a `List` or a `RefsList`; anything else holds nothing but itself.
        text: the selector; `None` names the object itself.

    Returns:
        A live container or a plain value; a list (on a `Tuple`, a tuple) where the selector names several, without
        those that are `None`. `None` where nothing is found.

    Raises:
        DescriptionError: a reference is to be followed, and the object belongs to no registered collection.
    """
    if text is None:
        return live
    selector = parse_selector(text) if isinstance(text, str) else None
    if selector is None or selector.steps is None:
        return None
    start = _Place(live.get_root() if selector.from_root and isinstance(live, Live) else live)
    _Walk(Links(start.value)).take(selector.steps, [start])
    return start.result()


def multi_select(live: Any, texts: Any) -> Any:
    """Return what each of several selectors names, in a list; for `None` the object, for anything else `None`."""
    if texts is None:
        return live
    if not isinstance(texts, list | tuple):
        return None
    return [select(live, text) for text in texts]


def select_columns(items: Sequence[Live], selectors: Sequence[Selector], view: str | None = None) -> list[list[Any]]:
    """Return what some selectors name in each of some items, a row for each, with one read per step and collection.

    Args:
        items: of one collection.
        selectors: the columns.
        view: have the values in their JSON form, with what this view shows of containers; `None` for Python values.
    """
    if not items:
        return []
    walk = _Walk(Links(items[0], bare=view is not None))
    columns = []
    for selector in selectors:
        places = [_Place(item) for item in items]
        ends = walk.take(selector.steps or (), places)
        if view is not None:
            walk.read_lists(ends)
        columns.append([place.result() if view is None else place.dumped(view) for place in places])
    return [list(row) for row in zip(*columns, strict=True)]


class _Place:
    """A place that a walk has come to: one value, or, once it parted, several places.

    Attributes:
        value: a live object or a plain value.
        field: its type, where it was read from a field.
        parts: the places that it parted into.
        is_tuple: they are written as a tuple.
    """

    __slots__ = ("field", "is_tuple", "parts", "value")

    def __init__(self, value: Any, field: FieldType[Any] | None = None) -> None:
        self.value = value
        self.field = field
        self.parts: list[_Place] | None = None
        self.is_tuple = False

    def put(self, value: Any = None, field: FieldType[Any] | None = None) -> None:
        self.value, self.field = value, field

    def part(self, places: Iterable[_Place]) -> list[_Place]:
        self.parts = list(places)
        self.is_tuple = isinstance(self.value, tuple)
        return self.parts

    def result(self) -> Any:
        if self.parts is None:
            return self.value
        found = (part.result() for part in self.parts)
        kept = [value for value in found if value is not None]
        return tuple(kept) if self.is_tuple else kept

    def dumped(self, view: str) -> Any:
        if self.parts is None:
            return dump_value(self.value, self.field, view)
        found = (part.dumped(view) for part in self.parts)
        return [value for value in found if value is not None]


class _Walk:
    """Walks of selectors: all places advance together, so that the items they need are read together.

    Args:
        links: the items that were read already.
    """

    def __init__(self, links: Links) -> None:
        self._links = links

    def take(self, steps: Sequence[Step], places: list[_Place]) -> list[_Place]:
        """Take all steps from some places, and return those where the walk ends."""
        for step in steps:
            match step:
                case Name(name):
                    places = self._cross(_spread(places))
                    for place in places:
                        place.put(*_field(place.value, name))
                case Every():
                    places = self._cross(places, lists=False)
                    places = _part(zip(places, _contents(places), strict=True))
                case Slice():
                    places = _part(zip(places, map(step.of, _elements(places)), strict=True))
                case Index(position):
                    for place, elements in zip(places, _elements(places), strict=True):
                        place.put(*_element(place.value, elements or [], position))
        return places

    @staticmethod
    def read_lists(places: Iterable[_Place]) -> None:
        """Read the lists of links, among some places, that weren't read with their items."""
        unread = [place for place in places if _is_links(place.value) and place.value._raw is None]
        for place, identifiers in zip(unread, read_links([place.value for place in unread]), strict=True):
            place.put(identifiers, place.value._type)

    def _cross(self, places: list[_Place], *, lists: bool = True) -> list[_Place]:
        """Replace every reference by the item it leads to, and every list of links by its items."""
        single = {
            id(place): place.field for place in places if isinstance(place.field, Ref) and place.value is not None
        }
        several = [place for place in places if lists and _is_links(place.value)]
        links = dict(zip(map(id, several), read_links([place.value for place in several]), strict=True))
        self._links.read(
            [(single[id(place)], place.value) for place in places if id(place) in single]
            + [(place.value._type, identifier) for place in several for identifier in links[id(place)]]
        )
        reached: list[_Place] = []
        for place in places:
            if id(place) in links:
                items = (self._links.item(place.value._type, identifier) for identifier in links[id(place)])
                reached += place.part(_Place(item) for item in items if item is not None)
                continue
            if id(place) in single:
                place.put(self._links.item(single[id(place)], place.value))
            reached.append(place)
        return reached


def _spread(places: Iterable[_Place]) -> list[_Place]:
    """Part every list into its elements, to any depth: a name on a list is one on each of its elements."""
    reached: list[_Place] = []
    for place in places:
        if _is_list(place.value):
            reached += _spread(place.part(_members(place)))
        else:
            reached.append(place)
    return reached


def _part(places: Iterable[tuple[_Place, list[_Place] | None]]) -> list[_Place]:
    """Part places into what is given for each; one that has nothing to give ends there."""
    reached: list[_Place] = []
    for place, parts in places:
        if parts is None:
            place.put()
        else:
            reached += place.part(parts)
    return reached


def _contents(places: Sequence[_Place]) -> list[list[_Place] | None]:
    """Return what each place holds: its fields, or its elements."""
    return [
        elements if elements is not None else _fields(place.value)
        for place, elements in zip(places, _elements(places), strict=True)
    ]


def _elements(places: Sequence[_Place]) -> list[list[_Place] | None]:
    """Return the elements of each place that is a list; `None` for one that isn't."""
    links = iter(read_links([place.value for place in places if _is_links(place.value)]))
    found: list[list[_Place] | None] = []
    for place in places:
        if _is_links(place.value):
            reference = place.value._type.inner(0)
            found.append([_Place(identifier, reference) for identifier in next(links)])
        else:
            found.append(_members(place) if _is_list(place.value) else None)
    return found


def _members(place: _Place) -> list[_Place]:
    """Return the elements of a place that is a list, each with its type where that is known."""
    value, field = place.value, place.field
    if isinstance(value, Live):
        return [_Place(each, value._type.inner(0)) for each in value]  # type: ignore[attr-defined]
    if isinstance(field, Tuple):
        return [_Place(each, member) for each, member in zip(value, field.members, strict=True)]
    return [_Place(each) for each in value]


def _fields(value: Any) -> list[_Place] | None:
    if isinstance(value, Live) and isinstance(value._type, DictType):
        return [_Place(*_field(value, name)) for name in value._type.fields]
    return [_Place(each) for each in value.values()] if isinstance(value, Mapping) else None


def _element(value: Any, elements: list[_Place], position: int) -> tuple[Any, FieldType[Any] | None]:
    # A Tuple is no list that grows: its places have numbers, and none of them is the last but one.
    if position < (0 if isinstance(value, tuple) else -len(elements)) or position >= len(elements):
        return None, None
    return elements[position].value, elements[position].field


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple) or (isinstance(value, Live) and isinstance(value._type, ListType))


def _is_links(value: Any) -> bool:
    return isinstance(value, Live) and isinstance(value._type, RefsListType)


def _field(value: Any, name: str) -> tuple[Any, FieldType[Any] | None]:
    """Return what stands under a name, and its type; nothing where it isn't there or may not be read."""
    if isinstance(value, Live) and isinstance(value._type, DictType):
        field = value._type.fields.get(name)
        if field is None or not is_there(value, name):
            return None, None
        try:
            return getattr(value, name), field
        except (RightsError, PathNotFoundError):
            return None, None
    if isinstance(value, Mapping):
        return value.get(name), None
    return None, None


def is_there(live: Live, name: str) -> bool:
    """Tell whether a field of a `Dict` exists for its values."""
    field = live._type.inner(name)
    return field.options.exists is True or exists(field, live._raw.get(name), live.get_root())
