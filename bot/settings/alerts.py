"""``alerts:`` what operators are told at once."""

from __future__ import annotations

from bot.settings.base import Section


class AlertSettings(Section):
    """Alerts to operators."""

    mail_to: tuple[str, ...] = ("telework-operators@city.example.jp",)
    """Operators' addresses: an urgent application (V07) is told to them at once. Empty: it is only in the pass's report."""
