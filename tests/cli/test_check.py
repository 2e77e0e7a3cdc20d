"""`flask backo check`: every kind of finding, and the exit code that CI reads."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from backo_sql import Backoffice, BackoSQL, Collection, DBSQLConnector, Int, Item, Ref, RefsList, String
from backo_sql.cli import backo
from backo_sql.cli.findings import CODES, Level
from tests.cli.conftest import Program, Releases
from tests.support import on_one_database

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"


def nobody() -> None:
    """Verify nothing, but be there."""


def things(**more: Any) -> dict[str, Item]:
    return {"things": Item({"name": String(required=True), **more})}


@pytest.fixture
def program(release: Releases) -> Program:
    """An application whose database is as it should be."""
    program = release(nobody, **things())
    program.run("db", "init")
    program.run("db", "revision", "-m", "begin")
    program.run("db", "upgrade")
    return program


def codes(program: Program, *arguments: str, code: int = 0) -> list[tuple[str, str]]:
    report = program.json("check", *arguments, code=code)
    assert (report["exit_code"], report["ok"]) == (code, code == 0)
    assert all(each["text"] and each["remedy"] and each["place"] for each in report["findings"])
    assert all(each["level"] == CODES[each["code"]][0].value for each in report["findings"])
    return [(each["code"], each["place"]) for each in report["findings"]]


def test_nothing_is_found_where_all_is_well(program: Program) -> None:
    assert program.run("check") == "All is well.\n"
    assert program.json("check", "--strict") == {"ok": True, "exit_code": 0, "findings": []}


def test_a_changed_description_is_found_and_then_its_revision(program: Program, release: Releases) -> None:
    program = release(nobody, **things(n=Int(index=True)))
    found = codes(program, code=1)
    assert {code for code, _ in found} == {"schema"}
    assert "things.n" in [place for _, place in found]
    (written,) = program.json("db", "revision", "-m", "numbers")["written"]
    assert codes(program, code=1)[0] == ("pending-revision", f"{written['id']}: numbers")
    program.run("db", "upgrade")
    assert codes(program) == []


def test_a_hand_in_the_live_database_is_found(program: Program, release: Releases) -> None:
    with program.app.app_context():
        engine = program.backoffice.things.connector.engine  # type: ignore[attr-defined]
        with engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE things ADD COLUMN odd INTEGER")
    (finding,) = program.json("check", code=1)["findings"]
    assert (finding["code"], finding["place"]) == ("schema", "things.odd")
    assert "takes values away" in finding["text"]
    assert "flask backo db revision" in finding["remedy"]


def test_a_revision_that_takes_values_away_is_told_before_it_is_run(program: Program, release: Releases) -> None:
    program = release(nobody, things=Item({"n": Int()}))
    program.run("db", "revision", "-m", "no names", "--no-renames")
    found = program.json("check", code=1)["findings"]
    assert {each["code"] for each in found} >= {"pending-revision", "destructive"}
    told = next(each for each in found if each["code"] == "destructive")
    assert "name" in told["text"]
    assert told["remedy"] == "flask backo db upgrade --allow-destructive"


@on_one_database
def test_several_heads_are_found(program: Program, release: Releases) -> None:
    (begin,) = program.json("db", "history")
    for name in ("left", "right"):
        (release.folder / "migrations" / "versions" / f"{name}.py").write_text(
            f"revision = '{name}'\ndown_revision = '{begin['id']}'\n"
            "def upgrade() -> None: ...\ndef downgrade() -> None: ...\n"
        )
    found = program.json("check", code=1)["findings"]
    heads = next(each for each in found if each["code"] == "several-heads")
    assert sorted(heads["place"].split(", ")) == ["left", "right"]
    assert heads["remedy"].startswith("flask backo db merge")


def test_a_database_of_a_newer_release_is_an_error_and_not_behind(program: Program, release: Releases) -> None:
    (begin,) = program.json("db", "history")
    Path(begin["path"]).unlink()
    for each in ("db check", "db current", "db history"):
        assert f"at the revision {begin['id']}, which is not in" in program.run(*each.split(), code=2)
    assert program.run("db", "upgrade", code=2).startswith("Error: ")
    result = program.app.test_cli_runner().invoke(backo, ["check", "--json"])
    assert result.exit_code == 2
    assert [each["code"] for each in json.loads(result.stdout)["findings"]] == ["not-checked"]


def test_without_a_history_the_database_is_compared_with_the_description(release: Releases) -> None:
    program = release(nobody, **things())
    assert {code for code, _ in codes(program, code=1)} == {"schema", "no-history"}
    with program.app.app_context():
        program.backoffice.create_all()
    assert codes(program) == [("no-history", str(release.folder / "migrations"))]
    assert codes(program, "--strict", code=1) == [("no-history", str(release.folder / "migrations"))]


def test_a_foreign_key_without_an_index_is_found_in_tables_of_the_host_too(program: Program) -> None:
    with program.app.app_context():
        engine = program.backoffice.things.connector.engine  # type: ignore[attr-defined]
        collation = ' COLLATE "C"' if engine.dialect.name == "postgresql" else ""
        with engine.begin() as connection:
            for table, more in (("bare", ""), ("covered", ", UNIQUE (thing, id)"), ("beside", ", UNIQUE (id, thing)")):
                connection.exec_driver_sql(
                    f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, thing TEXT{collation} REFERENCES things{more})"
                )
    found = codes(program)
    assert [place for code, place in found if code == "bare-foreign-key"] == ["bare.thing", "beside.thing"]
    assert sorted(place for code, place in found if code == "unknown-table") == ["bare", "beside", "covered"]
    assert codes(program, "--strict", code=1) == found


@on_one_database
def test_open_routes_and_oversights_are_warnings(release: Releases) -> None:
    program = release(boxes=Item({"thing": Ref(coll="boxes")}))
    with program.app.app_context():
        program.backoffice.create_all()
    found = codes(program)
    assert [code for code, _ in found] == ["open-routes", "description", "no-history"]
    assert [place for _, place in found][:2] == ["/shop", "boxes.thing"]
    table = program.run("check", "--strict", code=1)
    assert "open-routes" in table
    assert table.endswith("3 warnings.\n")


@on_one_database
def test_a_config_that_nobody_reads_is_a_warning(release: Releases, tmp_path: Path) -> None:
    connector = DBSQLConnector(f"sqlite:///{tmp_path / 'own.db'}")
    shop = Backoffice("shop")
    shop.register_collection(Collection("things", Item({"n": Int()}), connector))
    shop.create_all()
    program = release.serve(shop, verify=nobody, BACKO_SQL_URLS={"shpo": "sqlite://"})
    places = [place for code, place in codes(program) if code == "unused-url"]
    assert places == ["BACKO_SQL_URL", "BACKO_SQL_URLS"]
    connector.dispose()


def test_a_database_that_can_not_be_reached_is_an_error_in_both_forms(tmp_path: Path) -> None:
    url = "postgresql://somebody:s3cret@127.0.0.1:1/nothing?connect_timeout=2&sslpassword=s3cret"
    program = Releases(url, tmp_path)(**things())
    result = program.app.test_cli_runner().invoke(backo, ["check"])
    assert result.exit_code == 2
    assert "not-checked" in result.stdout
    assert "s3cret" not in result.output
    as_json = program.app.test_cli_runner().invoke(backo, ["check", "--json"])
    assert as_json.exit_code == 2
    assert '"not-checked"' in as_json.stdout
    assert "s3cret" not in as_json.output


@on_one_database
def test_what_is_checked_can_be_narrowed_to_one_backoffice(release: Releases, tmp_path: Path) -> None:
    app = Flask("host")
    app.config.update(BACKO_SQL_URL=release.url, BACKO_SQL_MIGRATIONS=tmp_path / "migrations")
    shop, cellar = Backoffice("shop"), Backoffice("cellar")
    shop.register_collection(Collection("things", Item({"n": Int()}), DBSQLConnector()))
    cellar.register_collection(
        Collection(
            "barrels",
            Item({"in_rack": Ref(coll="barrels", field="holds"), "holds": RefsList(coll="barrels", field="in_rack")}),
            DBSQLConnector(f"sqlite:///{tmp_path / 'cellar.db'}"),
        )
    )
    extension = BackoSQL(shop, cellar)
    extension.init_app(app)
    program = Program(app, cellar, extension)
    for each in (shop, cellar):
        found = program.json("check", "--backoffice", each.name, code=1)["findings"]
        assert {one["backoffice"] for one in found} == {each.name}
    assert {one["backoffice"] for one in program.json("check", code=1)["findings"]} == {"shop", "cellar"}
    extension.dispose(app)
    cellar.barrels.connector.dispose()  # type: ignore[attr-defined]


def test_the_live_database_is_not_changed_by_looking(release: Releases) -> None:
    program = release(nobody, **things())
    program.run("check", code=1)
    with program.app.app_context():
        assert sa.inspect(program.backoffice.things.connector.engine).get_table_names() == []  # type: ignore[attr-defined]
    assert not (release.folder / "migrations").exists()


def test_every_code_is_in_the_page_with_its_level() -> None:
    rows = re.findall(r"(?m)^\| `([\w-]+)` \| (\w+) \|", PAGE.read_text(encoding="utf-8"))
    assert dict(rows) == {code: level.value for code, (level, _) in CODES.items()}
    assert {level for level, _ in CODES.values()} == set(Level)
