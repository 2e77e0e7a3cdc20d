"""Lists as clients ask for them: `_sort`, `_cursor`, `_total` and `_filter`, and what is refused of them."""

from __future__ import annotations

import base64
import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from backo_sql import (
    Backoffice,
    DBSQLConnector,
    Dict,
    Email,
    Extend,
    FreeDict,
    Int,
    IpAddress,
    Item,
    List,
    QueryError,
    Ref,
    String,
    Url,
)
from backo_sql.query.limits import MAX_CONDITIONS
from backo_sql.query.order import MAX_SORT_REFERENCES, MAX_SORT_TERMS
from tests.support import Open, client_of, problem, statements


@pytest.fixture
def books(library: Backoffice, db: DBSQLConnector) -> list[dict[str, Any]]:
    """Forty books of five authors, some of them at a reader's."""
    authors = [{"_id": f"a{number}", "name": name} for number, name in enumerate(["Mo", "Ada", "Zoé", "Bo", "bo"])]
    readers = [{"_id": "r1", "name": "Ines"}, {"_id": "r2", "name": "Abel"}]
    rows = [
        {
            "_id": f"b{number:02}",
            "title": f"T{number % 7}",
            "pages": None if number % 5 == 0 else number % 4 + 1,
            "author": f"a{number % 5}",
            "loan__reader": (None, "r1", "r2")[number % 3],
            "in_print": number % 2 == 0,
            "tags": ["sea"] if number % 2 else [],
        }
        for number in range(40)
    ]
    with db.engine.begin() as connection:
        connection.execute(library.authors.table.insert(), authors)
        connection.execute(library.readers.table.insert(), readers)
        connection.execute(library.books.table.insert(), rows)
    names = {author["_id"]: author["name"] for author in authors}
    return [{**row, "author_name": names[row["author"]]} for row in rows]


def asked(client: FlaskClient, **parameters: Any) -> dict[str, Any]:
    """Ask for books; names of parameters are given without their `_`."""
    query = urlencode({f"_{name}": value for name, value in parameters.items()})
    answer = client.get(f"/app/books?{query}")
    assert answer.status_code == 200, answer.get_json()
    return dict(answer.get_json())


def ids(answer: dict[str, Any]) -> list[str]:
    return [item["_id"] for item in answer["result"]]


# -- order ----------------------------------------------------------------------------------------


def test_a_list_is_sorted_by_several_fields_and_the_id_decides_at_last(
    client: FlaskClient, books: list[dict[str, Any]]
) -> None:
    expected = [row["_id"] for row in sorted(books, key=lambda row: (row["title"], not row["in_print"], row["_id"]))]
    for sort in (
        "title,-in_print",
        "$.title,-$.in_print",
        "+title , - in_print",
        " title,-in_print",
        "title,-in_print,_id",
    ):
        assert ids(asked(client, sort=sort, page=0)) == expected, sort
    backwards = sorted(books, key=lambda row: row["_id"], reverse=True)
    assert ids(asked(client, sort="-_id,title", page=0)) == [row["_id"] for row in backwards]


def test_a_plus_that_the_url_turned_into_a_blank_is_a_plus(client: FlaskClient, books: list[dict[str, Any]]) -> None:
    plain = client.get("/app/books?_sort=title,pages").get_json()
    assert client.get("/app/books?_sort=+title,+pages").get_json() == plain


def test_a_list_is_sorted_through_references_in_the_order_of_code_points(
    client: FlaskClient, books: list[dict[str, Any]]
) -> None:
    expected = [row["_id"] for row in sorted(books, key=lambda row: (row["author_name"], row["_id"]))]
    assert ids(asked(client, sort="author.name", page=0)) == expected
    # Where there is no reader, there is no name of one: null stands behind all names.
    reader = {"r1": "Ines", "r2": "Abel", None: None}
    nulls = [row["_id"] for row in books if row["loan__reader"] is None]
    others = sorted(
        (row for row in books if row["loan__reader"]), key=lambda row: (reader[row["loan__reader"]], row["_id"])
    )
    assert ids(asked(client, sort="loan.reader.name", page=0)) == [*(row["_id"] for row in others), *nulls]
    assert ids(asked(client, sort="-loan.reader.name", page=0))[: len(nulls)] == nulls


def test_a_sort_and_a_filter_go_together(client: FlaskClient, books: list[dict[str, Any]]) -> None:
    answer = client.get("/app/books?_sort=-author.name&author=a1&in_print=true&_page=2").get_json()
    assert answer["total"] == len([row for row in books if row["author"] == "a1" and row["in_print"]])
    assert ids(answer) == ["b06", "b16"]


def test_python_sorts_by_a_text_or_a_list(library: Backoffice, books: list[dict[str, Any]]) -> None:
    for sort in ("-author.name,title", ["-author.name", "title"], ("-author.name,title",)):
        found = [book._id for book in library.books.select({"in_print": True}, page=5, skip=1, sort=sort)]
        expected = sorted((row for row in books if row["in_print"]), key=lambda row: (row["title"], row["_id"]))
        expected.sort(key=lambda row: row["author_name"], reverse=True)
        assert found == [row["_id"] for row in expected][1:6]
    assert library.books.new().select({"in_print": True}, sort="-_id")[0]._id == "b38"


@pytest.mark.parametrize(
    ("sort", "told"),
    [
        ("nope", "'nope'"),
        ("titel", "Did you mean 'title'"),
        ("author.nome", "'author.nome'"),
        ("title.x", "String"),
        ("tags", "'tags'"),
        ("tags.x", "'tags.x'"),
        ("shelves", "'shelves'"),
        ("shelves.label", "RefsList"),
        ("loan", "Dict"),
        ("author.books", "RefsList"),
        ("title,title", "twice"),
        ("title,-$.title", "twice"),
        ("title,,pages", "empty"),
        ("title,", "empty"),
        ("-", "empty"),
        ("+-title", "'-title'"),
        ("$", "'$'"),
        ("title;drop table books", "'title;drop table books'"),
        ("title desc", "'title desc'"),
        (",".join(["title"] * (MAX_SORT_TERMS + 1)), str(MAX_SORT_TERMS)),
        ("x" * 5000, "xxx…"),
        (".".join(["author"] * 500), "'author.author"),
    ],
)
def test_a_sort_that_means_nothing_is_refused_by_name(client: FlaskClient, sort: str, told: str) -> None:
    body = problem(client.get("/app/books", query_string={"_sort": sort}), 400)
    assert told in body["detail"]
    assert len(body["detail"]) < 400


def test_an_order_through_too_many_references_is_refused(client: FlaskClient) -> None:
    deep = ".".join(["parent"] * MAX_SORT_REFERENCES)
    assert client.get(f"/app/shelves?_sort={deep}.label").status_code == 200
    body = problem(client.get(f"/app/shelves?_sort={deep}.parent.label"), 400)
    assert str(MAX_SORT_REFERENCES) in body["detail"]
    assert client.get(f"/app/shelves?_sort={deep},label").status_code == 200


def test_what_isn_t_stored_or_may_not_be_there_or_has_no_order_is_not_sorted_by(open_backoffice: Open) -> None:
    backoffice = open_backoffice(
        things=Item(
            {
                "name": String(),
                "length": Int(set=lambda root: len(root.name or "")),
                "maybe": Int(exists=lambda root: root.name == "x"),
                "some": Dict({"inner": Int()}, exists=lambda root: root.name == "x"),
                "owner": Ref(coll="things", exists=lambda root: root.name == "x"),
                "free": FreeDict(),
                "list": List(Int()),
                "at": IpAddress(),
            }
        )
    )
    client = client_of(backoffice)
    for name in ("length", "maybe", "some.inner", "owner.name", "owner", "free", "free.x", "list", "at", "_meta"):
        assert repr(name) in problem(client.get(f"/app/things?_sort={name}"), 400)["detail"]
        with pytest.raises(QueryError, match=name):
            backoffice.things.select(sort=name)
    assert client.get("/app/things?_sort=-_meta.ctime,_meta.created_by.login").status_code == 200


def test_types_of_one_s_own_are_sorted_as_they_are_stored(open_backoffice: Open) -> None:
    class Version(Extend):
        ordered = True

        def __init__(self, **options: Any) -> None:
            super().__init__(tuple, **options)

        def __json_encode__(self, value: Any) -> str:
            return ".".join(f"{part:03}" for part in value)

        def __json_decode__(self, text: str) -> Any:
            return tuple(int(part) for part in text.split("."))

    backoffice = open_backoffice(things=Item({"version": Version(), "site": Url(), "mail": Email()}))
    for number in (3, 1, 2, 1):
        values = {"version": (1, number), "site": f"https://example.org/{number}", "mail": f"{number}@example.org"}
        backoffice.things.create(values)
    backoffice.things.create({})
    client = client_of(backoffice)
    for name in ("version", "site", "mail"):
        seen, url = [], f"/app/things?_sort=-{name}&_page=1"
        while url:
            answer = client.get(url)
            seen += [item["_id"] for item in answer.get_json()["result"]]
            url = answer.headers["Link"].split(">")[0][1:] if "Link" in answer.headers else ""
        found = backoffice.things.select(sort=f"-{name}")
        assert [item._id for item in found] == seen
        assert [item.version and item.version[1] for item in found] == [None, 3, 2, 1, 1]


@pytest.mark.parametrize("sort", [1, {"title": 1}, [1], b"title", [["title"]]])
def test_python_is_told_too_what_a_sort_is(library: Backoffice, sort: Any) -> None:
    with pytest.raises(QueryError, match="sort"):
        library.books.select(sort=sort)


# -- cursors --------------------------------------------------------------------------------------


def test_every_page_tells_the_next_one(client: FlaskClient, books: list[dict[str, Any]]) -> None:
    first = client.get("/app/books?_page=15&in_print=false&_sort=-title")
    assert first.get_json()["next"]
    assert first.headers["Link"] == (
        f'</app/books?_page=15&in_print=false&_sort=-title&_cursor={first.get_json()["next"]}>; rel="next"'
    )
    url = first.headers["Link"].split(">")[0][1:]
    second = client.get(url)
    assert second.get_json()["next"] is None
    assert "Link" not in second.headers
    assert second.get_json()["total"] == first.get_json()["total"] == 20
    assert len(ids(second.get_json())) == 5
    assert set(ids(first.get_json())).isdisjoint(ids(second.get_json()))


def test_the_link_keeps_every_other_parameter_as_it_was_sent(client: FlaskClient, books: list[dict[str, Any]]) -> None:
    sent = "_page=2&_skip=1&title.$ne=%C3%A9%26%3E%22&title.$ne=a+b&_view=%2Bx&%5Fskip=1"
    assert problem(client.get(f"/app/books?{sent}"), 400)  # given twice
    sent = sent.removesuffix("&%5Fskip=1")
    answer = client.get(f"/app/coll/books/?{sent}")
    cursor = answer.get_json()["next"]
    kept = sent.replace("_skip=1&", "")
    assert answer.headers["Link"] == f'</app/coll/books/?{kept}&_cursor={cursor}>; rel="next"'
    followed = client.get(answer.headers["Link"].split(">;")[0][1:]).get_json()
    assert ids(followed) == ids(client.get(f"/app/books?{sent.replace('_skip=1', '_skip=3')}").get_json())
    hidden = client.get("/app/books?_page=2&%5Fskip=3")
    assert "kip" not in hidden.headers["Link"]


def test_what_a_url_should_have_escaped_is_escaped_in_the_link(
    client: FlaskClient, books: list[dict[str, Any]]
) -> None:
    raw = 'title.$ne=<">é&_page=1'.encode().decode("latin-1")
    answer = client.get("/app/books", environ_overrides={"QUERY_STRING": raw})
    assert answer.headers["Link"].count(">") == 1
    assert answer.headers["Link"].isascii()


def test_a_query_string_that_is_no_text_is_refused(client: FlaskClient) -> None:
    problem(client.get("/app/books", environ_overrides={"QUERY_STRING": "title=\xe9"}), 400)


def test_cursors_stay_right_while_items_come_and_go(
    library: Backoffice, client: FlaskClient, books: list[dict[str, Any]]
) -> None:
    seen = []
    cursor: str | None = ""
    while cursor is not None:
        page = asked(client, sort="title", page=6, **({"cursor": cursor} if cursor else {}))
        seen += ids(page)
        cursor = page["next"]
        if page["result"]:
            library.books.get_by_id(page["result"][-1]["_id"]).delete()
        library.books.create({"title": "A0", "author": "a1"})  # before all others
    assert [each for each in seen if each.startswith("b")] == [
        row["_id"] for row in sorted(books, key=lambda row: (row["title"], row["_id"]))
    ]


def test_a_cursor_and_a_skip_are_not_given_together(client: FlaskClient, books: list[dict[str, Any]]) -> None:
    cursor = asked(client, page=2)["next"]
    for skip in (0, 5):
        assert "_skip" in problem(client.get(f"/app/books?_cursor={cursor}&_skip={skip}"), 400)["detail"]


def test_a_cursor_of_another_list_or_order_is_refused(client: FlaskClient, books: list[dict[str, Any]]) -> None:
    cursor = asked(client, page=2, sort="title")["next"]
    for url in ("books", "books?_sort=-title", "books?_sort=title,pages", "books?_sort=pages", "authors?_sort=name"):
        answer = client.get(f"/app/{url}", query_string=None)
        joined = "&" if "?" in url else "?"
        assert answer.status_code == 200
        assert "_cursor" in problem(client.get(f"/app/{url}{joined}_cursor={cursor}"), 400)["detail"]
    # In other spellings it is the same order, and a filter or another page is no other list.
    for sort in ("$.title", "+title"):
        assert client.get("/app/books", query_string={"_sort": sort, "_cursor": cursor}).status_code == 200
    assert client.get(f"/app/books?_sort=title&_cursor={cursor}&in_print=true&_page=1").status_code == 200


def forged(cursor: str, values: object) -> str:
    """Put other values into a cursor that is genuine otherwise."""
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    return base64.urlsafe_b64encode(raw[:6] + json.dumps(values).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "values",
    [
        [],
        ["x"],
        [1, "b1", "x"],
        None,
        {},
        "x",
        7,
        ["x", "b1"],
        [2**63, "b1"],
        [2**70, "b1"],
        [1.5, "b1"],
        [True, "b1"],
        [[1], "b1"],
        [{"$gt": 1}, "b1"],
        [1, None],
        [1, 1],
        [1, "a\0b"],
        [1, ["b1"]],
        [1, "\ud800"],
        ["1' OR '1'='1", "b1"],
    ],
)
def test_a_forged_cursor_is_refused(client: FlaskClient, books: list[dict[str, Any]], values: object) -> None:
    cursor = asked(client, page=2, sort="pages")["next"]
    assert client.get(f"/app/books?_sort=pages&_cursor={forged(cursor, [None, 'b1'])}").status_code == 200
    body = problem(client.get(f"/app/books?_sort=pages&_cursor={forged(cursor, values)}"), 400)
    assert "_cursor" in body["detail"]


def test_garbage_is_no_cursor(client: FlaskClient, books: list[dict[str, Any]]) -> None:
    chosen = random.Random(7)
    cursor = asked(client, page=2, sort="-pages")["next"]
    garbage = [
        "",
        "x",
        "=",
        "====",
        "é",
        "%00",
        "../../x",
        "' OR 1=1 --",
        "A" * 10_000,
        cursor[:-3],
        f"{cursor}AAAA",
        "[]",
    ]
    for _ in range(200):
        position = chosen.randrange(len(cursor))
        garbage.append(cursor[:position] + chosen.choice("ABCxyz019-_") + cursor[position + 1 :])
    for each in garbage:
        answer = client.get("/app/books", query_string={"_sort": "-pages", "_cursor": each})
        # A letter of the id itself may be another one: that is a place too.
        if answer.status_code != 200:
            assert "_cursor" in problem(answer, 400)["detail"], each
    with pytest.raises(AssertionError):
        problem(client.get("/app/books", query_string={"_sort": "-pages", "_cursor": cursor}), 400)


# -- totals ---------------------------------------------------------------------------------------


def test_a_total_is_counted_as_it_was_asked_for(
    client: FlaskClient, db: DBSQLConnector, books: list[dict[str, Any]]
) -> None:
    def total(**parameters: Any) -> tuple[Any, int]:
        with statements(db) as seen:
            answer = asked(client, page=3, view="+nothing", **parameters)
        return answer["total"], len(seen)

    assert total() == (40, 2)
    assert total(total="exact") == (40, 2)
    assert total(total="none") == (None, 1)
    with db.engine.begin() as connection:
        connection.execute(sa.text("ANALYZE"))
    assert total(total="estimated") == (40, 2)


def test_an_estimate_is_one_of_what_the_filter_leaves(library: Backoffice, db: DBSQLConnector) -> None:
    author = library.authors.create({"name": "Ada"})
    rows = [
        {"_id": f"b{number}", "title": "x", "pages": number % 10 + 1, "author": author._id} for number in range(2000)
    ]
    with db.engine.begin() as connection:
        connection.execute(library.books.table.insert(), rows)
        connection.execute(sa.text("ANALYZE"))
    client = client_of(library)
    few = client.get("/app/books?_total=estimated&_page=1&pages=3&pages=4").get_json()["total"]
    assert 300 < few < 500
    assert client.get("/app/books?_total=estimated&_page=1&title=o'x%25s").get_json()["total"] < 10
    for query, least in (("pages.$lt=10", 1700), ("pages.$lt=2", 150)):  # the same statement, with another value
        assert least < client.get(f"/app/books?_total=estimated&_page=1&{query}").get_json()["total"] < 1.5 * least


@pytest.mark.parametrize("total", ["", "all", "1", "EXACT", "none,exact"])
def test_another_total_is_refused(client: FlaskClient, total: str) -> None:
    assert "_total" in problem(client.get(f"/app/books?_total={total}"), 400)["detail"]


# -- a filter as JSON -----------------------------------------------------------------------------


def test_a_filter_in_json_is_joined_with_the_conditions_of_the_query_string(
    client: FlaskClient, books: list[dict[str, Any]]
) -> None:
    def found(filters: object, rest: str = "") -> list[str]:
        return ids(client.get(f"/app/books?_page=0&_filter={quote(json.dumps(filters))}{rest}").get_json())

    assert found({"pages": None}) == [row["_id"] for row in books if row["pages"] is None]
    assert found({"loan": {"reader": "r1"}}) == [row["_id"] for row in books if row["loan__reader"] == "r1"]
    both = [row["_id"] for row in books if row["pages"] and row["pages"] > 2 and row["title"] == "T1"]
    assert found({"$and": [{"pages": ["$gt", 2]}, {"title": "T1"}]}) == both
    assert found({"pages": ["$gt", 2]}, "&title=T1") == both
    assert found({"pages.$gt": 2}, "&title=T1") == both
    assert found({}, "&title=T1") == found(None, "&title=T1") == [row["_id"] for row in books if row["title"] == "T1"]
    assert found({"pages": ["$in", [1, None]]}, "&pages.$ne=1") == found({"pages": None})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "_filter"),
        ("{", "_filter"),
        ("{'a': 1}", "_filter"),
        ("NaN", "_filter"),
        ("7", "int"),
        ("[]", "list"),
        ('"x"', "str"),
        ('{"nope": 1}', "'nope'"),
        ('{"pages": "x"}', "'pages'"),
        ('{"pages": ["$foo", 1]}', "pages"),
        ('{"pages": {"$foo": 1}}', "$foo"),
        ('{"$where": "sleep(1)"}', "$where"),
        ("[" * 5000, "_filter"),
        ('{"$not":' * 600 + "{}" + "}" * 600, "levels"),
        (json.dumps({"$and": [{"pages": 1}] * 600}), "conditions"),
        ('{"title": "\\u0000"}', "title"),
    ],
)
def test_a_filter_that_can_t_be_understood_is_refused(client: FlaskClient, text: str, told: str) -> None:
    body = problem(client.get("/app/books", query_string={"_filter": text}), 400)
    assert told in body["detail"]


def test_the_limit_of_conditions_is_one_for_all_that_a_request_asks(
    client: FlaskClient, books: list[dict[str, Any]]
) -> None:
    many = MAX_CONDITIONS - 100
    body = {"$and": [{"pages": ["$ne", 100 + number]} for number in range(many)]}
    query = "&".join(f"pages.$ne={1000 + number}" for number in range(100))
    assert client.get(f"/app/books?{query}&_filter={json.dumps(body)}").get_json()["total"] == 40
    assert (
        "conditions" in problem(client.get(f"/app/books?{query}&title.$ne=x&_filter={json.dumps(body)}"), 400)["detail"]
    )
    url = f"/app/books/_selections/_all?{query}"
    assert client.post(url, json=body).get_json()["total"] == 40
    problem(client.post(f"{url}&_filter={json.dumps(body)}", json=body), 400)


@pytest.mark.parametrize("name", ["_filter", "_sort", "_cursor", "_total"])
def test_a_parameter_of_a_list_is_given_once_and_only_to_lists(client: FlaskClient, name: str) -> None:
    assert name in problem(client.get(f"/app/books?{name}=x&{name}=x"), 400)["detail"]
    for answer in (
        client.get(f"/app/books/b1?{name}=x"),
        client.post(f"/app/books?{name}=x", json={}),
        client.delete(f"/app/books/b1?{name}=x"),
    ):
        assert name in problem(answer, 400)["detail"]


# -- rights ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "right",
    [False, lambda right, item: True, lambda user: user.has_role("BOSS")],
    ids=["a plain no", "a function of the item", "a function of the user"],
)
def test_what_not_everybody_may_read_is_found_out_on_no_road(open_backoffice: Open, right: Any) -> None:
    backoffice = open_backoffice(
        people=Item(
            {
                "name": String(),
                "salary": Int(can_read=right),
                "home": Dict({"street": String(), "town": String(can_read=True)}, can_read=right),
                "boss": Ref(coll="people", can_read=right),
            }
        ),
        teams=Item({"lead": Ref(coll="people")}),
    )
    client = client_of(backoffice)
    for query in ("salary", "-salary", "name,salary", "home.street", "boss", "boss.name"):
        named = query.split(",")[-1].strip("-").removesuffix(".name")
        assert f"'{named}'" in problem(client.get(f"/app/people?_sort={query}"), 401)["detail"]
    for query in ("lead.salary", "lead.home.street", "lead.boss.name"):
        assert problem(client.get(f"/app/teams?_sort={query}"), 401)["detail"]
    for query in ("name", "home.town"):
        assert client.get(f"/app/people?_sort={query}").status_code == 200
        assert client.get(f"/app/teams?_sort=lead.{query}").status_code == 200
    filters: list[tuple[str, dict[str, Any]]] = [
        ("people", {"$or": [{"name": "x"}, {"salary": 1}]}),
        ("people", {"$not": {"home": {"street": None}}}),
        ("people", {"boss.name": "x"}),
        ("teams", {"lead.salary": ["$gt", 1]}),
        ("teams", {"$not": {"lead": {"salary": None}}}),
        ("teams", {"lead.boss.name": "x"}),
        ("teams", {"lead.home.street": ["$in", ["x"]]}),
    ]
    for collection, filter_ in filters:
        problem(client.get(f"/app/{collection}", query_string={"_filter": json.dumps(filter_)}), 401)
    problem(client.get("/app/teams?lead.salary.$gt=1"), 401)


# -- statements -----------------------------------------------------------------------------------


def test_a_page_by_cursor_is_one_statement_or_two(
    client: FlaskClient, db: DBSQLConnector, books: list[dict[str, Any]]
) -> None:
    for sort, most in (("title", 1), ("_id", 1), ("-author.name", 2), ("pages,-title", 2), ("-pages", 2)):
        cursor: str | None = None
        while True:
            query = {"sort": sort, "page": 7, "total": "none", "view": "+nothing"}
            with statements(db) as seen:
                page = asked(client, **query, **({"cursor": cursor} if cursor else {}))
            assert len(seen) <= most, sort
            cursor = page["next"]
            if cursor is None:
                break


def test_a_sort_by_a_time_goes_on_to_the_microsecond(library: Backoffice, db: DBSQLConnector) -> None:
    author = library.authors.create({"name": "Ada"})
    start = datetime(2031, 5, 17, tzinfo=UTC)
    rows = [
        {"_id": f"b{n}", "title": "x", "author": author._id, "published": start + timedelta(microseconds=n)}
        for n in range(9)
    ]
    with db.engine.begin() as connection:
        connection.execute(library.books.table.insert(), rows)
    client = client_of(library)
    seen, cursor = [], None
    for _ in rows:
        page = asked(client, sort="-published", page=1, **({"cursor": cursor} if cursor else {}))
        seen += ids(page)
        cursor = page["next"]
    assert seen == [f"b{n}" for n in reversed(range(9))]
    assert cursor is None
