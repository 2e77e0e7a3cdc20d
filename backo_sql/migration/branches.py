"""One function of a revision for two databases: what is the same on both is written once.

In: the lines for each. Out: the lines for both, with an `if` around what differs.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher


def join(here: str, lines: list[str], other_lines: list[str] | None) -> list[str]:
    """Join what is done on two databases.

    Args:
        here: the name of the one.
        lines: what is done there.
        other_lines: what is done on the other; none where that isn't known.
    """
    if other_lines is None:
        return [f"op.only_on({here!r})", *lines]
    mine, others = _statements(lines), _statements(other_lines)
    joined: list[str] = []
    for kind, start, end, other_start, other_end in SequenceMatcher(None, mine, others, autojunk=False).get_opcodes():
        if kind == "equal":
            joined += _flat(mine[start:end])
        else:
            joined += _branch(here, mine[start:end], others[other_start:other_end])
    return joined


def _branch(here: str, mine: list[tuple[str, ...]], others: list[tuple[str, ...]]) -> list[str]:
    name = "op.get_context().dialect.name"
    if not mine:
        return [f"if {name} != {here!r}:", *_inside(others)]
    lines = [f"if {name} == {here!r}:", *_inside(mine)]
    return [*lines, "else:", *_inside(others)] if others else lines


def _statements(lines: Iterable[str]) -> list[tuple[str, ...]]:
    """Put the lines of each statement together: those that are indented, and what closes a parenthesis."""
    found: list[list[str]] = []
    for line in lines:
        if found and line.startswith((" ", ")", "else:")):
            found[-1].append(line)
        elif found and all(each.startswith("#") for each in found[-1]):
            found[-1].append(line)  # a remark belongs to what it is about
        else:
            found.append([line])
    return list(map(tuple, found))


def _flat(statements: Iterable[tuple[str, ...]]) -> list[str]:
    return [line for statement in statements for line in statement]


def _inside(statements: Iterable[tuple[str, ...]]) -> list[str]:
    return [f"    {line}" for line in _flat(statements)]
