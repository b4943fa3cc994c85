"""The moment by which an application for a day must have been received (締切).

The wording in force is chosen by the telework day, not by the day of applying: so each day has exactly one cutoff, the one
that every notice shows, and an old application replays under the wording of its time.
"""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from bot.rules.calendar import Calendar
from bot.settings.deadline import DeadlineRule, DeadlineSettings


class Cutoffs:
    """The deadline's wordings applied to a calendar; moments are in ``zone``."""

    def __init__(self, settings: DeadlineSettings, calendar: Calendar, zone: ZoneInfo) -> None:
        self._calendar, self._zone = calendar, zone
        wordings: list[DeadlineRule] = [settings, *settings.former]
        self._newest_first = sorted(wordings, key=_start, reverse=True)

    def rule_for(self, day: date) -> DeadlineRule:
        """Return the wording in force for the telework day; before the first wording, the earliest one."""
        return next((rule for rule in self._newest_first if _start(rule) <= day), self._newest_first[-1])

    def cutoff_for(self, day: date, rule: DeadlineRule | None = None) -> datetime:
        """Return the cutoff of ``day``, under its wording or under ``rule``; ``ValueError`` at the edges of time."""
        wording = rule or self.rule_for(day)
        last = self._calendar.before(day, wording.days_before, wording.day_kind)
        return datetime.combine(last, wording.time, self._zone)

    def in_time(self, day: date, moment: datetime, rule: DeadlineRule | None = None) -> bool:
        """Tell whether ``moment`` (aware) is in time for ``day``, compared to the second."""
        wording = rule or self.rule_for(day)
        cutoff, second = self.cutoff_for(day, wording), moment.replace(microsecond=0)
        return second <= cutoff if wording.inclusive else second < cutoff


def _start(rule: DeadlineRule) -> date:
    return rule.effective_from or date.min
