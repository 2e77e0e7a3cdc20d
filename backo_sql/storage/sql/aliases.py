"""Names that a statement gives to what it looks at once more: none of them can be the name of a table.

In: what gets another name. Out: it under that name, which SQLAlchemy numbers: `authors__1`. Names of collections and
of fields hold no `__`, and what stands behind it in the name of a table begins with a letter.
"""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.sql.elements import _anonymous_label

_seeds = itertools.count()

#: tables under other names, by how many of them a statement has already
Pool: TypeAlias = dict[tuple[sa.Table, int], sa.FromClause]

#: how many names of a table are kept for the next statement
_KEPT = 10


class Aliases:
    """The tables that one filter looks at under other names.

    Args:
        pool: those of other filters, to be used again: making one takes longer than the rest of a condition.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._given: Counter[sa.Table] = Counter()

    def of(self, table: sa.Table) -> sa.FromClause:
        """Return a table under a name that the filter hasn't used."""
        number = self._given[table]
        self._given[table] += 1
        found = self._pool.get((table, number))
        if found is None:
            found = table.alias(anonymous(table.name))
            if number < _KEPT:
                # Two threads may make one each: both are right, and the last one stays.
                self._pool[table, number] = found
        return found


def anonymous(name: str) -> Any:
    """Return a name that begins like another and is given to nothing else in a statement.

    SQLAlchemy's own, `authors_1`, may be the name of another collection.
    """
    return _anonymous_label.safe_construct(next(_seeds), f"{name}_")
