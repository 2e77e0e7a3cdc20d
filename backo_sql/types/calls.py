"""Functions in a description, called by how many parameters they take.

In: a function as a user wrote it. Out: a function with the full signature of its place, so that whoever calls it need
not ask. A function that no form fits is a `DescriptionError` that lists the forms.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import DescriptionError, PathNotFoundError, QueryError

Function = Callable[..., Any]

#: what the library raises about what it was asked: by the code of a description it is a slip, and no client's fault
_SLIPS = (PathNotFoundError, QueryError)

#: For each place, which of the arguments that it offers go to a function of so many parameters.
#: The arguments are offered by name, so that the table reads as the documentation does.
_FORMS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "default": ((), ("root",)),
    "transform": (("value",), ("value", "root"), ("root", "value", "old")),
    "constraints": (("value",), ("value", "root"), ("root", "value", "old")),
    "in": ((), ("root",), ("value", "root")),
    "min": ((), ("root",), ("value", "root")),
    "max": ((), ("root",), ("value", "root")),
    "pattern": ((), ("root",), ("value", "root"), ("field", "value", "root")),
    "exists": ((), ("root",), ("value", "root")),
    "set": ((), ("root",)),
    "onchange": (("old", "value"), ("old", "value", "root")),
}


def by_parameters(place: str, function: Function) -> Function:
    """Return a function that takes every argument its place offers, by keyword, and passes on those that are wanted.

    Args:
        place: the option that holds the function, as `_FORMS` names it.
        function: as the user wrote it.

    Raises:
        DescriptionError: it takes a number of parameters that no form has.
    """
    forms = {len(form): form for form in _FORMS[place]}
    count = _parameters(function, most=max(forms))
    form = forms[min(forms)] if count is None else forms.get(count)
    if form is None:
        listed = ", ".join(f"({', '.join(names)})" for names in forms.values())
        raise DescriptionError(f"The function of option {place!r} takes one of {listed}: {function!r} fits none.")
    names = form

    def call(**offered: Any) -> Any:
        try:
            return function(*(offered[name] for name in names))
        except _SLIPS as error:
            raise _slip(f"The function of option {place!r}", error) from error

    call.__wrapped__ = function  # type: ignore[attr-defined]
    return call


def _parameters(function: Function, most: int) -> int | None:
    """Count the positional parameters that a function must be given; one that takes any number gets them all."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # a builtin without a signature, such as `dict` or `int`
        return None
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
        return most
    positional = [
        parameter
        for parameter in parameters
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]
    return sum(1 for parameter in positional if parameter.default is parameter.empty)


def as_handler(function: Function) -> Function:
    """Return a handler of events that takes any details, and passes on those that the function can take.

    A handler is called as `function(event_name, root, me, **details)`.
    """
    try:
        parameters = tuple(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        parameters = ()
    takes_all = not parameters or any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
    names = {parameter.name for parameter in parameters if parameter.kind is not parameter.POSITIONAL_ONLY}

    def call(event: str, root: Any, me: Any, **details: Any) -> Any:
        given = details if takes_all else {name: value for name, value in details.items() if name in names}
        try:
            return function(event, root, me, **given)
        except _SLIPS as error:
            raise _slip(f"A handler of {event!r}", error) from error

    return call


def as_hook(name: str, hook: Function) -> Function:
    """Return a hook whose slips are told as those of the description."""

    def call(whole: Any) -> Any:
        try:
            return hook(whole)
        except _SLIPS as error:
            raise _slip(f"The hook {name}", error) from error

    return call


def _slip(who: str, error: Exception) -> DescriptionError:
    return DescriptionError(f"{who} asks for what isn't there, or can't be understood: {error}")
