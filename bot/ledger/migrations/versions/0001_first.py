"""The first schema: messages, requests, granted days, accounts, notices, events; events are append-only by triggers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_NO_CHANGE = """
CREATE TRIGGER events_are_append_only BEFORE UPDATE ON events
WHEN NOT (NEW.person IS NULL AND NEW.person_salt IS NULL AND {same})
BEGIN SELECT RAISE(ABORT, 'audit events are append-only'); END
"""
_NO_REMOVAL = """
CREATE TRIGGER events_are_never_removed BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'audit events are append-only'); END
"""
#: On a server one function guards all columns, those of later revisions too; a table can also be emptied at once there.
_ON_A_SERVER = """
CREATE FUNCTION events_stay() RETURNS trigger LANGUAGE plpgsql AS $guard$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF NEW.person IS NULL AND NEW.person_salt IS NULL
      AND to_jsonb(NEW) - 'person' - 'person_salt' = to_jsonb(OLD) - 'person' - 'person_salt' THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION 'audit events are append-only';
END
$guard$;
CREATE TRIGGER events_are_append_only BEFORE UPDATE ON events FOR EACH ROW EXECUTE FUNCTION events_stay();
CREATE TRIGGER events_are_never_removed BEFORE DELETE ON events FOR EACH ROW EXECUTE FUNCTION events_stay();
CREATE TRIGGER events_are_never_emptied BEFORE TRUNCATE ON events FOR EACH STATEMENT EXECUTE FUNCTION events_stay()
"""
_KEPT = (
    "seq", "at", "actor_type", "actor", "host", "version", "config_digest", "action", "outcome", "request", "reason",
    "details", "person_digest", "prev_hash", "hash",
)  # fmt: skip


def upgrade() -> None:
    """Make the tables."""
    _intake()
    _issuance()
    _events()


def _text(name: str, length: int | None = None, *, null: bool = False, key: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length) if length else sa.Text(), nullable=null, primary_key=key)


def _intake() -> None:
    op.create_table(
        "counters", _text("series", 24, key=True), sa.Column("value", sa.Integer(), nullable=False),
    )  # fmt: skip
    op.create_table(
        "messages", _text("id", 24, key=True), sa.Column("serial", sa.Integer(), nullable=False, unique=True),
        _text("message_id"), _text("received_at", 32), _text("digest", 64), _text("name"), _text("sender"),
        _text("subject"), _text("outcome", 16), _text("reason"), _text("recorded_at", 32),
        sa.UniqueConstraint("message_id", "received_at", "digest", name="one_message_one_row"),
    )  # fmt: skip
    op.create_index("messages_by_outcome", "messages", ["outcome", "serial"])
    op.create_table(
        "requests", _text("id", 24, key=True), sa.Column("serial", sa.Integer(), nullable=False, unique=True),
        sa.Column("message", sa.String(24), sa.ForeignKey("messages.id"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False), _text("state", 16), _text("employee_no", null=True),
        _text("receipt_no", null=True), _text("application"), _text("decision", null=True), _text("login_id", null=True),
        _text("window_start", 32, null=True), _text("window_end", 32, null=True),
        sa.Column("attempts", sa.Integer(), nullable=False), _text("stuck_reason"), _text("created_at", 32),
        _text("updated_at", 32), sa.UniqueConstraint("message", "position", name="one_application_one_request"),
    )  # fmt: skip
    op.create_index("requests_by_state", "requests", ["state", "serial"])
    op.create_index("requests_by_employee", "requests", ["employee_no", "serial"])


def _issuance() -> None:
    request = sa.ForeignKey("requests.id")
    op.create_table(
        "granted_days", sa.Column("request", sa.String(24), request, primary_key=True), _text("day", 10, key=True),
        _text("employee_no"),
    )  # fmt: skip
    op.create_index("granted_by_employee", "granted_days", ["employee_no", "day"])
    op.create_index("granted_by_day", "granted_days", ["day", "employee_no"])
    op.create_table(
        "accounts", _text("login_id", 64, key=True), _text("employee_no"),
        sa.Column("request", sa.String(24), sa.ForeignKey("requests.id"), nullable=False), _text("state", 16),
        _text("window_start", 32, null=True), _text("window_end", 32, null=True),
        sa.Column("secret_version", sa.Integer(), nullable=False),
    )  # fmt: skip
    op.create_table(
        "notices", sa.Column("request", sa.String(24), sa.ForeignKey("requests.id"), primary_key=True),
        _text("kind", 16, key=True), sa.Column("attempt", sa.Integer(), primary_key=True), _text("message_id"),
        _text("recipient"), _text("state", 16),
    )  # fmt: skip


def _events() -> None:
    op.create_table(
        "events", sa.Column("seq", sa.Integer(), primary_key=True, autoincrement=False), _text("at", 40),
        _text("actor_type", 16), _text("actor"), _text("host"), _text("version"), _text("config_digest"),
        _text("action"), _text("outcome"), _text("request", 24, null=True), _text("reason"), _text("details"),
        _text("person", null=True), _text("person_salt", 32, null=True), _text("person_digest", 64),
        _text("prev_hash", 64), sa.Column("hash", sa.String(64), nullable=False, unique=True),
    )  # fmt: skip
    op.create_index("events_by_request", "events", ["request", "seq"])
    if op.get_bind().dialect.name == "postgresql":
        op.get_bind().exec_driver_sql(_ON_A_SERVER)
        return
    op.execute(_NO_CHANGE.format(same=" AND ".join(f"NEW.{name} IS OLD.{name}" for name in _KEPT)))
    op.execute(_NO_REMOVAL)
