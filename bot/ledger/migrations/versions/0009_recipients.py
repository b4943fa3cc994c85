"""Finds the notices of one recipient: how many refusals an address gets in a day is limited."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    op.create_index("notices_by_recipient", "notices", ["recipient", "kind"])
