"""What a rule looks at: the application, what is known about it, and what a rule says of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from email.utils import parseaddr
from functools import cached_property
from zoneinfo import ZoneInfo

from bot.clock import aware
from bot.model import Application, Before, EarlierRequest, Employee, History, Kind, Progress, Severity
from bot.rules.calendar import Calendar
from bot.rules.cutoff import Cutoffs
from bot.rules.directory import Directory
from bot.rules.register import OwnPcs
from bot.rules.repetition import differences, fiscal_year, same_number
from bot.settings.rules import RulesSettings
from bot.text import number_key

#: Kinds that change a login each time they are carried out: a repetition of one must not be.
REPEATABLE = frozenset({Kind.REISSUE, Kind.CHANGE})
#: A day further away than this is refused as too far, or past, and judged by nothing else: a misread year must not cost time.
_HORIZON = timedelta(days=400)
#: By RFC 5321 an address has 254 characters; a name may stand beside it.
_LONGEST_ADDRESS = 1_000
_MOST_COMMENTS = 5


@dataclass(frozen=True, kw_only=True)
class Context:
    """What is known when an application is decided; raises ``ValueError`` for a naive time."""

    now: datetime
    #: When the mailbox's server received the message.
    received_at: datetime
    #: The sender's address; empty when the message names none.
    sender: str
    directory: Directory
    history: History = field(default_factory=History)
    #: The register of own PCs; ``None`` where the city keeps none.
    own_pcs: OwnPcs | None = None
    #: A file that somebody with access put into the inbox: it has no sender to judge.
    dropped_file: bool = False
    #: Whether a trusted host vouches for the sender; ``None`` where none is asked.
    authentic: bool | None = None

    def __post_init__(self) -> None:
        aware(self.now)
        aware(self.received_at)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a rule found: as :class:`bot.model.Violation`, before the table adds the code."""

    severity: Severity
    text: str
    text_en: str
    dates: tuple[date, ...] = ()
    hint: str = ""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One application before the rules; the facts derived from it are computed once and kept."""

    application: Application
    context: Context
    rules: RulesSettings
    calendar: Calendar
    cutoffs: Cutoffs
    zone: ZoneInfo

    @cached_property
    def employee(self) -> Employee | None:
        """The applicant as the directory has them."""
        employee_no = self.application.employee_no
        return self.context.directory.find(employee_no) if employee_no else None

    @cached_property
    def supervisors(self) -> tuple[Employee, ...]:
        """The applicant's supervisor by the directory, and the deputies by the settings."""
        boss = self.employee.supervisor_no if self.employee else ""
        deputies = {number_key(known): numbers for known, numbers in self.rules.approval.deputies.items()}
        numbers = [boss, *deputies.get(number_key(boss), ())] if boss else []
        people = [self.context.directory.find(item) for item in numbers]
        return tuple(person for person in people if person is not None)

    @cached_property
    def same_number(self) -> tuple[EarlierRequest, ...]:
        """The earlier requests for days with the same receipt number, the oldest first, when this is a new application."""
        if self.application.kind is not Kind.ISSUE:
            return ()
        return same_number(self.application, self.received_at, self.context.history.earlier, self.zone)

    @cached_property
    def repeated(self) -> str | None:
        """The earlier request that this one repeats: form, number and content are the same, and neither was doubted.

        What renews or changes a login acts anew each time: it is also known word for word.
        """
        if self.application.doubts:
            return None
        if self.application.kind in REPEATABLE:
            return next((earlier.request for earlier in self.context.history.same_kind if self._is_same(earlier)), None)
        same = next((one.id for one in self.same_number if self._says_the_same(one.application)), None)
        return None if same is None or self.altered_since(same) else same

    @cached_property
    def used_otherwise(self) -> tuple[str, Application] | None:
        """The newest request under the number of this one that it does not repeat, with what it asked for."""
        if self.repeated:
            return None
        if self.application.kind in REPEATABLE:
            same = [(one.request, one.application) for one in self.context.history.same_kind if self._is_numbered(one)]
        else:
            same = [(one.id, one.application) for one in self.same_number]
        return same[-1] if same else None

    def altered_since(self, request: str) -> bool:
        """Tell whether the number of an earlier request came again with something else: a cancellation, other days, a doubt."""
        numbered = list(self.context.history.earlier)
        later = numbered[[one.id for one in numbered].index(request) + 1 :]
        number = number_key(self.application.receipt_no or "")
        return any(
            number_key(one.application.receipt_no or "") == number and not self._says_the_same(one.application)
            for one in later
        )

    def _is_same(self, earlier: Before) -> bool:
        return earlier.same_content or (self._is_numbered(earlier) and self._says_the_same(earlier.application))

    def _is_numbered(self, earlier: Before) -> bool:
        own, other = self.application, earlier.application
        number = number_key(own.receipt_no or "")
        years = {fiscal_year(self.local(moment)) for moment in (self.received_at, earlier.received_at)}
        return (
            bool(number) and number_key(other.receipt_no or "") == number and own.form == other.form and len(years) == 1
        )

    def _says_the_same(self, other: Application) -> bool:
        return not other.doubts and not differences(other, self.application)

    @cached_property
    def same_moment(self) -> str | None:
        """The earlier request of the same kind that was applied for at the same stated time: it may be this one under another number."""
        stated = self.application.applied_at
        same = (
            item.request for item in self.context.history.same_kind if stated and item.application.applied_at == stated
        )
        return next(same, None)

    @cached_property
    def granted_before(self) -> dict[date, str]:
        """Of the days asked for, those that a request holds whose login works or follows; what a change keeps is not among them."""
        return {
            day: request for day, request in self._held_before.items() if self.progress(request) is not Progress.FAILED
        }

    @cached_property
    def failed_before(self) -> dict[date, str]:
        """Of the days asked for, those that a request holds whose login does not work, and will not by itself."""
        return {day: request for day, request in self._held_before.items() if self.progress(request) is Progress.FAILED}

    @cached_property
    def _held_before(self) -> dict[date, str]:
        if self.application.kind is not Kind.ISSUE:
            return {}
        granted = self.context.history.granted
        return {day: granted[day] for day in self.application.dates if day in granted}

    def progress(self, request: str) -> Progress:
        """Return how far an earlier request has come; one of which nothing is known is for a person."""
        return self.context.history.progress.get(request, Progress.FAILED)

    @cached_property
    def asked(self) -> tuple[date, ...]:
        """The days that are new in this application; none when it is a repetition."""
        if self.repeated:
            return ()
        return tuple(day for day in self.application.dates if day not in self.granted_before)

    @cached_property
    def far(self) -> tuple[date, ...]:
        """Of the days asked for, those that are absurdly far away."""
        return tuple(day for day in self.asked if abs(day - self.today) > _HORIZON)

    @cached_property
    def closed(self) -> tuple[date, ...]:
        """Of the days asked for, those that are no business days."""
        return tuple(day for day in self.asked if day not in self.far and not self.calendar.is_open(day))

    @cached_property
    def days(self) -> tuple[date, ...]:
        """The days to judge: new, business days (or closed ones where these are allowed), and not absurdly far away."""
        out = {*self.far, *(() if self.rules.allow_closed_days else self.closed)}
        return tuple(day for day in self.asked if day not in out)

    @cached_property
    def today(self) -> date:
        """The day on which it is decided, in the city."""
        return self.context.now.astimezone(self.zone).date()

    @cached_property
    def applied_at(self) -> datetime:
        """The form's 申請日時 where there is one that can be true, else the receipt time."""
        stated = self.application.applied_at
        return stated if stated and not self.applied_ahead else self.received_at

    @cached_property
    def received_at(self) -> datetime:
        """The receipt time; one after the decision itself can't be: then the time of the decision."""
        return min(self.context.received_at, self.context.now)

    @cached_property
    def applied_ahead(self) -> bool:
        """Tell whether the stated 申請日時 is later than the receipt, which can't be."""
        stated = self.application.applied_at
        skew = timedelta(seconds=self.rules.deadline.skew_seconds)
        return stated is not None and stated - self.received_at > skew

    @cached_property
    def sender(self) -> str:
        """The sender's bare address, lower case; empty when it is not one plain address."""
        return bare_address(self.context.sender)

    def local(self, moment: datetime) -> datetime:
        """Return the moment in the city's time zone, as notices show it."""
        return moment.astimezone(self.zone)

    def doubted(self, name: str) -> bool:
        """Tell whether the reading of this field is in doubt: then no rule refuses because of it."""
        return any(doubt.field == name for doubt in self.application.doubts)


def numbered(receipt_no: str, history: History) -> tuple[EarlierRequest, ...]:
    """Return the earlier requests for days with this receipt number, the oldest first."""
    wanted = number_key(receipt_no)
    return tuple(
        request
        for request in history.earlier
        if request.application.kind.asks_for_days
        and wanted
        and number_key(request.application.receipt_no or "") == wanted
    )


def bare_address(text: str) -> str:
    """Return the address without the name beside it, lower case; empty for anything that is not one plain address."""
    if len(text) > _LONGEST_ADDRESS or text.count("(") > _MOST_COMMENTS:
        return ""  # the parser calls itself for each comment within a comment
    address = parseaddr(text)[1].casefold()
    local, at, domain = address.rpartition("@")
    plain = at and local and domain and not any(character.isspace() for character in address)
    return address if plain else ""


Check = Callable[[Case], Iterator[Finding]]


def reject(text: str, text_en: str, dates: Sequence[date] = ()) -> Finding:
    """Make a finding that refuses the dates, or without dates the whole application."""
    return Finding(severity=Severity.REJECT, text=text, text_en=text_en, dates=tuple(dates))


def hold(text: str, text_en: str, dates: Sequence[date] = (), *, hint: str = "") -> Finding:
    """Make a finding that a person must decide on; the hint helps them, and is told to nobody else."""
    return Finding(severity=Severity.HOLD, text=text, text_en=text_en, dates=tuple(dates), hint=hint)


def warn(text: str, text_en: str, dates: Sequence[date] = ()) -> Finding:
    """Make a finding that is told and stops nothing."""
    return Finding(severity=Severity.WARN, text=text, text_en=text_en, dates=tuple(dates))
