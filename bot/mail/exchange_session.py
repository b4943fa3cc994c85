"""One Exchange mailbox, blocking: what may be done again is, what may not is posted once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from exchangelib import Account
from exchangelib import Folder as ExchangeFolder
from exchangelib import Message as ExchangeMessage
from exchangelib.errors import (
    ErrorContentConversionFailed,
    ErrorCorruptData,
    ErrorFolderExists,
    ErrorItemCorrupt,
    ErrorItemNotFound,
    ErrorItemPropertyRequestFailed,
    ErrorMessageSizeExceeded,
    ErrorMimeContentConversionFailed,
    ErrorMimeContentInvalid,
    ErrorServerBusy,
    ErrorTimeoutExpired,
    ErrorToFolderNotFound,
    ErrorUnsupportedMimeConversion,
    EWSError,
    MalformedResponseError,
    ResponseMessageError,
    UnauthorizedError,
)
from exchangelib.folders import FolderCollection
from exchangelib.properties import ItemId
from exchangelib.queryset import Q
from exchangelib.services import CreateFolder

from bot.clock import ServerClock
from bot.errors import AccessDenied, BotError, DeliveryFailed, OutcomeUnknown, Transient, Unfetched, Unfiled
from bot.mail.exchange_account import open_account
from bot.mail.exchange_errors import may_have_acted, understood
from bot.mail.exchange_parts import FIELDS, SHORT, WHOLE, head_of, put_together, with_headers
from bot.mail.exchange_sending import send_to_each
from bot.mail.port import Folder
from bot.mail.receipt import Fetched
from bot.model import Message
from bot.secret import Secret
from bot.settings.exchange import ExchangeSettings

T = TypeVar("T")
_PAGE = 500
#: Bytes above which a mail is not asked for in one piece.
_LARGE = 4 * 2**20
_PAUSE = 5.0  # seconds to wait where a busy server names none
#: What concerns the server or the way to it, not the one mail that was asked for.
_OF_THE_SERVER = (ErrorServerBusy, ErrorTimeoutExpired, ErrorItemNotFound)
#: What the server will say of a mail at every attempt.
_BROKEN = (
    ErrorContentConversionFailed, ErrorCorruptData, ErrorItemCorrupt, ErrorMessageSizeExceeded,
    ErrorItemPropertyRequestFailed, ErrorMimeContentConversionFailed, ErrorMimeContentInvalid, ErrorUnsupportedMimeConversion,
)  # fmt: skip
_MAILS = "IPF.Note"  # the class of a folder that holds mails


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
        self._known: dict[str, tuple[datetime | None, int]] = {}
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

    def senders(self, locators: Sequence[str]) -> dict[str, str]:
        """Return the address of each mail's author, asked for in pages; what the server does not tell is left out."""
        return self._again(lambda account: self._senders(account, locators))

    def message(self, locator: str) -> Message:
        """Return a mail that the last listing named; raises ``KeyError`` when it is gone, ``Unfetched`` when it is not given."""
        try:
            return self._again(lambda account: self._message(account, locator))
        except Unfetched:
            raise
        except Transient as error:
            raise Unfetched(self._shown(locator), str(error)) from None

    def move(self, locator: str, folder: Folder) -> None:
        """Move a mail to a folder below the inbox, made if missing; one that is gone is none to move.

        Raises ``Unfiled`` when the server refuses.
        """
        try:
            self._again(lambda account: self._move(account, locator, folder))
        except Transient as error:
            raise Unfiled(str(error)) from None

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
        found = [
            (item.id, item.datetime_received, item.size) for item in self._listed(account, "datetime_received", "size")
        ]
        created: dict[str, datetime | None] = {}
        if any(received is None for _, received, _ in found):
            created = {item.id: item.datetime_created for item in self._listed(account, "datetime_created")}
        times = {key: self._moment(received or created.get(key)) for key, received, _ in found}
        last = datetime.max.replace(tzinfo=self._zone)
        found.sort(key=lambda fact: times[fact[0]] or last)
        self._known = {key: (times[key], size or 0) for key, _, size in found}
        return list(self._known)

    @staticmethod
    def _senders(account: Account, locators: Sequence[str]) -> dict[str, str]:
        ids = [ItemId(id=locator) for locator in locators]
        items = account.fetch(ids=ids, only_fields=("author",), chunk_size=_PAGE)
        addresses = (getattr(getattr(item, "author", None), "email_address", None) for item in items)
        return {
            locator: address
            for locator, address in zip(locators, addresses, strict=True)
            if isinstance(address, str) and "@" in address
        }

    @staticmethod
    def _listed(account: Account, *fields: str) -> Iterable[ExchangeMessage]:
        query = account.inbox.all().order_by("datetime_received").only(*fields)
        query.page_size = _PAGE
        listed: Iterable[ExchangeMessage] = query
        return listed

    def _moment(self, moment: datetime | None) -> datetime | None:
        """Return a time that the client could read as one of the zone; exchangelib's own kind of datetime goes no further."""
        return datetime.fromtimestamp(moment.timestamp(), self._zone) if moment else None

    def _message(self, account: Account, locator: str) -> Message:
        received, size = self._known[locator]
        cut = size > self._max_bytes
        fetched = Fetched(content=b"") if cut else self._fetched(account, locator, size)
        return fetched.message(locator=locator, received=received, zone=self._zone, cut=cut)

    def _fetched(self, account: Account, locator: str, size: int) -> Fetched:
        """Return the mail as the server writes it or, where it does not or it is large, from its parts, else what is known of it.

        Raises ``Unfetched`` when it is refused for a reason that may pass.
        """
        in_one_piece, in_parts = (WHOLE, with_headers), (FIELDS, put_together)
        ways = (in_parts, in_one_piece) if size > _LARGE else (in_one_piece, in_parts)
        errors: list[Exception] = []
        for fields, made_of in (*ways, (SHORT, head_of)):
            if fields is SHORT and (passing := [error for error in errors if not isinstance(error, _BROKEN)]):
                reason = f"{type(passing[0]).__name__}: {passing[0]}"
                raise Unfetched(self._shown(locator), f"Exchange does not give it ({reason})")
            try:
                content = made_of(self._item(account, locator, fields))
            except _OF_THE_SERVER:
                raise
            except (ResponseMessageError, MalformedResponseError) as error:
                errors.append(error)
                continue
            if content is not None:
                return Fetched(content=content, whole=fields is not SHORT)
        return Fetched(content=b"", whole=False)

    def _shown(self, locator: str) -> str:
        """Return what people find a mail by: when it came, else the end of its id."""
        received, _ = self._known.get(locator, (None, 0))
        return f"{received:%Y-%m-%d %H:%M:%S}" if received else f"…{locator[-12:]}"

    @staticmethod
    def _item(account: Account, locator: str, fields: Sequence[str]) -> ExchangeMessage:
        (item,) = account.fetch(ids=[ItemId(id=locator)], only_fields=fields)
        if isinstance(item, Exception):
            raise item
        return item

    def _move(self, account: Account, locator: str, folder: Folder) -> None:
        try:
            try:
                self._move_to(account, locator, self._folder(account, folder))
            except ErrorToFolderNotFound:  # somebody removed it meanwhile
                del self._folders[folder]
                self._move_to(account, locator, self._folder(account, folder))
        except _OF_THE_SERVER:
            raise
        except ResponseMessageError as error:
            if isinstance(told := understood(error, self._settings), Transient):
                raise told from None
            raise Unfiled(f"Exchange does not move the message to {folder.value} ({error})") from None

    @staticmethod
    def _move_to(account: Account, locator: str, place: ExchangeFolder) -> None:
        (moved,) = account.bulk_move(ids=[ItemId(id=locator)], to_folder=place)
        if isinstance(moved, Exception) and not isinstance(moved, ErrorItemNotFound):
            raise moved

    def _bring_back(self, account: Account, folder: Folder) -> int:
        place = self._found(account, folder)
        if place is None:
            return 0
        query = place.all().only("datetime_received")
        query.page_size = _PAGE
        ids = [ItemId(id=item.id) for item in query]
        for moved in account.bulk_move(ids=ids, to_folder=account.inbox) if ids else ():
            if isinstance(moved, Exception) and not isinstance(moved, ErrorItemNotFound):
                raise moved
        return len(ids)

    def _folder(self, account: Account, folder: Folder) -> ExchangeFolder:
        """Return a folder below the inbox, made where the server does not find it."""
        if folder not in self._folders:
            self._folders[folder] = self._found(account, folder) or self._made(account, folder)
        return self._folders[folder]

    def _made(self, account: Account, folder: Folder) -> ExchangeFolder:
        made = ExchangeFolder(parent=account.inbox, name=folder.value)
        try:
            # Not made.save(): that searches every folder of the mailbox to keep a cache.
            created: ExchangeFolder = CreateFolder(account=account).get(parent_folder=account.inbox, folders=[made])
        except ErrorFolderExists:  # made meanwhile, or a search by name does not find it
            if there := self._found(account, folder):
                return there
            raise
        return created

    @staticmethod
    def _found(account: Account, folder: Folder) -> ExchangeFolder | None:
        """Return the folder below the inbox, one for mails first; ``None`` too where the server's answer names no folders.

        Where a search by name finds none, all are looked through: servers differ in small letters and capitals.
        """
        below = FolderCollection(account=account, folders=[account.inbox])
        for wanted in (Q(name=folder.value), None):
            try:
                found = list(below.find_folders(q=wanted, depth="Shallow"))
            except _OF_THE_SERVER:
                raise
            except (ResponseMessageError, MalformedResponseError):
                continue
            named = [one for one in found if isinstance(one, ExchangeFolder) and _is_called(one, folder)]
            if named:
                return min(named, key=lambda one: (one.folder_class != _MAILS, one.id))
        return None

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


def _is_called(place: ExchangeFolder, folder: Folder) -> bool:
    return (place.name or "").casefold() == folder.value
