"""The storage kinds: the narrow waist between field types and the places where values live.

A type names its kind; a backend says how it stores each kind. A new type therefore needs no change in any backend.
"""

from __future__ import annotations

from enum import Enum


class Kind(Enum):
    """How a value is kept. The values of a kind are plain Python values of one class, told beside it."""

    TEXT = "text"  # str
    INTEGER = "integer"  # int within 64 bits
    REAL = "real"  # finite float
    DECIMAL = "decimal"  # decimal.Decimal with as many places as its `scale`
    BOOLEAN = "boolean"  # bool
    BYTES = "bytes"  # bytes
    INSTANT = "instant"  # aware datetime in UTC
    DATE = "date"  # date
    TIME = "time"  # time without a zone
    JSON = "json"  # what a JSON document can hold
    LINK = "link"  # the id of an item, as str
    LINKS = "links"  # a list of ids; stored as links, never in the item's own row
    STRUCTURE = "structure"  # a dict of named fields; its leaves are stored, it has no place of its own
