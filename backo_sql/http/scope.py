"""Each request of an application has a current user of its own, which ends with it."""

from __future__ import annotations

from flask import Flask, g

from ..rights.user import current_user

_KEY = "backo_sql_user_scope"


def scope_requests(app: Flask) -> None:
    """Open a scope before anything else of a request runs, so that a login of the host's own ends with it too."""
    if app.extensions.get(_KEY):
        return
    app.extensions[_KEY] = True
    app.before_request_funcs.setdefault(None, []).insert(0, _open)
    app.teardown_request(_close)


def _open() -> None:
    g.setdefault(_KEY, []).append(current_user.begin_scope())


def _close(_error: BaseException | None) -> None:
    tokens = g.get(_KEY)
    if tokens:
        current_user.end_scope(tokens.pop())
