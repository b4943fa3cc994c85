"""The day for operators and auditors: what came, what became of it, what waits for a person, and the head of the chain."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from bot.ledger import conditions
from bot.ledger.conditions import Condition, Part
from bot.ledger.engine import revisions
from bot.ledger.queries import Queries
from bot.ledger.records import NoticeKind, NoticeState, Request
from bot.life import AccountRecordState, State
from bot.model import Kind, ReadOutcome
from bot.operation.alerts.catalogue import Level
from bot.operation.alerts.turns import kind_of

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
class Line:
    """A request of the day, or one that is on its way: its number, kind and state, and the first day it is for."""

    id: str
    kind: Kind
    state: State
    first_day: date | None


@dataclass(frozen=True, kw_only=True)
class Unsent:
    """A notice that was not sent: of which request, what it tells, how far it came, and the state of its request."""

    id: str
    notice: NoticeKind
    state: NoticeState
    request_state: State


@dataclass(frozen=True, kw_only=True)
class Lasting:
    """Something that is wrong and lasts, in both languages; what exactly was found may name a person, and `status` shows it."""

    key: str
    level: Level
    ja: str
    en: str
    since: datetime
    subjects: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Still:
    """A part of the work that stands still, and for which cause (bot/ledger/conditions.py)."""

    part: Part
    cause: str
    since: datetime


@dataclass(frozen=True, kw_only=True)
class Compared:
    """What the last comparison of ledger, console and staff directory found."""

    at: datetime
    #: Differences by kind (bot/operation/differences.py).
    counts: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class Versions:
    """What the day was worked with."""

    bot: str
    #: The newest revision of the ledger's schema.
    schema: str
    #: SHA-256 of the settings.
    config: str


@dataclass(frozen=True, kw_only=True)
class Digest:
    """One day, counted; of persons it names nobody."""

    day: date
    made_at: datetime
    messages: int
    #: Whatever their age: messages that could not be read, and that nobody has closed.
    unreadable: tuple[str, ...]
    #: Messages of the day that say that a mail came back, and name none of ours.
    unmatched: tuple[str, ...]
    #: Requests recorded on the day, by the state they are in now.
    requests: dict[str, int]
    #: Whatever its age: what waits for a person, urgent first, then by the day it is for.
    waiting: tuple[Open, ...]
    on_its_way: int
    #: The requests of the day one by one.
    of_the_day: tuple[Line, ...]
    #: Whatever their age: accepted and not delivered, urgent first, then by the day they are for.
    undelivered: tuple[Line, ...]
    #: Whatever their age: notices that were not sent, until they are or a person closes them (`notices`).
    unsent: tuple[Unsent, ...]
    #: Requests whose login is open after its end for longer than it may, or may be: nobody knows how it stands.
    left_open: tuple[str, ...]
    events: int
    head: str
    chain_ok: bool
    #: What is wrong and lasts, and which parts of the work stand still.
    lasting: tuple[Lasting, ...]
    still: tuple[Still, ...]
    #: ``None`` where nobody has compared yet.
    compared: Compared | None
    versions: Versions


async def make_digest(
    ledger: Queries, day: date, now: datetime, versions: Versions, *, late: timedelta = timedelta()
) -> Digest:
    """Return the digest of a day in the city's time; recomputes the whole chain, so that its head can be believed.

    A login is told as left open ``late`` after its end.
    """
    ends = datetime.combine(day + timedelta(days=1), time(), now.tzinfo)
    messages = [one for one in await ledger.messages(since=day) if one.recorded_at < ends]
    unreadable = await ledger.messages(outcomes={ReadOutcome.UNREADABLE})
    requests = [one for one in await ledger.requests(since=day) if one.created_at < ends]
    waiting = sorted(await ledger.requests(states=_WAITING), key=_urgency)
    going = sorted(await ledger.requests(states=_ON_ITS_WAY), key=_urgency)
    kept = await ledger.ask(lambda connection: conditions.conditions(connection, now.tzinfo))
    pauses = await ledger.ask(lambda connection: conditions.pauses(connection, now.tzinfo))
    verdict = await ledger.verify()
    return Digest(
        day=day, made_at=now, messages=len(messages),
        unreadable=tuple(one.id for one in unreadable if one.dismissed_at is None),
        unmatched=tuple(one.id for one in messages if one.bounce_of == ""),
        requests=dict(sorted(Counter(one.state.value for one in requests).items())),
        waiting=tuple(_open(one) for one in waiting), of_the_day=tuple(_line(one) for one in requests),
        unsent=tuple(
            Unsent(id=notice.request_id, notice=notice.kind, state=notice.state, request_state=state)
            for notice, state in await ledger.unsent()
        ),
        left_open=await _left_open(ledger, now, late), on_its_way=len(going),
        undelivered=tuple(_line(one) for one in going if one.state is not State.RECEIVED),
        events=verdict.events, head=verdict.head, chain_ok=verdict.ok, versions=versions,
        lasting=tuple(_lasting(one) for one in kept if one.over_at is None), compared=await _compared(ledger),
        still=tuple(Still(part=one.part, cause=one.cause, since=one.since) for one in pauses),
    )  # fmt: skip


def versions(bot: str, config: str) -> Versions:
    """Return what the day was worked with; an open ledger has the newest schema that this program knows."""
    return Versions(bot=bot, schema=revisions()[-1], config=config)


async def _compared(ledger: Queries) -> Compared | None:
    last = await ledger.newest("reconcile", "done")
    return Compared(at=last.at, counts=dict(last.event.details["counts"])) if last else None


def _line(request: Request) -> Line:
    first_day = min(request.application.dates, default=None)
    return Line(id=request.id, kind=request.kind, state=request.state, first_day=first_day)


def _lasting(condition: Condition) -> Lasting:
    kind = kind_of(condition)
    return Lasting(
        key=condition.key, level=kind.level, ja=kind.ja.happened, en=kind.en.happened, since=condition.first_seen,
        subjects=condition.subjects,
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
