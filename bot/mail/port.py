"""The mailbox port: where applications come from and notices leave by."""

from __future__ import annotations

from collections.abc import Sequence
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
    What is wrong with one message is that message's error: the others are listed, fetched and filed.
    """

    async def list_new(self) -> list[str]:
        """Return the locators of all messages in the inbox, oldest receipt first, then those without a time of receipt.

        A message is listed whatever the server answers about it.
        Raises ``Unusable`` when the mailbox can't be reached, ``AccessDenied`` when the login is refused (one attempt).
        """
        ...

    async def senders(self, locators: Sequence[str]) -> dict[str, str]:
        """Return what stands in the From line of each, without loading the mails: enough to choose what is read first.

        What has none is empty; what can't be told, or is gone, is left out. Nothing is decided by it.
        """
        ...

    async def passed_over(self) -> list[str]:
        """Return the names of what has lain in the inbox for some time and is not listed; a mail server has none.

        Raises as :meth:`list_new`.
        """
        ...

    async def fetch(self, locator: str) -> Message:
        """Return the message with its bytes and the server's receipt time.

        One larger than allowed comes ``cut``: only its beginning is loaded. One that the server can't give whole is put together
        from its parts; where that fails too it comes ``unfetched``, with the reason and what is known of its headers: it
        is never shown shorter than it is. Without the server's receipt time it is the newest ``Received:`` stamp; where there is
        none either ``receipt_known`` is false. Raises ``KeyError`` when it is gone, ``Unfetched`` when the server gives nothing
        of it and may give it later.
        """
        ...

    async def stamp(self, locator: str) -> str:
        """Return what stays the same while ``locator`` means the same message, and else differs; loads nothing of it.

        Raises ``KeyError`` where it is seen to be gone.
        """
        ...

    async def file(self, locator: str, folder: Folder) -> None:
        """Move the message out of the inbox to ``folder`` (made if missing); already moved or gone is success.

        Raises ``Unfiled`` when the server or the disk refuses: the message is where it was.
        """
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
