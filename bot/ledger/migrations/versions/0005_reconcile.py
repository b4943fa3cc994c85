"""What was left half done is found without reading everything; a message can be dismissed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index, and when a message was dismissed: those recorded before never were."""
    op.add_column("messages", sa.Column("dismissed_at", sa.String(32)))
    op.create_index("notices_by_state", "notices", ["state"])
