"""The limit: the same routes over the same tables, by hand, with Flask and SQLAlchemy Core.

Written for this one model by somebody who wants them fast and knows how: rows are taken apart by position, JSON is
written and read by orjson, statements select what the answer shows and no more, and those that are always the same
are made once. It checks what it is sent and answers errors as the library does, as far as the requests of the
measurement go; it has no views, no filters beyond those below, no links that can be changed from both sides.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
import sqlalchemy as sa
from flask import Flask, Response, request
from sqlalchemy.dialects.postgresql import JSONB

Values = dict[str, Any]

_metadata = sa.MetaData()
_JSON = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
_INSTANT = sa.DateTime(timezone=True)


def _system_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("_id", sa.Text, primary_key=True),
        sa.Column("_meta__ctime", _INSTANT),
        sa.Column("_meta__mtime", _INSTANT),
        sa.Column("_meta__created_by___id", sa.Text),
        sa.Column("_meta__created_by__login", sa.Text),
        sa.Column("_meta__modified_by___id", sa.Text),
        sa.Column("_meta__modified_by__login", sa.Text),
    ]


authors = sa.Table(
    "authors",
    _metadata,
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("email", sa.Text),
    sa.Column("country", sa.Text),
    sa.Column("awards", sa.BigInteger),
    sa.Column("rating", sa.Double),
    sa.Column("active", sa.Boolean),
    sa.Column("born", _INSTANT),
    sa.Column("languages", _JSON),
    sa.Column("address__street", sa.Text),
    sa.Column("address__city", sa.Text),
    *_system_columns(),
    sa.Column("_version", sa.Integer, nullable=False),
)
books = sa.Table(
    "books",
    _metadata,
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("shelf", sa.Text),
    sa.Column("pages", sa.BigInteger),
    sa.Column("price", sa.Double),
    sa.Column("in_print", sa.Boolean),
    sa.Column("published", _INSTANT),
    sa.Column("tags", _JSON),
    sa.Column("size__width", sa.Double),
    sa.Column("size__height", sa.Double),
    sa.Column("author", sa.ForeignKey("authors._id"), nullable=False),
    *_system_columns(),
    sa.Column("_version", sa.Integer, nullable=False),
)

AUTHORS = sa.select(*(column for column in authors.c if column.name != "_version"))
BOOKS = sa.select(*(column for column in books.c if column.name != "_version"))

_ID = sa.bindparam("id")
ONE_AUTHOR = AUTHORS.where(authors.c._id == _ID)
ONE_BOOK = BOOKS.where(books.c._id == _ID)
BOOKS_OF_ONE = sa.select(books.c._id).where(books.c.author == _ID).order_by(books.c._id)
BOOKS_OF_SEVERAL = (
    sa.select(books.c.author, books.c._id)
    .where(books.c.author.in_(sa.bindparam("ids", expanding=True)))
    .order_by(books.c.author, books.c._id)
)
NUMBER_OF_BOOKS = sa.select(sa.func.count()).where(books.c.author == _ID)
IS_AUTHOR = sa.select(authors.c._id).where(authors.c._id == _ID)
DELETE_AUTHOR = sa.delete(authors).where(authors.c._id == _ID)
DELETE_BOOK = sa.delete(books).where(books.c._id == _ID)


def make_engine(url: str) -> sa.Engine:
    """Make an engine as for a service in earnest."""
    options: dict[str, Any] = {"json_serializer": _dumps_text, "json_deserializer": orjson.loads}
    if sa.make_url(url).get_backend_name() == "postgresql":
        options["connect_args"] = {"options": "-c timezone=UTC"}
    engine = sa.create_engine(url, **options)
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _prepare_sqlite)
    return engine


def make_app(engine: sa.Engine) -> Flask:
    app = Flask("by_hand")

    @app.get("/bench/authors/<identifier>")
    def get_author(identifier: str) -> Response:
        with engine.connect() as connection:
            row = connection.execute(ONE_AUTHOR, {"id": identifier}).first()
            if row is None:
                return missing("authors", identifier)
            mine = connection.scalars(BOOKS_OF_ONE, {"id": identifier}).all()
        return answer(author_json(row, mine))

    @app.get("/bench/books/<identifier>")
    def get_book(identifier: str) -> Response:
        with engine.connect() as connection:
            row = connection.execute(ONE_BOOK, {"id": identifier}).first()
        return missing("books", identifier) if row is None else answer(book_json(row))

    @app.get("/bench/authors")
    def list_authors() -> Response:
        page, skip = page_and_skip()
        where = sa.and_(sa.true(), *(authors.c.country == value for value in request.args.getlist("country")))
        with engine.connect() as connection:
            rows = connection.execute(AUTHORS.where(where).order_by(authors.c._id).limit(page).offset(skip)).all()
            total = connection.scalar(sa.select(sa.func.count()).select_from(authors).where(where))
            theirs: dict[str, list[str]] = defaultdict(list)
            ids = [row[10] for row in rows]
            for author, book in connection.execute(BOOKS_OF_SEVERAL, {"ids": ids}):
                theirs[author].append(book)
        return answer_page([author_json(row, theirs[row[10]]) for row in rows], total, page, skip)

    @app.get("/bench/books")
    def list_books() -> Response:
        page, skip = page_and_skip()
        where = sa.and_(sa.true(), *(books.c.shelf == value for value in request.args.getlist("shelf")))
        with engine.connect() as connection:
            rows = connection.execute(BOOKS.where(where).order_by(books.c._id).limit(page).offset(skip)).all()
            total = connection.scalar(sa.select(sa.func.count()).select_from(books).where(where))
        return answer_page([book_json(row) for row in rows], total, page, skip)

    @app.post("/bench/authors")
    def create_author() -> Response:
        values, errors = checked(orjson.loads(request.get_data()), AUTHOR_FIELDS)
        if errors:
            return invalid(errors)
        row = values | stamps()
        with engine.begin() as connection:
            connection.execute(authors.insert(), row | {"_version": 1})
        made = author_json(tuple(row[column.name] for column in AUTHORS.selected_columns), [])
        return answer(made, 201, f"/bench/authors/{row['_id']}")

    @app.post("/bench/books")
    def create_book() -> Response:
        values, errors = checked(orjson.loads(request.get_data()), BOOK_FIELDS)
        if errors:
            return invalid(errors)
        row = values | stamps()
        with engine.begin() as connection:
            # Looked up first, because not every database says which foreign key is broken, and the answer does.
            if connection.scalar(IS_AUTHOR, {"id": row["author"]}) is None:
                return invalid({"$.author": ["Refers to an item of 'authors' that is not there."]})
            connection.execute(books.insert(), row | {"_version": 1})
        made = book_json(tuple(row[column.name] for column in BOOKS.selected_columns))
        return answer(made, 201, f"/bench/books/{row['_id']}")

    @app.patch("/bench/authors/<identifier>")
    def patch_author(identifier: str) -> Response:
        operations = orjson.loads(request.get_data())
        with engine.begin() as connection:
            row = patched(connection, authors, AUTHORS, AUTHOR_FIELDS, identifier, operations)
            if isinstance(row, Response):
                return row
            mine = connection.scalars(BOOKS_OF_ONE, {"id": identifier}).all()
        return answer(author_json(row, mine))

    @app.patch("/bench/books/<identifier>")
    def patch_book(identifier: str) -> Response:
        operations = orjson.loads(request.get_data())
        with engine.begin() as connection:
            row = patched(connection, books, BOOKS, BOOK_FIELDS, identifier, operations)
        return row if isinstance(row, Response) else answer(book_json(row))

    @app.delete("/bench/authors/<identifier>")
    def delete_author(identifier: str) -> Response:
        with engine.begin() as connection:
            count = connection.scalar(NUMBER_OF_BOOKS, {"id": identifier})
            if count:
                return problem(409, f"Cannot be deleted: {count} of 'books' (by books.author) are linked to it.")
            done = connection.execute(DELETE_AUTHOR, {"id": identifier})
        return answer("deleted") if done.rowcount else missing("authors", identifier)

    @app.delete("/bench/books/<identifier>")
    def delete_book(identifier: str) -> Response:
        with engine.begin() as connection:
            done = connection.execute(DELETE_BOOK, {"id": identifier})
        return answer("deleted") if done.rowcount else missing("books", identifier)

    return app


def patched(
    connection: sa.Connection,
    table: sa.Table,
    shown: sa.Select[Any],
    fields: Fields,
    identifier: str,
    operations: list[Values],
) -> Sequence[Any] | Response:
    """Read, change, and write in the version that was read: a write that changes nothing writes nothing."""
    given = {each["path"].removeprefix("$."): each["value"] for each in operations if each["op"] == "replace"}
    values, errors = checked(given, {name: fields[name] for name in given})
    if errors:
        return invalid(errors)
    current = shown.add_columns(table.c._version).where(table.c._id == identifier).with_for_update()
    row = connection.execute(current).mappings().first()
    if row is None:
        return missing(table.name, identifier)
    changes = {name: value for name, value in values.items() if row[name] != value}
    if changes:
        version = row["_version"]
        changes["_meta__mtime"] = datetime.now(UTC)
        changes["_meta__modified_by___id"], changes["_meta__modified_by__login"] = who()
        same = sa.and_(table.c._id == identifier, table.c._version == version)
        done = connection.execute(sa.update(table).where(same).values(_version=version + 1, **changes))
        if done.rowcount == 0:
            return problem(409, "Somebody else changed it.")
    after = {**row, **changes}
    return tuple(after[column.name] for column in shown.selected_columns)


def author_json(row: Sequence[Any], mine: Sequence[str]) -> Values:
    name, email, country, awards, rating, active, born, languages, street, city, identifier, *meta = row
    return {
        "name": name,
        "email": email,
        "country": country,
        "awards": awards,
        "rating": rating,
        "active": active,
        "born": born,
        "languages": languages,
        "address": {"street": street, "city": city},
        "_id": identifier,
        "_meta": meta_json(meta),
        "books": mine,
    }


def book_json(row: Sequence[Any]) -> Values:
    title, shelf, pages, price, in_print, published, tags, width, height, author, identifier, *meta = row
    return {
        "title": title,
        "shelf": shelf,
        "pages": pages,
        "price": price,
        "in_print": in_print,
        "published": published,
        "tags": tags,
        "size": {"width": width, "height": height},
        "author": author,
        "_id": identifier,
        "_meta": meta_json(meta),
    }


def meta_json(row: Sequence[Any]) -> Values:
    ctime, mtime, maker, maker_login, changer, changer_login = row
    return {
        "ctime": ctime,
        "mtime": mtime,
        "created_by": {"_id": maker, "login": maker_login},
        "modified_by": {"_id": changer, "login": changer_login},
    }


def answer(body: Any, status: int = 200, location: str | None = None) -> Response:
    # What SQLite gives has no zone and is UTC.
    text = orjson.dumps(body, option=orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC)
    made = Response(text, status, mimetype="application/json")
    if location is not None:
        made.headers["Location"] = location
    return made


def answer_page(result: list[Values], total: int | None, page: int, skip: int) -> Response:
    return answer({"result": result, "total": total, "_view": "client", "_skip": skip, "_page": page})


def problem(status: int, detail: str, **members: Any) -> Response:
    text = orjson.dumps({"status": status, "detail": detail, **members})
    return Response(text, status, mimetype="application/problem+json")


def missing(collection: str, identifier: str) -> Response:
    return problem(404, f"There is no item {identifier!r} in {collection!r}.")


def invalid(errors: dict[str, list[str]]) -> Response:
    return problem(400, "The data is not valid.", errors=errors)


def page_and_skip() -> tuple[int, int]:
    return request.args.get("_page", 10, int), request.args.get("_skip", 0, int)


def who() -> tuple[str, str]:
    return "000", "ANONYMOUS"


def stamps() -> Values:
    now = datetime.now(UTC)
    identifier, login = who()
    return {
        "_id": str(uuid.uuid4()),
        "_meta__ctime": now,
        "_meta__mtime": now,
        "_meta__created_by___id": identifier,
        "_meta__created_by__login": login,
        "_meta__modified_by___id": identifier,
        "_meta__modified_by__login": login,
    }


# -- what may be sent ------------------------------------------------------------------------------


def _text(value: Any) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise ValueError("Must be a text.")
    return value


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("Must be true or false.")
    return value


def _integer(least: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value < 2**63:
            raise ValueError(f"Must be an integer of at least {least}.")
        return value

    return read


def _number(least: float | None = None, most: float | None = None) -> Callable[[Any], float]:
    def read(value: Any) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise ValueError("Must be a number.")
        if (least is not None and value < least) or (most is not None and value > most):
            raise ValueError(f"Must be between {least} and {most}.")
        return float(value)

    return read


def _instant(value: Any) -> datetime:
    try:
        read = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError("Must be a date and time in ISO 8601.") from None
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def _texts(value: Any) -> list[str]:
    if not isinstance(value, list):
        raise ValueError("Must be a list of texts.")
    return [_text(each) for each in value]


#: for each column: the path in the body, what reads the value, and whether there must be one
Fields = dict[str, tuple[tuple[str, ...], Callable[[Any], Any], bool]]

AUTHOR_FIELDS: Fields = {
    "name": (("name",), _text, True),
    "email": (("email",), _text, False),
    "country": (("country",), _text, False),
    "awards": (("awards",), _integer(0), False),
    "rating": (("rating",), _number(0, 5), False),
    "active": (("active",), _boolean, False),
    "born": (("born",), _instant, False),
    "languages": (("languages",), _texts, False),
    "address__street": (("address", "street"), _text, False),
    "address__city": (("address", "city"), _text, False),
}
BOOK_FIELDS: Fields = {
    "title": (("title",), _text, True),
    "shelf": (("shelf",), _text, False),
    "pages": (("pages",), _integer(1), False),
    "price": (("price",), _number(0), False),
    "in_print": (("in_print",), _boolean, False),
    "published": (("published",), _instant, False),
    "tags": (("tags",), _texts, False),
    "size__width": (("size", "width"), _number(), False),
    "size__height": (("size", "height"), _number(), False),
    "author": (("author",), _text, True),
}


def checked(body: Any, fields: Fields) -> tuple[Values, dict[str, list[str]]]:
    """Return the values by column, and what is wrong with them by path."""
    values: Values = {}
    errors: dict[str, list[str]] = {}
    for column, (path, read, required) in fields.items():
        value = body
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        try:
            if value is not None:
                values[column] = read(value)
            elif required:
                raise ValueError("Is required.")
            else:
                values[column] = None
        except ValueError as error:
            errors["$." + ".".join(path)] = [str(error)]
    known = {path[0] for path, _, _ in fields.values()}
    errors |= {f"$.{name}": ["Unknown field."] for name in body if name not in known}
    return values, errors


def _dumps_text(value: Any) -> str:
    return orjson.dumps(value).decode()


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in ("busy_timeout=15000", "foreign_keys=ON", "journal_mode=WAL", "synchronous=NORMAL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
