"""The live lists: `List` and `RefsList`. Each is also what a user writes to describe one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, MutableSequence
from typing import Any, cast

from ..errors import BackoError, Fault, RightsError
from ..types.container import ListType
from ..types.options import MISSING
from ..types.reference import RefsListType
from ..types.values import Kept, copy_values, identical, plain
from .containers import Dict
from .live import view
from .nullable import Nullable
from .permissions import is_allowed


class LiveList(Nullable, MutableSequence[Any]):
    """What `List` and `RefsList` share: a list whose every change is checked before it is made."""

    __slots__ = ()

    def _values(self) -> list[Any]:
        return [] if self._raw is None else cast("list[Any]", self._raw)

    def _replace(self, values: list[Any]) -> None:
        """Take the whole list in its new form, or leave it as it was."""
        try:
            loaded = self._type.load(values, self.get_root(), self._raw)
        except Fault as fault:
            raise self._refused(fault) from None
        if identical(loaded, self._raw):
            return
        if self.get_root()._guarded:
            self._check_changeable()
        previous = copy_values(self._raw)
        self._change(lambda: self._put(loaded), loaded)
        object.__setattr__(self, "_previous", (previous,))

    def _check_changeable(self) -> None:
        owner = self._owner
        allowed = is_allowed(owner, "modify", str(self._key)) if isinstance(owner, Dict) else is_allowed(self, "modify")
        if not allowed:
            raise RightsError(f"{self.path_name()} may not be changed.")

    def rollback(self) -> None:
        """Put back the list as it was before it was last changed."""
        if self._previous is not None:
            (previous,) = self._previous
            object.__setattr__(self, "_previous", None)
            self._change(lambda: self._put(previous))

    def __len__(self) -> int:
        return len(self._values())

    def __iter__(self) -> Iterator[Any]:
        return (self[position] for position in range(len(self)))

    def __getitem__(self, index: Any) -> Any:
        return self._values()[index]

    def __setitem__(self, index: Any, value: Any) -> None:
        values = self._kept()
        values[index] = [plain(each) for each in value] if isinstance(index, slice) else plain(value)
        self._replace(values)

    def __delitem__(self, index: Any) -> None:
        values = self._kept()
        del values[index]
        self._replace(values)

    def _kept(self) -> list[Any]:
        """Return copies of the elements in a form in which they are not judged again."""
        return [Kept(copy_values(value)) for value in self._values()]

    def insert(self, index: int, value: Any) -> None:
        """Put a value before a position."""
        values = self._kept()
        values.insert(index, plain(value))
        self._replace(values)

    def extend(self, values: Iterable[Any]) -> None:
        """Put several values at the end: all of them or none."""
        self._replace([*self._kept(), *map(plain, values)])

    def clear(self) -> None:
        """Take all values out."""
        self._replace([])

    def reverse(self) -> None:
        """Turn the order round."""
        self._replace(self._kept()[::-1])

    def sort(self, *, key: Any = None, reverse: bool = False) -> None:
        """Put the values in order, as `list.sort` does."""
        self._replace([Kept(value) for value in sorted(copy_values(self._values()), key=key, reverse=reverse)])

    def set(self, values: Iterable[Any]) -> None:
        """Replace the whole list, or leave it as it was when a value is refused."""
        self._replace(list(values))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, LiveList):
            return bool(self._values() == other._values())
        return self._values() == other if isinstance(other, list) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # the values change

    def __repr__(self) -> str:
        return repr(self._values())

    __str__ = __repr__


class List(LiveList):
    """A list of values of one type, kept in the item's own row as one JSON document.

    One of `Dict` with a `Ref` in it is kept as rows of a table of its own; that makes no difference to whoever uses it.

    Args:
        element: the type of every element.
        options: the common options, and `min` and `max`: how many elements there may be.

    Example:
        >>> tags = List(String(), max=3)
        >>> tags.set(["sea", "travel"])
        >>> tags.append("letters")
    """

    __slots__ = ()

    def __init__(self, element: Any, **options: Any) -> None:
        self._attach(ListType(element, type(self), **options), MISSING, None, None)

    def __getitem__(self, index: Any) -> Any:
        value = self._values()[index]
        element = cast("ListType", self._type).element
        if isinstance(index, slice) or not element.is_container or value is None:
            return value
        return view(element, value, self, range(len(self))[index])


class RefsList(LiveList):
    """Links to many items of a collection; its value is the list of their ids.

    Args:
        coll: the collection that it refers to (also `collection`).
        field: the field of that collection which faces this one, such as `"$.author"` (also `reverse`, `rev`).
        ods: a `DeleteStrategy`: what deleting this item does to the items it links to (also `on_delete`).
        ofs: a `FillStrategy`: whether the list is read with the item (also `on_fill`).
        options: the common options of every field; `required=True` asks for at least one link.

    Example:
        >>> books = RefsList(coll="books", field="$.author", ods=DeleteStrategy.MUST_BE_EMPTY)
    """

    __slots__ = ()

    def __init__(self, **options: Any) -> None:
        type_ = RefsListType(type(self), **options)
        self._attach(type_, [], None, None)

    def _replace(self, values: list[Any]) -> None:
        if self._raw is None:
            raise BackoError(
                f"The list at {self._key!r} is not loaded (FillStrategy.NOT_FILL): assign the whole list, "
                "or change the reference on the other side."
            )
        super()._replace(values)
