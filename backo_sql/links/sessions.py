"""What the links ask of a unit of work: sessions, and that something be judged when it ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias

from ..errors import PathKeys
from ..model.paths import Path
from ..model.relations import Relation
from ..storage.interface import Session


@dataclass(frozen=True, slots=True)
class LateReference:
    """A reference to items that weren't there when it was written.

    Attributes:
        collection: of the item that refers.
        identifier: of that item.
        path: of the reference.
        missing: the place and the id of each that wasn't there.
    """

    collection: str
    identifier: str
    path: Path
    missing: tuple[tuple[PathKeys, str], ...]


@dataclass(frozen=True, slots=True)
class LateBlocker:
    """Items that went although others refer to them, which may go too.

    Attributes:
        relation: what links them.
        is_owner: those that went are on the owner's side.
        gone: their ids.
    """

    relation: Relation
    is_owner: bool
    gone: frozenset[str]


@dataclass(frozen=True, slots=True)
class LateLoser:
    """Items that lost the last link that they must have, and may go too, or get another.

    Attributes:
        relation: what links them.
        is_owner: those that lost it are on the owner's side.
        losers: their ids.
    """

    relation: Relation
    is_owner: bool
    losers: frozenset[str]


Late: TypeAlias = LateReference | LateBlocker | LateLoser


class Sessions(Protocol):
    """What the links ask of a unit of work."""

    @property
    def goes_on(self) -> bool:
        """The present verb is a part of something larger, which may put right what it leaves."""
        ...

    def session(self, collection: str) -> Session:
        """Return the session of the backend that a collection lives in."""
        ...

    def judge_late(self, what: Late) -> None:
        """Have something judged when the unit of work ends."""
        ...
