"""The page of migrations tells the truth: its story is walked on both databases, and it leaves nothing out."""

from __future__ import annotations

import ast
import inspect
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.operations import Operations
from flask import Flask

import backo_sql.migration
from backo_sql.cli import backo
from backo_sql.cli.database import db as commands
from backo_sql.migration import Migrations, environment, operations, run_migrations
from tests.shape.test_docs_examples import run

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "migrations.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"(?ms)^```(\w+)\n(.*?)^```", PAGE)
CODE = "\n".join([*(text for _, text in BLOCKS), *re.findall(r"`([^`]+)`", re.sub(r"(?ms)^```.*?^```", "", PAGE))])


class Story:
    """The application of the page, in each of its releases, over one database."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.apps: list[Flask] = []
        self.releases: list[str] = []
        self.names: dict[str, Any] = {}
        self.commands = 0

    def describe(self, text: str) -> None:
        self.releases.append(text)

    def create_app(self) -> Flask:
        """Start the application, as it is described by now."""
        names: dict[str, Any] = {}
        for text in self.releases:
            exec(compile(text, "docs/migrations.md", "exec"), names)
        self.apps.append(names["create_app"](self.url))
        return self.apps[-1]

    def command(self, line: str) -> None:
        line, _, expected = line.partition("  # exit code ")
        words = shlex.split(line)
        assert words[:4] == ["flask", "--app", "library", "backo"]
        app = self.create_app()
        result = app.test_cli_runner().invoke(backo, words[4:])
        assert result.exit_code == int(expected or 0), (line, result.output, result.exception)
        self.commands += 1

    def act(self, text: str) -> int:
        self.names["create_app"] = self.create_app
        return run(text, self.names, "docs/migrations.md")

    def close(self) -> None:
        for app in self.apps:
            for engine in app.extensions["backo_sql"].own.values():
                engine.dispose()


def functions(program: str) -> list[str]:
    """Return the functions of a program, however it is laid out."""
    return [ast.unparse(each) for each in ast.parse(program).body if isinstance(each, ast.FunctionDef)]


@pytest.fixture
def story(database_url: str) -> Iterator[Story]:
    made = Story(database_url)
    yield made
    made.close()


def test_the_story_happens_as_it_is_told(story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    remarks = shown = 0
    for language, text in BLOCKS:
        if language == "sh":
            for line in text.splitlines():
                story.command(line)
        elif language == "python" and re.search(r"(?m)^\w+ = Item\(", text):
            story.describe(text)
        elif language == "python" and text.startswith("# migrations/versions/"):
            name = text.splitlines()[0].rpartition("…")[2]
            (file,) = (tmp_path / "migrations" / "versions").glob(f"*{name}")
            written = file.read_text(encoding="utf-8")
            assert functions(text) == functions(written)
            remarks_of = [line.strip() for line in text.splitlines()[1:] if line.strip().startswith("#")]
            assert all(each in written for each in remarks_of)
            shown += len(remarks_of)
        elif language == "python" and not text.startswith("# migrations/env.py"):
            remarks += story.act(text)
    assert (story.commands, remarks, shown) > (35, 6, 3)


def test_every_public_name_is_told() -> None:
    for name in backo_sql.migration.__all__:
        assert re.search(rf"\b{name}\b", CODE), name
        assert getattr(backo_sql.migration, name).__doc__ or name == "Ask"


def test_every_argument_of_run_migrations_is_told() -> None:
    told = set(re.findall(r"(?m)^\| `(\w+)` \|", PAGE)) | {"backoffice"}
    assert set(inspect.signature(run_migrations).parameters) <= told


def test_every_method_of_migrations_is_told() -> None:
    (listed,) = re.findall(r"Its methods are `([^`]+)`", PAGE)
    methods = {name for name in vars(Migrations) if not name.startswith("_")}
    assert set(listed.split()) == methods


def test_every_operation_is_told() -> None:
    own = {
        name
        for name, made in vars(operations).items()
        if inspect.isclass(made) and name.endswith("Op") and made.__module__ == operations.__name__
    }
    told = re.findall(r"(?m)^\| `op\.(\w+)\((.*?)\)` \|", PAGE)
    assert len(told) == len(own)
    for name, arguments in told:
        parameters = [str(each.name) for each in inspect.signature(getattr(Operations, name)).parameters.values()]
        assert [each.partition("=")[0].strip() for each in arguments.split(",")] == parameters[1:]


def test_every_option_of_alembics_command_line_is_told() -> None:
    known = set(re.findall(r"known = \{(.*?)\}", inspect.getsource(environment._from_command_line))[0].split(", "))
    told = re.findall(r"(?m)^\| `-x ([\w-]+)", PAGE)
    assert {f'"{each}"' for each in told} == known


def test_every_command_and_every_option_is_told() -> None:
    pages = PAGE + (DOCS / "cli.md").read_text(encoding="utf-8")
    for name, command in commands.commands.items():
        assert f"flask backo db {name}" in pages
        for parameter in command.params:
            for option in parameter.opts if parameter.param_type_name == "option" else ():
                assert f"{option}" in pages, (name, option)
