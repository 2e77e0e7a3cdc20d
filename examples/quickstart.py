"""Users live at addresses: two descriptions, and the tables and routes that they make."""

import os

from flask import Flask

from backo_sql import Backoffice, Bool, Collection, DBSQLConnector, DeleteStrategy, Item, Ref, RefsList, String


def describe(database: DBSQLConnector) -> Backoffice:
    # -- Description of the backoffice
    my_backoffice = Backoffice("myApp")

    # -- Add the collection "users" (with a reference to the collection "addrs", which follows)
    coll_users = Collection(
        "users",
        Item(
            {
                "name": String(required=True),
                "surname": String(),
                "addr": Ref(coll="addrs", field="$.users", required=True),
                "male": Bool(default=True),
            }
        ),
        database,
    )
    my_backoffice.register_collection(coll_users)

    # -- Add the collection "addrs" (with the users who live there)
    coll_addrs = Collection(
        "addrs",
        Item(
            {
                "name": String(required=True, unique=True),
                "address": String(),
                "users": RefsList(coll="users", field="$.addr", ods=DeleteStrategy.MUST_BE_EMPTY),
            }
        ),
        database,
    )
    my_backoffice.register_collection(coll_addrs)
    return my_backoffice


def create_app(url: str = "sqlite:///quickstart.db") -> Flask:
    # -- Storage for all collections: one database
    my_backoffice = describe(DBSQLConnector(url))

    # -- Make the tables that are missing
    my_backoffice.create_all()

    # -- Your Flask application, with CRUD routes
    flask = Flask(__name__)
    my_backoffice.build_routes(flask)
    return flask


if __name__ == "__main__":
    create_app(os.environ.get("DATABASE_URL", "sqlite:///quickstart.db")).run(port=5001)
