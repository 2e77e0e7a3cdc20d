"""Which filters mean in SQL exactly what they mean in Python.

In: a bound filter. Out: yes or no. No is said of what the database doesn't hold (computed fields, fields that may not
exist, collections elsewhere), of comparisons that a document can't be trusted with, and of regular expressions that
PostgreSQL reads in another way.
"""

from __future__ import annotations

from ...model.description import Leaf
from ...query.ast import And, Bound, Compare, Each, Elements, Matches, Not, OneOf, Operator, Or, Some
from .columns import has_own_column_type
from .documents import form_of, has_order
from .nesting import MAX_STACK, stack
from .patterns import translate
from .shapes import Found, IdShape, Shape, Where, names_are_plain

_KNOWN = frozenset({"sqlite", "postgresql"})


def answers(where: Bound, shape: Shape, dialect: str) -> bool:
    """Tell whether all of a filter can be compiled to SQL.

    Args:
        where: the filter.
        shape: what it looks at.
        dialect: the database.
    """
    return (dialect != "sqlite" or stack(where) <= MAX_STACK) and _answers(where, shape, dialect)


def _answers(where: Bound, shape: Shape, dialect: str) -> bool:
    match where:
        case And(parts) | Or(parts):
            return all(_answers(part, shape, dialect) for part in parts)
        case Not(part):
            return _answers(part, shape, dialect)
        case Compare(leaf, operator, value):
            ordered = operator not in (Operator.EQ, Operator.NE)
            return _compares(leaf, shape.find(leaf), dialect, ordered=ordered, by_value=value is not None)
        case OneOf(leaf, values):
            by_value = any(value is not None for value in values)
            return _compares(leaf, shape.find(leaf), dialect, ordered=False, by_value=by_value)
        case Matches():
            return _matches(where, shape.find(where.leaf), dialect)
        case Elements(leaf, parts):
            return _elements(leaf, parts, shape, dialect)
        case Some(leaf, step, condition):
            found, beyond = shape.find(leaf), shape.beyond(leaf, step)
            if found is None or beyond is None or (found.where is Where.DOCUMENT and not _reads(found, dialect)):
                return False
            return _answers(condition, beyond, dialect)


def _compares(leaf: Leaf, found: Found | None, dialect: str, *, ordered: bool, by_value: bool) -> bool:
    if found is None or found.where is Where.LINKS:
        return False
    if found.where is Where.ROWS:
        return not by_value
    if found.where is not Where.DOCUMENT:
        return True
    if not _reads(found, dialect):
        return False
    return not by_value or (form_of(leaf.type) is not None and (not ordered or has_order(leaf.type)))


def _matches(where: Matches, found: Found | None, dialect: str) -> bool:
    if found is None or found.where not in (Where.COLUMN, Where.DOCUMENT):
        return False
    if found.where is Where.DOCUMENT and (not _reads(found, dialect) or form_of(where.leaf.type) is None):
        return False
    if found.where is Where.COLUMN and has_own_column_type(where.leaf.type):
        return False
    if dialect == "sqlite":
        return True
    return dialect == "postgresql" and translate(where.pattern.text, anchored=where.anchored) is not None


def _elements(leaf: Leaf, parts: tuple[Bound, ...], shape: Shape, dialect: str) -> bool:
    found = shape.find(leaf)
    if found is None:
        return False
    if found.where is Where.DOCUMENT and not _reads(found, dialect):
        return False
    inside = IdShape() if found.where is Where.LINKS else shape.beyond(leaf, Each())
    return inside is not None and all(_answers(part, inside, dialect) for part in parts)


def _reads(found: Found, dialect: str) -> bool:
    """Tell whether a database can look at a place in a document."""
    return dialect in _KNOWN and (dialect != "sqlite" or names_are_plain(found.names))
