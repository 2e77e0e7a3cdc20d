"""One unit of work on an SQL database: the statements that plans and changes become.

In: plans, ids and plain values. Out: records and ids. Every call is one statement, whatever the number of items; what
stands behind a place in an order may take two.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from ...model.paths import Path, column_name
from ...model.relations import Relation, RelationKind
from ...model.views import Projection
from ...query.ast import Bound
from ...query.order import BY_ID
from ...query.plan import SelectPlan
from ..interface import Form, Link, Record
from .association import Association
from .id_set import UPDATED, IdSet
from .loading import Reader, make_column_reader, make_writer, stored_value
from .ordering import Explained, Ordering, after_parameters
from .running import Running
from .tables import VERSION

if TYPE_CHECKING:
    from .connector import Binding


#: how many statements are kept; those of reading are far fewer
_MOST_STATEMENTS = 1000

#: Rows are read by position: SQLAlchemy need not look up the columns of each new statement in them.
_BY_POSITION = {"_result_disable_adapt_to_context": True}


class SQLSession:
    """A connection that is in a transaction."""

    def __init__(self, binding: Binding, connection: sa.Connection) -> None:
        self._binding = binding
        self._connection = connection
        self._id_set = binding.id_set
        self._dialect = connection.dialect.name
        self._running = Running(connection, binding.failures)
        self._execute = self._running.execute
        self._last: tuple[Bound, sa.ColumnElement[bool] | None] | None = None

    # -- reading -----------------------------------------------------------------------------------

    def get(self, projection: Projection, identifier: str, form: Form, *, lock: bool = False) -> Record | None:
        """Read one item."""
        reader = self._binding.reader(projection, form)
        key = ("get", projection, form, lock)
        statement = self._binding.statements.get(key)
        if statement is None:
            table = self._binding.tables[projection.collection]
            statement = sa.select(*reader.columns, table.c["_id"], table.c[VERSION]).where(
                table.c["_id"] == sa.bindparam("id")
            )
            # Whoever refers to an item that is being changed need not wait: its id stays.
            statement = statement.with_for_update(key_share=True) if lock else statement
            self._binding.statements[key] = statement
        row = self._execute(statement, {"id": identifier}).first()
        if row is None:
            return None
        record = Record(identifier, reader.build(row), row[-1])
        self._fill(projection.collection, reader, [record], form)
        return record

    def select(self, plan: SelectPlan, form: Form) -> list[Record]:
        """Read a page of items."""
        columns = plan.columns
        reader = make_column_reader(columns, form) if columns else self._binding.reader(plan.projection, form)
        build, keys = reader.build, len(columns or reader.columns)
        where = self._compiled(plan.projection.collection, plan.where)
        parameters: dict[str, Any] = {} if plan.after is None else after_parameters(plan.after)
        parameters["_skip"] = plan.skip
        records: list[Record] = []
        for read in self._statements(plan, form, reader):
            if plan.limit is not None:
                parameters["_limit"] = plan.limit - len(records)
            rows = self._running.rows(read if where is None else read.where(where), parameters)
            if plan.order is BY_ID:
                records += [Record(row[-2], build(row), row[-1]) for row in rows]
            else:
                records += [Record(row[-2], build(row), row[-1], row[keys:-2]) for row in rows]
            if len(records) == plan.limit:
                break
        self._fill(plan.projection.collection, reader, records, form)
        return records

    def _statements(self, plan: SelectPlan, form: Form, reader: Reader) -> Iterable[sa.Select[Any]]:
        """Return the statements that read in an order, one after the other, from its beginning or behind a place."""
        order = None if plan.order is BY_ID else plan.order
        nulls = None if plan.after is None else tuple(value is None for value in plan.after)
        bounds = plan.limit is None, plan.skip > 0
        key = ("select", plan.projection.collection, plan.columns or (plan.projection, form), order, nulls, bounds)
        statements: list[sa.Select[Any]] | None = self._binding.statements.get(key)
        if statements is None:
            table = self._binding.tables[plan.projection.collection]
            ordering = Ordering(plan.order, plan.projection.collection, self._binding.tables, self._dialect)
            shown = [ordering.column(term) for term in plan.columns] or reader.columns
            columns = (*shown, *ordering.columns, table.c["_id"], table.c[VERSION])
            read = sa.select(*columns).select_from(ordering.source).execution_options(**_BY_POSITION)
            read = read if plan.limit is None else read.limit(sa.bindparam("_limit", type_=sa.BigInteger))
            read = read.offset(sa.bindparam("_skip", type_=sa.BigInteger)) if plan.skip else read
            statements = ordering.statements(read, nulls)
            self._keep(key, statements)
        return statements

    def _fill(self, collection: str, reader: Reader, records: Sequence[Record], form: Form) -> None:
        """Read the lists whose elements are rows of another table."""
        for path in reader.lists:
            self._binding.lists[collection][path].fill(self._execute, records, form)

    def count(self, collection: str, where: Bound) -> int:
        """Count the items that match."""
        key = ("count", collection)
        statement: sa.Select[Any] | None = self._binding.statements.get(key)
        if statement is None:
            statement = sa.select(sa.func.count()).select_from(self._binding.tables[collection])
            statement = statement.execution_options(**_BY_POSITION)
            self._binding.statements[key] = statement
        compiled = self._compiled(collection, where)
        return int(self._running.rows(statement if compiled is None else statement.where(compiled))[0][0])

    def estimate(self, collection: str, where: Bound) -> int:
        """Tell about how many items match: what PostgreSQL's planner expects; elsewhere they are counted."""
        if self._dialect != "postgresql":
            return self.count(collection, where)
        compiled = self._compiled(collection, where)
        rows: sa.Select[Any] = sa.select(sa.literal_column("1")).select_from(self._binding.tables[collection])
        explained = Explained(rows if compiled is None else rows.where(compiled))
        return int(self._execute(explained).scalar_one()[0]["Plan"]["Plan Rows"])

    def _compiled(self, collection: str, where: Bound) -> sa.ColumnElement[bool] | None:
        """Compile a filter; once for the page and the count that follows it."""
        if self._last is None or self._last[0] is not where:
            self._last = where, self._binding.filters.compile(where, collection)
        return self._last[1]

    def existing(self, collection: str, identifiers: Sequence[str], *, lock: bool = False) -> set[str]:
        """Return those of the ids that are there."""
        ids = self._id_set.of(identifiers)
        key = ("existing", collection, lock, ids)
        statement = self._binding.statements.get(key)
        if statement is None:
            identity = self._binding.tables[collection].c["_id"]
            statement = sa.select(identity).where(ids.contains(identity))
            statement = statement.order_by(identity).with_for_update() if lock else statement
            self._binding.statements[key] = statement
        return {row[0] for row in self._execute(statement, {"ids": ids.value(identifiers)}).all()}

    def linked(
        self, relation: Relation, identifiers: Sequence[str], *, from_owner: bool, lock: bool = False
    ) -> dict[str, list[str]]:
        """Return the ids on the other side of a link, in order."""
        ids = self._id_set.of(identifiers)
        key = ("linked", relation, from_owner, lock, ids)
        statement = self._binding.statements.get(key)
        if statement is None:
            statement = self._linked_statement(relation, ids, from_owner=from_owner)
            statement = statement.with_for_update() if lock and not relation.in_elements else statement
            self._binding.statements[key] = statement
        found: dict[str, list[str]] = defaultdict(list)
        for near, far in self._execute(statement, {"ids": ids.value(identifiers)}).all():
            others = found[near]
            if not others or others[-1] != far:  # two elements of one list may refer to the same item
                others.append(far)
        if lock and found and relation.in_elements:
            self.lock(relation.owner.collection, sorted({each for others in found.values() for each in others}))
        return dict(found)

    def _linked_statement(self, relation: Relation, ids: IdSet, *, from_owner: bool) -> sa.Select[Any]:
        if relation.in_elements:
            return self._binding.elements(relation).linked_statement(relation, ids, from_owner=from_owner)
        if relation.kind is RelationKind.MANY_TO_MANY:
            return self._association(relation).linked_statement(ids, from_owner=from_owner)
        table = self._binding.tables[relation.owner.collection]
        pointer, identity = table.c[column_name(relation.owner.path)], table.c["_id"]
        near, far = (identity, pointer) if from_owner else (pointer, identity)
        statement = sa.select(near, far).where(ids.contains(near)).order_by(near, far)
        return statement.where(pointer.is_not(None)) if from_owner else statement

    def lock(self, collection: str, identifiers: Sequence[str]) -> None:
        """Keep others from writing these items, locked in one order: no two units of work wait for each other."""
        if self._dialect == "sqlite":  # there is one writer at a time
            return
        identity = self._binding.tables[collection].c["_id"]
        statement = sa.select(identity).where(self._id_set.contains(identity)).order_by(identity)
        statement = statement.with_for_update(key_share=True)
        self._execute(statement, {"ids": self._id_set.value(identifiers)}).all()

    # -- writing -----------------------------------------------------------------------------------

    def insert(self, collection: str, values: Sequence[Mapping[str, Any]]) -> None:
        """Store new items."""
        found = self._binding.statements.get(("insert", collection))
        if found is None:
            statement = sa.insert(self._binding.tables[collection])
            found = statement, make_writer(self._binding.columns[collection].values())
            self._binding.statements["insert", collection] = found
        statement, write = found
        self._execute(statement, [{VERSION: 1, **write(each)} for each in values])
        for elements in self._binding.lists[collection].values():
            elements.insert(self._execute, values)

    def update(self, collection: str, identifier: str, changes: Mapping[Path, Any], version: int | None) -> bool:
        """Change fields of one item; with a version, only in that version, which rises."""
        key = ("update", collection, tuple(changes), version is not None)
        statement = self._binding.statements.get(key)
        if statement is None:
            statement = self._update_statement(collection, tuple(changes), version)
            self._keep(key, statement)
        columns = self._binding.columns[collection]
        values = {
            f"new_{position}_": stored_value(columns[path].type, value)
            for position, (path, value) in enumerate(changes.items())
        }
        result = self._execute(statement, {**values, "id_": identifier, "version_": version})
        if not result.rowcount:
            return False
        for path, elements in self._binding.lists[collection].items():
            if path in changes:
                elements.change(self._execute, identifier, changes[path])
        return True

    def _update_statement(self, collection: str, paths: tuple[Path, ...], version: int | None) -> sa.Update:
        table = self._binding.tables[collection]
        columns = [column_name(path) for path in paths]
        values: dict[str, Any] = {
            column: sa.bindparam(f"new_{position}_", type_=table.c[column].type)
            for position, column in enumerate(columns)
        }
        # No column ends like these names: SQLAlchemy takes a parameter with the name of a column for its new value.
        statement = sa.update(table).where(table.c["_id"] == sa.bindparam("id_"))
        if version is not None:
            statement = statement.where(table.c[VERSION] == sa.bindparam("version_"))
            values[VERSION] = table.c[VERSION] + 1
        return statement.values(values)

    def delete(self, collection: str, identifiers: Sequence[str]) -> int:
        """Delete items."""
        ids = self._id_set.of(identifiers)
        statement = self._binding.statements.get(("delete", collection, ids))
        if statement is None:
            table = self._binding.tables[collection]
            statement = sa.delete(table).where(ids.contains(table.c["_id"]))
            self._binding.statements["delete", collection, ids] = statement
        return int(self._execute(statement, {"ids": ids.value(identifiers)}).rowcount)

    def delete_unlinked(self, collection: str, identifier: str, links: tuple[tuple[Relation, bool], ...]) -> bool:
        """Delete an item unless something is linked to it by these relations."""
        ids = self._id_set.of([identifier])
        key = ("delete unlinked", collection, links)
        statement = self._binding.statements.get(key)
        if statement is None:
            table = self._binding.tables[collection]
            linked = (self._linked_statement(relation, ids, from_owner=is_owner) for relation, is_owner in links)
            free = (~each.order_by(None).correlate(None).exists() for each in linked)
            statement = sa.delete(table).where(ids.contains(table.c["_id"]), *free)
            self._binding.statements[key] = statement
        return bool(self._execute(statement, {"ids": ids.value([identifier])}).rowcount)

    def drop(self, collection: str) -> None:
        """Delete all items of a collection, and the links that are rows of their own."""
        for relation, table in self._binding.associations.items():
            if collection in (relation.owner.collection, relation.target):
                self._execute(sa.delete(table))
        for elements in self._binding.lists[collection].values():
            self._execute(sa.delete(elements.table))
        self._execute(sa.delete(self._binding.tables[collection]))

    def point(self, relation: Relation, owners: Sequence[str], target: str) -> None:
        """Make owners point to a target."""
        table = self._binding.tables[relation.owner.collection]
        self._repoint(relation, owners, target, self._id_set.contains(table.c["_id"], UPDATED))

    def detach(self, relation: Relation, owners: Sequence[str], target: str) -> None:
        """Make those of the owners that point to a target point to nothing."""
        table = self._binding.tables[relation.owner.collection]
        pointer = table.c[column_name(relation.owner.path)]
        those = self._id_set.contains(table.c["_id"], UPDATED)
        self._repoint(relation, owners, None, sa.and_(those, pointer == target))

    def release(self, relation: Relation, targets: Sequence[str] | None) -> None:
        """Make every owner that points to these targets, or to any, point to nothing."""
        table = self._binding.tables[relation.owner.collection]
        if relation.in_elements:
            self._binding.elements(relation).release(self._execute, relation, table, VERSION, targets)
            return
        pointer = table.c[column_name(relation.owner.path)]
        concerned = pointer.is_not(None) if targets is None else self._id_set.contains(pointer, UPDATED)
        self._repoint(relation, targets, None, concerned)

    def _repoint(
        self, relation: Relation, identifiers: Sequence[str] | None, target: str | None, where: sa.ColumnElement[bool]
    ) -> None:
        table = self._binding.tables[relation.owner.collection]
        changes = {column_name(relation.owner.path): target, VERSION: table.c[VERSION] + 1}
        bound = {} if identifiers is None else {UPDATED: self._id_set.value(identifiers)}
        self._execute(sa.update(table).where(where).values(changes), bound)

    def link(self, relation: Relation, links: Iterable[Link]) -> None:
        """Add many-to-many links; those that are there already keep their place."""
        self._association(relation).link(self._execute, links)

    def unlink(self, relation: Relation, identifier: str, others: Sequence[str], *, from_owner: bool) -> None:
        """Remove many-to-many links of one item."""
        self._association(relation).unlink(self._execute, identifier, others, from_owner=from_owner)

    def unlink_all(self, relation: Relation, identifiers: Sequence[str], *, from_owner: bool) -> None:
        """Remove all many-to-many links of some items."""
        self._association(relation).unlink_all(self._execute, identifiers, from_owner=from_owner)

    def reorder(
        self, relation: Relation, identifier: str, others: Sequence[str], first: int, *, from_owner: bool
    ) -> None:
        """Give the many-to-many links of one item new positions."""
        self._association(relation).reorder(self._execute, identifier, others, first, from_owner=from_owner)

    def _association(self, relation: Relation) -> Association:
        return Association(self._binding.associations[relation], self._id_set, self._dialect)

    # -- the transaction ---------------------------------------------------------------------------

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what is done inside when it is left by an exception."""
        with self._binding.failures.translated():
            nested = self._connection.begin_nested()
        try:
            yield
        except BaseException:
            nested.rollback()
            raise
        with self._binding.failures.translated():
            nested.commit()

    def commit(self) -> None:
        """Keep everything. The database checks its deferred constraints here."""
        with self._binding.failures.translated():
            self._connection.commit()

    def close(self) -> None:
        """Give the connection back to the pool, which rolls back what was not committed."""
        self._running.stop()
        self._connection.close()

    def _keep(self, key: tuple[Any, ...], statement: Any) -> None:
        """Keep a statement that clients have a say in: what is kept must not grow with what they think of."""
        if len(self._binding.statements) < _MOST_STATEMENTS:
            self._binding.statements[key] = statement
