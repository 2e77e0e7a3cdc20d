"""The page of filters leaves nothing out, says nothing of what isn't there, and its program runs."""

from __future__ import annotations

import re
from typing import Any

import pytest

import backo_sql
from backo_sql import Extend
from backo_sql.config import STATEMENT_TIMEOUT
from backo_sql.query import limits, order, patterns
from backo_sql.query.ast import COMBINATORS, OPERATORS
from backo_sql.query.bind import operators_of
from backo_sql.types.base import FieldType, frozen_type
from backo_sql.types.registry import PUBLIC_TYPES

from .test_docs_examples import DOCS, run

PAGE = (DOCS / "filters.md").read_text(encoding="utf-8")

#: what a type needs to be made
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "List": (backo_sql.Int(),),
    "Tuple": ((backo_sql.Int(),),),
    "In": ([backo_sql.Int()],),
    "Dict": ({"a": backo_sql.Int()},),
}


def section(title: str) -> str:
    return re.split(r"(?m)^## ", re.split(rf"(?m)^## {re.escape(title)}$", PAGE)[1])[0]


def rows(title: str) -> list[list[str]]:
    """Return the cells of the table below a heading, its head first."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [cells[0], *cells[2:]]


def names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def make(name: str) -> FieldType[Any]:
    if name in ("Ref", "RefsList"):
        return frozen_type(getattr(backo_sql, name)(coll="things"), name)
    if name == "Extend":

        class Word(Extend):
            ordered = True

            def __init__(self) -> None:
                super().__init__(str)

            def __json_encode__(self, value: Any) -> Any:
                return value

            def __json_decode__(self, value: Any) -> Any:
                return value

        return Word()
    return frozen_type(getattr(backo_sql, name)(*ARGUMENTS.get(name, ())), name)


def test_the_program_does_what_its_remarks_say(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[backo_sql.DBSQLConnector] = []

    class Closed(backo_sql.DBSQLConnector):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            opened.append(self)

    monkeypatch.setattr(backo_sql, "DBSQLConnector", Closed)
    scope: dict[str, Any] = {}
    try:
        blocks = re.findall(r"^```python\n(.*?)\n```$", PAGE, re.MULTILINE | re.DOTALL)
        assert sum(run(block, scope, "docs/filters.md") for block in blocks) > 45
    finally:
        for connector in opened:
            connector.dispose()


def test_every_operator_is_in_the_table() -> None:
    described = [name for row in rows("Operators")[1:] for name in names(row[0])]

    assert sorted(described) == sorted([*OPERATORS, *COMBINATORS])


def test_every_type_is_in_the_table_and_has_the_operators_that_it_says() -> None:
    head, *body = rows("Operators by type")
    columns = [frozenset(names(cell)) for cell in head[1:]]
    assert frozenset().union(*columns) == set(OPERATORS)
    described: set[str] = set()
    for row in body:
        for name in names(row[0]):
            described.add(name)
            own = operators_of(make(name))
            for column, cell in zip(columns, row[1:], strict=True):
                if name in ("Dict", "Complex"):  # whose operators are those of their fields
                    assert (cell == "no") is ("$eq" not in column)
                    continue
                said = {"$eq", "$ne"} if cell.endswith("else no") else set() if cell == "no" else column
                assert said == own & column, (name, cell)
    aliases = {name for name in PUBLIC_TYPES if f"`{name}`" in section("Operators by type")} - described
    assert described | aliases == set(PUBLIC_TYPES)
    assert aliases == {"Ipaddress", "Ipnetwork"}


def test_every_limit_is_in_the_table_with_its_value() -> None:
    known = {name: value for name, value in vars(limits).items() if name.startswith("MAX_")}
    known |= {name: getattr(order, name) for name in ("MAX_SORT_TERMS", "MAX_SORT_REFERENCES")}
    known |= {name: getattr(patterns, name) for name in ("PATTERN_TIMEOUT", "PATTERN_BUDGET")}
    known["statement_timeout"] = STATEMENT_TIMEOUT
    described = {names(row[0])[0]: float(row[1].replace(" ", "")) for row in rows("Limits")[1:]}

    assert described == known
