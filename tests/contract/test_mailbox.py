"""The promises of the mailbox port (bot/mail/port.py), the same for every adapter."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

import pytest

from bot.errors import DeliveryFailed, Unfetched, Unfiled
from bot.mail.folder import FolderMailbox
from bot.mail.port import Folder, Mailbox
from bot.sandbox.ews.server import EwsServer
from bot.sandbox.postoffice import BOT, PostOffice
from tests.house import FRIDAY, ZONE
from tests.imap_kit import OddServer, as_nobody, odd_mailbox, odd_server
from tests.postoffice_kit import exchange_mailbox

_MOST = 200_000


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A mailbox under test, how a mail gets into it, and what is in its folders."""

    mailbox: Mailbox
    receive: Callable[[str, datetime, str], None]
    filed: Callable[[Folder], int]
    sent: Callable[[], int]
    #: Meanwhile nothing is given of the mails of this name.
    withheld: Callable[[str], AbstractContextManager[None]]
    #: Meanwhile no mail can be moved.
    immovable: Callable[[], AbstractContextManager[None]]


def raw(name: str, received: datetime, body: str) -> bytes:
    """Return a mail as our server would have stamped it."""
    stamp = f"Received: from a by mx.city.example.jp;\r\n\t{format_datetime(received)}\r\nReceived: from b by a; Thu, 1 Jul 2021 00:00:00 +0000\r\n"
    return f"{stamp}Message-ID: <{name}@example.jp>\r\nFrom: a@city.example.jp\r\nSubject: x\r\n\r\n{body}".encode()


def folder_mailbox(path: Path) -> Subject:
    """Return the folder adapter."""
    (path / "inbox").mkdir(parents=True)

    def count(name: str) -> int:
        return len([file for file in (path / name).iterdir() if file.is_file()]) if (path / name).exists() else 0

    def receive(name: str, at: datetime, body: str) -> None:
        (path / "inbox" / f"{name}.eml").write_bytes(raw(name, at, body))

    return Subject(
        mailbox=FolderMailbox(path, max_bytes=_MOST, zone=ZONE),
        receive=receive,
        filed=lambda folder: count(folder.value), sent=lambda: count("outbox"),
        withheld=lambda name: _forbidden(path / "inbox" / f"{name}.eml", 0o000), immovable=lambda: _forbidden(path / "inbox", 0o555),
    )  # fmt: skip


@contextmanager
def _forbidden(path: Path, mode: int) -> Iterator[None]:
    """Forbid everybody but root what the mode does not allow, and be somebody else meanwhile."""
    before = path.stat().st_mode
    path.chmod(mode)
    try:
        with as_nobody():
            yield
    finally:
        path.chmod(before)


def imap_subject(office: PostOffice, server: OddServer) -> Subject:
    """Return the IMAP and SMTP adapter on real servers, with every mailbox empty."""
    office.empty()
    count = itertools.count()

    def receive(name: str, at: datetime, body: str) -> None:
        office.put(BOT, f"{name}-{next(count)}", raw(name, at, body), at=at.timestamp())

    def sent() -> int:
        return len(office.delivered("a"))

    @contextmanager
    def refused(pattern: str) -> Iterator[None]:
        server.refuse(pattern, "TAG NO [SERVERBUG] Internal error occurred.")
        yield
        server.well()

    def uid(name: str) -> int:
        """Mails are numbered as they came into the mailbox."""
        return 1 + [file.name.rpartition("-")[0] for file in office.mails(BOT)].index(name)

    return Subject(
        mailbox=odd_mailbox(office, server, max_bytes=_MOST),
        receive=receive,
        filed=lambda folder: len(office.mails(BOT, folder.value)), sent=sent,
        withheld=lambda name: refused(rf"UID FETCH {uid(name)} "), immovable=lambda: refused("UID (MOVE|COPY)"),
    )  # fmt: skip


def exchange_subject(server: EwsServer) -> Subject:
    """Return the Exchange adapter on an embedded endpoint."""

    def receive(name: str, at: datetime, body: str) -> None:
        server.deliver(raw(name, at, body), at)

    @contextmanager
    def refused(name: str, **codes: str) -> Iterator[None]:
        server.faults.of_mails_with = f"<{name}@".encode() if name else b""
        for kind, code in codes.items():
            setattr(server.faults, kind, code)
        yield
        for kind in codes:
            setattr(server.faults, kind, "")

    return Subject(
        mailbox=exchange_mailbox(server, max_bytes=_MOST),
        receive=receive,
        filed=lambda folder: len(server.store.named(folder.value)), sent=lambda: len(server.store.sent),
        withheld=lambda name: refused(name, item_error="ErrorAccessDenied"),
        immovable=lambda: refused("", move_error="ErrorMoveCopyFailed"),
    )  # fmt: skip


@pytest.fixture(params=["folder", "imap", "exchange"])
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[Subject]:
    """Each adapter in turn."""
    with ExitStack() as stack:
        if request.param == "folder":
            made = folder_mailbox(stack.enter_context(_of_nobody()))
        elif request.param == "imap":
            office: PostOffice = request.getfixturevalue("office")
            made = imap_subject(office, stack.enter_context(odd_server(office)))
        else:
            made = exchange_subject(stack.enter_context(EwsServer()))
        yield made
        await made.mailbox.close()


@contextmanager
def _of_nobody() -> Iterator[Path]:
    """Give a folder that somebody without any rights can enter and write to; those of pytest are root's alone."""
    path = Path(tempfile.mkdtemp(prefix="mailbox-"))
    path.chmod(0o777)
    before = os.umask(0)
    try:
        yield path / "mailbox"
    finally:
        os.umask(before)
        shutil.rmtree(path)


def notice(message_id: str = "<R-1.credentials.1@city.example.jp>") -> EmailMessage:
    """Return a mail to send."""
    mail = EmailMessage()
    mail["Message-ID"], mail["To"], mail["From"], mail["Subject"] = (
        message_id,
        "a@city.example.jp",
        "b@city.example.jp",
        "件名",
    )
    mail.set_content("本文\n")
    return mail


async def test_lists_in_the_order_of_receipt_and_changes_nothing(subject: Subject) -> None:
    """New messages come oldest first by the server's receipt, the same on every look."""
    for name, hours in (("c", 1), ("a", 3), ("b", 2)):
        subject.receive(name, FRIDAY + timedelta(hours=hours), "x")
    first = await subject.mailbox.list_new()
    messages = [await subject.mailbox.fetch(locator) for locator in first]
    assert [message.received_at for message in messages] == [FRIDAY + timedelta(hours=hours) for hours in (1, 2, 3)]
    assert await subject.mailbox.list_new() == first


async def test_senders_are_told_without_reading(subject: Subject) -> None:
    """The From line of each message is told, as far as the server knows it; a message that is gone is none, and none is marked or moved."""
    subject.receive("a", FRIDAY, "x")
    subject.receive("b", FRIDAY + timedelta(hours=1), "x")
    locators = await subject.mailbox.list_new()
    assert await subject.mailbox.senders([*locators]) == dict.fromkeys(locators, "a@city.example.jp")
    await subject.mailbox.file(locators[0], Folder.IGNORED)
    assert list(await subject.mailbox.senders(locators)) == locators[1:]
    assert await subject.mailbox.list_new() == locators[1:]


async def test_fetch_gives_the_bytes_and_the_receipt(subject: Subject) -> None:
    """A message comes with its content and the newest stamp of our own server, aware."""
    subject.receive("a", FRIDAY, "hello")
    message = await subject.mailbox.fetch((await subject.mailbox.list_new())[0])
    assert message.content.endswith(b"hello")
    assert (message.received_at, message.cut) == (FRIDAY, False)


async def test_too_large_comes_cut(subject: Subject) -> None:
    """A message beyond the limit is not loaded whole, and says so."""
    subject.receive("a", FRIDAY, "x" * (_MOST + 1))
    message = await subject.mailbox.fetch((await subject.mailbox.list_new())[0])
    assert message.cut
    assert len(message.content) <= _MOST


async def test_what_was_filed_can_be_brought_back(subject: Subject) -> None:
    """Every message of one folder is in the inbox again, the same as it was; the others stay, and no folder is an empty one."""
    assert await subject.mailbox.bring_back(Folder.UNREADABLE) == 0
    for name, hours in (("a", 0), ("b", 1), ("c", 2)):
        subject.receive(name, FRIDAY + timedelta(hours=hours), name)
    first, second, third = await subject.mailbox.list_new()
    before = [await subject.mailbox.fetch(locator) for locator in (first, second)]
    await subject.mailbox.file(first, Folder.UNREADABLE)
    await subject.mailbox.file(second, Folder.UNREADABLE)
    await subject.mailbox.file(third, Folder.PROCESSED)
    assert await subject.mailbox.bring_back(Folder.UNREADABLE) == 2
    after = [await subject.mailbox.fetch(locator) for locator in await subject.mailbox.list_new()]
    assert [(one.received_at, one.content) for one in after] == [(one.received_at, one.content) for one in before]
    assert (subject.filed(Folder.UNREADABLE), subject.filed(Folder.PROCESSED)) == (0, 1)
    assert await subject.mailbox.bring_back(Folder.UNREADABLE) == 0


@pytest.mark.parametrize("folder", list(Folder))
async def test_filing_moves_once(subject: Subject, folder: Folder) -> None:
    """A filed message is in its folder and no longer new; filing it again is success."""
    subject.receive("a", FRIDAY, "x")
    (locator,) = await subject.mailbox.list_new()
    await subject.mailbox.file(locator, folder)
    await subject.mailbox.file(locator, folder)
    assert await subject.mailbox.list_new() == []
    assert subject.filed(folder) == 1


async def test_what_is_gone_is_told(subject: Subject) -> None:
    """A message that somebody took away in between is a KeyError to fetch."""
    subject.receive("a", FRIDAY, "x")
    (locator,) = await subject.mailbox.list_new()
    await subject.mailbox.file(locator, Folder.PROCESSED)
    with pytest.raises(KeyError):
        await subject.mailbox.fetch(locator)


async def test_filing_never_overwrites(subject: Subject) -> None:
    """Two messages of one name are both kept."""
    for body in ("one", "two"):
        subject.receive("a", FRIDAY, body)
        (locator,) = await subject.mailbox.list_new()
        await subject.mailbox.file(locator, Folder.PROCESSED)
    assert subject.filed(Folder.PROCESSED) == 2


async def test_a_mail_is_sent_once(subject: Subject) -> None:
    """A sent mail is known by its Message-ID; the same one is not sent a second time."""
    assert await subject.mailbox.was_sent("<R-1.credentials.1@city.example.jp>") in (False, None)
    await subject.mailbox.send(notice())
    assert await subject.mailbox.was_sent("<R-1.credentials.1@city.example.jp>") is True
    with pytest.raises(DeliveryFailed):
        await subject.mailbox.send(notice())
    assert subject.sent() == 1
    assert await subject.mailbox.was_sent("<R-1.credentials.2@city.example.jp>") in (False, None)


async def test_reading_marks_nothing(subject: Subject) -> None:
    """A message that was fetched is listed as before, and comes again with the same bytes."""
    subject.receive("a", FRIDAY, "x")
    (locator,) = await subject.mailbox.list_new()
    first = await subject.mailbox.fetch(locator)
    assert await subject.mailbox.list_new() == [locator]
    assert (await subject.mailbox.fetch(locator)).content == first.content


async def test_what_comes_later_is_listed_later(subject: Subject) -> None:
    """A message that arrives after the first look is there at the next one."""
    subject.receive("a", FRIDAY, "x")
    assert len(await subject.mailbox.list_new()) == 1
    subject.receive("b", FRIDAY + timedelta(minutes=1), "y")
    assert len(await subject.mailbox.list_new()) == 2


async def test_filing_what_is_gone_is_success(subject: Subject) -> None:
    """When somebody else has taken the message away, filing it does nothing and says nothing."""
    subject.receive("a", FRIDAY, "x")
    (locator,) = await subject.mailbox.list_new()
    await subject.mailbox.file(locator, Folder.IGNORED)
    await subject.mailbox.file(locator, Folder.PROCESSED)
    assert (subject.filed(Folder.IGNORED), subject.filed(Folder.PROCESSED)) == (1, 0)


async def test_check_touches_nothing(subject: Subject) -> None:
    """The preflight says what waits, and leaves everything as it is."""
    subject.receive("a", FRIDAY, "x")
    assert "1 waiting" in await subject.mailbox.check()
    assert len(await subject.mailbox.list_new()) == 1
    assert subject.sent() == 0


async def test_a_mail_that_is_not_given_holds_up_no_other(subject: Subject) -> None:
    """One of which nothing is given is listed, named by its error, and stays; the others come, and later it does too."""
    for name, minutes in (("a", 0), ("b", 1), ("c", 2)):
        subject.receive(name, FRIDAY + timedelta(minutes=minutes), name)
    before = await subject.mailbox.list_new()
    with subject.withheld("b"):
        listed = await subject.mailbox.list_new()
        given, refused = [], []
        for locator in listed:
            try:
                given.append((await subject.mailbox.fetch(locator)).content[-1:])
            except Unfetched as error:
                refused.append(error.which)
    assert (set(listed), given, len(refused)) == (set(before), [b"a", b"c"], 1)
    assert (await subject.mailbox.fetch(before[1])).content.endswith(b"b")


async def test_what_is_not_given_is_named_the_same_at_every_attempt(subject: Subject) -> None:
    """The name in the error tells at the next pass that it is the same mail."""
    subject.receive("a", FRIDAY, "a")
    names = []
    with subject.withheld("a"):
        for _ in range(2):
            (locator,) = await subject.mailbox.list_new()
            with pytest.raises(Unfetched) as raised:
                await subject.mailbox.fetch(locator)
            names.append(raised.value.which)
    assert names[0] == names[1] != ""


async def test_a_mail_that_can_not_be_moved_stays_as_it_was(subject: Subject) -> None:
    """A refused move says so; the mail is in the inbox alone, known by its stamp, and is moved once when it can be."""
    subject.receive("a", FRIDAY, "a")
    (locator,) = await subject.mailbox.list_new()
    stamp = await subject.mailbox.stamp(locator)
    with subject.immovable(), pytest.raises(Unfiled):
        await subject.mailbox.file(locator, Folder.PROCESSED)
    assert await subject.mailbox.list_new() == [locator]
    assert (subject.filed(Folder.PROCESSED), await subject.mailbox.stamp(locator)) == (0, stamp)
    await subject.mailbox.file(locator, Folder.PROCESSED)
    assert (await subject.mailbox.list_new(), subject.filed(Folder.PROCESSED)) == ([], 1)


async def test_a_stamp_tells_another_mail_in_the_same_place(subject: Subject) -> None:
    """What takes the place of a mail has another locator or another stamp."""
    marks = set()
    for body in ("one", "two"):
        subject.receive("a", FRIDAY, body)
        (locator,) = await subject.mailbox.list_new()
        marks.add((locator, await subject.mailbox.stamp(locator)))
        await subject.mailbox.file(locator, Folder.PROCESSED)
    assert len(marks) == 2
