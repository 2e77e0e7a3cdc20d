"""Days, and times of the day: `Date` and `Time`."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any, ClassVar, Unpack

from ..errors import Fault, FaultKind
from .kinds import Kind
from .number import RangeType
from .options import RangeKeywords


class Date(RangeType[date]):
    """A day, of the years 1 to 9999, without a time or a zone.

    Accepted: a `date` that is no `datetime`, or a text in ISO 8601 such as `"2031-05-17"`, which is its form in JSON.

    Options of its own: `min`, `max`.
    """

    kind: ClassVar[Kind] = Kind.DATE

    def __init__(self, **options: Unpack[RangeKeywords]) -> None:
        super().__init__(**options)

    def convert(self, value: Any) -> date:
        """Accept a `date` or an ISO 8601 text."""
        if isinstance(value, str):
            try:
                return date.fromisoformat(value)
            except ValueError:
                raise Fault("Must be a day in ISO 8601, such as 2031-05-17.", FaultKind.TYPE) from None
        if isinstance(value, datetime) or not isinstance(value, date):  # a datetime has more to it than a day
            raise self.wrong_type("a day in ISO 8601", value)
        return value if type(value) is date else date(value.year, value.month, value.day)

    def dump(self, value: date) -> str:
        """Write the day in ISO 8601."""
        return value.isoformat()


class Time(RangeType[time]):
    """A time of the day, to the microsecond, without a zone.

    Accepted: a `time` or a text in ISO 8601 such as `"09:30"`; one with a zone is refused, as the same time is another
        one elsewhere on another day. In JSON it is a text such as `"09:30:00"`.

    Options of its own: `min`, `max`.
    """

    kind: ClassVar[Kind] = Kind.TIME
    dumps_natively = False  # orjson writes microseconds of five digits without their leading zero

    def __init__(self, **options: Unpack[RangeKeywords]) -> None:
        super().__init__(**options)

    def convert(self, value: Any) -> time:
        """Accept a `time` without a zone, or an ISO 8601 text."""
        if isinstance(value, str):
            try:
                value = time.fromisoformat(value)
            except ValueError:
                raise Fault("Must be a time of the day in ISO 8601, such as 09:30:00.", FaultKind.TYPE) from None
        if not isinstance(value, time):
            raise self.wrong_type("a time of the day in ISO 8601", value)
        if value.tzinfo is not None:
            raise Fault("Must be a time without a zone: use a Datetime for a point in time.", FaultKind.TYPE)
        return time(value.hour, value.minute, value.second, value.microsecond)

    def dump(self, value: time) -> str:
        """Write the time in ISO 8601."""
        return value.isoformat()
