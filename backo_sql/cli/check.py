"""`flask backo check`: descriptions, migrations and live databases compared, for people and for CI."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import click
from flask.cli import with_appcontext

from .findings import Finding, Level, find_all
from .options import as_json, of_backoffice
from .output import write_json, write_table


@click.command("check")
@of_backoffice
@click.option("--strict", is_flag=True, help="Warnings count too.")
@as_json
@with_appcontext
@click.pass_context
def check(ctx: click.Context, name: str | None, strict: bool, as_json: bool) -> None:
    """Check descriptions, routes, migrations and live databases against each other.

    The exit code is 0 where all is well, 1 where something differs, 2 where something could not be checked. Nothing is
    changed.
    """
    found = find_all(name)
    code = exit_code(found, strict=strict)
    if as_json:
        write_json(
            {
                "ok": code == 0,
                "exit_code": code,
                "findings": [
                    {
                        "code": each.code,
                        "level": each.level.value,
                        "backoffice": each.backoffice,
                        "place": each.place,
                        "text": each.text,
                        "remedy": each.remedy,
                    }
                    for each in found
                ],
            }
        )
    else:
        _write(found)
    ctx.exit(code)


def exit_code(found: Sequence[Finding], *, strict: bool) -> int:
    """Return what a shell is told."""
    levels = {each.level for each in found}
    if Level.ERROR in levels:
        return 2
    return int(Level.DIFFERENCE in levels or (strict and Level.WARNING in levels))


def _write(found: Sequence[Finding]) -> None:
    if found:
        rows = [(each.level.value, each.code, each.backoffice, each.place, each.text, each.remedy) for each in found]
        write_table("Findings", ("Level", "Code", "Backoffice", "Place", "What", "Remedy"), rows)
    counts = Counter(each.level for each in found)
    told = ", ".join(f"{counts[level]} {level.value}{'s' * (counts[level] > 1)}" for level in Level if counts[level])
    click.echo(f"{told}." if told else "All is well.")
