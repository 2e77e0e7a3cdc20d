"""What a backend is asked to read: plain data, made without any database."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ..model.views import Projection
from .ast import Bound
from .cursor import Key
from .order import BY_ID, Order, Term


class Total(Enum):
    """How the items that match are counted, beyond those of the page."""

    EXACT = "exact"
    ESTIMATED = "estimated"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class SelectPlan:
    """A page of a collection.

    Attributes:
        projection: the fields to read.
        where: which items.
        limit: how many at most; `None` for all.
        skip: how many to leave out first.
        order: in which they come.
        after: the place in that order behind which the page begins, in place of `skip`.
        columns: what to read in the place of the projection: fields of the items and of the items that these link to.
            Their values come under their numbers, counted from 0.
    """

    projection: Projection
    where: Bound
    limit: int | None = None
    skip: int = 0
    order: Order = BY_ID
    after: Key | None = None
    columns: tuple[Term, ...] = ()
