"""Cursors: where in an order a page ended, as a text that stands in a URL.

In: the values that the last item of a page is sorted by. Out: a token; and back. It holds the values exactly, and a
digest of the collection and the order that they belong to. A token comes from a client: whatever isn't one of ours, or
is one of another list, is a `QueryError`, and its values are those of their kinds of storage or refused.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import Any, TypeAlias

import orjson

from ..errors import Fault, QueryError
from ..types.base import FieldType
from ..types.binary import Bytes
from ..types.boolean import Bool
from ..types.calendar import Date, Time
from ..types.exact import Decimal
from ..types.instant import Datetime
from ..types.kinds import Kind
from ..types.number import Float, Int
from ..types.text import String
from .order import Order

#: the values of one item for each term of an order, as they are stored
Key: TypeAlias = tuple[Any, ...]

_DIGEST = 6  # bytes

_PLAIN: Mapping[Kind, FieldType[Any]] = {
    Kind.TEXT: String(),
    Kind.LINK: String(),
    Kind.INTEGER: Int(),
    Kind.REAL: Float(),
    Kind.BOOLEAN: Bool(),
    Kind.BYTES: Bytes(),
    Kind.INSTANT: Datetime(),
    Kind.DATE: Date(),
    Kind.TIME: Time(),
}


class Cursors:
    """The cursors of one collection in one order.

    Args:
        collection: its name.
        order: of its items.
    """

    def __init__(self, collection: str, order: Order) -> None:
        written = [collection, *(f"{'-' if term.descending else '+'}{'.'.join(term.path)}" for term in order)]
        self._digest = hashlib.blake2b("\0".join(written).encode(), digest_size=_DIGEST).digest()
        self._types = [_plain_type(term.leaf.type) for term in order]

    def write(self, key: Key) -> str:
        """Make the token that stands for a place."""
        values = [None if value is None else field.dump(value) for field, value in zip(self._types, key, strict=True)]
        return base64.urlsafe_b64encode(self._digest + orjson.dumps(values)).rstrip(b"=").decode()

    def read(self, token: str) -> Key:
        """Return the place that a token stands for.

        Raises:
            QueryError: it is no token, or one of another list.
        """
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
            values = orjson.loads(raw[_DIGEST:])
        except (ValueError, binascii.Error):  # a JSON error is a ValueError
            raise _refused() from None
        if raw[:_DIGEST] != self._digest:
            raise QueryError("The parameter '_cursor' belongs to another list, or to another order of this one.")
        return self._converted(values)

    def _converted(self, values: object) -> Key:
        if not isinstance(values, list) or len(values) != len(self._types) or values[-1] is None:
            raise _refused()
        try:
            return tuple(
                None if value is None else field.convert(value)
                for field, value in zip(self._types, values, strict=True)
            )
        except Fault:
            raise _refused() from None


def _plain_type(field: FieldType[Any]) -> FieldType[Any]:
    """Return a type that takes whatever a kind of storage keeps, and no rule of the field's own."""
    if field.kind is Kind.DECIMAL:
        return Decimal(precision=field.options.precision, scale=field.options.scale)
    return _PLAIN[field.kind]


def _refused() -> QueryError:
    return QueryError("The parameter '_cursor' is none: take it from the 'next' of a page.")
