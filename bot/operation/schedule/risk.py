"""What may miss its deadline, and when a surge will be over. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.ledger.records import MessageRecord, Request
from bot.life import State
from bot.model import ReadOutcome
from bot.operation.alerts.catalogue import Trouble
from bot.operation.alerts.findings import Finding

#: Accepted, and its credentials have not gone out.
UNDELIVERED = frozenset({State.ACCEPTED, State.ISSUING, State.UNKNOWN, State.ISSUED, State.DELIVERING})
#: What has not come to its end: by the bot, or because a person has to decide.
OPEN = UNDELIVERED | {State.RECEIVED, State.HELD, State.STUCK}
_NEVER = date.max


@dataclass(frozen=True, kw_only=True)
class Risk:
    """Something that is not done shortly before a deadline; ``first_day``: the first telework day it is for, where that is known."""

    id: str
    state: str
    first_day: date | None = None

    def __str__(self) -> str:
        return f"{self.id} ({self.state}{f', {self.first_day}' if self.first_day else ''})"


def at_risk(
    requests: Iterable[Request],
    messages: Iterable[MessageRecord],
    now: datetime,
    *,
    by: datetime,
    in_hand: timedelta,
    not_before: Callable[[Request], datetime | None],
) -> tuple[Risk, ...]:
    """Return what may not be done ``by`` a deadline, the first telework day first, then what could not be read.

    Left out: what came in less than ``in_hand`` ago, as the next pass does it; and what is to be issued later than the deadline
    on purpose (``not_before``). When it got a step further last counts for nothing: what fails does so at every pass.
    """
    late = [
        Risk(id=one.id, state=one.state.value, first_day=min(one.granted or one.application.dates, default=None))
        for one in requests
        if one.state in {State.HELD, State.STUCK}
        or (one.state in OPEN and now - one.created_at >= in_hand and (not_before(one) or now) <= by)
    ]
    unseen = [
        Risk(id=one.id, state=one.outcome.value)
        for one in messages
        if one.outcome is ReadOutcome.UNREADABLE and one.dismissed_at is None
    ]
    return (*sorted(late, key=lambda risk: (risk.first_day or _NEVER, risk.id)), *unseen)


def finding_of_risks(risks: Sequence[Risk], by: datetime) -> tuple[Finding, ...]:
    """Return what operators are told of: one thing with the whole list, or nothing."""
    if not risks:
        return ()
    listed = ", ".join(str(risk) for risk in risks)
    subjects = tuple(risk.id for risk in risks)
    return (Finding(trouble=Trouble.AT_RISK, detail=f"{by:%Y-%m-%d %H:%M}: {len(risks)}: {listed}", subjects=subjects),)


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """When those that wait will be issued; ``done_at`` is ``None`` while nothing is issued that could be measured."""

    waiting: int
    per_hour: float
    done_at: datetime | None

    @property
    def finding(self) -> Finding:
        """What operators are told."""
        when = f"{self.per_hour:.0f}/h → {self.done_at:%Y-%m-%d %H:%M}" if self.done_at else "0/h → ?"
        return Finding(trouble=Trouble.SURGE, detail=f"{self.waiting} waiting; {when}")


def forecast(waiting: int, delivered: Collection[datetime], now: datetime, *, within: timedelta) -> Forecast:
    """Return when ``waiting`` requests will be done at the rate of those ``delivered`` in the time ``within`` before now.

    The rate is taken from the first of them on: a surge that has just begun is not measured by the quiet before it.
    """
    recent = [at for at in delivered if now - within <= at <= now]
    took = now - min(recent, default=now)
    if len(recent) < 2 or not took:
        return Forecast(waiting=waiting, per_hour=0, done_at=None)
    each = took / (len(recent) - 1)
    return Forecast(waiting=waiting, per_hour=timedelta(hours=1) / each, done_at=now + waiting * each)
