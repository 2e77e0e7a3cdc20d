"""What Alembic runs for each command: the migrations of the example in examples/library."""

from backo_sql.migration import run_migrations
from examples.library.model import backoffice

run_migrations(backoffice)
