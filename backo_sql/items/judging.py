"""The hooks of an `Item`: what judges it as a whole before it is stored.

In: an item whose fields all accept their values, and what was sent for them. Out: the item, perhaps changed by the
hooks. A hook may raise a `ValidationError` of its own.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from ..errors import DescriptionError, Fault
from ..types.base import frozen_type, plain
from ..types.options import MISSING
from .containers import overwrite
from .item import Item
from .rules import settle


def before_checks(item: Item, data: Any) -> Any:
    """Run `pre_load` on what was given."""
    pre_load = item._type.hooks.pre_load
    if pre_load is None:
        return data
    data = pre_load(dict(plain(data)) if isinstance(data, Mapping) else data)
    if not isinstance(data, Mapping):
        raise DescriptionError(f"The hook pre_load returned {data!r}: the data, as a dict, was expected.")
    return data


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
        _take(item, item._type.load_partial(data, item))
    if hooks.dynamic_post_load is not None:
        data = _given(item)
        fields = hooks.dynamic_post_load(data)
        if not isinstance(fields, Mapping):
            raise DescriptionError(f"The hook dynamic_post_load returned {fields!r}: a dict of fields was expected.")
        _take(item, item._type.load_partial(data, item))
        _take(item, _judged(item, fields, sent))


def judge_saved(item: Item) -> None:
    """Run all hooks on an item that is about to be saved; its values are what was sent.

    Raises:
        Fault: naming every field that a hook's own rules refuse.
    """
    data = before_checks(item, _given(item))
    if item._type.hooks.pre_load is not None:
        _take(item, item._type.load_partial(data, item))
    judge(item, {name: value for name, value in data.items() if value is not None})


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
    before = copy.deepcopy(item._raw)
    overwrite(item._type, item._raw, values)
    if item._type.is_dynamic:
        settle(item, before, values)
