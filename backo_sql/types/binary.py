"""Bytes: `Bytes`."""

from __future__ import annotations

import base64
import binascii
from typing import Any, ClassVar, Unpack

from ..errors import Fault, FaultKind
from .base import FieldType
from .kinds import Kind
from .options import LengthKeywords


class Bytes(FieldType[bytes]):
    """Bytes of any length, such as a small picture or a key. In JSON and in a query string they are a base64 text.

    Options of its own: `max_length` (in bytes).

    Example:
        >>> Bytes(max_length=3).load("QUJD")
        b'ABC'
    """

    kind: ClassVar[Kind] = Kind.BYTES
    dumps_natively = False
    own_options = frozenset({"max_length"})

    def __init__(self, **options: Unpack[LengthKeywords]) -> None:
        super().__init__(**options)

    def convert(self, value: Any) -> bytes:
        """Accept bytes, or a base64 text of them."""
        if isinstance(value, str):
            try:
                return base64.b64decode(value, validate=True)
            except (binascii.Error, ValueError):
                raise Fault("Must be bytes in base64.", FaultKind.TYPE) from None
        if not isinstance(value, bytes | bytearray | memoryview):
            raise self.wrong_type("bytes, or a text in base64", value)
        return value if type(value) is bytes else bytes(value)

    def check_limits(self, value: bytes) -> None:
        """Refuse too many bytes."""
        limit = self.options.max_length
        if limit is not None and len(value) > limit:
            raise Fault(f"Must be at most {limit} bytes long, not {len(value)}.")

    def dump(self, value: bytes) -> str:
        """Write the bytes in base64."""
        return base64.b64encode(value).decode("ascii")
