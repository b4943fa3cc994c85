"""Every layout in every encoding reads alike; nothing that arrives makes the reader raise."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Mapping
from datetime import date, datetime
from email.message import EmailMessage
from email.policy import SMTP
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.intake.reader import Reader
from bot.model import Application, Kind, Message, ReadOutcome
from tests.house import FORMS

ZONE = ZoneInfo("Asia/Tokyo")
RECEIVED = datetime(2021, 7, 30, 12, 0, tzinfo=ZONE)
READER = Reader(FORMS, zone=ZONE, own_address="telework-id@city.example.jp")
#: What each layout below states.
ANSWERS = {
    "受付番号": "0000412", "申請日時": "2021-07-30 09:05:17", "職員番号": "0048213", "氏名": "高橋　みのり",
    "所属": "健康福祉部福祉政策課", "利用日": "8月2日（月）、8月4日（水）", "実施場所": "自宅",
}  # fmt: skip
FOOTER = "\n\n----------\n※このメールは自動配信です。\n"


def _spaced(label: str) -> str:
    return "　".join(label)


def _wide(text: str) -> str:
    """Return full-width text; the dash stays: U+FF0D is in none of the older encodings."""
    return "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" and char != "-" else char for char in text)


LAYOUTS: dict[str, Callable[[], str]] = {
    "colon": lambda: "\n".join(f"{label}：{value}" for label, value in ANSWERS.items()),
    "half colon": lambda: "\n".join(f"{label}: {value}" for label, value in ANSWERS.items()),
    "spaced labels": lambda: "\n".join(f"{_spaced(label)}　：{value}" for label, value in ANSWERS.items()),
    "wide digits": lambda: "\n".join(f"{label}：{_wide(value)}" for label, value in ANSWERS.items()),
    "brackets beside": lambda: "\n".join(f"【{label}】{value}" for label, value in ANSWERS.items()),
    "brackets below": lambda: "\n\n".join(f"【{label}】\n{value}" for label, value in ANSWERS.items()),
    "bullets": lambda: "\n".join(f"■{label}\n　{value}" for label, value in ANSWERS.items()),
    "bullets and colons": lambda: "\n".join(f"・{label}：{value}" for label, value in ANSWERS.items()),
    "numbered": lambda: "\n".join(f"{number}．{label}：{value}" for number, (label, value) in enumerate(ANSWERS.items(), 1)),
    "circled": lambda: "\n".join(f"({number}) {label}：{value}" for number, (label, value) in enumerate(ANSWERS.items(), 1)),
    "required marks": lambda: "\n".join(f"{label}（必須）：{value}" for label, value in ANSWERS.items()),
    "tabs": lambda: "\n".join(f"{label}\t{value}" for label, value in ANSWERS.items()),
    "own lines": lambda: "\n".join(f"{label}\n{value}" for label, value in ANSWERS.items()),
    "two on a line": lambda: "\n".join(
        f"{a[0]}：{a[1]}　{b[0]}：{b[1]}" for a, b in zip(list(ANSWERS.items())[:6:2], list(ANSWERS.items())[1:6:2], strict=True)
    ) + f"\n実施場所：{ANSWERS['実施場所']}",
    "quoted": lambda: "\n".join(f"> {label}：{value}" for label, value in ANSWERS.items()),
    "forwarded": lambda: "転送します。\n-----Original Message-----\n" + "\n".join(f"{label}：{value}" for label, value in ANSWERS.items()),
    "unknown labels between": lambda: "\n".join(f"{label}：{value}\nご意見：特になし" for label, value in ANSWERS.items()),
    "empty answers": lambda: "\n".join(f"{label}：{value}\n備考：" for label, value in ANSWERS.items()),
}  # fmt: skip
ENCODINGS = ["utf-8", "shift_jis", "iso-2022-jp", "euc-jp", "utf-8 base64", "utf-8 quoted"]


def mail(
    body: str, encoding: str = "utf-8", headers: Mapping[str, str] | None = None, *, html: bool = False
) -> Message:
    """Return a mail from the form system."""
    charset, _, transfer = encoding.partition(" ")
    made = EmailMessage(policy=SMTP)
    made["From"], made["Subject"] = "noreply@apply.city.example.jp", "テレワーク利用申請"
    made["Message-ID"] = "<1@apply.city.example.jp>"
    for name, value in (headers or {}).items():
        del made[name]
        made[name] = value
    cte = {"base64": "base64", "quoted": "quoted-printable"}.get(transfer, "8bit")
    content = body.encode("cp932" if charset == "shift_jis" else charset.replace("-", "_"))
    if cte == "base64":
        content = base64.encodebytes(content)
    elif cte == "quoted-printable":
        content = b"".join(b"=%02X" % byte if byte > 126 or byte == 61 else bytes([byte]) for byte in content)
    kind = "text/html" if html else "text/plain"
    head = (
        made.as_bytes().rstrip()
        + f"\r\nContent-Type: {kind}; charset={charset}\r\nContent-Transfer-Encoding: {cte}\r\n\r\n".encode()
    )
    return Message(locator="a", name="a.eml", received_at=RECEIVED, content=head + content)


def only(message: Message) -> Application:
    """Read a message that holds one application."""
    reading = READER.read(message)
    assert reading.outcome is ReadOutcome.APPLICATIONS, reading.reason
    (application,) = reading.applications
    return application


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_every_layout_in_every_encoding(layout: str, encoding: str) -> None:
    """All families of domain.md §1.2 in all encodings of §1.4 are read alike, without a doubt."""
    read = only(mail(LAYOUTS[layout]() + FOOTER, encoding))
    assert (read.employee_no, read.name, read.department) == ("0048213", "高橋　みのり", "健康福祉部福祉政策課")
    assert (read.dates, read.place, read.kind) == ((date(2021, 8, 2), date(2021, 8, 4)), "自宅", Kind.ISSUE)
    assert (read.receipt_no, read.applied_at) == ("0000412", datetime(2021, 7, 30, 9, 5, 17, tzinfo=ZONE))
    assert read.doubts == ()


@pytest.mark.parametrize(
    "separate",
    ["<tr><th>{}</th><td>{}</td></tr>", "<tr><td>{}<br></td><td> {} </td></tr>", "<p>{}：{}</p>", "<div>{}：{}</div>"],
)
def test_html_reads_like_text(separate: str) -> None:
    """Tables and paragraphs of HTML mails are read as their text would be."""
    inner = "".join(separate.format(label, value) for label, value in ANSWERS.items())
    read = only(mail(f"<html><style>p{{}}</style><body><table>{inner}</table></body></html>", html=True))
    assert (read.employee_no, read.dates, read.doubts) == ("0048213", (date(2021, 8, 2), date(2021, 8, 4)), ())


@pytest.mark.parametrize(
    ("body", "kind"),
    [("申請区分：新規", Kind.ISSUE), ("申請区分：再発行", Kind.REISSUE), ("申請区分：一部取消", Kind.CANCEL), ("申請種別：取下げ", Kind.CANCEL),
     ("手続区分：変更", Kind.CHANGE), ("", Kind.ISSUE)],
)  # fmt: skip
def test_kinds(body: str, kind: Kind) -> None:
    """The kind's field decides; without one it is a new issue."""
    assert only(mail(f"職員番号：0048213\n{body}\n")).kind is kind


def test_the_newest_statement_wins_and_a_conflict_is_a_doubt() -> None:
    """A reply above its original states what holds; that the original says otherwise is not hidden."""
    read = only(mail("職員番号：0048213\n利用日：8/6\n\n> 職員番号：0048213\n> 利用日：8/5\n"))
    assert read.dates == (date(2021, 8, 6),)
    assert [doubt.field for doubt in read.doubts] == ["dates"]


@pytest.mark.parametrize(
    ("body", "field"),
    [("職員番号：不明", "employee_no"), ("職員番号：0048213\n利用日：8/2\n利用日：8/3", "dates"),
     ("職員番号：0048213\n申請区分：よく分からない", "kind"), ("職員番号：0048213\n開始日：8/2\n開始日：8/4\n終了日：8/3", "dates"),
     ("職員番号：0048213\n申請日時：昨日の昼", "applied_at")],
)  # fmt: skip
def test_contradictions_are_doubts(body: str, field: str) -> None:
    """What is said twice, differently, or can't be what it should be, is for a person."""
    assert field in {doubt.field for doubt in only(mail(body)).doubts}


def test_numbered_dates_are_all_read() -> None:
    """利用日1, 利用日2 … are one list."""
    read = only(mail("職員番号：0048213\n利用日1：8/2\n利用日２：8/4\n利用日3：\n"))
    assert (read.dates, read.doubts) == ((date(2021, 8, 2), date(2021, 8, 4)), ())


@pytest.mark.parametrize("headers", [{}, {"Subject": "お願い"}])
def test_free_text_is_kept_not_ignored(headers: dict[str, str]) -> None:
    """A person's mail without any field is kept for a person."""
    reading = READER.read(mail("明日からテレワークをさせたいので、よろしくお願いします。", headers=headers))
    assert reading.outcome is ReadOutcome.UNREADABLE


def test_identity_is_of_the_content_not_of_the_bytes() -> None:
    """The same mail encoded anew by a server is the same message; another text is another."""
    plain, packed = (READER.read(mail(LAYOUTS["colon"](), encoding)).identity for encoding in ("utf-8", "utf-8 base64"))
    assert plain == packed
    assert READER.read(mail(LAYOUTS["tabs"]())).identity.digest != plain.digest


@given(content=st.binary(max_size=2_000), name=st.sampled_from(["a.eml", "a.csv", "a.xlsx", "a.xls", "a.dat"]))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_read_or_unreadable(content: bytes, name: str) -> None:
    """Whatever lies in the inbox is read or kept with a reason."""
    reading = READER.read(Message(locator=name, name=name, received_at=RECEIVED, content=content))
    assert reading.outcome is ReadOutcome.APPLICATIONS or reading.reason


@given(
    body=st.text(max_size=2_000),
    headers=st.dictionaries(
        st.sampled_from(["To", "Reply-To", "Precedence", "List-Id"]), st.text("abc@é髙 ;=?", max_size=40)
    ),
)
@settings(max_examples=200, deadline=None)
def test_any_mail_is_read_quickly(body: str, headers: dict[str, str]) -> None:
    """Any text under any headers is read within a tenth of a second a kilobyte, and never raises."""
    head = b"".join(f"{name}: {value}\r\n".encode() for name, value in headers.items())
    content = (
        b"From: a@city.example.jp\r\nSubject: x\r\n"
        + head
        + b"Content-Type: text/plain; charset=utf-8\r\n\r\n"
        + body.encode("utf-8", "replace")
    )
    started = time.perf_counter()
    READER.read(Message(locator="a", name="a.eml", received_at=RECEIVED, content=content))
    assert time.perf_counter() - started < 0.1 * (1 + len(content) / 1024) + 0.2


@pytest.mark.parametrize("claim", ["file:export.csv", "raw:0123"])
def test_no_mail_is_a_dropped_file_by_its_message_id(claim: str) -> None:
    """A stranger who writes `Message-ID: file:…` stays a sender whom V04 judges, and is no operator who dropped a file."""
    content = f"From: a@elsewhere.example\r\nMessage-ID: {claim}\r\nSubject: x\r\n\r\n職員番号：0048213\r\n".encode()
    message = Message(locator="a", name="a.eml", received_at=datetime(2021, 7, 30, tzinfo=ZONE), content=content)
    identity = READER.read(message).identity
    assert (identity.dropped, identity.message_id) == (False, f"<{claim}>")
