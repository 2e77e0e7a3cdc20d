"""`flask backo routes`: every route, and what it does."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from ..http.listing import list_routes
from .options import as_json, chosen, of_backoffice
from .output import write_json, write_table


@click.command("routes")
@of_backoffice
@as_json
@with_appcontext
def show_routes(name: str | None, as_json: bool) -> None:
    """Show every route: method, path, collection, and what it does.

    Each is also there with `/coll` before the collection, and with a slash at the end.
    """
    found = [(each, route) for each in chosen(name) for route in list_routes(each.backoffice, each.prefix)]
    if as_json:
        write_json(
            [
                {
                    "backoffice": registration.backoffice.name,
                    "method": route.method,
                    "path": route.path,
                    "collection": route.collection,
                    "does": route.does,
                    "verified": registration.verified,
                }
                for registration, route in found
            ]
        )
        return
    for registration in chosen(name):
        open_to_all = "" if registration.verified else " (open to everybody)"
        write_table(
            f"{registration.backoffice.name}{open_to_all}",
            ("Method", "Path", "Collection", "Does"),
            [
                (route.method, route.path, route.collection or "", route.does)
                for each, route in found
                if each is registration
            ],
        )
