"""Hostile filters, orders and pages, on lists and on selections: each is a 400 that names the part at fault.

None is a failure of the server, none is answered with everything, none shows anything of the database, and none takes
long. What clients send besides filters is in `test_bad_input.py`.
"""

from __future__ import annotations

import base64
import json
import logging
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from backo_sql import Backoffice, DBSQLConnector, FreeDict, Int, Item, List, Ref, RefsList, Selection, String
from backo_sql.query import patterns
from tests.support import Open, all_rows, client_of, on_one_database, problem

#: what no answer to a client may hold
INSIDE = ("Traceback", "sqlalchemy", "psycopg", "sqlite3", "SELECT", "FROM", "WHERE ", "backo_", 'File "', "regex.")

#: far more than any of these takes; a filter that isn't stopped takes forever
SECONDS = 20

#: of which each title is the worst that an expression can meet
WORST = "a" * 60 + "!"


@pytest.fixture
def shop(open_backoffice: Open) -> Backoffice:
    backoffice = open_backoffice(
        authors=Item({"name": String(), "books": RefsList(coll="books", field="$.author")}),
        books=Item(
            {
                "title": String(required=True),
                "pages": Int(),
                "tags": List(String()),
                "free": FreeDict(),
                "author": Ref(coll="authors", field="$.books"),
                "shout": String(set=lambda root: (root.title or "") + "!"),
            }
        ),
    )
    author = backoffice.authors.create({"name": WORST})
    for number in range(40):
        values = {"title": WORST, "pages": number, "tags": [WORST], "free": {"text": WORST}, "author": author}
        backoffice.books.create(values)
    backoffice.books.register_selection("some", Selection(["$.title", "$.author.name"], filter={"pages": ("$gte", 0)}))
    return backoffice


@pytest.fixture
def client(shop: Backoffice) -> FlaskClient:
    return client_of(shop)


Send = Callable[..., TestResponse]


def by_query(client: FlaskClient, query: bytes | str) -> Iterator[TestResponse]:
    """Send a query string by every road there is."""
    text = query.decode("latin-1") if isinstance(query, bytes) else query
    environ = {"QUERY_STRING": text}
    yield client.get("/app/books", environ_overrides=environ)
    yield client.get("/app/books/_selections/some", environ_overrides=environ)
    yield client.post("/app/books/_selections/some", json={}, environ_overrides=environ)


def by_filter(client: FlaskClient, text: str) -> Iterator[TestResponse]:
    """Send a filter in JSON by every road there is."""
    query = {"QUERY_STRING": f"_filter={quote(text, safe='')}"}
    yield client.get("/app/books", environ_overrides=query)
    yield client.get("/app/books/_selections/some", environ_overrides=query)
    yield client.post("/app/books/_selections/some", data=text, content_type="application/json")


@pytest.fixture
def unharmed(client: FlaskClient, db: DBSQLConnector, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Check that nothing was changed, nothing is left open, and nothing failed."""
    before, served = all_rows(db), client.get("/app/books").get_json()
    yield
    assert client.get("/app/books").get_json() == served
    assert all_rows(db) == before
    assert db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def refused(answers: Iterator[TestResponse], named: str, what: object) -> None:
    start = time.monotonic()
    for answer in answers:
        assert answer.status_code == 400, what
        told = problem(answer, 400)
        assert named in told["detail"], (what, told["detail"])
        shown = answer.get_data(as_text=True)
        assert len(shown) < 1500, what
        assert not any(word in shown for word in INSIDE), (what, shown)
    assert time.monotonic() - start < SECONDS, what


# -- the query string -----------------------------------------------------------------------------

QUERIES: list[tuple[bytes | str, str]] = [
    # names of fields and operators
    ("$where=sleep(1)", "'$where'"),
    ("$where.x=1", "'$where'"),
    ("pages.$where=1", "'$where'"),
    ("pages.$gt.$lt=1", "$gt"),
    ("pages.$GT=1", "'$GT'"),
    ("pages.$or=1", "_filter"),
    ("pages.$=1", "'$'"),
    ("$gt=1", "'$gt'"),
    ("title%27%20OR%201=1--", "title' OR 1"),
    ("title/*=1", "title/*"),
    ("title--=1", "title--"),
    ("%22title%22=1", '"title"'),
    ("title%00=1", "title"),
    ("pages;DROP%20TABLE%20books=1", "pages;DROP"),
    ("books.title=1", "'books"),
    ("rowid=1", "'rowid'"),
    ("ctid=1", "'ctid'"),
    ("_version=1", "'_version'"),
    ("sqlite_master.name=1", "sqlite_master"),
    ("pg_catalog.x=1", "pg_catalog"),
    ("title.x=1", "'title.x'"),
    ("author.name.x=1", "'author.name' is a String"),
    ("tags.0=x", "an element of 'tags' is a String"),
    ("tags%5B0%5D=x", "'tags[0]'"),
    ("author.nothing=1", "nothing"),
    ("author.books.author.books.author.nothing=1", "nothing"),
    (".".join(["author", "books"] * 500) + ".title=1", "more than 50 names"),
    ("free." + ".".join(["x"] * 1000) + "=1", "more than 50 names"),
    ("author." * 100_000 + "name=1", "more than 50 names"),
    ("." * 10_000 + "=1", "50 names"),
    ("free.a%00b=1", "key"),
    ("x" * 100_000 + "=1", "xxx"),
    ("_" + "x" * 100_000 + "=1", "_xxx"),
    ("title.$" + "x" * 100_000 + "=1", "$xxx"),
    # values
    ("title=%00", "'title'"),
    ("title=a%00b", "'title'"),
    ("title=a&title=%00", "'title'"),
    ("tags.$contains=%00", "tags"),
    ("title.$re=%00", "'title'"),
    ("author=%00", "'author'"),
    ("_id=%00", "'_id'"),
    ("pages=1e999", "'pages'"),
    ("pages=NaN", "'pages'"),
    ("pages=Infinity", "'pages'"),
    ("pages=1_000", "'pages'"),
    ("pages=0x10", "'pages'"),
    ("pages=%D9%A1%D9%A2", "'pages'"),  # digits of another alphabet
    ("pages=" + "9" * 5000, "'pages'"),
    ("pages=9223372036854775808", "'pages'"),
    ("pages=-9223372036854775809", "'pages'"),
    ("pages=", "'pages'"),
    ("pages=1%27%20OR%20%271%27=%271", "'pages'"),
    ("pages=1;SELECT%20pg_sleep(9)", "'pages'"),
    ("pages.$gt=", "'pages'"),
    ("pages.$in=1&pages.$in=x", "'pages'"),
    ("tags=x", "'tags'"),
    ("author.books=x", "'author.books'"),
    ("free=x", "'free'"),
    ("pages.$re=1", "'$re'"),
    # bytes that are no text
    (b"title=\xe9", "UTF-8"),
    (b"title=\xff\xfe", "UTF-8"),
    (b"\xe9=1", "UTF-8"),
    ("title=%ED%A0%80&pages=x", "'pages'"),  # half of a surrogate pair is read as what stands for no character
    # many
    ("&".join(f"pages.$ne={number}" for number in range(10_000)), "500 conditions"),
    ("&".join(f"author.books.title.$ne={number}" for number in range(10_000)), "500 conditions"),
    ("&".join(f"x{number}=1" for number in range(400)), "'x0'"),
    # parameters
    ("_page=-1", "'_page'"),
    ("_page=99999999999999999999", "'_page'"),
    ("_page=1001", "'_page'"),
    ("_page=1.0", "'_page'"),
    ("_page=1e1", "'_page'"),
    ("_page=", "'_page'"),
    ("_page=%20", "'_page'"),
    ("_page=%D9%A1", "'_page'"),
    ("_page=1&_page=2", "'_page'"),
    ("_page=" + "9" * 100_000, "'_page'"),
    ("_skip=x", "'_skip'"),
    ("_skip=-1", "'_skip'"),
    ("_skip=99999999999999999999", "'_skip'"),
    ("_skip=9007199254740993", "'_skip'"),
    ("_skip=1&_skip=1", "'_skip'"),
    ("_total=maybe", "'_total'"),
    ("_total=", "'_total'"),
    ("_total=exact&_total=exact", "'_total'"),
    ("_total=" + "x" * 100_000, "'_total'"),
    ("_sort=nothing", "'nothing'"),
    ("_sort=title%20DESC", "'title DESC'"),
    ("_sort=title;DROP%20TABLE%20books", "title;DROP"),
    ("_sort=(CASE%20WHEN%201%20END)", "(CASE WHEN 1 END)"),
    ("_sort=title,title", "'title'"),
    ("_sort=,", "empty term"),
    ("_sort=--title", "'-title'"),
    ("_sort=tags", "'tags'"),
    ("_sort=free.x", "'free.x'"),
    ("_sort=author.books.title", "'author.books.title'"),
    ("_sort=%00", "sort"),
    ("_sort=title%00", "title"),
    ("_sort=shout", "'shout'"),
    ("_sort=" + ",".join(["title"] * 10_000), "8 terms"),
    ("_sort=" + "author." * 10_000 + "name", "author"),
    ("_sort=title&_sort=title", "'_sort'"),
    ("_cursor=", "'_cursor'"),
    ("_cursor=x", "'_cursor'"),
    ("_cursor=%00", "'_cursor'"),
    ("_cursor=%FF", "'_cursor'"),
    ("_cursor=" + "A" * 100_000, "'_cursor'"),
    ("_cursor=" + base64.urlsafe_b64encode(b"[" * 10_000).decode(), "'_cursor'"),
    ("_cursor=x&_skip=1", "'_skip'"),
    ("_cursor=x&_cursor=x", "'_cursor'"),
    ("_filter=", "'_filter'"),
    ("_filter=title", "'_filter'"),
    ("_filter={}&_filter={}", "'_filter'"),
    ("_limit=1", "'_limit'"),
    ("__proto__=1", "__proto__"),
    ("_=1", "'_'"),
]


@pytest.mark.usefixtures("unharmed")
def test_a_hostile_query_string_is_refused_by_name(client: FlaskClient) -> None:
    for query, named in QUERIES:
        refused(by_query(client, query), named, query[:80])


@pytest.mark.usefixtures("unharmed")
def test_a_name_that_would_do_harm_is_no_view(client: FlaskClient) -> None:
    for view in ("%00", "", "a%27b", "../x", "x" * 65, "+%2B", "a.b", "client&_view=client"):
        refused(iter([client.get(f"/app/books?_view={view}")]), "'_view'", view)
    refused(iter([client.get("/app/books/_selections/some?_view=client")]), "'_view'", "a selection has no views")


@pytest.mark.usefixtures("unharmed")
def test_a_cursor_that_was_changed_or_belongs_elsewhere_is_refused(client: FlaskClient) -> None:
    cursors = {
        sort: client.get(f"/app/books?_page=5&_sort={sort}").get_json()["next"]
        for sort in ("_id", "pages", "-pages", "title,pages", "author.name")
    }
    for sort, cursor in cursors.items():
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        digest, values = raw[:6], json.loads(raw[6:])
        forged = [values[:-1], [*values, 1], [None] * len(values), [{"$gt": ""}] * len(values), ["\0"] * len(values)]
        forged += [[*values[:-1], 1], [*values[:-1], "\0"], [*values[:-1], ["x"]], {}, None, [10**30] * len(values)]
        tokens = [digest + json.dumps(each).encode() for each in forged]
        tokens += [raw[:-1], raw[:6], raw[:3], b"", raw + b"x", raw[1:], b"\0" * 6 + raw[6:], digest + b"[" * 5000]
        tokens += [digest + b'["\xff"]', digest + b'[1e999,"x"]', digest + b'[NaN,"x"]', raw[:6] + b" " * 5]
        for token in tokens:
            text = base64.urlsafe_b64encode(token).rstrip(b"=").decode()
            refused(by_query(client, f"_sort={sort}&_cursor={text}"), "'_cursor'", (sort, token))
        for other in cursors:
            if other != sort:
                refused(by_query(client, f"_sort={other}&_cursor={cursor}"), "'_cursor'", (sort, other))
        refused(iter([client.get(f"/app/authors?_cursor={cursor}")]), "'_cursor'", sort)
        assert client.get(f"/app/books?_sort={sort}&_cursor={cursor}").status_code == 200


# -- filters in JSON ------------------------------------------------------------------------------

DEEP = 100_000
FILTERS: list[tuple[str, str]] = [
    # no JSON, or JSON that nobody should read; as a body it is the body that is at fault
    ("[" * DEEP, "not JSON"),
    ('{"$not":' * DEEP, "not JSON"),
    ('{"a":' * 5000 + "1" + "}" * 5000, "not JSON"),
    ('{"title": "\\ud800"}', "not JSON"),
    ('{"\\ud800": 1}', "not JSON"),
    ('{"pages": NaN}', "not JSON"),
    ('{"pages": -Infinity}', "not JSON"),
    ('{"pages": 01}', "not JSON"),
    ("{'pages': 1}", "not JSON"),
    ('{"pages": 1}\0', "not JSON"),
    ("pages = 1", "not JSON"),
    # no filter
    ("7", "int"),
    ("true", "bool"),
    ('"title"', "str"),
    ("[]", "list"),
    ("[[]]", "list"),
    ('["$and"]', "list"),
    ('[{"pages": 1}]', "list"),
    # operators
    ('{"$where": "sleep(1)"}', "'$where'"),
    ('{"pages": {"$where": "1"}}', "'$where'"),
    ('{"pages": {"$expr": 1}}', "'$expr'"),
    ('{"pages": {"$gt": 1, "$x": 1}}', "'$x'"),
    ('{"pages.$x": 1}', "'$x'"),
    ('{"$and": {"pages": 1}}', "'$and'"),
    ('{"$or": 1}', "'$or'"),
    ('{"$or": [1]}', "name one of its fields"),
    ('{"$not": [1, 2]}', "list of conditions"),
    ('{"pages": ["$in", 1]}', "'pages'"),
    ('{"pages": ["$in", {"a": 1}]}', "'pages'"),
    ('{"pages": ["$re", "1"]}', "'$re'"),
    ('{"title": ["$re", 1]}', "'title'"),
    ('{"title": ["$re", null]}', "'title'"),
    ('{"title": ["$re", ["x"]]}', "'title'"),
    ('{"title": ["$contains", "x"]}', "'title'"),
    ('{"' + "$" + "x" * 100_000 + '": 1}', "$xxx"),
    # paths
    ('{"nothing": 1}', "'nothing'"),
    ('{"": 1}', "no field"),
    ('{"author": {"nothing": 1}}', "nothing"),
    ('{"tags": ["$contains", {"x": 1}]}', "x"),
    ('{"title\'; DROP TABLE books; --": 1}', "DROP"),
    ('{"title/**/": 1}', "title/**/"),
    ('{"free": {"a\\u0000": 1}}', "key"),
    ('{"' + ".".join(["author", "books"] * 500) + '": 1}', "50 names"),
    ('{"author":{"books":' * 60 + "1" + "}}" * 60, "50"),
    ('{"author.books.author.books.author.books.author.books.author.books":' * 6 + "1" + "}" * 6, "50 names"),
    # values
    ('{"pages": 1e999}', "not JSON"),
    ('{"pages": 1e30}', "'pages'"),
    ('{"pages": 1.5}', "'pages'"),
    ('{"pages": 9223372036854775808}', "'pages'"),
    ('{"pages": ' + "9" * 400 + "}", "not JSON"),
    ('{"pages": true}', "'pages'"),
    ('{"pages": "1"}', "'pages'"),
    ('{"pages": {}, "title": {"x": 1}}', "title"),
    ('{"pages": [1, 2]}', "'pages'"),
    ('{"title": 1}', "'title'"),
    ('{"title": "a\\u0000"}', "'title'"),
    ('{"title": ["$in", ["a", "\\u0000"]]}', "'title'"),
    ('{"title": ["$in", ["a", 1]]}', "'title'"),
    ('{"title": ["$re", "\\u0000"]}', "'title'"),
    ('{"author": 1}', "'author'"),
    ('{"author": {"_id": ["x", "y"]}}', "_id"),
    ('{"tags": ["$contains", 1]}', "'tags'"),
    ('{"tags": 1}', "'tags'"),
    ('{"free": {"x": {"y": "\\u0000"}}}', "free.x"),
    ('{"shout": 1}', "'shout'"),
    ('{"pages": 1, "pages": "x"}', "'pages'"),
    # many
    (json.dumps({"$and": [{"pages": ["$ne", number]} for number in range(10_000)]}), "500 conditions"),
    (json.dumps({"$or": [{"author.name": str(number)} for number in range(10_000)]}), "500 conditions"),
    (json.dumps({f"free.x{number}": 1 for number in range(10_000)}), "500 conditions"),
    (json.dumps({"tags": [str(number) for number in range(10_000)]}), "500 conditions"),
    (json.dumps({"pages": ["$in", list(range(100_001))]}), "too long"),
    (json.dumps({"$and": [{"pages": ["$in", list(range(40_000))]}] * 3}), "too long"),
    ('{"$not":' * 60 + '{"pages": 1}' + "}" * 60, "50 levels"),
    ('{"$and":[' * 60 + '{"pages": 1}' + "]}" * 60, "50 levels"),
    ('{"tags":["$contains",' + '["$not",' * 60 + '"x"' + "]" * 60 + "]}", "50 levels"),
    # expressions
    *((json.dumps({"title": ["$re", text]}), "'title'") for text in ("(", "[", "*", "a{2,1}", "(?P<a", "\\", "(?<=a+")),
    *((json.dumps({"title": ["$reg", text]}), "'title'") for text in ("(" * 900, "x" * 1001, "(?i" * 300, "[" * 1000)),
]


@pytest.mark.usefixtures("unharmed")
def test_a_hostile_filter_is_refused_by_name(client: FlaskClient) -> None:
    for text, named in FILTERS:
        refused(by_filter(client, text), named, text[:80])


@pytest.mark.usefixtures("unharmed")
def test_a_filter_that_is_no_text_is_refused(client: FlaskClient) -> None:
    for body in (b'{"title": "\xff"}', b"\xff", b'\xef\xbb\xbf{"title": "x"}', "{}".encode("utf-16"), b"\x1f\x8b"):
        answer = client.post("/app/books/_selections/some", data=body, content_type="application/json")
        refused(iter([answer]), "not JSON", body)


# -- what only looks hostile ----------------------------------------------------------------------


@pytest.mark.usefixtures("unharmed")
def test_a_value_that_looks_like_sql_is_a_value(client: FlaskClient) -> None:
    for text in (
        "' OR '1'='1",
        "'; DROP TABLE books; --",
        "x') OR 1=1 --",
        "/* */ UNION SELECT 1",
        "%",
        "_",
        "\\",
        "%(title_1)s",
        ":title_1",
        "?",
        "$1",
        "{}",
        "$where",
        "\u202e\ufeff\u2028",
        "\ufffd",
        "x" * 100_000,
    ):
        conditions = {
            "title": text,
            "author.name": text,
            "tags.$contains": text,
            "free.text": text,
            "author.books.title": text,
            "_id": text if text.isalnum() else "x",
        }
        for path, value in conditions.items():
            for answer in by_query(client, f"{path}={quote(value)}"):
                assert (answer.status_code, answer.get_json()["total"]) == (200, 0), (path, text[:40])
            negated = json.dumps(
                {"$not": {path: value}} if "$" not in path else {"$not": {"tags": ["$contains", value]}}
            )
            for answer in by_filter(client, negated):
                assert (answer.status_code, answer.get_json()["total"]) == (200, 40), (path, text[:40])


@on_one_database  # the one that a filter is measured for
@pytest.mark.usefixtures("unharmed")
def test_the_longest_path_through_references_is_answered(client: FlaskClient) -> None:
    # Each reference must not double the work: the 48th would be done tomorrow.
    path = ".".join(["author", "books"] * 24)
    for asked, total in ((["$ne", "nothing"], 40), ("nothing", 0)):
        for answer in by_filter(client, json.dumps({f"{path}.title": asked})):
            assert answer.get_json()["total"] == total


@pytest.mark.usefixtures("unharmed")
def test_bytes_that_are_half_a_surrogate_pair_find_nothing(client: FlaskClient) -> None:
    for answer in by_query(client, "title=%ED%A0%80"):
        assert (answer.status_code, answer.get_json()["total"]) == (200, 0)


# -- expressions that take forever ----------------------------------------------------------------

#: Each takes ages on one text that it nearly matches, where somebody tries all ways.
BOMBS = (
    "(a+)+$",
    "(a|aa)+$",
    "^(a|a?)+$",
    "(.*a){25}$",
    "^(([a-z])+.)+[A-Z]([a-z])+$",
    "(a*)*b",
    "((a*)*)*b",
    "(a?){60}a{60}b",
    "(a?b?c?){200}z",
    ".*" * 300 + "z",
    "(a{0,255}){0,7}b",
    "((a{0,99}){0,99}){0,99}b",
    "(a+)+\\1b",
    "(?=(a+)+$)b",
    "(?>a*)*(a|aa)+$",
    "(?:(a)|(b)|(ab))*?$c" + "(a|aa)+b",
)


@pytest.mark.usefixtures("unharmed")
def test_an_expression_that_would_take_forever_holds_nobody(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patterns, "PATTERN_BUDGET", 0.3)
    paths = ("title", "author.name", "tags", "free.text", "author.books.title")
    for number, expression in enumerate(BOMBS):
        for path in (paths[number % len(paths)], "shout"):
            condition: Any = ["$re", expression]
            filters = {path: ["$contains", condition] if path == "tags" else condition}
            start = time.monotonic()
            for answer in by_filter(client, json.dumps(filters)):
                if answer.status_code == 200:
                    assert answer.get_json()["total"] == 0, (expression, path)
                else:
                    assert "takes too long" in problem(answer, 400)["detail"], (expression, path)
            assert time.monotonic() - start < SECONDS, (expression, path)


def test_all_expressions_of_a_filter_have_one_time_together(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    budgets: list[Any] = []

    class Noted(patterns.Budget):
        def __init__(self) -> None:
            super().__init__()
            budgets.append(self)

    monkeypatch.setattr(patterns, "Budget", Noted)
    filters = {"$and": [{"shout": ["$re", f"a{{{number},}}"]} for number in range(1, 6)]}
    for answer in by_filter(client, json.dumps(filters)):
        assert answer.get_json()["total"] == 40
        (budget,) = budgets
        assert 0 < budget.left < patterns.PATTERN_BUDGET
        budgets.clear()


def test_the_time_of_an_expression_of_a_selection_is_that_of_one_request(
    shop: Backoffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    selection = Selection(["$.title"], filter={"shout": ("$re", "a+!!$")})
    shop.books.register_selection("shouts", selection)
    monkeypatch.setattr(patterns, "PATTERN_BUDGET", 0.0)
    client = client_of(shop)
    assert "takes too long" in problem(client.get("/app/books/_selections/shouts"), 400)["detail"]
    monkeypatch.undo()
    assert client.get("/app/books/_selections/shouts").get_json()["total"] == 40
