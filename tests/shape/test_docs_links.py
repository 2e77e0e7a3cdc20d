"""The page of links tells the truth: its program runs, and its tables name what there is and what becomes of it."""

from __future__ import annotations

import inspect
import re
from itertools import product
from pathlib import Path
from typing import Any

import pytest

import backo_sql
from backo_sql import DBSQLConnector, DeleteStrategy, DescriptionError, Dict, FillStrategy, Item, List, Ref, RefsList
from backo_sql.storage.sql.layout import ON_DELETE
from backo_sql.types import reference
from tests.support import describe

from .test_docs_examples import DOCS, run

PAGE = (DOCS / "links.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return re.split(r"(?m)^## ", re.split(rf"(?m)^## {re.escape(title)}$", PAGE)[1])[0]


def tables(title: str) -> list[list[list[str]]]:
    """Return the cells of each table below a heading, without its head."""
    found = re.findall(r"(?m)(?:^\|.*\n)+", section(title))
    return [
        [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]] for table in found
    ]


def names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_the_examples_do_what_their_remarks_say(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[DBSQLConnector] = []

    class Closed(backo_sql.DBSQLConnector):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            opened.append(self)

    monkeypatch.setattr(backo_sql, "DBSQLConnector", Closed)
    program: dict[str, Any] = {}
    blocks = re.findall(r"^```python\n(.*?)\n```$", PAGE, re.MULTILINE | re.DOTALL)
    try:
        remarks = [run(block, program, "docs/links.md") for block in blocks]
    finally:
        for connector in opened:
            connector.dispose()
    assert len(blocks) == 13
    assert sum(remarks) == 22


def test_every_option_of_a_reference_is_in_the_table_with_its_other_names() -> None:
    described = {name: row[1] for row in tables("Declaring")[0] for name in names(row[0])}
    known = {"coll", "collection", "field", "reverse", "rev", "owner", "ods", "on_delete", "ofs", "on_fill"}
    assert set(described) == known
    values = {"ods": DeleteStrategy.MUST_BE_EMPTY, "ofs": FillStrategy.FILL, "owner": True, "field": "$.x"}
    values |= {"on_delete": values["ods"], "on_fill": values["ofs"], "reverse": "$.x", "rev": "$.x"}
    for name, value in values.items():
        for kind in (Ref, RefsList):
            if described[name] in ("both", f"`{kind.__name__}`"):
                kind(coll="x", **{name: value})
            else:
                with pytest.raises(DescriptionError):
                    kind(coll="x", **{name: value})
    source = inspect.getsource(reference)
    assert all(f'"{name}"' in source for name in known)


def test_every_pair_is_stored_as_the_table_says() -> None:
    rows = tables("Declaring")[1]
    assert len(rows) == 8
    for here, there, one, other, stored in rows:
        kinds = {"Ref": Ref, "RefsList": RefsList, "List": List, "Dict": Dict}
        near = names(here)[0]
        in_elements = "List" in names(here)
        options = {"coll": "there"} | ({"required": True} if "required" in near else {})
        faced = there.split(" ")[-1] if in_elements else there
        fields: dict[str, Any] = {}
        if names(faced):
            options["field"] = "$.back"
            back = {"coll": "here"} | ({"required": True} if "required" in faced else {})
            fields["back"] = kinds[names(faced)[0].partition("(")[0]](**back)
        link: Any = kinds[near.partition("(")[0]](**options)
        backoffice = describe(
            DBSQLConnector("sqlite://"),
            here=Item({"lines": List(Dict({"link": link}))} if in_elements else {"link": link}),
            there=Item(fields),
        )
        (relation,) = backoffice.freeze().relations
        if "column" in stored:
            owner = relation.owner.collection
            column = backoffice.collections[owner].table.c[relation.owner.path[-1]]
            assert owner == "here" or "one side" in stored
            assert column.nullable != ("NOT NULL" in stored)
            unique = [each for each in column.table.constraints if list(each.columns) == [column] and "uq" in each.name]
            assert bool(unique) == ("UNIQUE" in stored)
        else:
            assert ("here__lines" if in_elements else "here__link") in backoffice.here.connector.metadata.tables or (
                "there__back" in backoffice.here.connector.metadata.tables
            )
        assert relation.required == (one == "exactly one")
        assert relation.inverse_required == (other == "at least one")
        backoffice.here.connector.dispose()


def test_every_strategy_is_the_foreign_key_that_the_table_says() -> None:
    rows = tables("Deleting")[0]
    assert [names(row[0])[0] for row in rows] == [each.name for each in DeleteStrategy]
    for row, (strategy, required) in product(rows, product(DeleteStrategy, (False, True))):
        if strategy.name not in row[0]:
            continue
        pair = {
            "authors": Item({"books": RefsList(coll="books", field="$.author", ods=strategy)}),
            "books": Item({"author": Ref(coll="authors", field="$.books", required=required)}),
        }
        (key,) = describe(DBSQLConnector("sqlite://"), **pair).books.table.c.author.foreign_keys
        *rest, last = names(row[3])
        assert key.ondelete == (last if required or not rest else rest[0])
        assert ON_DELETE[strategy] == (rest or [last])[0]
        many = {
            "authors": Item({"books": RefsList(coll="books", field="$.authors", ods=strategy)}),
            "books": Item({"authors": RefsList(coll="authors", field="$.books")}),
        }
        described = describe(DBSQLConnector("sqlite://"), **many)
        described.freeze()
        table = described.books.connector.metadata.tables["authors__books"]
        (key,) = table.c.owner_id.foreign_keys
        assert [key.ondelete] == names(row[4])


def test_every_way_to_fill_is_in_the_table() -> None:
    assert [names(row[0])[0] for row in tables("Reading")[0]] == [each.name for each in FillStrategy]


def test_what_the_limits_say_can_not_be_is_refused() -> None:
    def refused(**items: Item) -> None:
        with pytest.raises(DescriptionError):
            describe(DBSQLConnector("sqlite://"), **items).check_syntax()

    unfilled = FillStrategy.NOT_FILL
    refused(people=Item({"friends": RefsList(coll="people", field="$.friends")}))
    refused(
        a=Item({"b": RefsList(coll="b", field="$.a", ofs=unfilled)}),
        b=Item({"a": RefsList(coll="a", field="$.b", ofs=unfilled)}),
    )
    refused(
        a=Item({"b": Ref(coll="b", field="$.a"), "c": Ref(coll="b", field="$.a")}), b=Item({"a": RefsList(coll="a")})
    )
    refused(a=Item({"x": List(Dict({"b": RefsList(coll="a")}))}))
    refused(a=Item({"b": Ref(coll="a", views=["!save"])}))
    with pytest.raises(DescriptionError):
        describe(DBSQLConnector("sqlite://"), a=Item({"b": List(Ref(coll="a"))})).check_syntax()


def test_the_index_leads_to_the_page_and_its_own_links_lead_somewhere() -> None:
    assert "(links.md)" in (DOCS / "index.md").read_text(encoding="utf-8")
    for target, anchor in re.findall(r"\]\(([a-z]*(?:\.md)?)(?:#([a-z-]+))?\)", PAGE):
        text = (DOCS / target).read_text(encoding="utf-8") if target else PAGE
        headings = {
            re.sub(r"[^a-z0-9 -]", "", line.lower()).replace(" ", "-") for line in re.findall(r"(?m)^#+ (.*)$", text)
        }
        assert not anchor or anchor in headings, (target, anchor)
    assert Path(DOCS / "links.md").is_file()
