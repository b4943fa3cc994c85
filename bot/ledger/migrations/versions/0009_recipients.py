"""Finds the notices of one recipient, whose refusals are limited for each day, and a login ID whatever its capital letters."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the indexes."""
    op.create_index("notices_by_recipient", "notices", ["recipient", "kind"])
    op.create_index("accounts_by_folded_login", "accounts", [sa.text("lower(login_id)")])
