"""Names that a statement gives to what it looks at once more: none of them can be the name of a table.

In: what gets another name. Out: it under that name, which SQLAlchemy numbers: `authors__1`. Names of collections and
of fields hold no `__`, and what stands behind it in the name of a table begins with a letter.
"""

from __future__ import annotations

import itertools
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import _anonymous_label

_seeds = itertools.count()


def alias(table: sa.Table) -> sa.FromClause:
    """Return a table under a name of its own."""
    return table.alias(anonymous(table.name))


def anonymous(name: str) -> Any:
    """Return a name that begins like another and is given to nothing else in a statement.

    SQLAlchemy's own, `authors_1`, may be the name of another collection.
    """
    return _anonymous_label.safe_construct(next(_seeds), f"{name}_")
