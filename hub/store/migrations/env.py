"""Alembic's way in: runs migrations on the connection that `hub.store.database.migrate` hands over."""

from alembic import context

from hub.store.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
with context.begin_transaction():
    context.run_migrations()
