"""What `backo_sql` offers by name: all of it is there, told in the pages, and explained to `help()`."""

from __future__ import annotations

import builtins
import re
from pathlib import Path
from typing import Any

import pytest

import backo_sql
from backo_sql import Backoffice, Dict, Item

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))


def code_of(text: str) -> str:
    """Return what a page writes as code: its blocks, and what stands between backticks."""
    fenced = r"(?ms)^```.*?^```"
    return "\n".join([*re.findall(fenced, text), *re.findall(r"`([^`]+)`", re.sub(fenced, "", text))])


CODE = "\n".join(code_of(page.read_text(encoding="utf-8")) for page in PAGES)
DESCRIPTIONS = (ROOT / "docs" / "descriptions.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", backo_sql.__all__)
def test_a_public_name_is_there_with_a_docstring_and_in_the_pages(name: str) -> None:
    named: Any = getattr(backo_sql, name)
    # A class has one of its own: that of its parent would tell of another thing.
    text = vars(named).get("__doc__") if isinstance(named, type) else named.__doc__
    assert text, f"{name} has no docstring"
    assert text.strip()
    assert re.search(rf"\b{name}\b", CODE), f"{name} is told of in no page"


def test_public_names_are_in_order_and_no_name_is_there_twice() -> None:
    assert sorted(set(backo_sql.__all__)) == backo_sql.__all__


def test_a_star_import_gives_the_public_names_and_hides_no_builtin() -> None:
    scope: dict[str, Any] = {}
    exec("from backo_sql import *", scope)
    del scope["__builtins__"]
    assert set(scope) == set(backo_sql.__all__)
    assert set(scope).isdisjoint(dir(builtins))


def methods(of: type) -> set[str]:
    return {name for name in dir(of) if not name.startswith("_")}


def listed(beginning: str) -> set[str]:
    """Return the names in the point of a list that begins so."""
    (point,) = re.findall(rf"(?ms)^- {re.escape(beginning)}(.*?)(?=^- |^\n)", DESCRIPTIONS)
    return set(re.findall(r"`(\w+)`", point))


def test_the_names_that_no_field_can_have_are_listed() -> None:
    assert listed("No field has the name of a method:") == methods(Dict)
    assert listed("A field of an `Item` itself:") == methods(Item) - methods(Dict)


def test_the_names_that_no_collection_can_have_are_listed() -> None:
    # `coll` stands in URLs, `name` is an attribute of every backoffice.
    assert listed("No collection is named") == methods(Backoffice) | {"coll", "name"}
