"""Which reports mean that a mail of ours did not arrive, and which do not."""

from __future__ import annotations

import pytest

from bot.intake.reader import Reader
from bot.model import Message
from bot.settings.forms import FormsSettings
from tests.house import FRIDAY, ZONE

NOTICE = "<R-20210730-0007.credentials.1@city.example.jp>"


def bounce(
    action: str = "failed", about: str = NOTICE, kind: str = "multipart/report; report-type=delivery-status"
) -> bytes:
    """Return a report as Postfix writes one."""
    return (
        "From: MAILER-DAEMON@mx.city.example.jp\nTo: telework-id@city.example.jp\nSubject: Undelivered Mail Returned to Sender\n"
        f"Message-ID: <b@mx>\nContent-Type: {kind}; boundary=b\n\n--b\n\nI'm sorry.\n\n--b\n"
        f"Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\nAction: {action}\nStatus: 5.1.1\n\n--b\n"
        f"Content-Type: text/rfc822-headers\n\nMessage-ID: {about}\n\n--b--\n"
    ).encode()


@pytest.mark.parametrize(
    ("content", "trusted", "expected"),
    [
        (bounce(), (), NOTICE),
        (bounce("delayed"), (), None),
        (bounce("delivered"), (), None),
        (bounce(about="<somebody@else>"), (), None),
        (bounce(kind="multipart/mixed"), (), None),
        (bounce(), ("mx.city.example.jp",), None),
    ],
    ids=["failed", "only late", "arrived", "another mail", "no report", "nobody vouches for it"],
)
def test_only_a_report_of_failure_counts(content: bytes, trusted: tuple[str, ...], expected: str | None) -> None:
    """A final failure of one of our notices is told; a warning, a receipt, a stranger's mail or a forgery is not."""
    reader = Reader(FormsSettings(trusted_authserv=trusted), zone=ZONE, own_address="telework-id@city.example.jp")
    message = Message(locator="a", name="a.eml", received_at=FRIDAY, content=content)
    assert reader.read(message).bounce_of == expected
