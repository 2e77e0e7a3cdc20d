"""Dropping a collection: all of its items go at once, without strategies and events, and so do the links to them.

In: a collection. Out: the statements, or a `NotEmptyError` that names the items elsewhere that must have a link to one
of its own. What the database's foreign keys refuse is left to them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..errors import NotEmptyError
from ..model.model import Model
from ..model.relations import RelationKind
from ..model.views import project
from ..query.ast import TRUE, Each, Some
from ..query.order import BY_ID
from ..query.plan import SelectPlan
from ..storage.interface import Form
from .late import bereft
from .required import must_be_linked
from .routes import Inward, every_link
from .sessions import LateLoser, Sessions


def drop(unit: Sessions, model: Model, together: Callable[[str, str], bool], collection: str) -> None:
    """Delete all items of a collection, and the links to them wherever they are stored.

    Args:
        unit: gives the sessions.
        model: says who refers to it.
        together: tells whether two collections live in one database.
        collection: what is dropped.

    Raises:
        NotEmptyError: items of another collection must have a link to one of this.
    """
    told = [
        bereft(link.relation, not link.is_owner, count)
        for link in _needed(model, together, collection)
        if (count := _left_behind(unit, model, link))
    ]
    if told:
        raise NotEmptyError(f"{collection!r} can't be dropped: items would be left behind: {'; '.join(told)}.")
    for relation in model.inbound[collection]:
        is_column = relation.kind is not RelationKind.MANY_TO_MANY
        if is_column and not relation.required and relation.owner.collection != collection:
            unit.session(relation.owner.collection).release(relation, None)
    unit.session(collection).drop(collection)


def _needed(model: Model, together: Callable[[str, str], bool], collection: str) -> Iterator[Inward]:
    """Visit the links that items of other collections must have to items of this one, and no foreign key keeps."""
    for link in every_link(model, collection):
        if link.other == collection or not must_be_linked(link.relation, is_owner=not link.is_owner):
            continue
        is_column = not link.is_owner and not link.is_many_to_many
        if not (is_column and together(link.other, collection)):
            yield link


def _left_behind(unit: Sessions, model: Model, link: Inward) -> int:
    """Count the items on the other side of a link that they must have: none of them is without it now."""
    relation, other = link.relation, link.other
    session = unit.session(other)
    if relation.in_elements:
        return session.count(other, Some(model.descriptions[other].leaves[relation.within], Each(), TRUE))
    if unit.goes_on and (relation, not link.is_owner) in model.late:  # the other side may be dropped next
        plan = SelectPlan(project(model.descriptions[other], None), TRUE, columns=BY_ID)
        losers = frozenset(record.identifier for record in session.select(plan, Form.VALUES))
        unit.judge_late(LateLoser(relation, not link.is_owner, losers))
        return 0
    return session.count(other, TRUE)
