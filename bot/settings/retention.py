"""``retention:`` how long persons stay in the record, and what is kept beside it."""

from __future__ import annotations

from pydantic import Field

from bot.settings.base import Section


class RetentionSettings(Section):
    """What `ledger purge` removes, and how many backups `ledger backup` keeps."""

    years: int = Field(default=3, ge=1, le=10)
    """Years that a record keeps its person, counted from the 1 April after the fiscal year in which it was made."""
    mails_years: int = Field(default=1, ge=1, le=10)
    """``folder``: the same for the mails in processed/, rejected/, unreadable/, ignored/ and outbox/."""
    health_reasons_years: int = Field(default=1, ge=1, le=10)
    """The same for urgent reasons (V07): illness and family are in them."""
    evidence_days: int = Field(default=90, ge=1, le=3650)
    """Days that masked screenshots and outlines stay."""
    backups: int = Field(default=30, ge=1, le=10000)
    """So many backups stay in the directory that `ledger backup --to` names."""
