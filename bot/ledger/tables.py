"""The tables. Times are text in UTC with a fixed width, so that they sort; JSON is text in canonical form."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, MetaData, String, Table, Text, UniqueConstraint

metadata = MetaData()

#: The next number of each series: human ids count per day, serials for ever.
counters = Table(
    "counters", metadata,
    Column("series", String(24), primary_key=True),
    Column("value", Integer, nullable=False),
)  # fmt: skip

messages = Table(
    "messages", metadata,
    Column("id", String(24), primary_key=True),
    Column("serial", Integer, nullable=False, unique=True),
    Column("message_id", Text, nullable=False),
    Column("received_at", String(32), nullable=False),
    Column("arrived_at", String(32), nullable=False),
    Column("authentic", Boolean),
    Column("bounce_of", Text),
    Column("digest", String(64), nullable=False),
    Column("name", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("recorded_at", String(32), nullable=False),
    Column("dismissed_at", String(32)),
    UniqueConstraint("message_id", "received_at", "digest", name="one_message_one_row"),
    Index("messages_by_outcome", "outcome", "serial"),
    Index("messages_by_bounce", "bounce_of"),
)  # fmt: skip

requests = Table(
    "requests", metadata,
    Column("id", String(24), primary_key=True),
    Column("serial", Integer, nullable=False, unique=True),
    Column("message", String(24), ForeignKey("messages.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("employee_no", Text),
    Column("receipt_no", Text),
    Column("application", Text, nullable=False),
    Column("decision", Text),
    Column("login_id", Text),
    Column("window_start", String(32)),
    Column("window_end", String(32)),
    Column("attempts", Integer, nullable=False, default=0),
    Column("stuck_reason", Text, nullable=False, default=""),
    Column("created_at", String(32), nullable=False),
    Column("updated_at", String(32), nullable=False),
    UniqueConstraint("message", "position", name="one_application_one_request"),
    Index("requests_by_state", "state", "serial"),
    Index("requests_by_employee", "employee_no", "serial"),
    Index("requests_by_receipt", "receipt_no", "created_at"),
)  # fmt: skip

#: Messages that told of a request whose answers came in another: notices with only a number.
joined = Table(
    "joined", metadata,
    Column("message", String(24), ForeignKey("messages.id"), primary_key=True),
    Column("request", String(24), ForeignKey("requests.id"), primary_key=True),
    Index("joined_by_request", "request"),
)  # fmt: skip

granted_days = Table(
    "granted_days", metadata,
    Column("request", String(24), ForeignKey("requests.id"), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("employee_no", Text, nullable=False),
    Index("granted_by_employee", "employee_no", "day"),
    Index("granted_by_day", "day", "employee_no"),
)  # fmt: skip

accounts = Table(
    "accounts", metadata,
    Column("login_id", String(64), primary_key=True),
    Column("employee_no", Text, nullable=False),
    Column("request", String(24), ForeignKey("requests.id"), nullable=False),
    Column("state", String(16), nullable=False),
    Column("window_start", String(32)),
    Column("window_end", String(32)),
    Column("secret_version", Integer, nullable=False),
    Index("accounts_by_state", "state"),
)  # fmt: skip

notices = Table(
    "notices", metadata,
    Column("request", String(24), ForeignKey("requests.id"), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("message_id", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Index("notices_by_state", "state"),
)  # fmt: skip

events = Table(
    "events", metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", String(40), nullable=False),
    Column("actor_type", String(16), nullable=False),
    Column("actor", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("config_digest", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("request", String(24)),
    Column("reason", Text, nullable=False),
    Column("details", Text, nullable=False),
    Column("person", Text),
    Column("person_salt", String(32)),
    Column("person_digest", String(64), nullable=False),
    Column("prev_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
    Index("events_by_request", "request", "seq"),
)  # fmt: skip
