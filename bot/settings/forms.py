"""``forms:`` how e-application forms write their mails; a new form needs no code."""

from __future__ import annotations

from bot.settings.base import Section


class FormsSettings(Section):
    """The forms."""
