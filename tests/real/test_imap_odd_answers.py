"""IMAP servers that answer oddly: a man in the middle rewrites or refuses what a real Dovecot says, one test each."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from email.utils import format_datetime

import pytest

from bot.errors import Transient, Unfetched, Unfiled
from bot.intake.letter import open_letter
from bot.intake.reader import Reader
from bot.mail.imap import ImapMailbox
from bot.mail.port import Folder
from bot.model import ReadOutcome
from bot.sandbox.postoffice import BOT, PostOffice
from bot.settings.forms import FormsSettings
from tests.house import FRIDAY, ZONE
from tests.imap_kit import OddServer, odd_mailbox, odd_server

_FORMS = FormsSettings()
#: What Courier gives in the place of a mail that it can't read.
_PLACEHOLDER = (
    b"From: System Administrator <root@localhost>\r\nSubject: message unavailable\r\n\r\n"
    b"This message is no longer available on the server.\r\n"
)
_MULTIPART = (
    'Content-Type: multipart/mixed; boundary="b1"\r\n\r\n--b1\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n本文 {name}\r\n'
    '--b1\r\nContent-Type: text/csv; name="a.csv"\r\nContent-Disposition: attachment; filename="a.csv"\r\n\r\n職員番号\r\n--b1--\r\n'
)


@pytest.fixture
def server(office: PostOffice) -> Iterator[OddServer]:
    """The man in the middle, before an empty mailbox."""
    office.empty()
    with odd_server(office) as made:
        yield made


@pytest.fixture
async def mailbox(office: PostOffice, server: OddServer) -> AsyncIterator[ImapMailbox]:
    """The adapter by way of the man in the middle."""
    made = odd_mailbox(office, server)
    yield made
    await made.close()


def receive(office: PostOffice, *names: str, body: str = "\r\n{name}\r\n", traced: bool = True) -> None:
    """Put mails into the inbox, a minute apart."""
    for number, name in enumerate(names):
        at = FRIDAY + timedelta(minutes=number)
        trace = f"Received: from a by mx.city.example.jp; {format_datetime(at)}\r\n" if traced else ""
        head = f"{trace}Message-ID: <{name}@x>\r\nFrom: {name}@city.example.jp\r\nSubject: about {name}\r\n"
        office.put(BOT, f"{number}-{name}", (head + body.format(name=name)).encode(), at=at.timestamp())


# ---- fetching


@pytest.mark.parametrize("answer", ["TAG OK Fetch completed.", "TAG NO [SERVERBUG] no", "TAG BAD what?"])
async def test_a_mail_is_put_together_from_its_parts(
    office: PostOffice, server: OddServer, mailbox: ImapMailbox, answer: str
) -> None:
    """A server that does not give a mail in one piece gives header and text: the same mail, by its digest, in the same bytes."""
    receive(office, "a", body=_MULTIPART)
    (locator,) = await mailbox.list_new()
    whole = await mailbox.fetch(locator)
    server.refuse(r"BODY\.PEEK\[\]", answer)
    assert (await mailbox.fetch(locator)).content == whole.content
    server.refuse(r"BODY\.PEEK\[(TEXT)?\]", answer)
    parts = await mailbox.fetch(locator)
    assert (parts.unfetched, open_letter(parts, _FORMS).digest) == ("", open_letter(whole, _FORMS).digest)


async def test_ok_without_data_is_kept_as_unreadable(
    office: PostOffice, server: OddServer, mailbox: ImapMailbox
) -> None:
    """FETCH answered OK and nothing with it: the mail comes with what its envelope says, is unreadable, and can be filed."""
    receive(office, "a", "b")
    first, second = await mailbox.list_new()
    server.refuse(r"UID FETCH 1 \(?BODY\.PEEK", "TAG OK Fetch completed.")
    message = await mailbox.fetch(first)
    reading = Reader(_FORMS, zone=ZONE, own_address="x@x").read(message)
    assert (reading.outcome, reading.sender, reading.subject) == (
        ReadOutcome.UNREADABLE, "a@city.example.jp", "about a",
    )  # fmt: skip
    assert "did not give" in reading.reason
    assert message.received_at == FRIDAY
    assert (await mailbox.fetch(second)).content.endswith(b"b\r\n")
    await mailbox.file(first, Folder.UNREADABLE)
    assert await mailbox.list_new() == [second]


async def test_a_mail_that_is_refused_stays_and_the_others_go_on(
    office: PostOffice, server: OddServer, mailbox: ImapMailbox
) -> None:
    """NO to everything about one message is that message's error alone, and names it; later it is there."""
    receive(office, "a", "b")
    first, second = await mailbox.list_new()
    server.refuse(r"UID FETCH 1 ", "TAG NO [SERVERBUG] Internal error occurred.")
    with pytest.raises(Unfetched, match=r"UID 1, 2021-07-30 .*SERVERBUG"):
        await mailbox.fetch(first)
    assert (await mailbox.fetch(second)).content.endswith(b"b\r\n")
    server.well()
    assert (await mailbox.fetch(first)).content.endswith(b"a\r\n")


async def test_a_mail_at_which_the_server_breaks_off_is_charged_to_that_mail(
    office: PostOffice, server: OddServer, mailbox: ImapMailbox
) -> None:
    """A connection that ends at every question for one mail does not keep the next one from being read."""
    receive(office, "a", "b")
    first, second = await mailbox.list_new()
    server.refuse(r"UID FETCH 1 .*BODY", "")
    with pytest.raises(Unfetched, match="UID 1"):
        await mailbox.fetch(first)
    assert (await mailbox.fetch(second)).content.endswith(b"b\r\n")


@pytest.mark.parametrize("given", [_PLACEHOLDER, None], ids=["courier's placeholder", "cut off"])
async def test_a_shorter_mail_is_not_taken_for_the_whole(
    office: PostOffice, server: OddServer, mailbox: ImapMailbox, given: bytes | None
) -> None:
    """What is shorter than the server's list and structure say is asked for again, in parts, and else kept as unreadable."""
    receive(office, "a", body="\r\n{name} " + "取消：すべて\r\n" * 40)
    (locator,) = await mailbox.list_new()
    whole = (await mailbox.fetch(locator)).content
    made = given or whole[: len(whole) // 2]
    shorter = b"* 1 FETCH (UID 1 BODY[] {%d}\r\n%s)\r\nTAG OK Fetch completed." % (len(made), made)
    server.answers = lambda command: shorter if "BODY.PEEK[]" in command else None
    message = await mailbox.fetch(locator)
    assert (message.content, message.unfetched) == (whole, "")
    assert server.count(r"BODY\.PEEK\[\]") == 3
    nothing = b"TAG OK Fetch completed."
    server.answers = lambda command: (shorter if "[]" in command else nothing) if "BODY.PEEK[" in command else None
    message = await mailbox.fetch(locator)
    assert "did not give" in message.unfetched
    assert b"a@city.example.jp" in message.content


async def test_what_is_made_up_in_the_place_of_a_mail_is_from_nobody(
    office: PostOffice, server: OddServer, mailbox: ImapMailbox
) -> None:
    """Courier's "message unavailable" is unreadable, and its System Administrator no sender, also where only its header is given."""
    receive(office, "a", body="\r\n{name} " + "取消：すべて\r\n" * 40)
    (locator,) = await mailbox.list_new()
    head, text = _PLACEHOLDER.split(b"\r\n\r\n")
    parts = {"[]": _PLACEHOLDER, "[HEADER]": head + b"\r\n\r\n", "[TEXT]": text}

    def answer(command: str) -> bytes | None:
        given = [(name, part) for name, part in parts.items() if f"BODY.PEEK{name}" in command]
        return next((_literal(name, part) for name, part in given), None)

    server.answers = answer
    message = await mailbox.fetch(locator)
    assert (message.content, bool(message.unfetched)) == (b"", True)


def _literal(name: str, part: bytes) -> bytes:
    return b"* 1 FETCH (UID 1 BODY%s {%d}\r\n%s)\r\nTAG OK Fetch completed." % (name.encode(), len(part), part)


async def test_an_estimated_size_is_no_shorter_mail(
    office: PostOffice, server: OddServer, mailbox: ImapMailbox
) -> None:
    """Servers that list more bytes than a mail has (Exchange's IMAP does) are believed by its structure."""
    receive(office, "a")
    server.rewrites = lambda line: re.sub(rb"RFC822\.SIZE \d+", b"RFC822.SIZE 8192", line)
    (locator,) = await mailbox.list_new()
    message = await mailbox.fetch(locator)
    assert (message.unfetched, message.content.endswith(b"a\r\n")) == ("", True)


# ---- listing


@pytest.mark.parametrize(
    "written", [b'"00-Jan-0000 00:00:00 +0000"', b'"01-Jan-1970 00:00:00 +0000"', b"NIL", b'"yesterday"', b'"30-Jul-2021 03:00:00"']
)  # fmt: skip
async def test_a_receipt_that_is_none_stops_nothing(
    office: PostOffice, server: OddServer, mailbox: ImapMailbox, written: bytes
) -> None:
    """A mail whose INTERNALDATE is no time comes after the others, with the newest Received stamp as its receipt."""
    receive(office, "a", "b")
    server.rewrites = lambda line: (
        re.sub(rb'INTERNALDATE "[^"]+"', b"INTERNALDATE " + written, line) if line.startswith(b"* 1 ") else line
    )
    second, first = await mailbox.list_new()
    assert [locator.rpartition(":")[2] for locator in (first, second)] == ["1", "2"]
    message = await mailbox.fetch(first)
    assert (message.received_at, message.receipt_known) == (FRIDAY, True)
    assert (await mailbox.fetch(second)).received_at == FRIDAY + timedelta(minutes=1)


async def test_a_mail_that_nobody_stamped_says_so(office: PostOffice, server: OddServer, mailbox: ImapMailbox) -> None:
    """Without INTERNALDATE and Received the receipt is not known: nothing of it may be granted as in time without a person."""
    receive(office, "a", traced=False)
    server.rewrites = lambda line: re.sub(rb'INTERNALDATE "[^"]+"', b"INTERNALDATE NIL", line)
    (locator,) = await mailbox.list_new()
    assert not (await mailbox.fetch(locator)).receipt_known


@pytest.mark.parametrize("answer", ["TAG NO [SERVERBUG] no", "* 1 FETCH (UID\r\nTAG OK done", "TAG OK done"])
async def test_one_mail_does_not_spoil_a_page(
    office: PostOffice, server: OddServer, mailbox: ImapMailbox, answer: str
) -> None:
    """Where a question about many is refused for the sake of one, the others are listed with their times, that one without."""
    receive(office, *"abcdefg")

    def about(command: str) -> set[int]:
        found = re.search(r"UID FETCH (\S+) .*INTERNALDATE", command)
        spans = [tuple(map(int, f"{part}:{part}".split(":")[:2])) for part in found[1].split(",")] if found else []
        return {uid for start, end in spans for uid in range(start, max(start, end) + 1)}

    server.answers = lambda command: answer.encode() if 3 in about(command) else None
    listed = await mailbox.list_new()
    assert [locator.rpartition(":")[2] for locator in listed] == (
        ["1", "2", "4", "5", "6", "7", "3"] if answer != "TAG OK done" else [*"1234567"]
    )
    assert (await mailbox.fetch(listed[-1])).received_at == FRIDAY + timedelta(
        minutes=2 if listed[-1].endswith(":3") else 6
    )


async def test_a_server_that_breaks_off_at_the_facts_is_asked_for_numbers_alone(
    office: PostOffice, server: OddServer, mailbox: ImapMailbox
) -> None:
    """A list that always ends the connection is made without times: each mail is then asked about by itself."""
    receive(office, "a", "b")
    server.refuse(r"UID FETCH 1[:,]\S+ ", "")
    first, second = await mailbox.list_new()
    assert (await mailbox.fetch(second)).received_at == FRIDAY + timedelta(minutes=1)
    assert (await mailbox.fetch(first)).received_at == FRIDAY


async def test_a_search_that_is_refused_is_told(office: PostOffice, server: OddServer, mailbox: ImapMailbox) -> None:
    """NO to the search is no empty inbox."""
    receive(office, "a")
    server.refuse("SEARCH", "TAG NO [LIMIT] later")
    with pytest.raises(Transient, match="LIMIT"):
        await mailbox.list_new()


# ---- filing


@pytest.mark.parametrize(
    ("pattern", "answer"),
    [
        ("UID MOVE", "TAG BAD Unknown command"),
        ("^LIST", "TAG NO [SERVERBUG] no"),
        ("^LIST", "* LIST () NIL nonsense extra\r\nTAG OK done"),
        ("^LIST", r'* LIST (\Noselect) "/" processed' + "\r\nTAG OK done"),
        ("^NAMESPACE", "TAG NO no"),
        ("^NAMESPACE", "* NAMESPACE NIL NIL NIL\r\nTAG OK done"),
        ("^NAMESPACE", '* NAMESPACE (("" NIL)) NIL NIL\r\nTAG OK done'),
        ("^SUBSCRIBE", "TAG NO no"),
        ("UID EXPUNGE|UID MOVE", "TAG BAD no"),
    ],
)
async def test_filing_goes_on_where_an_answer_is_odd(
    office: PostOffice, server: OddServer, mailbox: ImapMailbox, pattern: str, answer: str
) -> None:
    """Whatever a server says to LIST, NAMESPACE, SUBSCRIBE or a MOVE it does not know, each mail is filed, once."""
    receive(office, "a", "b")
    server.refuse(pattern, answer)
    for locator in await mailbox.list_new():
        await mailbox.file(locator, Folder.PROCESSED)
        await mailbox.file(locator, Folder.PROCESSED)
    assert await mailbox.list_new() == []
    assert len(office.mails(BOT, "processed")) == 2


async def test_a_folder_that_exists_all_the_same_is_used(
    office: PostOffice, server: OddServer, mailbox: ImapMailbox
) -> None:
    """LIST does not show it and CREATE says that it is there: the mails go into it."""
    receive(office, "a", "b")
    first, second = await mailbox.list_new()
    await mailbox.file(first, Folder.PROCESSED)
    await mailbox.close()
    server.refuse("^LIST", "TAG OK nothing")
    await mailbox.file(second, Folder.PROCESSED)
    assert server.count("^CREATE") == 2
    assert len(office.mails(BOT, "processed")) == 2


async def test_a_server_that_wants_everything_below_inbox(
    office: PostOffice, server: OddServer, mailbox: ImapMailbox
) -> None:
    """Where folders may only be made below INBOX, and no NAMESPACE says so, they are made there, and found again."""
    receive(office, "a")
    server.answers = lambda command: (
        b"TAG NO Invalid name" if re.match(r'(CREATE|SELECT) "?processed', command) else None
    )
    server.rewrites = lambda line: line.replace(b" NAMESPACE", b"")
    (locator,) = await mailbox.list_new()
    await mailbox.file(locator, Folder.PROCESSED)
    assert len(office.mails(BOT, "INBOX.processed") or office.mails(BOT, "processed")) == 1
    assert await mailbox.bring_back(Folder.PROCESSED) == 1


@pytest.mark.parametrize(
    ("answer", "says"),
    [("TAG NO [OVERQUOTA] Quota exceeded", "full"), ("TAG NO [CANNOT] no", "does not move .*CANNOT")],
)
async def test_a_move_that_is_refused_is_told_and_leaves_one_mail(
    office: PostOffice, server: OddServer, mailbox: ImapMailbox, answer: str, says: str
) -> None:
    """A refusal to move leaves the mail in the inbox alone, whichever command it is an answer to."""
    receive(office, "a")
    (locator,) = await mailbox.list_new()
    for refused in ("UID MOVE", "UID (MOVE|COPY)", "UID (MOVE|STORE)"):
        moves = b"TAG BAD no" if "|" in refused else answer.encode()
        server.answers = _answering(refused, moves, answer.encode())
        with pytest.raises(Unfiled, match=says):
            await mailbox.file(locator, Folder.PROCESSED)
    server.well()
    assert await mailbox.list_new() == [locator]
    assert office.mails(BOT, "processed") == []
    await mailbox.file(locator, Folder.PROCESSED)
    assert len(office.mails(BOT, "processed")) == 1


def _answering(refused: str, moves: bytes, others: bytes) -> Callable[[str], bytes | None]:
    def answer(command: str) -> bytes | None:
        if not re.match(refused, command):
            return None
        return moves if command.startswith("UID MOVE") else others

    return answer


async def test_a_folder_that_was_removed_is_made_again(
    office: PostOffice, server: OddServer, mailbox: ImapMailbox
) -> None:
    """A target that somebody removes while the bot is connected ([TRYCREATE]) is made, and the mail filed."""
    receive(office, "a", "b")
    first, second = await mailbox.list_new()
    await mailbox.file(first, Folder.PROCESSED)
    refused = iter([b"TAG NO [TRYCREATE] Mailbox doesn't exist"])
    server.answers = lambda command: next(refused, None) if command.startswith("UID MOVE") else None
    await mailbox.file(second, Folder.PROCESSED)
    assert len(office.mails(BOT, "processed")) == 2
