"""``audit:`` how the head of the audit chain leaves the machine, and when the bot is expected to act."""

from __future__ import annotations

from datetime import time

from pydantic import Field

from bot.settings.base import SecretRef, Section
from bot.settings.times import ClockTime


class AuditSettings(Section):
    """What auditors rely on."""

    head_file: str | None = None
    """A file on another host (a mounted share): `digest --send` adds the head to it, a line each day; empty: only the mail has it."""
    signing_key: SecretRef | None = None
    """Reference to an Ed25519 private key in PEM (`audit key new` makes one) that signs heads; empty: they are not signed."""
    robot_from: ClockTime = time(6)
    """`report` lists what the bot did outside these hours."""
    robot_until: ClockTime = time(22)
    """``24:00`` is the end of the day."""
    robot_on_closed_days: bool = True
    """``false``: `report` also lists what the bot did on days that are not open by the calendar."""
    sample: int = Field(default=25, ge=1, le=1000)
    """So many cases of the month stand in the report with all that was done."""
