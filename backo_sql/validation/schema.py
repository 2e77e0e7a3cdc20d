"""A description as a marshmallow `Schema`, for whoever wants to validate without storing.

In: the frozen type of an item and what the schema is for. Out: a `Schema` instance that loads JSON or Python values
into the plain values that an item keeps, by the same checks and hooks as `create` and `save`, and dumps them as JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import marshmallow as ma

from ..errors import DescriptionError, Fault, ValidationError, parse_keys
from ..items.judging import before_checks, complete
from ..model.description import ItemType
from .field import DescribedField, nested_messages

Purpose = Literal["create", "update", "partial"]


def make_schema(item_type: ItemType, purpose: str, blank: Callable[[], Any]) -> ma.Schema:
    """Make the schema of an item.

    Args:
        item_type: the frozen type.
        purpose: `create` judges a whole new item, `update` a whole item that may bring its `_id` and `_meta` along,
            `partial` a change of some fields, which only these fields judge.
        blank: returns a new live item, which the functions of the description may look at.

    Raises:
        DescriptionError: there is no such purpose.
    """
    if purpose not in ("create", "update", "partial"):
        raise DescriptionError(f"There is no schema for {purpose!r}: take 'create', 'update' or 'partial'.")
    partial = purpose == "partial"
    fields: dict[str, Any] = {
        name: DescribedField(
            field, partial=partial, required=False, allow_none=True, metadata={"description": field.options.description}
        )
        for name, field in item_type.writable.items()
    }
    kept = () if purpose == "create" else tuple(item_type.system)
    fields.update({name: DescribedField(item_type.fields[name], allow_none=True) for name in kept})

    passed_over = {name for name, field in item_type.writable.items() if field.options.compute is not None}
    passed_over.update(item_type.system if purpose == "create" else ())

    class ItemSchema(ma.Schema):
        """Loads and dumps the items of one collection."""

        class Meta:
            unknown = ma.RAISE
            register = False  # it is made at run time: marshmallow's registry of classes would keep it for ever

        @ma.pre_load
        def _before(self, data: Any, **_: Any) -> Any:
            data = _outside(lambda: before_checks(blank(), data))
            if not isinstance(data, Mapping):
                return data
            return {name: value for name, value in data.items() if name not in passed_over}

        @ma.post_load(pass_original=True)
        def _whole(self, data: dict[str, Any], original: Any, **_: Any) -> dict[str, Any]:
            values = {name: value for name, value in data.items() if name in item_type.writable}
            return values if partial else _outside(lambda: _judged(values, original, blank()))

    class_ = type("ItemSchema", (ItemSchema,), fields)
    schema: ma.Schema = class_(partial=partial)
    return schema


def _judged(values: dict[str, Any], sent: Any, item: Any) -> dict[str, Any]:
    """Run the functions of the description and the hooks over the values of a whole item, of which some were sent."""
    complete(item, values, sent)
    return {name: value for name, value in item.get_value().items() if name in item._type.writable}


def _outside(run: Callable[[], Any]) -> Any:
    """Run checks of ours; what they refuse leaves as marshmallow's error."""
    try:
        return run()
    except Fault as fault:
        raise ma.ValidationError(nested_messages(fault)) from None
    except ValidationError as error:
        faults = [Fault(" ".join(texts)).under(*parse_keys(path)) for path, texts in error.messages.items()]
        raise ma.ValidationError(nested_messages(Fault.join(faults))) from None
