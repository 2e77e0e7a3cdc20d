"""A page of a list: what was asked for, with everything looked up, and what is answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from ..query.ast import TRUE, Bound
from ..query.cursor import Key
from ..query.order import BY_ID, Order
from ..query.plan import Total

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asked:
    """A page of a list that was asked for.

    Attributes:
        collection: whose items.
        where: which of them, as far as the backend can tell.
        remainder: what is left of the filter, to be evaluated in Python on the items that the backend finds.
        order: in which they come.
        limit: how many at most; `None` for all.
        skip: how many to leave out first.
        after: the place behind which the page begins, in place of `skip`.
        total: how the matches are counted.
        seconds: how long the remainder may take; `None` for as long as it likes.
    """

    collection: str
    where: Bound
    remainder: Bound = TRUE
    order: Order = BY_ID
    limit: int | None = None
    skip: int = 0
    after: Key | None = None
    total: Total = Total.NONE
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of a list.

    Attributes:
        result: what stands on it.
        total: how many match, where that was asked for.
        next: the cursor of the page that follows; `None` on the last one.
    """

    result: list[T]
    total: int | None
    next: str | None
