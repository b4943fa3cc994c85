"""What conditions are called, and what is known of each kind beforehand; bot/operation/alerts/kinds.py knows every one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.ledger.conditions import Part


class Level(StrEnum):
    """How bad a condition is (重要度)."""

    #: To know; a person decides in their own time.
    INFO = "info"
    #: To be done today: something or somebody waits for a person.
    WARNING = "warning"
    #: Part of the work stands still, or a deadline is about to be missed: at any hour.
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Higher is worse."""
        return list(Level).index(self)


class Area(StrEnum):
    """What a pass has looked at and found in order; only a look ends a condition."""

    #: The pass came to its end.
    PASS = "pass"  # noqa: S105 - no password
    #: Mails could be listed.
    MAILBOX = "mailbox"
    #: Every mail that was listed was asked for.
    MAILS = "mails"
    #: Every mail that was read was moved out of the inbox, or its move was tried.
    FILING = "filing"
    #: A mail went out.
    OUTGOING = "outgoing"
    #: A mail to several people went out, and none of them was refused.
    RECIPIENTS = "recipients"
    #: Machine's and servers' clocks were compared before anything was decided, or nobody could be asked.
    CLOCK = "clock"
    #: The console was walked through, every landmark found.
    CONSOLE = "console"
    #: What waits to be issued was counted.
    QUEUE = "queue"
    #: The audit chain was recomputed, and held.
    CHAIN = "chain"


class Until(StrEnum):
    """Until when a condition keeps a part from working."""

    #: It is tried again after ``alerts.retry_minutes``, or when an operator resumes it.
    RETRIED = "retried"
    #: Only an operator resumes it: trying by itself would do harm.
    RESUMED = "resumed"


class Trouble(StrEnum):
    """The conditions' names."""

    DRIFT = "drift"
    CONSOLE_DENIED = "console_denied"
    MAILBOX_DENIED = "mailbox_denied"
    FAILURES = "failures_in_a_row"
    TOO_MANY = "too_many_issues"
    CLOCK = "clock_off"
    CONSOLE = "console_unusable"
    MAILBOX = "mailbox_unusable"
    OUTGOING = "sending_fails"
    REFUSED = "sending_refused"
    ADDRESS = "address_refused"
    STOOD_STILL = "machine_stood_still"
    LEDGER = "ledger_unusable"
    CHAIN = "ledger_broken"
    NOT_BEGUN = "pass_impossible"
    CUT_OFF = "pass_cut_off"
    DIRECTORY = "directory_stale"
    DISK = "disk_nearly_full"
    UNEXPECTED = "unexpected_error"
    URGENT = "urgent_waits"
    STUCK = "stuck"
    BOUNCED = "credentials_bounced"
    BOUNCES_HELD = "bounces_held"
    BOUNCE_DOUBTED = "bounce_unproven"
    BOUNCE_UNMATCHED = "bounce_of_nothing"
    NOTICES_KEPT = "notices_kept_back"
    UNTOLD = "applicant_untold"
    UNREADABLE = "unreadable_mails"
    UNFETCHED = "mails_not_given"
    UNFILED = "mails_not_filed"
    PASSED_OVER = "inbox_not_read"
    HELD = "held"
    PAUSED = "paused"
    SWITCH = "kill_switch"
    AT_RISK = "at_risk"
    SURGE = "surge"
    DIFFERENCES = "differences"
    JOB = "job_failed"
    TEST = "test"


@dataclass(frozen=True, kw_only=True)
class Words:
    """What a message says of a condition, in one language."""

    happened: str
    did: str
    todo: str


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What is known of a condition beforehand."""

    level: Level
    #: The part of the work it concerns.
    part: Part
    #: What a pass must have looked at to find that it is over.
    area: Area = Area.PASS
    #: What it stops, and until when.
    stops: tuple[Part, ...] = ()
    until: Until | None = None
    #: Lasts until it is seen to be over; else it is told and done with.
    lasts: bool = True
    #: Its end is told: nobody would see it otherwise.
    tells_end: bool = True
    #: A person ends it: its end is told at once, and what comes back is a new one. What comes and goes by itself is the same
    #: one when it comes back within ``alerts.calm_minutes``, and its end is told when it stayed away for so long.
    by_people: bool = False
    #: What happens once may pass by itself: it is told when the next pass finds it again, and its end only if it was told.
    when_again: bool = False
    #: Mailed to the operators one by one already (bot/delivery/courier.py): in other ways only.
    own_mail: bool = False
    #: What was found may name a person: only mail carries it.
    personal: bool = False
    ja: Words
    en: Words
