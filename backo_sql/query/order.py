"""The order of a list: texts become terms, and terms become fields that have an order.

In: `-published,author.name`. Out: an `Order`, whose last term is the `_id`, so that no two items stand in the same
place. What has no order, may not be there, or is reached by a list of links is a `QueryError` that names it.

Null stands behind every value: last in an ascending order, first in a descending one, on every backend. Text is in the
order of its code points.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from ..errors import QueryError
from ..model.description import Description, Leaf, Place
from ..model.model import Model, Side
from ..model.paths import Path, parse_path
from ..types.base import ORDERING, FieldType
from ..types.container import DictType
from ..types.kinds import Kind
from ..types.reference import Ref, RefsListType
from ..types.text import String

#: by how many fields a client may have a list sorted
MAX_SORT_TERMS = 8
#: how many references all terms of an order may lead through; SQLite joins at most 64 tables
MAX_SORT_REFERENCES = 20

_SHOWN = 64  # how much of a client's text a message repeats


@dataclass(frozen=True, slots=True)
class Wish:
    """One term of an order as it was written."""

    path: Path
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Hop:
    """The step from a reference to the one item that it links to.

    Attributes:
        path: of the reference, in the item that holds it.
        side: the relation, seen from the reference.
    """

    path: Path
    side: Side


@dataclass(frozen=True, slots=True)
class Term:
    """A field that items are sorted by.

    Attributes:
        hops: the references that lead to the item that has the field.
        leaf: the field.
        descending: the largest comes first.
    """

    hops: tuple[Hop, ...]
    leaf: Leaf
    descending: bool = False

    @property
    def path(self) -> Path:
        """Where the field stands, seen from the collection that is sorted."""
        return (*(name for hop in self.hops for name in hop.path), *self.leaf.path)


#: its last term is the `_id` of the sorted items
Order: TypeAlias = tuple[Term, ...]

_ID = Leaf(("_id",), String())

#: the order of a list that nobody asked another one for
BY_ID: Order = (Term((), _ID),)


def parse_sort(sort: Any) -> tuple[Wish, ...]:
    """Read an order: `"-published,author.name"`, or a list of such terms.

    A term begins with `-` for a descending order; `+`, or the blank that a URL makes of it, says ascending.

    Raises:
        QueryError: it is no text or list of texts, a term is empty, or there are too many.
    """
    if sort is None:
        return ()
    if not isinstance(sort, str) and not (isinstance(sort, list | tuple) and all(isinstance(e, str) for e in sort)):
        raise QueryError(f"A sort is a text such as '-published,author.name', or a list of texts, not {sort!r}.")
    texts = [text for each in ([sort] if isinstance(sort, str) else sort) for text in each.split(",")]
    if len(texts) > MAX_SORT_TERMS:
        raise QueryError(f"The sort has more than {MAX_SORT_TERMS} terms.")
    return tuple(map(_wish, texts)) if texts != [""] else ()


def _wish(text: str) -> Wish:
    term = text.strip()
    name = term.removeprefix("-") if term.startswith("-") else term.removeprefix("+")
    path = parse_path(name.strip())
    if path == ("",):
        raise QueryError("The sort has an empty term: a field was expected between the commas.")
    return Wish(path, descending=term.startswith("-"))


def bind_order(wishes: Sequence[Wish], description: Description, model: Model) -> Order:
    """Look up the fields of an order, and end it with the `_id`.

    Args:
        wishes: as they were written.
        description: of the collection to sort.
        model: of the backoffice.

    Raises:
        QueryError: naming the path that leads nowhere, has no order, or stands there twice.
    """
    if not wishes:
        return BY_ID
    terms: list[Term] = []
    seen: set[Path] = set()
    for wish in wishes:
        if wish.path in seen:
            raise QueryError(f"The sort names {_shown(wish.path)!r} twice.")
        seen.add(wish.path)
        terms.append(_Walk(wish, description, model).term())
    if sum(len(term.hops) for term in terms) > MAX_SORT_REFERENCES:
        raise QueryError(f"The sort leads through more than {MAX_SORT_REFERENCES} references.")
    for position, term in enumerate(terms):
        if not term.hops and term.leaf.path == ("_id",):  # nothing is left to be decided behind it
            return tuple(terms[: position + 1])
    return (*terms, *BY_ID)


def bind_column(path: Path, description: Description, model: Model) -> Term | None:
    """Look up a field that is to be read together with each item; `None` where it is no plain value, or computed."""
    try:
        return _Walk(Wish(path), description, model, ordered=False).term()
    except QueryError:
        return None


class _Walk:
    """The way of one term to its field, which must have an order where that is asked for."""

    def __init__(self, wish: Wish, description: Description, model: Model, *, ordered: bool = True) -> None:
        self._wish = wish
        self._ordered = ordered
        self._name = _shown(wish.path)
        self._description = description
        self._model = model
        self._hops: list[Hop] = []

    def term(self) -> Term:
        """Go to the end."""
        field: FieldType[Any] = self._description.item
        here: Path = ()
        for name in self._wish.path:
            if isinstance(field, Ref):
                self._cross(here, field)
                field, here = self._description.item, ()
            if not isinstance(field, DictType):
                raise self._refused(f"leads through {_article(field)}")
            here = (*here, name)
            if name not in field.fields:
                raise QueryError(self._unknown(here))
            field = field.fields[name]
        leaf = self._leaf(here, field)
        if isinstance(field, Ref) and leaf.place is Place.LINK:  # stored on the other side, as its `_id`
            self._cross(here, field)
            leaf = self._description.leaves["_id",]
        if leaf.path == ("_id",):
            leaf = _ID
        return Term(tuple(self._hops), leaf, self._wish.descending)

    def _cross(self, here: Path, field: Ref) -> None:
        self._leaf(here, field)
        side = self._model.sides[self._description.name][here]
        self._hops.append(Hop(here, side))
        self._description = self._model.descriptions[side.other]

    def _leaf(self, path: Path, field: FieldType[Any]) -> Leaf:
        leaf = self._description.leaves.get(path)
        if leaf is None or isinstance(field, RefsListType) or field.kind is Kind.JSON:
            raise self._refused(f"is {_article(field)}, which has no order")
        if leaf.place is Place.NOWHERE:
            raise self._refused("is not stored, but computed when it is read")
        if leaf.conditional:
            raise self._refused("does not exist for every item")
        if self._ordered and not field.operators & ORDERING and field.kind is not Kind.BOOLEAN:
            raise self._refused(f"is {_article(field)}, which has no order")
        return leaf

    def _refused(self, why: str) -> QueryError:
        return QueryError(f"Can't sort by {self._name!r}: it {why}.")

    def _unknown(self, path: Path) -> str:
        owner = self._description
        close = difflib.get_close_matches(_shown(path), [".".join(each) for each in owner.leaves], n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        return f"Can't sort by {self._name!r}: {owner.name!r} has no field {_shown(path)!r}.{hint}"


def _article(field: FieldType[Any]) -> str:
    name = field.type_name()
    return f"an {name}" if name[0] in "AEIO" else f"a {name}"


def _shown(path: Path) -> str:
    text = ".".join(path)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
