"""An application with a folder for its migrations, and a runner of its commands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from backo_sql import Backoffice, BackoSQL, Collection, DBSQLConnector, Item
from backo_sql.cli import backo


@dataclass
class Program:
    """An application, and what its commands say."""

    app: Flask
    backoffice: Backoffice
    extension: BackoSQL

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run `flask backo` and return what it writes; a failure is one line, and no traceback."""
        result: Result = self.app.test_cli_runner().invoke(backo, arguments)
        assert result.exit_code == code, (result.output, result.exception)
        assert "Traceback" not in result.output
        if code == 2:
            assert result.stdout == ""
            return result.stderr
        return result.stdout

    def json(self, *arguments: str, code: int = 0) -> Any:
        return json.loads(self.run(*arguments, "--json", code=code))


class Releases:
    """The releases of one application: each describes its collections anew, over the same database and folder."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        self._made: list[Program] = []

    def __call__(self, verify: Any = None, **items: Item) -> Program:
        backoffice, connector = Backoffice("shop"), DBSQLConnector()
        for name, item in items.items():
            backoffice.register_collection(Collection(name, item, connector))
        return self.serve(backoffice, verify=verify)

    def serve(self, backoffice: Backoffice, verify: Any = None, **config: Any) -> Program:
        app = Flask("host")
        app.config.update(BACKO_SQL_URL=self.url, BACKO_SQL_MIGRATIONS=self.folder / "migrations", **config)
        extension = BackoSQL(backoffice, verify=verify)
        extension.init_app(app)
        self._made.append(Program(app, backoffice, extension))
        return self._made[-1]

    def close(self) -> None:
        for program in self._made:
            program.extension.dispose(program.app)


@pytest.fixture
def release(database_url: str, tmp_path: Path) -> Iterator[Releases]:
    releases = Releases(database_url, tmp_path)
    yield releases
    releases.close()
