"""Any collections, any items, any filter: every database finds what the Python predicate finds."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from backo_sql import DBSQLConnector
from backo_sql.model.description import Leaf
from backo_sql.query.ast import TRUE, Across, Bound
from backo_sql.query.bind import bind
from backo_sql.query.evaluate import ABSENT, predicate
from backo_sql.query.parse_dict import parse_filter
from backo_sql.query.parse_json import parse_json
from tests.random.filters import Asking, as_json
from tests.random.worlds import World, describe, fill

#: how many filters are tried on each database
EXAMPLES = int(os.environ.get("BACKO_TEST_EXAMPLES", "300"))

#: how many of them are asked of the same items
TOGETHER = 20


def test_every_database_finds_what_the_predicate_finds(database_url: str) -> None:
    told = ask("sqlite://" if database_url.startswith("sqlite") else database_url, range(-(-EXAMPLES // TOGETHER)))
    print({word: f"{count / told['asked']:.1%}" for word, count in told.items()}, told["asked"])
    if told["asked"] < 200:  # too few to tell
        return
    # Python isn't compared with itself: most filters are the database's alone, and find some and leave some.
    assert told["whole"] > 0.8 * told["asked"]
    assert told["some"] > 0.2 * told["asked"]


def ask(url: str, numbers: Iterable[int]) -> Counter[str]:
    """Ask filters of worlds in a database, and count them."""
    told: Counter[str] = Counter()
    for number in numbers:
        db, other = DBSQLConnector(url), DBSQLConnector("sqlite://")
        try:
            world, links = describe(number, db, other)
            world.backoffice.create_all()
            fill(world, links)
            check(world, number, told)
            if url != "sqlite://":
                db.metadata.drop_all(db.engine)
        finally:
            db.dispose()
            other.dispose()
    return told


def check(world: World, number: int, told: Counter[str]) -> None:
    """Ask some filters of the items of a world, on every road."""
    backoffice = world.backoffice
    model = backoffice.freeze()
    chosen = random.Random(f"filters {number}")
    asking = Asking(world, chosen)
    for _ in range(TOGETHER):
        name = chosen.choice([*model.descriptions])
        collection, description = getattr(backoffice, name), model.descriptions[name]
        filters = asking.filter(name)
        shown = f"world {number}, {name}: {filters!r}"
        where = bind(parse_filter(filters), description, model)
        wanted = expected(world, name, where)
        assert expected(world, name, bind(parse_json(as_json(filters)), description, model)) == wanted, shown

        assert [item._id for item in collection.select(filters)] == wanted, shown
        assert collection.count(filters) == len(wanted), shown
        assert [item._id for item in collection.select() if item.match(filters)] == wanted, shown

        pushed, left = backoffice.service.split(name, where)
        told["asked"] += 1
        told["whole" if left == TRUE else "partly" if pushed != TRUE else "not"] += 1
        told["some"] += 0 < len(wanted) < len(world.rows[name])


def expected(world: World, collection: str, where: Bound) -> list[str]:
    """Return the ids of the items that the predicate holds for."""

    def lookup(holder: Any, leaf: Leaf, step: Across) -> Iterable[Any]:
        links = read(holder, leaf.path)
        identifiers = links if isinstance(links, list) else [] if links is None else [links]
        there = world.rows[step.side.other]
        return [there[each] for each in identifiers if each in there]

    holds = predicate(where, lookup, read)
    return sorted(identifier for identifier, row in world.rows[collection].items() if holds(row))


def read(holder: Any, path: Iterable[str]) -> Any:
    """Return the value at a path; of the fields that may not exist, one that isn't among the values is absent."""
    for name in path:
        if not isinstance(holder, Mapping):
            return None
        holder = holder.get(name, ABSENT if name == "grade" else None)
    return holder
