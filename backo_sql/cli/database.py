"""`flask backo db …`: the migrations of the database. Thin over `backo_sql.migration`."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click
from flask.cli import AppGroup, with_appcontext

from .histories import one_history
from .options import as_json, of_backoffice
from .output import write_json, write_table

if TYPE_CHECKING:
    from ..migration import RenameQuestion, Revision

_STEPS = re.compile(r"-\d+")

db = AppGroup("db", help="Write and run the migrations of the database.")

_lock_timeout = click.option("--lock-timeout", metavar="TIME", help="On PostgreSQL: no longer than `2s` for a lock.")
_wait = click.option("--wait", default=600.0, show_default=True, help="Seconds to wait for another migration.")


class _Steps(click.Command):
    """A command whose argument may be a number of steps back, which looks like an option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments."""
        steps = [each for each in args if _STEPS.fullmatch(each)]
        rest = [each for each in args if each not in steps]
        return super().parse_args(ctx, [*rest, *(["--"] if steps and "--" not in rest else []), *steps])


def _command(name: str, cls: type[click.Command] = click.Command) -> Callable[[Callable[..., None]], click.Command]:
    """Make a command with the options that all of them have."""

    def decorate(function: Callable[..., None]) -> click.Command:
        made: click.Command = db.command(name, cls=cls)(with_appcontext(of_backoffice(as_json(function))))
        return made

    return decorate


@_command("init")
@click.option("--application", metavar="MODULE:NAME", help="Where plain alembic finds the backoffice or the app.")
@click.option("--ini", metavar="FILE", help="Write an alembic.ini there, for plain alembic.")
def init(name: str | None, as_json: bool, application: str | None, ini: str | None) -> None:
    """Begin a history: write the folder of the migrations. What is there already is left alone."""
    written = one_history(name).migrations.init(application, ini=ini)
    if as_json:
        write_json({"written": [str(path) for path in written]})
        return
    for path in written:
        click.echo(f"Wrote {path}.")
    if not written:
        click.echo("Everything is there already.")


@_command("revision")
@click.option("-m", "--message", required=True, help="What it is for.")
@click.option("--empty", is_flag=True, help="Don't compare: write a revision to be filled by hand.")
@click.option("--no-renames", is_flag=True, help="Nothing was renamed: what is gone goes, what is new comes.")
@click.option("--from-nothing", is_flag=True, help="As if the database were empty: the first one after create_all.")
@click.option("--drop", multiple=True, metavar="TABLE", help="A table to be dropped that the history doesn't know.")
@click.option("--large", is_flag=True, help="For large tables on PostgreSQL: no long locks.")
def revision(
    name: str | None,
    as_json: bool,
    message: str,
    empty: bool,
    no_renames: bool,
    from_nothing: bool,
    drop: tuple[str, ...],
    large: bool,
) -> None:
    """Write the revision that brings the database to what the description says. Read it before it is run.

    Where something looks renamed and no `was=` says so, a person at a terminal is asked; anybody else is refused.
    """
    written = one_history(name).migrations.revision(
        message,
        autogenerate=not empty,
        ask=_asker(no_renames=no_renames, may_ask=not as_json),
        from_nothing=from_nothing,
        allow_empty=empty,
        drop=drop,
        large=large,
    )
    if as_json:
        write_json({"written": [revision_data(each) for each in written]})
        return
    for each in written:
        click.echo(f"Wrote {each.path}.")
        for lost in each.destructive:
            click.secho(f"  It takes values away: {lost}", fg="yellow")
    if not written:
        click.echo("The database is as the description says: there is nothing to write.")


@_command("upgrade")
@click.argument("target", default="head")
@click.option("--allow-destructive", is_flag=True, help="Steps that take values away are meant.")
@_lock_timeout
@_wait
def upgrade(
    name: str | None, as_json: bool, target: str, allow_destructive: bool, lock_timeout: str | None, wait: float
) -> None:
    """Bring the database forward, to the head of the history or to TARGET."""
    run = one_history(name).migrations.upgrade(
        target, allow_destructive=allow_destructive, lock_timeout=lock_timeout, wait=wait
    )
    _tell_run(run, "Upgraded to", as_json=as_json)


@_command("downgrade", _Steps)
@click.argument("target")
@_lock_timeout
@_wait
def downgrade(name: str | None, as_json: bool, target: str, lock_timeout: str | None, wait: float) -> None:
    """Bring the database back to TARGET: a revision, `base`, or `-1` for one step."""
    run = one_history(name).migrations.downgrade(target, lock_timeout=lock_timeout, wait=wait)
    _tell_run(run, "Undid", as_json=as_json)


@_command("check")
@click.pass_context
def check(ctx: click.Context, name: str | None, as_json: bool) -> None:
    """Compare the database with the description and the history; exit code 1 where they differ."""
    report = one_history(name).migrations.check()
    if as_json:
        write_json(
            {
                "ok": report.is_clean,
                "differences": [difference_data(each) for each in report.differences],
                "pending": [revision_data(each) for each in report.pending],
                "heads": [each.id for each in report.heads],
                "current": [each.id for each in report.current],
                "unknown_tables": list(report.unknown),
            }
        )
    elif report.is_clean:
        click.echo("The database is at the head of its history, and as the description says.")
    else:
        if report.pending:
            _write_revisions("Not run yet", report.pending)
        if len(report.heads) > 1:
            _write_revisions("Several heads", report.heads)
        if report.differences:
            rows = [(each.table, each.text, "yes" if each.destructive else "") for each in report.differences]
            write_table("Differences", ("Table", "Difference", "Takes values away"), rows)
    if not report.is_clean:
        ctx.exit(1)


@_command("current")
def current(name: str | None, as_json: bool) -> None:
    """Show which revision the database is at."""
    _tell(one_history(name).migrations.current(), "The database is at", "The database is at no revision.", as_json)


@_command("history")
def history(name: str | None, as_json: bool) -> None:
    """Show all revisions, the newest first."""
    _tell(one_history(name).migrations.history(), "History", "The history has no revision yet.", as_json)


@_command("stamp")
@click.argument("target", default="head")
def stamp(name: str | None, as_json: bool, target: str) -> None:
    """Note that the database is at TARGET, and run nothing."""
    migrations = one_history(name).migrations
    migrations.stamp(target)
    _tell(migrations.current(), "The database is at", "The database is at no revision.", as_json)


@_command("merge")
@click.option("-m", "--message", required=True, help="What it is for.")
def merge(name: str | None, as_json: bool, message: str) -> None:
    """Write a revision that joins several heads into one."""
    written = one_history(name).migrations.merge(message)
    if as_json:
        write_json({"written": [revision_data(written)]})
    else:
        click.echo(f"Wrote {written.path}.")


def revision_data(revision: Revision) -> dict[str, Any]:
    """Tell a revision as plain data, for JSON."""
    return {
        "id": revision.id,
        "parents": list(revision.parents),
        "message": revision.message,
        "path": str(revision.path),
        "created": revision.created,
        "destructive": list(revision.destructive),
        "is_head": revision.is_head,
        "is_applied": revision.is_applied,
    }


def difference_data(difference: Any) -> dict[str, Any]:
    """Tell a difference as plain data, for JSON."""
    return {key: getattr(difference, key) for key in ("kind", "table", "name", "text", "destructive")}


def _asker(*, no_renames: bool, may_ask: bool) -> Callable[[RenameQuestion], bool] | None:
    """Return what answers whether something was renamed: a person if there is one, else nobody."""
    if no_renames:
        return lambda _: False
    if may_ask and sys.stdin.isatty() and sys.stdout.isatty():
        return lambda question: click.confirm(str(question), default=None)
    return None


def _tell_run(run: list[Revision], done: str, *, as_json: bool) -> None:
    if as_json:
        write_json({"run": [revision_data(each) for each in run]})
        return
    for each in run:
        click.echo(f"{done} {each.id}: {each.message}")
    if not run:
        click.echo("There was nothing to do.")


def _tell(revisions: list[Revision], title: str, nothing: str, as_json: bool) -> None:
    if as_json:
        write_json([revision_data(each) for each in revisions])
    elif revisions:
        _write_revisions(title, revisions)
    else:
        click.echo(nothing)


def _write_revisions(title: str, revisions: Iterable[Revision]) -> None:
    rows = [
        (
            each.id,
            each.message,
            each.created.date() if each.created else "",
            "yes" if each.is_applied else "no",
            "head" if each.is_head else "",
            "; ".join(each.destructive),
        )
        for each in revisions
    ]
    write_table(title, ("Revision", "Message", "Written", "Run", "", "Takes away"), rows)
