"""Every pair of references, changed from either side by every road, compared after each step with the oracle."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from backo_sql import DBSQLConnector
from tests.links.bench import Bench
from tests.links.oracle import End
from tests.links.pairs import PAIRS, Case, cases_of_changes, cases_of_deletes
from tests.support import Connect, describe, on_one_database

#: `m` are the items of the side that is changed, `t` those of the other; a Ref takes the first of what is given.
#: Whether a step is accepted depends on the pair: the oracle knows. A step about an item that isn't there is left out.
CHANGES = """
    create mx = t0
    POST   my = t4 t1
    new    mz = t2 t5
    save   m0 = t1
    set    m1 =
    save   m1 = t4
    PUT    m2 = t5 t4 t0
    PATCH  m0 = t0 t2
    append m2 t2
    insert m2 t1
    remove m2
    turn   m2
    add    m2 t3
    drop   m2
    PUT    m2 = t0 t1 t2
    PUT    m2 = t2 t1 t0
    save   m2 = t2 t1 t0
    save   m3 = m3
    save   m3 = t3 m3
    PUT    m0 =
    clear  m2 =
    save   m3 =
    create mw =
    create mv = nobody t1
    POST   mu = t1 t0 nobody
    new    mk = nobody
    save   m0 = nobody t2
    set    m0 = t2 nobody
    PUT    m0 = t2 t3 nobody far
    PATCH  m0 = nobody
    append m0 nobody
    PUT    m0 = t3 t3
    save   m1 = t0 t1 t2 t3 t4 t5
    set    m0 = t0 t1 t2 t3 t4 t5
    DELETE t0
    delete m0
    PUT    m2 = t1 t2
    delete t1
    DELETE m2
"""

DELETES = """
    delete t1
    DELETE m0
    delete m1
    DELETE t0
    save   m2 = t2 t3 t4
    save   m3 = t4 t2 t3
    delete t3
    DELETE m3
    delete m2
    DELETE t2
    delete m5
    DELETE t5
"""


@pytest.mark.parametrize("case", list(cases_of_changes()), ids=str)
def test_what_one_side_is_given_the_other_shows(case: Case, db: DBSQLConnector) -> None:
    bench = Bench(case, db)
    for mine in (0, 1):
        if case.ends[mine].field is not None:
            bench.seed()
            follow(bench, mine, CHANGES)


@pytest.mark.parametrize("case", list(cases_of_deletes()), ids=str)
def test_what_goes_with_an_item_and_what_keeps_it(case: Case, db: DBSQLConnector) -> None:
    bench = Bench(case, db)
    for mine in (0, 1):
        bench.seed()
        follow(bench, mine, DELETES)


def follow(bench: Bench, mine: int, script: str) -> None:
    """Do the steps of a script from one side."""
    for line in script.strip().splitlines():
        verb, subject, *objects = (
            re.sub(r"\b([mt])([0-9k-z])\b", lambda found: "nf"[mine if found[1] == "m" else 1 - mine] + found[2], line)
            .replace("=", " ")
            .split()
        )
        try:
            step(bench, bench.case.ends[mine], bench.case.ends[1 - mine], verb, subject, objects)
        except BaseException as error:
            error.add_note(f"in the step: {line.strip()}, from the side of {bench.case.ends[mine].field}")
            raise
    bench.check_all()


def step(bench: Bench, mine: End, theirs: End, verb: str, subject: str, objects: list[str]) -> None:
    """Do one step, where it means something."""
    if verb in ("delete", "DELETE"):
        end = mine if subject in bench.world.items[mine.collection] else theirs
        if subject in bench.world.items[end.collection]:
            bench.delete(end, subject, verb)
        return
    if mine.field is None:
        return
    if not mine.many:
        objects = objects[:1]
    if verb in ("create", "POST", "new"):
        bench.create(mine, subject, objects, verb)
    elif subject not in bench.world.items[mine.collection]:
        return
    elif verb in ("save", "set", "PUT", "PATCH", "clear"):
        bench.assign(mine, subject, objects, verb)
    elif mine.many:
        edit(bench, mine, verb, subject, objects)


def edit(bench: Bench, end: End, verb: str, subject: str, objects: list[str]) -> None:
    """Change a list in place, in Python or by PATCH."""
    now = bench.world.value(end.collection, str(end.field), subject)
    path = f"$.{end.field}"
    match verb:
        case "append":
            bench.edit(end, subject, lambda live: live.append(objects[0]))
        case "insert":
            bench.edit(end, subject, lambda live: live.insert(0, objects[0]))
        case "remove" if now and end.filled:
            bench.edit(end, subject, lambda live: live.remove(now[0]))
        case "turn" if now:
            bench.edit(end, subject, lambda live: live.reverse())
        case "add":
            bench.operate(end, subject, {"op": "add", "path": path, "value": objects[0]}, [*now, objects[0]])
        case "drop" if now:
            bench.operate(end, subject, {"op": "remove", "path": f"{path}[-1]"}, now[:-1])


@pytest.mark.parametrize("pair", [pair for pair in PAIRS if pair[1]], ids=str)
@pytest.mark.parametrize("declared", ["near", "far"])
@on_one_database
def test_one_of_two_that_face_each_other_may_leave_its_field_out(
    pair: tuple[str, str, str], declared: str, connect: Connect
) -> None:
    """What comes of it is the same in all: so the other tests hold for it too."""
    both = Case(*pair)
    one = replace(both, declared=declared)
    relations = [describe(connect(), **case.items()).freeze().relations for case in (one, both)]
    assert relations[0] == relations[1]
