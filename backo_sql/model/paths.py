"""Paths of fields: `$.loan.user` as text, `("loan", "user")` as data."""

from __future__ import annotations

from typing import TypeAlias

Path: TypeAlias = tuple[str, ...]

SEPARATOR = "__"


def parse_path(text: str) -> Path:
    """Read a path of names, with or without the leading `$.`; it may turn out to lead nowhere.

    >>> parse_path("$.loan.user")
    ('loan', 'user')
    """
    if text.startswith("$."):
        text = text[2:]
    return tuple(text.split("."))


def path_text(path: Path) -> str:
    """Write a path as messages show it."""
    return "$." + ".".join(path)


def column_name(path: Path) -> str:
    """Name the column of a path. Field names hold no `__` and no outer `_`, so that no two paths meet in one name."""
    return SEPARATOR.join(path)
