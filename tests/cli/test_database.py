"""`flask backo db …`: a history from its first revision on, as people and as programs run it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from backo_sql import Backoffice, BackoSQL, Collection, DBSQLConnector, Int, Item, Ref, RefsList, String
from backo_sql.cli import backo
from tests.cli.conftest import Releases
from tests.support import on_one_database

ROOT = Path(__file__).parents[2]


def first() -> dict[str, Item]:
    return {"things": Item({"name": String(required=True), "n": Int()})}


def second() -> dict[str, Item]:
    return {"things": Item({"name": String(required=True, unique=True), "n": Int(), "price": Int(min=0)})}


def test_a_history_from_the_first_revision_on(release: Releases) -> None:
    program = release(**first())
    assert "env.py" in program.run("db", "init")
    assert program.run("db", "init") == "Everything is there already.\n"
    assert program.run("db", "history") == "The history has no revision yet.\n"
    assert program.run("db", "current") == "The database is at no revision.\n"

    assert program.run("db", "revision", "-m", "begin").startswith("Wrote ")
    assert "begin" in program.run("db", "check", code=1)
    assert "Upgraded to" in program.run("db", "upgrade")
    assert program.run("db", "upgrade") == "There was nothing to do.\n"
    assert "as the description says" in program.run("db", "check")
    assert "there is nothing to write" in program.run("db", "revision", "-m", "nothing")
    with program.app.app_context():
        program.backoffice.things.create({"name": "lamp", "n": 3})

    program = release(**second())
    assert "Differences" in program.run("db", "check", code=1)
    program.run("db", "revision", "-m", "prices")
    program.run("db", "upgrade")
    with program.app.app_context():
        assert [(item.name, item.n, item.price) for item in program.backoffice.things.select()] == [("lamp", 3, None)]
    history = program.run("db", "history")
    assert history.index("prices") < history.index("begin")
    assert "prices" in program.run("db", "current")

    assert "Undid" in program.run("db", "downgrade", "-1")
    assert "Upgraded to" in program.run("db", "upgrade", "+1")
    assert "Undid" in program.run("db", "downgrade", "--lock-timeout", "2s", "--", "-1")
    assert release(**first()).run("db", "check", code=1).startswith("Not run yet")


def test_the_same_as_json(release: Releases) -> None:
    program = release(**first())
    written = program.json("db", "init")["written"]
    assert [Path(each).name for each in written] == ["env.py", "script.py.mako", ".gitkeep"]
    assert program.json("db", "history") == program.json("db", "current") == []
    ((begin,),) = program.json("db", "revision", "-m", "begin").values()
    assert (begin["message"], begin["parents"], begin["is_applied"]) == ("begin", [], False)
    report = program.json("db", "check", code=1)
    assert (report["ok"], [each["id"] for each in report["pending"]]) == (False, [begin["id"]])
    assert [each["kind"] for each in report["differences"]] == ["add_table"]
    ((run,),) = program.json("db", "upgrade").values()
    assert run["id"] == begin["id"]
    assert program.json("db", "upgrade") == {"run": []}
    report = program.json("db", "check")
    assert report == {
        "ok": True,
        "differences": [],
        "pending": [],
        "heads": [begin["id"]],
        "current": [begin["id"]],
        "unknown_tables": [],
    }
    (shown,) = program.json("db", "history")
    assert (shown["is_head"], shown["is_applied"]) == (True, True)
    assert [each["id"] for each in program.json("db", "current")] == [begin["id"]]
    ((undone,),) = program.json("db", "downgrade", "base").values()
    assert undone["id"] == begin["id"]
    assert [each["id"] for each in program.json("db", "stamp")] == [begin["id"]]


def test_a_step_that_takes_values_away_has_to_be_allowed(release: Releases) -> None:
    program = release(**second())
    program.run("db", "init")
    program.run("db", "revision", "-m", "begin")
    program.run("db", "upgrade")
    with program.app.app_context():
        program.backoffice.things.create({"name": "lamp", "price": 4})
    program = release(things=Item({"name": String(required=True, unique=True), "n": Int()}))
    assert "It takes values away:" in program.run("db", "revision", "-m", "no prices")
    message = program.run("db", "upgrade", code=2)
    assert "price" in message
    assert "--allow-destructive" in message
    assert "yes" in release(**second()).run("db", "history")
    program.run("db", "upgrade", "--allow-destructive")
    assert program.run("db", "check").startswith("The database is at the head")


@on_one_database
def test_several_heads_are_merged(release: Releases) -> None:
    program = release(**first())
    program.run("db", "init")
    program.run("db", "revision", "-m", "begin", "--empty")
    (begin,) = program.json("db", "history")
    versions = release.folder / "migrations" / "versions"
    for name in ("left", "right"):
        (versions / f"{name}.py").write_text(
            f"revision = '{name}'\ndown_revision = '{begin['id']}'\n"
            "def upgrade() -> None: ...\ndef downgrade() -> None: ...\n"
        )
    report = program.json("db", "check", code=1)
    assert sorted(report["heads"]) == ["left", "right"]
    assert "Several heads" in program.run("db", "check", code=1)
    assert "Error: " in program.run("db", "upgrade", code=2)
    ((merged,),) = program.json("db", "merge", "-m", "both").values()
    assert sorted(merged["parents"]) == ["left", "right"]
    assert "nothing to merge" in program.run("db", "merge", "-m", "again", code=2)
    assert len(program.json("db", "upgrade")["run"]) == 4


def renamed() -> dict[str, Item]:
    return {"things": Item({"title": String(required=True), "n": Int()})}


def test_where_nobody_can_be_asked_a_rename_is_refused(release: Releases) -> None:
    program = release(**first())
    program.run("db", "init")
    program.run("db", "revision", "-m", "begin")
    program.run("db", "upgrade")
    program = release(**renamed())
    for arguments in ((), ("--json",)):
        message = program.run("db", "revision", "-m", "title", *arguments, code=2)
        assert "was=" in message
    program.run("db", "revision", "-m", "title", "--no-renames")
    assert "name" in program.json("db", "history")[0]["destructive"][0]


@on_one_database
@pytest.mark.skipif(sys.platform == "win32", reason="this system has no pseudo-terminals")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork.*:DeprecationWarning")
def test_a_person_at_a_terminal_is_asked_whether_something_was_renamed(release: Releases) -> None:
    import pty

    program = release(**first())
    program.run("db", "init")
    program.run("db", "revision", "-m", "begin")
    program.run("db", "upgrade")
    with program.app.app_context():
        program.backoffice.things.create({"name": "lamp"})
    program.extension.dispose(program.app)
    script = release.folder / "ask.py"
    script.write_text(
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from flask import Flask\n"
        "from backo_sql import *\n"
        "from backo_sql.cli import backo\n"
        "from flask.cli import ScriptInfo\n"
        "shop = Backoffice('shop')\n"
        "item = Item({'title': String(required=True), 'n': Int()})\n"
        "shop.register_collection(Collection('things', item, DBSQLConnector()))\n"
        "app = Flask('host')\n"
        f"app.config['BACKO_SQL_URL'] = {release.url!r}\n"
        f"app.config['BACKO_SQL_MIGRATIONS'] = {str(release.folder / 'migrations')!r}\n"
        "BackoSQL(shop).init_app(app)\n"
        "backo(['db', 'revision', '-m', 'title'], obj=ScriptInfo(create_app=lambda: app))\n"
    )
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, [sys.executable, str(script)])
    seen = b""
    answered = False
    while True:
        try:
            part = os.read(terminal, 1024)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        seen += part
        if not answered and b"[y/n]" in seen:
            os.write(terminal, b"y\n")
            answered = True
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, seen
    assert b"Was $.name of 'things' renamed to $.title?" in seen
    program = release(**renamed())
    program.run("db", "upgrade")
    with program.app.app_context():
        assert [item.title for item in program.backoffice.things.select()] == ["lamp"]


@on_one_database
def test_each_database_of_an_application_has_a_folder_of_its_own(release: Releases, tmp_path: Path) -> None:
    app = Flask("host")
    app.config.update(
        BACKO_SQL_URLS={name: f"sqlite:///{tmp_path / name}.db" for name in ("shop", "cellar")},
        BACKO_SQL_MIGRATIONS=tmp_path / "history",
    )
    backoffices = []
    for name in ("shop", "cellar"):
        backoffices.append(Backoffice(name))
        backoffices[-1].register_collection(Collection("things", Item({"n": Int()}), DBSQLConnector()))
    extension = BackoSQL(*backoffices)
    extension.init_app(app)

    def run(*arguments: str) -> Any:
        return app.test_cli_runner().invoke(backo, ["db", *arguments])

    refused = run("init")
    assert refused.exit_code == 2
    assert refused.stderr == "Error: There are several databases (shop, cellar): say which one by --backoffice.\n"
    for name in ("shop", "cellar"):
        for arguments in (("init",), ("revision", "-m", name), ("upgrade",), ("check",)):
            assert run(*arguments, "--backoffice", name).exit_code == 0
        assert (tmp_path / "history" / name / "env.py").is_file()
    extension.dispose(app)


@on_one_database
def test_one_database_by_two_connectors_would_have_two_histories(release: Releases) -> None:
    app = Flask("host")
    app.config["BACKO_SQL_URL"] = release.url
    backoffices = []
    for name in ("shop", "cellar"):
        backoffices.append(Backoffice(name))
        backoffices[-1].register_collection(Collection(f"{name}_things", Item({"n": Int()}), DBSQLConnector()))
    extension = BackoSQL(*backoffices)
    extension.init_app(app)
    result = app.test_cli_runner().invoke(backo, ["db", "init"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "'shop' and 'cellar' live in one database by two connectors" in result.stderr
    extension.dispose(app)


def test_backoffices_that_share_a_connector_share_a_history(release: Releases) -> None:
    shared = DBSQLConnector()
    app = Flask("host")
    app.config.update(BACKO_SQL_URL=release.url, BACKO_SQL_MIGRATIONS=release.folder / "migrations")
    shop, cellar = Backoffice("shop"), Backoffice("cellar")
    shop.register_collection(Collection("things", Item({"box": Ref(coll="boxes", field="things")}), shared))
    shop.register_collection(Collection("boxes", Item({"things": RefsList(coll="things", field="box")}), shared))
    cellar.register_collection(Collection("barrels", Item({"n": Int()}), shared))
    extension = BackoSQL(shop, cellar)
    extension.init_app(app)
    for arguments in (("init",), ("revision", "-m", "all"), ("upgrade",), ("check",)):
        result = app.test_cli_runner().invoke(backo, ["db", *arguments])
        assert result.exit_code == 0, result.output
    with app.app_context():
        assert cellar.barrels.create({"n": 1}).n == 1
        assert shop.boxes.count() == 0
    extension.dispose(app)


@on_one_database
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("upgrade",), "There is no history in"),
        (("current",), "There is no history in"),
        (("revision", "-m", "x"), "There is no history in"),
    ],
)
def test_without_a_history_the_message_says_how_to_begin_one(
    release: Releases, arguments: tuple[str, ...], expected: str
) -> None:
    message = release(**first()).run("db", *arguments, code=2)
    assert message.startswith(f"Error: {expected}")
    assert "init" in message
    assert message.count("\n") == 1


@on_one_database
def test_an_unknown_target_is_one_line(release: Releases) -> None:
    program = release(**first())
    program.run("db", "init")
    program.run("db", "revision", "-m", "begin")
    for command in ("upgrade", "downgrade", "stamp"):
        assert program.run("db", command, "nonsense", code=2).count("\n") == 1


def test_a_lock_timeout_that_is_none_is_told_on_every_database(release: Releases) -> None:
    program = release(**first())
    program.run("db", "init")
    assert "such as '2s'" in program.run("db", "upgrade", "--lock-timeout", "soon", code=2)


@on_one_database
@pytest.mark.parametrize("wait", ["-1", "nan", "inf", "1e12"])
def test_a_time_to_wait_that_is_none_is_told(release: Releases, wait: str) -> None:
    program = release(**first())
    program.run("db", "init")
    assert "seconds" in program.run("db", "upgrade", "--wait", wait, code=2)


@pytest.mark.parametrize(
    "command", [("db", "upgrade"), ("db", "check"), ("db", "current"), ("db", "revision", "-m", "x")]
)
def test_a_database_that_can_not_be_reached_is_one_line_without_its_password(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    program = Releases("postgresql://somebody:s3cret@127.0.0.1:1/nothing?connect_timeout=2", tmp_path)(**first())
    program.run("db", "init")
    message = program.run(*command, code=2)
    assert message.startswith("Error: ")
    assert message.count("\n") == 1
    assert "s3cret" not in message
