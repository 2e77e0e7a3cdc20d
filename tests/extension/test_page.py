"""The page of the extension tells the truth: its examples run, and its tables name what there is."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from typing import Any

from flask import Flask

from backo_sql import BackoSQL
from backo_sql.config import KEYS, Config

PAGE = (Path(__file__).parents[2] / "docs" / "flask.md").read_text(encoding="utf-8")


def test_every_config_key_is_in_the_table_with_its_default() -> None:
    rows = re.findall(r"(?m)^\| `(BACKO_SQL_\w+)` \| `([^`]+)` \|", PAGE)
    defaults = {key: getattr(Config(), field.name) for key, field in KEYS.items()}
    assert {key: ast.literal_eval(default) for key, default in rows} == {
        key: dict(default) if key in ("BACKO_SQL_URLS", "BACKO_SQL_ENGINE_OPTIONS") else default
        for key, default in defaults.items()
    }


def test_every_key_is_told_in_the_docstring() -> None:
    for field in KEYS.values():
        assert f"\n        {field.name}: " in ((inspect.getdoc(Config) and Config.__doc__) or "")


def test_every_argument_is_told() -> None:
    for name, parameter in inspect.signature(BackoSQL.__init__).parameters.items():
        if parameter.kind is parameter.KEYWORD_ONLY:
            assert f"`{name}`" in PAGE


def test_the_examples_run() -> None:
    names: dict[str, Any] = {}
    blocks = re.findall(r"(?ms)^```python\n(.*?)^```", PAGE)
    assert len(blocks) >= 5
    for block in blocks:
        exec(compile(block, "docs/flask.md", "exec"), names)
    names["test_a_reader_is_stored"]()
    for each in names.values():
        if isinstance(each, Flask):
            names["extension"].dispose(each)
