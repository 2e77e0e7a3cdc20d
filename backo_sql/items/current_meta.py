"""The metadata of a live object: what exists and what is allowed is answered for its values and the current user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import DescriptionError
from ..model.metadata import describe
from ..types.base import FieldType
from ..types.container import DictType
from .permissions import is_allowed
from .rules import exists

if TYPE_CHECKING:
    from .live import Live


def current_meta(live: Live) -> dict[str, Any]:
    """Describe a live object as it is now.

    Raises:
        DescriptionError: it isn't the outermost container, whose values the functions of the description look at.
    """
    if not live.am_i_root():
        raise DescriptionError(f"{live.path_name()}: get_current_meta() must start at the outermost object.")
    described = describe(live._type)
    with live._unguarded():
        _answer(described, live._type, live._raw, live, live, None)
    return described


def _answer(
    described: dict[str, Any], field: FieldType[Any], value: Any, holder: Live, root: Live, name: str | None
) -> None:
    described["exists"] = exists(field, value, root)
    described["rights"] = {right: is_allowed(holder, right, name) for right in described["rights"]}
    if isinstance(field, DictType):
        inside = holder if name is None else getattr(holder, name)
        for key, inner in field.fields.items():
            if inside is not None:
                _answer(described["sub_scheme"][key], inner, inside._raw.get(key), inside, root, key)
