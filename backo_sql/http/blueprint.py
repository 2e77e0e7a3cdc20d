"""One blueprint per backoffice: which URL and method leads to which view.

Every rule takes any method, and the blueprint answers for all URLs below its own: so that a wrong method or a wrong
path is a problem document like any other error, and the host application's error pages stay its own.
"""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, cast

from flask import Blueprint, Flask, Response, request
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.routing import Rule

from ..config import read_config
from ..errors import DescriptionError, NotFoundError
from ..model.metadata import describe_model
from ..model.registry import Backoffice
from ..service.service import Service
from .failures import answer_error
from .items import ItemViews, answer, check_parameters
from .scope import scope_requests
from .selections import SelectionViews

_log = logging.getLogger("backo_sql.http")

View: TypeAlias = Callable[..., ResponseReturnValue]


def build_routes(backoffice: Backoffice, app: Flask, prefix: str = "", verify: Any = None) -> None:
    """Make the routes of a backoffice on an application; see `Backoffice.build_routes`."""
    if not isinstance(app, Flask):
        raise DescriptionError(f"build_routes takes a Flask application, not {app!r}.")
    service = cast("Service", backoffice.service)
    base = base_url(backoffice, prefix)
    before = base.strip("/").rpartition("/")[0]
    name = f"backo_sql_{before.replace('/', '_').replace('.', '_')}_{backoffice.name}"
    if name in app.blueprints:
        raise DescriptionError(f"The routes of {backoffice.name!r} are built into this application already.")
    blueprint = Blueprint(name, __name__, url_prefix=base)
    guard = _guard(verify)
    if verify is None:
        _log.warning("The routes of %r are open to everybody: nothing verifies who asks.", backoffice.name)
    max_page = read_config(app.config).max_page
    for position, (path, methods) in enumerate(views_by_path(service, max_page).items()):
        _add(blueprint, path, f"route{position}", guard(_dispatch(methods)))
    scope_requests(app)
    app.register_blueprint(blueprint)


def base_url(backoffice: Backoffice, prefix: str = "") -> str:
    """Return where the routes of a backoffice begin: `/api/library`."""
    return "".join(f"/{part}" for part in (*(prefix or "").split("/"), backoffice.name) if part)


def views_by_path(service: Service, max_page: int) -> dict[str, Mapping[str, View]]:
    """Return the views of each path by method; the docstring of a view says what it does."""
    routes: dict[str, Mapping[str, View]] = {"/_meta": {"GET": functools.partial(_meta, service)}}
    for name in service.collections:
        views = ItemViews(service, name, max_page)
        selections = SelectionViews(service, name, max_page)
        paths: dict[str, Mapping[str, View]] = {
            f"/{name}": {"GET": views.page, "POST": views.create},
            f"/{name}/<identifier>": {
                "GET": views.read,
                "PUT": views.modify,
                "PATCH": views.patch,
                "DELETE": views.delete,
            },
            f"/{name}/_selections/<selection>": {"GET": selections.read, "POST": selections.read_by_body},
        }
        for path, methods in paths.items():
            asked = {method: _asked(name, view) for method, view in methods.items()}
            routes[path] = routes[f"/coll{path}"] = asked
    routes["/"] = {}
    routes["/<path:anything>"] = {}
    return routes


def _asked(collection: str, view: View) -> View:
    """Make a view of which a 404 is about the item of its URL.

    That the code of a description asks for another item that isn't there is its own mistake; what it raises by itself
    is its answer.
    """

    @functools.wraps(view)
    def asked(request: Any, **arguments: Any) -> ResponseReturnValue:
        try:
            return view(request, **arguments)
        except NotFoundError as error:
            if error.item in (None, (collection, arguments.get("identifier"))):
                raise
            raise DescriptionError(f"A function of the description asks for what isn't there: {error}") from error

    return asked


def _meta(service: Service, request: Any) -> Response:
    """GET the descriptions of all collections."""
    check_parameters(request, frozenset())
    selections = {name: tuple(each.selections.values()) for name, each in service.collections.items()}
    return answer(describe_model(service.model, selections))


def _dispatch(methods: Mapping[str, View]) -> View:
    """Make the view of a path, which chooses by method."""
    allowed = sorted({*methods, *(("HEAD",) if "GET" in methods else ()), "OPTIONS"})

    def view(**arguments: Any) -> ResponseReturnValue:
        asked = request._get_current_object()  # type: ignore[attr-defined]  # the views look at it many times
        if not methods:
            raise NotFound(f"There is nothing at {asked.path}.")
        if asked.method == "OPTIONS":
            return Response(status=204, headers={"Allow": ", ".join(allowed)})
        chosen = methods.get("GET" if asked.method == "HEAD" else asked.method)
        if chosen is None:
            raise MethodNotAllowed(
                allowed, f"{asked.path} has no method {asked.method[:32]}. It has: {', '.join(allowed)}."
            )
        return chosen(asked, **arguments)

    return view


def _guard(verify: Any) -> Callable[[View], View]:
    """Return what puts the host's check in front of a view, and our errors around both."""
    if verify is None:
        return _with_errors
    if not callable(verify):
        raise DescriptionError(f"build_routes takes a function as its third argument, not {verify!r}.")
    parameters = len(inspect.signature(verify).parameters)
    if parameters > 1:
        raise DescriptionError("The function that verifies takes no parameter, or one if it is a decorator.")

    def guard(view: View) -> View:
        if parameters:
            return _with_errors(verify(view))

        def checked(**arguments: Any) -> ResponseReturnValue:
            refusal: ResponseReturnValue | None = verify()
            return view(**arguments) if refusal is None else refusal

        return _with_errors(checked)

    return guard


def _with_errors(view: View) -> View:
    def answered(**arguments: Any) -> ResponseReturnValue:
        try:
            return view(**arguments)
        except (Exception, HTTPException) as error:
            return answer_error(error)

    return answered


def _add(blueprint: Blueprint, path: str, endpoint: str, view: View) -> None:
    def register(state: BlueprintSetupState) -> None:
        name = f"{blueprint.name}.{endpoint}"
        url = f"{state.url_prefix or ''}{path}"
        state.app.url_map.add(Rule(url, endpoint=name, methods=None, strict_slashes=False))
        state.app.view_functions[name] = view

    blueprint.record(register)
