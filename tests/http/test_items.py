"""The routes of a collection and of its items: what is asked, what is answered."""

from __future__ import annotations

import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from flask import Flask, abort, jsonify, request
from flask.testing import FlaskClient

from backo_sql import (
    Backoffice,
    Bool,
    Collection,
    Datetime,
    DBSQLConnector,
    DescriptionError,
    Dict,
    Float,
    Int,
    Item,
    List,
    Ref,
    RefsList,
    RightsError,
    String,
    current_user,
)
from tests.support import Connect, Open, client_of, describe, on_one_database, problem, row_counts

ADA = {"_id": "u1", "login": "ada", "roles": ["ADMIN"]}
GRACE = {"_id": "u2", "login": "grace", "roles": []}
ANONYMOUS = {"_id": "000", "login": "ANONYMOUS"}


def create(client: FlaskClient, collection: str, **data: Any) -> dict[str, Any]:
    answer = client.post(f"/app/{collection}", json=data)
    assert answer.status_code == 201, answer.get_data(as_text=True)
    return dict(answer.get_json())


@pytest.fixture
def author(client: FlaskClient) -> dict[str, Any]:
    return create(client, "authors", name="Ada")


@pytest.fixture
def book(client: FlaskClient, author: dict[str, Any]) -> dict[str, Any]:
    reader = create(client, "readers", name="Rosa")
    return create(
        client,
        "books",
        title="Notes",
        author=author["_id"],
        isbn="007",
        pages=120,
        tags=["a", "b"],
        loan={"reader": reader["_id"], "until": "2031-05-17T09:30:00+02:00"},
    )


# -- create ---------------------------------------------------------------------------------------


def test_a_creation_answers_201_with_the_item_and_where_it_is(client: FlaskClient) -> None:
    answer = client.post("/app/authors", json={"name": "Ada", "born": "1815-12-10T12:00:00+02:00"})
    assert answer.status_code == 201
    assert answer.mimetype == "application/json"
    item = answer.get_json()
    assert item.keys() == {"name", "born", "books", "_id", "_meta"}
    assert (item["name"], item["born"], item["books"]) == ("Ada", "1815-12-10T10:00:00Z", [])
    assert urlsplit(answer.location).path == f"/app/authors/{item['_id']}"
    found = client.get(answer.location)
    assert (found.status_code, found.mimetype) == (200, "application/json")
    assert found.get_json() == item


def test_what_a_creation_leaves_out_has_its_default_or_is_null(client: FlaskClient, author: dict[str, Any]) -> None:
    item = create(client, "books", title="Notes", author=author["_id"])
    assert {name: value for name, value in item.items() if not name.startswith("_")} == {
        "title": "Notes",
        "isbn": None,
        "pages": None,
        "price": None,
        "in_print": True,
        "published": None,
        "genre": None,
        "tags": [],
        "loan": {"reader": None, "until": None},
        "author": author["_id"],
        "shelves": [],
    }


def test_every_field_at_fault_is_named_at_once(client: FlaskClient, library: Backoffice) -> None:
    data = {"title": 3, "pages": 0, "price": "much", "genre": "x", "tags": ["a", 1], "loan": {"until": 5}, "zz": 1}
    told = problem(client.post("/app/books", json=data), 400)
    assert told["errors"].keys() == {
        "$.title",
        "$.pages",
        "$.price",
        "$.genre",
        "$.tags[1]",
        "$.loan.until",
        "$.author",
        "$.zz",
    }
    assert all(texts and all(isinstance(text, str) for text in texts) for texts in told["errors"].values())
    assert library.books.count() == 0


def test_a_duplicate_is_a_conflict_that_names_the_field(client: FlaskClient) -> None:
    create(client, "shelves", label="one")
    told = problem(client.post("/app/shelves", json={"label": "one"}), 409)
    assert told["errors"].keys() == {"$.label"}


def test_a_creation_with_links_is_answered_as_it_is_read(client: FlaskClient, book: dict[str, Any]) -> None:
    shelf = create(client, "shelves", label="one", books=[book["_id"]])
    assert shelf == client.get(f"/app/shelves/{shelf['_id']}").get_json()
    assert client.get(f"/app/books/{book['_id']}").get_json()["shelves"] == [shelf["_id"]]


# -- URLs -----------------------------------------------------------------------------------------


def test_a_collection_has_one_route_however_it_is_written(client: FlaskClient) -> None:
    for count, url in enumerate(("/app/authors", "/app/authors/", "/app/coll/authors", "/app/coll/authors/"), 1):
        made = client.post(url, json={"name": "Ada"})
        assert made.status_code == 201
        assert client.get(made.location).get_json() == made.get_json()
        assert client.get(url).get_json()["result"][-1] == made.get_json()
        assert client.get(url, query_string={"name": "Ada"}).get_json()["total"] == count


def test_an_item_has_one_route_however_it_is_written(client: FlaskClient, author: dict[str, Any]) -> None:
    for start in ("/app/authors", "/app/coll/authors"):
        for end in ("", "/"):
            url = f"{start}/{author['_id']}{end}"
            assert client.get(url).get_json()["_id"] == author["_id"]
            assert client.put(url, json={"name": url}).get_json()["name"] == url
            operation = {"op": "test", "path": "$.name", "value": url}
            assert client.patch(url, json=operation).status_code == 200
    assert client.delete(f"/app/coll/authors/{author['_id']}/").status_code == 200


def test_an_id_of_ones_own_may_hold_any_letter(open_backoffice: Open, db: DBSQLConnector) -> None:
    db.generate_id = lambda item: item.name
    client = client_of(open_backoffice(things=Item({"name": String(), "size": Int()})))
    for name in ("a b", "é", "100%", "a?b", "a#b", "a&b=c", "a+b", "a;b", "it's", '"', "a\\b", "🙂", "a:b", "%2F"):
        made = client.post("/app/things", json={"name": name})
        assert made.get_json()["_id"] == name
        assert made.location.endswith(f"/app/things/{quote(name, safe='')}")
        assert client.get(made.location).get_json() == made.get_json()
        assert client.get("/app/things", query_string={"_id": name}).get_json()["total"] == 1
        assert client.put(made.location, json={"size": 1}).get_json()["size"] == 1
        assert client.delete(made.location).status_code == 200
    assert client.get("/app/things").get_json()["total"] == 0


@on_one_database
def test_where_an_item_is_takes_account_of_where_the_application_is(library: Backoffice) -> None:
    client = client_of(library, "api/v1")
    made = client.post("/api/v1/app/authors", json={"name": "Ada"}, base_url="http://host/mounted")
    assert urlsplit(made.location).path == f"/mounted/api/v1/app/authors/{made.get_json()['_id']}"


@on_one_database
def test_a_url_that_leads_nowhere_is_a_problem(client: FlaskClient) -> None:
    for url in ("/app", "/app/", "/app/nothing", "/app/coll", "/app/authors/a/b", "/app/_nothing"):
        for method in ("GET", "POST", "DELETE"):
            assert url in problem(client.open(url, method=method), 404)["detail"]


# -- pages ----------------------------------------------------------------------------------------


@pytest.fixture
def shelves(client: FlaskClient, library: Backoffice) -> list[str]:
    """Twelve shelves, and their labels in the order of their ids."""
    labels = [f"{number:02}" for number in range(12)]
    with library.transaction():
        for label in labels:
            library.shelves.create({"label": label})
    return labels


def test_a_page_is_a_part_of_all_in_order_with_the_total(client: FlaskClient, shelves: list[str]) -> None:
    for query, page, skip, expected in (
        ("", 10, 0, slice(0, 10)),
        ("_page=5", 5, 0, slice(0, 5)),
        ("_page=5&_skip=3", 5, 3, slice(3, 8)),
        ("_skip=10", 10, 10, slice(10, 12)),
        ("_skip=11&_page=1", 1, 11, slice(11, 12)),
        ("_skip=12", 10, 12, slice(0, 0)),
        ("_skip=4000&_page=1000", 1000, 4000, slice(0, 0)),
        ("_page=12", 12, 0, slice(0, 12)),
        ("_page=1000", 1000, 0, slice(0, 12)),
    ):
        answer = client.get(f"/app/shelves?{query}").get_json()
        assert [shelf["label"] for shelf in answer.pop("result")] == shelves[expected], query
        following = answer.pop("next")
        assert answer == {"total": 12, "_view": "client", "_skip": skip, "_page": page}, query
        assert (following is None) == (skip + page >= 12), query


def test_page_0_is_as_many_as_allowed(client: FlaskClient, shelves: list[str]) -> None:
    answer = client.get("/app/shelves?_page=0").get_json()
    assert [shelf["label"] for shelf in answer["result"]] == shelves
    assert answer["total"] == 12


def test_the_total_counts_what_matches(client: FlaskClient, shelves: list[str]) -> None:
    answer = client.get("/app/shelves?label.$gte=04&_page=3&_skip=1").get_json()
    assert [shelf["label"] for shelf in answer["result"]] == ["05", "06", "07"]
    assert answer["total"] == 8


def test_an_empty_collection_is_an_empty_page(client: FlaskClient) -> None:
    answer = client.get("/app/readers").get_json()
    assert (answer["result"], answer["total"]) == ([], 0)


def test_an_item_of_a_page_is_the_item(client: FlaskClient, book: dict[str, Any]) -> None:
    for collection in ("authors", "books", "readers"):
        (found,) = client.get(f"/app/{collection}").get_json()["result"]
        assert found == client.get(f"/app/{collection}/{found['_id']}").get_json()


# -- filters --------------------------------------------------------------------------------------


@pytest.fixture
def things(open_backoffice: Open) -> FlaskClient:
    """Four things, each named by a letter, with values of every type that can be compared."""
    backoffice = open_backoffice(
        owners=Item({"name": String()}),
        things=Item(
            {
                "name": String(),
                "text": String(),
                "whole": Int(),
                "real": Float(),
                "truth": Bool(),
                "at": Datetime(),
                "in": Dict({"deep": Dict({"whole": Int()}), "owner": Ref(coll="owners")}),
                "tags": List(String()),
            }
        ),
    )
    backoffice.owners.connector.generate_id = lambda item: item.name  # type: ignore[attr-defined]
    with backoffice.transaction():
        for name in ("o1", "o2"):
            backoffice.owners.create({"name": name})
        rows: list[dict[str, Any]] = [
            {
                "text": "007",
                "whole": 1,
                "real": 0.5,
                "truth": True,
                "at": "2030-01-01T00:00:00Z",
                "in": {"owner": "o1"},
            },
            {"text": "7", "whole": -2, "real": -1.5e10, "truth": False, "at": "2030-01-01T01:00:00+02:00"},
            {"text": "Zoë", "whole": 2**63 - 1, "real": 3, "in": {"deep": {"whole": 5}, "owner": "o2"}},
            {},
        ]
        for name, row in zip("abcd", rows, strict=True):
            backoffice.things.create({"name": name} | row)
    return client_of(backoffice)


#: a query, and the names of the things that it finds
FILTERS = (
    # text
    ("text=007", "a"),
    ("text=7", "b"),
    ("text=Zo%C3%AB", "c"),
    ("text=zo%C3%AB", ""),
    ("text=", ""),
    ("text.$eq=7", "b"),
    ("text.$ne=7", "acd"),
    ("text.$gt=1", "bc"),
    ("text.$gte=7", "bc"),
    ("text.$lt=7", "a"),
    ("text.$lte=7", "ab"),
    ("text.$in=7&text.$in=007", "ab"),
    ("text.$nin=7&text.$nin=007", "cd"),
    ("text=7&text=007", "ab"),
    ("$.text=7", "b"),
    # whole numbers
    ("whole=1", "a"),
    ("whole=%2B1", "a"),
    ("whole=01", "a"),
    ("whole=-2", "b"),
    ("whole=9223372036854775807", "c"),
    ("whole.$gt=-3", "abc"),
    ("whole.$lt=1", "b"),
    ("whole.$ne=1", "bcd"),
    ("whole.$gte=-2&whole.$lt=2", "ab"),
    ("whole.$gt=0&whole.$gt=1", "c"),
    # real numbers
    ("real=0.5", "a"),
    ("real=3", "c"),
    ("real=-1.5e10", "b"),
    ("real.$lt=.5", "b"),
    ("real.$gte=5E-1", "ac"),
    # truth
    ("truth=true", "a"),
    ("truth=False", "b"),
    ("truth.$ne=true", "bcd"),
    # instants
    ("at=2030-01-01T00:00:00Z", "a"),
    ("at=2030-01-01T02:00:00%2B02:00", "a"),
    ("at=2029-12-31T23:00:00", "b"),
    ("at.$lt=2030-01-01", "b"),
    ("at.$lte=2030-01-01", "ab"),
    ("at.$gt=2029-12-31T23:00:00.000001Z", "a"),
    # in a Dict, references, the library's own fields
    ("in.deep.whole=5", "c"),
    ("in.deep.whole.$gt=5", ""),
    ("in.owner=o1", "a"),
    ("in.owner.$ne=o1", "bcd"),
    ("in.owner.$in=o1&in.owner.$in=o2", "ac"),
    ("_meta.created_by.login=ANONYMOUS", "abcd"),
    ("_meta.ctime.$lt=2000-01-01", ""),
    ("_id=nobody", ""),
    # several
    ("text.$gt=1&truth=false", "b"),
    ("text=7&whole=1", ""),
)


def test_a_filter_finds_what_it_says(things: FlaskClient) -> None:
    for query, expected in FILTERS:
        answer = things.get(f"/app/things?{query}")
        assert answer.status_code == 200, (query, answer.get_data(as_text=True))
        found = answer.get_json()
        assert "".join(sorted(item["name"] for item in found["result"])) == expected, query
        assert found["total"] == len(expected), query


def test_an_item_is_found_by_its_id_and_its_stamps(client: FlaskClient, author: dict[str, Any]) -> None:
    other = create(client, "authors", name="Grace")
    for query, count in (
        ({"_id": author["_id"]}, 1),
        ({"_id": [author["_id"], other["_id"]]}, 2),
        ({"_id.$gt": author["_id"]}, 1),
        ({"_meta.ctime": author["_meta"]["ctime"]}, 1),
        ({"_meta.mtime.$gte": author["_meta"]["mtime"]}, 2),
    ):
        assert client.get("/app/authors", query_string=query).get_json()["total"] == count, query


#: a query that can't be understood, and what the answer names
MISTAKES = (
    ("titel=x", "title"),
    ("titel=x", "titel"),
    ("loan.untill=x", "loan.until"),
    ("title.x=1", "title.x"),
    ("title.$like=x", "$like"),
    ("title.$gtt=x", "$gtt"),
    ("$gt=1", "$gt"),
    ("in_print.$lt=true", "$lt"),
    ("pages=many", "pages"),
    ("pages=1.5", "pages"),
    ("pages=", "pages"),
    ("pages=1_000", "pages"),
    ("pages=%D9%A3", "pages"),
    ("pages=9223372036854775808", "pages"),
    ("pages=99999999999999999999999999999999999999999999999999", "pages"),
    ("pages=1&pages=x", "pages"),
    ("price=much", "price"),
    ("price=nan", "price"),
    ("price=inf", "price"),
    ("price=1e999", "price"),
    ("in_print=1", "in_print"),
    ("in_print=yes", "in_print"),
    ("published=yesterday", "published"),
    ("published=2030-13-01", "published"),
    ("published=0001-01-01T00:00:00%2B14:00", "published"),
    ("author=a/b", "author"),
    ("title=a%00b", "title"),
    ("isbn.$in=a%00b", "isbn"),
    ("_page=-1", "_page"),
    ("_page=abc", "_page"),
    ("_page=1001", "_page"),
    ("_page=1.0", "_page"),
    ("_page=", "_page"),
    ("_page=%D9%A3", "_page"),
    ("_page=99999999999999999999", "_page"),
    ("_page=1&_page=2", "_page"),
    ("_skip=-1", "_skip"),
    ("_skip=9223372036854775808", "_skip"),
    ("_skip=1e3", "_skip"),
    ("_pge=1", "_page"),
    ("_pge=1", "_pge"),
    ("_sort_by=title", "_sort_by"),
    ("__proto__=1", "__proto__"),
    ("_view=", "_view"),
    ("_view=%00", "_view"),
    ("_version=1", "_version"),
    ("=1", ""),
    ("constructor=1", "constructor"),
    ("title%00=1", "title"),
)


def test_a_parameter_that_can_not_be_understood_is_named(client: FlaskClient) -> None:
    for query, named in MISTAKES:
        answer = client.get(f"/app/books?{query}")
        assert answer.status_code == 400, query
        assert named in problem(answer, 400)["detail"], query


def test_no_route_drops_a_parameter_in_silence(client: FlaskClient, author: dict[str, Any]) -> None:
    url = f"/app/authors/{author['_id']}"
    for query in ("foo=1", "_page=1", "name=Ada", "_foo=1", "force"):
        for answer in (
            client.get(f"{url}?{query}"),
            client.put(f"{url}?{query}", json={"name": "Grace"}),
            client.patch(f"{url}?{query}", json={"op": "replace", "path": "$.name", "value": "Grace"}),
            client.delete(f"{url}?{query}"),
            client.post(f"/app/authors?{query}", json={"name": "Grace"}),
            client.get(f"/app/_meta?{query}"),
        ):
            assert query.partition("=")[0] in problem(answer, 400)["detail"]
    assert client.get("/app/authors").get_json()["result"] == [author]


# -- read -----------------------------------------------------------------------------------------


def test_an_item_that_is_not_there_is_told_by_its_id(client: FlaskClient) -> None:
    for answer in (
        client.get("/app/authors/nobody"),
        client.put("/app/authors/nobody", json={"name": "Ada"}),
        client.patch("/app/authors/nobody", json={"op": "test", "path": "$.name", "value": "Ada"}),
        client.delete("/app/authors/nobody"),
    ):
        assert "nobody" in problem(answer, 404)["detail"]


def test_a_view_chooses_the_fields(open_backoffice: Open) -> None:
    backoffice = open_backoffice(
        people=Item(
            {
                "name": String(views=["short"]),
                "secret": String(views=["!client"]),
                "bio": String(views=["!short"]),
                "home": Dict({"city": String(views=["short"]), "street": String()}),
            }
        )
    )
    client = client_of(backoffice)
    data = {"name": "Ada", "secret": "s", "bio": "b", "home": {"city": "Lyon", "street": "x"}}
    expected = {
        "client": {"name", "bio", "home", "_id", "_meta"},
        "short": {"name", "secret", "home", "_id", "_meta"},
        "+short": {"name", "home", "_id"},
        "other": {"name", "secret", "bio", "home", "_id", "_meta"},
    }
    item = backoffice.people.create(data)
    url = f"/app/people/{item._id}"
    for view, keys in expected.items():
        query = {"_view": view}
        assert client.get(url, query_string=query).get_json().keys() == keys
        assert client.put(url, query_string=query, json={}).get_json().keys() == keys
        assert client.patch(url, query_string=query, json=[]).get_json().keys() == keys
        assert client.post("/app/people", query_string=query, json=data).get_json().keys() == keys
        page = client.get("/app/people", query_string=query).get_json()
        assert page["_view"] == view
        assert page["result"][0].keys() == keys
    short = {"_id": item._id, "name": "Ada", "home": {"city": "Lyon"}}
    assert client.get(url, query_string={"_view": "+short"}).get_json() == short
    assert client.get(f"{url}?_view=+short").get_json() == short  # a plus is a blank in a URL
    assert client.get(url).get_json().keys() == expected["client"]


# -- change ---------------------------------------------------------------------------------------


def test_put_changes_what_is_named_and_keeps_the_rest(client: FlaskClient, book: dict[str, Any]) -> None:
    url = f"/app/books/{book['_id']}"
    answer = client.put(url, json={"title": "More", "loan": {"until": None}, "isbn": None, "tags": []})
    assert answer.status_code == 200
    expected = book | {
        "title": "More",
        "isbn": None,
        "tags": [],
        "loan": {"reader": book["loan"]["reader"], "until": None},
        "_meta": answer.get_json()["_meta"],
    }
    assert answer.get_json() == expected
    assert client.get(url).get_json() == expected


def test_put_of_null_empties_a_dict(client: FlaskClient, book: dict[str, Any]) -> None:
    url = f"/app/books/{book['_id']}"
    assert client.put(url, json={"loan": None}).get_json()["loan"] == {"reader": None, "until": None}
    assert client.get(f"/app/readers/{book['loan']['reader']}").get_json()["loans"] == []


def test_put_of_what_was_got_changes_nothing(client: FlaskClient, book: dict[str, Any]) -> None:
    create(client, "shelves", label="one", books=[book["_id"]])
    for collection in ("authors", "books", "readers", "shelves"):
        (item,) = client.get(f"/app/{collection}").get_json()["result"]
        answer = client.put(f"/app/{collection}/{item['_id']}", json=item)
        assert answer.status_code == 200
        assert answer.get_json() == item
        assert client.get(f"/app/{collection}/{item['_id']}").get_json() == item


def test_put_of_nothing_is_no_change(client: FlaskClient, author: dict[str, Any]) -> None:
    answer = client.put(f"/app/authors/{author['_id']}", json={})
    assert (answer.status_code, answer.get_json()) == (200, author)


def test_a_refused_put_changes_nothing(client: FlaskClient, book: dict[str, Any]) -> None:
    url = f"/app/books/{book['_id']}"
    told = problem(client.put(url, json={"title": None, "pages": 0, "isbn": "008", "in_print": None}), 400)
    assert told["errors"].keys() == {"$.title", "$.pages", "$.in_print"}
    assert client.get(url).get_json() == book


FORGERIES = [
    {"_id": "other"},
    {"_id": None},
    {"_id": 5},
    {"_meta": None},
    {"_meta": {}},
    {"_meta": {"ctime": "2000-01-01T00:00:00Z"}},
    {"_meta": {"created_by": {"login": "forged"}}},
]


def test_what_the_library_keeps_itself_is_not_changed_by_put(client: FlaskClient, author: dict[str, Any]) -> None:
    url = f"/app/authors/{author['_id']}"
    for forgery in FORGERIES:
        for user in (ANONYMOUS, ADA):
            with current_user.acting_as(user):
                problem(client.put(url, json={"name": "Grace"} | forgery), 403)
        assert client.get(url).get_json() == author, forgery


def test_what_the_library_keeps_itself_is_not_changed_by_patch(client: FlaskClient, author: dict[str, Any]) -> None:
    url = f"/app/authors/{author['_id']}"
    rename = {"op": "replace", "path": "$.name", "value": "Grace"}
    for operation in (
        {"op": "replace", "path": "$._id", "value": "other"},
        {"op": "remove", "path": "$._id"},
        {"op": "replace", "path": "$._meta.ctime", "value": "2000-01-01T00:00:00Z"},
        {"op": "replace", "path": "$._meta.created_by.login", "value": "forged"},
        {"op": "replace", "path": "$._meta.created_by", "value": {"_id": "x", "login": "forged"}},
        {"op": "replace", "path": "$._meta", "value": {"ctime": "2000-01-01T00:00:00Z"}},
        {"op": "remove", "path": "$._meta"},
        {"op": "remove", "path": "$._meta.created_by"},
        *({"op": "replace", "path": "$", "value": {"name": "Grace"} | forgery} for forgery in FORGERIES),
    ):
        for user in (ANONYMOUS, ADA):
            with current_user.acting_as(user):
                problem(client.patch(url, json=[rename, operation]), 403)
        assert client.get(url).get_json() == author, operation


def test_what_the_library_keeps_itself_is_not_changed_in_python(library: Backoffice) -> None:
    author = library.authors.create({"name": "Ada"})

    def change_id() -> None:
        author._id = "other"

    def change_time() -> None:
        author._meta.ctime = datetime(2000, 1, 1, tzinfo=UTC)

    def change_user() -> None:
        author._meta.created_by.login = "forged"

    for change in (change_id, change_time, change_user):
        with pytest.raises(RightsError):
            change()
    author.name = "Grace"
    author.save()
    found = library.authors.get_by_id(author._id)
    assert found._meta.created_by.login == "ANONYMOUS"
    assert found._meta.ctime > datetime.now(UTC) - timedelta(minutes=5)


# -- patch ----------------------------------------------------------------------------------------


#: operations on the fixture's book, and what is different then
PATCHES: tuple[tuple[Any, dict[str, Any]], ...] = (
    ({"op": "replace", "path": "$.title", "value": "More"}, {"title": "More"}),
    ({"op": "replace", "path": "$.loan.until", "value": None}, {"loan.until": None}),
    ({"op": "replace", "path": "$.loan", "value": {"until": None}}, {"loan.until": None}),
    ({"op": "replace", "path": "$.loan", "value": None}, {"loan.until": None, "loan.reader": None}),
    ({"op": "replace", "path": "$.tags", "value": ["z"]}, {"tags": ["z"]}),
    ({"op": "replace", "path": "$.tags[0]", "value": "z"}, {"tags": ["z", "b"]}),
    ({"op": "replace", "path": "$.tags[-1]", "value": "z"}, {"tags": ["a", "z"]}),
    ({"op": "replace", "path": "$", "value": {"title": "More", "pages": 1}}, {"title": "More", "pages": 1}),
    ({"op": "add", "path": "$.tags", "value": "c"}, {"tags": ["a", "b", "c"]}),
    ({"op": "remove", "path": "$.tags[0]"}, {"tags": ["b"]}),
    ({"op": "remove", "path": "$.tags", "value": 1}, {"tags": ["a"]}),
    ({"op": "remove", "path": "$.tags"}, {"tags": []}),
    ({"op": "remove", "path": "$.isbn"}, {"isbn": None}),
    ({"op": "remove", "path": "$.loan"}, {"loan.until": None, "loan.reader": None}),
    ({"op": "test", "path": "$.pages", "value": 120}, {}),
    ({"op": "test", "path": "$.loan.until", "value": "2031-05-17T07:30:00Z"}, {}),
    ({"op": "test", "path": "$.tags", "value": ["a", "b"]}, {}),
    ([], {}),
    (
        [
            {"op": "test", "path": "$.title", "value": "Notes"},
            {"op": "replace", "path": "$.title", "value": "More"},
            {"op": "test", "path": "$.title", "value": "More"},
            {"op": "add", "path": "$.tags", "value": "c"},
            {"op": "remove", "path": "$.tags[0]"},
        ],
        {"title": "More", "tags": ["b", "c"]},
    ),
)


def test_patch_changes_what_it_says(client: FlaskClient, book: dict[str, Any]) -> None:
    url = f"/app/books/{book['_id']}"
    original = {name: value for name, value in book.items() if not name.startswith("_")}
    for operations, expected in PATCHES:
        answer = client.patch(url, json=operations)
        assert answer.status_code == 200, (operations, answer.get_data(as_text=True))
        changed = book | {"_meta": answer.get_json()["_meta"], "loan": dict(book["loan"])}
        for path, value in expected.items():
            *outer, last = path.split(".")
            functools.reduce(dict.__getitem__, outer, changed)[last] = value
        assert answer.get_json() == changed, operations
        assert client.get(url).get_json() == changed, operations
        assert client.put(url, json=original).status_code == 200


def test_a_wrong_operation_is_named_by_its_place(client: FlaskClient, book: dict[str, Any]) -> None:
    url = f"/app/books/{book['_id']}"
    right = {"op": "replace", "path": "$.title", "value": "More"}
    for operation, path in (
        ({"op": "test", "path": "$.title", "value": "Other"}, "value"),
        ({"op": "test", "path": "$.tags[5]", "value": "a"}, "path"),
        ({"op": "replace", "path": "$.nothing", "value": 1}, "path"),
        ({"op": "replace", "path": "$.title.x", "value": 1}, "path"),
        ({"op": "replace", "path": "$.title[0]", "value": 1}, "path"),
        ({"op": "replace", "path": "$.tags[2]", "value": "c"}, "path"),
        ({"op": "replace", "path": "/title", "value": "More"}, "path"),
        ({"op": "replace", "path": "title", "value": "More"}, "path"),
        ({"op": "replace", "path": "$.__class__", "value": "More"}, "path"),
        ({"op": "replace", "path": "$._type", "value": "More"}, "path"),
        ({"op": "replace", "path": "$.set", "value": "More"}, "path"),
        ({"op": "replace", "path": "$." + "a." * 5000, "value": "More"}, "path"),
        ({"op": "replace", "path": 5, "value": "More"}, "path"),
        ({"op": "replace", "path": "$.title"}, "value"),
        ({"op": "add", "path": "$.title", "value": "More"}, "op"),
        ({"op": "remove", "path": "$"}, "op"),
        ({"op": "move", "path": "$.title", "value": "$.isbn"}, "op"),
        ({"op": ["replace"], "path": "$.title", "value": "More"}, "op"),
        ({"path": "$.title", "value": "More"}, "op"),
        ({"op": "replace", "value": "More"}, "path"),
        ({"op": "replace", "path": "$.title", "value": "More", "from": "$.x"}, "from"),
        ("replace", None),
        (None, None),
        (5, None),
        ([], None),
    ):
        told = problem(client.patch(url, json=[right, operation]), 400)
        assert list(told["errors"]) == ["$[1]" if path is None else f"$[1].{path}"], operation
        if path is not None:
            told = problem(client.patch(url, json=operation), 400)
            assert list(told["errors"]) == [f"$.{path}"], operation
        assert client.get(url).get_json() == book, operation


def test_a_value_that_patch_may_not_set_is_named_by_its_field(client: FlaskClient, book: dict[str, Any]) -> None:
    url = f"/app/books/{book['_id']}"
    for operation, path in (
        ({"op": "replace", "path": "$.title", "value": 5}, "$.title"),
        ({"op": "replace", "path": "$.title", "value": None}, "$.title"),
        ({"op": "remove", "path": "$.title"}, "$.title"),
        ({"op": "replace", "path": "$.pages", "value": 0}, "$.pages"),
        ({"op": "replace", "path": "$.tags[1]", "value": 5}, "$.tags[1]"),
        ({"op": "add", "path": "$.tags", "value": 5}, "$.tags[2]"),
        ({"op": "replace", "path": "$.loan.until", "value": "soon"}, "$.loan.until"),
        ({"op": "replace", "path": "$.loan.reader", "value": "nobody"}, "$.loan.reader"),
        ({"op": "replace", "path": "$.author", "value": "nobody"}, "$.author"),
        ({"op": "add", "path": "$.shelves", "value": "nowhere"}, "$.shelves[0]"),
        ({"op": "replace", "path": "$", "value": {"pages": 0}}, "$.pages"),
        ({"op": "replace", "path": "$", "value": [1]}, "$"),
    ):
        told = problem(client.patch(url, json=[{"op": "replace", "path": "$.isbn", "value": "1"}, operation]), 400)
        assert list(told["errors"]) == [path], operation
        assert client.get(url).get_json() == book, operation


def test_patch_changes_links(client: FlaskClient, book: dict[str, Any]) -> None:
    one, two = (create(client, "shelves", label=label) for label in ("one", "two"))
    url = f"/app/books/{book['_id']}"
    for shelf in (two, one):
        client.patch(url, json={"op": "add", "path": "$.shelves", "value": shelf["_id"]})
    assert client.get(url).get_json()["shelves"] == [two["_id"], one["_id"]]
    client.patch(url, json={"op": "remove", "path": "$.shelves[0]"})
    assert client.get(url).get_json()["shelves"] == [one["_id"]]
    assert client.get(f"/app/shelves/{two['_id']}").get_json()["books"] == []


# -- delete ---------------------------------------------------------------------------------------


def test_delete_answers_deleted_once(client: FlaskClient, author: dict[str, Any], library: Backoffice) -> None:
    url = f"/app/authors/{author['_id']}"
    answer = client.delete(url)
    assert (answer.status_code, answer.mimetype, answer.get_json()) == (200, "application/json", "deleted")
    problem(client.delete(url), 404)
    problem(client.get(url), 404)
    assert library.authors.count() == 0


def test_a_refused_delete_names_what_stands_in_the_way(client: FlaskClient, book: dict[str, Any]) -> None:
    told = problem(client.delete(f"/app/authors/{book['author']}"), 409)
    assert "1 of 'books'" in told["detail"]
    assert client.get(f"/app/authors/{book['author']}").status_code == 200


# -- methods --------------------------------------------------------------------------------------


@on_one_database
def test_a_method_that_is_not_there_is_told_with_those_that_are(client: FlaskClient, author: dict[str, Any]) -> None:
    of_item = {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "PUT"}
    for url, allowed in (
        ("/app/authors", {"GET", "HEAD", "OPTIONS", "POST"}),
        ("/app/authors/", {"GET", "HEAD", "OPTIONS", "POST"}),
        (f"/app/authors/{author['_id']}", of_item),
        ("/app/authors/nobody", of_item),
        ("/app/_meta", {"GET", "HEAD", "OPTIONS"}),
    ):
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"} - allowed:
            answer = client.open(url, method=method, json={"name": "Grace"})
            problem(answer, 405)
            assert {each.strip() for each in answer.headers["Allow"].split(",")} == allowed
    assert client.get("/app/authors").get_json()["result"] == [author]


@on_one_database
def test_options_tell_the_methods(client: FlaskClient) -> None:
    answer = client.options("/app/authors")
    assert (answer.status_code, answer.data) == (204, b"")
    assert {each.strip() for each in answer.headers["Allow"].split(",")} == {"GET", "HEAD", "OPTIONS", "POST"}


@on_one_database
def test_head_is_get_without_the_body(client: FlaskClient, author: dict[str, Any]) -> None:
    for url in ("/app/authors", f"/app/authors/{author['_id']}", "/app/_meta"):
        head, got = client.head(url), client.get(url)
        assert (head.status_code, head.data) == (200, b"")
        assert head.mimetype == got.mimetype
        assert head.headers["Content-Length"] == str(len(got.data))
    assert client.head("/app/authors/nobody").status_code == 404


# -- how a body is labelled -----------------------------------------------------------------------

FORM = "application/x-www-form-urlencoded"


@on_one_database
def test_json_is_read_under_any_label_that_says_so_and_as_curl_labels_it(client: FlaskClient) -> None:
    for label in (
        "application/json",
        "application/json; charset=utf-8",
        "APPLICATION/JSON;charset=UTF-8",
        "application/vnd.example+json",
        FORM,
        f"{FORM}; charset=utf-8",
    ):
        answer = client.post("/app/authors", data='{"name": "Zoë"}'.encode(), content_type=label)
        assert (answer.status_code, answer.get_json()["name"]) == (201, "Zoë"), label
        url = answer.location
        assert client.put(url, data=b'{"name": "Ada"}', content_type=label).get_json()["name"] == "Ada", label
        operation = b'{"op": "replace", "path": "$.name", "value": "Grace"}'
        assert client.patch(url, data=operation, content_type=label).get_json()["name"] == "Grace", label


@on_one_database
def test_what_a_browser_may_have_sent_as_a_form_is_not_read(client: FlaskClient, author: dict[str, Any]) -> None:
    browser = client.application.test_client(use_cookies=False)  # else it puts cookies of its own in the place of ours
    url = f"/app/authors/{author['_id']}"
    for header, value in (
        ("Origin", "http://evil.example"),
        ("Origin", "null"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "none"),
        ("Cookie", "session=1"),
    ):
        headers = {header: value}
        for method, path, body in (
            ("POST", "/app/authors", b'{"name": "Grace"}'),
            ("PUT", url, b'{"name": "Grace"}'),
            ("PATCH", url, b'{"op": "replace", "path": "$.name", "value": "Grace"}'),
        ):
            problem(browser.open(path, method=method, data=body, content_type=FORM, headers=headers), 415)
    assert client.get("/app/authors").get_json()["result"] == [author]
    assert (
        client.post("/app/authors", json={"name": "Grace"}, headers={"Origin": "http://evil.example"}).status_code
        == 201
    )


@on_one_database
def test_another_label_is_refused(client: FlaskClient, library: Backoffice) -> None:
    for label in ("text/plain", "multipart/form-data; boundary=x", "application/xml", "text/json", "", None):
        told = problem(client.post("/app/authors", data=b'{"name": "Ada"}', content_type=label), 415)
        assert "application/json" in told["detail"]
    assert library.authors.count() == 0


@on_one_database
def test_a_real_form_is_not_read_as_a_form(client: FlaskClient, library: Backoffice) -> None:
    problem(client.post("/app/authors", data={"name": "Ada"}), 400)
    assert library.authors.count() == 0


# -- who did it -----------------------------------------------------------------------------------


def test_an_item_is_stamped_with_who_and_when(client: FlaskClient) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    with current_user.acting_as(ADA):
        made = create(client, "authors", name="Ada")
    meta = made["_meta"]
    assert meta["created_by"] == meta["modified_by"] == {"_id": "u1", "login": "ada"}
    assert meta["ctime"] == meta["mtime"]
    assert before < datetime.fromisoformat(meta["ctime"]) < datetime.now(UTC) + timedelta(seconds=1)
    with current_user.acting_as(GRACE):
        changed = client.put(f"/app/authors/{made['_id']}", json={"name": "Grace"}).get_json()["_meta"]
    assert (changed["created_by"], changed["ctime"]) == (meta["created_by"], meta["ctime"])
    assert changed["modified_by"] == {"_id": "u2", "login": "grace"}
    assert changed["mtime"] > meta["mtime"]
    assert create(client, "authors", name="x")["_meta"]["created_by"] == ANONYMOUS


def test_a_change_that_changes_nothing_is_not_stamped(client: FlaskClient, author: dict[str, Any]) -> None:
    with current_user.acting_as(ADA):
        assert client.put(f"/app/authors/{author['_id']}", json={"name": "Ada"}).get_json() == author
        assert client.patch(f"/app/authors/{author['_id']}", json=[]).get_json() == author


def test_stamps_can_be_left_out(open_backoffice: Open) -> None:
    client = client_of(open_backoffice(things=Item({"name": String()}, meta_data_handler=None)))
    made = create(client, "things", name="x")
    assert made.keys() == {"name", "_id"}
    assert client.put(f"/app/things/{made['_id']}", json=made).get_json() == made


# -- verify ---------------------------------------------------------------------------------------

WRITES = (
    ("GET", "/app/authors"),
    ("POST", "/app/authors"),
    ("GET", "/app/authors/x"),
    ("PUT", "/app/authors/x"),
    ("PATCH", "/app/authors/x"),
    ("DELETE", "/app/authors/x"),
    ("GET", "/app/_meta"),
    ("GET", "/app/coll/authors/"),
)


@on_one_database
def test_a_function_may_refuse_every_request(library: Backoffice) -> None:
    asked: list[str] = []

    def verify() -> Any:
        asked.append("asked")
        return jsonify({"message": "who are you?"}), 401

    client = client_of(library, "", verify)
    for method, url in WRITES:
        answer = client.open(url, method=method, json={"name": "Ada"})
        assert (answer.status_code, answer.get_json()) == (401, {"message": "who are you?"})
    assert len(asked) == len(WRITES)
    assert library.authors.count() == 0


@on_one_database
def test_a_function_that_returns_nothing_lets_pass_and_says_who_it_is(library: Backoffice) -> None:
    def verify() -> None:
        current_user.set(ADA)

    client = client_of(library, "", verify)
    made = create(client, "authors", name="Ada")
    assert made["_meta"]["created_by"]["login"] == "ada"
    assert client.get("/app/authors").status_code == 200


@on_one_database
def test_a_decorator_is_put_around_every_route(library: Backoffice) -> None:
    def token_required(view: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(view)
        def decorated(*args: Any, **kwargs: Any) -> Any:
            if "x-token" not in request.headers:
                return jsonify({"message": "token is missing"}), 401
            current_user.login = "ada"
            return view(*args, **kwargs)

        return decorated

    client = client_of(library, "", token_required)
    for method, url in WRITES:
        assert client.open(url, method=method, json={"name": "Ada"}).status_code == 401
    assert library.authors.count() == 0
    made = client.post("/app/authors", json={"name": "Ada"}, headers={"x-token": "1"})
    assert (made.status_code, made.get_json()["_meta"]["created_by"]["login"]) == (201, "ada")
    assert client.get(made.location, headers={"x-token": "1"}).status_code == 200


@on_one_database
def test_a_function_may_abort(library: Backoffice) -> None:
    def verify() -> None:
        abort(401, "Log in first.")

    client = client_of(library, "", verify)
    assert problem(client.get("/app/authors"), 401)["detail"] == "Log in first."


@on_one_database
def test_what_can_not_verify_is_told_at_once(library: Backoffice) -> None:
    def takes_two(_one: Any, _two: Any) -> None: ...

    for wrong in ("verify", 5, takes_two):
        with pytest.raises(DescriptionError):
            client_of(library, "", wrong)


# -- the current user ends with the request -------------------------------------------------------


def logins(library: Backoffice) -> list[str]:
    return [author._meta.created_by.login for author in library.authors.select()]


@on_one_database
def test_a_login_ends_with_its_request(library: Backoffice) -> None:
    answers = iter([ADA, None, GRACE, None])

    def verify() -> None:
        user = next(answers)
        if user is not None:
            current_user.set(user)

    client = client_of(library, "", verify)
    for number in range(4):
        create(client, "authors", name=str(number))
    assert logins(library) == ["ada", "ANONYMOUS", "grace", "ANONYMOUS"]
    assert current_user.login == "ANONYMOUS"


@on_one_database
def test_a_login_in_the_hosts_own_hook_ends_with_its_request_too(library: Backoffice) -> None:
    app = Flask("host")
    users = iter([ADA, None])

    @app.before_request
    def login() -> None:
        user = next(users)
        if user is not None:
            current_user.set(user)

    library.build_routes(app)
    client = app.test_client()
    for number in range(2):
        create(client, "authors", name=str(number))
    assert logins(library) == ["ada", "ANONYMOUS"]
    assert current_user.login == "ANONYMOUS"


@on_one_database
def test_a_login_ends_with_a_request_that_fails(library: Backoffice) -> None:
    app = Flask("host")
    library.build_routes(app)

    @app.route("/login")
    def login() -> str:
        current_user.set(ADA)
        raise ValueError("no page")

    client = app.test_client()
    assert client.get("/login").status_code == 500
    assert create(client, "authors", name="x")["_meta"]["created_by"] == ANONYMOUS
    assert current_user.login == "ANONYMOUS"


@on_one_database
def test_a_login_ends_with_its_request_in_a_client_that_keeps_contexts(library: Backoffice) -> None:
    answers = iter([ADA, None, GRACE, None])

    def verify() -> None:
        user = next(answers)
        if user is not None:
            current_user.set(user)

    with client_of(library, "", verify) as client:
        for number in range(4):
            create(client, "authors", name=str(number))
    assert logins(library) == ["ada", "ANONYMOUS", "grace", "ANONYMOUS"]
    assert current_user.login == "ANONYMOUS"


@on_one_database
def test_a_user_is_nobody_in_another_thread(library: Backoffice) -> None:
    client = client_of(library)

    def ask() -> str:
        return str(create(client, "authors", name="x")["_meta"]["created_by"]["login"])

    with current_user.acting_as(ADA), ThreadPoolExecutor(1) as pool:
        assert ask() == "ada"
        assert pool.submit(ask).result(timeout=10) == "ANONYMOUS"
        assert ask() == "ada"


@on_one_database
def test_a_request_starts_as_the_user_around_it(client: FlaskClient) -> None:
    with current_user.acting_as(ADA):
        assert create(client, "authors", name="x")["_meta"]["created_by"]["login"] == "ada"
        with current_user.acting_as(GRACE):
            assert create(client, "authors", name="x")["_meta"]["created_by"]["login"] == "grace"
        assert current_user.login == "ada"
    assert create(client, "authors", name="x")["_meta"]["created_by"] == ANONYMOUS


# -- meta -----------------------------------------------------------------------------------------


@on_one_database
def test_meta_describes_every_collection(client: FlaskClient) -> None:
    meta = client.get("/app/_meta").get_json()
    assert meta["name"] == "app"
    assert [collection["name"] for collection in meta["collections"]] == ["authors", "books", "readers", "shelves"]
    book = meta["collections"][1]["item"]
    fields = book["sub_scheme"]
    assert fields.keys() == {
        "title",
        "isbn",
        "pages",
        "price",
        "in_print",
        "published",
        "genre",
        "tags",
        "loan",
        "author",
        "shelves",
        "_id",
        "_meta",
    }
    assert {name: field["type_short"] for name, field in fields.items()} == {
        "title": "String",
        "isbn": "String",
        "pages": "Int",
        "price": "Float",
        "in_print": "Bool",
        "published": "Datetime",
        "genre": "String",
        "tags": "List",
        "loan": "Dict",
        "author": "Ref",
        "shelves": "RefsList",
        "_id": "String",
        "_meta": "Dict",
    }
    assert (fields["title"]["required"], fields["title"]["max_length"]) == (True, 200)
    assert (fields["isbn"]["required"], fields["isbn"]["unique"]) == (False, True)
    assert (fields["pages"]["min"], fields["pages"]["max"]) == (1, 10_000)
    assert fields["in_print"]["default"] is True
    assert fields["genre"]["in"] == ["novel", "poem", "essay"]
    assert fields["tags"]["sub_type"]["type_short"] == "String"
    assert fields["loan"]["sub_scheme"].keys() == {"reader", "until"}
    assert (fields["author"]["collection"], fields["author"]["reverse"]) == ("authors", "$.books")
    assert fields["shelves"]["collection"] == "shelves"


@on_one_database
def test_meta_names_functions_and_does_not_call_them(open_backoffice: Open) -> None:
    called: list[str] = []

    def default() -> str:
        called.append("default")
        return "x"

    options = {"description": "As told", "default": default, "pattern": "[a-z]+"}
    client = client_of(open_backoffice(things=Item({"name": String(**options), "at": Datetime(min="2000-01-01")})))
    called.clear()
    fields = client.get("/app/_meta").get_json()["collections"][0]["item"]["sub_scheme"]
    assert fields["name"]["default"] == "func"
    assert (fields["name"]["description"], fields["name"]["regexp"]) == ("As told", ["[a-z]+"])
    assert fields["at"]["min"] == "2000-01-01T00:00:00Z"
    assert called == []


# -- within an application ------------------------------------------------------------------------


@on_one_database
def test_the_applications_own_pages_stay_its_own(library: Backoffice) -> None:
    app = Flask("host")

    @app.route("/")
    def home() -> str:
        return "home"

    @app.errorhandler(404)
    def not_found(_error: Exception) -> tuple[str, int]:
        return "my own page", 404

    @app.errorhandler(405)
    def not_allowed(_error: Exception) -> tuple[str, int]:
        return "my own refusal", 405

    library.build_routes(app)
    client = app.test_client()
    assert client.get("/").text == "home"
    assert (client.get("/nothing").text, client.get("/nothing").status_code) == ("my own page", 404)
    assert client.get("/apple").text == "my own page"
    assert client.post("/").text == "my own refusal"
    problem(client.get("/app/nothing"), 404)
    problem(client.get("/app/authors/nobody"), 404)
    problem(client.delete("/app/authors"), 405)


@on_one_database
def test_one_backoffice_is_built_into_two_applications(library: Backoffice) -> None:
    def refuse() -> Any:
        return "no", 401

    open_client, closed_client = client_of(library, ""), client_of(library, "private", refuse)
    made = create(open_client, "authors", name="Ada")
    assert open_client.get("/app/authors").get_json()["result"] == [made]
    assert closed_client.get("/private/app/authors").status_code == 401
    assert closed_client.get("/app/authors").status_code == 404
    assert open_client.get("/private/app/authors").status_code == 404


@on_one_database
def test_one_application_holds_two_backoffices(connect: Connect) -> None:
    app = Flask("host")
    db = connect()
    for name in ("first", "second"):
        backoffice = Backoffice(name)
        backoffice.register_collection(Collection(f"{name}_things", Item({"name": String()}), db))
        backoffice.create_all()
        backoffice.build_routes(app)
    client = app.test_client()
    for name in ("first", "second"):
        assert client.post(f"/{name}/{name}_things", json={"name": name}).status_code == 201
        assert client.get(f"/{name}/_meta").get_json()["name"] == name
    assert row_counts(db) == {"first_things": 1, "second_things": 1}


@on_one_database
def test_one_backoffice_is_built_once_at_one_place(library: Backoffice) -> None:
    app = Flask("host")
    library.build_routes(app)
    with pytest.raises(DescriptionError):
        library.build_routes(app)
    library.build_routes(app, "elsewhere")
    assert app.test_client().get("/elsewhere/app/authors").status_code == 200


@on_one_database
def test_a_prefix_is_written_with_or_without_slashes(library: Backoffice) -> None:
    for prefix in ("api", "/api", "api/", "/api/", "//api//"):
        client = client_of(library, prefix)
        made = client.post("/api/app/authors/", json={"name": "Ada"})
        assert urlsplit(made.location).path == f"/api/app/authors/{made.get_json()['_id']}"
        assert client.get(made.location).status_code == 200
        assert client.get("/api/app/_meta").status_code == 200
        assert client.get("/app/authors").status_code == 404


def test_routes_need_no_tables_to_be_built(connect: Connect) -> None:
    backoffice = describe(connect(), things=Item({"name": String(), "others": RefsList(coll="things")}))
    client = client_of(backoffice)
    problem(client.get("/app/things"), 500)
    backoffice.create_all()
    assert client.get("/app/things").status_code == 200
