"""The commands, put together; and how a mistake is told: one line, no traceback."""

from __future__ import annotations

from typing import IO, Any

import click
from flask.cli import AppGroup

from ..errors import BackoError
from . import check, database, describe, routes


class Failure(click.ClickException):
    """A command could not do its work: one red line on the error output, and exit code 2."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        """Write the line."""
        line = " ".join(self.format_message().split())
        click.secho(f"Error: {line}", fg="red", file=file, err=True)


class Commands(AppGroup):
    """Commands that run in the context of an application, and tell their errors in one line."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except BackoError as error:
            raise Failure(str(error)) from error


backo = Commands("backo", help="Look at the backoffices of this application, and at their databases.")
for _command in (routes.show_routes, describe.describe, check.check, database.db):
    backo.add_command(_command)
