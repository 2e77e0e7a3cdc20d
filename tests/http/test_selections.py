"""Selections: named queries with columns, in Python and over HTTP."""

from __future__ import annotations

import decimal
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import request
from flask.testing import FlaskClient

from backo_sql import (
    Backoffice,
    Bool,
    Bytes,
    Collection,
    Datetime,
    DBSQLConnector,
    Decimal,
    DescriptionError,
    Dict,
    FillStrategy,
    FreeDict,
    Int,
    IpAddress,
    Item,
    List,
    QueryError,
    Ref,
    RefsList,
    RightsError,
    Selection,
    String,
    Tuple,
    current_user,
)
from tests.support import Open, client_of, describe, library_items, problem, statements


def items() -> dict[str, Item]:
    return {
        "books": Item(
            {
                "title": String(required=True),
                "borrowed": Bool(default=False),
                "borrow": Dict({"user": Ref(coll="users", field="$.books"), "since": Datetime()}),
                "price": Decimal(precision=8, scale=2),
                "tags": List(String()),
                "notes": List(Dict({"text": String(), "by": String(views=["!client"])})),
                "size": Tuple([Int(), Decimal()]),
                "free": FreeDict(),
                "cover": Bytes(),
            }
        ),
        "users": Item(
            {
                "login": String(required=True),
                "address": IpAddress(),
                "home": Dict({"town": String(), "door": String(views=["!client"])}),
                "books": RefsList(coll="books", field="$.borrow.user", ofs=FillStrategy.NOT_FILL),
                "boss": Ref(coll="users", field="$.staff"),
                "staff": RefsList(coll="users", field="$.boss"),
            }
        ),
    }


@pytest.fixture
def media(open_backoffice: Open) -> Backoffice:
    backoffice = open_backoffice(**items())
    ines = backoffice.users.create({"login": "ines", "address": "192.0.2.7", "home": {"town": "Lyon", "door": "12"}})
    abel = backoffice.users.create({"login": "abel", "boss": ines})
    for number in range(12):
        user = (None, ines, abel)[number % 3]
        backoffice.books.create(
            {
                "title": f"Tides {number:02}",
                "borrowed": user is not None,
                "borrow": {"user": user, "since": datetime(2031, 5, 17, number, tzinfo=UTC) if user else None},
                "price": f"{number}.50",
                "tags": ["sea", "old"][: number % 3],
                "notes": [{"text": f"n{number}", "by": "me"}],
                "size": [number, "1.5"],
                "free": {"k": [number]},
                "cover": b"\x00\xff",
            }
        )
    return backoffice


@pytest.fixture
def borrowed(media: Backoffice) -> Selection:
    selection = Selection(["$.title", "$.borrow.user.login"], filter={"borrowed": True})
    media.books.register_selection("borrowed", selection)
    return selection


def row_of(media: Backoffice, selectors: list[str], title: str = "Tides 01") -> list[Any]:
    """Select columns of one book over HTTP."""
    name = f"s{len(media.books.selections)}"
    media.books.register_selection(name, Selection(selectors))
    (row,) = client_of(media).get(f"/app/books/_selections/{name}?title={title}").get_json()["result"]
    return list(row)


# -- the rows -------------------------------------------------------------------------------------


def test_a_selection_is_a_list_of_rows(media: Backoffice, borrowed: Selection) -> None:
    client = client_of(media)
    for url in ("/app/books/_selections/borrowed", "/app/coll/books/_selections/borrowed/"):
        body = client.get(f"{url}?_page=2").get_json()
        books = media.books.select({"borrowed": True})
        assert body == {
            "result": [[books[0]._id, "Tides 01", "ines"], [books[1]._id, "Tides 02", "abel"]],
            "total": 8,
            "_skip": 0,
            "_page": 2,
            "next": body["next"],
        }
        assert body["next"]
    assert client.get("/app/books/_selections/borrowed").get_json()["_page"] == 10


def test_the_same_in_python(media: Backoffice, borrowed: Selection) -> None:
    books = media.books.select({"borrowed": True})
    rows = [[book._id, book.title, book.select("$.borrow.user.login")] for book in books]
    assert borrowed.select() == {"result": rows, "total": 8, "_skip": 0, "_page": 0}
    assert borrowed.select(page_size=3, num_of_element_to_skip=2, sort="-title") == {
        "result": list(reversed(rows))[2:5],
        "total": 8,
        "_skip": 2,
        "_page": 3,
    }
    assert borrowed.select({"title": ("$reg", "Tides 0")})["total"] == borrowed.count({"title": ("$lt", "Tides 1")})
    assert borrowed.count() == 8
    assert media.books.selections["borrowed"] is borrowed


def test_the_filter_of_the_user_narrows_and_never_widens(media: Backoffice, borrowed: Selection) -> None:
    client = client_of(media)
    url = "/app/books/_selections/borrowed"

    def titles(answer: Any) -> list[str]:
        assert answer.status_code == 200, answer.get_json()
        return [row[1] for row in answer.get_json()["result"]]

    assert titles(client.get(f"{url}?title.$reg=Tides%200[12]")) == ["Tides 01", "Tides 02"]
    assert titles(client.get(f"{url}?borrowed=false")) == []
    assert titles(client.post(url, json={"borrowed": False})) == []
    assert titles(client.post(url, json={"$or": [{"title": "Tides 00"}, {"title": "Tides 01"}]})) == ["Tides 01"]
    assert titles(client.post(f"{url}?_page=2&_skip=1&_sort=-title", json={})) == ["Tides 10", "Tides 08"]
    assert titles(client.post(url, json=["$or", [{"title": "Tides 02"}]])) == ["Tides 02"]
    assert titles(client.post(f"{url}?title=Tides%2001", json={"borrow": {"user": {"login": "ines"}}})) == ["Tides 01"]
    both = {"_filter": json.dumps({"title": ["$gt", "Tides 04"]}), "borrow.user.login": "abel"}
    assert titles(client.get(url, query_string=both)) == ["Tides 05", "Tides 08", "Tides 11"]
    assert borrowed.count({"borrowed": False}) == 0


def test_pages_of_a_selection_go_on_by_cursor(media: Backoffice, borrowed: Selection) -> None:
    client = client_of(media)
    for ask in (client.get, lambda url: client.post(url, json={"title": ["$ne", "x"]})):
        url: str | None = "/app/books/_selections/borrowed?_page=3&_sort=-borrow.user.login&_total=none"
        seen: list[str] = []
        while url:
            answer = ask(url)
            assert answer.get_json()["total"] is None
            seen += [row[1] for row in answer.get_json()["result"]]
            url = answer.headers["Link"].split(">")[0][1:] if "Link" in answer.headers else None
        assert seen == [f"Tides {number:02}" for number in (1, 4, 7, 10, 2, 5, 8, 11)]


def test_values_are_in_their_json_form(media: Backoffice) -> None:
    (book,) = media.books.select({"title": "Tides 01"})
    assert row_of(media, ["$.price", "$.borrow.since", "$.cover", "$.size", "$.size[1]", "$.free", "$.tags"]) == [
        book._id,
        "1.50",
        "2031-05-17T01:00:00Z",
        "AP8=",
        [1, "1.500000"],
        "1.500000",
        {"k": [1]},
        ["sea"],
    ]
    assert row_of(media, ["$.tags[0]", "$.tags[-1]", "$.tags[5]", "$.free.k[0]", "$.free.no", "$.borrow.user.address"])[
        1:
    ] == ["sea", "sea", None, 1, None, "192.0.2.7"]
    python = Selection(["$.price", "$.borrow.since"])
    media.books.register_selection("python", python)
    (row,) = python.select({"title": "Tides 01"})["result"]
    assert row == [book._id, decimal.Decimal("1.50"), datetime(2031, 5, 17, 1, tzinfo=UTC)]


def test_columns_of_dicts_and_lists_and_links(media: Backoffice) -> None:
    ines, _ = media.users.select(sort="-login")
    assert row_of(media, ["$.borrow", "$.borrow.user", "$.borrow.user.home"])[1:] == [
        {"user": ines._id, "since": "2031-05-17T01:00:00Z"},
        ines._id,
        {"town": "Lyon"},  # the door is not for clients
    ]
    assert row_of(media, ["$.notes", "$.notes.text", "$.notes[0].by", "$.borrow.user.home.door"])[1:] == [
        [{"text": "n1"}],
        ["n1"],
        "me",  # what is named is shown
        "12",
    ]
    books = [book._id for book in media.books.select({"borrow.user": ines._id})]
    assert row_of(media, ["$.borrow.user.books", "$.borrow.user.books.title", "$.borrow.user.books[1].title"])[1:] == [
        books,
        ["Tides 01", "Tides 04", "Tides 07", "Tides 10"],
        "Tides 04",
    ]
    assert row_of(media, ["$.borrow.user.staff.login", "$.borrow.user.boss.login"])[1:] == [["abel"], None]
    assert row_of(media, ["$.borrow.user.boss.login", "$.borrow.user.staff"], "Tides 02")[1:] == ["ines", []]
    assert row_of(media, ["$.borrow.user.login", "$.borrow.user", "$.borrow"], "Tides 00")[1:] == [
        None,
        None,
        {"user": None, "since": None},
    ]


def test_the_id_comes_first_unless_it_is_named(media: Backoffice) -> None:
    assert row_of(media, ["$.title", "$._id"])[0] == "Tides 01"
    assert len(row_of(media, [])) == 1
    given = ["$.title"]
    Selection(given)
    assert given == ["$.title"]
    assert Selection(given).selectors == ("$._id", "$.title")


def test_selections_with_the_same_columns_are_of_their_own_collections(media: Backoffice) -> None:
    for columns in (["$._id"], ["$._meta.created_by.login", "$._id"]):
        found = []
        for collection in (media.books, media.users):
            selection = collection.register_selection(f"s{len(columns)}", Selection(columns))
            page = selection.select(sort="_id")
            found.append([row[-1] for row in page["result"]])
            assert page["total"] == len(found[-1])
        assert found == [[item._id for item in collection.select()] for collection in (media.books, media.users)]


def test_without_selectors_a_selection_is_of_items(media: Backoffice) -> None:
    client = client_of(media)
    every = media.books.selections["_all"]
    assert [book.title for book in every.select(page_size=2)["result"]] == ["Tides 00", "Tides 01"]
    assert every.select()["result"][0].save
    listed = client.get("/app/books?_page=3&borrowed=true").get_json()
    selected = client.get("/app/books/_selections/_all?_page=3&borrowed=true").get_json()
    assert selected == {name: value for name, value in listed.items() if name != "_view"}
    assert client.post("/app/users/_selections/_all", json={"login": "abel"}).get_json()["total"] == 1


def test_a_filter_may_be_a_function_and_is_asked_each_time(media: Backoffice) -> None:
    wanted = ["Tides 01"]
    media.books.register_selection("now", Selection(["$.title"], filter=lambda: {"title": ("$in", wanted)}))
    mine = Selection(["$.title"], filter=lambda user: {"borrow.user.login": user.login})
    media.books.register_selection("mine", mine)
    client = client_of(media)
    assert client.get("/app/books/_selections/now").get_json()["total"] == 1
    wanted.append("Tides 02")
    assert client.get("/app/books/_selections/now").get_json()["total"] == 2
    with current_user.acting_as({"_id": "u1", "login": "abel"}):
        assert mine.count() == 4
    assert client.get("/app/books/_selections/mine").get_json()["total"] == 0
    media.books.register_selection("wrong", Selection(["$.title"], filter=lambda: {"nope": 1}))
    problem(client.get("/app/books/_selections/wrong"), 500)


def test_a_sort_of_its_own_decides_ties(media: Backoffice) -> None:
    media.books.register_selection("last", Selection(["$.title"], filter={"borrowed": True}, sort="-title"))
    client = client_of(media)

    def titles(query: str) -> list[str]:
        result = client.get(f"/app/books/_selections/last?_page=4{query}").get_json()["result"]
        return [row[1] for row in result]

    assert titles("") == ["Tides 11", "Tides 10", "Tides 08", "Tides 07"]
    assert titles("&_sort=borrow.user.login") == ["Tides 11", "Tides 08", "Tides 05", "Tides 02"]
    assert titles("&_sort=title") == ["Tides 01", "Tides 02", "Tides 04", "Tides 05"]


def test_columns_and_filters_may_be_computed(open_backoffice: Open) -> None:
    backoffice = open_backoffice(
        notes=Item(
            {
                "text": String(),
                "length": Int(set=lambda root: len(root.text or "")),
                "loud": String(exists=lambda root: (root.text or "") > "b"),
            }
        )
    )
    for text, loud in (("a", None), ("ccc", "CCC")):
        backoffice.notes.create({"text": text} | ({"loud": loud} if loud else {}))
    backoffice.notes.register_selection("long", Selection(["$.length", "$.loud"], filter={"length": ("$gt", 0)}))
    answer = client_of(backoffice).get("/app/notes/_selections/long").get_json()
    assert [row[1:] for row in answer["result"]] == [[1, None], [3, "CCC"]]
    assert answer["total"] == 2


# -- registering ----------------------------------------------------------------------------------


def test_a_selection_may_be_registered_at_any_time(db: DBSQLConnector) -> None:
    backoffice = Backoffice("app")
    collections = {name: Collection(name, item, db) for name, item in library_items().items()}
    collections["books"].register_selection("early", Selection(["$.author.name"]))  # before it has a backoffice
    for collection in collections.values():
        backoffice.register_collection(collection)
    backoffice.create_all()
    author = backoffice.authors.create({"name": "Ada"})
    backoffice.books.create({"title": "Notes", "author": author})
    client = client_of(backoffice)
    assert client.get("/app/books/_selections/early").get_json()["result"][0][1:] == ["Ada"]
    problem(client.get("/app/books/_selections/late"), 400)
    backoffice.books.register_selection("late", Selection(["$.title"]))
    assert client.get("/app/books/_selections/late").get_json()["result"][0][1:] == ["Notes"]


def test_an_unknown_selection_is_named_with_those_that_there_are(client: FlaskClient) -> None:
    for method in ("get", "post"):
        detail = problem(client.open("/app/books/_selections/nope", method=method, json={}), 400)["detail"]
        assert "'nope'" in detail
        assert "_all" in detail
    problem(client.delete("/app/books/_selections/_all"), 405)
    problem(client.get("/app/books/_selections"), 404)
    problem(client.get("/app/books/_selections/x/y"), 404)


@pytest.mark.parametrize(
    ("selectors", "options"),
    [
        (["$.nope"], {}),
        (["title"], {}),
        (["$..title"], {}),
        (["$.author.nope"], {}),
        (["$.author.name.x"], {}),
        (["$.author[0]"], {}),
        (["$.shelves.nope"], {}),
        (["$.shelves[0].nope"], {}),
        (["$.title[0]"], {}),
        (["$.tags[0].x"], {}),
        (["$.loan.reader.loans.nope"], {}),
        (["$.title"], {"filter": {"nope": 1}}),
        (["$.title"], {"filter": {"pages": ("$gt", "x")}}),
        (["$.title"], {"sort": "nope"}),
        (["$.title"], {"sort": "tags"}),
        (["$.title"], {"sort": [1]}),
    ],
)
def test_a_wrong_selection_is_told_when_it_is_registered_or_first_used(
    library: Backoffice, db: DBSQLConnector, selectors: list[str], options: dict[str, Any]
) -> None:
    with pytest.raises(DescriptionError, match=r"wrong|sort"):
        library.books.register_selection("wrong", Selection(selectors, **options))
    assert "wrong" not in library.books.selections
    other = describe(DBSQLConnector("sqlite://"), **library_items())
    other.books.register_selection("wrong", Selection(selectors, **options))
    with pytest.raises(DescriptionError, match=r"wrong|sort"):
        other.check_syntax()
    other.books.connector.dispose()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "selectors",
    [
        "$.tags[0]",
        "$.tags[:2]",
        "$.shelves[0].label",
        "$.shelves[:1].label",
        "$.loan.*",
        "$.*",
        "$",
        "@.title",
        "$['title']",
    ],
)
def test_whatever_selects_may_be_a_column(library: Backoffice, selectors: str) -> None:
    library.books.register_selection("columns", Selection([selectors]))
    library.books.create({"title": "Notes", "author": library.authors.create({"name": "Ada"})})
    answer = client_of(library).get("/app/books/_selections/columns")
    assert answer.status_code == 200
    assert len(answer.get_json()["result"][0]) == 2


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        (["$.title"], {}),
        ([[1]], {}),
        ([{"$.title": 1}], {}),
        ([["$.title"]], {"filter": "title"}),
        ([["$.title"]], {"can_read": 1}),
        ([["$.title"]], {"sort": 1}),
        ([["$.title"]], {"db_filter": lambda: None}),
        ([["$.title"]], {"can_raed": True}),
    ],
)
def test_a_wrong_option_is_told_when_it_is_written(arguments: list[Any], options: dict[str, Any]) -> None:
    with pytest.raises(DescriptionError):
        Selection(*arguments, **options)


def test_a_name_and_a_selection_are_registered_once(library: Backoffice) -> None:
    selection = Selection(["$.title"])
    library.books.register_selection("titles", selection)
    for name, other in (("titles", Selection()), ("again", selection), ("_mine", Selection()), ("a/b", Selection())):
        with pytest.raises(DescriptionError):
            library.books.register_selection(name, other)
    with pytest.raises(DescriptionError):
        library.authors.register_selection("titles", {"selectors": []})  # type: ignore[arg-type]
    with pytest.raises(DescriptionError, match="register_selection"):
        Selection(["$.title"]).select()


def test_meta_tells_the_selections(media: Backoffice, borrowed: Selection) -> None:
    media.users.register_selection("mine", Selection(None, can_read=lambda right, item: True))
    told = {each["name"]: each["selections"] for each in client_of(media).get("/app/_meta").get_json()["collections"]}
    every = {"name": "_all", "selectors": None, "rights": {"read": True}}
    assert told == {
        "books": [
            every,
            {"name": "borrowed", "selectors": ["$._id", "$.title", "$.borrow.user.login"], "rights": {"read": True}},
        ],
        "users": [every, {"name": "mine", "selectors": None, "rights": {"read": "func"}}],
    }


# -- requests -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("nope=1", "'nope'"),
        ("_view=client", "_view"),
        ("_page=x", "_page"),
        ("_sort=nope", "'nope'"),
        ("_cursor=x", "_cursor"),
        ("_total=some", "_total"),
        ("_filter=x", "_filter"),
        ("title.$foo=1", "$foo"),
    ],
)
def test_what_a_selection_is_asked_wrongly_is_refused_by_name(
    media: Backoffice, borrowed: Selection, query: str, told: str
) -> None:
    client = client_of(media)
    url = f"/app/books/_selections/borrowed?{query}"
    assert told in problem(client.get(url), 400)["detail"]
    assert told in problem(client.post(url, json={}), 400)["detail"]


def test_the_body_is_a_filter_in_json(media: Backoffice, borrowed: Selection) -> None:
    client = client_of(media)
    url = "/app/books/_selections/borrowed"
    for body in ({"nope": 1}, 7, "x", [1], {"title": ["$foo", 1]}):
        problem(client.post(url, json=body), 400)
    problem(client.post(url, data="{", content_type="application/json"), 400)
    problem(client.post(url, data="title: x", content_type="text/plain"), 415)
    assert client.post(url, data="null", content_type="application/json").get_json()["total"] == 8
    with pytest.raises(QueryError):
        borrowed.select({"nope": 1})
    with pytest.raises(QueryError, match="page_size"):
        borrowed.select(page_size=-1)


# -- rights ---------------------------------------------------------------------------------------


USERS: dict[str, dict[str, Any]] = {
    "me": {"_id": "1", "login": "me", "roles": []},
    "boss": {"_id": "2", "login": "boss", "roles": ["BOSS"]},
}


def logged_in(backoffice: Backoffice) -> FlaskClient:
    """A client who says in the header `X-User` who it is."""

    def verify() -> None:
        if request.headers.get("X-User"):
            current_user.set(USERS[request.headers["X-User"]])

    return client_of(backoffice, "", verify)


def test_who_may_ask(media: Backoffice) -> None:
    asked: list[tuple[str, Any]] = []

    def right(name: str, item: Any) -> bool:
        asked.append((name, item))
        return current_user.has_role("BOSS")

    for name, selection in {
        "boss": Selection(["$.title"], can_read=right),
        "user": Selection(["$.title"], can_read=lambda user: user.has_role("BOSS")),
        "odd": Selection(["$.title"], can_read=lambda: "yes"),
        "nobody": Selection(["$.title"], can_read=False),
        "alias": Selection(["$.title"], read=False),
    }.items():
        media.books.register_selection(name, selection)
    client = logged_in(media)
    for name in ("boss", "user", "odd", "nobody", "alias"):
        url = f"/app/books/_selections/{name}"
        problem(client.get(url), 401)
        problem(client.post(url, json={}), 401)
        problem(client.get(url, headers={"X-User": "me"}), 403)
        with pytest.raises(RightsError, match=name):
            media.books.selections[name].select()
        with pytest.raises(RightsError, match=name):
            media.books.selections[name].count()
    for name in ("boss", "user"):
        assert client.get(f"/app/books/_selections/{name}", headers={"X-User": "boss"}).get_json()["total"] == 12
    assert set(asked) == {("read", None)}


def test_a_column_that_nobody_may_read_is_refused_and_one_that_depends_is_null(
    open_backoffice: Open,
) -> None:
    backoffice = open_backoffice(
        people=Item(
            {
                "name": String(),
                "secret": String(can_read=False),
                "own": Int(can_read=lambda right, item: item.name == current_user.login),
                "home": Dict({"street": String(), "town": String(can_read=True)}, can_read=False),
                "boss": Ref(coll="people", can_read=False),
                "friend": Ref(coll="people"),
            }
        )
    )
    me = backoffice.people.create({"name": "me", "secret": "s", "own": 1, "home": {"street": "a", "town": "Lyon"}})
    backoffice.people.create({"name": "Bo", "secret": "t", "own": 2, "friend": me, "boss": me})
    register = backoffice.people.register_selection
    for name, column in {
        "secret": "$.secret",
        "street": "$.home.street",
        "theirs": "$.friend.secret",
        "boss": "$.boss",
        "chief": "$.boss.name",
    }.items():
        register(name, Selection(["$.name", column]))
    register("own", Selection(["$.name", "$.own", "$.friend.own", "$.home", "$.home.town", "$"]))
    client = logged_in(backoffice)
    for name in ("secret", "street", "theirs", "boss", "chief"):
        for headers in ({}, {"X-User": "me"}, {"X-User": "boss"}):
            assert "column" in problem(client.get(f"/app/people/_selections/{name}", headers=headers), 403)["detail"]
        with pytest.raises(RightsError):
            backoffice.people.selections[name].select()
    rows = client.get("/app/people/_selections/own", headers={"X-User": "me"}).get_json()["result"]
    assert [row[1:6] for row in rows] == [
        ["me", 1, None, {"town": "Lyon"}, "Lyon"],
        ["Bo", None, 1, {"town": None}, None],
    ]
    for row in rows:
        assert row[6].keys() >= {"name", "home", "friend"}
        assert row[6].keys().isdisjoint({"secret", "boss"})
    assert "own" not in rows[1][6]
    assert rows[0][6]["home"] == {"town": "Lyon"}


def test_the_users_filter_and_sort_obey_rights_and_its_own_filter_need_not(open_backoffice: Open) -> None:
    backoffice = open_backoffice(people=Item({"name": String(), "salary": Int(can_read=False)}))
    for name, salary in (("Ada", 900), ("Bo", 9)):
        backoffice.people.create({"name": name, "salary": salary})
    backoffice.people.register_selection("rich", Selection(["$.name"], filter={"salary": ("$gt", 100)}))
    client = client_of(backoffice)
    url = "/app/people/_selections/rich"
    assert [row[1] for row in client.get(url).get_json()["result"]] == ["Ada"]
    problem(client.get(f"{url}?salary.$gt=1"), 401)
    problem(client.get(f"{url}?_sort=salary"), 401)
    problem(client.post(url, json={"$or": [{"salary": 900}]}), 401)
    with pytest.raises(DescriptionError, match="salary"):  # the order would tell, and so would a cursor
        backoffice.people.register_selection("order", Selection(["$.name"], sort="-salary"))


# -- statements -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("selectors", "most"),
    [
        (["$.title"], 2),
        (["$.title", "$.borrow.since"], 2),
        (["$.title", "$.borrow.user.login"], 2),
        (["$.borrow.user.login", "$.borrow.user.home.town", "$.borrow.user.boss.login"], 2),
        (["$.tags", "$.borrow.user.login", "$.borrow.user.home"], 3),
        (["$.borrow.user.books.title", "$.borrow.user.staff.login"], 7),
    ],
)
def test_a_page_of_a_selection_takes_as_many_statements_however_many_rows_it_has(
    media: Backoffice, db: DBSQLConnector, selectors: list[str], most: int
) -> None:
    media.books.register_selection("columns", Selection(selectors, filter={"borrowed": True}))
    client = client_of(media)
    counts = []
    for page in (2, 8):
        with statements(db) as seen:
            assert len(client.get(f"/app/books/_selections/columns?_page={page}").get_json()["result"]) == page
        counts.append(len(seen))
    assert counts[0] == counts[1] <= most


def test_only_the_lists_that_a_column_needs_are_read(library: Backoffice, db: DBSQLConnector) -> None:
    author = library.authors.create({"name": "Ada"})
    library.books.create({"title": "Notes", "author": author})
    client = client_of(library)
    library.books.register_selection("titles", Selection(["$.title"]))
    library.books.register_selection("shelves", Selection(["$.title", "$.shelves"]))
    for name, expected in (("titles", 2), ("shelves", 3)):
        with statements(db) as seen:
            client.get(f"/app/books/_selections/{name}")
        assert len(seen) == expected


def test_columns_reach_into_another_database(tmp_path: Path) -> None:
    connectors = [DBSQLConnector(f"sqlite:///{tmp_path / name}.db") for name in ("one", "two")]
    backoffice = Backoffice("app")
    lands = Collection("lands", Item({"name": String()}), connectors[0])
    towns = Collection("towns", Item({"name": String(), "land": Ref(coll="lands")}), connectors[1])
    for collection in (lands, towns):
        backoffice.register_collection(collection)
    backoffice.create_all()
    towns.create({"name": "Lyon", "land": lands.create({"name": "France"})})
    towns.register_selection("places", Selection(["$.name", "$.land.name"]))
    assert client_of(backoffice).get("/app/towns/_selections/places").get_json()["result"][0][1:] == ["Lyon", "France"]
    for connector in connectors:
        connector.dispose()
