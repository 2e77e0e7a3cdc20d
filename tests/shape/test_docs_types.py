"""The page of types and options leaves none of them out, says nothing of others, and its examples run."""

from __future__ import annotations

import re
from pathlib import Path

from backo_sql.types.calls import _FORMS
from backo_sql.types.options import _RIGHTS, COMMON, OPTIONS
from backo_sql.types.registry import PUBLIC_TYPES

PAGE = (Path(__file__).parents[2] / "docs" / "types.md").read_text()

#: the keyword arguments that are about a link, which no table of options lists
LINK_KEYWORDS = {"coll", "field", "owner", "ods", "ofs"}


def rows(title: str) -> list[list[str]]:
    """Return the cells of the table below a heading, without its head."""
    section = re.split(rf"(?m)^## {re.escape(title)}$", PAGE)[1]
    section = re.split(r"(?m)^## ", section)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_every_type_is_in_the_table() -> None:
    described = [name for row in rows("Types") for name in names(row[0])]

    assert sorted(described) == sorted(PUBLIC_TYPES)


def test_every_common_option_is_in_the_table_with_its_other_names() -> None:
    described = {
        frozenset(names(row[0]) + names(row[1]))
        for row in rows("Options that every type takes")
        if "can_" not in row[0]
    }

    assert described == {frozenset(option.names) for option in OPTIONS if option.attribute in COMMON}


def test_every_right_is_in_the_table_with_its_other_names() -> None:
    described = {
        name for row in rows("Options that every type takes") if "can_" in row[0] for name in names(row[0] + row[1])
    }

    assert described == {*_RIGHTS, *(f"can_{right}" for right in _RIGHTS.values()), "can_…"}


def test_every_option_of_some_types_is_in_the_table_with_its_other_names() -> None:
    described = {name for row in rows("Options of some types") for name in names(row[0]) + names(row[1])}

    assert described == {name for option in OPTIONS if option.attribute not in COMMON for name in option.names}


def test_each_type_is_told_with_its_own_options() -> None:
    first_name = {option.attribute: option.names[0] for option in OPTIONS}
    for row in rows("Types"):
        (name,) = names(row[0])
        if name in ("Ipaddress", "Ipnetwork"):
            continue
        own = getattr(PUBLIC_TYPES[name], "own_options", None)
        if own is not None:
            assert set(names(row[5])) - LINK_KEYWORDS == {first_name[attribute] for attribute in own}, name


def test_every_form_of_a_function_is_told() -> None:
    told = {option: names(row[1]) for row in rows("Functions in options") for option in names(row[0])}
    for place, forms in _FORMS.items():
        option = {"constraints": "constraint"}.get(place, place)

        assert told[option] == [f"({', '.join(form)})" for form in forms]


def test_the_examples_run() -> None:
    scope: dict[str, object] = {"__name__": "docs"}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        if "product.extra" in block:  # it needs an item that is stored
            continue
        exec(block, scope)
