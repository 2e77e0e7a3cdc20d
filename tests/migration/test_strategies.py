"""Another delete strategy is another foreign key: the next migration shows it, and the database obeys it afterwards."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from backo_sql import DBSQLConnector, DeleteStrategy, Dict, Item, List, Ref, RefsList, String
from tests.migration.support import History

MUST_BE_EMPTY = DeleteStrategy.MUST_BE_EMPTY
DELETE = DeleteStrategy.DELETE_REFERENCED_ITEMS
UNLINK = DeleteStrategy.UNLINK_REFERENCED_ITEMS

Make = Callable[[DeleteStrategy], dict[str, Item]]


def one_to_many(strategy: DeleteStrategy) -> dict[str, Item]:
    return {
        "authors": Item({"books": RefsList(coll="books", field="$.author", ods=strategy)}),
        "books": Item({"title": String(), "author": Ref(coll="authors", field="$.books")}),
    }


def required(strategy: DeleteStrategy) -> dict[str, Item]:
    return {
        "authors": Item({"books": RefsList(coll="books", field="$.author", ods=strategy)}),
        "books": Item({"title": String(), "author": Ref(coll="authors", field="$.books", required=True)}),
    }


def many_to_many(strategy: DeleteStrategy) -> dict[str, Item]:
    return {
        "authors": Item({"books": RefsList(coll="books", field="$.authors", ods=strategy)}),
        "books": Item({"authors": RefsList(coll="authors", field="$.books", ods=UNLINK)}),
    }


def in_elements(strategy: DeleteStrategy) -> dict[str, Item]:
    return {
        "authors": Item({"books": RefsList(coll="books", field="$.parts.author", ods=strategy)}),
        "books": Item({"parts": List(Dict({"author": Ref(coll="authors"), "share": String()}))}),
    }


def in_a_dict_to_itself(strategy: DeleteStrategy) -> dict[str, Item]:
    return {
        "nodes": Item(
            {
                "below": RefsList(coll="nodes", field="$.place.above", ods=strategy),
                "place": Dict({"above": Ref(coll="nodes", field="$.below")}),
            }
        )
    }


#: a pair, its foreign key that a strategy decides, and what the three strategies make of it
KEYS: list[tuple[Make, str, tuple[str, str, str]]] = [
    (one_to_many, "fk_books__author", ("NO ACTION", "CASCADE", "SET NULL")),
    (required, "fk_books__author", ("NO ACTION", "CASCADE", "NO ACTION")),
    (many_to_many, "fk_authors__books__owner_id", ("NO ACTION", "CASCADE", "CASCADE")),
    (in_elements, "fk_books__parts__author", ("NO ACTION", "NO ACTION", "SET NULL")),
    (in_a_dict_to_itself, "fk_nodes__place__above", ("NO ACTION", "CASCADE", "SET NULL")),
]
STRATEGIES = (MUST_BE_EMPTY, DELETE, UNLINK)


def on_delete(db: DBSQLConnector, name: str) -> str:
    inspector = sa.inspect(db.engine)
    keys = [key for table in inspector.get_table_names() for key in inspector.get_foreign_keys(table)]
    (found,) = [key for key in keys if key["name"] == name]
    assert (found["options"]["deferrable"], found["options"]["initially"]) == (True, "DEFERRED")
    return str(found["options"].get("ondelete", "NO ACTION"))


@pytest.mark.parametrize(("make", "name", "actions"), KEYS, ids=[make.__name__ for make, _, _ in KEYS])
def test_another_strategy_is_another_foreign_key(
    history: History, db: DBSQLConnector, make: Make, name: str, actions: tuple[str, str, str]
) -> None:
    history.begin(make(STRATEGIES[-1]))
    was = actions[-1]
    for strategy, action in zip(STRATEGIES, actions, strict=True):
        assert on_delete(db, name) == was
        _, migrations = history.describe(make(strategy))
        found = migrations.check().differences
        if action == was:
            assert found == ()
            continue
        assert {(each.kind, each.name) for each in found} == {("drop_foreign_key", name), ("add_foreign_key", name)}
        assert not any(each.destructive for each in found)
        (revision,) = migrations.revision(f"now {strategy.value}")
        text = revision.path.read_text(encoding="utf-8")
        assert (f"ondelete={action!r}" in text or f'ondelete="{action}"' in text) == (action != "NO ACTION")
        migrations.upgrade()
        assert migrations.check().is_clean
        assert on_delete(db, name) == action
        migrations.downgrade("-1")
        assert on_delete(db, name) == was
        migrations.upgrade()
        was = action
