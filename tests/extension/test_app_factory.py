"""`BackoSQL` in an application factory: routes, databases, several applications, several backoffices."""

from __future__ import annotations

import gc
import os
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from backo_sql import (
    Backoffice,
    BackoSQL,
    Collection,
    ConflictError,
    DBError,
    DBSQLConnector,
    Decimal,
    DescriptionError,
    Int,
    Item,
)
from tests.extension.apps import make_app, make_shop
from tests.support import on_one_database, problem


@pytest.fixture
def shop() -> Backoffice:
    return make_shop()


@pytest.fixture
def app(shop: Backoffice, database_url: str) -> Iterator[Flask]:
    extension = BackoSQL(shop)
    app = make_app(extension, url=database_url)
    with app.app_context():
        shop.create_all()
    yield app
    extension.dispose(app)


def url_in(folder: Path, name: str) -> str:
    return f"sqlite:///{folder / name}.db"


def test_an_application_serves_its_backoffice_from_the_database_of_its_config(app: Flask, shop: Backoffice) -> None:
    client = app.test_client()
    made = client.post("/shop/things", json={"name": "lamp", "n": 3})
    assert made.status_code == 201
    assert client.get("/shop/things").get_json()["total"] == 1
    with app.app_context():
        assert [item.name for item in shop.things.select({"n": 3})] == ["lamp"]


def add_twice(shop: Backoffice, name: str) -> None:
    with shop.transaction():
        shop.things.create({"name": name})
        shop.things.create({"name": name})


def test_a_transaction_without_a_url_is_kept_or_undone_as_a_whole(app: Flask, shop: Backoffice) -> None:
    with app.app_context():
        with shop.transaction():
            box = shop.boxes.create({})
            shop.things.create({"name": "lamp", "box": box._id})
        with pytest.raises(ConflictError):
            add_twice(shop, "chair")
        assert [item.name for item in shop.things.select()] == ["lamp"]
        assert shop.boxes.get_by_id(box._id).things == [shop.things.select()[0]._id]


def test_plain_sqlalchemy_finds_the_engine_of_the_current_application(app: Flask, shop: Backoffice) -> None:
    connector = shop.things.connector
    assert isinstance(connector, DBSQLConnector)
    with app.app_context():
        shop.things.create({"name": "lamp"})
        with connector.engine.connect() as connection:
            assert connection.scalar(sa.select(shop.things.table.c.name)) == "lamp"


def test_tables_classes_and_schemas_need_neither_a_url_nor_an_application(shop: Backoffice) -> None:
    assert shop.check_syntax() == []
    assert "box" in shop.things.table.c
    assert hasattr(shop.things.model_class, "box__id")
    assert shop.things.schema().load({"name": "lamp"})["name"] == "lamp"
    assert repr(shop.things.connector) == "DBSQLConnector()"


@pytest.mark.parametrize(
    "use",
    [
        lambda shop: shop.things.count(),
        lambda shop: shop.things.create({"name": "lamp"}),
        lambda shop: shop.create_all(),
        lambda shop: shop.things.connector.engine,
        lambda shop: shop.things.connector.dispose(),
    ],
)
def test_without_an_application_the_message_says_what_to_do(use: object, shop: Backoffice) -> None:
    with pytest.raises(DBError, match=r"app\.app_context\(\).*give the connector a URL"):
        use(shop)  # type: ignore[operator]


def test_an_application_that_does_not_know_the_backoffice_says_what_to_do(shop: Backoffice) -> None:
    with Flask("other").app_context(), pytest.raises(DBError, match=r"'other'.*init_app"):
        shop.things.count()
    stranger = make_app(BackoSQL(make_shop(name="another")), url="sqlite://")
    with stranger.app_context(), pytest.raises(DBError, match=r"init_app"):
        shop.things.count()


def test_one_backoffice_serves_two_applications_at_once(shop: Backoffice, tmp_path: Path, database_url: str) -> None:
    extension = BackoSQL(shop)
    apps = [
        make_app(extension, name="one", url=database_url),
        make_app(extension, name="two", url=url_in(tmp_path, "two")),
    ]
    for app in apps:
        with app.app_context():
            shop.create_all()
    start = threading.Barrier(6)
    failures: list[object] = []

    def work(number: int) -> None:
        name = f"thing {number}"
        app = apps[number % 2]
        start.wait()
        for _ in range(10):
            with app.app_context():
                item = shop.things.create({"name": name, "n": number})
                if [each.n for each in shop.things.select({"name": name})] != [number]:
                    failures.append(name)
                item.delete()
            answer = app.test_client().post("/shop/things", json={"name": name, "n": number})
            if answer.status_code != 201:
                failures.append(answer.get_json())
            app.test_client().delete(f"/shop/things/{answer.get_json()['_id']}")
        with app.app_context():
            shop.things.create({"name": name, "n": number})

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    for parity, app in enumerate(apps):
        with app.app_context():
            assert sorted(item.n for item in shop.things.select()) == [parity, parity + 2, parity + 4]
        extension.dispose(app)


def test_a_transaction_that_visits_another_application_writes_where_it_says(shop: Backoffice) -> None:
    extension = BackoSQL(shop)
    one, two = make_app(extension, url="sqlite://"), make_app(extension, url="sqlite://")
    for app in (one, two):
        with app.app_context():
            shop.create_all()
    with one.app_context(), shop.transaction():
        shop.things.create({"name": "of one"})
        with two.app_context():
            assert shop.things.count() == 0
            shop.things.create({"name": "of two"})
        assert [item.name for item in shop.things.select()] == ["of one"]
    with two.app_context():
        assert [item.name for item in shop.things.select()] == ["of two"]
    for app in (one, two):
        extension.dispose(app)


def test_one_application_serves_several_backoffices_from_one_database(database_url: str) -> None:
    shop, cellar = make_shop(), Backoffice("cellar")
    cellar.register_collection(Collection("barrels", Item({"n": Int()}), DBSQLConnector()))
    extension = BackoSQL(shop, cellar)
    app = make_app(extension, url=database_url, prefix="api")
    with app.app_context():
        shop.create_all()
        cellar.create_all()
        assert shop.things.connector.engine is cellar.barrels.connector.engine  # type: ignore[attr-defined]
    client = app.test_client()
    assert client.post("/api/shop/things", json={"name": "lamp"}).status_code == 201
    assert client.post("/api/cellar/barrels", json={"n": 1}).status_code == 201
    assert set(app.extensions["backo_sql"].backoffices) == {"shop", "cellar"}
    extension.dispose(app)


def test_several_backoffices_have_databases_prefixes_and_checks_of_their_own(tmp_path: Path) -> None:
    shop, archive, fixed = make_shop(), make_shop(name="archive"), make_shop(name="fixed")
    extensions = (
        BackoSQL(shop),
        BackoSQL(archive, prefix="old", verify=lambda: ("no", 401)),
        BackoSQL(fixed, url=url_in(tmp_path, "fixed"), prefix=""),
    )
    app = make_app(
        *extensions, url=url_in(tmp_path, "all"), urls={"archive": url_in(tmp_path, "archive")}, prefix="api"
    )
    with app.app_context():
        for backoffice in (shop, archive, fixed):
            backoffice.create_all()
            backoffice.things.create({"name": backoffice.name})
    assert sorted(file.stem for file in tmp_path.glob("*.db")) == ["all", "archive", "fixed"]
    client = app.test_client()
    assert client.get("/api/shop/things").get_json()["result"][0]["name"] == "shop"
    assert client.get("/old/archive/things").status_code == 401
    assert client.get("/fixed/things").get_json()["result"][0]["name"] == "fixed"
    for extension in extensions:
        extension.dispose(app)


def test_one_backoffice_may_stand_under_two_prefixes_of_an_application() -> None:
    shop = make_shop()
    app = make_app(BackoSQL(shop), BackoSQL(shop, prefix="v1"), url="sqlite://")
    with app.app_context():
        shop.create_all()
        shop.things.create({"name": "lamp"})
    for path in ("/shop/things", "/v1/shop/things"):
        assert app.test_client().get(path).get_json()["total"] == 1
    BackoSQL(shop).dispose(app)


@on_one_database
def test_a_connector_with_a_url_keeps_it_whatever_the_config_says(connect: object, database_url: str) -> None:
    shop = make_shop(connect())  # type: ignore[operator]
    shop.create_all()
    app = make_app(BackoSQL(shop), url="sqlite://")
    assert app.test_client().get("/shop/things").status_code == 200
    with app.app_context():
        assert shop.things.connector.url.database == database_url.removeprefix("sqlite:///")  # type: ignore[attr-defined]


def test_the_config_is_read_once(app: Flask) -> None:
    app.config["BACKO_SQL_URL"] = "sqlite:////nowhere/at/all.db"
    app.config["BACKO_SQL_MAX_PAGE"] = 1
    client = app.test_client()
    assert client.get("/shop/things?_page=500").status_code == 200
    config = app.extensions["backo_sql"].config
    assert config.max_page == 1000
    with pytest.raises(AttributeError):
        config.max_page = 5


def test_the_largest_page_of_the_config_holds(shop: Backoffice) -> None:
    extension = BackoSQL(shop)
    app = make_app(extension, url="sqlite://", max_page=5)
    with app.app_context():
        shop.create_all()
    assert "5" in problem(app.test_client().get("/shop/things?_page=6"), 400)["detail"]
    extension.dispose(app)


def test_a_database_that_can_not_keep_a_field_is_told_when_the_application_is_made(postgres_url: str) -> None:
    backoffice = Backoffice("money")
    backoffice.register_collection(Collection("sums", Item({"n": Decimal(precision=30, scale=2)}), DBSQLConnector()))
    extension = BackoSQL(backoffice)
    with pytest.raises(DescriptionError, match=r"sums: .*n.*SQLite"):
        make_app(extension, url="sqlite://")
    extension.dispose(make_app(extension, url=postgres_url))


def test_nothing_of_an_application_is_kept_and_its_connections_are_closed_with_it(
    shop: Backoffice, database_url: str
) -> None:
    extension = BackoSQL(shop)
    closed: list[object] = []

    def use() -> weakref.ref[Flask]:
        app = make_app(extension, url=database_url)
        with app.app_context():
            shop.create_all()
            engine = shop.things.connector.engine  # type: ignore[attr-defined]
            sa.event.listen(engine, "close", lambda connection, _record: closed.append(connection))
        app.test_client().get("/shop/things")
        assert engine.pool.checkedin() == 1
        assert closed == []
        return weakref.ref(app)

    forgotten = use()
    gc.collect()
    assert forgotten() is None
    assert len(closed) == 1


def test_disposing_closes_the_connections_of_one_application_which_may_be_used_again(
    shop: Backoffice, tmp_path: Path
) -> None:
    extension = BackoSQL(shop)
    apps = [make_app(extension, url=url_in(tmp_path, name)) for name in ("one", "two")]
    engines = []
    for app in apps:
        with app.app_context():
            shop.create_all()
            engines.append(shop.things.connector.engine)  # type: ignore[attr-defined]
    extension.dispose(apps[0])
    assert [engine.pool.checkedin() for engine in engines] == [0, 1]
    assert apps[0].test_client().get("/shop/things").status_code == 200
    for app in apps:
        extension.dispose(app)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork.*:DeprecationWarning")
def test_a_forked_worker_uses_no_connection_of_its_parent(app: Flask, shop: Backoffice) -> None:
    with app.app_context():
        shop.things.create({"name": "lamp"})
        engine = shop.things.connector.engine  # type: ignore[attr-defined]
    assert engine.pool.checkedin() >= 1
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            fresh = engine.pool.checkedin() == 0
            total = app.test_client().get("/shop/things").get_json()["total"]
            os.write(writer, b"yes" if fresh and total == 1 else b"no")
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(writer)
    assert os.read(reader, 10) == b"yes"
    os.close(reader)
    assert app.test_client().get("/shop/things").get_json()["total"] == 1
