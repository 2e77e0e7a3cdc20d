"""A statement has so much time and no more, on an engine of our own and on the host's, and nobody else's is limited.

A slow read on PostgreSQL is one that waits for a lock, which it does for as long as one likes; on SQLite one that goes
through all rows, which takes longer than the little time that it has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from backo_sql import Backoffice, BackoSQL, ConflictError, DBSQLConnector, QueryError
from backo_sql.migration.command import Command
from backo_sql.migration.safety import migrating
from tests.extension.apps import make_app, make_shop
from tests.support import client_of, problem

ROWS = 30_000

#: seconds: on PostgreSQL enough for whatever doesn't wait, on SQLite too little to go through all rows
LIMITS = {"sqlite": 0.002, "postgresql": 0.3}

#: goes through all rows, and through no index
SLOW = {"name": ("$re", "x[0-9]+y")}

Hold = Callable[[], Any]


@pytest.fixture
def limit(database_url: str) -> float:
    return LIMITS[sa.make_url(database_url).get_backend_name()]


@pytest.fixture
def rows(database_url: str) -> Iterator[Hold]:
    """Make the tables and fill them; what is returned holds up all who want to read the things."""
    connector = DBSQLConnector(database_url)
    shop = make_shop(connector)
    shop.create_all()
    with connector.engine.begin() as connection:
        made = [{"_id": f"t{number}", "name": f"thing {number}", "n": number} for number in range(ROWS)]
        connection.execute(shop.things.table.insert(), made)

    @contextmanager
    def hold() -> Iterator[None]:
        with connector.engine.connect() as connection:
            if connector.engine.dialect.name == "postgresql":
                connection.execute(sa.text("LOCK TABLE things IN ACCESS EXCLUSIVE MODE"))
            yield
            connection.rollback()

    yield hold
    connector.dispose()


def check(shop: Backoffice, hold: Hold) -> None:
    """Read what takes too long, and then what doesn't."""
    for read in (
        lambda: shop.things.select(SLOW),
        lambda: shop.things.count(SLOW),
        lambda: shop.things.select({"$not": SLOW}, page=1, skip=ROWS),
    ):
        with hold(), pytest.raises(QueryError, match="Reading takes longer than a statement may"):
            read()
        assert shop.things.get_by_id("t7").n == 7
    assert shop.things.create({"name": "new"}).n is None


def check_routes(client: Any, hold: Hold) -> None:
    with hold():
        body = problem(client.get("/app/things?name.$re=x[0-9]%2By"), 400)
    assert "Ask for less" in body["detail"]
    assert client.get("/app/things/t7").get_json()["n"] == 7


@pytest.fixture
def limited(database_url: str, limit: float) -> Iterator[DBSQLConnector]:
    connector = DBSQLConnector(database_url, statement_timeout=limit)
    yield connector
    connector.dispose()


def test_a_slow_read_is_given_up_on_an_engine_of_our_own(limited: DBSQLConnector, rows: Hold) -> None:
    shop = make_shop(limited, "app")
    check(shop, rows)
    check_routes(client_of(shop), rows)


def test_the_time_stands_in_the_config(database_url: str, limit: float, rows: Hold) -> None:
    shop = make_shop(name="app")
    extension = BackoSQL(shop)
    app = make_app(extension, url=database_url, statement_timeout=limit)
    with app.app_context():
        check(shop, rows)
    check_routes(app.test_client(), rows)
    extension.dispose(app)


@pytest.fixture
def host(database_url: str) -> Iterator[sa.Engine]:
    engine = sa.create_engine(database_url)
    yield engine
    engine.dispose()


def borrowing(shop: Backoffice, host: sa.Engine, **config: Any) -> Flask:
    return make_app(BackoSQL(shop, engine=host, metadata=sa.MetaData()), **config)


def test_a_slow_read_of_ours_is_given_up_on_the_engine_of_the_host_and_none_of_its_own(
    host: sa.Engine, limit: float, rows: Hold
) -> None:
    shop = make_shop(name="app")
    app = borrowing(shop, host, statement_timeout=limit)
    for _ in range(2):  # the second time on connections that both have used
        with app.app_context():
            check(shop, rows)
        check_routes(app.test_client(), rows)
        check_host(host)
        with app.app_context():
            for each in shop.things.select({"name": "new"}):
                each.delete()


def check_host(host: sa.Engine) -> None:
    """See that a statement of the host's takes as long as it takes, on a connection that was ours before."""
    with host.connect() as connection:
        if host.dialect.name == "postgresql":
            assert connection.execute(sa.text("SHOW statement_timeout")).scalar() == "0"
            return
        count = (
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) SELECT count(*) FROM n"
        )
        assert connection.execute(sa.text(count)).scalar() == 1_000_000


@pytest.mark.parametrize("timeout", [None, 0])
def test_without_a_limit_a_statement_takes_as_long_as_it_takes(
    database_url: str, host: sa.Engine, rows: Hold, timeout: int | None
) -> None:
    shop, other = make_shop(name="app"), make_shop(name="app")
    extension = BackoSQL(shop)
    options = {} if timeout is None else {"statement_timeout": timeout}
    own, borrowed = make_app(extension, url=database_url, **options), borrowing(other, host, **options)
    for app, each in ((own, shop), (borrowed, other)):
        with app.app_context():
            assert each.things.count(SLOW) == 0
            if host.dialect.name == "postgresql":
                with each.transaction(), each.service.unit(write=False) as unit:
                    shown = unit.session("things")._connection.execute(sa.text("SHOW statement_timeout"))  # type: ignore[attr-defined]
                    assert shown.scalar() == ("30s" if timeout is None else "0")
    extension.dispose(own)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_slow_write_is_a_conflict_and_changes_nothing(limited: DBSQLConnector, rows: Hold) -> None:
    shop = make_shop(limited, "app")
    client = client_of(shop)
    with rows():
        with pytest.raises(ConflictError, match="Nothing was changed"):
            shop.things.create({"name": "new"})
        problem(client.post("/app/things", json={"name": "new"}), 409)
    assert shop.things.count({"name": "new"}) == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_expressions_and_lists_of_numbers_are_asked_on_each_new_connection_of_the_host(
    host: sa.Engine, rows: Hold
) -> None:
    """What SQLite can't do by itself are functions in a connection."""
    shop = make_shop(name="app")
    app = borrowing(shop, host)
    for _ in range(3):
        with app.app_context():
            assert shop.things.count({"name": ("$reg", "thing 29+$")}) == 4
            assert shop.things.count({"name": ("$re", "^g|ing 1$")}) == 1
            assert shop.things.count({"n": ("$in", list(range(100)))}) == 100
        answer = app.test_client().get("/app/things?name.$re=ing 1$&_total=none").get_json()
        assert [item["name"] for item in answer["result"]] == ["thing 1"]
        host.dispose()


@pytest.mark.parametrize("borrowed", [False, True], ids=["own", "borrowed"])
def test_a_migration_has_no_limit(
    database_url: str, host: sa.Engine, limited: DBSQLConnector, limit: float, rows: Hold, borrowed: bool
) -> None:
    engine = limited.engine
    if borrowed:
        shop = make_shop(name="app")
        with borrowing(shop, host, statement_timeout=limit).app_context():
            engine = shop.things.connector.engine  # type: ignore[attr-defined]
    with migrating(engine, Command(), writing=True) as connection:
        if engine.dialect.name == "postgresql":
            assert connection.execute(sa.text("SHOW statement_timeout")).scalar() == "0"
        total = connection.execute(sa.text("SELECT sum(length(a.name || b.n)) FROM things a, things b WHERE b.n < 30"))
        assert total.scalar() > ROWS
    if engine.dialect.name == "postgresql" and not borrowed:
        with engine.connect() as connection:
            assert connection.execute(sa.text("SHOW statement_timeout")).scalar() == "300ms"
    if borrowed:
        check_host(host)
