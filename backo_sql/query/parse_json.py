"""A filter written as JSON: the dicts of `parse_dict`, with lists of two in the place of tuples.

In: what a JSON parser returned, such as `{"age": ["$gt", 1], "address": {"city": "Lyon"}}`. Out: conditions as they
were written, not yet looked up. JSON has no tuples, so a list of two that begins with a known operator is one, at any
depth; the values of `$in`, `$nin`, `$eq` and `$ne` are taken as they are.
"""

from __future__ import annotations

from typing import Any

from .ast import Parsed
from .parse_dict import Parser


def parse_json(filters: Any) -> list[Parsed]:
    """Read a filter; `null` and `{}` ask for everything.

    Returns:
        The conditions, all of which must hold.

    Raises:
        QueryError: naming what can't be understood.
    """
    return Parser(lists_are_tuples=True).whole(filters)
