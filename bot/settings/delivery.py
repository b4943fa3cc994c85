"""``delivery:`` the notices the bot sends."""

from __future__ import annotations

from bot.settings.base import Section


class DeliverySettings(Section):
    """Notices."""

    subject_prefix: str = "【テレワークID】"
    """Begins every subject, so that staff know a genuine notice."""
    city: str = "例市"
    """The organisation's name in the text."""
    contact: str = "情報政策課 テレワークID担当（内線 2468）"
    """Whom to ask; no link and no outside address."""
    contact_en: str = "ICT Policy Division, telework ID desk (ext. 2468)"
    """The same in English."""
    english: bool = True
    """Add the English text below the Japanese."""
