"""The hooks of an `Item`: what judges it as a whole before it is stored.

In: an item whose fields all accept their values, and what was sent for them. Out: the item, perhaps changed by the
hooks. A hook may raise a `ValidationError` of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import DescriptionError, Fault
from ..types.base import FieldType, frozen_type
from ..types.container import DictType
from ..types.options import MISSING
from ..types.values import Kept, copy_values, identical, plain
from .item import Item
from .rules import settle
from .trees import overwrite


def before_checks(item: Item, data: Any) -> Any:
    """Run `pre_load` on what was given."""
    pre_load = item._type.hooks.pre_load
    if pre_load is None:
        return data
    data = pre_load(dict(plain(data)) if isinstance(data, Mapping) else data)
    if not isinstance(data, Mapping):
        raise DescriptionError(f"The hook pre_load returned {data!r}: the data, as a dict, was expected.")
    return data


def complete(item: Item, values: dict[str, Any], data: Any, names: set[str] | None = None) -> None:
    """Give a new item the values that its fields accepted, and run the functions of its description and its hooks.

    Args:
        item: takes the values.
        values: of all fields, as they were loaded.
        data: what was given for them.
        names: the fields that somebody gave, where these are fewer than those in the data.

    Raises:
        Fault: every rule that is broken, by path.
    """
    sent = data if isinstance(data, Mapping) else {}
    object.__setattr__(item, "_raw", values)
    if item._type.is_dynamic:
        settle(item, {name: copy_values(value) for name, value in values.items() if name not in sent}, sent)
    if item._type.hooks.judges:
        judge(item, {name: value for name, value in sent.items() if names is None or name in names})


def judge(item: Item, sent: Mapping[str, Any]) -> None:
    """Run `post_load` and `dynamic_post_load` on the whole item as it will be.

    Args:
        item: with its new values; changed in place.
        sent: the values that somebody gave, so that a default of a field doesn't satisfy the `required` of the field
            that `dynamic_post_load` puts in its place.

    Raises:
        Fault: naming every field that a hook's own rules refuse.
        DescriptionError: a hook returned something that it should not.
    """
    hooks = item._type.hooks
    if hooks.post_load is not None:
        data = hooks.post_load(_given(item))
        if not isinstance(data, Mapping):
            raise DescriptionError(f"The hook post_load returned {data!r}: the data, as a dict, was expected.")
        _take(item, item._type.load_partial(unchanged_kept(item._type, data, item._raw), item))
    if hooks.dynamic_post_load is not None:
        data = _given(item)
        fields = hooks.dynamic_post_load(data)
        if not isinstance(fields, Mapping):
            raise DescriptionError(f"The hook dynamic_post_load returned {fields!r}: a dict of fields was expected.")
        _take(item, item._type.load_partial(unchanged_kept(item._type, data, item._raw), item))
        _take(item, _judged(item, fields, sent))


def set_prepared(item: Item, changes: Mapping[str, Any]) -> None:
    """Change several fields of an item, when `pre_load` has seen the whole of it as it will be.

    Raises:
        ValidationError: naming every fault by its path.
    """
    if item._type.hooks.pre_load is None or not isinstance(changes, Mapping):
        item.set(changes)
        return
    data = before_checks(item, {**_given(item), **changes})
    item.set(unchanged_kept(item._type, data, item._raw))


def judge_saved(item: Item, *, prepared: bool = False) -> None:
    """Run all hooks on an item that is about to be saved; its values are what was sent.

    Args:
        item: changed in place.
        prepared: `pre_load` has seen it already.

    Raises:
        Fault: naming every field that a hook's own rules refuse.
    """
    data = _given(item)
    if item._type.hooks.pre_load is not None and not prepared:
        data = before_checks(item, data)
        _take(item, item._type.load_partial(unchanged_kept(item._type, data, item._raw), item))
    judge(item, {name: value for name, value in data.items() if value is not None})


def unchanged_kept(type_: DictType, data: Any, known: Any) -> Any:
    """Mark the values that are as they were known, so that the field that accepted them takes them as they are.

    Args:
        type_: of the values.
        data: what is about to be loaded.
        known: values that the same fields accepted.
    """
    if not isinstance(data, Mapping) or not isinstance(known, Mapping):
        return data
    return {name: _kept(type_.writable.get(name), value, known.get(name)) for name, value in data.items()}


def _kept(field: FieldType[Any] | None, value: Any, known: Any) -> Any:
    if isinstance(field, DictType):
        return unchanged_kept(field, value, known)
    if field is None or value is None or not identical(value, known):
        return value
    return Kept(value)


def _judged(item: Item, fields: Mapping[str, Any], sent: Mapping[str, Any]) -> dict[str, Any]:
    """Judge the values that were sent by the fields that a hook returned."""
    values: dict[str, Any] = {}
    faults: list[tuple[str | int, Fault]] = []
    for name, field in fields.items():
        if name not in item._type.writable:
            raise DescriptionError(f"The hook dynamic_post_load returned a field {name!r}, which the item has not.")
        type_ = frozen_type(field, f"What dynamic_post_load returned for {name!r}")
        given = sent.get(name, MISSING)
        try:
            values[name] = type_.load_missing(item) if given is MISSING else type_.load(plain(given), item)
        except Fault as fault:
            faults.append((name, fault))
    if faults:
        raise Fault.collect(faults)
    return values


def _given(item: Item) -> dict[str, Any]:
    return {name: value for name, value in item.get_value().items() if name in item._type.writable}


def _take(item: Item, values: Mapping[str, Any]) -> None:
    before = copy_values(item._raw)
    overwrite(item._type, item._raw, values)
    if item._type.is_dynamic:
        settle(item, before, values)
