"""What commands write: tables for people, JSON for programs."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any

import click
import orjson

#: Where nobody looks at a screen, no line is broken.
_ENDLESS = 10_000


def write_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table; on a screen it is folded to fit."""
    # rich takes a while to load, and every run of Flask loads the commands.
    from rich import box  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(title=Text(title), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))  # as text: a name may look like markup
    Console(width=None if sys.stdout.isatty() else _ENDLESS).print(table)


def write_json(value: Any) -> None:
    """Write JSON, with a line for each part."""
    click.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str))
