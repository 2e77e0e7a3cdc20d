"""Migrate: every item of a collection is changed by a function and stored as any other change is.

Items are read in batches by `_id`, so that memory stays flat and a batch costs the same however far on it is. Each
batch is one transaction; a migration that was stopped goes on behind the last id that it told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import BackoError, ConflictError, DescriptionError, Fault, ValidationError, validation_error
from ..items.item import Item
from ..links.reading import fill
from ..query.ast import And, Bound, OneOf
from ..query.bind import bind
from ..query.parse_dict import parse_filter
from ..query.plan import SelectPlan
from ..storage.interface import Form, Record
from .read import get_locked, make_item
from .replay import replayed

if TYPE_CHECKING:
    from .service import Service
    from .unit import UnitOfWork

#: What a function changes: the item in place, or the values that it returns.
Change = Callable[[Item], "Mapping[str, Any] | None"]

#: how many differences and failures a report shows
SHOWN = 100


@dataclass
class MigrationReport:
    """What a migration of items did, or would do.

    Attributes:
        collection: whose items.
        dry_run: nothing was stored.
        changed: how many items the function changed, and storing them went well.
        unchanged: how many it left as they were.
        failed: how many can't be stored, or aren't as the description says.
        differences: the first changed items by id: for each path the value before and after.
        failures: the first failed items by id: for each path what is wrong.
        last: the id of the last item that was looked at; `after=` goes on behind it.
    """

    collection: str
    dry_run: bool
    changed: int = 0
    unchanged: int = 0
    failed: int = 0
    differences: dict[str, dict[str, tuple[Any, Any]]] = field(default_factory=dict)
    failures: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    last: str | None = None

    @property
    def total(self) -> int:
        """How many items were looked at."""
        return self.changed + self.unchanged + self.failed

    def add(self, other: MigrationReport) -> None:
        """Take in what was done in a batch."""
        self.changed += other.changed
        self.unchanged += other.unchanged
        self.failed += other.failed
        for mine, more in ((self.differences, other.differences), (self.failures, other.failures)):
            for identifier, told in more.items():
                if len(mine) < SHOWN:
                    mine[identifier] = told  # type: ignore[assignment]
        self.last = other.last or self.last


class _Undo(Exception):  # noqa: N818 - it is no error
    """Ends the transaction of a dry run."""


def migrate(
    service: Service,
    collection: str,
    function: Change | None,
    *,
    filters: Any = None,
    ids: Iterable[str] | None = None,
    dry_run: bool = True,
    batch: Any = 500,
    after: str | None = None,
    progress: Callable[[MigrationReport], object] | None = None,
) -> MigrationReport:
    """Change every item of a collection by a function. See `Backoffice.migrate`."""
    if collection not in service.model.descriptions:
        raise DescriptionError(f"There is no collection {collection!r} to migrate.")
    if isinstance(batch, bool) or not isinstance(batch, int) or batch < 1:
        raise DescriptionError(f"'batch' takes an integer of at least 1, not {batch!r}.")
    where = _where(service, collection, filters, ids)
    report = MigrationReport(collection, dry_run, last=after)
    while True:
        done = _batch(service, collection, function, where, report.last, batch, dry_run)
        report.add(done)
        if done.total and progress is not None:
            progress(report)
        if done.total < batch:
            return report


def _where(service: Service, collection: str, filters: Any, ids: Iterable[str] | None) -> Bound:
    description = service.model.descriptions[collection]
    where = bind(parse_filter(filters), description, service.model)
    if ids is None:
        return where
    return And((OneOf(description.leaves[("_id",)], tuple(ids)), where))


@replayed
def _batch(
    service: Service, collection: str, function: Change | None, where: Bound, last: str | None, size: int, dry_run: bool
) -> MigrationReport:
    report = MigrationReport(collection, dry_run, last=last)
    plan = SelectPlan(service.projection(collection), where, size, after=None if last is None else (last,))
    try:
        with service.unit(write=True) as unit:
            records = unit.session(collection).select(plan, Form.VALUES)
            fill(unit, service.model, plan.projection, [record.identifier for record in records], records, None)
            for record in records:
                _one(service, unit, collection, function, record, report)
            if dry_run:
                raise _Undo
    except _Undo:
        pass
    return report


def _one(
    service: Service,
    unit: UnitOfWork,
    collection: str,
    function: Change | None,
    record: Record,
    report: MigrationReport,
) -> None:
    report.last = record.identifier
    try:
        with unit.savepoint():
            item = make_item(service, collection, record)
            try:
                differences = _apply(service, item, function)
            except ConflictError:  # perhaps somebody else wrote it since it was read: once more, as it is now
                item = get_locked(service, unit, collection, record.identifier)
                differences = _apply(service, item, function)
    except BackoError as error:
        if isinstance(error, DescriptionError):
            raise
        report.failed += 1
        if len(report.failures) < SHOWN:
            report.failures[record.identifier] = _faults(error)
        return
    if not differences:
        report.unchanged += 1
        return
    report.changed += 1
    if len(report.differences) < SHOWN:
        report.differences[record.identifier] = differences


def _apply(service: Service, item: Item, function: Change | None) -> dict[str, tuple[Any, Any]]:
    """Change and store an item; return what is different."""
    item.disable_permissions()
    before = item.get_value()
    if function is None:
        _check(item)
        return {}
    returned = function(item)
    if returned is not None:
        item.set({name: value for name, value in returned.items() if name not in ("_id", "_meta")})
    differences = dict(_differences("$", before, item.get_value()))
    if differences:
        service.update(item)
    return differences


def _check(item: Item) -> None:
    """Look whether an item is as its description says, which may have become stricter since it was stored."""
    try:
        item._type.load(item.get_value(), item)
    except Fault as fault:
        raise validation_error(fault) from None


def _differences(path: str, old: Any, new: Any) -> Iterable[tuple[str, tuple[Any, Any]]]:
    if isinstance(old, dict) and isinstance(new, dict):
        for name in {**old, **new}:
            yield from _differences(f"{path}.{name}", old.get(name), new.get(name))
    elif type(old) is not type(new) or old != new:
        yield path, (old, new)


def _faults(error: BackoError) -> dict[str, list[str]]:
    messages = getattr(error, "messages", None)
    if isinstance(error, ValidationError) or messages:
        return dict(messages or {})
    return {"$": [str(error)]}
