"""Selections: named queries, whose rows are columns of items and of what these link to.

In: a `Selection`, and what whoever asks wants of it on top. Out: rows. A selection is checked and prepared once; its
filter and that of the user both hold. All rows of a page follow their links together, so that the number of statements
depends on the columns and not on the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import DescriptionError, QueryError, RightsError
from ..items.permissions import ask_right
from ..items.selectors import Every, Name, Selector, Slice, Step, parse_selector, select_columns
from ..model.description import Description
from ..model.model import Model
from ..model.selection import Selection
from ..model.views import Projection
from ..query.ast import TRUE, Bound, Parsed
from ..query.bind import bind
from ..query.order import MAX_SORT_REFERENCES, Term, Wish, bind_column, bind_order, parse_sort
from ..query.parse_args import DEFAULT_VIEW, ListParameters
from ..query.parse_dict import parse_filter
from ..rights.filters import check_sortable
from ..storage.interface import Form
from ..types.base import FieldType
from ..types.compound import In, Tuple
from ..types.container import DictType, ListType
from ..types.free import FreeDictType
from ..types.reference import Ref, RefsListType
from . import page as pages
from .asked import Asked, Page

if TYPE_CHECKING:
    from .service import Service


@dataclass(frozen=True, slots=True)
class Prepared:
    """A selection that was checked.

    Attributes:
        columns: the selectors; `None` for whole items.
        where: its own filter; `None` where a function makes it.
        sort: its own order.
        refused: a column that nobody may read.
        projection: the fields that its columns need of the items themselves.
        terms: the columns, where all of them can be read in one statement.
    """

    columns: tuple[Selector, ...] | None
    where: Bound | None
    sort: tuple[Wish, ...]
    refused: str | None
    projection: Projection
    terms: tuple[Term, ...] | None


def prepare(service: Service, collection: str, name: str, selection: Selection) -> Prepared:
    """Check a selection of a collection.

    Raises:
        DescriptionError: a selector leads nowhere, or the filter or the sort can't be understood.
    """
    description, model = service.model.descriptions[collection], service.model
    told = f"Selection {name!r} of {collection!r}"
    try:
        where = None if callable(selection.filter) else bind(parse_filter(selection.filter), description, model)
        sort = parse_sort(selection.sort)
        # The order of the rows, and the cursors, would tell what not everybody may read.
        check_sortable(bind_order(sort, description, model), description, model)
    except (QueryError, RightsError) as error:
        raise DescriptionError(f"{told}: {error}") from None
    columns = None if selection.selectors is None else tuple(map(parse_selector, selection.selectors))
    walks = [_Column(column, description, model, told) for column in columns or ()]
    refused = next((walk.text for walk in walks if walk.is_refused), None)
    return Prepared(
        columns,
        where,
        sort,
        refused,
        _needed(service, description, columns),
        _terms(service, description, columns) if columns else None,
    )


def run(service: Service, selection: Selection, filters: Any, page: int, skip: int, sort: Any) -> dict[str, Any]:
    """Read a page of a selection, for Python; see `Selection.select`."""
    pages.check_numbers({"page_size": page, "num_of_element_to_skip": skip})
    prepared = _permitted(service, selection)
    parameters = ListParameters(page=page, skip=skip, sort=parse_sort(sort))
    asked = _ask(service, selection, prepared, parse_filter(filters), parameters, trusted=True)
    found: Page[Any]
    if prepared.columns is None:
        found = pages.read_items(service, asked)
    else:
        found = _rows(service, asked, prepared, prepared.columns, None)
    return {"result": found.result, "total": found.total, "_skip": skip, "_page": page}


def count(service: Service, selection: Selection, filters: Any) -> int:
    """Count what is selected, for Python; see `Selection.count`."""
    prepared = _permitted(service, selection)
    return pages.count_asked(
        service, _ask(service, selection, prepared, parse_filter(filters), ListParameters(), trusted=True)
    )


def page_json(
    service: Service, selection: Selection, conditions: Sequence[Parsed], parameters: ListParameters
) -> Page[Any]:
    """Read a page of a selection, for a client.

    Raises:
        RightsError: the user may not ask, or what is asked looks at a field that not everybody may read.
        QueryError: a condition, the order or the cursor can't be understood.
    """
    prepared = _permitted(service, selection)
    asked = _ask(service, selection, prepared, conditions, parameters)
    if prepared.columns is None:
        return pages.read_json(service, asked, DEFAULT_VIEW)
    return _rows(service, asked, prepared, prepared.columns, DEFAULT_VIEW)


def _rows(
    service: Service, asked: Asked, prepared: Prepared, columns: tuple[Selector, ...], view: str | None
) -> Page[list[Any]]:
    """Read a page of rows; live items are only built where columns or filter need them."""
    if prepared.terms is not None and asked.remainder == TRUE:
        return pages.read_rows(service, asked, prepared.terms, Form.VALUES if view is None else Form.JSON)
    found = pages.read_items(service, asked, projection=prepared.projection)
    return Page(select_columns(found.result, columns, view), found.total, found.next)


def _permitted(service: Service, selection: Selection) -> Prepared:
    """Return a selection prepared, if the current user may ask for it."""
    name, right = f"{selection.name!r} of {selection.collection.name!r}", selection.can_read
    if (right if isinstance(right, bool) else ask_right(right, "read", None)) is not True:
        raise RightsError(f"The selection {name} may not be read.")
    prepared = service.prepared(selection)
    if prepared.refused is not None:
        raise RightsError(f"The column {prepared.refused!r} of the selection {name} may not be read.", ever=True)
    return prepared


def _ask(
    service: Service,
    selection: Selection,
    prepared: Prepared,
    conditions: Sequence[Parsed],
    parameters: ListParameters,
    *,
    trusted: bool = False,
) -> Asked:
    collection, where = selection.collection.name, prepared.where
    if where is None:
        try:
            made = parse_filter(ask_right(selection.filter, "read", None))
            where = bind(made, service.model.descriptions[collection], service.model)
        except QueryError as error:  # no fault of whoever asks
            raise DescriptionError(f"The filter of {selection!r} can't be understood: {error}") from error
    return pages.ask(service, collection, conditions, parameters, own=where, ties=prepared.sort, trusted=trusted)


def _needed(service: Service, description: Description, columns: tuple[Selector, ...] | None) -> Projection:
    """Return the fields that columns begin with, where no function of the description may look at others."""
    whole = service.projection(description.name)
    firsts = [column.steps[0] if column.steps else None for column in columns or ()]
    names = {"_id", *(step.name for step in firsts if isinstance(step, Name))}
    if description.per_whole_item or columns is None or not all(isinstance(step, Name) for step in firsts):
        return whole
    tree = tuple(node for node in whole.tree if node[0] in names)
    return Projection(description.name, None, tree, frozenset(path for path in whole.links if path[0] in names))


def _terms(service: Service, description: Description, columns: tuple[Selector, ...]) -> tuple[Term, ...] | None:
    """Return the columns as fields of one database, where all are plain values that no function has a say in."""
    terms: list[Term] = []
    for column in columns:
        names = tuple(step.name for step in column.steps or () if isinstance(step, Name))
        if not names or len(names) < len(column.steps or ()):
            return None
        term = bind_column(names, description, service.model)
        if term is None:
            return None
        reached = {description.name, *(hop.side.other for hop in term.hops)}
        if any(
            service.model.descriptions[name].per_whole_item
            or service.backend(name) is not service.backend(description.name)
            for name in reached
        ):
            return None
        terms.append(term)
    # Together with those of an order they must stay below what a database joins.
    return tuple(terms) if sum(len(term.hops) for term in terms) <= MAX_SORT_REFERENCES else None


class _Column:
    """The walk of a selector over the description, which finds out where it leads.

    Args:
        selector: the column.
        description: of the collection.
        model: of the backoffice.
        told: what the messages call the selection.

    Raises:
        DescriptionError: it is no selector, or leads nowhere.
    """

    def __init__(self, selector: Selector, description: Description, model: Model, told: str) -> None:
        self.text = selector.text
        #: nobody may read what it names, whatever the item
        self.is_refused = False
        self._model = model
        self._description = description
        self._told = told
        #: where the walk has come to; `None` in the content of a document, where anything may be
        self._field: FieldType[Any] | None = description.item
        self._readable: object = description.item.options.rights.get("read", True)
        if selector.steps is None:
            raise DescriptionError(f"{told}: {self.text!r} is no selector. One looks like '$.author.name'.")
        for step in selector.steps:
            self._take(step)
        self._end()

    def _take(self, step: Step) -> None:
        if self._field is None:
            return
        if isinstance(step, Name):
            self._name(step.name)
        elif isinstance(self._field, ListType):
            self._field = self._field.element
        elif isinstance(self._field, RefsListType):
            self._field = self._field if isinstance(step, Slice) else self._field.inner(0)
        elif isinstance(step, Every) or isinstance(self._field, Tuple | In | FreeDictType):
            self._end()
            self._field = None
        else:
            raise self._nowhere()

    def _name(self, name: str) -> None:
        while isinstance(self._field, ListType):
            self._field = self._field.element
        if isinstance(self._field, Ref | RefsListType):
            self._end()
            self._description = self._model.descriptions[self._field.collection]
            self._field = self._description.item
            self._readable = self._field.options.rights.get("read", True)
        if isinstance(self._field, DictType):
            if name not in self._field.fields:
                raise self._nowhere()
            self._field = self._field.fields[name]
            self._readable = self._field.options.rights.get("read", self._readable)
        elif isinstance(self._field, Tuple | In | FreeDictType):
            self._end()
            self._field = None
        else:
            raise self._nowhere()

    def _end(self) -> None:
        """Note whether nobody may read the field that the walk has come to."""
        self.is_refused |= self._readable is False and not _holds_readable(self._field)

    def _nowhere(self) -> DescriptionError:
        return DescriptionError(f"{self._told}: {self.text!r} leads nowhere.")


def _holds_readable(field: FieldType[Any] | None) -> bool:
    """Tell whether something in a `Dict` may be read although the `Dict` as a whole may not."""
    return isinstance(field, DictType) and any(
        inner.options.rights.get("read", False) is not False or _holds_readable(inner)
        for inner in field.fields.values()
    )
