"""Points in time: `Datetime`."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, ClassVar, Unpack

from ..errors import Fault, FaultKind
from .kinds import Kind
from .number import RangeType
from .options import RangeKeywords

_LOST_PLUS = re.compile(r" (\d\d:?\d\d)$")


class Datetime(RangeType[datetime]):
    """A point in time, kept aware and in UTC, to the microsecond.

    Accepted: a `datetime` or a text in ISO 8601. One without a zone is taken as UTC. One that leaves the years 1 to
        9999 in UTC is refused. In JSON it is a text that ends in `Z` (RFC 3339).

    Options of its own: `min`, `max`.
    """

    kind: ClassVar[Kind] = Kind.INSTANT

    def __init__(self, **options: Unpack[RangeKeywords]) -> None:
        super().__init__(**options)

    def convert(self, value: Any) -> datetime:
        """Accept a `datetime` or an ISO 8601 text, and bring it to UTC."""
        if isinstance(value, str):
            value = self._read(value)
        if not isinstance(value, datetime):
            raise self.wrong_type("a date and time in ISO 8601", value)
        if value.tzinfo is UTC:
            return value if type(value) is datetime else self._plain(value)
        try:
            moved = value.replace(tzinfo=UTC) if value.utcoffset() is None else value.astimezone(UTC)
        except (OverflowError, ValueError):
            raise Fault("Must be within the years 1 to 9999 in UTC.") from None
        return self._plain(moved)

    def parse(self, text: str) -> datetime:
        """Read ISO 8601; the `+` of a zone, which a URL turned into a blank, is a `+` again."""
        return self.convert(_LOST_PLUS.sub(r"+\1", text))

    def dump(self, value: datetime) -> str:
        """Write the instant as RFC 3339 does, in UTC."""
        return value.replace(tzinfo=None).isoformat() + "Z"

    @staticmethod
    def _read(text: str) -> datetime:
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            raise Fault("Must be a date and time in ISO 8601, such as 2031-05-17T09:30:00Z.", FaultKind.TYPE) from None

    @staticmethod
    def _plain(value: datetime) -> datetime:
        """Drop a subclass and a `fold`, which mean nothing in UTC."""
        return datetime(
            value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond, tzinfo=UTC
        )
