"""Settings in, a mailbox of the configured kind out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.mail.drops import WithDrops
from bot.mail.exchange import ExchangeMailbox
from bot.mail.folder import FolderMailbox
from bot.mail.imap import ImapMailbox
from bot.mail.port import Mailbox
from bot.mail.smtp import SmtpSender
from bot.mail.tls import verified
from bot.secret import Secret
from bot.settings.mailbox import MailboxSettings


def open_mailbox(
    settings: MailboxSettings, *, path: Callable[[str], Path], secret: Callable[[str], Secret], zone: ZoneInfo
) -> Mailbox:
    """Return the mailbox, with the folder for dropped files beside it where one is set; nothing is connected yet.

    Raises ``ConfigInvalid`` for a CA file or a reference to a secret that can't be used.
    """
    most = int(settings.max_message_mb * 2**20)
    if settings.kind == "folder":
        return FolderMailbox(path(settings.path), max_bytes=most, zone=zone)
    make = _imap if settings.kind == "imap" else _exchange
    mailbox = make(settings, path, secret, most, zone)
    if settings.drops is None:
        return mailbox
    return WithDrops(mailbox, FolderMailbox(path(settings.drops), max_bytes=most, zone=zone))


def _imap(
    settings: MailboxSettings, path: Callable[[str], Path], secret: Callable[[str], Secret], most: int, zone: ZoneInfo
) -> Mailbox:
    imap, smtp = settings.imap, settings.smtp
    sender = SmtpSender(
        smtp, address=settings.address, password=secret(smtp.password),
        context=verified(path(smtp.ca_file) if smtp.ca_file else None, "mailbox.smtp"),
    )  # fmt: skip
    return ImapMailbox(
        imap, sender=sender, password=secret(imap.password), max_bytes=most, zone=zone,
        context=verified(path(imap.ca_file) if imap.ca_file else None, "mailbox.imap"),
    )  # fmt: skip


def _exchange(
    settings: MailboxSettings, path: Callable[[str], Path], secret: Callable[[str], Secret], most: int, zone: ZoneInfo
) -> Mailbox:
    exchange = settings.exchange
    return ExchangeMailbox(
        exchange, address=settings.address, password=secret(exchange.password), max_bytes=most, zone=zone,
        ca_file=path(exchange.ca_file) if exchange.ca_file else None,
    )  # fmt: skip
