"""Which filters mean in SQL exactly what they mean in Python."""

from __future__ import annotations

import sqlalchemy as sa

from ...model.description import Leaf, Place
from ...query.ast import And, Bound, Compare, OneOf


def answers(where: Bound, table: sa.Table) -> bool:
    """Tell whether all of a filter can be compiled to SQL."""
    match where:
        case And(parts):
            return all(answers(part, table) for part in parts)
        case Compare(leaf) | OneOf(leaf):
            return _has_column(leaf, table)
        case _:
            return False


def _has_column(leaf: Leaf, table: sa.Table) -> bool:
    is_column = leaf.place is Place.ROW and not leaf.conditional
    return is_column and bool(leaf.type.operators) and leaf.column in table.c
