"""What keeps a pass as quick on a ledger of many years: who is still to be told, and indexes for what is asked every time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_UNTOLD = """
UPDATE requests SET to_tell = state WHERE state = '{state}' AND NOT EXISTS (
  SELECT 1 FROM notices WHERE notices.request = requests.id AND notices.kind = '{kind}' AND notices.state <> 'sending')
"""


def upgrade() -> None:
    """Add the column with what is true now, and the indexes."""
    op.add_column("requests", sa.Column("to_tell", sa.String(16)))
    for state, kind in (("accepted", "receipt"), ("rejected", "rejected"), ("held", "held"), ("done", "cancelled")):
        op.execute(_UNTOLD.format(state=state, kind=kind))
    named = sa.text("to_tell IS NOT NULL")
    op.create_index("requests_to_tell", "requests", ["to_tell"], sqlite_where=named, postgresql_where=named)
    op.create_index("requests_by_creation", "requests", ["created_at", "serial"])
    sending = sa.text("state = 'sending'")
    op.create_index("notices_sending", "notices", ["kind", "request"], sqlite_where=sending, postgresql_where=sending)
    op.create_index("messages_by_digest", "messages", ["digest"])
    op.create_index("messages_by_recording", "messages", ["recorded_at", "serial"])
    op.create_index("events_by_action", "events", ["action", "seq"])
    op.create_index("notices_by_kind", "notices", ["kind", "request"])
