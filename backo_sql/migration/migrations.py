"""`Migrations`: the commands of a history, for a program. `flask backo db …` is thin over it."""

from __future__ import annotations

import datetime
import io
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from alembic import command as alembic
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from ..errors import MigrationError
from ..model.registry import Backoffice
from ..storage.sql.connector import DBSQLConnector
from .command import ATTRIBUTE, WAIT, Command, check_time, check_wait
from .failures import tell
from .report import Ask, Report, Revision
from .scaffold import write_scaffold

if TYPE_CHECKING:
    from alembic.script import Script


class Migrations:
    """The history of one database: revisions in a folder, and the commands on them.

    Args:
        backoffice: whose collections the database holds, or several of them.
        directory: where `env.py` and `versions/` are.
        connector: the database, where the collections live in several: each has a history (and a folder) of its own.
        metadata: of the host's own tables, to be kept in the same history.

    Example:
        >>> migrations = Migrations(backoffice, "migrations")
        >>> migrations.init("myapp.model:backoffice")
        >>> migrations.revision("Add the year of a book")
        >>> migrations.upgrade()
    """

    def __init__(
        self,
        backoffice: Backoffice | Sequence[Backoffice],
        directory: str | Path = "migrations",
        *,
        connector: DBSQLConnector | None = None,
        metadata: Sequence[sa.MetaData] = (),
    ) -> None:
        self.backoffices = [backoffice] if isinstance(backoffice, Backoffice) else list(backoffice)
        self.directory = Path(directory)
        self.connector = connector
        self.metadata = tuple(metadata)

    def init(self, application: str | None = None, *, ini: str | Path | None = None) -> list[Path]:
        """Write `env.py`, `script.py.mako` and `versions/`; what is there already is left alone.

        Args:
            application: where plain `alembic` finds the backoffice, or the application: `myapp.model:backoffice`,
                `myapp:create_app`.
            ini: also write an `alembic.ini` there, for plain `alembic`.

        Returns:
            The files that were written.
        """
        return write_scaffold(self.directory, application, Path(ini) if ini is not None else None)

    def revision(
        self,
        message: str,
        *,
        autogenerate: bool = True,
        ask: Ask | None = None,
        from_nothing: bool = False,
        allow_empty: bool = False,
        drop: Sequence[str] = (),
        large: bool = False,
        head: str = "head",
    ) -> list[Revision]:
        """Write the revision that brings the database to what the description says.

        Args:
            message: what it is for.
            autogenerate: compare; without it the revision is empty, to be written by hand.
            ask: answers whether something was renamed that has no `was=`; without it such a change is refused. A
                function that returns `False` says that nothing was.
            from_nothing: as if the database were empty: the first revision of a database that `create_all` made,
                which is then stamped.
            allow_empty: write a revision where nothing is to be done.
            drop: tables to be dropped though the history doesn't know them.
            large: for large tables on PostgreSQL: constraints are validated apart, indexes made concurrently.
            head: what it comes after, where there are several heads.

        Returns:
            The revision: none where nothing is to be done, two with `large`, where the second does what must not stand
            in a transaction.

        Raises:
            AmbiguousChangeError: something looks like a rename, and there is nobody to ask.
            MigrationError: a change that can't be made, or a database that isn't at the head of the history.
        """
        run = self._run(ask=ask, from_nothing=from_nothing, drop=drop, large=large, keep_empty=allow_empty)
        with self._alembic(run) as config:
            scripts = alembic.revision(config, message, autogenerate=autogenerate, head=head)
            written = [each for each in (scripts if isinstance(scripts, list) else [scripts]) if each is not None]
            directory = ScriptDirectory.from_config(config)
            return [self._tell(directory.get_revision(each.revision), frozenset(), directory) for each in written]

    def upgrade(
        self,
        target: str = "head",
        *,
        allow_destructive: bool = False,
        lock_timeout: str | None = None,
        wait: float = WAIT,
    ) -> list[Revision]:
        """Bring the database forward. All that is run is kept, or nothing of the revision that failed.

        Args:
            target: a revision, `head`, or `+1`.
            allow_destructive: steps that take values away are meant.
            lock_timeout: how long a statement may wait for a lock on PostgreSQL, such as `"2s"`.
            wait: how many seconds to wait for another program that migrates the same database.

        Returns:
            The revisions that were run, in order.

        Raises:
            DestructiveError: a step takes values away and isn't allowed to; nothing was changed.
            MigrationError: what is in the way.
        """
        run = self._run(allow_destructive=allow_destructive, lock_timeout=lock_timeout, wait=wait)
        return self._apply(run, alembic.upgrade, target)

    def downgrade(self, target: str, *, lock_timeout: str | None = None, wait: float = WAIT) -> list[Revision]:
        """Bring the database back, to a revision, `base` or `-1`; what newer revisions added is taken away.

        Returns:
            The revisions that were undone, in order.
        """
        return self._apply(self._run(lock_timeout=lock_timeout, wait=wait), alembic.downgrade, target)

    def check(self) -> Report:
        """Compare the database with the description and with the history; nothing is changed."""
        run = self._run(ask=lambda _: False, keep_empty=True)
        with self._alembic(run) as config:
            directory = ScriptDirectory.from_config(config)
            applied = self._applied(config, directory)
            revisions = [self._tell(each, applied, directory) for each in directory.walk_revisions()]
            self._compare(config, directory)
        current = self._current_ids
        return Report(
            differences=tuple(run.differences),
            pending=tuple(each for each in reversed(revisions) if not each.is_applied),
            heads=tuple(each for each in revisions if each.is_head),
            current=tuple(each for each in revisions if each.id in current),
            unknown=tuple(run.unknown),
        )

    def current(self) -> list[Revision]:
        """Return the revisions that the database is at: one, unless branches were not merged."""
        history = self.history()
        return [each for each in history if each.id in self._current_ids]

    def history(self) -> list[Revision]:
        """Return all revisions, the newest first."""
        with self._alembic(self._run()) as config:
            directory = ScriptDirectory.from_config(config)
            applied = self._applied(config, directory)
            return [self._tell(each, applied, directory) for each in directory.walk_revisions()]

    def heads(self) -> list[Revision]:
        """Return the ends of the history; more than one have to be merged."""
        return [each for each in self.history() if each.is_head]

    def stamp(self, target: str = "head") -> None:
        """Note that the database is at a revision, and run nothing."""
        with self._alembic(self._run()) as config:
            alembic.stamp(config, target)

    def merge(self, message: str) -> Revision:
        """Write a revision that joins all heads.

        Raises:
            MigrationError: there are no two heads.
        """
        with self._alembic(self._run()) as config:
            if len(ScriptDirectory.from_config(config).get_heads()) < 2:
                raise MigrationError("The history has no two heads: there is nothing to merge.")
            written: Any = alembic.merge(config, "heads", message)
            directory = ScriptDirectory.from_config(config)
            return self._tell(directory.get_revision(written.revision), frozenset(), directory)

    # -- by way of Alembic -------------------------------------------------------------------------

    _current_ids: frozenset[str] = frozenset()

    def _run(self, **options: Any) -> Command:
        check_time(options.get("lock_timeout"))
        check_wait(options.get("wait", WAIT))
        return Command(self.backoffices, self.connector, self.metadata, **options)

    @contextmanager
    def _alembic(self, run: Command) -> Iterator[Config]:
        """Make Alembic's configuration for one command; its errors leave as ours."""
        if not (self.directory / "env.py").is_file():
            raise MigrationError(f"There is no history in {str(self.directory)!r}: begin one with init.")
        config = Config(stdout=io.StringIO(), attributes={ATTRIBUTE: run}, cmd_opts=Namespace(quiet=True))
        config.set_main_option("script_location", str(self.directory.absolute()).replace("%", "%%"))
        config.set_main_option("path_separator", "os")
        try:
            yield config
        except CommandError as error:
            raise MigrationError(_sentence(str(error))) from error
        except sa.exc.DBAPIError as error:  # an env.py that doesn't call ours
            raise tell(error) from error

    def _apply(self, run: Command, command: Any, target: str) -> list[Revision]:
        with self._alembic(run) as config:
            command(config, target)
            directory = ScriptDirectory.from_config(config)
            applied = self._applied(config, directory)
            return [self._tell(directory.get_revision(each), applied, directory) for each in run.applied]

    def _compare(self, config: Config, directory: ScriptDirectory) -> None:
        """Fill the differences of the command, whatever revision the database is at."""
        # Alembic compares only a database that is at the head: here it is told that it is.
        from alembic.autogenerate import RevisionContext  # noqa: PLC0415 - it loads all of autogenerate

        arguments = dict.fromkeys(("message", "head", "branch_label", "version_path", "rev_id", "depends_on"))
        compared = RevisionContext(
            config, directory, {**arguments, "autogenerate": True, "sql": False, "head": "head", "splice": False}
        )

        def compare(_heads: Any, migration_context: Any) -> list[Any]:
            compared.run_autogenerate(tuple(directory.get_heads()), migration_context)
            return []

        self._in_environment(config, directory, compare, revision_context=compared, dont_mutate=True)

    def _applied(self, config: Config, directory: ScriptDirectory) -> frozenset[str]:
        """Return the ids of all revisions that the database has."""
        found: set[str] = set()

        def look(heads: Any, _context: Any) -> list[Any]:
            found.update(heads)
            return []

        self._in_environment(config, directory, look, dont_mutate=True)
        self._current_ids = frozenset(found)
        if unknown := sorted(each for each in found if not _is_known(directory, each)):
            raise MigrationError(
                f"The database is at the revision {', '.join(unknown)}, which is not in {str(self.directory)!r}: "
                "a newer release migrated it, or the file was lost. Bring the file here."
            )
        if not found:
            return frozenset()
        return frozenset(each.revision for each in directory.iterate_revisions(tuple(found), "base"))

    def _in_environment(self, config: Config, directory: ScriptDirectory, look: Any, **options: Any) -> None:
        with EnvironmentContext(config, directory, fn=look, template_args={}, **options):
            directory.run_env()

    def _tell(self, script: Script | None, applied: frozenset[str], directory: ScriptDirectory) -> Revision:
        if script is None:
            raise MigrationError("The history lacks a revision that it was asked for.")
        parents = script.down_revision or ()
        return Revision(
            id=script.revision,
            parents=(parents,) if isinstance(parents, str) else tuple(parents),
            message=script.doc,
            path=Path(script.path),
            created=_created(script),
            destructive=tuple(getattr(script.module, "destructive", ())),
            is_head=script.revision in directory.get_heads(),
            is_applied=script.revision in applied,
        )


def _is_known(directory: ScriptDirectory, revision: str) -> bool:
    try:
        return directory.get_revision(revision) is not None
    except CommandError:
        return False


def _created(script: Script) -> datetime.datetime | None:
    for line in script.longdoc.splitlines():
        if line.startswith("Create Date: "):
            try:
                return datetime.datetime.fromisoformat(line.removeprefix("Create Date: ").strip())
            except ValueError:
                return None
    return None


def _sentence(text: str) -> str:
    if text.startswith("Target database is not up to date"):
        return "The database is not up to date: it lacks revisions of its history. Run them first, by upgrade."
    return text if text.endswith((".", "!", "?")) else f"{text}."
