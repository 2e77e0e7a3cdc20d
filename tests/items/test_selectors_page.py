"""docs/selectors.md tells the truth: its program runs, and each remark `# -> value` is what the line gives."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from backo_sql import Dict, Item
from backo_sql.items.match import match
from backo_sql.items.patch import patch
from backo_sql.items.selectors import multi_select, select

PAGE = Path(__file__).parents[2] / "docs" / "selectors.md"


@pytest.fixture(autouse=True)
def methods(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lend the live objects the methods of the page, as long as they are functions only."""
    if not hasattr(Dict, "multi_select"):
        for name, function in (("multi_select", multi_select), ("match", match), ("patch", patch), ("select", select)):
            monkeypatch.setattr(Dict, name, function, raising=False)
        monkeypatch.delattr(Item, "select")


def test_the_program_of_the_page_does_what_its_remarks_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    program = "\n".join(
        re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    )
    lines = program.splitlines()
    names: dict[str, Any] = {}
    remarks = 0
    try:
        for statement in ast.parse(program).body:
            _, arrow, expected = lines[(statement.end_lineno or 0) - 1].partition("  # -> ")
            if not arrow:
                exec(compile(ast.Module([statement], []), PAGE.name, "exec"), names)
                continue
            assert isinstance(statement, ast.Expr)
            value = eval(compile(ast.Expression(statement.value), PAGE.name, "eval"), names)
            assert value == eval(expected, names), f"{ast.unparse(statement)} is {value!r}, not {expected}"
            remarks += 1
    finally:
        names["database"].dispose()
    assert remarks > 35
