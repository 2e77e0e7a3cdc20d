"""`flask backo routes` and `flask backo describe`, as tables and as JSON."""

from __future__ import annotations

import json

import pytest
from flask import Flask

from backo_sql import (
    Backoffice,
    BackoSQL,
    Bool,
    Collection,
    DBSQLConnector,
    DeleteStrategy,
    Dict,
    Int,
    Item,
    List,
    Ref,
    RefsList,
    String,
)
from backo_sql.cli import backo
from tests.cli.conftest import Program, Releases
from tests.support import on_one_database


@pytest.fixture
def program(release: Releases) -> Program:
    return release(
        authors=Item(
            {
                "name": String(required=True, unique=True, description="As [red]printed"),
                "books": RefsList(coll="books", field="author", ods=DeleteStrategy.DELETE_REFERENCED_ITEMS),
                "friends": RefsList(coll="readers", field="idols", ods=DeleteStrategy.MUST_BE_EMPTY),
            }
        ),
        books=Item(
            {
                "title": String(max_length=200, index=True),
                "pages": Int(min=1, max=5000, default=1),
                "sizes": Dict({"height": Int(enum=[1, 2])}),
                "lent": Bool(set=lambda book: False),
                "authors_lists": List(Dict({"by": Ref(coll="readers")})),
                "author": Ref(coll="authors", field="books", required=True),
            }
        ),
        readers=Item({"idols": RefsList(coll="authors", field="friends")}),
    )


@on_one_database
def test_every_route_is_listed_and_every_listed_route_is_there(program: Program) -> None:
    routes = program.json("routes")
    assert {(each["method"], each["path"], each["collection"]) for each in routes} >= {
        ("GET", "/shop/_meta", None),
        ("GET", "/shop/books", "books"),
        ("POST", "/shop/books", "books"),
        ("GET", "/shop/books/<identifier>", "books"),
        ("PUT", "/shop/books/<identifier>", "books"),
        ("PATCH", "/shop/books/<identifier>", "books"),
        ("DELETE", "/shop/books/<identifier>", "books"),
    }
    assert {each["verified"] for each in routes} == {False}
    assert all(each["does"].endswith(".") for each in routes)
    client = program.app.test_client()
    for each in routes:
        allowed = client.options(each["path"].replace("<", "").replace(">", "")).headers["Allow"]
        assert each["method"] in allowed.split(", ")
    # The other way round: no path of the application is forgotten, but for the second way to write each.
    listed = {each["path"] for each in routes}
    for rule in program.app.url_map.iter_rules():
        if rule.rule.startswith("/shop") and rule.rule not in ("/shop/", "/shop/<path:anything>"):
            assert rule.rule.replace("/coll/", "/") in listed


@on_one_database
def test_routes_as_a_table_say_under_which_prefix_they_are_and_that_they_are_open(release: Releases) -> None:
    table = release(things=Item({"n": Int()})).run("routes")
    assert table.startswith("shop (open to everybody)")
    assert "/shop/things/<identifier>" in table
    backoffice = Backoffice("shop")
    backoffice.register_collection(Collection("things", Item({"n": Int()}), DBSQLConnector()))
    program = release.serve(backoffice, verify=lambda: None, BACKO_SQL_PREFIX="/api/v1/")
    table = program.run("routes")
    assert "open" not in table
    assert "DELETE   /api/v1/shop/things/<identifier>" in table


@on_one_database
def test_the_collections_are_listed_with_their_tables(program: Program) -> None:
    table = program.run("describe")
    assert "books__authors_lists" in table
    assert "authors__friends" in table
    assert [each["collection"] for each in program.json("describe")] == ["authors", "books", "readers"]


def test_a_collection_is_described_by_fields_references_and_tables(program: Program) -> None:
    (books,) = program.json("describe", "books")
    fields = {each["path"]: each for each in books["fields"]}
    assert fields["$.title"]["type"] == "String"
    assert fields["$.title"]["options"] == {"index": True, "max_length": 200}
    assert fields["$.pages"]["options"] == {"default": 1, "min": 1, "max": 5000}
    assert fields["$.sizes.height"]["options"] == {"in": [1, 2]}
    assert fields["$.lent"]["options"] == {"set": "func"}
    assert fields["$.author"]["options"] == {"required": True}
    author = next(each for each in books["references"] if each["path"] == "$.author")
    assert author == {
        "path": "$.author",
        "kind": "many_to_one",
        "to": "authors",
        "reverse": "$.books",
        "stored": True,
        "filled": True,
        "when_other_is_deleted": "DELETE_REFERENCED_ITEMS",
        "when_deleted": None,
    }
    table, elements = sorted(books["tables"], key=lambda table: table["name"])
    assert (table["name"], elements["name"]) == ("books", "books__authors_lists")
    columns = {each["name"]: each for each in table["columns"]}
    assert columns["author"]["nullable"] is False
    assert columns["_version"]["default"] == "1"
    assert columns["title"]["type"].startswith("VARCHAR(200)")
    assert table["primary_key"] == ["_id"]
    assert table["indexes"] == {"ix_books__author": ["author"], "ix_books__title": ["title"]}
    assert table["foreign_keys"]["fk_books__author"] == {"columns": ["author"], "to": "authors", "on_delete": "CASCADE"}
    assert any(text.startswith("pages >= 1") for text in table["checks"].values())


@on_one_database
def test_both_sides_of_a_link_tell_what_a_deletion_does(program: Program) -> None:
    (authors,) = program.json("describe", "authors")
    sides = {each["path"]: each for each in authors["references"]}
    assert sides["$.books"]["when_deleted"] == "DELETE_REFERENCED_ITEMS"
    assert sides["$.books"]["when_other_is_deleted"] is None
    assert sides["$.friends"]["when_deleted"] == "MUST_BE_EMPTY"
    (readers,) = program.json("describe", "readers")
    (idols,) = readers["references"]
    assert idols["when_other_is_deleted"] == "MUST_BE_EMPTY"


def test_the_description_as_tables_holds_the_same(program: Program) -> None:
    text = program.run("describe", "authors")
    for part in (
        "As [red]printed",  # what looks like markup is text
        "required, unique",
        "$.friends",
        "MUST_BE_EMPTY",
        "Table authors__friends",
        "UNIQUE (name)",
    ):
        assert part in text
    text = program.run("describe", "books")
    assert "FOREIGN KEY (author) TO authors ON DELETE CASCADE" in text
    assert "INDEX (title)" in text


@on_one_database
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("describe", "nonsense"), "There is no collection 'nonsense'. Known: authors, books, readers."),
        (("describe", "--backoffice", "cellar"), "This application has no backoffice 'cellar'. It has: shop."),
        (("routes", "--backoffice", "cellar"), "This application has no backoffice 'cellar'. It has: shop."),
        (("check", "--backoffice", "cellar"), "This application has no backoffice 'cellar'. It has: shop."),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(program: Program, arguments: tuple[str, ...], expected: str) -> None:
    assert program.run(*arguments, code=2) == f"Error: {expected}\n"


def test_an_application_without_a_backoffice_says_what_to_do() -> None:
    for command in ("routes", "describe", "check"):
        result = Flask("bare").test_cli_runner().invoke(backo, [command])
        assert result.exit_code == 2
        assert result.stderr.startswith("Error: The application 'bare' has no backoffice: call BackoSQL(backoffice)")


@on_one_database
def test_several_backoffices_are_told_apart(release: Releases) -> None:
    shared = DBSQLConnector()
    app = Flask("host")
    app.config["BACKO_SQL_URL"] = release.url
    backoffices = []
    for name in ("shop", "cellar"):
        backoffices.append(Backoffice(name))
        backoffices[-1].register_collection(Collection(f"{name}_things", Item({"n": Int()}), shared))
    extension = BackoSQL(*backoffices)
    extension.init_app(app)

    def run(*arguments: str) -> set[str]:
        result = app.test_cli_runner().invoke(backo, [*arguments, "--json"])
        assert result.exit_code == 0
        return {each["backoffice"] for each in json.loads(result.stdout)}

    for command in ("routes", "describe"):
        assert run(command) == {"shop", "cellar"}
        assert run(command, "--backoffice", "cellar") == {"cellar"}
    extension.dispose(app)
