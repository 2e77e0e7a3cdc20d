"""The page of items tells the truth: its examples run, and its tables name what there is."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

import backo_sql
from backo_sql import Item, StatusType
from backo_sql.types.calls import _FORMS

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "items.md").read_text(encoding="utf-8")


def run(program: str, names: dict[str, Any], path: str) -> int:
    """Run a program; where a line ends in `# -> value`, compare. Return how many do."""
    lines = program.splitlines()
    remarks = 0
    for statement in ast.parse(program).body:
        _, arrow, expected = lines[(statement.end_lineno or 0) - 1].partition("  # -> ")
        if not arrow:
            exec(compile(ast.Module([statement], []), path, "exec"), names)
            continue
        assert isinstance(statement, ast.Expr)
        value = eval(compile(ast.Expression(statement.value), path, "eval"), names)
        assert value == eval(expected, names), f"{ast.unparse(statement)} is {value!r}, not {expected}"
        remarks += 1
    return remarks


def test_the_examples_of_the_page_of_items_do_what_their_remarks_say(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[backo_sql.DBSQLConnector] = []

    class Closed(backo_sql.DBSQLConnector):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            opened.append(self)

    monkeypatch.setattr(backo_sql, "DBSQLConnector", Closed)
    names: dict[str, Any] = {}
    blocks = re.findall(r"^```python\n(.*?)\n```$", PAGE, re.MULTILINE | re.DOTALL)
    try:
        remarks = [run(block, names, "docs/items.md") for block in blocks]
    finally:
        for connector in opened:
            connector.dispose()
    assert len(blocks) > 10
    assert sum(remarks) > 25


def section(title: str) -> str:
    return re.split(r"(?m)^## ", re.split(rf"(?m)^## {re.escape(title)}", PAGE)[1])[0]


def rows(title: str) -> list[list[str]]:
    """Return the cells of the tables below a heading."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_every_form_of_every_function_is_in_the_table() -> None:
    described = {name: set(names(row[1])) for row in rows("Functions in a description") for name in names(row[0])}
    for option, forms in _FORMS.items():
        written = {
            f"({', '.join('new' if option == 'onchange' and n == 'value' else n for n in form)})" for form in forms
        }
        assert described[option] == written, option


def test_every_hook_is_in_the_table_in_its_order() -> None:
    described = [name for row in rows("Validation of the whole: hooks") for name in names(row[0])]
    assert described == ["pre_load", "post_load", "dynamic_post_load", "post_save"]


def test_every_state_and_verb_is_in_the_tables() -> None:
    text = section("States")
    assert {each.name for each in StatusType} <= set(names(text))
    for verb in ("create", "save", "load", "reload", "delete", "new", "set"):
        assert callable(getattr(Item, verb))
        assert f".{verb}(" in text
