"""Events say which run wrote them, how long after its start, and from which state to which they took their request."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_NO_CHANGE = """
CREATE TRIGGER events_are_append_only BEFORE UPDATE ON events
WHEN NOT (NEW.person IS NULL AND NEW.person_salt IS NULL AND {same})
BEGIN SELECT RAISE(ABORT, 'audit events are append-only'); END
"""
_KEPT = (
    "seq", "at", "actor_type", "actor", "host", "version", "config_digest", "action", "outcome", "request", "reason",
    "details", "person_digest", "prev_hash", "hash", "form", "run", "elapsed_ms", "state_before", "state_after",
)  # fmt: skip


def upgrade() -> None:
    """Add the columns of form 2, and have the trigger watch them too; events that are there are of form 1."""
    op.add_column("events", sa.Column("form", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("events", sa.Column("run", sa.String(32)))
    op.add_column("events", sa.Column("elapsed_ms", sa.Integer()))
    op.add_column("events", sa.Column("state_before", sa.String(16)))
    op.add_column("events", sa.Column("state_after", sa.String(16)))
    if op.get_bind().dialect.name == "postgresql":
        return  # the trigger of the first revision watches every column there
    op.execute("DROP TRIGGER events_are_append_only")
    op.execute(_NO_CHANGE.format(same=" AND ".join(f"NEW.{name} IS OLD.{name}" for name in _KEPT)))
