"""Where time comes from. Pure rooms take it as an argument; everything else asks one of these."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from email.utils import parsedate_to_datetime
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


class ServerClock:
    """Hears the ``Date`` (RFC 9110, 6.6.1) of answers, and tells how far the server's clock is ahead of this machine's."""

    def __init__(self) -> None:
        self.ahead: timedelta | None = None

    def forget(self) -> None:
        """Begin anew."""
        self.ahead = None

    def hear(self, headers: Mapping[str, str], now: datetime) -> None:
        """Take in the headers (names in small letters) of an answer that came at ``now``.

        An answer out of a cache is older than it should be, never newer: the newest of all counts.
        """
        try:
            said = parsedate_to_datetime(headers["date"])
        except (KeyError, ValueError):
            return
        ahead = (said if said.tzinfo else said.replace(tzinfo=UTC)) - now
        self.ahead = ahead if self.ahead is None else max(self.ahead, ahead)
