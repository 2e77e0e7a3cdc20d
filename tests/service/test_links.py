"""What a link means on both of its sides, whatever is written, and from whichever side."""

from __future__ import annotations

from typing import Any

import pytest

from backo_sql import (
    BackoError,
    Backoffice,
    Collection,
    ConflictError,
    ConstraintError,
    DBSQLConnector,
    DeleteStrategy,
    Dict,
    FillStrategy,
    Item,
    NotEmptyError,
    Ref,
    RefsList,
    String,
    ValidationError,
)
from tests.support import Open, all_rows, client_of, row_counts

MUST_BE_EMPTY = DeleteStrategy.MUST_BE_EMPTY
DELETE = DeleteStrategy.DELETE_REFERENCED_ITEMS
UNLINK = DeleteStrategy.UNLINK_REFERENCED_ITEMS


def read(item: Any) -> Any:
    """Read an item again, as it is stored."""
    return item._collection.get_by_id(item._id)


def ids(*items: Any) -> list[str]:
    return [item._id for item in items]


# -- Ref alone ------------------------------------------------------------------------------------


@pytest.fixture
def alone(open_backoffice: Open) -> Backoffice:
    return open_backoffice(
        authors=Item({"name": String()}),
        books=Item(
            {
                "title": String(),
                "author": Ref(coll="authors", required=True),
                "translator": Ref(coll="authors"),
            }
        ),
    )


def test_a_reference_holds_the_id_of_an_item(alone: Backoffice) -> None:
    ada, grace = alone.authors.create({"name": "Ada"}), alone.authors.create({"name": "Grace"})
    book = alone.books.create({"author": ada._id})
    assert (book.author, book.translator) == (ada._id, None)
    book.author = grace._id
    book.translator = ada._id
    book.save()
    assert (read(book).author, read(book).translator) == (grace._id, ada._id)
    book.translator = None
    book.save()
    assert read(book).translator is None


def test_an_item_may_stand_for_its_id(alone: Backoffice) -> None:
    ada, grace = alone.authors.create({"name": "Ada"}), alone.authors.create({"name": "Grace"})
    book = alone.books.create({"author": ada})
    assert read(book).author == ada._id
    book.author = grace
    book.save()
    assert read(book).author == grace._id
    assert alone.books.count({"author": grace}) == 1


def test_a_reference_to_nothing_is_refused_and_named(alone: Backoffice, db: DBSQLConnector) -> None:
    ada = alone.authors.create({"name": "Ada"})
    book = alone.books.create({"author": ada._id})
    before = all_rows(db)

    def change(wrong: str) -> None:
        book.translator = wrong
        book.save()

    for wrong in ("nobody", "", "_x", "a/b", "a\nb", "a\0b", f"{ada._id}\0", "\ud800", "a\x7f", "x" * 10_000):
        for write in (lambda wrong: alone.books.create({"author": ada._id, "translator": wrong}), change):
            with pytest.raises(ValidationError) as refused:
                write(wrong)
            assert list(refused.value.messages) == ["$.translator"]
        assert all_rows(db) == before


def test_a_required_reference_is_never_empty(alone: Backoffice, db: DBSQLConnector) -> None:
    ada = alone.authors.create({"name": "Ada"})
    book = alone.books.create({"author": ada._id})
    for data in ({}, {"author": None}):
        with pytest.raises(ConstraintError) as refused:
            alone.books.create(data)
        assert list(refused.value.messages) == ["$.author"]
    with pytest.raises(ConstraintError):
        book.author = None
    assert read(book).author == ada._id
    assert row_counts(db)["books"] == 1


def test_all_references_to_nothing_are_named_at_once(library: Backoffice) -> None:
    shelf = library.shelves.create({"label": "one"})
    data = {"title": "a", "author": "x", "loan": {"reader": "y"}, "shelves": ["z", shelf._id, "w"]}
    with pytest.raises(ValidationError) as refused:
        library.books.create(data)
    assert set(refused.value.messages) == {"$.author", "$.loan.reader", "$.shelves[0]", "$.shelves[2]"}


def test_what_a_reference_without_reverse_points_to(alone: Backoffice) -> None:
    """A required one keeps its target, an optional one lets it go."""
    ada, grace = alone.authors.create({"name": "Ada"}), alone.authors.create({"name": "Grace"})
    book = alone.books.create({"author": ada._id, "translator": grace._id})
    grace.delete()
    assert read(book).translator is None
    with pytest.raises(NotEmptyError, match=r"books\.author"):
        ada.delete()
    book.delete()
    read(ada).delete()
    assert alone.authors.count() == 0


# -- Ref and RefsList -----------------------------------------------------------------------------


def one_to_many(open_backoffice: Open, *, required: bool = False, strategy: DeleteStrategy = UNLINK) -> Backoffice:
    return open_backoffice(
        authors=Item({"name": String(), "books": RefsList(coll="books", field="$.author", ods=strategy)}),
        books=Item({"title": String(), "author": Ref(coll="authors", field="$.books", required=required)}),
    )


def test_a_reference_is_seen_from_the_other_side(open_backoffice: Open) -> None:
    backoffice = one_to_many(open_backoffice)
    ada, grace = backoffice.authors.create({}), backoffice.authors.create({})
    first = backoffice.books.create({"author": ada._id})
    second = backoffice.books.create({"author": ada._id})
    assert list(read(ada).books) == ids(first, second)
    first.author = grace._id
    first.save()
    assert list(read(ada).books) == ids(second)
    assert list(read(grace).books) == ids(first)
    second.author = None
    second.save()
    assert list(read(ada).books) == []
    first.delete()
    assert list(read(grace).books) == []


def test_a_list_is_seen_from_the_other_side(open_backoffice: Open) -> None:
    backoffice = one_to_many(open_backoffice)
    first, second, third = (backoffice.books.create({}) for _ in range(3))
    ada = backoffice.authors.create({"books": ids(first, second)})
    assert [read(book).author for book in (first, second, third)] == [ada._id, ada._id, None]
    ada.books = ids(second, third)
    ada.save()
    assert [read(book).author for book in (first, second, third)] == [None, ada._id, ada._id]
    ada.books.append(first._id)
    ada.books.remove(second._id)
    ada.save()
    assert [read(book).author for book in (first, second, third)] == [ada._id, None, ada._id]
    ada.books.clear()
    ada.save()
    assert [read(book).author for book in (first, second, third)] == [None, None, None]


def test_a_list_takes_what_belongs_to_another(open_backoffice: Open) -> None:
    backoffice = one_to_many(open_backoffice, required=True)
    ada = backoffice.authors.create({})
    first, second = (backoffice.books.create({"author": ada._id}) for _ in range(2))
    grace = backoffice.authors.create({"books": [first._id]})
    assert list(read(ada).books) == ids(second)
    assert list(read(grace).books) == ids(first)
    grace.books.append(second._id)
    grace.save()
    assert list(read(ada).books) == []
    assert list(read(grace).books) == ids(first, second)


def test_the_list_of_a_reference_is_in_the_order_of_ids_whatever_order_was_given(open_backoffice: Open) -> None:
    backoffice = one_to_many(open_backoffice)
    first, second = (backoffice.books.create({}) for _ in range(2))
    ada = backoffice.authors.create({"books": ids(second, first)})
    assert list(read(ada).books) == ids(first, second)
    client = client_of(backoffice)
    made = client.post("/app/authors", json={"books": ids(second, first)})
    assert made.get_json() == client.get(made.location).get_json()


def test_a_list_can_not_let_go_of_what_must_have_one(open_backoffice: Open, db: DBSQLConnector) -> None:
    backoffice = one_to_many(open_backoffice, required=True)
    ada = backoffice.authors.create({})
    backoffice.books.create({"author": ada._id})
    before = all_rows(db)
    ada = read(ada)
    ada.books.clear()
    ada.name = "changed too"
    with pytest.raises(ConstraintError) as refused:
        ada.save()
    assert list(refused.value.messages) == ["$.books"]
    assert all_rows(db) == before


def test_an_id_twice_in_a_list_is_refused_with_its_position(open_backoffice: Open) -> None:
    backoffice = one_to_many(open_backoffice)
    book = backoffice.books.create({})
    with pytest.raises(ValidationError) as refused:
        backoffice.authors.create({"books": [book._id, book._id]})
    assert list(refused.value.messages) == ["$.books[1]"]


def test_a_link_raises_the_version_of_the_item_that_stores_it_alone(open_backoffice: Open, db: DBSQLConnector) -> None:
    backoffice = one_to_many(open_backoffice)
    ada = backoffice.authors.create({})
    book = backoffice.books.create({})
    mine = read(ada)
    mine.books.append(book._id)
    mine.save()
    ada.name = "Ada"
    ada.save()  # nobody changed the author's own row
    stale = backoffice.books.get_by_id(book._id)
    assert stale.author == ada._id
    book.title = "Notes"
    with pytest.raises(BackoError):
        book.save()  # but somebody pointed the book to its author


# -- required lists -------------------------------------------------------------------------------


@pytest.fixture
def at_least_one(open_backoffice: Open) -> Backoffice:
    """A team has at least one member, and a player is in at most one team; a club has fans, who like many clubs."""
    return open_backoffice(
        teams=Item({"members": RefsList(coll="players", field="$.team", required=True, ods=UNLINK)}),
        players=Item({"team": Ref(coll="teams", field="$.members")}),
        clubs=Item({"fans": RefsList(coll="fans", field="$.clubs", required=True, ods=UNLINK)}),
        fans=Item({"clubs": RefsList(coll="clubs", field="$.fans", ods=UNLINK)}),
    )


def test_a_required_list_is_never_empty_on_its_own_side(at_least_one: Backoffice) -> None:
    for data in ({}, {"members": []}, {"members": None}):
        with pytest.raises(ValidationError) as refused:
            at_least_one.teams.create(data)
        assert list(refused.value.messages) == ["$.members"]
    player = at_least_one.players.create({})
    team = at_least_one.teams.create({"members": [player._id]})
    with pytest.raises(ValidationError):
        team.members = []
    with pytest.raises(ValidationError):
        team.members.clear()
    assert list(read(team).members) == ids(player)


def test_a_required_list_is_not_emptied_from_the_other_side(at_least_one: Backoffice, db: DBSQLConnector) -> None:
    one, two = (at_least_one.players.create({}) for _ in range(2))
    team = at_least_one.teams.create({"members": ids(one, two)})
    one = read(one)
    one.team = None
    one.save()  # the other one stays
    two = read(two)
    before = all_rows(db)
    two.team = None
    with pytest.raises(ValidationError) as refused:
        two.save()
    assert list(refused.value.messages) == ["$.team"]
    assert all_rows(db) == before
    assert list(read(team).members) == ids(two)


def test_a_required_list_is_not_emptied_by_stealing(at_least_one: Backoffice, db: DBSQLConnector) -> None:
    player = at_least_one.players.create({})
    at_least_one.teams.create({"members": [player._id]})
    before = all_rows(db)
    with pytest.raises(ValidationError):
        at_least_one.teams.create({"members": [player._id]})
    assert all_rows(db) == before


def test_a_required_list_is_not_emptied_by_a_delete(at_least_one: Backoffice, db: DBSQLConnector) -> None:
    one, two = (at_least_one.players.create({}) for _ in range(2))
    at_least_one.teams.create({"members": ids(one, two)})
    read(one).delete()
    before = all_rows(db)
    with pytest.raises(NotEmptyError):
        read(two).delete()
    assert all_rows(db) == before


def test_a_required_list_of_many_to_many_is_not_emptied_from_the_other_side(
    at_least_one: Backoffice, db: DBSQLConnector
) -> None:
    one, two = (at_least_one.fans.create({}) for _ in range(2))
    at_least_one.clubs.create({"fans": ids(one, two)})
    one = read(one)
    one.clubs = []
    one.save()
    before = all_rows(db)
    two = read(two)
    two.clubs = []
    with pytest.raises(ValidationError) as refused:
        two.save()
    assert list(refused.value.messages) == ["$.clubs"]
    with pytest.raises(NotEmptyError):
        read(two).delete()
    assert all_rows(db) == before


# -- Ref and Ref ----------------------------------------------------------------------------------


def one_to_one(open_backoffice: Open, *, owner: str = "", required: str = "") -> Backoffice:
    def options(name: str) -> dict[str, bool]:
        return {"owner": True} if owner == name else {"required": True} if required == name else {}

    return open_backoffice(
        humans=Item({"totem": Ref(coll="animals", field="$.human", **options("humans"))}),
        animals=Item({"human": Ref(coll="humans", field="$.totem", **options("animals"))}),
    )


@pytest.mark.parametrize("owner", ["humans", "animals"])
def test_one_to_one_is_seen_from_both_sides_and_stolen_from_both(open_backoffice: Open, owner: str) -> None:
    backoffice = one_to_one(open_backoffice, owner=owner)
    p, q = backoffice.humans.create({}), backoffice.humans.create({})

    def totems() -> list[Any]:
        return [read(p).totem, read(q).totem]

    x = backoffice.animals.create({"human": p._id})
    assert totems() == [x._id, None]
    z = backoffice.animals.create({"human": p._id})  # stolen
    assert totems() == [z._id, None]
    assert [read(x).human, read(z).human] == [None, p._id]
    y = backoffice.animals.create({"human": q._id})
    assert totems() == [z._id, y._id]
    p = read(p)
    p.totem = y._id  # stolen from the other side
    p.save()
    assert totems() == [y._id, None]
    assert [read(each).human for each in (x, y, z)] == [None, p._id, None]
    p = read(p)
    p.totem = None
    p.save()
    assert read(y).human is None
    y = read(y)
    y.human = q._id
    y.save()
    assert totems() == [None, y._id]
    r = backoffice.humans.create({"totem": y._id})
    assert (read(q).totem, read(r).totem, read(y).human) == (None, y._id, r._id)
    read(y).delete()
    assert read(r).totem is None


@pytest.mark.parametrize("owner", ["humans", "animals"])
def test_partners_can_be_exchanged(open_backoffice: Open, owner: str) -> None:
    backoffice = one_to_one(open_backoffice, owner=owner)
    x, y = backoffice.animals.create({}), backoffice.animals.create({})
    p, q = backoffice.humans.create({"totem": x._id}), backoffice.humans.create({"totem": y._id})
    with backoffice.transaction():
        p = read(p)
        p.totem = y._id
        p.save()
        q = read(q)
        q.totem = x._id
        q.save()
    assert [read(p).totem, read(q).totem] == ids(y, x)
    assert [read(x).human, read(y).human] == ids(q, p)


@pytest.mark.parametrize("owner", ["humans", "animals"])
def test_who_came_since_an_item_was_read_is_freed_when_it_takes_another(open_backoffice: Open, owner: str) -> None:
    backoffice = one_to_one(open_backoffice, owner=owner)
    x, p, q = backoffice.animals.create({}), backoffice.humans.create({}), backoffice.humans.create({})
    late = read(x)
    p.totem = x._id
    p.save()
    late.human = q._id
    if owner == "animals":  # the link is a part of the animal, which was changed meanwhile
        with pytest.raises(ConflictError, match="changed by somebody else"):
            late.save()
        late = read(x)
        late.human = q._id
    late.save()
    assert [read(x).human, read(p).totem, read(q).totem] == [q._id, None, x._id]


def test_who_came_since_an_item_was_read_is_not_left_without_the_one_they_must_have(open_backoffice: Open) -> None:
    backoffice = one_to_one(open_backoffice, required="humans")
    x, y = backoffice.animals.create({}), backoffice.animals.create({})
    p, late = backoffice.humans.create({"totem": y._id}), read(x)
    backoffice.humans.create({"totem": x._id})
    late.human = p._id
    with pytest.raises(ConstraintError) as refused:
        late.save()
    assert list(refused.value.messages) == ["$.human"]


def test_nothing_is_stolen_from_who_must_have_one(open_backoffice: Open, db: DBSQLConnector) -> None:
    backoffice = one_to_one(open_backoffice, required="humans")
    x, y = backoffice.animals.create({}), backoffice.animals.create({})
    p = backoffice.humans.create({"totem": x._id})
    backoffice.humans.create({"totem": y._id})
    before = all_rows(db)

    def from_the_human() -> None:
        mine = read(p)
        mine.totem = y._id
        mine.save()

    def from_the_animal() -> None:
        mine = read(y)
        mine.human = p._id
        mine.save()

    def by_a_new_human() -> None:
        backoffice.humans.create({"totem": x._id})

    def by_letting_go() -> None:
        mine = read(x)
        mine.human = None
        mine.save()

    for steal, path in (
        (from_the_human, "$.totem"),
        (from_the_animal, "$.human"),
        (by_a_new_human, "$.totem"),
        (by_letting_go, "$.human"),
    ):
        with pytest.raises(ConstraintError) as refused:
            steal()
        assert list(refused.value.messages) == [path], steal.__name__
        assert all_rows(db) == before, steal.__name__
    with pytest.raises(NotEmptyError):
        read(x).delete()
    assert all_rows(db) == before


def test_who_must_have_one_may_change_to_one_that_is_free(open_backoffice: Open) -> None:
    backoffice = one_to_one(open_backoffice, required="humans")
    x, y = backoffice.animals.create({}), backoffice.animals.create({})
    p = backoffice.humans.create({"totem": x._id})
    p.totem = y._id
    p.save()
    assert [read(x).human, read(y).human] == [None, p._id]
    z = backoffice.animals.create({"human": p._id})  # takes the place of the one before
    assert [read(y).human, read(z).human, read(p).totem] == [None, p._id, z._id]
    read(p).delete()
    assert read(z).human is None


# -- RefsList and RefsList ------------------------------------------------------------------------


@pytest.fixture
def many(open_backoffice: Open) -> Backoffice:
    return open_backoffice(
        books=Item({"title": String(), "tags": RefsList(coll="tags", field="$.books", ods=UNLINK)}),
        tags=Item({"name": String(), "books": RefsList(coll="books", field="$.tags", ods=UNLINK)}),
    )


@pytest.mark.parametrize(
    ("near", "field", "far", "back"), [("books", "tags", "tags", "books"), ("tags", "books", "books", "tags")]
)
def test_many_to_many_keeps_the_order_of_either_side(
    many: Backoffice, near: str, field: str, far: str, back: str
) -> None:
    here, there = getattr(many, near), getattr(many, far)
    a, b, c, d = (there.create({}) for _ in range(4))
    one = here.create({field: ids(c, a, b)})
    two = here.create({field: ids(b)})
    three = here.create({field: ids(b, c)})
    assert list(getattr(read(one), field)) == ids(c, a, b)
    assert list(getattr(read(b), back)) == ids(one, two, three)
    assert list(getattr(read(c), back)) == ids(one, three)
    b = read(b)
    setattr(b, back, ids(three, one, two))  # another order on that side, none on the other
    b.save()
    assert list(getattr(read(b), back)) == ids(three, one, two)
    assert list(getattr(read(one), field)) == ids(c, a, b)
    one = read(one)
    setattr(one, field, ids(d, b, c))  # a goes, d comes, the rest moves
    one.save()
    assert list(getattr(read(one), field)) == ids(d, b, c)
    assert list(getattr(read(a), back)) == []
    assert list(getattr(read(b), back)) == ids(three, one, two)
    assert list(getattr(read(c), back)) == ids(one, three)
    assert list(getattr(read(d), back)) == ids(one)
    c = read(c)
    getattr(c, back).append(two._id)
    c.save()
    assert list(getattr(read(two), field)) == ids(b, c)
    assert list(getattr(read(c), back)) == ids(one, three, two)


def test_an_insert_in_the_middle_keeps_its_place(many: Backoffice) -> None:
    tags = [many.tags.create({}) for _ in range(4)]
    book = many.books.create({"tags": ids(tags[0], tags[1], tags[2])})
    book.tags.insert(1, tags[3]._id)
    book.save()
    assert list(read(book).tags) == ids(tags[0], tags[3], tags[1], tags[2])
    book.tags.reverse()
    book.save()
    assert list(read(book).tags) == ids(tags[2], tags[1], tags[3], tags[0])


def test_emptying_a_list_takes_the_item_from_all_partners(many: Backoffice, db: DBSQLConnector) -> None:
    tags = [many.tags.create({}) for _ in range(3)]
    book = many.books.create({"tags": ids(*tags)})
    book.tags = []
    book.save()
    assert [list(read(tag).books) for tag in tags] == [[], [], []]
    assert row_counts(db)["books__tags"] == 0


def test_a_list_that_nothing_faces_keeps_its_order_and_loses_what_is_deleted(open_backoffice: Open) -> None:
    backoffice = open_backoffice(
        people=Item({"name": String(), "friends": RefsList(coll="people", ods=UNLINK)}),
    )
    a, b, c = (backoffice.people.create({}) for _ in range(3))
    ada = backoffice.people.create({"friends": ids(c, a, b)})
    assert list(read(ada).friends) == ids(c, a, b)
    assert list(read(a).friends) == []  # nothing faces it
    read(a).delete()
    assert list(read(ada).friends) == ids(c, b)
    ada = read(ada)
    ada.friends = ids(b, c)
    ada.save()
    assert list(read(ada).friends) == ids(b, c)
    ada.friends.append(ada._id)
    ada.save()
    assert list(read(ada).friends) == ids(b, c, ada)
    read(ada).delete()
    assert backoffice.people.count() == 2


# -- in a Dict, to itself, twice ------------------------------------------------------------------


def test_a_reference_in_a_dict_is_seen_from_the_other_side(library: Backoffice) -> None:
    author = library.authors.create({"name": "Ada"})
    rosa, olga = (library.readers.create({"name": name}) for name in ("Rosa", "Olga"))
    book = library.books.create({"title": "a", "author": author._id, "loan": {"reader": rosa._id}})
    assert list(read(rosa).loans) == ids(book)
    book.loan.reader = olga._id
    book.save()
    assert (list(read(rosa).loans), list(read(olga).loans)) == ([], ids(book))
    rosa = read(rosa)
    rosa.loans.append(book._id)
    rosa.save()
    assert read(book).loan.reader == rosa._id
    read(rosa).delete()
    assert read(book).loan.reader is None


def test_a_list_in_a_dict_faces_one_in_a_dict(open_backoffice: Open) -> None:
    backoffice = open_backoffice(
        books=Item({"on": Dict({"shelves": RefsList(coll="shelves", field="$.holds.books", ods=UNLINK)})}),
        shelves=Item({"holds": Dict({"books": RefsList(coll="books", field="$.on.shelves", ods=UNLINK)})}),
    )
    one, two = (backoffice.shelves.create({}) for _ in range(2))
    book = backoffice.books.create({"on": {"shelves": ids(two, one)}})
    assert list(read(book).on.shelves) == ids(two, one)
    assert list(read(one).holds.books) == ids(book)
    book.on.shelves = ids(one)
    book.save()
    assert list(read(two).holds.books) == []


def test_a_tree_refers_to_its_own_collection(library: Backoffice) -> None:
    root = library.shelves.create({"label": "root"})
    a, b = (library.shelves.create({"label": label, "parent": root._id}) for label in "ab")
    leaf = library.shelves.create({"label": "leaf", "parent": a._id})
    assert list(read(root).inside) == ids(a, b)
    b = read(b)
    b.inside = ids(leaf)
    b.save()
    assert (read(leaf).parent, list(read(a).inside)) == (b._id, [])
    read(root).delete()
    assert library.shelves.count() == 0


def test_an_item_may_refer_to_itself(library: Backoffice) -> None:
    shelf = library.shelves.create({"label": "one"})
    shelf.parent = shelf._id
    shelf.save()
    assert list(read(shelf).inside) == ids(shelf)
    read(shelf).delete()
    assert library.shelves.count() == 0


def test_two_references_to_one_collection_are_two_links(open_backoffice: Open) -> None:
    backoffice = open_backoffice(
        people=Item(
            {
                "written": RefsList(coll="books", field="$.author", ods=UNLINK),
                "edited": RefsList(coll="books", field="$.editor", ods=UNLINK),
            }
        ),
        books=Item({"author": Ref(coll="people", field="$.written"), "editor": Ref(coll="people", field="$.edited")}),
    )
    ada, grace = (backoffice.people.create({}) for _ in range(2))
    one = backoffice.books.create({"author": ada._id, "editor": grace._id})
    two = backoffice.books.create({"author": ada._id, "editor": ada._id})
    assert (list(read(ada).written), list(read(ada).edited)) == (ids(one, two), ids(two))
    assert (list(read(grace).written), list(read(grace).edited)) == ([], ids(one))
    read(ada).delete()
    assert [(read(book).author, read(book).editor) for book in (one, two)] == [(None, grace._id), (None, None)]


# -- delete strategies ----------------------------------------------------------------------------


def test_deleting_an_author_takes_their_books(open_backoffice: Open, db: DBSQLConnector) -> None:
    backoffice = one_to_many(open_backoffice, required=True, strategy=DELETE)
    ada, grace = (backoffice.authors.create({}) for _ in range(2))
    for author in (ada, ada, grace):
        backoffice.books.create({"author": author._id})
    read(ada).delete()
    assert row_counts(db) == {"authors": 1, "books": 1}
    assert len(read(grace).books) == 1


def test_deleting_an_author_unlinks_their_books(open_backoffice: Open, db: DBSQLConnector) -> None:
    backoffice = one_to_many(open_backoffice, strategy=UNLINK)
    ada = backoffice.authors.create({})
    book = backoffice.books.create({"author": ada._id})
    read(ada).delete()
    assert read(book).author is None
    book.title = "stale"
    with pytest.raises(BackoError):
        book.save()  # its version has risen


def test_a_book_that_must_have_an_author_is_not_unlinked(open_backoffice: Open, db: DBSQLConnector) -> None:
    backoffice = one_to_many(open_backoffice, required=True, strategy=UNLINK)
    ada = backoffice.authors.create({})
    backoffice.books.create({"author": ada._id})
    with pytest.raises(NotEmptyError):
        read(ada).delete()
    assert row_counts(db) == {"authors": 1, "books": 1}


def test_an_author_with_books_stays(open_backoffice: Open, db: DBSQLConnector) -> None:
    backoffice = one_to_many(open_backoffice, strategy=MUST_BE_EMPTY)
    ada = backoffice.authors.create({})
    book = backoffice.books.create({"author": ada._id})
    with pytest.raises(NotEmptyError, match="1 of 'books'"):
        read(ada).delete()
    read(book).delete()
    read(ada).delete()
    assert row_counts(db) == {"authors": 0, "books": 0}


def test_all_that_stands_in_the_way_is_named_at_once(open_backoffice: Open, db: DBSQLConnector) -> None:
    backoffice = open_backoffice(
        towns=Item(
            {
                "houses": RefsList(coll="houses", field="$.town", ods=DELETE),
                "people": RefsList(coll="people", field="$.town", ods=MUST_BE_EMPTY),
                "clubs": RefsList(coll="clubs", field="$.towns", ods=MUST_BE_EMPTY),
            }
        ),
        houses=Item(
            {
                "town": Ref(coll="towns", field="$.houses", required=True),
                "cats": RefsList(coll="cats", field="$.house", ods=UNLINK),
                "dogs": RefsList(coll="dogs", field="$.house", ods=UNLINK),
            }
        ),
        people=Item({"town": Ref(coll="towns", field="$.people")}),
        clubs=Item({"towns": RefsList(coll="towns", field="$.clubs", ods=UNLINK)}),
        cats=Item({"house": Ref(coll="houses", field="$.cats", required=True)}),
        dogs=Item({"house": Ref(coll="houses", field="$.dogs")}),
        maps=Item({"town": Ref(coll="towns", required=True)}),
    )
    town = backoffice.towns.create({})
    for _ in range(3):
        house = backoffice.houses.create({"town": town._id})
        backoffice.cats.create({"house": house._id})
        backoffice.dogs.create({"house": house._id})
    backoffice.people.create({"town": town._id})
    backoffice.people.create({"town": town._id})
    backoffice.clubs.create({"towns": [town._id]})
    backoffice.maps.create({"town": town._id})
    before = all_rows(db)
    with pytest.raises(NotEmptyError) as refused:
        read(town).delete()
    told = str(refused.value)
    for blocker in ("3 of 'cats'", "2 of 'people'", "1 of 'clubs'", "1 of 'maps'"):
        assert blocker in told
    assert "dogs" not in told
    assert all_rows(db) == before
    for collection in (backoffice.cats, backoffice.people, backoffice.clubs, backoffice.maps):
        for item in collection.select():
            item.delete()
    read(town).delete()
    assert {name: count for name, count in row_counts(db).items() if count} == {"dogs": 3}
    assert backoffice.dogs.count({"house": None}) == 3


def test_what_lies_inside_the_deletion_is_no_blocker(open_backoffice: Open, db: DBSQLConnector) -> None:
    """A town takes its houses and its people with it, and a house must be empty of people."""
    backoffice = open_backoffice(
        towns=Item(
            {
                "houses": RefsList(coll="houses", field="$.town", ods=DELETE),
                "people": RefsList(coll="people", field="$.town", ods=DELETE),
            }
        ),
        houses=Item(
            {
                "town": Ref(coll="towns", field="$.houses"),
                "people": RefsList(coll="people", field="$.house", ods=MUST_BE_EMPTY),
            }
        ),
        people=Item(
            {
                "town": Ref(coll="towns", field="$.people"),
                "house": Ref(coll="houses", field="$.people", required=True),
            }
        ),
    )
    town, other = (backoffice.towns.create({}) for _ in range(2))
    house = backoffice.houses.create({"town": town._id})
    person = backoffice.people.create({"town": other._id, "house": house._id})
    with pytest.raises(NotEmptyError):
        read(town).delete()  # somebody of the other town lives here
    person.town = town._id
    person.save()
    read(town).delete()
    assert row_counts(db) == {"houses": 0, "people": 0, "towns": 1}


def tagged(open_backoffice: Open, strategy: DeleteStrategy) -> tuple[Backoffice, Any, Any, Any, Any]:
    """Make a tag of one book, whose list has that strategy, and another tag of that book and of a second one."""
    backoffice = open_backoffice(
        books=Item({"tags": RefsList(coll="tags", field="$.books", ods=UNLINK)}),
        tags=Item({"books": RefsList(coll="books", field="$.tags", ods=strategy)}),
    )
    tag, other = (backoffice.tags.create({}) for _ in range(2))
    one = backoffice.books.create({"tags": ids(tag, other)})
    two = backoffice.books.create({"tags": ids(other)})
    return backoffice, tag, other, one, two


def test_a_tag_that_must_have_no_books_stays_until_they_let_go(open_backoffice: Open, db: DBSQLConnector) -> None:
    _, tag, _, one, _ = tagged(open_backoffice, MUST_BE_EMPTY)
    with pytest.raises(NotEmptyError, match="1 of 'books'"):
        read(tag).delete()
    assert row_counts(db) == {"books": 2, "books__tags": 3, "tags": 2}
    read(one).delete()  # the book's own list lets go
    assert list(read(tag).books) == []
    read(tag).delete()
    assert row_counts(db) == {"books": 1, "books__tags": 1, "tags": 1}


def test_a_tag_that_goes_is_taken_from_its_books(open_backoffice: Open, db: DBSQLConnector) -> None:
    _, tag, other, one, _ = tagged(open_backoffice, UNLINK)
    read(tag).delete()
    assert list(read(one).tags) == ids(other)
    assert row_counts(db) == {"books": 2, "books__tags": 2, "tags": 1}


def test_a_tag_takes_its_books_with_it(open_backoffice: Open, db: DBSQLConnector) -> None:
    _, tag, other, _, two = tagged(open_backoffice, DELETE)
    read(tag).delete()
    assert list(read(other).books) == ids(two)
    assert row_counts(db) == {"books": 1, "books__tags": 1, "tags": 1}


def test_the_strategy_of_a_list_that_nothing_faces(open_backoffice: Open, db: DBSQLConnector) -> None:
    backoffice = open_backoffice(
        albums=Item({"songs": RefsList(coll="songs", ods=DELETE)}),
        sets=Item({"songs": RefsList(coll="songs", ods=MUST_BE_EMPTY)}),
        songs=Item({"name": String()}),
    )
    one, two = (backoffice.songs.create({}) for _ in range(2))
    album = backoffice.albums.create({"songs": ids(one)})
    gig = backoffice.sets.create({"songs": ids(two)})
    with pytest.raises(NotEmptyError):
        read(gig).delete()
    read(two).delete()
    read(gig).delete()
    read(album).delete()
    assert set(row_counts(db).values()) == {0}


def test_a_cycle_of_deletions_ends(open_backoffice: Open, db: DBSQLConnector) -> None:
    backoffice = open_backoffice(
        nodes=Item(
            {
                "before": Ref(coll="nodes", field="$.after"),
                "after": RefsList(coll="nodes", field="$.before", ods=DELETE),
                "likes": RefsList(coll="nodes", field="$.liked", ods=DELETE),
                "liked": RefsList(coll="nodes", field="$.likes", ods=DELETE),
            }
        )
    )
    one, two, three, four = (backoffice.nodes.create({}) for _ in range(4))
    for node, before in ((one, three), (two, one), (three, two)):
        node.before = before._id
        node.save()
    four.likes = ids(one, four)
    four.save()
    backoffice.nodes.create({})
    read(two).delete()
    assert row_counts(db) == {"nodes": 1, "nodes__liked": 0}


def test_a_cycle_through_collections_that_must_be_empty_can_be_deleted_from_within(
    open_backoffice: Open, db: DBSQLConnector
) -> None:
    backoffice = open_backoffice(
        chickens=Item(
            {
                "egg": Ref(coll="eggs", field="$.chickens", required=True),
                "eggs": RefsList(coll="eggs", field="$.chicken", ods=DELETE),
            }
        ),
        eggs=Item(
            {
                "chicken": Ref(coll="chickens", field="$.eggs"),
                "chickens": RefsList(coll="chickens", field="$.egg", ods=MUST_BE_EMPTY),
            }
        ),
    )
    egg = backoffice.eggs.create({})
    chicken = backoffice.chickens.create({"egg": egg._id})
    egg = read(egg)
    egg.chicken = chicken._id
    egg.save()
    with pytest.raises(NotEmptyError):
        read(egg).delete()
    read(chicken).delete()
    assert row_counts(db) == {"chickens": 0, "eggs": 0}


def test_a_chain_deeper_than_any_recursion_is_deleted(library: Backoffice, db: DBSQLConnector) -> None:
    rows = [{"_id": f"s{number}", "label": str(number), "parent": f"s{number - 1}"} for number in range(1, 1500)]
    with db.engine.begin() as connection:
        connection.execute(library.shelves.table.insert(), [{"_id": "s0", "label": "0", "parent": None}])
        connection.execute(library.shelves.table.insert(), rows)
    library.shelves.get_by_id("s0").delete()
    assert library.shelves.count() == 0


# -- lists that are not filled ---------------------------------------------------------------------


@pytest.fixture
def towns(open_backoffice: Open) -> Backoffice:
    return open_backoffice(
        towns=Item(
            {
                "name": String(),
                "people": RefsList(coll="people", field="$.town", ofs=FillStrategy.NOT_FILL, ods=MUST_BE_EMPTY),
                "clubs": RefsList(coll="clubs", field="$.towns", ofs=FillStrategy.NOT_FILL, ods=UNLINK),
            }
        ),
        people=Item({"town": Ref(coll="towns", field="$.people")}),
        clubs=Item({"towns": RefsList(coll="towns", field="$.clubs", ods=UNLINK)}),
    )


def test_a_list_that_is_not_filled_is_absent_from_answers_and_empty_in_python(towns: Backoffice) -> None:
    town = towns.towns.create({"name": "Lyon"})
    towns.people.create({"town": town._id})
    assert len(read(town).people) == 0
    client = client_of(towns)
    url = f"/app/towns/{town._id}"
    for answer in (
        client.get(url),
        client.put(url, json={"name": "Lyons"}),
        client.patch(url, json={"op": "replace", "path": "$.name", "value": "Lyon"}),
        client.post("/app/towns", json={"name": "Paris"}),
    ):
        assert "people" not in answer.get_json()
        assert "clubs" not in answer.get_json()
    assert all("people" not in each for each in client.get("/app/towns").get_json()["result"])


def test_a_list_that_is_not_filled_is_no_change_unless_it_was_assigned(towns: Backoffice) -> None:
    town = towns.towns.create({"name": "Lyon"})
    person = towns.people.create({"town": town._id})
    club = towns.clubs.create({"towns": [town._id]})
    town = read(town)
    town.name = "Lyons"
    town.save()
    client = client_of(towns)
    url = f"/app/towns/{town._id}"
    assert client.put(url, json=client.get(url).get_json()).status_code == 200
    assert (read(person).town, list(read(club).towns)) == (town._id, ids(town))


def test_assigning_a_list_that_is_not_filled_replaces_it(towns: Backoffice) -> None:
    town = towns.towns.create({"name": "Lyon"})
    one, two, three = (towns.people.create({"town": town._id}) for _ in range(3))
    four = towns.people.create({})
    club, other = towns.clubs.create({"towns": [town._id]}), towns.clubs.create({})
    town = read(town)
    town.people = ids(two, four)
    town.clubs = ids(other)
    town.save()
    assert [read(each).town for each in (one, two, three, four)] == [None, town._id, None, town._id]
    assert (list(read(club).towns), list(read(other).towns)) == ([], ids(town))
    town = read(town)
    town.people = []
    town.save()
    assert towns.people.count({"town": None}) == 4
    assert list(read(other).towns) == ids(town)


def test_a_list_that_is_not_filled_still_keeps_its_item(towns: Backoffice) -> None:
    town = towns.towns.create({"name": "Lyon"})
    person = towns.people.create({"town": town._id})
    with pytest.raises(NotEmptyError, match="1 of 'people'"):
        read(town).delete()
    read(person).delete()
    read(town).delete()
    assert towns.towns.count() == 0


def test_creating_with_a_list_that_is_not_filled_links(towns: Backoffice) -> None:
    person, club = towns.people.create({}), towns.clubs.create({})
    town = towns.towns.create({"people": ids(person), "clubs": ids(club)})
    assert (read(person).town, list(read(club).towns)) == (town._id, ids(town))


# -- two databases --------------------------------------------------------------------------------


def test_a_link_between_two_databases_is_kept_whole(db: DBSQLConnector, tmp_path: Any) -> None:
    other = DBSQLConnector(f"sqlite:///{tmp_path / 'other.db'}")
    backoffice = Backoffice("app")
    authors = Item({"name": String(unique=True), "books": RefsList(coll="books", field="$.author", ods=DELETE)})
    backoffice.register_collection(Collection("authors", authors, other))
    backoffice.register_collection(Collection("books", Item({"author": Ref(coll="authors", field="$.books")}), db))
    backoffice.create_all()
    ada = backoffice.authors.create({"name": "Ada"})
    book = backoffice.books.create({"author": ada._id})
    assert list(read(ada).books) == ids(book)
    with pytest.raises(ValidationError):
        backoffice.books.create({"author": "nobody"})
    with pytest.raises(BackoError):
        backoffice.authors.create({"name": "Ada", "books": ids(book)})  # not unique: nothing is stolen
    assert read(book).author == ada._id
    read(ada).delete()
    assert (backoffice.authors.count(), backoffice.books.count()) == (0, 0)
    other.dispose()
