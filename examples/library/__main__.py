"""The example at the command line: `python -m examples.library serve`, or `fill`."""

import time

import click

from .app import create_app, prepare
from .model import backoffice, database

TRY = """\
The library is served at {url}/library. Try, in another terminal:

  curl '{url}/library/books?language=pt&_page=2'
  curl '{url}/library/books?loan.until.$lt=2031-05-01&year.$gte=2020'
  curl '{url}/library/books/book-0001'
  curl -X POST '{url}/library/authors' -d '{{"name": "Ines Okafor", "born": 1984}}'
  curl -X PATCH '{url}/library/books/book-0001' -d '{{"op": "add", "path": "$.tags", "value": "lent"}}'
  curl -X DELETE '{url}/library/authors/author-001'
  curl '{url}/library/_meta'
"""


@click.group()
def cli() -> None:
    """A lending library: authors, books, shelves and readers.

    The environment variable DATABASE_URL says where it lives; without it, in the file library.db.
    """


@cli.command()
@click.option("--port", envvar="PORT", default=5000, show_default=True, help="Also: the variable PORT.")
def serve(port: int) -> None:
    """Serve the library on this machine; create and fill it first where that is missing."""
    _prepare()
    click.echo(TRY.format(url=f"http://127.0.0.1:{port}"))
    create_app().run(port=port)


@cli.command()
def fill() -> None:
    """Create the tables, and fill them when they are empty."""
    _prepare()


def _prepare() -> None:
    start = time.perf_counter()
    filled = prepare()
    counts = ", ".join(f"{collection.count():,} {name}" for name, collection in backoffice.collections.items())
    how = f"filled in {time.perf_counter() - start:.1f} s" if filled else "was there already"
    click.echo(f"{database.url.render_as_string()} {how}: {counts}.")


if __name__ == "__main__":
    cli(prog_name="python -m examples.library")
