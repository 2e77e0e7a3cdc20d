"""PATCH: operations on what selectors name inside a live object, all of them or none.

In: a live object, and operations `{"op", "path", "value"}` in the manner of RFC 6902. Out: the object, changed; an
item is saved by whoever called. A wrong operation is a `ValidationError` that names its place in the list, as
`$[1].path`; a value that a field refuses is the error of that field; either way the object is as it was before.

| op | on | effect |
| --- | --- | --- |
| `test` | anything | compares with the value: in JSON form, or as Python has it |
| `replace` | anything | sets it; of a `Dict`, the fields that are named |
| `add` | a list | puts the value at its end |
| `add` | an element `[n]` | puts the value before it |
| `remove` | an element `[n]`, or a list with the position as value | takes it out |
| `remove` | a list or a `FreeDict` | empties it |
| `remove` | a scalar or a `Dict` | sets it to null |
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from ..errors import BackoError, PathNotFoundError, RightsError, TypeMismatchError, ValidationError, format_path
from ..query.evaluate import same
from ..types.container import DictType, ListType
from ..types.reference import Ref, RefsListType
from ..types.values import plain
from .following import read_links
from .live import Live
from .selectors import Index, Name, Step, is_there, parse_selector

_OPERATIONS = ("test", "replace", "remove", "add")


def patch(live: Any, operations: Any, path: Any = None, value: Any = None) -> None:
    """Apply operations, in order: all of them or, when one fails, none.

    Args:
        live: a `Dict`, an `Item` or a `List`.
        operations: a dict `{"op", "path", "value"}` or a list of them; or the name of one operation, whose path and
            value follow.
        path: a selector that names one thing.
        value: what to compare with, to set, or to add.

    Raises:
        ValidationError: an operation is malformed, leads nowhere, or its value is refused. What leads nowhere is also
            a `PathNotFoundError`; what can't be done there also a `TypeMismatchError`.
        RightsError: a field may not be changed.

    Example:
        >>> patch(book, "replace", "$.pages", 224)
        >>> patch(book, [{"op": "test", "path": "$.pages", "value": 224}, {"op": "remove", "path": "$.tags[0]"}])
    """
    if isinstance(operations, str):
        operations = {"op": operations, "path": path, "value": value}
    several = isinstance(operations, list)
    memento = _Memento(live.get_root())
    try:
        for position, operation in enumerate(operations if several else [operations]):
            _apply(live, operation, f"$[{position}]" if several else "$")
    except BaseException:
        memento.recall()
        raise


class _RefusedError(BackoError):
    """An operation that can't be done: why, which member of it says so, and the error that it becomes."""

    def __init__(self, message: str, part: str = "path", error: type[ValidationError] = ValidationError) -> None:
        super().__init__(message)
        self.part = part
        self.error = error


class _NowhereError(ValidationError, PathNotFoundError):
    """The path of an operation leads nowhere."""


def _apply(live: Live, operation: Any, where: str) -> None:
    if not isinstance(operation, Mapping):
        raise ValidationError({where: ["Must be an object with 'op', 'path' and 'value'."]})
    faults = {f"{where}.{name}": ["Unknown field."] for name in operation if name not in ("op", "path", "value")}
    op, path = operation.get("op"), operation.get("path")
    if op not in _OPERATIONS:
        faults[f"{where}.op"] = [f"Must be one of: {', '.join(_OPERATIONS)}."]
    elif op != "remove" and "value" not in operation:
        faults[f"{where}.value"] = ["Is required."]
    selector = parse_selector(path) if isinstance(path, str) else None
    if selector is None or selector.steps is None:
        faults[f"{where}.path"] = ["Must be a path such as $.name or $.tags[0]."]
    if faults or selector is None or selector.steps is None:
        raise ValidationError(faults)
    start = live.get_root() if selector.from_root else live
    try:
        target = _resolve(start, selector.steps, may_end=op == "add")
        if op != "test":
            _refuse_kept(start, target)
        _VERBS[str(op)](target, operation.get("value"))
    except _RefusedError as refused:
        raise refused.error({f"{where}.{refused.part}": [str(refused)]}) from None


# -- where an operation leads ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Target:
    """The one thing that a path names.

    Attributes:
        path: as messages show it.
        holder: the container that it stands in; the outermost object stands in none.
        key: its name or position there.
        value: what is there, where it may be looked at.
    """

    path: str
    holder: Any
    key: str | int | None
    value: Any

    @property
    def is_list(self) -> bool:
        """It is a live list."""
        return _is(self.value, ListType, RefsListType)

    @property
    def is_element(self) -> bool:
        """It stands in a list."""
        return isinstance(self.key, int)


def _resolve(start: Live, steps: tuple[Step, ...], *, may_end: bool) -> _Target:
    """Follow a path to the one thing that it names.

    Args:
        start: where it begins.
        steps: of the path.
        may_end: the last step may name a place where nothing is yet.
    """
    target = _Target(start.path_name(), None, None, start)
    for number, step in enumerate(steps, start=1):
        target = _advance(target, step, may_end=may_end and number == len(steps))
    return target


def _advance(before: _Target, step: Step, *, may_end: bool) -> _Target:
    value = before.value
    if isinstance(step, Name):
        path = f"{before.path}.{step.name}"
        if _is(value, DictType):
            field = value._type.fields.get(step.name)
            if field is None or not is_there(value, step.name):
                raise _nowhere(path)
            return _Target(path, value, step.name, _look(value, step.name))
        if isinstance(value, Live) and isinstance(value, Mapping):
            if step.name not in value and not may_end:
                raise _nowhere(path)
            return _Target(path, value, step.name, value.get(step.name))
        if _is(value, ListType):
            raise _several(before.path)
        if _refers(before) or _is(value, RefsListType):
            raise _RefusedError(f"{before.path} leads to another item: change that one.", error=TypeMismatchError)
        raise _nowhere(path)
    if not isinstance(step, Index):
        raise _several(before.path)
    path = f"{before.path}[{step.position}]"
    if isinstance(value, tuple):
        raise _RefusedError(f"{before.path} is a Tuple, which is replaced as a whole.", error=TypeMismatchError)
    if not before.is_list:
        raise _nowhere(path)
    size = len(value)
    position = step.position + size if step.position < 0 else step.position
    if not (0 <= position < size or (may_end and position == size)):
        raise _RefusedError(f"{path} leads past the end of the list.", error=_NowhereError)
    return _Target(path, value, position, value[position] if position < size else None)


def _look(holder: Live, name: str) -> Any:
    """Return what is under a name; nothing where it may not be read, because it may still be replaced."""
    try:
        return getattr(holder, name)
    except RightsError:
        return None


def _refuse_kept(start: Live, target: _Target) -> None:
    """Refuse to change what the library keeps itself, at any depth.

    Raises:
        RightsError: naming it.
    """
    if not isinstance(target.holder, Live):
        return
    keys = (*target.holder._keys(), *(() if target.key is None else (target.key,)))
    if keys and keys[0] in getattr(start.get_root()._type, "system", ()):
        raise RightsError(f"{format_path(keys)} is kept by the library and can't be changed.", ever=True)


def _refers(target: _Target) -> bool:
    return _is(target.holder, DictType) and isinstance(target.holder._type.fields[target.key], Ref)


def _is(value: Any, *types: type) -> bool:
    return isinstance(value, Live) and isinstance(value._type, types)


def _nowhere(path: str) -> _RefusedError:
    return _RefusedError(f"{path} leads to no field.", error=_NowhereError)


def _several(path: str) -> _RefusedError:
    return _RefusedError(f"An operation changes one thing: name one of those in {path}.", error=TypeMismatchError)


# -- what an operation does ------------------------------------------------------------------------


def _test(target: _Target, value: Any) -> None:
    if _is(target.holder, DictType):
        getattr(target.holder, str(target.key))  # what may not be read may not be guessed at either
    if not any(same(form, plain(value)) for form in _forms(target)):
        raise _RefusedError(f"{target.path} has another value.", part="value")


def _replace(target: _Target, value: Any) -> None:
    if value is not None and (target.holder is None or _is(target.value, DictType)):
        if target.is_list and not isinstance(value, list | tuple):
            raise _RefusedError(f"{target.path} is a list.", part="value", error=TypeMismatchError)
        target.value.set(value)
    elif target.holder is None:
        raise _RefusedError(f"{target.path} itself can't be null.", part="value")
    else:
        _put(target, value)


def _add(target: _Target, value: Any) -> None:
    if target.is_element:
        target.holder.insert(target.key, value)
    elif target.is_list:
        target.value.append(value)
    elif _is_free(target.holder):
        _put(target, value)
    else:
        raise _RefusedError(
            f"{target.path} is no list: nothing can be added to it.", part="op", error=TypeMismatchError
        )


def _remove(target: _Target, value: Any) -> None:
    if value is not None and _is(target.holder, DictType):
        getattr(target.holder, str(target.key))  # a list that may not be read is not emptied in place of one element
    if target.is_list and value is not None:
        size = len(target.value)
        if isinstance(value, bool) or not isinstance(value, int) or not -size <= value < size:
            raise _RefusedError(f"{target.path} has no element at position {value!r}.", part="value")
        del target.value[value]
    elif target.is_element or _is_free(target.holder):
        del target.holder[target.key]
    elif target.holder is None:
        raise _RefusedError(f"{target.path} itself can't be removed.", part="op", error=TypeMismatchError)
    else:
        _put(target, [] if target.is_list else {} if _is_free(target.value) else None)


_VERBS = {"test": _test, "replace": _replace, "add": _add, "remove": _remove}


def _put(target: _Target, value: Any) -> None:
    if _is(target.holder, DictType):
        setattr(target.holder, str(target.key), value)
    else:
        target.holder[target.key] = value


def _is_free(value: Any) -> bool:
    """Tell a live mapping of any content, whose keys come and go."""
    return isinstance(value, Live) and isinstance(value, Mapping)


def _forms(target: _Target) -> list[Any]:
    """Return the forms in which a value may be given: as Python has it, and as JSON does."""
    value = target.value
    if _is(value, RefsListType):
        return read_links([value])
    held = value.get_value() if isinstance(value, Live) else plain(value)
    if held is None:
        return [None]
    if isinstance(value, Live):
        return [held, value._type.dump(held)]
    if _is(target.holder, DictType, ListType):
        return [held, target.holder._type.inner(cast("str | int", target.key)).dump(held)]
    return [held]


# -- all or nothing --------------------------------------------------------------------------------


class _Memento:
    """What the outermost object was like: its values, container by container, so that views of its parts stay valid."""

    def __init__(self, root: Live) -> None:
        self._root = root
        self._slots = {
            name: copy.copy(getattr(root, name)) if name == "_previous" else getattr(root, name)
            for each in type(root).__mro__
            for name in getattr(each, "__slots__", ())
            if hasattr(root, name)
        }
        self._contents: list[tuple[Any, Any]] = []
        self._note(root._raw)

    def recall(self) -> None:
        """Put everything back."""
        for container, contents in self._contents:
            container.clear()
            if isinstance(container, dict):
                container.update(contents)
            else:
                container.extend(contents)
        for name, value in self._slots.items():
            object.__setattr__(self._root, name, value)

    def _note(self, value: Any) -> None:
        if isinstance(value, dict):
            self._contents.append((value, dict(value)))
            for each in value.values():
                self._note(each)
        elif isinstance(value, list):
            self._contents.append((value, list(value)))
            for each in value:
                self._note(each)
