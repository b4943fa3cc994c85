"""One Exchange mailbox, blocking: what may be done again is, what may not is posted once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from exchangelib import Account
from exchangelib import Folder as ExchangeFolder
from exchangelib import Message as ExchangeMessage
from exchangelib.errors import (
    ErrorFolderNotFound,
    ErrorItemNotFound,
    ErrorServerBusy,
    ErrorTimeoutExpired,
    EWSError,
    UnauthorizedError,
)
from exchangelib.properties import ItemId

from bot.clock import ServerClock
from bot.errors import AccessDenied, BotError, DeliveryFailed, OutcomeUnknown
from bot.mail.exchange_account import open_account
from bot.mail.exchange_errors import may_have_acted, understood
from bot.mail.exchange_large import FIELDS as LARGE_FIELDS
from bot.mail.exchange_large import put_together
from bot.mail.exchange_sending import send_to_each
from bot.mail.port import Folder
from bot.model import Message
from bot.secret import Secret
from bot.settings.exchange import ExchangeSettings

T = TypeVar("T")
_PAGE = 500
#: Bytes above which a mail is not asked for in one piece.
_LARGE = 4 * 2**20
_PAUSE = 5.0  # seconds to wait where a busy server names none


class ExchangeSession:
    """Raises the house's errors. A refused login is not tried a second time."""

    def __init__(
        self, settings: ExchangeSettings, *, address: str, password: Secret, ca_file: Path | None, max_bytes: int,
        zone: ZoneInfo,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._max_bytes = max_bytes
        self._zone = zone
        #: The server's clock, as its answers show it.
        self.clock = ServerClock()
        self._account = open_account(settings, address=address, password=password, ca_file=ca_file, clock=self.clock)
        self._folders: dict[Folder, ExchangeFolder] = {}
        self._known: dict[str, tuple[datetime, int]] = {}
        self._handed_over: dict[str, bool] = {}
        self._denied: AccessDenied | None = None
        #: The server has answered under this login: from then on a refused login may follow an act.
        self._let_in = False
        # Of threads, not of tasks: a task that is cancelled leaves its thread at work.
        self._turn = threading.Lock()

    def new(self) -> list[str]:
        """Return the ids of the inbox's mails, oldest receipt first; only ids, times and sizes are asked for, in pages."""
        self.clock.forget()
        return self._again(self._new)

    def message(self, locator: str) -> Message:
        """Return a mail that the last listing named; raises ``KeyError`` when it is gone."""
        return self._again(lambda account: self._message(account, locator))

    def move(self, locator: str, folder: Folder) -> None:
        """Move a mail to a folder below the inbox, made if missing; one that is gone is none to move."""
        self._again(lambda account: self._move(account, locator, folder))

    def bring_back(self, folder: Folder) -> int:
        """Move every mail of a folder below the inbox back into it; returns how many."""
        return self._again(lambda account: self._bring_back(account, folder))

    def send(self, mail: EmailMessage) -> Mapping[str, str]:
        """Post a mail once, without a copy in Sent (see :meth:`bot.delivery.outgoing.Outgoing.send`)."""
        message_id = str(mail["Message-ID"])
        with self._turn:
            if self._denied:
                raise self._denied
            if message_id in self._handed_over:
                raise DeliveryFailed(f"a mail with the Message-ID {message_id} was handed over before")
            if not self._let_in:
                self._asked(lambda account: account.inbox)  # a login that is refused here has sent nothing
            self._handed_over[message_id] = False
            try:
                refused = send_to_each(self._account, mail, self._settings)
            except UnauthorizedError as error:
                self._refused_login(error)
                raise OutcomeUnknown("send", "Exchange refuses the login that it accepted before") from None
            except OutcomeUnknown:
                raise
            except BotError:
                del self._handed_over[message_id]
                raise
            self._handed_over[message_id] = True
        return refused

    def was_sent(self, message_id: str) -> bool | None:
        """Tell what this object knows: without a copy there is nothing to look up."""
        return True if self._handed_over.get(message_id) else None

    def close(self) -> None:
        """Let go of the connection."""
        with self._turn:
            self._account.protocol.close()

    def _new(self, account: Account) -> list[str]:
        query = account.inbox.all().order_by("datetime_received").only("datetime_received", "size")
        query.page_size = _PAGE
        found = sorted((item.datetime_received, item.id, item.size) for item in query)
        self._known = {key: (received, size) for received, key, size in found}
        return list(self._known)

    def _message(self, account: Account, locator: str) -> Message:
        received, size = self._known[locator]
        # exchangelib's own kind of datetime goes no further than this.
        received_at = datetime.fromtimestamp(received.timestamp(), self._zone)
        name = f"{received_at:%Y%m%d-%H%M%S}.eml"
        if size > self._max_bytes:
            return Message(locator=locator, name=name, received_at=received_at, content=b"", cut=True)
        content = put_together(self._item(account, locator, LARGE_FIELDS)) if size > _LARGE else None
        if content is None:
            content = bytes(self._item(account, locator, ("mime_content",)).mime_content)
        return Message(locator=locator, name=name, received_at=received_at, content=content)

    @staticmethod
    def _item(account: Account, locator: str, fields: Sequence[str]) -> ExchangeMessage:
        (item,) = account.fetch(ids=[ItemId(id=locator)], only_fields=fields)
        if isinstance(item, Exception):
            raise item
        return item

    def _move(self, account: Account, locator: str, folder: Folder) -> None:
        (moved,) = account.bulk_move(ids=[ItemId(id=locator)], to_folder=self._folder(account, folder))
        if isinstance(moved, Exception) and not isinstance(moved, ErrorItemNotFound):
            raise moved

    @staticmethod
    def _bring_back(account: Account, folder: Folder) -> int:
        try:
            place = account.inbox // folder.value
        except ErrorFolderNotFound:
            return 0
        query = place.all().only("datetime_received")
        query.page_size = _PAGE
        ids = [ItemId(id=item.id) for item in query]
        for moved in account.bulk_move(ids=ids, to_folder=account.inbox) if ids else ():
            if isinstance(moved, Exception) and not isinstance(moved, ErrorItemNotFound):
                raise moved
        return len(ids)

    def _folder(self, account: Account, folder: Folder) -> ExchangeFolder:
        if folder not in self._folders:
            try:
                self._folders[folder] = account.inbox // folder.value
            except ErrorFolderNotFound:
                made = ExchangeFolder(parent=account.inbox, name=folder.value)
                made.save()
                self._folders[folder] = made
        return self._folders[folder]

    def _again(self, work: Callable[[Account], T]) -> T:
        """Do what may be done again: waits while the server is busy, and once more when the connection breaks."""
        with self._turn:
            if self._denied:
                raise self._denied
            return self._asked(work)

    def _asked(self, work: Callable[[Account], T]) -> T:
        waited, broken = 0.0, False
        while True:
            try:
                done = work(self._account)
            except UnauthorizedError as error:
                raise self._refused_login(error) from None
            except ErrorItemNotFound:
                raise KeyError("the message is gone") from None
            except ErrorServerBusy as error:
                waited += (pause := float(error.back_off or _PAUSE))
                if waited > self._settings.max_wait:
                    raise understood(error, self._settings) from None
                time.sleep(pause)
            except ErrorTimeoutExpired as error:
                if broken or not may_have_acted(error):
                    raise understood(error, self._settings) from None
                broken = True
            except EWSError as error:
                raise understood(error, self._settings) from None
            else:
                self._let_in = True
                return done

    def _refused_login(self, error: UnauthorizedError) -> AccessDenied:
        self._denied = AccessDenied(str(understood(error, self._settings)))
        return self._denied
