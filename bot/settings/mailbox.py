"""``mailbox:`` where applications come from and notices leave by."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bot.settings.base import Section
from bot.settings.exchange import ExchangeSettings
from bot.settings.imap import ImapSettings, SmtpSettings


class MailboxSettings(Section):
    """The mailbox."""

    kind: Literal["folder", "imap", "exchange"] = "folder"
    """Which adapter: ``folder`` is a directory of .eml (and .csv, .xlsx) files, ``imap`` an ordinary mail server,
    ``exchange`` an Exchange server on the premises."""
    path: str = "var/mailbox"
    """``folder``: the directory that holds inbox/, processed/, rejected/, unreadable/, ignored/ and outbox/."""
    drops: str | None = None
    """``imap``, ``exchange``: a directory whose inbox/ takes the form system's exports (.csv, .xlsx). Empty: mails only."""
    address: str = "telework-id@city.example.jp"
    """The bot's own address: notices are sent from it, and mails from it are ignored."""
    sender_name: str = "例市 テレワークID担当"
    """The name beside the address in notices."""
    max_message_mb: float = Field(default=25, gt=0)
    """A larger message is not read: it is kept as unreadable."""
    batch_seconds: float = Field(default=10, ge=0)
    """After so many seconds of reading, what is read is decided, issued and mailed before the rest is read. Senders on
    ``rules.senders.allow`` are read first."""
    imap: ImapSettings = ImapSettings()
    smtp: SmtpSettings = SmtpSettings()
    exchange: ExchangeSettings = ExchangeSettings()
