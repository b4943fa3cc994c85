"""How often the reading of a message in the inbox was begun and not ended: what ends the bot must not do so for ever."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "reading_attempts",
        sa.Column("message", sa.String(64), primary_key=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
    )
