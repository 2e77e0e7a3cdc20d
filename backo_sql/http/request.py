"""What a request asks for: its JSON body and its query string, as plain data."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Request
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

_FORM = "application/x-www-form-urlencoded"


def read_json(request: Request) -> Any:
    """Read the JSON body.

    `curl -d` sends JSON labelled as a form. It is read as JSON only when no browser can have sent it: a form of a
    foreign page carries an `Origin`, a `Sec-Fetch-Site` or a cookie, and could otherwise write without asking
    (cross-site request forgery).

    Raises:
        UnsupportedMediaType: it is labelled as something else.
        BadRequest: it isn't JSON.
    """
    if not request.is_json and not (request.mimetype == _FORM and _from_no_browser(request)):
        raise UnsupportedMediaType("The body must be JSON: send it with the header 'Content-Type: application/json'.")
    body = request.get_data(cache=False, parse_form_data=False)
    if not body:
        raise BadRequest("The body is empty: JSON was expected.")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"The body is not JSON: {error}.") from None


def read_object(request: Request) -> dict[str, Any]:
    """Read a JSON body that must be an object.

    Raises:
        BadRequest: it is something else.
    """
    body = read_json(request)
    if not isinstance(body, dict):
        raise BadRequest(f"The body must be a JSON object, not {_JSON_NAMES.get(type(body), 'null')}.")
    return body


def query_pairs(request: Request) -> list[tuple[str, str]]:
    """Return every key and text of the query string, in order."""
    return list(request.args.items(multi=True))


_JSON_NAMES: dict[type, str] = {
    list: "an array",
    str: "a text",
    int: "a number",
    float: "a number",
    bool: "true or false",
}


def _from_no_browser(request: Request) -> bool:
    return not ("Origin" in request.headers or "Sec-Fetch-Site" in request.headers or "Cookie" in request.headers)
