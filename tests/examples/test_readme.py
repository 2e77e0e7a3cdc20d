"""The README tells the truth: its commands are sent to the demo, its programs are run, its tables are looked up."""

from __future__ import annotations

import ast
import http.client
import json
import os
import re
import shlex
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from backo_sql import DBSQLConnector
from examples.quickstart import describe

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")

#: what the README writes for a value that differs each time
ANYTHING = "…"

START_TIMEOUT = 60


@dataclass
class Block:
    """A block of code in the README."""

    language: str
    text: str


def blocks() -> list[Block]:
    return [Block(*found) for found in re.findall(r"^```(\w+)\n(.*?)\n```$", README, re.MULTILINE | re.DOTALL)]


def curl_blocks() -> list[tuple[str, Block]]:
    """Every command, with the block that shows its answer."""
    found = blocks()
    return [
        (block.text, answer)
        for block, answer in pairwise(found)
        if block.language == "sh" and block.text.startswith("curl ")
    ]


# -- the server, as `make demo` starts it ------------------------------------------------------------


@dataclass
class Demo:
    """The example, served by a process of its own."""

    port: int
    log: Path

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")


@contextmanager
def serve(directory: Path) -> Iterator[Demo]:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # As a new user has it: no variable but the port.
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environment |= {"PORT": str(port), "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
    log = directory / f"{port}.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "examples.library", "serve"],
            cwd=directory,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    demo = Demo(port, log)
    try:
        wait(demo, process)
        yield demo
    finally:
        process.terminate()
        process.wait()


def wait(demo: Demo, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_TIMEOUT
    while time.monotonic() < end:
        assert process.poll() is None, demo.said()
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", demo.port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail(f"The demo did not start within {START_TIMEOUT} s:\n{demo.said()}")


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def demo(directory: Path) -> Iterator[Demo]:
    with serve(directory) as running:
        yield running


# -- curl, as far as the README uses it --------------------------------------------------------------


@dataclass
class Answer:
    status: int
    reason: str
    headers: http.client.HTTPMessage
    body: Any


def curl(command: str, port: int) -> Answer:
    """Do what a curl command line says, on another port."""
    words = iter(shlex.split(command.replace("\\\n", ""))[1:])
    method, body, url, get = None, None, "", False
    queries: list[str] = []
    headers = {"User-Agent": "curl", "Accept": "*/*"}
    for word in words:
        match word:
            case "-i":
                pass
            case "-X":
                method = next(words)
            case "-G":
                get = True
            case "--data-urlencode":
                name, _, value = next(words).partition("=")
                queries.append(f"{name}={quote(value)}")
            case "-d" if get:
                queries.append(next(words))
            case "-d":
                body = next(words)
                headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
            case "-H":
                name, _, value = next(words).partition(":")
                headers[name] = value.strip()
            case _:
                assert not word.startswith("-"), f"This test knows no option {word} of curl."
                url = word
    parts = urlsplit("?".join(filter(None, (url, "&".join(queries)))))
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request(
            method or ("GET" if body is None else "POST"), target, body and body.encode(), headers=headers
        )
        response = connection.getresponse()
        return Answer(response.status, response.reason, response.headers, json.loads(response.read()))


def masked(actual: Any, expected: Any) -> Any:
    """Put the mask where the README has it, so that what is left can be compared."""
    if isinstance(expected, str) and ANYTHING in expected and isinstance(actual, str | dict):
        pattern = ".+".join(map(re.escape, expected.split(ANYTHING)))
        return expected if isinstance(actual, dict) or re.fullmatch(pattern, actual) else actual
    if isinstance(expected, dict) and isinstance(actual, dict):
        return {name: masked(value, expected.get(name)) for name, value in actual.items()}
    if isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        return [masked(*pair) for pair in zip(actual, expected, strict=True)]
    return actual


def check(answer: Answer, shown: Block, command: str) -> None:
    """Compare an answer with the block that the README shows for it."""
    text = shown.text
    if shown.language == "http":
        head, _, text = text.partition("\n\n")
        first, *headers = head.splitlines()
        assert f"HTTP/1.1 {answer.status} {answer.reason}" == first, command
        for header in headers:
            name, _, value = header.partition(": ")
            assert masked(answer.headers[name], value) == value, command
        status = answer.status
    else:
        assert shown.language == "json", f"{command} has no answer in the README."
        body = json.loads(text)
        status = body["status"] if isinstance(body, dict) and "status" in body else 200
    expected = json.loads(text)
    assert (answer.status, masked(answer.body, expected)) == (status, expected), command
    kind = "application/problem+json" if status >= 400 else "application/json"
    assert answer.headers["Content-Type"] == kind, command


# -- the tests ---------------------------------------------------------------------------------------


def test_the_demo_answers_as_the_readme_says(demo: Demo) -> None:
    commands = curl_blocks()
    assert len(commands) > 10
    for command, shown in commands:
        check(curl(command, demo.port), shown, command)


def test_the_demo_serves_the_description_at_the_url_of_the_readme(demo: Demo) -> None:
    (url,) = re.findall(r"<(http://127\.0\.0\.1:5000/\w+/_meta)>", README)
    answer = curl(f"curl {url}", demo.port)
    assert answer.status == 200
    assert [each["name"] for each in answer.body["collections"]] == ["authors", "books", "shelves", "readers"]


def test_a_second_start_fills_nothing_and_prints_commands_that_work(demo: Demo, directory: Path) -> None:
    assert "filled in" in demo.said()
    before = curl("curl http://127.0.0.1/library/books?_page=1", demo.port).body["total"]
    with serve(directory) as second:
        assert "was there already" in second.said()
        assert curl("curl http://127.0.0.1/library/books?_page=1", second.port).body["total"] == before
        commands = [line.strip() for line in second.said().splitlines() if line.strip().startswith("curl ")]
        assert len(commands) > 5
        for command in commands:
            assert f"http://127.0.0.1:{second.port}/" in command
            answer = curl(command, second.port)
            refused = "-X DELETE" in command
            assert answer.status == (409 if refused else 201 if "-X POST" in command else 200), (command, answer.body)
            assert answer.body.get("total") != 0, command


@pytest.mark.parametrize("page", ["README.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))])
def test_every_link_into_the_repository_leads_somewhere(page: str) -> None:
    file = ROOT / page
    targets = re.findall(r"\]\(([^)#:]+)\)", file.read_text(encoding="utf-8"))
    assert targets or page.startswith("docs/")
    assert [target for target in targets if not (file.parent / target).exists()] == []


def test_the_program_of_the_readme_is_the_example() -> None:
    program = (ROOT / "examples" / "quickstart.py").read_text(encoding="utf-8")
    assert program.rstrip() in [block.text for block in blocks() if block.language == "python"]


def test_the_tables_of_the_readme_are_those_of_the_quickstart(tmp_path: Path) -> None:
    (shown,) = [block.text for block in blocks() if block.language == "sql"]
    file = tmp_path / "quickstart.db"
    database = DBSQLConnector(f"sqlite:///{file}")
    describe(database).create_all()
    database.dispose()
    with closing(sqlite3.connect(file)) as connection:
        made = [sql for (sql,) in connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")]
    assert sorted(map(tidy, shown.rstrip(";").split(";"))) == sorted(map(tidy, made))


def tidy(statement: str) -> str:
    """Write a statement on one line, without remarks and without the columns that the README leaves out."""
    lines = [line.strip() for line in statement.strip().splitlines()]
    return " ".join(line for line in lines if not line.startswith(("--", "_meta__")))


def test_the_python_of_the_readme_does_what_its_remarks_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    program = (ROOT / "examples" / "quickstart.py").read_text(encoding="utf-8").rstrip()
    names: dict[str, Any] = {}
    connectors: list[DBSQLConnector] = []
    remarks = 0
    try:
        for block in blocks():
            if block.language == "python" and block.text != program:
                remarks += run(block.text, names)
                connectors.append(names["database"])
    finally:
        for connector in connectors:
            connector.dispose()
    assert remarks > 5


def run(program: str, names: dict[str, Any]) -> int:
    """Run a program; where a line ends in `# -> value`, compare. Return how many do."""
    lines = program.splitlines()
    remarks = 0
    for statement in ast.parse(program).body:
        _, arrow, expected = lines[(statement.end_lineno or 0) - 1].partition("  # -> ")
        if not arrow:
            exec(compile(ast.Module([statement], []), "README.md", "exec"), names)
            continue
        assert isinstance(statement, ast.Expr)
        value = eval(compile(ast.Expression(statement.value), "README.md", "eval"), names)
        assert value == eval(expected, names), f"{ast.unparse(statement)} is {value!r}, not {expected}"
        remarks += 1
    return remarks
