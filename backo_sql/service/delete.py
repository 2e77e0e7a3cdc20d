"""Delete: planned first, then done wholly or not at all.

Who listens hears of every item that goes, before anything is done: first the one that was asked for, then what goes
with it, level by level. Where nobody listens nothing is read that the plan doesn't need.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..errors import DescriptionError, NotEmptyError
from ..items.item import Item
from ..links.cascade import DeletePlan, carry_out, plan_delete
from ..links.routes import Route
from .read import check_identifier, not_found, read_items
from .replay import replayed
from .unit import UnitOfWork

if TYPE_CHECKING:
    from .service import Service

#: how many items are read at a time, for those who listen
_CHUNK = 1000
#: how often a deletion is planned anew because handlers changed what there is to delete
_ROUNDS = 20


@replayed
def delete(service: Service, item: Item) -> None:
    """Delete an item and what its strategies say; the object is empty afterwards.

    Raises:
        NotFoundError: it isn't there any more.
        NotEmptyError: other items refer to it and must not be left behind; nothing is deleted.
    """
    memento = item._memento()
    with service.unit(write=True) as unit:
        unit.on_undo(lambda: item._recall(memento))
        _delete(service, unit, item._bound().name, item._id, item)
        item._deleted()


@replayed
def delete_by_id(service: Service, collection: str, identifier: str) -> None:
    """Delete an item and what its strategies say; see `delete`."""
    check_identifier(collection, identifier)
    with service.unit(write=True) as unit:
        _delete(service, unit, collection, identifier, None)


def listens(service: Service, collection: str) -> bool:
    """Tell whether somebody hears of it when items of a collection go."""
    return not service.collections[collection].item_type.events.isdisjoint(("before_delete", "committed"))


def _delete(service: Service, unit: UnitOfWork, collection: str, identifier: str, item: Item | None) -> None:
    route = service.routes.of(collection)
    session = unit.session(collection)
    if route.concerns_nobody:
        if not session.delete(collection, [identifier]):
            raise not_found(collection, identifier)
    elif not route.listening:
        plan = _plan(service, unit, route, collection, identifier)
        is_alone = len(plan.levels) == 1
        # What refers to it may live in another database, and is no proof that it is there.
        if not is_alone and not session.existing(collection, [identifier], lock=True):
            raise not_found(collection, identifier)
        if not carry_out(unit, plan) and is_alone:
            raise not_found(collection, identifier)
    else:
        if not session.existing(collection, [identifier], lock=True):
            raise not_found(collection, identifier)
        with unit.telling() as told:
            plan = _told_plan(service, unit, route, (collection, identifier, item), told)
            carry_out(unit, plan)
            _tell_when_kept(unit, plan, told)


def _plan(service: Service, unit: UnitOfWork, route: Route, collection: str, identifier: str) -> DeletePlan:
    try:
        return plan_delete(unit, service.model, route, collection, [identifier])
    except NotEmptyError:
        # Items of another database may refer to one that isn't there.
        if not unit.session(collection).existing(collection, [identifier]):
            raise not_found(collection, identifier) from None
        raise


def _told_plan(
    service: Service,
    unit: UnitOfWork,
    route: Route,
    asked: tuple[str, str, Item | None],
    told: dict[tuple[str, str], Item | None],
) -> DeletePlan:
    """Plan, and tell; plan again when those who were told wrote something, until nobody does."""
    collection, identifier, item = asked
    for _ in range(_ROUNDS):
        plan = plan_delete(unit, service.model, route, collection, [identifier])
        written = unit.writes
        for name, going in _going(service, unit, route, plan, item, told):
            told[name, going._id] = going if "committed" in going._type.events else None
            going.trigg("before_delete")
        if unit.writes == written:
            return plan
    raise DescriptionError(
        f"Handlers of before_delete make something new to delete each time: {collection!r} is never done with."
    )


def _going(
    service: Service,
    unit: UnitOfWork,
    route: Route,
    plan: DeletePlan,
    item: Item | None,
    told: dict[tuple[str, str], Item | None],
) -> Iterator[tuple[str, Item]]:
    """Read the items that go, where somebody listens and wasn't told yet: some at a time, when their turn comes."""
    for name, identifiers in plan.items():
        if name not in route.listening:
            continue
        for start in range(0, len(identifiers), _CHUNK):
            some = [each for each in identifiers[start : start + _CHUNK] if (name, each) not in told]
            known = [item] if item is not None and item._bound().name == name and some == [item._id] else None
            for going in known or read_items(service, unit, name, some):
                if (name, going._id) not in told:  # a handler of one before it may have deleted it
                    yield name, going


def _tell_when_kept(unit: UnitOfWork, plan: DeletePlan, told: dict[tuple[str, str], Item | None]) -> None:
    for name, identifiers in plan.items():
        for identifier in identifiers:
            gone = told.get((name, identifier))
            if gone is not None:
                told[name, identifier] = None
                unit.after_commit(lambda gone=gone: gone.trigg("committed"))  # type: ignore[misc]
