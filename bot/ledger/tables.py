"""The tables. Times are text in UTC with a fixed width, so that they sort; JSON is text in canonical form."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData()
_NAMED, _SENDING = text("to_tell IS NOT NULL"), text("state = 'sending'")

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
    Index("messages_by_digest", "digest"),
    Index("messages_by_recording", "recorded_at", "serial"),
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
    # Its state, as long as no settled notice tells the applicant of it; none of the millions that are told stands here.
    Column("to_tell", String(16)),
    UniqueConstraint("message", "position", name="one_application_one_request"),
    Index("requests_by_state", "state", "serial"),
    Index("requests_by_employee", "employee_no", "serial"),
    Index("requests_by_receipt", "receipt_no", "created_at"),
    Index("requests_by_creation", "created_at", "serial"),
    Index("requests_to_tell", "to_tell", sqlite_where=_NAMED, postgresql_where=_NAMED),
    Index("requests_by_login", "login_id"),
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

#: Which request holds, or held, a login ID of the pool; ``until`` is empty while it does.
assignments = Table(
    "assignments", metadata,
    Column("login_id", String(64), primary_key=True),
    Column("request", String(24), ForeignKey("requests.id"), primary_key=True),
    Column("since", String(32), nullable=False),
    Column("until", String(32)),
    Index("assignments_by_request", "request"),
)  # fmt: skip

notices = Table(
    "notices", metadata,
    Column("request", String(24), ForeignKey("requests.id"), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("message_id", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Index("notices_sending", "kind", "request", sqlite_where=_SENDING, postgresql_where=_SENDING),
    Index("notices_by_state", "state"),
    Index("notices_by_kind", "kind", "request"),
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
    Column("form", Integer, nullable=False, server_default="1"),
    Column("run", String(32)),
    Column("elapsed_ms", Integer),
    Column("state_before", String(16)),
    Column("state_after", String(16)),
    Index("events_by_request", "request", "seq"),
    Index("events_by_action", "action", "seq"),
)  # fmt: skip

#: What is wrong now and lasts (bot/ledger/conditions.py); a row goes when its end has been told.
conditions = Table(
    "conditions", metadata,
    Column("key", String(120), primary_key=True),
    Column("kind", String(40), nullable=False),
    Column("detail", Text, nullable=False),
    Column("subjects", Text, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("first_seen", String(32), nullable=False),
    Column("last_seen", String(32), nullable=False),
    Column("told_at", String(32)),
    Column("told_of", Text, nullable=False),
    Column("over_at", String(32)),
)  # fmt: skip

#: Which parts of the work stand still, and why.
pauses = Table(
    "pauses", metadata,
    Column("part", String(16), primary_key=True),
    Column("cause", String(120), primary_key=True),
    Column("since", String(32), nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("until", String(32)),
)  # fmt: skip
