"""The routes of a collection and of its items. Each view is a few lines: read the request, ask the service, answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import orjson
from flask import Request, Response
from werkzeug.exceptions import BadRequest

from ..errors import QueryError
from ..items.item import Item
from ..items.judging import set_prepared
from ..items.patch import patch
from ..items.views import dump_item
from ..query.parse_args import DEFAULT_VIEW, parse_conditions, parse_parameters
from ..service.delete import delete_by_id
from ..service.page import page_json
from ..service.read import get_json
from ..service.service import Service
from ..service.update import modify
from .request import linked, query_pairs, read_json, read_object

#: how many operations a PATCH may hold: each one on a list judges the list
MAX_OPERATIONS = 500

_LIST_PARAMETERS = frozenset({"_view", "_page", "_skip", "_sort", "_cursor", "_total", "_filter"})
_ITEM_PARAMETERS = frozenset({"_view"})


class ItemViews:
    """The views of one collection.

    Args:
        service: the running backoffice.
        collection: the name of the collection.
        max_page: the largest page that may be asked for.
    """

    def __init__(self, service: Service, collection: str, max_page: int) -> None:
        self._service = service
        self._collection = collection
        self._max_page = max_page

    def page(self, request: Request) -> Response:
        """GET a page of the collection."""
        pairs = query_pairs(request)
        parameters = parse_parameters(pairs, _LIST_PARAMETERS, self._max_page)
        page = page_json(self._service, self._collection, parse_conditions(pairs), parameters)
        answered = answer(
            {
                "result": page.result,
                "total": page.total,
                "_view": parameters.view,
                "_skip": parameters.skip,
                "_page": parameters.page,
                "next": page.next,
            }
        )
        return linked(answered, request, page.next)

    def create(self, request: Request) -> Response:
        """POST a new item."""
        view = self._view(request)
        body = read_object(request)
        item = self._service.create(self._collection, body)
        made = answer(self._dump(item, view), status=201)
        made.headers["Location"] = f"{request.script_root}{request.path.rstrip('/')}/{quote(item._raw['_id'], safe='')}"
        return made

    def read(self, request: Request, identifier: str) -> Response:
        """GET an item."""
        return answer(get_json(self._service, self._collection, identifier, self._view(request)))

    def modify(self, request: Request, identifier: str) -> Response:
        """PUT new values into an item; fields that are not named keep theirs."""
        view = self._view(request)
        body = read_object(request)
        return self._modified(identifier, view, lambda item: set_prepared(item, body), prepared=True)

    def patch(self, request: Request, identifier: str) -> Response:
        """PATCH an item by one operation or a list of them."""
        view = self._view(request)
        operations = read_json(request)
        if not isinstance(operations, dict | list):
            raise BadRequest("The body must be an operation, as a JSON object, or an array of operations.")
        if len(operations) > MAX_OPERATIONS:
            raise BadRequest(f"The body has {len(operations)} operations; {MAX_OPERATIONS} may be done at once.")
        return self._modified(identifier, view, lambda item: patch(item, operations))

    def delete(self, request: Request, identifier: str) -> Response:
        """DELETE an item."""
        check_parameters(request, frozenset())
        delete_by_id(self._service, self._collection, identifier)
        return answer("deleted")

    def _modified(
        self, identifier: str, view: str, apply: Callable[[Item], None], *, prepared: bool = False
    ) -> Response:
        item = modify(self._service, self._collection, identifier, apply, prepared=prepared)
        return answer(self._dump(item, view))

    def _view(self, request: Request) -> str:
        if not request.query_string:
            return DEFAULT_VIEW
        check_parameters(request, _ITEM_PARAMETERS)
        return parse_parameters(query_pairs(request), _ITEM_PARAMETERS, self._max_page).view

    def _dump(self, item: Item, view: str) -> dict[str, Any]:
        return dump_item(self._service.projection(self._collection, view), item)


def check_parameters(request: Request, known: frozenset[str]) -> None:
    """Refuse a parameter on a route that has no filter: none is dropped in silence.

    Raises:
        QueryError: naming it.
    """
    for key, _ in query_pairs(request):
        if key not in known:
            raise QueryError(f"There is no parameter {key[:64]!r} here. Known: {', '.join(sorted(known)) or 'none'}.")


def answer(body: Any, status: int = 200) -> Response:
    """Answer with JSON; instants are written in UTC as RFC 3339 does."""
    return Response(orjson.dumps(body, option=orjson.OPT_UTC_Z), status=status, mimetype="application/json")
