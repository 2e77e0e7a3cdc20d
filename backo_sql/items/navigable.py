"""What every live container can be asked by path: selectors, filters and patches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .live import Live
from .match import match
from .patch import patch
from .selectors import multi_select, select


class Navigable(Live):
    """A live container whose parts are reached by paths such as `$.loan.reader.name`."""

    __slots__ = ()

    def select(self, selector: str | None) -> Any:
        """Return what a selector such as `$.loan.reader.name` or `$.tags[0]` leads to; `None` where it leads nowhere.

        Args:
            selector: walks through fields, lists and references; `None` for this object itself.
        """
        return select(self, selector)

    def multi_select(self, selectors: Sequence[str] | None) -> Any:
        """Return what each of several selectors leads to, as a list."""
        return multi_select(self, selectors)

    def match(self, filter: Any) -> bool:  # noqa: A002 - the name that users know
        """Tell whether these values satisfy a filter, written as for `Collection.select`."""
        return match(self, filter)

    def patch(self, operations: Any, path: str | None = None, value: Any = None) -> None:
        """Apply patch operations: all of them or, when one fails, none.

        Args:
            operations: `test`, `replace`, `remove` or `add`, with `path` and `value`; or an operation as a dict, or a
                list of them.
            path: a selector of one thing.
            value: for the operations that need one.

        Raises:
            ValidationError: naming the operation's place, or the field whose value is refused.
        """
        patch(self, operations, path, value)
