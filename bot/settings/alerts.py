"""``alerts:`` what operators are told at once, by which ways, and what makes the bot stand still."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bot.settings.base import SecretRef, Section
from bot.settings.times import ClockTime

Least = Literal["info", "warning", "critical"]


class QuietHours(Section):
    """Hours in which only what is critical is told; the rest waits for their end."""

    start: ClockTime
    """They begin, such as "22:00" …"""
    end: ClockTime
    """… and end, such as "07:00"; before ``start`` means the next day."""


class AlertSettings(Section):
    """Alerts to operators, and stop conditions."""

    mail_to: tuple[str, ...] = ("telework-operators@city.example.jp",)
    """Operators' addresses, told by mail from the bot's own mailbox. Empty: no alert goes by mail."""
    mail_level: Least = "info"
    """Mail tells what is at least this: info (to know), warning (to do today), critical (the work stands still)."""
    apprise: tuple[SecretRef, ...] = ()
    """References to Apprise addresses (Teams, Slack, LINE WORKS by webhook, …); each address is a secret."""
    apprise_level: Least = "warning"
    """Apprise tells what is at least this. When one way fails, the other one tells it whatever its level."""
    quiet_hours: QuietHours | None = None
    """Hours in which only what is critical is told; empty: none."""
    remind_hours: float = Field(default=24, ge=1, le=24 * 31)
    """What lasts is told again after so many hours."""
    retry_minutes: float = Field(default=15, ge=1, le=24 * 60)
    """A stop condition that may pass by itself (changed screen, failures in a row, …) is tried again after so many minutes."""
    kill_switch: str = "var/STOP"
    """While this file exists nothing is issued, revoked, filed or mailed to applicants; operators are told so once."""
    disk_free_mb: int = Field(default=500, ge=1)
    """Less free space than this beside the ledger, the evidence or the log is told."""
    clock_off_seconds: Annotated[float, Field(ge=5, le=3600)] = 60
    """The machine's clock and the console's may differ by so many seconds; more stops the console's part."""
