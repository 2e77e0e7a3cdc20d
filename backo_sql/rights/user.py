"""`current_user`: who is asking, in this context and nowhere else.

The user lives in a context variable: a request starts as the user of the surrounding context, else as the anonymous
one, and what it sets ends with it. Nothing is kept in the process.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token
from types import MappingProxyType
from typing import Any, Self

from ..items.containers import Dict
from ..items.live import Live
from ..items.sequences import List
from ..types.base import FieldType
from ..types.container import DictType, ListType
from ..types.text import String

ANONYMOUS_ID = "000"
ANONYMOUS_LOGIN = "ANONYMOUS"


class CurrentUser(Dict):
    """A user: `_id`, `login` and `roles`. Without values it is the anonymous one.

    Args:
        obj: another user whose values are copied.
    """

    __slots__ = ()

    def __init__(self, obj: CurrentUser | None = None) -> None:
        fields: dict[str, FieldType[Any]] = {
            "_id": String(default=ANONYMOUS_ID),
            "login": String(default=ANONYMOUS_LOGIN),
            "roles": ListType(String(), List, default=[]),
        }
        type_ = DictType(MappingProxyType(fields), type(self))
        self._attach(type_, type_.blank() if obj is None else obj.get_value(), None, None)

    def has_role(self, role: str | Iterable[str]) -> bool:
        """Tell whether the user has a role, or any of several."""
        wanted = {role} if isinstance(role, str) else set(role)
        return not wanted.isdisjoint(self.roles)

    def is_anonymous(self) -> bool:
        """Tell whether nobody is logged in."""
        return bool(self._id == ANONYMOUS_ID)

    def _copy(self) -> Self:
        other = type(self).__new__(type(self))
        other._attach(self._type, self.get_value(), None, None)
        return other


_ANONYMOUS = CurrentUser()
_user: ContextVar[CurrentUser] = ContextVar("backo_sql_current_user", default=_ANONYMOUS)


class CurrentUserWrapper:
    """The one object behind the name `current_user`: whatever is asked of it is asked of the user of this context.

    Example:
        >>> with current_user.acting_as({"_id": "1", "login": "ada", "roles": ["ADMIN"]}):
        ...     current_user.has_role("ADMIN")
        True
    """

    __slots__ = ()

    def set(self, values: Mapping[str, Any]) -> None:
        """Say who is asking, until the end of the request or of the surrounding `acting_as`.

        Args:
            values: any of `_id`, `login` and `roles`; what is left out stays.

        Raises:
            ValidationError: naming every field at fault; the user stays who it was.
        """
        user = _user.get()._copy()
        user.set(values)
        _user.set(user)

    def logout(self) -> None:
        """Be anonymous again."""
        _user.set(_ANONYMOUS)

    @contextmanager
    def acting_as(self, values: Mapping[str, Any]) -> Iterator[CurrentUser]:
        """Be somebody for a while: in scripts and tests."""
        user = _ANONYMOUS._copy()
        user.set(values)
        token = _user.set(user)
        try:
            yield user
        finally:
            _user.reset(token)

    def begin_scope(self) -> Token[CurrentUser]:
        """Note who is asking now; `end_scope` undoes what is set until then."""
        return _user.set(_user.get())

    def end_scope(self, token: Token[CurrentUser]) -> None:
        """Be again who asked when the scope was begun."""
        _user.reset(token)

    def __getattr__(self, name: str) -> Any:
        value = getattr(_user.get(), name)
        # The anonymous user is one object for everybody: nobody may change it in place.
        return value.copy() if isinstance(value, Live) else value

    def __setattr__(self, name: str, value: Any) -> None:
        user = _user.get()._copy()
        setattr(user, name, value)
        _user.set(user)

    def __repr__(self) -> str:
        return f"<current_user {_user.get().login}>"


current_user = CurrentUserWrapper()


def current() -> CurrentUser:
    """Return the user of this context, as it is now: a copy, which can be changed without harm."""
    return _user.get()._copy()


def who() -> tuple[str, str]:
    """Return the `_id` and `login` of the current user, for stamps."""
    user = _user.get()
    return user._id, user.login
