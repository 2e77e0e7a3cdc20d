"""The options that a field can take: one table with their aliases and checks, resolved in one place.

In: the keyword arguments of a field. Out: a frozen `Options`. A keyword that is unknown, doubled or of a wrong type
is a `DescriptionError` that names it.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypedDict

from ..errors import DescriptionError


class _Missing:
    """The one value that says "nothing was given", where `None` is a value of its own."""

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False

    def __copy__(self) -> _Missing:
        return self

    def __deepcopy__(self, memo: object) -> _Missing:
        return self


MISSING: Final = _Missing()


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of one field, under their canonical names."""

    required: bool = False
    default: Any = MISSING
    description: str | None = None
    choices: tuple[Any, ...] | None = None
    unique: bool = False
    index: bool = False
    min: Any = None
    max: Any = None
    max_length: int | None = None
    patterns: tuple[str, ...] = ()
    views: tuple[str, ...] = ()


def _boolean(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise DescriptionError(f"Option {name!r} takes True or False, not {value!r}.")
    return value


def _text_or_none(name: str, value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise DescriptionError(f"Option {name!r} takes a text, not {value!r}.")
    return value


def _choices(name: str, value: object) -> tuple[Any, ...] | None:
    if value is None:
        return None
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise DescriptionError(f"Option {name!r} takes a list of values, not {value!r}.")
    choices = tuple(value)
    if not choices:
        raise DescriptionError(f"Option {name!r} is empty: no value could ever be accepted.")
    return choices


def _positive(name: str, value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise DescriptionError(f"Option {name!r} takes an integer of at least 1, not {value!r}.")
    return value


def _patterns(name: str, value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    texts: Sequence[object] = (value,) if isinstance(value, str) else value if isinstance(value, list | tuple) else ()
    if not texts or not all(isinstance(text, str) for text in texts):
        raise DescriptionError(f"Option {name!r} takes a regular expression or a list of them, not {value!r}.")
    return tuple(str(text) for text in texts)


def _views(name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(view, str) and view.strip("!") for view in value):
        raise DescriptionError(
            f"Option {name!r} takes a list of view names, each with or without a leading '!', not {value!r}."
        )
    return tuple(value)


def _anything(name: str, value: object) -> object:
    return value


@dataclass(frozen=True, slots=True)
class Option:
    """One row of the table: how an option may be written and what it takes."""

    attribute: str
    names: tuple[str, ...]
    read: Callable[[str, object], Any]


OPTIONS: Final = (
    Option("required", ("required", "require"), _boolean),
    Option("default", ("default",), _anything),
    Option("description", ("description", "desc"), _text_or_none),
    Option("choices", ("in", "union", "enum"), _choices),
    Option("unique", ("unique",), _boolean),
    Option("index", ("index",), _boolean),
    Option("min", ("min", "minimum"), _anything),
    Option("max", ("max", "maximum"), _anything),
    Option("max_length", ("max_length",), _positive),
    Option("patterns", ("pattern", "patterns", "regexp", "reg"), _patterns),
    Option("views", ("views", "view"), _views),
)

COMMON: Final = frozenset({"required", "default", "description", "choices", "unique", "index", "views"})


def resolve_options(type_name: str, accepted: frozenset[str], given: Mapping[str, object]) -> Options:
    """Read the keyword arguments of a field.

    Args:
        type_name: the name of the field's class, for messages.
        accepted: the attributes of `Options` that this type has.
        given: the keyword arguments as written.

    Raises:
        DescriptionError: naming the keyword that is unknown, written twice under two names, or of a wrong type.
    """
    by_name = {name: option for option in OPTIONS if option.attribute in accepted for name in option.names}
    values: dict[str, Any] = {}
    written: dict[str, str] = {}
    for name, value in given.items():
        option = by_name.get(name)
        if option is None:
            raise DescriptionError(_unknown_option(type_name, name, by_name))
        if option.attribute in written:
            raise DescriptionError(
                f"{type_name} is given {written[option.attribute]!r} and {name!r}: two names of one option."
            )
        written[option.attribute] = name
        values[option.attribute] = option.read(name, value)
    return Options(**values)


def _unknown_option(type_name: str, name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else f" It takes: {', '.join(names)}."
    return f"{type_name} has no option {name!r}.{hint}"


class CommonKeywords(TypedDict, total=False):
    """The keyword arguments of every type, for type checkers and editors (Python has no keyword argument `in`)."""

    required: bool
    require: bool
    default: Any
    description: str | None
    desc: str | None
    union: Sequence[Any] | None
    enum: Sequence[Any] | None
    unique: bool
    index: bool
    views: Sequence[str]
    view: Sequence[str]


class RangeKeywords(CommonKeywords, total=False):
    """The keyword arguments of the types whose values have an order."""

    min: Any
    minimum: Any
    max: Any
    maximum: Any


class TextKeywords(CommonKeywords, total=False):
    """The keyword arguments of `String`."""

    max_length: int | None
    pattern: str | Sequence[str] | None
    patterns: str | Sequence[str] | None
    regexp: str | Sequence[str] | None
    reg: str | Sequence[str] | None
