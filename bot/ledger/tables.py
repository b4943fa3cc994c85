"""The tables. Times are text in UTC with a fixed width, so that they sort; JSON is text in canonical form."""

from __future__ import annotations

import secrets

from sqlalchemy import Boolean, Column, ForeignKey, Index, MetaData, Table, UniqueConstraint, text

from bot.ledger.kept import Kept, Number

metadata = MetaData()
_NAMED, _SENDING = text("to_tell IS NOT NULL"), text("state = 'sending'")


def _salt() -> Column[str]:
    """Return the column of what keeps a row's seal from telling of a person (bot/ledger/seals.py)."""
    return Column("salt", Kept(32), default=lambda: secrets.token_hex(16))


#: The next number of each series: human ids count per day, serials for ever.
counters = Table(
    "counters", metadata,
    Column("series", Kept(24), primary_key=True),
    Column("value", Number, nullable=False),
)  # fmt: skip

messages = Table(
    "messages", metadata,
    Column("id", Kept(24), primary_key=True),
    Column("serial", Number, nullable=False, unique=True),
    Column("message_id", Kept, nullable=False),
    Column("received_at", Kept(32), nullable=False),
    Column("arrived_at", Kept(32), nullable=False),
    Column("authentic", Boolean),
    # The Message-ID of the notice that it says came back; empty where it is such a report and names none of ours.
    Column("bounce_of", Kept),
    Column("digest", Kept(64), nullable=False),
    Column("name", Kept, nullable=False),
    Column("sender", Kept, nullable=False),
    Column("subject", Kept, nullable=False),
    Column("outcome", Kept(16), nullable=False),
    Column("reason", Kept, nullable=False),
    Column("recorded_at", Kept(32), nullable=False),
    Column("dismissed_at", Kept(32)),
    # How each piece of it was explained (bot/ledger/passages.py).
    Column("passages", Kept),
    # Who put the file into the inbox, where the intake command did it.
    Column("brought_by", Kept),
    _salt(),
    UniqueConstraint("message_id", "received_at", "digest", name="one_message_one_row"),
    Index("messages_by_outcome", "outcome", "serial"),
    Index("messages_by_bounce", "bounce_of"),
    Index("messages_by_digest", "digest"),
    Index("messages_by_recording", "recorded_at", "serial"),
)  # fmt: skip

#: How often the reading of a message that lies in the inbox was begun and did not end; a row goes when it is recorded.
reading_attempts = Table(
    "reading_attempts", metadata,
    # SHA-256 of its locator: before it is read nothing else is known of it that stays the same.
    Column("message", Kept(64), primary_key=True),
    Column("attempts", Number, nullable=False),
)  # fmt: skip

requests = Table(
    "requests", metadata,
    Column("id", Kept(24), primary_key=True),
    Column("serial", Number, nullable=False, unique=True),
    Column("message", Kept(24), ForeignKey("messages.id"), nullable=False),
    Column("position", Number, nullable=False),
    Column("state", Kept(16), nullable=False),
    Column("employee_no", Kept),
    Column("receipt_no", Kept),
    Column("application", Kept, nullable=False),
    # As it was read, where a person put that right since.
    Column("first_application", Kept),
    Column("decision", Kept),
    Column("login_id", Kept),
    Column("window_start", Kept(32)),
    Column("window_end", Kept(32)),
    Column("attempts", Number, nullable=False, default=0),
    Column("stuck_reason", Kept, nullable=False, default=""),
    Column("created_at", Kept(32), nullable=False),
    Column("updated_at", Kept(32), nullable=False),
    # Its state, as long as no settled notice tells the applicant of it; none of the millions that are told stands here.
    Column("to_tell", Kept(16)),
    _salt(),
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
    Column("message", Kept(24), ForeignKey("messages.id"), primary_key=True),
    Column("request", Kept(24), ForeignKey("requests.id"), primary_key=True),
    Index("joined_by_request", "request"),
)  # fmt: skip

granted_days = Table(
    "granted_days", metadata,
    Column("request", Kept(24), ForeignKey("requests.id"), primary_key=True),
    Column("day", Kept(10), primary_key=True),
    Column("employee_no", Kept, nullable=False),
    _salt(),
    Index("granted_by_employee", "employee_no", "day"),
    Index("granted_by_day", "day", "employee_no"),
)  # fmt: skip

accounts = Table(
    "accounts", metadata,
    Column("login_id", Kept(64), primary_key=True),
    Column("employee_no", Kept, nullable=False),
    Column("request", Kept(24), ForeignKey("requests.id"), nullable=False),
    Column("state", Kept(16), nullable=False),
    Column("window_start", Kept(32)),
    Column("window_end", Kept(32)),
    Column("secret_version", Number, nullable=False),
    _salt(),
    Index("accounts_by_state", "state"),
    Index("accounts_by_folded_login", text("lower(login_id)")),
)  # fmt: skip

#: Which request holds, or held, a login ID of the pool; ``until`` is empty while it does.
assignments = Table(
    "assignments", metadata,
    Column("login_id", Kept(64), primary_key=True),
    Column("request", Kept(24), ForeignKey("requests.id"), primary_key=True),
    Column("since", Kept(32), nullable=False),
    Column("until", Kept(32)),
    Index("assignments_by_request", "request"),
)  # fmt: skip

notices = Table(
    "notices", metadata,
    Column("request", Kept(24), ForeignKey("requests.id"), primary_key=True),
    Column("kind", Kept(16), primary_key=True),
    Column("attempt", Number, primary_key=True),
    Column("message_id", Kept, nullable=False),
    Column("recipient", Kept, nullable=False),
    Column("state", Kept(16), nullable=False),
    _salt(),
    Index("notices_sending", "kind", "request", sqlite_where=_SENDING, postgresql_where=_SENDING),
    Index("notices_by_state", "state"),
    Index("notices_by_kind", "kind", "request"),
    Index("notices_by_recipient", "recipient", "kind"),
)  # fmt: skip

events = Table(
    "events", metadata,
    Column("seq", Number, primary_key=True, autoincrement=False),
    Column("at", Kept(40), nullable=False),
    Column("actor_type", Kept(16), nullable=False),
    Column("actor", Kept, nullable=False),
    Column("host", Kept, nullable=False),
    Column("version", Kept, nullable=False),
    Column("config_digest", Kept, nullable=False),
    Column("action", Kept, nullable=False),
    Column("outcome", Kept, nullable=False),
    Column("request", Kept(24)),
    Column("reason", Kept, nullable=False),
    Column("details", Kept, nullable=False),
    Column("person", Kept),
    Column("person_salt", Kept(32)),
    Column("person_digest", Kept(64), nullable=False),
    Column("prev_hash", Kept(64), nullable=False),
    Column("hash", Kept(64), nullable=False, unique=True),
    Column("form", Number, nullable=False, server_default="1"),
    Column("run", Kept(32)),
    Column("elapsed_ms", Number),
    Column("state_before", Kept(16)),
    Column("state_after", Kept(16)),
    Column("rows", Kept),
    Index("events_by_request", "request", "seq"),
    Index("events_by_action", "action", "seq"),
)  # fmt: skip

#: What is wrong now and lasts (bot/ledger/conditions.py); a row goes when its end has been told.
conditions = Table(
    "conditions", metadata,
    Column("key", Kept(120), primary_key=True),
    Column("kind", Kept(40), nullable=False),
    Column("detail", Kept, nullable=False),
    Column("subjects", Kept, nullable=False),
    Column("evidence", Kept, nullable=False),
    Column("first_seen", Kept(32), nullable=False),
    Column("last_seen", Kept(32), nullable=False),
    Column("told_at", Kept(32)),
    Column("told_of", Kept, nullable=False),
    Column("over_at", Kept(32)),
)  # fmt: skip

#: Which parts of the work stand still, and why.
pauses = Table(
    "pauses", metadata,
    Column("part", Kept(16), primary_key=True),
    Column("cause", Kept(120), primary_key=True),
    Column("since", Kept(32), nullable=False),
    Column("actor", Kept, nullable=False),
    Column("reason", Kept, nullable=False),
    Column("until", Kept(32)),
)  # fmt: skip

#: Recorded messages that could not be moved out of the inbox (bot/ledger/unfiled.py); a row goes when they are.
unfiled = Table(
    "unfiled", metadata,
    Column("locator", Kept, primary_key=True),
    Column("stamp", Kept, nullable=False),
    Column("message", Kept(24), nullable=False),
)  # fmt: skip
