"""Names become fields, texts become values: the stage after which nothing needs to be looked up or checked again.

In: conditions as written, and what they are about: a collection or the type of a single field. Out: a bound filter. A
path that leads nowhere, an operator that the type lacks and a value that can't be of the type are a `QueryError` that
names it; for `match`, which never raises, they are conditions that nothing satisfies.

Three rules are settled here, so that no compiler has to know them:

- A path through a list, or through a reference to many, means "some of them". A negative operator negates the whole:
  `books.title $ne "Notes"` is the opposite of `books.title $eq "Notes"`.
- A path through an empty reference to one reads as null.
- `$and`, `$or` and `$not` on a path are those of conditions on that path, each with its own "some of them".
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..errors import DescriptionError, Fault, QueryError
from ..model.description import Description, Leaf
from ..model.model import Model
from ..model.paths import Path
from ..types.base import EQUALITY, ORDERING, FieldType
from ..types.container import DictType, ListType
from ..types.free import ContentType, FreeDictType, convert_key
from ..types.kinds import Kind
from ..types.reference import Ref, RefsListType
from .ast import (
    FALSE,
    TRUE,
    Across,
    And,
    Anything,
    Bound,
    Compare,
    Condition,
    Contains,
    Each,
    Elements,
    Listed,
    Matches,
    Not,
    OneOf,
    Operator,
    Or,
    Parsed,
    Some,
)
from .evaluate import holds_for_nothing
from .limits import MAX_CONDITIONS, MAX_DEPTH, MAX_VALUES
from .patterns import read_expression

_SHOWN = 64  # how much of a client's text a message repeats

_TEXT_OPERATORS = frozenset({Operator.REG.value, Operator.RE.value})
_LIST_OPERATORS = frozenset({Operator.EQ.value, Operator.NE.value, Operator.CONTAINS.value})
#: what stands in a `FreeDict` may be of any type, so that it is asked anything, and is what it happens to be
_FREE_OPERATORS = EQUALITY | ORDERING | _TEXT_OPERATORS | _LIST_OPERATORS


def bind(conditions: Iterable[Parsed], description: Description, model: Model | None = None) -> Bound:
    """Bind conditions to a collection; all of them must hold.

    Args:
        conditions: as written.
        description: of the collection.
        model: of the backoffice; without it no path leads through a reference.

    Raises:
        QueryError: naming the path, the operator or the value at fault.
    """
    scope = Scope(description.item, description.name)
    binder = Binder({description.name: description} if model is None else model.descriptions, model)
    parts = tuple(binder.bind(condition, scope) for condition in conditions)
    return And(parts) if parts else TRUE


@dataclass(frozen=True, slots=True)
class Scope:
    """What the paths of a condition begin at.

    Attributes:
        type: of the holder.
        collection: the collection whose item the holder is, or is a `Dict` of, or an element of a list of.
        prefix: where in the item the holder stands; positions in lists are left out.
        linked: the holder was reached by a link: asked for itself, it is its id.
        depth: how many names stand between the item that is asked and the holder.
    """

    type: FieldType[Any]
    collection: str | None = None
    prefix: Path = ()
    linked: bool = False
    depth: int = 0


class _NoSuchPathError(QueryError):
    """A path leads nowhere: apart from other errors, because nothing holds there, not even `$ne`."""


def _element_scope(scope: Scope, leaf: Leaf) -> Scope:
    """Return where paths begin at an element of a list, which stands at a leaf of another scope."""
    element, depth = leaf.type.inner(0), _beyond(scope, leaf)
    if scope.collection is None or isinstance(leaf.type, RefsListType):
        return Scope(element, depth=depth)
    return Scope(element, scope.collection, (*scope.prefix, *leaf.path), depth=depth)


def _beyond(scope: Scope, leaf: Leaf) -> int:
    """Return the depth of what a step from a leaf leads to."""
    return scope.depth + max(len(leaf.path), 1)


#: makes the condition on the field that a path leads to
_Finish = Callable[[Scope, Leaf], Bound]


class Binder:
    """Binds conditions to the fields of one backoffice.

    Args:
        descriptions: its collections by name.
        model: its relations; without it no path leads through a reference.
        forgiving: what can't be bound becomes a condition that nothing satisfies.
    """

    def __init__(
        self, descriptions: Mapping[str, Description], model: Model | None = None, *, forgiving: bool = False
    ) -> None:
        self._descriptions = descriptions
        self._model = model
        self._forgiving = forgiving
        self._conditions = 0
        self._values_of_lists = 0

    def bind(self, parsed: Parsed, scope: Scope) -> Bound:
        """Bind a condition whose paths begin at a scope.

        Raises:
            QueryError: naming the path, the operator or the value at fault.
        """
        match parsed:
            case And(parts):
                return And(tuple(self.bind(part, scope) for part in parts))
            case Or(parts):
                return Or(tuple(self.bind(part, scope) for part in parts))
            case Not(part):
                return Not(self.bind(part, scope))
        self._conditions += 1
        if self._conditions > MAX_CONDITIONS:
            return self._wrong(f"The filter has more than {MAX_CONDITIONS} conditions.")
        try:
            return self._bind_at(parsed, scope)
        except _NoSuchPathError:
            if not self._forgiving:
                raise
            return FALSE

    def _bind_at(self, parsed: Condition | Contains | Listed | Anything, scope: Scope) -> Bound:
        match parsed:
            case Anything(path):
                return self._through(scope, path, path, lambda *_: TRUE)
            case Contains(path, condition):
                return self._through(scope, path, path, lambda at, leaf: self._contains(at, leaf, condition, path))
            case Listed(path, parts, negated, unwraps):
                bound = self._through(
                    scope, path, path, lambda at, leaf: self._listed(at, leaf, parts, path, unwraps=unwraps)
                )
                return _opposite(bound) if negated else bound
            case Condition(path, operator, operand, is_text):
                positive = _POSITIVE.get(operator)
                asked = Condition(path, positive or operator, operand, is_text)
                bound = self._through(scope, path, path, lambda at, leaf: self._condition(at, leaf, asked, operator))
                return bound if positive is None else _opposite(bound)

    # -- paths -------------------------------------------------------------------------------------

    def _through(self, scope: Scope, path: Path, whole: Path, finish: _Finish) -> Bound:
        """Follow a path, step by step, to the field at its end."""
        if scope.depth + len(path) > MAX_DEPTH:
            around = ", with those of the paths around it" if scope.depth and len(whole) <= MAX_DEPTH else ""
            raise _NoSuchPathError(f"The path {_shown(whole)!r} has more than {MAX_DEPTH} names{around}.")
        if not path and scope.linked:
            path = ("_id",)
        field = scope.type
        for position, name in enumerate(path):
            if isinstance(field, DictType):
                if name not in field.fields:
                    raise _NoSuchPathError(self._unknown_path(scope, field, path[: position + 1], whole))
                field = field.fields[name]
                continue
            if isinstance(field, FreeDictType | ContentType):
                field = field.inner(self._key(name))
                continue
            leaf = self._leaf(scope, path[:position], field)
            beyond = partial(self._through, path=path[position:], whole=whole, finish=finish)
            if isinstance(field, ListType):
                return Some(leaf, Each(), beyond(_element_scope(scope, leaf)))
            if isinstance(field, Ref | RefsListType):
                return self._across(scope, leaf, beyond, whole)
            before = whole[: len(whole) - len(path) + position]
            here = f"{'an element of ' if before and not position else ''}{_shown(before)!r}"
            raise _NoSuchPathError(
                f"{_shown(whole)!r} leads nowhere: {here} is a {field.type_name()}, which holds no fields."
            )
        return finish(scope, self._leaf(scope, path, field))

    def _across(self, scope: Scope, leaf: Leaf, make: Callable[[Scope], Bound], whole: Path) -> Bound:
        """Ask something of the linked items; where there may be one only, none reads as null."""
        if self._model is None or scope.collection is None:
            name = repr(_shown(whole))
            if self._forgiving:  # no fault of the filter, but of whoever asks an object that belongs nowhere
                raise DescriptionError(
                    f"Nothing says where {name} leads: only items of a registered collection are linked."
                )
            raise QueryError(
                f"{name} leads through a reference, and nothing says where to: ask '$contains' of the list."
            )
        step = Across(self._model.references[scope.collection][(*scope.prefix, *leaf.path)])
        other = self._descriptions[step.side.other]
        condition = make(Scope(other.item, other.name, linked=True, depth=_beyond(scope, leaf)))
        if step.side.is_single and holds_for_nothing(condition):
            return Not(Some(leaf, step, Not(condition)))
        return Some(leaf, step, condition)

    @staticmethod
    def _key(name: str) -> str:
        """Read the key of a free object: any text that can be stored."""
        try:
            return convert_key(name)
        except Fault as fault:
            raise _NoSuchPathError(f"The key {name[:_SHOWN]!r} is refused: {fault.entries[0][1]}") from None

    def _leaf(self, scope: Scope, path: Path, field: FieldType[Any]) -> Leaf:
        if scope.collection is not None and not scope.prefix:
            found = self._descriptions[scope.collection].leaves.get(path)
            if found is not None and found.type is field:
                return found
        return Leaf(path, field)

    def _unknown_path(self, scope: Scope, field: DictType, path: Path, whole: Path) -> str:
        if scope.collection is None or scope.prefix:
            known = [*field.fields]
            close = difflib.get_close_matches(path[-1][:_SHOWN], known, n=1)
            owner = "it"
        else:
            known = [".".join(each) for each in self._descriptions[scope.collection].leaves]
            close = difflib.get_close_matches(_shown(path), known, n=1)
            owner = repr(scope.collection)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        there = "" if path == whole else f", asked for by {_shown(whole)!r}"
        return f"{owner} has no field {_shown(path)!r}{there}.{hint}"

    # -- conditions --------------------------------------------------------------------------------

    def _condition(self, scope: Scope, leaf: Leaf, condition: Condition, written: Operator) -> Bound:
        name, field = _shown(condition.path or scope.prefix), leaf.type
        if isinstance(field, DictType):
            if isinstance(condition.operand, Mapping):  # of a list that is compared as a whole
                fields = (
                    Condition((*leaf.path, str(key)), Operator.EQ, value) for key, value in condition.operand.items()
                )
                return And(tuple(self.bind(each, scope) for each in fields))
            return self._wrong(f"{name!r} is a {field.type_name()}: name one of its fields: {', '.join(field.fields)}.")
        if written.value not in operators_of(field):
            known = ", ".join(sorted(operators_of(field))) or "none yet"
            return self._wrong(
                f"{name!r} is a {field.type_name()} and has no operator {written.value!r}. It has: {known}."
            )
        try:
            match condition.operator:
                case Operator.IN:
                    self._values_of_lists += len(condition.operand)
                    if self._values_of_lists > MAX_VALUES:
                        raise QueryError(
                            f"The list for {name!r} is too long: a filter holds {MAX_VALUES} values at most."
                        )
                    return OneOf(leaf, tuple(self._values(field, condition, name)))
                case Operator.REG | Operator.RE:
                    return Matches(leaf, read_expression(condition.operand, name), condition.operator is Operator.REG)
                case Operator.CONTAINS:  # from a query string, whose text is read as an element
                    element = Condition((), Operator.EQ, condition.operand, condition.is_text)
                    return self._contains(scope, leaf, element, condition.path)
            if isinstance(field, RefsListType) and condition.operand is None:
                return Elements(leaf, ())  # a list of links is never null, only empty
            if isinstance(field, ListType | RefsListType) and isinstance(condition.operand, list | tuple):
                each = tuple(Condition((), Operator.EQ, element) for element in condition.operand)
                return self._listed(scope, leaf, each, condition.path, unwraps=False)
            value = self._value(field, condition.operand, name, is_text=condition.is_text)
        except QueryError:
            if not self._forgiving:
                raise
            return FALSE
        return Compare(leaf, condition.operator, value)

    def _contains(self, scope: Scope, leaf: Leaf, condition: Parsed, path: Path) -> Bound:
        field = leaf.type
        if isinstance(field, ListType | ContentType):
            return Some(leaf, Each(), self.bind(condition, _element_scope(scope, leaf)))
        if isinstance(field, RefsListType):
            return self._across(scope, leaf, lambda there: self.bind(condition, there), path)
        return self._wrong(f"{_shown(path)!r} is a {field.type_name()} and has no operator '$contains': lists have it.")

    def _listed(self, scope: Scope, leaf: Leaf, parts: tuple[Parsed, ...], path: Path, *, unwraps: bool) -> Bound:
        field, name = leaf.type, _shown(path)
        if isinstance(field, ListType | RefsListType | ContentType):
            element = _element_scope(scope, leaf)
            return Elements(leaf, tuple(self.bind(part, element) for part in parts))
        if unwraps and len(parts) == 1 and isinstance(parts[0], Condition) and parts[0].path == ():
            only = parts[0]
            bound = self._condition(
                scope, leaf, Condition(path, _POSITIVE.get(only.operator) or only.operator, only.operand), only.operator
            )
            return _opposite(bound) if only.operator in _POSITIVE else bound
        values = [part.operand for part in parts if isinstance(part, Condition) and part.operator is Operator.EQ]
        if isinstance(field, DictType) or len(values) < len(parts):
            return self._wrong(f"{name!r} is a {field.type_name()}, which isn't compared with a list of conditions.")
        return self._condition(scope, leaf, Condition(path, Operator.EQ, values), Operator.EQ)

    def _values(self, field: FieldType[Any], condition: Condition, name: str) -> Iterable[Any]:
        """Read the values of `$in`; one that can't be of the type is none that the field could have."""
        for operand in condition.operand:
            try:
                yield self._value(field, operand, name, is_text=condition.is_text)
            except QueryError:
                if not self._forgiving:
                    raise

    @staticmethod
    def _value(field: FieldType[Any], operand: Any, name: str, *, is_text: bool) -> Any:
        if operand is None:
            return None
        try:
            return field.parse(operand) if is_text else field.convert(operand)
        except Fault as fault:
            hint = " Ask for an element with '$contains'." if isinstance(field, ListType | RefsListType) else ""
            raise QueryError(f"The value of {name!r} is refused: {fault.entries[0][1]}{hint}") from None

    def _wrong(self, message: str) -> Bound:
        if self._forgiving:
            return FALSE
        raise QueryError(message)


#: what a negative operator is the opposite of
_POSITIVE = {Operator.NE: Operator.EQ, Operator.NIN: Operator.IN}


def operators_of(field: FieldType[Any]) -> frozenset[str]:
    """Return the operators that a type has in a filter: those that it names, and those of its kind."""
    if isinstance(field, ListType | RefsListType):
        return _LIST_OPERATORS
    if isinstance(field, ContentType):
        return _FREE_OPERATORS
    return field.operators | _TEXT_OPERATORS if field.kind is Kind.TEXT else field.operators


def _opposite(bound: Bound) -> Bound:
    """Negate a condition, within its leaf where that can say it."""
    match bound:
        case Compare(leaf, Operator.EQ, value):
            return Compare(leaf, Operator.NE, value)
        case OneOf(leaf, values, False):
            return OneOf(leaf, values, negated=True)
        case _:
            return Not(bound)


def _shown(path: Path) -> str:
    text = ".".join(path) or "$"
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
