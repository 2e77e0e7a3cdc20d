"""The query string of a list: conditions and parameters.

In: pairs of key and text. Out: a list of `Condition` and the parameters, both still without knowledge of any
collection. A key that begins with `_` is a parameter, except `_id` and `_meta…`, which are fields.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from ..errors import QueryError
from ..model.paths import Path, parse_path
from .ast import COMBINATORS, OPERATORS, Condition, Operator, Parsed
from .limits import MAX_CONDITIONS
from .order import Wish, parse_sort
from .parse_json import parse_json
from .plan import Total

DEFAULT_PAGE = 10
DEFAULT_VIEW = "client"

#: LIMIT and OFFSET are 64 bit integers in every database; nobody pages that far
_MAX_SKIP = 2**53

_TOTALS = {total.value: total for total in Total}


@dataclass(frozen=True, slots=True)
class ListParameters:
    """What a list was asked for, apart from its filter.

    Attributes:
        view: the fields to show.
        page: how many items at most; 0 for as many as allowed.
        skip: how many to leave out first.
        sort: the order, not yet looked up.
        cursor: the place behind which the page begins, not yet read.
        total: how the matches are counted.
        filter: conditions besides those of the query string.
    """

    view: str = DEFAULT_VIEW
    page: int = DEFAULT_PAGE
    skip: int = 0
    sort: tuple[Wish, ...] = ()
    cursor: str | None = None
    total: Total = Total.EXACT
    filter: tuple[Parsed, ...] = ()


def parse_parameters(pairs: Iterable[tuple[str, str]], known: frozenset[str], max_page: int) -> ListParameters:
    """Read the parameters of a query string.

    Args:
        pairs: every key and text, those of fields among them.
        known: the parameters that this route has.
        max_page: the largest page that may be asked for.

    Raises:
        QueryError: naming the parameter that is unknown, repeated or wrong.
    """
    values: dict[str, str] = {}
    for key, text in pairs:
        if not is_parameter(key):
            continue
        if key not in known:
            raise QueryError(_unknown(f"There is no parameter {key[:64]!r} here.", key, known))
        if key in values:
            raise QueryError(f"The parameter {key!r} is given twice.")
        values[key] = text
    page = _whole(values, "_page", DEFAULT_PAGE, max_page)
    cursor = values.get("_cursor")
    if cursor is not None and "_skip" in values:
        raise QueryError("The parameters '_cursor' and '_skip' both say where the page begins: give one of them.")
    return ListParameters(
        view=parse_view(values),
        page=page or max_page,
        skip=_whole(values, "_skip", 0, _MAX_SKIP),
        sort=parse_sort(values.get("_sort")),
        cursor=cursor,
        total=_total(values),
        filter=_filter(values),
    )


def _total(values: Mapping[str, str]) -> Total:
    text = values.get("_total", Total.EXACT.value)
    if text not in _TOTALS:
        raise QueryError(f"The parameter '_total' must be one of {', '.join(_TOTALS)}, not {text[:32]!r}.")
    return _TOTALS[text]


def _filter(values: Mapping[str, str]) -> tuple[Parsed, ...]:
    text = values.get("_filter")
    if text is None:
        return ()
    try:
        filters: Any = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise QueryError(f"The parameter '_filter' is not JSON: {error}.") from None
    return tuple(parse_json(filters))


def parse_view(values: Mapping[str, str]) -> str:
    """Read `_view`; a `+` that a URL turned into a blank is a `+` again."""
    view = values.get("_view", DEFAULT_VIEW)
    view = "+" + view[1:] if view.startswith(" ") else view
    name = view.removeprefix("+")
    if not name or len(name) > 64 or not name.replace("_", "").replace("-", "").isalnum():
        raise QueryError("The parameter '_view' must be the name of a view, with or without a leading '+'.")
    return view


def parse_conditions(pairs: Iterable[tuple[str, str]]) -> list[Condition]:
    """Read the conditions of a query string: `path=value`, `path.$op=value`; a repeated path is one of its values.

    Raises:
        QueryError: naming the operator that isn't one; or there are too many conditions.
    """
    texts: dict[tuple[Path, Operator], list[str]] = {}
    for key, text in pairs:
        if not is_parameter(key):
            texts.setdefault(_split(key), []).append(text)
    conditions = []
    for (path, operator), values in texts.items():
        if operator in (Operator.IN, Operator.NIN) or (operator is Operator.EQ and len(values) > 1):
            several = Operator.NIN if operator is Operator.NIN else Operator.IN
            conditions.append(Condition(path, several, values, is_text=True))
        else:
            conditions.extend(Condition(path, operator, value, is_text=True) for value in values)
    if len(conditions) > MAX_CONDITIONS:
        raise QueryError(f"The filter has more than {MAX_CONDITIONS} conditions.")
    return conditions


def is_parameter(key: str) -> bool:
    """Tell a parameter from a field."""
    return key.startswith("_") and key.split(".", 1)[0] not in ("_id", "_meta")


def _split(key: str) -> tuple[Path, Operator]:
    path = parse_path(key)
    if not path[-1].startswith("$"):
        return path, Operator.EQ
    operator = OPERATORS.get(path[-1])
    if path[-1] in COMBINATORS:
        raise QueryError(
            f"The operator {path[-1]!r}, asked for by {key[:64]!r}, takes conditions, which a query string can't hold: "
            "write them as JSON into the parameter '_filter'."
        )
    if operator is None:
        raise QueryError(
            _unknown(f"There is no operator {path[-1][:64]!r}, asked for by {key[:64]!r}.", path[-1], OPERATORS)
        )
    if len(path) == 1:
        raise QueryError(f"The operator {key!r} needs a field before it, as in 'name.{key}'.")
    return path[:-1], operator


def _whole(values: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = values.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 18 or int(text) > most:
        raise QueryError(f"The parameter {name!r} must be an integer between 0 and {most}, not {text[:32]!r}.")
    return int(text)


def _unknown(message: str, name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    close = difflib.get_close_matches(name[:64], names, n=1)
    return f"{message} Did you mean {close[0]!r}?" if close else f"{message} Known: {', '.join(names) or 'none'}."
