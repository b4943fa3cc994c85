"""``alerts:`` what operators are told at once, by which ways, and what makes the bot stand still."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

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
    calm_minutes: float = Field(default=30, ge=0, le=24 * 60)
    """What is back within so many minutes of its end is the same outage: it is not told anew, and its end is told when it stayed
    away for so long. 0: each end is told in the pass that sees it."""
    retry_minutes: float = Field(default=15, ge=1, le=24 * 60)
    """A stop condition that may pass by itself (changed screen, failures in a row, …) is tried again after so many minutes."""
    kill_switch: str = "var/STOP"
    """While this file exists nothing is issued, revoked, filed or mailed to applicants; operators are told so once."""
    disk_free_mb: int = Field(default=500, ge=1)
    """Less free space than this beside the ledger, the evidence or the log is told."""
    evidence_url: str | None = None
    """Where operators reach the folder of ``console.evidence_dir``, such as https://files.city.example.jp/evidence/ or
    file://server/share/evidence/: evidence is linked below it. Empty: its path on the bot's machine is told."""
    clock_off_seconds: Annotated[float, Field(ge=5, le=3600)] = 60
    """The machine's clock and those of console and mail server may differ by so many seconds; more stops deciding and the console."""

    @field_validator("evidence_url")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
            # The value itself is not repeated: it may well hold a password.
            raise ValueError("every alert shows it: it must have no user, password, ? or #")
        if parts.scheme not in {"http", "https", "file"} or not (parts.netloc or parts.path.startswith("/")):
            raise ValueError("must be an address that begins with https://, http:// or file://")
        if not value.isascii() or not value.isprintable() or " " in value:
            raise ValueError("must be one word; what is no ASCII letter is written as %XX")
        return value
