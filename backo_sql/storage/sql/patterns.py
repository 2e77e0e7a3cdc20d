r"""Regular expressions of Python in the words of PostgreSQL, where both mean the same.

In: the text of an expression that the `regex` package takes. Out: an advanced regular expression of PostgreSQL that
finds the same texts, or `None`. What is translated is a small part: literals, escaped punctuation, `.`, classes of
literals and ranges, groups, alternatives, `* + ? {m,n}`, `^` and `$`. Whatever else stands in an expression could mean
something else to PostgreSQL (`\w` and upper case go by its locale, and it knows neither properties of Unicode nor
looking behind), so that nothing is guessed.

Whether an expression matches doesn't depend on how greedy it is: `*?` is `*`. Groups are asked for nothing.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NoReturn

#: PostgreSQL repeats at most so often by `{m,n}`.
_MOST_REPEATS = 255

#: How large an expression may become when its repeats are written out. PostgreSQL reads one of this size in a tenth of
#: a second at worst, and one that is five times as large in ten.
_MOST_STATES = 300

_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}

_NO_LITERALS = frozenset("\\.[]()*+?{}^$|")

#: what has a meaning of its own in a class of some version of the package's syntax when it stands twice
_SET_OPERATORS = frozenset("-&|~")


class _ForeignError(Exception):
    """Something that isn't translated."""


@lru_cache(maxsize=256)
def translate(pattern: str, *, anchored: bool) -> str | None:
    r"""Translate an expression.

    Args:
        pattern: of the `regex` package.
        anchored: it must match from the start of the text.

    Returns:
        The expression for PostgreSQL's operator `~`, or `None` where it has none that surely means the same.

    Example:
        >>> translate("Not.s$", anchored=True)
        '\\\\ANot[^\\n]s(?=\\n?\\\\Z)'
    """
    reader = _Reader(pattern)
    try:
        translated, states = reader.alternatives()
        if reader.rest() or reader.is_doubtful:
            return None
    except _ForeignError:
        return None
    if states > _MOST_STATES:
        return None
    if not anchored:
        return translated
    return f"\\A(?:{translated})" if "|" in pattern else f"\\A{translated}"


class _Reader:
    """Reads an expression from left to right; each method returns its translation and how large that is."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._position = 0
        self._depth = 0
        self._branches = 1
        self._negates = False

    @property
    def is_doubtful(self) -> bool:
        """The package itself loses matches: it finds no `a` by `[^a]|[^b]`, where PostgreSQL does."""
        return self._negates and self._branches > 1

    def rest(self) -> str:
        """Return what wasn't read."""
        return self._pattern[self._position :]

    def alternatives(self) -> tuple[str, int]:
        """Read branches, as far as a closing parenthesis or the end."""
        self._depth += 1
        if self._depth > 50:
            self._refuse()
        branches = [self._branch()]
        while self._take("|"):
            self._branches += 1
            branches.append(self._branch())
        self._depth -= 1
        # An empty branch matches the empty text in both; it is written so that nobody has to wonder.
        return "|".join(text or "(?:)" for text, _ in branches), sum(states for _, states in branches)

    def _branch(self) -> tuple[str, int]:
        written: list[str] = []
        total = 0
        while (sign := self._next()) and sign not in "|)":
            text, states, repeatable = self._atom()
            if self._next() and self._next() in "*+?{":
                if not repeatable:
                    self._refuse()
                repeat, times = self._repeat()
                text, states = text + repeat, states * times
            written.append(text)
            total += states
            if total > _MOST_STATES:
                self._refuse()
        return "".join(written), total + 1

    def _atom(self) -> tuple[str, int, bool]:
        sign = self._read()
        match sign:
            case "(":
                if self._take("?") and not self._take(":"):
                    self._refuse()
                inner, states = self.alternatives()
                if not self._take(")"):
                    self._refuse()
                return f"(?:{inner})", states, True
            case "[":
                return self._class(), 1, True
            case ".":
                return "[^\n]", 1, True
            case "^":
                return "\\A", 1, False
            case "$":
                return "(?=\n?\\Z)", 2, False
            case "\\":
                return _literal(self._escaped()), 1, True
            case _ if sign in _NO_LITERALS:
                self._refuse()
        return _literal(sign), 1, True

    def _escaped(self) -> str:
        sign = self._read()
        if sign in _ESCAPED:
            return _ESCAPED[sign]
        if sign.isalnum() or not sign.isascii() or not sign.isprintable():
            self._refuse()
        return sign

    def _repeat(self) -> tuple[str, int]:
        sign = self._read()
        times = 2
        if sign == "{":
            least = self._number()
            most: int | None = least
            if self._take(","):
                most = self._number() if self._next() != "}" else None
            if (
                not self._take("}")
                or least > _MOST_REPEATS
                or (most is not None and not least <= most <= _MOST_REPEATS)
            ):
                self._refuse()
            sign = f"{{{least}}}" if most == least else f"{{{least},{'' if most is None else most}}}"
            times = max(least + 1 if most is None else most, 1)
        self._take("?")
        if self._next() and self._next() in "*+?{":
            self._refuse()
        return sign, times

    def _number(self) -> int:
        digits = ""
        while (sign := self._next()) and sign in "0123456789":
            digits += self._read()
        if not 0 < len(digits) <= 3:
            self._refuse()
        return int(digits)

    def _class(self) -> str:
        negated = self._take("^")
        self._negates |= negated
        parts: list[str] = []
        while not parts or self._next() != "]":
            first = self._member()
            if self._next() == "-" and self._after() not in ("]", ""):
                self._read()
                last = self._member()
                if last < first:
                    self._refuse()
                parts.append(f"{_literal(first)}-{_literal(last)}")
            else:
                parts.append(_literal(first))
        self._read()
        return f"[{'^' if negated else ''}{''.join(parts)}]"

    def _member(self) -> str:
        """Read one character of a class. What could be the beginning of anything else is none."""
        sign = self._read()
        if sign == "\\":
            return self._escaped()
        if sign in "[]" or (sign in _SET_OPERATORS and self._next() == sign):
            self._refuse()
        return sign

    def _next(self) -> str:
        return self._pattern[self._position : self._position + 1]

    def _after(self) -> str:
        return self._pattern[self._position + 1 : self._position + 2]

    def _take(self, sign: str) -> bool:
        taken = self._next() == sign
        self._position += taken
        return taken

    def _read(self) -> str:
        sign = self._next()
        if not sign:
            self._refuse()
        self._position += 1
        return sign

    def _refuse(self) -> NoReturn:
        raise _ForeignError


def _literal(sign: str) -> str:
    """Write one character so that it stands for itself, in a class too."""
    return f"\\{sign}" if sign.isascii() and sign.isprintable() and not sign.isalnum() and sign != " " else sign
