"""What was renamed between a database and its description, and what only changed its form.

In: what the database has and what the description wants. Out: a `Passage`: which table and column was which, and which
links moved between a column and a table of links. Fields say it by `was=`; what merely looks like a rename is asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from ..errors import AmbiguousChangeError, MigrationError
from ..model.paths import column_name, path_text
from ..model.relations import End, Relation, RelationKind
from ..types.container import DictType, ListType
from .former import Former, exchanged, renamed_within
from .metadata import Target, list_table
from .report import Ask, RenameQuestion
from .snapshot import Schema, Table

OWNER, TARGET = "owner_id", "target_id"
LINK_COLUMNS = frozenset({OWNER, TARGET, "owner_position", "target_position"})


@dataclass(frozen=True, slots=True)
class Spread:
    """The links of a column become rows of a table of links; `gather` is the way back.

    Attributes:
        table: that has, or had, the column.
        column: its name there.
        links: the table of links.
        side: which of its columns holds the ids of `table`.
        gather: the other way round: of several links the first is kept.
    """

    table: str
    column: str
    links: str
    side: str
    gather: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """A link moves from the column of one table to a column of the table it points to.

    Attributes:
        table: that has the column afterwards.
        column: its name there.
        other: the table that had the column.
        other_column: its name there.
        single: no two rows had the same link, so that none is lost.
    """

    table: str
    column: str
    other: str
    other_column: str
    single: bool


@dataclass(frozen=True, slots=True)
class Swap:
    """A table of links is kept under the name of its other side."""

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class ListMove:
    """The elements of a list become rows of a table; with `folds`, they become a document.

    Attributes:
        table: that has the column of the list.
        column: its name there.
        elements: the table of the elements.
        folds: it is the way into the document.
        lost: what the elements hold no more.
    """

    table: str
    column: str
    elements: str
    folds: bool = False
    lost: tuple[str, ...] = ()


@dataclass
class Passage:
    """What was which.

    Attributes:
        tables: the former name of a table by its new one.
        columns: by the new name of a table, the former name of a column by its new one.
        spreads: links that change their form.
        turns: links that change the side on which they are kept.
        swaps: tables of links that change their side.
        lists: lists whose elements move between a document and a table.
    """

    tables: dict[str, str] = field(default_factory=dict)
    columns: dict[str, dict[str, str]] = field(default_factory=dict)
    spreads: list[Spread] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    swaps: list[Swap] = field(default_factory=list)
    lists: list[ListMove] = field(default_factory=list)

    def back(self) -> Passage:
        """Return the way back."""
        former = {new: old for new, old in self.tables.items()}  # noqa: C416 - a copy
        return Passage(
            {old: new for new, old in former.items()},
            {former.get(table, table): {old: new for new, old in each.items()} for table, each in self.columns.items()},
            [replace(each, table=former.get(each.table, each.table), gather=not each.gather) for each in self.spreads],
            [
                Turn(
                    former.get(each.other, each.other),
                    each.other_column,
                    former.get(each.table, each.table),
                    each.column,
                    each.single,
                )
                for each in self.turns
            ],
            [Swap(each.new, each.old) for each in self.swaps],
            [
                ListMove(
                    former.get(each.table, each.table),
                    self.columns.get(each.table, {}).get(each.column, each.column),
                    each.elements,
                    folds=not each.folds,
                )
                for each in self.lists
            ],
        )


def find_passage(target: Target, old: Schema, new: Schema, ask: Ask | None) -> Passage:
    """Find out what was which.

    Args:
        target: the database, as it should be.
        old: the tables that the database has, of those that are ours.
        new: the tables that it should have.
        ask: answers what can't be known.

    Raises:
        AmbiguousChangeError: something looks like a rename, and there is nobody to ask.
        MigrationError: two things say that they were one.
    """
    return _Search(target, old, new, ask).found()


_SWAP = "That takes two revisions, with a third name between them."


class _Search:
    def __init__(self, target: Target, old: Schema, new: Schema, ask: Ask | None) -> None:
        self.target, self.old, self.new, self.ask = target, old, new, ask
        self.passage = Passage()
        self.unanswered: list[RenameQuestion] = []
        self.collections = {name for names in target.names for name in names}
        self.relations = [
            relation
            for model, names in zip(target.models, target.names, strict=True)
            for relation in model.relations
            if relation.owner.collection in names and not relation.in_elements
        ]
        #: the fields of every table that has some: of collections, and of lists whose elements have a table
        self.fields = dict(target.fields())

    def found(self) -> Passage:
        self._tables()
        self.former = Former(self.target, self.passage.tables)
        self._lists()
        self._columns()
        self._folds()
        for relation in self.relations:
            if relation.kind is RelationKind.MANY_TO_MANY:
                self._links(relation)
        for relation in self.relations:
            if relation.kind is not RelationKind.MANY_TO_MANY:
                self._reference(relation)
        self._guess_columns()
        if self.unanswered:
            raise AmbiguousChangeError(
                "This can't be known, and there is nobody to ask: "
                + " ".join(map(str, self.unanswered))
                + " Where it was, write was='…' with the former name at the new field or collection, which keeps its "
                "values. Where one thing goes and another comes, say that nothing was renamed.",
                self.unanswered,
            )
        return self.passage

    # -- tables ------------------------------------------------------------------------------------

    def _tables(self) -> None:
        if swapped := exchanged({name: (was,) for name, was in self.target.was.items()}):
            raise MigrationError(f"The collections {' and '.join(map(repr, swapped))} exchange their names. {_SWAP}")
        for name, was in self.target.was.items():
            if name in self.collections and name not in self.old and was in self.old:
                if was in self.passage.tables.values():
                    raise MigrationError(f"Two collections say that they were {was!r}.")
                self.passage.tables[name] = was
        gone = [
            name
            for name, table in self.old.items()
            if name not in self.new and not _is_links(table) and name not in self.passage.tables.values()
        ]
        for name in sorted(self.collections):
            if name in self.old or name in self.passage.tables:
                continue
            for was in gone:
                if _alike(self.old[was], self.new[name]) and self._asks("collection", name, was, name):
                    self.passage.tables[name] = was
                    gone.remove(was)
                    break

    # -- columns -----------------------------------------------------------------------------------

    def _lists(self) -> None:
        """Find the tables of lists under the names that they had."""
        for model, names in zip(self.target.models, self.target.names, strict=True):
            for name in names:
                for path in model.descriptions[name].elements:
                    table = list_table(End(name, path))
                    formers = (f"{former}__{column}" for former, column in self.former.ends(End(name, path)))
                    was = next((each for each in formers if each in self.old and each not in self.new), None)
                    if table not in self.old and was is not None:
                        self.passage.tables[table] = was

    def _columns(self) -> None:
        for name, leaves in sorted(self.fields.items()):
            old = self.old.get(self.former.table(name))
            if old is None:
                continue
            claimed: dict[str, str] = {}
            left = [leaf for leaf in leaves if self.former.columns(name, leaf.path)]
            # A name that another field took over is free, so that a chain of names moves on from its end.
            while free := [leaf for leaf in left if leaf.column not in old.columns or leaf.column in claimed.values()]:
                left = [leaf for leaf in left if leaf not in free]
                for leaf in free:
                    was = next((each for each in self.former.columns(name, leaf.path) if each in old.columns), None)
                    if was in claimed.values():
                        raise MigrationError(f"Two fields of {name!r} say that they were {_text(str(was))}.")
                    if was is not None:
                        claimed[leaf.column] = was
            formers = {leaf.column: self.former.columns(name, leaf.path) for leaf in left}
            if swapped := exchanged(formers):
                raise MigrationError(f"{' and '.join(map(_text, swapped))} of {name!r} exchange their names. {_SWAP}")
            if claimed:
                self.passage.columns[name] = claimed

    def _folds(self) -> None:
        """Find lists that are documents and were tables, or the other way round."""
        for name, leaves in self.target.fields():
            old = self.old.get(self.former.table(name))
            for leaf in leaves if old is not None else ():
                was = self.passage.columns.get(name, {}).get(leaf.column, leaf.column)
                if old is None or was not in old.columns:
                    continue
                kinds = (old.columns[was].kind.name, self.new[name].columns[leaf.column].kind.name)
                here, there = f"{name}__{leaf.column}", f"{old.name}__{was}"
                if "json" in kinds and (within := next(renamed_within(leaf.type, leaf.path), None)):
                    raise MigrationError(
                        f"{path_text(within)} of {name!r} can't be renamed: it stands inside a document, which has no "
                        "columns. Have both fields for one release, move the values by backoffice.migrate, and take "
                        "the old one out in the next."
                    )
                if kinds == ("json", "boolean") and here in self.new and here not in self.old:
                    self.passage.lists.append(ListMove(name, leaf.column, here))
                elif kinds == ("boolean", "json") and there in self.old and there not in self.new:
                    lost = tuple(_text(each) for each in self.old[there].columns if not _holds(leaf.type, each))
                    self.passage.lists.append(ListMove(name, leaf.column, there, folds=True, lost=lost))

    def _guess_columns(self) -> None:
        moved = {(each.table, each.column) for each in self.passage.spreads}
        moved |= {(each.other, each.other_column) for each in self.passage.turns}
        moved |= {(each.table, each.column) for each in self.passage.turns}
        for name in sorted(self.fields):
            old = self.old.get(self.former.table(name))
            if old is None:
                continue
            new, known = self.new[name], self.passage.columns.get(name, {})
            gone = [
                each
                for each in old.columns
                if each not in new.columns and each not in known.values() and (name, each) not in moved
            ]
            for column in new.columns.values():
                if column.name in old.columns or column.name in known or (name, column.name) in moved:
                    continue
                for was in gone:
                    alike = old.columns[was].ddl == column.ddl and self._same_target(old, was, new, column.name)
                    if alike and self._asks("field", name, _text(was), _text(column.name)):
                        self.passage.columns.setdefault(name, {})[column.name] = was
                        gone.remove(was)
                        break

    def _same_target(self, old: Table, was: str, new: Table, column: str) -> bool:
        target = new.target_of(column)
        return old.target_of(was) == (None if target is None else self.former.table(target))

    def _asks(self, kind: str, collection: str, old: str, new: str) -> bool:
        question = RenameQuestion(kind, collection, old, new)
        if self.ask is None:
            self.unanswered.append(question)
            return False
        return self.ask(question)

    # -- links -------------------------------------------------------------------------------------

    def _links(self, relation: Relation) -> None:
        """Find where the links of a table of links were: in a table of another name, or in a column."""
        links = list_table(relation.owner)
        if links in self.old or links not in self.new:
            return
        for side, end, _other in _sides(relation):
            for table, column in self.former.ends(end):
                was = f"{table}__{column}"
                if was in self.new or was not in self.old or not self._is_between(was, relation, side == TARGET):
                    continue
                if side == OWNER:
                    self.passage.tables[links] = was
                else:
                    self.passage.swaps.append(Swap(was, links))
                return
        for side, end, other in _sides(relation):
            for table, column in self.former.ends(end):
                if self._is_reference(table, column, other) and column not in self.new[end.collection].columns:
                    self.passage.spreads.append(Spread(end.collection, column, links, side))
                    return

    def _reference(self, relation: Relation) -> None:
        """Find where the links of a column were: in a table of links, or in a column of the other side."""
        owner = relation.owner
        old = self.old.get(self.former.table(owner.collection))
        column = column_name(owner.path)
        if old is None or column in old.columns or column in self.passage.columns.get(owner.collection, {}):
            return
        for side, end, _other in _sides(relation):
            for table, former in self.former.ends(end):
                links = f"{table}__{former}"
                if links in self.old and links not in self.new and self._is_between(links, relation, side == TARGET):
                    self.passage.spreads.append(Spread(owner.collection, column, links, side, gather=True))
                    return
        if relation.inverse is None or relation.target not in self.new:
            return
        for table, former in self.former.ends(relation.inverse):
            if self._is_reference(table, former, owner.collection):
                if former not in self.new[relation.target].columns:
                    single = any(key.columns == (former,) for key in self.old[table].uniques.values())
                    self.passage.turns.append(Turn(owner.collection, column, relation.target, former, single))
                return

    def _is_reference(self, table: str, column: str, target: str) -> bool:
        there = self.old.get(table)
        return there is not None and column in there.columns and there.target_of(column) == self.former.table(target)

    def _is_between(self, links: str, relation: Relation, swapped: bool) -> bool:
        """Tell whether an old table holds links between the collections of a relation."""
        table = self.old[links]
        owner, target = self.former.table(relation.owner.collection), self.former.table(relation.target)
        if swapped:
            owner, target = target, owner
        return _is_links(table) and table.target_of(OWNER) == owner and table.target_of(TARGET) == target


def _holds(field: object, column: str) -> bool:
    """Tell whether the elements of a list have a field."""
    inner: object = field.element if isinstance(field, ListType) else None
    for name in () if column.startswith("_") else column.split("__"):
        inner = inner.fields.get(name) if isinstance(inner, DictType) else None
    return inner is not None


def _sides(relation: Relation) -> Iterator[tuple[str, End, str]]:
    yield OWNER, relation.owner, relation.target
    if relation.inverse is not None:
        yield TARGET, relation.inverse, relation.owner.collection


def _is_links(table: Table) -> bool:
    return set(table.columns) == LINK_COLUMNS


def _alike(old: Table, new: Table) -> bool:
    """Tell whether most fields of two tables have the same names."""
    one, other = ({each for each in table.columns if not each.startswith("_")} for table in (old, new))
    return bool(one & other) and len(one & other) * 2 >= max(len(one), len(other))


def _text(column: str) -> str:
    return "$." + column.replace("__", ".")
