"""What a request asks for: its JSON body and its query string, as plain data."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, unquote_to_bytes

import orjson
from flask import Request, Response
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

_FORM = "application/x-www-form-urlencoded"

#: what the link to the next page says anew
_REPLACED = frozenset({b"_skip", b"_cursor"})

#: text that can stand in a URL as it is, without a closer look
_PLAIN = re.compile(r"[A-Za-z0-9_.$=&/-]*")

#: what may stand in a query string as it is (RFC 3986), and what is escaped there already
_SAFE = "%!$&'()*+,;=:@/?-._~"


def read_json(request: Request) -> Any:
    """Read the JSON body.

    `curl -d` sends JSON labelled as a form. It is read as JSON only when no browser can have sent it: a form of a
    foreign page carries an `Origin`, a `Sec-Fetch-Site` or a cookie, and could otherwise write without asking
    (cross-site request forgery).

    Raises:
        UnsupportedMediaType: it is labelled as something else.
        BadRequest: it isn't JSON.
    """
    is_json = request.environ.get("CONTENT_TYPE") == "application/json" or request.is_json
    if not is_json and not (request.mimetype == _FORM and _from_no_browser(request)):
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
    """Return every key and text of the query string, in order.

    Raises:
        BadRequest: it holds bytes that are no text.
    """
    try:
        return list(request.args.items(multi=True))
    except UnicodeDecodeError:
        raise BadRequest("The query string is not UTF-8.") from None


def linked(answer: Response, request: Request, cursor: str | None) -> Response:
    """Say in an answer where the next page is (RFC 8288): at the same URL, with a cursor in the place of `_skip`.

    Args:
        answer: the page, to which a `Link` is added.
        request: what asked for it.
        cursor: of the next page; `None` where there is none.
    """
    if cursor is None:
        return answer
    path = f"{request.script_root}{request.path}"
    if not _PLAIN.fullmatch(path):
        path = quote(path, safe="/")
    kept = [part for part in request.query_string.split(b"&") if part and _name(part) not in _REPLACED]
    query = b"&".join(kept).decode("latin-1")
    if not _PLAIN.fullmatch(query):
        query = quote(query, safe=_SAFE, encoding="latin-1")
    answer.headers["Link"] = f'<{path}?{query}{"&" if query else ""}_cursor={cursor}>; rel="next"'
    return answer


def _name(part: bytes) -> bytes:
    name = part.partition(b"=")[0]
    return unquote_to_bytes(name) if b"%" in name else name


_JSON_NAMES: dict[type, str] = {
    list: "an array",
    str: "a text",
    int: "a number",
    float: "a number",
    bool: "true or false",
}


def _from_no_browser(request: Request) -> bool:
    return not ("Origin" in request.headers or "Sec-Fetch-Site" in request.headers or "Cookie" in request.headers)
