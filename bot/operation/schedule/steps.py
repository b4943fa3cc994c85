"""Notices when the clock was set, or the machine slept: timers count on without seeing either."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(kw_only=True)
class Steps:
    """Compares the clock on the wall with one that nobody sets, from look to look."""

    #: A smaller difference is how clocks are.
    least: timedelta = timedelta(seconds=5)
    _before: tuple[datetime, float] | None = None

    def look(self, now: datetime, ticks: float) -> timedelta | None:
        """Return by how much the clock was set since the last look (``ticks``: seconds of a clock that is never set).

        Forward is positive, and so is a sleep of the machine; ``None`` when it just went on.
        """
        before, self._before = self._before, (now, ticks)
        if before is None:
            return None
        step = (now - before[0]) - timedelta(seconds=ticks - before[1])
        return step if abs(step) >= self.least else None
