"""Reads the text by which SQLite keeps a table, as there is no other place where the names of constraints are.

SQLAlchemy looks for constraints by regular expressions, which differ from version to version and mistake what stands
inside a literal; whole tokens leave nothing to be mistaken.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
    (?P<space>\s+|--[^\n]*(?:\n|$)|/\*.*?\*/)
    |(?P<literal>'(?:[^']|'')*')
    |(?P<quoted>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])
    |(?P<word>[A-Za-z_\x80-\U0010ffff][\w$\x80-\U0010ffff]*)
    |(?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a literal, a quoted name or a sign, and where it stands."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def name(self) -> str:
        """The name that a word or a quoted name means."""
        if self.kind != "quoted":
            return self.text
        quote = self.text[-1]
        return self.text[1:-1].replace(quote * 2, quote)

    def is_word(self, word: str) -> bool:
        """Tell whether it is this keyword."""
        return self.kind == "word" and self.text.upper() == word


def tokens(text: str) -> list[Token]:
    """Read a statement; spaces and remarks are left out."""
    return [
        Token(match.lastgroup or "", match[0], match.start(), match.end())
        for match in _TOKEN.finditer(text)
        if match.lastgroup != "space"
    ]


def checks(text: str) -> Iterator[tuple[str | None, str]]:
    """Visit the CHECK constraints of a table: the name, and what is between the parentheses."""
    found = tokens(text)
    for position, token in enumerate(found):
        if not token.is_word("CHECK") or position + 1 >= len(found) or found[position + 1].text != "(":
            continue
        name = found[position - 1].name if position > 1 and found[position - 2].is_word("CONSTRAINT") else None
        depth = 0
        for inner in found[position + 1 :]:
            depth += {"(": 1, ")": -1}.get(inner.text, 0) if inner.kind == "other" else 0
            if depth == 0:
                yield name, text[found[position + 1].end : inner.start].strip()
                break


def renamed(text: str, table: str, names: Mapping[str, str]) -> str:
    """Return the statement that makes the same table under another name, with other names of constraints."""
    found = tokens(text)
    # CREATE TABLE <name> (
    first = next(position for position, token in enumerate(found) if token.text == "(" and token.kind == "other")
    made = f"CREATE TABLE {quote(table)} "
    end = found[first].start
    for before, token in itertools.pairwise(found):
        if before.is_word("CONSTRAINT") and token.name in names:
            made += text[end : token.start] + quote(names[token.name])
            end = token.end
    return made + text[end:]


def index_renamed(text: str, name: str) -> str:
    """Return the statement that makes the same index under another name."""
    found = tokens(text)
    place = next(position for position, token in enumerate(found) if token.is_word("INDEX")) + 1
    if found[place].is_word("IF"):
        place += 3
    return text[: found[place].start] + quote(name) + text[found[place].end :]


def quote(name: str) -> str:
    """Write a name so that it can't be mistaken for anything else."""
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def escaped(text: str) -> str:
    """Write SQL so that `sqlalchemy.text` takes no colon in it for a parameter."""
    return text.replace(":", "\\:")
