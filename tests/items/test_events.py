"""Events: who is told what, in which order, and that whoever listens may refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from backo_sql import (
    Backoffice,
    ConflictError,
    DBSQLConnector,
    DeleteStrategy,
    Dict,
    Int,
    Item,
    List,
    NotEmptyError,
    NotFoundError,
    Ref,
    RefsList,
    String,
    ValidationError,
)
from tests.support import Open, all_rows, client_of, problem

EVERY = ("created", "loaded", "before_save", "saved", "before_delete", "change", "changed", "committed")


class RefusedError(Exception):
    """What a handler raises to refuse."""


class Log(list[Any]):
    """Notes what handlers are told."""

    def listen(self, *events: str, note: Callable[[Any], Any] = lambda me: None, name: str = "") -> list[Any]:
        def handler(event: str, root: Any, me: Any, **details: Any) -> None:
            self.append((name, event, note(me)) if name else (event, note(me)))

        return [(event, handler) for event in events or EVERY]

    def take(self) -> list[Any]:
        taken = self[:]
        self.clear()
        return taken


def refuse(event: str, root: Any, me: Any) -> None:
    raise RefusedError(event)


def named(me: Any) -> Any:
    return me.name


def things(open_backoffice: Open, log: Log, **more: Any) -> Backoffice:
    """Items with a name, which tell all that happens to them."""
    return open_backoffice(
        things=Item({"name": String(), "n": Int(), **more}, on=log.listen(note=named)),
    )


# -- which event, when, in which order -----------------------------------------------------------------


def test_every_verb_tells_its_events_in_order(open_backoffice: Open) -> None:
    log = Log()
    backoffice = things(open_backoffice, log)
    item = backoffice.things.create({"name": "a"})
    told = [event for event, _ in log.take() if event not in ("change", "changed")]
    assert told == ["created", "committed"]
    item.name = "b"
    assert log.take() == [("change", "b"), ("changed", "b")]
    item.save()
    assert log.take() == [("before_save", "b"), ("saved", "b"), ("committed", "b")]
    item.reload()
    assert log.take() == [("loaded", "b")]
    other = backoffice.things.get_by_id(item._id)
    assert log.take() == [("loaded", "b")]
    other.delete()
    assert log.take() == [("before_delete", "b"), ("committed", "b")]


def test_new_tells_nothing_and_its_save_is_a_creation(open_backoffice: Open) -> None:
    log = Log()
    backoffice = things(open_backoffice, log)
    item = backoffice.things.new()
    assert log.take() == []
    item.name = "a"
    assert log.take() == [("change", "a"), ("changed", "a")]
    item.save()
    assert [event for event, _ in log.take() if event not in ("change", "changed")] == ["created", "committed"]
    loaded = backoffice.things.new()
    loaded.load(item._id)
    assert log.take() == [("loaded", "a")]


def test_one_write_is_one_change(open_backoffice: Open) -> None:
    log = Log()
    backoffice = open_backoffice(
        things=Item(
            {"name": String(), "l": List(Int()), "d": Dict({"x": Int()}), "c": Int(set=lambda root: root.d.x)},
            on=log.listen("change", note=named),
            pre_load=lambda data: data,
            post_load=lambda data: data,
            dynamic_post_load=lambda data: {},
        )
    )
    item = backoffice.things.create({"name": "a", "l": [1], "d": {"x": 1}})
    assert len(log.take()) <= 1
    item.set({"name": "b", "l": [2], "d": {"x": 3}})
    assert log.take() == [("change", "b")]
    item.l.append(3)
    assert log.take() == [("change", "b")]
    item.d.x = 4
    assert log.take() == [("change", "b")]
    item.save()
    assert log.take() == []


def test_nothing_is_told_when_nothing_changed(open_backoffice: Open, db: DBSQLConnector) -> None:
    log = Log()
    backoffice = things(open_backoffice, log)
    client = client_of(backoffice)
    item = backoffice.things.create({"name": "a", "n": 1})
    url = f"/app/things/{item._id}"
    before = all_rows(db)
    log.clear()
    item.name = "a"
    item.set({"name": "a", "n": 1})
    item.save()
    assert log.take() == []
    client.put(url, json={"name": "a"})
    client.patch(url, json={"op": "replace", "path": "$.name", "value": "a"})
    assert {event for event, _ in log.take()} <= {"loaded"}
    item.name = "b"
    item.name = "a"
    log.clear()
    item.save()
    assert log.take() == []
    assert all_rows(db) == before


def test_a_refused_write_tells_nobody(open_backoffice: Open) -> None:
    log = Log()
    backoffice = things(open_backoffice, log)
    item = backoffice.things.create({"name": "a"})
    log.clear()
    for bad in ({"n": "x"}, {"name": "b", "n": "x"}):
        with pytest.raises(ValidationError):
            item.set(bad)
        with pytest.raises(ValidationError):
            backoffice.things.create(bad)
    assert log.take() == []


def test_every_item_that_leaves_the_database_is_loaded(open_backoffice: Open) -> None:
    log = Log()
    backoffice = things(open_backoffice, log)
    client = client_of(backoffice)
    ids = [backoffice.things.create({"name": name})._id for name in "abc"]
    log.clear()
    backoffice.things.select()
    assert log.take() == [("loaded", "a"), ("loaded", "b"), ("loaded", "c")]
    backoffice.things.select({"name": "b"})
    assert log.take() == [("loaded", "b")]
    backoffice.things.count()
    assert log.take() == []
    client.get("/app/things")
    assert log.take() == [("loaded", "a"), ("loaded", "b"), ("loaded", "c")]
    client.get(f"/app/things/{ids[0]}")
    assert log.take() == [("loaded", "a")]
    with pytest.raises(NotFoundError):
        backoffice.things.get_by_id("nowhere")
    assert log.take() == []


def test_a_loaded_handler_may_fill_in_what_is_shown(open_backoffice: Open) -> None:
    def fill(event: str, root: Any, me: Any) -> None:
        me.shown = f"<{me.name}>"

    backoffice = open_backoffice(
        things=Item({"name": String(), "shown": String(views=["!save"])}, on=[("loaded", fill)])
    )
    client = client_of(backoffice)
    item = backoffice.things.create({"name": "a"})
    assert client.get(f"/app/things/{item._id}").get_json()["shown"] == "<a>"
    assert client.get("/app/things").get_json()["result"][0]["shown"] == "<a>"
    assert backoffice.things.get_by_id(item._id).shown == "<a>"


# -- arguments -----------------------------------------------------------------------------------------


def test_handlers_get_the_event_the_root_and_the_object(open_backoffice: Open) -> None:
    seen: list[Any] = []
    backoffice = open_backoffice(
        things=Item(
            {"name": String(), "inner": Dict({"x": Int()}, on=[("created", lambda *told: seen.append(told))])},
            on=[("created", lambda *told: seen.append(told))],
        )
    )
    item = backoffice.things.create({"name": "a", "inner": {"x": 1}})
    (first, second) = seen
    assert first[0] == second[0] == "created"
    assert first[1] is first[2] is item
    assert second[1] is item
    assert second[2] == {"x": 1}
    assert second[2].get_root() is item


def test_a_created_item_has_its_id_and_stamps_and_is_saved(open_backoffice: Open) -> None:
    seen: list[Any] = []

    def note(event: str, root: Any, me: Any) -> None:
        seen.append((repr(me._status), me._id, me._meta.ctime, backoffice.things.count()))

    backoffice = open_backoffice(
        things=Item({"name": String()}, on=[("created", note), ("saved", note), ("loaded", note)])
    )
    item = backoffice.things.create({"name": "a"})
    item.name = "b"
    item.save()
    item.reload()
    assert seen == [("SAVED", item._id, item._meta.ctime, 1)] * 3


def test_before_save_is_told_the_item_as_it_was(open_backoffice: Open) -> None:
    seen: list[Any] = []

    def note(event: str, root: Any, me: Any, old_object: Any) -> None:
        seen.append((type(old_object).__name__, old_object._id, old_object.name, old_object.l, me.name, me.l))
        old_object.l.append("changed")

    backoffice = open_backoffice(things=Item({"name": String(), "l": List(String())}, on=[("before_save", note)]))
    item = backoffice.things.create({"name": "a", "l": ["x"]})
    item.name = "b"
    item.l.append("y")
    item.save()
    assert seen.pop()[:3] == ("Item", item._id, "a")
    assert backoffice.things.get_by_id(item._id).l == ["x", "y"]
    item.name = "c"
    item.save()
    assert seen.pop()[2] == "b"


def test_handlers_take_as_many_details_as_they_name(open_backoffice: Open) -> None:
    seen: list[Any] = []

    def three(event: str, root: Any, me: Any) -> None:
        seen.append("three")

    def some(event: str, root: Any, me: Any, old_object: Any = None) -> None:
        seen.append(("some", old_object is not None))

    def all_(event: str, root: Any, me: Any, **details: Any) -> None:
        seen.append(sorted(details))

    backoffice = open_backoffice(
        things=Item({"n": Int()}, on=[("before_save", three), ("before_save", some), ("before_save", all_)])
    )
    item = backoffice.things.create({})
    item.n = 1
    item.save()
    assert seen == ["three", ("some", True), ["old_object"]]


@pytest.mark.parametrize(
    "on",
    [
        lambda handler: [("created", handler)],
        lambda handler: ("created", handler),
        lambda handler: [("created", handler, "$.name")],
    ],
)
def test_handlers_are_given_as_a_list_or_as_one(open_backoffice: Open, on: Any) -> None:
    log = Log()
    handler = log.listen("created")[0][1]
    backoffice = open_backoffice(things=Item({"name": String()}, on=on(handler)))
    backoffice.things.create({"name": "x"})
    assert log == [("created", None)]


def test_the_item_is_told_first_then_its_fields_in_order_and_depth_first(open_backoffice: Open) -> None:
    log = Log()

    def on(name: str) -> list[Any]:
        return log.listen(
            "created", "roll", name=name, note=lambda me: me if not hasattr(me, "get_value") else me.get_value()
        )

    backoffice = open_backoffice(
        things=Item(
            {
                "b": String(on=on("b")),
                "d": Dict({"x": Int(on=on("d.x")), "y": Dict({"z": Int(on=on("d.y.z"))})}, on=on("d")),
                "l": List(Dict({"v": Int(on=on("l.v"))}, on=on("l[]")), on=on("l")),
                "a": Int(on=on("a")),
            },
            on=on("item"),
            meta_data_handler=None,
        )
    )
    item = backoffice.things.create({"b": "B", "d": {"x": 1, "y": {"z": 2}}, "l": [{"v": 1}, {"v": 2}]})
    expected = ["item", "b", "d", "d.x", "d.y.z", "l", "l[]", "l.v", "l[]", "l.v", "a"]
    assert [name for name, _, _ in log] == expected
    assert [me for name, _, me in log if name != "item"] == [
        "B",
        {"x": 1, "y": {"z": 2}},
        1,
        2,
        [{"v": 1}, {"v": 2}],
        {"v": 1},
        1,
        {"v": 2},
        2,
        None,
    ]
    log.clear()
    item.trigg("roll")
    assert [name for name, _, _ in log] == expected


def test_two_handlers_of_one_event_run_in_the_order_given(open_backoffice: Open) -> None:
    seen: list[int] = []
    on = [("created", lambda event, root, me, n=n: seen.append(n)) for n in range(4)]
    open_backoffice(things=Item({"n": Int()}, on=on)).things.create({})
    assert seen == [0, 1, 2, 3]


def test_fields_that_do_not_exist_or_may_not_be_read_are_not_told() -> None:
    log = Log()
    on = log.listen("roll", note=lambda me: me)
    made = Dict(
        {
            "a": Int(on=on, exists=lambda root: root.on == 1),
            "on": Int(),
            "hidden": Int(on=on, can_read=False),
            "d": Dict({"x": Int(on=on)}, exists=lambda root: root.on == 1),
        }
    )
    made.set({"on": 1, "a": 2, "d": {"x": 3}, "hidden": 4})
    made.trigg("roll")
    assert log.take() == [("roll", 2), ("roll", 4), ("roll", 3)]
    made.enable_permissions()
    made.trigg("roll")
    assert log.take() == [("roll", 2), ("roll", 3)]
    made.on = 0
    made.trigg("roll")
    assert log.take() == []


# -- custom events ---------------------------------------------------------------------------------------


def test_events_of_ones_own_are_started_by_trigg() -> None:
    seen: list[Any] = []

    def roll(event: str, root: Any, me: Any, times: int = 1) -> None:
        me.count = (me.count or 0) + times
        seen.append((event, root is me))

    made = Dict({"count": Int(max=10)}, on=("roll", roll))
    made.trigg("roll", times=3)
    made.trigg("roll", unknown=1)
    made.trigg("nobody listens")
    assert made.count == 4
    assert seen == [("roll", True)] * 2
    with pytest.raises(ValidationError):
        made.trigg("roll", times=100)
    assert made.count == 4


def test_an_event_that_starts_at_a_part_stays_in_it() -> None:
    log = Log()
    made = Dict(
        {
            "a": Int(on=log.listen("e", name="a")),
            "d": Dict({"x": Int(on=log.listen("e", name="x"))}, on=log.listen("e", name="d")),
        },
        on=log.listen("e", name="root"),
    )
    made.d.trigg("e")
    assert [name for name, *_ in log] == ["d", "x"]


def test_change_is_told_on_objects_that_stand_alone() -> None:
    log = Log()
    made = Dict({"a": Int(), "l": List(Int())}, on=log.listen("change", "changed", note=lambda me: me.a))
    made.a = 1
    made.a = 1
    made.set({"a": 2, "l": [1]})
    made.l.append(4)
    with pytest.raises(ValidationError):
        made.a = "x"
    assert log == [(event, a) for a in (1, 2, 2) for event in ("change", "changed")]


def test_a_change_handler_may_change_more_and_ends() -> None:
    def follow(event: str, root: Any, me: Any) -> None:
        me.b = me.a * 2

    made = Dict({"a": Int(), "b": Int(max=10)}, on=[("change", follow)])
    made.a = 3
    assert made == {"a": 3, "b": 6}
    with pytest.raises(ValidationError):
        made.a = 6
    assert made == {"a": 3, "b": 6}


def test_a_change_handler_that_raises_undoes_the_change() -> None:
    made = Dict({"a": Int(default=1), "l": List(Int(), default=[])}, on=[("change", refuse)])
    for change in (lambda: setattr(made, "a", 2), lambda: made.set({"a": 2, "l": [1]}), lambda: made.l.append(1)):
        with pytest.raises(RefusedError):
            change()
        assert made == {"a": 1, "l": []}


def test_a_refused_change_leaves_an_item_saved(open_backoffice: Open) -> None:
    backoffice = open_backoffice(
        things=Item({"n": Int(on=[("change", lambda event, root, me: refuse(event, root, me) if me == 9 else None)])})
    )
    item = backoffice.things.create({"n": 1})
    with pytest.raises(RefusedError):
        item.n = 9
    assert (repr(item._status), item.n) == ("SAVED", 1)


# -- refusing, and one transaction -------------------------------------------------------------------------


def library(open_backoffice: Open, *, on_author: Any = (), on_book: Any = (), **more: Any) -> Backoffice:
    return open_backoffice(
        authors=Item(
            {
                "name": String(),
                "books": RefsList(coll="books", field="$.author", ods=DeleteStrategy.DELETE_REFERENCED_ITEMS),
            },
            on=list(on_author),
        ),
        books=Item({"name": String(), "author": Ref(coll="authors", field="$.books")}, on=list(on_book)),
        traces=Item({"text": String(unique=True)}),
        **more,
    )


def test_a_handler_that_refuses_a_creation_leaves_nothing(open_backoffice: Open, db: DBSQLConnector) -> None:
    def trace(event: str, root: Any, me: Any) -> None:
        backoffice.traces.create({"text": me.name})

    backoffice = library(open_backoffice, on_author=[("created", trace), ("created", refuse)])
    before = all_rows(db)
    item = backoffice.authors.new()
    item.name = "Ada"
    with pytest.raises(RefusedError):
        item.save()
    assert (repr(item._status), item._id, item.name) == ("UNSAVED", None, "Ada")
    with pytest.raises(RefusedError):
        backoffice.authors.create({"name": "Ada"})
    assert all_rows(db) == before


@pytest.mark.parametrize("event", ["before_save", "saved"])
def test_a_handler_that_refuses_a_save_leaves_all_as_it_was(
    open_backoffice: Open, db: DBSQLConnector, event: str
) -> None:
    def trace(event: str, root: Any, me: Any) -> None:
        backoffice.traces.create({"text": me.name})

    backoffice = library(open_backoffice, on_book=[(event, trace), (event, refuse)])
    author = backoffice.authors.create({"name": "Ada"})
    book = backoffice.books.create({"name": "a"})
    before = all_rows(db)
    book.set({"name": "b", "author": author._id})
    with pytest.raises(RefusedError):
        book.save()
    assert all_rows(db) == before
    assert (repr(book._status), book.name, book.author) == ("UNSAVED", "b", author._id)
    book.reload()
    assert (book.name, book.author, repr(book._status)) == ("a", None, "SAVED")


def test_a_handler_that_refuses_a_deletion_leaves_all_as_it_was(open_backoffice: Open, db: DBSQLConnector) -> None:
    backoffice = library(
        open_backoffice,
        on_book=[("before_delete", lambda e, root, me: refuse(e, root, me) if me.name == "b" else None)],
    )
    author = backoffice.authors.create({"name": "Ada"})
    for name in "ab":
        backoffice.books.create({"name": name, "author": author._id})
    before = all_rows(db)
    with pytest.raises(RefusedError):
        author.delete()
    assert all_rows(db) == before
    assert repr(author._status) == "SAVED"
    author.reload()
    assert len(author.books) == 2


def test_a_handler_that_refuses_a_loading(open_backoffice: Open) -> None:
    backoffice = open_backoffice(things=Item({"name": String()}, on=[("loaded", refuse)]))
    item = backoffice.things.create({"name": "a"})
    for read in (item.reload, lambda: backoffice.things.get_by_id(item._id), backoffice.things.select):
        with pytest.raises(RefusedError):
            read()
    assert (item.name, repr(item._status)) == ("a", "SAVED")
    empty = backoffice.things.new()
    with pytest.raises(RefusedError):
        empty.load(item._id)
    assert repr(empty._status) == "UNSET"


def test_what_a_refusing_handler_raises_is_the_answer_over_http(open_backoffice: Open, db: DBSQLConnector) -> None:
    def conflict(event: str, root: Any, me: Any) -> None:
        if me.name == "no":
            raise ConflictError("Not now.")

    def invalid(event: str, root: Any, me: Any) -> None:
        if me.name == "bad":
            raise ValidationError({"$.name": ["Not this one."]})

    on = [(event, handler) for event in ("created", "before_save") for handler in (conflict, invalid)]
    backoffice = library(open_backoffice, on_author=on)
    client = client_of(backoffice)
    item = backoffice.authors.create({"name": "Ada"})
    before = all_rows(db)
    url = f"/app/authors/{item._id}"
    assert client.post("/app/authors", json={"name": "no"}).status_code == 409
    assert client.put(url, json={"name": "no"}).status_code == 409
    answer = client.put(url, json={"name": "bad"})
    assert (answer.status_code, answer.get_json()["errors"]) == (400, {"$.name": ["Not this one."]})
    assert client.post("/app/authors", json={"name": "bad"}).status_code == 400
    assert all_rows(db) == before


@pytest.mark.parametrize("place", ["handler", "hook", "function"])
@pytest.mark.parametrize(
    ("work", "status"),
    [
        pytest.param(lambda backoffice: backoffice.authors.get_by_id("nobody"), 500, id="an item that isn't there"),
        pytest.param(lambda backoffice: backoffice.authors.select({"titel": 1}), 500, id="a filter that is wrong"),
        pytest.param(lambda backoffice: backoffice.authors.new().titel, 500, id="a field that isn't there"),
        pytest.param(lambda backoffice: {}["x"], 500, id="what Python raises"),
        pytest.param(lambda backoffice: raising(NotFoundError("Not for you.")), 404, id="an answer of its own"),
    ],
)
def test_a_slip_of_the_code_of_a_description_is_no_fault_of_the_request(
    open_backoffice: Open, place: str, work: Callable[[Any], Any], status: int
) -> None:
    made: list[Backoffice] = []

    def slip(*_: Any) -> Any:
        return work(made[0])

    options: dict[str, Any] = {"handler": {"on": [("created", slip)]}, "hook": {"post_save": slip}}.get(place, {})
    name = String(constraint=lambda value: slip()) if place == "function" else String()
    made.append(open_backoffice(authors=Item({"name": String()}), notes=Item({"name": name}, **options)))
    client = client_of(made[0])
    answer = problem(client.post("/app/notes", json={"name": "a"}), status)
    assert "nobody" not in answer["detail"] + str(answer.get("errors"))
    assert (answer["detail"] == "Not for you.") == (status == 404)
    assert made[0].notes.count() == 0


def raising(error: Exception) -> Any:
    raise error


def test_a_handler_that_asks_for_the_item_of_the_url_may_miss_it(open_backoffice: Open) -> None:
    made: list[Backoffice] = []

    def delete_and_read(event: str, root: Any, me: Any) -> None:
        identifier = me._id
        me.delete()
        made[0].notes.get_by_id(identifier)

    made.append(open_backoffice(notes=Item({"name": String()}, on=[("before_save", delete_and_read)])))
    note = made[0].notes.create({"name": "a"})
    problem(client_of(made[0]).put(f"/app/notes/{note._id}", json={"name": "b"}), 404)
    assert made[0].notes.count() == 1


def test_handlers_write_in_the_same_transaction(open_backoffice: Open) -> None:
    def trace(event: str, root: Any, me: Any) -> None:
        backoffice.traces.create({"text": f"{event} {me.name}"})

    backoffice = library(
        open_backoffice, on_author=[(event, trace) for event in ("created", "before_save", "saved", "before_delete")]
    )
    author = backoffice.authors.create({"name": "Ada"})
    author.name = "Grace"
    author.save()
    author.delete()
    assert [each.text for each in backoffice.traces.select()] == [
        "created Ada",
        "before_save Grace",
        "saved Grace",
        "before_delete Grace",
    ]
    with pytest.raises(ConflictError):
        backoffice.authors.create({"name": "Ada"})  # its trace is there already
    assert backoffice.authors.count() == 0


def test_a_before_save_handler_may_change_what_is_saved(open_backoffice: Open) -> None:
    def tidy(event: str, root: Any, me: Any) -> None:
        me.name = me.name.strip()

    backoffice = open_backoffice(things=Item({"name": String()}, on=[("before_save", tidy)]))
    item = backoffice.things.create({"name": "a"})
    item.name = " b "
    item.save()
    assert (item.name, repr(item._status)) == ("b", "SAVED")
    assert backoffice.things.get_by_id(item._id).name == "b"
    client_of(backoffice).put(f"/app/things/{item._id}", json={"name": " c "})
    assert backoffice.things.get_by_id(item._id).name == "c"


def test_an_item_may_be_saved_again_in_a_handler_of_its_own(open_backoffice: Open, db: DBSQLConnector) -> None:
    log = Log()

    def count(event: str, root: Any, me: Any) -> None:
        log.append(event)
        if me.n < 3:
            me.n += 1
            me.save()

    backoffice = open_backoffice(things=Item({"n": Int(default=0)}, on=[("created", count), ("saved", count)]))
    item = backoffice.things.create({})
    assert (item.n, repr(item._status)) == (3, "SAVED")
    assert backoffice.things.get_by_id(item._id).n == 3
    assert log == ["created", "saved", "saved", "saved"]
    item.n = 1
    item.save()
    assert backoffice.things.get_by_id(item._id).n == 3


def test_a_handler_may_save_other_items_which_tell_their_own_events(open_backoffice: Open) -> None:
    log = Log()

    def follow(event: str, root: Any, me: Any) -> None:
        log.append(("author", event))
        for identifier in me.books:
            book = backoffice.books.get_by_id(identifier)
            book.name = f"{book.name} by {me.name}"
            book.save()

    backoffice = library(
        open_backoffice,
        on_author=[("saved", follow)],
        on_book=log.listen("before_save", "saved", name="book", note=named),
    )
    author = backoffice.authors.create({"name": "Ada"})
    backoffice.books.create({"name": "Notes", "author": author._id})
    author.reload()
    author.name = "Grace"
    author.save()
    assert log == [("author", "saved"), ("book", "before_save", "Notes by Grace"), ("book", "saved", "Notes by Grace")]


def test_a_handler_may_delete_the_item_itself(open_backoffice: Open) -> None:
    def vanish(event: str, root: Any, me: Any) -> None:
        if me.n == 0:
            me.delete()

    backoffice = open_backoffice(things=Item({"n": Int()}, on=[("saved", vanish)]))
    item = backoffice.things.create({"n": 1})
    item.n = 0
    item.save()
    assert backoffice.things.count() == 0
    assert repr(item._status) == "UNSET"


# -- cascades -------------------------------------------------------------------------------------------------


def test_a_cascade_tells_every_item_that_goes_the_one_asked_for_first(open_backoffice: Open) -> None:
    log = Log()
    backoffice = library(
        open_backoffice,
        on_author=log.listen("before_delete", "committed", name="author", note=named),
        on_book=log.listen("before_delete", "committed", name="book", note=named),
    )
    author = backoffice.authors.create({"name": "Ada"})
    for name in "ab":
        backoffice.books.create({"name": name, "author": author._id})
    log.clear()
    author.reload()
    author.delete()
    told = [(name, event, what) for name, event, what in log]
    assert told[:3] == [
        ("author", "before_delete", "Ada"),
        ("book", "before_delete", "a"),
        ("book", "before_delete", "b"),
    ]
    assert sorted(told[3:]) == [("author", "committed", "Ada"), ("book", "committed", "a"), ("book", "committed", "b")]


def test_the_handler_of_an_item_that_goes_by_a_cascade_still_sees_it(open_backoffice: Open) -> None:
    seen: list[Any] = []

    def keep(event: str, root: Any, me: Any) -> None:
        seen.append((backoffice.books.count({"_id": me._id}), backoffice.authors.get_by_id(me.author).name))

    backoffice = library(open_backoffice, on_book=[("before_delete", keep)])
    author = backoffice.authors.create({"name": "Ada"})
    backoffice.books.create({"name": "a", "author": author._id})
    client_of(backoffice).delete(f"/app/authors/{author._id}")
    assert seen == [(1, "Ada")]
    assert (backoffice.books.count(), backoffice.authors.count()) == (0, 0)


def test_a_delete_that_is_refused_for_links_tells_nobody(open_backoffice: Open) -> None:
    log = Log()
    backoffice = open_backoffice(
        authors=Item({"name": String(), "books": RefsList(coll="books", field="$.author")}, on=log.listen(note=named)),
        books=Item({"author": Ref(coll="authors", field="$.books")}),
    )
    author = backoffice.authors.create({"name": "Ada"})
    backoffice.books.create({"author": author._id})
    author.reload()
    log.clear()
    with pytest.raises(NotEmptyError):
        author.delete()
    assert log == []


def test_drop_tells_nobody(open_backoffice: Open) -> None:
    log = Log()
    backoffice = things(open_backoffice, log)
    backoffice.things.create({"name": "a"})
    log.clear()
    backoffice.things.drop()
    assert log == []
    assert backoffice.things.count() == 0


# -- committed ---------------------------------------------------------------------------------------------------


def test_committed_comes_when_everything_is_kept(open_backoffice: Open) -> None:
    seen: list[Any] = []

    def after(event: str, root: Any, me: Any) -> None:
        seen.append((me.name, backoffice.things.count()))

    backoffice = open_backoffice(things=Item({"name": String()}, on=[("committed", after)]))
    with backoffice.transaction():
        backoffice.things.create({"name": "a"})
        item = backoffice.things.create({"name": "b"})
        item.name = "c"
        item.save()
        assert seen == []
    assert [name for name, _ in seen][:1] == ["a"]
    assert {count for _, count in seen} == {2}


def test_committed_never_comes_for_what_is_undone(open_backoffice: Open) -> None:
    log = Log()
    backoffice = library(open_backoffice, on_author=log.listen("committed", note=named))
    backoffice.traces.create({"text": "there"})

    def work() -> None:
        with backoffice.transaction():
            backoffice.authors.create({"name": "undone"})
            raise RefusedError

    with pytest.raises(RefusedError):
        work()
    assert log == []

    def inner() -> None:
        with backoffice.transaction():
            backoffice.authors.create({"name": "inner"}).delete()
            raise RefusedError

    with backoffice.transaction():
        backoffice.authors.create({"name": "kept"})
        with pytest.raises(RefusedError):
            inner()
    assert log.take() == [("committed", "kept")]


def test_committed_never_comes_when_the_commit_itself_fails(open_backoffice: Open, db: DBSQLConnector) -> None:
    log = Log()
    backoffice = open_backoffice(
        authors=Item({"name": String()}),
        books=Item({"author": Ref(coll="authors", required=True)}, on=log.listen("created", "committed")),
    )
    author = backoffice.authors.create({"name": "Ada"})
    before = all_rows(db)

    def delete_author(connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        # Behind the library's back; the foreign key is checked by the commit.
        if statement.startswith("INSERT INTO books"):
            connection.execute(backoffice.authors.table.delete())

    sa.event.listen(db.engine, "before_cursor_execute", delete_author)
    with pytest.raises(ConflictError):
        backoffice.books.create({"author": author._id})
    assert log == [("created", None)]
    assert all_rows(db) == before


def test_what_a_committed_handler_raises_undoes_nothing(open_backoffice: Open) -> None:
    backoffice = open_backoffice(things=Item({"name": String()}, on=[("committed", refuse)]))
    with pytest.raises(RefusedError):
        backoffice.things.create({"name": "a"})
    assert backoffice.things.count() == 1
    item = backoffice.things.select_one()
    assert item is not None
    item.name = "b"
    with pytest.raises(RefusedError):
        item.save()
    assert (repr(item._status), item.name) == ("SAVED", "b")
    assert backoffice.things.get_by_id(item._id).name == "b"
    item.name = "c"
    with pytest.raises(RefusedError):
        item.save()
    assert backoffice.things.get_by_id(item._id).name == "c"
    with pytest.raises(RefusedError):
        item.delete()
    assert repr(item._status) == "UNSET"
    assert backoffice.things.count() == 0


def test_every_committed_handler_is_told_even_if_one_raises(open_backoffice: Open) -> None:
    log = Log()

    def first(event: str, root: Any, me: Any) -> None:
        if me.name == "a":
            raise RefusedError

    backoffice = open_backoffice(
        things=Item({"name": String()}, on=[("committed", first), *log.listen("committed", note=named)])
    )

    def work() -> None:
        with backoffice.transaction():
            backoffice.things.create({"name": "a"})
            backoffice.things.create({"name": "b"})

    with pytest.raises(RefusedError):
        work()
    assert ("committed", "b") in log
    assert backoffice.things.count() == 2


def test_a_committed_handler_may_write(open_backoffice: Open) -> None:
    def trace(event: str, root: Any, me: Any) -> None:
        backoffice.traces.create({"text": me.name})

    backoffice = library(open_backoffice, on_author=[("committed", trace)])
    backoffice.authors.create({"name": "Ada"})
    assert [each.text for each in backoffice.traces.select()] == ["Ada"]


def test_a_request_is_one_transaction_with_its_handlers(open_backoffice: Open, db: DBSQLConnector) -> None:
    log = Log()

    def trace(event: str, root: Any, me: Any) -> None:
        backoffice.traces.create({"text": me.name})
        if me.name == "bad":
            raise ConflictError("No.")

    backoffice = library(
        open_backoffice, on_author=[("created", trace), ("saved", trace), *log.listen("committed", note=named)]
    )
    client = client_of(backoffice)
    before = all_rows(db)
    assert client.post("/app/authors", json={"name": "bad"}).status_code == 409
    assert all_rows(db) == before
    made = client.post("/app/authors", json={"name": "good"}).get_json()
    assert client.put(f"/app/authors/{made['_id']}", json={"name": "bad"}).status_code == 409
    assert [each.text for each in backoffice.traces.select()] == ["good"]
    assert log == [("committed", "good")]
