"""The mailbox port: where applications come from and notices leave by."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Protocol

from bot.delivery.outgoing import Outgoing
from bot.model import Message


class Folder(StrEnum):
    """Where a message goes once its record is committed."""

    #: Its applications are in the ledger.
    PROCESSED = "processed"
    #: Its applications are in the ledger, and all of them were refused.
    REJECTED = "rejected"
    #: Kept for an operator.
    UNREADABLE = "unreadable"
    #: None of ours: auto-replies, bounces, our own mails.
    IGNORED = "ignored"


class Mailbox(Outgoing, Protocol):
    """Holds the applications' mails.

    Listing and fetching change nothing. A message stays in the inbox until it is filed, so that a crash loses none.
    """

    async def list_new(self) -> list[str]:
        """Return the locators of all messages in the inbox, oldest receipt first.

        Raises ``Unusable`` when the mailbox can't be reached, ``AccessDenied`` when the login is refused (one attempt).
        """
        ...

    async def fetch(self, locator: str) -> Message:
        """Return the message with its bytes and the server's receipt time.

        One larger than allowed comes ``cut``: only its beginning is loaded. Raises ``KeyError`` when it is gone.
        """
        ...

    async def file(self, locator: str, folder: Folder) -> None:
        """Move the message out of the inbox to ``folder`` (made if missing); already moved or gone is success."""
        ...

    async def bring_back(self, folder: Folder) -> int:
        """Move every message of ``folder`` back into the inbox, with the receipt time it had; returns how many.

        A folder that does not exist is empty. Raises as :meth:`file` and :meth:`list_new` do.
        """
        ...

    def clock_offset(self) -> timedelta | None:
        """Tell how far the server's clock is ahead of this machine's, as its answers show it; ``None`` where it is not known."""
        ...

    async def check(self) -> str:
        """Prove every setting without touching a mail, and return one line about it.

        Raises ``Unusable``, ``AccessDenied``, ``Transient`` or ``DeliveryFailed`` with one sentence that says what is wrong.
        """
        ...

    async def close(self) -> None:
        """Let go of every connection."""
        ...
