"""`Selection`: a named query of a collection, with columns instead of whole items.

In: what a user writes. Out: the same, checked as far as it can be without knowing the collection. The rest is checked
when the collection is in use (`service/selections.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from ..errors import DescriptionError

if TYPE_CHECKING:
    from .collection import Collection

#: `True`, `False`, or a function of `("read", None)`, of the user alone, or of nothing
Right: TypeAlias = bool | Callable[..., Any]

ID_COLUMN = "$._id"


class Selection:
    """A named query of a collection: which items, and which columns of them.

    Args:
        selectors: the columns, such as `"$.title"` or `"$.author.name"`; the id is put before them unless it is among
            them. Without selectors the items themselves are selected.
        filter: which items, as `Collection.select` takes it, or a function that returns it: of nothing, or of the
            current user. Whoever asks can narrow it and never widen it.
        can_read: who may ask: `True`, `False`, or a function of `(right_name, item)`, where the item is `None`, or of
            the current user alone. Also `read`.
        sort: the order, as `Collection.select` takes it; whoever asks for another one has ties in this one.

    Raises:
        DescriptionError: an option is none, or of a wrong type.

    Example:
        >>> lent = Selection(["$.title", "$.loan.reader.name"], filter={"loan.reader": ("$ne", None)})
        >>> books.register_selection("lent", lent)
        >>> lent.select(page_size=10)
    """

    def __init__(
        self,
        selectors: Sequence[str] | None = None,
        *,
        filter: Any = None,  # noqa: A002 - the name that users know
        can_read: Right = True,
        sort: str | Sequence[str] | None = None,
        **options: Any,
    ) -> None:
        if "read" in options:
            can_read = options.pop("read")
        if options:
            raise DescriptionError(
                f"Selection has no option {next(iter(options))!r}. It has: filter, can_read (also read) and sort."
            )
        if selectors is not None and (
            not isinstance(selectors, list | tuple) or not all(isinstance(each, str) for each in selectors)
        ):
            raise DescriptionError(f"A Selection takes a list of selectors such as '$.title', not {selectors!r}.")
        if filter is not None and not isinstance(filter, Mapping | tuple) and not callable(filter):
            raise DescriptionError(f"Option 'filter' of Selection takes a filter or a function, not {filter!r}.")
        if not isinstance(can_read, bool) and not callable(can_read):
            raise DescriptionError(f"Option 'can_read' of Selection takes a truth value or a function: {can_read!r}.")
        if sort is not None and not isinstance(sort, str | list | tuple):
            raise DescriptionError(f"Option 'sort' of Selection takes a text or a list of texts, not {sort!r}.")
        #: the columns; `None` for whole items
        self.selectors: tuple[str, ...] | None = None
        if selectors is not None:
            self.selectors = tuple(selectors) if ID_COLUMN in selectors else (ID_COLUMN, *selectors)
        self.filter = filter
        self.can_read = can_read
        self.sort = sort
        self.name: str | None = None
        self._collection: Collection | None = None

    @property
    def collection(self) -> Collection:
        """The collection that it is registered with.

        Raises:
            DescriptionError: it isn't registered yet.
        """
        if self._collection is None:
            raise DescriptionError(
                "This Selection belongs to no collection: call collection.register_selection(name, selection) first."
            )
        return self._collection

    def attach(self, collection: Collection, name: str) -> None:
        """Note the collection and the name; called by `register_selection`."""
        if self._collection is not None:
            raise DescriptionError(
                f"This Selection is registered with {self._collection.name!r} as {self.name!r} already: make another."
            )
        self._collection, self.name = collection, name

    def select(
        self,
        filter: Any = None,  # noqa: A002 - the name that users know
        page_size: int = 0,
        num_of_element_to_skip: int = 0,
        sort: str | Sequence[str] | None = None,
    ) -> dict[str, Any]:
        """Return a page of what is selected.

        Args:
            filter: narrows it, written as for `Collection.select`.
            page_size: how many at most; 0 for all.
            num_of_element_to_skip: how many to leave out first.
            sort: an order other than its own.

        Returns:
            `{"result", "total", "_skip", "_page"}`: a list of rows, each a list of the id and the columns, or the
            items where there are no columns; and how many there are in all.

        Raises:
            RightsError: the current user may not ask, or may not read a column.
            QueryError: the filter or the sort can't be understood.
            DescriptionError: it isn't registered.
        """
        service = self.collection.backoffice.service
        return service.run_selection(self, filter, page_size, num_of_element_to_skip, sort)

    def count(self, filter: Any = None) -> int:  # noqa: A002 - the name that users know
        """Return how many items are selected; see `select`."""
        return self.collection.backoffice.service.count_selection(self, filter)

    def __repr__(self) -> str:
        return f"<Selection {self.name or 'without a name'}: {', '.join(self.selectors or ('items',))}>"
