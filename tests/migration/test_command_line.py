"""Histories by plain `alembic`: with an `env.py` of three lines, beside a host's own tables, in several processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from backo_sql import DBSQLConnector
from tests.support import on_one_database

ROOT = Path(__file__).parents[2]

MODEL = """
import os
from backo_sql import *

db = DBSQLConnector(os.environ["APP_URL"])
backoffice = Backoffice("app")
backoffice.register_collection(Collection("books", Item({{{fields}}}), db))
"""

HOST = """
import sqlalchemy as sa

metadata = sa.MetaData()
sa.Table("ledger", metadata, sa.Column("number", sa.Integer, primary_key=True), sa.Column("amount", sa.Integer){more})
"""


class Application:
    """An application in a folder, whose migrations are run by plain `alembic`."""

    def __init__(self, directory: Path, url: str) -> None:
        self.directory, self.url = directory, url

    def write(self, fields: str) -> None:
        """Describe the application anew."""
        (self.directory / "model.py").write_text(MODEL.format(fields=fields), encoding="utf-8")

    def start(
        self, *arguments: str, program: tuple[str, ...] = ("alembic",), **variables: str
    ) -> subprocess.Popen[str]:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "APP_URL": self.url}
        return subprocess.Popen(
            [sys.executable, "-m", *program, *arguments],
            cwd=self.directory,
            env={**environment, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, fails: bool = False, **variables: str) -> str:
        """Run a command of alembic; return what it wrote."""
        process = self.start(*arguments, **variables)
        out, err = process.communicate(timeout=120)
        assert (process.returncode != 0) == fails, out + err
        return out + err

    def rows(self, statement: str, *, columns: bool = False) -> Any:
        """Run a statement on the database; return its rows, or how many columns they have."""
        database = DBSQLConnector(self.url)
        try:
            with database.engine.begin() as connection:
                found = connection.execute(sa.text(statement))
                if columns:
                    return len(found.keys())
                return [tuple(row) for row in found] if found.returns_rows else None
        finally:
            database.dispose()

    def tables(self) -> set[str]:
        database = DBSQLConnector(self.url)
        try:
            with database.engine.connect() as connection:
                return set(sa.inspect(connection).get_table_names())
        finally:
            database.dispose()


@pytest.fixture
def application(tmp_path: Path, database_url: str) -> Application:
    made = Application(tmp_path / "app", database_url)
    made.directory.mkdir()
    made.write('"title": String()')
    init = "from backo_sql.migration import Migrations; from model import backoffice; "
    init += "Migrations(backoffice).init('model:backoffice', ini='alembic.ini')"
    (made.directory / "make.py").write_text(init, encoding="utf-8")
    process = made.start(program=("make",))
    assert process.communicate(timeout=60)[1] == ""
    return made


@on_one_database
def test_the_commands_of_alembic_work(application: Application) -> None:
    application.run("revision", "--autogenerate", "-m", "begin")
    assert "begin" in application.run("upgrade", "head")
    assert "No new upgrade operations" in application.run("check")
    application.write('"title": String(), "pages": Int(min=1)')
    assert "adds the column books.pages" in application.run("check", fails=True)
    application.run("revision", "--autogenerate", "-m", "pages")
    application.run("upgrade", "head")
    assert "(head)" in application.run("current")
    assert len(list((application.directory / "migrations" / "versions").glob("*.py"))) == 2
    application.run("revision", "--autogenerate", "-m", "nothing")
    assert len(list((application.directory / "migrations" / "versions").glob("*.py"))) == 2
    application.run("downgrade", "base")
    assert application.tables() == {"alembic_version"}


@on_one_database
def test_a_configuration_for_a_history_that_is_there_names_the_application(application: Application) -> None:
    environment = "from backo_sql.migration import run_migrations\nrun_migrations()\n"
    (application.directory / "migrations" / "env.py").write_text(environment, encoding="utf-8")
    (application.directory / "alembic.ini").unlink()
    assert application.start(program=("make",)).communicate(timeout=60)[1] == ""
    application.run("revision", "--autogenerate", "-m", "begin")
    application.run("upgrade", "head")
    assert application.tables() == {"alembic_version", "books"}


FACTORY = """
import os
from flask import Flask
from backo_sql import *

backoffice = Backoffice("app")
backoffice.register_collection(Collection("books", Item({"title": String()}), DBSQLConnector()))

def create_app():
    app = Flask("app")
    app.config["BACKO_SQL_URL"] = os.environ["APP_URL"]
    BackoSQL(backoffice).init_app(app)
    return app
"""


@on_one_database
@pytest.mark.parametrize(("argument", "named"), [("create_app", ""), ("", "app:create_app"), ("[backoffice]", "")])
def test_an_application_factory_will_do(argument: str, named: str, application: Application) -> None:
    (application.directory / "app.py").write_text(FACTORY, encoding="utf-8")
    (application.directory / "migrations" / "env.py").write_text(
        "from backo_sql.migration import run_migrations\nfrom app import backoffice, create_app\n"
        f"run_migrations({argument})\n",
        encoding="utf-8",
    )
    ini = application.directory / "alembic.ini"
    more = f"backoffice = {named}\n" if named else ""
    if "backoffice" in argument:  # without an application nobody knows its database
        assert "has no URL" in application.run("current", fails=True)
        more = f"sqlalchemy.url = {application.url.replace('%', '%%')}\n"
    ini.write_text(ini.read_text(encoding="utf-8").replace("[loggers]", f"{more}[loggers]", 1), encoding="utf-8")
    application.run("revision", "--autogenerate", "-m", "begin")
    application.run("upgrade", "head")
    assert application.tables() == {"alembic_version", "books"}
    assert "No new upgrade operations" in application.run("check")


@on_one_database
@pytest.mark.parametrize("argument", ["5", "[]", "lambda: None", "Flask('bare')"])
def test_what_is_no_backoffice_is_one_line(argument: str, application: Application) -> None:
    (application.directory / "migrations" / "env.py").write_text(
        f"from flask import Flask\nfrom backo_sql.migration import run_migrations\nrun_migrations({argument})\n",
        encoding="utf-8",
    )
    told = application.run("current", fails=True)
    assert "no Backoffice" in told
    assert "Traceback" not in told


@on_one_database
def test_programs_may_call_the_commands_of_alembic(application: Application) -> None:
    # As Flask-Migrate does: the options of the command line are there, the command isn't.
    (application.directory / "program.py").write_text(
        "import argparse\nfrom alembic import command\nfrom alembic.config import Config\n"
        "config = Config('alembic.ini', cmd_opts=argparse.Namespace(x=[]))\n"
        "command.revision(config, 'begin', autogenerate=True)\n"
        "command.upgrade(config, 'head')\n"
        "command.check(config)\n"
        "command.revision(config, 'nothing', autogenerate=True)\n",
        encoding="utf-8",
    )
    process = application.start(program=("program",))
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, out + err
    assert len(list((application.directory / "migrations" / "versions").glob("*.py"))) == 1


@on_one_database
def test_a_rename_and_a_loss_have_to_be_said(application: Application) -> None:
    application.run("revision", "--autogenerate", "-m", "begin")
    application.run("upgrade", "head")
    application.write('"name": String()')
    told = application.run("revision", "--autogenerate", "-m", "what", fails=True)
    assert "Was $.title of 'books' renamed to $.name?" in told
    assert "Traceback" not in told
    application.run("-x", "renames=no", "revision", "--autogenerate", "-m", "replace")
    told = application.run("upgrade", "head", fails=True)
    assert "drops the column books.title with its values" in told
    assert "Traceback" not in told
    application.run("upgrade", "head", BACKO_SQL_ALLOW_DESTRUCTIVE="1")
    application.run("downgrade", "-1")
    application.run("-x", "allow-destructive", "upgrade", "head")
    assert "large" in application.run("-x", "alow-destructive", "upgrade", "head", fails=True)


@on_one_database
def test_revisions_run_when_the_classes_of_the_application_are_gone(application: Application) -> None:
    (application.directory / "own.py").write_text(
        "import sqlalchemy as sa\nfrom backo_sql import *\n"
        "class Upper(sa.types.TypeDecorator):\n    impl = sa.String\n    cache_ok = True\n"
        "class Odd(sa.types.UserDefinedType):\n    cache_ok = True\n"
        "    def get_col_spec(self, **_):\n        return 'REAL'\n"
        "class Shout(String): pass\nclass Strange(Int): pass\n"
        "register_column_type(Shout, lambda _: Upper(9))\nregister_column_type(Strange, lambda _: Odd())\n",
        encoding="utf-8",
    )
    fields = '"a": Shout(), "b": Strange(), "c": Datetime(), "d": List(Int()), "e": Decimal(), "f": Bytes()'
    application.write(fields)
    model = application.directory / "model.py"
    model.write_text("from own import *\n" + model.read_text(encoding="utf-8"), encoding="utf-8")
    application.run("revision", "--autogenerate", "-m", "begin")
    (application.directory / "own.py").unlink()
    application.write('"title": String()')
    application.run("upgrade", "head")
    assert "books" in application.tables()
    application.run("downgrade", "base")


def test_the_tables_of_the_host_are_kept_in_the_same_history(application: Application) -> None:
    (application.directory / "host.py").write_text(HOST.format(more=""), encoding="utf-8")
    (application.directory / "migrations" / "env.py").write_text(
        "from backo_sql.migration import run_migrations\nfrom host import metadata\nfrom model import backoffice\n"
        "run_migrations(backoffice, metadata=metadata)\n",
        encoding="utf-8",
    )
    application.run("revision", "--autogenerate", "-m", "both")
    application.run("upgrade", "head")
    assert application.tables() == {"alembic_version", "books", "ledger"}
    assert "No new upgrade operations" in application.run("check")

    more = ', sa.Column("note", sa.String(20))'
    (application.directory / "host.py").write_text(HOST.format(more=more), encoding="utf-8")
    application.write('"title": String(max_length=30)')
    application.run("revision", "--autogenerate", "-m", "both again")
    application.run("upgrade", "head")
    assert "No new upgrade operations" in application.run("check")

    (application.directory / "host.py").write_text(HOST.format(more=""), encoding="utf-8")
    application.run("revision", "--autogenerate", "-m", "the host's note goes")
    assert "drops the column ledger.note with its values" in application.run("upgrade", "head", fails=True)
    application.run("-x", "allow-destructive", "upgrade", "head")
    application.run("downgrade", "base")
    assert application.tables() == {"alembic_version"}


def test_programs_that_migrate_at_once_take_turns(application: Application) -> None:
    application.run("revision", "--autogenerate", "-m", "begin")
    application.write('"title": String(), "pages": Int(min=1, required=True, default=1)')
    application.run("upgrade", "head")
    application.run("revision", "--autogenerate", "-m", "pages")
    application.run("downgrade", "base")
    processes = [application.start("upgrade", "head") for _ in range(4)]
    told = [process.communicate(timeout=120)[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * 4, told
    assert sum("Running upgrade" in each for each in told) == 1
    assert "No new upgrade operations" in application.run("check")


DIES = "__import__('os').kill(__import__('os').getpid(), 9)"


def test_a_process_that_is_killed_leaves_nothing_of_its_revision(application: Application) -> None:
    application.run("revision", "--autogenerate", "-m", "begin")
    application.run("upgrade", "head")
    application.rows("INSERT INTO books (_id, title) VALUES ('b1', 'One'), ('b2', 'Two')")
    application.write('"title": Int(), "pages": Int(required=True, default=1), "more": List(Int())')
    application.rows("UPDATE books SET title = '7'")
    application.run("revision", "--autogenerate", "-m", "change")
    (revision,) = (application.directory / "migrations" / "versions").glob("*_change.py")
    whole = revision.read_text(encoding="utf-8")
    up, down = whole.split("def downgrade() -> None:")
    # In its middle, and when everything is done but not kept.
    middle = up.replace(
        "    op.add_column('books', sa.Column('more'", f"    {DIES}\n    op.add_column('books', sa.Column('more'"
    )
    for broken in (middle, f"{up.rstrip()}\n    {DIES}\n\n\n"):
        assert broken != up
        revision.write_text(f"{broken}def downgrade() -> None:{down}", encoding="utf-8")
        process = application.start("upgrade", "head")
        process.communicate(timeout=60)
        assert process.returncode == -9
        assert application.rows("SELECT _id, title FROM books ORDER BY _id") == [("b1", "7"), ("b2", "7")]
        assert application.rows("SELECT * FROM books WHERE 1 = 0", columns=True) == 8 + 1
    revision.write_text(whole, encoding="utf-8")
    application.run("upgrade", "head")
    assert application.rows("SELECT _id, title, pages FROM books ORDER BY _id") == [("b1", 7, 1), ("b2", 7, 1)]
    assert "No new upgrade operations" in application.run("check")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_revision_for_large_tables_goes_on_wherever_it_was_killed(application: Application) -> None:
    application.write('"title": String(), "genre": String(), "code": String()')
    application.run("revision", "--autogenerate", "-m", "begin")
    application.run("upgrade", "head")
    application.rows(
        "INSERT INTO books (_id, title, code) SELECT 'b' || n, 't', 'c' || n FROM generate_series(1, 99) n"
    )
    fields = '"genre": String(required=True, default="novel"), "code": String(unique=True), '
    application.write('"title": String(index=True), ' + fields + '"year": Int(required=True, default=1, min=1)')
    application.run("-x", "large", "revision", "--autogenerate", "-m", "change")
    application.run("upgrade", "+1")
    (revision,) = (application.directory / "migrations" / "versions").glob("*_afterwards*.py")
    whole = revision.read_text(encoding="utf-8")
    up = whole.split("def downgrade() -> None:")[0]
    steps = [line for line in up.splitlines() if line.startswith(" " * 12 + "op.")]
    assert len(steps) > 10
    for number in range(0, len(steps), 3):
        revision.write_text(whole.replace(steps[number], f"{' ' * 12}{DIES}\n{steps[number]}", 1), encoding="utf-8")
        process = application.start("upgrade", "head")
        process.communicate(timeout=60)
        assert process.returncode == -9
    revision.write_text(whole, encoding="utf-8")
    application.run("upgrade", "head")
    assert "No new upgrade operations" in application.run("check")
    assert application.rows("SELECT count(*) FROM books WHERE genre = 'novel' AND year = 1") == [(99,)]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_an_upgrade_can_be_written_as_sql(application: Application) -> None:
    application.run("revision", "--autogenerate", "-m", "begin")
    written = application.run("upgrade", "head", "--sql")
    assert "CREATE TABLE books" in written
    assert application.tables() <= {"alembic_version"}


def test_the_revisions_of_the_example_lead_to_its_description(database_url: str) -> None:
    for arguments in (["upgrade", "head"], ["check"], ["downgrade", "base"], ["upgrade", "head"]):
        done = subprocess.run(
            [sys.executable, "-m", "alembic", *arguments],
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": database_url},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
