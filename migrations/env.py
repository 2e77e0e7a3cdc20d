"""What Alembic runs for each command: the migrations of the example in examples/library."""

import os
from logging.config import fileConfig

from alembic import context
from sqlalchemy import create_engine, pool

from examples.library.model import backoffice, database

config = context.config
if config.config_file_name is not None:
    # Alembic may run inside a program that has loggers of its own.
    fileConfig(config.config_file_name, disable_existing_loggers=False)

backoffice.freeze()
target_metadata = database.metadata

# Not by way of `set_main_option`, which would interpolate the `%` of an escaped URL.
url = os.environ.get("DATABASE_URL") or config.get_main_option("sqlalchemy.url")
if not url:
    raise SystemExit("No database: set DATABASE_URL, or sqlalchemy.url in alembic.ini.")


def run_offline(url: str) -> None:
    # SQLite alters a table by copying it, which is what a batch does.
    context.configure(url=url, target_metadata=target_metadata, literal_binds=True, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


def run_online(url: str) -> None:
    engine = create_engine(url, poolclass=pool.NullPool)
    try:
        with engine.connect() as connection:
            context.configure(connection=connection, target_metadata=target_metadata, render_as_batch=True)
            with context.begin_transaction():
                context.run_migrations()
    finally:
        engine.dispose()


if context.is_offline_mode():
    run_offline(url)
else:
    run_online(url)
