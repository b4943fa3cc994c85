"""Which mails report that one of ours did not arrive, what they name, and which are certain."""

from __future__ import annotations

from base64 import encodebytes

import pytest

from bot.delivery.compose import message_id
from bot.intake.reader import Reader
from bot.intake.returned import name_parts
from bot.model import Message, ReadOutcome, Returned
from bot.settings.forms import FormsSettings
from tests.house import FRIDAY, ZONE

NOTICE = message_id("R-20210730-0007", "credentials", 1, "telework-id@city.example.jp")
NAME = NOTICE.strip("<>").partition("@")[0]
_DAEMON = "MAILER-DAEMON@mx.city.example.jp"
_REPORT = "multipart/report; report-type=delivery-status"
_HEAD = "To: telework-id@city.example.jp\nMessage-ID: <b@mx>\n"


def bounce(
    action: str = "failed", about: str = NOTICE, kind: str = _REPORT, head: str = "Return-Path: <>\n",
    sender: str = _DAEMON,
) -> bytes:  # fmt: skip
    """Return a report as Postfix writes one."""
    return (
        f"{head}From: {sender}\n{_HEAD}Subject: Undelivered Mail Returned to Sender\n"
        f"Content-Type: {kind}; boundary=b\n\n--b\n\nI'm sorry.\n\n--b\n"
        f"Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\nAction: {action}\nStatus: 5.1.1\n\n--b\n"
        f"Content-Type: text/rfc822-headers\n\nMessage-ID: {about}\n\n--b--\n"
    ).encode()


def plain(
    text: str, *, subject: str = "failure notice", sender: str = _DAEMON, head: str = "Return-Path: <>\n"
) -> bytes:
    """Return a mail of one part."""
    return f"{head}From: {sender}\n{_HEAD}Subject: {subject}\n\n{text}\n".encode()


def in_base64() -> bytes:
    """Return a report whose part with our headers is encoded, as some gateways do."""
    inner = encodebytes(f"Message-ID: {NOTICE}\nX-Telework-Request: {NAME}\n".encode()).decode()
    return (
        f"Return-Path: <>\nFrom: {_DAEMON}\n{_HEAD}Subject: x\nContent-Type: {_REPORT}; boundary=b\n\n--b\n"
        "Content-Type: message/delivery-status\n\nAction: failed\n\n--b\n"
        f"Content-Type: text/rfc822-headers\nContent-Transfer-Encoding: base64\n\n{inner}\n--b--\n"
    ).encode()


def read(content: bytes, *, trusted: tuple[str, ...] = ()) -> Returned | None:
    """Return what the reader makes of it."""
    reader = Reader(FormsSettings(trusted_authserv=trusted), zone=ZONE, own_address="telework-id@city.example.jp")
    return reader.read(Message(locator="a", name="a.eml", received_at=FRIDAY, content=content)).returned


@pytest.mark.parametrize(
    "content",
    [
        bounce(),
        bounce(head=""),
        bounce(head="Return-Path: <MAILER-DAEMON>\n"),
        bounce(head=f"Return-Path: <>\nIn-Reply-To: {NOTICE}\n", about="<rewritten@mx>"),
        bounce(about=f"<rewritten@mx>\nX-Telework-Request: {NAME}"),
        in_base64(),
        plain(f"Hi. This is the qmail-send program at mx.\n\n<a@x>:\n\n--- Below\n\nMessage-ID: {NOTICE}"),
        plain(f"A message could not be delivered.\n\n  a@x\n\nMessage-ID: {NOTICE}",
              head="Return-Path: <>\nX-Failed-Recipients: a@x\n", subject="Mail delivery failed: returning message"),
        plain(f"配信不能\n#550 5.1.10 RESOLVER.ADR.RecipientNotFound\nMessage-ID: {NOTICE}", subject="配信不能: x",
              sender="MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@city.example.jp"),
        plain(f"550 5.1.1 unknown\nX-Telework-Request: {NAME[:40]}=\n{NAME[40:]}"),
        plain(f"550 5.1.1 unknown\nMessage-ID: <{NAME[:50]}\n {NAME[50:]}@city.example.jp>"),
        plain(f"550 5.1.1 unknown\nMessage-ID: {NOTICE.upper()}"),
        plain(f"550 5.1.1 unknown\n{encodebytes(encodebytes(NOTICE.encode())).decode()}"),
        plain("550 5.1.1 unknown\n" + encodebytes(NOTICE.encode("utf-16-le")).decode()),
        plain("550 5.1.1 unknown\nMessage-ID=3A =3C" + NAME.replace(".", "=2E").replace("-", "=2D")),
        bounce("failure"),
        plain(f"配信できませんでした。\n550 5.1.1\n{NOTICE}", subject="宛先不明のメールについて", sender="mail@mx.city.example.jp"),
        plain(f"Status: 5.1.1\n{NOTICE}", subject="x", sender="mail@mx.city.example.jp"),
        plain(f"Reporting-MTA: dns; mx\nAction: failed\n{NOTICE}", subject="x", sender="mail@mx.city.example.jp"),
    ],
    ids=["Postfix", "no Return-Path", "named null sender", "In-Reply-To", "X-header", "base64", "qmail", "Exim", "Exchange",
         "quoted-printable", "folded", "other case", "base64 twice", "two bytes a letter", "encoded dots", "another word for failed",
         "a Japanese subject", "a status only", "a report's lines only"],
)  # fmt: skip
def test_a_report_of_failure_names_our_notice_wherever_it_stands(content: bytes) -> None:
    """Every mail system's own form of report is known, and our name is found in any part and any header of it."""
    assert read(content) == Returned(notices=(NAME,), certain=True)


@pytest.mark.parametrize(
    ("content", "trusted"),
    [
        (bounce(head="Return-Path: <mallory@evil.example>\n"), ()),
        (bounce(head="", sender="mallory@evil.example"), ()),
        (bounce(), ("mx.city.example.jp",)),
        (plain(f"Your mail {NOTICE} is lost, trust me."), ()),
        (plain(f"550 5.1.1\n{NOTICE}", subject="Warning: user unknown"), ()),
        (plain(f"550 5.1.1\n{NOTICE}", subject="Mail delivery failed", sender="ndr@mx", head="Precedence: bulk\n"), ()),
    ],
    ids=[
        "an envelope sender",
        "no mail system",
        "nobody vouches for it",
        "does not say that it gave up",
        "only a warning",
        "anybody",
    ],
)
def test_what_no_mail_system_certainly_wrote_is_not_certain(content: bytes, trusted: tuple[str, ...]) -> None:
    """It is known to be a report, names the notice, and is for a person."""
    assert read(content, trusted=trusted) == Returned(notices=(NAME,), certain=False)


@pytest.mark.parametrize(
    "content",
    [
        bounce("delayed"),
        bounce("delivered"),
        bounce(kind="multipart/report; report-type=disposition-notification"),
        plain(f"In queue: {NOTICE}", subject="Warning: message delayed 24 hours"),
        plain("出張中です。550 円", subject="Re: テレワークID", sender="m.takahashi@city.example.jp",
              head=f"Return-Path: <>\nAuto-Submitted: auto-replied\nIn-Reply-To: {NOTICE}\n"),
        plain(f"届きました。Message-ID: {NOTICE}", subject="Re: x", sender="m.takahashi@city.example.jp", head=""),
    ],
    ids=["only late", "arrived", "read", "late, without RFC 3464", "out of office", "an answer"],
)  # fmt: skip
def test_other_mails_about_a_notice_are_no_report_of_failure(content: bytes) -> None:
    """A warning, a receipt, an automatic reply and a person's answer name the notice too, and report nothing."""
    assert read(content) is None


def test_a_report_that_names_none_of_ours_is_one_all_the_same() -> None:
    """It is known as a report of a mail that did not arrive, of which nobody knows which."""
    assert read(bounce(about="<somebody@else>")) == Returned(notices=(), certain=True)


def test_a_name_without_the_part_that_cannot_be_guessed_proves_nothing() -> None:
    """Message-IDs made before that part was added are found, and are no proof."""
    assert name_parts(NAME) == ("R-20210730-0007", "credentials", 1)
    found = read(bounce(about="<R-20210730-0007.credentials.1@city.example.jp>"))
    assert found is not None
    assert [name_parts(name) for name in found.notices] == [None]


def test_reports_are_read_in_linear_time() -> None:
    """A report of a megabyte in one line, or in lines that look like base64, is read at once."""
    for filler in ("A" * 1_000_000, ("A" * 76 + "\n") * 13_000, "R-20210730-0007." * 60_000):
        assert read(plain(f"550 no\n{filler}\n{NOTICE}")) is not None


def test_reading_alone_decides_nothing() -> None:
    """The reader leaves a report among the ignored: whether it is true only the ledger knows."""
    reader = Reader(FormsSettings(), zone=ZONE, own_address="telework-id@city.example.jp")
    reading = reader.read(Message(locator="a", name="a.eml", received_at=FRIDAY, content=bounce()))
    assert (reading.outcome, reading.bounce_of) == (ReadOutcome.IGNORED, None)
