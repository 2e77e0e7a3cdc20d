"""The files of a new history."""

from __future__ import annotations

from pathlib import Path

_ENV = '''"""What Alembic runs for each command."""

from backo_sql.migration import run_migrations
{import_}
run_migrations({argument})
'''

SCRIPT = '''"""${message}

Revision ID: ${up_revision}
Revises: ${(down_revision or "nothing") | comma,n}
Create Date: ${create_date}
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}

revision: str = ${repr(up_revision)}
down_revision: str | Sequence[str] | None = ${repr(down_revision)}
branch_labels: str | Sequence[str] | None = ${repr(branch_labels)}
depends_on: str | Sequence[str] | None = ${repr(depends_on)}

# What is lost when this is applied; an upgrade that loses something has to be allowed.
destructive: Sequence[str] = ${destructive.get(up_revision, "()") if destructive else "()"}
# The tables that this makes: a later revision may drop them, and leaves all others alone.
creates: Sequence[str] = ${creates.get(up_revision, "()") if creates else "()"}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
'''

_INI = """[alembic]
script_location = %(here)s/{directory}
prepend_sys_path = %(here)s
path_separator = os
{told}
[loggers]
keys = root,alembic

[handlers]
keys = console

[formatters]
keys = generic

[logger_root]
level = WARNING
handlers = console

[logger_alembic]
level = INFO
handlers =
qualname = alembic

[handler_console]
class = StreamHandler
args = (sys.stderr,)
formatter = generic

[formatter_generic]
format = %(levelname)-5.5s [%(name)s] %(message)s
"""


def write_scaffold(directory: Path, application: str | None, ini: Path | None) -> list[Path]:
    """Write the files of a new history; what is there already is left alone.

    Args:
        directory: of the history.
        application: where `env.py` finds the backoffice, or the application: `myapp.model:backoffice`.
        ini: where to write a configuration for plain `alembic`.

    Returns:
        The files that were written.
    """
    import_ = argument = ""
    if application:
        module, _, attribute = application.partition(":")
        argument = attribute or "backoffice"
        import_ = f"\nfrom {module} import {argument}\n"
    files = {
        directory / "env.py": _ENV.format(import_=import_, argument=argument),
        directory / "script.py.mako": SCRIPT,
        directory / "versions" / ".gitkeep": "",
    }
    if ini is not None:
        # An env.py that is there already may leave it to the configuration which application is meant.
        told = f"backoffice = {application}\n" if application and (directory / "env.py").exists() else ""
        files[ini] = _INI.replace("{directory}", directory.name).replace("{told}", told)
    written = []
    for file, text in files.items():
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            written.append(file)
    return written
