"""The console's clock, as its answers show it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime


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
