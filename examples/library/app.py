"""The Flask application of the example."""

from flask import Flask

from backo_sql import Backoffice, BackoSQL

from .data import fill, is_empty
from .model import backoffice as the_library


def prepare(backoffice: Backoffice = the_library) -> bool:
    """Make the tables that are missing, and fill them when they are empty; tell whether they were."""
    backoffice.create_all()
    empty = is_empty(backoffice)
    if empty:
        fill(backoffice)
    return empty


def create_app(backoffice: Backoffice = the_library) -> Flask:
    """Make the application; `flask --app examples.library.app run` finds it, and so does `… backo check`."""
    app = Flask(__name__)
    BackoSQL(backoffice).init_app(app)
    return app
