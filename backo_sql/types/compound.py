"""Values of several types: `Tuple`, one of each, and `In`, one of any."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Unpack

from ..errors import DescriptionError, Fault, FaultKind, PathKey
from .base import FieldType, frozen_type
from .container import DictType, ListType, refuse_rights
from .kinds import Kind
from .options import CommonKeywords
from .reference import Ref, RefsListType
from .values import identical, plain


def read_json(text: str, expected: str) -> Any:
    """Read the JSON text of a document in a query string, or raise a `Fault`."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Fault(f"Must be {expected} as JSON.", FaultKind.TYPE) from None


class CompoundType(FieldType[Any]):
    """What `Tuple` and `In` share: member types, and a value that is kept as one JSON document."""

    kind: ClassVar[Kind] = Kind.JSON

    def __init__(self, members: Sequence[FieldType[Any]], **options: Any) -> None:
        self.members = tuple(members)
        if not self.members:
            raise DescriptionError(f"{self.type_name()} takes a list of types, and at least one.")
        for member in self.members:
            _refuse_links(self.type_name(), member)
            refuse_rights(self.type_name(), member)
        self.dumps_natively = all(member.dumps_natively for member in self.members)  # type: ignore[misc]
        super().__init__(**options)

    def check_options(self) -> None:
        """Refuse what one document can't have."""
        refuse_column_options(self)
        for member in self.members:
            refuse_column_options(member)

    def _has_functions(self) -> bool:
        return super()._has_functions() or any(member.is_dynamic for member in self.members)

    def _events(self) -> frozenset[str]:
        return super()._events().union(*(member.events for member in self.members))


class Tuple(CompoundType):
    """A fixed number of values, each of its own type: `Tuple((Float(), Float()))`. Its value is a Python `tuple`.

    It never changes in place: whoever wants another one sets the whole. Its members are therefore plain values or
    other tuples; a `Dict` holds what changes part by part. In JSON it is an array.

    Args:
        types: one for each position.
        options: the common options of every field.

    Example:
        >>> Tuple((Int(), String())).load([1, "a"])
        (1, 'a')
    """

    def __init__(self, types: Sequence[Any], **options: Unpack[CommonKeywords]) -> None:
        if not isinstance(types, list | tuple):
            raise DescriptionError(f"Tuple takes a tuple of types, not {types!r}.")
        members = [frozen_type(each, f"Member {position} of Tuple") for position, each in enumerate(types)]
        for position, member in enumerate(members):
            if member.is_container:
                raise DescriptionError(
                    f"Member {position} of Tuple is a {member.type_name()}, which changes in place, and a Tuple "
                    "never does: use a Dict of fields instead of the Tuple."
                )
        super().__init__(members, **options)

    def convert(self, value: Any) -> tuple[Any, ...]:
        """Accept a tuple or a list of the right length; a fault names the position."""
        return self.convert_in(value, None)

    def convert_in(self, value: Any, root: Any) -> tuple[Any, ...]:
        """Accept a tuple or a list of the right length; a fault names the position."""
        value = plain(value)
        if not isinstance(value, list | tuple):
            raise self.wrong_type(f"a list of {len(self.members)} values", value)
        if len(value) != len(self.members):
            raise Fault(f"Must hold exactly {len(self.members)} values, not {len(value)}.", FaultKind.TYPE)
        result: list[Any] = []
        faults: list[tuple[PathKey, Fault]] = []
        for position, (member, given) in enumerate(zip(self.members, value, strict=True)):
            try:
                result.append(member.load(plain(given), root))
            except Fault as fault:
                faults.append((position, fault))
        if faults:
            raise Fault.collect(faults)
        return tuple(result)

    def check_rules(self, value: tuple[Any, ...], root: Any, old: Any) -> None:
        """Check also the functions of the members."""
        super().check_rules(value, root, old)
        before = old if isinstance(old, tuple) and len(old) == len(value) else (None,) * len(value)
        faults: list[tuple[PathKey, Fault]] = []
        for position, (member, given) in enumerate(zip(self.members, value, strict=True)):
            try:
                if given is not None:
                    member.check_rules(given, root, before[position])
            except Fault as fault:
                faults.append((position, fault))
        if faults:
            raise Fault.collect(faults)

    def dump(self, value: tuple[Any, ...]) -> list[Any]:
        """Write an array."""
        return [
            None if given is None else member.dump(given) for member, given in zip(self.members, value, strict=False)
        ]

    def restore(self, stored: Any) -> tuple[Any, ...]:
        """Read an array that `dump` wrote."""
        return tuple(
            None if given is None else member.restore(given)
            for member, given in zip(self.members, stored, strict=False)
        )

    def parse(self, text: str) -> tuple[Any, ...]:
        """Read a JSON array."""
        return self.convert(read_json(text, "a list"))

    def inner(self, key: PathKey) -> FieldType[Any]:
        """Return the type of a position."""
        return self.members[int(key)]


class In(CompoundType):
    """A value of one of several types: `In([Int(), String()])`.

    The first type that accepts a value takes it and checks it. A type that takes more (`String`) therefore stands
    after one that takes less (`Datetime`). `None` among the types is passed over. The options of the `In` itself are
    checked too.

    Args:
        types: the types, in the order in which they are tried.
        options: the common options of every field.

    Example:
        >>> In([Int(min=0), String()]).load("far")
        'far'
    """

    def __init__(self, types: Sequence[Any], **options: Unpack[CommonKeywords]) -> None:
        if not isinstance(types, list | tuple):
            raise DescriptionError(f"In takes a list of types, not {types!r}.")
        members = [
            frozen_type(each, f"Member {position} of In") for position, each in enumerate(types) if each is not None
        ]
        self.is_container = any(member.is_container for member in members)  # type: ignore[misc]
        super().__init__(members, **options)

    def convert(self, value: Any) -> Any:
        """Accept what one of the types accepts."""
        return self.convert_in(value, None)

    def convert_in(self, value: Any, root: Any) -> Any:
        """Accept what one of the types accepts."""
        member, converted = self._match(value, root)
        written = member.dump(converted)
        if not identical(self.restore(written), converted):
            # Whatever is kept is kept as JSON, and clients send JSON: there another type would take the value.
            other, _ = self._match(written, root)
            raise Fault(
                f"Can't be told from a {other.type_name()} in JSON: "
                f"{member.type_name()} must stand before {other.type_name()} in this In.",
                FaultKind.TYPE,
            )
        return converted

    def _match(self, value: Any, root: Any) -> tuple[FieldType[Any], Any]:
        """Find the type that takes a value, and what it makes of it."""
        value = plain(value)
        broken: Fault | None = None
        for member in self.members:
            transform = member.options.transform
            try:
                given = value if transform is None else transform(value=value, root=root, old=None)
                return member, member.convert_in(given, root)
            except Fault as fault:
                # A value of the right shape with something wrong inside says more than that no type fits.
                if broken is None and any(path or kind is not FaultKind.TYPE for path, _, kind in fault.entries):
                    broken = fault
        if broken is not None:
            raise broken
        raise self.wrong_type(f"of one of the types {self._names()}", value)

    def _member(self, value: Any) -> FieldType[Any]:
        """Return the type that took a value of this field."""
        for member in self.members:
            try:
                if identical(member.convert(value), value):
                    return member
            except Fault:
                continue
        return self.members[-1]

    def check_limits(self, value: Any) -> None:
        """Check the constants of the type that took the value."""
        self._member(value).check_constants(value)

    def check_rules(self, value: Any, root: Any, old: Any) -> None:
        """Check also the functions of the type that took the value."""
        super().check_rules(value, root, old)
        self._member(value).check_rules(value, root, old)

    def dump(self, value: Any) -> Any:
        """Return the JSON form that the value's own type gives it."""
        return self._member(value).dump(value)

    def restore(self, stored: Any) -> Any:
        """Read a value back by the first type that takes it; what none takes any more is shown as it is stored."""
        for member in self.members:
            try:
                member.convert(stored)
            except Fault:
                continue
            return member.restore(stored)
        return stored

    def parse(self, text: str) -> Any:
        """Read a text by the first type that can."""
        for member in self.members:
            try:
                return member.parse(text)
            except Fault:
                continue
        raise Fault(f"Must be of one of the types {self._names()}.", FaultKind.TYPE)

    def _names(self) -> str:
        return ", ".join(member.public_class().__name__ for member in self.members)

    def view_type(self, value: Any) -> FieldType[Any] | None:
        """Return the type whose live object shows a value, where it is a container."""
        return None if value is None or not self.is_container else self._member(value).view_type(value)

    def inner(self, key: PathKey) -> FieldType[Any]:
        """Return the type of what one of the types holds under a key."""
        for member in self.members:
            try:
                return member.inner(key)
            except LookupError:
                continue
        raise KeyError(key)


def refuse_column_options(field: FieldType[Any]) -> None:
    """Refuse the options that need a column of one value.

    Raises:
        DescriptionError: naming the option.
    """
    for name in ("unique", "index"):
        if getattr(field.options, name):
            raise DescriptionError(f"{field.type_name()} has no option {name!r} here: it is kept inside one document.")


def _refuse_links(where: str, field: FieldType[Any]) -> None:
    for each in _inside(field):
        if isinstance(each, Ref | RefsListType):
            raise DescriptionError(
                f"A {where} can't hold a {each.type_name()}: a link stands in a field of its own, or in a Dict."
            )


def _inside(field: FieldType[Any]) -> Iterator[FieldType[Any]]:
    """Visit a type and every type inside it."""
    yield field
    held: Sequence[FieldType[Any]] = ()
    if isinstance(field, DictType):
        held = tuple(field.fields.values())
    elif isinstance(field, ListType):
        held = (field.element,)
    elif isinstance(field, CompoundType):
        held = field.members
    for each in held:
        yield from _inside(each)
