"""What `bench/filters.py` asks: to the library, and in SQL as somebody writes it by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

PAGE = 20

BOOK = ("title", "code", "pages", "published", "in_print", "size__unit", "tags", "author", "_id")
AUTHOR = ("name", "publisher", "_id")
PLACE = ("_id", "title", "name", "city")


@dataclass(frozen=True)
class Asked:
    """One question, for either side.

    Attributes:
        name: what it is called.
        query: to the library.
        where: what stands behind FROM, and conditions; of the books, `b`, or of the authors, `a`.
        values: bound in it.
        postgresql: the same in the words of PostgreSQL, where they differ.
        order: what it is sorted by.
        counted: how the total is told: counted, not at all, or by the planner.
        collection: whose items are asked for; or the path of a selection.
        shown: the columns.
    """

    name: str
    query: dict[str, Any]
    where: str
    values: dict[str, Any]
    postgresql: str = ""
    order: str = "b._id"
    counted: str = "exact"
    collection: str = "books"
    shown: tuple[str, ...] = BOOK


def questions(rows: int) -> Iterator[Asked]:
    """Return what is asked of filters."""
    books, many = "books b WHERE ", [f"C{number}" for number in range(200)]
    yield Asked("all", {}, "books b", {})
    yield Asked("$eq, indexed", {"code": "C77"}, books + "b.code = :v", {"v": "C77"})
    yield Asked(
        "$eq, without an index",
        {"title": "The Lighthouse, volume 77"},
        books + "b.title = :v",
        {"v": "The Lighthouse, volume 77"},
    )
    yield Asked("$eq in a Dict", {"size.unit": "mm"}, books + "b.size__unit = :v", {"v": "mm"})
    yield Asked("$ne", {"pages.$ne": 77}, books + "(b.pages <> :v OR b.pages IS NULL)", {"v": 77})
    yield Asked(
        "$gte and $lt",
        {"pages.$gte": 500, "pages.$lt": 510},
        books + "b.pages >= :v AND b.pages < :w",
        {"v": 500, "w": 510},
    )
    yield Asked("null", {"_filter": {"pages": None}}, books + "b.pages IS NULL", {})
    yield Asked(
        "$in, 5 values",
        {"code": many[:5]},
        books + "b.code IN (:a, :b, :c, :d, :e)",
        dict(zip("abcde", many, strict=False)),
    )
    yield Asked("$in, 200 values", {"code": many}, books + "b.code IN :vs", {"vs": many})
    yield Asked(
        "$nin, 5 values",
        {"code.$nin": many[:5]},
        books + "b.code NOT IN (:a, :b, :c, :d, :e)",
        dict(zip("abcde", many, strict=False)),
    )
    yield Asked(
        "$reg",
        {"title.$reg": "The L.*77$"},
        books + "matches(:v, b.title)",
        {"v": "^The L.*77$"},
        books + "b.title ~ :v",
    )
    yield Asked(
        "$re", {"title.$re": "77[0-9]7"}, books + "matches(:v, b.title)", {"v": "77[0-9]7"}, books + "b.title ~ :v"
    )
    yield Asked(
        "$contains in a JSON list",
        {"tags.$contains": "t77"},
        books + "EXISTS (SELECT 1 FROM json_each(b.tags) e WHERE e.value = :v)",
        {"v": "t77"},
        books + "b.tags @> jsonb_build_array(CAST(:v AS text))",
    )
    both = {"$or": [{"code": "C77"}, {"$not": {"pages": ["$lt", 1030]}, "in_print": True}]}
    yield Asked(
        "$or, $not",
        {"_filter": both},
        books + "(b.code = :v OR b.in_print AND (b.pages >= :w OR b.pages IS NULL))",
        {"v": "C77", "w": 1030},
    )
    to_one = "books b JOIN authors a ON a._id = b.author"
    to_two = f"{to_one} JOIN publishers p ON p._id = a.publisher"
    outer = to_two.replace("JOIN", "LEFT JOIN")
    yield Asked("the id of a reference", {"author": "author-000077"}, books + "b.author = :v", {"v": "author-000077"})
    yield Asked(
        "through a reference", {"author.name": "Author 000077"}, f"{to_one} WHERE a.name = :v", {"v": "Author 000077"}
    )
    yield Asked(
        "through two references", {"author.publisher.city": "City 7"}, f"{to_two} WHERE p.city = :v", {"v": "City 7"}
    )
    yield Asked(
        "$ne through two references",
        {"author.publisher.city.$ne": "City 7"},
        f"{to_two} WHERE p.city <> :v",
        {"v": "City 7"},
    )
    yield Asked(
        "to what refers here",
        {"books.code": "C77"},
        "authors a WHERE a._id IN (SELECT b.author FROM books b WHERE b.code = :v)",
        {"v": "C77"},
        order="a._id",
        collection="authors",
        shown=AUTHOR,
    )
    prizes = "authors__prizes z WHERE z._owner_id = a._id"
    yield Asked(
        "in a child table",
        {"prizes.year.$gt": 2440},
        f"authors a WHERE EXISTS (SELECT 1 FROM {prizes} AND z.year > :v)",
        {"v": 2440},
        order="a._id",
        collection="authors",
        shown=AUTHOR,
    )
    yield Asked(
        "through a reference of a child table",
        {"prizes.house.city": "City 7"},
        "authors a WHERE a._id IN (SELECT z._owner_id FROM authors__prizes z JOIN publishers p ON p._id = z.house"
        " WHERE p.city = :v)",
        {"v": "City 7"},
        order="a._id",
        collection="authors",
        shown=AUTHOR,
    )
    for total in ("none", "estimated"):
        yield Asked(
            f"_total={total}", {"pages.$gte": 500, "_total": total}, books + "b.pages >= :v", {"v": 500}, counted=total
        )
    yield Asked("_total=exact", {"pages.$gte": 500}, books + "b.pages >= :v", {"v": 500})
    yield Asked(
        "a selection through references",
        {"title.$lt": "The Lighthouse, volume 2"},
        f"{outer} WHERE b.in_print AND b.title < :v",
        {"v": "The Lighthouse, volume 2"},
        collection="books/_selections/places",
        shown=PLACE,
    )


def pages(rows: int, ask: Callable[[str], Any]) -> Iterator[tuple[Asked, str]]:
    """Return what is asked of orders: the first page, one deep by its number, and the same by its cursor."""
    deep = max(0, rows - rows // 5 - PAGE)
    for told, sort, key, order in (
        ("by id", "_id", "", "b._id"),
        ("by date", "published", "published", "b.published, b._id"),
        ("by date, backwards", "-published", "published", "b.published DESC, b._id"),
        ("by author.name", "author.name", "name", "a.name, b._id"),
    ):
        source = "books b LEFT JOIN authors a ON a._id = b.author" if key == "name" else "books b"
        query = {"_sort": sort, "_total": "none"}
        number = f"page {deep // PAGE + 1:,}"
        yield Asked(f"first page {told}", query, source, {}, order=order, counted="none"), ""
        yield Asked(f"{number} by _skip, {told}", query | {"_skip": deep}, source, {}, order=order, counted="none"), ""
        before = ask(f"/bench/books?{urlencode(query)}&_page={PAGE}&_skip={deep - PAGE}")
        last = before["result"][-1]
        values = {"id": last["_id"]}
        beyond = "b._id > :id"
        if key == "published":
            values["key"] = last["published"]
            sign = "<" if sort.startswith("-") else ">"
            beyond = f"b.published {sign}= :key AND (b.published {sign} :key OR b._id > :id)"
        elif key == "name":
            values["key"] = ask(f"/bench/authors/{last['author']}")["name"]
            beyond = "a.name >= :key AND (a.name > :key OR b._id > :id)"
        asked = Asked(
            f"{number} by _cursor, {told}", query, f"{source} WHERE {beyond}", values, order=order, counted="none"
        )
        yield asked, f"&_cursor={before['next']}"
