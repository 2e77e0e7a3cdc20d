"""Applications as a factory makes them, for tests."""

from __future__ import annotations

from typing import Any

from flask import Flask

from backo_sql import Backoffice, BackoSQL, Collection, DBSQLConnector, Int, Item, Ref, RefsList, String


def make_shop(connector: DBSQLConnector | None = None, name: str = "shop") -> Backoffice:
    """Describe things and their boxes, by default without saying where they live."""
    connector = connector or DBSQLConnector()
    shop = Backoffice(name)
    shop.register_collection(
        Collection(
            "things",
            Item(
                {"name": String(required=True, unique=True), "n": Int(min=0), "box": Ref(coll="boxes", field="things")}
            ),
            connector,
        )
    )
    shop.register_collection(Collection("boxes", Item({"things": RefsList(coll="things", field="box")}), connector))
    return shop


def make_app(*extensions: BackoSQL, name: str = "host", **config: Any) -> Flask:
    """Make an application with these keys, named without their beginning and in lower case."""
    app = Flask(name)
    app.config.update({f"BACKO_SQL_{key.upper()}": value for key, value in config.items()})
    for extension in extensions:
        extension.init_app(app)
    return app
