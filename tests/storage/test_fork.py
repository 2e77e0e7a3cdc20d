"""A worker that was forked uses no connection of its parent."""

from __future__ import annotations

import os
from typing import Any

import pytest

from backo_sql import Int, Item
from tests.support import Open


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork.*:DeprecationWarning")
def test_a_forked_worker_has_connections_of_its_own(open_backoffice: Open, db: Any) -> None:
    backoffice = open_backoffice(things=Item({"n": Int()}))
    item = backoffice.things.create({"n": 1})
    assert db.engine.pool.checkedin() >= 1
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            fresh = db.engine.pool.checkedin() == 0
            read = backoffice.things.get_by_id(item._id).n == 1
            os.write(writer, b"yes" if fresh and read else b"no")
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(writer)
    assert os.read(reader, 10) == b"yes"
    os.close(reader)
    assert backoffice.things.get_by_id(item._id).n == 1
