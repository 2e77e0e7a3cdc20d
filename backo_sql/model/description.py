"""The frozen description of a collection: what every later stage reads.

In: the `ItemType` of a collection. Out: a `Description`, with the tree of fields and the flat list of those that hold
a value.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Any, Protocol, Self

from ..errors import DescriptionError
from ..types.base import FieldType
from ..types.calls import as_hook
from ..types.container import DictType, ListType, has_rights, holds_links
from ..types.kinds import Kind
from ..types.reference import Ref, RefsListType
from ..types.text import String
from .elements import holds_conditional, refuse_several_links, structure_of
from .paths import Path, column_name, parse_path, path_text

MAX_NAME_BYTES = 63  # what PostgreSQL keeps of an identifier (NAMEDATALEN - 1)


class Stamper(Protocol):
    """What keeps the `_meta` of an item."""

    def fields(self) -> Mapping[str, FieldType[Any]]:
        """Return the fields of `_meta`; none leaves it out."""
        ...

    def stamp(self, meta: dict[str, Any], *, creating: bool) -> None:
        """Bring the values of `_meta` up to date, in place, before an item is written."""
        ...


Hook = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Hooks:
    """The functions of an `Item` that judge it as a whole, in the order in which they run.

    Attributes:
        pre_load: `(data) -> data`, before anything is checked.
        post_load: `(data) -> data`, on values that every field accepts.
        dynamic_post_load: `(data) -> {name: field}`: the named values are judged by these fields too.
        post_save: `(item)`, when it is stored, before the transaction ends.
    """

    pre_load: Hook | None = None
    post_load: Hook | None = None
    dynamic_post_load: Hook | None = None
    post_save: Hook | None = None

    def __post_init__(self) -> None:
        for name in self.__slots__:
            hook = getattr(self, name)
            if hook is None:
                continue
            if not callable(hook):
                raise DescriptionError(f"Option {name!r} of Item takes a function, not {hook!r}.")
            object.__setattr__(self, name, as_hook(name, hook))

    @property
    def any(self) -> bool:
        """Some hook runs before an item is stored."""
        return self.judges or self.pre_load is not None

    @property
    def judges(self) -> bool:
        """Some hook looks at the whole item before it is stored."""
        return self.post_load is not None or self.dynamic_post_load is not None


class ItemType(DictType):
    """The frozen side of an `Item`: the user's fields, then `_id` and `_meta`."""

    def __init__(
        self,
        fields: Mapping[str, FieldType[Any]],
        live_class: type,
        meta: FieldType[Any] | None,
        stamper: Stamper | None,
        unique: object = (),
        indexes: object = (),
        hooks: Hooks | None = None,
        **options: Any,
    ) -> None:
        super().__init__(fields, live_class, **options)
        self.stamper = stamper
        self.hooks = hooks or Hooks()
        system: dict[str, FieldType[Any]] = {"_id": String()}
        if meta is not None:
            system["_meta"] = meta
        self.fields = MappingProxyType({**fields, **system})
        self.system = frozenset(system)
        self.unique = self._groups("unique", unique)
        self.indexes = self._groups("indexes", indexes)

    @classmethod
    def type_name(cls) -> str:
        """The name that messages and the metadata use."""
        return "Item"

    def with_field(self, name: str, field: FieldType[Any] | None) -> Self:
        """Return the same type with one field of the user's added, replaced or taken away."""
        other = super().with_field(name, field)
        own = {each: type_ for each, type_ in other.fields.items() if each not in self.system}
        other.fields = MappingProxyType({**own, **{each: self.fields[each] for each in self.system}})
        return other

    def _convert(self, value: Any, root: Any, old: Any, *, partial: bool) -> dict[str, Any]:
        # What the library keeps itself is no field that a caller gives: sending back what one got is no fault.
        if isinstance(value, Mapping) and not self.system.isdisjoint(value):
            value = {name: given for name, given in value.items() if name not in ("_id", "_meta")}
        return super()._convert(value, root, old, partial=partial)

    def _groups(self, option: str, groups: object) -> tuple[tuple[Path, ...], ...]:
        if not isinstance(groups, list | tuple):
            raise DescriptionError(f"Option {option!r} of Item takes a list of groups of field names, not {groups!r}.")
        result = []
        for group in groups:
            names = (group,) if isinstance(group, str) else group
            if not isinstance(names, list | tuple) or not names or not all(isinstance(name, str) for name in names):
                raise DescriptionError(
                    f"Option {option!r} of Item holds {group!r}: a group of field names was expected."
                )
            paths = tuple(parse_path(name) for name in names)
            for path in paths:
                field = find_field(self, path)
                if field is None:
                    raise DescriptionError(f"Option {option!r} of Item names {path_text(path)}, which is no field.")
                if field.kind in (Kind.STRUCTURE, Kind.LINKS, Kind.JSON) or _place(field) is Place.NOWHERE:
                    raise DescriptionError(
                        f"Option {option!r} of Item names {path_text(path)}, which has no column of one value."
                    )
            result.append(paths)
        return tuple(result)


def find_field(root: DictType, path: Path) -> FieldType[Any] | None:
    """Follow a path through nested `Dict`; `None` where it leads nowhere."""
    field: FieldType[Any] = root
    for name in path:
        if not isinstance(field, DictType) or name not in field.fields:
            return None
        field = field.fields[name]
    return field


class Place(Enum):
    """Where the values of a field are kept."""

    ROW = "row"  # with the item
    LINK = "link"  # with the items on the other side, or as rows of their own
    NOWHERE = "nowhere"  # it is computed when it is read, or its view `!save` keeps it out


@dataclass(frozen=True, slots=True)
class Leaf:
    """A field that holds a value of its own, and where it stands.

    Attributes:
        path: from the item down.
        type: of its values.
        place: where its values are kept.
        conditional: it, or a `Dict` around it, may not exist, so that no rule can ask for its value.
    """

    path: Path
    type: FieldType[Any]
    place: Place = Place.ROW
    conditional: bool = False

    @property
    def column(self) -> str:
        """The name of its column, and of its key wherever a flat form is needed."""
        return column_name(self.path)


def walk(root: DictType, prefix: Path = (), *, conditional: bool = False, kept: bool = True) -> Iterator[Leaf]:
    """Visit every leaf in the order of the description, through nested `Dict`.

    Args:
        root: where to begin.
        prefix: the path that leads there.
        conditional: something around may not exist.
        kept: everything around is stored.
    """
    for name, field in root.fields.items():
        path = (*prefix, name)
        maybe = conditional or field.options.exists is not True
        place = _place(field) if kept else Place.NOWHERE
        if isinstance(field, DictType):
            yield from walk(field, path, conditional=maybe, kept=place is not Place.NOWHERE)
        else:
            yield Leaf(path, field, place, conditional=maybe)


@dataclass(frozen=True, slots=True)
class Description:
    """A collection, frozen.

    Attributes:
        name: of the collection.
        item: the tree of its fields.
        leaves: every field that holds a value, by path, in order.
        view_names: the views that some field mentions.
        per_item: an answer needs every item as a live object: something is computed, may not exist, has rights of
            its own, stands in a list that views look into, or listens to `loaded`.
        per_whole_item: an answer needs all fields of an item for that, whatever its view shows.
        stored: the fields with a place in the item's own row or document.
        elements: for each list whose elements hold references, the fields of an element that hold a value; their
            paths begin at the element.
    """

    name: str
    item: ItemType
    leaves: Mapping[Path, Leaf]
    view_names: frozenset[str]
    per_item: bool
    per_whole_item: bool
    stored: tuple[Leaf, ...]
    elements: Mapping[Path, tuple[Leaf, ...]]

    @classmethod
    def of(cls, name: str, item: ItemType) -> Description:
        """Freeze a collection.

        Raises:
            DescriptionError: a path is too long for a column, or a link stands where no link can be kept.
        """
        if len(name) > MAX_NAME_BYTES:
            raise DescriptionError(f"The collection name {name!r} has more than {MAX_NAME_BYTES} letters.")
        leaves: dict[Path, Leaf] = {}
        elements: dict[Path, tuple[Leaf, ...]] = {}
        for leaf in walk(item):
            _check_column_name(name, leaf)
            _refuse_unkept(name, leaf)
            if isinstance(leaf.type, ListType) and holds_links(leaf.type):
                elements[leaf.path] = tuple(_element_leaves(name, leaf, leaf.type.element))
            leaves[leaf.path] = leaf
        views = frozenset(_view_names(item))
        per_whole_item = (
            "loaded" in item.events
            or has_rights(item)
            or any(
                leaf.conditional or leaf.place is Place.NOWHERE or holds_conditional(leaf.type)
                for leaf in leaves.values()
            )
        )
        into_lists = any(views and isinstance(leaf.type, ListType) for leaf in leaves.values())
        per_item = per_whole_item or into_lists
        per_whole_item = per_whole_item or (into_lists and item.is_dynamic)
        return cls(
            name,
            item,
            MappingProxyType(leaves),
            views,
            per_item,
            per_whole_item,
            _stored(leaves),
            MappingProxyType(elements),
        )

    def without_column(self, path: Path) -> Description:
        """Return the same description, with one field that is stored on the other side of its link."""
        leaf = self.leaves[path]
        changed = {**self.leaves, path: dataclasses.replace(leaf, place=Place.LINK)}
        return dataclasses.replace(self, leaves=MappingProxyType(changed), stored=_stored(changed))

    def references(self) -> Iterator[tuple[Path, Ref | RefsListType]]:
        """Visit every field that refers to a collection."""
        for leaf in self.leaves.values():
            if isinstance(leaf.type, Ref | RefsListType):
                yield leaf.path, leaf.type

    def element_references(self) -> Iterator[tuple[Path, Path, Ref]]:
        """Visit every reference in the elements of a list: the path of the list, its own from the item, its type."""
        for path, leaves in self.elements.items():
            for leaf in leaves:
                if isinstance(leaf.type, Ref):
                    yield path, (*path, *leaf.path), leaf.type


def _stored(leaves: Mapping[Path, Leaf]) -> tuple[Leaf, ...]:
    return tuple(leaf for leaf in leaves.values() if leaf.place is Place.ROW)


def _place(field: FieldType[Any]) -> Place:
    options = field.options
    if "!save" in options.views or (options.compute is not None and "save" not in options.views):
        return Place.NOWHERE
    return Place.LINK if isinstance(field, RefsListType) else Place.ROW


def _view_names(field: FieldType[Any]) -> Iterator[str]:
    yield from (view.removeprefix("!") for view in field.options.views)
    if isinstance(field, DictType):
        for inner in field.fields.values():
            yield from _view_names(inner)
    elif isinstance(field, ListType):
        yield from _view_names(field.element)


def _refuse_unkept(name: str, leaf: Leaf) -> None:
    """Refuse what only a stored field can have."""
    if leaf.place is not Place.NOWHERE:
        return
    options = leaf.type.options
    if options.unique or options.index or isinstance(leaf.type, Ref | RefsListType):
        raise DescriptionError(
            f"{name}: {path_text(leaf.path)} isn't stored (it is computed, or its view '!save' keeps it out): "
            "it can be no reference, and neither unique nor indexed."
        )


def _check_column_name(name: str, leaf: Leaf, prefix: Path = ()) -> None:
    if len(leaf.column.encode()) > MAX_NAME_BYTES:
        raise DescriptionError(
            f"{name}: the path {path_text((*prefix, *leaf.path))} makes a column name of more than "
            f"{MAX_NAME_BYTES} bytes."
        )


def _element_leaves(name: str, leaf: Leaf, element: FieldType[Any]) -> Iterator[Leaf]:
    """Visit the fields of an element that hold a value, of a list with links in it; refuse what can't be kept.

    All of them are kept, also those that an item would leave out: the list is stored as a whole.
    """
    where = f"{name}: {path_text(leaf.path)}"
    structure = structure_of(element, where)
    if leaf.place is not Place.ROW:
        raise DescriptionError(
            f"{where} isn't stored (it is computed, or its view '!save' keeps it out): its elements can hold no "
            "reference."
        )
    table = column_name((name, *leaf.path))
    if len(table.encode()) > MAX_NAME_BYTES:
        raise DescriptionError(f"{where} needs a table {table!r}, whose name has more than {MAX_NAME_BYTES} bytes.")
    for inner in walk(structure):
        _check_column_name(name, inner, leaf.path)
        refuse_several_links(inner.type, where, path_text(inner.path))
        yield dataclasses.replace(inner, place=Place.ROW)


def get_value(values: Mapping[str, Any], path: Path) -> Any:
    """Read the value at a path of an item's values; `None` where a part is absent."""
    current: Any = values
    for name in path:
        if current is None:
            return None
        current = current.get(name)
    return current


def put_value(values: dict[str, Any], path: Path, value: Any) -> None:
    """Write the value at a path of an item's values."""
    for name in path[:-1]:
        values = values[name]
    values[path[-1]] = value


def has_value(values: Mapping[str, Any], path: Path) -> bool:
    """Tell whether a value was loaded: a list that isn't filled has no key."""
    for name in path[:-1]:
        values = values[name]
    return path[-1] in values


def remove_value(values: dict[str, Any], path: Path) -> None:
    """Take the key at a path out of an item's values."""
    for name in path[:-1]:
        values = values[name]
    del values[path[-1]]
