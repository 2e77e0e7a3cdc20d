"""The frozen side of the containers: what a `Dict`, an `Item` or a `List` holds. Their live side is in `items/`."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Hashable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Self

from ..errors import DescriptionError, Fault, FaultKind, PathKey
from .base import FieldType, frozen_type
from .kinds import Kind
from .reference import Ref, RefsListType
from .values import Kept, plain

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")

#: PostgreSQL has columns of these names on every table (its manual, "System Columns").
_SYSTEM_COLUMNS = frozenset({"tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"})


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
        if name.lower() in _SYSTEM_COLUMNS:
            raise DescriptionError(f"The field name {name!r} is one of PostgreSQL's own columns: choose another.")
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
        if self.options.exists is not True:
            self.writable = _relaxed(fields)

    @classmethod
    def type_name(cls) -> str:
        """The name that messages and the metadata use."""
        return "Dict"

    def public_class(self) -> type:
        """The class whose name users know."""
        return self.live_class

    def convert(self, value: Any) -> dict[str, Any]:
        """Accept a mapping as the whole value: what is absent takes its default, or is a fault where it is required."""
        return self._convert(value, None, None, partial=False)

    def load_partial(self, value: Any, root: Any = None, old: Any = None) -> dict[str, Any]:
        """Accept a mapping as a change: what is absent stays as it is, and isn't in what comes back."""
        value = self.transformed(value, root, old)
        return self._convert(value, root, old, partial=True)

    def load(self, value: Any, root: Any = None, old: Any = None) -> dict[str, Any]:
        """Accept a mapping; `null` empties a `Dict` that is not required."""
        if type(value) is Kept:
            return value.value  # type: ignore[no-any-return]
        value = self.transformed(value, root, old)
        if value is None:
            self.load_null()
            return self._convert({}, root, old, partial=False)
        return self._convert(value, root, old, partial=False)

    def load_missing(self, root: Any = None) -> dict[str, Any]:
        """A `Dict` is always there: an absent one has its default, else the defaults of its fields."""
        default = super().load_missing(root) if self.options.default is not None else None
        return self._convert({}, root, None, partial=False) if default is None else default

    def _has_functions(self) -> bool:
        return super()._has_functions() or any(field.is_dynamic for field in self.fields.values())

    def _events(self) -> frozenset[str]:
        return super()._events().union(*(field.events for field in self.fields.values()))

    def _convert(self, value: Any, root: Any, old: Any, *, partial: bool) -> dict[str, Any]:
        value = plain(value)
        if not isinstance(value, Mapping):
            raise self.wrong_type("an object", value)
        result: dict[str, Any] = {}
        faults: list[tuple[str | int, Fault]] = []
        known: Mapping[str, Any] = old if isinstance(old, Mapping) else {}
        for name, field in self.writable.items():
            if field.options.compute is not None:
                # A value for it is passed over: whoever sends back what it got isn't refused.
                if not partial:
                    result[name] = None
                continue
            try:
                if name in value:
                    given = plain(value[name])
                    nested = partial and isinstance(field, DictType) and given is not None
                    load = field.load_partial if nested else field.load  # type: ignore[attr-defined]
                    result[name] = load(given, root, known.get(name))
                elif not partial:
                    result[name] = field.load_missing(root)
            except Fault as fault:
                faults.append((name, fault))
                if fault.accepted:
                    result[name] = fault.accepted
        faults.extend((str(name), self._unknown(str(name))) for name in value if name not in self.fields)
        if faults:
            raise Fault.collect(faults, result)
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
        return {name: blank_value(field) for name, field in self.fields.items()}

    def relaxed(self) -> Self:
        """Return the same type, which asks for no value, nor do the fields inside."""
        other = super().relaxed()
        other.writable = _relaxed(self.writable)
        return other

    def with_only(self, fields: Mapping[str, FieldType[Any]]) -> Self:
        """Return the same type with some of its fields, for an object that shows only these."""
        other = copy.copy(self)
        other.fields = MappingProxyType(dict(fields))
        other.writable = MappingProxyType({name: fields[name] for name in self.writable if name in fields})
        other.is_dynamic = other._has_functions()
        other.events = other._events()
        return other

    def with_field(self, name: str, field: FieldType[Any] | None) -> Self:
        """Return the same type with one field added or replaced, or with `None` taken away."""
        other = copy.copy(self)
        asked = field.relaxed() if field is not None and self.options.exists is not True else field
        other.fields = _with(self.fields, name, field)
        other.writable = _with(self.writable, name, asked)
        other.is_dynamic = other._has_functions()
        other.events = other._events()
        return other


def _with(
    fields: Mapping[str, FieldType[Any]], name: str, field: FieldType[Any] | None
) -> Mapping[str, FieldType[Any]]:
    changed = {each: type_ for each, type_ in fields.items() if each != name or field is not None}
    if field is not None:
        changed[name] = field
    return MappingProxyType(changed)


def _relaxed(fields: Mapping[str, FieldType[Any]]) -> Mapping[str, FieldType[Any]]:
    """Return fields that ask for no value: whether one must be there is known when it is known whether they exist."""
    return MappingProxyType({name: field.relaxed() for name, field in fields.items()})


def blank_value(field: FieldType[Any]) -> Any:
    """Return what a field holds that nobody filled yet."""
    if isinstance(field, DictType):
        made = field.default_value()
        return field.blank() if made is None else made
    return [] if field.kind is Kind.LINKS else field.default_value()


def holds_links(field: FieldType[Any]) -> bool:
    """Tell whether a field is a link, or holds one."""
    if isinstance(field, DictType):
        return any(map(holds_links, field.fields.values()))
    return holds_links(field.element) if isinstance(field, ListType) else isinstance(field, Ref | RefsListType)


def _refuse_column_options(element: FieldType[Any]) -> None:
    """Refuse what only a column can have, in the elements of a list that is one document."""
    if isinstance(element, DictType):
        for field in element.fields.values():
            _refuse_column_options(field)
    for name in ("unique", "index"):
        if getattr(element.options, name):
            raise DescriptionError(
                f"The {element.type_name()} in a List has no option {name!r}: the list is stored as one document. "
                "Elements that differ within their list: List(..., uniq=True). Else use a collection of its own."
            )


class ListType(FieldType[list[Any]]):
    """A list of values of one type. Its value is a plain list, one JSON document or, with links, rows."""

    kind: ClassVar[Kind] = Kind.JSON
    operators = frozenset()
    own_options = frozenset({"min", "max", "uniq"})
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
            if callable(bound) or bound is None:
                continue
            if isinstance(bound, bool) or not isinstance(bound, int) or bound < 0:
                raise DescriptionError(f"Option {name!r} of List is a number of elements, not {bound!r}.")
        least, most = self.options.min, self.options.max
        if isinstance(least, int) and isinstance(most, int) and least > most:
            raise DescriptionError(f"List has min={self.options.min!r} above max={self.options.max!r}.")
        refuse_rights("List", self.element)
        if not holds_links(self.element):
            _refuse_column_options(self.element)
        if self.options.unique or self.options.index:
            raise DescriptionError("A List has neither 'unique' nor 'index': it is stored as one document.")
        if self.options.choices is not None:
            raise DescriptionError("A List has no option 'in': give it to the type of its elements.")

    def _has_functions(self) -> bool:
        return super()._has_functions() or self.element.is_dynamic

    def _events(self) -> frozenset[str]:
        return super()._events() | self.element.events

    def convert(self, value: Any) -> list[Any]:
        """Accept a list or a tuple, each element by the element type; a fault names the position."""
        return self.convert_in(value, None)

    def convert_in(self, value: Any, root: Any) -> list[Any]:
        """Accept a list or a tuple, each element by the element type; a fault names the position."""
        if not isinstance(value, list | tuple):
            raise self.wrong_type("a list", value)
        result: list[Any] = []
        faults: list[tuple[str | int, Fault]] = []
        for position, element in enumerate(value):
            try:
                result.append(self.element.load(plain(element), root))
            except Fault as fault:
                faults.append((position, fault))
        if faults:
            raise Fault.collect(faults)
        return result

    def check_limits(self, value: list[Any]) -> None:
        """Refuse a list with too few or too many elements, or with the same one twice."""
        options = self.options
        self._check_length(
            value,
            None if callable(options.min) else options.min,
            None if callable(options.max) else options.max,
        )
        if options.uniq:
            self._check_repeats(value)

    def check_rules(self, value: list[Any], root: Any, old: Any) -> None:
        """Check also the bounds that are functions."""
        super().check_rules(value, root, old)
        options = self.options
        self._check_length(
            value,
            options.min(value=value, root=root) if callable(options.min) else None,
            options.max(value=value, root=root) if callable(options.max) else None,
        )

    @staticmethod
    def _check_length(value: list[Any], least: Any, most: Any) -> None:
        if least is not None and len(value) < least:
            raise Fault(f"Must hold at least {least} elements, not {len(value)}.")
        if most is not None and len(value) > most:
            raise Fault(f"Must hold at most {most} elements, not {len(value)}.")

    def _check_repeats(self, value: list[Any]) -> None:
        faults: list[tuple[int, Fault]] = []
        seen: dict[Any, int] = {}
        for position, element in enumerate(value):
            # What can't be a key of a dict is compared by its text in JSON.
            known = element if isinstance(element, Hashable) else self._text(element)
            first = seen.setdefault(known, position)
            if first != position:
                faults.append((position, Fault(f"Repeats the value at position {first}.")))
        if faults:
            raise Fault.collect(faults)

    def _text(self, element: Any) -> str:
        return json.dumps(self.element.dump(element), sort_keys=True)

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


def refuse_rights(holder: str, inside: FieldType[Any]) -> None:
    """Refuse rights on a part of a document, which could not be kept on every road to it, and parts that may not exist.

    Raises:
        DescriptionError: saying where they belong.
    """
    if inside.options.exists is not True:
        raise DescriptionError(f"What a {holder} holds can't have 'exists': give it to the {holder} as a whole.")
    if has_rights(inside):
        raise DescriptionError(f"Rights can't stand inside a {holder}: give them to the {holder} as a whole.")


def has_rights(field: FieldType[Any]) -> bool:
    """Tell whether a field, or one inside it, says anything of rights."""
    if field.options.rights:
        return True
    if isinstance(field, DictType):
        return any(has_rights(inner) for inner in field.fields.values())
    return isinstance(field, ListType) and has_rights(field.element)
