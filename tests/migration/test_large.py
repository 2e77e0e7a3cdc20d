"""Large tables on PostgreSQL: what takes time is done apart, and keeps nobody from reading and writing."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import sqlalchemy as sa

from backo_sql import DBSQLConnector, Int, Item, Ref, RefsList, String
from backo_sql.migration import MigrationError
from tests.migration.support import History, read
from tests.support import statements

on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def old() -> dict[str, Item]:
    return {
        "authors": Item({"name": String()}),
        "books": Item({"title": String(), "isbn": String(), "genre": String(), "pages": Int(), "author": String()}),
    }


def new() -> dict[str, Item]:
    return {
        "authors": Item({"name": String(), "books": RefsList(coll="books", field="$.author")}),
        "books": Item(
            {
                "title": String(index=True),
                "isbn": String(unique=True),
                "genre": String(required=True, default="novel"),
                "pages": Int(min=1),
                "author": Ref(coll="authors", field="$.books"),
                "language": String(required=True, default="en", enum=["en", "fr"]),
            }
        ),
    }


ROWS: dict[str, Any] = {
    "authors": {"a1": {"name": "Ada"}},
    "books": {
        "b1": {"title": "One", "isbn": "1", "genre": None, "pages": 5, "author": "a1"},
        "b2": {"title": "Two", "isbn": None, "genre": "poem", "pages": None, "author": None},
    },
}


@on_postgresql
def test_a_large_table_is_changed_in_two_revisions(history: History, db: DBSQLConnector) -> None:
    history.begin(old(), ROWS)
    backoffice, migrations = history.describe(new())
    first, second = migrations.revision("more rules", large=True)
    assert second.parents == (first.id,)
    text = second.path.read_text(encoding="utf-8")
    for expected in ("CREATE INDEX", "postgresql_concurrently=True", "VALIDATE CONSTRAINT", "UNIQUE USING INDEX"):
        assert (expected in text) == (expected != "CREATE INDEX"), expected
    assert "postgresql_not_valid=True" in first.path.read_text(encoding="utf-8")

    migrations.upgrade("+1")
    assert not migrations.check().is_clean
    migrations.upgrade()
    assert migrations.check().is_clean
    assert migrations.revision("nothing") == []
    genres = {item._id: (item.genre, item.language) for item in backoffice.books.select()}
    assert genres == {"b1": ("novel", "en"), "b2": ("poem", "en")}
    with db.engine.connect() as connection:
        unproven = "SELECT conname FROM pg_constraint WHERE NOT convalidated"
        assert connection.execute(sa.text(unproven)).all() == []

    backoffice, migrations = history.describe(old())
    migrations.downgrade("-2")
    assert migrations.check().differences == ()
    rows = {**ROWS, "books": {**ROWS["books"], "b1": {**ROWS["books"]["b1"], "genre": "novel"}}}
    assert read(backoffice, rows) == rows


@on_postgresql
def test_the_second_revision_can_be_run_again(history: History, db: DBSQLConnector) -> None:
    history.begin(old(), {"books": {"b1": {"title": "One", "isbn": "1"}, "b2": {"title": "Two", "isbn": "1"}}})
    backoffice, migrations = history.describe(new())
    migrations.revision("more rules", large=True)
    with pytest.raises(MigrationError, match="uq_books__isbn"):
        migrations.upgrade()
    with db.engine.begin() as connection:
        connection.execute(sa.text("UPDATE books SET isbn = _id"))
    migrations.upgrade()
    assert migrations.check().is_clean
    assert backoffice.books.count() == 2


@on_postgresql
def test_a_lock_that_somebody_holds_is_not_waited_for_for_ever(history: History, db: DBSQLConnector) -> None:
    history.begin(old(), ROWS)
    _, migrations = history.describe(new())
    migrations.revision("more rules")
    with db.engine.connect() as reader:
        reader.execute(sa.text("SELECT * FROM books"))
        with pytest.raises(MigrationError, match="lock timeout"):
            migrations.upgrade(lock_timeout="50ms")
    assert len(migrations.check().pending) == 1
    migrations.upgrade(lock_timeout="50ms")
    assert migrations.check().is_clean


def test_a_migration_waits_for_another_one_only_so_long(history: History, db: DBSQLConnector) -> None:
    history.begin(old(), ROWS)
    _, migrations = history.describe(new())
    migrations.revision("more rules")
    with db.engine.connect() as other:
        if other.dialect.name == "postgresql":
            other.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": 0x6261636B6F6D})
        else:
            other.execution_options(backo_write=True).execute(sa.text("DELETE FROM authors WHERE _id = 'x'"))
        with pytest.raises(MigrationError, match=r"Another migration|locked"):
            migrations.upgrade(wait=0.2)
    migrations.upgrade()
    assert migrations.check().is_clean


@on_postgresql
def test_a_required_field_with_a_default_comes_without_writing_a_row(history: History) -> None:
    history.begin(old(), ROWS)
    backoffice, migrations = history.describe(new())
    migrations.revision("more rules", large=True)
    with statements(backoffice.books.connector) as seen:
        migrations.upgrade("+1")
    assert [each for each in seen if each.startswith("UPDATE") and "alembic_version" not in each] == []


@on_postgresql
def test_clients_write_while_rules_are_added(history: History) -> None:
    history.begin(old(), {"books": {f"b{n}": {"title": f"t{n}", "isbn": str(n)} for n in range(50)}})
    before, _ = history.describe(old())
    _, migrations = history.describe(new())
    migrations.revision("more rules", large=True)
    stop, written, failures = threading.Event(), [0], []

    def write() -> None:
        try:
            while not stop.is_set():
                before.books.get_by_id("b1").patch("replace", "$.pages", 7 + written[0] % 2)
                item = before.books.get_by_id("b2")
                item.pages = written[0] + 1
                item.save()
                written[0] += 1
        except Exception as failure:
            failures.append(failure)

    writer = threading.Thread(target=write)
    writer.start()
    while not written[0] and not failures:
        pass
    try:
        migrations.upgrade()
    finally:
        stop.set()
        writer.join()
    assert failures == []
    assert migrations.check().is_clean
