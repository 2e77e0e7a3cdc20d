"""Which tables a model has, as plain data.

In: the descriptions and relations of the collections of one database. Out: `TableLayout` values, which `tables.py`
turns into SQLAlchemy tables, `failures.py` reads to name the fields behind a constraint, and tests compare. This
module alone decides how a description becomes SQL.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ...model.description import MAX_NAME_BYTES, Description, Leaf
from ...model.model import Model
from ...model.paths import Path, column_name
from ...model.relations import Relation, RelationKind
from ...types.base import FieldType
from ...types.exact import digits
from ...types.kinds import Kind
from ...types.reference import DeleteStrategy

ON_DELETE = {
    DeleteStrategy.MUST_BE_EMPTY: "NO ACTION",
    DeleteStrategy.DELETE_REFERENCED_ITEMS: "CASCADE",
    DeleteStrategy.UNLINK_REFERENCED_ITEMS: "SET NULL",
}

#: the columns that every table of elements has: the item whose list it is, and what their order is told by
OWNER, POSITION = "_owner_id", "_position"


class ListMark(FieldType[list[Any]]):
    """What the item's own row holds of a list that is a table: true where there is a list, null where there is none.

    It is read as an empty list, which the elements are then put into.
    """

    kind: ClassVar[Kind] = Kind.BOOLEAN
    encodes_natively = False
    dumps_natively = False

    def encode(self, value: list[Any]) -> bool:
        """Tell that there is a list."""
        return True

    def decode(self, stored: Any) -> list[Any]:
        """Make the list."""
        return []


@dataclass(frozen=True, slots=True)
class ColumnLayout:
    """A column, and the path of the field that it holds."""

    name: str
    path: Path
    type: FieldType[Any]
    nullable: bool


@dataclass(frozen=True, slots=True)
class CheckLayout:
    """A rule on one column: a range, a list of choices, or a length. The name holds a hash of the values."""

    name: str
    column: str
    path: Path
    type: FieldType[Any]
    rule: str  # "range", "choices", "length", "boolean", "document" or "digits"


@dataclass(frozen=True, slots=True)
class GroupLayout:
    """A unique constraint or an index over columns."""

    name: str
    columns: tuple[str, ...]
    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class ForeignKeyLayout:
    """A reference into another table of the same database."""

    name: str
    column: str
    path: Path
    target: str
    on_delete: str


@dataclass(frozen=True, slots=True)
class TableLayout:
    """The table of a collection."""

    name: str
    columns: tuple[ColumnLayout, ...]
    checks: tuple[CheckLayout, ...]
    uniques: tuple[GroupLayout, ...]
    indexes: tuple[GroupLayout, ...]
    foreign_keys: tuple[ForeignKeyLayout, ...]


@dataclass(frozen=True, slots=True)
class ElementsLayout:
    """The table of a list whose elements hold references: a row for each element of each item.

    Attributes:
        collection: whose list it is.
        path: of the list.
        table: the columns of an element, whose paths begin at the item; `OWNER` and `POSITION` come on top.
    """

    collection: str
    path: Path
    table: TableLayout


@dataclass(frozen=True, slots=True)
class AssociationLayout:
    """The table of a many-to-many link: both ids are its key, the positions keep the order of either list."""

    name: str
    relation: Relation
    owner_key: ForeignKeyLayout
    target_key: ForeignKeyLayout
    index: str


def constraint_name(kind: str, table: str, *parts: str) -> str:
    """Name a constraint so that the name is the same on every database and fits all of them.

    Args:
        kind: `pk`, `fk`, `uq`, `ix` or `ck`.
        table: the table that it belongs to.
        parts: the columns, and what else tells it from its like.
    """
    name = f"{kind}_{'__'.join((table, *parts))}"  # names of tables hold no "__": no two tables meet in one name
    if len(name.encode()) <= MAX_NAME_BYTES:
        return name
    return f"{name[: MAX_NAME_BYTES - 9]}_{_digest(name)}"


def check_name(table: str, column: str, rule: str, values: object) -> str:
    """Name a rule on a column: with a hash of its values, so that a migration sees other values by the name alone."""
    return constraint_name("ck", table, column, rule, _digest(repr(values)))


def digits_name(table: str, column: str, precision: int, scale: int) -> str:
    """Name the rule on a decimal number: it tells what is in the column where that has another type."""
    return constraint_name("ck", table, column, "digits", f"{precision}_{scale}")


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=4).hexdigest()


def table_layout(model: Model, description: Description, local: frozenset[str]) -> TableLayout:
    """Lay out the table of a collection.

    Args:
        model: the whole model.
        description: of the collection.
        local: the collections that live in the same database; only they can be referred to by a foreign key.
    """
    name = description.name
    leaves = [
        dataclasses.replace(leaf, type=ListMark(required=leaf.type.options.required))
        if leaf.path in description.elements
        else leaf
        for leaf in description.stored
    ]
    to_one = {
        relation.owner.path: relation
        for relation in model.owned[name]
        if relation.kind is not RelationKind.MANY_TO_MANY and not relation.in_elements
    }
    return _lay_out(name, leaves, to_one, local, unique=description.item.unique, indexed=description.item.indexes)


def elements_layouts(model: Model, description: Description, local: frozenset[str]) -> Iterator[ElementsLayout]:
    """Lay out the tables of those lists of a collection whose elements hold references."""
    for path, leaves in description.elements.items():
        name = column_name((description.name, *path))
        to_one = {relation.owner.path: relation for relation in model.owned[description.name]}
        table = _lay_out(name, leaves, to_one, local, within=path)
        owner = ForeignKeyLayout(constraint_name("fk", name, OWNER), OWNER, path, description.name, "CASCADE")
        table = dataclasses.replace(table, foreign_keys=(owner, *table.foreign_keys))
        yield ElementsLayout(description.name, path, table)


def _lay_out(
    name: str,
    leaves: Iterable[Leaf],
    to_one: Mapping[Path, Relation],
    local: frozenset[str],
    *,
    within: Path = (),
    unique: Iterable[tuple[Path, ...]] = (),
    indexed: Iterable[tuple[Path, ...]] = (),
) -> TableLayout:
    """Lay out the columns of some leaves, and what holds for them.

    Args:
        name: of the table.
        leaves: the fields of an item, or of an element of a list.
        to_one: the references among them, by path from the item down.
        local: the collections that live in the same database.
        within: the list in whose elements the leaves stand.
        unique: the groups of fields that are unique together.
        indexed: the groups of fields that are indexed together.
    """
    columns: list[ColumnLayout] = []
    checks: list[CheckLayout] = []
    uniques: list[GroupLayout] = []
    indexes: list[GroupLayout] = []
    foreign_keys: list[ForeignKeyLayout] = []
    for leaf in leaves:
        column, path = leaf.column, (*within, *leaf.path)
        columns.append(ColumnLayout(column, path, leaf.type, nullable=_nullable(leaf)))
        checks.extend(_checks(name, column, path, leaf.type))
        relation = to_one.get(path)
        one_to_one = relation is not None and relation.kind is RelationKind.ONE_TO_ONE
        if leaf.type.options.unique or one_to_one:
            uniques.append(GroupLayout(constraint_name("uq", name, column), (column,), (path,)))
        elif leaf.type.options.index or relation is not None:
            indexes.append(GroupLayout(constraint_name("ix", name, column), (column,), (path,)))
        if relation is not None and relation.target in local:
            foreign_keys.append(_foreign_key(name, column, relation))
    uniques.extend(_group("uq", name, paths) for paths in unique)
    indexes.extend(_group("ix", name, paths) for paths in indexed)
    taken = {unique.columns for unique in uniques}
    indexes = list({index.columns: index for index in indexes if index.columns not in taken}.values())
    uniques = list({unique.columns: unique for unique in uniques}.values())
    return TableLayout(name, tuple(columns), tuple(checks), tuple(uniques), tuple(indexes), tuple(foreign_keys))


def partner_constraints(model: Model) -> frozenset[str]:
    """Name the constraints by which an item has one partner at most in a one-to-one link."""
    return frozenset(
        constraint_name("uq", relation.owner.collection, column_name(relation.owner.path))
        for relation in model.relations
        if relation.kind is RelationKind.ONE_TO_ONE
    )


def association_layout(relation: Relation) -> AssociationLayout:
    """Lay out the table of a many-to-many link."""
    name = column_name((relation.owner.collection, *relation.owner.path))
    path = relation.owner.path

    def key(column: str, target: str, strategy: DeleteStrategy) -> ForeignKeyLayout:
        on_delete = "NO ACTION" if strategy is DeleteStrategy.MUST_BE_EMPTY else "CASCADE"
        return ForeignKeyLayout(constraint_name("fk", name, column), column, path, target, on_delete)

    return AssociationLayout(
        name,
        relation,
        key("owner_id", relation.owner.collection, relation.on_owner_delete),
        key("target_id", relation.target, relation.on_target_delete),
        constraint_name("ix", name, "target_id"),
    )


def _nullable(leaf: Leaf) -> bool:
    return leaf.path != ("_id",) and not (leaf.type.options.required and not leaf.conditional)


def _group(kind: str, table: str, paths: Iterable[Path]) -> GroupLayout:
    paths = tuple(paths)
    columns = tuple(map(column_name, paths))
    return GroupLayout(constraint_name(kind, table, *columns), columns, paths)


def _foreign_key(table: str, column: str, relation: Relation) -> ForeignKeyLayout:
    on_delete = ON_DELETE[relation.on_target_delete]
    if on_delete == "SET NULL" and relation.required:
        on_delete = "NO ACTION"
    if on_delete == "CASCADE" and relation.in_elements:
        on_delete = "NO ACTION"  # the item goes, not the element alone: only we can do that
    name = constraint_name("fk", table, column)
    return ForeignKeyLayout(name, column, relation.owner.path, relation.target, on_delete)


def _checks(table: str, column: str, path: Path, field: FieldType[Any]) -> Iterable[CheckLayout]:
    options = field.options

    def check(rule: str, values: object) -> CheckLayout:
        return CheckLayout(check_name(table, column, rule, values), column, path, field, rule)

    if field.kind is not Kind.JSON:
        # Functions run in Python: only constants can be rules of the database.
        limits = tuple(None if callable(limit) else limit for limit in (options.min, options.max))
        if limits != (None, None):
            yield check("range", limits)
        if options.choices is not None and not callable(options.choices):
            yield check("choices", options.choices)
        if options.max_length is not None:
            yield check("length", options.max_length)
    if field.kind is Kind.BOOLEAN and not isinstance(options.choices, tuple):
        yield check("boolean", ())
    # For databases that keep these in columns of another type: the name tells a migration what is in the column.
    if field.kind is Kind.JSON:
        yield check("document", ())
    if field.kind is Kind.DECIMAL:
        yield CheckLayout(digits_name(table, column, *digits(field)), column, path, field, "digits")
