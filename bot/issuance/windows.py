"""Granted dates to the time in which a login works."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.model import Window
from bot.settings.account import AccountSettings


def window_for(days: Collection[date], settings: AccountSettings, zone: ZoneInfo) -> Window:
    """Return the window from ``enable_from`` of the first day to ``disable_at`` of the last; ``ValueError`` without days."""
    return Window(
        start=datetime.combine(min(days), settings.enable_from, zone),
        end=datetime.combine(max(days), settings.disable_at, zone),
    )


def span(windows: Iterable[Window]) -> Window:
    """Return the window from the earliest start to the latest end: one account serves all of an employee's requests."""
    every = list(windows)
    return Window(start=min(window.start for window in every), end=max(window.end for window in every))


def ended(window: Window, now: datetime) -> Window:
    """Return the window as it is when it ends now; one that has not begun keeps a moment, so that it is one."""
    return Window(start=min(window.start, now - timedelta(seconds=1)), end=now)
