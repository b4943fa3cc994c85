"""What staff apply for in a year, and what must become of each application. Pure: the same seed gives the same year."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from tests.house import ZONE
from tests.scenario.year.days import Days

_DAY = timedelta(days=1)
#: Chosen so that every kind comes up hundreds of times in a year, and nearly all go the straight way, as in a city.
_SHARES = {"late": 0.03, "urgent": 0.01, "stranger": 0.01, "unreadable": 0.005, "cancel": 0.03, "lost": 0.02}
#: The share of mails that the server delivers twice.
_TWICE = 0.01
#: How likely an application comes in each hour of a business day, from 0 to 23.
_HOURS = (1, 1, 0, 0, 0, 1, 3, 10, 40, 60, 60, 70, 90, 40, 30, 30, 30, 25, 8, 5, 4, 4, 3, 2)
#: Asked for so many open days ahead of the first that can still be had.
_AHEAD = (0, 0, 0, 0, 1, 1, 2, 3, 5, 8)


class Wanted(StrEnum):
    """What must become of it."""

    #: In time and in order: delivered before its first day begins.
    GRANTED = "granted"
    #: Received after the cutoff: refused.
    LATE = "late"
    #: Late, for a reason that counts: held until an operator approves it.
    URGENT = "urgent"
    #: Names nobody of the staff directory: granted to nobody.
    STRANGER = "stranger"
    #: Holds nothing to read: kept, and dismissed by an operator.
    UNREADABLE = "unreadable"
    #: Takes an earlier one back: done, and that one is over.
    CANCEL = "cancel"
    #: A lost password: a new one is delivered.
    LOST = "lost"


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """One mail: when the server received it, and what it says."""

    at: datetime
    name: str
    wanted: Wanted
    employee: int = -1
    days: tuple[date, ...] = ()
    #: The application that it takes back.
    of: str = ""
    twice: bool = False


@dataclass(kw_only=True)
class Applicants:
    """Makes up applications one after the other: nobody asks for a day twice, nor takes back what is not granted."""

    days: Days
    staff: int
    dice: random.Random
    #: By employee: the days asked for, and not taken back.
    asked: dict[int, set[date]] = field(default_factory=dict)
    #: Applications that can be taken back or lose their password: granted, not over.
    live: list[Arrival] = field(default_factory=list)
    count: int = 0

    def apply(self, at: datetime, *, surge: bool) -> Arrival:
        """Return the next application, made at ``at``."""
        self.count += 1
        name, drawn = f"{self.count:07d}", self.dice.random()
        for kind, share in _SHARES.items():
            if drawn < share and not surge and (made := getattr(self, f"_{kind}")(at, name)):
                return self._delivered(made)
            drawn -= share
        return self._delivered(self._granted(at, name, ahead=0 if surge else self.dice.choice(_AHEAD)))

    def _delivered(self, made: Arrival) -> Arrival:
        return Arrival(**{**vars(made), "twice": self.dice.random() < _TWICE})

    def _granted(self, at: datetime, name: str, *, ahead: int) -> Arrival:
        first = self.days.first_possible(at)
        for _ in range(ahead):
            first = self.days.open_after(first)
        wanted = [first]
        while len(wanted) < self.dice.choice((1, 1, 2, 3)):
            wanted.append(self.days.open_after(wanted[-1]))
        made = Arrival(at=at, name=name, wanted=Wanted.GRANTED, employee=self._free(wanted), days=tuple(wanted))
        self.asked[made.employee].update(wanted)
        self.live.append(made)
        return made

    def _late(self, at: datetime, name: str) -> Arrival | None:
        day = self._just_missed(at)
        if day is None:
            return None
        return Arrival(at=at, name=name, wanted=Wanted.LATE, employee=self._free([day]), days=(day,))

    def _urgent(self, at: datetime, name: str) -> Arrival | None:
        """Late, and early enough on an open day for an operator to see it."""
        day = self._just_missed(at)
        if day is None or not self.days.is_open(at.date()) or not time(8, 30) <= at.time() <= time(15):
            return None
        if day == at.date() and at.time() > time(10):
            return None
        made = Arrival(at=at, name=name, wanted=Wanted.URGENT, employee=self._free([day]), days=(day,))
        self.asked[made.employee].add(day)
        return made

    def _stranger(self, at: datetime, name: str) -> Arrival:
        return Arrival(at=at, name=name, wanted=Wanted.STRANGER, days=(self.days.first_possible(at),))

    def _unreadable(self, at: datetime, name: str) -> Arrival:
        return Arrival(at=at, name=name, wanted=Wanted.UNREADABLE)

    def _cancel(self, at: datetime, name: str) -> Arrival | None:
        """Take back what was applied for a day ago at least, and begins after tomorrow: by then it is surely granted."""
        self.live = [one for one in self.live if one.days[0] > at.date() + _DAY]
        old = [one for one in self.live if one.at + 4 * _DAY < at]
        if not old:
            return None
        taken = self.dice.choice(old)
        self.live.remove(taken)
        self.asked[taken.employee].difference_update(taken.days)
        return Arrival(at=at, name=name, wanted=Wanted.CANCEL, employee=taken.employee, of=taken.name)

    def _lost(self, at: datetime, name: str) -> Arrival | None:
        old = [one for one in self.live if one.at + 4 * _DAY < at and one.days[-1] > at.date() + _DAY]
        if not old:
            return None
        return Arrival(at=at, name=name, wanted=Wanted.LOST, employee=self.dice.choice(old).employee)

    def _just_missed(self, at: datetime) -> date | None:
        """Return the open day whose cutoff is just over, if it has not begun to end."""
        first = self.days.first_possible(at)
        missed = self.days.open_before(first)
        return missed if missed >= at.date() else None

    def _free(self, wanted: Sequence[date]) -> int:
        """Return somebody who has not asked for any of the days."""
        while True:
            number = self.dice.randrange(self.staff)
            if not self.asked.setdefault(number, set()).intersection(wanted):
                return number


def arrivals(
    first: date, last: date, *, count: int, surges: int, surge: int, staff: int, seed: int
) -> tuple[Arrival, ...]:
    """Return all mails from ``first`` to ``last``, in the order in which they are received."""
    dice, days = random.Random(seed), Days()
    applicants = Applicants(days=days, staff=staff, dice=dice)
    moments = sorted(_moments(first, last, days, dice, count=count, surges=surges, surge=surge))
    return tuple(applicants.apply(at, surge=is_surge) for at, is_surge in moments)


def _moments(
    first: date, last: date, days: Days, dice: random.Random, *, count: int, surges: int, surge: int
) -> Iterator[tuple[datetime, bool]]:
    every = [first + number * _DAY for number in range((last - first).days + 1)]
    opened = [day for day in every if days.is_open(day)]
    mornings = dice.sample(opened[2:-2], surges)
    for morning in mornings:
        begins = datetime.combine(morning, time(8, 30), ZONE)
        yield from ((begins + timedelta(minutes=dice.uniform(0, 150)), True) for _ in range(surge))
    weights = [dice.lognormvariate(0, 0.4) * (1 if days.is_open(day) else 0.05) for day in every]
    for day in dice.choices(every, weights, k=count - surges * surge):
        hour = dice.choices(range(24), _HOURS)[0]
        yield datetime.combine(day, time(hour), ZONE) + timedelta(seconds=dice.randrange(3600)), False
