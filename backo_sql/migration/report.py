"""What migrations tell, as plain data: revisions, differences, and the question whether something was renamed."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Revision:
    """One file of a history.

    Attributes:
        id: names it, in commands and in the database.
        parents: what comes before it; none for the first, several where two branches were merged.
        message: what it is for.
        path: the file.
        created: when it was written, where the file says so.
        destructive: what it takes away when it is applied, a sentence each.
        is_head: nothing comes after it.
        is_applied: the database has it.
    """

    id: str
    parents: tuple[str, ...]
    message: str
    path: Path
    created: datetime.datetime | None
    destructive: tuple[str, ...]
    is_head: bool
    is_applied: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """One way in which a database is not as its description says.

    Attributes:
        kind: such as `add_column`, `drop_table`, `rename_column`, `change_type`, `add_check`.
        table: where it is.
        name: of the column, the constraint or the index; empty where the table itself is meant.
        text: a sentence for people.
        destructive: mending it takes values away.
    """

    kind: str
    table: str
    name: str
    text: str
    destructive: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """What `check` found.

    Attributes:
        differences: between the database and the description.
        pending: revisions that the database doesn't have yet, the next one first.
        heads: the ends of the history; more than one have to be merged.
        current: what the database has.
        unknown: tables that neither the description nor the history knows; nobody touches them.
    """

    differences: tuple[Difference, ...]
    pending: tuple[Revision, ...]
    heads: tuple[Revision, ...]
    current: tuple[Revision, ...]
    unknown: tuple[str, ...] = ()

    @property
    def is_clean(self) -> bool:
        """The database is at the one head, and as the description says."""
        return not self.differences and not self.pending and len(self.heads) <= 1


@dataclass(frozen=True, slots=True)
class RenameQuestion:
    """Something went and something alike came: was it renamed?

    Attributes:
        kind: `field` or `collection`.
        collection: where it is; the new name, for a collection.
        old: the path of the field that went (`$.name`), or the name of the collection.
        new: the path or name that came.
    """

    kind: str
    collection: str
    old: str
    new: str

    def __str__(self) -> str:
        if self.kind == "collection":
            return f"Was the collection {self.old!r} renamed to {self.new!r}?"
        return f"Was {self.old} of {self.collection!r} renamed to {self.new}?"


#: Answers a question: `True` where it was renamed, `False` where one thing went and another came.
Ask: TypeAlias = Callable[[RenameQuestion], bool]

#: As `include_object` of Alembic; see there.
IncludeObject: TypeAlias = Callable[[Any, str | None, str, bool, Any], bool]
