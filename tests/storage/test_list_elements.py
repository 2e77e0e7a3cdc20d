"""The tables of lists whose elements hold references: what they look like, and plain SQLAlchemy on them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload, selectinload

from backo_sql import (
    Backoffice,
    Bool,
    Collection,
    ConflictError,
    DBSQLConnector,
    DeleteStrategy,
    DescriptionError,
    Dict,
    Int,
    Item,
    List,
    Ref,
    RefsList,
    String,
    ValidationError,
)
from tests.support import Open, describe


def items() -> dict[str, Item]:
    element = {
        "track": Ref(coll="tracks", field="$.orders", required=True),
        "gift": Dict({"shop": Ref(coll="shops"), "wrapped": Bool()}),
        "quantity": Int(min=1, max=9, required=True),
        "kind": String(union=["cd", "lp"]),
        "code": String(unique=True),
        "shelf": String(index=True, max_length=5),
        "tags": List(String()),
        "owner_id": String(),
        "position": Int(),
    }
    return {
        "tracks": Item(
            {
                "name": String(),
                "orders": RefsList(coll="orders", field="$.lines.track", ods=DeleteStrategy.MUST_BE_EMPTY),
            }
        ),
        "shops": Item({"town": String()}),
        "orders": Item({"note": String(), "lines": List(Dict(element)), "cart": Dict({"lines": wishes()})}),
    }


def wishes() -> List:
    return List(Dict({"track": Ref(coll="tracks")}), required=True)


@pytest.fixture
def backoffice(open_backoffice: Open) -> Backoffice:
    return open_backoffice(**items())


@pytest.fixture
def session(backoffice: Backoffice, db: DBSQLConnector) -> Iterator[Session]:
    with Session(db.engine) as session:
        yield session


# -- the tables -----------------------------------------------------------------------------------


def test_a_list_with_references_is_a_table(backoffice: Backoffice, db: DBSQLConnector) -> None:
    found = sa.inspect(db.engine)
    assert {"orders__lines", "orders__cart__lines"} <= set(found.get_table_names())
    columns = {column["name"]: column["nullable"] for column in found.get_columns("orders__lines")}
    assert columns == {
        "_owner_id": False,
        "_position": False,
        "track": False,
        "gift__shop": True,
        "gift__wrapped": True,
        "quantity": False,
        "kind": True,
        "code": True,
        "shelf": True,
        "tags": True,
        "owner_id": True,
        "position": True,
    }
    key = found.get_pk_constraint("orders__lines")
    assert (key["name"], key["constrained_columns"]) == ("pk_orders__lines", ["_owner_id", "_position"])
    indexes = {each["name"]: each["column_names"] for each in found.get_indexes("orders__lines") if not each["unique"]}
    assert indexes == {
        "ix_orders__lines__track": ["track"],
        "ix_orders__lines__gift__shop": ["gift__shop"],
        "ix_orders__lines__shelf": ["shelf"],
    }
    assert [each["name"] for each in found.get_unique_constraints("orders__lines")] == ["uq_orders__lines__code"]


def test_its_foreign_keys_say_what_deleting_means(backoffice: Backoffice, db: DBSQLConnector) -> None:
    found = {
        key["name"]: (
            key["constrained_columns"],
            key["referred_table"],
            key["options"].get("ondelete", "NO ACTION"),
            key["options"].get("deferrable"),
            key["options"].get("initially"),
        )
        for table in ("orders__lines", "orders__cart__lines")
        for key in sa.inspect(db.engine).get_foreign_keys(table)
    }
    assert found == {
        "fk_orders__lines___owner_id": (["_owner_id"], "orders", "CASCADE", True, "DEFERRED"),
        "fk_orders__lines__track": (["track"], "tracks", "NO ACTION", True, "DEFERRED"),
        "fk_orders__lines__gift__shop": (["gift__shop"], "shops", "SET NULL", True, "DEFERRED"),
        "fk_orders__cart__lines___owner_id": (["_owner_id"], "orders", "CASCADE", True, "DEFERRED"),
        "fk_orders__cart__lines__track": (["track"], "tracks", "SET NULL", True, "DEFERRED"),
    }


@pytest.mark.parametrize(
    ("strategy", "required", "expected"),
    [
        (DeleteStrategy.MUST_BE_EMPTY, False, "NO ACTION"),
        (DeleteStrategy.DELETE_REFERENCED_ITEMS, False, "NO ACTION"),
        (DeleteStrategy.UNLINK_REFERENCED_ITEMS, False, "SET NULL"),
        (DeleteStrategy.UNLINK_REFERENCED_ITEMS, True, "NO ACTION"),
    ],
)
def test_the_strategy_of_a_list_that_faces_elements_is_in_the_foreign_key(
    strategy: DeleteStrategy, required: bool, expected: str
) -> None:
    backoffice = describe(
        DBSQLConnector("sqlite://"),
        tracks=Item({"orders": RefsList(coll="orders", field="$.lines.track", ods=strategy)}),
        orders=Item({"lines": List(Dict({"track": Ref(coll="tracks", required=required)}))}),
    )
    table = backoffice.orders.model_class.lines.property.target
    (key,) = table.c.track.foreign_keys
    assert key.ondelete == expected


def test_the_items_own_row_tells_whether_there_is_a_list(backoffice: Backoffice, db: DBSQLConnector) -> None:
    backoffice.orders.create({"cart": {"lines": []}})
    backoffice.orders.create({"lines": [], "cart": {"lines": []}})
    table = backoffice.orders.table
    with db.engine.connect() as connection:
        found = connection.execute(sa.select(table.c.lines, table.c.cart__lines).order_by(table.c["_id"])).all()
    assert [tuple(row) for row in found] == [(None, True), (True, True)]
    assert not table.c.cart__lines.nullable


def test_the_rules_of_a_column_hold_for_those_who_write_by_hand(backoffice: Backoffice, db: DBSQLConnector) -> None:
    track, order = backoffice.tracks.create({}), backoffice.orders.create({"lines": [], "cart": {"lines": []}})
    table = db.metadata.tables["orders__lines"]
    right = {"_owner_id": order._id, "track": track._id, "quantity": 1}
    wrong: list[dict[str, Any]] = [
        {"quantity": 0},
        {"quantity": None},
        {"kind": "mp3"},
        {"track": None},
        {"track": "nobody"},
        {"gift__shop": "nowhere"},
        {"_owner_id": "nobody"},
    ]
    for each in wrong:
        with pytest.raises(sa.exc.IntegrityError), db.engine.begin() as connection:
            connection.execute(sa.insert(table).values({**right, **each}))
    with db.engine.begin() as connection:
        connection.execute(sa.insert(table), [{**right, "quantity": number} for number in (1, 2, 3)])
    assert [each.quantity for each in backoffice.orders.get_by_id(order._id).lines] == [1, 2, 3]


def test_what_the_database_refuses_names_the_field(backoffice: Backoffice, db: DBSQLConnector) -> None:
    track = backoffice.tracks.create({})
    line = {"track": track, "quantity": 1}
    one = backoffice.orders.create({"lines": [{**line, "code": "x"}], "cart": {"lines": []}})
    with pytest.raises(ConflictError) as refused:
        backoffice.orders.create({"lines": [line, {**line, "code": "x"}], "cart": {"lines": []}})
    assert list(refused.value.messages) == ["$.lines.code"]
    one.lines.insert(0, {**line, "code": "y"})
    one.lines[1].code, one.lines[0].code = "y", "x"
    one.save()  # the two swap a value that must be unique
    assert [each.code for each in backoffice.orders.get_by_id(one._id).lines] == ["x", "y"]


def test_the_length_of_a_text_is_a_rule_of_its_column_too(backoffice: Backoffice) -> None:
    track = backoffice.tracks.create({})
    with pytest.raises(ValidationError, match=r"\$\.lines\[0\]\.shelf"):
        backoffice.orders.create({"lines": [{"track": track, "quantity": 1, "shelf": "x" * 6}], "cart": {"lines": []}})


def test_a_reference_into_another_database_is_an_indexed_column(tmp_path: Path) -> None:
    here, there = (DBSQLConnector(f"sqlite:///{tmp_path / name}.db") for name in ("here", "there"))
    backoffice = Backoffice("app")
    backoffice.register_collection(Collection("tracks", Item({"name": String()}), there))
    lines = List(Dict({"track": Ref(coll="tracks"), "must": Ref(coll="tracks", required=True)}))
    backoffice.register_collection(Collection("orders", Item({"lines": lines}), here))
    backoffice.create_all()
    table = here.metadata.tables["orders__lines"]
    assert {key.column.table.name for key in table.foreign_keys} == {"orders"}
    assert {index.name for index in table.indexes} == {"ix_orders__lines__track", "ix_orders__lines__must"}
    one, two = (backoffice.tracks.create({"name": name}) for name in "ab")
    with pytest.raises(ValidationError, match=r"\$\.lines\[0\]\.track"):
        backoffice.orders.create({"lines": [{"track": "nobody", "must": two}]})
    order = backoffice.orders.create({"lines": [{"track": one, "must": two}]})
    assert order.select("$.lines.track.name") == ["a"]
    one.delete()
    with pytest.raises(ConflictError):
        two.delete()
    order.reload()
    assert order.lines == [{"track": None, "must": two._id}]
    for connector in (here, there):
        connector.dispose()


def test_a_table_that_is_there_already_or_has_too_long_a_name_is_told() -> None:
    def make(collection: str, lines: str, db: DBSQLConnector) -> None:
        describe(
            db, tracks=Item({}), **{collection: Item({lines: List(Dict({"track": Ref(coll="tracks")}))})}
        ).check_syntax()

    make("o" * 31, "l" * 30, DBSQLConnector("sqlite://"))
    with pytest.raises(DescriptionError, match="more than 63 bytes"):
        make("o" * 31, "l" * 31, DBSQLConnector("sqlite://"))
    db = DBSQLConnector("sqlite://")
    sa.Table("orders__lines", db.metadata, sa.Column("x", sa.Integer))
    with pytest.raises(DescriptionError, match="orders__lines"):
        make("orders", "lines", db)


# -- plain SQLAlchemy -----------------------------------------------------------------------------


def test_the_list_is_a_relationship_to_a_class_of_rows(backoffice: Backoffice) -> None:
    orders = sa.inspect(backoffice.orders.model_class)
    assert set(orders.relationships.keys()) == {"lines", "cart__lines"}
    assert {"lines__given", "cart__lines__given"} <= set(orders.column_attrs.keys())
    line = orders.relationships["lines"].mapper
    assert line.class_.__name__ == "orders__lines"
    assert {name: each.mapper.class_.__name__ for name, each in line.relationships.items()} == {
        "_owner": "orders",
        "track": "tracks",
        "gift__shop": "shops",
    }
    assert {"track__id", "gift__shop__id", "quantity", "_position"} <= set(line.column_attrs.keys())
    assert set(sa.inspect(backoffice.tracks.model_class).relationships.keys()) == {"orders"}


def test_what_was_written_is_read_joined_and_ordered(backoffice: Backoffice, session: Session) -> None:
    tracks = [backoffice.tracks.create({"name": name}) for name in "ab"]
    lines = [
        {"track": tracks[1], "quantity": 5},
        {"track": tracks[0], "quantity": 3},
        {"track": tracks[1], "quantity": 1},
    ]
    order = backoffice.orders.create({"lines": lines, "cart": {"lines": []}})
    order_class, track_class = backoffice.orders.model_class, backoffice.tracks.model_class
    line_class = order_class.lines.property.mapper.class_
    query = sa.select(order_class).where(order_class.lines.any(line_class.track.has(name="a")))
    for option in (joinedload, selectinload):
        session.expunge_all()
        found = (
            session.execute(query.options(option(order_class.lines).joinedload(line_class.track))).unique().scalar_one()
        )
        assert found._id == order._id
        assert [(line.track.name, line.quantity) for line in found.lines] == [("b", 5), ("a", 3), ("b", 1)]
    assert [each._id for each in session.get_one(track_class, tracks[1]._id).orders] == [order._id]
    joined = (
        sa.select(track_class.name, sa.func.sum(line_class.quantity)).join(line_class.track).group_by(track_class.name)
    )
    assert sorted(map(tuple, session.execute(joined))) == [("a", 3), ("b", 6)]


def test_what_plain_sqlalchemy_writes_is_read_as_a_list(backoffice: Backoffice, session: Session) -> None:
    order_class, track_class = backoffice.orders.model_class, backoffice.tracks.model_class
    line_class = order_class.lines.property.mapper.class_
    track = track_class(name="a")
    order = order_class(note="n", lines=[line_class(track=track, quantity=number) for number in (3, 1, 2)])
    session.add(order)
    session.commit()
    assert [each.quantity for each in backoffice.orders.get_by_id(order._id).lines] == [3, 1, 2]
    del order.lines[1]
    order.lines.append(line_class(track=track, quantity=9, gift__shop=backoffice.shops.model_class(town="Lima")))
    session.commit()
    read = backoffice.orders.get_by_id(order._id)
    assert [each.quantity for each in read.lines] == [3, 2, 9]
    read.lines[1].quantity = 4
    read.lines.append({"track": track._id, "quantity": 7})
    read.save()
    session.rollback()
    assert [each.quantity for each in order.lines] == [3, 4, 9, 7]
    session.delete(order)
    session.commit()
    assert session.execute(sa.select(sa.func.count()).select_from(line_class)).scalar_one() == 0


def test_a_null_list_is_one_as_soon_as_something_is_put_into_it(backoffice: Backoffice, session: Session) -> None:
    track = backoffice.tracks.create({})
    made = backoffice.orders.create({"cart": {"lines": []}})
    order_class = backoffice.orders.model_class
    order = session.get_one(order_class, made._id)
    assert (order.lines__given, order.lines) == (None, [])
    order.lines.append(order_class.lines.property.mapper.class_(track__id=track._id, quantity=2))
    session.commit()
    made.reload()
    assert [each.quantity for each in made.lines] == [2]
