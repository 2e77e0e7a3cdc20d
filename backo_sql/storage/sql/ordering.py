"""An order in the terms of tables: what to join, what to order by, and what stands behind a place in it.

In: an `Order`, and a place in it. Out: SQLAlchemy expressions. A reference to one item is joined from the outside and
by a key that is unique there, so that no row is ever multiplied or lost. Null stands behind every value.

What stands behind a place is asked for in one branch or in two, one after the other: where the first term may be null,
its values and its nulls come apart, so that no OR keeps the database from an index on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles

from ...errors import QueryError
from ...model.model import Side
from ...model.paths import Path, column_name
from ...query.cursor import Key
from ...query.order import Order, Term


@dataclass(frozen=True, slots=True)
class Sorted:
    """One column to sort by."""

    column: sa.ColumnElement[Any]
    descending: bool
    nullable: bool

    def clause(self, dialect: str) -> sa.ColumnElement[Any]:
        """Return what stands in ORDER BY; PostgreSQL takes null for the largest of all by itself."""
        clause = self.column.desc() if self.descending else self.column.asc()
        if not self.nullable or dialect == "postgresql":
            return clause
        return clause.nulls_first() if self.descending else clause.nulls_last()

    def value(self, position: int) -> sa.BindParameter[Any]:
        """Return the parameter for the value of this column in the place behind which a page begins."""
        return sa.bindparam(_parameter(position), type_=self.column.type)


def after_parameters(after: Key) -> dict[str, Any]:
    """Return what to bind for the place behind which a page begins; nulls are in the text of the statement."""
    return {_parameter(position): value for position, value in enumerate(after) if value is not None}


def _parameter(position: int) -> str:
    return f"_after{position}"  # no field's name begins so


@dataclass(frozen=True, slots=True)
class Branch:
    """A part of what stands behind a place.

    Attributes:
        where: which rows.
        first: the first term that still orders them: those before it are the same in all.
        known: the term at `first` is null in none of them.
    """

    where: sa.ColumnElement[bool]
    first: int = 0
    known: bool = False


class Ordering:
    """An order of the rows of one table.

    Args:
        order: what to sort by.
        collection: whose rows.
        tables: of the database, by collection.
        dialect: of the database.

    Raises:
        QueryError: a term leads into another database.
    """

    def __init__(self, order: Order, collection: str, tables: Mapping[str, sa.Table], dialect: str) -> None:
        self._tables = tables
        self._dialect = dialect
        self._joined: dict[Path, sa.FromClause] = {(): tables[collection]}
        #: what to select from: the table with all that its order looks at
        self.source: sa.FromClause = tables[collection]
        self.terms = [self._sorted(term) for term in order]

    @property
    def columns(self) -> list[sa.ColumnElement[Any]]:
        """What else to select to know the place of a row: the last column of the order is read anyway."""
        return [term.column for term in self.terms[:-1]]

    def statements(self, read: sa.Select[Any], nulls: Sequence[bool] | None) -> list[sa.Select[Any]]:
        """Return the statements, one after the other, that read in this order.

        Args:
            read: what to read.
            nulls: for each term, whether its value is null in the place behind which to begin; `None` for the
                beginning.
        """
        if nulls is None:
            return [read.order_by(*self._clauses(self.terms))]
        return [
            read.where(branch.where).order_by(*self._clauses(self._terms_of(branch)))
            for branch in self._branches(nulls)
        ]

    def _clauses(self, terms: Sequence[Sorted]) -> list[sa.ColumnElement[Any]]:
        return [term.clause(self._dialect) for term in terms]

    def _terms_of(self, branch: Branch) -> list[Sorted]:
        """Leave out what orders nothing in a branch."""
        first, *others = self.terms[branch.first :]
        return [replace(first, nullable=first.nullable and not branch.known), *others]

    def _branches(self, nulls: Sequence[bool]) -> list[Branch]:
        """Return what stands behind a place, in parts that follow on each other."""
        first, *others = self.terms
        behind = self._behind(1, nulls) if others else None
        if not nulls[0]:
            value = first.value(0)
            beyond = first.column < value if first.descending else first.column > value
            if behind is None:
                return [Branch(beyond, known=True)]
            reached = first.column <= value if first.descending else first.column >= value
            where = sa.and_(reached, sa.or_(beyond, sa.and_(first.column == value, behind)))
            branches = [Branch(self._as_row() if self._is_plain(nulls) else where, known=True)]
            if first.nullable and not first.descending:
                branches.append(Branch(first.column.is_(None), first=1))
            return branches
        branches = [Branch(sa.and_(first.column.is_(None), behind), first=1)] if behind is not None else []
        if first.descending:
            branches.append(Branch(first.column.is_not(None), known=True))
        return branches

    def _is_plain(self, nulls: Sequence[bool]) -> bool:
        """Tell whether to compare all terms at once, which an index over several of them serves as a whole."""
        return (
            not any(nulls)
            and not any(term.nullable for term in self.terms[1:])
            and len({term.descending for term in self.terms}) == 1
            and self.source is self._joined[()]
        )

    def _as_row(self) -> sa.ColumnElement[bool]:
        here = sa.tuple_(*(term.column for term in self.terms))
        place = sa.tuple_(*(term.value(position) for position, term in enumerate(self.terms)))
        return here < place if self.terms[0].descending else here > place

    def _behind(self, position: int, nulls: Sequence[bool]) -> sa.ColumnElement[bool]:
        """Return what stands behind a place among those that are like it in all terms before."""
        term = self.terms[position]
        beyond, same = self._beyond(term, position, null=nulls[position])
        if position + 1 == len(self.terms):
            return beyond
        return sa.or_(beyond, sa.and_(same, self._behind(position + 1, nulls)))

    @staticmethod
    def _beyond(term: Sorted, position: int, *, null: bool) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
        column = term.column
        if null:
            return column.is_not(None) if term.descending else sa.false(), column.is_(None)
        value = term.value(position)
        if term.descending:
            return column < value, column == value
        beyond: sa.ColumnElement[bool] = column > value
        return sa.or_(beyond, column.is_(None)) if term.nullable else beyond, column == value

    # -- joins -------------------------------------------------------------------------------------

    def column(self, term: Term) -> sa.ColumnElement[Any]:
        """Return the column of a field, with what leads to it joined to the source."""
        here: Path = ()
        for hop in term.hops:
            near, here = self._joined[here], (*here, *hop.path)
            if here not in self._joined:
                self._joined[here] = self._join(near, hop.path, hop.side, here)
        return self._joined[here].c[term.leaf.column]

    def _sorted(self, term: Term) -> Sorted:
        column = self.column(term)
        return Sorted(column, term.descending, bool(term.hops) or bool(getattr(column, "nullable", True)))

    def _join(self, near: sa.FromClause, path: Path, side: Side, whole: Path) -> sa.FromClause:
        table = self._tables.get(side.other)
        if table is None:
            raise QueryError(f"Can't sort through {'.'.join(whole)!r}: {side.other!r} lives in another database.")
        far = table.alias(f"to__{len(self._joined)}")  # no table has such a name
        relation = side.relation
        pointer = column_name(relation.owner.path)
        link = near.c[pointer] == far.c["_id"] if side.is_owner else far.c[pointer] == near.c["_id"]
        self.source = self.source.outerjoin(far, link)
        return far


class Explained(sa.sql.expression.Executable, sa.sql.expression.ClauseElement):
    """What PostgreSQL's planner expects of a statement, as JSON."""

    inherit_cache = False

    def __init__(self, statement: sa.Select[Any]) -> None:
        self.statement = statement


@compiles(Explained, "postgresql")
def _explain(element: Explained, compiler: Any, **options: Any) -> str:
    return f"EXPLAIN (FORMAT JSON) {compiler.process(element.statement, **options)}"
