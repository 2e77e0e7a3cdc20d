"""Only the difference between what was read and what is there now is written, so that several may change one list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from backo_sql import (
    Backoffice,
    ConstraintError,
    DBSQLConnector,
    DeleteStrategy,
    Dict,
    FillStrategy,
    Int,
    Item,
    List,
    Ref,
    RefsList,
    String,
    TypeMismatchError,
    ValidationError,
)
from tests.support import Open, all_rows, client_of, on_one_database, problem, statements

UNLINK = DeleteStrategy.UNLINK_REFERENCED_ITEMS


def read(item: Any) -> Any:
    """Read an item again, as it is stored."""
    return item._collection.get_by_id(item._id)


def ids(*items: Any) -> list[str]:
    return [item._id for item in items]


def tagged(open_backoffice: Open) -> Backoffice:
    """Books with tags: rows of their own."""
    return open_backoffice(
        holders=Item({"things": RefsList(coll="things", field="$.holders", ods=UNLINK)}),
        things=Item({"holders": RefsList(coll="holders", field="$.things", ods=UNLINK)}),
    )


def owned(open_backoffice: Open) -> Backoffice:
    """Authors with books: columns of the other side."""
    return open_backoffice(
        holders=Item({"things": RefsList(coll="things", field="$.holder", ods=UNLINK)}),
        things=Item({"holder": Ref(coll="holders", field="$.things")}),
    )


@pytest.fixture(params=[tagged, owned], ids=["rows of their own", "pointers in other items"])
def holding(request: pytest.FixtureRequest, open_backoffice: Open) -> Backoffice:
    backoffice: Backoffice = request.param(open_backoffice)
    return backoffice


# -- two people, one list -------------------------------------------------------------------------


def test_two_who_add_to_one_list_both_succeed(holding: Backoffice) -> None:
    one, two, three = (holding.things.create({}) for _ in range(3))
    holder = holding.holders.create({"things": ids(one)})
    mine, yours = read(holder), read(holder)
    mine.things.append(two._id)
    yours.things.append(three._id)
    mine.save()
    yours.save()
    assert list(read(holder).things) == ids(one, two, three)


def test_one_adds_while_another_takes_away(holding: Backoffice) -> None:
    one, two, three = (holding.things.create({}) for _ in range(3))
    holder = holding.holders.create({"things": ids(one, two)})
    mine, yours = read(holder), read(holder)
    mine.things.remove(one._id)
    yours.things.append(three._id)
    mine.save()
    yours.save()
    assert list(read(holder).things) == ids(two, three)
    mine.things.append(one._id)  # this copy knows nothing of the third
    mine.save()
    assert sorted(read(holder).things) == ids(one, two, three)


def test_two_who_add_or_take_away_the_same(holding: Backoffice) -> None:
    one, two = (holding.things.create({}) for _ in range(2))
    holder = holding.holders.create({"things": ids(one)})
    for change in (
        lambda things: things.append(two._id),
        lambda things: things.remove(two._id),
    ):
        copies = [read(holder), read(holder)]
        for each in copies:
            change(each.things)
        for each in copies:
            each.save()
    assert list(read(holder).things) == ids(one)


def test_what_was_deleted_meanwhile_is_in_nobodys_way(holding: Backoffice) -> None:
    one, two, three = (holding.things.create({}) for _ in range(3))
    holder = holding.holders.create({"things": ids(one, two)})
    mine = read(holder)
    read(one).delete()
    mine.things.append(three._id)
    mine.save()
    assert list(read(holder).things) == ids(two, three)


def test_what_was_taken_meanwhile_stays_where_it_is(open_backoffice: Open) -> None:
    backoffice = open_backoffice(
        authors=Item({"books": RefsList(coll="books", field="$.author", ods=UNLINK)}),
        books=Item({"author": Ref(coll="authors", field="$.books", required=True)}),
    )
    ada, grace = (backoffice.authors.create({}) for _ in range(2))
    one, two = (backoffice.books.create({"author": ada}) for _ in range(2))
    mine = read(ada)
    one.author = grace
    one.save()
    mine.books.remove(one._id)  # it must have an author, and has one
    mine.save()
    assert (list(read(ada).books), list(read(grace).books)) == (ids(two), ids(one))
    mine.books.clear()
    with pytest.raises(ConstraintError):
        mine.save()


@pytest.mark.parametrize("facing", ["Ref", "RefsList"])
def test_two_who_each_take_one_of_the_last_two_links_leave_one(
    open_backoffice: Open, db: DBSQLConnector, facing: str
) -> None:
    there = {
        "Ref": Ref(coll="teams", field="$.members"),
        "RefsList": RefsList(coll="teams", field="$.members", ods=UNLINK),
    }
    backoffice = open_backoffice(
        teams=Item({"members": RefsList(coll="players", field="$.team", required=True, ods=UNLINK)}),
        players=Item({"team": there[facing]}),
    )
    one, two = (backoffice.players.create({}) for _ in range(2))
    team = backoffice.teams.create({"members": ids(one, two)})
    mine, yours = read(team), read(team)
    mine.members.remove(one._id)
    yours.members.remove(two._id)
    mine.save()
    before = all_rows(db)
    with pytest.raises(ConstraintError) as refused:
        yours.save()
    assert list(refused.value.messages) == ["$.members"]
    assert all_rows(db) == before


def test_a_list_that_faces_a_reference_has_no_order_to_be_changed(open_backoffice: Open, db: DBSQLConnector) -> None:
    backoffice = owned(open_backoffice)
    things = ids(*(backoffice.things.create({}) for _ in range(3)))
    holder = backoffice.holders.create({"things": things})
    with statements(db) as seen:
        holder.things.reverse()
        holder.save()
    assert seen == []
    assert list(holder.things) == things


# -- how much is written --------------------------------------------------------------------------


def written(db: DBSQLConnector, table: str, act: Callable[[], Any]) -> tuple[int, int, int]:
    """Return how many statements something took, and how many rows of a table it added and took away or changed."""
    before = set(all_rows(db)[table])
    with statements(db) as seen:
        act()
    after = set(all_rows(db)[table])
    return len(seen), len(after - before), len(before - after)


@pytest.mark.parametrize(
    ("change", "new_rows", "old_rows"),
    [
        # a row that changes is a new one and an old one
        pytest.param(lambda things, new: things.append(new), 1, 0, id="added"),
        pytest.param(lambda things, _new: things.pop(5), 0, 1, id="taken away"),
        pytest.param(lambda things, new: things.__setitem__(-1, new), 1, 1, id="the last replaced"),
        pytest.param(lambda things, new: things.insert(-10, new), 11, 10, id="put before the last ten"),
        pytest.param(lambda things, _new: things.append(things.pop(0)), 1000, 1000, id="the first made the last"),
    ],
)
def test_one_change_of_1000_links_is_as_many_statements_as_one_of_20(
    open_backoffice: Open, db: DBSQLConnector, change: Callable[[Any, str], Any], new_rows: int, old_rows: int
) -> None:
    backoffice = tagged(open_backoffice)
    every = [f"t{number:04}" for number in range(1001)]
    with db.engine.begin() as connection:
        connection.execute(backoffice.things.table.insert(), [{"_id": each} for each in every])

    def changed(count: int) -> tuple[int, int, int]:
        holder = backoffice.holders.create({"things": every[:count]})
        expected = every[:count]
        change(expected, every[1000])
        change(holder.things, every[1000])
        counts = written(db, "holders__things", holder.save)
        assert list(read(holder).things) == expected
        return counts

    of_large, of_small = changed(1000), changed(20)
    assert of_large == (of_small[0], new_rows, old_rows)
    assert of_large[0] <= 5


@on_one_database
def test_reordering_four_times_as_many_links_takes_sqlite_no_more_than_so_many_times_the_steps(
    open_backoffice: Open, db: DBSQLConnector
) -> None:
    backoffice = tagged(open_backoffice)
    every = [f"t{number:04}" for number in range(2000)]
    with db.engine.begin() as connection:
        connection.execute(backoffice.things.table.insert(), [{"_id": each} for each in every])

    def steps(count: int) -> int:
        holder = backoffice.holders.create({"things": every[:count]})
        holder.things = every[:count][::-1]
        seen = []

        def watch(_connection: Any, cursor: Any, *_: Any) -> None:
            cursor.connection.set_progress_handler(lambda: seen.append(None), 100)

        sa.event.listen(db.engine, "before_cursor_execute", watch)
        try:
            holder.save()
        finally:
            sa.event.remove(db.engine, "before_cursor_execute", watch)
        assert list(read(holder).things) == every[:count][::-1]
        return len(seen)

    assert steps(2000) < 8 * steps(500)


# -- two fields of one item that face each other ---------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "kept", "contradicting"),
    [
        pytest.param(
            {"up": Ref(coll="nodes", field="$.down"), "down": RefsList(coll="nodes", field="$.up", ods=UNLINK)},
            {"up": "me", "down": ["me", "other"]},
            {"up": "other", "down": ["me"]},
            id="a tree",
        ),
        pytest.param(
            {"up": Ref(coll="nodes", field="$.down"), "down": Ref(coll="nodes", field="$.up")},
            {"up": "me", "down": "me"},
            {"up": "me", "down": "other"},
            id="a chain",
        ),
        pytest.param(
            {
                "up": RefsList(coll="nodes", field="$.down", ods=UNLINK),
                "down": RefsList(coll="nodes", field="$.up", ods=UNLINK),
            },
            {"up": ["other", "me"], "down": ["other", "me"]},
            {"up": ["other"], "down": ["me"]},
            id="a graph",
        ),
    ],
)
def test_fields_of_one_item_that_face_each_other_must_agree(
    open_backoffice: Open, db: DBSQLConnector, fields: dict[str, Any], kept: Any, contradicting: Any
) -> None:
    db.generate_id = lambda item: item.name
    backoffice = open_backoffice(nodes=Item({"name": String(), **fields}))
    client = client_of(backoffice)
    for name in ("me", "other"):
        backoffice.nodes.create({"name": name})
    before = all_rows(db)
    mine = backoffice.nodes.get_by_id("me")
    mine.set(contradicting)
    with pytest.raises(ValidationError) as refused:
        mine.save()
    assert set(refused.value.messages) == {"$.up", "$.down"}
    body = problem(client.put("/app/nodes/me", json=contradicting), 400)
    assert set(body["errors"]) == {"$.up", "$.down"}
    assert all_rows(db) == before
    answer = client.put("/app/nodes/me", json=kept)
    assert {name: answer.get_json()[name] for name in kept} == kept
    assert client.get("/app/nodes/me").get_json() == answer.get_json()


def test_one_field_of_two_that_face_each_other_decides_alone(open_backoffice: Open) -> None:
    backoffice = open_backoffice(
        nodes=Item({"up": Ref(coll="nodes", field="$.down"), "down": RefsList(coll="nodes", field="$.up", ods=UNLINK)})
    )
    client = client_of(backoffice)
    other, me = (backoffice.nodes.create({})._id for _ in range(2))
    body = client.put(f"/app/nodes/{me}", json={"up": me}).get_json()
    assert body["down"] == [me]
    # Sent back with one change: what is as it was is no wish.
    body = client.put(f"/app/nodes/{me}", json={**body, "up": other}).get_json()
    assert (body["up"], body["down"]) == (other, [])


# -- all that is wrong, at once --------------------------------------------------------------------


@pytest.fixture
def orders(open_backoffice: Open) -> Backoffice:
    return open_backoffice(
        products=Item({"name": String()}),
        orders=Item(
            {
                "number": Int(min=1),
                "at": Dict({"shop": Ref(coll="products"), "till": Int()}),
                "gifts": RefsList(coll="products", ods=UNLINK),
                "lines": List(Dict({"product": Ref(coll="products"), "count": Int()})),
                "hidden": RefsList(coll="products", ofs=FillStrategy.NOT_FILL, ods=UNLINK),
            }
        ),
    )


def test_references_to_nothing_are_told_together_with_other_faults(orders: Backoffice, db: DBSQLConnector) -> None:
    product = orders.products.create({})._id
    order = orders.orders.create({})
    before = all_rows(db)
    client = client_of(orders)
    wrong = {
        "number": 0,
        "at": {"shop": "nobody", "till": "x"},
        "gifts": [product, "nobody"],
        "lines": [{"product": product}, {"product": "nobody"}],
        "hidden": ["nobody"],
        "color": "red",
    }
    places = {
        "$.number",
        "$.at.shop",
        "$.at.till",
        "$.gifts[1]",
        "$.lines[1].product",
        "$.hidden[0]",
        "$.color",
    }
    assert set(problem(client.post("/app/orders", json=wrong), 400)["errors"]) == places
    assert set(problem(client.put(f"/app/orders/{order._id}", json=wrong), 400)["errors"]) == places
    with pytest.raises(ValidationError) as refused:
        orders.orders.create(wrong)
    assert set(refused.value.messages) == places
    assert all_rows(db) == before


def test_the_class_of_the_error_fits_all_that_is_told(orders: Backoffice) -> None:
    with pytest.raises(ConstraintError) as refused:
        orders.orders.create({"number": 0, "gifts": ["nobody"]})
    assert set(refused.value.messages) == {"$.number", "$.gifts[0]"}
    with pytest.raises(ValidationError) as refused:
        orders.orders.create({"number": "x", "gifts": ["nobody"]})
    assert not isinstance(refused.value, ConstraintError | TypeMismatchError)


def test_a_rule_of_the_whole_item_is_told_together_with_references_to_nothing(open_backoffice: Open) -> None:
    def even(value: int) -> bool:
        return value % 2 == 0

    def with_number(data: Any) -> dict[str, Any]:
        return {"number": Int(required=True, max=10)}

    backoffice = open_backoffice(
        things=Item(
            {"number": Int(constraint=even), "other": Ref(coll="things")},
            dynamic_post_load=with_number,
        )
    )
    client = client_of(backoffice)
    places = {"$.number", "$.other"}
    for number in (3, 12):
        assert set(problem(client.post("/app/things", json={"number": number, "other": "x"}), 400)["errors"]) == places
    thing = backoffice.things.create({"number": 2})
    url = f"/app/things/{thing._id}"
    for number in (3, 12):
        assert set(problem(client.put(url, json={"number": number, "other": "x"}), 400)["errors"]) == places
    thing.number = 12
    thing.other = "x"
    with pytest.raises(ValidationError) as refused:
        thing.save()
    assert set(refused.value.messages) == places


@on_one_database
def test_what_is_refused_anyway_asks_only_for_the_references_in_it(orders: Backoffice, db: DBSQLConnector) -> None:
    client = client_of(orders)
    with statements(db) as seen:
        problem(client.post("/app/orders", json={"number": 0}), 400)
    assert seen == []
