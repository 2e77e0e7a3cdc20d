"""Items that need each other: made, changed and deleted in one transaction, and judged at its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from backo_sql import (
    BackoError,
    Backoffice,
    DBSQLConnector,
    DeleteStrategy,
    Dict,
    Item,
    NotEmptyError,
    Ref,
    RefsList,
    String,
    ValidationError,
)
from tests.support import Open, all_rows, client_of, problem, row_counts


@pytest.fixture
def world(open_backoffice: Open) -> Backoffice:
    """Countries and their cities: a country has a capital, and every city a country."""
    return open_backoffice(
        countries=Item({"name": String(), "capital": Ref(coll="cities", required=True)}),
        cities=Item({"name": String(), "country": Ref(coll="countries", required=True)}),
    )


def found(world: Backoffice, name: str) -> tuple[Any, Any]:
    """Make a country and its capital."""
    with world.transaction():
        capital = world.cities.new()
        country = world.countries.create({"name": name, "capital": capital})
        capital.set({"name": f"{name} town", "country": country})
        capital.save()
    return country, capital


def orphans(db: DBSQLConnector) -> int:
    """Count the values of all foreign keys that lead nowhere."""
    lost = 0
    with db.engine.connect() as connection:
        for table in db.metadata.tables.values():
            for key in table.foreign_keys:
                target = key.column.table.alias()
                there = sa.select(target.c["_id"]).where(target.c["_id"] == key.parent).exists()
                lost += connection.scalar(
                    sa.select(sa.func.count()).select_from(table).where(key.parent.is_not(None), ~there)
                )
    return lost


# -- creating --------------------------------------------------------------------------------------


def test_two_that_need_each_other_are_made_in_one_transaction(world: Backoffice, db: DBSQLConnector) -> None:
    country, capital = found(world, "Norland")
    assert world.countries.get_by_id(country._id).capital == capital._id
    assert world.cities.get_by_id(capital._id).country == country._id
    assert orphans(db) == 0


def test_either_may_come_first_and_both_may_be_made_before(world: Backoffice) -> None:
    country, capital = world.countries.new(), world.cities.new()
    country.set({"name": "Norland", "capital": capital})
    capital.set({"name": "Nortown", "country": country})
    with world.transaction():
        capital.save()
        country.save()
    assert (country.capital, capital.country) == (capital._id, country._id)
    assert (country.capital, capital.country) == (
        world.countries.get_by_id(country._id).capital,
        world.cities.get_by_id(capital._id).country,
    )


def test_an_id_of_ones_own_may_be_told_before_its_item_is_there(world: Backoffice, db: DBSQLConnector) -> None:
    db.generate_id = lambda item: f"id-{item.name}"
    with world.transaction():
        world.countries.create({"name": "Norland", "capital": "id-Nortown"})
        world.cities.create({"name": "Nortown", "country": "id-Norland"})
    assert world.countries.get_by_id("id-Norland").capital == "id-Nortown"
    with world.transaction():  # an id is made when it is first asked for, of what is known then
        capital = world.cities.new()
        capital.name = "Suttown"
        world.countries.create({"name": "Sutland", "capital": capital})
        capital.country = "id-Sutland"
        capital.name = "Renamed"
        capital.save()
    assert world.cities.get_by_id("id-Suttown").name == "Renamed"


def test_what_is_not_there_at_the_end_is_named_and_everything_undone(world: Backoffice, db: DBSQLConnector) -> None:
    found(world, "Norland")
    before = all_rows(db)
    capital = world.cities.new()
    country = world.countries.new()

    def work() -> None:
        with world.transaction():
            country.create({"name": "Sutland", "capital": capital})
            world.cities.create({"name": "elsewhere", "country": country._id})

    with pytest.raises(ValidationError) as refused:
        work()
    assert refused.value.messages == {"$.capital": ["Refers to an item of 'cities' that is not there."]}
    assert all_rows(db) == before
    assert repr(country._status) == "UNSET"
    with world.transaction():  # the objects are as they were, and good for another try
        country.create({"name": "Sutland", "capital": capital})
        capital.set({"name": "Suttown", "country": country})
        capital.save()
    assert country.capital == capital._id
    assert orphans(db) == 0


def test_several_that_are_not_there_are_told_apart(world: Backoffice) -> None:
    def work() -> None:
        with world.transaction():
            for name in ("Norland", "Sutland"):
                world.countries.create({"name": name, "capital": world.cities.new()})

    with pytest.raises(ValidationError) as refused:
        work()
    (messages,) = refused.value.messages.values()
    assert len(messages) == len(set(messages)) == 2
    assert all("in 'countries'" in message for message in messages)


def test_outside_of_a_transaction_it_is_refused_at_once(world: Backoffice, db: DBSQLConnector) -> None:
    with pytest.raises(ValidationError, match="not there"):
        world.countries.create({"name": "Norland", "capital": world.cities.new()})
    answer = client_of(world).post("/app/countries", json={"name": "Norland", "capital": "nowhere"})
    assert list(problem(answer, 400)["errors"]) == ["$.capital"]
    assert set(row_counts(db).values()) == {0}


def test_a_handler_may_make_the_other_one(open_backoffice: Open) -> None:
    def make_capital(event: str, root: Any, me: Any) -> None:
        backoffice.cities.create({"name": me.capital, "country": me})

    backoffice = open_backoffice(
        countries=Item({"capital": Ref(coll="cities", required=True)}, on=[("created", make_capital)]),
        cities=Item({"name": String(), "country": Ref(coll="countries", required=True)}),
    )
    backoffice.cities.connector.generate_id = lambda item: item.name if "name" in item.get_value() else "Norland"  # type: ignore[attr-defined]
    country = backoffice.countries.create({"capital": "Nortown"})
    assert backoffice.cities.get_by_id("Nortown").country == country._id


def test_a_reference_that_needs_no_such_thing_is_judged_at_once(open_backoffice: Open, db: DBSQLConnector) -> None:
    """Neither an optional reference, nor a required one that doesn't lead back."""
    backoffice = open_backoffice(
        countries=Item({"capital": Ref(coll="cities", required=True), "twin": Ref(coll="countries")}),
        cities=Item({"country": Ref(coll="countries", required=True), "river": Ref(coll="rivers", required=True)}),
        rivers=Item({"source": Ref(coll="cities")}),
    )
    with backoffice.transaction():
        river, capital, country, other = (
            collection.new()
            for collection in (backoffice.rivers, backoffice.cities, backoffice.countries, backoffice.countries)
        )
        with pytest.raises(ValidationError, match=r"\$\.source"):
            backoffice.rivers.create({"source": capital})
        with pytest.raises(ValidationError, match=r"\$\.river"):
            capital.create({"country": country, "river": river})
        with pytest.raises(ValidationError, match=r"\$\.twin"):
            country.create({"capital": capital, "twin": other})
        river.create({})
        capital.create({"country": country, "river": river})
        country.create({"capital": capital})
    assert set(row_counts(db).values()) == {1}


def test_what_a_refused_part_put_off_is_forgotten(world: Backoffice) -> None:
    def refused() -> None:
        with world.transaction():
            world.countries.create({"name": "Norland", "capital": world.cities.new()})
            raise ZeroDivisionError

    with world.transaction(), pytest.raises(ZeroDivisionError):
        refused()
    assert world.countries.count() == 0


def test_a_reference_that_was_put_right_meanwhile_is_no_fault(world: Backoffice) -> None:
    country, capital = found(world, "Norland")
    with world.transaction():
        other = world.countries.create({"name": "Sutland", "capital": world.cities.new()})
        other.capital = capital._id
        other.save()
        gone = world.countries.create({"name": "Westland", "capital": world.cities.new()})
        gone.delete()
    assert world.countries.get_by_id(other._id).capital == capital._id
    assert world.countries.count() == 2
    with world.transaction():
        new = world.cities.new()
        country.capital = new
        country.save()
        new.create({"name": "New town", "country": country})
    assert world.countries.get_by_id(country._id).capital == new._id


def test_a_longer_way_round_through_a_dict(open_backoffice: Open, db: DBSQLConnector) -> None:
    backoffice = open_backoffice(
        a=Item({"to": Dict({"b": Ref(coll="b", required=True)})}),
        b=Item({"c": Ref(coll="c", required=True)}),
        c=Item({"a": Ref(coll="a", required=True)}),
    )
    with backoffice.transaction():
        a, b, c = backoffice.a.new(), backoffice.b.new(), backoffice.c.new()
        a.create({"to": {"b": b}})
        b.create({"c": c})
        c.create({"a": a})
    assert orphans(db) == 0

    def work() -> None:
        with backoffice.transaction():
            backoffice.a.create({"to": {"b": backoffice.b.new()}})

    with pytest.raises(ValidationError) as refused:
        work()
    assert list(refused.value.messages) == ["$.to.b"]


# -- to itself -------------------------------------------------------------------------------------


@pytest.mark.parametrize("required", [True, False])
def test_the_first_person_is_their_own_boss(open_backoffice: Open, required: bool) -> None:
    backoffice = open_backoffice(
        people=Item(
            {
                "boss": Ref(coll="people", field="$.staff", required=required),
                "staff": RefsList(coll="people", field="$.boss", ods=DeleteStrategy.DELETE_REFERENCED_ITEMS),
            }
        )
    )
    ada = backoffice.people.new()
    ada.boss = ada
    ada.save()
    assert (ada.boss, list(ada.staff)) == (ada._id, [ada._id])
    grace = backoffice.people.create({"boss": ada})
    ada.reload()
    ada.boss = grace
    ada.save()
    assert list(backoffice.people.get_by_id(grace._id).staff) == [ada._id]
    backoffice.people.get_by_id(grace._id).delete()
    assert backoffice.people.count() == 0


def test_an_item_that_lists_itself_when_it_is_made_can_be_saved_on(open_backoffice: Open) -> None:
    backoffice = open_backoffice(
        people=Item(
            {
                "name": String(),
                "boss": Ref(coll="people", field="$.staff"),
                "staff": RefsList(coll="people", field="$.boss"),
            }
        )
    )
    ada = backoffice.people.new()
    ada.staff.append(ada)
    ada.save()
    assert (ada.boss, list(ada.staff)) == (ada._id, [ada._id])
    ada.name = "Ada"
    ada.save()
    assert backoffice.people.get_by_id(ada._id).name == "Ada"


# -- one to one, and lists -------------------------------------------------------------------------


def one_to_one(open_backoffice: Open) -> Backoffice:
    return open_backoffice(
        hearts=Item({"body": Ref(coll="bodies", field="$.heart", required=True)}),
        bodies=Item({"heart": Ref(coll="hearts", field="$.body", required=True)}),
    )


@pytest.mark.parametrize("first", ["heart", "body"])
def test_one_to_one_where_neither_can_be_without_the_other(
    open_backoffice: Open, db: DBSQLConnector, first: str
) -> None:
    backoffice = one_to_one(open_backoffice)
    heart, body = backoffice.hearts.new(), backoffice.bodies.new()
    writes: list[Callable[[], None]] = [lambda: heart.create({"body": body}), lambda: body.create({"heart": heart})]
    with backoffice.transaction():
        for write in writes if first == "heart" else reversed(writes):
            write()
    assert backoffice.hearts.get_by_id(heart._id).body == body._id
    assert backoffice.bodies.get_by_id(body._id).heart == heart._id
    before = all_rows(db)

    def half(collection: Any, **values: Any) -> None:
        with backoffice.transaction():
            collection.create(values)

    with pytest.raises(ValidationError, match=r"\$\.body"):
        half(backoffice.hearts, body=backoffice.bodies.new())
    with pytest.raises(ValidationError, match=r"\$\.heart"):
        half(backoffice.bodies, heart=backoffice.hearts.new())
    assert all_rows(db) == before


@pytest.mark.parametrize("first", ["author", "book"])
def test_a_list_that_must_not_be_empty_facing_a_reference_that_must_be_there(
    open_backoffice: Open, db: DBSQLConnector, first: str
) -> None:
    backoffice = open_backoffice(
        authors=Item({"books": RefsList(coll="books", field="$.author", required=True)}),
        books=Item({"author": Ref(coll="authors", field="$.books", required=True)}),
    )
    author, one, two = backoffice.authors.new(), backoffice.books.new(), backoffice.books.new()
    with backoffice.transaction():
        if first == "author":
            author.create({"books": [one, two]})
        one.create({"author": author})
        two.create({"author": author})
        if first == "book":
            author.create({"books": [one, two]})
    assert sorted(backoffice.authors.get_by_id(author._id).books) == sorted([one._id, two._id])
    before = all_rows(db)

    def promise_two_and_keep_one() -> None:
        with backoffice.transaction():
            other, kept = backoffice.authors.new(), backoffice.books.new()
            other.create({"books": [kept, backoffice.books.new()]})
            kept.create({"author": other})

    with pytest.raises(ValidationError) as refused:
        promise_two_and_keep_one()
    assert list(refused.value.messages) == ["$.books[1]"]

    def give_it_to_another() -> None:
        with backoffice.transaction():
            kept = backoffice.books.new()
            backoffice.authors.create({"books": [kept]})
            kept.create({"author": author})

    with pytest.raises(ValidationError) as refused:
        give_it_to_another()
    assert list(refused.value.messages) == ["$.books"]
    assert all_rows(db) == before


def test_two_lists_that_must_not_be_empty(open_backoffice: Open, db: DBSQLConnector) -> None:
    backoffice = open_backoffice(
        clubs=Item({"members": RefsList(coll="people", field="$.clubs", required=True)}),
        people=Item({"clubs": RefsList(coll="clubs", field="$.members", required=True)}),
    )
    with backoffice.transaction():
        club, ada, grace = backoffice.clubs.new(), backoffice.people.new(), backoffice.people.new()
        club.create({"members": [grace, ada]})
        ada.create({"clubs": [club]})
        grace.create({"clubs": [club]})
    assert list(backoffice.clubs.get_by_id(club._id).members) == [grace._id, ada._id]
    before = all_rows(db)

    def half() -> None:
        with backoffice.transaction():
            backoffice.people.create({"clubs": [club, backoffice.clubs.new()]})

    with pytest.raises(ValidationError) as refused:
        half()
    assert list(refused.value.messages) == ["$.clubs[1]"]
    assert all_rows(db) == before


# -- deleting --------------------------------------------------------------------------------------


def test_alone_neither_can_be_deleted_and_both_can_in_one_transaction(world: Backoffice, db: DBSQLConnector) -> None:
    country, capital = found(world, "Norland")
    for item, blocker in ((country, "1 of 'cities' (by cities.country)"), (capital, "1 of 'countries'")):
        with pytest.raises(NotEmptyError) as refused:
            item.delete()
        assert blocker in str(refused.value)
    with world.transaction():
        country.delete()
        capital.delete()
    assert set(row_counts(db).values()) == {0}


def test_who_stays_behind_is_counted_at_the_end_and_everything_undone(world: Backoffice, db: DBSQLConnector) -> None:
    country, capital = found(world, "Norland")
    for name in "abc":
        world.cities.create({"name": name, "country": country})
    before = all_rows(db)

    def work() -> None:
        with world.transaction():
            country.delete()
            capital.delete()

    with pytest.raises(NotEmptyError) as refused:
        work()
    assert "3 of 'cities' (by cities.country)" in str(refused.value)
    assert all_rows(db) == before
    assert country._id is not None
    with world.transaction():
        for city in world.cities.select({"country": country._id}):
            city.delete()
        country.delete()
    assert set(row_counts(db).values()) == {0}


def test_what_is_in_the_way_besides_is_told_at_once(open_backoffice: Open) -> None:
    backoffice = open_backoffice(
        countries=Item({"capital": Ref(coll="cities", required=True)}),
        cities=Item({"country": Ref(coll="countries", required=True)}),
        rivers=Item({"country": Ref(coll="countries", required=True)}),
    )
    with backoffice.transaction():
        capital = backoffice.cities.new()
        country = backoffice.countries.create({"capital": capital})
        capital.create({"country": country})
        river = backoffice.rivers.create({"country": country})
        with pytest.raises(NotEmptyError, match="rivers"):
            country.delete()
        river.delete()
        country.delete()
        capital.delete()
    assert backoffice.countries.count() == 0


def test_a_list_that_takes_along_deletes_a_cycle_by_itself(open_backoffice: Open, db: DBSQLConnector) -> None:
    backoffice = open_backoffice(
        countries=Item(
            {
                "capital": Ref(coll="cities", required=True),
                "cities": RefsList(coll="cities", field="$.country", ods=DeleteStrategy.DELETE_REFERENCED_ITEMS),
            }
        ),
        cities=Item({"country": Ref(coll="countries", field="$.cities", required=True)}),
    )
    with backoffice.transaction():
        capital = backoffice.cities.new()
        country = backoffice.countries.create({"capital": capital})
        capital.create({"country": country})
    backoffice.cities.create({"country": country})
    with pytest.raises(NotEmptyError):
        capital.delete()
    backoffice.countries.get_by_id(country._id).delete()
    assert set(row_counts(db).values()) == {0}


def test_a_pair_of_one_to_one_goes_in_one_transaction(open_backoffice: Open, db: DBSQLConnector) -> None:
    backoffice = one_to_one(open_backoffice)
    with backoffice.transaction():
        heart, body = backoffice.hearts.new(), backoffice.bodies.new()
        heart.create({"body": body})
        body.create({"heart": heart})
    for item in (heart, body):
        with pytest.raises(NotEmptyError):
            item.delete()
    with backoffice.transaction():
        heart.delete()
        body.delete()
    assert set(row_counts(db).values()) == {0}


def test_the_last_of_a_required_list_goes_with_its_item(open_backoffice: Open, db: DBSQLConnector) -> None:
    backoffice = open_backoffice(
        authors=Item({"books": RefsList(coll="books", field="$.author", required=True)}),
        books=Item({"author": Ref(coll="authors", field="$.books", required=True)}),
    )
    for order in (("author", "book"), ("book", "author")):
        with backoffice.transaction():
            author, book = backoffice.authors.new(), backoffice.books.new()
            author.create({"books": [book]})
            book.create({"author": author})
        with pytest.raises(NotEmptyError):
            author.delete()
        with pytest.raises(NotEmptyError, match=r"the last of authors\.books"):
            book.delete()
        with backoffice.transaction():
            for which in order:
                {"author": author, "book": book}[which].delete()
        assert set(row_counts(db).values()) == {0}


def test_the_last_of_a_required_list_may_be_replaced(open_backoffice: Open) -> None:
    backoffice = open_backoffice(
        authors=Item({"books": RefsList(coll="books", field="$.author", required=True)}),
        books=Item({"author": Ref(coll="authors", field="$.books", required=True)}),
    )
    with backoffice.transaction():
        author, book = backoffice.authors.new(), backoffice.books.new()
        author.create({"books": [book]})
        book.create({"author": author})
    with backoffice.transaction():
        book.delete()
        other = backoffice.books.create({"author": author})
    assert list(backoffice.authors.get_by_id(author._id).books) == [other._id]
    with pytest.raises(NotEmptyError), backoffice.transaction():
        other.delete()


def test_two_lists_that_need_each_other_go_together(open_backoffice: Open, db: DBSQLConnector) -> None:
    backoffice = open_backoffice(
        clubs=Item({"members": RefsList(coll="people", field="$.clubs", required=True)}),
        people=Item({"clubs": RefsList(coll="clubs", field="$.members", required=True)}),
    )
    with backoffice.transaction():
        club, ada = backoffice.clubs.new(), backoffice.people.new()
        club.create({"members": [ada]})
        ada.create({"clubs": [club]})
    with pytest.raises(BackoError):
        club.delete()
    with pytest.raises(NotEmptyError), backoffice.transaction():
        club.delete()
    with backoffice.transaction():
        club.delete()
        ada.delete()
    assert set(row_counts(db).values()) == {0}
