"""When the bot, the mail server and the console were all there, at hours when the schedule looks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from functools import cached_property

from tests.house import ZONE
from tests.scenario.year.facts import Facts

_LOOKS_FROM, _LOOKS_UNTIL = time(8, 30), time(17, 15)
_DAY = timedelta(days=1)
Span = tuple[datetime, datetime]


class Uptime:
    """Reckons with what was gone."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    @cached_property
    def gone(self) -> Sequence[Span]:
        """All times in which something was gone, in order."""
        outages = [(one.start, one.end) for one in self._facts.year.weather.outages]
        return sorted([*outages, *self._facts.lived.gone])

    def of_passes(self, start: datetime, end: datetime) -> timedelta:
        """Return how much time there was between two moments in which polls could do their work."""
        day, found = start.date(), timedelta()
        while day <= end.date():
            if self._facts.year.days.is_open(day):
                begins, ends = (datetime.combine(day, at, ZONE) for at in (_LOOKS_FROM, _LOOKS_UNTIL))
                found += self.between(max(start, begins), min(end, ends))
            day += _DAY
        return found

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Return how much of a time everything was there."""
        if start >= end:
            return timedelta()
        up, at = timedelta(), start
        for down, back in self.gone:
            if back <= at:
                continue
            if down >= end:
                break
            up += max(timedelta(), down - at)
            at = max(at, back)
        return up + max(timedelta(), end - at)

    def whole(self, start: datetime, end: datetime) -> bool:
        """Tell whether everything was there all the time."""
        return self.between(start, end) == end - start
