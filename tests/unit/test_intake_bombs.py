"""Hostile mails cost bounded time, and are kept with a reason."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.intake.reader import Reader
from bot.model import Message, Reading, ReadOutcome
from tests.house import FORMS

ZONE = ZoneInfo("Asia/Tokyo")
READER = Reader(FORMS, zone=ZONE, own_address="telework-id@city.example.jp")
HEAD = b"From: a@city.example.jp\r\nSubject: x\r\nMIME-Version: 1.0\r\n"


def read(content: bytes, name: str = "a.eml") -> Reading:
    """Read bytes as a file of that name."""
    return READER.read(
        Message(locator=name, name=name, received_at=datetime(2021, 7, 30, tzinfo=ZONE), content=content)
    )


def _nested(depth: int) -> bytes:
    return HEAD + b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (level, level) for level in range(depth)
    )


def _enclosed(depth: int) -> bytes:
    return HEAD + b"Content-Type: message/rfc822\r\n\r\n" * depth


BOMBS: dict[str, Callable[[], bytes]] = {
    "garbage of 50 MB": lambda: bytes(range(256)) * (50 * 4096),
    "text of 50 MB": lambda: HEAD + b"\r\n" + b"x" * (50 * 2**20),
    "nested 5000 deep": lambda: _nested(5_000),
    "nested 150 deep": lambda: _nested(150),
    "enclosed 5000 deep": lambda: _enclosed(5_000),
    "100000 parts": lambda: (
        HEAD + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n" * 100_000
    ),
    "100000 headers": lambda: HEAD + b"X: y\r\n" * 100_000 + b"\r\nx",
    "a header of 10 MB": lambda: HEAD + b"X: " + b"=?UTF-8?B?44GC?= " * 600_000 + b"\r\n\r\nx",
    "html 50000 deep": lambda: HEAD + b"Content-Type: text/html\r\n\r\n" + b"<div>" * 50_000,
    "colons": lambda: HEAD + b"\r\n" + b": " * 200_000,
    "lines of colons": lambda: HEAD + b"\r\n" + (b"a : " * 20 + b"\r\n") * 1_400,
    "lines of gaps": lambda: HEAD + b"\r\n" + b"a  b  c  d\r\n" * 29_000,
    "gaps": lambda: HEAD + b"\r\n" + b"a  " * 200_000,
    "brackets": lambda: HEAD + b"\r\n" + b"[" * 400_000,
    "parentheses": lambda: HEAD + b"\r\n" + b"(1" * 400_000,
    "one field of digits": lambda: HEAD + "Content-Type: text/plain; charset=utf-8\r\n\r\n職員番号：1\n利用日：".encode() + b"8/2," * 200_000,
    "an address of 1 MB": lambda: b"From: " + b"(" * 2**20 + b"\r\nSubject: x\r\n\r\nx",
}  # fmt: skip


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_kept_in_bounded_time(bomb: str) -> None:
    """Each is answered with a reason or a doubt within seconds."""
    content = BOMBS[bomb]()
    started = time.perf_counter()
    reading = read(content)
    assert time.perf_counter() - started < 10
    assert reading.reason or all(application.doubts for application in reading.applications)


lines = st.sampled_from([
    b"From: a@city.example.jp", b"Subject: =?ISO-2022-JP?B?GyRC?=", b"Content-Type: multipart/mixed; boundary=b", b"--b", b"--b--", b"",
    b"Content-Type: text/csv; name*=UTF-8''%FF.csv", b"Content-Type: text/html; charset=iso-2022-jp", b"Content-Type: message/rfc822",
    b"Content-Transfer-Encoding: base64", b"Content-Transfer-Encoding: quoted-printable", b"=E8=81", b"\x1b$B\x21", b"<table><tr><td>", b"A,B", b"\xff\xfe",
    "職員番号：0048213".encode(), "利用日：8/2".encode("cp932"), b"Content-Disposition: attachment; filename*0*=x''a; filename*2=b",
    b"Content-Disposition: attachment; filename*=a; filename*1=b", b"Subject: =?utf\x97?B?44GC?=", b"Subject: =?u\0tf?B?44GC?=",
    b"Content-Type: text/plain; charset*=a; charset*1=b",
])  # fmt: skip


@given(st.lists(lines | st.binary(max_size=30), max_size=30))
@settings(max_examples=400, deadline=None)
def test_any_structure_is_read_or_kept(parts: list[bytes]) -> None:
    """Whatever the parts and headers are, the mail is read or kept, and never with the reason that the reader failed."""
    reading = read(b"\r\n".join(parts))
    assert reading.outcome is ReadOutcome.APPLICATIONS or reading.reason
    assert "予期しない" not in reading.reason
