"""A PostgreSQL whose own order of text isn't that of code points: ours is.

It needs a server that knows such a locale; where it knows none, the summary says so.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise

import pytest
import sqlalchemy as sa

from backo_sql import Backoffice, Collection, DBSQLConnector, Dict, FreeDict, Item, List, Ref, RefsList, String
from tests.random.test_any_filter import ask
from tests.support import client_of

#: in the order of their code points; in nearly every language, `a` and `á` stand before `B` and `Z`
WORDS = ["", "-a", "B", "Z", "Za", "_a", "a", "a b", "ab", "z", "á", "é", "\uffff", "\U0001f600"]

LOCALES = ("LOCALE 'en_US.UTF-8'", "LOCALE 'en_US.utf8'", "LOCALE 'C' LOCALE_PROVIDER icu ICU_LOCALE 'en-US'")


@pytest.fixture(scope="module")
def other_url(postgres_url: str) -> Iterator[str]:
    """The URL of a database with another order of text."""
    name = f"backo_test_{uuid.uuid4().hex}"
    server = sa.create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    try:
        with server.connect() as connection:
            for locale in LOCALES:
                with suppress(sa.exc.DBAPIError):
                    connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' {locale}"))
                    break
            else:
                pytest.skip("the PostgreSQL server knows no locale but C")
        try:
            yield sa.make_url(postgres_url).set(database=name).render_as_string(hide_password=False)
        finally:
            with server.connect() as connection:
                connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    finally:
        server.dispose()


def test_text_goes_by_code_point_everywhere(other_url: str) -> None:
    db = DBSQLConnector(other_url)
    backoffice = Backoffice("app")
    backoffice.register_collection(Collection("pages", Item({"word": Ref(coll="words", field="$.pages")}), db))
    backoffice.register_collection(
        Collection(
            "words",
            Item(
                {
                    "text": String(),
                    "short": String(max_length=9),
                    "inside": Dict({"text": String()}),
                    "texts": List(String()),
                    "parts": List(Dict({"text": String()})),
                    "rows": List(Dict({"text": String(), "page": Ref(coll="pages")})),
                    "free": FreeDict(),
                    "pages": RefsList(coll="pages", field="$.word"),
                }
            ),
            db,
        )
    )
    backoffice.create_all()
    words = backoffice.words
    names = iter([f"i{word or 'none'}" for word in WORDS])
    db.generate_id = lambda item: next(names)
    with backoffice.transaction():
        for word in reversed(WORDS):
            part = {"text": word}
            words.create(
                {**part, "short": word, "inside": part, "texts": [word], "parts": [part], "rows": [part], "free": part}
            )

    with db.engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT 'a' < 'B'")) is True
    for one, other in pairwise(WORDS):
        for path in ("text", "short", "inside.text", "parts.text", "rows.text", "free.text"):
            below = WORDS[: WORDS.index(other)]
            assert sorted(item.text for item in words.select({path: ("$lt", other)})) == below, (path, other)
            assert words.count({path: ("$gt", one)}) == len(WORDS) - len(below), (path, one)
            assert words.count({path: ("$in", [one] * 40)}) == 1
        assert words.count({"texts": ("$contains", ("$lte", one))}) == WORDS.index(other)
    assert words.count({"text": ("$re", "^[A-Z]")}) == 3
    assert [item.text for item in words.select(sort="text")] == WORDS
    assert [item.text for item in words.select(sort="-inside.text")] == WORDS[::-1]
    assert [item._id for item in words.select()] == sorted(item._id for item in words.select())
    client, seen = client_of(backoffice), []
    url: str | None = "/app/words?_sort=text&_page=3"
    while url:
        answer = client.get(url)
        seen += [word["text"] for word in answer.get_json()["result"]]
        url = answer.headers.get("Link", "").partition(">")[0].removeprefix("<")
    assert seen == WORDS
    db.metadata.drop_all(db.engine)
    db.dispose()


def test_any_filter_finds_what_the_predicate_finds(other_url: str) -> None:
    ask(other_url, range(1000, 1005))
