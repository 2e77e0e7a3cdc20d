"""Whatever a client sends, it is told what is wrong and where, nothing is written, and the next request is served."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from backo_sql import Backoffice, DBSQLConnector, Float, Int, Item, List, NotFoundError, String
from backo_sql.http.items import MAX_OPERATIONS
from backo_sql.storage.sql.session import SQLSession
from tests.support import Open, all_rows, client_of, on_one_database, problem, row_counts

JSON = "application/json"

#: Texts that have broken somebody's parser, query or page.
NASTY_TEXTS = (
    "it's",
    'say "no"',
    "100%",
    "%s %(x)s %d",
    "a\\b\\\\c",
    "'; DROP TABLE books; --",
    "' OR '1'='1",
    "<script>alert(1)</script>",
    "{{7*7}} ${7*7} #{7*7}",
    "🙂👩‍👩‍👧‍👦",
    "e\u0301 é",
    "\u202eright to left",
    "line\nfeed\r\ntab\t\x01\x1f\x7f",
    " blanks around ",
    "\ufeffbom",
    "\uffff\U0010ffff",
    "null",
    "true",
    "$.title",
    "$ne",
    ":title",
    "?",
    "",
)


@pytest.fixture
def author(client: FlaskClient) -> str:
    return str(client.post("/app/authors", json={"name": "Ada"}).get_json()["_id"])


@pytest.fixture
def book(client: FlaskClient, author: str) -> str:
    data = {"title": "Notes", "author": author, "pages": 7, "tags": ["a"]}
    return str(client.post("/app/books", json=data).get_json()["_id"])


@pytest.fixture
def refused(
    client: FlaskClient, book: str, db: DBSQLConnector, caplog: pytest.LogCaptureFixture
) -> Iterator[Callable[..., dict[str, Any]]]:
    """Sends what must be refused with a 4xx problem: the next request is served, and all rows stay as they were."""
    before = all_rows(db)
    served = client.get("/app/books").get_json()

    def refused(status: int, method: str, url: str, **options: Any) -> dict[str, Any]:
        answer = client.open(url, method=method, **options)
        told = problem(answer, status)
        shown = answer.get_data(as_text=True)
        assert len(shown) < 12_000
        assert not any(word in shown for word in ("Traceback", "sqlalchemy", "psycopg", "sqlite3", "SELECT", "INSERT"))
        assert client.get("/app/books").get_json() == served
        return told

    yield refused
    assert all_rows(db) == before
    assert db.engine.pool.checkedout() == 0
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


Refused = Callable[..., dict[str, Any]]


# -- bodies ---------------------------------------------------------------------------------------


@on_one_database
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_a_body_that_is_not_json(refused: Refused, book: str, method: str) -> None:
    url = "/app/books" if method == "POST" else f"/app/books/{book}"
    for body in (
        b"",
        b" ",
        b"{",
        b"}",
        b'{"title": }',
        b'{"title": "x",}',
        b"{'title': 'x'}",
        b'{"title": "x"} {}',
        b'{"title": "x"}\x00',
        b"title=x",
        b"undefined",
        b"NaN",
        b'{"price": NaN}',
        b'{"price": Infinity}',
        b'{"price": -Infinity}',
        b'{"pages": 01}',
        b'{"pages": 0x10}',
        b'{"pages": +1}',
        b'{"price": .5}',
        b'{"title": "\n"}',
        b'{"title": "\\x41"}',
        b'{"title": "\\ud800"}',
        b'{"title": "\\udc00\\ud800"}',
        b'{"\\ud800": 1}',
        b'{"title": "\xff"}',
        b'{"title": "\xed\xa0\x80"}',
        b'{"title": "\xc0\x80"}',
        '{"title": "x"}'.encode("utf-16"),
        b'\xef\xbb\xbf{"title": "x"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" * 5_000 + b"]" * 5_000,
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
        b"1" * 5_000,
        b"\x1f\x8b\x08\x00",
        b"<book><title>x</title></book>",
    ):
        told = refused(400, method, url, data=body, content_type=JSON)
        assert "body" in told["detail"] or told.get("errors"), body[:40]


@on_one_database
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_body_that_is_not_an_object(refused: Refused, book: str, method: str) -> None:
    url = "/app/books" if method == "POST" else f"/app/books/{book}"
    for body, name in (
        (b"null", "null"),
        (b"[]", "array"),
        (b'[{"title": "x"}]', "array"),
        (b"5", "number"),
        (b"1e400", "number"),
        (b"-0.0", "number"),
        (b"true", "true"),
        (b'"title"', "text"),
        (b'""', "text"),
    ):
        told = refused(400, method, url, data=body, content_type=JSON)
        assert "object" in told["detail"] or "JSON" in told["detail"], (body, name)


@on_one_database
def test_patch_of_what_is_no_operation(refused: Refused, book: str) -> None:
    for body in (b"null", b"5", b"true", b'"replace"'):
        assert "operation" in refused(400, "PATCH", f"/app/books/{book}", data=body, content_type=JSON)["detail"]
    for body in (b"{}", b"[null]", b"[[]]", b"[{}]", b'["replace"]'):
        assert refused(400, "PATCH", f"/app/books/{book}", data=body, content_type=JSON)["errors"]


@on_one_database
def test_more_operations_than_may_be_done_at_once(client: FlaskClient, book: str) -> None:
    operations = [{"op": "add", "path": "$.tags", "value": "x"}] * (MAX_OPERATIONS + 1)
    told = problem(client.patch(f"/app/books/{book}", json=operations), 400)
    assert told["detail"] == f"The body has {MAX_OPERATIONS + 1} operations; {MAX_OPERATIONS} may be done at once."
    tests = [{"op": "test", "path": "$._id", "value": book}] * MAX_OPERATIONS
    assert client.patch(f"/app/books/{book}", json=tests).status_code == 200


@on_one_database
def test_another_label_than_json(refused: Refused, author: str) -> None:
    body = b'{"name": "Grace"}'
    for label in (
        "text/plain",
        "text/html",
        "application/octet-stream",
        "multipart/form-data",
        "x",
        "json",
        "*/*",
        None,
    ):
        refused(415, "POST", "/app/authors", data=body, content_type=label)
        refused(415, "PUT", f"/app/authors/{author}", data=body, content_type=label)
        refused(415, "PATCH", f"/app/authors/{author}", data=body, content_type=label)


# -- fields ---------------------------------------------------------------------------------------


def test_three_wrong_types_and_an_unknown_field_at_once(refused: Refused, author: str) -> None:
    data = {"title": ["x"], "pages": "7", "in_print": 1, "colour": "red", "author": author}
    errors = refused(400, "POST", "/app/books", json=data)["errors"]
    assert errors.keys() == {"$.title", "$.pages", "$.in_print", "$.colour"}


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_value_that_a_field_refuses_is_named_by_its_path(
    refused: Refused, author: str, book: str, method: str
) -> None:
    url = "/app/books" if method == "POST" else f"/app/books/{book}"
    for field, values in {
        "title": [None, 5, True, [], {}, "a\0b", "\0", "x" * 201],
        "isbn": ["a\0"],
        "pages": [0, 10_001, -1, 1.0, 1.5, True, "7", [], {}, 2**63, -(2**63) - 1, 2**64, 10**30, 1e300, -1e300],
        "price": [-0.1, "1", True, [], {}],
        "in_print": [0, 1, "true", "", [], None],
        "published": [0, 5e9, True, "", "soon", "2030-02-30", "2030-01-01T25:00:00Z", "a\0", "9" * 1000, [], {}],
        "genre": ["thriller", "NOVEL", "", 5, [], {}],
        "tags": ["a", {}, 5, None],
        "tags[0]": [[5], [["a"]], ["a\0"], [{}]],
        "tags[1]": [["a", 5]],
        "loan": ["x", [], 5, True],
        "loan.until": [{"until": "soon"}, {"until": 5}, {"until": {}}],
        "loan.reader": [{"reader": "nobody"}, {"reader": 5}, {"reader": ""}, {"reader": "a/b"}, {"reader": "\0"}],
        "loan.x": [{"x": 1}],
        "author": [None, "", 5, [], {}, "nobody", "_x", "a/b", "a\0b", "' OR '1'='1", "x" * 10_000],
        "shelves": ["s", 5, {}],
        "shelves[0]": [["nowhere"], [5], [None], [[]], [{}], [""], ["a\nb"]],
        "nothing": [1, None],
        "__proto__": [{}],
        "__class__": ["x"],
        "_version": [7],
        "title ": ["x"],
        "Title": ["x"],
        "loan__until": [None],
        "": [1],
        "$": [1],
        "a\0b": [1],
        "_type": ["x"],
        "save": [1],
    }.items():
        for value in values:
            name = field.split("[")[0].split(".")[0]
            data = {"title": "x", "author": author} | {name: value}
            told = refused(400, method, url, json=data)
            assert f"$.{field}" in told["errors"], (field, value, told)


def test_a_number_past_64_bits(refused: Refused, author: str) -> None:
    for number in ("9223372036854775808", "-9223372036854775809", "18446744073709551616", "1" + "0" * 400, "1e400"):
        body = f'{{"title": "x", "author": "{author}", "pages": {number}}}'
        told = refused(400, "POST", "/app/books", data=body, content_type=JSON)
        assert told.get("errors", {}).keys() in ({"$.pages"}, set()), number
        assert "errors" in told or "JSON" in told["detail"], number


def test_a_thousand_faults_are_told_in_an_answer_of_bounded_size(client: FlaskClient, library: Backoffice) -> None:
    answer = client.post("/app/books", json={f"field{number}": number for number in range(1000)})
    assert len(problem(answer, 400)["errors"]) >= 3
    assert library.books.count() == 0


def test_a_key_given_twice_has_one_value(client: FlaskClient, author: str) -> None:
    body = f'{{"title": "first", "title": "last", "author": "{author}"}}'
    answer = client.post("/app/books", data=body, content_type=JSON)
    assert (answer.status_code, answer.get_json()["title"]) == (201, "last")


def test_a_list_of_links_with_ten_thousand_ids_that_are_not_there(client: FlaskClient, db: DBSQLConnector) -> None:
    before = all_rows(db)
    ids = [f"x{number}" for number in range(10_000)]
    problem(client.post("/app/shelves", json={"label": "one", "books": ids}), 400)
    problem(client.post("/app/shelves", json={"label": "one", "books": ["x"] * 10_000}), 400)
    assert all_rows(db) == before


# -- ids ------------------------------------------------------------------------------------------


def test_an_id_that_is_not_there(refused: Refused, book: str) -> None:
    for identifier in (
        "nobody",
        "0",
        "null",
        "%00",
        f"{book}%00",
        f"{book}%00x",
        f"%00{book}",
        f"{book}%20",
        f"{book}%0A",
        f"%20{book}",
        book.upper(),
        book[:-1],
        f"{book}x",
        f"{book}%25",
        book[:-1] + "_",
        book[:-1] + "%25",
        "%27%20OR%20%271%27=%271",
        "%27;%20DROP%20TABLE%20books;--",
        "%ED%A0%80",
        "%FF",
        "%F0%9F%99%82",
        "x" * 10_000,
        "_x",
        "a%2Fb",
        f"{book}%2F",
        f"..%2F{book}",
        "%2e%2e",
        "%5c",
        "*",
    ):
        url = f"/app/books/{identifier}"
        if identifier == f"{book}%2F":
            continue  # the same route with its trailing slash
        refused(404, "GET", url)
        refused(404, "DELETE", url)
        refused(404, "PUT", url, json={"title": "x"})
        refused(404, "PATCH", url, json={"op": "replace", "path": "$.title", "value": "x"})


def test_an_id_that_is_not_there_in_python(library: Backoffice) -> None:
    item = library.authors.create({"name": "Ada"})
    for identifier in ("nobody", "", "\0", f"{item._id}\0", "\ud800", "a/b", "_x", "x" * 10_000, None, 5, b"x", [], {}):
        with pytest.raises(NotFoundError):
            library.authors.get_by_id(identifier)  # type: ignore[arg-type]
    assert library.authors.count() == 1


# -- parameters -----------------------------------------------------------------------------------


def test_a_parameter_that_is_unknown_or_of_a_wrong_type(refused: Refused) -> None:
    for query, named in (
        ("colour=red", "colour"),
        ("pages=seven", "pages"),
        ("in_print=maybe", "in_print"),
        ("published=soon", "published"),
        ("price=cheap", "price"),
        ("pages.$gt=seven", "pages"),
        ("title.$foo=x", "$foo"),
        ("title=%00", "title"),
        ("_page=-1", "_page"),
        ("_page=abc", "_page"),
        ("_page=1001", "_page"),
        ("_page=99999999999999999999999999", "_page"),
        ("_page=%00", "_page"),
        ("_page=%2B5", "_page"),
        ("_skip=-1", "_skip"),
        ("_skip=99999999999999999999999999", "_skip"),
        ("_skip=9223372036854775807", "_skip"),
        ("_nothing=1", "_nothing"),
        ("__proto__=1", "__proto__"),
        ("__proto__.x=1", "__proto__"),
        ("__class__.__mro__=1", "__class__"),
        ("title.__class__=1", "title.__class__"),
        ("title;DROP%20TABLE%20books=1", "title;DROP"),
        ("%27%20OR%201=1", "' OR 1"),
        ("title%20=x", "title "),
        ("%ED%A0%80=x", "%ED%A0%80"),
        ("a" * 10_000 + "=1", "aaa"),
        (".".join("a" * 10_000) + "=1", "a.a"),
        ("$.=1", ""),
        ("...=1", ""),
        ("%24=1", "$"),
        ("=1", ""),
    ):
        assert named in refused(400, "GET", f"/app/books?{query}")["detail"], query


def test_ten_thousand_parameters(client: FlaskClient, book: str, caplog: pytest.LogCaptureFixture) -> None:
    """They may be too many, or they may be answered: what they are not is a failure of the server."""
    numbers = range(10_000)
    for pairs in (
        [("pages", str(number)) for number in numbers],
        [("pages.$nin", str(number)) for number in numbers if number != 7],
        [("pages.$gt", str(-number)) for number in numbers],
        [("title.$lt", "ZZ") for _ in numbers],
    ):
        answer = client.get("/app/books", query_string=pairs)
        if answer.status_code == 200:
            assert [item["_id"] for item in answer.get_json()["result"]] == [book], pairs[0]
        else:
            problem(answer, 400)
    for pairs in ([(f"field{number}", "1") for number in numbers], [("_page", "1") for _ in numbers]):
        problem(client.get("/app/books", query_string=pairs), 400)
    assert client.get("/app/books").get_json()["total"] == 1
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_seventy_thousand_values_in_python(library: Backoffice, book: str) -> None:
    """More than a statement of PostgreSQL has parameters."""
    assert library.books.count({"pages": ("$in", list(range(70_000)))}) == 1
    assert library.books.count({"pages": ("$nin", list(range(8, 70_000)))}) == 1
    assert library.books.count({"_id": ("$in", [f"x{number}" for number in range(70_000)])}) == 0


def test_a_filter_with_a_long_or_nasty_text_finds_what_it_says(client: FlaskClient, book: str) -> None:
    for text in (*NASTY_TEXTS, "x" * 1_000_000):
        answer = client.get("/app/books", query_string={"isbn": text})
        assert (answer.status_code, answer.get_json()["total"]) == (200, 0), text[:40]
        assert client.get("/app/books", query_string={"isbn.$ne": text}).get_json()["total"] == 1, text[:40]


def test_a_huge_skip_is_an_empty_page(client: FlaskClient, book: str) -> None:
    answer = client.get("/app/books?_skip=9007199254740992").get_json()
    assert (answer["result"], answer["total"]) == ([], 1)


# -- methods and URLs -----------------------------------------------------------------------------


@on_one_database
def test_a_method_or_a_url_that_is_not_there(refused: Refused, book: str) -> None:
    for method, url, status in (
        ("PUT", "/app/books", 405),
        ("PATCH", "/app/books", 405),
        ("DELETE", "/app/books", 405),
        ("DELETE", "/app/books/", 405),
        ("POST", f"/app/books/{book}", 405),
        ("TRACE", "/app/books", 405),
        ("CONNECT", "/app/books", 405),
        ("BREW", f"/app/books/{book}", 405),
        ("X" * 1000, "/app/books", 405),
        ("DELETE", "/app/_meta", 405),
        ("GET", "/app/nothing", 404),
        ("GET", "/app/Books", 404),
        ("GET", "/app/books%20", 404),
        ("GET", "/app/books%00", 404),
        ("GET", f"/app/books/{book}/title", 404),
        ("GET", "/app/coll", 404),
        ("GET", "/app/coll/nothing", 404),
        ("GET", "/app/_nothing", 404),
        ("GET", "/app/" + "x" * 10_000, 404),
        ("GET", "/app/" + "x/" * 5_000, 404),
        ("POST", "/app/nothing", 404),
        ("GET", "/app/..%2f..%2fetc%2fpasswd", 404),
        ("GET", "/app/%ED%A0%80", 404),
    ):
        refused(status, method, url, json={"title": "x"})


@on_one_database
def test_a_body_beyond_the_limit_of_the_application(library: Backoffice, db: DBSQLConnector) -> None:
    client = client_of(library)
    client.application.config["MAX_CONTENT_LENGTH"] = 1000
    problem(client.post("/app/authors", json={"name": "x" * 2000}), 413)
    assert client.post("/app/authors", json={"name": "x" * 900}).status_code == 201
    assert row_counts(db)["authors"] == 1


# -- what is odd and right ------------------------------------------------------------------------


@pytest.fixture
def notes(open_backoffice: Open) -> FlaskClient:
    fields = {"text": String(), "tags": List(String()), "numbers": List(Float()), "whole": Int(), "real": Float()}
    return client_of(open_backoffice(notes=Item(fields)))


def come_back(client: FlaskClient, **data: Any) -> TestResponse:
    """Send values by each road and check that they come back as they were sent."""
    made = client.post("/app/notes", json=data)
    assert made.status_code == 201, made.get_data(as_text=True)[:300]
    empty = client.post("/app/notes", json={}).location
    assert client.put(empty, json=data).status_code == 200
    operations = [{"op": "replace", "path": f"$.{name}", "value": value} for name, value in data.items()]
    patched = client.post("/app/notes", json={}).location
    assert client.patch(patched, json=operations).status_code == 200
    for url in (made.location, empty, patched):
        found = client.get(url).get_json()
        assert {name: found[name] for name in data} == data
    return made


def test_odd_texts_are_stored_and_come_back_as_they_were(notes: FlaskClient) -> None:
    for text in NASTY_TEXTS:
        come_back(notes, text=text, tags=[text, text])
        found = notes.get("/app/notes", query_string={"text": text}).get_json()
        assert found["total"] == 3, text
        assert {item["text"] for item in found["result"]} == {text}
        for item in found["result"]:
            assert notes.delete(f"/app/notes/{item['_id']}").status_code == 200


def test_a_text_of_1_mb_is_stored_and_comes_back(notes: FlaskClient) -> None:
    text = "".join(chr(0x4E00 + number * 7919 % 20_000) for number in range(350_000))
    assert len(text.encode()) > 1_000_000
    made = notes.post("/app/notes", json={"text": text, "tags": [text]})
    assert made.status_code == 201
    found = notes.get(made.location).get_json()
    assert (found["text"], found["tags"]) == (text, [text])


def test_extreme_numbers_are_stored_and_come_back(notes: FlaskClient) -> None:
    come_back(notes, whole=2**63 - 1, real=1.7976931348623157e308, numbers=[1e22, 1e308, 5e-324, -1.5, 0.1])
    come_back(notes, whole=-(2**63), real=5e-324, numbers=[])
    assert notes.get(f"/app/notes?whole={2**63 - 1}").get_json()["total"] == 3
    assert len(notes.get("/app/notes?_page=0").get_json()["result"]) == 6


def test_a_text_too_long_for_its_index_is_told_or_stored(open_backoffice: Open) -> None:
    client = client_of(open_backoffice(notes=Item({"text": String(index=True), "code": String(unique=True)})))
    text = "".join(chr(0x4E00 + number * 7919 % 20_000) for number in range(350_000))
    for field in ("text", "code"):
        answer = client.post("/app/notes", json={field: text})
        if answer.status_code == 201:
            assert client.get(answer.location).get_json()[field] == text
        else:
            assert problem(answer, 400)["errors"]
    assert client.post("/app/notes", json={"text": "a", "code": "a"}).status_code == 201


# -- failures of the server -----------------------------------------------------------------------


@on_one_database
def test_a_failure_shows_nothing_of_the_inside_and_its_identifier_is_in_the_log(
    client: FlaskClient, author: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("the secret of the house")

    for name in ("get", "select", "insert", "delete", "delete_unlinked"):
        monkeypatch.setattr(SQLSession, name, fail)
    url = f"/app/authors/{author}"
    for method, path, data in (
        ("GET", url, None),
        ("GET", "/app/authors", None),
        ("POST", "/app/authors", {"name": "x"}),
        ("PUT", url, {"name": "x"}),
        ("PATCH", url, {"op": "replace", "path": "$.name", "value": "x"}),
        ("DELETE", url, None),
    ):
        answer = client.open(path, method=method, json=data)
        told = problem(answer, 500)
        shown = answer.get_data(as_text=True)
        assert not any(word in shown for word in ("secret", "ZeroDivision", "Traceback", "session", ".py"))
        (record,) = (record for record in caplog.records if record.levelno >= logging.ERROR)
        assert told["identifier"] in record.getMessage()
        assert record.exc_info is not None
        assert "the secret of the house" in str(record.exc_info[1])
        caplog.clear()
    monkeypatch.undo()
    assert client.get(url).get_json()["name"] == "Ada"


@on_one_database
def test_a_mistake_in_python_is_a_failure_of_the_server_and_not_of_the_client(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for error in (TypeError("x"), AttributeError("x"), KeyError("x"), ValueError("x"), LookupError("x"), OSError("x")):

        def fail(*_: Any, error: Exception = error, **__: Any) -> Any:
            raise error

        monkeypatch.setattr(SQLSession, "select", fail)
        problem(client.get("/app/authors"), 500)
    assert len([record for record in caplog.records if record.levelno >= logging.ERROR]) == 6


def test_a_database_that_is_gone_is_a_failure_that_shows_nothing_of_it(
    library: Backoffice, db: DBSQLConnector, caplog: pytest.LogCaptureFixture
) -> None:
    client = client_of(library)
    db.metadata.drop_all(db.engine)
    answer = client.get("/app/authors")
    told = problem(answer, 500)
    assert "authors" not in answer.get_data(as_text=True).replace("/app/authors", "")
    assert told["identifier"] in caplog.text
    assert "create_all" in caplog.text
    library.create_all()
    assert client.get("/app/authors").status_code == 200


@on_one_database
def test_a_function_of_the_application_that_fails_is_a_failure(
    library: Backoffice, caplog: pytest.LogCaptureFixture
) -> None:
    def verify() -> None:
        raise RuntimeError("the secret of the house")

    answer = client_of(library, "", verify).get("/app/authors")
    assert "secret" not in answer.get_data(as_text=True)
    assert problem(answer, 500)["identifier"] in caplog.text
