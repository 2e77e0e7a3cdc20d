"""The routes of the selections of a collection, whose names are looked up with each request."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Request, Response

from ..errors import QueryError
from ..model.selection import Selection
from ..query.ast import Parsed
from ..query.parse_args import parse_conditions, parse_parameters
from ..query.parse_json import parse_json
from ..service.selections import page_json
from ..service.service import Service
from .items import answer
from .request import linked, query_pairs, read_json

_PARAMETERS = frozenset({"_page", "_skip", "_sort", "_cursor", "_total", "_filter"})

_SHOWN = 64  # how much of a client's text a message repeats


class SelectionViews:
    """The views of the selections of one collection.

    Args:
        service: the running backoffice.
        collection: the name of the collection.
        max_page: the largest page that may be asked for.
    """

    def __init__(self, service: Service, collection: str, max_page: int) -> None:
        self._service = service
        self._collection = service.collections[collection]
        self._max_page = max_page

    def read(self, request: Request, selection: str) -> Response:
        """GET a page of a selection."""
        return self._page(request, self._find(selection), ())

    def read_by_body(self, request: Request, selection: str) -> Response:
        """POST a filter, and have a page of a selection."""
        found = self._find(selection)
        return self._page(request, found, parse_json(read_json(request)))

    def _page(self, request: Request, selection: Selection, filters: Sequence[Parsed]) -> Response:
        pairs = query_pairs(request)
        parameters = parse_parameters(pairs, _PARAMETERS, self._max_page)
        page = page_json(self._service, selection, [*parse_conditions(pairs), *filters], parameters)
        answered = answer(
            {
                "result": page.result,
                "total": page.total,
                "_skip": parameters.skip,
                "_page": parameters.page,
                "next": page.next,
            }
        )
        return linked(answered, request, page.next)

    def _find(self, name: str) -> Selection:
        selections = self._collection.selections
        if name not in selections:
            raise QueryError(
                f"{self._collection.name!r} has no selection {name[:_SHOWN]!r}. Known: {', '.join(selections)}."
            )
        return selections[name]
