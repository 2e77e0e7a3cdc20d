"""How much a filter may ask. What is beyond is a `QueryError` that names the part, before any database hears of it.

The databases have limits of their own, which no filter within these reaches: SQLite takes an expression of 1,000
levels and 32,766 parameters, PostgreSQL 65,535 parameters. A long list is one parameter.
"""

from __future__ import annotations

#: how deep a filter may be nested, and how many names may stand between an item and a field: those of a path, and of
#: the paths around it
MAX_DEPTH = 50

#: how many conditions a filter may have; an element of a list that is compared as a whole is one
MAX_CONDITIONS = 500

#: how many values the lists of `$in` and `$nin` may hold, all lists of a filter together
MAX_VALUES = 100_000

#: how long a client's filter may look at items one by one for what no database answers, in seconds
MAX_SECONDS = 30.0

#: how long a regular expression may be, in characters
MAX_PATTERN = 1000
