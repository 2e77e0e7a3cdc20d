"""Mistakes in the config and in the calls of the extension are told when the application is made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from backo_sql import Backoffice, BackoSQL, Collection, DBSQLConnector, DescriptionError, Int, Item
from backo_sql.config import KEYS, Config, read_config
from tests.extension.apps import make_app, make_shop


@pytest.mark.parametrize(
    ("key", "remedy"),
    [
        ("BACKO_SQL_ULR", "Is it BACKO_SQL_URL?"),
        ("BACKO_SQL_MAXPAGE", "Is it BACKO_SQL_MAX_PAGE?"),
        ("BACKO_SQL_ENGINE_OPTION", "Is it BACKO_SQL_ENGINE_OPTIONS?"),
        ("BACKO_SQL_ZZZ", "Known: BACKO_SQL_ENGINE_OPTIONS, BACKO_SQL_MAX_PAGE"),
    ],
)
def test_a_misspelt_key_is_an_error_that_names_the_right_one(key: str, remedy: str) -> None:
    app = Flask("host")
    app.config.update({"BACKO_SQL_URL": "sqlite://", key: "x"})
    with pytest.raises(DescriptionError) as caught:
        BackoSQL(make_shop()).init_app(app)
    assert str(caught.value).startswith(f"There is no config key {key}. {remedy}")


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("url", "", "an empty text"),
        ("url", 5, "takes a URL"),
        ("url", "no url at all", "BACKO_SQL_URL: "),
        ("url", "nonesuch://host/x", "BACKO_SQL_URL: "),
        ("urls", "sqlite://", "takes a dict of URLs by the names of backoffices, not a str"),
        ("urls", {"shop": ""}, r"BACKO_SQL_URLS\['shop'\] is an empty text"),
        ("urls", {"shop": "no url"}, r"BACKO_SQL_URLS\['shop'\]: "),
        ("engine_options", [("echo", True)], "takes a dict of options"),
        ("engine_options", {"no_such_option": 1}, "no_such_option"),
        ("prefix", 5, "takes a text, not 5"),
        ("max_page", 0, "an integer of at least 1, not 0"),
        ("max_page", "100", "an integer of at least 1, not a str"),
        ("max_page", True, "an integer of at least 1, not True"),
        ("migrations", "", "name a folder"),
        ("migrations", 7, "takes a text, not 7"),
    ],
)
def test_a_wrong_value_is_told_with_its_key(key: str, value: object, expected: str) -> None:
    config: dict[str, Any] = {"url": "sqlite://", key: value}
    with pytest.raises(DescriptionError, match=expected) as caught:
        make_app(BackoSQL(make_shop()), **config)
    assert f"BACKO_SQL_{key.upper()}" in str(caught.value) or key == "engine_options"


def test_no_message_and_no_config_shows_a_password() -> None:
    for config in ({"url": "postgresql://me:s3cret@:x:y/"}, {"urls": ["sqlite://me:s3cret@host"]}):
        with pytest.raises(DescriptionError) as caught:
            make_app(BackoSQL(make_shop()), **config)
        assert "s3cret" not in str(caught.value)
    hidden = DBSQLConnector("postgresql://me@host/x?password=s3cret&sslpassword=s3cret2&connect_timeout=2")
    assert "s3cret" not in repr(hidden)
    assert "connect_timeout=2" in repr(hidden)
    assert "s3cret" not in repr(read_config({"BACKO_SQL_URL": "postgresql://me:s3cret@host/x"}))


def test_a_key_that_is_none_counts_as_not_there() -> None:
    assert read_config(dict.fromkeys(KEYS)) == Config()


def test_keys_come_from_the_environment_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FLASK_BACKO_SQL_URL", f"sqlite:///{tmp_path / 'env.db'}")
    monkeypatch.setenv("FLASK_BACKO_SQL_MAX_PAGE", "7")
    monkeypatch.setenv("FLASK_BACKO_SQL_ENGINE_OPTIONS__echo", "false")
    app = Flask("host")
    app.config.from_prefixed_env()
    shop = make_shop()
    BackoSQL(shop).init_app(app)
    state = app.extensions["backo_sql"]
    assert (state.config.max_page, dict(state.config.engine_options)) == (7, {"echo": False})
    with app.app_context():
        assert shop.things.connector.engine.url.database.endswith("env.db")  # type: ignore[attr-defined]


def test_routes_built_by_hand_obey_the_same_keys() -> None:
    app = Flask("host")
    app.config["BACKO_SQL_MAXPAGE"] = 5
    with pytest.raises(DescriptionError, match="BACKO_SQL_MAX_PAGE"):
        make_shop().build_routes(app)


def test_an_unbound_connector_without_a_database_says_which_key_is_missing() -> None:
    with pytest.raises(DescriptionError, match=r"'shop'.*BACKO_SQL_URL"):
        make_app(BackoSQL(make_shop()))


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda shop: BackoSQL(), "BackoSQL takes the backoffices"),
        (lambda shop: BackoSQL(Flask("host")), "takes backoffices, not"),
        (lambda shop: BackoSQL(shop, url="sqlite://", engine=lambda: None), "'url' or 'engine', not both"),
        (lambda shop: BackoSQL(shop, db=object()), "Flask-SQLAlchemy"),
        (lambda shop: BackoSQL(shop, url="sqlite://").init_app("host"), "takes a Flask application"),
        (lambda shop: BackoSQL(shop, url="sqlite://", metadata={}).init_app(Flask("host")), "MetaData"),
        (lambda shop: BackoSQL(shop, url="sqlite://", verify=5).init_app(Flask("host")), "function"),
        (
            lambda shop: BackoSQL(make_shop(DBSQLConnector("sqlite://")), url="sqlite://").init_app(Flask("h")),
            "no collec",
        ),
        (lambda shop: make_app(BackoSQL(shop), BackoSQL(make_shop(), prefix="b"), url="sqlite://"), "named 'shop'"),
        (lambda shop: make_app(BackoSQL(shop), BackoSQL(shop), url="sqlite://"), "built .* already"),
        (
            lambda shop: make_app(BackoSQL(shop), BackoSQL(shop, prefix="b", url="sqlite:///x.db"), url="sqlite://"),
            "has a database in this application already",
        ),
        (lambda shop: DBSQLConnector(pool_size=3), "BACKO_SQL_ENGINE_OPTIONS"),
        (lambda shop: BackoSQL(shop).dispose(Flask("host")), "init_app"),
    ],
)
def test_a_wrong_call_is_told(call: Any, expected: str) -> None:
    with pytest.raises(DescriptionError, match=expected):
        call(make_shop())


def test_two_connectors_without_a_url_in_one_backoffice_are_told() -> None:
    backoffice = Backoffice("two")
    for name in ("here", "there"):
        backoffice.register_collection(Collection(name, Item({"n": Int()}), DBSQLConnector()))
    with pytest.raises(DescriptionError, match=r"2 connectors without a URL"):
        make_app(BackoSQL(backoffice), url="sqlite://")
