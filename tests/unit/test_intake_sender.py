"""Only what a trusted host says about a sender counts, and only about the sender's own domain."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.intake.reader import Reader
from bot.intake.sender import authentic
from bot.model import Message
from bot.settings.forms import FormsSettings

MX = "mx.city.example.jp"
SENDER = "a@apply.city.example.jp"


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ("dmarc=pass header.from=apply.city.example.jp", True), ("spf=pass smtp.mailfrom=x@apply.city.example.jp; dmarc=fail", False),
        ("dkim=pass header.d=apply.city.example.jp", True), ("dkim=pass (2048 bit; dmarc=pass) header.d=evil.example", False),
        ("spf=pass smtp.mailfrom=bounce@apply.city.example.jp", True), ("spf=fail smtp.mailfrom=apply.city.example.jp; dkim=none", False), ("none", False), ("", False),
        ("dmarc=none; dkim=pass header.i=@APPLY.city.example.jp", True),
    ],
)  # fmt: skip
def test_results_of_a_trusted_host(results: str, *, expected: bool) -> None:
    """DMARC decides; else DKIM or SPF must have passed for the domain that stands in From."""
    assert authentic([f"{MX} 1; {results}"], SENDER, [MX.upper()]) is expected


def test_only_trusted_hosts_count_and_the_newest_of_them() -> None:
    """A header that came along with the mail, or an older one, proves nothing; none at all is no proof either."""
    good, bad = f"{MX}; dmarc=pass", f"{MX}; dmarc=fail"
    assert authentic(["evil.example; dmarc=pass"], SENDER, [MX]) is False
    assert authentic([bad, good], SENDER, [MX]) is False
    assert authentic(["evil.example; dmarc=fail", good], SENDER, [MX]) is True
    assert authentic([], SENDER, [MX]) is False
    assert authentic([bad], SENDER, []) is None


@given(
    checks=st.lists(st.text(max_size=80) | st.text('dkimspf=;.@ ()"', max_size=80), max_size=4),
    sender=st.text(max_size=20),
)
def test_any_header_gets_an_answer(checks: list[str], sender: str) -> None:
    """Nothing in the header makes it raise."""
    assert authentic(checks, sender, [MX]) in {True, False}


def test_the_reading_says_whether_the_sender_is_authentic() -> None:
    """The reading carries the word of the configured host."""
    reader = Reader(FormsSettings(trusted_authserv=(MX,)), zone=ZoneInfo("Asia/Tokyo"), own_address="t@city.example.jp")
    content = f"Authentication-Results: {MX};\r\n dmarc=fail\r\nFrom: {SENDER}\r\nSubject: x\r\n\r\nx".encode()
    received = datetime(2021, 7, 30, tzinfo=ZoneInfo("Asia/Tokyo"))
    assert reader.read(Message(locator="a", name="a.eml", received_at=received, content=content)).authentic is False
