"""A mail has one sender, the address that every program finds in its one From header; else it has none, and says why."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.intake.from_header import FromFault, read_address
from bot.intake.reader import Reader
from bot.model import Message, Reading, ReadOutcome
from bot.settings.forms import FormsSettings

FORM = "noreply@apply.city.example.jp"
EVIL = "x@evil.example"
BODY = "受付番号：0000901\n職員番号：0031977\n氏名：上野原　拓\n利用日：R3.8.2\n実施場所：自宅\n"


def read(head: bytes) -> Reading:
    """Read an application below these header lines."""
    content = head + b"\r\nSubject: ID\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + BODY.encode()
    received = datetime(2021, 7, 30, tzinfo=ZoneInfo("Asia/Tokyo"))
    reader = Reader(FormsSettings(), zone=ZoneInfo("Asia/Tokyo"), own_address="telework-id@city.example.jp")
    return reader.read(Message(locator="a", name="a.eml", received_at=received, content=content))


@pytest.mark.parametrize(
    ("header", "address"),
    [
        (FORM, FORM),
        (f"<{FORM}>", FORM),
        (f"\r\n <{FORM}>", FORM),
        (FORM.upper(), FORM),
        (f"{FORM} (a <{EVIL}>)", FORM),
        (f"(x) < {FORM} >", FORM),
        (f"=?UTF-8?B?5L6L5biC?= <{FORM}>", FORM),
        (f"Form No. 1 <{FORM}>", FORM),
        (f'"例市, \\"x\\" (y)" <{FORM}>', FORM),
        (f"例市 電子申請 <{FORM}>", FORM),
        # Whatever stands beside an address is only a name.
        (f'"{FORM}" <{EVIL}>', EVIL),
        (f"=?utf-8?q?noreply=40apply=2Ecity=2Eexample=2Ejp_=3Cx=3E?= <{EVIL}>", EVIL),
        (f"{EVIL} ({FORM})", EVIL),
        ("x@xn--ppy-6na.city.example.jp", "x@xn--ppy-6na.city.example.jp"),
    ],
)
def test_the_address_is_what_stands_between_the_brackets(header: str, address: str) -> None:
    """Names, comments and encoded words beside it change nothing, and are not decoded to find it."""
    assert read_address(header) == address


@pytest.mark.parametrize(
    "header",
    [
        f"{FORM}, {EVIL}",
        f"a <{FORM}>, b <{EVIL}>",
        f"form: {FORM};",
        f"undisclosed:; {FORM}",
        f"<@evil.example,@x:{FORM}>",
    ],
)
def test_several_addresses_are_none(header: str) -> None:
    """A list, a group or a route: which one counts depends on who reads it."""
    assert read_address(header) is FromFault.SEVERAL_ADDRESSES


@pytest.mark.parametrize(
    "header",
    [
        "",
        "noreply",
        "<>",
        "x@",
        "@city.example.jp",
        f"{FORM} <{EVIL}>",
        f"<{FORM}> <{EVIL}>",
        f"<{FORM}> x",
        f"<<{FORM}>>",
        f"<{FORM}",
        f"{FORM}>",
        '"noreply"@apply.city.example.jp',
        f'"{FORM}',
        f'"a" <"{FORM}"@evil.example>',
        f"<{FORM}@evil.example>",
        f"a (b <{FORM}>",
        "<=?utf-8?q?noreply?=@apply.city.example.jp>",
        "=?utf-8?q?noreply=40apply=2Ecity=2Eexample=2Ejp?=",
        "<noreply@=?utf-8?q?apply?=.city.example.jp>",
        "norep\u200bly@apply.city.example.jp",
        "noreply@apply.city.example\u2060.jp",
        f"\u202e{FORM}",
        f"\ufeff{FORM}",
        "noreply@apply.c\u0456ty.example.jp",
        "noreply@ａpply.city.example.jp",
        "noreply@apply.city.example。jp",
        "\u212aato@city.example.jp",
        f"{FORM}\x00",
        f"\x1b$B<{FORM}>",
        f"{FORM}\r<{EVIL}>",
        f"\x1c{FORM}",
        "nore ply@apply.city.example.jp",
        "noreply @apply.city.example.jp",
        "noreply@apply.(x)city.example.jp",
        "a..b@city.example.jp",
        "noreply@[192.0.2.1]",
        "a@-x.example",
        f"noreply@{'a.' * 130}jp",
        f"{'a' * 65}@city.example.jp",
        f"noreply\\@x <{FORM}>",
        f"[x] <{FORM}>",
    ],
)
def test_what_is_not_plain_is_no_address(header: str) -> None:
    """Quoted, encoded, invisible, foreign or split: what looks like an address and is not one is refused, not mended."""
    assert read_address(header) is FromFault.NOT_PLAIN


@given(header=st.text(max_size=60) | st.text('ab@.<>(),;:"\\ =?\u200b例', max_size=40))
def test_what_is_found_stands_there_as_it_is(header: str) -> None:
    """An address that is found is plain ASCII, and stands in the header letter for letter: nothing is decoded or left out."""
    found = read_address(header)
    if not isinstance(found, FromFault):
        assert found.isascii()
        assert found in header.lower()
        assert found.count("@") == 1


@given(
    name=st.text(
        st.characters(codec="ascii", exclude_characters="\r\n", exclude_categories=["Cc"]) | st.just("例"), max_size=40
    )
)
def test_no_name_changes_the_address(name: str) -> None:
    """Whatever is quoted, or in a comment, beside the address: the address stays."""
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    comment = name.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    assert read_address(f'"{quoted}" <{FORM}>') == FORM
    assert read_address(f"({comment}) {FORM} ({comment})") == FORM


@pytest.mark.parametrize(
    ("head", "doubt"),
    [
        (f"From: {FORM}\r\nFrom: {EVIL}", "複数"),
        (f"From: {EVIL}\r\nfrom: {FORM}", "複数"),
        (f"From: {FORM}\r\nFrom : {EVIL}", "複数"),
        (f"From: {FORM}\r\nX: a\rFrom: {EVIL}", "複数"),
        (f"From: {FORM}\r\nFrom: {FORM}", "複数"),
        ("To: x@y.example", "ありません"),
        (f"From: {FORM}, {EVIL}", "複数のアドレス"),
        (f"From: =?utf-8?q?{FORM.replace('@', '=40')}?=", "正しい形"),
        (f"From : {FORM}", "正しい形"),
    ],
)
def test_a_mail_whose_sender_is_unknown_is_kept_and_says_why(head: str, doubt: str) -> None:
    """Its application is read, its sender is nobody, and the doubt tells a person what is wrong."""
    reading = read(head.encode())
    assert (reading.outcome, reading.sender) == (ReadOutcome.APPLICATIONS, "")
    (application,) = reading.applications
    assert [doubt in item.text for item in application.doubts if item.field == "sender"] == [True]


def test_a_foreign_name_in_raw_bytes_is_a_name() -> None:
    """A form system that writes its name in 8-bit Shift_JIS or UTF-8 is known by its address."""
    for charset in ("cp932", "utf-8"):
        reading = read(b"From: " + "例市".encode(charset) + f" <{FORM}>".encode())
        assert (reading.sender, reading.applications[0].doubts) == (FORM, ())


@pytest.mark.parametrize("own", ["telework-id@city.example.jp", "mailer-daemon@city.example.jp"])
def test_nobody_is_passed_over_by_a_second_from(own: str) -> None:
    """A mail that claims to be our own or a bounce beside another sender is not ignored."""
    for head in (
        f"From: {own}\r\nFrom: {FORM}",
        f"From: {own}, {FORM}",
        f"From: {own}\r\nFrom : x\r\nX-Autoreply: yes",
    ):
        assert read(head.encode()).outcome is ReadOutcome.APPLICATIONS
