"""What is known of a message: which request it joined, when it reached us, who vouches for it, whose bounce it is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what is new; messages recorded before reached us when the mailbox says so."""
    op.add_column("messages", sa.Column("arrived_at", sa.String(32), nullable=False, server_default=""))
    op.execute("UPDATE messages SET arrived_at = received_at")
    op.add_column("messages", sa.Column("authentic", sa.Boolean()))
    op.add_column("messages", sa.Column("bounce_of", sa.Text()))
    op.create_index("messages_by_bounce", "messages", ["bounce_of"])
    op.create_index("requests_by_receipt", "requests", ["receipt_no", "created_at"])
    op.create_table(
        "joined",
        sa.Column("message", sa.String(24), sa.ForeignKey("messages.id"), primary_key=True),
        sa.Column("request", sa.String(24), sa.ForeignKey("requests.id"), primary_key=True),
    )
    op.create_index("joined_by_request", "joined", ["request"])
