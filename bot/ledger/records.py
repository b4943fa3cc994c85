"""What the ledger keeps, as frozen types. No SQL here: the rest of the house sees only these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from bot.life import State
from bot.model import Application, Decision, Kind, ReadOutcome, Window

#: Stands where a person was, once retention has taken them out (bot/ledger/purge.py).
PURGED = "purged"


class ActorType(StrEnum):
    """Who did it."""

    #: The bot itself, in a scheduled or manual pass.
    BOT = "bot"
    #: A person, by name.
    OPERATOR = "operator"
    #: The program around it: start, migration, verification.
    SYSTEM = "system"


@dataclass(frozen=True, kw_only=True)
class Run:
    """The circumstances of one process; they stand in every event it writes."""

    actor_type: ActorType
    actor: str
    host: str
    version: str
    config_digest: str


@dataclass(frozen=True, kw_only=True)
class Event:
    """An audit event to be written: what is about to be done, or what came of it.

    ``action`` is a dotted name such as ``account.create``; ``outcome`` is ``intended``, ``done``, ``failed`` or ``unknown``;
    a run that was asked to end early is ``stopped``.
    ``details`` are facts that may stay for ever; ``person`` is personal data that retention can remove later without
    breaking the chain. Neither ever holds a password.
    """

    action: str
    outcome: str
    request_id: str | None = None
    reason: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    person: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class StoredEvent:
    """An event as it stands in the chain."""

    seq: int
    at: datetime
    run: Run
    event: Event
    prev_hash: str
    hash: str


class AccountRecordState(StrEnum):
    """What the ledger knows of an account."""

    #: The console said "no such account", and the intent to create it is recorded.
    CREATING = "creating"
    #: Seen in the console after our create: it is ours.
    CREATED = "created"
    #: Disabled by us.
    DISABLED = "disabled"


@dataclass(frozen=True, kw_only=True)
class AccountRecord:
    """An account that is, or is about to be, ours."""

    login_id: str
    employee_no: str
    request_id: str
    state: AccountRecordState
    window: Window | None = None
    #: Counts the passwords ever set; the password itself is nowhere.
    secret_version: int = 0


class NoticeKind(StrEnum):
    """What a notice tells."""

    CREDENTIALS = "credentials"
    #: Granted, and the login follows (``delivery.receipt``).
    RECEIPT = "receipt"
    #: The password alone, to the supervisor who hands it over.
    SECRET = "secret"  # noqa: S105 - a kind of notice
    #: Login ID and password, to the supervisor of somebody who can't read mail.
    HANDOVER = "handover"
    REJECTED = "rejected"
    HELD = "held"
    #: The login was closed before its time, at the applicant's wish.
    CANCELLED = "cancelled"
    #: The login was closed before its time by the house.
    REVOKED = "revoked"
    #: To the operators: this request can't wait.
    ALERT = "alert"


class NoticeState(StrEnum):
    """How far a notice has come."""

    #: The intent is recorded; after a crash it may or may not have gone out.
    SENDING = "sending"
    SENT = "sent"
    #: Certainly not sent, and not to be tried again by itself.
    FAILED = "failed"
    #: There is nobody it may be sent to.
    NOBODY = "nobody"


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One attempt to tell something; (request_id, kind, attempt) is unique and makes the Message-ID."""

    request_id: str
    kind: NoticeKind
    attempt: int
    message_id: str
    to: str
    state: NoticeState


@dataclass(frozen=True, kw_only=True)
class MessageRecord:
    """A message the ledger has seen; ``id`` is such as ``M-20210730-0003``."""

    id: str
    message_id: str
    digest: str
    name: str
    sender: str
    subject: str
    #: By the mailbox.
    received_at: datetime
    recorded_at: datetime
    outcome: ReadOutcome
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Request:
    """The ledger's record of an application and its life (案件)."""

    id: str
    message_id: str
    #: Position of the application in its message, from 0.
    position: int
    sender: str
    #: It came in a table dropped into the inbox, not in a mail.
    dropped_file: bool
    #: Whether a trusted host vouches for the sender; ``None`` where none is asked.
    authentic: bool | None
    application: Application
    #: When it reached us: where several messages told of it, the first of them.
    received_at: datetime
    created_at: datetime
    updated_at: datetime
    state: State
    decision: Decision | None = None
    login_id: str | None = None
    window: Window | None = None
    #: How often a create was submitted.
    attempts: int = 0
    stuck_reason: str = ""

    @property
    def kind(self) -> Kind:
        """What it asks for."""
        return self.application.kind

    @property
    def granted(self) -> tuple[date, ...]:
        """The dates granted so far."""
        return self.decision.granted if self.decision else ()


@dataclass(frozen=True, kw_only=True)
class Changes:
    """Fields of a request to set along with a step; ``None`` leaves a field as it is."""

    decision: Decision | None = None
    login_id: str | None = None
    window: Window | None = None
    attempts: int | None = None
    stuck_reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """What came of recording a message; ``new`` is false when the ledger already had it."""

    message: MessageRecord
    requests: tuple[Request, ...]
    new: bool
    #: So many of its applications belong to requests that were there before.
    joined: int = 0


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What verifying the chain found; ``first_bad`` is the first event that does not fit, ``head`` the last hash."""

    ok: bool
    events: int
    head: str
    first_bad: int | None = None
    reason: str = ""
