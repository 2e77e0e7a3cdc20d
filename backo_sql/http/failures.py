"""Every error as a problem document (RFC 9457), and the status that each class has."""

from __future__ import annotations

import logging
import uuid
from http import HTTPStatus
from typing import Any

import orjson
from flask import Response
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from ..errors import (
    BackoError,
    BusyError,
    ConflictError,
    DBError,
    DescriptionError,
    NotFoundError,
    PathNotFoundError,
    QueryError,
    RightsError,
    SessionError,
    ValidationError,
)
from ..rights.user import current_user

_log = logging.getLogger("backo_sql.http")

#: The first class that fits decides.
STATUSES: tuple[tuple[type[BackoError], HTTPStatus], ...] = (
    (ValidationError, HTTPStatus.BAD_REQUEST),
    (QueryError, HTTPStatus.BAD_REQUEST),
    (NotFoundError, HTTPStatus.NOT_FOUND),
    (PathNotFoundError, HTTPStatus.BAD_REQUEST),
    (SessionError, HTTPStatus.UNAUTHORIZED),
    (RightsError, HTTPStatus.FORBIDDEN),
    (ConflictError, HTTPStatus.CONFLICT),
    (BusyError, HTTPStatus.SERVICE_UNAVAILABLE),
    (DBError, HTTPStatus.INTERNAL_SERVER_ERROR),
    (DescriptionError, HTTPStatus.INTERNAL_SERVER_ERROR),
    (BackoError, HTTPStatus.BAD_REQUEST),
)

#: how many seconds a client is asked to wait when the database is busy
RETRY_AFTER = 5


def problem(status: int, detail: str, errors: dict[str, list[str]] | None = None, **members: Any) -> Response:
    """Make the answer that says what went wrong.

    Args:
        status: the HTTP status.
        detail: a sentence about this very request.
        errors: the fields at fault by path.
        members: further members of the document.
    """
    body: dict[str, Any] = {"title": HTTPStatus(status).phrase, "status": int(status), "detail": detail, **members}
    if errors:
        body["errors"] = errors
    return Response(orjson.dumps(body), status=status, mimetype="application/problem+json")


def answer_error(error: Exception) -> Response:
    """Turn whatever a view raised into a problem document; nothing of the inside is shown."""
    if isinstance(error, HTTPException):
        return _from_werkzeug(error)
    if isinstance(error, BackoError):
        status = next(status for kind, status in STATUSES if isinstance(error, kind))
        if isinstance(error, RightsError) and not error.ever and current_user.is_anonymous():
            status = HTTPStatus.UNAUTHORIZED
        if status < HTTPStatus.INTERNAL_SERVER_ERROR:
            errors = getattr(error, "messages", None)
            detail = "The data is not valid." if isinstance(error, ValidationError) else str(error)
            return problem(status, detail, errors)
        if isinstance(error, BusyError):
            _log.warning("request refused: %s", error, exc_info=error)
            busy = problem(status, str(error))
            busy.headers["Retry-After"] = str(RETRY_AFTER)
            return busy
    identifier = uuid.uuid4().hex
    _log.error("request failed, identifier %s", identifier, exc_info=error)
    return problem(500, "The server failed. Its log has the details under this identifier.", identifier=identifier)


def _from_werkzeug(error: HTTPException) -> Response:
    if error.response is not None and isinstance(error.response, Response):
        return error.response
    status = error.code or 500
    answer = problem(status, error.description or HTTPStatus(status).phrase)
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        answer.headers["Allow"] = ", ".join(error.valid_methods)
    return answer
