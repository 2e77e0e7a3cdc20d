"""What an import loads: every process and every `flask` command pays for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

#: what is loaded when it is needed: for migrations, for tables on a terminal, for `model_class`, by a database's URL
LATE = ("alembic", "mako", "rich", "sqlalchemy.orm", "psycopg", "backo_sql.migration")


@pytest.mark.parametrize("module", ["backo_sql", "backo_sql.cli"])
def test_an_import_loads_nothing_that_is_needed_later(module: str) -> None:
    program = f"import sys, {module}; print([name for name in {LATE} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_program_without_migrations_never_loads_alembic() -> None:
    program = (
        "import sys; from backo_sql import *; from flask import Flask; b = Backoffice('a')\n"
        "b.register_collection(Collection('things', Item({'n': Int()}), DBSQLConnector('sqlite://')))\n"
        "b.create_all(); app = Flask('a'); b.build_routes(app)\n"
        "assert app.test_client().post('/a/things', json={'n': 1}).status_code == 201\n"
        "b.things.connector.dispose()\n"
        "print([name for name in ('alembic', 'rich', 'sqlalchemy.orm') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
