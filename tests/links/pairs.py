"""Pairs of references, as a table and as descriptions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from backo_sql import DeleteStrategy, Dict, FillStrategy, Item, Ref, RefsList, String
from tests.links.oracle import DELETE, MUST_BE_EMPTY, UNLINK, End, World

STRATEGIES = (MUST_BE_EMPTY, DELETE, UNLINK)

#: Every pair: `!` is a required reference, `*` the Ref that says owner=True. The last column is what stores the
#: links: a column, or a table of links.
PAIRS = (
    # near     far      stored in
    ("ref", "", "near.link"),
    ("ref!", "", "near.link"),
    ("list", "", "near__link"),
    ("list!", "", "near__link"),
    ("ref", "ref", "far.back"),
    ("ref*", "ref", "near.link"),
    ("ref", "ref*", "far.back"),
    ("ref!", "ref", "near.link"),
    ("ref", "ref!", "far.back"),
    ("ref!", "ref*", "near.link"),
    ("ref", "list", "near.link"),
    ("ref!", "list", "near.link"),
    ("ref", "list!", "near.link"),
    ("list", "list", "far__back"),
    ("list!", "list", "far__back"),
    ("list", "list!", "far__back"),
)


@dataclass(frozen=True)
class Case:
    """A pair of references between the collections `near` and `far`.

    Attributes:
        near: what kind of reference, as in `PAIRS`.
        far: what faces it; empty where nothing does.
        stored: what holds the links, as `near.link` for a column or `far__back` for a table.
        in_dict: both stand inside a `Dict`.
        itself: both are fields of one collection.
        declared: which of the two says what it faces.
        twice: there is a second pair between the same collections, of which nothing is required.
        strategies: of the near and of the far list.
        unfilled: which list is `NOT_FILL`.
    """

    near: str
    far: str
    stored: str
    in_dict: bool = False
    itself: bool = False
    declared: str = "both"
    twice: bool = False
    strategies: tuple[str, str] = (UNLINK, UNLINK)
    unfilled: str = ""

    def __str__(self) -> str:
        shape = [
            f"{self.near}-{self.far or 'nothing'}",
            "in a Dict" * self.in_dict,
            "to itself" * self.itself,
            "twice" * self.twice,
            f"declared by {self.declared}" if self.declared != "both" else "",
            f"{self.unfilled} not filled" if self.unfilled else "",
        ]
        if self.strategies != (UNLINK, UNLINK):
            shape.append("/".join(each.split("_", 1)[0] for each in self.strategies))
        return " ".join(filter(None, shape))

    @property
    def is_required(self) -> bool:
        return "!" in self.near + self.far

    @property
    def ends(self) -> tuple[End, End]:
        """Both sides, as the oracle knows them. What nothing faces may be pointed to by any number."""
        near, far = ("on.link", "at.back") if self.in_dict else ("link", "back")
        return (
            End("near", near, "list" in self.near, "!" in self.near, self.strategies[0], self.unfilled != "near"),
            End(
                "near" if self.itself else "far",
                far if self.far else None,
                "list" in self.far or not self.far,
                "!" in self.far,
                self.strategies[1],
                self.unfilled != "far",
            ),
        )

    @property
    def pairs(self) -> list[tuple[End, End]]:
        """All pairs of the description: one, or two."""
        near, far = self.ends
        if not self.twice:
            return [(near, far)]
        return [
            (near, far),
            (
                replace(near, field=f"{near.field}2", required=False),
                replace(far, field=far.field and f"{far.field}2", required=False),
            ),
        ]

    def tables(self) -> list[str]:
        """Return what stores each pair."""
        # Of the second nothing is required.
        second = "far.back" if self.near == "ref!" and self.far.startswith("ref") else self.stored
        return [self._placed(self.stored), f"{self._placed(second)}2"] if self.twice else [self._placed(self.stored)]

    def _placed(self, stored: str) -> str:
        if self.in_dict:
            stored = stored.replace("link", "on__link").replace("back", "at__back")
        return stored.replace("far", "near") if self.itself else stored

    def world(self) -> World:
        """Return the oracle, without an item."""
        return World(*self.pairs)

    def items(self) -> dict[str, Item]:
        """Write the descriptions."""
        fields: dict[str, dict[str, Any]] = {"near": {"name": String()}}
        if not self.itself:
            fields["far"] = {"name": String()}
        for near, far in self.pairs:
            for side, kind, here, there in (("near", self.near, near, far), ("far", self.far, far, near)):
                if here.field is None:
                    continue
                options: dict[str, Any] = {"coll": there.collection}
                if there.field is not None and self.declared in ("both", side):
                    options["field"] = f"$.{there.field}"
                if here.required:
                    options["required"] = True
                if "*" in kind:
                    options["owner"] = True
                if here.many:
                    options["ods"] = DeleteStrategy(here.strategy)
                    options["ofs"] = FillStrategy.FILL if here.filled else FillStrategy.NOT_FILL
                reference = RefsList(**options) if here.many else Ref(**options)
                *inside, name = here.field.split(".")
                holder = fields[here.collection]
                for each in inside:
                    holder = holder.setdefault(each, {})
                holder[name] = reference
        return {name: Item(_nested(each), meta_data_handler=None) for name, each in fields.items()}


def _nested(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: Dict(_nested(each)) if isinstance(each, dict) else each for name, each in fields.items()}


def cases_of_changes() -> Iterator[Case]:
    """Every pair in every shape that it can have. A required reference can't be the first of its own collection."""
    for near, far, stored in PAIRS:
        plain = Case(near, far, stored)
        yield plain
        yield replace(plain, in_dict=True, twice=True)
        if not plain.is_required:
            yield replace(plain, itself=True)
        if "list" in near:
            yield replace(plain, unfilled="near")
        if "list" in far:
            yield replace(plain, unfilled="far")


def cases_of_deletes() -> Iterator[Case]:
    """Every pair with every strategy that its lists can have."""
    for near, far, stored in PAIRS:
        for of_near, of_far in product(
            STRATEGIES if "list" in near else (UNLINK,), STRATEGIES if "list" in far else (UNLINK,)
        ):
            case = Case(near, far, stored, strategies=(of_near, of_far))
            yield case
            if not case.is_required:
                yield replace(case, itself=True)
        for unfilled in ("near", "far"):
            if "list" in (near if unfilled == "near" else far):
                yield Case(near, far, stored, strategies=(MUST_BE_EMPTY, MUST_BE_EMPTY), unfilled=unfilled)
