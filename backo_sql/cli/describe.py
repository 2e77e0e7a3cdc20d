"""`flask backo describe`: what a collection is: its fields, its references, and its tables as the database has them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click
from flask.cli import with_appcontext

from ..errors import DescriptionError
from ..model.metadata import describe as describe_field
from ..model.model import Model, Side
from ..model.paths import Path, path_text
from ..model.registry import Backoffice
from ..model.relations import RelationKind
from ..storage.sql.connector import DBSQLConnector
from .options import as_json, chosen, of_backoffice
from .output import write_json, write_table

#: The options of a field that a person wants to see: under which key its metadata has them, and what it says where
#: nobody gave one.
_OPTIONS: dict[str, tuple[str, Any]] = {
    "required": ("required", False),
    "allow_none": ("allow_none", False),
    "unique": ("unique", False),
    "index": ("index", False),
    "default": ("default", None),
    "in": ("in", None),
    "min": ("min", None),
    "max": ("max", None),
    "max_length": ("max_length", None),
    "precision": ("precision", None),
    "scale": ("scale", None),
    "pattern": ("regexp", []),
    "uniq": ("uniq", False),
    "transform": ("transform", None),
    "set": ("auto_set", None),
    "exists": ("exists", True),
    "constraints": ("constraints", []),
    "views": ("views", []),
    "rights": ("rights", {"read": None, "modify": None}),
}


@click.command("describe")
@click.argument("collection", required=False)
@of_backoffice
@as_json
@with_appcontext
def describe(collection: str | None, name: str | None, as_json: bool) -> None:
    """Describe a COLLECTION, or list all of them.

    Its fields with types and options, its references with what a deletion means for them, and its tables with columns,
    keys and indexes, as they should be in the database.
    """
    backoffices = {each.backoffice.name: each.backoffice for each in chosen(name)}
    found = [
        collection_data(backoffice, each)
        for backoffice in backoffices.values()
        for each in backoffice.collections
        if collection in (None, each)
    ]
    if not found:
        known = ", ".join(each for backoffice in backoffices.values() for each in backoffice.collections)
        raise DescriptionError(f"There is no collection {collection!r}. Known: {known}.")
    if as_json:
        write_json(found)
    elif collection is None:
        rows = [
            (
                each["backoffice"],
                each["collection"],
                len(each["fields"]),
                len(each["references"]),
                ", ".join(table["name"] for table in each["tables"]),
            )
            for each in found
        ]
        write_table("Collections", ("Backoffice", "Collection", "Fields", "References", "Tables"), rows)
    else:
        for each in found:
            _write(each)


def collection_data(backoffice: Backoffice, name: str) -> dict[str, Any]:
    """Describe a collection as plain data, for JSON."""
    model = backoffice.freeze()
    description = model.descriptions[name]
    return {
        "backoffice": backoffice.name,
        "collection": name,
        "fields": [
            {
                "path": path_text(path),
                "type": leaf.type.type_name(),
                "options": _options(describe_field(leaf.type)),
                "description": leaf.type.options.description,
            }
            for path, leaf in description.leaves.items()
        ],
        "references": [_reference(path, side, model) for path, side in model.sides[name].items()],
        "tables": _tables(backoffice, model, name),
    }


def _options(metadata: dict[str, Any]) -> dict[str, Any]:
    return {
        option: metadata[key] for option, (key, unset) in _OPTIONS.items() if key in metadata and metadata[key] != unset
    }


def _reference(path: Path, side: Side, model: Model) -> dict[str, Any]:
    relation = side.relation
    other = relation.inverse if side.is_owner else relation.owner
    of_target = relation.on_target_delete.name
    # Where an item that points to one goes away, nothing else does.
    of_owner = relation.on_owner_delete.name if relation.kind is RelationKind.MANY_TO_MANY else None
    return {
        "path": path_text(path),
        "kind": relation.kind.value,
        "to": side.other,
        "reverse": None if other is None else path_text(other.path),
        "stored": side.is_owner,
        "filled": side.filled,
        "when_other_is_deleted": of_target if side.is_owner else of_owner,
        "when_deleted": of_owner if side.is_owner else of_target,
    }


def _tables(backoffice: Backoffice, model: Model, name: str) -> list[dict[str, Any]]:
    connector = backoffice.collections[name].connector
    if not isinstance(connector, DBSQLConnector):
        return []
    # Alembic takes a while to load, and every run of Flask loads the commands.
    from ..migration.snapshot import snapshot  # noqa: PLC0415

    mine = [table for table in connector.tables(model) if table.name == name or table.name.startswith(f"{name}__")]
    return [
        {
            "name": table.name,
            "columns": [
                {"name": each.name, "type": each.ddl, "nullable": each.nullable, "default": each.default}
                for each in table.columns.values()
            ],
            "primary_key": list(table.primary.columns),
            "unique": {key: list(each.columns) for key, each in table.uniques.items()},
            "indexes": {key: list(each.columns) for key, each in table.indexes.items()},
            "foreign_keys": {
                key: {"columns": list(each.columns), "to": each.target, "on_delete": each.on_delete}
                for key, each in table.foreign_keys.items()
            },
            "checks": {key: each.text for key, each in table.checks.items()},
        }
        for table in snapshot(mine, connector.engine.dialect).values()
    ]


def _write(data: dict[str, Any]) -> None:
    write_table(
        f"{data['backoffice']}: {data['collection']}",
        ("Field", "Type", "Options", "Description"),
        [
            (each["path"], each["type"], ", ".join(_told(each["options"])), each["description"] or "")
            for each in data["fields"]
        ],
    )
    if data["references"]:
        write_table(
            "References",
            ("Field", "Kind", "To", "Reverse", "Stored", "When the other is deleted", "When this is deleted"),
            [
                (
                    each["path"],
                    each["kind"],
                    each["to"],
                    each["reverse"] or "",
                    "here" if each["stored"] else "there",
                    each["when_other_is_deleted"] or "",
                    each["when_deleted"] or "",
                )
                for each in data["references"]
            ],
        )
    for table in data["tables"]:
        write_table(f"Table {table['name']}", ("Column", "Type", "Null", "Default"), _columns(table))
        write_table(f"Keys, indexes and rules of {table['name']}", ("Name", "What"), _constraints(table))


def _told(options: dict[str, Any]) -> Iterator[str]:
    for option, value in options.items():
        yield option if value is True else f"{option}={value}"


def _columns(table: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for each in table["columns"]:
        yield each["name"], each["type"], "yes" if each["nullable"] else "no", each["default"] or ""


def _constraints(table: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "primary key", f"({', '.join(table['primary_key'])})"
    for name, columns in table["unique"].items():
        yield name, f"UNIQUE ({', '.join(columns)})"
    for name, columns in table["indexes"].items():
        yield name, f"INDEX ({', '.join(columns)})"
    for name, key in table["foreign_keys"].items():
        yield name, f"FOREIGN KEY ({', '.join(key['columns'])}) TO {key['to']} ON DELETE {key['on_delete']}"
    for name, text in table["checks"].items():
        yield name, f"CHECK ({text})"
