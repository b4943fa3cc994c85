"""The day for operators and auditors: what came, what became of it, what waits for a person, and the head of the chain."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from bot.ledger.queries import Queries
from bot.ledger.records import Request
from bot.life import AccountRecordState, State
from bot.model import ReadOutcome

#: What stays so until somebody does something.
_WAITING = (State.HELD, State.STUCK)
#: What the bot itself has not brought to its end.
_ON_ITS_WAY = frozenset({State.RECEIVED, State.ACCEPTED, State.ISSUING, State.UNKNOWN, State.ISSUED, State.DELIVERING})


@dataclass(frozen=True, kw_only=True)
class Open:
    """A request that waits: its number, its state, why, and the first day it is for."""

    id: str
    state: State
    why: str
    first_day: date | None


@dataclass(frozen=True, kw_only=True)
class Digest:
    """One day, counted; of persons it names nobody."""

    day: date
    made_at: datetime
    messages: int
    unreadable: tuple[str, ...]
    #: Requests recorded on the day, by the state they are in now.
    requests: dict[str, int]
    #: Whatever its age: what waits for a person, urgent first, then by the day it is for.
    waiting: tuple[Open, ...]
    on_its_way: int
    #: Requests whose login is open after its end for longer than it may, or may be: nobody knows how it stands.
    left_open: tuple[str, ...]
    events: int
    head: str
    chain_ok: bool


async def make_digest(ledger: Queries, day: date, now: datetime, *, late: timedelta = timedelta()) -> Digest:
    """Return the digest of a day in the city's time; recomputes the whole chain, so that its head can be believed.

    A login is told as left open ``late`` after its end.
    """
    ends = datetime.combine(day + timedelta(days=1), time(), now.tzinfo)
    messages = [one for one in await ledger.messages(since=day) if one.recorded_at < ends]
    requests = [one for one in await ledger.requests(since=day) if one.created_at < ends]
    waiting = sorted(await ledger.requests(states=_WAITING), key=_urgency)
    verdict = await ledger.verify()
    return Digest(
        day=day, made_at=now, messages=len(messages),
        unreadable=tuple(one.id for one in messages if one.outcome is ReadOutcome.UNREADABLE and one.dismissed_at is None),
        requests=dict(sorted(Counter(one.state.value for one in requests).items())),
        waiting=tuple(_open(one) for one in waiting),
        left_open=await _left_open(ledger, now, late),
        on_its_way=len(await ledger.requests(states=_ON_ITS_WAY)),
        events=verdict.events, head=verdict.head, chain_ok=verdict.ok,
    )  # fmt: skip


async def _left_open(ledger: Queries, now: datetime, late: timedelta) -> tuple[str, ...]:
    doubtful = AccountRecordState.SWITCHING
    unsure = [one.account.request_id for one in await ledger.logins(now) if one.account.state is doubtful]
    return tuple(sorted({*unsure, *(one.id for one in await ledger.due(now - late))}))


def _open(request: Request) -> Open:
    found = request.decision.violations if request.decision else ()
    why = request.stuck_reason or " ".join(dict.fromkeys(item.code for item in found))
    return Open(id=request.id, state=request.state, why=why, first_day=min(request.application.dates, default=None))


def _urgency(request: Request) -> tuple[bool, date, str]:
    urgent = request.decision is not None and request.decision.urgent
    return not urgent, min(request.application.dates, default=date.max), request.id
