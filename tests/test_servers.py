"""The databases that conftest.py hands out are there, are empty, and keep text in UTF-8."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from sqlalchemy import Engine, create_engine, inspect, text


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = create_engine(database_url)
    yield engine
    engine.dispose()


def test_is_the_backend_of_its_name(engine: Engine, request: pytest.FixtureRequest) -> None:
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT 1")) == 1
    assert engine.dialect.name == request.node.callspec.params["database_url"]


def test_keeps_text_in_utf8(engine: Engine) -> None:
    question = {"sqlite": "PRAGMA encoding", "postgresql": "SHOW server_encoding"}[engine.dialect.name]
    with engine.connect() as connection:
        assert connection.scalar(text(question)).replace("-", "") == "UTF8"
        for word in ("naïve", "書く", "🜁"):
            assert connection.scalar(text("SELECT CAST(:word AS TEXT)"), {"word": word}) == word


@pytest.mark.parametrize("turn", [1, 2])
def test_is_empty_whatever_the_test_before_left(engine: Engine, turn: int) -> None:
    assert inspect(engine).get_table_names() == []
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE book (id INTEGER PRIMARY KEY)"))
        if engine.dialect.name == "postgresql":
            connection.execute(text('CREATE SCHEMA "Odd name"'))
            connection.execute(text("CREATE TYPE colour AS ENUM ('red')"))


@pytest.fixture(scope="module")
def left_open() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("turn", [1, 2])
def test_is_empty_even_if_a_transaction_was_left_open(database_url: str, left_open: ExitStack, turn: int) -> None:
    engine = create_engine(database_url)
    connection = engine.connect()
    left_open.callback(connection.invalidate)
    # Locks the table until the transaction ends, which it does not: the second turn would wait for ever.
    connection.execute(text("CREATE TABLE book (id INTEGER PRIMARY KEY)"))
