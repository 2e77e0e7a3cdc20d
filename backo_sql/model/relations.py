"""Which reference faces which: every link of the model as one `Relation`, with one owner.

In: the descriptions of all collections. Out: the relations. A reference that leads nowhere, or to a field that
doesn't face it, is a `DescriptionError`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from ..errors import DescriptionError
from ..types.reference import DeleteStrategy, FillStrategy, Ref, RefsListType
from .description import Description, find_field
from .paths import Path, parse_path, path_text


class RelationKind(Enum):
    """How many items may stand on either side, the owner's first."""

    MANY_TO_ONE = "many_to_one"
    ONE_TO_ONE = "one_to_one"
    MANY_TO_MANY = "many_to_many"


@dataclass(frozen=True, slots=True, order=True)
class End:
    """A reference field: where a relation is declared."""

    collection: str
    path: Path

    def __str__(self) -> str:
        return f"{self.collection}.{path_text(self.path)[2:]}"


@dataclass(frozen=True, slots=True)
class Relation:
    """One link between two collections.

    Attributes:
        kind: how many on either side.
        owner: the field that is stored; every other fact about the link is read from it.
        target: the collection that the owner points to.
        inverse: the field of the target that faces the owner, where one was declared.
        required: every owner must have at least one.
        inverse_required: every item of the target must be pointed to by at least one.
        within: the list whose elements hold the owner; empty where the owner is a field of the item itself.
        on_target_delete: what deleting an item of the target means for the owners that point to it.
        on_owner_delete: the same for the items that an owner points to; only many-to-many links have a say here.
        fill_owner: whether the owner's list is read with its item.
        fill_inverse: the same for the inverse.
    """

    kind: RelationKind
    owner: End
    target: str
    inverse: End | None
    required: bool
    on_target_delete: DeleteStrategy
    on_owner_delete: DeleteStrategy = DeleteStrategy.UNLINK_REFERENCED_ITEMS
    fill_owner: bool = True
    fill_inverse: bool = True
    inverse_required: bool = False
    within: Path = ()

    @property
    def in_elements(self) -> bool:
        """The owner stands in the elements of a list, so that one item may point to many, also twice to the same."""
        return bool(self.within)

    @property
    def element_path(self) -> Path:
        """Where the owner stands in an element."""
        return self.owner.path[len(self.within) :]


def find_relations(descriptions: Mapping[str, Description]) -> tuple[Relation, ...]:
    """Pair all references of a model.

    Raises:
        DescriptionError: naming the reference whose collection or reverse field isn't there, or which doesn't face it.
    """
    ends = {
        End(description.name, path): field
        for description in descriptions.values()
        for path, field in description.references()
    }
    lists: dict[End, Path] = {}
    for description in descriptions.values():
        for within, path, field in description.element_references():
            end = End(description.name, path)
            ends[end], lists[end] = field, within
    partners = _pair(descriptions, ends)
    relations: list[Relation] = []
    for end in sorted(ends):
        partner = partners.get(end)
        if partner is None:
            relation = _one_sided(end, ends[end])
        elif end in lists:
            _check_faces_elements(end, partner, ends[partner])
            relation = _two_sided(end, ends[end], partner, ends[partner])
        elif partner in lists:
            continue
        elif _owns(end, ends[end], partner, ends[partner]):
            relation = _two_sided(end, ends[end], partner, ends[partner])
        else:
            continue
        relations.append(dataclasses.replace(relation, within=lists[end]) if end in lists else relation)
    return tuple(relations)


def unfaced(relations: tuple[Relation, ...]) -> Iterator[End]:
    """Visit the references that no field faces: legal, and sometimes an oversight."""
    for relation in relations:
        if relation.inverse is None:
            yield relation.owner


def _pair(descriptions: Mapping[str, Description], ends: Mapping[End, Ref | RefsListType]) -> dict[End, End]:
    partners: dict[End, End] = {}
    for end, field in ends.items():
        if field.collection not in descriptions:
            raise DescriptionError(f"{end} refers to the collection {field.collection!r}, which is not registered.")
        if field.field is None:
            continue
        partner = _facing(descriptions[field.collection], end, field.field, ends)
        if partner == end:
            raise DescriptionError(f"{end} says that it faces itself: leave out 'field', or name another reference.")
        facing = ends[partner]
        if facing.collection != end.collection:
            raise DescriptionError(f"{end} says that {partner} faces it, but that refers to {facing.collection!r}.")
        if facing.field is not None and parse_path(facing.field) != end.path:
            raise DescriptionError(f"{end} says that {partner} faces it, but that faces {facing.field!r}.")
        for one, other in ((end, partner), (partner, end)):
            if partners.setdefault(one, other) != other:
                raise DescriptionError(
                    f"{one} is faced by both {partners[one]} and {other}: a reference has one reverse."
                )
    return partners


def _facing(target: Description, end: End, text: str, ends: Mapping[End, Ref | RefsListType]) -> End:
    path = parse_path(text)
    if End(target.name, path) in ends:
        return End(target.name, path)
    field = find_field(target.item, path)
    if field is None:
        raise DescriptionError(f"{end} says that {text!r} of {target.name!r} faces it, but there is no such field.")
    if not isinstance(field, Ref | RefsListType):
        raise DescriptionError(
            f"{end} says that {text!r} of {target.name!r} faces it, but that is a {field.type_name()}, no reference."
        )
    return End(target.name, path)


def _check_faces_elements(end: End, partner: End, facing: Ref | RefsListType) -> None:
    if not isinstance(facing, RefsListType):
        raise DescriptionError(
            f"{partner} faces {end}, which stands in the elements of a list: only a RefsList can face it."
        )
    if facing.options.required:
        raise DescriptionError(
            f"{partner} faces {end}, which stands in the elements of a list: what is read from there can't be required."
        )


def _owns(end: End, field: Ref | RefsListType, partner: End, facing: Ref | RefsListType) -> bool:
    """Tell whether `end` is the side that is stored, by a rule that the order of registration can't change."""
    if isinstance(field, Ref) != isinstance(facing, Ref):
        return isinstance(field, Ref)
    if isinstance(field, Ref) and isinstance(facing, Ref):
        if field.owner and facing.owner:
            raise DescriptionError(f"{end} and {partner} both say owner=True: one of two facing Ref is stored.")
        if field.options.required != facing.options.required:
            return field.options.required
        if field.owner != facing.owner:
            return field.owner
    return end <= partner


def _one_sided(end: End, field: Ref | RefsListType) -> Relation:
    required = field.options.required
    if isinstance(field, Ref):
        strategy = DeleteStrategy.MUST_BE_EMPTY if required else DeleteStrategy.UNLINK_REFERENCED_ITEMS
        return Relation(RelationKind.MANY_TO_ONE, end, field.collection, None, required, strategy)
    return Relation(
        RelationKind.MANY_TO_MANY,
        end,
        field.collection,
        None,
        required,
        on_target_delete=DeleteStrategy.UNLINK_REFERENCED_ITEMS,
        on_owner_delete=field.on_delete,
        fill_owner=field.on_fill is FillStrategy.FILL,
    )


def _two_sided(end: End, field: Ref | RefsListType, partner: End, facing: Ref | RefsListType) -> Relation:
    required = field.options.required
    if isinstance(field, RefsListType) and isinstance(facing, RefsListType):
        if field.on_fill is facing.on_fill is FillStrategy.NOT_FILL:
            raise DescriptionError(f"{end} and {partner} are both NOT_FILL: one of two facing lists must be filled.")
        return Relation(
            RelationKind.MANY_TO_MANY,
            end,
            field.collection,
            partner,
            required,
            on_target_delete=facing.on_delete,
            on_owner_delete=field.on_delete,
            fill_owner=field.on_fill is FillStrategy.FILL,
            fill_inverse=facing.on_fill is FillStrategy.FILL,
            inverse_required=facing.options.required,
        )
    if isinstance(facing, RefsListType):
        return Relation(
            RelationKind.MANY_TO_ONE,
            end,
            field.collection,
            partner,
            required,
            on_target_delete=facing.on_delete,
            fill_inverse=facing.on_fill is FillStrategy.FILL,
            inverse_required=facing.options.required,
        )
    strategy = DeleteStrategy.MUST_BE_EMPTY if required else DeleteStrategy.UNLINK_REFERENCED_ITEMS
    return Relation(
        RelationKind.ONE_TO_ONE,
        end,
        field.collection,
        partner,
        required,
        on_target_delete=strategy,
        inverse_required=facing.options.required,
    )
