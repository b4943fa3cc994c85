"""Business days and cutoffs as the ordinances have them, reckoned here once more and apart from the bot: what it is judged by."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import lru_cache

import jpholiday

from tests.house import ZONE

_DAY = timedelta(days=1)
CUTOFF = time(13)


class Days:
    """Open are Monday to Friday, but for national holidays and 12-29 to 01-03."""

    @staticmethod
    @lru_cache(maxsize=2000)
    def is_open(day: date) -> bool:
        """Tell whether the city works on a day."""
        year_end = (day.month, day.day) >= (12, 29) or (day.month, day.day) <= (1, 3)
        return day.weekday() < 5 and not year_end and not jpholiday.is_holiday(day)

    def open_after(self, day: date) -> date:
        """Return the next open day."""
        while not self.is_open(day := day + _DAY):
            pass
        return day

    def open_before(self, day: date) -> date:
        """Return the open day before."""
        while not self.is_open(day := day - _DAY):
            pass
        return day

    def cutoff(self, day: date) -> datetime:
        """Return the last moment at which an application for an open day is in time: 13:00:00 of the open day before."""
        return datetime.combine(self.open_before(day), CUTOFF, ZONE)

    def first_possible(self, at: datetime) -> date:
        """Return the first open day that can still be applied for."""
        day = self.open_after(at.date())
        while self.cutoff(day) < at:
            day = self.open_after(day)
        return day
