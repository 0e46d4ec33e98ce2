"""Alembic runs this for each command: on the connection, and in the transaction, that its caller opened."""

from alembic import context

from journal.db.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
