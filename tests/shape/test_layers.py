"""Imports point one way, each big library has one place, modules stay short, and the code map knows them all."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "backo_sql"

#: The parts of the package, from the ground up. A part imports what stands in the rows above its own, and nothing else.
LAYERS = (
    ("errors",),
    ("config",),
    ("types",),
    ("model",),
    ("query",),  # the filter language; `items` asks it for `match`, it knows nothing of live items
    ("items",),
    ("rights", "validation"),
    ("storage",),
    ("links",),
    ("service",),
    ("http",),
    ("migration", "extension"),
    ("cli",),
)

#: The only places where a library may be imported.
PLACES = {
    "sqlalchemy": ("backo_sql.storage.sql", "backo_sql.migration"),
    "alembic": ("backo_sql.migration",),
    "flask": ("backo_sql.http", "backo_sql.extension", "backo_sql.cli"),
    "werkzeug": ("backo_sql.http",),
    "marshmallow": ("backo_sql.validation",),
    "click": ("backo_sql.cli",),
    "rich": ("backo_sql.cli",),
}

MAX_LINES = 400

#: The modules that may be longer, each with the reason.
LONG: dict[str, str] = {}


def module_name(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(source: str, package: str) -> Iterator[str]:
    """Visit what a module imports when it runs, wherever the import stands, as absolute names.

    Args:
        source: of the module.
        package: that it stands in, where relative imports begin.
    """

    def visit(node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")
            base = parts[: len(parts) - node.level + 1] if node.level else []
            names = [*base, node.module] if node.module else base
            yield from (".".join([*names, alias.name]) for alias in node.names)
        elif isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            for inner in node.orelse:  # what stands in the other branch is for type checkers only
                yield from visit(inner)
        else:
            for inner in ast.iter_child_nodes(node):
                yield from visit(inner)

    yield from visit(ast.parse(source))


def imports_of(file: Path) -> list[str]:
    name = module_name(file)
    package = name if file.stem == "__init__" else name.rpartition(".")[0]
    return list(imports(file.read_text(encoding="utf-8"), package))


FILES = sorted(PACKAGE.rglob("*.py"))
IMPORTS = {module_name(file): imports_of(file) for file in FILES}


def part_of(module: str) -> str:
    """Return the part of the package that a module belongs to: its sub-package, or itself."""
    return module.split(".")[1]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import flask", ["flask"]),
        ("import sqlalchemy as sa, re", ["sqlalchemy", "re"]),
        ("from sqlalchemy.dialects import postgresql", ["sqlalchemy.dialects.postgresql"]),
        ("from . import ports", ["backo_sql.model.ports"]),
        ("from .paths import Path", ["backo_sql.model.paths.Path"]),
        ("from ..types.base import plain", ["backo_sql.types.base.plain"]),
        ("def late():\n    from ..http import scope", ["backo_sql.http.scope"]),
        ("if TYPE_CHECKING:\n    import flask", []),
        ("if TYPE_CHECKING:\n    import flask\nelse:\n    import re", ["re"]),
        ("if True:\n    import flask", ["flask"]),
        ("try:\n    import flask\nexcept ImportError:\n    pass", ["flask"]),
    ],
)
def test_this_test_sees_every_import(source: str, expected: list[str]) -> None:
    assert list(imports(source, "backo_sql.model")) == expected


def test_every_part_of_the_package_has_its_layer() -> None:
    parts = {part_of(name) for name in IMPORTS if name != "backo_sql"}
    assert parts == {part for layer in LAYERS for part in layer}


def test_imports_point_one_way() -> None:
    row = {part: number for number, layer in enumerate(LAYERS) for part in layer}
    wrong = [
        f"{module} imports {imported}"
        for module, names in IMPORTS.items()
        if module != "backo_sql"  # the package itself puts its parts together
        for imported in names
        if imported.split(".")[0] == "backo_sql"
        # without a second part it is the package itself, which comes last
        if imported == "backo_sql"
        or (part_of(imported) != part_of(module) and row.get(part_of(imported), len(row)) >= row[part_of(module)])
    ]
    assert wrong == []


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph = {
        module: {known for name in names if (known := known_module(name)) and known != module}
        for module, names in IMPORTS.items()
    }
    TopologicalSorter(graph).prepare()  # raises a CycleError that shows the way round


def known_module(name: str) -> str | None:
    """Return the module that an imported name is, or stands in."""
    while name and name not in IMPORTS:
        name = name.rpartition(".")[0]
    return name or None


@pytest.mark.parametrize(("library", "places"), PLACES.items())
def test_a_library_is_imported_in_its_place_only(library: str, places: tuple[str, ...]) -> None:
    importing = {module for module, names in IMPORTS.items() if any(name.split(".")[0] == library for name in names)}
    assert importing, f"nobody imports {library}: take it out of this test"
    inside = tuple(f"{place}." for place in places)
    assert [module for module in sorted(importing) if not f"{module}.".startswith(inside)] == []


def test_no_module_is_longer_than_one_can_keep_in_mind() -> None:
    lengths = {module_name(file): len(file.read_text(encoding="utf-8").splitlines()) for file in FILES}
    too_long = {module: length for module, length in lengths.items() if length > MAX_LINES and module not in LONG}
    assert too_long == {}
    assert [module for module in LONG if lengths.get(module, 0) <= MAX_LINES] == [], "need no exception any more"


def test_every_module_is_in_the_code_map() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    told: dict[str, list[str]] = {}
    for section in re.split(r"(?m)^### ", page)[1:]:
        folder = re.match(r"`([\w/]+)/`", section)
        if folder:
            told[folder[1]] = re.findall(r"(?m)^- `(\w+\.py)`: \S", section)
    there: dict[str, list[str]] = {}
    for file in FILES:
        if file.stem != "__init__":
            folder_name = file.parent.relative_to(PACKAGE).as_posix()
            there.setdefault("backo_sql" if folder_name == "." else folder_name, []).append(file.name)
    assert {folder_name: sorted(names) for folder_name, names in told.items()} == there
