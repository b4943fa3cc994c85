"""How a message was explained, who brought a file, and what was read first where a person put a reading right."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; what is there already has nothing in them, and its seals stay as they are."""
    op.add_column("messages", sa.Column("passages", sa.Text()))
    op.add_column("messages", sa.Column("brought_by", sa.Text()))
    op.add_column("requests", sa.Column("first_application", sa.Text()))
