"""The settings of an application: what is read from its config, once, and never changes afterwards.

In: a mapping, such as `app.config`. Out: a `Config`. Every key begins with `BACKO_SQL_`; one that isn't known is an
error, so that a misspelt key is noticed when the application starts and not when somebody misses its effect.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from types import MappingProxyType
from typing import Any

from .errors import DescriptionError

#: All our keys begin so.
BEGINNING = "BACKO_SQL_"

#: how long a statement may take, in seconds, unless the connector or the config says otherwise
STATEMENT_TIMEOUT = 30.0

#: the longest time that may be asked for: PostgreSQL keeps milliseconds in 31 bits
LONGEST_TIMEOUT = 2_000_000

#: the largest page that may be asked for, unless the config says otherwise
MAX_PAGE = 1000


def _no_entries() -> Mapping[str, Any]:
    return MappingProxyType({})


def _url(key: str, value: object) -> Any:
    # Texts and URL objects of SQLAlchemy, which says itself what is wrong with one.
    if isinstance(value, str) and not value.strip():
        raise DescriptionError(f"{key} is an empty text: give a URL such as 'sqlite:///library.db', or leave it out.")
    if isinstance(value, bool | int | float | bytes | list | tuple | dict):
        raise DescriptionError(f"{key} takes a URL such as 'sqlite:///library.db', not {_shown(value)}.")
    return value


def _urls(key: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise DescriptionError(f"{key} takes a dict of URLs by the names of backoffices, not {_shown(value)}.")
    return MappingProxyType({name: _url(f"{key}[{name!r}]", url) for name, url in value.items()})


def _options(key: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise DescriptionError(f"{key} takes a dict of options of sqlalchemy.create_engine, not {_shown(value)}.")
    return MappingProxyType(dict(value))


def _text(key: str, value: object) -> str:
    if not isinstance(value, str):
        raise DescriptionError(f"{key} takes a text, not {_shown(value)}.")
    return value


def _folder(key: str, value: object) -> str:
    text = str(value) if hasattr(value, "__fspath__") else _text(key, value)
    if not text:
        raise DescriptionError(f"{key} is an empty text: name a folder, or leave it out.")
    return text


def _positive(key: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise DescriptionError(f"{key} must be an integer of at least 1, not {_shown(value)}.")
    return value


def _timeout(key: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LONGEST_TIMEOUT:
        raise DescriptionError(f"{key} takes seconds, from 0 (no limit) to {LONGEST_TIMEOUT}, not {_shown(value)}.")
    return float(value)


def _shown(value: object) -> str:
    """Show a wrong value by its type where it may hold a password."""
    return repr(value) if value is None or isinstance(value, bool | int | float) else f"a {type(value).__name__}"


@dataclass(frozen=True, kw_only=True)
class Config:
    """The settings of one application. Each is read from the key of its name in upper case: `BACKO_SQL_URL`.

    What may hold a password is not shown when it is printed.

    Attributes:
        url: the database of every `DBSQLConnector()` without a URL.
        urls: databases by the names of backoffices, where an application has several; goes before `url`.
        engine_options: what `sqlalchemy.create_engine` takes besides the URL, such as `{"pool_size": 10}`.
        prefix: stands before the name of the backoffice in every URL.
        max_page: the largest page that a client may ask for.
        statement_timeout: how many seconds a statement may take, 0 for as long as it likes.
        migrations: the folder of the migrations, seen from where a command is run, or absolute.
    """

    url: Any = field(default=None, repr=False, metadata={"read": _url})
    urls: Mapping[str, Any] = field(default_factory=_no_entries, repr=False, metadata={"read": _urls})
    engine_options: Mapping[str, Any] = field(default_factory=_no_entries, repr=False, metadata={"read": _options})
    prefix: str = field(default="", metadata={"read": _text})
    max_page: int = field(default=MAX_PAGE, metadata={"read": _positive})
    statement_timeout: float = field(default=STATEMENT_TIMEOUT, metadata={"read": _timeout})
    migrations: str = field(default="migrations", metadata={"read": _folder})


#: Every key, with the field of `Config` that it is read into.
KEYS: Mapping[str, Field[Any]] = MappingProxyType({f"{BEGINNING}{each.name.upper()}": each for each in fields(Config)})


def read_config(settings: Mapping[str, Any]) -> Config:
    """Read the settings of an application.

    Args:
        settings: such as `app.config`; what doesn't begin with `BACKO_SQL_` is not ours. A key that is `None` counts
            as not there.

    Raises:
        DescriptionError: a value is wrong, or a key isn't known; the right one is suggested.
    """
    values: dict[str, Any] = {}
    for key, value in settings.items():
        if not str(key).startswith(BEGINNING):
            continue
        if key not in KEYS:
            # Their beginning is the same in all of them and would make any two look alike.
            names = [name.removeprefix(BEGINNING) for name in KEYS]
            close = difflib.get_close_matches(key.removeprefix(BEGINNING), names, n=1)
            remedy = f"Is it {BEGINNING}{close[0]}?" if close else f"Known: {', '.join(sorted(KEYS))}."
            raise DescriptionError(f"There is no config key {key}. {remedy}")
        if value is not None:
            values[KEYS[key].name] = KEYS[key].metadata["read"](key, value)
    return Config(**values)
