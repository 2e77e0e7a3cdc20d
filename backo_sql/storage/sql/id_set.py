"""Ids as one value of a statement."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

#: The parameter of an UPDATE. No column ends like that: SQLAlchemy takes a parameter with the name of a column for its
#: new value.
UPDATED = "ids_"


class IdSet:
    """The condition "one of these ids" with one bound value: a statement's text doesn't tell how many they are.

    The databases that can't take a list as one value get one parameter per id.
    """

    def __init__(self, dialect: str) -> None:
        self._dialect = dialect

    def contains(self, column: sa.ColumnElement[str], name: str = "ids") -> sa.ColumnElement[bool]:
        """Return the condition, with a parameter of that name."""
        if self._dialect == "postgresql":
            return column == sa.any_(sa.bindparam(name, type_=postgresql.ARRAY(sa.Text)))
        if self._dialect == "sqlite":
            each = sa.func.json_each(sa.bindparam(name, type_=sa.Text)).table_valued("value")
            return column.in_(sa.select(each.c.value))
        return column.in_(sa.bindparam(name, expanding=True))

    def of(self, identifiers: Sequence[str]) -> IdSet:
        """Return how these ids are bound: a single one is compared, which costs the database less than a list."""
        return _ONE if len(identifiers) == 1 else self

    def places(self, name: str = "ids") -> tuple[sa.ColumnElement[str], sa.ColumnElement[int]] | None:
        """Return the ids of a parameter as a column, and their places from 0 on as another.

        `None` where the database can't take a list as one value.
        """
        if self._dialect == "postgresql":
            ids = sa.func.unnest(sa.bindparam(name, type_=postgresql.ARRAY(sa.Text)))
            each = ids.table_valued("id", with_ordinality="place", name="places").render_derived()
            return each.c.id, each.c.place - 1
        if self._dialect == "sqlite":
            each = sa.func.json_each(sa.bindparam(name, type_=sa.Text)).table_valued("key", "value")
            # Made once, and its ids looked up: SQLite would read the whole list again for each row of the table.
            places = sa.select(each.c.key, each.c.value).cte("places").prefix_with("MATERIALIZED")
            return places.c.value, places.c.key
        return None

    def value(self, identifiers: Sequence[str]) -> Any:
        """Return what to bind."""
        if self._dialect == "sqlite":
            return json.dumps(list(identifiers))
        return list(identifiers)


class _OneId(IdSet):
    """The condition "this id"."""

    def contains(self, column: sa.ColumnElement[str], name: str = "ids") -> sa.ColumnElement[bool]:
        """Return the condition, with a parameter of that name."""
        return column == sa.bindparam(name, type_=sa.Text)

    def value(self, identifiers: Sequence[str]) -> Any:
        """Return what to bind."""
        return identifiers[0]


_ONE = _OneId("")
