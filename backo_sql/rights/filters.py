"""What a filter may look at: a value that the user may not see must not be found out by asking for it.

In: conditions as a client wrote them. Out: nothing, or a `RightsError`. A field whose `read` right is anything but a
plain yes is not filtered by clients at all: whether they may read it is known per item only, and the count of matches
would tell.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..errors import RightsError
from ..model.description import Description
from ..query.ast import Condition
from ..types.base import FieldType
from ..types.container import DictType


def check_filterable(conditions: Iterable[Condition], description: Description) -> None:
    """Refuse conditions on fields that not everybody may read.

    Raises:
        RightsError: naming the field.
    """
    for condition in conditions:
        field: FieldType[Any] = description.item
        readable = field.options.rights.get("read", True)
        for name in condition.path:
            if not isinstance(field, DictType) or name not in field.fields:
                break
            field = field.fields[name]
            readable = field.options.rights.get("read", readable)
        if readable is not True:
            raise RightsError(f"{'.'.join(condition.path)!r} can't be filtered: not everybody may read it.")
