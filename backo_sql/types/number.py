"""Numbers: `Int` and `Float`."""

from __future__ import annotations

import math
import re
from typing import Any, ClassVar, Unpack

from ..errors import Fault, FaultKind
from .base import EQUALITY, ORDERING, FieldType, V
from .kinds import Kind
from .options import RangeKeywords

MIN_INTEGER = -(2**63)
MAX_INTEGER = 2**63 - 1

_INTEGER_TEXT = re.compile(r"[+-]?[0-9]{1,30}")
_FLOAT_TEXT = re.compile(r"[+-]?([0-9]{1,400}(\.[0-9]{0,400})?|\.[0-9]{1,400})([eE][+-]?[0-9]{1,4})?")


class RangeType(FieldType[V]):
    """A type whose values have an order, and so may have a `min` and a `max` (both inclusive)."""

    operators = EQUALITY | ORDERING
    own_options = frozenset({"min", "max"})

    def check_limits(self, value: V) -> None:
        """Refuse a value outside the range."""
        options = self.options
        self._check_range(
            value,
            None if callable(options.min) else options.min,
            None if callable(options.max) else options.max,
        )

    def check_rules(self, value: V, root: Any, old: Any) -> None:
        """Check also the bounds that are functions."""
        super().check_rules(value, root, old)
        options = self.options
        self._check_range(
            value,
            options.min(value=value, root=root) if callable(options.min) else None,
            options.max(value=value, root=root) if callable(options.max) else None,
        )

    def _check_range(self, value: V, least: Any, most: Any) -> None:
        if least is not None and value < least:
            raise Fault(f"Must be at least {self.dump(least)}.")
        if most is not None and value > most:
            raise Fault(f"Must be at most {self.dump(most)}.")


class Int(RangeType[int]):
    """A whole number that fits 64 bits. A `bool` is not one, nor is `"12"`.

    Options of its own: `min`, `max`.
    """

    kind: ClassVar[Kind] = Kind.INTEGER
    restores_natively = True

    def __init__(self, **options: Unpack[RangeKeywords]) -> None:
        super().__init__(**options)

    def convert(self, value: Any) -> int:
        """Accept an `int` within 64 bits."""
        if not isinstance(value, int) or isinstance(value, bool):
            # A JSON parser reads a number past 64 bits as a float: the bounds are what its sender needs to hear of.
            if isinstance(value, float) and not MIN_INTEGER <= value <= MAX_INTEGER:
                raise Fault(f"Must be an integer between {MIN_INTEGER} and {MAX_INTEGER}.")
            raise self.wrong_type("an integer", value)
        if not MIN_INTEGER <= value <= MAX_INTEGER:
            raise Fault(f"Must be an integer between {MIN_INTEGER} and {MAX_INTEGER}.")
        return value if type(value) is int else int(value)

    def parse(self, text: str) -> int:
        """Read decimal digits with an optional sign."""
        if not _INTEGER_TEXT.fullmatch(text):
            raise Fault("Must be an integer.", FaultKind.TYPE)
        return self.convert(int(text))


class Float(RangeType[float]):
    """A finite double. An `int` is accepted and becomes a float; `-0.0` becomes `0.0`, as not every database keeps it.

    Options of its own: `min`, `max`.
    """

    kind: ClassVar[Kind] = Kind.REAL

    def __init__(self, **options: Unpack[RangeKeywords]) -> None:
        super().__init__(**options)

    def convert(self, value: Any) -> float:
        """Accept a finite `float` or an `int`."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.wrong_type("a number", value)
        try:
            number = float(value)
        except OverflowError:
            raise Fault("Must be a number that a double can hold.") from None
        if not math.isfinite(number):
            raise Fault("Must be a finite number.")
        return number + 0.0  # which leaves every number but -0.0 as it is

    def parse(self, text: str) -> float:
        """Read a decimal number, with or without an exponent."""
        if not _FLOAT_TEXT.fullmatch(text):
            raise Fault("Must be a number.", FaultKind.TYPE)
        return self.convert(float(text))
