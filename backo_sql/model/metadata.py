"""The metadata of a field: what clients read in `_meta` to build their forms.

In: a field. Out: a dict that JSON can write, with the keys of the originals, old and new. It comes from the
description alone: functions are named, not called.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..types.base import FieldType
from ..types.compound import In, Tuple
from ..types.container import DictType, ListType
from ..types.options import MISSING
from ..types.reference import Ref, RefsListType
from .model import Model
from .selection import Selection

_FUNCTION = "func"

#: the modules of Python's classes that ours derive from
_OF_PYTHON = frozenset({"abc", "builtins", "collections.abc", "typing"})


def describe_model(model: Model, selections: Mapping[str, Iterable[Selection]]) -> dict[str, Any]:
    """Describe all collections of an application, each with its selections."""
    return {
        "name": model.name,
        "collections": [
            {
                "name": name,
                "item": describe(description.item),
                "selections": [_selection(selection) for selection in selections[name]],
            }
            for name, description in model.descriptions.items()
        ],
    }


def _selection(selection: Selection) -> dict[str, Any]:
    return {
        "name": selection.name,
        "selectors": None if selection.selectors is None else list(selection.selectors),
        "rights": {"read": _told(selection.can_read)},
    }


def describe(field: FieldType[Any]) -> dict[str, Any]:
    """Describe a field and what stands inside it."""
    options = field.options
    public = field.public_class()
    choices = _choices(field)
    described: dict[str, Any] = {
        "type": repr(public),
        "type_short": public.__name__,
        "types": _class_names(public),
        "description": options.description,
        "required": options.required,
        "require": options.required,
        "allow_none": options.allow_none,
        "in": choices,
        "union": choices,
        "constraints": [_FUNCTION] * len(options.constraints),
        "default": _default(field),
        "transform": _told(options.transform),
        "auto_set": _told(options.compute),
        "exists": _told(options.exists),
        "rights": {"read": None, "modify": None, **{name: _told(right) for name, right in options.rights.items()}},
        "views": list(options.views),
        "unique": options.unique,
        "index": options.index,
    }
    described.update(_of_kind(field))
    return described


def _of_kind(field: FieldType[Any]) -> Mapping[str, Any]:
    """Describe what only some types have."""
    options = field.options
    if isinstance(field, DictType):
        return {"sub_scheme": {name: describe(inner) for name, inner in field.fields.items()}}
    if isinstance(field, ListType):
        return {
            "min": _told(options.min),
            "max": _told(options.max),
            "uniq": options.uniq,
            "sub_type": describe(field.element),
        }
    if isinstance(field, Tuple):
        return {"sub_types": [describe(member) for member in field.members]}
    if isinstance(field, In):
        return {"sub_scheme": [describe(member) for member in field.members]}
    if isinstance(field, Ref):
        return {"regexp": [], "collection": field.collection, "reverse": field.field}
    if isinstance(field, RefsListType):
        return {
            "collection": field.collection,
            "reverse": field.field,
            "on_delete": field.on_delete.value,
            "on_fill": field.on_fill.value,
        }
    own: dict[str, Any] = {}
    if "patterns" in field.own_options:
        own["regexp"] = [_told(pattern) for pattern in options.patterns]
    for name in ("max_length", "precision", "scale"):
        if name in field.own_options:
            own[name] = getattr(options, name)
    if "min" in field.own_options:
        own["min"] = _limit(field, options.min)
        own["max"] = _limit(field, options.max)
    return own


def _told(value: Any) -> Any:
    """Tell a constant as it is; a function only that it is one."""
    return _FUNCTION if callable(value) else value


def _choices(field: FieldType[Any]) -> Any:
    choices = field.options.choices
    if choices is None or callable(choices):
        return _told(choices)
    return [field.dump(choice) for choice in choices]


def _limit(field: FieldType[Any], limit: Any) -> Any:
    return _told(limit) if limit is None or callable(limit) else field.dump(limit)


def _default(field: FieldType[Any]) -> Any:
    default = field.options.default
    if default is MISSING or default is None:
        return None
    return _FUNCTION if callable(default) else field.dump(field.convert(default))


def _class_names(public: type) -> list[str]:
    """Name a class and what it derives from, as far as users know the names."""
    return [
        each.__name__
        for each in public.__mro__
        if not each.__name__.startswith("_") and each.__module__ not in _OF_PYTHON
    ]
