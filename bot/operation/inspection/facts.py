"""What the answers about a month are made of: its events, the requests they tell of, the logins that are open now."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from bot.errors import BadUsage, Problem
from bot.ledger.records import AccountRecord, Request, StoredEvent
from bot.model import Outcome

_MONTH = re.compile(r"(\d{4})-(\d{2})")
#: What gives somebody a login, or a way into it; looking, disabling and telling of a refusal give nothing.
GIVES = frozenset(
    {"account.create", "account.adopt", "password.reset", "notice.credentials", "notice.secret", "notice.handover",
     "notice.receipt", "credentials.handover"}
)  # fmt: skip
MAKES = frozenset({"account.create", "password.reset"})
HANDS_OVER = frozenset({"notice.credentials", "notice.secret", "notice.handover", "credentials.handover"})
_REFUSES = frozenset({"request.decide", "request.reject"})


@dataclass(frozen=True, kw_only=True)
class Month:
    """A calendar month in the city's time: from ``first`` up to, not including, ``end``."""

    first: datetime
    end: datetime

    @property
    def name(self) -> str:
        """Such as ``2021-07``."""
        return f"{self.first:%Y-%m}"


@dataclass(frozen=True, kw_only=True)
class Case:
    """A request with all its events, and those of the month among them."""

    request: Request
    events: Sequence[StoredEvent]
    of_month: Sequence[StoredEvent]

    def first(self, actions: Iterable[str], *, outcome: str = "done") -> StoredEvent | None:
        """Return the first event of one of these actions with this outcome."""
        wanted = frozenset(actions)
        return next((one for one in self.events if one.event.action in wanted and one.event.outcome == outcome), None)


@dataclass(frozen=True, kw_only=True)
class Table:
    """The answer to one question; the heading of a column and its width in characters."""

    key: str
    title: str
    question: str
    columns: Sequence[tuple[str, float]]
    rows: Sequence[Sequence[object]]
    #: So many of the rows are something that should not be.
    findings: int = 0


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What a report is about: a month, as of ``now``."""

    month: Month
    now: datetime
    #: The moment by which an application for a day had to be received.
    cutoff: Callable[[date], datetime]


class Question:
    """A question that is shown the record piece by piece, and keeps its answer alone: a month may hold any number of events.

    First the ids of the month's requests, then its events in their order, then each of these requests with all its events in the
    order of their ids, then each account that is not disabled as of now. The comparisons are those up to the end of the month.
    """

    key = title = question = ""
    #: The heading of a column and its width in characters.
    columns: Sequence[tuple[str, float]] = ()

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.rows: list[Sequence[object]] = []
        #: So many of the rows are something that should not be.
        self.findings = 0

    def of_names(self, names: Collection[str]) -> None:
        """Hear which requests something was done for in the month."""

    def of_event(self, one: StoredEvent) -> None:
        """Look at an event of the month."""

    def of_case(self, case: Case) -> None:
        """Look at a request of the month."""

    def of_account(self, account: AccountRecord, case: Case) -> None:
        """Look at an account that is not disabled, and its request."""

    def of_comparison(self, one: StoredEvent) -> None:
        """Look at a comparison with the console and the directory; the newest comes first."""

    def table(self) -> Table:
        """Return the answer."""
        return Table(
            key=self.key, title=self.title, question=self.question, columns=self.columns, rows=self.rows,
            findings=self.findings,
        )  # fmt: skip


def month_of(text: str, zone: tzinfo) -> Month:
    """Return the month that ``text`` names; raises ``BadUsage`` for what is none."""
    found = _MONTH.fullmatch(text)
    try:
        year, number = (int(found[1]), int(found[2])) if found else (0, 0)
        after = (year + 1, 1) if number == 12 else (year, number + 1)
        return Month(first=datetime(year, number, 1, tzinfo=zone), end=datetime(*after, 1, tzinfo=zone))
    except ValueError:
        raise BadUsage([Problem(path="--month", text=f"{text!r} is not a month such as 2021-07")]) from None


def refuses(stored: StoredEvent) -> bool:
    """Tell whether an event refused its request."""
    event = stored.event
    return event.action in _REFUSES and event.details.get("decision") == Outcome.REJECT.value


def grants(stored: StoredEvent) -> bool:
    """Tell whether an event granted its request, or some of its days."""
    return stored.event.details.get("decision") == Outcome.ACCEPT.value


def rules(stored: StoredEvent) -> list[tuple[str, str]]:
    """Return which rules found something, each with its severity."""
    return [(str(one["code"]), str(one["severity"])) for one in stored.event.details.get("rules", ())]


def rules_text(found: Iterable[tuple[str, str]]) -> str:
    """Return rules as one cell shows them."""
    return " ".join(dict.fromkeys(f"{code}({severity})" for code, severity in found))


def when(moment: datetime | None) -> str:
    """Return a time as the tables show it, with its offset."""
    return moment.isoformat(sep=" ", timespec="seconds") if moment else ""


def days(found: Iterable[date]) -> str:
    """Return days as one cell shows them."""
    return " ".join(day.isoformat() for day in found)
