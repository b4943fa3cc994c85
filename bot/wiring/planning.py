"""The plan of each day, by the settings and the city's calendar as its files are now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from loguru import logger

from bot.errors import BotError
from bot.operation.schedule.plan import Due, plan
from bot.wiring.sources import Sources

#: So many days are kept: a week is looked ahead for most jobs.
_KEPT = 8


class DayPlans:
    """Plans days, each once, until a file of the calendar changes: an emergency closure counts without a restart."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._stamps = self._look()
        self._calendar = sources.calendar()
        self._known: dict[date, tuple[Due, ...]] = {}

    def __call__(self, day: date) -> Sequence[Due]:
        """Return what is due on a day."""
        if len(self._known) > _KEPT:
            self._known.clear()
        if day not in self._known:
            self._known[day] = plan(day, self._sources.config.settings, self._calendar)
        return self._known[day]

    def renewed(self) -> bool:
        """Read the calendar again when a file of it has changed, and return whether it did; one that can't be read is logged."""
        stamps, before = self._look(), self._stamps
        if stamps == before:
            return False
        self._stamps = stamps
        try:
            self._calendar = self._sources.calendar()
        except BotError as error:
            logger.error("the calendar stays as it was: {}", error)
            return False
        self._known.clear()
        return True

    def _look(self) -> list[float | None]:
        settings = self._sources.config.settings.calendar
        files = [self._sources.config.path(one) for one in (settings.overrides_file, settings.holidays_file) if one]
        return [_changed(file) for file in files]


def _changed(file: Path) -> float | None:
    """Return when a file was changed; ``None`` where it can't be seen, be it that its share is away."""
    try:
        return file.stat().st_mtime
    except OSError:
        return None
