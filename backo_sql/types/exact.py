"""Exact numbers: `Decimal`."""

from __future__ import annotations

import dataclasses
import decimal
import re
from typing import Any, ClassVar, Unpack

from ..errors import DescriptionError, Fault
from .base import FieldType
from .kinds import Kind
from .number import RangeType
from .options import DecimalKeywords, Options

DEFAULT_PRECISION = 18
DEFAULT_SCALE = 6
MAX_PRECISION = 1000  # what PostgreSQL lets a NUMERIC declare

_MAX_BITS = MAX_PRECISION * 4  # no number of so many digits has more
_TEXT = re.compile(r"[+-]?([0-9]{1,2000}(\.[0-9]{0,2000})?|\.[0-9]{1,2000})([eE][+-]?[0-9]{1,4})?")


class Decimal(RangeType[decimal.Decimal]):
    """A number with a fixed number of decimal places, for money and measures: nothing is ever rounded.

    Accepted: a `decimal.Decimal`, an `int`, a text such as `"12.50"` (its form in JSON), and a `float` by the shortest
        text that stands for it. One with more places or digits than there is room for is refused.

    Options of its own: `precision` (how many digits in all, 18 when not given), `scale` (how many of them stand behind
    the point, 6 when not given), `min`, `max`.

    Example:
        >>> Decimal(precision=10, scale=2).load("12.5")
        Decimal('12.50')
    """

    kind: ClassVar[Kind] = Kind.DECIMAL
    dumps_natively = False
    own_options = RangeType.own_options | {"precision", "scale"}

    def __init__(self, **options: Unpack[DecimalKeywords]) -> None:
        super().__init__(**options)

    def _convert_limits(self, options: Options) -> Options:
        """Settle the room for digits first: the values inside options are brought to it."""
        precision = DEFAULT_PRECISION if options.precision is None else options.precision
        scale = min(DEFAULT_SCALE, precision) if options.scale is None else options.scale
        if precision > MAX_PRECISION:
            raise DescriptionError(f"Option 'precision' of Decimal is at most {MAX_PRECISION}, not {precision}.")
        if scale > precision:
            raise DescriptionError(f"Decimal has scale={scale} above precision={precision}.")
        self._digits_before = precision - scale
        self._scale = scale
        self._step = decimal.Decimal((0, (1,), -scale))
        self._context = decimal.Context(prec=precision, traps=[decimal.Inexact, decimal.InvalidOperation])
        return super()._convert_limits(dataclasses.replace(options, precision=precision, scale=scale))

    def convert(self, value: Any) -> decimal.Decimal:
        """Accept an exact number and give it as many places as `scale` says."""
        number = self._read(value)
        if not number.is_finite():
            raise Fault("Must be a finite number.")
        try:
            fixed = number.quantize(self._step, context=self._context)
        except (decimal.Inexact, decimal.InvalidOperation):
            if number.adjusted() >= self._digits_before:
                raise Fault(f"Must have at most {self._digits_before} digits before the decimal point.") from None
            raise Fault(f"Must have at most {self._scale} decimal places.") from None
        return fixed if fixed else abs(fixed)  # no database keeps the sign of a zero

    def _read(self, value: Any) -> decimal.Decimal:
        if isinstance(value, decimal.Decimal):
            return value
        if isinstance(value, str):
            if _TEXT.fullmatch(value):
                return decimal.Decimal(value)
        elif isinstance(value, int) and not isinstance(value, bool):
            if value.bit_length() > _MAX_BITS:  # what is far too large isn't worth working out
                raise Fault(f"Must have at most {self._digits_before} digits before the decimal point.")
            return decimal.Decimal(value)
        elif isinstance(value, float):
            return decimal.Decimal(float.__repr__(value))
        raise self.wrong_type('a decimal number, such as "12.50"', value)

    def dump(self, value: decimal.Decimal) -> str:
        """Write all places, as text: a JSON number would be read as a double."""
        return format(value, "f")


def digits(field: FieldType[Any]) -> tuple[int, int]:
    """Return how many digits the column of a decimal number has, and how many of them behind the point."""
    options = field.options
    return options.precision or DEFAULT_PRECISION, DEFAULT_SCALE if options.scale is None else options.scale
