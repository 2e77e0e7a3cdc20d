"""A backoffice and the oracle side by side: every step is done to both, and everything that can be read is compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from backo_sql import BackoError, Backoffice, DBSQLConnector, NotEmptyError, ValidationError
from tests.links.oracle import End, RefusedError, World
from tests.links.pairs import Case
from tests.support import client_of, describe, problem


class Bench:
    """A case in a database.

    Args:
        case: the pair.
        db: an empty database. The ids of items are their names.
    """

    def __init__(self, case: Case, db: DBSQLConnector) -> None:
        db.generate_id = lambda item: item.name
        self.case = case
        self.world: World = case.world()
        self.backoffice: Backoffice = describe(db, **case.items())
        self.backoffice.create_all()
        self.client = client_of(self.backoffice)
        self._db = db
        self._versions: dict[str, dict[str, int]] = {}

    # -- steps -------------------------------------------------------------------------------------

    def seed(self) -> None:
        """Make six items on either side, fewer where they must be linked, and link some of them."""
        with self._db.engine.begin() as connection:
            for table in self._db.metadata.tables.values():
                connection.execute(table.delete())
        self.world = self.case.world()
        self._versions = {}
        near, far = self.case.ends
        first, second, letters = (near, far, "nf") if far.required else (far, near, "fn")
        for number in range(6):
            self._create(first, f"{letters[0]}{number}", {})
        for number in range(4 if second.required else 6):
            partners = [f"{letters[0]}{number}"]
            if second.many:
                partners.append(f"{letters[0]}{number + 1}")
            linked = second.required or number < 2
            self._create(second, f"{letters[1]}{number}", {str(second.field): partners} if linked else {})
            if self.case.twice:
                end = self.case.pairs[1][0]
                self.world = self.world.after_assign(end.collection, f"n{number}", str(end.field), [f"f{number}"])
                found = self._read(end, f"n{number}")
                found.set(_at(end, _value(end, [f"f{number}"])))
                found.save()
        self.check()

    def _create(self, end: End, item: str, values: dict[str, list[str]]) -> None:
        self.world = self.world.after_create(end.collection, item, values)
        body = {"name": item}
        for wanted in values.values():
            body |= _at(end, _value(end, wanted))
        self.backoffice.collections[end.collection].create(body)

    def create(self, end: End, item: str, wanted: Sequence[str], road: str = "create") -> bool:
        """Create an item, and tell whether it was accepted.

        Args:
            end: the field that is given.
            item: its name.
            wanted: the ids in it.
            road: `create`, `new` or `POST`.
        """
        collection = self.backoffice.collections[end.collection]
        value = _value(end, wanted)
        body = {"name": item, **_at(end, value)}

        def new() -> Any:
            made = collection.set(body)
            made.save()
            return made

        def post() -> Any:
            answer = self.client.post(f"/app/{end.collection}", json=body)
            return _accepted(answer, 201)

        roads: dict[str, Callable[[], Any]] = {"create": lambda: collection.create(body), "new": new, "POST": post}
        return self._step(
            lambda: self.world.after_create(end.collection, item, {str(end.field): list(wanted)}),
            roads[road],
            end,
            item,
        )

    def assign(self, end: End, item: str, wanted: Sequence[str], road: str = "save") -> bool:
        """Give a reference another value as a whole, and tell whether it was accepted.

        Args:
            end: the field.
            item: whose.
            wanted: the ids.
            road: `save`, `set`, `PUT`, `PATCH`, or `clear` for a PATCH that takes the value out.
        """
        value = _value(end, wanted)
        url = f"/app/{end.collection}/{item}"

        def save() -> Any:
            found = self._read(end, item)
            *inside, name = str(end.field).split(".")
            holder = found
            for each in inside:
                holder = getattr(holder, each)
            setattr(holder, name, value)
            found.save()
            return found

        def set_() -> Any:
            found = self._read(end, item)
            found.set(_at(end, value))
            found.save()
            return found

        operation = {"op": "replace", "path": f"$.{end.field}", "value": value}
        roads: dict[str, Callable[[], Any]] = {
            "save": save,
            "set": set_,
            "PUT": lambda: _accepted(self.client.put(url, json=_at(end, value)), 200),
            "PATCH": lambda: _accepted(self.client.patch(url, json=operation), 200),
            "clear": lambda: _accepted(self.client.patch(url, json={"op": "remove", "path": f"$.{end.field}"}), 200),
        }
        return self._step(
            lambda: self.world.after_assign(end.collection, item, str(end.field), list(wanted)),
            roads[road],
            end,
            item,
        )

    def edit(self, end: End, item: str, change: Callable[[Any], Any]) -> bool:
        """Change a list in place, and tell whether it was accepted.

        Args:
            end: the list.
            item: whose.
            change: does to the live list what it does to a plain one.
        """
        wanted = self.world.value(end.collection, str(end.field), item)
        change(wanted)

        def save() -> Any:
            found = self._read(end, item)
            change(_look(found, end))
            found.save()
            return found

        return self._edited(end, item, wanted, save)

    def operate(self, end: End, item: str, operation: Mapping[str, Any], wanted: Sequence[str]) -> bool:
        """Change a list by an operation of PATCH, and tell whether it was accepted."""
        answer = lambda: self.client.patch(f"/app/{end.collection}/{item}", json=operation)  # noqa: E731
        return self._edited(end, item, wanted, lambda: _accepted(answer(), 200))

    def _edited(self, end: End, item: str, wanted: Sequence[str], road: Callable[[], Any]) -> bool:
        if end.filled:
            return self._step(
                lambda: self.world.after_assign(end.collection, item, str(end.field), list(wanted)), road, end, item
            )
        try:
            road()
        except (BackoError, _AnswerError) as refused:
            if isinstance(refused, _AnswerError):
                problem(refused.args[0], 400)
        else:
            raise AssertionError("a list that isn't filled was changed in place")
        self.check(item)
        return False

    def delete(self, end: End, item: str, road: str = "delete") -> bool:
        """Delete an item, and tell whether it was accepted."""

        def http() -> None:
            _accepted(self.client.delete(f"/app/{end.collection}/{item}"), 200)

        roads: dict[str, Callable[[], Any]] = {"delete": lambda: self._read(end, item).delete(), "DELETE": http}
        return self._step(lambda: self.world.after_delete(end.collection, item), roads[road], end, item)

    def _read(self, end: End, item: str) -> Any:
        return self.backoffice.collections[end.collection].get_by_id(item)

    def _step(self, oracle: Callable[[], World], road: Callable[[], Any], end: End, item: str) -> bool:
        """Do a step to both sides: both accept it, or both refuse it and nothing has changed."""
        try:
            after = oracle()
        except RefusedError as refusal:
            try:
                road()
            except ValidationError as refused:
                assert set(refused.messages) == refusal.paths
            except NotEmptyError:
                assert not refusal.paths
            except _AnswerError as refused:
                body = problem(refused.args[0], 400 if refusal.paths else 409)
                assert set(body.get("errors", ())) == refusal.paths
            else:
                raise AssertionError(f"accepted; should be refused at {refusal.paths}") from None
            self.check(item)
            return False
        made = road()
        self.world = after
        if isinstance(made, dict):
            self._check_shown(end.collection, made)
        elif made is not None:
            self._check_item(end.collection, made)
        self.check(item)
        return True

    # -- what must be read -------------------------------------------------------------------------

    def check(self, item: str = "") -> None:
        """Compare the tables with the oracle, and what is read from either side.

        Args:
            item: is also read by itself.
        """
        for number, (name, there) in enumerate(self.world.items.items()):
            if number == 0:
                for found in self._all(name):
                    self._check_item(name, found)
            if number == 1 or len(self.world.items) == 1:
                page = self.client.get(f"/app/{name}?_page=0").get_json()
                assert [shown["_id"] for shown in page["result"]] == sorted(there)
                assert page["total"] == len(there)
                for shown in page["result"]:
                    self._check_shown(name, shown)
            if item in there:
                self._check_shown(name, self.client.get(f"/app/{name}/{item}").get_json())
        self._check_tables()

    def check_all(self) -> None:
        """Compare everything that is stored, in every way in which it is read."""
        self.check()
        for name in self.world.items:
            collection = self.backoffice.collections[name]
            for found in self._all(name):
                self._check_item(name, found)
                self._check_item(name, collection.get_by_id(found._id))
                self._check_selectors(name, found)
            for shown in self.client.get(f"/app/{name}?_page=0").get_json()["result"]:
                self._check_shown(name, shown)
                answer = self.client.get(f"/app/{name}/{shown['_id']}")
                assert answer.get_json() == shown
                # Whoever sends back what it got changes nothing.
                assert _accepted(self.client.put(f"/app/{name}/{shown['_id']}", json=shown), 200) == shown
        self._check_tables()

    def _all(self, collection: str) -> list[Any]:
        items = self.backoffice.collections[collection].select()
        assert [item._id for item in items] == [item.name for item in items]
        assert [item.name for item in items] == sorted(self.world.items[collection])
        return items

    def _expected(self, end: End, item: str) -> Any:
        value = self.world.value(end.collection, str(end.field), item)
        return value if end.many else (value[0] if value else None)

    def _check_item(self, collection: str, found: Any) -> None:
        for _, _, end in self.world.sides(collection):
            if end.field is not None:
                expected = self._expected(end, found.name) if end.filled else []
                assert _look(found, end) == expected, f"{end.field} of {found.name}"

    def _check_shown(self, collection: str, shown: dict[str, Any]) -> None:
        for _, _, end in self.world.sides(collection):
            if end.field is None:
                continue
            *inside, name = end.field.split(".")
            holder = shown
            for each in inside:
                holder = holder[each]
            assert (name in holder) == end.filled
            expected = self._expected(end, shown["_id"]) if end.filled else None
            assert holder.get(name) == expected, f"{end.field} of {shown['_id']} in JSON"

    def _check_selectors(self, collection: str, found: Any) -> None:
        for _, _, end in self.world.sides(collection):
            if end.field is not None:
                assert found.select(f"$.{end.field}.name") == self._expected(end, found.name)

    def _check_tables(self) -> None:
        """Compare the rows by plain SQL, and the versions: a link raises that of the item that stores it alone."""
        versions: dict[str, dict[str, tuple[Any, ...]]] = {}
        for pair, stored in zip(self.world.pairs, self.case.tables(), strict=True):
            table, _, column = stored.partition(".")
            for side, end in enumerate(pair.ends):
                path = (end.field or "").replace(".", "__")
                there = sorted(self.world.items[end.collection])
                if (end.collection, path) == (table, column):
                    rows = self._rows(f'SELECT _id, "{column}" FROM {table}')
                    pointers = {item: (pair.value(side, item) or [None])[0] for item in there}
                    assert dict(rows) == pointers, stored
                    for item, pointer in pointers.items():
                        versions.setdefault(table, {}).setdefault(item, ())
                        versions[table][item] += (pointer,)
                elif f"{end.collection}__{path}" == table:
                    for near, far, order in (("owner", "target", side), ("target", "owner", 1 - side)):
                        rows = self._rows(f"SELECT {near}_id, {far}_id FROM {table} ORDER BY {near}_position")
                        assert len(rows) == sum(map(len, pair.linked[order].values())), stored
                        for item in self.world.items[pair.ends[order].collection]:
                            assert [other for one, other in rows if one == item] == pair.linked[order][item], stored
        self._check_versions(versions)

    def _check_versions(self, pointers: dict[str, dict[str, tuple[Any, ...]]]) -> None:
        for table, there in self.world.items.items():
            rows = dict(self._rows(f"SELECT _id, _version FROM {table}"))
            assert rows.keys() == there
            seen = self._versions.get(table, {})
            now = {item: (version, pointers.get(table, {}).get(item)) for item, version in rows.items()}
            for item, (version, pointer) in now.items():
                if item in seen:
                    before, pointed = seen[item]
                    assert (version > before) == (pointer != pointed), f"version of {item}"
            self._versions[table] = now

    def _rows(self, statement: str) -> list[Any]:
        with self._db.engine.connect() as connection:
            return list(connection.execute(sa.text(statement)).all())


class _AnswerError(Exception):
    """An answer with another status than that of success."""


def _accepted(answer: Any, status: int) -> Any:
    if answer.status_code != status:
        raise _AnswerError(answer)
    body = answer.get_json()
    return body if isinstance(body, dict) else None


def _value(end: End, wanted: Sequence[str]) -> Any:
    return list(wanted) if end.many else (wanted[0] if wanted else None)


def _at(end: End, value: Any) -> dict[str, Any]:
    for name in reversed(str(end.field).split(".")):
        value = {name: value}
    return dict(value)


def _look(item: Any, end: End) -> Any:
    for name in str(end.field).split("."):
        item = getattr(item, name)
    return item
