"""The metadata of a field: what clients read in `_meta` to build their forms.

In: a field. Out: a dict that JSON can write, with the keys of the originals, old and new. It comes from the
description alone: functions are named, not called.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..types.base import FieldType
from ..types.container import DictType, ListType
from ..types.kinds import Kind
from ..types.options import MISSING
from ..types.reference import Ref, RefsListType
from .model import Model

_FUNCTION = "func"


def describe_model(model: Model) -> dict[str, Any]:
    """Describe all collections of an application."""
    return {
        "name": model.name,
        "collections": [
            {"name": name, "item": describe(description.item)} for name, description in model.descriptions.items()
        ],
    }


def describe(field: FieldType[Any]) -> dict[str, Any]:
    """Describe a field and what stands inside it."""
    options = field.options
    public = field.public_class()
    choices = None if options.choices is None else [field.dump(choice) for choice in options.choices]
    described: dict[str, Any] = {
        "type": repr(public),
        "type_short": field.type_name(),
        "types": _class_names(public),
        "description": options.description,
        "required": options.required,
        "require": options.required,
        "in": choices,
        "union": choices,
        "constraints": [],
        "default": _default(field),
        "transform": None,
        "exists": True,
        "rights": {"read": None, "modify": None},
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
        return {"min": options.min, "max": options.max, "sub_type": describe(field.element)}
    if isinstance(field, Ref):
        return {"regexp": [], "collection": field.collection, "reverse": field.field}
    if isinstance(field, RefsListType):
        return {
            "collection": field.collection,
            "reverse": field.field,
            "on_delete": field.on_delete.value,
            "on_fill": field.on_fill.value,
        }
    if field.kind is Kind.TEXT:
        return {"regexp": list(options.patterns), "max_length": options.max_length}
    if "min" in field.own_options:
        return {
            "min": None if options.min is None else field.dump(options.min),
            "max": None if options.max is None else field.dump(options.max),
        }
    return {}


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
        if not each.__name__.startswith("_") and each.__module__.startswith("backo_sql")
    ]
