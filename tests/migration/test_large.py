"""Large tables on PostgreSQL: what takes time is done apart, and keeps nobody from reading and writing."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
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
        with pytest.raises(MigrationError, match=r"Another migration|Somebody else writes"):
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


@contextmanager
def writing(backoffice: Any) -> Iterator[list[int]]:
    """Have a client create, patch and save as long as this lasts; its failures fail the test."""
    stop, written, failures = threading.Event(), [0], []

    def write() -> None:
        try:
            while not stop.is_set():
                backoffice.books.create({"title": f"new {written[0]}", "pages": 1 + written[0]})
                backoffice.books.get_by_id("b1").patch("replace", "$.pages", 7 + written[0] % 2)
                item = backoffice.books.get_by_id("b2")
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
        yield written
    finally:
        stop.set()
        writer.join()
    assert failures == []


@on_postgresql
def test_clients_of_the_old_release_write_during_the_first_revision_and_of_the_new_one_during_the_second(
    history: History,
) -> None:
    history.begin(old(), {"books": {f"b{n}": {"title": f"t{n}", "isbn": str(n)} for n in range(50)}})
    before, _ = history.describe(old())
    after, migrations = history.describe(new())
    migrations.revision("more rules", large=True)
    with writing(before) as written:
        migrations.upgrade("+1")
        count = written[0]
        while written[0] < count + 3:  # until the new release runs, the old one goes on
            pass
    with writing(after):
        migrations.upgrade()
    assert migrations.check().is_clean
    assert after.books.count({"language": "en"}) == after.books.count()


@on_postgresql
def test_a_required_field_without_a_default_is_filled_between_the_two_revisions(history: History) -> None:
    history.begin({"books": Item({"title": String()})}, {"books": {"b1": {"title": "One"}}})
    before, _ = history.describe({"books": Item({"title": String()})})
    after, migrations = history.describe({"books": Item({"title": String(), "code": String(required=True)})})
    migrations.revision("codes", large=True)
    migrations.upgrade("+1")
    before.books.create({"title": "Two"})  # the old release still runs
    with pytest.raises(MigrationError, match=r"code is required, and some rows have no value.*2 rows"):
        migrations.upgrade()
    report = after.migrate("books", lambda item: {"code": item.title.lower()}, dry_run=False)
    assert (report.changed, report.failed) == (2, 0)
    migrations.upgrade()
    assert migrations.check().is_clean
    assert sorted(item.code for item in after.books.select()) == ["one", "two"]


@on_postgresql
def test_no_lock_that_keeps_writers_out_outlasts_its_statement(history: History) -> None:
    history.begin(old(), ROWS)
    _, migrations = history.describe(new())
    _, second = migrations.revision("more rules", large=True)
    body = second.path.read_text(encoding="utf-8").split("def upgrade() -> None:")[1].split("def downgrade")[0]
    steps = [line for line in body.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    assert steps[0] == "    if op.get_context().dialect.name == 'postgresql':"
    assert steps[1] == "        with op.get_context().autocommit_block():"
    apart = list(itertools.takewhile(lambda line: line.startswith(" " * 12), steps[2:]))
    assert steps[2 + len(apart)] == "    else:"
    strict = [number for number, line in enumerate(apart) if "SET NOT NULL" in line or "USING INDEX" in line]
    slow = [number for number, line in enumerate(apart) if "CONCURRENTLY" in line or "fk_books__author" in line]
    assert max(slow) < min(strict)


@on_postgresql
def test_a_column_is_filled_page_by_page(history: History, db: DBSQLConnector) -> None:
    history.begin({"books": Item({"title": String(), "genre": String()})})
    with db.engine.begin() as connection:
        connection.execute(
            sa.text("INSERT INTO books (_id, title) SELECT 'b' || n, repeat('x', 500) FROM generate_series(1, 2000) n")
        )
    backoffice, migrations = history.describe(
        {"books": Item({"title": String(), "genre": String(required=True, default="novel")})}
    )
    (second,) = migrations.revision("genres", large=True)  # there is nothing that takes a moment
    text = second.path.read_text(encoding="utf-8")
    second.path.write_text(text.replace("\"'novel'\")", "\"'novel'\", 500)", 1), encoding="utf-8")
    connector: Any = backoffice.books.connector
    with statements(connector) as seen:
        migrations.upgrade()
    updates = [each for each in seen if each.startswith('UPDATE "books"')]
    assert len(updates) > 5
    assert backoffice.books.count({"genre": "novel"}) == 2000
