"""The functions of a description, run when all values are in place: what is computed, what exists, what is allowed.

In: the outermost container with its new values, and the values before. Out: nothing, or a `Fault` with everything that
is wrong; whoever called puts the old values back. Items without such functions never come here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import DescriptionError, Fault, FaultKind, PathKeys
from ..types.base import FieldType
from ..types.container import DictType, ListType
from ..types.kinds import Kind
from ..types.options import MISSING
from ..types.values import copy_values, identical, plain
from .permissions import is_readable

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
    with root._unguarded():  # the functions of a description see what the user may not
        compute(root)
        faults = list(_check(root._type, root._raw, before, root, given, ()))
        if faults:
            raise Fault.join(faults)
        renew(root._type, root._raw, root)
        if root._quiet:
            return
        _tell(root._type, root._raw, before, root)
    if not identical(root._raw, before):
        for event in ("change", "changed"):
            root.trigg(event)


def compute(root: Live) -> None:
    """Work out the computed fields, which may depend on each other, until none changes.

    A function may fail while what it depends on isn't computed yet; that counts when all others are at rest.

    Raises:
        Fault: a field refuses what was computed for it.
        DescriptionError: they never come to rest.
    """
    for _ in range(_ROUNDS):
        failures: list[Exception] = []
        changed = _compute(root._type, root._raw, root, (), failures)
        if not changed:
            if failures:
                raise failures[0]
            return
    raise DescriptionError("The computed fields never come to rest: do two of them depend on each other in a circle?")


def exists(field: FieldType[Any], value: Any, root: Any) -> bool:
    """Tell whether a field exists for these values."""
    rule = field.options.exists
    if not callable(rule):
        return rule
    with root._unguarded():
        return rule(value=value, root=root) is not False


def existing(field: FieldType[Any], value: Any, root: Any, live: Any = None) -> Any:
    """Return a copy of a value without the fields that don't exist, or that a view of it may not read."""
    if value is None or not (field.is_dynamic or root._guarded):
        return copy_values(value)
    if isinstance(field, DictType):
        return {
            name: existing(inner, value[name], root, getattr(live, name, None) if inner.is_container else None)
            for name, inner in field.fields.items()
            if name in value
            and exists(inner, value[name], root)
            and (live is None or not root._guarded or is_readable(live, name))
        }
    if isinstance(field, ListType):
        return [existing(field.element, element, root) for element in value]
    return copy_values(value)


def _compute(field: FieldType[Any], value: Any, root: Any, keys: PathKeys, failures: list[Exception]) -> bool:
    changed = False
    for holder, key, inner in _inside(field, value):
        function = inner.options.compute
        if function is None:
            changed |= _compute(inner, holder[key], root, (*keys, key), failures)
            continue
        try:
            made = function(root=root)
            loaded = None if made is None else inner.load(plain(made), root)
        except Fault as fault:
            failures.append(fault.under(*keys, key))
            continue
        except Exception as error:
            failures.append(error)
            continue
        if holder.get(key, MISSING) != loaded:
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
        if field.options.required and (conditional or field.options.compute is not None):
            yield Fault("Is required.").under(*keys)
        return
    try:
        field.check_rules(copy_values(value) if field.is_container else value, root, before)
    except Fault as fault:
        yield fault.under(*keys)
    for _, key, inner in _inside(field, value, every=conditional):
        yield from _check(
            inner, value[key], _part(before, key), root, _part(given, key), (*keys, key), conditional=conditional
        )


def renew(field: FieldType[Any], value: Any, root: Any) -> None:
    """Make the fields that don't exist as new: when they exist again, they begin with their default."""
    for holder, key, inner in _inside(field, value):
        if exists(inner, holder[key], root):
            renew(inner, holder[key], root)
        else:
            holder[key] = _as_new(inner)


def stored(root: Live) -> dict[str, Any]:
    """Return a copy of the values of an item as they are stored: fields that don't exist have none."""
    values: dict[str, Any] = copy_values(root._raw)
    if root._type.is_dynamic:
        _empty(root._type, values, root, exist=True)
    return values


def _empty(field: FieldType[Any], value: Any, root: Any, *, exist: bool) -> None:
    for holder, key, inner in _inside(field, value, every=not exist):
        there = exist and exists(inner, holder[key], root)
        if isinstance(inner, DictType):
            _empty(inner, holder[key], root, exist=there)
        elif not there:
            holder[key] = [] if inner.kind is Kind.LINKS else None


def _as_new(field: FieldType[Any]) -> Any:
    """Return what a field begins with; the function of a default is not called for what may never exist."""
    if isinstance(field, DictType):
        return {name: _as_new(inner) for name, inner in field.fields.items()}
    if field.kind is Kind.LINKS:
        return []
    return None if callable(field.options.default) else field.default_value()


def _tell(field: FieldType[Any], value: Any, before: Any, root: Any) -> None:
    listener = field.options.onchange
    if listener is not None and not identical(value, before):
        listener(old=before, value=copy_values(value) if field.is_container else value, root=root)
    for holder, key, inner in _inside(field, value):
        _tell(inner, holder[key], _part(before, key), root)


def _inside(field: FieldType[Any], value: Any, *, every: bool = False) -> Iterator[tuple[Any, Any, FieldType[Any]]]:
    """Visit the fields or elements inside a value that have functions, or all: the container, the key, the type."""
    if value is None:
        return
    field = field.view_type(value) or field  # for an In, the type that took the value
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
