"""Many-to-many links: the rows of a table that holds nothing else.

In: the ids of both sides, and places. Out: statements that were run. Every call is one statement, whatever the number
of links; on a database that can't take a list as one value, a change of places is sent once per link.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from ..interface import Link
from .id_set import IdSet

Execute: TypeAlias = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Association:
    """The table of one relation, and the statements on it. The near side is the one whose ids are given.

    Attributes:
        table: the table.
        id_set: how ids are bound.
        dialect: the name of the database.
    """

    table: sa.Table
    id_set: IdSet
    dialect: str

    def linked_statement(self, ids: IdSet, *, from_owner: bool) -> sa.Select[Any]:
        """Return what reads both ids of the links of some items, in the order of the near side."""
        near, far, position = self._sides(from_owner)
        return sa.select(near, far).where(ids.contains(near)).order_by(near, position, far)

    def link(self, execute: Execute, links: Iterable[Link]) -> None:
        """Add links; those that are there already keep their place."""
        rows = [
            {
                "owner_id": link.owner,
                "target_id": link.target,
                "owner_position": link.owner_position,
                "target_position": link.target_position,
            }
            for link in sorted(links, key=_ids)  # two who add the same links wait for each other in one order
        ]
        # Two people who add the same link both mean that it be there: the second finds it, and that is no fault.
        statement: Any
        match self.dialect:
            case "sqlite":
                statement = sqlite.insert(self.table).on_conflict_do_nothing()
            case "postgresql":
                statement = postgresql.insert(self.table).on_conflict_do_nothing()
            case _:
                statement = sa.insert(self.table)
        execute(statement, rows)

    def unlink(self, execute: Execute, identifier: str, others: Sequence[str], *, from_owner: bool) -> None:
        """Remove some links of one item."""
        near, far, _ = self._sides(from_owner)
        statement = sa.delete(self.table).where(near == identifier, self.id_set.contains(far))
        execute(statement, {"ids": self.id_set.value(others)})

    def unlink_all(self, execute: Execute, identifiers: Sequence[str], *, from_owner: bool) -> None:
        """Remove all links of some items."""
        near, _, _ = self._sides(from_owner)
        execute(sa.delete(self.table).where(self.id_set.contains(near)), {"ids": self.id_set.value(identifiers)})

    def reorder(
        self, execute: Execute, identifier: str, others: Sequence[str], first: int, *, from_owner: bool
    ) -> None:
        """Give links of one item new places, from the first one on."""
        near, far, position = self._sides(from_owner)
        statement = sa.update(self.table).where(near == identifier)
        places = self.id_set.places()
        if places is None:
            statement = statement.where(far == sa.bindparam("other")).values({position: sa.bindparam("place")})
            execute(statement, [{"other": other, "place": first + place} for place, other in enumerate(others)])
            return
        other, place = places
        statement = statement.where(far == other).values({position: sa.literal(first, sa.BigInteger) + place})
        execute(statement, {"ids": self.id_set.value(others)})

    def _sides(self, from_owner: bool) -> tuple[sa.Column[Any], sa.Column[Any], sa.Column[Any]]:
        """Return the columns of the near id, the far id and the place that the near side gave the link."""
        columns = self.table.c
        if from_owner:
            return columns.owner_id, columns.target_id, columns.owner_position
        return columns.target_id, columns.owner_id, columns.target_position


def _ids(link: Link) -> tuple[str, str]:
    return link.owner, link.target
