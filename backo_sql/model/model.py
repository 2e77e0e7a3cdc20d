"""The whole of a backoffice, frozen: descriptions and relations, and the questions that later stages ask of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..errors import DescriptionError
from .cycles import End, ends_on_cycles
from .description import MAX_NAME_BYTES, Description
from .paths import Path, column_name
from .relations import Relation, RelationKind, find_relations, unfaced


@dataclass(frozen=True, slots=True)
class Side:
    """A relation, seen from one of its fields.

    Attributes:
        relation: what links the two collections.
        is_owner: the field is the one that the relation is stored by.
    """

    relation: Relation
    is_owner: bool

    @property
    def other(self) -> str:
        """The collection on the other side."""
        return self.relation.target if self.is_owner else self.relation.owner.collection

    @property
    def is_single(self) -> bool:
        """The field holds one id, not a list."""
        return self.relation.kind is RelationKind.ONE_TO_ONE or (
            self.is_owner and self.relation.kind is RelationKind.MANY_TO_ONE
        )

    @property
    def filled(self) -> bool:
        """The field is read together with its item."""
        return self.relation.fill_owner if self.is_owner else self.relation.fill_inverse


@dataclass(frozen=True)
class Model:
    """What `freeze` makes of a backoffice.

    Attributes:
        name: of the application.
        descriptions: every collection by name.
        relations: every link between them.
        owned: the relations whose owner is a field of that collection.
        inbound: the relations that point to that collection.
        sides: for each collection, its reference fields by path.
        elements: for each collection, its lists whose elements hold references: by path of the list, the references by
            their path in an element.
        references: for each collection, both of these by path from the item down.
        late: the required references that are judged when a transaction ends; see `cycles.py`.
    """

    name: str
    descriptions: Mapping[str, Description]
    relations: tuple[Relation, ...]
    owned: Mapping[str, tuple[Relation, ...]] = field(init=False)
    inbound: Mapping[str, tuple[Relation, ...]] = field(init=False)
    sides: Mapping[str, Mapping[Path, Side]] = field(init=False)
    elements: Mapping[str, Mapping[Path, Mapping[Path, Side]]] = field(init=False)
    references: Mapping[str, Mapping[Path, Side]] = field(init=False)
    late: frozenset[End] = field(init=False)

    def __post_init__(self) -> None:
        owned: dict[str, list[Relation]] = defaultdict(list)
        inbound: dict[str, list[Relation]] = defaultdict(list)
        sides: dict[str, dict[Path, Side]] = {name: {} for name in self.descriptions}
        elements: dict[str, dict[Path, dict[Path, Side]]] = {name: {} for name in self.descriptions}
        references: dict[str, dict[Path, Side]] = {name: {} for name in self.descriptions}
        for relation in self.relations:
            collection = relation.owner.collection
            owned[collection].append(relation)
            inbound[relation.target].append(relation)
            side = references[collection][relation.owner.path] = Side(relation, is_owner=True)
            if relation.in_elements:
                elements[collection].setdefault(relation.within, {})[relation.element_path] = side
            else:
                sides[collection][relation.owner.path] = side
            if relation.inverse is not None:
                sides[relation.inverse.collection][relation.inverse.path] = Side(relation, is_owner=False)
        for name, own in sides.items():
            references[name].update(own)
        object.__setattr__(self, "sides", sides)
        object.__setattr__(self, "elements", elements)
        object.__setattr__(self, "references", references)
        object.__setattr__(self, "late", ends_on_cycles(self.relations))
        object.__setattr__(self, "owned", {name: tuple(owned[name]) for name in self.descriptions})
        object.__setattr__(self, "inbound", {name: tuple(inbound[name]) for name in self.descriptions})

    @classmethod
    def of(cls, name: str, descriptions: Mapping[str, Description]) -> Model:
        """Freeze the collections of an application.

        Raises:
            DescriptionError: a reference leads nowhere, or two collections have one name where letters have no case.
        """
        folded: dict[str, str] = {}
        for collection in descriptions:
            other = folded.setdefault(collection.lower(), collection)
            if other != collection:
                raise DescriptionError(f"The collections {other!r} and {collection!r} differ in case only.")
        relations = find_relations(descriptions)
        frozen = dict(descriptions)
        for relation in relations:
            table = column_name((relation.owner.collection, *relation.owner.path))
            if relation.kind is RelationKind.MANY_TO_MANY and len(table) > MAX_NAME_BYTES:
                raise DescriptionError(
                    f"{relation.owner} needs a table {table!r}, whose name has more than {MAX_NAME_BYTES} letters."
                )
            if relation.kind is RelationKind.ONE_TO_ONE and relation.inverse is not None:
                inverse = relation.inverse
                frozen[inverse.collection] = frozen[inverse.collection].without_column(inverse.path)
        return cls(name, frozen, relations)

    def warnings(self) -> list[str]:
        """Return what is legal and may be an oversight."""
        return [
            f"{end} has no reverse: deleting what it refers to is decided by its 'required' alone."
            for end in unfaced(self.relations)
        ]
