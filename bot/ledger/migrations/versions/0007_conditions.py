"""What is wrong and lasts, and which parts of the work stand still: both must outlast the process."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the two tables."""
    op.create_table(
        "conditions",
        sa.Column("key", sa.String(120), primary_key=True),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("subjects", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("first_seen", sa.String(32), nullable=False),
        sa.Column("last_seen", sa.String(32), nullable=False),
        sa.Column("told_at", sa.String(32)),
        sa.Column("told_of", sa.Text(), nullable=False),
        sa.Column("over_at", sa.String(32)),
    )
    op.create_table(
        "pauses",
        sa.Column("part", sa.String(16), primary_key=True),
        sa.Column("cause", sa.String(120), primary_key=True),
        sa.Column("since", sa.String(32), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("until", sa.String(32)),
    )
