"""`DBSQLConnector`: an SQL database as a place for collections."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa

from ...errors import DescriptionError
from ...model.model import Model
from ...model.paths import Path, path_text
from ...model.relations import Relation, RelationKind
from ...model.views import Projection
from ...query.ast import Bound
from ..identifiers import uuid7
from ..interface import Form
from .answers import answers
from .columns import check_column, write_document
from .compile import IdSet
from .elements import ElementTable
from .failures import Failures
from .layout import TableLayout, association_layout, elements_layouts, table_layout
from .loading import Columns, Reader, make_reader
from .session import SQLSession
from .tables import NAMING_CONVENTION, make_association, make_elements, make_table

#: the key of the advisory lock under which tables are made
_CREATE_LOCK = 0x6261636B6F

#: How long a statement waits for another writer of an SQLite file, in milliseconds.
SQLITE_BUSY_TIMEOUT = 15_000

#: The execution option by which a unit of work says that it will write.
WRITE = "backo_write"


@dataclass(frozen=True)
class Binding:
    """What a connector knows of one model: its tables, and how to read them.

    Attributes:
        model: the model.
        tables: of the collections.
        columns: of the same tables, by the path of their field.
        lists: of each collection, the tables of the lists whose elements hold references, by path of the list.
        associations: the tables of the many-to-many links.
        classes: the mapped classes, once somebody asked for one.
        failures: says what the database refused.
        readers: the plans by which projections are read.
        statements: those that are built once.
    """

    model: Model
    tables: Mapping[str, sa.Table]
    columns: Mapping[str, Columns]
    lists: Mapping[str, Mapping[Path, ElementTable]]
    associations: Mapping[Relation, sa.Table]
    classes: dict[str, type[Any]]
    failures: Failures
    readers: dict[tuple[Projection, Form], Reader]
    statements: dict[tuple[Any, ...], Any]

    def reader(self, projection: Projection, form: Form) -> Reader:
        """Return the plan by which a projection is read, made once."""
        key = (projection, form)
        reader = self.readers.get(key)
        if reader is None:
            name = projection.collection
            reader = self.readers[key] = make_reader(
                projection, self.tables[name], self.columns[name], self.model.sides[name], form
            )
        return reader

    def elements(self, relation: Relation) -> ElementTable:
        """Return the table of the list that the owner of a relation stands in."""
        return self.lists[relation.owner.collection][relation.within]

    @property
    def all_tables(self) -> list[sa.Table]:
        """Return every table of the model."""
        lists = [each.table for lists in self.lists.values() for each in lists.values()]
        return [*self.tables.values(), *lists, *self.associations.values()]


#: A connection must not be used on both sides of a fork: a child begins with pools of its own.
_engines: weakref.WeakSet[sa.Engine] = weakref.WeakSet()


def _forget_connections() -> None:
    for engine in tuple(_engines):
        engine.dispose(close=False)


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_forget_connections)


class DBSQLConnector:
    """An SQL database, through SQLAlchemy. One connector serves any number of collections.

    Args:
        url: an SQLAlchemy URL: `sqlite:///library.db` (a file beside the program), `postgresql://user@host/database`.
        engine_options: what `sqlalchemy.create_engine` takes, such as `pool_size`.

    Raises:
        DescriptionError: the URL is none, or its driver isn't installed.

    Example:
        >>> db = DBSQLConnector("sqlite:///library.db")
        >>> books = Collection("books", Item({"title": String()}), db)

    `generate_id` may be replaced on an instance: `db.generate_id = lambda item: f"book-{item.number}"`.
    """

    def __init__(self, url: str | sa.URL, **engine_options: Any) -> None:
        self.url = _read_url(url)
        self.metadata = sa.MetaData(naming_convention=NAMING_CONVENTION)
        self.generate_id: Callable[[Any], str] = _generate_id
        self._bindings: dict[int, Binding] = {}
        self._mapping = threading.Lock()
        self.engine = _make_engine(self.url, engine_options)
        _engines.add(self.engine)
        self.id_set = IdSet(self.engine.dialect.name)

    def check(self, model: Model, collections: Sequence[str]) -> None:
        """Refuse what the database can't keep, before any connector is bound.

        Raises:
            DescriptionError: naming the collection or the field.
        """
        local = frozenset(collections)
        for name in collections:
            if name in self.metadata.tables:
                raise DescriptionError(
                    f"Two backoffices keep a collection {name!r} in {self!r}: their table would be one."
                )
        for relation in model.relations:
            if relation.kind is RelationKind.MANY_TO_MANY and (relation.owner.collection in local) != (
                relation.target in local
            ):
                raise DescriptionError(
                    f"{relation.owner} links many items of two connectors: put both collections into one database."
                )
        for name in collections:
            for layout in _layouts(model, name, local):
                if layout.name in self.metadata.tables:
                    raise DescriptionError(
                        f"A list of {name!r} needs a table {layout.name!r}, which {self!r} has already."
                    )
                for column in layout.columns:
                    check_column(column.type, f"{name}: {path_text(column.path)}", self.engine.dialect.name)

    def bind(self, model: Model, collections: Sequence[str]) -> None:
        """Make the tables of the collections of a model that live here."""
        local = frozenset(collections)
        layouts = [table_layout(model, model.descriptions[name], local) for name in collections]
        links = [
            association_layout(relation)
            for relation in model.relations
            if relation.kind is RelationKind.MANY_TO_MANY and relation.owner.collection in local
        ]
        of_lists = {name: list(elements_layouts(model, model.descriptions[name], local)) for name in collections}
        tables = {layout.name: make_table(self.metadata, layout) for layout in layouts}
        columns = {layout.name: {column.path: column for column in layout.columns} for layout in layouts}
        lists = {
            name: {
                each.path: ElementTable.of(
                    each,
                    make_elements(self.metadata, each),
                    model.descriptions[name].leaves[each.path].type,
                    self.id_set,
                )
                for each in some
            }
            for name, some in of_lists.items()
        }
        associations = {layout.relation: make_association(self.metadata, layout) for layout in links}
        failures = Failures([*layouts, *(each.table for some in of_lists.values() for each in some)], links)
        self._bindings[id(model)] = Binding(model, tables, columns, lists, associations, {}, failures, {}, {})

    def create_all(self, model: Model) -> None:
        """Make the missing tables and indexes of a model's collections."""
        binding = self._binding(model)
        with binding.failures.translated(), self.engine.execution_options(**{WRITE: True}).begin() as connection:
            if connection.dialect.name == "postgresql":  # workers that start together take turns
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_CREATE_LOCK)))
            self.metadata.create_all(connection, tables=binding.all_tables)

    def tables(self, model: Model) -> list[sa.Table]:
        """Return all tables of a model."""
        return self._binding(model).all_tables

    def session(self, model: Model, *, write: bool) -> SQLSession:
        """Take a connection from the pool and begin."""
        binding = self._binding(model)
        with binding.failures.translated():
            connection = self.engine.connect()
        if write:
            connection = connection.execution_options(**{WRITE: True})
        return SQLSession(binding, connection, self.id_set)

    def answers(self, model: Model, collection: str, where: Bound) -> bool:
        """Tell whether a filter can be asked of the database."""
        return answers(where, self._binding(model).tables[collection])

    def new_id(self, item: Callable[[], Any]) -> str:
        """Make the id of a new item; only a function that was put in the place of `generate_id` looks at the item."""
        return uuid7() if self.generate_id is _generate_id else self.generate_id(item())

    def table(self, model: Model, collection: str) -> sa.Table:
        """Return the table of a collection."""
        return self._binding(model).tables[collection]

    def model_class(self, model: Model, collection: str) -> type[Any]:
        """Return the mapped class of a collection; all are mapped when the first is asked for."""
        # SQLAlchemy's ORM is only loaded for those who use it: it takes a tenth of a second.
        from .mapping import map_classes  # noqa: PLC0415

        binding = self._binding(model)
        with self._mapping:
            if not binding.classes:
                binding.classes.update(
                    map_classes(model, self.metadata, binding.tables, binding.associations, binding.lists)
                )
        return binding.classes[collection]

    def dispose(self) -> None:
        """Close all pooled connections."""
        self.engine.dispose()

    def _binding(self, model: Model) -> Binding:
        return self._bindings[id(model)]

    def __repr__(self) -> str:
        return f"DBSQLConnector({self.url.render_as_string(hide_password=True)!r})"


def _layouts(model: Model, collection: str, local: frozenset[str]) -> Iterator[TableLayout]:
    description = model.descriptions[collection]
    yield table_layout(model, description, local)
    for layout in elements_layouts(model, description, local):
        yield layout.table


def _generate_id(_item: Any) -> str:
    return uuid7()


def _read_url(url: object) -> sa.URL:
    if not isinstance(url, str | sa.URL):
        raise DescriptionError(f"DBSQLConnector takes a URL such as 'sqlite:///library.db', not {url!r}.")
    try:
        read = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):  # a port that is no number is the latter
        raise DescriptionError(
            "DBSQLConnector takes a URL such as 'sqlite:///library.db'; what it got is none."
        ) from None
    if read.drivername in ("postgres", "postgresql"):
        return read.set(drivername="postgresql+psycopg")
    return read


def _make_engine(url: sa.URL, options: dict[str, Any]) -> sa.Engine:
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        # One database in memory is one connection: whoever comes second waits for it.
        options = {
            "poolclass": sa.QueuePool,
            "pool_size": 1,
            "max_overflow": 0,
            "connect_args": {"check_same_thread": False},
            **options,
        }
    # Numbers of documents come back as they were: as integers or as floats.
    options = {"json_serializer": write_document, "json_deserializer": orjson.loads, **options}
    options = {"hide_parameters": True, **options}  # else a log would hold what users send
    try:
        engine = sa.create_engine(url, **options)
    except ModuleNotFoundError as error:
        remedy = ": pip install 'backo_sql[postgres]'" if url.get_backend_name() == "postgresql" else ""
        raise DescriptionError(f"The driver of {url.drivername!r} is not installed{remedy}.") from error
    except (sa.exc.ArgumentError, TypeError) as error:
        raise DescriptionError(f"DBSQLConnector can't use these options: {error}") from error
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
        sa.event.listen(engine, "reset", _reset_sqlite)
    elif engine.dialect.name == "postgresql":
        sa.event.listen(engine, "connect", _prepare_postgresql)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """Set up a new connection: foreign keys are off in SQLite unless asked for, on every connection."""
    connection.isolation_level = (
        None  # we begin transactions ourselves: the driver would begin too late and the wrong kind
    )
    cursor = connection.cursor()
    try:
        cursor.execute(f"PRAGMA busy_timeout={SQLITE_BUSY_TIMEOUT}")
        cursor.execute("PRAGMA foreign_keys=ON")
        _use_write_ahead_log(connection, cursor)
        cursor.execute("PRAGMA synchronous=NORMAL")
    finally:
        cursor.close()


def _use_write_ahead_log(connection: Any, cursor: Any) -> None:
    """Switch the file to WAL, which only the first connection does: SQLite doesn't wait for others who do so too."""
    give_up = time.monotonic() + SQLITE_BUSY_TIMEOUT / 1000
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except connection.OperationalError as error:
            if not error.sqlite_errorname.startswith("SQLITE_BUSY") or time.monotonic() > give_up:
                raise
            time.sleep(0.01)


def _begin_sqlite(connection: sa.Connection) -> None:
    """Begin as a writer at once where the unit of work writes: a lock taken later may find that it read old data."""
    driver: Any = connection.connection.dbapi_connection
    _reset_sqlite(driver)
    statement = "BEGIN IMMEDIATE" if connection.get_execution_options().get(WRITE, False) else "BEGIN"
    try:
        driver.execute(statement)
    except driver.Error as error:  # not through SQLAlchemy, which would cost as much as a query
        raise sa.exc.OperationalError(statement, None, error) from error


def _reset_sqlite(connection: Any, *_: Any) -> None:
    """End a transaction whose COMMIT a deferred constraint refused: SQLite leaves it open, and so does SQLAlchemy."""
    if connection.in_transaction:
        connection.rollback()


def _prepare_postgresql(connection: Any, _record: Any) -> None:
    autocommit = connection.autocommit
    connection.autocommit = True
    try:
        connection.execute("SET TIME ZONE 'UTC'")
    finally:
        connection.autocommit = autocommit
