"""Events seal the rows that are written with them; rows have a salt, so that a seal tells nothing of a person."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_NO_CHANGE = """
CREATE TRIGGER events_are_append_only BEFORE UPDATE ON events
WHEN NOT (NEW.person IS NULL AND NEW.person_salt IS NULL AND {same})
BEGIN SELECT RAISE(ABORT, 'audit events are append-only'); END
"""
_KEPT = (
    "seq", "at", "actor_type", "actor", "host", "version", "config_digest", "action", "outcome", "request", "reason",
    "details", "person_digest", "prev_hash", "hash", "form", "run", "elapsed_ms", "state_before", "state_after", "rows",
)  # fmt: skip
_SALTED = ("messages", "requests", "granted_days", "accounts", "notices")


def upgrade() -> None:
    """Add the columns, and have the trigger watch the new one too; the engine puts what is there on the chain."""
    for table in _SALTED:
        op.add_column(table, sa.Column("salt", sa.String(32)))
    op.add_column("events", sa.Column("rows", sa.Text()))
    if op.get_bind().dialect.name == "postgresql":
        return  # the trigger of the first revision watches every column there
    op.execute("DROP TRIGGER events_are_append_only")
    op.execute(_NO_CHANGE.format(same=" AND ".join(f"NEW.{name} IS OLD.{name}" for name in _KEPT)))
