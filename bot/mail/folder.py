"""The mailbox as a directory of files: .eml mails, and tables dropped in."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta, tzinfo
from email.message import EmailMessage
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.errors import DeliveryFailed, Transient, Unfetched, Unfiled, Unusable
from bot.mail.port import Folder
from bot.mail.receipt import from_line, receipt_time
from bot.mail.wire import wire_bytes
from bot.model import CUT_TO, Message
from bot.private import make_folder

INBOX, OUTBOX = "inbox", "outbox"
#: Files that another program is still writing, or keeps for itself.
_UNFINISHED = (".tmp", ".part", ".partial", ".crdownload")
#: Seconds after which nobody writes to such a file any more: it is told.
_SETTLED = 600
#: So many of them are named at once.
_NAMED = 5
_NO_LINKS = frozenset({errno.EPERM, errno.EACCES, errno.EOPNOTSUPP, errno.ENOSYS})
_HEAD = 16 * 1024  # bytes in which the From line stands
_ONE_MAIL = 100_000  # bytes that a mail needs at most, with its attachment
_LONGEST_NAME = 200  # bytes; leaves room for a number on file systems that allow 255


class FolderMailbox:
    """``inbox/`` is read, ``processed/``, ``rejected/``, ``unreadable/`` and ``ignored/`` are filled, ``outbox/`` holds what was sent.

    A locator is the file's name; bytes that are no UTF-8 are kept by surrogate escapes and shown as ``\\xNN``.
    """

    def __init__(self, path: Path, *, max_bytes: int, zone: ZoneInfo) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._zone = zone
        self._swept = False
        self._sweeping = threading.Lock()

    async def list_new(self) -> list[str]:
        """See :meth:`bot.mail.port.Mailbox.list_new`; subfolders, links and unfinished files are left alone."""
        return await asyncio.to_thread(self._list)

    async def senders(self, locators: Sequence[str]) -> dict[str, str]:
        """See :meth:`bot.mail.port.Mailbox.senders`; files that are no mails have none, and are left out."""
        return await asyncio.to_thread(self._senders, locators)

    async def passed_over(self) -> list[str]:
        """See :meth:`bot.mail.port.Mailbox.passed_over`: hidden and unfinished files that nobody writes any more, folders, links."""
        return await asyncio.to_thread(self._passed_over)

    async def fetch(self, locator: str) -> Message:
        """See :meth:`bot.mail.port.Mailbox.fetch`."""
        try:
            return await asyncio.to_thread(
                message_from_file, self._inside(INBOX, locator), max_bytes=self._max_bytes, zone=self._zone
            )
        except FileNotFoundError:
            raise KeyError(locator) from None
        except OSError as error:
            # One file that is locked or forbidden must not stop the others.
            raise Unfetched(f"{shown(locator)} in the inbox", f"can't be read: {error.strerror}") from error

    async def stamp(self, locator: str) -> str:
        """See :meth:`bot.mail.port.Mailbox.stamp`: which file it is, and when it was last written."""
        try:
            status = self._inside(INBOX, locator).lstat()
        except OSError:
            raise KeyError(locator) from None
        return f"{status.st_dev}:{status.st_ino}:{status.st_size}:{status.st_mtime_ns}"

    async def file(self, locator: str, folder: Folder) -> None:
        """See :meth:`bot.mail.port.Mailbox.file`; a name that is taken there gets a number, nothing is overwritten."""
        await asyncio.to_thread(self._move, locator, INBOX, folder.value)

    async def bring_back(self, folder: Folder) -> int:
        """See :meth:`bot.mail.port.Mailbox.bring_back`; a name that is taken in the inbox gets a number."""
        return await asyncio.to_thread(self._bring_back, folder)

    async def send(self, mail: EmailMessage) -> Mapping[str, str]:
        """Write ``mail`` into ``outbox/``, whole or not at all; a Message-ID that is there already is not sent again."""
        await asyncio.to_thread(self._send, mail)
        return {}

    async def was_sent(self, message_id: str) -> bool | None:
        """See :meth:`bot.delivery.outgoing.Outgoing.was_sent`."""
        return await asyncio.to_thread(self._was_sent, message_id)

    def clock_offset(self) -> timedelta | None:
        """See :meth:`bot.mail.port.Mailbox.clock_offset`: a folder has no clock of its own."""
        return None

    async def check(self) -> str:
        """See :meth:`bot.mail.port.Mailbox.check`."""
        inbox = self._path / INBOX
        if not inbox.is_dir():
            raise Unusable(f"there is no folder {inbox}; make it, or set mailbox.path")
        if not os.access(inbox, os.R_OK | os.W_OK):
            raise Unusable(f"no right to read and move files in {inbox}")
        outbox = self._path / OUTBOX
        if outbox.exists() and not (os.access(outbox, os.W_OK) and shutil.disk_usage(outbox).free >= _ONE_MAIL):
            raise Unusable(f"nothing can be written to {outbox}: check its rights, and the room on its disk")
        told = f"{len(await self.list_new())} waiting in {inbox}"
        left = await self.passed_over()
        return f"{told}; ! {len(left)} are not read: {', '.join(left[:_NAMED])}" if left else told

    async def close(self) -> None:
        """Nothing is held open."""

    def _list(self) -> list[str]:
        inbox = self._path / INBOX
        try:
            make_folder(inbox)
            names = [entry.name for entry in os.scandir(inbox) if _is_message(entry)]
        except OSError as error:
            raise Unusable(f"the mailbox folder {inbox} can't be read: {error.strerror}") from error
        return [name for _, name in sorted((self._received(inbox / name), name) for name in names)]

    def _passed_over(self) -> list[str]:
        inbox, now = self._path / INBOX, time.time()
        try:
            entries = [entry for entry in os.scandir(inbox) if not _is_message(entry)] if inbox.is_dir() else []
            return sorted(shown(entry.name) for entry in entries if _age(entry, now) > _SETTLED)
        except OSError as error:
            raise Unusable(f"the mailbox folder {inbox} can't be read: {error.strerror}") from error

    def _received(self, path: Path) -> datetime:
        try:
            with path.open("rb") as file:
                return _received(path, file.read(CUT_TO), self._zone, is_mail=path.suffix.lower() == ".eml")
        except OSError:
            # Gone or unreadable: fetch() says which; the place in the list does not matter.
            return datetime.max.replace(tzinfo=self._zone)

    def _senders(self, locators: Sequence[str]) -> dict[str, str]:
        found = {}
        for name in locators:
            with suppress(OSError, KeyError):
                path = self._inside(INBOX, name)
                if path.suffix.lower() == ".eml":
                    with path.open("rb") as file:
                        found[name] = from_line(file.read(_HEAD))
        return found

    def _inside(self, folder: str, name: str) -> Path:
        if not name or "/" in name or "\0" in name or name in {".", ".."}:
            raise KeyError(name)
        return self._path / folder / name

    def _bring_back(self, folder: Folder) -> int:
        place = self._path / folder.value
        names = [entry.name for entry in os.scandir(place) if _is_message(entry)] if place.is_dir() else []
        for name in names:
            self._move(name, folder.value, INBOX)
        return len(names)

    def _move(self, locator: str, start: str, end: str) -> None:
        source = self._inside(start, locator)
        target = self._path / end
        with _filing(locator, end):
            make_folder(target)
        number = 0
        while True:
            place = target / _numbered(locator, number)
            try:
                _link_or_take(source, place)
                break
            except FileExistsError:
                if _is_same(source, place):
                    break  # a crash came between the link and the removal
                number += 1
            except FileNotFoundError:
                return
            except OSError as error:
                raise _unfiled(locator, end, error) from error
        with _filing(locator, end):
            _remove(source, place)
            _sync(target, source.parent)

    def _send(self, mail: EmailMessage) -> None:
        path = self._sent_path(str(mail["Message-ID"]))
        draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            make_folder(path.parent)
            self._sweep(path.parent)
            _write_whole(draft, wire_bytes(mail))
            self._put(draft, path, mail)
        except OSError as error:
            # Nothing has gone out, whoever is written to: a disk that is full is no fault of one request.
            raise Transient(f"the outbox can't be written: {error.strerror}") from error
        finally:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
        _sync(path.parent)

    @staticmethod
    def _put(draft: Path, path: Path, mail: EmailMessage) -> None:
        try:
            os.link(draft, path)
        except FileExistsError:
            raise DeliveryFailed(f"a mail with the Message-ID {mail['Message-ID']} was sent before") from None

    def _was_sent(self, message_id: str) -> bool:
        path = self._sent_path(message_id)
        self._sweep(path.parent)
        return path.exists()

    def _sweep(self, outbox: Path) -> None:
        """Remove what a process that was killed while it sent has left beside the mails: it may hold a password.

        Done once, before this process sends or settles its first mail; one process at a time does (bot/wiring).
        """
        with self._sweeping:
            if not self._swept:
                for draft in outbox.glob(".*.tmp"):
                    draft.unlink(missing_ok=True)
                self._swept = True

    def _sent_path(self, message_id: str) -> Path:
        safe = "".join(char if char.isalnum() or char in "-._@" else "_" for char in message_id.strip("<>"))
        if safe != message_id.strip("<>") or len(safe) > _LONGEST_NAME:
            safe = f"{safe[:100]}-{sha256(message_id.encode()).hexdigest()[:16]}"
        return self._path / OUTBOX / f"{safe.lstrip('.')}.eml"


@contextmanager
def _filing(locator: str, end: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _unfiled(locator, end, error) from error


def _unfiled(locator: str, end: str, error: OSError) -> Unfiled:
    return Unfiled(f"{shown(locator)} can't be moved to {end}/: {error.strerror}")


def message_from_file(path: Path, *, max_bytes: int, zone: tzinfo, name: str = "") -> Message:
    """Return a file as a message; its receipt time is the newest ``Received:`` stamp, else the file's own time.

    ``name`` is what it will be called, where it has another name for now. A file larger than ``max_bytes`` comes ``cut``. Raises ``OSError`` when it can't be read.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        cut = size > max_bytes
        content = file.read(min(CUT_TO, max_bytes) if cut else max_bytes + 1)
    called = name or path.name
    received_at = _received(path, content, zone, is_mail=called.lower().endswith(".eml"))
    return Message(locator=called, name=shown(called), received_at=received_at, content=content, cut=cut)


def shown(name: str) -> str:
    """Return a file name as text that can be printed and stored: what is no text or no printable shows as ``\\xNN``."""
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)


def _received(path: Path, head: bytes, zone: tzinfo, *, is_mail: bool) -> datetime:
    stamped = receipt_time(head) if is_mail else None
    return stamped.astimezone(zone) if stamped else datetime.fromtimestamp(path.stat().st_mtime, zone)


def _is_message(entry: os.DirEntry[str]) -> bool:
    hidden = entry.name.startswith((".", "~$")) or entry.name.lower().endswith(_UNFINISHED)
    return not hidden and entry.is_file(follow_symlinks=False)


def _age(entry: os.DirEntry[str], now: float) -> float:
    """Return for how many seconds nobody has written to it; 0 for what is gone by now."""
    try:
        return now - entry.stat(follow_symlinks=False).st_mtime
    except FileNotFoundError:
        return 0


def _link_or_take(source: Path, place: Path) -> None:
    """Give the file a second name that nobody has; raises ``FileExistsError`` where a rename would overwrite.

    Where links are not allowed (somebody else's file, a network share), the name is reserved and the file moved over it.
    """
    try:
        os.link(source, place)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        os.close(os.open(place, os.O_CREAT | os.O_EXCL, 0o600))
        source.replace(place)


def _remove(source: Path, place: Path) -> None:
    """Remove the first name of a file that has a second one, ``place``; where that is refused, the second one goes again."""
    try:
        source.unlink(missing_ok=True)
    except OSError:
        if _is_same(source, place):
            place.unlink()
        raise


def _is_same(source: Path, place: Path) -> bool:
    try:
        return place.samefile(source)
    except OSError:
        return False  # a link that leads nowhere has the name


def _numbered(name: str, number: int) -> str:
    """Return ``name``, from 1 on with the number before its ending, cut to what file systems take."""
    if number == 0:
        return name
    stem, dot, ending = name.rpartition(".") if "." in name else (name, "", "")
    kept = os.fsencode(stem)[:_LONGEST_NAME]
    return f"{os.fsdecode(kept)}-{number}{dot}{ending[:20]}"


def _write_whole(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(*folders: Path) -> None:
    """Make renames in ``folders`` survive a power cut, where the system can."""
    if os.name != "posix":
        return
    for folder in folders:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
