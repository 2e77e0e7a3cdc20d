"""Truth: `Bool`."""

from __future__ import annotations

from typing import Any, ClassVar, Unpack

from ..errors import Fault, FaultKind
from .base import FieldType
from .kinds import Kind
from .options import CommonKeywords

_TEXTS = {"true": True, "false": False}


class Bool(FieldType[bool]):
    """True or false. `0`, `1` and `"true"` are not, in JSON; in a query string `true` and `false` are."""

    kind: ClassVar[Kind] = Kind.BOOLEAN
    restores_natively = True

    def __init__(self, **options: Unpack[CommonKeywords]) -> None:
        super().__init__(**options)

    def convert(self, value: Any) -> bool:
        """Accept a `bool`."""
        if not isinstance(value, bool):
            raise self.wrong_type("true or false", value)
        return value

    def parse(self, text: str) -> bool:
        """Read `true` or `false`, in any case."""
        try:
            return _TEXTS[text.lower()]
        except KeyError:
            raise Fault("Must be true or false.", FaultKind.TYPE) from None
