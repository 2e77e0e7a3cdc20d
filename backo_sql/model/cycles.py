"""Required references that lead round in a circle: of the items on it, none can be stored first.

In: the relations of a model. Out: the sides whose references can only be judged when a transaction ends. All others
are judged at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from .relations import Relation

#: a relation and whether its owner's reference is meant, or the one that faces it
End = tuple[Relation, bool]


def ends_on_cycles(relations: Iterable[Relation]) -> frozenset[End]:
    """Return the required references that lie on a cycle of required references, to the own collection too."""
    needs: dict[str, set[str]] = defaultdict(set)
    ends = [end for relation in relations for end in _required(relation)]
    for end in ends:
        near, far = _collections(end)
        needs[near].add(far)
    return frozenset(end for end in ends if _leads_back(needs, *_collections(end)))


def _required(relation: Relation) -> Iterator[End]:
    if relation.required and not relation.in_elements:  # a list can be empty until its targets are there
        yield relation, True
    if relation.inverse_required:
        yield relation, False


def _collections(end: End) -> tuple[str, str]:
    relation, is_owner = end
    collections = relation.owner.collection, relation.target
    return collections if is_owner else collections[::-1]


def _leads_back(needs: Mapping[str, set[str]], near: str, far: str) -> bool:
    seen, todo = {far}, [far]
    while todo:
        name = todo.pop()
        if name == near:
            return True
        new = needs.get(name, set()) - seen
        seen |= new
        todo += new
    return False
