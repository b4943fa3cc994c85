"""What the ledger keeps, as frozen types. No SQL here: the rest of the house sees only these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from bot.life import AccountRecordState, State
from bot.model import Application, Decision, Kind, ReadOutcome, Window

#: Stands where a person was, once retention has taken them out (bot/ledger/purge.py).
PURGED = "purged"


class ActorType(StrEnum):
    """Who did it."""

    #: The bot itself, in a scheduled or manual pass.
    BOT = "bot"
    #: A person, by name.
    OPERATOR = "operator"
    #: A person who looks at the record or takes a copy of it, by name.
    AUDITOR = "auditor"
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
    #: Tells which events were written by one opening of the ledger: their correlation ID.
    id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Event:
    """An audit event to be written: what is about to be done, or what came of it.

    ``action`` is a dotted name such as ``account.create``; ``outcome`` is ``intended``, ``done``, ``failed`` or ``unknown``;
    a run that was asked to end early is ``stopped``.
    ``details`` are facts that may stay for ever; ``person`` is personal data that retention can remove later without
    breaking the chain. Neither ever holds a password. ``before`` and ``after`` are the states of its request around it, where
    it moved one or might have: the ledger fills them in.
    """

    action: str
    outcome: str
    request_id: str | None = None
    reason: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    person: Mapping[str, Any] = field(default_factory=dict)
    before: State | None = None
    after: State | None = None


@dataclass(frozen=True, kw_only=True)
class StoredEvent:
    """An event as it stands in the chain."""

    seq: int
    at: datetime
    run: Run
    event: Event
    prev_hash: str
    hash: str
    #: Milliseconds since its run began, by a clock that nobody sets; ``None`` in events of form 1.
    elapsed_ms: int | None = None


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


@dataclass(frozen=True, kw_only=True)
class Login:
    """An account of ours that is not disabled, with what it is still held for."""

    account: AccountRecord
    #: Granted days of requests that are not over, on which the login is to work; ascending.
    days: tuple[date, ...]
    #: Whether any request still holds it.
    held: bool
    #: Whether one of them is being issued right now, or waits for it.
    in_hand: bool
    #: The time that its requests need together; ``None`` where none has any left.
    needed: Window | None
    #: When the request it was last made or renewed for was last changed.
    changed_at: datetime


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """Who holds, or held, a login ID of the pool: from when until when; ``until`` is open while it is held."""

    login_id: str
    request_id: str
    employee_no: str
    since: datetime
    until: datetime | None


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
    #: To the operators: its login should have been closed long ago.
    OVERDUE = "overdue"
    #: To the operators: what was overdue is closed.
    SOLVED = "solved"


#: The states that an applicant is told of, and the notice that does it; the first only where it is asked for.
TOLD: Mapping[State, NoticeKind] = {
    State.ACCEPTED: NoticeKind.RECEIPT,
    State.REJECTED: NoticeKind.REJECTED,
    State.HELD: NoticeKind.HELD,
    State.DONE: NoticeKind.CANCELLED,
}


#: The states of its request in which a notice still tells what is true: one that was not sent is missed then.
STILL_TRUE: Mapping[NoticeKind, tuple[State, ...]] = {
    **{kind: (state,) for state, kind in TOLD.items()},
    **dict.fromkeys((NoticeKind.CREDENTIALS, NoticeKind.SECRET, NoticeKind.HANDOVER), (State.ISSUED, State.STUCK)),
    NoticeKind.CANCELLED: (State.DONE, State.REVOKED),
    NoticeKind.REVOKED: (State.REVOKED,),
    NoticeKind.ALERT: (State.HELD,),
    NoticeKind.OVERDUE: (State.DELIVERED,),
}


class NoticeState(StrEnum):
    """How far a notice has come."""

    #: The intent is recorded; after a crash it may or may not have gone out.
    SENDING = "sending"
    SENT = "sent"
    #: Certainly not sent, and not to be tried again by itself.
    FAILED = "failed"
    #: There is nobody it may be sent to.
    NOBODY = "nobody"
    #: The recipient has had enough of its kind for a day; operators were told instead.
    KEPT_BACK = "kept_back"
    #: Not sent, and closed by an operator: they were told otherwise, or need not be.
    CLOSED = "closed"


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
    #: When an operator closed it, unread.
    dismissed_at: datetime | None = None
    #: Who put the file into the inbox, where the intake command did it.
    brought_by: str = ""
    #: The Message-ID of the notice that it says came back; empty where it is such a report and names none of ours.
    bounce_of: str | None = None


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
    #: As it was read, where a person put that right since.
    first_application: Application | None = None

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


class Fault(StrEnum):
    """What was done to a chain, or to a head of it."""

    #: The content of an event is not what was hashed.
    CHANGED = "changed"
    REMOVED = "removed"
    INSERTED = "inserted"
    REORDERED = "reordered"
    #: The newest events are gone: a head noted outside says how many there were.
    TRUNCATED = "truncated"
    #: The chain holds in itself, and is not the one that a head was taken from.
    REWRITTEN = "rewritten"
    #: A head bears a signature that its key did not make.
    FORGED = "forged"
    #: A head bears no signature where one is asked for.
    UNSIGNED = "unsigned"
    #: The chain holds, and something in the ledger or beside it is not as it says.
    DIFFERS = "differs"


class Mismatch(StrEnum):
    """How something in the ledger, or beside it, differs from what its chain says."""

    #: A column of a row does not hold what the chain says.
    ALTERED = "altered"
    #: A row is there and the chain has nothing of it.
    INSERTED = "inserted"
    #: A row that the chain has is not there.
    REMOVED = "removed"
    #: The person in an event was removed, and no purge on the chain says so.
    PERSON = "person"
    #: A file of evidence is missing, or is not the one that was recorded.
    EVIDENCE = "evidence"
    #: What keeps events from being changed or removed is not in place.
    TRIGGER = "trigger"


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One thing that is not as the chain says: where, which field, and what both say; empty where there is nothing to say."""

    kind: Mismatch
    table: str
    id: str
    field: str | None = None
    chain: str | None = None
    row: str | None = None
    #: The event that said it last.
    seq: int | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What verifying the chain found; ``first_bad`` is the first event that does not fit, ``head`` the last hash."""

    ok: bool
    events: int
    head: str
    first_bad: int | None = None
    reason: str = ""
    fault: Fault | None = None
    #: What in the ledger or beside it is not as the chain says; of a chain that does not hold nothing is compared.
    findings: tuple[Difference, ...] = ()
    #: When the head was last given to somebody outside: what is younger only that somebody's next head proves.
    head_taken: str | None = None
