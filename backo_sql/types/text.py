"""Text: `String`."""

from __future__ import annotations

from typing import Any, ClassVar, Unpack

import regex

from ..errors import DescriptionError, Fault
from .base import EQUALITY, ORDERING, FieldType
from .kinds import Kind
from .options import TextKeywords

#: A pattern of a description may be slow on a hostile text; this is where it is given up, in seconds.
PATTERN_TIMEOUT = 0.25


class String(FieldType[str]):
    """A text of any length, kept as it came.

    Options of its own: `max_length` (in characters) and `pattern` (one regular expression or several, each matched
    from the start of the text). NUL and lone surrogates are refused, because no database keeps both.

    Example:
        >>> String(required=True, max_length=80).load("Ada")
        'Ada'
    """

    kind: ClassVar[Kind] = Kind.TEXT
    restores_natively = True
    operators = EQUALITY | ORDERING
    own_options = frozenset({"max_length", "patterns"})

    def __init__(self, **options: Unpack[TextKeywords]) -> None:
        super().__init__(**options)

    def check_options(self) -> None:
        """Compile the patterns, so that a wrong one is told when it is written."""
        self._patterns = tuple(_compile(pattern) for pattern in self.options.patterns if isinstance(pattern, str))

    def convert(self, value: Any) -> str:
        """Accept a `str` that every backend can keep."""
        if not isinstance(value, str):
            raise self.wrong_type("a text", value)
        return storable_text(value)

    def check_limits(self, value: str) -> None:
        """Refuse a text that is too long or doesn't match."""
        limit = self.options.max_length
        if limit is not None and len(value) > limit:
            raise Fault(f"Must be at most {limit} characters long, not {len(value)}.")
        for pattern in self._patterns:
            self._check_pattern(value, pattern)

    def check_rules(self, value: str, root: Any, old: Any) -> None:
        """Check also the patterns that are functions."""
        super().check_rules(value, root, old)
        for pattern in self.options.patterns:
            if callable(pattern):
                made = pattern(field=self, value=value, root=root)
                if made is not None:
                    self._check_pattern(value, _compile(made))

    @staticmethod
    def _check_pattern(value: str, pattern: regex.Pattern[str]) -> None:
        try:
            matched = pattern.match(value, timeout=PATTERN_TIMEOUT)
        except TimeoutError:
            raise Fault(f"Takes too long to compare with the pattern {pattern.pattern!r}.") from None
        if matched is None:
            raise Fault(f"Must match the pattern {pattern.pattern!r}.")


def storable_text(value: str) -> str:
    """Return a text as a plain `str`, or raise a `Fault` where some backend could not keep it."""
    if "\0" in value:
        raise Fault("Must not contain the NUL character.")
    if not value.isascii():
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise Fault("Must not contain half of a surrogate pair.") from None
    return value if type(value) is str else str.__str__(value)


def _compile(pattern: Any) -> regex.Pattern[str]:
    """Compile a pattern of a description, so that a wrong one is told when it is written."""
    if not isinstance(pattern, str):
        raise DescriptionError(f"The function of option 'pattern' returned {pattern!r}: a text was expected.")
    try:
        return regex.compile(pattern)
    except regex.error as error:
        raise DescriptionError(f"Option 'pattern' holds {pattern!r}, no regular expression: {error}.") from None
