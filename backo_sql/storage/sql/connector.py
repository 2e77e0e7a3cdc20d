"""`DBSQLConnector`: an SQL database as a place for collections."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import sqlalchemy as sa

from ...config import STATEMENT_TIMEOUT
from ...errors import DBError, DescriptionError
from ...model.model import Model
from ...model.paths import Path, path_text
from ...model.relations import Relation, RelationKind
from ...model.views import Projection
from ...query.ast import Bound
from ..identifiers import uuid7
from ..interface import Form
from .columns import check_column
from .compile import FilterCompiler
from .elements import ElementTable
from .engine import for_writing, open_engine, read_url, without_password
from .failures import Failures
from .id_set import IdSet
from .layout import TableLayout, association_layout, elements_layouts, partner_constraints, table_layout
from .loading import Columns, Reader, make_reader
from .session import SQLSession
from .shapes import Schema
from .tables import NAMING_CONVENTION, make_association, make_elements, make_table

#: the key of the advisory lock under which tables are made
_CREATE_LOCK = 0x6261636B6F

#: Which database it is, is known when a connection is needed.
_NO_DATABASE = ""

#: Nothing was given. `None` is a mistake: a variable of the environment that isn't set.
_NO_URL: Any = object()


@dataclass(frozen=True)
class Binding:
    """What a connector knows of one model on one kind of database: its tables, and how to read them.

    Attributes:
        model: the model.
        collections: those of the model that live here.
        tables: of the collections.
        columns: of the same tables, by the path of their field.
        lists: of each collection, the tables of the lists whose elements hold references, by path of the list.
        associations: the tables of the many-to-many links.
        classes: the mapped classes, once somebody asked for one.
        failures: says what the database refused.
        id_set: how ids are bound.
        readers: the plans by which projections are read.
        statements: those that are built once.
        filters: compiles filters.
    """

    model: Model
    collections: Sequence[str]
    tables: Mapping[str, sa.Table]
    columns: Mapping[str, Columns]
    lists: Mapping[str, Mapping[Path, ElementTable]]
    associations: Mapping[Relation, sa.Table]
    classes: dict[str, type[Any]]
    failures: Failures
    id_set: IdSet
    readers: dict[tuple[Projection, Form], Reader]
    statements: dict[tuple[Any, ...], Any]
    filters: FilterCompiler

    def on(self, dialect: str) -> Binding:
        """Return the same for a kind of database, for statements of its own."""
        id_set = IdSet(dialect)
        lists = {
            name: {path: replace(each, id_set=id_set) for path, each in some.items()}
            for name, some in self.lists.items()
        }
        filters = FilterCompiler(Schema(self.model, self.columns, lists), self.tables, self.associations, dialect)
        return replace(self, lists=lists, id_set=id_set, readers={}, statements={}, filters=filters)

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


class DBSQLConnector:
    """An SQL database, through SQLAlchemy. One connector serves any number of collections.

    Without a URL it is unbound: it stands for the database of the Flask application that is current, which `BackoSQL`
    knows from the application's config. So a backoffice that is made once serves applications with databases of their
    own. Descriptions, tables and schemas need no database and no application.

    Args:
        url: an SQLAlchemy URL: `sqlite:///library.db` (a file beside the program), `postgresql://user@host/database`.
        statement_timeout: how many seconds a statement may take, `None` for as long as it likes. A read that takes
            longer is a `QueryError`, a write a `ConflictError`. On PostgreSQL it is a setting of every connection.
            Only together with a URL, like the options.
        engine_options: what `sqlalchemy.create_engine` takes, such as `pool_size`.

    Raises:
        DescriptionError: the URL is none, its driver isn't installed, or an option is wrong.

    Example:
        >>> db = DBSQLConnector("sqlite:///library.db")
        >>> books = Collection("books", Item({"title": String()}), db)

    `generate_id` may be replaced on an instance: `db.generate_id = lambda item: f"book-{item.number}"`.
    """

    #: finds the engine of an unbound connector; the package puts in the function that asks Flask
    find_engine: ClassVar[Callable[[DBSQLConnector], sa.Engine] | None] = None

    def __init__(
        self,
        url: str | sa.URL = _NO_URL,
        *,
        statement_timeout: float | None = STATEMENT_TIMEOUT,
        **engine_options: Any,
    ) -> None:
        if url is _NO_URL and statement_timeout != STATEMENT_TIMEOUT:
            raise DescriptionError(
                "DBSQLConnector without a URL takes no 'statement_timeout': its engine is that of the application. Put "
                "it into the config, as BACKO_SQL_STATEMENT_TIMEOUT."
            )
        if url is _NO_URL and engine_options:
            raise DescriptionError(
                f"DBSQLConnector without a URL takes no {', '.join(map(repr, engine_options))}: its engine is that of "
                "the application. Put the options into the config, as BACKO_SQL_ENGINE_OPTIONS."
            )
        self.url = None if url is _NO_URL else read_url(url)
        self.metadata = sa.MetaData(naming_convention=NAMING_CONVENTION)
        self.generate_id: Callable[[Any], str] = _generate_id
        self._models: dict[int, Binding] = {}
        self._bindings: dict[tuple[int, str], Binding] = {}
        self._mapping = threading.Lock()
        self._engine = None if self.url is None else open_engine(self.url, engine_options, statement_timeout)

    @property
    def engine(self) -> sa.Engine:
        """The engine, for plain SQLAlchemy; of an unbound connector, that of the current application.

        Raises:
            DBError: the connector is unbound and there is no application, or one that doesn't know it.
        """
        engine = self._engine
        if engine is not None:
            return engine
        find = DBSQLConnector.find_engine
        if find is None:
            raise DBError(
                "DBSQLConnector() has no URL. Import backo_sql, not its parts: the package puts them together."
            )
        return find(self)

    place = engine

    @property
    def is_bound(self) -> bool:
        """It has a URL, and so the same database everywhere."""
        return self._engine is not None

    def join(self, metadata: sa.MetaData) -> None:
        """Have the tables made in the MetaData of the host, so that one history of migrations serves both.

        Raises:
            DescriptionError: the tables are made already, or it is no MetaData.
        """
        if metadata is self.metadata:
            return
        if not isinstance(metadata, sa.MetaData):
            raise DescriptionError(f"BackoSQL takes an SQLAlchemy MetaData, not {metadata!r}.")
        if self._models:
            raise DescriptionError(
                "The tables are made already and can't join another MetaData: call BackoSQL(…).init_app(app) before "
                "the first use of the backoffice, always with the same MetaData."
            )
        self.metadata = metadata

    def check(self, model: Model, collections: Sequence[str]) -> None:
        """Refuse what the database can't keep, before any connector is bound.

        Raises:
            DescriptionError: naming the collection or the field.
        """
        local = frozenset(collections)
        for name in collections:
            if _key(name, self.metadata) in self.metadata.tables:
                raise DescriptionError(
                    f"Two backoffices keep a collection {name!r} in {self!r}, or the host has a table of that name: "
                    "their table would be one."
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
                if _key(layout.name, self.metadata) in self.metadata.tables:
                    raise DescriptionError(
                        f"A list of {name!r} needs a table {layout.name!r}, which {self!r} has already."
                    )
        if self._engine is not None:
            _check_columns(model, collections, self._engine.dialect.name)

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
                    IdSet(_NO_DATABASE),
                )
                for each in some
            }
            for name, some in of_lists.items()
        }
        associations = {layout.relation: make_association(self.metadata, layout) for layout in links}
        failures = Failures(
            [*layouts, *(each.table for some in of_lists.values() for each in some)], links, partner_constraints(model)
        )
        filters = FilterCompiler(Schema(model, columns, lists), tables, associations, _NO_DATABASE)
        self._models[id(model)] = Binding(
            model, collections, tables, columns, lists, associations, {}, failures, IdSet(_NO_DATABASE), {}, {}, filters
        )

    def create_all(self, model: Model) -> None:
        """Make the missing tables and indexes of a model's collections."""
        engine = self.engine
        binding = self.prepare(model, engine)
        with binding.failures.translated(), engine.connect() as connection, for_writing(connection).begin():
            if connection.dialect.name == "postgresql":  # workers that start together take turns
                connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_CREATE_LOCK)))
            self.metadata.create_all(connection, tables=binding.all_tables)

    def tables(self, model: Model) -> list[sa.Table]:
        """Return all tables of a model."""
        return self._binding(model).all_tables

    def session(self, model: Model, *, write: bool) -> SQLSession:
        """Take a connection from the pool and begin."""
        engine = self.engine
        binding = self._on(model, engine)
        with binding.failures.translated():
            connection = engine.connect()
        if write:
            for_writing(connection)
        return SQLSession(binding, connection)

    def answers(self, model: Model, collection: str, where: Bound) -> bool:
        """Tell whether a filter can be asked of the database."""
        return self._on(model, self.engine).filters.answers(where, collection)

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

    def prepare(self, model: Model, engine: sa.Engine) -> Binding:
        """Return what is known of a model on an engine's kind of database, which is looked at when it is met first.

        Raises:
            DescriptionError: that kind of database can't keep a field.
        """
        binding = self._binding(model)
        dialect = engine.dialect.name
        found = self._bindings.get((id(model), dialect))
        if found is None:
            _check_columns(model, binding.collections, dialect)
            # Two threads may make one each: both are right, and the last one stays.
            found = self._bindings[id(model), dialect] = binding.on(dialect)
        return found

    def _on(self, model: Model, engine: sa.Engine) -> Binding:
        return self._bindings.get((id(model), engine.dialect.name)) or self.prepare(model, engine)

    def _binding(self, model: Model) -> Binding:
        return self._models[id(model)]

    def __repr__(self) -> str:
        return f"DBSQLConnector({'' if self.url is None else repr(without_password(self.url))})"


def _layouts(model: Model, collection: str, local: frozenset[str]) -> Iterator[TableLayout]:
    description = model.descriptions[collection]
    yield table_layout(model, description, local)
    for layout in elements_layouts(model, description, local):
        yield layout.table


def _generate_id(_item: Any) -> str:
    return uuid7()


def _key(name: str, metadata: sa.MetaData) -> str:
    return name if metadata.schema is None else f"{metadata.schema}.{name}"


def _check_columns(model: Model, collections: Sequence[str], dialect: str) -> None:
    local = frozenset(collections)
    for name in collections:
        for layout in _layouts(model, name, local):
            for column in layout.columns:
                check_column(column.type, f"{name}: {path_text(column.path)}", dialect)
