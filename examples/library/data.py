"""A library full of books that nobody wrote. The same every time, so that an example can name them."""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from math import gcd
from typing import Any

from backo_sql import Backoffice, Collection, current_user

BOOKS = 2000


def _words(text: str) -> list[str]:
    return text.split()


FIRST_NAMES = _words(
    "Abel Ama Anouk Bram Carmo Davor Edda Elio Femke Goran Hana Ilse Imre Jorun Kaia Lázaro Lior Maren Mina Nils "
    "Noor Odile Pia Quim Rasa Sanna Tove Uwe Vida Yann"
)
LAST_NAMES = _words(
    "Achterberg Almqvist Bandeira Brennick Calloway Castanho Dierks Eklund Falkenrath Farrow Galvani Hartsoe Ibarrola "
    "Jansky Kestrel Lindqvist Marchetti Nakatomo Oduya Pellworm Quintal Rosmer Sandoval Tamsin Ulvang Verhoeck Wexley "
    "Yardley Zabala"
)
COUNTRIES = ("Brazil", "Croatia", "France", "Ghana", "Japan", "Netherlands", "Norway", "Portugal", "Spain")

FORMS = (
    "The {} {}",
    "Letters from the {} {}",
    "Beyond the {} {}",
    "The Last {} {}",
    "Seven Days at the {} {}",
    "Who Built the {} {}?",
)
ADJECTIVES = _words(
    "Amber Borrowed Brass Crooked Distant Drowned Early Empty Folded Gentle Hollow Idle Lantern Northern Paper Patient "
    "Plain Quiet Restless Second Silver Tidal Unwritten Velvet Wandering"
)
NOUNS = _words(
    "Almanac Anchor Bakery Bridge Canal Clockmaker Compass Courtyard Ferry Garden Harbour Island Kitchen Ladder "
    "Lighthouse Mapmaker Meadow Observatory Orchard Pharmacy Postman Quarry River Staircase Tower Tramway Violin "
    "Window Winter"
)
TAGS = ("crime", "essays", "family", "history", "humour", "letters", "nature", "sea", "travel", "war")
LANGUAGES = ("en", "en", "en", "de", "es", "fr", "pt")

ROOMS = ("hall", "hall", "gallery", "gallery", "attic")
SHELVES_PER_CASE = 7

# All loans are counted from here and not from today, so that a question has the same answer tomorrow.
TODAY = datetime(2031, 5, 17, 9, 30, tzinfo=UTC)


class Draw:
    """Draws that are the same every time, on every version of Python: only `random()` itself promises that."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def number(self, low: int, high: int) -> int:
        """Draw a number between two, both included."""
        return low + int(self._random.random() * (high - low + 1))

    def one_of(self, choices: Sequence[Any]) -> Any:
        """Draw one of several."""
        return choices[self.number(0, len(choices) - 1)]

    def some_of(self, choices: Sequence[Any], most: int) -> list[Any]:
        """Draw up to so many different ones of several."""
        return sorted({self.one_of(choices) for _ in range(self.number(0, most))})


def is_empty(backoffice: Backoffice) -> bool:
    """Tell whether nothing was ever put into the library."""
    return not any(collection.count() for collection in backoffice.collections.values())


def fill(backoffice: Backoffice, books: int = BOOKS) -> None:
    """Fill an empty library: all of it, or nothing when something fails.

    Args:
        backoffice: what `model.describe` made.
        books: how many books; the number of authors and readers follows.
    """
    draw = Draw(seed=1)
    librarian = {"_id": "librarian", "login": "librarian"}
    with current_user.acting_as(librarian), backoffice.transaction():
        authors = _create(backoffice.authors, "author-{:03}", _authors(books * 3 // 20, draw))
        readers = _create(backoffice.readers, "reader-{:03}", _readers(books // 8, draw))
        cases = _create(backoffice.shelves, "case-{}", _cases())
        shelves = _create(backoffice.shelves, "shelf-{:02}", _shelves(cases))
        _create(backoffice.books, "book-{:04}", _books(books, draw, authors, readers, shelves))


def _create(collection: Collection, id_form: str, rows: Iterable[dict[str, Any]]) -> list[str]:
    """Create items whose ids can be remembered, unlike those of the items that come later."""
    numbers = count(1)
    with _ids(collection.connector, lambda _item: id_form.format(next(numbers))):
        return [collection.create(row)._id for row in rows]


@contextmanager
def _ids(connector: Any, generate: Callable[[Any], str]) -> Iterator[None]:
    usual, connector.generate_id = connector.generate_id, generate
    try:
        yield
    finally:
        connector.generate_id = usual


def _authors(number: int, draw: Draw) -> Iterator[dict[str, Any]]:
    for name in _different(number, FIRST_NAMES, LAST_NAMES):
        yield {"name": " ".join(name), "born": draw.number(1880, 1995), "country": draw.one_of(COUNTRIES)}


def _readers(number: int, draw: Draw) -> Iterator[dict[str, Any]]:
    for position, (last, first) in enumerate(_different(number, LAST_NAMES, FIRST_NAMES), start=1):
        yield {
            "card": f"R{position:04}",
            "name": f"{first} {last}",
            "email": f"reader{position}@library.example",
            "joined": TODAY - timedelta(days=draw.number(30, 9000)),
            "active": draw.number(1, 10) > 1,
        }


def _cases() -> Iterator[dict[str, Any]]:
    for position, room in enumerate(ROOMS):
        yield {"code": chr(ord("A") + position), "room": room}


def _shelves(cases: list[str]) -> Iterator[dict[str, Any]]:
    for position, (case, room) in enumerate(zip(cases, ROOMS, strict=True)):
        for number in range(1, SHELVES_PER_CASE + 1):
            yield {"code": f"{chr(ord('A') + position)}{number}", "room": room, "parent": case}


def _books(
    number: int, draw: Draw, authors: list[str], readers: list[str], shelves: list[str]
) -> Iterator[dict[str, Any]]:
    for position, (noun, form, adjective) in enumerate(_different(number, NOUNS, FORMS, ADJECTIVES), start=1):
        book = {
            "title": form.format(adjective, noun),
            "call_number": f"{noun[:3].upper()}-{position:04}",
            "author": draw.one_of(authors),
            "year": draw.number(1900, 2030),
            "language": draw.one_of(LANGUAGES),
            "pages": draw.number(60, 900),
            "rating": draw.number(10, 50) / 10,
            "tags": draw.some_of(TAGS, most=4),
            "shelves": draw.some_of(shelves, most=3),
        }
        # Two of five are at somebody's home, some of them for too long.
        if position % 5 in (1, 3):
            since = TODAY - timedelta(days=draw.number(1, 56))
            book["loan"] = {"reader": draw.one_of(readers), "since": since, "until": since + timedelta(days=28)}
        yield book


def _different(number: int, *lists: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Combine words of several lists, no combination twice and neighbours unlike each other."""
    total = 1
    for each in lists:
        total *= len(each)
    if number > total:
        raise ValueError(f"There are only {total} combinations, not {number}.")
    step = next(step for step in count(total * 5 // 13) if gcd(step, total) == 1)
    for position in range(number):
        rest = position * step % total
        words = []
        for each in lists:
            rest, place = divmod(rest, len(each))
            words.append(each[place])
        yield tuple(words)
