"""What goes wrong between the bot and Exchange, one test each."""

from __future__ import annotations

import subprocess
import sys
import time
import traceback
import tracemalloc
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path
from typing import Literal

import pytest

from bot.console.memory import MemoryConsole
from bot.errors import AccessDenied, BotError, DeliveryFailed, OutcomeUnknown, SenderRefused, Transient, Unusable
from bot.intake.letter import open_letter
from bot.intake.reader import Reader
from bot.mail.exchange import ExchangeMailbox
from bot.mail.folder import message_from_file
from bot.mail.port import Folder
from bot.model import ReadOutcome
from bot.sandbox.ews.server import EwsServer
from bot.settings.forms import FormsSettings
from tests.ews_kit import notice, receive
from tests.house import FRIDAY, ROOT, ZONE, House
from tests.postoffice_kit import exchange_mailbox


async def test_a_wrong_password_is_tried_once(server: EwsServer) -> None:
    """The login is refused once; reading and sending then say so without another attempt."""
    mailbox = exchange_mailbox(server, password="wrong-Password-1")
    for _ in range(2):
        with pytest.raises(AccessDenied):
            await mailbox.list_new()
        with pytest.raises(AccessDenied):
            await mailbox.send(notice())
    await mailbox.close()
    assert (server.calls["401"], server.store.sent) == (1, [])


@pytest.mark.parametrize("password", ["", "wrong-Password-1"], ids=["right", "wrong"])
async def test_ntlm(password: str) -> None:
    """The login that Exchange asks for by default works for reading and sending; a wrong password is offered once."""
    with EwsServer(method="ntlm") as server:
        receive(server, "a")
        mailbox = exchange_mailbox(server, auth="ntlm", password=password)
        if password:
            for _ in range(2):
                with pytest.raises(AccessDenied):
                    await mailbox.list_new()
        else:
            assert len(await mailbox.list_new()) == 1
            await mailbox.send(notice())
        await mailbox.close()
        assert (server.calls["401"], len(server.store.sent)) == ((1, 0) if password else (0, 1))


@pytest.mark.parametrize(
    ("fault", "error", "sent"),
    [
        ("refuse_send", SenderRefused, 0),
        ("not_understood", SenderRefused, 0),
        ("unavailable_before", OutcomeUnknown, 0),
        ("unavailable_after", OutcomeUnknown, 1),
        ("drop_after", OutcomeUnknown, 1),
        ("malformed", OutcomeUnknown, 1),
        ("slow", OutcomeUnknown, 1),
        ("busy", OutcomeUnknown, 0),
        ("unauthorized", OutcomeUnknown, 0),
        ("unauthorized_after", OutcomeUnknown, 1),
    ],
)
async def test_a_send_is_posted_once(
    server: EwsServer, mailbox: ExchangeMailbox, fault: str, error: type[BotError], sent: int
) -> None:
    """Whatever comes back, the mail is posted once, and what can't be known is told as unknown."""
    await mailbox.list_new()
    server.faults.delay = 4
    setattr(server.faults, fault, 9)
    with pytest.raises(error):
        await mailbox.send(notice())
    assert len(server.store.sent) == sent
    assert server.calls["CreateItem"] <= 1
    assert await mailbox.was_sent("<a@x>") is None


async def test_a_login_that_is_refused_after_the_act_is_not_tried_again(
    server: EwsServer, mailbox: ExchangeMailbox
) -> None:
    """A 401 to a mail that was posted leaves its outcome unknown; the next mail is not posted with that login."""
    await mailbox.list_new()
    server.faults.unauthorized_after = 1
    with pytest.raises(OutcomeUnknown):
        await mailbox.send(notice())
    with pytest.raises(AccessDenied):
        await mailbox.send(notice("b"))
    assert (server.calls["CreateItem"], len(server.store.sent)) == (1, 1)


async def test_a_login_that_is_refused_at_the_first_mail_sent_nothing(server: EwsServer) -> None:
    """A process that only sends asks a harmless question first: refused there, the mail has certainly not gone out."""
    mailbox = exchange_mailbox(server, password="wrong-Password-1")
    with pytest.raises(AccessDenied):
        await mailbox.send(notice())
    await mailbox.close()
    assert (server.calls["401"], server.calls["CreateItem"]) == (1, 0)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        *((code, Transient) for code in (
            "ErrorMailboxStoreUnavailable", "ErrorMailboxMoveInProgress", "ErrorMailboxFailover", "ErrorConnectionFailed",
            "ErrorQuotaExceeded", "ErrorSubmissionQuotaExceeded", "ErrorExceededConnectionCount", "ErrorNotEnoughMemory",
            "ErrorADUnavailable", "ErrorConnectionFailedTransientError", "ErrorInsufficientResources",
        )),
        *((code, SenderRefused) for code in ("ErrorAccessDenied", "ErrorAccountDisabled", "ErrorNonExistentMailbox")),
        *((code, DeliveryFailed) for code in ("ErrorMessageSizeExceeded", "ErrorInvalidRecipients", "ErrorVirusDetected")),
        *((code, OutcomeUnknown) for code in ("ErrorServerBusy", "ErrorTimeoutExpired", "ErrorInternalServerError")),
    ],
)  # fmt: skip
async def test_each_refusal_is_what_it_says(
    server: EwsServer, mailbox: ExchangeMailbox, code: str, error: type[BotError]
) -> None:
    """What may pass is tried again, what concerns every mail pauses sending, and only what is final is given up."""
    server.faults.refuse_send, server.faults.refuse_code = 1, code
    with pytest.raises(BotError) as raised:
        await mailbox.send(notice())
    known = (SenderRefused, Transient, DeliveryFailed, OutcomeUnknown)
    assert next(kind for kind in known if isinstance(raised.value, kind)) is error
    if error is not OutcomeUnknown:
        assert await mailbox.send(notice()) == {}, "what was certainly not sent may be sent later"


async def test_one_refused_recipient_keeps_nobody_else_from_a_mail(server: EwsServer, mailbox: ExchangeMailbox) -> None:
    """A mail to several goes once to each who is accepted, and the other is named; refused by all, it failed."""
    good, bad, other = (f"{name}@city.example.jp" for name in ("op1", "gone", "op2"))
    mail = notice()
    mail.replace_header("To", ", ".join((good, bad, other)))
    server.faults.refuse_recipients = frozenset({bad})
    refused = await mailbox.send(mail)
    assert list(refused) == [bad]
    sent = [message_from_bytes(content)["To"] for content in server.store.sent]
    assert sent == [good, other]
    server.faults.refuse_recipients = frozenset({good, bad, other})
    again = notice("b")
    again.replace_header("To", mail["To"])
    with pytest.raises(DeliveryFailed):
        await mailbox.send(again)


@pytest.mark.parametrize("password", ["ひみつ-pass-2021", "pässword-2021!", "ascii-Pass-2021"])
@pytest.mark.parametrize("auth", ["basic", "ntlm"])
async def test_a_password_of_any_letters_logs_in(password: str, auth: Literal["basic", "ntlm"]) -> None:
    """Basic carries UTF-8 and NTLM Unicode: no letter of a password is refused, or shown in a traceback."""
    with EwsServer(method=auth, password=password) as server:
        mailbox = exchange_mailbox(server, auth=auth)
        assert await mailbox.list_new() == []
        await mailbox.send(notice())
        await mailbox.close()
        assert (server.calls["401"], len(server.store.sent)) == (0, 1)


async def test_a_password_that_is_no_text_is_told(server: EwsServer) -> None:
    """Bytes that are no UTF-8 are named as the setting they come from, without the password."""
    mailbox = exchange_mailbox(server, password="geheim\udcff")
    with pytest.raises(AccessDenied, match=r"mailbox\.exchange\.user or \.password") as raised:
        await mailbox.list_new()
    assert "geheim" not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize(
    ("host", "says"),
    [("localhost", "has expired"), ("mail.city.example.jp", r"is for another name.*mailbox\.exchange\.endpoint")],
)
async def test_a_bad_certificate_is_told_as_what_it_is(host: str, says: str) -> None:
    """An expired certificate and one for another name are not mended by a CA file, and the advice does not say so."""
    with EwsServer(host=host, expired=host == "localhost") as server:
        mailbox = exchange_mailbox(server)
        for ask in (mailbox.list_new(), mailbox.send(notice())):
            with pytest.raises(Unusable, match=says) as raised:
                await ask
            assert "ca_file" not in str(raised.value)
        await mailbox.close()


async def test_the_server_s_clock_is_heard(server: EwsServer, mailbox: ExchangeMailbox) -> None:
    """Every answer tells the server's time: a machine that is three days ahead knows it before it decides anything."""
    assert mailbox.clock_offset() is None
    server.faults.clock = timedelta(days=-3)
    await mailbox.list_new()
    offset = mailbox.clock_offset()
    assert offset is not None
    assert abs(offset + timedelta(days=3)) < timedelta(seconds=30)


async def test_what_is_sent_carries_our_identity(server: EwsServer, mailbox: ExchangeMailbox) -> None:
    """Message-ID and X-Telework-Request go out as they are, and no copy is asked for."""
    await mailbox.send(notice())
    (content,) = server.store.sent
    assert b"Message-ID: <a@x>" in content
    assert b"X-Telework-Request: R-1/1" in content


async def test_a_busy_server_is_waited_for_when_reading(server: EwsServer, mailbox: ExchangeMailbox) -> None:
    """Throttling with a back-off delays reading and loses nothing; beyond ``max_wait`` it is told."""
    receive(server, "a")
    server.faults.busy, server.faults.back_off_ms = 2, 100
    assert len(await mailbox.list_new()) == 1
    server.faults.busy, server.faults.back_off_ms = 9, 4000
    with pytest.raises(Transient):
        await mailbox.list_new()


@pytest.mark.parametrize("fault", ["drop_after", "slow"])
async def test_a_broken_connection_is_made_anew_when_reading(
    server: EwsServer, mailbox: ExchangeMailbox, fault: str
) -> None:
    """A connection that breaks, or an answer that does not come, is asked for once more."""
    receive(server, "a")
    server.faults.delay = 4
    setattr(server.faults, fault, 1)
    assert len(await mailbox.list_new()) == 1


@pytest.mark.parametrize("fault", ["malformed", "unavailable_before"])
async def test_nonsense_is_transient_when_reading(server: EwsServer, mailbox: ExchangeMailbox, fault: str) -> None:
    """Half an answer, or a 503, says nothing: the next call reads again."""
    receive(server, "a")
    await mailbox.list_new()
    setattr(server.faults, fault, 1)
    with pytest.raises(Transient):
        await mailbox.list_new()
    assert len(await mailbox.list_new()) == 1


async def test_a_mail_taken_by_somebody_else_is_gone(server: EwsServer, mailbox: ExchangeMailbox) -> None:
    """Removed between the look and the fetch: a KeyError; filing it is success."""
    receive(server, "a")
    (locator,) = await mailbox.list_new()
    server.store.items.clear()
    with pytest.raises(KeyError):
        await mailbox.fetch(locator)
    await mailbox.file(locator, Folder.PROCESSED)


async def test_a_full_mailbox_is_told(server: EwsServer, mailbox: ExchangeMailbox) -> None:
    """A quota that refuses the move is told, and the mail stays where it is."""
    receive(server, "a")
    (locator,) = await mailbox.list_new()
    server.faults.quota = 1
    with pytest.raises(Transient, match="full"):
        await mailbox.file(locator, Folder.PROCESSED)
    assert await mailbox.list_new() == [locator]


async def test_a_moved_mail_has_another_id(server: EwsServer, mailbox: ExchangeMailbox) -> None:
    """After a move the old id means nothing, and all of many are moved, not every second one."""
    receive(server, *"abcdef")
    for locator in await mailbox.list_new():
        await mailbox.file(locator, Folder.PROCESSED)
    assert await mailbox.list_new() == []
    assert len(server.store.named("processed")) == 6


@pytest.mark.parametrize(
    ("endpoint", "says"),
    [
        ("https://no-such-host.invalid/EWS/Exchange.asmx", "can't be resolved"),
        ("https://localhost:9/EWS/Exchange.asmx", "nothing answers"),
    ],
)
async def test_a_wrong_setting_is_named(server: EwsServer, endpoint: str, says: str) -> None:
    """Each wrong setting gives one sentence that names it."""
    mailbox = exchange_mailbox(server, endpoint=endpoint)
    with pytest.raises(Unusable, match=f"{says}.*"):
        await mailbox.check()
    await mailbox.close()


async def test_an_unknown_authority_is_refused(server: EwsServer) -> None:
    """With another CA, the certificate is refused before the password is sent, also while another mailbox is open."""
    known = exchange_mailbox(server)
    await known.list_new()
    with EwsServer() as other:
        mailbox = exchange_mailbox(other)
        mailbox._ca_file = server.ca_file
        with pytest.raises(Unusable, match="not trusted"):
            await mailbox.list_new()
        assert other.calls.total() == 0
        await mailbox.close()
    await known.close()


async def test_ten_thousand_waiting(server: EwsServer, mailbox: ExchangeMailbox) -> None:
    """10,000 mails are listed in pages, in order, and their content is not loaded for it."""
    for number in range(10_000):
        server.store.deliver(b"From: a@x\n\nx\n", FRIDAY + timedelta(seconds=number))
    tracemalloc.start()
    started = time.perf_counter()
    waiting = await mailbox.list_new()
    seconds, (_, peak) = time.perf_counter() - started, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (len(waiting), server.calls["FindItem"], server.calls["GetItem"]) == (10_000, 20, 0)
    assert seconds < 60
    assert peak < 100 * 2**20


@pytest.mark.parametrize("name", ["02", "04", "05", "17"])
async def test_a_mail_is_the_same_one_on_every_mailbox(server: EwsServer, mailbox: ExchangeMailbox, name: str) -> None:
    """Exchange writes a mail anew; its identity, by what it says, is that of the file all the same."""
    (sample,) = (ROOT / "inbox_samples").glob(f"{name}-*.eml")
    filed = message_from_file(sample, max_bytes=10**7, zone=ZONE)
    server.deliver(filed.content, filed.received_at)
    (locator,) = await mailbox.list_new()
    fetched = await mailbox.fetch(locator)
    forms = FormsSettings()
    assert fetched.content != filed.content
    assert open_letter(fetched, forms).digest == open_letter(filed, forms).digest
    assert fetched.received_at == filed.received_at


def large_mail(megabytes: int) -> bytes:
    """Return a mail with a table and a large picture."""
    mail = EmailMessage()
    mail["From"], mail["Message-ID"], mail["Subject"] = "a@x", "<large@x>", "写真を添付"
    mail.set_content("本文")
    mail.add_attachment(
        "職員番号,氏名\r\n0031977,上野原\r\n".encode("cp932"), maintype="text", subtype="csv", filename="申請.csv"
    )
    mail.add_attachment(b"\xff\xd8" * (megabytes * 2**19), maintype="image", subtype="jpeg", filename="photo.jpg")
    return mail.as_bytes()


_FETCH = """
import asyncio, sys
from pathlib import Path
from bot.intake.letter import open_letter
from bot.mail import exchange_session
from bot.settings.forms import FormsSettings
from bot.sandbox.ews.server import EwsServer
from tests.postoffice_kit import exchange_mailbox

exchange_session._LARGE = int(sys.argv[1])
server = EwsServer(url=sys.argv[2])
server.ca_file = Path(sys.argv[3])

def peak():
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))

async def fetch():
    mailbox = exchange_mailbox(server, max_bytes=10**8, timeout=30)
    (locator,) = await mailbox.list_new()
    before = peak()
    message = await mailbox.fetch(locator)
    grown = peak() - before
    await mailbox.close()
    print(grown, open_letter(message, FormsSettings()).digest)

asyncio.run(fetch())
"""


def fetched_elsewhere(server: EwsServer, large: int) -> tuple[int, str]:
    """Fetch the one mail in a process of its own; returns how much memory that took (KiB) and the mail's digest."""
    command = [sys.executable, "-c", _FETCH, str(large), server.url, str(server.ca_file)]
    said = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, timeout=60).stdout.split()
    return int(said[0]), said[1]


def test_a_large_mail_is_streamed(server: EwsServer) -> None:
    """Its parts come one by one, with the exact bytes of its attachments, in half the memory of the whole or less."""
    server.deliver(large_mail(12), FRIDAY)
    whole, digest = fetched_elsewhere(server, 2**40)
    parts, same = fetched_elsewhere(server, 4 * 2**20)
    assert (same, server.calls["GetAttachment"]) == (digest, 2)
    assert parts < whole / 2, (parts, whole)


async def test_a_shared_mailbox(server: EwsServer) -> None:
    """``mailbox`` opens a mailbox other than the user's own; one that there is not is told in one sentence."""
    receive(server, "a")
    server.store.address = "shared@city.example.jp"
    mailbox = exchange_mailbox(server, mailbox="shared@city.example.jp")
    assert len(await mailbox.list_new()) == 1
    assert "shared@city.example.jp" in await mailbox.check()
    await mailbox.close()
    other = exchange_mailbox(server, mailbox="nobody@city.example.jp")
    with pytest.raises(Unusable, match="nobody@city"):
        await other.check()
    await other.close()


# ---- what the server says of one mail


_BROKEN = ("ErrorMimeContentConversionFailed", "ErrorItemCorrupt", "ErrorContentConversionFailed")


def table_mail(name: str) -> bytes:
    """Return a mail with a table."""
    mail = EmailMessage()
    mail["From"], mail["Message-ID"], mail["Subject"] = f"{name}@x", f"<{name}@x>", f"申請 {name}"
    mail.set_content("本文\n")
    mail.add_attachment("職員番号\r\n0031977\r\n".encode(), maintype="text", subtype="csv", filename="申請.csv")
    return mail.as_bytes()


@pytest.mark.parametrize("code", [*_BROKEN, "ErrorAccessDenied", "ErrorInternalServerError", "no_mime"])
async def test_what_exchange_can_not_write_is_put_together(
    server: EwsServer, mailbox: ExchangeMailbox, code: str
) -> None:
    """A mail without MIME, whether refused or left out, comes from header, body and attachments: the same one by its digest."""
    server.deliver(table_mail("a"), FRIDAY)
    (locator,) = await mailbox.list_new()
    whole = open_letter(await mailbox.fetch(locator), FormsSettings())
    if code == "no_mime":
        server.faults.no_mime = True
    else:
        server.faults.mime_error = code
    message = await mailbox.fetch(locator)
    assert message.unfetched == ""
    assert open_letter(message, FormsSettings()).digest == whole.digest


@pytest.mark.parametrize("code", _BROKEN)
async def test_what_exchange_can_not_give_is_kept_as_unreadable(
    server: EwsServer, mailbox: ExchangeMailbox, code: str
) -> None:
    """A corrupt mail comes with the reason and its receipt, can be filed, and holds up no other."""
    server.deliver(table_mail("a"), FRIDAY)
    server.deliver(table_mail("b"), FRIDAY + timedelta(minutes=1))
    server.faults.item_error, server.faults.of_mails_with = code, b"<a@x>"
    first, second = await mailbox.list_new()
    message = await mailbox.fetch(first)
    reading = Reader(FormsSettings(), zone=ZONE, own_address="x@x").read(message)
    assert (reading.outcome, message.received_at) == (ReadOutcome.UNREADABLE, FRIDAY)
    assert "did not give" in reading.reason
    assert (await mailbox.fetch(second)).unfetched == ""
    await mailbox.file(first, Folder.UNREADABLE)
    assert await mailbox.list_new() == [second]


async def test_an_attached_mail_that_exchange_can_not_write(server: EwsServer, mailbox: ExchangeMailbox) -> None:
    """Where an attachment's content is refused too, sender and subject are known, and a part is never left out."""
    server.deliver(table_mail("a"), FRIDAY)
    server.faults.mime_error = server.faults.attachment_error = "ErrorItemCorrupt"
    (locator,) = await mailbox.list_new()
    message = await mailbox.fetch(locator)
    reading = Reader(FormsSettings(), zone=ZONE, own_address="x@x").read(message)
    assert (reading.outcome, reading.sender, reading.subject) == (ReadOutcome.UNREADABLE, "a@x", "申請 a")


async def test_a_corrupt_mail_that_is_whole_again_is_the_same_message(
    server: EwsServer, mailbox: ExchangeMailbox, tmp_path: Path
) -> None:
    """What was kept as unreadable and can be fetched later is no second record: the one there is gets what was read."""
    house = House(path=tmp_path).lay_out()
    house.apply("0000001", employee_no="0031977", days=(FRIDAY.date() + timedelta(days=4),), now=FRIDAY)
    (file,) = house.files("inbox")
    server.deliver(file.read_bytes(), FRIDAY)
    file.unlink()
    server.faults.item_error = "ErrorItemCorrupt"
    report = await house.run(MemoryConsole(), mailbox=mailbox)
    assert (report.unreadable, report.problems, len(server.store.named("unreadable"))) == (1, [], 1)
    server.faults.item_error = ""
    await mailbox.bring_back(Folder.UNREADABLE)
    again = await house.run(MemoryConsole(), mailbox=mailbox)
    assert (again.messages, again.applications) == (1, 1)


@pytest.mark.parametrize(
    ("stamp", "created", "known"),
    [
        ("%Y-%m-%dT%H:%M:%S.1234567Z", "%Y-%m-%dT%H:%M:%SZ", "created"),
        (None, "%Y-%m-%dT%H:%M:%SZ", "created"),
        (None, None, "received"),
        ("%Y-%m-%dT%H:%M:%S.5Z", "%Y-%m-%dT%H:%M:%S.5Z", "received"),
        (None, None, "nobody"),
    ],
)
async def test_a_mail_without_a_readable_receipt(
    server: EwsServer, mailbox: ExchangeMailbox, stamp: str | None, created: str | None, known: str
) -> None:
    """DateTimeReceived that can't be read is replaced by DateTimeCreated, then by the newest Received stamp, else told as unknown."""
    server.faults.stamp, server.faults.created_stamp = stamp, created
    trace = b"Received: from a by mx; Fri, 30 Jul 2021 03:00:00 +0000\r\n" if known == "received" else b""
    server.deliver(trace + table_mail("a"), datetime(2021, 7, 30, 12, tzinfo=ZONE))
    (locator,) = await mailbox.list_new()
    message = await mailbox.fetch(locator)
    assert message.receipt_known == (known != "nobody")
    if message.receipt_known:
        assert message.received_at == datetime(2021, 7, 30, 12, tzinfo=ZONE)


async def test_lost_trace_headers_are_asked_for_beside_the_mail(server: EwsServer, mailbox: ExchangeMailbox) -> None:
    """What Exchange leaves out when it writes a mail is read from the headers it keeps, in the same question, once each."""
    trace = b"Received: from a by mx; Fri, 30 Jul 2021 03:00:00 +0000\r\nReceived: from b by a; Fri, 30 Jul 2021 02:00:00 +0000\r\n"
    trace += b"Auto-Submitted: auto-replied\r\nReturn-Path: <>\r\nAuthentication-Results: mx; dkim=pass\r\n"
    server.deliver(trace + table_mail("a"), FRIDAY)
    (locator,) = await mailbox.list_new()
    kept = open_letter(await mailbox.fetch(locator), FormsSettings())
    server.faults.bare_mime = True
    bare = open_letter(await mailbox.fetch(locator), FormsSettings())
    assert (bare.trace, bare.digest) == (kept.trace, kept.digest)
    assert (len(bare.path), len(bare.trace)) == (2, 3)
    assert (bare.headers["auto-submitted"], bare.headers["return-path"]) == ("auto-replied", "<>")
    assert server.calls["GetItem"] == 2


# ---- the bot's folders


@pytest.mark.parametrize(("unanswered", "exists"), [(1, 0), (2, 0), (99, 0), (2, 1)])
async def test_a_search_for_folders_that_names_none(
    server: EwsServer, mailbox: ExchangeMailbox, unanswered: int, exists: int
) -> None:
    """A search that is answered without its folders finds none: they are made, or looked for again where they exist."""
    receive(server, "a", "b")
    if exists:
        server.store.make("Processed", "inbox")
    server.faults.no_root_folder, server.faults.folder_exists = unanswered, exists
    for locator in await mailbox.list_new():
        await mailbox.file(locator, Folder.PROCESSED)
    assert await mailbox.list_new() == []
    assert len([*server.store.named("processed"), *server.store.named("Processed")]) == 2


async def test_one_of_several_folders_is_used_always(server: EwsServer, mailbox: ExchangeMailbox) -> None:
    """Of folders of one name the one that holds mails is filled and brought back from."""
    for kind in ("IPF.Appointment", "IPF.Note", "IPF.Note"):
        server.store.make("processed", "inbox", kind)
    receive(server, "a", "b")
    first, second = await mailbox.list_new()
    await mailbox.file(first, Folder.PROCESSED)
    other = exchange_mailbox(server)
    await other.list_new()
    await other.file(second, Folder.PROCESSED)
    filled = {item.folder for item in server.store.named("processed")}
    assert [server.store.folders[key].kind for key in filled] == ["IPF.Note"]
    assert await other.bring_back(Folder.PROCESSED) == 2
    await other.close()


async def test_a_folder_that_somebody_removed_is_made_again(server: EwsServer, mailbox: ExchangeMailbox) -> None:
    """A folder that is gone though the bot has just used it is made, and the mail filed."""
    receive(server, "a", "b")
    first, second = await mailbox.list_new()
    await mailbox.file(first, Folder.PROCESSED)
    (key,) = [row.key for row in server.store.folders.values() if row.name == "processed"]
    del server.store.folders[key]
    await mailbox.file(second, Folder.PROCESSED)
    assert len(server.store.named("processed")) == 1
