"""What a client may not read, it can't find out by filtering."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from backo_sql import Backoffice, Collection, DBSQLConnector, Dict, Int, Item, String


@pytest.mark.parametrize(
    "right",
    [False, lambda right, item: False, lambda user: user.has_role("BOSS")],
    ids=["a plain no", "a function of the item", "a function of the user"],
)
def test_a_field_that_not_everybody_may_read_is_not_filtered(database_url: str, right: Any) -> None:
    database = DBSQLConnector(database_url)
    backoffice = Backoffice("app")
    backoffice.register_collection(
        Collection(
            "people",
            Item(
                {
                    "name": String(),
                    "salary": Int(can_read=right),
                    "home": Dict({"street": String(), "town": String(can_read=True)}, can_read=right),
                }
            ),
            database,
        )
    )
    backoffice.create_all()
    app = Flask(__name__)
    backoffice.build_routes(app)
    backoffice.people.create({"name": "Ada", "salary": 900, "home": {"street": "High Street", "town": "London"}})
    client = app.test_client()
    for query in ("salary=900", "salary.$gt=1", "home.street=x"):
        answer = client.get(f"/app/people?{query}")
        assert answer.status_code == 401  # nobody is logged in
        assert query.split("=")[0].split(".$")[0] in answer.get_json()["detail"]
    assert client.get("/app/people?home.town=London").get_json()["total"] == 1
    assert client.get("/app/people?name=Ada").get_json()["total"] == 1
    database.dispose()
