"""The options that a field can take: one table with their aliases and checks, resolved in one place.

In: the keyword arguments of a field. Out: a frozen `Options`. A keyword that is unknown, doubled or of a wrong type
is a `DescriptionError` that names it.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, TypedDict, cast

from ..errors import DescriptionError
from .calls import Function, as_handler, by_parameters


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
    allow_none: bool = False
    default: Any = MISSING  # a value, or a function from `by_parameters`
    description: str | None = None
    choices: tuple[Any, ...] | Function | None = None
    unique: bool = False
    index: bool = False
    uniq: bool = False
    min: Any = None
    max: Any = None
    max_length: int | None = None
    precision: int | None = None
    scale: int | None = None
    patterns: tuple[str | Function, ...] = ()
    transform: Function | None = None
    constraints: tuple[Function, ...] = ()
    onchange: Function | None = None
    compute: Function | None = None
    exists: bool | Function = True
    views: tuple[str, ...] = ()
    on: tuple[tuple[str, Function], ...] = ()
    was: str | None = None
    rights: Mapping[str, bool | Function] = field(default_factory=lambda: MappingProxyType({}))


def _boolean(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise DescriptionError(f"Option {name!r} takes True or False, not {value!r}.")
    return value


def _text_or_none(name: str, value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise DescriptionError(f"Option {name!r} takes a text, not {value!r}.")
    return value


def _choices(name: str, value: object) -> tuple[Any, ...] | Function | None:
    if value is None:
        return None
    if callable(value):
        return by_parameters("in", value)
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


def _natural(name: str, value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise DescriptionError(f"Option {name!r} takes an integer of at least 0, not {value!r}.")
    return value


def _right(name: str, value: object) -> bool | Function:
    if isinstance(value, bool):
        return value
    if not callable(value):
        raise DescriptionError(f"Option {name!r} takes True, False or a function, not {value!r}.")
    return value


def _patterns(name: str, value: object) -> tuple[str | Function, ...]:
    if value is None:
        return ()
    several: Sequence[object] = value if isinstance(value, list | tuple) else (value,)
    if not all(isinstance(each, str) or callable(each) for each in several):
        raise DescriptionError(f"Option {name!r} takes a regular expression or a list of them, not {value!r}.")
    return tuple(
        each if isinstance(each, str) else by_parameters("pattern", cast("Function", each)) for each in several
    )


def _limit(name: str, value: object) -> Any:
    return by_parameters("min", value) if callable(value) else value


def _default(name: str, value: object) -> Any:
    return by_parameters("default", value) if callable(value) else value


def _function(name: str, value: object) -> Function | None:
    if value is None:
        return None
    if not callable(value):
        raise DescriptionError(f"Option {name!r} takes a function, not {value!r}.")
    place = {"trans": "transform", "compute": "set", "onChange": "onchange", "on_change": "onchange"}.get(name, name)
    return by_parameters(place, value)


def _compute(name: str, value: object) -> Function | None:
    # A second member names paths to listen to: accepted for code that has it, while all is recomputed on every change.
    return _function("set", value[0] if isinstance(value, tuple) and len(value) == 2 else value)


def _constraints(name: str, value: object) -> tuple[Function, ...]:
    several = value if isinstance(value, list | tuple) else () if value is None else (value,)
    if not all(callable(each) for each in several):
        raise DescriptionError(f"Option {name!r} takes a function or a list of functions, not {value!r}.")
    return tuple(by_parameters("constraints", each) for each in several)


def _exists(name: str, value: object) -> bool | Function:
    return by_parameters("exists", value) if callable(value) else _boolean(name, value)


def _events(name: str, value: object) -> tuple[tuple[str, Function], ...]:
    several = [value] if isinstance(value, tuple) else value
    if not isinstance(several, list):
        raise DescriptionError(f"Option {name!r} takes a list of (event, function), not {value!r}.")
    for each in several:
        if (
            not isinstance(each, tuple)
            or len(each) not in (2, 3)
            or not isinstance(each[0], str)
            or not callable(each[1])
        ):
            raise DescriptionError(f"Option {name!r} holds {each!r}: (event, function) was expected.")
    return tuple((each[0], as_handler(each[1])) for each in several)


def _views(name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(view, str) and view.strip("!") for view in value):
        raise DescriptionError(
            f"Option {name!r} takes a list of view names, each with or without a leading '!', not {value!r}."
        )
    return tuple(value)


def _former_name(name: str, value: object) -> str | None:
    if value is not None and not (isinstance(value, str) and all(value.removeprefix("$.").split("."))):
        raise DescriptionError(f"Option {name!r} takes the former name or path of the field, not {value!r}.")
    return value


@dataclass(frozen=True, slots=True)
class Option:
    """One row of the table: how an option may be written and what it takes."""

    attribute: str
    names: tuple[str, ...]
    read: Callable[[str, object], Any]


OPTIONS: Final = (
    Option("required", ("required", "require"), _boolean),
    Option("allow_none", ("allow_none",), _boolean),
    Option("default", ("default",), _default),
    Option("description", ("description", "desc"), _text_or_none),
    Option("choices", ("in", "union", "enum"), _choices),
    Option("unique", ("unique",), _boolean),
    Option("index", ("index",), _boolean),
    Option("min", ("min", "minimum"), _limit),
    Option("max", ("max", "maximum"), _limit),
    Option("max_length", ("max_length",), _positive),
    Option("patterns", ("pattern", "patterns", "regexp", "reg"), _patterns),
    Option("uniq", ("uniq",), _boolean),
    Option("precision", ("precision",), _positive),
    Option("scale", ("scale",), _natural),
    Option("transform", ("transform", "trans"), _function),
    Option("constraints", ("constraint", "constraints"), _constraints),
    Option("onchange", ("onchange", "onChange", "on_change"), _function),
    Option("compute", ("set", "compute"), _compute),
    Option("exists", ("exists",), _exists),
    Option("views", ("views", "view"), _views),
    Option("on", ("on",), _events),
    Option("was", ("was",), _former_name),
)

COMMON: Final = frozenset(
    {
        "required",
        "allow_none",
        "default",
        "description",
        "choices",
        "unique",
        "index",
        "transform",
        "constraints",
        "onchange",
        "compute",
        "exists",
        "views",
        "on",
        "was",
    }
)

#: `can_read`, `can_modify` and any other `can_…` are rights; these are other spellings of them.
_RIGHTS = {"read": "read", "modify": "modify", "write": "modify", "can_write": "modify"}


def resolve_options(
    type_name: str, accepted: frozenset[str], given: Mapping[str, object], others: frozenset[str] = frozenset()
) -> Options:
    """Read the keyword arguments of a field.

    Args:
        type_name: the name of the field's class, for messages.
        accepted: the attributes of `Options` that this type has.
        given: the keyword arguments as written.
        others: what else the type takes, and has read already: a misspelt name may have been meant for one of them.

    Raises:
        DescriptionError: naming the keyword that is unknown, written twice under two names, or of a wrong type.
    """
    by_name = {name: option for option in OPTIONS if option.attribute in accepted for name in option.names}
    values: dict[str, Any] = {}
    written: dict[str, str] = {}
    rights: dict[str, bool | Function] = {}
    for name, value in given.items():
        right = _RIGHTS.get(name, name.removeprefix("can_") if name.startswith("can_") else None)
        if right:
            if right in rights:
                raise DescriptionError(f"{type_name} is given the right {right!r} twice, under two names.")
            rights[right] = _right(name, value)
            continue
        option = by_name.get(name)
        if option is None:
            raise DescriptionError(_unknown_option(type_name, name, {*by_name, *others}))
        if option.attribute in written:
            raise DescriptionError(
                f"{type_name} is given {written[option.attribute]!r} and {name!r}: two names of one option."
            )
        written[option.attribute] = name
        values[option.attribute] = option.read(name, value)
    return Options(**values, rights=MappingProxyType(rights))


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
    union: Sequence[Any] | Function | None
    enum: Sequence[Any] | Function | None
    unique: bool
    index: bool
    allow_none: bool
    transform: Function | None
    trans: Function | None
    constraint: Function | Sequence[Function] | None
    constraints: Function | Sequence[Function] | None
    onchange: Function | None
    onChange: Function | None
    on_change: Function | None
    set: Any
    compute: Any
    exists: bool | Function
    views: Sequence[str]
    view: Sequence[str]
    on: Sequence[tuple[str, Function]]
    was: str | None
    can_read: bool | Function
    read: bool | Function
    can_modify: bool | Function
    modify: bool | Function
    write: bool | Function
    can_write: bool | Function


class RangeKeywords(CommonKeywords, total=False):
    """The keyword arguments of the types whose values have an order."""

    min: Any
    minimum: Any
    max: Any
    maximum: Any


class DecimalKeywords(RangeKeywords, total=False):
    """The keyword arguments of `Decimal`."""

    precision: int | None
    scale: int | None


class LengthKeywords(CommonKeywords, total=False):
    """The keyword arguments of the types with a limited length and nothing else."""

    max_length: int | None


class TextKeywords(CommonKeywords, total=False):
    """The keyword arguments of `String`."""

    max_length: int | None
    pattern: str | Function | Sequence[str | Function] | None
    patterns: str | Function | Sequence[str | Function] | None
    regexp: str | Function | Sequence[str | Function] | None
    reg: str | Function | Sequence[str | Function] | None
