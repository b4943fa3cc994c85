"""Runs the migrations on the connection that the engine hands over."""

from __future__ import annotations

from alembic import context

from bot.ledger.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
context.run_migrations()
