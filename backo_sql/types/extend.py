"""Types of a user's own: `Extend`."""

from __future__ import annotations

import copy
import inspect
import json
import math
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from ..errors import DescriptionError, Fault, FaultKind, ValidationError
from .base import EQUALITY, ORDERING, FieldType
from .compound import refuse_column_options
from .free import convert_content
from .kinds import Kind
from .number import MAX_INTEGER, MIN_INTEGER

#: The kinds whose values JSON writes as they are: what such a field stores is its JSON form. A field of another kind
#: stores the Python value itself.
_JSON_KINDS: Mapping[Kind, str] = {
    Kind.TEXT: "a text",
    Kind.INTEGER: "an int of 64 bits",
    Kind.REAL: "a finite float",
    Kind.BOOLEAN: "True or False",
    Kind.JSON: "what JSON can hold",
}

#: What a conversion may raise about a value that is none of its type.
_REFUSALS = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError)


class Extend(FieldType[Any]):
    """The base of a type of one's own, which wraps a Python class.

    A subclass says with `__json_encode__` and `__json_decode__` how a value is written in JSON. It is stored in that
    form, in the column of its `kind`: a text unless the class says otherwise. Treat values as immutable: an item
    notices a new value, not a change inside an old one. Two values that compare equal count as the same.

    A subclass may also set
        kind: the `Kind` in which it is stored;
        ordered: True where the stored form sorts as the values do, so that `$lt` and its like make sense;
    and override `check_type` and `check_constraints`, which call the parent first and raise a `ValueError` or a
    `TypeError` with a message for the sender.

    Args:
        python_class: the class of the values.
        options: the common options of every field.

    Example:
        >>> class Version(Extend):
        ...     def __init__(self, **options):
        ...         super().__init__(tuple, **options)
        ...     def __json_encode__(self, value):
        ...         return ".".join(map(str, value))
        ...     def __json_decode__(self, text):
        ...         return tuple(int(part) for part in text.split("."))
        >>> Version().load("1.12")
        (1, 12)
    """

    kind: ClassVar[Kind] = Kind.TEXT
    ordered: ClassVar[bool] = False
    dumps_natively = False
    encodes_natively = False

    def __init__(self, python_class: type, **options: Any) -> None:
        wrapped: Any = python_class
        kind: Any = self.kind
        if not isinstance(wrapped, type):
            raise DescriptionError(f"{self.type_name()} wraps a Python class, not {wrapped!r}.")
        if not isinstance(kind, Kind) or kind in (Kind.LINK, Kind.LINKS, Kind.STRUCTURE):
            raise DescriptionError(f"{self.type_name()}.kind is {kind!r}: a Kind of a column was expected.")
        for method in ("__json_encode__", "__json_decode__"):
            if not hasattr(self, method):
                raise DescriptionError(
                    f"{self.type_name()} needs a method {method}: how are its values written in JSON?"
                )
        self.python_class = python_class
        self.operators = EQUALITY | ORDERING if self.ordered else EQUALITY  # type: ignore[misc]
        self._encode_takes_value = len(inspect.signature(self.__json_encode__).parameters) > 0
        super().__init__(**options)

    # -- what a subclass says ----------------------------------------------------------------------

    #: Returns the JSON form of the value that it is given; without a parameter, of the one that `get_value()` returns.
    __json_encode__: Callable[..., Any]

    #: Returns the value of the JSON form that it is given, or raises a `ValueError`.
    __json_decode__: Callable[..., Any]

    def check_type(self, value: Any) -> None:
        """Refuse a value of a wrong type; raise a `ValueError` or a `TypeError`."""
        if not isinstance(value, self.python_class):
            raise self.wrong_type(self.python_class.__name__, value)

    def check_constraints(self, value: Any) -> None:
        """Refuse a value that breaks a rule of the type; raise a `ValueError`."""

    # -- the contract of a type --------------------------------------------------------------------

    def check_options(self) -> None:
        """Refuse what a document can't have."""
        if self.kind is Kind.JSON:
            refuse_column_options(self)

    def convert(self, value: Any) -> Any:
        """Accept an instance of the wrapped class, or its JSON form."""
        try:
            if not isinstance(value, self.python_class) and self._is_json_form(value):
                value = self.__json_decode__(value)
            self.check_type(value)
        except _REFUSALS as error:
            raise _fault(error, FaultKind.TYPE, f"Must be {self.python_class.__name__}.") from None
        return value

    def check_limits(self, value: Any) -> None:
        """Check the rules of the type, and that the value can be stored."""
        try:
            self.check_constraints(value)
        except _REFUSALS as error:
            raise _fault(error, FaultKind.CONSTRAINT, "Breaks a rule of its type.") from None
        self._check_stored(self.dump(value))

    def dump(self, value: Any) -> Any:
        """Return what `__json_encode__` makes of a value."""
        if self._encode_takes_value:
            return self.__json_encode__(value)
        holder = copy.copy(self)  # the description is shared: a copy of it holds the value meanwhile
        holder._value = value
        return holder.__json_encode__()

    def encode(self, value: Any) -> Any:
        """Return what is stored: the JSON form where the kind has one."""
        return self.dump(value) if self.kind in _JSON_KINDS else value

    def decode(self, stored: Any) -> Any:
        """Return the value of what was stored."""
        return self.__json_decode__(stored) if self.kind in _JSON_KINDS else stored

    def restore(self, stored: Any) -> Any:
        """Return the value of a JSON form."""
        return self.__json_decode__(stored)

    def parse(self, text: str) -> Any:
        """Read the JSON form from a query string: a text, or JSON where the form is no text."""
        if self.kind in _JSON_KINDS and self.kind is not Kind.TEXT:
            try:
                return self.convert(json.loads(text))
            except (ValueError, RecursionError):
                raise Fault(f"Must be {self.python_class.__name__}.", FaultKind.TYPE) from None
        return self.convert(text)

    def _is_json_form(self, value: Any) -> bool:
        if self.kind is Kind.TEXT or self.kind not in _JSON_KINDS:
            return isinstance(value, str)
        return isinstance(value, str | int | float | bool | list | dict)

    def _check_stored(self, written: Any) -> None:
        """Refuse a JSON form that a column of the kind could not keep."""
        match self.kind:
            case Kind.TEXT:
                fits = isinstance(written, str)
            case Kind.INTEGER:
                fits = type(written) is int and MIN_INTEGER <= written <= MAX_INTEGER
            case Kind.REAL:
                fits = isinstance(written, float) and math.isfinite(written)
            case Kind.BOOLEAN:
                fits = isinstance(written, bool)
            case _:
                fits = True
        if self.kind is Kind.JSON or isinstance(written, str):
            convert_content(written)
        if not fits:
            raise DescriptionError(
                f"{type(self).__name__}.__json_encode__ returned {written!r}: "
                f"{_JSON_KINDS[self.kind]} was expected, as its kind is {self.kind}."
            )


def _fault(error: Exception, kind: FaultKind, otherwise: str) -> Fault:
    """Turn what a user's check raised into a `Fault` with the same words."""
    if isinstance(error, ValidationError):
        words = " ".join(text for texts in error.messages.values() for text in texts)
    elif isinstance(error, LookupError | AttributeError | ArithmeticError):
        words = ""  # it speaks of the code, not of the value
    else:
        words = str(error)
    return Fault(words or otherwise, kind)
