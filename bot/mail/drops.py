"""A folder beside the mailbox, into which people put the form system's exports (.csv, .xlsx)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from email.message import EmailMessage

from bot.mail.folder import FolderMailbox
from bot.mail.port import Folder, Mailbox
from bot.model import Message

_MARK = "drop:"


class WithDrops:
    """A mailbox whose list also names the files of a folder; a file is filed within that folder, and mails leave as before."""

    def __init__(self, mailbox: Mailbox, drops: FolderMailbox) -> None:
        self._mailbox = mailbox
        self._drops = drops

    async def list_new(self) -> list[str]:
        """See :meth:`bot.mail.port.Mailbox.list_new`; mails come before files."""
        mails = await self._mailbox.list_new()
        return [*mails, *(f"{_MARK}{name}" for name in await self._drops.list_new())]

    async def senders(self, locators: Sequence[str]) -> dict[str, str]:
        """See :meth:`bot.mail.port.Mailbox.senders`; files have none."""
        return await self._mailbox.senders([locator for locator in locators if not locator.startswith(_MARK)])

    async def passed_over(self) -> list[str]:
        """See :meth:`bot.mail.port.Mailbox.passed_over`."""
        return [*await self._mailbox.passed_over(), *await self._drops.passed_over()]

    async def fetch(self, locator: str) -> Message:
        """See :meth:`bot.mail.port.Mailbox.fetch`."""
        place, name = self._at(locator)
        return await place.fetch(name)

    async def stamp(self, locator: str) -> str:
        """See :meth:`bot.mail.port.Mailbox.stamp`."""
        place, name = self._at(locator)
        return await place.stamp(name)

    async def file(self, locator: str, folder: Folder) -> None:
        """See :meth:`bot.mail.port.Mailbox.file`."""
        place, name = self._at(locator)
        await place.file(name, folder)

    async def bring_back(self, folder: Folder) -> int:
        """See :meth:`bot.mail.port.Mailbox.bring_back`."""
        return await self._mailbox.bring_back(folder) + await self._drops.bring_back(folder)

    async def send(self, mail: EmailMessage) -> Mapping[str, str]:
        """See :meth:`bot.delivery.outgoing.Outgoing.send`."""
        return await self._mailbox.send(mail)

    async def was_sent(self, message_id: str) -> bool | None:
        """See :meth:`bot.delivery.outgoing.Outgoing.was_sent`."""
        return await self._mailbox.was_sent(message_id)

    def clock_offset(self) -> timedelta | None:
        """See :meth:`bot.mail.port.Mailbox.clock_offset`."""
        return self._mailbox.clock_offset()

    async def check(self) -> str:
        """See :meth:`bot.mail.port.Mailbox.check`."""
        return f"{await self._mailbox.check()}; {await self._drops.check()}"

    async def close(self) -> None:
        """See :meth:`bot.mail.port.Mailbox.close`."""
        await self._mailbox.close()

    def _at(self, locator: str) -> tuple[Mailbox, str]:
        if locator.startswith(_MARK):
            return self._drops, locator.removeprefix(_MARK)
        return self._mailbox, locator
