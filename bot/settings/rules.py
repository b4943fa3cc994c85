"""``rules:``, ``calendar:`` and ``staff:`` what a decision rests on."""

from __future__ import annotations

from bot.settings.base import Section


class RulesSettings(Section):
    """The named rules and their parameters."""


class CalendarSettings(Section):
    """The city's business days."""


class StaffSettings(Section):
    """The staff directory."""

    file: str = "inbox_samples/staff.csv"
    """The directory export (CSV or Excel)."""
