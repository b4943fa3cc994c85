"""What goes wrong between the bot and a mail server, one test each, on a real Dovecot."""

from __future__ import annotations

import asyncio
import time
import tracemalloc
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest

from bot.errors import AccessDenied, Transient, Unusable
from bot.mail.imap import ImapMailbox
from bot.mail.port import Folder
from bot.sandbox.postoffice import BOT, PostOffice
from tests.house import FRIDAY
from tests.postoffice_kit import imap_mailbox, imap_settings

Make = Callable[[PostOffice], ImapMailbox]


@pytest.fixture
async def mailbox(office: PostOffice) -> AsyncIterator[ImapMailbox]:
    """The adapter on an empty mailbox."""
    office.empty()
    made = imap_mailbox(office)
    yield made
    await made.close()


def receive(office: PostOffice, *names: str) -> None:
    """Put mails into the inbox, a minute apart."""
    for number, name in enumerate(names):
        at = (FRIDAY + timedelta(minutes=number)).timestamp()
        office.put(BOT, f"{name}-{time.monotonic_ns()}", f"Message-ID: <{name}@x>\n\n{name}\n".encode(), at=at)


async def restart(office: PostOffice) -> None:
    """Stop and start the server: every connection breaks."""
    await asyncio.to_thread(office.stop_imap)
    await asyncio.to_thread(office.start_imap)


async def test_a_wrong_password_is_tried_once(office: PostOffice) -> None:
    """The login is refused once, and every later call says so without another attempt: a lock-out is worse than late."""
    before = office.log().count("auth failed")
    mailbox = imap_mailbox(office, password="wrong-Password-1")
    for _ in range(3):
        with pytest.raises(AccessDenied, match=BOT) as raised:
            await mailbox.list_new()
        assert "wrong-Password-1" not in str(raised.value)
    await mailbox.close()
    assert await _settled(lambda: office.log().count("auth failed") - before) == 1


async def _settled(count: Callable[[], int]) -> int:
    """Dovecot logs a failed login when the connection ends."""
    for _ in range(40):
        if count():
            break
        await asyncio.sleep(0.05)
    return count()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"host": "no-such-host.invalid"}, "can't be resolved"),
        ({"port": 9}, "nothing answers"),
        ({"inbox": "Nowhere"}, "mailbox.imap.inbox"),
        ({"tls": "starttls"}, "does not answer|does not greet|no TLS"),
    ],
)
async def test_a_wrong_setting_is_named(office: PostOffice, changes: dict[str, object], says: str) -> None:
    """Each wrong setting gives one sentence that names it."""
    mailbox = imap_mailbox(office, imap=imap_settings(office, **{"timeout": 3, **changes}))
    with pytest.raises(Unusable, match=says):
        await mailbox.check()
    await mailbox.close()


async def test_an_unknown_authority_is_refused(office: PostOffice) -> None:
    """A certificate that no trusted CA signed ends it before the password is sent."""
    mailbox = imap_mailbox(office, trusted=False)
    with pytest.raises(Unusable, match=r"not trusted .*mailbox\.imap\.ca_file"):
        await mailbox.list_new()


async def test_starttls_is_verified_too(office: PostOffice) -> None:
    """On the plain port the session is encrypted before the login, and works."""
    office.empty()
    receive(office, "a")
    settings = imap_settings(office, tls="starttls", port=office.ports["imap"])
    mailbox = imap_mailbox(office, imap=settings)
    assert len(await mailbox.list_new()) == 1
    await mailbox.close()


async def test_a_restart_in_mid_pass_is_survived(office: PostOffice, mailbox: ImapMailbox) -> None:
    """Between listing, fetching and filing the server goes away and comes back: each call connects again by itself."""
    receive(office, "a")
    (locator,) = await mailbox.list_new()
    await restart(office)
    assert (await mailbox.fetch(locator)).content.endswith(b"a\r\n")
    await restart(office)
    await mailbox.file(locator, Folder.PROCESSED)
    await restart(office)
    assert await mailbox.list_new() == []
    assert len(office.mails(BOT, "processed")) == 1


async def test_a_server_that_stays_away_is_told(office: PostOffice, mailbox: ImapMailbox) -> None:
    """While nothing answers the call says so; when the server is back the same object works."""
    receive(office, "a")
    await mailbox.list_new()
    await asyncio.to_thread(office.stop_imap)
    with pytest.raises(Unusable, match="nothing answers"):
        await mailbox.list_new()
    await asyncio.to_thread(office.start_imap)
    assert len(await mailbox.list_new()) == 1


async def test_a_mail_taken_by_somebody_else_is_gone(office: PostOffice, mailbox: ImapMailbox) -> None:
    """A mail removed between the look and the fetch is a KeyError; filing it is success."""
    receive(office, "a", "b")
    first, second = await mailbox.list_new()
    for file in office.mails(BOT):
        file.unlink()
    for locator in (first, second):
        with pytest.raises(KeyError):
            await mailbox.fetch(locator)
    await mailbox.file(first, Folder.PROCESSED)


async def test_numbers_made_anew_mean_no_other_mail(office: PostOffice, mailbox: ImapMailbox) -> None:
    """After a change of UIDVALIDITY an old locator is gone: it never fetches or moves the mail that has the number now."""
    receive(office, "a")
    (old,) = await mailbox.list_new()
    await mailbox.close()
    office.empty()
    await restart(office)
    await asyncio.sleep(1.1)  # Dovecot numbers by the second
    receive(office, "b")
    assert old not in await mailbox.list_new()
    with pytest.raises(KeyError):
        await mailbox.fetch(old)
    await mailbox.file(old, Folder.PROCESSED)
    assert len(await mailbox.list_new()) == 1


async def test_deleted_mails_are_not_listed_and_not_removed(office: PostOffice, mailbox: ImapMailbox) -> None:
    """A mail that somebody marked as deleted is not taken, and filing another one does not expunge it."""
    receive(office, "a", "b")
    marked = office.mails(BOT)[0]
    marked.rename(marked.parent.parent / "cur" / f"{marked.name}:2,T")
    (locator,) = await mailbox.list_new()
    await mailbox.file(locator, Folder.PROCESSED)
    assert [len(office.mails(BOT)), len(office.mails(BOT, "processed"))] == [1, 1]


@pytest.mark.parametrize("taken_away", ["MOVE", "MOVE UIDPLUS"])
async def test_servers_that_can_not_move(taken_away: str) -> None:
    """Without MOVE a mail is copied and its original removed alone; without UIDPLUS too it is marked, and no longer listed."""
    capabilities = "IMAP4rev1 SASL-IR LITERAL+ NAMESPACE" + ("" if "UIDPLUS" in taken_away else " UIDPLUS")
    with PostOffice(dovecot_extra=f"protocol imap {{\n  imap_capability = {capabilities}\n}}") as office:
        mailbox = imap_mailbox(office)
        receive(office, "a", "b")
        first, second = await mailbox.list_new()
        await mailbox.file(first, Folder.PROCESSED)
        assert await mailbox.list_new() == [second]
        await mailbox.close()
        assert len(office.mails(BOT, "processed")) == 1


async def test_a_full_mailbox_is_told_and_loses_nothing() -> None:
    """When the quota refuses to file, the call says that the mailbox is full, and the mail is still there."""
    # A move within one mailbox takes no room; a copy does.
    quota = "mail_plugins = quota\nprotocol imap {\n mail_plugins = quota imap_quota\n imap_capability = IMAP4rev1 NAMESPACE UIDPLUS\n}\nplugin {\n quota = maildir:User\n quota_rule = *:storage=1K\n quota_rule2 = INBOX:ignore\n}"  # noqa: E501 - a configuration in one piece
    with PostOffice(dovecot_extra=quota) as office:
        mailbox = imap_mailbox(office)
        office.put(BOT, "a", b"Message-ID: <a@x>\n\n" + b"x" * 20_000)
        (locator,) = await mailbox.list_new()
        with pytest.raises(Transient, match="full"):
            await mailbox.file(locator, Folder.PROCESSED)
        assert await mailbox.list_new() == [locator]
        await mailbox.close()


async def test_ten_thousand_waiting(office: PostOffice, mailbox: ImapMailbox) -> None:
    """10,000 mails are listed in order within seconds, and their content is not loaded for it."""
    place = office.maildir(BOT)
    receive(office, "a")
    for number in range(9_999):
        (place / "new" / f"{number:05}").write_bytes(b"Message-ID: <x@x>\n\nx\n")
    tracemalloc.start()
    started = time.perf_counter()
    waiting = await mailbox.list_new()
    seconds, (_, peak) = time.perf_counter() - started, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(waiting) == 10_000
    assert seconds < 30
    assert peak < 40 * 2**20


async def test_a_lock_that_a_killed_server_left_is_waited_out(office: PostOffice) -> None:
    """A server that accepts the login and then hangs on its own lock is told in one sentence; once the lock has gone, the mail is there."""
    office.empty()
    receive(office, "one")
    lock = office.maildir(BOT) / "dovecot-uidlist.lock"
    lock.touch()
    mailbox = imap_mailbox(office, imap=imap_settings(office, timeout=1))
    with pytest.raises(Transient, match="localhost breaks"):
        await mailbox.list_new()
    lock.unlink()
    assert len(await mailbox.list_new()) == 1
    await mailbox.close()
