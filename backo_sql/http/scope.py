"""Each request of an application has a current user of its own, which ends with it."""

from __future__ import annotations

from contextlib import ExitStack

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
    stack = ExitStack()
    stack.enter_context(current_user.scope())
    g.setdefault(_KEY, []).append(stack)


def _close(_error: BaseException | None) -> None:
    stacks = g.get(_KEY)
    if stacks:
        stacks.pop().close()
