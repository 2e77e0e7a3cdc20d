"""What a backend is asked to read: plain data, made without any database."""

from __future__ import annotations

from dataclasses import dataclass

from ..model.views import Projection
from .ast import Bound


@dataclass(frozen=True, slots=True)
class SelectPlan:
    """A page of a collection, in the order of `_id`.

    Attributes:
        projection: the fields to read.
        where: which items.
        limit: how many at most; `None` for all.
        skip: how many to leave out first.
    """

    projection: Projection
    where: Bound
    limit: int | None = None
    skip: int = 0
