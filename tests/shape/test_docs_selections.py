"""The page of selections tells the truth: its program runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import backo_sql

from .test_docs_examples import DOCS, run

PAGE = (DOCS / "selections.md").read_text(encoding="utf-8")


def test_the_examples_of_the_page_of_selections_do_what_their_remarks_say(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    opened: list[backo_sql.DBSQLConnector] = []

    class Closed(backo_sql.DBSQLConnector):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            opened.append(self)

    monkeypatch.setattr(backo_sql, "DBSQLConnector", Closed)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    try:
        blocks = re.findall(r"^```python\n(.*?)\n```$", PAGE, re.MULTILINE | re.DOTALL)
        assert sum(run(block, names, "docs/selections.md") for block in blocks) == 4
    finally:
        for connector in opened:
            connector.dispose()
