"""``schedule:`` what `serve` does at which time, in the city's time zone."""

from __future__ import annotations

from datetime import time
from typing import Self

from pydantic import Field, model_validator

from bot.settings.base import SecretRef, Section
from bot.settings.calendar import Weekday
from bot.settings.times import ClockTime


class WeeklyAt(Section):
    """A moment of every week."""

    weekday: Weekday
    """The day: one of 月 火 水 木 金 土 日."""
    time: ClockTime
    """The time of that day, such as "18:00"."""


class ScheduleSettings(Section):
    """The jobs of `serve`. The final sweep at the cutoff follows from ``rules.deadline``, the morning and evening from ``account``."""

    preflight: ClockTime | None = time(8, 15)
    """Business days: `check`, and an alert when something is not there; empty: none."""
    poll_minutes: float = Field(default=5, ge=0.01, le=120)
    """Business days: one pass every so many minutes …"""
    poll_from: ClockTime = time(8, 30)
    """… from this time …"""
    poll_until: ClockTime = time(17, 15)
    """… until this one, which is the end of the working day."""
    expiry: ClockTime | None = time(22, 30)
    """Every day: one more pass that closes what the pass at ``account.disable_at`` left open; empty: none."""
    digests: tuple[ClockTime, ...] = (time(13, 30), time(17, 30))
    """Business days: `digest --send`."""
    reconcile: WeeklyAt | None = WeeklyAt(weekday=Weekday.MON, time=time(18))
    """Every week, on a closed day the next business day: `reconcile`, and an alert of what needs a person; empty: none."""
    report: ClockTime | None = time(8, 45)
    """The first business day of a month: `report` of the month before; empty: none."""
    report_dir: str = "var/reports"
    """Where the reports are put."""
    backup: ClockTime | None = time(23)
    """Every day: `ledger backup`; empty: none, such as for a ledger on a server with backups of its own."""
    backup_dir: str = "var/backup"
    """Where the backups are put."""
    purge: WeeklyAt | None = WeeklyAt(weekday=Weekday.SUN, time=time(23, 30))
    """Every week: `ledger purge`, by ``retention``; empty: none."""
    at_risk_minutes: int = Field(default=60, ge=1, le=480)
    """So long before a cutoff, and before the working day ends, operators are told what is not done yet."""
    surge: int = Field(default=100, ge=1)
    """When more requests than this wait to be issued, operators are told when it will be done."""
    job_limit_minutes: float = Field(default=20, gt=0, le=24 * 60)
    """A job that gets no step further for so long is cut off; the next pass goes on where it was."""
    heartbeat_file: str = "var/heartbeat.json"
    """Written every half minute: when it is old, `serve` does not live any more."""
    ping_url: SecretRef | None = None
    """Reference to an address that is fetched (GET) while all is well: a service that misses it tells you. Empty: none."""
    ping_minutes: float = Field(default=5, gt=0, le=24 * 60)
    """It is fetched so often."""

    @model_validator(mode="after")
    def _day(self) -> Self:
        if self.poll_from >= self.poll_until:
            raise ValueError("poll_from must be before poll_until")
        return self
