"""An ordinary mailbox: IMAP to read and file, SMTP to send."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import TypeVar
from zoneinfo import ZoneInfo

from imapclient.exceptions import IMAPClientError

from bot.errors import AccessDenied, Transient, Unfetched
from bot.mail.imap_parts import fetch_whole
from bot.mail.imap_session import LOST, Session
from bot.mail.port import Folder
from bot.mail.receipt import Fetched
from bot.mail.smtp import SmtpSender
from bot.model import CUT_TO, Message
from bot.secret import Secret
from bot.settings.imap import ImapSettings

T = TypeVar("T")


class ImapMailbox:
    """Mails stay on the server until they are filed; nothing is marked as read.

    A locator is UIDVALIDITY and UID: after a change of the former no locator means another mail than it did. One
    connection serves a pass, and is made anew once when it breaks: everything done over it may be done again.
    A refused login is not tried a second time by the same object.
    """

    def __init__(
        self, settings: ImapSettings, *, sender: SmtpSender, password: Secret, context: ssl.SSLContext, max_bytes: int,
        zone: ZoneInfo,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._sender = sender
        self._password = password
        self._context = context
        self._max_bytes = max_bytes
        self._zone = zone
        self._session: Session | None = None
        self._denied: AccessDenied | None = None
        # Of threads, not of tasks: a task that is cancelled leaves its thread at work.
        self._turn = threading.Lock()
        #: What the last listing said of each message: spares a question per message.
        self._known: dict[str, tuple[datetime | None, int | None]] = {}

    async def list_new(self) -> list[str]:
        """See :meth:`bot.mail.port.Mailbox.list_new`; the receipt is the server's INTERNALDATE.

        A server that breaks off when it is asked about the messages is only asked which there are.
        """
        try:
            return await self._do(self._list)
        except Transient:
            return await self._do(lambda session: self._list(session, facts=False))

    async def senders(self, locators: Sequence[str]) -> dict[str, str]:
        """See :meth:`bot.mail.port.Mailbox.senders`."""
        return await self._do(lambda session: self._senders(session, locators))

    async def passed_over(self) -> list[str]:
        """See :meth:`bot.mail.port.Mailbox.passed_over`: a server lists every mail."""
        return []

    async def fetch(self, locator: str) -> Message:
        """See :meth:`bot.mail.port.Mailbox.fetch`."""
        try:
            message = await self._do(lambda session: self._fetch(session, locator))
        except Unfetched:
            raise
        except Transient as error:  # this mail may be what breaks the connection
            raise Unfetched(self._shown(locator), str(error)) from None
        if message is None:
            raise KeyError(locator)
        return message

    async def stamp(self, locator: str) -> str:
        """See :meth:`bot.mail.port.Mailbox.stamp`: a locator is given once."""
        return locator

    async def file(self, locator: str, folder: Folder) -> None:
        """See :meth:`bot.mail.port.Mailbox.file`; a server that does not move as it offers is asked to copy."""
        await self._do(lambda session: self._file(session, locator, folder))

    async def bring_back(self, folder: Folder) -> int:
        """See :meth:`bot.mail.port.Mailbox.bring_back`."""
        return await self._do(lambda session: session.bring_back(folder.value))

    async def send(self, mail: EmailMessage) -> Mapping[str, str]:
        """See :meth:`bot.delivery.outgoing.Outgoing.send`; no copy is kept in any folder."""
        return await self._sender.send(mail)

    async def was_sent(self, message_id: str) -> bool | None:
        """See :meth:`bot.delivery.outgoing.Outgoing.was_sent`."""
        return self._sender.was_sent(message_id)

    def clock_offset(self) -> timedelta | None:
        """See :meth:`bot.mail.port.Mailbox.clock_offset`: neither IMAP nor SMTP tells the time."""
        return None

    async def check(self) -> str:
        """See :meth:`bot.mail.port.Mailbox.check`."""
        waiting = len(await self.list_new())
        return f"{waiting} waiting in {self._settings.inbox} of {self._settings.host}; {await self._sender.check()}"

    async def close(self) -> None:
        """See :meth:`bot.mail.port.Mailbox.close`."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        with self._turn:
            session, self._session = self._session, None
            if session:
                session.close()

    def _list(self, session: Session, *, facts: bool = True) -> list[str]:
        validity = session.select()
        uids = session.waiting()
        found: list[tuple[int, datetime | None, int | None]] = [(uid, None, None) for uid in uids]
        if facts:
            found = list(session.facts(uids))
        last = datetime.max.replace(tzinfo=self._zone)
        found.sort(key=lambda fact: (fact[1] or last, fact[0]))
        self._known = {f"{validity}:{uid}": (received, size) for uid, received, size in found}
        return list(self._known)

    @staticmethod
    def _senders(session: Session, locators: Sequence[str]) -> dict[str, str]:
        named = {uid: locator for locator in locators if (uid := _uid(session, locator)) is not None}
        return {named[uid]: line for uid, line in session.senders(list(named)) if uid in named}

    def _fetch(self, session: Session, locator: str) -> Message | None:
        uid = _uid(session, locator)
        if uid is None:
            return None
        received, size = self._known.get(locator, (None, None))
        if received is None:
            ((_, received, size),) = session.facts([uid])
        fetched = self._content(session, uid, locator, size)
        if fetched is None:
            return None
        cut = fetched.whole and max(size or 0, len(fetched.content)) > self._max_bytes
        kept = replace(fetched, content=fetched.content[: self._max_bytes])
        return kept.message(locator=locator, name=f"{uid}.eml", received=received, zone=self._zone, cut=cut)

    def _content(self, session: Session, uid: int, locator: str, size: int | None) -> Fetched | None:
        """Return the mail, or the beginning of one that is too large."""
        if size is not None and size > self._max_bytes:
            beginning = session.part(uid, f"[]<0.{min(CUT_TO, self._max_bytes)}>")
            if beginning is not None:
                return Fetched(content=beginning)
        return fetch_whole(session, uid, listed=size, which=self._shown(locator))

    def _shown(self, locator: str) -> str:
        """Return what people find a mail by: its UID, and when it came."""
        received, _ = self._known.get(locator, (None, None))
        at = f", {received.astimezone(self._zone):%Y-%m-%d %H:%M}" if received else ""
        return f"UID {locator.rpartition(':')[2]}{at}"

    @staticmethod
    def _file(session: Session, locator: str, folder: Folder) -> None:
        uid = _uid(session, locator)
        if uid is not None:
            session.move(uid, folder.value)

    async def _do(self, work: Callable[[Session], T]) -> T:
        return await asyncio.to_thread(self._alone, work)

    def _alone(self, work: Callable[[Session], T]) -> T:
        with self._turn:
            if self._denied:
                raise self._denied
            try:
                return self._twice(work)
            except AccessDenied as error:
                self._denied = error
                raise

    def _twice(self, work: Callable[[Session], T]) -> T:
        """Do the work; a connection that breaks meanwhile, or was broken before, is made anew once."""
        for last in (False, True):
            try:
                self._session = self._session or Session(self._settings, self._password, self._context)
                return work(self._session)
            except LOST as error:
                session, self._session = self._session, None
                if session:
                    session.drop()
                if last:
                    raise Transient(
                        f"IMAP: the connection to {self._settings.host} breaks ({type(error).__name__})"
                    ) from None
            except IMAPClientError as error:
                raise Transient(f"IMAP: {self._settings.host} refuses ({error})") from None
        raise AssertionError("unreachable")


def _uid(session: Session, locator: str) -> int | None:
    """Return the UID that a locator names, or ``None`` when the server has numbered its messages anew."""
    validity, _, uid = locator.partition(":")
    return int(uid) if validity == str(session.validity) and uid.isdigit() else None
