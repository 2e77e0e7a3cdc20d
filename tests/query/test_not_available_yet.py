"""What a database isn't asked yet is refused by name, never answered by something near to it."""

from __future__ import annotations

from typing import Any

import pytest

from backo_sql import Backoffice, QueryError
from backo_sql.query.ast import MAX_CONDITIONS
from tests.support import client_of, problem


@pytest.mark.parametrize(
    "filters",
    [
        ("$or", [{"title": "x"}, {"pages": 1}]),
        {"$not": {"title": "x"}},
        {"title": ("$re", "x")},
        {"title": ("$reg", "x")},
        {"tags": ("$contains", "x")},
        {"tags": ["x"]},
        {"tags": ("$ne", [])},
        {"tags": None},
        {"shelves": ("$contains", "s1")},
        {"shelves": None},
    ],
)
def test_a_filter_that_sql_has_no_words_for_yet(library: Backoffice, filters: Any) -> None:
    for ask in (library.books.select, library.books.count, library.books.select_one):
        with pytest.raises(QueryError, match="not available yet"):
            ask(filters)


@pytest.mark.parametrize("query", ["title.$re=x", "tags.$contains=x", "author.name=x", "shelves.label.$ne=x"])
def test_over_http_it_is_a_bad_request(library: Backoffice, query: str) -> None:
    problem(client_of(library).get(f"/app/books?{query}"), 400)


def test_what_it_has_words_for_is_answered(library: Backoffice) -> None:
    author = library.authors.create({"name": "Ada"})
    book = library.books.create({"title": "Notes", "pages": 10, "author": author, "tags": ["sea"]})
    for filters in (
        {"title": "Notes"},
        {"pages": {"$gt": 1, "$lt": 20}},
        {"pages.$gt": 1},
        {"pages": ("$and", [("$gt", 1), ("$in", [10])])},
        {"$and": [{"title": "Notes"}, ("pages", 10)]},
        {"author": author},
        {"loan": {"reader": None}},
    ):
        assert [item._id for item in library.books.select(filters)] == [book._id]


def test_as_many_conditions_as_a_filter_may_have(library: Backoffice) -> None:
    author = library.authors.create({"name": "Ada"})
    library.books.create({"title": "Notes", "pages": 10, "author": author})
    assert library.books.count({"$and": [{"pages": ("$ne", 100 + number)} for number in range(MAX_CONDITIONS)]}) == 1
    assert library.books.count({"$and": [{"pages": ("$gt", -number)} for number in range(MAX_CONDITIONS)]}) == 1
