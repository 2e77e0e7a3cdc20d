"""The options that all commands share, and what they choose."""

from __future__ import annotations

import click
from flask import current_app

from ..errors import DescriptionError
from ..extension import AppState, Registration, state_of

as_json = click.option("--json", "as_json", is_flag=True, help="Write JSON.")

of_backoffice = click.option("--backoffice", "name", metavar="NAME", help="Only this one, where there are several.")


def state() -> AppState:
    """Return what the application keeps of its backoffices.

    Raises:
        DescriptionError: it has none.
    """
    return state_of(current_app._get_current_object())  # type: ignore[attr-defined]


def chosen(name: str | None) -> list[Registration]:
    """Return the registrations of one backoffice, or of all.

    Raises:
        DescriptionError: there is none of that name.
    """
    registrations = state().registrations
    found = [each for each in registrations if name is None or each.backoffice.name == name]
    if not found:
        known = ", ".join(state().backoffices)
        raise DescriptionError(f"This application has no backoffice {name!r}. It has: {known}.")
    return found
