"""Every kind of change, both ways, with items in the tables."""

from __future__ import annotations

import pytest

from backo_sql.migration import DestructiveError
from tests.migration.changes import CHANGES, Change
from tests.migration.support import History, read


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)
def test_a_change_is_written_run_and_undone(change: Change, history: History) -> None:
    backoffice, migrations = history.begin(change.old(), change.rows)
    assert migrations.check().is_clean

    backoffice, migrations = history.describe(change.new())
    (revision,) = migrations.revision("change")
    if change.steps is not None:
        history.describe(change.new())
        assert {each.kind for each in migrations.check().differences} == change.steps
    assert bool(revision.destructive) == change.lossy
    if change.lossy:
        with pytest.raises(DestructiveError) as refused:
            migrations.upgrade()
        assert len(refused.value.steps) == len(revision.destructive)
    migrations.upgrade(allow_destructive=change.lossy)
    assert migrations.check().differences == ()
    assert migrations.revision("nothing") == []
    assert read(backoffice, change.after) == change.after

    backoffice, migrations = history.describe(change.old())
    migrations.downgrade("-1")
    assert migrations.check().differences == ()
    back = change.rows if change.back is None else change.back
    assert read(backoffice, back) == back
