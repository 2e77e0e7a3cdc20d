"""Links to other items: `Ref`, the frozen side of `RefsList`, and their strategies."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from typing import Any, ClassVar, NoReturn

from ..errors import DescriptionError, Fault, FaultKind, PathKey
from .base import EQUALITY, ORDERING, FieldType
from .kinds import Kind
from .values import Kept, plain

#: ids stand in URLs and file names: no '/', no control characters, no half of a surrogate pair, no '_' to begin with
_ID = re.compile("[^_/\x00-\x1f\x7f\ud800-\udfff][^/\x00-\x1f\x7f\ud800-\udfff]*")


class DeleteStrategy(Enum):
    """What deleting an item does to the items in its `RefsList`."""

    MUST_BE_EMPTY = "must_be_empty"
    DELETE_REFERENCED_ITEMS = "delete_referenced_items"
    UNLINK_REFERENCED_ITEMS = "unlink_referenced_items"

    def __repr__(self) -> str:
        return self.name


class FillStrategy(Enum):
    """Whether a `RefsList` is read together with its item."""

    FILL = "fill"
    NOT_FILL = "not_fill"
    NO_FILL = "not_fill"  # an alias: another spelling of the same

    def __repr__(self) -> str:
        return self.name


_ALIASES = {
    "coll": "collection",
    "reverse": "field",
    "rev": "field",
    "ods": "on_delete",
    "ofs": "on_fill",
}
_LINK_KEYWORDS = {"collection", "field", "owner", "on_delete", "on_fill"}
_OF_BOTH = frozenset({"coll", "collection", "field", "reverse", "rev"})


def split_link_keywords(type_name: str, given: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Part the keyword arguments of a reference into those about the link and those that any field takes."""
    link: dict[str, Any] = {}
    common: dict[str, Any] = {}
    for name, value in given.items():
        canonical = _ALIASES.get(name, name)
        if canonical not in _LINK_KEYWORDS:
            common[name] = value
        elif canonical in link:
            raise DescriptionError(f"{type_name} is given {canonical!r} twice, under two names.")
        else:
            link[canonical] = value
    if link.get("collection") is None:
        raise DescriptionError(f"{type_name} needs the option 'coll': the name of the collection that it refers to.")
    for name in ("collection", "field"):
        if link.get(name) is not None and not isinstance(link[name], str):
            raise DescriptionError(f"Option {name!r} of {type_name} takes a text, not {link[name]!r}.")
    return link, common


def check_id(value: str) -> None:
    """Raise a `Fault` for a text that can't be the id of an item: ids stand in URLs and file names."""
    if not is_id(value):
        raise Fault("Must be the id of an item.", FaultKind.TYPE)


def is_id(value: str) -> bool:
    """Tell whether a text can be the id of an item."""
    return _ID.fullmatch(value) is not None


def convert_id(value: Any, wrong_type: Callable[[str, object], Fault]) -> str:
    """Accept an id, or an item in place of its id."""
    if not isinstance(value, str):
        value = plain(value)
        value = getattr(value, "_id", value)
    if not isinstance(value, str):
        raise wrong_type("the id of an item", value)
    check_id(value)
    return value


class Ref(FieldType[str]):
    """A link to one item of a collection; its value is the id of that item.

    Args:
        coll: the collection that it refers to (also `collection`).
        field: the field of that collection which faces this one, such as `"$.books"` (also `reverse`, `rev`).
        owner: of two `Ref` that face each other, the one that is stored.
        options: the common options of every field.

    Example:
        >>> Ref(coll="authors", field="$.books", required=True).load("a1")
        'a1'
    """

    kind: ClassVar[Kind] = Kind.LINK
    other_keywords = _OF_BOTH | {"owner"}
    operators = EQUALITY | ORDERING

    def __init__(self, **options: Any) -> None:
        link, common = split_link_keywords("Ref", options)
        for name, original in (("on_delete", "ods"), ("on_fill", "ofs")):
            if name in link:
                raise DescriptionError(
                    f"A Ref has no {original!r}: it belongs on the RefsList that faces it, in {link['collection']!r}."
                )
        owner = link.get("owner", False)
        if not isinstance(owner, bool):
            raise DescriptionError(f"Option 'owner' of Ref takes True or False, not {owner!r}.")
        self.collection: str = link["collection"]
        self.field: str | None = link.get("field")
        self.owner = owner
        super().__init__(**common)

    def convert(self, value: Any) -> str:
        """Accept an id, or an item in place of its id."""
        return convert_id(value, self.wrong_type)


class RefsListType(FieldType[list[str]]):
    """The frozen side of `RefsList`: many links, whose value is a list of ids without repeats."""

    kind: ClassVar[Kind] = Kind.LINKS
    other_keywords = _OF_BOTH | {"ods", "on_delete", "ofs", "on_fill"}
    operators = frozenset()
    is_container = True

    def __init__(self, live_class: type, **options: Any) -> None:
        link, common = split_link_keywords("RefsList", options)
        if "owner" in link:
            raise DescriptionError("A RefsList has no 'owner': it says which of two facing Ref is stored.")
        for name in ("unique", "index", "in", "union", "enum"):
            if name in common:
                raise DescriptionError(f"A RefsList has no option {name!r}: its links are rows of their own.")
        self.collection: str = link["collection"]
        self.field: str | None = link.get("field")
        self.on_delete = self._strategy("ods", link.get("on_delete"), DeleteStrategy.MUST_BE_EMPTY)
        self.on_fill = self._strategy("ofs", link.get("on_fill"), FillStrategy.FILL)
        self.live_class = live_class
        super().__init__(**common)

    @staticmethod
    def _strategy(name: str, value: Any, default: Any) -> Any:
        if value is None:
            return default
        if not isinstance(value, type(default)):
            raise DescriptionError(f"Option {name!r} of RefsList takes a {type(default).__name__}, not {value!r}.")
        return value

    @classmethod
    def type_name(cls) -> str:
        """The name that messages and the metadata use."""
        return "RefsList"

    def public_class(self) -> type:
        """The class whose name users know."""
        return self.live_class

    def convert(self, value: Any) -> list[str]:
        """Accept a list of ids without repeats; a fault names the position."""
        if not isinstance(value, list | tuple):
            raise self.wrong_type("a list of ids", value)
        faults: list[tuple[int, Fault]] = []
        seen: dict[str, int] = {}
        for position, element in enumerate(value):
            try:
                identifier = element.value if type(element) is Kept else convert_id(element, self.wrong_type)
                first = seen.setdefault(identifier, position)
                if first != position:
                    raise Fault(f"Repeats the id at position {first}.")
            except Fault as fault:
                faults.append((position, fault))
        if faults:
            raise Fault.collect(faults)
        return list(seen)

    def load(self, value: Any, root: Any = None, old: Any = None) -> list[str] | None:
        """Accept a list; `null` is an empty one."""
        loaded = super().load([] if value is None else value, root, old)
        if self.options.required and not loaded:
            raise Fault("Must hold at least one id.")
        return loaded

    def inner(self, key: PathKey) -> FieldType[Any]:
        """Return the type of an element: an id."""
        return Ref(coll=self.collection)

    def load_missing(self, root: Any = None) -> list[str] | None:
        """An absent list is empty, unless it has a default."""
        return super().load_missing(root) or []

    def parse(self, text: str) -> NoReturn:
        """A list has no text form in a query string."""
        raise Fault("Can't be compared with a text.", FaultKind.TYPE)
