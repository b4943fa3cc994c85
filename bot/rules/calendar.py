"""The city's business days (開庁日).

A day is closed (地方自治法4条の2 and the city's 条例, domain.md §3) on the configured weekdays, on national holidays, over
年末年始, and on the city's own closed days; the overrides file wins over all of these, both ways.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import jpholiday

from bot.settings.calendar import CalendarSettings, Weekday

DayKind = Literal["business", "calendar"]

_DAY = timedelta(days=1)
_WEEKDAYS = tuple(Weekday)
#: No city closes for this long; an overrides file that says so is wrong.
_LONGEST_CLOSURE = 366


@dataclass(frozen=True, kw_only=True)
class DayOverride:
    """One row of the overrides file: this day is open, or closed, for this reason."""

    open: bool
    reason: str = ""


class Calendar:
    """Tells business days. ``holidays`` (from the Cabinet Office's file) replaces the built-in table for its years."""

    def __init__(
        self,
        settings: CalendarSettings,
        overrides: Mapping[date, DayOverride] | None = None,
        holidays: Mapping[date, str] | None = None,
    ) -> None:
        self._settings = settings
        self._overrides = overrides or {}
        self._holidays = holidays or {}
        self._holiday_years = {day.year for day in self._holidays}
        self._closed_weekdays = frozenset(_WEEKDAYS.index(day) for day in settings.closed_weekdays)
        self._known: dict[date, str | None] = {}

    def is_open(self, day: date) -> bool:
        """Tell whether ``day`` is a business day."""
        return self.why_closed(day) is None

    def why_closed(self, day: date) -> str | None:
        """Return the Japanese reason for which ``day`` is closed, such as ``山の日 振替休日``; ``None`` when it is open."""
        if day not in self._known:
            self._known[day] = self._look_up(day)
        return self._known[day]

    def open_days(self, start: date, end: date) -> list[date]:
        """Return the business days from ``start`` to ``end``, both included."""
        return [day for day in _days(start, end) if self.is_open(day)]

    def before(self, day: date, count: int, kind: DayKind) -> date:
        """Return the ``count``-th business (or calendar) day before ``day``; 0 is ``day`` itself.

        Raises ``ValueError`` when the calendar has no such day: the first days of time, or a closure of over a year.
        """
        try:
            return day - count * _DAY if kind == "calendar" else self._open_before(day, count)
        except OverflowError:
            raise ValueError(f"there is no {kind} day {count} before {day}") from None

    def _open_before(self, day: date, count: int) -> date:
        found, closed = day, 0
        while count:
            found -= _DAY
            closed = 0 if self.is_open(found) else closed + 1
            if closed > _LONGEST_CLOSURE:
                raise ValueError(
                    f"no business day in the {_LONGEST_CLOSURE} days before {day}; see calendar.overrides_file"
                )
            count -= not closed
        return found

    def _look_up(self, day: date) -> str | None:
        override = self._overrides.get(day)
        if override:
            return None if override.open else override.reason or "臨時閉庁"
        return self._holiday(day) or self._year_end(day) or self._local(day) or self._weekday(day)

    def _holiday(self, day: date) -> str | None:
        if not self._settings.national_holidays:
            return None
        if day.year in self._holiday_years:
            return self._holidays.get(day)
        try:
            return jpholiday.is_holiday_name(day)
        except OverflowError:  # the library looks at neighbours, which the last day of time does not have
            return None

    def _year_end(self, day: date) -> str | None:
        start, end, this = self._settings.year_end_from, self._settings.year_end_until, f"{day:%m-%d}"
        within = start <= this <= end if start <= end else this >= start or this <= end
        return "年末年始" if within else None

    def _local(self, day: date) -> str | None:
        closed = self._settings.closed_days
        return "市の休日" if f"{day:%m-%d}" in closed or day.isoformat() in closed else None

    def _weekday(self, day: date) -> str | None:
        return f"{_WEEKDAYS[day.weekday()]}曜日" if day.weekday() in self._closed_weekdays else None


def _days(start: date, end: date) -> Iterator[date]:
    for offset in range((end - start).days + 1):
        yield start + offset * _DAY
