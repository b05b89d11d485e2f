"""What Alembic runs to reach the database: the connection that ``upgrade`` was handed."""

from alembic import context

from castalia.track.schema import tables

connection = context.config.attributes["connection"]
# transactional_ddl: Alembic believes SQLite has none. It does, and a kill in the middle must leave the old file.
context.configure(connection=connection, target_metadata=tables, transactional_ddl=True, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
