"""What tests of the Exchange mailbox share: mails to receive and to send."""

from __future__ import annotations

from datetime import timedelta
from email.message import EmailMessage

from bot.sandbox.ews.server import EwsServer
from tests.house import FRIDAY


def receive(server: EwsServer, *names: str) -> None:
    """Put mails into the inbox, a minute apart."""
    for number, name in enumerate(names):
        server.deliver(f"From: a@x\nMessage-ID: <{name}@x>\n\n{name}\n".encode(), FRIDAY + timedelta(minutes=number))


def notice(name: str = "a") -> EmailMessage:
    """Return a mail to send."""
    mail = EmailMessage()
    mail["Message-ID"], mail["To"], mail["From"] = f"<{name}@x>", "a@city.example.jp", "telework-id@city.example.jp"
    mail["X-Telework-Request"] = "R-1/1"
    mail.set_content("本文\n")
    return mail
