"""What every field type is: options, checks, and the ways of a value in and out.

In: a value from anywhere. Out: a plain Python value that the field accepts. May fail with a `Fault`, which says what
is wrong; the container that holds the field adds where.
"""

from __future__ import annotations

import copy
import dataclasses
from typing import Any, ClassVar, Generic, TypeVar

from ..errors import DescriptionError, Fault, FaultKind, PathKey, PathKeys, validation_error
from .kinds import Kind
from .options import COMMON, MISSING, Options, resolve_options

V = TypeVar("V")

EQUALITY = frozenset({"$eq", "$ne", "$in", "$nin"})
ORDERING = frozenset({"$lt", "$lte", "$gt", "$gte"})


class FieldType(Generic[V]):
    """The description of one field: its type and its options, fixed when written.

    A subclass says its `kind`, the options that it takes beyond the common ones, and how `convert` recognises its
    values. Everything else (checks of the common options, storage, metadata, filters) follows from these.

    A field also stands alone and holds one value: `a = Int(min=0); a.set(22); a.get_value()`.
    """

    kind: ClassVar[Kind]
    operators: ClassVar[frozenset[str]] = EQUALITY
    own_options: ClassVar[frozenset[str]] = frozenset()
    #: a value of this type is a live object (`List`, `Dict`), not a plain scalar
    is_container: ClassVar[bool] = False
    #: `orjson` writes the stored Python value as it should be written: `dump` need not be called
    dumps_natively: ClassVar[bool] = True
    #: a value read from a JSON document is the Python value already: `restore` need not be called
    restores_natively: ClassVar[bool] = False

    def __init__(self, **options: Any) -> None:
        self.options = self._convert_limits(resolve_options(self.type_name(), COMMON | self.own_options, options))
        self._value: Any = MISSING
        self.check_options()
        self.check_default()

    # -- the contract of a type --------------------------------------------------------------------

    def convert(self, value: Any) -> V:
        """Return the value as this type keeps it, or raise a `Fault` of kind TYPE. Never called with `None`."""
        raise NotImplementedError(f"{type(self).__name__} does not say how it converts a value.")

    def check(self, value: V) -> None:
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

    def inner(self, key: PathKey) -> FieldType[Any]:
        """Return the type of what a container holds under a key; a scalar holds nothing."""
        raise KeyError(key)

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

    def load(self, value: Any) -> V | None:
        """Accept a value from outside, converted and checked, or raise a `Fault`."""
        options = self.options
        if value is None:
            if options.required:
                raise Fault("Must not be null.")
            if options.default is not MISSING and options.default is not None:
                raise Fault("Must not be null: leave the field out to have its default.")
            return None
        converted = self.convert(value)
        self.check(converted)
        if options.choices is not None and converted not in options.choices:
            raise Fault(f"Must be one of: {', '.join(map(repr, options.choices))}.")
        return converted

    def load_missing(self) -> V | None:
        """Return what stands for a value that was not given, or raise a `Fault` where one must be."""
        if self.options.default is not MISSING:
            return self.default_value()
        if self.options.required:
            raise Fault("Is required.")
        return None

    def default_value(self) -> V | None:
        """Make the default of a new item: the constant, copied, or what the function returns, checked."""
        default = self.options.default
        if default is MISSING or default is None:
            return None
        if callable(default):
            return self.load(default())
        return self.convert(copy.deepcopy(default))

    def _convert_limits(self, options: Options) -> Options:
        """Bring the values inside options (choices, bounds) to the form of this type's values."""
        changes: dict[str, Any] = {}
        if options.choices is not None:
            changes["choices"] = tuple(
                self._convert_limit("in", choice) for choice in options.choices if choice is not None
            )
        if "min" in self.own_options and not self.is_container:
            changes["min"] = None if options.min is None else self._convert_limit("min", options.min)
            changes["max"] = None if options.max is None else self._convert_limit("max", options.max)
            if changes["min"] is not None and changes["max"] is not None and changes["min"] > changes["max"]:
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
        shown = f", not {type(value).__name__}" if value is not None else ""
        return Fault(f"Must be {expected}{shown}.", FaultKind.TYPE)

    # -- a field that stands alone -----------------------------------------------------------------

    def set(self, value: V | None) -> None:
        """Give a stand-alone field a value.

        Raises:
            ValidationError: the value is refused; the old one stays.
        """
        try:
            self._value = self.load(value)
        except Fault as fault:
            raise validation_error(fault) from None

    def get_value(self) -> V | None:
        """Return the value of a stand-alone field; its default when none was set."""
        return self.default_value() if self._value is MISSING else self._value

    def __repr__(self) -> str:
        shown = {name: getattr(self.options, name) for name in Options.__slots__}
        blank = Options()
        given = ", ".join(f"{name}={value!r}" for name, value in shown.items() if value != getattr(blank, name))
        return f"{self.type_name()}({given})"


def plain(value: Any) -> Any:
    """Return the plain Python value of a live object or a stand-alone field; anything else as it is."""
    get_value = getattr(type(value), "get_value", None)
    return value.get_value() if get_value is not None else value


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
