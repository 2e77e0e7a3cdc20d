"""`FreeDict`: a JSON object of any content, which notices changes at any depth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any, Unpack

from ..errors import Fault, PathKey, RightsError
from ..types.free import ContentType, FreeDictType, convert_content, convert_key
from ..types.options import MISSING, CommonKeywords
from ..types.values import Kept, copy_values, identical, plain
from .containers import Dict
from .live import Live, view
from .nullable import Nullable
from .permissions import is_allowed
from .sequences import List


class FreeDict(Nullable, MutableMapping[str, Any]):
    """A JSON object of any content, kept in the item's own row as one document. It is used like a `dict`.

    Keys are texts; values are what JSON can hold: texts, numbers, true and false, null, and lists and objects of
    these, at most 100 deep. An unset one reads as an empty one, and exists once something is put into it.

    Args:
        options: the common options of every field.

    Example:
        >>> extra = FreeDict()
        >>> extra["size"] = {"width": 12}
        >>> extra["size"]["height"] = 18.5
        >>> extra.get_value()
        {'size': {'width': 12, 'height': 18.5}}
    """

    __slots__ = ()

    _type: FreeDictType

    def __init__(self, **options: Unpack[CommonKeywords]) -> None:
        self._attach(FreeDictType(type(self), _CONTENT, **options), MISSING, None, None)

    # -- reading -----------------------------------------------------------------------------------

    def __getitem__(self, key: str) -> Any:
        value = self._values()[key]
        return view(self._type.content, value, self, key)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values())

    def __len__(self) -> int:
        return len(self._values())

    def __contains__(self, key: object) -> bool:
        return key in self._values()

    def __eq__(self, other: object) -> bool:
        if isinstance(other, FreeDict):
            return self._values() == other._values()
        return self._values() == plain(other) if isinstance(other, Mapping) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # the values change

    def __repr__(self) -> str:
        return repr(self._values())

    def __str__(self) -> str:
        return repr(self)

    def _values(self) -> dict[str, Any]:
        return {} if self._raw is None else self._raw

    def _child(self, key: PathKey) -> Any:
        return self[str(key)]

    # -- changing ----------------------------------------------------------------------------------

    def __setitem__(self, key: str, value: Any) -> None:
        self.update({key: value})

    def __delitem__(self, key: str) -> None:
        values = self._values()
        if key not in values:
            raise KeyError(key)
        self._replace({name: value for name, value in values.items() if name != key})

    def update(self, *others: Any, **more: Any) -> None:
        """Put several values in at once: all of them or, when one is refused, none."""
        given = dict(*others, **more)
        values = self._values()
        try:
            options = self._type.options
            if options.transform is not None or options.choices is not None:  # rules on the whole
                loaded = self._load({**values, **given})
            else:
                loaded = {**values, **self._converted(given)}
        except Fault as fault:
            raise self._refused(fault) from None
        self._take(loaded)

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Return the value of a key, which is put in first where it is absent."""
        if key not in self._values():
            self[key] = default
        return self[key]

    def clear(self) -> None:
        """Take all values out."""
        self._replace({})

    def set(self, values: Mapping[str, Any] | None) -> None:
        """Replace the whole, or leave it as it was when a value is refused."""
        self._replace(values)

    def rollback(self) -> None:
        """Put back what was there before the last change."""
        if self._previous is not None:
            (previous,) = self._previous
            object.__setattr__(self, "_previous", None)
            self._change(lambda: self._put(previous))

    def _replace(self, values: Mapping[str, Any] | None) -> None:
        try:
            loaded = self._load(values)
        except Fault as fault:
            raise self._refused(fault) from None
        self._take(loaded)

    def _load(self, values: Any) -> dict[str, Any] | None:
        loaded = self._type.load(values, self.get_root())
        if loaded is not None and _depth(self):
            self._converted(loaded)
        return loaded

    def _converted(self, values: Mapping[Any, Any]) -> dict[str, Any]:
        """Convert values that go into this object, which may itself stand deep."""
        depth = _depth(self) + 1
        faults: list[tuple[PathKey, Fault]] = []
        result: dict[str, Any] = {}
        for key, value in values.items():
            try:
                result[convert_key(key)] = convert_content(value, depth)
            except Fault as fault:
                faults.append((key if isinstance(key, str) else repr(key), fault))
        if faults:
            raise Fault.collect(faults)
        return result

    def _take(self, loaded: dict[str, Any] | None) -> None:
        if identical(loaded, self._raw):
            return
        check_modify(self)
        previous = copy_values(self._raw)
        self._change(lambda: self._put(loaded), loaded)
        object.__setattr__(self, "_previous", (previous,))


class FreeList(List):
    """A list inside a `FreeDict`."""

    __slots__ = ()

    def _replace(self, values: list[Any]) -> None:
        values = [value.value if isinstance(value, Kept) else value for value in values]
        try:
            convert_content(values, _depth(self))
        except Fault as fault:
            raise self._refused(fault) from None
        super()._replace(values)


def _depth(live: Live) -> int:
    """Count the objects and lists of the same document around one."""
    depth = 0
    while isinstance(live._owner, FreeDict | FreeList):
        live = live._owner
        depth += 1
    return depth


def check_modify(live: Live) -> None:
    """Refuse to change a container that the right `modify` keeps from the current user.

    Raises:
        RightsError: naming it.
    """
    if live.get_root()._guarded and not is_allowed(
        live._owner or live, "modify", str(live._key) if isinstance(live._owner, Dict) else None
    ):
        raise RightsError(f"{live.path_name()} may not be changed.")


_CONTENT = ContentType(FreeDict, FreeList)
