"""`run_migrations`: all that an `env.py` has to call.

In: a backoffice, and what Alembic's command line or `Migrations` asks for. Out: the command is run on the database of
the backoffice, alone and guarded.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, suppress
from logging.config import fileConfig
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from alembic import context
from alembic.runtime.migration import RevisionStep
from alembic.util import CommandError

from ..errors import BackoError, DestructiveError, MigrationError
from ..model.registry import Backoffice
from ..storage.sql.connector import DBSQLConnector
from . import operations as _operations  # noqa: F401 - the operations that revisions use
from .autogenerate import autogenerate
from .command import ATTRIBUTE, Command, check_time
from .failures import tell
from .metadata import Target
from .reflect import reading_constraints
from .report import IncludeObject
from .safety import check_links, migrating

if TYPE_CHECKING:
    from alembic.config import Config

#: The environment variable that allows steps which take values away, for Alembic's command line.
ALLOW_DESTRUCTIVE = "BACKO_SQL_ALLOW_DESTRUCTIVE"


def run_migrations(
    backoffice: Any = None,
    *,
    connector: DBSQLConnector | None = None,
    metadata: sa.MetaData | Sequence[sa.MetaData] = (),
    include_object: IncludeObject | None = None,
    url: str | None = None,
    version_table: str = "alembic_version",
) -> None:
    """Run the command that Alembic was asked for. An `env.py` needs nothing else.

    Args:
        backoffice: whose collections the database holds, or several of them; or a Flask application, for all of its
            backoffices and the database of its config; or a function without parameters that returns one or the other.
            Without it, the option `backoffice` in the section `[alembic]` of the configuration names one:
            `myapp.model:backoffice`, `myapp:create_app`.
        connector: the database, where the collections of a backoffice live in several: each has its own history.
        metadata: of the host's own tables, which are kept in the same history by Alembic's means.
        include_object: judges the tables of the host, as in Alembic. Without it, a table that nobody knows is left
            alone.
        url: of the database, where it isn't that of the connector. The option `sqlalchemy.url` of the configuration
            says the same.
        version_table: the name of Alembic's own table, where two histories share a database.

    Raises:
        MigrationError: what is in the way. On Alembic's command line it is shown without a traceback.

    Example:
        >>> from backo_sql.migration import run_migrations
        >>> from myapp.model import backoffice
        >>> run_migrations(backoffice)
    """
    config = context.config
    given = config.attributes.get(ATTRIBUTE)
    _set_up_logs(config)
    try:
        command = given if given is not None else _from_command_line()
        with ExitStack() as stack:
            backoffices = command.backoffices or _backoffices(backoffice, config, stack)
            target = Target.of(backoffices, command.connector or connector, [*_several(metadata), *command.metadata])
            target.known = _known_tables()
            options: dict[str, Any] = {
                "target_metadata": target.host,
                "include_object": target.judge(include_object),
                "include_name": target.judge_name(include_object),
                "version_table": version_table,
                "transactional_ddl": True,
                "render_as_batch": True,
                "process_revision_directives": autogenerate(target, command, version_table),
                "on_version_apply": lambda step, **_: command.applied.append(step.up_revision_id),
                "fn": _guarded(command),
            }
            address = url or config.get_main_option("sqlalchemy.url")
            if context.is_offline_mode():
                _offline(target, address, options)
            else:
                _online(target, address, command, options)
    except (BackoError, sa.exc.DBAPIError) as failure:
        error = tell(failure) if isinstance(failure, sa.exc.DBAPIError) else failure
        if given is None:  # Alembic's command line shows its own errors in one line
            raise CommandError(str(error)) from failure
        raise error from failure.__cause__ if error is failure else failure


def _offline(target: Target, address: str | None, options: dict[str, Any]) -> None:
    context.configure(url=address or target.connector.engine.url, literal_binds=True, **options)
    with context.begin_transaction():
        context.run_migrations()


def _online(target: Target, address: str | None, command: Command, options: dict[str, Any]) -> None:
    writing = "destination_rev" in context._proxy.context_opts  # type: ignore[attr-defined]
    own = DBSQLConnector(address) if address else None
    engine = own.engine if own is not None else target.connector.engine
    try:
        with migrating(engine, command, writing=writing) as connection, reading_constraints(connection):
            # On PostgreSQL each revision is kept by itself: some of its statements can't stand in a transaction.
            apart = connection.dialect.name == "postgresql"
            context.configure(connection=connection, transaction_per_migration=apart, **options)
            with context.begin_transaction():
                context.run_migrations()
                if writing:
                    check_links(connection)
    finally:
        if own is not None:
            own.dispose()


def _guarded(command: Command) -> Callable[..., Iterable[RevisionStep]]:
    """Return what chooses the revisions to be run, and refuses an upgrade that takes values away unless allowed."""
    choose = context._proxy.context_opts["fn"]  # type: ignore[attr-defined]

    def guarded(heads: Any, migration_context: Any) -> Iterable[RevisionStep]:
        steps = list(choose(heads, migration_context))
        if command.allow_destructive:
            return steps
        lost: list[str] = []
        for step in steps:
            if isinstance(step, RevisionStep) and step.is_upgrade:
                revision = step.revision
                marks = getattr(revision.module, "destructive", ())
                lost.extend(f"{revision.revision}: {mark}" for mark in marks)
        if lost:
            raise DestructiveError(
                "This upgrade takes values away ("
                + "; ".join(lost)
                + "). Nothing was changed. Say that it is meant: allow_destructive=True, `--allow-destructive` for "
                f"flask backo, `-x allow-destructive` or {ALLOW_DESTRUCTIVE}=1 for alembic.",
                lost,
            )
        return steps

    return guarded


def _known_tables() -> set[str]:
    """Return the tables that revisions of ours made."""
    script = context._proxy.script  # type: ignore[attr-defined]
    return {name for each in script.walk_revisions() for name in getattr(each.module, "creates", ())}


def _from_command_line() -> Command:
    arguments: dict[str, str] = context.get_x_argument(as_dictionary=True)
    known = {"allow-destructive", "renames", "large", "lock-timeout", "drop"}
    unknown = sorted(set(arguments) - known)
    if unknown:
        raise CommandError(f"-x takes {', '.join(sorted(known))}; not {', '.join(unknown)}.")
    if arguments.get("renames", "no") != "no":
        raise CommandError("-x renames=no says that nothing was renamed; a rename is told by was='old'.")
    check_time(arguments.get("lock-timeout"))
    return Command(
        ask=(lambda _: False) if "renames" in arguments else None,
        allow_destructive="allow-destructive" in arguments or os.environ.get(ALLOW_DESTRUCTIVE, "") not in ("", "0"),
        large="large" in arguments,
        lock_timeout=arguments.get("lock-timeout"),
        drop=arguments["drop"].split(",") if "drop" in arguments else (),
    )


def _set_up_logs(config: Config) -> None:
    if config.config_file_name is not None:
        with suppress(KeyError):  # a file that says nothing of logs
            # Alembic may run inside a program that has loggers of its own.
            fileConfig(config.config_file_name, disable_existing_loggers=False)


def _backoffices(given: Any, config: Config, stack: ExitStack) -> Sequence[Backoffice]:
    """Return the backoffices that are meant; the context of their application, if that is given, is entered."""
    if given is None:
        named = config.get_main_option("backoffice")
        if not named:
            raise MigrationError(
                "Which backoffice? Give it to run_migrations(backoffice) in env.py, or name it in the section "
                "[alembic] of alembic.ini: backoffice = myapp.model:backoffice"
            )
        module, _, attribute = named.partition(":")
        given = getattr(importlib.import_module(module), attribute or "backoffice", None)
    found = given
    if callable(found) and not isinstance(found, Backoffice) and not hasattr(found, "extensions"):
        found = found()
    if hasattr(found, "extensions"):  # an application: we need not know of Flask for that
        stack.enter_context(found.app_context())
        state = found.extensions.get("backo_sql")
        found = [] if state is None else list(state.backoffices.values())
    several = [found] if isinstance(found, Backoffice) else found
    if not isinstance(several, Sequence) or not several or not all(isinstance(each, Backoffice) for each in several):
        raise MigrationError(f"{given!r} is no Backoffice, and no application that has one.")
    return several


def _several(metadata: sa.MetaData | Sequence[sa.MetaData]) -> Sequence[sa.MetaData]:
    return [metadata] if isinstance(metadata, sa.MetaData) else metadata
