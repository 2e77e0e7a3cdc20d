"""A revision that was written on one kind of database runs on the other: develop on SQLite, deploy on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from backo_sql import DBSQLConnector, Decimal, Int, Item, List, String
from backo_sql.migration import MigrationError
from tests.conftest import empty
from tests.migration.changes import CHANGES, Change
from tests.migration.support import History, Items, fill, read
from tests.migration.test_every_type import FIELDS, common

THERE, BACK = "sqlite to postgresql", "postgresql to sqlite"


def both_ways(cases: Sequence[Any]) -> list[tuple[Any, str]]:
    """All cases the way that most people go, and every third the other way."""
    return [*((case, THERE) for case in cases), *((case, BACK) for case in cases[::3])]


@pytest.fixture(params=[THERE, BACK])
def histories(request: Any, tmp_path: Path, postgres_database: Engine) -> Iterator[tuple[History, History]]:
    """Two databases with one folder of revisions: the one that they are written on, and the one they are run on."""
    empty(postgres_database)
    urls = [f"sqlite:///{tmp_path / 'test.db'}", postgres_database.url.render_as_string(hide_password=False)]
    opened: list[DBSQLConnector] = []

    def history(url: str) -> History:
        def connect() -> DBSQLConnector:
            opened.append(DBSQLConnector(url))
            return opened[-1]

        return History(connect, tmp_path / "history")

    one, other = map(history, urls)
    yield (one, other) if request.param.startswith("sqlite") else (other, one)
    for connector in opened:
        connector.dispose()


@pytest.mark.parametrize(
    ("change", "histories"), both_ways(CHANGES), ids=lambda case: getattr(case, "name", case), indirect=["histories"]
)
def test_a_change_that_was_written_on_one_database_runs_on_the_other(
    change: Change, histories: tuple[History, History]
) -> None:
    here, there = histories
    _, migrations = here.begin(change.old())
    (first,) = migrations.history()
    _, migrations = here.describe(change.new())
    (second,) = migrations.revision("change")
    assert "only_on" not in second.path.read_text(encoding="utf-8")

    backoffice, migrations = there.describe(change.old())
    migrations.upgrade(first.id)
    assert migrations.check().differences == ()
    fill(backoffice, change.rows)
    backoffice, migrations = there.describe(change.new())
    migrations.upgrade(allow_destructive=change.lossy)
    assert migrations.check().differences == ()
    assert read(backoffice, change.after) == change.after

    backoffice, migrations = there.describe(change.old())
    migrations.downgrade("-1")
    assert migrations.check().differences == ()
    back = change.rows if change.back is None else change.back
    assert read(backoffice, back) == back


#: what has a column type of its own on each database, or one that the other database hasn't
OWN = {"Extend"}


def of_type(name: str) -> Items:
    fields = {**FIELDS[name], **{f"with_{option}": field for option, field in common(name).items()}}
    return {"things": Item(fields), "others": Item({"name": String()})}


@pytest.mark.parametrize(
    ("name", "histories"), both_ways([name for name in FIELDS if name not in OWN]), indirect=["histories"]
)
def test_tables_of_every_type_are_made_and_dropped_on_the_other_database(
    name: str, histories: tuple[History, History]
) -> None:
    here, there = histories
    without = {"others": Item({"name": String()})}
    _, migrations = here.begin(of_type(name))
    (first,) = migrations.history()
    _, migrations = here.describe(without)
    (second,) = migrations.revision("without")
    assert "only_on" not in first.path.read_text(encoding="utf-8") + second.path.read_text(encoding="utf-8")

    _, migrations = there.describe(of_type(name))
    migrations.upgrade(first.id)
    assert migrations.check().differences == ()
    _, migrations = there.describe(without)
    migrations.upgrade(allow_destructive=True)
    assert migrations.check().differences == ()
    migrations.downgrade("-1")
    _, migrations = there.describe(of_type(name))
    assert migrations.check().differences == ()


def test_what_is_known_of_one_database_alone_is_refused_on_the_other(histories: tuple[History, History]) -> None:
    here, there = histories
    without = {"others": Item({"name": String()})}
    here.begin(of_type("Extend"))
    _, migrations = here.describe(without)
    (second,) = migrations.revision("without")
    assert second.path.read_text(encoding="utf-8").count(f"op.only_on('{_dialect(here)}')") == 1  # the way back

    _, migrations = there.describe(without)
    migrations.upgrade(allow_destructive=True)
    assert migrations.check().is_clean
    with pytest.raises(MigrationError, match=f"written on {_dialect(here)}"):
        migrations.downgrade("-1")
    assert [each.message for each in migrations.current()] == ["without"]


def test_a_rule_that_a_hand_made_is_not_looked_for_on_the_other_database(histories: tuple[History, History]) -> None:
    here, _ = histories
    backoffice, migrations = here.begin({"things": Item({"n": Int(), "m": Int()})})
    with backoffice.things.connector.engine.begin() as connection:  # type: ignore[attr-defined]
        if _dialect(here) == "sqlite":
            connection.exec_driver_sql("ALTER TABLE things ADD COLUMN x INTEGER CONSTRAINT odd CHECK (n <> m)")
        else:
            connection.exec_driver_sql("ALTER TABLE things ADD CONSTRAINT odd CHECK (n <> m)")
    (revision,) = migrations.revision("without it", ask=lambda _: False)
    assert revision.path.read_text(encoding="utf-8").count("op.only_on") == 2
    migrations.upgrade(allow_destructive=True)
    assert migrations.check().is_clean


def test_a_number_that_sqlite_has_no_room_for_is_for_postgresql_alone(histories: tuple[History, History]) -> None:
    here, there = histories
    if _dialect(here) == "sqlite":
        here, there = there, here
    _, migrations = here.begin({"things": Item({"n": Decimal(precision=30, scale=2)})})
    _, migrations = there.describe({"things": Item({"n": Decimal(precision=10, scale=2)})})
    with pytest.raises(MigrationError, match="written on postgresql"):
        migrations.upgrade()


def test_large_tables_are_changed_in_two_revisions_wherever_these_were_written(
    histories: tuple[History, History],
) -> None:
    here, there = histories
    rows = {"things": {"t1": {"a": "x", "b": "y"}, "t2": {"a": None, "b": "z"}}}
    old = {"things": Item({"a": String(), "b": String()})}
    new = {"things": Item({"a": String(required=True, default="d"), "b": String(unique=True), "c": List(String())})}
    _, migrations = here.begin(old)
    (begin,) = migrations.history()
    _, migrations = here.describe(new)
    assert len(migrations.revision("more", large=True)) == 2
    migrations.upgrade()
    assert migrations.check().is_clean

    backoffice, migrations = there.describe(old)
    migrations.upgrade(begin.id)
    fill(backoffice, rows)
    backoffice, migrations = there.describe(new)
    migrations.upgrade()
    assert migrations.check().is_clean
    assert [item.a for item in backoffice.things.select()] == ["x", "d"]
    _, migrations = there.describe(old)
    migrations.downgrade(begin.id)
    assert migrations.check().differences == ()


def _dialect(history: History) -> str:
    return history.describe({"things": Item({"name": String()})})[0].things.connector.engine.dialect.name  # type: ignore[attr-defined, no-any-return]
