"""The steps within one table that stays: before values are moved, to fill what is required, and afterwards."""

from __future__ import annotations

from collections.abc import Mapping

from .compare import Parts, TableChange
from .rename import Passage
from .render import Renderer
from .retype import Conversion, convert
from .snapshot import Column
from .sqlite_text import escaped, quote

#: What a column is called while its values are converted.
_NEW = "__new"


class TableSteps:
    """The lines that change one table.

    Args:
        change: what changes.
        renderer: writes the lines.
        passage: what was which.
        defaults: by table and column, what rows without a value get, as SQL.
        lists: by table and column, what becomes of the columns of lists that move into a table or out of it.
        large: new rules hold for new rows only.

    Raises:
        MigrationError: a change that needs a person's judgement.
    """

    def __init__(
        self,
        change: TableChange,
        renderer: Renderer,
        passage: Passage,
        defaults: Mapping[tuple[str, str], str],
        lists: Mapping[tuple[str, str], Conversion],
        *,
        large: bool,
    ) -> None:
        self.change, self.renderer, self.large = change, renderer, large
        self.name = change.name
        self.sqlite = renderer.dialect.name == "sqlite"
        self.defaults = {column: sql for (table, column), sql in defaults.items() if table == self.name}
        moves = {(each.table, each.column) for each in passage.spreads}
        moves |= {(each.table, each.column) for each in passage.turns}
        self.moved = {column for table, column in moves if table == self.name}
        given = {column: each for (table, column), each in lists.items() if table == self.name}
        self.conversions = [
            (before, after, given.get(after.name) or self._conversion(before, after))
            for before, after in change.retyped
        ]
        #: columns made anew beside the old ones: SQLite has no other way to convert values
        self.rebuilt = [
            each
            for each in self.conversions
            if each[2].expression is not None and (self.sqlite or each[1].name in given)
        ]
        #: columns whose type is changed in place, and before rows without a value get one of the new type
        self.retyped_first = [] if self.sqlite else [each for each in self.conversions if each[1] in change.tightened]
        self.is_early = bool(self.rebuilt or self.moved or self.retyped_first or self._filled())

    # -- before anything is moved ------------------------------------------------------------------

    def early(self) -> list[str]:
        """Write what comes before values are moved: guards, new columns, and what stands in the way."""
        lines = [
            f"op.check_rows({self.name!r}, {_guard(before, conversion)!r}, {_complaint(before, conversion)!r})"
            for before, _, conversion in self.conversions
            if conversion.guard is not None
        ]
        for column in self.change.added:
            default = self.defaults.get(column.name)
            at_once = default is not None and column.name not in self.moved
            made = self.renderer.column(
                column, nullable=column.nullable or not at_once, default=default if at_once else None
            )
            lines.append(f"op.add_column({self.name!r}, {made})")
        if not self.is_early:
            return lines
        for before, after, conversion in self.rebuilt:
            beside = Column(before.name + _NEW, after.type, after.ddl, nullable=True)
            update = f"UPDATE {quote(self.name)} SET {quote(beside.name)} = {conversion.expression}"
            lines += [
                f"op.add_column({self.name!r}, {self.renderer.column(beside)})",
                f"op.execute({escaped(update)!r})",
            ]
        lines += self._drop_indexes()
        lines += self._batch(
            [
                *self._drop_constraints(),
                *(f"batch_op.drop_column({before.name!r})" for before, _, _ in self.rebuilt),
                *(self._retype(*each) for each in self.retyped_first if each not in self.rebuilt),
            ]
        )
        lines += [
            f"op.alter_column({self.name!r}, {before.name + _NEW!r}, new_column_name={before.name!r})"
            for before, _, _ in self.rebuilt
        ]
        return lines

    # -- when everything is where it should be -----------------------------------------------------

    def fills(self) -> list[str]:
        """Write what gives rows a value that they need from now on."""
        table = quote(self.name)
        lines = []
        for column in self._filled():
            update = f"UPDATE {table} SET {quote(column.name)} = {self.defaults[column.name]}"
            lines.append(f"op.execute({escaped(f'{update} WHERE {quote(column.name)} IS NULL')!r})")
        for column in self._unfilled():
            hint = (
                f"{column.name} is required, and some rows have no value. Fill them in this revision, before this line."
            )
            example = f"UPDATE {table} SET {quote(column.name)} = … WHERE {quote(column.name)} IS NULL"
            lines += [
                f"# {self.name}.{column.name} is required, and nothing says what rows without a value get. If there",
                "# are such rows, say it here:",
                f"# op.execute({example!r})",
                f"op.check_rows({self.name!r}, {f'{quote(column.name)} IS NOT NULL'!r}, {hint!r})",
            ]
        return lines

    def late(self) -> list[str]:
        """Write what comes when all values are in place."""
        change = self.change
        lines = [] if self.is_early else self._drop_indexes()
        within = [] if self.is_early else self._drop_constraints()
        done = {before.name for before, _, _ in (*self.rebuilt, *self.retyped_first)}
        for before, after, conversion in self.conversions:
            if before.name not in done:
                within.append(self._retype(before, after, conversion))
            elif not after.nullable and after not in change.tightened:
                within.append(self._nullable(after))
        within += [self._nullable(column) for column in (*change.loosened, *change.tightened)]
        for column in change.added:
            if column.name in self.defaults and column.name not in self.moved:
                if column.default == self.defaults[column.name]:
                    continue
                default = f"server_default={self._default(column)}"
                within.append(f"batch_op.alter_column({column.name!r}, {self._existing(column)}, {default})")
            elif not column.nullable:
                within.append(self._nullable(column))
        within += [
            f"batch_op.alter_column({column.name!r}, {self._existing(column)}, server_default={self._default(column)})"
            for column in change.defaults
        ]
        within += [f"batch_op.drop_column({column.name!r})" for column in change.dropped]
        within += self._add_constraints()
        lines += self._batch(within)
        return lines + [self.renderer.create_index(self.name, index) for index in self._made().indexes]

    # -- parts -------------------------------------------------------------------------------------

    def _conversion(self, before: Column, after: Column) -> Conversion:
        where = f"The column {self.name}.{before.name}"
        return convert(self.renderer.dialect.name, quote(before.name), before.kind, after.kind, where)

    def _filled(self) -> list[Column]:
        """Return the columns that are filled with a default by a statement."""
        moved = [column for column in self.change.added if column.name in self.moved]
        columns = (*self.change.tightened, *moved)
        return [column for column in columns if column.name in self.defaults and not column.nullable]

    def _unfilled(self) -> list[Column]:
        """Return the columns that are required from now on without there being a default."""
        columns = (*self.change.tightened, *self.change.added)
        return [column for column in columns if not column.nullable and column.name not in self.defaults]

    def _gone(self) -> Parts:
        gone, kept = self.change.gone, self.change.kept
        return Parts(
            [*gone.checks, *kept.checks],
            [*gone.uniques, *(kept.uniques if self.sqlite else ())],
            [*gone.indexes, *(kept.indexes if self.sqlite else ())],
            [*gone.foreign_keys, *(kept.foreign_keys if self.sqlite else ())],
            gone.primary,
        )

    def _made(self) -> Parts:
        made, kept = self.change.made, self.change.kept
        return Parts(
            [*made.checks, *kept.checks],
            [*made.uniques, *(kept.uniques if self.sqlite else ())],
            [*made.indexes, *(kept.indexes if self.sqlite else ())],
            [*made.foreign_keys, *(kept.foreign_keys if self.sqlite else ())],
            made.primary,
        )

    def _drop_indexes(self) -> list[str]:
        return [f"op.drop_index(op.f({index.name!r}), table_name={self.name!r})" for index in self._gone().indexes]

    def _drop_constraints(self) -> list[str]:
        gone, drop = self._gone(), self.renderer.drop
        return [
            *(drop(each, "foreignkey") for each in gone.foreign_keys),
            *(drop(each, "unique") for each in gone.uniques),
            *(drop(each, "check") for each in gone.checks),
            *(drop(each, "primary") for each in gone.primary),
        ]

    def _add_constraints(self) -> list[str]:
        made, renderer = self._made(), self.renderer
        later = ", postgresql_not_valid=True" if self.large else ""
        return [
            *map(renderer.create_primary, made.primary),
            *(renderer.create_check(each, later) for each in made.checks),
            *map(renderer.create_unique, made.uniques),
            *(renderer.create_foreign_key(each, later) for each in made.foreign_keys),
        ]

    def _retype(self, before: Column, after: Column, conversion: Conversion) -> str:
        using = f", postgresql_using={conversion.expression!r}" if conversion.expression is not None else ""
        type_ = f"type_={self.renderer.type(after.type)}"
        return f"batch_op.alter_column({before.name!r}, {self._existing(before)}, {type_}{using})"

    def _nullable(self, column: Column) -> str:
        return f"batch_op.alter_column({column.name!r}, {self._existing(column)}, nullable={column.nullable})"

    def _default(self, column: Column) -> str:
        return "None" if column.default is None else self.renderer.text(column.default)

    def _existing(self, column: Column) -> str:
        return f"existing_type={self.renderer.type(column.type)}"

    def _batch(self, within: list[str]) -> list[str]:
        if not within:
            return []
        return [f"with op.batch_alter_table({self.name!r}) as batch_op:", *(f"    {line}" for line in within)]


def _guard(column: Column, conversion: Conversion) -> str:
    return f"{quote(column.name)} IS NULL OR ({conversion.guard})"


def _complaint(column: Column, conversion: Conversion) -> str:
    return f"{column.name} can't be converted: {conversion.complaint} Change these values first."
