"""The unit of work: one transaction on every backend that it touches.

A verb runs in the unit that is current, or in one of its own. A write inside a write becomes a savepoint, so that a
refused verb leaves nothing behind in a transaction that goes on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar

from ..errors import InterruptedWriteError
from ..items.item import Item
from ..links.late import judge
from ..links.sessions import Late
from ..model.model import Model
from ..storage.interface import Backend, Session

#: The units of work that are open in this context, by the identity of their model.
_open: ContextVar[Mapping[int, UnitOfWork]] = ContextVar("backo_sql_units", default={})  # noqa: B039 - never changed in place


class UnitOfWork:
    """The sessions of one unit of work, begun when they are first asked for.

    Args:
        model: of the backoffice.
        backends: where each collection lives.
        write: whether it may write.
    """

    def __init__(self, model: Model, backends: Mapping[str, Backend], *, write: bool) -> None:
        self.model = model
        self.write = write
        #: rises with every write that is a part of this unit of work
        self.writes = 0
        self._thread = threading.get_ident()
        self._closed = False
        self._backends = backends
        self._sessions: dict[tuple[int, int], Session] = {}
        self._savepoints: list[ExitStack] = []
        self._afterwards: list[Callable[[], None]] = []
        self._undos: list[Callable[[], None]] = []
        self._late: list[Late] = []
        self._told: dict[tuple[str, str], Item | None] | None = None

    def session(self, collection: str) -> Session:
        """Return the session of the backend that a collection lives in."""
        backend = self._backends[collection]
        place = id(backend), id(backend.place)  # which database it is may depend on the application that is current
        session = self._sessions.get(place)
        if session is None:
            session = self._sessions[place] = backend.session(self.model, write=self.write)
            for stack in self._savepoints:
                stack.enter_context(session.savepoint())
        return session

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what is done inside when it is left by an exception, on sessions that are begun inside too."""
        self.writes += 1
        with ExitStack() as stack:
            for session in tuple(self._sessions.values()):
                stack.enter_context(session.savepoint())
            self._savepoints.append(stack)
            noted, undos, late = len(self._afterwards), len(self._undos), len(self._late)
            try:
                yield
            except BaseException:
                del self._afterwards[noted:]
                del self._late[late:]
                self.undo(undos)
                raise
            finally:
                self._savepoints.pop()

    @property
    def goes_on(self) -> bool:
        """The present verb is a part of something larger, which may put right what it leaves."""
        return bool(self._savepoints)

    def judge_late(self, what: Late) -> None:
        """Have something judged before everything is kept: links that can't be in order from the beginning."""
        self._late.append(what)

    @contextmanager
    def telling(self) -> Iterator[dict[tuple[str, str], Item | None]]:
        """Give a note of the items whose deletion somebody was told of, which deletions inside this one share.

        It holds the items that somebody is told of again when everything is kept, by collection and id.
        """
        if self._told is not None:
            yield self._told
            return
        self._told = {}
        try:
            yield self._told
        finally:
            self._told = None

    def after_commit(self, call: Callable[[], None]) -> None:
        """Do something once everything is kept, and not at all when it is undone."""
        self._afterwards.append(call)

    def on_undo(self, call: Callable[[], None]) -> None:
        """Do something when what was done since is undone: put a Python object back as it was."""
        self._undos.append(call)

    def undo(self, first: int = 0) -> None:
        """Put the Python objects back, the one that was changed last first."""
        while len(self._undos) > first:
            self._undos.pop()()

    def commit(self) -> None:
        """Keep everything.

        Raises:
            ValidationError: a link leads to an item that isn't there in the end.
            NotEmptyError: an item that was deleted is referred to in the end.
        """
        if self._late:
            judge(self, self.model, self._late)
        for session in self._sessions.values():
            session.commit()

    def tell(self) -> None:
        """Do what was to be done after the commit: all of it, even if some of it fails; the first failure is raised."""
        failures: list[Exception] = []
        for call in self._afterwards:
            try:
                call()
            except Exception as failure:
                if isinstance(failure, InterruptedWriteError):
                    failure.final = True  # what this unit wrote is kept: doing it again would do it twice
                failures.append(failure)
        if failures:
            raise failures[0]

    @property
    def usable(self) -> bool:
        """It is open, and of this thread: a copied context may hold one that is neither."""
        return not self._closed and self._thread == threading.get_ident()

    def close(self) -> None:
        """Give all connections back; what was not committed is undone."""
        self._closed = True
        failures: list[BaseException] = []
        for session in self._sessions.values():
            try:
                session.close()
            except BaseException as failure:
                failures.append(failure)
        if failures:
            raise failures[0]


def is_writing(model: Model) -> bool:
    """Tell whether a unit of work that writes is open here, so that the next write becomes a part of it."""
    current = _open.get().get(id(model))
    return current is not None and current.usable and current.write


@contextmanager
def unit_of_work(model: Model, backends: Mapping[str, Backend], *, write: bool) -> Iterator[UnitOfWork]:
    """Run in the current unit of work, or in a new one that is committed at the end and undone by an exception."""
    units = _open.get()
    current = units.get(id(model))
    if current is not None and current.usable and (current.write or not write):
        if not write:
            yield current
            return
        with current.savepoint():
            yield current
        return
    unit = UnitOfWork(model, backends, write=write)
    token = _open.set({**units, id(model): unit})
    try:
        yield unit
        if write:
            unit.commit()
    except BaseException:
        unit.undo()
        raise
    finally:
        _open.reset(token)
        unit.close()
    unit.tell()
