"""Every failure of the library, in one tree.

What a caller did wrong is a `BackoError`; anything else that escapes is a defect of ours. Each class also derives
from the builtin that fits, so that `except PermissionError` and `hasattr` do what a Python developer expects.
`http/failures.py` maps the classes to statuses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import Enum
from types import MappingProxyType
from typing import Any, TypeAlias

PathKey: TypeAlias = str | int
PathKeys: TypeAlias = tuple[PathKey, ...]


def format_path(keys: Iterable[PathKey]) -> str:
    """Write a path as text: `("tags", 3, "name")` is `$.tags[3].name`."""
    return "$" + "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)


def parse_keys(text: str) -> PathKeys:
    """Read a path that `format_path` wrote."""
    steps = re.findall(r"\.([^.\[]+)|\[(-?[0-9]+)\]", text)
    return tuple(int(position) if position else name for name, position in steps)


class FaultKind(Enum):
    """What is wrong with a value: its type, a rule that it breaks, or its very presence."""

    TYPE = "type"
    CONSTRAINT = "constraint"
    UNKNOWN = "unknown"


class Fault(Exception):  # noqa: N818 - no error yet: it becomes one when its place is known
    """What is wrong with a value, before it is known where the value stands.

    A type raises it about its own value; the container that holds the value puts its key in front (`under`), collects
    the faults of all its fields and raises them as one. The edge of the library turns it into a `ValidationError`.

    Attributes:
        accepted: of a container, the values of the fields that accepted theirs, so that what only the storage knows of
            them can be told together with the faults.
    """

    def __init__(self, message: str, kind: FaultKind = FaultKind.CONSTRAINT) -> None:
        super().__init__(message)
        self.entries: list[tuple[PathKeys, str, FaultKind]] = [((), message, kind)]
        self.accepted: dict[str, Any] = {}

    @classmethod
    def collect(cls, faults: Iterable[tuple[PathKey, Fault]], accepted: dict[str, Any] | None = None) -> Fault:
        """Join the faults of several keys of one container into one, with the values of the other keys."""
        joined = cls.join(fault.under(key) for key, fault in faults)
        joined.accepted = accepted or {}
        return joined

    @classmethod
    def join(cls, faults: Iterable[Fault]) -> Fault:
        """Join faults that stand at their whole paths already."""
        joined = cls("")
        joined.entries = [entry for fault in faults for entry in fault.entries]
        return joined

    def under(self, *keys: PathKey) -> Fault:
        """Return the same faults, seen from further out."""
        if not keys:
            return self
        moved = Fault("")
        moved.entries = [((*keys, *path), message, kind) for path, message, kind in self.entries]
        return moved


class BackoError(Exception):
    """The root of the tree: whatever the library refuses is one of these."""


class DescriptionError(BackoError, TypeError):
    """A description, a registration or an option is wrong: a developer's mistake, told before the first request."""


class ValidationError(BackoError, ValueError):
    """Values were refused.

    Args:
        messages: every fault at once, by the path of the field: `{"$.pages": ["Must be at least 1."]}`.
    """

    #: what a whole item was given besides, and accepted
    _accepted: Mapping[str, Any] = MappingProxyType({})

    def __init__(self, messages: Mapping[str, list[str]]) -> None:
        self.messages: dict[str, list[str]] = {path: list(texts) for path, texts in messages.items()}
        super().__init__("; ".join(f"{path}: {' '.join(texts)}" for path, texts in self.messages.items()))


class TypeMismatchError(ValidationError, TypeError):
    """Every refused value had a wrong type."""


class ConstraintError(ValidationError):
    """Every refused value had the right type, and broke a rule of its field."""


def validation_error(fault: Fault) -> ValidationError:
    """Turn the faults of a whole value into the error that users see, of the narrowest class that fits them all."""
    messages: dict[str, list[str]] = {}
    for path, message, _ in fault.entries:
        messages.setdefault(format_path(path), []).append(message)
    narrowest = {FaultKind.TYPE: TypeMismatchError, FaultKind.CONSTRAINT: ConstraintError}
    kinds = {kind for _, _, kind in fault.entries}
    error = (narrowest.get(kinds.pop(), ValidationError) if len(kinds) == 1 else ValidationError)(messages)
    error._accepted = fault.accepted
    return error


def joined(refused: ValidationError, fault: Fault) -> ValidationError:
    """Return the error that tells, besides what was refused already, the faults of other fields."""
    messages = {**validation_error(fault).messages, **refused.messages}
    return (ConstraintError if isinstance(refused, ConstraintError) else ValidationError)(messages)


class QueryError(BackoError, ValueError):
    """A filter, a sort or a parameter can't be understood. The message names the part at fault."""


class RightsError(BackoError, PermissionError):
    """The current user may not do this.

    Args:
        message: what may not be done.
        ever: nobody may, so that logging in as somebody else would not help.
    """

    def __init__(self, message: str, *, ever: bool = False) -> None:
        super().__init__(message)
        self.ever = ever


class NotFoundError(BackoError, LookupError):
    """There is no item with that id.

    Args:
        message: what isn't there.
        item: its collection and id, so that a request can be told from what the code of a description asked for.
    """

    def __init__(self, message: str, item: tuple[str, object] | None = None) -> None:
        super().__init__(message)
        self.item = item


class PathNotFoundError(BackoError, AttributeError, LookupError):
    """A path or an attribute leads to no field."""


class ConflictError(BackoError):
    """The database refuses: the item changed meanwhile, or a value that must be unique is there already.

    Args:
        message: what is in conflict.
        messages: the fields in conflict by path, where the database tells.
    """

    def __init__(self, message: str, messages: Mapping[str, list[str]] | None = None) -> None:
        self.messages: dict[str, list[str]] = {path: list(texts) for path, texts in (messages or {}).items()}
        super().__init__(message)


class InterruptedWriteError(ConflictError):
    """The database broke off a write so that another could go on; the same again is likely to succeed.

    Attributes:
        final: it was tried often enough, or came after the write was kept: nobody does the same again by himself.
    """

    final = False


class NotEmptyError(ConflictError):
    """A delete is refused because other items refer to what would be deleted."""


class DBError(BackoError, RuntimeError):
    """The storage failed, or isn't ready. What the driver said is in `__cause__`, never in the message."""


class MigrationError(BackoError, RuntimeError):
    """A migration can't be written, or can't be run. The message says what is in the way and what to do."""


class AmbiguousChangeError(MigrationError):
    """What went and what came look like one thing that was renamed: only a person can say.

    Args:
        message: what to write.
        questions: what looks like a rename, as `RenameQuestion` of `backo_sql.migration`.
    """

    def __init__(self, message: str, questions: Iterable[object] = ()) -> None:
        super().__init__(message)
        self.questions = tuple(questions)


class DestructiveError(MigrationError):
    """A migration would take values away, and nobody has allowed it.

    Args:
        message: what to do.
        steps: what would be lost, a sentence each.
    """

    def __init__(self, message: str, steps: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.steps = tuple(steps)


class BusyError(DBError):
    """The database has no room for one more at the moment: others write, or hold all connections. Nothing was done."""


class SessionError(BackoError, PermissionError):
    """Nobody is logged in where somebody must be."""


# Code written for backo ports by its import line.
SError = BackoError
STypeError = TypeMismatchError
SConstraintError = ConstraintError
SAttributeError = PathNotFoundError
SKeyError = PathNotFoundError
SSyntaxError = DescriptionError
SRightError = RightsError
