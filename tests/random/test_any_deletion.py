"""Any web of collections, any strategies: a deletion leaves what a slow and simple model of it says.

What the database does by itself, what is planned and what handlers hear must come to the same: each web is tried
without listeners, and with some.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from backo_sql import (
    Backoffice,
    Collection,
    DBSQLConnector,
    DeleteStrategy,
    DescriptionError,
    Item,
    NotEmptyError,
    Ref,
    RefsList,
)

EXAMPLES = int(os.environ.get("BACKO_TEST_EXAMPLES", "80"))

COLLECTIONS = "abcd"
DELETE, UNLINK, EMPTY = (
    DeleteStrategy.DELETE_REFERENCED_ITEMS,
    DeleteStrategy.UNLINK_REFERENCED_ITEMS,
    DeleteStrategy.MUST_BE_EMPTY,
)
#: who goes: a collection and an id
Thing = tuple[str, str]


@dataclass(frozen=True)
class Link:
    """A link between two collections, and how it is described: `one` is the side of `near`."""

    number: int
    kind: str  # "ref", "one", "many"
    near: str
    far: str
    faced: bool
    required: bool
    far_required: bool
    near_ods: DeleteStrategy
    far_ods: DeleteStrategy

    @property
    def fields(self) -> Iterator[tuple[str, str, Any]]:
        """The fields that describe it: of which collection, name and type."""
        here, there = f"r{self.number}", f"l{self.number}"
        faces = {"field": f"$.{there}"} if self.faced else {}
        if self.kind == "many":
            yield self.near, here, RefsList(coll=self.far, **faces, ods=self.near_ods, required=self.required)
        else:
            yield self.near, here, Ref(coll=self.far, **faces, required=self.required, owner=self.kind == "one")
        if not self.faced:
            return
        if self.kind == "one":
            yield self.far, there, Ref(coll=self.near, field=f"$.{here}")
        else:
            yield (
                self.far,
                there,
                RefsList(coll=self.near, field=f"$.{here}", ods=self.far_ods, required=self.far_required),
            )

    @property
    def when_far_goes(self) -> DeleteStrategy:
        """What the going of an item of `far` means for those of `near`."""
        if self.faced and self.kind != "one":
            return self.far_ods
        if self.kind == "many":
            return UNLINK
        return EMPTY if self.required else UNLINK


@dataclass
class Web:
    """The links between collections, who listens, which items there are, and who refers to whom."""

    links: list[Link]
    listening: set[str]
    items: dict[str, list[str]]
    pairs: dict[int, list[tuple[str, str]]] = field(default_factory=dict)


@st.composite
def webs(draw: st.DrawFn) -> tuple[Web, Thing]:
    names = st.sampled_from(COLLECTIONS)
    ods = st.sampled_from([DELETE, DELETE, DELETE, DELETE, UNLINK, EMPTY])
    links = [
        Link(
            number,
            draw(st.sampled_from(["ref", "ref", "ref", "one", "many"])),
            draw(names),
            draw(names),
            draw(st.sampled_from([True, True, True, False])),
            draw(st.sampled_from([False, False, False, True])),
            draw(st.sampled_from([False, False, False, False, False, True])),
            draw(ods),
            draw(ods),
        )
        for number in range(draw(st.integers(2, 7)))
    ]
    items = {name: [f"{name}{number}" for number in range(4)] for name in COLLECTIONS}
    web = Web(links, draw(st.sets(names)), items)
    for link in links:
        every = [(one, other) for one in items[link.near] for other in items[link.far]]
        if link.kind == "many":
            web.pairs[link.number] = sorted(draw(st.sets(st.sampled_from(every), max_size=8)))
            continue
        pairs, taken = [], set[str]()
        for one in items[link.near]:
            free = [other for other in items[link.far] if link.kind != "one" or other not in taken]
            if link.required or draw(st.sampled_from([True, True, True, False])):
                pairs.append((one, draw(st.sampled_from(free))))
                taken.add(pairs[-1][1])
        web.pairs[link.number] = pairs
    root = draw(st.sampled_from([link.far for link in links]))
    return web, (root, draw(st.sampled_from(items[root])))


# -- the model -------------------------------------------------------------------------------------


def expected(web: Web, asked: Thing) -> tuple[set[Thing], set[str]]:
    """Return who goes, and what would be told to be in the way."""
    doomed, todo = {asked}, [asked]
    while todo:
        for link, other, other_is_near, strategy in concerned(web, todo.pop()):
            if strategy is DELETE and (going := (link.near if other_is_near else link.far, other)) not in doomed:
                doomed.add(going)
                todo.append(going)
    blocked: dict[str, set[str]] = defaultdict(set)
    losing: dict[tuple[Link, bool], set[str]] = defaultdict(set)
    for thing in doomed:
        for link, other, other_is_near, strategy in concerned(web, thing, both=True):
            collection = link.near if other_is_near else link.far
            if (collection, other) in doomed:
                continue
            to_one = link.kind != "many"
            counts = strategy is EMPTY or (strategy is UNLINK and to_one and link.required)
            if counts and (other_is_near or not to_one):
                end = f"{link.near}.r{link.number}" if other_is_near else f"{link.far}.l{link.number}"
                if not other_is_near and not link.faced:
                    end = f"the list {link.near}.r{link.number}"
                blocked[f"{{}} of {collection!r} (by {end})"].add(other)
            if (
                link.required
                if other_is_near and not to_one
                else link.far_required and link.faced and not other_is_near
            ):
                losing[link, other_is_near].add(other)
    told = {text.format(len(others)) for text, others in blocked.items()}
    for (link, is_near), others in losing.items():
        if link.kind == "one":
            continue
        collection, far = (link.near, link.far) if is_near else (link.far, link.near)
        end = f"{link.near}.r{link.number}" if is_near else f"{link.far}.l{link.number}"
        empty = 0
        for each in others:
            partners = [pair[is_near] for pair in web.pairs[link.number] if pair[not is_near] == each]
            empty += all((far, partner) in doomed for partner in partners)
        if empty:
            told.add(f"{empty} of {collection!r} (the last of {end})")
    return doomed, told


def concerned(web: Web, thing: Thing, *, both: bool = False) -> Iterator[tuple[Link, str, bool, DeleteStrategy]]:
    """Visit the links of an item that goes: the item on the other side, whether it is near, and what it means to it.

    The target of a to-one link is only concerned where its list must not be empty, so only `both` sides visit it.
    """
    collection, identifier = thing
    for link in web.links:
        for one, other in web.pairs[link.number]:
            if link.far == collection and other == identifier:
                yield link, one, True, link.when_far_goes
            if link.near == collection and one == identifier and (link.kind == "many" or both):
                yield link, other, False, link.near_ods if link.kind == "many" else UNLINK


# -- the property ----------------------------------------------------------------------------------


@contextmanager
def opened(url: str, web: Web, heard: list[Thing] | None) -> Iterator[Backoffice | None]:
    """Make the web in a database; nothing where the description is refused."""

    def listen(_event: str, _root: Any, me: Any) -> None:
        assert heard is not None
        heard.append((me._collection.name, me._id))

    db = DBSQLConnector(url)
    backoffice = Backoffice("app")
    try:
        for name in COLLECTIONS:
            fields = {each: type_ for link in web.links for coll, each, type_ in link.fields if coll == name}
            on = [("before_delete", listen)] if heard is not None and name in web.listening else []
            backoffice.register_collection(Collection(name, Item(fields, meta_data_handler=None, on=on), db))
        try:
            backoffice.create_all()
        except DescriptionError:
            yield None
            return
        fill(backoffice, db, web)
        yield backoffice
    finally:
        db.dispose()


def fill(backoffice: Backoffice, db: DBSQLConnector, web: Web) -> None:
    rows: dict[Thing, dict[str, Any]] = {(name, each): {"_id": each} for name in web.items for each in web.items[name]}
    for link in web.links:
        for (name, _), row in rows.items():
            if link.kind != "many" and name == link.near:
                row[f"r{link.number}"] = None
        for one, other in web.pairs[link.number]:
            if link.kind != "many":
                rows[link.near, one][f"r{link.number}"] = other
    with db.engine.begin() as connection:
        for (name, _), row in rows.items():
            connection.execute(backoffice.collections[name].table.insert(), row)
        for link in web.links:
            for one, other in web.pairs[link.number] if link.kind == "many" else ():
                connection.execute(association(db, link).insert(), keys(db, link, one, other))


def association(db: DBSQLConnector, link: Link) -> sa.Table:
    names = f"{link.near}__r{link.number}", f"{link.far}__l{link.number}"
    return next(db.metadata.tables[name] for name in names if name in db.metadata.tables)


def keys(db: DBSQLConnector, link: Link, one: str, other: str) -> dict[str, str]:
    by_near = association(db, link).name.endswith(f"__r{link.number}")
    return {"owner_id": one if by_near else other, "target_id": other if by_near else one}


def left(backoffice: Backoffice, db: DBSQLConnector, web: Web) -> tuple[dict[Thing, int], dict[int, set[Any]]]:
    """Read who is there with which version, and all links."""
    there: dict[Thing, int] = {}
    links: dict[int, set[Any]] = {link.number: set() for link in web.links}
    with db.engine.connect() as connection:
        for name in COLLECTIONS:
            for row in connection.execute(sa.select(backoffice.collections[name].table)).mappings():
                there[name, row["_id"]] = row["_version"]
                for link in web.links:
                    if link.kind != "many" and link.near == name and row[f"r{link.number}"] is not None:
                        links[link.number].add((row["_id"], row[f"r{link.number}"]))
        for link in web.links:
            for row in connection.execute(sa.select(association(db, link))).mappings() if link.kind == "many" else ():
                pair = row["owner_id"], row["target_id"]
                by_near = association(db, link).name.endswith(f"__r{link.number}")
                links[link.number].add(pair if by_near else pair[::-1])
    return there, links


def check(url: str, web: Web, asked: Thing, *, listening: bool) -> None:
    heard: list[Thing] = []
    with opened(url, web, heard if listening else None) as backoffice:
        if backoffice is None:
            event("no description")
            return
        db: Any = backoffice.collections["a"].connector
        doomed, told = expected(web, asked)
        before = left(backoffice, db, web)
        walked = backoffice.service.routes.of(asked[0]).inward  # type: ignore[attr-defined]
        if {name for name, _ in doomed} - set(walked):
            event("left to the database")
        event("refused" if told else f"{min(len(doomed), 5)} go")
        item = backoffice.collections[asked[0]].get_by_id(asked[1])
        if told:
            with pytest.raises(NotEmptyError) as refused:
                item.delete()
            assert set(str(refused.value).partition("behind: ")[2].rstrip(".").split("; ")) == told
            assert left(backoffice, db, web) == before
            assert heard == []
            return
        item.delete()
        there, links = left(backoffice, db, web)
        assert there.keys() == before[0].keys() - doomed
        assert links == {
            link.number: {
                (one, other)
                for one, other in before[1][link.number]
                if (link.near, one) not in doomed and (link.far, other) not in doomed
            }
            for link in web.links
        }
        unlinked = {
            (link.near, one)
            for link in web.links
            for one, other in before[1][link.number]
            if link.kind != "many" and (link.far, other) in doomed
        }
        assert {thing for thing in there if there[thing] > before[0][thing]} == unlinked - doomed
        if listening:
            assert sorted(heard) == sorted(thing for thing in doomed if thing[0] in web.listening)


QUIET = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=QUIET)
@given(case=webs(), listening=st.booleans())
def test_any_deletion_leaves_what_the_strategies_say(case: Any, listening: bool) -> None:
    check("sqlite://", *case, listening=listening)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_any_deletion_leaves_what_the_strategies_say_on_postgresql(database_url: str) -> None:
    @settings(max_examples=max(EXAMPLES // 4, 1), deadline=None, suppress_health_check=QUIET)
    @given(case=webs(), listening=st.booleans())
    def run(case: Any, listening: bool) -> None:
        try:
            check(database_url, *case, listening=listening)
        finally:
            empty = sa.create_engine(database_url)
            with empty.begin() as connection:
                connection.execute(sa.text("DROP SCHEMA public CASCADE"))
                connection.execute(sa.text("CREATE SCHEMA public"))
            empty.dispose()

    run()
