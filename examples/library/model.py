"""What a lending library has, and how it hangs together.

- An author wrote many books: `books.author` faces `authors.books`.
- A book stands on several shelves when there are several copies, and a shelf holds many books: two lists that face
  each other.
- A book may be on loan: a `Dict` that holds a reference to the reader.
- A bookcase is a shelf that holds shelves: `shelves.parent` refers to its own collection.
"""

import os
from datetime import UTC, datetime

from backo_sql import (
    Backoffice,
    Bool,
    Collection,
    Datetime,
    DBSQLConnector,
    DeleteStrategy,
    Dict,
    Float,
    Int,
    Item,
    List,
    Ref,
    RefsList,
    Selection,
    String,
)

AUTHOR = Item(
    {
        "name": String(required=True, max_length=120, index=True, description="As printed on the cover"),
        "born": Int(min=1000, max=2100, description="The year"),
        "country": String(),
        # An author who has books can't be deleted.
        "books": RefsList(coll="books", field="$.author", ods=DeleteStrategy.MUST_BE_EMPTY),
    },
    unique=[("name", "born")],
)

BOOK = Item(
    {
        "title": String(required=True, max_length=200, index=True),
        "call_number": String(required=True, unique=True, pattern=r"[A-Z]{3}-[0-9]{4}$", description="On its spine"),
        "author": Ref(coll="authors", field="$.books", required=True),
        "year": Int(min=1450, max=2100, index=True),
        "language": String(union=["de", "en", "es", "fr", "pt"], default="en"),
        "pages": Int(min=1),
        "rating": Float(min=0, max=5, description="What readers think of it, on average"),
        "tags": List(String(), max=5),
        # Null while the book is in the house. A path into it is `loan.reader`, its column `loan__reader`.
        "loan": Dict(
            {
                "reader": Ref(coll="readers", field="$.borrowed"),
                "since": Datetime(),
                "until": Datetime(index=True),
            }
        ),
        # A book that is deleted leaves its shelves, which stay.
        "shelves": RefsList(coll="shelves", field="$.books", ods=DeleteStrategy.UNLINK_REFERENCED_ITEMS),
    },
    unique=[("author", "title")],
)

SHELF = Item(
    {
        "code": String(required=True, unique=True, pattern=r"[A-Z]([0-9])?$", description="`C` or, inside it, `C2`"),
        "room": String(required=True, union=["attic", "gallery", "hall"]),
        "parent": Ref(coll="shelves", field="$.children"),
        # A bookcase that is deleted takes its shelves with it …
        "children": RefsList(coll="shelves", field="$.parent", ods=DeleteStrategy.DELETE_REFERENCED_ITEMS),
        # … and no book.
        "books": RefsList(coll="books", field="$.shelves", ods=DeleteStrategy.UNLINK_REFERENCED_ITEMS),
    }
)

READER = Item(
    {
        "card": String(required=True, unique=True, pattern=r"R[0-9]{4}$"),
        "name": String(required=True, max_length=120),
        "email": String(pattern=r"[^@\s]+@[^@\s]+$"),
        "joined": Datetime(min="2000-01-01", default=lambda: datetime.now(UTC)),
        "active": Bool(default=True),
        # A reader who has books at home can't be deleted.
        "borrowed": RefsList(coll="books", field="$.loan.reader", ods=DeleteStrategy.MUST_BE_EMPTY),
    }
)


def describe(database: DBSQLConnector) -> Backoffice:
    """Put the four collections into a database."""
    library = Backoffice("library")
    for name, item in {"authors": AUTHOR, "books": BOOK, "shelves": SHELF, "readers": READER}.items():
        library.register_collection(Collection(name, item, database))
    # Who has what at home; whoever asks can only narrow it.
    library.books.register_selection(
        "lent",
        Selection(
            ["$.title", "$.author.name", "$.loan.reader.name", "$.loan.until"],
            filter={"loan.reader": ("$ne", None)},
            sort="loan.until",
        ),
    )
    return library


database = DBSQLConnector(os.environ.get("DATABASE_URL") or "sqlite:///library.db")
backoffice = describe(database)
