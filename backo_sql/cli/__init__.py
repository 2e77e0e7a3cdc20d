"""`flask backo …`: what a team runs by hand and in CI.

Exit codes: 0 all is well, 1 something differs, 2 a command could not do its work.
"""

from .group import backo

__all__ = ["backo"]
