"""The words of the house as frozen types (DESIGN.md, Words). No I/O; every datetime is aware."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from hashlib import sha256
from typing import ClassVar


class Kind(StrEnum):
    """What an application asks for (申請種別)."""

    #: 新規発行: a login for the dates named.
    ISSUE = "issue"
    #: 再発行: a new password for a login that was lost or locked.
    REISSUE = "reissue"
    #: 取消: no telework after all, for all dates or some.
    CANCEL = "cancel"
    #: 変更: other dates or another place for an application already made.
    CHANGE = "change"

    @property
    def asks_for_days(self) -> bool:
        """Whether its days are days of telework to come."""
        return self in {Kind.ISSUE, Kind.CHANGE}


class Severity(StrEnum):
    """What a violation does to the decision."""

    #: 却下: what it touches is refused.
    REJECT = "reject"
    #: 保留: a person decides.
    HOLD = "hold"
    #: 警告: told, and stops nothing.
    WARN = "warn"


class Outcome(StrEnum):
    """The decision on an application (審査結果)."""

    ACCEPT = "accept"
    REJECT = "reject"
    HOLD = "hold"


class ReadOutcome(StrEnum):
    """What became of a message (DESIGN.md, Command line: ``read``)."""

    #: One application or more were read out of it.
    APPLICATIONS = "applications"
    #: It may hold applications and can't be read; kept and shown.
    UNREADABLE = "unreadable"
    #: It is none of ours: an auto-reply, a bounce, our own mail.
    IGNORED = "ignored"


class AccountState(StrEnum):
    """How the console shows an account."""

    #: Being made; not final yet.
    CREATING = "creating"
    ACTIVE = "active"
    LOCKED = "locked"
    DISABLED = "disabled"


#: So many bytes are loaded of a message that is larger than allowed.
CUT_TO = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class Message:
    """One mail as received, or one file dropped into the inbox (受信メール).

    ``locator`` only finds it in its mailbox; identity is computed from the decoded content (see :class:`Identity`).
    """

    locator: str
    #: File name to show; for a dropped table its ending tells the format.
    name: str
    #: By the receiving server, never by the sender's ``Date:``.
    received_at: datetime
    content: bytes = field(repr=False)
    #: Larger than allowed: ``content`` is only its beginning, and it can't be read.
    cut: bool = False
    #: Why the mailbox could not give it, in Japanese and English: ``content`` holds what is known of its headers.
    unfetched: str = ""
    #: ``False``: no server said when it came, and ``received_at`` is the time of the look.
    receipt_known: bool = True
    #: Who put the file into the inbox, where the intake command did it; empty for a mail, and for whoever has access to the folder.
    brought_by: str = ""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What makes two messages the same one, on every mailbox adapter (FACTS.md, Exchange)."""

    #: Begins the ``message_id`` of a file that somebody with access to the inbox put there: it has no sender.
    DROPPED: ClassVar[str] = "file:"
    #: Begins the ``message_id`` of what could not be decoded at all: its identity is its bytes.
    RAW: ClassVar[str] = "raw:"
    #: Begins the ``message_id`` of what the mailbox could not give.
    UNFETCHED: ClassVar[str] = "unfetched:"

    #: The Message-ID; ``file:NAME`` for a table dropped into the inbox.
    message_id: str
    received_at: datetime
    #: SHA-256 (hex) of the decoded content: the headers we use, the text, the attachments' bytes.
    digest: str
    #: ``False``: ``received_at`` is only when it was first looked at, and tells nothing about which message it is.
    receipt_known: bool = True

    @classmethod
    def of_unfetched(cls, name: str, received_at: datetime) -> Identity:
        """Return the identity of what the mailbox could not give: ``name`` is its Message-ID, else its locator."""
        digest = sha256(name.encode("utf-8", "surrogateescape")).hexdigest()
        return cls(message_id=f"{cls.UNFETCHED}{name}", received_at=received_at, digest=digest)

    @classmethod
    def of_bytes(cls, content: bytes, received_at: datetime) -> Identity:
        """Return the identity of what can't be decoded."""
        digest = sha256(content).hexdigest()
        return cls(message_id=f"{cls.RAW}{digest[:32]}", received_at=received_at, digest=digest)

    @property
    def dropped(self) -> bool:
        """Whether it is a file that somebody with access put into the inbox."""
        return self.message_id.startswith(self.DROPPED)


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """Something a careful clerk would ask about: the field, what was read, and why it is not clear."""

    field: str
    read: str
    text: str
    text_en: str


class Explained(StrEnum):
    """What a passage of a message is (説明): everything in it is exactly one of these."""

    #: An answer to a field of the application (回答).
    ANSWER = "answer"
    #: What the form itself always writes, or a harmless answer (様式の文言).
    FORM = "form"
    #: What stands in an older mail, quoted or forwarded below (過去のメール).
    OLDER = "older"
    #: A signature or footer (署名).
    SIGNATURE = "signature"
    #: Nothing explains it: it holds the application (V01).
    UNEXPLAINED = "unexplained"


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A piece of a message with its place, and what it is taken for."""

    #: Which part of the message: 件名, 本文, HTML本文, or a file's name with its sheet.
    part: str
    #: Where in it, such as 7行目 or 3行目 C列; empty where there is only one place.
    at: str = ""
    #: As written; a long one is cut.
    text: str
    #: The label or heading that it stands under; empty for what has none.
    label: str = ""
    explained: Explained
    #: Why: the field it answers, the profile's sentence, or what is suspicious in it.
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Which line became which field and why (``read --explain``)."""

    field: str
    source: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Application:
    """What one applicant asked for, as read; ``None`` or empty is "not stated". Raw text is kept as received."""

    kind: Kind
    form: str
    #: Of the form's profile when it was read, or of the general settings where the form is not known.
    form_digest: str = ""
    receipt_no: str | None = None
    #: 申請日時 of the body, where the form is trusted for it.
    applied_at: datetime | None = None
    employee_no: str | None = None
    name: str | None = None
    kana: str | None = None
    department: str | None = None
    #: The address stated in the application: compared with the directory, never used to send to.
    mail: str | None = None
    #: Ascending, without repeats; closed days are still in it (rules judge them).
    dates: tuple[date, ...] = ()
    place: str | None = None
    zones: tuple[str, ...] = ()
    terminal: str | None = None
    approval: str | None = None
    urgent_reason: str | None = None
    #: What was declared about working without personal information, where the form asks (V17).
    declaration: str | None = None
    #: Working hours as stated, such as 8:30～17:15 or 午前 (V22).
    hours: str | None = None
    #: The receipt number of an earlier application that this one cancels or changes.
    refers_to: str | None = None
    #: A notice that carries no answers: it waits for the row of a table with its receipt number.
    number_only: bool = False
    doubts: tuple[Doubt, ...] = ()
    origins: tuple[Origin, ...] = field(default=(), compare=False)


@dataclass(frozen=True, kw_only=True)
class Returned:
    """What a report says of a mail that could not be delivered (不達通知)."""

    #: The names of our notices that stand anywhere in it: what is before the @ of a Message-ID.
    notices: tuple[str, ...] = ()
    #: A mail system wrote it, and says that it gave up. Anybody can write such a mail: only the ledger tells whether it is true.
    certain: bool = False


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What the intake made of one message; ``reason`` says why it is unreadable or ignored."""

    outcome: ReadOutcome
    identity: Identity
    sender: str = ""
    subject: str = ""
    reason: str = ""
    applications: tuple[Application, ...] = ()
    #: Every piece of the message, in its order, with what explains it.
    passages: tuple[Passage, ...] = ()
    #: Whether a trusted host vouches for the sender; ``None`` when none is configured. ``False`` is held, and told to nobody.
    authentic: bool | None = None
    #: When the first of our own hosts took it in, by their ``Received`` lines; ``None`` where none is configured.
    entered_at: datetime | None = None
    #: It is a report that a mail could not be delivered, and says so for good.
    returned: Returned | None = None
    #: The Message-ID of the notice that has come back, where the ledger knows it; empty where the report names none of ours.
    bounce_of: str | None = None

    @classmethod
    def of_undecoded(cls, message: Message, reason: str) -> Reading:
        """Return the reading of a message of which nothing could be decoded: its identity is its bytes."""
        identity = Identity.of_bytes(message.content, message.received_at)
        return cls(outcome=ReadOutcome.UNREADABLE, identity=identity, subject=message.name[:500], reason=reason)

    @property
    def arrived_at(self) -> datetime:
        """When it reached us: what cutoffs are judged by, where the form states no time of its own."""
        return min(self.entered_at or self.identity.received_at, self.identity.received_at)


@dataclass(frozen=True, kw_only=True)
class Violation:
    """What a rule found (不備), in words the applicant understands; ``dates`` empty means the whole application."""

    code: str
    severity: Severity
    text: str
    text_en: str
    dates: tuple[date, ...] = ()
    #: What helps an operator decide, such as who may have been meant: another person's name stands in no mail.
    hint: str = ""


#: The rules that ask whether the applicant is who the application says: 在職, 氏名・所属, 送信元.
WHO_APPLIES = frozenset({"V02", "V03", "V04"})


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The outcome with every violation found, and the dates that are granted (all of them or some)."""

    outcome: Outcome
    granted: tuple[date, ...] = ()
    violations: tuple[Violation, ...] = ()
    #: The applicant may be told (a forged sender is told to nobody).
    tell_applicant: bool = True

    @property
    def urgent(self) -> bool:
        """Whether it belongs to the fast lane: late for an urgent reason (V07), so that operators are told at once.

        While nobody has agreed, only from a sender who may apply (V04) for somebody whom the directory knows (V02): anybody can
        call a mail urgent.
        """
        stops = {item.code for item in self.violations if item.severity is not Severity.WARN}
        doubted = not self.tell_applicant or bool(stops & {"V02", "V04"})
        return "V07" in stops and not (self.outcome is Outcome.HOLD and doubted)


@dataclass(frozen=True, kw_only=True)
class Employee:
    """One row of the staff directory (職員名簿)."""

    employee_no: str
    name: str
    mail: str
    kana: str = ""
    department: str = ""
    #: 任用区分 such as 正規, 会計年度任用.
    category: str = ""
    supervisor_no: str = ""
    #: First and last day of employment; ``None`` is open.
    active_from: date | None = None
    active_until: date | None = None
    #: Whether the directory's status column, where it has one, says 在職.
    employed: bool = True

    def active_on(self, day: date) -> bool:
        """Tell whether the employee is 在職 on ``day``, both ends included."""
        begun = self.active_from is None or self.active_from <= day
        return self.employed and begun and (self.active_until is None or day <= self.active_until)


@dataclass(frozen=True, kw_only=True)
class Window:
    """The time in which a login works: both ends aware, ``start`` < ``end``."""

    start: datetime
    end: datetime


@dataclass(frozen=True, kw_only=True)
class AccountSpec:
    """The account as it shall be in the console."""

    login_id: str
    name: str
    department: str
    mail: str
    pool: str
    zones: tuple[str, ...]
    window: Window


@dataclass(frozen=True, kw_only=True)
class Account:
    """The account as the console shows it."""

    login_id: str
    name: str
    state: AccountState
    mail: str = ""
    window: Window | None = None


class Progress(StrEnum):
    """How far a request has come that holds days."""

    #: Its login works: the credentials went out, and nobody disabled it.
    WORKS = "works"
    #: It is granted, and its login follows by itself.
    COMING = "coming"
    #: It can't go on by itself, or its login is disabled.
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Before:
    """An earlier request of the same employee and of the same kind."""

    request: str
    application: Application
    received_at: datetime
    #: Its message says word for word the same.
    same_content: bool
    recorded_at: datetime
    #: It was carried out, or is about to be.
    granted: bool


@dataclass(frozen=True, kw_only=True)
class EarlierRequest:
    """An earlier request of the same employee that bears the receipt number of a new application, or the one it refers to."""

    id: str
    application: Application
    received_at: datetime


@dataclass(frozen=True, kw_only=True)
class History:
    """What the ledger already knows that bears on a new application of one employee."""

    #: Days already granted to this employee, with the request that holds each.
    granted: Mapping[date, str] = field(default_factory=dict)
    #: How far each of these requests has come.
    progress: Mapping[str, Progress] = field(default_factory=dict)
    #: This employee's earlier requests under one of the receipt numbers in question, the oldest first.
    earlier: tuple[EarlierRequest, ...] = ()
    #: How many employees are granted each day, of the days in question.
    per_day: Mapping[date, int] = field(default_factory=dict)
    #: For what renews or changes a login: what this employee asked for of the same kind before, the oldest first.
    same_kind: tuple[Before, ...] = ()
