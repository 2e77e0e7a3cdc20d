"""Clients that write at once are each served or told of a conflict, and what they leave fits together."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from backo_sql import Backoffice, DBSQLConnector, Dict, Int, Item, List, Ref
from tests.support import Open

CLIENTS, REQUESTS = 3, 6


def at_once(backoffice: Backoffice, work: Callable[[FlaskClient, random.Random], int]) -> set[int]:
    """Let several clients send their requests at the same time, and return the statuses of all answers."""
    app = Flask("host")
    backoffice.build_routes(app)
    start = threading.Barrier(CLIENTS, timeout=30)

    def send(number: int) -> set[int]:
        client, choose = app.test_client(), random.Random(number)
        start.wait()
        return {work(client, choose) for _ in range(REQUESTS)}

    with ThreadPoolExecutor(CLIENTS) as pool:
        sent = [pool.submit(send, number) for number in range(CLIENTS)]
        return set().union(*(each.result(timeout=60) for each in sent))


def test_changes_of_different_fields_of_one_item_are_all_kept(library: Backoffice, db: DBSQLConnector) -> None:
    author = library.authors.create({"name": "Ada"})
    book = library.books.create({"title": "Notes", "author": author._id})
    turns = iter(range(CLIENTS * REQUESTS))
    lock = threading.Lock()
    last: dict[str, Any] = {}

    def change(client: FlaskClient, _choose: random.Random) -> int:
        with lock:
            turn = next(turns)
        field, value = [("title", f"t{turn}"), ("pages", turn + 1), ("price", float(turn))][turn % 3]
        answer = client.put(f"/app/books/{book._id}", json={field: value})
        with lock:
            last.setdefault(field, []).append(value)
        return answer.status_code

    assert at_once(library, change) == {200}
    found = library.books.get_by_id(book._id)
    assert all(getattr(found, field) in values for field, values in last.items())
    assert db.engine.pool.checkedout() == 0


def test_lists_that_face_each_other_agree_in_the_end(library: Backoffice) -> None:
    author = library.authors.create({"name": "Ada"})
    books = [library.books.create({"title": "x", "author": author._id})._id for _ in range(4)]
    shelves = [library.shelves.create({"label": str(number)})._id for number in range(4)]

    def change(client: FlaskClient, choose: random.Random) -> int:
        near, far, url = choose.choice([(books, shelves, "/app/books/"), (shelves, books, "/app/shelves/")])
        field = "shelves" if near is books else "books"
        data = {field: choose.sample(far, choose.randrange(4))}
        return client.put(url + choose.choice(near), json=data).status_code

    assert at_once(library, change) <= {200, 409}
    stands_on = {(book, shelf) for book in books for shelf in library.books.get_by_id(book).shelves}
    holds = {(book, shelf) for shelf in shelves for book in library.shelves.get_by_id(shelf).books}
    assert stands_on == holds


def test_lines_that_are_added_while_what_they_refer_to_goes_are_all_there_in_the_end(open_backoffice: Open) -> None:
    line = {"track": Ref(coll="tracks"), "number": Int(required=True)}
    backoffice = open_backoffice(tracks=Item({}), orders=Item({"lines": List(Dict(line), default=[])}))
    tracks = [backoffice.tracks.create({})._id for _ in range(6)]
    url = f"/app/orders/{backoffice.orders.create({})._id}"
    added: list[int] = []

    def act(client: FlaskClient, choose: random.Random) -> int:
        track = choose.choice(tracks)
        if choose.random() < 0.3:
            return client.delete(f"/app/tracks/{track}").status_code
        number = choose.randrange(10**9)
        operations = [{"op": "add", "path": "$.lines", "value": {"track": track, "number": number}}]
        status = client.patch(url, json=operations).status_code
        if status == 200:
            added.append(number)
        return status

    assert at_once(backoffice, act) <= {200, 400, 404, 409}
    left = {track._id for track in backoffice.tracks.select()}
    lines = backoffice.orders.select()[0].lines
    assert sorted(each.number for each in lines) == sorted(added)
    assert {each.track for each in lines} <= {None, *left}


def test_a_partner_that_many_want_has_one_in_the_end(open_backoffice: Open) -> None:
    backoffice = open_backoffice(
        humans=Item({"totem": Ref(coll="animals", field="$.human")}),
        animals=Item({"human": Ref(coll="humans", field="$.totem")}),
    )
    humans = [backoffice.humans.create({})._id for _ in range(2)]
    animals = [backoffice.animals.create({})._id for _ in range(3)]

    def want(client: FlaskClient, choose: random.Random) -> int:
        human, animal = choose.choice(humans), choose.choice(animals)
        answer = choose.choice(
            [
                lambda: client.put(f"/app/animals/{animal}", json={"human": human}),
                lambda: client.put(f"/app/humans/{human}", json={"totem": animal}),
                lambda: client.post("/app/animals", json={"human": human}),
            ]
        )()
        return answer.status_code

    assert at_once(backoffice, want) <= {200, 201, 409}
    of_humans = {(human._id, human.totem) for human in backoffice.humans.select() if human.totem is not None}
    of_animals = {(animal.human, animal._id) for animal in backoffice.animals.select() if animal.human is not None}
    assert of_humans == of_animals


def test_nobody_is_left_without_what_is_required(library: Backoffice) -> None:
    """Authors are deleted while others write books of them."""
    authors = [library.authors.create({"name": "Ada"})._id for _ in range(3)]

    def act(client: FlaskClient, choose: random.Random) -> int:
        author = choose.choice(authors)
        if choose.random() < 0.4:
            return client.delete(f"/app/authors/{author}").status_code
        return client.post("/app/books", json={"title": "x", "author": author}).status_code

    assert at_once(library, act) <= {200, 201, 400, 404, 409}
    left = {author._id for author in library.authors.select()}
    assert {book.author for book in library.books.select()} <= left
