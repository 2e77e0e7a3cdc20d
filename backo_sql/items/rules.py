"""The functions of a description, run when all values are in place: what is computed, what exists, what is allowed.

In: the outermost container with its new values, and the values before. Out: nothing, or a `Fault` with everything that
is wrong; whoever called puts the old values back. Items without such functions never come here.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import DescriptionError, Fault, FaultKind, PathKeys
from ..types.base import FieldType, identical
from ..types.container import DictType, ListType
from ..types.kinds import Kind
from ..types.options import MISSING
from .permissions import is_allowed

if TYPE_CHECKING:
    from .live import Live

#: How often computed fields are worked out anew until none changes.
_ROUNDS = 20


def settle(root: Live, before: Any, given: Any = None) -> None:
    """Compute what is computed, check every rule, and tell those who listen to changes.

    Args:
        root: the outermost container, with its new values in place.
        before: the values before; `None` for a new item.
        given: the values that were asked for, nested as the description is.

    Raises:
        Fault: every rule that is broken, by path.
        DescriptionError: computed fields never come to rest.
    """
    compute(root)
    faults = list(_check(root._type, root._raw, before, root, given, ()))
    if faults:
        raise Fault.join(faults)
    _clear(root._type, root._raw, root)
    _tell(root._type, root._raw, before, root)
    if not identical(root._raw, before):
        for event in ("change", "changed"):
            root.trigg(event)


def compute(root: Live) -> None:
    """Work out the computed fields, which may depend on each other."""
    for _ in range(_ROUNDS):
        if not _compute(root._type, root._raw, root):
            return
    raise DescriptionError("The computed fields never come to rest: do two of them depend on each other in a circle?")


def exists(field: FieldType[Any], value: Any, root: Any) -> bool:
    """Tell whether a field exists for these values."""
    rule = field.options.exists
    if callable(rule):
        return rule(value=value, root=root) is not False
    return rule


def existing(field: FieldType[Any], value: Any, root: Any, live: Any = None) -> Any:
    """Return a copy of a value without the fields that don't exist, or that a view of it may not read."""
    if value is None or not (field.is_dynamic or root._guarded):
        return copy.deepcopy(value)
    if isinstance(field, DictType):
        return {
            name: existing(inner, value[name], root, getattr(live, name, None) if inner.is_container else None)
            for name, inner in field.fields.items()
            if name in value
            and exists(inner, value[name], root)
            and (live is None or not root._guarded or is_allowed(live, "read", name))
        }
    if isinstance(field, ListType):
        return [existing(field.element, element, root) for element in value]
    return copy.deepcopy(value)


def _compute(field: FieldType[Any], value: Any, root: Any) -> bool:
    changed = False
    for holder, key, inner in _inside(field, value):
        function = inner.options.compute
        if function is None:
            changed |= _compute(inner, holder[key], root)
        else:
            made = function(root=root)
            loaded = None if made is None else inner.load(made, root)
            if not identical(holder.get(key, MISSING), loaded):
                holder[key] = loaded
                changed = True
    return changed


def _check(
    field: FieldType[Any], value: Any, before: Any, root: Any, given: Any, keys: PathKeys, *, conditional: bool = False
) -> Iterator[Fault]:
    if not exists(field, value, root):
        if given not in (None, {}, []) and given != before:
            yield Fault("Does not exist here.", FaultKind.UNKNOWN).under(*keys)
        return
    conditional = conditional or field.options.exists is not True
    if value is None:
        if field.options.required and conditional and field.options.compute is None:
            yield Fault("Is required.").under(*keys)
        return
    try:
        field.check_rules(copy.deepcopy(value) if field.is_container else value, root, before)
    except Fault as fault:
        yield fault.under(*keys)
    for _, key, inner in _inside(field, value, every=conditional):
        yield from _check(
            inner, value[key], _part(before, key), root, _part(given, key), (*keys, key), conditional=conditional
        )


def _clear(field: FieldType[Any], value: Any, root: Any) -> None:
    """Empty the fields that don't exist: they are neither stored nor come back when they exist again."""
    for holder, key, inner in _inside(field, value):
        if exists(inner, holder[key], root):
            _clear(inner, holder[key], root)
        elif isinstance(inner, DictType):
            holder[key] = {name: [] if each.kind is Kind.LINKS else None for name, each in inner.fields.items()}
        else:
            holder[key] = [] if inner.kind is Kind.LINKS else None


def _tell(field: FieldType[Any], value: Any, before: Any, root: Any) -> None:
    listener = field.options.onchange
    if listener is not None and not identical(value, before):
        listener(old=before, value=value, root=root)
    for holder, key, inner in _inside(field, value):
        _tell(inner, holder[key], _part(before, key), root)


def _inside(field: FieldType[Any], value: Any, *, every: bool = False) -> Iterator[tuple[Any, Any, FieldType[Any]]]:
    """Visit the fields or elements inside a value that have functions, or all: the container, the key, the type."""
    if value is None:
        return
    if isinstance(field, DictType):
        for name, inner in field.fields.items():
            if (inner.is_dynamic or every) and (name in value or inner.options.compute is not None):
                value.setdefault(name, None)
                yield value, name, inner
    elif isinstance(field, ListType) and field.element.is_dynamic:
        for position in range(len(value)):
            yield value, position, field.element


def _part(values: Any, key: Any) -> Any:
    """Return what stands under a key, where there is anything."""
    if isinstance(values, Mapping):
        return values.get(key)
    if isinstance(values, list) and isinstance(key, int) and key < len(values):
        return values[key]
    return None
