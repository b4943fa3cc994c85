"""Only what a trusted host says about a sender counts, read by RFC 8601, and only about the very domain of From."""

from __future__ import annotations

import time
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.intake.arrival import written_here
from bot.intake.authentication_results import HEADER, verify_sender
from bot.intake.reader import Reader
from bot.intake.structured import tokens
from bot.model import Message
from bot.settings.forms import FormsSettings

MX, LG = "mx.city.example.jp", "lgmail.city.example.jp"
FORM = "apply.city.example.jp"
SENDER = f"a@{FORM}"
PASS = f"dmarc=pass header.from={FORM}"


@pytest.mark.parametrize(
    "results",
    [
        PASS,
        f"DMARC=Pass (p=reject dis=none) header.From={FORM.upper()}",
        f"dmarc = pass header.from = {FORM}",
        f"{PASS};",
        f"spf=fail smtp.mailfrom=evil.example; {PASS}",
        f"dmarc=pass action=none header.from={FORM};compauth=pass reason=100",
        f"dkim=pass header.d={FORM}",
        f'dkim/1=pass header.i=@{FORM} header.s=s1 header.b="Ab/c+="',
        f"dkim=pass header.d={FORM} header.b=ab/c+=",
        f"dmarc=none; dkim=pass header.i=@{FORM.upper()}",
        f"spf=pass smtp.mailfrom=bounce+a=b@{FORM}",
        f"spf=pass smtp.mailfrom={FORM}.",
        f"spf=pass (sender (the \\) form) is 192.0.2.1; fine) smtp.mailfrom={FORM}",
        f"dkim=fail header.d=list.example; dkim=pass header.d={FORM}",
        f'dkim=pass reason="good; really" header.d="{FORM}"',
        f"dkim=pass\r\n\theader.d={FORM}",
        f"iprev=pass policy.iprev=192.0.2.1; {PASS}",
    ],
)
def test_a_pass_for_the_domain_of_from_vouches(results: str) -> None:
    """DMARC decides, else DKIM or SPF for that very domain, however the header is folded, quoted, commented or spelled."""
    assert verify_sender([f"{MX}; {results}"], SENDER, [MX.upper()]) is True


@pytest.mark.parametrize(
    "results",
    [
        # Of another domain, or of none.
        "dmarc=pass header.from=evil.example",
        "dmarc=pass",
        f"dmarc=pass header.from=evil.example header.from={FORM}",
        f"dmarc=pass header.from={FORM}.evil.example",
        "dkim=pass header.d=evil.example",
        f"dkim=pass header.d=evil.example header.i=@{FORM}",
        "spf=pass smtp.mailfrom=a@evil.example",
        f"dkim=pass header.d=x.{FORM}",
        "dkim=pass header.d=city.example.jp",
        f"spf=pass smtp.helo={FORM}",
        f"spf=pass smtp.mailfrom={FORM}@evil.example",
        # Words in quotes and comments.
        f'spf=pass smtp.mailfrom="a; {PASS}"@evil.example',
        f'spf=pass reason="x; {PASS}" smtp.mailfrom=evil.example',
        f'spf=fail reason="\\"; {PASS}"',
        f"spf=fail (; {PASS}) smtp.mailfrom={FORM}",
        f"spf=fail (a (b) ; {PASS}) smtp.mailfrom={FORM}",
        f'spf=pass smtp.mailfrom="a@{FORM}"@evil.example',
        # A failure beside a pass.
        f"spf=pass smtp.mailfrom={FORM}; dmarc=fail header.from={FORM}",
        f"dmarc=fail header.from={FORM}; {PASS}",
        f"dmarc=temperror header.from={FORM}; dkim=pass header.d={FORM}",
        f"dkim=fail header.d={FORM}; dkim=pass header.d={FORM}",
        f"dkim=fail header.d={FORM}; spf=pass smtp.mailfrom={FORM}",
        f"dmarc=bestguesspass header.from={FORM}",
        f"dkim=none; spf=softfail smtp.mailfrom={FORM}",
        # Not whole.
        "none",
        "",
        f"none; {PASS}",
        f"dmarc=pass (header.from={FORM}",
        f'dmarc=pass header.from="{FORM}',
        f"dmarc=pass rubbish header.from={FORM}",
        f"{PASS}\x00",
        f"dmarc=pass header.from={FORM}\\",
        f"dmarc/2=pass header.from={FORM}",
        f"=pass; {PASS}",
        f"{PASS}; {'x' * 9_000}=none",
    ],
)
def test_anything_else_does_not(results: str) -> None:
    """Another domain, words inside quotes or comments, a failure beside a pass, a header that can't be read to its end."""
    assert verify_sender([f"{MX}; {results}"], SENDER, [MX]) is False


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (f"{MX} 1; {PASS}", True),
        (f"(x) {MX} (y; z) 1 ; {PASS}", True),
        (f'"{MX}"; {PASS}', True),
        (f"{MX} 2; {PASS}", False),
        (f"{MX} x y; {PASS}", False),
        (f"evil.example {MX}; {PASS}", False),
        (f"{MX}.evil.example; {PASS}", False),
        (f"({MX}); {PASS}", False),
        (f"evil.example ({MX}); {PASS}", False),
        (f"{PASS}", False),
        (MX, False),
    ],
)
def test_the_host_is_the_one_that_the_header_begins_with(header: str, *, expected: bool) -> None:
    """A name in a comment, a longer name, another version or no name at all is not the trusted host's word."""
    assert verify_sender([header], SENDER, [MX]) is expected


def test_the_newest_word_of_a_trusted_host_counts() -> None:
    """A header that came along with the mail stands below: it can take a pass back, and never gives one."""
    good, bad, nothing = f"{MX}; {PASS}", f"{MX}; dmarc=fail header.from={FORM}", f"{MX}; spf=none; dkim=none"
    assert verify_sender([f"evil.example; {PASS}"], SENDER, [MX]) is False
    assert verify_sender([f"evil.example; dmarc=fail header.from={FORM}", good], SENDER, [MX]) is True
    assert [verify_sender([first, good], SENDER, [MX]) for first in (bad, nothing, f"{MX}; (", f"{MX}; none")] == [
        False
    ] * 4
    assert verify_sender([good, bad], SENDER, [MX]) is False
    assert verify_sender([], SENDER, [MX]) is False
    assert verify_sender([good], "", [MX]) is False
    assert verify_sender([bad], SENDER, []) is None


def test_with_trusted_hosts_named_a_header_stands_above_their_received_line() -> None:
    """What stands below the last Received line of our own hosts came along with the mail."""
    ours, border, strange = (
        ("received", f"from x by {host}; Fri, 30 Jul 2021 12:00:00 +0900") for host in (MX, LG, "evil.example")
    )
    checks = [(HEADER, name) for name in "abcd"]
    trace = [checks[0], ours, checks[1], border, checks[2], strange, checks[3]]
    assert written_here(trace, HEADER, [MX, LG]) == ["a", "b"]
    assert written_here(trace, HEADER, [MX]) == ["a"]
    assert written_here(trace, HEADER, ["other.example"]) == []
    assert written_here(trace, HEADER, []) == ["a", "b", "c", "d"]


@given(
    checks=st.lists(
        st.text(max_size=80) | st.text('dmarckpsf=;.@ ()"\\/1', max_size=80).map(f"{MX}; ".__add__), max_size=4
    ),
    sender=st.text(max_size=20),
)
def test_any_header_gets_an_answer(checks: list[str], sender: str) -> None:
    """Nothing in the header makes it raise."""
    assert verify_sender(checks, sender, [MX]) in {True, False}


@given(words=st.text(max_size=60))
def test_nothing_in_quotes_or_comments_vouches(words: str) -> None:
    """Whatever the sender brings into a quoted string or a comment, the mail of another domain stays unproven."""
    quoted = words.replace("\\", "\\\\").replace('"', '\\"')
    comment = quoted.replace("(", "\\(").replace(")", "\\)")
    for text in (f'"{quoted}; {PASS}"@evil.example', f"evil.example ({comment}; {PASS})"):
        assert verify_sender([f"{MX}; spf=pass smtp.mailfrom={text}"], SENDER, [MX]) is False


@pytest.mark.parametrize("piece", ["(", '"', "((\\", "=", ";", "a=b ", "\\", '"a" ', "() "])
def test_a_hostile_header_costs_time_in_proportion(piece: str) -> None:
    """Four times as long a header takes about four times as long, not sixteen."""

    def seconds(count: int) -> float:
        header = piece * count
        start = time.perf_counter()
        tokens(header, ";=")
        verify_sender([f"{MX}; {header}", header], SENDER, [MX])
        return time.perf_counter() - start

    assert min(seconds(8_000) for _ in range(3)) < 10 * min(seconds(2_000) for _ in range(3)) + 0.02


@pytest.mark.parametrize(("domain", "vouched"), [(FORM, True), ("evil.example", False)])
def test_the_reading_says_whether_the_sender_is_authentic(domain: str, *, vouched: bool) -> None:
    """The reading carries the word of the configured host."""
    reader = Reader(FormsSettings(trusted_authserv=(MX,)), zone=ZoneInfo("Asia/Tokyo"), own_address="t@city.example.jp")
    head = f"Authentication-Results: {MX};\r\n dmarc=pass header.from={domain}"
    content = f"{head}\r\nFrom: {SENDER}\r\nSubject: x\r\n\r\nx".encode()
    received = datetime(2021, 7, 30, tzinfo=ZoneInfo("Asia/Tokyo"))
    assert reader.read(Message(locator="a", name="a.eml", received_at=received, content=content)).authentic is vouched
