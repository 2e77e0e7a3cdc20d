"""The tables are what the description says, read back through SQLAlchemy's inspector."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.schema import CreateIndex, CreateTable

from backo_sql import (
    Backoffice,
    Bool,
    Collection,
    Datetime,
    DBError,
    DBSQLConnector,
    DeleteStrategy,
    Dict,
    Float,
    Int,
    Item,
    List,
    Ref,
    RefsList,
    String,
)
from tests.support import Open, describe, library_items


@pytest.fixture
def inspector(library: Backoffice, db: DBSQLConnector) -> sa.Inspector:
    return sa.inspect(db.engine)


@pytest.fixture
def opened(open_backoffice: Open, db: DBSQLConnector) -> Callable[..., sa.Inspector]:
    """Makes tables of one's own and inspects them."""

    def opened(**items: Item) -> sa.Inspector:
        open_backoffice(**items)
        return sa.inspect(db.engine)

    return opened


def columns(inspector: sa.Inspector, table: str) -> dict[str, Any]:
    return {column["name"]: column for column in inspector.get_columns(table)}


def types(inspector: sa.Inspector, table: str) -> dict[str, str]:
    """Read the types of a table's columns as the database writes them, without the collation."""
    return {
        name: column["type"].compile(inspector.dialect).partition(" COLLATE")[0]
        for name, column in columns(inspector, table).items()
    }


def foreign_keys(inspector: sa.Inspector, table: str) -> dict[str, Any]:
    """Read the foreign keys of a table by their column."""
    return {key["constrained_columns"][0]: key for key in inspector.get_foreign_keys(table)}


def on_delete(inspector: sa.Inspector, table: str, column: str) -> str:
    return str(foreign_keys(inspector, table)[column]["options"].get("ondelete", "NO ACTION"))


def uniques(inspector: sa.Inspector, table: str) -> list[list[str]]:
    return sorted(unique["column_names"] for unique in inspector.get_unique_constraints(table))


def indexes(inspector: sa.Inspector, table: str) -> list[list[str | None]]:
    """Read the indexes of a table that are no unique constraint's."""
    return sorted((index["column_names"] for index in inspector.get_indexes(table) if not index["unique"]), key=repr)


def names(inspector: sa.Inspector, table: str) -> list[str | None]:
    """Read the names of all constraints and indexes of a table."""
    return [
        inspector.get_pk_constraint(table)["name"],
        *(each["name"] for each in inspector.get_foreign_keys(table)),
        *(each["name"] for each in inspector.get_unique_constraints(table)),
        *(each["name"] for each in inspector.get_check_constraints(table)),
        # PostgreSQL keeps a unique constraint as an index of the same name.
        *(each["name"] for each in inspector.get_indexes(table) if "duplicates_constraint" not in each),
    ]


# -- tables and columns ---------------------------------------------------------------------------


def test_a_collection_is_a_table_and_so_is_a_link_of_many_to_many(inspector: sa.Inspector) -> None:
    assert sorted(inspector.get_table_names()) == ["authors", "books", "books__shelves", "readers", "shelves"]


def test_a_field_is_a_column_of_the_type_that_fits(inspector: sa.Inspector) -> None:
    expected = {
        "sqlite": {
            "title": "VARCHAR(200)",
            "isbn": "TEXT",
            "pages": "BIGINT",
            "price": "DOUBLE",
            "in_print": "BOOLEAN",
            "published": "DATETIME",
            "tags": "TEXT",
            "author": "TEXT",
            "_id": "TEXT",
            "_version": "INTEGER",
        },
        "postgresql": {
            "title": "VARCHAR(200)",
            "isbn": "TEXT",
            "pages": "BIGINT",
            "price": "DOUBLE PRECISION",
            "in_print": "BOOLEAN",
            "published": "TIMESTAMP WITH TIME ZONE",
            "tags": "JSONB",
            "author": "TEXT",
            "_id": "TEXT",
            "_version": "INTEGER",
        },
    }[inspector.dialect.name]
    found = types(inspector, "books")
    assert {name: found[name] for name in expected} == expected


def test_the_fields_of_a_dict_are_columns_of_the_same_table(inspector: sa.Inspector) -> None:
    found = types(inspector, "books")
    assert found["loan__reader"] == "TEXT"
    assert found["loan__until"] == found["published"]
    assert "loan" not in found


def test_a_dict_in_a_dict_is_columns_too(opened: Callable[..., sa.Inspector]) -> None:
    inspector = opened(things=Item({"a": Dict({"b": Dict({"c": Int(required=True)}), "d": String()})}))
    found = columns(inspector, "things")
    assert {"a__b__c", "a__d"} <= found.keys()
    assert found["a__b__c"]["nullable"] is False


def test_who_and_when_are_columns_unless_they_are_left_out(opened: Callable[..., sa.Inspector]) -> None:
    inspector = opened(kept=Item({"name": String()}), plain=Item({"name": String()}, meta_data_handler=None))
    assert columns(inspector, "kept").keys() == {
        "name",
        "_id",
        "_version",
        "_meta__ctime",
        "_meta__mtime",
        "_meta__created_by___id",
        "_meta__created_by__login",
        "_meta__modified_by___id",
        "_meta__modified_by__login",
    }
    assert columns(inspector, "plain").keys() == {"name", "_id", "_version"}


def test_a_list_of_references_is_no_column(inspector: sa.Inspector) -> None:
    assert "books" not in columns(inspector, "authors")
    assert "shelves" not in columns(inspector, "books")


def test_only_what_is_required_refuses_null(inspector: sa.Inspector) -> None:
    required = {name for name, column in columns(inspector, "books").items() if not column["nullable"]}
    assert required == {"title", "author", "_id", "_version"}


def test_the_version_begins_at_one_for_whoever_inserts_without_it(inspector: sa.Inspector) -> None:
    assert columns(inspector, "books")["_version"]["default"].strip("'()") == "1"


def test_the_id_is_the_primary_key(inspector: sa.Inspector) -> None:
    for table in ("authors", "books", "readers", "shelves"):
        assert inspector.get_pk_constraint(table)["constrained_columns"] == ["_id"]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_text_has_one_order_whatever_the_server_speaks(inspector: sa.Inspector, db: DBSQLConnector) -> None:
    question = sa.text(
        "SELECT table_name, column_name, collation_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND data_type IN ('text', 'character varying')"
    )
    with db.engine.connect() as connection:
        rows = connection.execute(question).all()
    assert len(rows) > 20
    assert {row.collation_name for row in rows} == {"C"}


# -- foreign keys ---------------------------------------------------------------------------------


def test_the_delete_strategy_is_the_action_of_the_foreign_key(opened: Callable[..., sa.Inspector]) -> None:
    expected = {
        (DeleteStrategy.MUST_BE_EMPTY, False): "NO ACTION",
        (DeleteStrategy.MUST_BE_EMPTY, True): "NO ACTION",
        (DeleteStrategy.DELETE_REFERENCED_ITEMS, False): "CASCADE",
        (DeleteStrategy.DELETE_REFERENCED_ITEMS, True): "CASCADE",
        (DeleteStrategy.UNLINK_REFERENCED_ITEMS, False): "SET NULL",
        (DeleteStrategy.UNLINK_REFERENCED_ITEMS, True): "NO ACTION",
    }
    items: dict[str, Item] = {}
    for number, (strategy, required) in enumerate(expected):
        items[f"authors{number}"] = Item({"books": RefsList(coll=f"books{number}", field="$.author", ods=strategy)})
        reference = Ref(coll=f"authors{number}", field="$.books", required=required)
        items[f"books{number}"] = Item({"author": reference})
    inspector = opened(**items)
    for number, ((strategy, required), action) in enumerate(expected.items()):
        key = foreign_keys(inspector, f"books{number}")["author"]
        assert (key["referred_table"], key["referred_columns"]) == (f"authors{number}", ["_id"])
        assert on_delete(inspector, f"books{number}", "author") == action, (strategy, required)


def test_a_reference_without_reverse_is_unlinked_or_keeps_its_target(opened: Callable[..., sa.Inspector]) -> None:
    inspector = opened(
        authors=Item({"name": String()}),
        books=Item({"author": Ref(coll="authors", required=True), "translator": Ref(coll="authors")}),
    )
    assert on_delete(inspector, "books", "author") == "NO ACTION"
    assert on_delete(inspector, "books", "translator") == "SET NULL"


def test_every_foreign_key_is_checked_at_the_end_of_the_transaction(inspector: sa.Inspector) -> None:
    keys = [key for table in inspector.get_table_names() for key in inspector.get_foreign_keys(table)]
    assert len(keys) == 5
    for key in keys:
        assert key["options"]["deferrable"] is True
        assert key["options"]["initially"] == "DEFERRED"


def test_a_reference_in_a_dict_has_its_foreign_key(inspector: sa.Inspector) -> None:
    assert foreign_keys(inspector, "books")["loan__reader"]["referred_table"] == "readers"
    assert on_delete(inspector, "books", "loan__reader") == "SET NULL"


def test_a_reference_to_the_own_collection_has_its_foreign_key(inspector: sa.Inspector) -> None:
    assert foreign_keys(inspector, "shelves")["parent"]["referred_table"] == "shelves"
    assert on_delete(inspector, "shelves", "parent") == "CASCADE"


def test_a_reference_into_another_database_is_an_indexed_column_alone(
    connect: Callable[..., DBSQLConnector], tmp_path: Path
) -> None:
    here, there = connect(), DBSQLConnector(f"sqlite:///{tmp_path / 'other.db'}")
    backoffice = Backoffice("app")
    backoffice.register_collection(Collection("authors", Item({"name": String()}), there))
    backoffice.register_collection(Collection("books", Item({"author": Ref(coll="authors")}), here))
    backoffice.create_all()
    inspector = sa.inspect(here.engine)
    assert inspector.get_table_names() == ["books"]
    assert inspector.get_foreign_keys("books") == []
    assert indexes(inspector, "books") == [["author"]]
    there.dispose()


# -- one to one -----------------------------------------------------------------------------------


def one_to_one(number: object, of_human: dict[str, Any], of_animal: dict[str, Any]) -> dict[str, Item]:
    return {
        f"humans{number}": Item({"totem": Ref(coll=f"animals{number}", field="$.human", **of_human)}),
        f"animals{number}": Item({"human": Ref(coll=f"humans{number}", field="$.totem", **of_animal)}),
    }


def test_one_to_one_is_one_unique_foreign_key(opened: Callable[..., sa.Inspector]) -> None:
    cases: list[tuple[dict[str, Any], dict[str, Any], str]] = [
        ({}, {}, "animals"),  # the first in the alphabet
        ({"owner": True}, {}, "humans"),  # the one that says so
        ({"required": True}, {}, "humans"),  # the required one
        ({"required": True}, {"owner": True}, "humans"),  # the required one before all
        ({"required": True}, {"required": True}, "animals"),  # of two required the first
    ]
    items: dict[str, Item] = {}
    for number, (of_human, of_animal, _) in enumerate(cases):
        items |= one_to_one(number, of_human, of_animal)
    inspector = opened(**items)
    for number, (_, _, stored) in enumerate(cases):
        owner, other, column = {
            "humans": (f"humans{number}", f"animals{number}", "totem"),
            "animals": (f"animals{number}", f"humans{number}", "human"),
        }[stored]
        assert foreign_keys(inspector, owner)[column]["referred_table"] == other
        assert uniques(inspector, owner) == [[column]]
        assert inspector.get_foreign_keys(other) == []
        assert columns(inspector, other).keys().isdisjoint({"human", "totem"})


# -- many to many ---------------------------------------------------------------------------------


def test_many_to_many_is_a_table_whose_key_is_both_ids(inspector: sa.Inspector) -> None:
    assert inspector.get_pk_constraint("books__shelves")["constrained_columns"] == ["owner_id", "target_id"]
    keys = foreign_keys(inspector, "books__shelves")
    assert {column: key["referred_table"] for column, key in keys.items()} == {
        "owner_id": "books",
        "target_id": "shelves",
    }
    assert all(not column["nullable"] for column in inspector.get_columns("books__shelves"))


def test_many_to_many_keeps_the_order_of_either_side(inspector: sa.Inspector) -> None:
    assert columns(inspector, "books__shelves").keys() == {
        "owner_id",
        "target_id",
        "owner_position",
        "target_position",
    }


def test_many_to_many_can_be_asked_from_either_side(inspector: sa.Inspector) -> None:
    assert indexes(inspector, "books__shelves") == [["target_id"]]


def test_the_rows_of_a_link_go_with_an_item_unless_its_list_must_be_empty(opened: Callable[..., sa.Inspector]) -> None:
    unlink = DeleteStrategy.UNLINK_REFERENCED_ITEMS
    expected = {
        DeleteStrategy.MUST_BE_EMPTY: "NO ACTION",
        DeleteStrategy.UNLINK_REFERENCED_ITEMS: "CASCADE",
        DeleteStrategy.DELETE_REFERENCED_ITEMS: "CASCADE",
    }
    items: dict[str, Item] = {}
    for number, strategy in enumerate(expected):
        items[f"books{number}"] = Item({"tags": RefsList(coll=f"tags{number}", field="$.books", ods=strategy)})
        items[f"tags{number}"] = Item({"books": RefsList(coll=f"books{number}", field="$.tags", ods=unlink)})
    inspector = opened(**items)
    for number, action in enumerate(expected.values()):
        assert on_delete(inspector, f"books{number}__tags", "owner_id") == action
        assert on_delete(inspector, f"books{number}__tags", "target_id") == "CASCADE"


def test_a_list_that_nothing_faces_is_a_table_too(opened: Callable[..., sa.Inspector]) -> None:
    inspector = opened(people=Item({"friends": RefsList(coll="people")}))
    keys = foreign_keys(inspector, "people__friends")
    assert {key["referred_table"] for key in keys.values()} == {"people"}


# -- unique, indexes, checks ----------------------------------------------------------------------


def test_unique_is_a_constraint(inspector: sa.Inspector) -> None:
    assert uniques(inspector, "books") == [["isbn"]]
    assert uniques(inspector, "shelves") == [["label"]]


def test_fields_may_be_unique_and_indexed_together(opened: Callable[..., sa.Inspector]) -> None:
    fields = {"a": String(), "b": Int(index=True), "c": Dict({"d": Int()})}
    inspector = opened(things=Item(fields, unique=[("a", "b")], indexes=[("b", "a"), "c.d"]))
    assert uniques(inspector, "things") == [["a", "b"]]
    assert indexes(inspector, "things") == [["b", "a"], ["b"], ["c__d"]]


def test_an_index_that_is_asked_for_twice_is_made_once(opened: Callable[..., sa.Inspector]) -> None:
    fields = {"a": String(index=True), "b": String(unique=True), "c": Ref(coll="things")}
    inspector = opened(things=Item(fields, unique=["b"], indexes=["a", "c"]))
    assert indexes(inspector, "things") == [["a"], ["c"]]
    assert uniques(inspector, "things") == [["b"]]


def test_every_reference_is_indexed(inspector: sa.Inspector) -> None:
    for table in inspector.get_table_names():
        led = {
            inspector.get_pk_constraint(table)["constrained_columns"][0],
            *(group[0] for group in uniques(inspector, table)),
            *(group[0] for group in indexes(inspector, table)),
        }
        assert foreign_keys(inspector, table).keys() <= led
    assert indexes(inspector, "books") == [["author"], ["loan__reader"]]


def test_ranges_and_choices_are_checks(inspector: sa.Inspector) -> None:
    checks = {str(each["name"]): each["sqltext"] for each in inspector.get_check_constraints("books")}

    def rule(column: str) -> str:
        return next(text for name, text in checks.items() if column in name)

    pages, price, genre = rule("pages"), rule("price"), rule("genre")
    assert "1" in pages
    assert "10000" in pages
    assert ">=" in price
    assert all(choice in genre for choice in ("'novel'", "'poem'", "'essay'"))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_a_column_type_of_sqlite_does_not_say_is_a_check(inspector: sa.Inspector) -> None:
    found = " ".join(str(each["name"]) for each in inspector.get_check_constraints("books"))
    assert "title" in found
    assert "in_print" in found


def test_checks_of_odd_values_can_be_made_and_mean_them(open_backoffice: Open, db: DBSQLConnector) -> None:
    texts = ["50%", "it's", "a\\b", ":x", "%s", "%(y)s", "é", "{}", '"', "--", ""]
    numbers = [-(2**63), 2**63 - 1]
    instants = ["0001-01-01T00:00:00Z", "2031-05-17T09:30:00.000001+02:00", "9999-12-31T23:59:59.999999Z"]
    backoffice = open_backoffice(
        things=Item(
            {
                "text": String(enum=texts),
                "number": Int(enum=numbers),
                "real": Float(enum=[1e300, 5e-324, -0.1]),
                "instant": Datetime(enum=instants),
                "truth": Bool(enum=[True]),
                "least": Float(min=-1e308, max=1e308),
            }
        )
    )
    for name, values in {
        "text": texts,
        "number": numbers,
        "real": [1e300, 5e-324, -0.1],
        "instant": instants,
        "truth": [True],
        "least": [-1e308, 1e308],
    }.items():
        for value in values:
            backoffice.things.create({name: value})
    assert backoffice.things.count() == len(texts) + len(numbers) + 3 + len(instants) + 1 + 2


# -- names ----------------------------------------------------------------------------------------


def test_every_constraint_has_a_name_by_one_convention(inspector: sa.Inspector) -> None:
    for table in inspector.get_table_names():
        found = names(inspector, table)
        assert len(found) == len(set(found))
        for name in found:
            assert name is not None
            assert name.startswith(tuple(f"{kind}_{table}" for kind in ("pk", "fk", "uq", "ck", "ix"))), name


def test_the_name_of_a_check_changes_with_its_values_alone(connect: Callable[..., DBSQLConnector]) -> None:
    def check_names(**options: Any) -> set[str]:
        connector = connect()
        table = describe(connector, things=Item({"x": Int(**options)})).things.table
        return {str(each.name) for each in table.constraints if isinstance(each, sa.CheckConstraint)}

    first = check_names(min=1, max=5)
    assert len(first) == 1
    assert check_names(max=5, min=1, description="told otherwise") == first
    assert check_names(min=1, max=6).isdisjoint(first)
    assert check_names(enum=[1, 2]).isdisjoint(check_names(enum=[1, 3]))


def test_long_names_are_cut_the_same_way_everywhere(open_backoffice: Open, db: DBSQLConnector) -> None:
    long, longer = "a" * 60, "b" * 60
    backoffice = open_backoffice(
        **{
            long: Item(
                {
                    f"{longer}x": Ref(coll=long),
                    f"{longer}y": String(unique=True, max_length=9, enum=["one", "two"]),
                    f"{longer}z": Int(index=True, min=1),
                }
            )
        }
    )
    inspector = sa.inspect(db.engine)
    found = [name for name in names(inspector, long) if name]
    assert len(found) == len(set(found))
    assert all(len(name.encode()) <= 63 for name in found)
    described = {str(each.name) for each in getattr(backoffice, long).table.constraints if each.name}
    assert {name for name in found if not name.startswith("ix_")} <= described


def test_tables_whose_names_run_together_get_names_of_their_own(open_backoffice: Open, db: DBSQLConnector) -> None:
    open_backoffice(
        user=Item({"group_name": Ref(coll="user"), "group_code": String(unique=True)}),
        user_group=Item({"name": Ref(coll="user"), "code": String(unique=True)}),
    )
    inspector = sa.inspect(db.engine)
    assert indexes(inspector, "user") == [["group_name"]]
    assert indexes(inspector, "user_group") == [["name"]]
    assert set(names(inspector, "user")).isdisjoint(names(inspector, "user_group"))


def test_words_of_sql_may_name_collections_and_fields(open_backoffice: Open) -> None:
    backoffice = open_backoffice(
        order=Item({"group": String(unique=True), "table": Ref(coll="order"), "from": Int(min=1), "User": Bool()})
    )
    first = backoffice.order.create({"group": "a", "from": 1, "User": True})
    second = backoffice.order.create({"group": "b", "table": first._id})
    assert backoffice.order.get_by_id(second._id).table == first._id
    assert backoffice.order.count({"from": ("$gte", 1)}) == 1


@pytest.mark.parametrize("name", ["id", "version", "ids", "new_0", "place", "other", "owner", "param_1"])
def test_a_field_may_have_any_name_and_is_written_as_others_are(open_backoffice: Open, name: str) -> None:
    things = open_backoffice(
        things=Item(
            {
                name: Int(),
                "next": Ref(coll="things", field="$.before"),
                "before": RefsList(coll="things", field="$.next", ods=DeleteStrategy.UNLINK_REFERENCED_ITEMS),
                "rows": List(Dict({name: Int(), "to": Ref(coll="things")})),
            }
        )
    ).things
    one = things.create({name: 1})
    other = things.create({name: 2, "before": [one], "rows": [{name: 3, "to": one}]})
    other.set({name: 4, "rows": [{name: 5, "to": one}, {name: 6}]})
    other.save()
    assert things.count({name: 4, f"rows.{name}": ("$gte", 6)}) == 1
    assert things.count({"next": other, name: 1}) == 1
    other.before = []
    other.save()
    one.reload()
    one.delete()
    (left,) = things.select()
    assert (left.get_value()[name], [row.to for row in left.rows]) == (4, [None, None])


# -- what does not matter -------------------------------------------------------------------------


def ddl(connector: DBSQLConnector) -> Iterator[str]:
    for table in connector.metadata.tables.values():
        yield str(CreateTable(table).compile(connector.engine))
        for index in table.indexes:
            yield str(CreateIndex(index).compile(connector.engine))


def test_the_order_of_registration_changes_nothing(connect: Callable[..., DBSQLConnector]) -> None:
    def tables(*, backwards: bool) -> set[str]:
        items = {
            **library_items(),
            **one_to_one("", {}, {}),
            "nodes": Item(
                {"one": RefsList(coll="nodes", field="$.other"), "other": RefsList(coll="nodes", field="$.one")}
            ),
        }
        connector = connect()
        describe(connector, **dict(reversed(items.items()) if backwards else items.items())).check_syntax()
        return set(ddl(connector))

    forwards = tables(backwards=False)
    assert len(forwards) > 10
    assert tables(backwards=True) == forwards


def test_create_all_twice_keeps_what_is_there(library: Backoffice) -> None:
    author = library.authors.create({"name": "Ada"})
    library.create_all()
    assert library.authors.get_by_id(author._id).name == "Ada"


def test_tables_that_are_missing_are_told_with_the_remedy(connect: Callable[..., DBSQLConnector]) -> None:
    backoffice = describe(connect(), things=Item({"name": String()}))
    with pytest.raises(DBError, match="create_all"):
        backoffice.things.count()
