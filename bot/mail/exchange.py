"""An Exchange mailbox on the premises (EWS): read, filed, and sent from without a copy."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bot.mail.port import Folder
from bot.model import Message
from bot.secret import Secret
from bot.settings.exchange import ExchangeSettings

if TYPE_CHECKING:
    from bot.mail.exchange_session import ExchangeSession


class ExchangeMailbox:
    """A locator is the item's id, good as long as the mail lies in the inbox: a move gives it another one.

    The content is what the server makes of a mail, not the bytes it received. A refused login is not tried a second time by
    the same object. Reading waits while the server is busy, at most ``max_wait`` in all; sending posts once.
    """

    def __init__(
        self, settings: ExchangeSettings, *, address: str, password: Secret, ca_file: Path | None, max_bytes: int,
        zone: ZoneInfo,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._address = address
        self._password = password
        self._ca_file = ca_file
        self._max_bytes = max_bytes
        self._zone = zone
        self._opened: ExchangeSession | None = None

    async def list_new(self) -> list[str]:
        """See :meth:`bot.mail.port.Mailbox.list_new`; the receipt is the server's DateTimeReceived, else its DateTimeCreated."""
        return await asyncio.to_thread(self._session().new)

    async def senders(self, locators: Sequence[str]) -> dict[str, str]:
        """See :meth:`bot.mail.port.Mailbox.senders`; somebody of the same organisation may have no address here, and is left out."""
        return await asyncio.to_thread(self._session().senders, locators)

    async def passed_over(self) -> list[str]:
        """See :meth:`bot.mail.port.Mailbox.passed_over`: a server lists every mail."""
        return []

    async def fetch(self, locator: str) -> Message:
        """See :meth:`bot.mail.port.Mailbox.fetch`; of one that is too large nothing is loaded."""
        return await asyncio.to_thread(self._session().message, locator)

    async def stamp(self, locator: str) -> str:
        """See :meth:`bot.mail.port.Mailbox.stamp`: an item's id is given once."""
        return locator

    async def file(self, locator: str, folder: Folder) -> None:
        """See :meth:`bot.mail.port.Mailbox.file`; the folders lie below the inbox."""
        await asyncio.to_thread(self._session().move, locator, folder)

    async def bring_back(self, folder: Folder) -> int:
        """See :meth:`bot.mail.port.Mailbox.bring_back`."""
        return await asyncio.to_thread(self._session().bring_back, folder)

    async def send(self, mail: EmailMessage) -> Mapping[str, str]:
        """See :meth:`bot.delivery.outgoing.Outgoing.send`; no copy is kept."""
        return await asyncio.to_thread(self._session().send, mail)

    async def was_sent(self, message_id: str) -> bool | None:
        """See :meth:`bot.delivery.outgoing.Outgoing.was_sent`; only this object's own mails are known."""
        return self._session().was_sent(message_id)

    def clock_offset(self) -> timedelta | None:
        """See :meth:`bot.mail.port.Mailbox.clock_offset`."""
        return self._opened.clock.ahead if self._opened else None

    async def check(self) -> str:
        """See :meth:`bot.mail.port.Mailbox.check`; the right to send shows only when a mail is sent."""
        waiting = len(await self.list_new())
        return (
            f"{waiting} waiting in the inbox of {self._settings.mailbox or self._address} at {self._settings.endpoint}"
        )

    async def close(self) -> None:
        """See :meth:`bot.mail.port.Mailbox.close`."""
        if self._opened:
            await asyncio.to_thread(self._opened.close)

    def _session(self) -> ExchangeSession:
        from bot.mail.exchange_session import ExchangeSession  # noqa: PLC0415 - exchangelib takes a second to import

        if self._opened is None:
            self._opened = ExchangeSession(
                self._settings, address=self._address, password=self._password, ca_file=self._ca_file,
                max_bytes=self._max_bytes, zone=self._zone,
            )  # fmt: skip
        return self._opened
