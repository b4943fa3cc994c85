"""What sending needs of a mailbox; every Mailbox adapter (bot/mail) fulfils it."""

from __future__ import annotations

from collections.abc import Mapping
from email.message import EmailMessage
from typing import Protocol


class Outgoing(Protocol):
    """Sends notices, each once."""

    async def send(self, mail: EmailMessage) -> Mapping[str, str]:
        """Send ``mail`` under its own Message-ID, keeping no copy where people look.

        When this returns, the mail has gone out once to at least one of its recipients; returned are those who were refused,
        each with what the server said. Raises ``DeliveryFailed`` when it certainly has not, and never
        will; ``Transient`` when it certainly has not, and may later, ``SenderRefused`` when no mail of the bot's would;
        ``AccessDenied`` when the login is refused; ``OutcomeUnknown`` when it may have gone out. Never tries a second time by itself.
        """
        ...

    async def was_sent(self, message_id: str) -> bool | None:
        """Tell whether a mail with this Message-ID went out; ``None`` where the mailbox can't know."""
        ...
