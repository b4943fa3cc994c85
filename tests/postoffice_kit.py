"""One post office for all tests of a run, and mailboxes on it."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

from bot.mail.exchange import ExchangeMailbox
from bot.mail.imap import ImapMailbox
from bot.mail.smtp import SmtpSender
from bot.mail.tls import verified
from bot.sandbox.ews.server import EwsServer
from bot.sandbox.postoffice import BOT, DOMAIN, PostOffice
from bot.secret import Redactor
from bot.settings.exchange import ExchangeSettings
from bot.settings.imap import ImapSettings, SmtpSettings
from tests.house import House

ZONE = ZoneInfo("Asia/Tokyo")


def smtp_settings(office: PostOffice, **changes: object) -> SmtpSettings:
    """Return the settings of the office's SMTP server."""
    known = {"host": "localhost", "port": office.ports["smtp"], "timeout": 5, "user": BOT}
    return SmtpSettings.model_validate({**known, **changes})


def imap_settings(office: PostOffice, **changes: object) -> ImapSettings:
    """Return the settings of the office's IMAP server."""
    known = {"host": "localhost", "port": office.ports["imaps"], "timeout": 5, "user": BOT}
    return ImapSettings.model_validate({**known, **changes})


def exchange_mailbox(
    server: EwsServer, *, max_bytes: int = 200_000, password: str = "", **changes: object
) -> ExchangeMailbox:
    """Return the Exchange adapter on the embedded endpoint."""
    known = {"endpoint": server.url, "user": server.user, "auth": "basic", "timeout": 3, "max_wait": 5}
    return ExchangeMailbox(
        ExchangeSettings.model_validate({**known, **changes}), address=f"{BOT}@{DOMAIN}", ca_file=server.ca_file,
        password=Redactor().new(password or server.password), max_bytes=max_bytes, zone=ZONE,
    )  # fmt: skip


def on_servers(path: Path, office: PostOffice, reference: str) -> House:
    """Return a house whose mailbox is the office's, its password under this reference."""
    ca = str(office.certificates.ca)
    servers = {
        "kind": "imap",
        "imap": imap_settings(office, ca_file=ca, password=reference).model_dump(mode="json"),
        "smtp": smtp_settings(office, ca_file=ca, password=reference).model_dump(mode="json"),
    }
    return House(path=path).lay_out({"mailbox": servers, "console": {"settle": 0.1}})


def imap_mailbox(
    office: PostOffice, *, imap: ImapSettings | None = None, smtp: SmtpSettings | None = None, password: str = "",
    max_bytes: int = 200_000, trusted: bool = True,
) -> ImapMailbox:  # fmt: skip
    """Return the adapter on the office."""
    redactor = Redactor()
    secret = redactor.new(password or office.password)
    context = verified(office.certificates.ca if trusted else None, "mailbox.imap")
    sender = SmtpSender(smtp or smtp_settings(office), address=f"{BOT}@{DOMAIN}", password=secret, context=context)
    return ImapMailbox(
        imap or imap_settings(office), sender=sender, password=secret, context=context, max_bytes=max_bytes, zone=ZONE
    )
