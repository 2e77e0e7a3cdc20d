"""A mistake in a description is told when it is written, or at the latest before the first request, by its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from backo_sql import (
    Backoffice,
    Bool,
    Collection,
    Datetime,
    DBSQLConnector,
    DeleteStrategy,
    DescriptionError,
    Dict,
    FillStrategy,
    Float,
    In,
    Int,
    Item,
    List,
    Ref,
    RefsList,
    String,
    Tuple,
    ValidationError,
)
from tests.support import Connect, describe, on_one_database

Mistake = tuple[Callable[[], Any], tuple[str, ...]]


def refused(mistakes: list[Mistake]) -> None:
    """Check that each mistake is a `DescriptionError` whose message holds all of the texts."""
    for make, named in mistakes:
        try:
            made = make()
        except DescriptionError as error:
            told = str(error)
            assert all(text in told for text in named), (named, told)
        else:
            raise AssertionError(f"nothing was said: {named}, {made!r}")


# -- options --------------------------------------------------------------------------------------


def test_a_misspelt_option_is_named_with_what_was_meant() -> None:
    refused(
        [
            (lambda: String(requird=True), ("String", "'requird'", "'required'")),  # type: ignore[call-arg]
            (lambda: Int(minimun=1), ("Int", "'minimun'", "'minimum'")),  # type: ignore[call-arg]
            (lambda: Float(dafault=1), ("Float", "'dafault'", "'default'")),  # type: ignore[call-arg]
            (lambda: Bool(unic=True), ("Bool", "'unic'")),  # type: ignore[call-arg]
            (lambda: Datetime(indx=True), ("Datetime", "'indx'", "'index'")),  # type: ignore[call-arg]
            (lambda: List(String(), mx=1), ("List", "'mx'")),
            (lambda: Dict({}, requierd=True), ("Dict", "'requierd'", "'required'")),
            (lambda: Item({}, indexs=[]), ("Item", "'indexs'")),
            (lambda: Ref(coll="x", feild="$.y"), ("Ref", "'feild'", "'field'")),
            (lambda: RefsList(coll="x", odss=DeleteStrategy.MUST_BE_EMPTY), ("RefsList", "'odss'", "'ods'")),
            (lambda: String(nothing_like_it=1), ("String", "'nothing_like_it'", "required")),  # type: ignore[call-arg]
        ]
    )


def test_an_option_that_the_type_lacks_is_named() -> None:
    refused(
        [
            (lambda: String(min=1), ("String", "'min'")),  # type: ignore[call-arg]
            (lambda: Int(pattern="x"), ("Int", "'pattern'")),  # type: ignore[call-arg]
            (lambda: Int(max_length=1), ("Int", "'max_length'")),  # type: ignore[call-arg]
            (lambda: Bool(max=True), ("Bool", "'max'")),  # type: ignore[call-arg]
            (lambda: Dict({}, unique=True), ("Dict", "'unique'")),
            (lambda: Dict({}, index=True), ("Dict", "'index'")),
            (lambda: List(String(), unique=True), ("List", "'unique'")),
            (lambda: List(String(), max_length=1), ("List", "'max_length'")),
            (lambda: List(String(unique=True)), ("String", "List", "'unique'", "uniq=True")),
            (lambda: List(Int(index=True)), ("Int", "List", "'index'")),
            (lambda: List(Dict({"a": Dict({"b": Int(unique=True)})})), ("Int", "List", "'unique'")),
            (lambda: List(List(Dict({"a": Int(index=True)}))), ("Int", "List", "'index'")),
            (
                lambda: List(Dict({"to": Ref(coll="x"), "plain": List(String(unique=True))})),
                ("String", "List", "'unique'"),
            ),
            (lambda: Ref(coll="x", min=1), ("Ref", "'min'")),
            (lambda: Ref(coll="x", ods=DeleteStrategy.MUST_BE_EMPTY), ("Ref", "'ods'", "RefsList", "'x'")),
            (lambda: Ref(coll="x", on_delete=DeleteStrategy.MUST_BE_EMPTY), ("Ref", "'ods'", "RefsList")),
            (lambda: Ref(coll="x", ofs=FillStrategy.NOT_FILL), ("Ref", "'ofs'", "RefsList", "'x'")),
            (lambda: RefsList(coll="x", owner=True), ("RefsList", "'owner'")),
            (lambda: RefsList(coll="x", unique=True), ("RefsList", "'unique'")),
            (lambda: RefsList(coll="x", index=True), ("RefsList", "'index'")),
        ]
    )


def test_an_option_of_a_wrong_type_is_named() -> None:
    wrong: Any
    mistakes: list[Mistake] = []
    for option, values in {
        "required": ["yes", 1, None],
        "unique": ["yes", 1, None],
        "index": [0, None],
        "description": [5, ["x"]],
        "max_length": [0, -1, "5", 1.5, True],
        "pattern": [5, [5], "(", ["a", "["]],
        "in": ["abc", 5, [], [None]],
        "views": ["client", [5], [""], ["!"]],
    }.items():
        for wrong in values:
            mistakes.append((lambda option=option, wrong=wrong: String(**{option: wrong}), (f"'{option}'",)))
    for option, wrong in (("min", "a"), ("max", 1.5), ("min", True), ("max", 2**63), ("in", ["1"]), ("in", [1, 1.5])):
        mistakes.append((lambda option=option, wrong=wrong: Int(**{option: wrong}), (f"'{option}'", "Int")))
    for option, wrong in (("min", "a"), ("max", float("nan")), ("min", float("inf")), ("in", ["a"])):
        mistakes.append((lambda option=option, wrong=wrong: Float(**{option: wrong}), (f"'{option}'", "Float")))
    for option, wrong in (("min", "soon"), ("max", 5), ("in", ["2030-01-01", "soon"])):
        mistakes.append((lambda option=option, wrong=wrong: Datetime(**{option: wrong}), (f"'{option}'", "Datetime")))
    for option, wrong in (("min", "a"), ("max", -1), ("min", True), ("max", 1.5)):
        mistakes.append((lambda option=option, wrong=wrong: List(String(), **{option: wrong}), (f"'{option}'", "List")))
    mistakes += [
        (lambda: Ref(coll=5), ("'coll", "Ref")),
        (lambda: Ref(coll=None), ("Ref",)),
        (lambda: Ref(coll="x", field=5), ("'field'", "Ref")),
        (lambda: Ref(coll="x", owner="yes"), ("'owner'", "Ref")),
        (Ref, ("Ref", "'coll'")),
        (RefsList, ("RefsList", "'coll'")),
        (lambda: RefsList(coll="x", ods="delete"), ("'ods'", "DeleteStrategy")),
        (lambda: RefsList(coll="x", ofs=DeleteStrategy.MUST_BE_EMPTY), ("'ofs'", "FillStrategy")),
    ]
    refused(mistakes)


def test_bounds_that_nothing_fits_are_refused() -> None:
    refused(
        [
            (lambda: Int(min=2, max=1), ("Int", "min", "max")),
            (lambda: Float(min=0.2, max=0.1), ("Float", "min", "max")),
            (lambda: Datetime(min="2031-01-01", max="2030-01-01"), ("Datetime", "min", "max")),
            (lambda: List(String(), min=3, max=1), ("List", "min", "max")),
        ]
    )


def test_one_option_under_two_names_is_refused() -> None:
    refused(
        [
            (lambda: String(required=True, require=True), ("'required'", "'require'")),
            (lambda: Int(min=1, minimum=1), ("'min'", "'minimum'")),
            (lambda: String(**{"in": ["a"], "enum": ["a"]}), ("'in'", "'enum'")),  # type: ignore[arg-type]
            (lambda: Ref(coll="x", collection="x"), ("coll",)),
            (lambda: Ref(coll="x", rev="$.y", reverse="$.y"), ("field",)),
            (lambda: RefsList(coll="x", ods=None, on_delete=None), ("on_delete",)),
        ]
    )


def test_every_name_of_an_option_is_known() -> None:
    assert String(require=True).options == String(required=True).options
    assert String(desc="x").options == String(description="x").options
    assert Int(minimum=1, maximum=2).options == Int(min=1, max=2).options
    assert String(union=["a"]).options == String(enum=["a"]).options == String(**{"in": ["a"]}).options  # type: ignore[arg-type]
    assert String(reg="a").options == String(patterns=["a"]).options == String(regexp="a").options
    one = Ref(collection="x", reverse="$.y")
    other = Ref(coll="x", field="$.y")
    assert (one.collection, one.field) == (other.collection, other.field)


# -- defaults -------------------------------------------------------------------------------------


def test_a_default_that_breaks_its_own_rules_is_refused() -> None:
    refused(
        [
            (lambda: Int(min=1, default=0), ("Int", "default", "0")),
            (lambda: Int(default="5"), ("Int", "default", "'5'")),
            (lambda: String(default=5), ("String", "default", "5")),
            (lambda: String(enum=["a"], default="b"), ("String", "default", "'b'")),
            (lambda: String(max_length=2, default="abc"), ("String", "default", "'abc'")),
            (lambda: String(pattern="[0-9]+", default="x"), ("String", "default", "'x'")),
            (lambda: String(default="a\0"), ("String", "default")),
            (lambda: Float(max=1, default=1.5), ("Float", "default", "1.5")),
            (lambda: Bool(default=1), ("Bool", "default", "1")),
            (lambda: Datetime(default="soon"), ("Datetime", "default", "'soon'")),
            (lambda: List(Int(), default=["x"]), ("List", "default", "[0]")),
            (lambda: List(Int(), max=1, default=[1, 2]), ("List", "default")),
            (lambda: Dict({"n": Int()}, default={"n": "x"}), ("Dict", "default", "$.n")),
            (lambda: Dict({"n": Int()}, default={"m": 1}), ("Dict", "default", "$.m")),
            (lambda: Ref(coll="x", default="a/b"), ("Ref", "default", "'a/b'")),
        ]
    )


def test_what_is_required_has_no_default_of_null(connect: Connect) -> None:
    backoffice = describe(connect(), things=Item({"name": String(required=True, default=None)}))
    backoffice.create_all()
    for data in ({}, {"name": None}):
        with pytest.raises(ValidationError) as refused:
            backoffice.things.create(data)
        assert list(refused.value.messages) == ["$.name"]
        assert refused.value.__cause__ is None  # the database was not asked


@on_one_database
def test_a_default_function_is_not_called_before_an_item_needs_it(connect: Connect) -> None:
    called: list[int] = []

    def number() -> int:
        called.append(len(called))
        return len(called)

    backoffice = describe(
        connect(), things=Item({"number": Int(default=number), "deep": Dict({"n": Int(default=number)})})
    )
    backoffice.create_all()
    backoffice.build_routes(Flask("host"))
    assert called == []
    item = backoffice.things.create({})
    assert sorted([item.number, item.deep.n]) == [1, 2]
    backoffice.things.get_by_id(item._id)
    backoffice.things.create({"number": 5, "deep": {"n": 6}})
    assert len(called) == 2


@on_one_database
def test_a_constant_default_is_not_shared_between_items(connect: Connect) -> None:
    backoffice = describe(connect(), things=Item({"tags": List(String(), default=["a"])}))
    backoffice.create_all()
    first = backoffice.things.create({})
    first.tags.append("b")
    first.save()
    assert list(backoffice.things.create({}).tags) == ["a"]
    assert list(backoffice.things.new().tags) == ["a"]


# -- names ----------------------------------------------------------------------------------------

WRONG_NAMES = (
    "a__b",
    "__a",
    "_a",
    "a_",
    "1a",
    "é",
    "",
    " ",
    "a b",
    "a.b",
    "a-b",
    "$a",
    "a$",
    "a/b",
    "a\0",
    "a\n",
    5,
    None,
)


def test_a_field_name_that_can_not_be_one_is_named() -> None:
    for name in WRONG_NAMES:
        refused(
            [
                (lambda name=name: Item({name: String()}), (repr(name),)),
                (lambda name=name: Dict({name: String()}), (repr(name),)),
                (lambda name=name: Item({"deep": Dict({"deeper": Dict({name: Int()})})}), (repr(name),)),
            ]
        )
    with pytest.raises(DescriptionError, match="__"):
        Item({"first__name": String()})


def test_a_field_named_as_a_method_is_refused() -> None:
    for name in ("save", "load", "set", "create", "delete", "reload", "new", "select", "get_value"):
        refused([(lambda name=name: Item({name: String()}), (repr(name),))])
    for name in ("set", "get_value"):
        refused([(lambda name=name: Dict({name: String()}), (repr(name),))])


@on_one_database
def test_a_field_may_be_named_as_the_methods_of_a_dict(connect: Connect) -> None:
    names = ("items", "values", "keys", "get", "update", "pop", "clear", "name", "id", "type", "metadata", "registry")
    backoffice = describe(connect(), things=Item({name: String() for name in names}))
    backoffice.create_all()
    item = backoffice.things.create({name: f"the {name}" for name in names})
    found = backoffice.things.get_by_id(item._id)
    assert {name: getattr(found, name) for name in names} == {name: f"the {name}" for name in names}


@on_one_database
def test_names_that_differ_in_case_only_are_refused(connect: Connect) -> None:
    refused(
        [
            (lambda: Item({"name": String(), "Name": String()}), ("'name'", "'Name'")),
            (lambda: Dict({"a": Dict({"x": Int(), "X": Int()})}), ("'x'", "'X'")),
            (lambda: describe(connect(), books=Item({}), Books=Item({})).check_syntax(), ("'books'", "'Books'")),
        ]
    )


def test_a_field_that_is_no_field_is_named() -> None:
    wrong: Any
    for wrong in (String, Item, "text", 5, None, {"a": String()}, [String()], str, object()):
        refused([(lambda wrong=wrong: Item({"title": wrong}), ("'title'",))])
    refused(
        [
            (lambda: Item({"title": String}), ("'title'", "String()")),
            (lambda: Item("title"), ("Item",)),  # type: ignore[arg-type]
            (lambda: Item(None), ("Item",)),  # type: ignore[arg-type]
            (lambda: Dict([("a", String())]), ("Dict",)),  # type: ignore[arg-type]
            (lambda: List(String), ("List", "String()")),
            (lambda: List("x"), ("List",)),
        ]
    )


def test_groups_of_fields_name_fields() -> None:
    fields: dict[str, Any] = {"a": String(), "d": Dict({"b": Int()}), "l": List(Int()), "r": RefsList(coll="x")}
    mistakes: list[Mistake] = []
    for option in ("unique", "indexes"):
        for groups, named in (
            ([("a", "nothing")], "$.nothing"),
            (["d.c"], "$.d.c"),
            (["d"], "$.d"),
            (["l"], "$.l"),
            ([("a", "r")], "$.r"),
            ("a", "'a'"),
            (5, "5"),
            ([5], "5"),
            ([()], "()"),
            ([("a", 5)], "5"),
        ):
            mistakes.append(
                (lambda option=option, groups=groups: Item(fields, **{option: groups}), (f"'{option}'", named))
            )
    refused(mistakes)


# -- collections ----------------------------------------------------------------------------------


@on_one_database
def test_a_collection_name_that_can_not_be_one_is_named(db: DBSQLConnector) -> None:
    for name in (*WRONG_NAMES, "coll", "Coll"):
        refused([(lambda name=name: Collection(name, Item({}), db), (repr(name),))])  # type: ignore[arg-type]
    for name in ("create_all", "build_routes", "transaction", "name", "collections"):
        refused([(lambda name=name: describe(db, **{name: Item({})}), (repr(name),))])
    refused([(lambda: Backoffice("a__b"), ("'a__b'",)), (lambda: Backoffice("a/b"), ("'a/b'",))])


@on_one_database
def test_a_collection_takes_an_item_and_a_connector(db: DBSQLConnector) -> None:
    wrong: Any
    for wrong in (String(), Dict({}), Item, None, {"name": String()}, "books"):
        refused([(lambda wrong=wrong: Collection("books", wrong, db), ("'books'",))])
    for wrong in (None, "sqlite://", 5):
        refused([(lambda wrong=wrong: Collection("books", Item({}), wrong), ("'books'",))])
    refused([(lambda: Backoffice("app").register_collection("books"), ())])
    refused([(lambda: Backoffice("app").register_collection("books", Item({})), ("'books'",))])
    refused([(lambda: Backoffice("app").register_collection(Item({})), ())])  # type: ignore[arg-type]


@on_one_database
def test_two_collections_of_one_name_are_refused(db: DBSQLConnector) -> None:
    backoffice = describe(db, books=Item({"title": String()}))
    with pytest.raises(DescriptionError, match="'books'"):
        backoffice.register_collection(Collection("books", Item({}), db))
    assert backoffice.books.item_type.fields["title"]


@on_one_database
def test_a_collection_belongs_to_one_backoffice(db: DBSQLConnector) -> None:
    books = Collection("books", Item({}), db)
    Backoffice("one").register_collection(books)
    with pytest.raises(DescriptionError, match=r"'books'.*'one'"):
        Backoffice("other").register_collection(books)


@on_one_database
def test_two_backoffices_do_not_share_a_table(db: DBSQLConnector) -> None:
    describe(db, books=Item({})).create_all()
    with pytest.raises(DescriptionError, match="'books'"):
        describe(db, books=Item({})).create_all()


@on_one_database
def test_a_collection_that_is_not_registered_says_what_to_do(db: DBSQLConnector) -> None:
    with pytest.raises(DescriptionError, match="register_collection"):
        Collection("books", Item({}), db).count()


@on_one_database
def test_a_late_registration_says_what_to_do(connect: Connect) -> None:
    def create_all(backoffice: Backoffice) -> None:
        backoffice.create_all()

    def build_routes(backoffice: Backoffice) -> None:
        backoffice.build_routes(Flask("host"))

    def ask(backoffice: Backoffice) -> None:
        backoffice.create_all()
        backoffice.books.count()

    def look(backoffice: Backoffice) -> None:
        assert backoffice.books.table is not None

    for use in (create_all, build_routes, look, ask):
        connector = connect()
        backoffice = describe(connector, books=Item({}))
        use(backoffice)
        with pytest.raises(DescriptionError, match=r"'late'.*before") as refused:
            backoffice.register_collection(Collection("late", Item({}), connector))
        assert "create_all" in str(refused.value)
        assert list(backoffice.collections) == ["books"]
        with connector.engine.begin() as connection:
            connector.metadata.drop_all(connection)


def test_a_url_that_is_none_is_told() -> None:
    refused(
        [
            (lambda: DBSQLConnector("nonsense"), ()),
            (lambda: DBSQLConnector(""), ()),
            (lambda: DBSQLConnector(5), ("5",)),  # type: ignore[arg-type]
            (lambda: DBSQLConnector(None), ()),  # type: ignore[arg-type]
            (lambda: DBSQLConnector("nosuchthing://x/y"), ("nosuchthing",)),
            (lambda: DBSQLConnector("sqlite://", no_such_option=1), ("no_such_option",)),
        ]
    )


def test_the_password_of_a_url_is_told_to_nobody() -> None:
    db = DBSQLConnector("postgresql://somebody:the-secret@localhost/nothing")
    assert "the-secret" not in repr(db)
    assert "the-secret" not in str(db)
    with pytest.raises(DescriptionError) as refused:
        DBSQLConnector("postgresql://somebody:the-secret@localhost:notaport/nothing")
    assert "the-secret" not in str(refused.value)


# -- references -----------------------------------------------------------------------------------


def of(**items: Item) -> Callable[[], Any]:
    """Describe collections in memory, and check them."""
    return lambda: describe(DBSQLConnector("sqlite://"), **items).check_syntax()


def test_a_reference_that_leads_nowhere_is_named() -> None:
    books = RefsList(coll="books", field="$.author")
    refused(
        [
            (of(books=Item({"author": Ref(coll="authors")})), ("books.author", "'authors'")),
            (of(books=Item({"tags": RefsList(coll="tags")})), ("books.tags", "'tags'")),
            (of(books=Item({"loan": Dict({"reader": Ref(coll="readers")})})), ("books.loan.reader", "'readers'")),
            (of(books=Item({"author": Ref(coll="Books")})), ("books.author", "'Books'")),
            (
                of(books=Item({"author": Ref(coll="authors", field="$.books")}), authors=Item({})),
                ("books.author", "'$.books'", "'authors'"),
            ),
            (
                of(books=Item({"author": Ref(coll="authors", field="$.a.b.c")}), authors=Item({"a": String()})),
                ("books.author", "'$.a.b.c'", "'authors'"),
            ),
            (
                of(books=Item({"author": Ref(coll="authors", field="")}), authors=Item({"a": String()})),
                ("books.author", "'authors'"),
            ),
            (
                of(books=Item({"author": Ref(coll="authors", field="$.name")}), authors=Item({"name": String()})),
                ("books.author", "'$.name'", "String"),
            ),
            (
                of(books=Item({"author": Ref(coll="authors", field="$.d")}), authors=Item({"d": Dict({})})),
                ("books.author", "'$.d'", "Dict"),
            ),
            (of(authors=Item({"books": books}), books=Item({})), ("authors.books", "'$.author'", "'books'")),
        ]
    )


def test_references_that_do_not_face_each_other_are_named() -> None:
    refused(
        [
            (
                of(
                    authors=Item({"books": RefsList(coll="books", field="$.author")}),
                    books=Item({"author": Ref(coll="people", field="$.books")}),
                    people=Item({"books": RefsList(coll="books", field="$.author")}),
                ),
                ("authors.books", "books.author", "'people'"),
            ),
            (
                of(
                    authors=Item({"books": RefsList(coll="books", field="$.author")}),
                    books=Item({"author": Ref(coll="authors", field="$.works")}),
                ),
                ("books.author", "'$.works'"),
            ),
            (
                of(
                    authors=Item(
                        {
                            "books": RefsList(coll="books", field="$.author"),
                            "works": RefsList(coll="books", field="$.author"),
                        }
                    ),
                    books=Item({"author": Ref(coll="authors")}),
                ),
                ("authors.books", "authors.works", "books.author"),
            ),
            (of(nodes=Item({"next": Ref(coll="nodes", field="$.next")})), ("nodes.next",)),
            (
                of(
                    a=Item({"b": Ref(coll="b", field="$.a", owner=True)}),
                    b=Item({"a": Ref(coll="a", field="$.b", owner=True)}),
                ),
                ("a.b", "b.a", "owner"),
            ),
            (
                of(
                    a=Item({"b": RefsList(coll="b", field="$.a", ofs=FillStrategy.NOT_FILL)}),
                    b=Item({"a": RefsList(coll="a", field="$.b", ofs=FillStrategy.NOT_FILL)}),
                ),
                ("a.b", "b.a", "NOT_FILL"),
            ),
        ]
    )


def test_a_reverse_may_be_written_without_its_dollar_and_on_one_side_alone() -> None:
    of(
        authors=Item({"books": RefsList(coll="books", field="author")}),
        books=Item({"author": Ref(coll="authors", field="books")}),
    )()
    connector = DBSQLConnector("sqlite://")
    backoffice = describe(
        connector,
        authors=Item({"books": RefsList(coll="books", field="$.author")}),
        books=Item({"author": Ref(coll="authors")}),
    )
    assert backoffice.check_syntax() == []
    backoffice.create_all()
    author = backoffice.authors.create({})
    book = backoffice.books.create({"author": author._id})
    assert list(backoffice.authors.get_by_id(author._id).books) == [book._id]
    connector.dispose()


def test_a_reference_in_a_list_is_refused_with_what_to_use() -> None:
    ref, dict_of_ref = Ref(coll="a"), Dict({"r": Ref(coll="a")})
    collection = "collection of its own"
    refused(
        [
            (of(a=Item({"l": List(ref)})), ("$.l", "Ref", "RefsList")),
            (of(a=Item({"d": Dict({"l": List(ref)})})), ("$.d.l", "Ref", "RefsList")),
            (of(a=Item({"l": List(RefsList(coll="a"))})), ("$.l", "RefsList")),
            (of(a=Item({"l": List(List(ref))})), ("$.l", "Ref", collection)),
            (of(a=Item({"l": List(List(dict_of_ref))})), ("$.l", "List of lists", collection)),
            (of(a=Item({"l": List(Dict({"rs": RefsList(coll="a")}))})), ("$.l", "$.rs", "RefsList", collection)),
            (of(a=Item({"l": List(Dict({"m": List(dict_of_ref)}))})), ("$.l", "$.m", collection)),
            (of(a=Item({"l": List(Dict({"d": Dict({"m": List(ref)})}))})), ("$.l", "$.d.m", collection)),
            (of(a=Item({"l": List(dict_of_ref, views=["!save"])})), ("$.l", "isn't stored")),
            (of(a=Item({"l": List(dict_of_ref, set=lambda o: [])})), ("$.l", "isn't stored")),
            (lambda: Tuple((Ref(coll="a"), Int())), ("Tuple", "Ref", "in a Dict")),
            (lambda: Tuple((Int(), dict_of_ref)), ("Tuple", "use a Dict")),
            (lambda: In([Int(), Ref(coll="a")]), ("In", "Ref", "in a Dict")),
            (lambda: In([Int(), List(dict_of_ref)]), ("In", "Ref")),
            (lambda: List(Tuple((ref,))), ("Tuple", "Ref")),
            (of(a=Item({"x" * 30: List(Dict({"y" * 64: ref}))})), ("$.x", "63 bytes")),
        ]
    )
    of(a=Item({"l": List(Dict({"r": Ref(coll="a"), "m": List(Int()), "t": Tuple((Int(),))}))}))()


def test_what_faces_a_reference_in_elements_is_a_list_that_is_only_read() -> None:
    def lines(**options: Any) -> Item:
        return Item({"lines": List(Dict({"track": Ref(coll="tracks", **options)}))})

    refused(
        [
            (
                of(tracks=Item({}), orders=lines(field="$.orders")),
                ("orders.lines.track", "no such field"),
            ),
            (
                of(tracks=Item({"o": Ref(coll="orders", field="$.lines.track")}), orders=lines()),
                ("tracks.o", "orders.lines.track", "RefsList"),
            ),
            (
                of(tracks=Item({"o": RefsList(coll="orders", field="$.lines.track", required=True)}), orders=lines()),
                ("tracks.o", "orders.lines.track", "required"),
            ),
            (
                of(tracks=Item({"o": RefsList(coll="orders", field="$.lines")}), orders=lines()),
                ("tracks.o", "$.lines", "no reference"),
            ),
            (
                of(tracks=Item({"o": RefsList(coll="orders", field="$.lines.trick")}), orders=lines()),
                ("tracks.o", "$.lines.trick", "no such field"),
            ),
        ]
    )
    of(tracks=Item({"o": RefsList(coll="orders")}), orders=lines(field="$.o"))()


def test_what_is_legal_and_may_be_an_oversight_is_told_without_an_error() -> None:
    warnings = of(authors=Item({}), books=Item({"author": Ref(coll="authors"), "tags": List(String())}))()
    assert len(warnings) == 1
    assert "books.author" in warnings[0]


# -- what a database can't name -------------------------------------------------------------------


def test_a_name_that_is_too_long_for_a_column_or_a_table_is_told() -> None:
    long = "x" * 40
    refused(
        [
            (of(things=Item({"x" * 64: String()})), ("things", "x" * 64)),
            (of(things=Item({long: Dict({long: Int()})})), ("things", long)),
            (of(**{"c" * 64: Item({})}), ("c" * 64,)),
            (of(**{"c" * 40: Item({long: RefsList(coll="c" * 40)})}), ("c" * 40, long)),
        ]
    )
    of(**{"c" * 63: Item({"x" * 63: String(unique=True, max_length=3), "y" * 63: Ref(coll="c" * 63)})})()


def test_a_name_that_a_database_keeps_for_itself_works_or_is_told(connect: Connect) -> None:
    def use(name: str, field: str) -> None:
        connector = connect()
        backoffice = describe(connector, **{name: Item({"label": String(), field: Int()})})
        backoffice.create_all()
        collection = getattr(backoffice, name)
        assert collection.get_by_id(collection.create({"label": "x", field: 5})._id).label == "x"
        assert collection.count({field: 5}) == 1
        collection.table.drop(connector.engine)

    used = []
    for name, field in (
        ("sqlite_things", "size"),
        ("pg_things", "size"),
        ("things", "xmin"),
        ("things", "ctid"),
        ("things", "tableoid"),
        ("things", "rowid"),
        ("things", "oid"),
        ("things", "size"),
    ):
        try:
            use(name, field)
        except DescriptionError as error:
            told = str(error)
        else:
            used.append((name, field))
            continue
        assert repr(name) in told or repr(field) in told
    assert ("things", "size") in used


# -- when -----------------------------------------------------------------------------------------


def test_a_mistake_is_told_before_the_first_request_and_before_any_table(connect: Connect) -> None:
    db = connect()

    def wrong() -> Backoffice:
        return describe(connect(), books=Item({"author": Ref(coll="authors")}), readers=Item({}))

    app = Flask("host")
    for first in (
        lambda: wrong().check_syntax(),
        lambda: wrong().create_all(),
        lambda: wrong().build_routes(app),
        lambda: wrong().readers.create({}),
        lambda: wrong().readers.table,
    ):
        with pytest.raises(DescriptionError, match=r"books\.author"):
            first()
    assert sa.inspect(db.engine).get_table_names() == []
    assert [rule.endpoint for rule in app.url_map.iter_rules()] == ["static"]


def test_what_was_missing_can_be_registered_after_the_error(db: DBSQLConnector) -> None:
    backoffice = describe(db, books=Item({"author": Ref(coll="authors")}))
    with pytest.raises(DescriptionError, match="'authors'"):
        backoffice.create_all()
    backoffice.register_collection(Collection("authors", Item({"name": String()}), db))
    backoffice.create_all()
    author = backoffice.authors.create({"name": "Ada"})
    assert backoffice.books.create({"author": author._id}).author == author._id


def test_a_description_error_is_a_type_error() -> None:
    with pytest.raises(TypeError):
        String(requird=True)  # type: ignore[call-arg]
