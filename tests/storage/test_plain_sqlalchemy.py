"""The tables and classes are plain SQLAlchemy, and what is written through them is right."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload, selectinload
from sqlalchemy.orm.exc import StaleDataError

from backo_sql import (
    Backoffice,
    ConflictError,
    DBSQLConnector,
    DeleteStrategy,
    Dict,
    Item,
    List,
    Ref,
    RefsList,
    String,
)
from tests.support import Open, describe, library_items, row_counts


@pytest.fixture
def session(library: Backoffice, db: DBSQLConnector) -> Iterator[Session]:
    with Session(db.engine) as session:
        yield session


def test_a_collection_gives_its_table_and_its_class(library: Backoffice, db: DBSQLConnector) -> None:
    assert library.books.table is db.metadata.tables["books"]
    assert library.books.model_class.__name__ == "books"
    assert sa.inspect(library.books.model_class).local_table is library.books.table


def test_tables_and_classes_need_no_database(database_url: str) -> None:
    db = DBSQLConnector(database_url)
    library = describe(db, **library_items())
    assert library.books.table.name == "books"
    assert db.engine.pool.checkedin() == 0


def test_every_reference_is_a_relationship_of_its_name(library: Backoffice) -> None:
    def relationships(collection: Any) -> dict[str, str]:
        found = sa.inspect(collection.model_class).relationships
        return {name: relationship.mapper.class_.__name__ for name, relationship in found.items()}

    assert relationships(library.authors) == {"books": "books"}
    assert relationships(library.books) == {"author": "authors", "loan__reader": "readers", "shelves": "shelves"}
    assert relationships(library.readers) == {"loans": "books"}
    assert relationships(library.shelves) == {"books": "books", "parent": "shelves", "inside": "shelves"}


def test_the_column_of_a_reference_is_named_after_it(library: Backoffice) -> None:
    columns = set(sa.inspect(library.books.model_class).column_attrs.keys())
    assert {"author__id", "loan__reader__id", "loan__until", "title", "_id", "_version"} <= columns
    assert columns.isdisjoint({"author", "loan__reader", "shelves"})


def test_a_new_row_has_an_id_and_a_version(library: Backoffice, session: Session) -> None:
    author = library.authors.model_class(name="Ada")
    session.add(author)
    session.commit()
    assert uuid.UUID(author._id).version == 7
    assert author._version == 1
    found = library.authors.get_by_id(author._id)
    found.name = "Grace"
    found.save()
    assert library.authors.get_by_id(author._id).name == "Grace"


def test_a_row_inserted_through_the_table_has_an_id_and_a_version_too(library: Backoffice, db: DBSQLConnector) -> None:
    with db.engine.begin() as connection:
        connection.execute(library.authors.table.insert().values(name="Ada"))
        connection.execute(library.authors.table.insert(), [{"name": "Grace"}, {"name": "Rosa"}])
    names = [author.name for author in library.authors.select()]
    assert names == ["Ada", "Grace", "Rosa"]  # ids are made in order


def test_a_graph_of_new_objects_is_written_at_once(library: Backoffice, session: Session) -> None:
    author_class, book_class = library.authors.model_class, library.books.model_class
    shelf = library.shelves.model_class(label="one")
    author = author_class(name="Ada", books=[book_class(title="Notes", shelves=[shelf]), book_class(title="More")])
    author.books[1].loan__reader = library.readers.model_class(name="Rosa")
    session.add(author)
    session.commit()
    notes, more = (library.books.select_one({"title": title}) for title in ("Notes", "More"))
    assert notes is not None
    assert more is not None
    assert list(library.authors.get_by_id(author._id).books) == sorted([notes._id, more._id])
    assert list(notes.shelves) == [shelf._id]
    assert library.readers.select()[0].loans == [more._id]


def test_what_the_library_wrote_is_read_by_plain_sqlalchemy(library: Backoffice, session: Session) -> None:
    author = library.authors.create({"name": "Ada", "born": "1815-12-10T12:00:00+02:00"})
    shelves = [library.shelves.create({"label": label})._id for label in "ba"]
    book = library.books.create(
        {"title": "Notes", "author": author._id, "tags": ["x", "é"], "pages": 3, "price": 1.5, "shelves": shelves}
    )
    book_class = library.books.model_class
    found = session.execute(sa.select(book_class).where(book_class.author.has(name="Ada"))).scalar_one()
    assert found._id == book._id
    assert found.author__id == author._id
    assert found.author.born == datetime(1815, 12, 10, 10, tzinfo=UTC)
    assert (found.tags, found.pages, found.price, found.in_print) == (["x", "é"], 3, 1.5, True)
    assert [shelf._id for shelf in found.shelves] == shelves  # in the order given


def test_relationships_can_be_loaded_eagerly(library: Backoffice, session: Session) -> None:
    author = library.authors.create({"name": "Ada"})
    shelf = library.shelves.create({"label": "one"})
    for title in "ab":
        library.books.create({"title": title, "author": author._id, "shelves": [shelf._id]})
    author_class, book_class = library.authors.model_class, library.books.model_class
    options = selectinload(author_class.books).options(joinedload(book_class.shelves))
    found = session.execute(sa.select(author_class).options(options)).scalar_one()
    session.expunge_all()  # nothing is loaded any more
    assert [[shelf.label for shelf in book.shelves] for book in found.books] == [["one"], ["one"]]


def test_a_change_by_plain_sqlalchemy_raises_the_version(library: Backoffice, session: Session) -> None:
    author = library.authors.create({"name": "Ada"})
    mapped = session.get(library.authors.model_class, author._id)
    assert mapped is not None
    mapped.name = "Grace"
    session.commit()
    author.name = "Rosa"
    with pytest.raises(ConflictError):
        author.save()
    author.reload()
    assert author.name == "Grace"


def test_a_stale_change_by_plain_sqlalchemy_is_refused(library: Backoffice, db: DBSQLConnector) -> None:
    author = library.authors.create({"name": "Ada"})
    with Session(db.engine, expire_on_commit=False) as session:
        mapped = session.get(library.authors.model_class, author._id)
        assert mapped is not None
        session.commit()
        author.name = "Grace"
        author.save()
        mapped.name = "Rosa"
        with pytest.raises(StaleDataError):
            session.flush()
    assert library.authors.get_by_id(author._id).name == "Grace"


def test_a_wrong_attribute_is_refused(library: Backoffice) -> None:
    with pytest.raises(TypeError, match="titel"):
        library.books.model_class(titel="Notes")


# -- links ----------------------------------------------------------------------------------------


def test_links_are_changed_by_assigning_objects(library: Backoffice, session: Session) -> None:
    one, two = (library.authors.create({"name": name}) for name in ("Ada", "Grace"))
    book = library.books.create({"title": "Notes", "author": one._id})
    mapped = session.get(library.books.model_class, book._id)
    assert mapped is not None
    mapped.author = session.get(library.authors.model_class, two._id)
    session.commit()
    assert library.books.get_by_id(book._id).author == two._id
    assert list(library.authors.get_by_id(one._id).books) == []


def test_what_is_appended_by_plain_sqlalchemy_comes_last_in_the_list(library: Backoffice, session: Session) -> None:
    author = library.authors.create({"name": "Ada"})
    shelves = [library.shelves.create({"label": label})._id for label in "abc"]
    book = library.books.create({"title": "Notes", "author": author._id, "shelves": [shelves[2], shelves[1]]})
    mapped = session.get(library.books.model_class, book._id)
    assert mapped is not None
    mapped.shelves.append(session.get(library.shelves.model_class, shelves[0]))
    session.commit()
    assert list(library.books.get_by_id(book._id).shelves) == [shelves[2], shelves[1], shelves[0]]


def test_a_tree_is_walked_by_its_relationships(library: Backoffice, session: Session) -> None:
    shelf_class = library.shelves.model_class
    root = shelf_class(label="root", inside=[shelf_class(label="a"), shelf_class(label="b")])
    session.add(root)
    session.commit()
    assert [child.parent.label for child in root.inside] == ["root", "root"]
    assert sorted(library.shelves.get_by_id(root._id).inside) == sorted(child._id for child in root.inside)


@pytest.mark.parametrize("owner", ["humans", "animals"])
def test_one_to_one_is_a_single_object_on_both_sides(open_backoffice: Open, db: DBSQLConnector, owner: str) -> None:
    backoffice = open_backoffice(
        humans=Item({"totem": Ref(coll="animals", field="$.human", owner=owner == "humans")}),
        animals=Item({"human": Ref(coll="humans", field="$.totem", owner=owner == "animals")}),
    )
    human_class, animal_class = backoffice.humans.model_class, backoffice.animals.model_class
    with Session(db.engine) as session:
        human = human_class(totem=animal_class())
        session.add(human)
        session.commit()
        assert human.totem.human is human
        assert backoffice.humans.get_by_id(human._id).totem == human.totem._id
        assert backoffice.animals.get_by_id(human.totem._id).human == human._id
    names = {attribute.key for each in (human_class, animal_class) for attribute in sa.inspect(each).column_attrs}
    assert names & {"totem__id", "human__id"} == {{"humans": "totem__id", "animals": "human__id"}[owner]}


def test_references_that_nothing_faces_are_relationships_too(open_backoffice: Open, db: DBSQLConnector) -> None:
    backoffice = open_backoffice(
        people=Item({"name": String(), "friends": RefsList(coll="people"), "home": Dict({"city": Ref(coll="cities")})}),
        cities=Item({"name": String()}),
    )
    with Session(db.engine) as session:
        rosa = backoffice.people.model_class(name="Rosa")
        ada = backoffice.people.model_class(
            name="Ada", friends=[rosa], home__city=backoffice.cities.model_class(name="Lyon")
        )
        session.add(ada)
        session.commit()
        found = backoffice.people.get_by_id(ada._id)
        assert list(found.friends) == [rosa._id]
        assert found.home.city == ada.home__city__id == ada.home__city._id


def every_kind() -> dict[str, Item]:
    """People with a reference of each kind."""

    def many(collection: str, field: str) -> RefsList:
        return RefsList(coll=collection, field=field, ods=DeleteStrategy.UNLINK_REFERENCED_ITEMS)

    return {
        "people": Item(
            {
                "name": String(),
                "spouse": Ref(coll="people"),
                "boss": Ref(coll="people", field="$.staff"),
                "staff": many("people", "$.boss"),
                "admires": many("people", "$.fans"),
                "fans": many("people", "$.admires"),
                "home": Dict({"city": Ref(coll="cities", field="$.here.people")}),
                "likes": Dict({"tags": many("tags", "$.of.people")}),
                "badge": Ref(coll="badges", field="$.holder"),
                "gifts": List(Dict({"to": Ref(coll="people", field="$.got"), "wrap": Dict({"tag": Ref(coll="tags")})})),
                "got": many("people", "$.gifts.to"),
            }
        ),
        "cities": Item({"name": String(), "here": Dict({"people": many("people", "$.home.city")})}),
        "tags": Item({"name": String(), "of": Dict({"people": many("people", "$.likes.tags")})}),
        "badges": Item({"name": String(), "holder": Ref(coll="people", field="$.badge", required=True)}),
    }


@pytest.mark.parametrize("load", [joinedload, selectinload])
def test_every_kind_of_reference_is_a_relationship_to_write_and_to_load(
    open_backoffice: Open, db: DBSQLConnector, load: Any
) -> None:
    backoffice = open_backoffice(**every_kind())
    person, city, tag, badge = (each.model_class for each in backoffice.collections.values())
    names = {each.__name__: set(sa.inspect(each).relationships.keys()) for each in (person, city, tag, badge)}
    assert names == {
        "people": {
            "spouse",
            "boss",
            "staff",
            "admires",
            "fans",
            "home__city",
            "likes__tags",
            "badge",
            "gifts",
            "got",
        },
        "cities": {"here__people"},
        "tags": {"of__people"},
        "badges": {"holder"},
    }
    gift = person.gifts.property.mapper.class_
    with Session(db.engine) as session:
        boss = person(name="boss", staff=[person(name="cy")], badge=badge(name="1"), home__city=city(name="Lima"))
        tags = [tag(name=name) for name in "ab"]
        ada = person(name="ada", boss=boss, spouse=boss, admires=[boss], likes__tags=tags[1:])
        ada.gifts.append(gift(to=boss, wrap__tag=tags[0]))
        session.add(ada)
        session.commit()
        ada.admires.append(session.execute(sa.select(person).where(person.name == "cy")).scalar_one())
        ada.likes__tags.append(tags[0])  # what a flush adds comes last
        session.commit()

        relations = [getattr(person, name) for name in names["people"]]
        session.expunge_all()
        query = sa.select(person).options(*map(load, relations), load(person.gifts).options(load(gift.to)))
        found = {each.name: each for each in session.execute(query.order_by(person.name)).unique().scalars()}
        session.expunge_all()  # nothing is loaded any more
        ada, boss = found["ada"], found["boss"]
        assert (ada.boss, ada.spouse, [each.to for each in ada.gifts]) == (boss, boss, [boss])
        assert [each.name for each in boss.staff] == ["ada", "cy"]
        assert [each.name for each in ada.admires] == ["boss", "cy"]
        assert [each.name for each in boss.fans] == [each.name for each in boss.got] == ["ada"]
        assert [each.name for each in ada.likes__tags] == ["b", "a"]
        assert (boss.badge.name, boss.home__city.name) == ("1", "Lima")
        joined = sa.select(person.name).join(person.likes__tags).where(tag.name == "a", person.boss.has(name="boss"))
        assert session.execute(joined).scalars().all() == ["ada"]

    read = {each.name: each for each in backoffice.people.select()}
    ada_id, boss_id = read["ada"]._id, read["boss"]._id
    assert read["ada"].select("$.admires.name") == ["boss", "cy"]
    assert read["ada"].select("$.likes.tags.name") == ["b", "a"]
    assert read["ada"].gifts[0].to == read["ada"].boss == read["ada"].spouse == boss_id
    assert read["boss"].select("$.badge.name") == "1"
    assert sorted(read["boss"].staff) == sorted([ada_id, read["cy"]._id])
    assert list(read["boss"].got) == [ada_id]
    assert backoffice.cities.select()[0].here.people == [boss_id]


# -- deletes --------------------------------------------------------------------------------------


DELETE, UNLINK = DeleteStrategy.DELETE_REFERENCED_ITEMS, DeleteStrategy.UNLINK_REFERENCED_ITEMS


@pytest.mark.parametrize("loaded", [False, True], ids=["list not loaded", "list loaded"])
def test_a_delete_by_plain_sqlalchemy_obeys_the_strategy(
    open_backoffice: Open, db: DBSQLConnector, loaded: bool
) -> None:
    """Each pair of collections has a strategy of its own, and two books of one author."""
    left = {
        (DELETE, False): (0, 0),
        (DELETE, True): (0, 0),
        (UNLINK, False): (0, 2),
        (UNLINK, True): (1, 2),
        (DeleteStrategy.MUST_BE_EMPTY, False): (1, 2),
        (DeleteStrategy.MUST_BE_EMPTY, True): (1, 2),
    }
    items: dict[str, Item] = {}
    for number, (strategy, required) in enumerate(left):
        items[f"authors{number}"] = Item({"books": RefsList(coll=f"books{number}", field="$.author", ods=strategy)})
        reference = Ref(coll=f"authors{number}", field="$.books", required=required)
        items[f"books{number}"] = Item({"author": reference})
    backoffice = open_backoffice(**items)

    def delete(author_class: Any, identifier: str) -> None:
        with Session(db.engine) as session:
            author = session.get(author_class, identifier)
            assert author is not None
            if loaded:
                assert len(author.books) == 2
            session.delete(author)
            session.commit()

    for number, (case, (authors_left, books_left)) in enumerate(left.items()):
        authors, books = (backoffice.collections[f"{name}{number}"] for name in ("authors", "books"))
        author = authors.create({})
        for _ in range(2):
            books.create({"author": author._id})
        if authors_left:
            with pytest.raises(sa.exc.IntegrityError):
                delete(authors.model_class, author._id)
        else:
            delete(authors.model_class, author._id)
        assert (authors.count(), books.count()) == (authors_left, books_left), case


def test_a_bulk_delete_by_plain_sqlalchemy_obeys_the_strategy(open_backoffice: Open, db: DBSQLConnector) -> None:
    backoffice = open_backoffice(
        authors=Item({"books": RefsList(coll="books", field="$.author", ods=DELETE)}),
        books=Item({"author": Ref(coll="authors", field="$.books", required=True)}),
    )
    for _ in range(2):
        backoffice.books.create({"author": backoffice.authors.create({})._id})
    with Session(db.engine) as session:
        session.execute(sa.delete(backoffice.authors.model_class))
        session.commit()
    assert row_counts(db) == {"authors": 0, "books": 0}


@pytest.mark.parametrize("loaded", [False, True])
def test_the_links_of_many_to_many_go_with_an_item(
    library: Backoffice, db: DBSQLConnector, session: Session, loaded: bool
) -> None:
    author = library.authors.create({"name": "Ada"})
    shelf = library.shelves.create({"label": "one"})
    library.books.create({"title": "Notes", "author": author._id, "shelves": [shelf._id]})
    mapped = session.get(library.shelves.model_class, shelf._id)
    assert mapped is not None
    if loaded:
        assert len(mapped.books) == 1
    session.delete(mapped)
    session.commit()
    session.close()
    assert row_counts(db) == {"authors": 1, "books": 1, "books__shelves": 0, "readers": 0, "shelves": 0}


def test_a_list_of_many_to_many_that_must_be_empty_keeps_its_item(open_backoffice: Open, db: DBSQLConnector) -> None:
    backoffice = open_backoffice(
        books=Item({"tags": RefsList(coll="tags", field="$.books", ods=DeleteStrategy.UNLINK_REFERENCED_ITEMS)}),
        tags=Item({"books": RefsList(coll="books", field="$.tags", ods=DeleteStrategy.MUST_BE_EMPTY)}),
    )
    tag = backoffice.tags.create({})
    book = backoffice.books.create({"tags": [tag._id]})
    with Session(db.engine) as session:
        mapped = session.get(backoffice.tags.model_class, tag._id)
        assert mapped is not None
        session.delete(mapped)
        with pytest.raises(sa.exc.IntegrityError):
            session.commit()
    assert row_counts(db) == {"books": 1, "books__tags": 1, "tags": 1}
    with Session(db.engine) as session:
        session.delete(session.get(backoffice.books.model_class, book._id))
        session.commit()
    assert row_counts(db) == {"books": 0, "books__tags": 0, "tags": 1}
