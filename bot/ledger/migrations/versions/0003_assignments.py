"""Which request holds a login ID of the pool; accounts by their state, requests by their login."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what is new; no login was of a pool before."""
    op.create_table(
        "assignments",
        sa.Column("login_id", sa.String(64), primary_key=True),
        sa.Column("request", sa.String(24), sa.ForeignKey("requests.id"), primary_key=True),
        sa.Column("since", sa.String(32), nullable=False),
        sa.Column("until", sa.String(32)),
    )
    op.create_index("assignments_by_request", "assignments", ["request"])
    op.create_index("accounts_by_state", "accounts", ["state"])
    op.create_index("requests_by_login", "requests", ["login_id"])
