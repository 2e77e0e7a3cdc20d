"""Lists whose elements are rows of a table of their own, because a foreign key needs a column.

In: the plain lists of items. Out: the same lists, read back. The rest of the system knows nothing of these tables: a
list is read and written as a part of its item. Every call is a fixed number of statements per list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias, cast

import sqlalchemy as sa

from ...model.description import get_value
from ...model.paths import column_name
from ...model.relations import Relation
from ...types.container import DictType, ListType
from ...types.values import identical
from ..interface import Form, Record
from .id_set import UPDATED, IdSet
from .layout import OWNER, POSITION, ElementsLayout
from .loading import Reader, make_element_reader, make_writer

Execute: TypeAlias = Callable[..., Any]

_BEFORE_ELEMENT = (OWNER, POSITION)


@dataclass(frozen=True)
class ElementTable:
    """The table of one list, and the statements on it.

    Attributes:
        layout: how it is laid out.
        table: the table.
        element: the type of an element.
        id_set: how ids are bound.
    """

    layout: ElementsLayout
    table: sa.Table
    element: DictType
    id_set: IdSet

    @classmethod
    def of(cls, layout: ElementsLayout, table: sa.Table, list_type: Any, id_set: IdSet) -> ElementTable:
        """Put one together from the layout, the table and the type of the list."""
        return cls(layout, table, cast("DictType", cast("ListType", list_type).element), id_set)

    def pointer(self, relation: Relation) -> sa.Column[Any]:
        """Return the column of a reference in the elements."""
        return self.table.c[column_name(relation.element_path)]

    def fill(self, execute: Execute, records: Sequence[Record], form: Form) -> None:
        """Put the elements into the lists of records that were just read, which are empty or null."""
        path = self.layout.path
        lists = {
            record.identifier: found for record in records if (found := get_value(record.values, path)) is not None
        }
        if not lists:
            return
        reader, statement = self._readers[form]
        for row in execute(statement, {"ids": self.id_set.value(list(lists))}):
            lists[row[0]].append(reader.build(row))

    def insert(self, execute: Execute, items: Iterable[Mapping[str, Any]]) -> None:
        """Write the lists of new items."""
        rows = [
            self._row(item["_id"], position, element)
            for item in items
            for position, element in enumerate(get_value(item, self.layout.path) or ())
        ]
        if rows:
            execute(self._insert, rows)

    def change(self, execute: Execute, identifier: str, elements: Sequence[Any] | None) -> None:
        """Write the list of an item, whose own row is locked: only what differs from the rows that are there."""
        reader, statement = self._readers[Form.VALUES]
        positions: list[int] = []
        before: list[Any] = []
        for row in execute(statement, {"ids": self.id_set.value([identifier])}):
            positions.append(row[1])
            before.append(reader.build(row))
        removed, added = difference(before, positions, elements or ())
        if removed:
            execute(self._delete, [{"owner": identifier, "place": position} for position in removed])
        if added:
            execute(self._insert, [self._row(identifier, position, element) for position, element in added])

    def linked_statement(self, relation: Relation, ids: IdSet, *, from_owner: bool) -> sa.Select[Any]:
        """Return the statement that reads the ids on the other side of a reference in the elements, in order.

        An id comes as often as elements refer to it: rows that are made one could not be locked.
        """
        owner, pointer = self.table.c[OWNER], self.pointer(relation)
        near, far = (owner, pointer) if from_owner else (pointer, owner)
        statement = sa.select(near, far).where(ids.contains(near)).order_by(near, far)
        return statement.where(pointer.is_not(None)) if from_owner else statement

    def release(
        self, execute: Execute, relation: Relation, owners: sa.Table, version: str, targets: Sequence[str] | None
    ) -> None:
        """Make a reference in the elements point to nothing where it points to one of these targets, or to any.

        The versions of the items rise first: rows of items are always locked before those of their lists.
        """
        pointer = self.pointer(relation)
        concerned = pointer.is_not(None) if targets is None else self.id_set.contains(pointer, UPDATED)
        bound = {} if targets is None else {UPDATED: self.id_set.value(targets)}
        holders = sa.select(self.table.c[OWNER]).where(concerned)
        raised = {version: owners.c[version] + 1}
        execute(sa.update(owners).where(owners.c["_id"].in_(holders)).values(raised), bound)
        execute(sa.update(self.table).where(concerned).values({pointer.name: None}), bound)

    @cached_property
    def _readers(self) -> dict[Form, tuple[Reader, sa.Select[Any]]]:
        """How each form is read."""
        owner, position = self.table.c[OWNER], self.table.c[POSITION]
        columns = {column.path: column for column in self.layout.table.columns}
        made = {}
        for form in Form:
            reader = make_element_reader(self.element, self.table, columns, self.layout.path, _BEFORE_ELEMENT, form)
            statement = sa.select(*reader.columns).where(self.id_set.contains(owner)).order_by(owner, position)
            made[form] = (reader, statement)
        return made

    @cached_property
    def _insert(self) -> sa.Insert:
        return sa.insert(self.table)

    @cached_property
    def _delete(self) -> sa.Delete:
        owner, position = self.table.c[OWNER], self.table.c[POSITION]
        return sa.delete(self.table).where(owner == sa.bindparam("owner"), position == sa.bindparam("place"))

    def _row(self, owner: str, position: int, element: Mapping[str, Any]) -> dict[str, Any]:
        return {OWNER: owner, POSITION: position, **self._write(element)}

    @cached_property
    def _write(self) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
        return make_writer(self.layout.table.columns, self.layout.path)


def difference(
    before: Sequence[Any], positions: Sequence[int], after: Sequence[Any]
) -> tuple[list[int], list[tuple[int, Any]]]:
    """Say which rows of a list go and which come.

    Only the order of positions counts. What stands at both ends unchanged is left alone, where there is room between
    the two for what comes.

    Args:
        before: the elements that are there.
        positions: of each of them.
        after: the elements that shall be there.

    Returns:
        The positions of the rows that go, and the rows that come, with their positions.

    Example:
        >>> difference(["a", "b", "c"], [0, 1, 2], ["a", "c", "d"])
        ([1, 2], [(1, 'c'), (2, 'd')])
    """
    shorter = min(len(before), len(after))
    front = 0
    while front < shorter and identical(before[front], after[front]):
        front += 1
    back = 0
    while back < shorter - front and identical(before[-1 - back], after[-1 - back]):
        back += 1
    more = len(after) - len(before)
    first_new = 0 if not positions else positions[-1] + 1
    if more > 0 and back:
        kept = positions[len(positions) - back]
        if back == len(positions):
            first_new = kept - more
        elif kept - positions[-1 - back] > more:
            first_new = positions[-1 - back] + 1
        else:
            back = 0
    old, new = positions[front : len(positions) - back], after[front : len(after) - back]
    changed = [
        place
        for place, position in enumerate(old)
        if place >= len(new) or not identical(before[front + place], new[place])
    ]
    added = [(old[place], new[place]) for place in changed if place < len(new)]
    added += [(first_new + place, element) for place, element in enumerate(new[len(old) :])]
    return [old[place] for place in changed], added
