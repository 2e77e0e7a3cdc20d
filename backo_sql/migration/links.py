"""Moves links between a column and a table of links, in SQL."""

from __future__ import annotations

from .rename import OWNER, TARGET, Passage, Spread, Swap, Turn
from .sqlite_text import quote as q


def move_statements(passage: Passage) -> list[str]:
    """Return the statements that bring the links to where they are kept from now on."""
    return [
        *(_gather(each) if each.gather else _spread(each) for each in passage.spreads),
        *map(_turn, passage.turns),
        *map(_swap, passage.swaps),
    ]


def _spread(move: Spread) -> str:
    table, column, links = q(move.table), q(move.column), q(move.links)
    owner, target = ("_id", move.column) if move.side == OWNER else (move.column, "_id")
    owner, target = q(owner), q(target)
    return (
        f"INSERT INTO {links} (owner_id, target_id, owner_position, target_position) "
        f"SELECT {owner}, {target}, row_number() OVER (PARTITION BY {owner} ORDER BY {target}), "
        f"row_number() OVER (PARTITION BY {target} ORDER BY {owner}) FROM {table} WHERE {column} IS NOT NULL"
    )


def _gather(move: Spread) -> str:
    table, column, links = q(move.table), q(move.column), q(move.links)
    mine, theirs = (OWNER, TARGET) if move.side == OWNER else (TARGET, OWNER)
    position = mine.replace("_id", "_position")
    return (
        f"UPDATE {table} SET {column} = (SELECT {theirs} FROM {links} WHERE {links}.{mine} = {table}._id "
        f"ORDER BY {position}, {theirs} LIMIT 1)"
    )


def _turn(move: Turn) -> str:
    table, column, other, former = q(move.table), q(move.column), q(move.other), q(move.other_column)
    return (
        f"UPDATE {table} SET {column} = (SELECT o._id FROM {other} o WHERE o.{former} = {table}._id "
        f"ORDER BY o._id LIMIT 1)"
    )


def _swap(move: Swap) -> str:
    return (
        f"INSERT INTO {q(move.new)} (owner_id, target_id, owner_position, target_position) "
        f"SELECT target_id, owner_id, target_position, owner_position FROM {q(move.old)}"
    )
