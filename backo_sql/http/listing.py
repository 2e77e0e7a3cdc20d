"""The routes of a backoffice as a list, for people: which method and path does what."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from ..model.registry import Backoffice
from ..service.service import Service
from .blueprint import View, base_url, views_by_path

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True, slots=True)
class Route:
    """One method on one path.

    Attributes:
        method: such as `GET`.
        path: from the root of the application, with `<…>` where something is to be put in.
        collection: whose route it is; none where it is of the whole backoffice.
        does: a sentence.
    """

    method: str
    path: str
    collection: str | None
    does: str


def list_routes(backoffice: Backoffice, prefix: str = "") -> Iterator[Route]:
    """Visit the routes of a backoffice, each under one of its paths."""
    service = cast("Service", backoffice.service)
    base = base_url(backoffice, prefix)
    for path, methods in views_by_path(service, max_page=1).items():
        first = path.strip("/").partition("/")[0]
        if first == "coll":  # another way to write the same
            continue
        for method in sorted(methods, key=_METHODS.index):
            collection = first if first in service.collections else None
            yield Route(method, f"{base}{path}", collection, _does(methods[method]))


def _does(view: View) -> str:
    text = inspect.getdoc(getattr(view, "func", view)) or ""
    return text.partition("\n")[0]
