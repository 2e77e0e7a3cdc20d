"""The frozen side of the containers: what a `Dict`, an `Item` or a `List` holds. Their live side is in `items/`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from ..errors import DescriptionError, Fault, FaultKind, PathKey
from .base import FieldType, frozen_type, plain
from .kinds import Kind

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def check_name(name: object, what: str) -> str:
    """Accept the name of a field or a collection, or say what is wrong with it.

    Names become columns, joined by `__`, and parts of URLs; they must stay different where letters have no case.

    Raises:
        DescriptionError: the name can't be one.
    """
    if not isinstance(name, str):
        raise DescriptionError(f"{what} {name!r} must be a text.")
    if "__" in name:
        raise DescriptionError(f"{what} {name!r} must not contain '__': it separates the parts of a column's name.")
    if not _NAME.fullmatch(name) or name.endswith("_"):
        raise DescriptionError(
            f"{what} {name!r} must begin with a letter, hold letters, digits and '_' only, and not end with '_'."
        )
    return name


def freeze_fields(schema: object, live_class: type) -> Mapping[str, FieldType[Any]]:
    """Check the fields of a `Dict` or an `Item` and return their frozen types by name, in the order given.

    Raises:
        DescriptionError: naming the field that can't be one, or whose name is taken.
    """
    if not isinstance(schema, Mapping):
        raise DescriptionError(f"{live_class.__name__} takes a dict of fields, not {schema!r}.")
    fields: dict[str, FieldType[Any]] = {}
    folded: dict[str, str] = {}
    for name, field in schema.items():
        check_name(name, "The field name")
        if hasattr(live_class, name):
            raise DescriptionError(f"The field name {name!r} is a method of {live_class.__name__}: choose another.")
        other = folded.setdefault(name.lower(), name)
        if other != name:
            raise DescriptionError(f"The field names {other!r} and {name!r} differ in case only.")
        fields[name] = frozen_type(field, f"The field {name!r}")
    return MappingProxyType(fields)


class DictType(FieldType[dict[str, Any]]):
    """Named fields. Its value is a plain dict that holds every field, with `None` where there is no value."""

    kind: ClassVar[Kind] = Kind.STRUCTURE
    operators = frozenset()
    is_container = True

    def __init__(self, fields: Mapping[str, FieldType[Any]], live_class: type, **options: Any) -> None:
        self.fields = fields
        #: the fields that a caller may give; an item has more than these
        self.writable = fields
        self.live_class = live_class
        for name in ("unique", "index", "in", "union", "enum"):
            if name in options:
                raise DescriptionError(f"{live_class.__name__} has no option {name!r}: give it to the fields inside.")
        super().__init__(**options)

    @classmethod
    def type_name(cls) -> str:
        """The name that messages and the metadata use."""
        return "Dict"

    def public_class(self) -> type:
        """The class whose name users know."""
        return self.live_class

    def convert(self, value: Any) -> dict[str, Any]:
        """Accept a mapping as the whole value: what is absent takes its default, or is a fault where it is required."""
        return self._convert(value, partial=False)

    def load_partial(self, value: Any) -> dict[str, Any]:
        """Accept a mapping as a change: what is absent stays as it is, and isn't in what comes back."""
        return self._convert(value, partial=True)

    def load(self, value: Any) -> dict[str, Any]:
        """Accept a mapping; `null` empties a `Dict` that is not required."""
        if value is None:
            if self.options.required:
                raise Fault("Must not be null.")
            return self.convert({})
        converted = self.convert(value)
        self.check(converted)
        return converted

    def load_missing(self) -> dict[str, Any]:
        """A `Dict` is always there: an absent one has the defaults of its fields."""
        default = super().load_missing() if self.options.default is not None else None
        return self.convert({}) if default is None else default

    def _convert(self, value: Any, *, partial: bool) -> dict[str, Any]:
        value = plain(value)
        if not isinstance(value, Mapping):
            raise self.wrong_type("an object", value)
        result: dict[str, Any] = {}
        faults: list[tuple[str | int, Fault]] = []
        for name, field in self.writable.items():
            try:
                if name in value:
                    given = plain(value[name])
                    nested = partial and isinstance(field, DictType) and given is not None
                    result[name] = field.load_partial(given) if nested else field.load(given)  # type: ignore[attr-defined]
                elif not partial:
                    result[name] = field.load_missing()
            except Fault as fault:
                faults.append((name, fault))
        faults.extend((str(name), self._unknown(str(name))) for name in value if name not in self.fields)
        if faults:
            raise Fault.collect(faults)
        return result

    def _unknown(self, name: str) -> Fault:
        return Fault("Unknown field.", FaultKind.UNKNOWN)

    def dump(self, value: dict[str, Any]) -> dict[str, Any]:
        """Return the JSON form, field by field. A field that wasn't loaded is left out."""
        return {
            name: None if value[name] is None else field.dump(value[name])
            for name, field in self.fields.items()
            if name in value
        }

    def inner(self, key: PathKey) -> FieldType[Any]:
        """Return the type of a field."""
        return self.fields[str(key)]

    def restore(self, stored: Any) -> dict[str, Any]:
        """Read a value back from a JSON document; a field that the document doesn't know yet is `None`."""
        return {
            name: None if stored.get(name) is None else field.restore(stored[name])
            for name, field in self.fields.items()
        }

    def blank(self) -> dict[str, Any]:
        """Return the values of an item that nobody filled yet: defaults, else `None`; nothing is required of it."""
        values: dict[str, Any] = {}
        for name, field in self.fields.items():
            if isinstance(field, DictType):
                values[name] = field.blank()
            elif field.kind is Kind.LINKS:
                values[name] = []
            else:
                values[name] = field.default_value()
        return values


class ListType(FieldType[list[Any]]):
    """A list of values of one type. Its value is a plain list, kept as one JSON document."""

    kind: ClassVar[Kind] = Kind.JSON
    operators = frozenset()
    own_options = frozenset({"min", "max"})
    is_container = True

    def __init__(self, element: object, live_class: type, **options: Any) -> None:
        self.element = frozen_type(element, f"The element of {live_class.__name__}")
        self.live_class = live_class
        self.dumps_natively = self.element.dumps_natively  # type: ignore[misc]
        self.restores_natively = self.element.restores_natively  # type: ignore[misc]
        super().__init__(**options)

    @classmethod
    def type_name(cls) -> str:
        """The name that messages and the metadata use."""
        return "List"

    def public_class(self) -> type:
        """The class whose name users know."""
        return self.live_class

    def check_options(self) -> None:
        """Refuse what a list can't have: bounds that are no lengths, links inside, an index."""
        for name in ("min", "max"):
            bound = getattr(self.options, name)
            if bound is not None and (isinstance(bound, bool) or not isinstance(bound, int) or bound < 0):
                raise DescriptionError(f"Option {name!r} of List is a number of elements, not {bound!r}.")
        if self.options.unique or self.options.index:
            raise DescriptionError("A List has neither 'unique' nor 'index': it is stored as one document.")
        if self.options.choices is not None:
            raise DescriptionError("A List has no option 'in': give it to the type of its elements.")

    def convert(self, value: Any) -> list[Any]:
        """Accept a list or a tuple, each element by the element type; a fault names the position."""
        if not isinstance(value, list | tuple):
            raise self.wrong_type("a list", value)
        result: list[Any] = []
        faults: list[tuple[str | int, Fault]] = []
        for position, element in enumerate(value):
            try:
                result.append(self.element.load(plain(element)))
            except Fault as fault:
                faults.append((position, fault))
        if faults:
            raise Fault.collect(faults)
        return result

    def check(self, value: list[Any]) -> None:
        """Refuse a list with too few or too many elements."""
        options = self.options
        if options.min is not None and len(value) < options.min:
            raise Fault(f"Must hold at least {options.min} elements, not {len(value)}.")
        if options.max is not None and len(value) > options.max:
            raise Fault(f"Must hold at most {options.max} elements, not {len(value)}.")

    def dump(self, value: list[Any]) -> list[Any]:
        """Return the JSON form, element by element."""
        dump = self.element.dump
        return [None if element is None else dump(element) for element in value]

    def inner(self, key: PathKey) -> FieldType[Any]:
        """Return the type of an element."""
        return self.element

    def restore(self, stored: Any) -> list[Any]:
        """Read a list back from a JSON document."""
        restore = self.element.restore
        return [None if element is None else restore(element) for element in stored]
