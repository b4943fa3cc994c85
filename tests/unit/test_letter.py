"""What a letter carries beside its text: an unclear subject, attachments of all kinds, what seems automatic."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping

import pytest

from bot.delivery.compose import message_id
from bot.intake.letter import Letter, open_letter
from bot.intake.reader import Reader
from bot.model import Message, Reading, ReadOutcome
from bot.settings.forms import FormsSettings
from tests.house import FRIDAY, ZONE

_OWN = "telework-id@city.example.jp"
_FORM = "職員番号：0048213\n氏名：高橋 みのり\n利用日：8/4\n"
_READER = Reader(FormsSettings(), zone=ZONE, own_address=_OWN)
_NOTICE = message_id("R-20210730-0007", "credentials", 1, _OWN)


def mail(body: bytes = _FORM.encode(), head: bytes = b"", **headers: bytes) -> Message:
    """Return a mail with these headers, as they stand."""
    said: Mapping[str, bytes] = {"From": b"noreply@apply.city.example.jp", "Subject": b"x", **headers}
    lines = b"".join(name.replace("_", "-").encode() + b": " + value + b"\r\n" for name, value in said.items())
    return Message(locator="a", name="a.eml", received_at=FRIDAY, content=lines + head + b"\r\n" + body)


def opened(message: Message) -> Letter:
    """Return its letter."""
    return open_letter(message, FormsSettings())


def read(message: Message) -> Reading:
    """Return its reading."""
    return _READER.read(message)


def doubts(message: Message, field: str) -> list[str]:
    """Return what is doubted of a field in the one application of a mail."""
    (application,) = read(message).applications
    return [doubt.text for doubt in application.doubts if doubt.field == field]


def word(text: str, charset: str = "utf-8") -> bytes:
    """Return an encoded word."""
    return f"=?{charset}?B?{b64encode(text.encode(charset)).decode()}?=".encode()


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        (word("取消の件"), "取消の件"), (word("取消", "iso-2022-jp"), "取消"), ("取消".encode("cp932") + b" x", "取消 x"),
        ("取消".encode("iso-2022-jp"), "取消"), ("取消".encode(), "取消"), (b"plain?? (2) =?", "plain?? (2) =?"),
        ("申請 取下げ".encode("cp932"), "申請 取下げ"), (b"Caf\xc3\xa9 M\xc3\xbcller", "Café Müller"),
    ],
)  # fmt: skip
def test_a_clear_subject_is_decoded(subject: bytes, text: str) -> None:
    """Encoded words and raw bytes are read, and nothing is doubted."""
    letter = opened(mail(Subject=subject))
    assert (letter.subject, letter.subject_unclear) == (text, False)
    assert doubts(mail(Subject=subject), "subject") == []


@pytest.mark.parametrize(
    "subject",
    [
        b"=?UTF-8?B?5Y+W5r?= " + word("申請"), b"=?UTF-8?B?5Y+W5raI", b"=?UTF-8?Q?=E5=8F?=", b"=?x-none?B?5Y+W5raI?=",
        b"=?us-ascii?B?5Y+W5raI?=",
        "取消".encode("euc_jp"), b"=?iso-8859-1?B?" + b64encode("取消".encode("euc_jp")) + b"?=", b"????",
        "\ufffd\ufffd".encode(),
        b"$B<h>C(B x", b"&#21462;&#28040;", b"%E5%8F%96%E6%B6%88",
        "取消".encode().decode("latin-1").encode(),
        word("取り消し".encode().decode("cp932", "ignore")), "å–æ¶ˆ".encode(), "縺ゅ＞縺".encode(),
        word("=?UTF-8?B?5Y+W5raI?="), b"=?UTF-8?B?" + b64encode("取消".encode("cp932")) + b"?=", b"x\r\nSubject: " + word("取消"),
    ],
)  # fmt: skip
def test_an_unclear_subject_is_held(subject: bytes) -> None:
    """Broken, mistaken and garbled subjects, and one of several, may take an application back: a person reads the mail."""
    assert opened(mail(Subject=subject)).subject_unclear
    assert doubts(mail(Subject=subject), "subject")


@pytest.mark.parametrize(
    "headers",
    [
        {"From": _OWN.encode()}, {"Auto-Submitted": b"auto-replied"}, {"From": b"MAILER-DAEMON@mx.example.jp"},
        {"From": b"postmaster@apply.city.example.jp"}, {"Return-Path": b"<>"}, {"Subject": word("自動応答: 申請を受け付けました")},
        {"Subject": word("自動返信メール：申請")}, {"X-Autoreply": b"yes"},
    ],
)  # fmt: skip
def test_an_application_that_seems_automatic_is_held(headers: dict[str, bytes]) -> None:
    """It is never passed over, whoever seems to have sent it; without fields it is."""
    reading = read(mail(**headers))
    assert reading.outcome is ReadOutcome.APPLICATIONS
    assert doubts(mail(**headers), "subject")
    empty = read(mail("不在です".encode(), **headers))
    assert (empty.outcome, bool(empty.reason)) == (ReadOutcome.IGNORED, True)


@pytest.mark.parametrize(
    "headers",
    [
        {"From": _OWN.encode(), "Message-ID": _NOTICE.encode()},
        {"From": _OWN.encode(), "Message-ID": b"<x@mx>", "X-Telework-Request": _NOTICE.strip("<>").partition("@")[0].encode()},
        {"From": _OWN.encode(), "Message-ID": message_id("digest-20210730-080000", "digest", 1, _OWN).encode()},
        {"From": b"MAILER-DAEMON@mx", "In-Reply-To": _NOTICE.encode()},
        {"Content-Type": b"multipart/report; report-type=delivery-status; boundary=b"},
    ],
)  # fmt: skip
def test_our_own_notice_is_no_application(headers: dict[str, bytes]) -> None:
    """A mail that we sent, and one that came back, are none, whatever fields they hold."""
    body = _FORM.encode() if "Content-Type" not in headers else b"--b\r\n\r\n" + _FORM.encode() + b"\r\n--b--"
    assert read(mail(body, **headers)).outcome is not ReadOutcome.APPLICATIONS


@pytest.mark.parametrize(
    ("part", "name", "content"),
    [
        (b"Content-Type: application/pdf; name=a.pdf\r\n\r\nx", "a.pdf", b"x"),
        (b"Content-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR", "attachment", b"BEGIN:VCALENDAR"),
        (b"Content-Type: message/rfc822; name=a.eml\r\nContent-Transfer-Encoding: base64\r\n\r\nU3ViamVjdDogeA==", "a.eml", b"Subject: x"),
        (b"Content-Type: text/plain; charset=utf-8\r\n\r\nbegin 644 a.csv\r\n#86)C\r\n`\r\nend", "a.csv", b"abc"),
        (b"Content-Type: image/png\r\nContent-ID: <1>\r\n\r\nx", "attachment", b"x"),
    ],
    ids=["PDF", "calendar", "encoded mail", "uuencoded", "picture"],
)  # fmt: skip
def test_every_part_that_is_no_text_is_an_attachment(part: bytes, name: str, content: bytes) -> None:
    """Nothing that a mail holds is lost: what is no text of it is listed with its name and its bytes."""
    body = b"--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b\r\n" + part + b"\r\n--b--\r\n"
    letter = opened(mail(body, Content_Type=b"multipart/mixed; boundary=b"))
    assert letter.text.strip() == "hello"
    assert [(attached.name, attached.content) for attached in letter.attachments] == [(name, content)]


def test_a_broken_file_name_is_held() -> None:
    """The name of an attachment that can't be read for certain is a doubt."""
    body = (
        b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + _FORM.encode()
        + b"\r\n--b\r\nContent-Type: application/pdf; name=\"=?UTF-8?B?5Y+W5r?=\"\r\n\r\nx\r\n--b--\r\n"
    )  # fmt: skip
    assert any("添付" in text for text in doubts(mail(body, Content_Type=b"multipart/mixed; boundary=b"), "body"))


def test_the_subject_of_a_mail_within_is_kept() -> None:
    """A mail that is attached whole is read with its text, and its subject is not lost."""
    inner = b"From: a@b.jp\r\nSubject: " + word("取消") + b"\r\n\r\nhello"
    body = b"--b\r\nContent-Type: message/rfc822\r\n\r\n" + inner + b"\r\n--b--\r\n"
    assert opened(mail(body, Content_Type=b"multipart/mixed; boundary=b")).subjects_within == ("取消",)


@pytest.mark.parametrize(
    ("body", "head"),
    [
        (b64encode(_FORM.encode() + b"x")[:-5], b"Content-Transfer-Encoding: base64\r\n"),
        (b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + _FORM.encode(), b"Content-Type: multipart/mixed; boundary=b\r\n"),
    ],
    ids=["base64", "parts"],
)  # fmt: skip
def test_a_mail_that_is_cut_short_is_held(body: bytes, head: bytes) -> None:
    """What was cut off may have said otherwise."""
    assert any("途中" in text for text in doubts(mail(body, head), "body"))


def test_flowed_text_is_read_as_shown() -> None:
    """A number over a soft line end is one number."""
    body = "職員番号：004 \r\n8213\r\n利用日：8/4\r\n".encode()
    flowed = mail(body, Content_Type=b"text/plain; charset=utf-8; format=flowed; delsp=yes")
    assert [application.employee_no for application in read(flowed).applications] == ["0048213"]


def test_free_text_of_a_list_is_not_passed_over() -> None:
    """A mail that names an employee is held though a mailing list brought it; a newsletter is not kept."""
    wish = mail("12月1日は取りやめます。職員番号 0048213".encode(), List_Id=b"<all.city.example.jp>")
    assert read(wish).outcome is ReadOutcome.APPLICATIONS
    assert read(mail("新製品のご案内".encode(), List_Id=b"<shop>")).outcome is ReadOutcome.IGNORED
