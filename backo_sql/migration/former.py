"""Where fields and collections were before, as far as their description tells by `was=`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ..model.paths import Path, column_name, parse_path
from ..model.relations import End
from ..types.container import DictType, ListType
from .metadata import Target


class Former:
    """The former places of what a history is about.

    Args:
        target: the database, as it should be.
        tables: the former name of each table that has another one now.
    """

    def __init__(self, target: Target, tables: dict[str, str]) -> None:
        self.tables = tables
        self._paths: dict[str, dict[Path, list[Path]]] = {}
        for model, names in zip(target.models, target.names, strict=True):
            for name in names:
                description = model.descriptions[name]
                self._paths[name] = dict(former_paths(description.item))
                for path in description.elements:
                    field = description.leaves[path].type
                    if isinstance(field, ListType) and isinstance(field.element, DictType):
                        self._paths[column_name((name, *path))] = dict(former_paths(field.element))

    def table(self, name: str) -> str:
        """Return the name that a table had."""
        return self.tables.get(name, name)

    def columns(self, table: str, path: Path) -> list[str]:
        """Return the names that the column of a field may have had, the likeliest first.

        Args:
            table: of a collection, or of a list whose elements have a table.
            path: of the field, from the item or the element down.
        """
        return [column_name(each) for each in self._paths.get(table, {}).get(path, ())]

    def ends(self, end: End) -> Iterator[tuple[str, str]]:
        """Visit the tables and columns where a reference may have stood, where it is now first."""
        for table in dict.fromkeys((self.table(end.collection), end.collection)):
            yield table, column_name(end.path)
            for column in self.columns(end.collection, end.path):
                yield table, column


def former_paths(root: DictType) -> Iterator[tuple[Path, list[Path]]]:
    """Visit every field of a description that may have stood elsewhere, with the paths where.

    A name in `was=` is looked for beside the field first, then from the item down; `$.name` is from the item down.
    """
    yield from _visit(root, (), [])


def _visit(fields: DictType, path: Path, former: list[Path]) -> Iterator[tuple[Path, list[Path]]]:
    for name, field in fields.fields.items():
        here = (*path, name)
        was = field.options.was
        found: Iterable[Path]
        if was is None:
            found = [(*each, name) for each in former]
        elif was.startswith("$."):
            found = [parse_path(was)]
        else:
            found = [(*each, *parse_path(was)) for each in (path, *former, ())]
        found = [each for each in dict.fromkeys(found) if each != here]
        if found:
            yield here, found
        if isinstance(field, DictType):
            yield from _visit(field, here, found)


def renamed_within(field: object, path: Path) -> Iterator[Path]:
    """Visit the fields inside the documents of a field that say that they had another name."""
    if isinstance(field, DictType):
        for name, inner in field.fields.items():
            if inner.options.was is not None:
                yield (*path, name)
            yield from renamed_within(inner, (*path, name))
    elif isinstance(field, ListType):
        yield from renamed_within(field.element, path)


def exchanged(formers: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the names that come round to themselves: each is now what another one was."""
    found = []
    for name in formers:
        seen: set[str] = set()
        left = list(formers[name])
        while left:
            former = left.pop()
            if former not in seen:
                seen.add(former)
                left.extend(formers.get(former, ()))
        if name in seen:
            found.append(name)
    return sorted(found)
