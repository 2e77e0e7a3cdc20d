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
        compiled = []
        for pattern in self.options.patterns:
            try:
                compiled.append(regex.compile(pattern))
            except regex.error as error:
                raise DescriptionError(f"Option 'pattern' holds {pattern!r}, no regular expression: {error}.") from None
        self._patterns = tuple(compiled)

    def convert(self, value: Any) -> str:
        """Accept a `str` that every backend can keep."""
        if not isinstance(value, str):
            raise self.wrong_type("a text", value)
        if "\0" in value:
            raise Fault("Must not contain the NUL character.")
        if not value.isascii():
            try:
                value.encode("utf-8")
            except UnicodeEncodeError:
                raise Fault("Must not contain half of a surrogate pair.") from None
        return value if type(value) is str else str(value)

    def check(self, value: str) -> None:
        """Refuse a text that is too long or doesn't match."""
        limit = self.options.max_length
        if limit is not None and len(value) > limit:
            raise Fault(f"Must be at most {limit} characters long, not {len(value)}.")
        for pattern in self._patterns:
            try:
                matched = pattern.match(value, timeout=PATTERN_TIMEOUT)
            except TimeoutError:
                raise Fault(f"Takes too long to compare with the pattern {pattern.pattern!r}.") from None
            if matched is None:
                raise Fault(f"Must match the pattern {pattern.pattern!r}.")
