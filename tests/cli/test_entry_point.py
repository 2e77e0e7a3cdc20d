"""How Flask finds the commands, and what a shell sees of them."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import click

from backo_sql.cli import backo

ROOT = Path(__file__).parents[2]

APPLICATION = """\
from flask import Flask
from backo_sql import Backoffice, BackoSQL, Collection, DBSQLConnector, Int, Item
from backo_sql.cli import backo

shop = Backoffice("shop")
shop.register_collection(Collection("things", Item({"n": Int()}), DBSQLConnector()))


def create_app():
    app = Flask("shop")
    app.config.from_prefixed_env()
    BackoSQL(shop).init_app(app)
    app.cli.add_command(backo)
    return app
"""


def test_the_entry_point_leads_to_the_commands() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    module, _, name = project["entry-points"]["flask.commands"]["backo"].partition(":")
    assert getattr(importlib.import_module(module), name) is backo


def test_every_command_is_in_the_page() -> None:
    told = re.findall(r"(?m)^\| `flask backo ((?:db )?\w+)", (ROOT / "docs" / "cli.md").read_text(encoding="utf-8"))
    group = backo.commands["db"]
    assert isinstance(group, click.Group)
    assert sorted(told) == sorted([*(set(backo.commands) - {"db"}), *(f"db {name}" for name in group.commands)])


def test_every_command_says_what_it_does() -> None:
    def visit(command: click.Command, path: str) -> None:
        assert command.help, path
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, (path, parameter.name)
        if isinstance(command, click.Group):
            for name, inner in command.commands.items():
                visit(inner, f"{path} {name}")
        else:
            assert "--json" in {text for each in command.params for text in each.opts}, path

    visit(backo, "flask backo")


def test_a_shell_sees_tables_json_and_exit_codes(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(APPLICATION)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(tmp_path)]),
        "FLASK_BACKO_SQL_URL": f"sqlite:///{tmp_path / 'shop.db'}",
    }

    def flask(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "flask", "--app", "shop", "backo", *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    routes = flask("routes", "--json")
    assert routes.returncode == 0, routes.stderr
    assert {each["path"] for each in json.loads(routes.stdout)} >= {"/shop/things", "/shop/things/<identifier>"}
    assert flask("check").returncode == 1
    for arguments in (("db", "init"), ("db", "revision", "-m", "begin"), ("db", "upgrade"), ("check",)):
        assert flask(*arguments).returncode == 0
    assert {each.name for each in (tmp_path / "migrations").iterdir()} >= {"env.py", "script.py.mako", "versions"}
    mistake = flask("describe", "nonsense")
    assert mistake.returncode == 2
    assert "Traceback" not in mistake.stderr
    assert mistake.stderr.splitlines()[-1] == "Error: There is no collection 'nonsense'. Known: things."
