"""`BackoSQL`: backoffices as a Flask extension.

In: backoffices, and an application with its config. Out: routes, and a database for every connector without a URL.
All that belongs to an application stands in `app.extensions["backo_sql"]` and goes with it: an extension object may be
initialised with any number of applications.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flask import Flask, current_app

from .config import Config, read_config
from .errors import DBError, DescriptionError
from .model.registry import Backoffice
from .storage.sql.borrowed import borrow_engine
from .storage.sql.connector import DBSQLConnector
from .storage.sql.engine import open_engine

if TYPE_CHECKING:
    import sqlalchemy as sa

#: where an application keeps what is ours
KEY = "backo_sql"


@dataclass(frozen=True)
class Registration:
    """A backoffice in an application.

    Attributes:
        backoffice: the collections.
        prefix: what stands before its name in every URL.
        verified: something decides who is asking.
    """

    backoffice: Backoffice
    prefix: str
    verified: bool


@dataclass
class AppState:
    """What an application keeps of its backoffices: `app.extensions["backo_sql"]`.

    Attributes:
        config: its settings.
        registrations: its backoffices, in the order of registration; one may be there under several prefixes.
        engines: the engine of each connector without a URL.
        pending: how to find the engine of the host, which may not be there before the first request.
        own: the engines that were made for this application, by their URL; they are closed with it.
    """

    config: Config
    registrations: list[Registration] = field(default_factory=list)
    engines: dict[DBSQLConnector, sa.Engine] = field(default_factory=dict)
    pending: dict[DBSQLConnector, Callable[[], Any]] = field(default_factory=dict)
    own: dict[str, sa.Engine] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def backoffices(self) -> dict[str, Backoffice]:
        """The backoffices by name."""
        return {each.backoffice.name: each.backoffice for each in self.registrations}


class BackoSQL:
    """Backoffices as an extension of Flask.

    Args:
        backoffices: what to serve; they may get their collections later, until `init_app`.
        url: the database of their `DBSQLConnector()` without a URL; without it that of the config.
        engine: an SQLAlchemy engine of the host's to be used for them, or a function without parameters that returns
            it, called once per application, while that is current.
        db: the host's Flask-SQLAlchemy or Flask-SQLAlchemy-Lite, whose engine is to be used; and its `metadata`, where
            it has one.
        metadata: the host's `MetaData`, for the tables to be made in, so that one history of migrations serves both.
        prefix: stands before the name of the backoffice in every URL; without it `BACKO_SQL_PREFIX`.
        verify: decides who is asking, as in `Backoffice.build_routes`.

    Raises:
        DescriptionError: the arguments contradict each other, or are of a wrong kind.

    Example:
        >>> extension = BackoSQL(backoffice)
        >>> def create_app():
        ...     app = Flask("shop")
        ...     app.config.from_prefixed_env()  # FLASK_BACKO_SQL_URL and its kin
        ...     extension.init_app(app)
        ...     return app
    """

    def __init__(
        self,
        *backoffices: Backoffice,
        url: str | sa.URL | None = None,
        engine: sa.Engine | Callable[[], sa.Engine] | None = None,
        db: Any = None,
        metadata: sa.MetaData | None = None,
        prefix: str | None = None,
        verify: Any = None,
    ) -> None:
        if not backoffices:
            raise DescriptionError("BackoSQL takes the backoffices to serve: BackoSQL(backoffice).")
        for each in backoffices:
            if not isinstance(each, Backoffice):
                raise DescriptionError(f"BackoSQL takes backoffices, not {each!r}.")
        given = {"url": url, "engine": engine, "db": db}
        if len(chosen := [name for name, value in given.items() if value is not None]) > 1:
            raise DescriptionError(f"BackoSQL takes one database: {' or '.join(map(repr, chosen))}, not both.")
        if db is not None:
            if not hasattr(type(db), "engine"):
                raise DescriptionError(f"BackoSQL takes the SQLAlchemy() of Flask-SQLAlchemy as 'db', not {db!r}.")
            metadata = getattr(db, "metadata", None) if metadata is None else metadata
        self._backoffices = backoffices
        self._url = url
        self._host: Callable[[], Any] | None = _engine_finder(engine, db)
        self._metadata = metadata
        self._prefix = prefix
        self._verify = verify

    def init_app(self, app: Flask) -> None:
        """Serve the backoffices in an application.

        Its config is read now, and never again. No connection is opened.

        Raises:
            DescriptionError: a description or a config key is wrong, or a connector has no database.
        """
        if not isinstance(app, Flask):
            raise DescriptionError(f"init_app takes a Flask application, not {app!r}.")
        state = app.extensions.get(KEY)
        if state is None:
            state = AppState(read_config(app.config))
            # The finalizer holds the engines and not the application: what it refers to is closed when that is gone,
            # and when Python ends.
            weakref.finalize(app, _dispose, state.own)
            app.extensions[KEY] = state
        for backoffice in self._backoffices:
            self._register(app, state, backoffice)

    def dispose(self, app: Flask) -> None:
        """Close the connections of an application that were opened for it; those of the host's engine are its own.

        That happens by itself when the application is forgotten and when Python ends. It may be used again.
        """
        _dispose(state_of(app).own)

    def _register(self, app: Flask, state: AppState, backoffice: Backoffice) -> None:
        other = state.backoffices.get(backoffice.name)
        if other is not None and other is not backoffice:
            raise DescriptionError(f"The application has another backoffice that is named {backoffice.name!r}.")
        connector = _unbound(backoffice)
        if connector is not None and self._metadata is not None:
            connector.join(self._metadata)
        model = backoffice.freeze()
        if connector is not None:
            self._find_database(state, backoffice, connector)
            if connector in state.engines:
                connector.prepare(model, state.engines[connector])
        elif self._url is not None or self._host is not None or self._metadata is not None:
            raise DescriptionError(
                f"BackoSQL is given a database or a MetaData, but no collection of {backoffice.name!r} would use it: "
                "make the connector without a URL, DBSQLConnector()."
            )
        prefix = state.config.prefix if self._prefix is None else self._prefix
        backoffice.build_routes(app, prefix, self._verify)
        state.registrations.append(Registration(backoffice, prefix, self._verify is not None))

    def _find_database(self, state: AppState, backoffice: Backoffice, connector: DBSQLConnector) -> None:
        given = self._url is not None or self._host is not None
        if connector in state.engines or connector in state.pending:
            if given:
                raise DescriptionError(
                    f"The connector of {backoffice.name!r} has a database in this application already."
                )
            return
        if self._host is not None:
            state.pending[connector] = self._host
            return
        config = state.config
        if self._url is not None:
            source, url = "url", self._url
        elif backoffice.name in config.urls:
            source, url = f"BACKO_SQL_URLS[{backoffice.name!r}]", config.urls[backoffice.name]
        else:
            source, url = "BACKO_SQL_URL", config.url
        if url is None:
            raise DescriptionError(
                f"{backoffice.name!r} has a DBSQLConnector() without a URL, and the application has no database for "
                "it: set BACKO_SQL_URL in its config, or give the connector a URL."
            )
        state.engines[connector] = _own_engine(state, source, url)


def state_of(app: Flask) -> AppState:
    """Return what an application keeps of its backoffices.

    Raises:
        DescriptionError: it has none.
    """
    state = app.extensions.get(KEY)
    if not isinstance(state, AppState):
        raise DescriptionError(
            f"The application {app.name!r} has no backoffice: call BackoSQL(backoffice).init_app(app)."
        )
    return state


def current_engine(connector: DBSQLConnector) -> sa.Engine:
    """Return the engine that a connector without a URL has in the current application.

    Raises:
        DBError: there is no application, or it doesn't know the connector.
    """
    try:
        app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    except RuntimeError:
        raise DBError(
            "DBSQLConnector() has no URL and stands for the database of the current Flask application, but there is "
            "none: work inside 'with app.app_context():', or give the connector a URL."
        ) from None
    state = app.extensions.get(KEY)
    if state is not None:
        engine: sa.Engine | None = state.engines.get(connector)
        if engine is not None:
            return engine
        if connector in state.pending:
            return _borrow(state, connector)
    raise DBError(
        f"The application {app.name!r} has no database for this DBSQLConnector(): "
        "call BackoSQL(backoffice).init_app(app)."
    )


def _borrow(state: AppState, connector: DBSQLConnector) -> sa.Engine:
    """Ask the host for its engine, once per application."""
    with state.lock:
        engine = state.engines.get(connector)
        if engine is None:
            try:
                host = state.pending[connector]()
            except (RuntimeError, LookupError) as error:  # what the Flask extensions raise
                raise DBError(f"The host's SQLAlchemy has no engine for this application: {error}") from error
            engine = state.engines[connector] = borrow_engine(host, state.config.statement_timeout or None)
        return engine


def _own_engine(state: AppState, source: str, url: Any) -> sa.Engine:
    """Return the engine of a URL: an application has one for each, whatever number of connectors use it."""
    try:
        made = open_engine(url, state.config.engine_options, state.config.statement_timeout or None)
    except DescriptionError as error:
        raise DescriptionError(f"{source}: {error}") from error
    return state.own.setdefault(made.url.render_as_string(hide_password=False), made)


def _unbound(backoffice: Backoffice) -> DBSQLConnector | None:
    connectors = {each.connector for each in backoffice.collections.values()}
    unbound = [each for each in connectors if isinstance(each, DBSQLConnector) and not each.is_bound]
    if len(unbound) > 1:
        raise DescriptionError(
            f"{backoffice.name!r} has {len(unbound)} connectors without a URL, which are one database: "
            "use one DBSQLConnector() for all of its collections."
        )
    return unbound[0] if unbound else None


def _engine_finder(engine: Any, db: Any) -> Callable[[], Any] | None:
    if db is not None:
        return lambda: db.engine
    if engine is None:
        return None
    find: Callable[[], Any] = engine if callable(engine) else lambda: engine
    return find


def _dispose(engines: dict[str, sa.Engine]) -> None:
    for engine in tuple(engines.values()):
        engine.dispose()
