"""The host's Flask-SQLAlchemy or Flask-SQLAlchemy-Lite: its engine and its metadata, neither of them changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy as Full
from flask_sqlalchemy_lite import SQLAlchemy as Lite
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from backo_sql import (
    Backoffice,
    BackoSQL,
    Collection,
    ConflictError,
    DBError,
    DBSQLConnector,
    DescriptionError,
    Int,
    Item,
    Ref,
    RefsList,
    String,
)
from backo_sql.cli import backo
from backo_sql.migration import Migrations
from tests.extension.apps import make_app, make_shop


@dataclass
class Host:
    """An application that has SQLAlchemy already: a table `notes`, which points to our `things`."""

    db: Any
    metadata: sa.MetaData
    note: Any
    config: Callable[[str], dict[str, Any]]


def full_host() -> Host:
    class Base(DeclarativeBase):
        metadata = sa.MetaData(naming_convention={"uq": "u_%(constraint_name)s", "fk": "f_%(constraint_name)s"})

    db = Full(model_class=Base)
    return Host(db, db.metadata, note_class(db.Model), lambda url: {"SQLALCHEMY_DATABASE_URI": url})


def lite_host() -> Host:
    class Base(DeclarativeBase):
        pass

    return Host(Lite(), Base.metadata, note_class(Base), lambda url: {"SQLALCHEMY_ENGINES": {"default": url}})


def note_class(base: Any) -> Any:
    class Note(base):  # type: ignore[misc]
        __tablename__ = "notes"
        id: Mapped[int] = mapped_column(primary_key=True)
        text: Mapped[str]
        thing: Mapped[str | None] = mapped_column(
            sa.Text().with_variant(sa.Text(collation="C"), "postgresql"),
            sa.ForeignKey("things._id", name=sa.schema.conv("of_thing")),
        )

    return Note


@pytest.fixture(params=[full_host, lite_host])
def host(request: pytest.FixtureRequest) -> Host:
    made: Host = request.param()
    return made


@pytest.fixture
def shop() -> Backoffice:
    return make_shop()


@pytest.fixture
def app(host: Host, shop: Backoffice, database_url: str) -> Iterator[Flask]:
    yield from running(host, shop, database_url)


def running(host: Host, shop: Backoffice, url: str) -> Iterator[Flask]:
    app = Flask("host")
    app.config.update(host.config(url))
    # Before the host's own extension: the order of the two makes no difference.
    BackoSQL(shop, db=host.db, metadata=host.metadata).init_app(app)
    host.db.init_app(app)
    with app.app_context():
        host.metadata.create_all(host.db.engine)
    yield app
    with app.app_context():
        host.db.session.close()
        host.db.engine.dispose()


def test_our_tables_stand_in_the_metadata_of_the_host_under_our_names(host: Host, shop: Backoffice, app: Flask) -> None:
    assert set(host.metadata.tables) == {"notes", "things", "boxes"}
    assert shop.things.table is host.metadata.tables["things"]
    names = {str(each.name) for each in shop.things.table.constraints}
    assert {"pk_things", "uq_things__name", "fk_things__box"} <= names
    with app.app_context():
        inspector = sa.inspect(host.db.engine)
        assert {key["name"] for key in inspector.get_foreign_keys("things")} == {"fk_things__box"}
        assert [key["referred_table"] for key in inspector.get_foreign_keys("notes")] == ["things"]


def test_both_write_through_one_pool_of_connections(host: Host, shop: Backoffice, app: Flask) -> None:
    with app.app_context():
        thing = shop.things.create({"name": "lamp"})
        host.db.session.add(host.note(text="nice", thing=thing._id))
        host.db.session.commit()
        assert shop.things.connector.engine.pool is host.db.engine.pool  # type: ignore[attr-defined]
        assert host.db.session.scalar(sa.select(shop.things.table.c.name)) == "lamp"
    client = app.test_client()
    assert client.post("/shop/things", json={"name": "chair"}).status_code == 201
    assert client.get("/shop/things").get_json()["total"] == 2


def test_our_rules_hold_on_the_engine_of_the_host(host: Host, shop: Backoffice, app: Flask) -> None:
    with app.app_context():
        thing = shop.things.create({"name": "lamp"})
        host.db.session.add(host.note(text="nice", thing=thing._id))
        host.db.session.commit()
        host.db.session.close()
        with pytest.raises(ConflictError):  # a row of the host's points to it
            thing.delete()
        with pytest.raises(ConflictError):
            fill(shop)
        assert shop.boxes.count() == 0
        assert shop.things.count() == 1


def fill(shop: Backoffice) -> None:
    with shop.transaction():
        shop.boxes.create({})
        shop.things.create({"name": "lamp"})


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_connection_of_the_host_goes_back_as_it_came(host: Host, shop: Backoffice, app: Flask) -> None:
    def settings() -> tuple[Any, ...]:
        with host.db.engine.connect() as connection:
            driver = connection.connection.dbapi_connection
            return (id(driver), driver.isolation_level, connection.exec_driver_sql("PRAGMA foreign_keys").scalar())

    with app.app_context():
        before = settings()
        shop.things.create({"name": "lamp"})
        assert shop.things.count() == 1
        with pytest.raises(ConflictError):
            shop.things.create({"name": "lamp"})
        assert settings() == before
        assert before[1:] == ("", 0)
        # What the host's own transactions are is the host's: ours begin and end apart.
        host.db.session.add(host.note(text="kept"))
        host.db.session.flush()
        host.db.session.rollback()
        assert host.db.session.scalar(sa.select(sa.func.count()).select_from(host.note)) == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_host_that_begins_transactions_itself_is_no_hindrance(host: Host, shop: Backoffice, app: Flask) -> None:
    with app.app_context():
        engine = host.db.engine
        sa.event.listen(engine, "connect", lambda driver, _record: setattr(driver, "isolation_level", None))
        sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
        engine.dispose()
        with shop.transaction():
            shop.things.create({"name": "lamp"})
        host.db.session.add(host.note(text="kept"))
        host.db.session.commit()
        assert shop.things.count() == 1


def test_a_database_in_memory_serves_both_and_tells_when_their_transactions_meet(shop: Backoffice) -> None:
    host = full_host()
    for app in running(host, shop, "sqlite://"):
        with app.app_context():
            shop.things.create({"name": "lamp"})
            host.db.session.add(host.note(text="kept"))
            host.db.session.commit()
            assert app.test_client().get("/shop/things").get_json()["total"] == 1
            host.db.session.add(host.note(text="in the way"))
            host.db.session.flush()
            with pytest.raises(DBError, match="in a transaction of the host's"):
                shop.things.create({"name": "chair"})
            host.db.session.rollback()
            shop.things.create({"name": "chair"})
            assert host.db.session.scalars(sa.select(host.note.text)).all() == ["kept"]
            assert shop.things.count() == 2


def test_one_backoffice_on_the_databases_of_two_hosts(host: Host, tmp_path: Any, shop: Backoffice) -> None:
    extension = BackoSQL(shop, db=host.db, metadata=host.metadata)
    apps = []
    for name in ("one", "two"):
        app = Flask(name)
        app.config.update(host.config(f"sqlite:///{tmp_path / name}.db"))
        host.db.init_app(app)
        extension.init_app(app)
        apps.append(app)
        with app.app_context():
            host.metadata.create_all(host.db.engine)
            shop.things.create({"name": name})
    for app in apps:
        with app.app_context():
            assert [item.name for item in shop.things.select()] == [app.name]
            host.db.engine.dispose()


def test_an_engine_may_be_given_by_itself(shop: Backoffice, database_url: str) -> None:
    engine = sa.create_engine(database_url)
    metadata = sa.MetaData()
    app = make_app(BackoSQL(shop, engine=engine, metadata=metadata))
    metadata.create_all(engine)
    assert app.test_client().post("/shop/things", json={"name": "lamp"}).status_code == 201
    other = make_shop()
    calls: list[str] = []

    def find() -> sa.Engine:
        calls.append("found")
        return engine

    app = make_app(BackoSQL(other, engine=find))
    for _ in range(2):
        assert app.test_client().get("/shop/things").get_json()["total"] == 1
    assert calls == ["found"]
    engine.dispose()


def test_the_extension_does_not_close_the_connections_of_the_host(shop: Backoffice, tmp_path: Any) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'host.db'}")
    extension = BackoSQL(shop, engine=engine)
    app = make_app(extension)
    with app.app_context():
        shop.create_all()
    extension.dispose(app)
    assert engine.pool.checkedin() == 1  # type: ignore[attr-defined]
    engine.dispose()


@pytest.mark.parametrize(
    ("engine", "error", "expected"),
    [
        ("sqlite://", DescriptionError, "takes an SQLAlchemy Engine, or a function"),
        (lambda: None, DescriptionError, "takes an SQLAlchemy Engine, or a function"),
        (lambda: {}["default"], DBError, "has no engine for this application"),
    ],
)
def test_what_is_no_engine_is_told(shop: Backoffice, engine: Any, error: type[Exception], expected: str) -> None:
    app = make_app(BackoSQL(shop, engine=engine))
    with app.app_context(), pytest.raises(error, match=expected):
        shop.things.count()


def test_a_host_that_is_not_initialised_is_told(host: Host, shop: Backoffice) -> None:
    app = make_app(BackoSQL(shop, db=host.db, metadata=host.metadata))
    with app.app_context(), pytest.raises(DBError, match="has no engine for this application"):
        shop.things.count()


def test_tables_that_are_made_can_not_move_to_another_metadata(host: Host, shop: Backoffice) -> None:
    shop.check_syntax()
    with pytest.raises(DescriptionError, match=r"before the first use"):
        make_app(BackoSQL(shop, db=host.db, metadata=host.metadata))


def test_a_table_of_the_host_is_not_taken_for_one_of_ours(host: Host) -> None:
    sa.Table("things", host.metadata, sa.Column("id", sa.Integer, primary_key=True))
    with pytest.raises(DescriptionError, match="'things'"):
        make_app(BackoSQL(make_shop(), db=host.db, metadata=host.metadata))


def test_a_migration_on_the_engine_of_the_host_loses_no_row(
    host: Host, shop: Backoffice, app: Flask, tmp_path: Any
) -> None:
    history = Migrations(shop, tmp_path / "migrations")
    history.init()
    with app.app_context():
        history.revision("as it is", from_nothing=True)
        history.stamp()
        assert history.check().is_clean
        box = shop.boxes.create({})
        thing = shop.things.create({"name": "lamp", "box": box._id})
        host.db.session.add(host.note(text="nice", thing=thing._id))
        host.db.session.commit()
        host.db.session.close()
        # The next release: a rule changes, for which SQLite makes the table anew.
        later = Backoffice("shop")
        connector = DBSQLConnector()
        for name, item in {
            "things": Item(
                {"name": String(required=True, unique=True), "n": Int(min=5), "box": Ref(coll="boxes", field="things")}
            ),
            "boxes": Item({"things": RefsList(coll="things", field="box")}),
        }.items():
            later.register_collection(Collection(name, item, connector))
        host_engine = host.db.engine
    next_app = make_app(BackoSQL(later, engine=host_engine), name="next")
    with next_app.app_context():
        history = Migrations(later, tmp_path / "migrations")
        history.revision("another range")
        assert [each.message for each in history.upgrade()] == ["another range"]
        assert history.check().is_clean
        assert [item.box for item in later.things.select()] == [box._id]
    with app.app_context():
        assert host.db.session.scalars(sa.select(host.note.thing)).all() == [thing._id]
        if host_engine.dialect.name == "sqlite":
            assert host.db.session.connection().exec_driver_sql("PRAGMA foreign_keys").scalar() == 0


def test_one_history_holds_the_tables_of_both(
    host: Host, shop: Backoffice, app: Flask, database_url: str, tmp_path: Any
) -> None:
    with app.app_context():
        host.metadata.drop_all(host.db.engine)
        host.db.engine.dispose()
    app = Flask("migrated")
    app.config.update(host.config(database_url), BACKO_SQL_MIGRATIONS=tmp_path / "migrations")
    host.db.init_app(app)
    BackoSQL(shop, db=host.db, metadata=host.metadata).init_app(app)

    def run(*arguments: str, code: int = 0) -> str:
        result = app.test_cli_runner().invoke(backo, ["db", *arguments])
        assert result.exit_code == code, result.output
        return str(result.stdout)

    def tables() -> set[str]:
        with app.app_context():
            return set(sa.inspect(host.db.engine).get_table_names())

    run("init")
    run("revision", "-m", "both")
    run("upgrade")
    assert tables() == {"notes", "things", "boxes", "alembic_version"}
    assert "as the description says" in run("check")

    host.metadata.tables["notes"].append_column(sa.Column("colour", sa.String(20)))
    run("check", code=1)
    run("revision", "-m", "colours")
    run("upgrade")
    assert "as the description says" in run("check")
    with app.app_context():
        thing = shop.things.create({"name": "lamp"})
        host.db.session.add(host.note(text="nice", thing=thing._id))
        host.db.session.commit()
        host.db.session.close()
    run("downgrade", "base")
    assert tables() == {"alembic_version"}
    with app.app_context():
        host.db.engine.dispose()
