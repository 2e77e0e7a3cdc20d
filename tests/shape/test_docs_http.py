"""The page of HTTP tells all parameters, and tells them right."""

from __future__ import annotations

import re

from backo_sql.config import MAX_PAGE
from backo_sql.http.items import _ITEM_PARAMETERS, _LIST_PARAMETERS
from backo_sql.http.selections import _PARAMETERS
from backo_sql.query.parse_args import DEFAULT_PAGE, DEFAULT_VIEW
from backo_sql.query.plan import Total

from .test_docs_examples import DOCS

PAGE = (DOCS / "http.md").read_text(encoding="utf-8")


def rows(heading: str) -> dict[str, list[str]]:
    """Return the first table below a heading, by its first column."""
    section = PAGE.split(f"\n{heading}\n", 1)[1]
    table = re.search(r"^\|(?:.*\n\|)+.*$", section, re.MULTILINE)
    assert table is not None, heading
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in table[0].splitlines()[2:]]
    return {first: others for first, *others in lines}


def test_every_parameter_of_a_list_is_told() -> None:
    told = rows("## A page of items")
    assert {name.strip("`") for name in told if name.startswith("`_")} == _LIST_PARAMETERS
    assert set(_LIST_PARAMETERS) - {"_view"} == set(_PARAMETERS)
    assert set(_ITEM_PARAMETERS) == {"_view"}
    selections = (DOCS / "selections.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in selections for name in _LIST_PARAMETERS)


def test_what_a_parameter_is_when_it_is_not_given_is_told_right() -> None:
    told = {name.strip("`"): text[0] for name, text in rows("## A page of items").items()}
    assert f"{DEFAULT_PAGE} when not given" in told["_page"]
    assert f"{MAX_PAGE}, or `BACKO_SQL_MAX_PAGE`" in told["_page"]
    assert f"`{DEFAULT_VIEW}` when not given" in told["_view"]
    assert all(f"`{total.value}`" in told["_total"] for total in Total)


def test_the_order_of_nulls_and_of_what_is_alike_is_told() -> None:
    section = PAGE.split("\n### Order\n", 1)[1].split("\n###", 1)[0]
    assert "Null stands behind every value" in section
    assert "order of `_id`" in section
