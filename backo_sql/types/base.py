"""What every field type is: options, checks, and the ways of a value in and out.

In: a value from anywhere. Out: a plain Python value that the field accepts. May fail with a `Fault`, which says what
is wrong; the container that holds the field adds where.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterable
from typing import Any, ClassVar, Generic, Self, TypeVar

from ..errors import DescriptionError, Fault, FaultKind, PathKey, PathKeys, validation_error
from .kinds import Kind
from .options import COMMON, MISSING, Options, resolve_options
from .values import Kept, plain

V = TypeVar("V")

EQUALITY = frozenset({"$eq", "$ne", "$in", "$nin"})
ORDERING = frozenset({"$lt", "$lte", "$gt", "$gte"})


#: what messages call a value that came as JSON
_KINDS: dict[type, str] = {
    str: "a text",
    int: "an integer",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}


class FieldType(Generic[V]):
    """The description of one field: its type and its options, fixed when written.

    A subclass says its `kind`, the options that it takes beyond the common ones, and how `convert` recognises its
    values. Everything else (checks of the common options, storage, metadata, filters) follows from these.

    A field also stands alone and holds one value: `a = Int(min=0); a.set(22); a.get_value()`.
    """

    kind: ClassVar[Kind]
    operators: ClassVar[frozenset[str]] = EQUALITY
    own_options: ClassVar[frozenset[str]] = frozenset()
    #: the keyword arguments that are no options, for the hint at a misspelt one
    other_keywords: ClassVar[frozenset[str]] = frozenset()
    #: a value of this type is a live object (`List`, `Dict`), not a plain scalar
    is_container: ClassVar[bool] = False
    #: `orjson` writes the stored Python value as it should be written: `dump` need not be called
    dumps_natively: ClassVar[bool] = True
    #: a value read from a JSON document is the Python value already: `restore` need not be called
    restores_natively: ClassVar[bool] = False
    #: the value is the one that its storage kind keeps: `encode` and `decode` need not be called
    encodes_natively: ClassVar[bool] = True

    def __init__(self, **options: Any) -> None:
        self.options = self._convert_limits(self._read_options(options))
        if not callable(self.options.default):  # whoever gave it may change it later
            self.options = dataclasses.replace(self.options, default=copy.deepcopy(plain(self.options.default)))
        self._value: Any = MISSING
        self._previous: tuple[Any] | None = None
        self.check_options()
        self.is_dynamic = self._has_functions()
        self.events = self._events()
        self.check_default()

    # -- the contract of a type --------------------------------------------------------------------

    def convert(self, value: Any) -> V:
        """Return the value as this type keeps it, or raise a `Fault` of kind TYPE. Never called with `None`."""
        raise NotImplementedError(f"{type(self).__name__} does not say how it converts a value.")

    def convert_in(self, value: Any, root: Any) -> V:
        """Return what `convert` does; a type that holds others hands the outermost object on to their functions."""
        return self.convert(value)

    def check_limits(self, value: V) -> None:
        """Raise a `Fault` when a converted value breaks a rule of this type. The choices are checked apart."""

    def dump(self, value: V) -> Any:
        """Return the JSON form of a converted value."""
        return value

    def dump_at(self, keys: PathKeys, value: Any) -> Any:
        """Return the JSON form of a value that stands at a path below this field."""
        value = plain(value)
        if not keys:
            return None if value is None else self.dump(value)
        return self.inner(keys[0]).dump_at(keys[1:], value)

    def view_type(self, value: Any) -> FieldType[Any] | None:
        """Return the type whose live object shows a value of this type; `None` where it is shown as it is."""
        return self if self.is_container else None

    def inner(self, key: PathKey) -> FieldType[Any]:
        """Return the type of what a container holds under a key; a scalar holds nothing."""
        raise KeyError(key)

    def encode(self, value: V) -> Any:
        """Return the value as the storage kind keeps it; see `Kind`."""
        return value

    def decode(self, stored: Any) -> V:
        """Return the value that `encode` was given."""
        return stored  # type: ignore[no-any-return]

    def restore(self, stored: Any) -> V:
        """Read a value back from a JSON document that `dump` wrote."""
        return self.convert(stored)

    def parse(self, text: str) -> V:
        """Read a value from the text of a query string, or raise a `Fault` of kind TYPE."""
        return self.convert(text)

    def check_options(self) -> None:
        """Refuse options that don't fit together, when the description is written."""

    # -- what follows from the contract ------------------------------------------------------------

    @classmethod
    def type_name(cls) -> str:
        """The name that messages and the metadata use."""
        return cls.__name__

    def public_class(self) -> type:
        """The class whose name users know: the field's own, or for a container that of its live object."""
        return type(self)

    def load(self, value: Any, root: Any = None, old: Any = None) -> V | None:
        """Accept a value from outside, transformed, converted and checked, or raise a `Fault`.

        Args:
            value: as it was given.
            root: the outermost object that the value is for, which functions of the description may look at.
            old: the value before.
        """
        if type(value) is Kept:
            return value.value  # type: ignore[no-any-return]
        options = self.options
        if options.transform is not None:
            value = self.transformed(value, root, old)
        if value is None:
            self.load_null()
            return None
        converted = self.convert_in(value, root)
        self.check_constants(converted)
        return converted

    def transformed(self, value: Any, root: Any, old: Any) -> Any:
        """Return what the option `transform` makes of a value.

        A function such as `str.strip` fails on a value of another type: then the fault is the value's, in the words of
        the type. A function that fails on a value which the type would take has a mistake of its own.
        """
        transform = self.options.transform
        if transform is None:
            return value
        try:
            return transform(value=value, root=root, old=old)
        except (TypeError, ValueError, AttributeError, LookupError):
            if value is None:
                return None
            self.convert(value)
            raise

    def check_constants(self, value: V) -> None:
        """Check a converted value against the constants of its description."""
        self.check_limits(value)
        choices = self.options.choices
        if choices is not None and not callable(choices) and value not in choices:
            raise self._not_a_choice(choices)

    def load_null(self) -> None:
        """Raise a `Fault` where `None` was given and can't be kept.

        A null beside another default is refused unless `allow_none` says that it is meant: whoever wants the default
        leaves the field out.
        """
        options = self.options
        if options.required and options.exists is True:
            raise Fault("Must not be null.")
        if not options.allow_none and options.default is not MISSING and options.default is not None:
            raise Fault("Must not be null: leave the field out to have its default.")

    def load_missing(self, root: Any = None) -> V | None:
        """Return what stands for a value that was not given, or raise a `Fault` where one must be."""
        options = self.options
        made = None if options.default is MISSING else self.default_value(root)
        if made is None and options.required and options.exists is True and options.compute is None:
            raise Fault("Is required.")
        return made

    def default_value(self, root: Any = None) -> V | None:
        """Make the default of a new item: the constant, copied, or what the function returns, checked."""
        default = self.options.default
        if default is MISSING or default is None:
            return None
        if callable(default):
            made = default(root=root)
            return None if made is None else self.load(made, root)
        return self.convert(copy.deepcopy(default))

    def relaxed(self) -> Self:
        """Return the same field, which asks for no value."""
        other = copy.copy(self)
        other.options = dataclasses.replace(self.options, required=False)
        return other

    def check_rules(self, value: V, root: Any, old: Any) -> None:
        """Check a value against the functions of its description, when all values of its root are in place.

        Args:
            value: as the root shows it, never `None`.
            root: the outermost object.
            old: the value before the change.

        Raises:
            Fault: a rule is broken.
            DescriptionError: a function returned something that is no rule.
        """
        options = self.options
        if callable(options.choices):
            choices = plain(options.choices(value=value, root=root))
            if not isinstance(choices, list | tuple | set | frozenset):
                raise DescriptionError(f"The function of option 'in' returned {choices!r}: a list was expected.")
            if plain(value) not in choices:
                raise self._not_a_choice(choices)
        for constraint in options.constraints:
            if constraint(value=value, root=root, old=old) is False:
                raise Fault("Breaks a constraint.")

    def _not_a_choice(self, choices: Iterable[Any]) -> Fault:
        return Fault(f"Must be one of: {', '.join(map(str, choices))}.")

    def _has_functions(self) -> bool:
        """Tell whether a change elsewhere in the same item may concern this field, so that all of it is looked at."""
        options = self.options
        return bool(
            callable(options.choices)
            or callable(options.min)
            or callable(options.max)
            or any(map(callable, options.patterns))
            or options.constraints
            or options.compute is not None
            or options.exists is not True
            or options.onchange is not None
            or any(event in ("change", "changed") for event, _ in options.on)
        )

    def _events(self) -> frozenset[str]:
        """Return the events that somebody listens to, here or further in."""
        return frozenset(event for event, _ in self.options.on)

    def _read_options(self, given: dict[str, Any]) -> Options:
        return resolve_options(self.type_name(), COMMON | self.own_options, given, self.other_keywords)

    def _convert_limits(self, options: Options) -> Options:
        """Bring the values inside options (choices, bounds) to the form of this type's values."""
        changes: dict[str, Any] = {}
        if options.choices is not None and not callable(options.choices):
            changes["choices"] = tuple(
                self._convert_limit("in", choice) for choice in options.choices if choice is not None
            )
            if not changes["choices"]:
                raise DescriptionError("Option 'in' holds no value but None: no value could ever be accepted.")
        if "min" in self.own_options and not self.is_container:
            limits = {
                name: limit if limit is None or callable(limit) else self._convert_limit(name, limit)
                for name, limit in (("min", options.min), ("max", options.max))
            }
            changes.update(limits)
            fixed: list[Any] = [limit for limit in limits.values() if limit is not None and not callable(limit)]
            if len(fixed) == 2 and fixed[0] > fixed[1]:
                raise DescriptionError(f"{self.type_name()} has min={options.min!r} above max={options.max!r}.")
        return dataclasses.replace(options, **changes)

    def _convert_limit(self, name: str, value: object) -> V:
        try:
            return self.convert(value)
        except Fault as fault:
            raise DescriptionError(
                f"Option {name!r} of {self.type_name()} holds {value!r}: {fault.entries[0][1]}"
            ) from None

    def check_default(self) -> None:
        """Refuse a constant default that its own field would refuse."""
        default = self.options.default
        if default is MISSING or default is None or callable(default):
            return
        try:
            self.load(default)
        except Fault as fault:
            raise DescriptionError(
                f"The default {default!r} of this {self.type_name()} is refused by its own rules: "
                f"{validation_error(fault)}"
            ) from None

    def wrong_type(self, expected: str, value: object) -> Fault:
        """Make the fault of a value of another type. The value itself is shown only when it is short and harmless."""
        shown = f", not {_KINDS.get(type(value), type(value).__name__)}" if value is not None else ""
        return Fault(f"Must be {expected}{shown}.", FaultKind.TYPE)

    # -- a field that stands alone -----------------------------------------------------------------

    def set(self, value: Any) -> None:
        """Give a stand-alone field a value.

        Raises:
            ValidationError: the value is refused; the old one stays.
        """
        accepted = self._accepted(value)
        self._previous, self._value = (self.get_value(),), accepted

    def check(self, value: Any) -> None:
        """Raise what `set` would raise for a value, and change nothing."""
        self._accepted(value)

    def rollback(self) -> None:
        """Put back the value from before the last `set`."""
        if self._previous is not None:
            (self._value,) = self._previous
            self._previous = None

    def get_value(self) -> V | None:
        """Return the value of a stand-alone field; its default when none was set."""
        if self._value is MISSING:
            self._value = self.default_value()
        return self._value  # type: ignore[no-any-return]

    def _accepted(self, value: Any) -> V | None:
        try:
            loaded = self.load(plain(value), self, self.get_value())
            if loaded is not None:
                self.check_rules(loaded, self, self.get_value())
        except Fault as fault:
            raise validation_error(fault) from None
        return loaded

    def __repr__(self) -> str:
        shown = {name: getattr(self.options, name) for name in Options.__slots__}
        blank = Options()
        given = ", ".join(f"{name}={value!r}" for name, value in shown.items() if value != getattr(blank, name))
        return f"{self.type_name()}({given})"


def frozen_type(field: object, where: str) -> FieldType[Any]:
    """Return the frozen type of what a user wrote as a field: the field itself, or the type inside a live container.

    Raises:
        DescriptionError: it is no field at all, such as a bare `dict` or the class itself.
    """
    if isinstance(field, FieldType):
        return field
    described = getattr(type(field), "_is_described", False)
    if described:
        inner: FieldType[Any] = object.__getattribute__(field, "_type")
        return inner
    if isinstance(field, type):
        raise DescriptionError(f"{where} is the class {field.__name__}: call it, as in {field.__name__}().")
    raise DescriptionError(f"{where} is {field!r}: a field such as String() was expected.")
