"""Recorded messages that can't be moved out of the inbox: known again without being read, and by every process."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "unfiled",
        sa.Column("locator", sa.Text(), primary_key=True),
        sa.Column("stamp", sa.Text(), nullable=False),
        sa.Column("message", sa.String(24), nullable=False),
    )
