"""When the mail server and the console can't be reached, and when the bot itself is gone. Pure."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from tests.house import ZONE

#: Two outages of one thing are so far apart at least: each is one by itself.
_APART = timedelta(hours=6)


class What(StrEnum):
    """What can be gone."""

    MAIL = "mail"
    CONSOLE = "console"


@dataclass(frozen=True, kw_only=True)
class Outage:
    """Something that can't be reached, from a moment until another."""

    what: What
    start: datetime
    end: datetime

    def covers(self, at: datetime) -> bool:
        """Tell whether it is then."""
        return self.start <= at < self.end


@dataclass(frozen=True, kw_only=True)
class Restart:
    """When the bot ends, and when it is started again."""

    at: datetime
    back: datetime
    #: It is killed at the so-many-th boundary from then on; 0: it is asked to stop.
    boundary: int


class Weather:
    """All outages of a year."""

    def __init__(self, outages: Iterable[Outage]) -> None:
        self.outages = tuple(outages)

    def out(self, what: What, at: datetime) -> Outage | None:
        """Return the outage of something then."""
        return next((one for one in self.outages if one.what is what and one.covers(at)), None)

    def began(self, what: What, since: datetime, now: datetime) -> bool:
        """Tell whether an outage of something has begun since then."""
        return any(one.what is what and since < one.start <= now for one in self.outages)


def outages(first: date, last: date, *, each: int, seed: int) -> Weather:
    """Return so many outages of each, most of them at working hours, from ten minutes to eight hours long."""
    dice = random.Random(seed)
    return Weather(one for what in What for one in _spread(what, first, last, each, dice))


def _spread(what: What, first: date, last: date, each: int, dice: random.Random) -> Iterator[Outage]:
    taken: list[Outage] = []
    while len(taken) < each:
        start = _moment(first, last, dice, working=0.7)
        minutes = min(480.0, max(10.0, dice.lognormvariate(4, 0.9)))
        one = Outage(what=what, start=start, end=start + timedelta(minutes=minutes))
        if all(one.end + _APART < other.start or other.end + _APART < one.start for other in taken):
            taken.append(one)
    yield from sorted(taken, key=lambda one: one.start)


def restarts(first: date, last: date, *, count: int, busy: Sequence[datetime], seed: int) -> tuple[Restart, ...]:
    """Return so many restarts, every other a kill; some in the moments that are ``busy``; the bot is gone for a minute to half a day."""
    dice = random.Random(seed)
    moments = [_moment(first, last, dice, working=0.7) for _ in range(count - len(busy))]
    found: list[Restart] = []
    for number, at in enumerate(sorted([*moments, *busy])):
        kill = number % 2 or at in busy
        gone = timedelta(minutes=min(720.0, max(1.0, dice.lognormvariate(3, 1.5))))
        begins = max(at, found[-1].back + timedelta(hours=1)) if found else at
        found.append(Restart(at=begins, back=begins + gone, boundary=dice.randrange(1, 60) if kill else 0))
    return tuple(found)


def _moment(first: date, last: date, dice: random.Random, *, working: float) -> datetime:
    day = first + timedelta(days=dice.randrange(3, (last - first).days - 3))
    hour = dice.uniform(8.5, 17) if dice.random() < working else dice.uniform(0, 24)
    return datetime.combine(day, time(), ZONE) + timedelta(hours=hour)
