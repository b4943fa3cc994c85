"""What the answers about a month are made of: its events, the requests they tell of, the logins that are open now."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from bot.errors import BadUsage, Problem
from bot.ledger.queries import Queries
from bot.ledger.records import AccountRecord, Request, StoredEvent, Verdict
from bot.life import AccountRecordState
from bot.model import Outcome

_MONTH = re.compile(r"(\d{4})-(\d{2})")
_OPEN = (AccountRecordState.CREATING, AccountRecordState.CREATED)
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
    """A request with all its events."""

    request: Request
    events: Sequence[StoredEvent]

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
class Facts:
    """Everything that the tables are made of, as of ``now``."""

    month: Month
    now: datetime
    verdict: Verdict
    #: Of the month, in their order.
    events: Sequence[StoredEvent]
    #: Requests that something was done for in the month, in the order of their ids.
    cases: Mapping[str, Case]
    #: Accounts that are not disabled, as of now, each with its request.
    accounts: Sequence[tuple[AccountRecord, Case]]
    #: Of all time, up to the end of the month.
    reconciles: Sequence[StoredEvent]
    #: The moment by which an application for a day had to be received.
    cutoff: Callable[[date], datetime]

    def by_case(self) -> Iterable[tuple[Case, Sequence[StoredEvent]]]:
        """Yield each case with those of its events that are of the month."""
        for case in self.cases.values():
            yield case, [one for one in case.events if self.month.first <= one.at < self.month.end]


def month_of(text: str, zone: tzinfo) -> Month:
    """Return the month that ``text`` names; raises ``BadUsage`` for what is none."""
    found = _MONTH.fullmatch(text)
    try:
        year, number = (int(found[1]), int(found[2])) if found else (0, 0)
        after = (year + 1, 1) if number == 12 else (year, number + 1)
        return Month(first=datetime(year, number, 1, tzinfo=zone), end=datetime(*after, 1, tzinfo=zone))
    except ValueError:
        raise BadUsage([Problem(path="--month", text=f"{text!r} is not a month such as 2021-07")]) from None


async def collect(ledger: Queries, month: Month, now: datetime, cutoff: Callable[[date], datetime]) -> Facts:
    """Read what is needed out of the ledger; recomputes the whole chain, so that the answers can be believed."""
    verdict = await ledger.verify()
    events = await ledger.between(month.first, month.end)
    accounts = await ledger.accounts(states=_OPEN)
    names = {one.event.request_id for one in events if one.event.request_id}
    behind = {one.request_id for one in accounts}
    requests, lines = await ledger.named(names | behind), await ledger.timelines(names | behind)
    cases = {name: Case(request=request, events=lines[name]) for name, request in sorted(requests.items())}
    return Facts(
        month=month, now=now, verdict=verdict, events=events, cutoff=cutoff,
        cases={name: case for name, case in cases.items() if name in names},
        accounts=[(one, cases[one.request_id]) for one in accounts],
        reconciles=[one for one in await ledger.of_action("reconcile") if one.at < month.end],
    )  # fmt: skip


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
