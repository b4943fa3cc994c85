"""Where time comes from. Pure rooms take it as an argument; everything else asks one of these."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Protocol


class Clock(Protocol):
    """Tells the time, aware, in the city's time zone."""

    def now(self) -> datetime:
        """Return the present moment with its offset."""
        ...


class SystemClock:
    """The machine's clock, shown in ``zone``."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone

    def now(self) -> datetime:
        """Return the present moment in the configured zone."""
        return datetime.now(self._zone)


class FixedClock:
    """Stands still until it is set: makes the demo and the tests the same on any day."""

    def __init__(self, at: datetime) -> None:
        self._at = aware(at)

    def now(self) -> datetime:
        """Return the moment at which the clock stands."""
        return self._at

    def set(self, at: datetime) -> None:
        """Move the clock to ``at``."""
        self._at = aware(at)


def aware(moment: datetime) -> datetime:
    """Return ``moment`` unchanged, or raise ``ValueError`` when it has no offset: a naive time is refused everywhere."""
    if moment.utcoffset() is None:
        raise ValueError(f"naive datetime refused: {moment.isoformat()}")
    return moment
