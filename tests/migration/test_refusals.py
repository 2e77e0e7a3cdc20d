"""What a migration refuses: to guess, to lose values, and to leave a database in between."""

from __future__ import annotations

import decimal
from typing import Any

import pytest
import sqlalchemy as sa

from backo_sql import (
    Backoffice,
    Collection,
    Date,
    Datetime,
    DBSQLConnector,
    Decimal,
    DeleteStrategy,
    Dict,
    Float,
    FreeDict,
    Int,
    Item,
    List,
    Ref,
    RefsList,
    String,
    Time,
)
from backo_sql.migration import AmbiguousChangeError, DestructiveError, MigrationError, Migrations, RenameQuestion
from tests.migration.support import History, Was, fill, read
from tests.support import on_one_database

ROWS = {"books": {"b1": {"title": "One"}, "b2": {"title": "Two"}}}


def books(**fields: Any) -> dict[str, Item]:
    return {"books": Item(fields)}


# -- what looks like a rename --------------------------------------------------------------------------


def test_what_looks_like_a_rename_is_refused_where_nobody_can_be_asked(history: History) -> None:
    history.begin(books(title=String(), pages=Int()))
    _, migrations = history.describe(books(name=String(), pages=Int()))
    with pytest.raises(AmbiguousChangeError) as refused:
        migrations.revision("what")
    assert refused.value.questions == (RenameQuestion("field", "books", "$.title", "$.name"),)
    assert "was=" in str(refused.value)
    assert len(migrations.history()) == 1


def test_a_field_that_was_renamed_by_answer_keeps_its_values(history: History) -> None:
    history.begin(books(title=String()), ROWS)
    backoffice, migrations = history.describe(books(name=String()))
    (revision,) = migrations.revision("rename", ask=lambda _: True)
    assert revision.destructive == ()
    migrations.upgrade()
    assert read(backoffice, {"books": {"b1": {"name": "One"}, "b2": {"name": "Two"}}})["books"]["b2"] == {"name": "Two"}
    assert migrations.check().is_clean


def test_a_field_that_was_not_renamed_goes_with_its_values(history: History) -> None:
    history.begin(books(title=String()), ROWS)
    _, migrations = history.describe(books(name=String()))
    (revision,) = migrations.revision("replace", ask=lambda _: False)
    assert revision.destructive == ("drops the column books.title with its values",)
    with pytest.raises(DestructiveError, match=r"books\.title"):
        migrations.upgrade()


def test_a_collection_that_looks_renamed_is_asked_about(history: History) -> None:
    history.begin({"books": Item({"title": String(), "pages": Int()})}, ROWS)
    backoffice, migrations = history.describe({"volumes": Item({"title": String(), "pages": Int()})})
    with pytest.raises(AmbiguousChangeError, match="'books' renamed to 'volumes'"):
        migrations.revision("what")
    asked: list[RenameQuestion] = []

    def yes(question: RenameQuestion) -> bool:
        asked.append(question)
        return True

    migrations.revision("rename", ask=yes)
    migrations.upgrade()
    assert [each.kind for each in asked] == ["collection"]
    assert backoffice.volumes.count() == 2


@on_one_database
def test_a_type_that_differs_is_no_rename(history: History) -> None:
    history.begin(books(title=String()))
    _, migrations = history.describe(books(pages=Int()))
    assert len(migrations.revision("no question")) == 1


@on_one_database
def test_two_fields_cannot_have_been_one(history: History) -> None:
    history.begin(books(title=String()))
    _, migrations = history.describe(books(a=String(was="title"), b=String(was="title")))
    with pytest.raises(MigrationError, match=r"\$\.title"):
        migrations.revision("what")


@on_one_database
def test_names_that_are_exchanged_are_told_and_not_passed_over(history: History) -> None:
    history.begin({**books(a=String(), b=String(), c=String()), "others": Item({"a": String()})})
    _, migrations = history.describe({**books(a=String(was="b"), b=String(was="a")), "others": Item({"a": String()})})
    with pytest.raises(MigrationError, match=r"\$\.a and \$\.b of 'books' exchange their names\. .* third name"):
        migrations.revision("exchange")
    ring = {"a": String(was="b"), "b": String(was="c"), "c": String(was="a")}
    _, migrations = history.describe({**books(**ring), "others": Item({"a": String()})})
    with pytest.raises(MigrationError, match=r"\$\.a and \$\.b and \$\.c of 'books' exchange their names"):
        migrations.revision("exchange")
    swapped = {"books": Was("others", Item({"a": String()})), "others": Was("books", Item({"a": String()}))}
    _, migrations = history.describe(swapped)
    with pytest.raises(MigrationError, match=r"collections 'books' and 'others' exchange their names"):
        migrations.revision("exchange")


@on_one_database
@pytest.mark.parametrize("more", [{}, {"book": Ref(coll="books")}])
def test_a_field_inside_a_document_is_not_renamed_in_silence(more: dict[str, Any], history: History) -> None:
    history.begin(books(title=String(), notes=List(Dict({"text": String()}))))
    fields = {"words": String(was="text"), **more}
    _, migrations = history.describe(books(title=String(), notes=List(Dict(fields))))
    with pytest.raises(MigrationError, match=r"\$\.notes\.words of 'books' can't be renamed: .* inside a document"):
        migrations.revision("what")


@on_one_database
def test_a_former_name_that_was_dealt_with_is_forgotten(history: History) -> None:
    history.begin(books(title=String()), ROWS)
    _, migrations = history.describe(books(name=String(was="title")))
    migrations.revision("rename")
    migrations.upgrade()
    _, migrations = history.describe(books(name=String(was="title"), title=Int()))
    (revision,) = migrations.revision("add another title")
    assert "rename" not in revision.path.read_text(encoding="utf-8")


# -- values that would be lost or wrong ------------------------------------------------------------------


def test_a_required_field_without_default_is_refused_until_the_rows_have_a_value(history: History) -> None:
    history.begin(books(title=String()), ROWS)
    backoffice, migrations = history.describe(books(title=String(), isbn=String(required=True, unique=True)))
    (revision,) = migrations.revision("isbn")
    with pytest.raises(MigrationError, match=r"isbn is required, and some rows have no value.*2 rows"):
        migrations.upgrade()
    assert [each.kind for each in migrations.check().differences][:1] == ["add_column"]

    text = revision.path.read_text(encoding="utf-8")
    filled = "op.execute('UPDATE books SET isbn = _id')\n    op.check_rows('books', '\"isbn\""
    revision.path.write_text(text.replace("op.check_rows('books', '\"isbn\"", filled), encoding="utf-8")
    migrations.upgrade()
    assert backoffice.books.get_by_id("b2").isbn == "b2"
    assert migrations.check().is_clean


@pytest.mark.parametrize(
    ("old", "new", "value", "kept", "given"),
    [
        (Int(), Float(required=True, default=1.5), 2, 2.0, 1.5),
        (Int(), String(required=True, default="none"), 2, "2", "none"),
        (String(max_length=3), String(required=True, default="nothing"), "abc", "abc", "nothing"),
        (
            Decimal(precision=9, scale=1),
            Decimal(precision=9, scale=3, required=True, default="1.125"),
            "2.5",
            decimal.Decimal("2.500"),
            decimal.Decimal("1.125"),
        ),
    ],
)
def test_rows_without_a_value_get_a_default_that_only_the_new_type_can_hold(
    old: Any, new: Any, value: Any, kept: Any, given: Any, history: History
) -> None:
    history.begin(books(x=old), {"books": {"b1": {"x": value}, "b2": {"x": None}}})
    backoffice, migrations = history.describe(books(x=new))
    migrations.revision("required, and of another type")
    migrations.upgrade()
    assert [each.x for each in backoffice.books.select(sort="_id")] == [kept, given]
    assert migrations.check().is_clean


@pytest.mark.parametrize(
    ("old", "new", "values", "message"),
    [
        (String(), Int(), ["12", "twelve"], "no integers"),
        (String(), Int(), ["007"], "no integers"),
        (String(), Float(), ["1.5", "1e999"], "no numbers|out of range"),
        (String(), Float(), ["0.000000000000000125", "9007199254740993"], "no numbers that a float can keep.*1 row"),
        (String(), Date(), ["2028-02-29", "2031-02-29"], "no dates.*1 row"),
        (String(), Date(), ["0001-01-01", "2031-13-01", "0000-01-01", "2031-1-1"], "no dates.*3 rows"),
        (String(), Time(), ["23:59:59.999999", "24:00:00.000000", "10:60:00.000000"], "no times.*2 rows"),
        (
            String(),
            Datetime(),
            ["2031-05-17T09:30:00.000000Z", "2031-02-31T09:30:00.000000Z", "2031-05-17T24:00:00.000000Z"],
            "no instants.*2 rows",
        ),
        (String(max_length=9), String(max_length=3), ["abc", "abcd"], "longer than 3"),
        (Int(), String(max_length=2), [5, 500], "longer texts than 2"),
        (String(), Int(min=5), ["3"], "ome rows break the rule ck_books__x__range"),
        (String(), String(enum=["a"]), ["a", "b"], "ome rows break the rule ck_books__x__choices"),
        (String(), String(unique=True), ["a", "a"], 'books: several rows have the same x.*SELECT "x", count'),
        (String(), Ref(coll="authors"), ["nobody"], "books: some rows refer to what isn't there|1 of 'books' into"),
    ],
)
def test_values_that_do_not_fit_stop_the_upgrade_and_nothing_is_changed(
    old: Any, new: Any, values: list[Any], message: str, history: History
) -> None:
    rows = {"books": {f"b{number}": {"x": value} for number, value in enumerate(values)}}
    authors = {"authors": Item({"name": String()})}
    backoffice, migrations = history.begin(books(x=old) | authors, rows)
    history.describe(books(x=new) | authors)[1].revision("change")
    with pytest.raises(MigrationError, match=message):
        history.describe(books(x=new) | authors)[1].upgrade()
    assert migrations.check().differences == ()
    assert read(backoffice, rows) == rows
    assert len(migrations.current()) == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (String(), FreeDict()),
        (List(String()), String()),
        (Int(), List(Int())),
        (String(enum=["a"]), List(String())),
    ],
)
def test_what_only_a_person_can_convert_is_refused_when_it_is_written(old: Any, new: Any, history: History) -> None:
    history.begin(books(x=old))
    _, migrations = history.describe(books(x=new))
    with pytest.raises(MigrationError, match=r"books\.x can't be turned from .* another field"):
        migrations.revision("change")


def test_destructive_steps_are_told_in_the_file_and_by_the_history(history: History) -> None:
    history.begin({"books": Item({"title": String()}), "shelves": Item({"code": String()})}, ROWS)
    _, migrations = history.describe({"books": Item({"pages": Int()})})
    (revision,) = migrations.revision("less")
    lost = ("drops the table shelves with all its rows", "drops the column books.title with its values")
    assert revision.destructive == lost
    assert migrations.history()[0].destructive == lost
    text = revision.path.read_text(encoding="utf-8")
    assert all(f"# DESTRUCTIVE: {each}" in text for each in lost)
    assert [each.text for each in migrations.check().differences if each.destructive] == list(lost)


# -- nothing in between, and nothing besides --------------------------------------------------------------


def test_a_revision_that_fails_leaves_nothing_behind(history: History) -> None:
    backoffice, migrations = history.begin(books(title=String()), ROWS)
    (revision,) = migrations.revision("by hand", autogenerate=False)
    text = revision.path.read_text(encoding="utf-8")
    body = "op.execute('DELETE FROM books')\n    op.drop_table('books')\n    op.execute('SELECT x FROM nowhere')"
    revision.path.write_text(text.replace("pass", body, 1), encoding="utf-8")
    with pytest.raises(MigrationError, match="nowhere"):
        migrations.upgrade()
    assert backoffice.books.count() == 2
    assert [each.message for each in migrations.current()] == ["begin"]


def test_no_cascade_takes_rows_while_a_table_is_made_anew(history: History) -> None:
    def items(limit: int) -> dict[str, Item]:
        strategy = DeleteStrategy.DELETE_REFERENCED_ITEMS
        return {
            "authors": Item({"n": Int(max=limit), "books": RefsList(coll="books", field="$.author", ods=strategy)}),
            "books": Item({"title": String(), "author": Ref(coll="authors", field="$.books", required=True)}),
        }

    rows = {"authors": {"a1": {"n": 1}}, "books": {"b1": {"title": "One", "author": "a1"}}}
    history.begin(items(5), rows)
    backoffice, migrations = history.describe(items(6))
    migrations.revision("limit")
    migrations.upgrade()
    assert read(backoffice, rows) == rows
    backoffice.authors.get_by_id("a1").delete()
    assert backoffice.books.count() == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_links_to_nowhere_are_not_kept(history: History, db: DBSQLConnector) -> None:
    items = {"authors": Item({"name": String()}), "books": Item({"title": String(), "author": String()})}
    history.begin(items, {"books": {"b1": {"title": "One", "author": "nobody"}}})
    _, migrations = history.describe(
        {"authors": Item({"name": String()}), "books": Item({"title": String(), "author": Ref(coll="authors")})}
    )
    migrations.revision("link")
    with pytest.raises(MigrationError, match=r"1 of 'books' into 'authors'"):
        migrations.upgrade()
    with db.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        assert sa.inspect(connection).get_foreign_keys("books") == []


def test_tables_that_nobody_knows_are_left_alone(history: History, db: DBSQLConnector) -> None:
    history.begin(books(title=String()), ROWS)
    with db.engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE ledger (_id TEXT PRIMARY KEY, amount INTEGER)"))
    _, migrations = history.describe(books(title=String()))
    report = migrations.check()
    assert (report.differences, report.unknown) == ((), ("ledger",))
    assert migrations.revision("nothing") == []

    (revision,) = migrations.revision("drop it", drop=["ledger"])
    assert revision.destructive == ("drops the table ledger with all its rows",)
    migrations.upgrade(allow_destructive=True)
    assert migrations.check().unknown == ()
    with pytest.raises(MigrationError, match="nothing_like_it"):
        migrations.revision("drop it", drop=["nothing_like_it"])


@on_one_database
def test_a_database_that_is_behind_is_told(history: History) -> None:
    history.begin(books(title=String()))
    _, migrations = history.describe(books(title=String(), pages=Int()))
    migrations.revision("pages")
    report = migrations.check()
    assert [each.message for each in report.pending] == ["pages"]
    assert [each.kind for each in report.differences] == ["add_column"]
    assert not report.is_clean
    with pytest.raises(MigrationError, match=r"not up to date: .* upgrade"):
        migrations.revision("more")


@on_one_database
def test_a_history_that_is_not_there_is_told(db: DBSQLConnector, tmp_path: Any) -> None:
    with pytest.raises(MigrationError, match="init"):
        Migrations(Backoffice("app"), tmp_path).upgrade()


@on_one_database
def test_each_database_of_a_backoffice_has_its_own_history(connect: Any, tmp_path: Any) -> None:
    one, other = connect(), DBSQLConnector(f"sqlite:///{tmp_path / 'other.db'}")
    backoffice = Backoffice("app")
    backoffice.register_collection(Collection("books", Item({"title": String()}), one))
    backoffice.register_collection(Collection("shelves", Item({"code": String()}), other))
    unsaid = Migrations(backoffice, tmp_path / "unsaid")
    unsaid.init()
    with pytest.raises(MigrationError, match="2 databases"):
        unsaid.revision("which")
    for connector, name in ((one, "books"), (other, "shelves")):
        migrations = Migrations(backoffice, tmp_path / name, connector=connector)
        migrations.init()
        migrations.revision("begin")
        migrations.upgrade()
        with connector.engine.connect() as connection:
            assert set(sa.inspect(connection).get_table_names()) == {name, "alembic_version"}
    fill(backoffice, {"books": {"b1": {"title": "One"}}, "shelves": {"s1": {"code": "A"}}})
    other.dispose()


@pytest.mark.parametrize("was", ["", "$.", "a..b", 5])
def test_a_former_name_is_a_name_or_a_path(was: Any) -> None:
    with pytest.raises(TypeError, match="was"):
        Dict({"a": String(was=was)})
