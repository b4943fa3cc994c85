"""Notices as a city sends them: right headers, right Japanese, the password in the body alone, nothing injected."""

from __future__ import annotations

import email
import email.policy
import re
import unicodedata
from dataclasses import replace
from datetime import date
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.delivery.compose import Composer, Envelope, Possible, address, message_id
from bot.delivery.templates import Templates
from bot.delivery.wrapping import wrapped
from bot.errors import DeliveryFailed
from bot.mail.wire import wire_bytes
from bot.model import Employee, Severity, Violation
from bot.secret import Secret
from bot.settings.delivery import DeliverySettings
from bot.settings.mailbox import MailboxSettings
from bot.wording import days_ja, moment_ja
from tests.console_kit import WINDOW
from tests.house import FRIDAY, text_of

PASSWORD = "Abcdefg!2345678k"
COMPOSER = Composer(mailbox=MailboxSettings(), delivery=DeliverySettings(), templates=Templates())
EMPLOYEE = Employee(
    employee_no="0048213", name="髙橋　みのり", mail="m.takahashi@city.example.jp", department="福祉政策課"
)
ENVELOPE = Envelope(
    employee=EMPLOYEE, to=(EMPLOYEE.mail,), request_id="R-20210730-0007", receipt_no="0000412", message_id="<R-20210730-0007.credentials.1@city.example.jp>",
    attempt=1, now=FRIDAY,
)  # fmt: skip
LATE = Violation(
    code="V06",
    severity=Severity.REJECT,
    text="8月2日の締切は7月30日13:00です。",
    text_en="The deadline was 13:00.",
    dates=(date(2021, 8, 2),),
)
HEADERS = {
    "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress", "X-Telework-Request",
    "MIME-Version", "Content-Type",
}  # fmt: skip


def credentials(envelope: Envelope = ENVELOPE, violation: Violation = LATE) -> EmailMessage:
    """Return a credential mail."""
    return COMPOSER.credentials(
        envelope, login_id="tw0048213", secret=Secret(PASSWORD), window=WINDOW, granted=[date(2021, 8, 3), date(2021, 8, 4)],
        refused=[violation], renewed=False,
    )  # fmt: skip


def rejection(envelope: Envelope = ENVELOPE, *violations: Violation) -> EmailMessage:
    """Return a rejection."""
    possible = [Possible(day=date(2021, 8, 3), cutoff=FRIDAY)]
    return COMPOSER.rejected(
        envelope, received_at=FRIDAY, asked=[date(2021, 8, 2)], violations=violations or (LATE,), possible=possible
    )


def received(mail: EmailMessage) -> EmailMessage:
    """Return the mail as a mail program gets it."""
    return email.message_from_bytes(mail.as_bytes(), policy=email.policy.default)


def test_a_credential_mail_has_what_it_should_and_not_more() -> None:
    """To one address, marked as automatic, with window, days, reasons, advice; no link, no copy, no password in a header."""
    mail = received(credentials())
    body = text_of(mail)
    assert set(mail.keys()) == HEADERS
    assert (mail["To"], mail["Auto-Submitted"]) == ("m.takahashi@city.example.jp", "auto-generated")
    assert mail["Date"].datetime == FRIDAY
    assert mail["Subject"].startswith("【テレワークID】")
    assert not any(PASSWORD in str(value) for value in mail.values())
    for text in (
        "tw0048213",
        PASSWORD,
        "令和3年8月2日（月）午前7時",
        "8月3日（火）から8月4日（水）まで",
        LATE.text,
        "V06",
        "初回のログイン",
        "内線",
        "取消",
    ):
        assert text in body
    assert "http" not in body


def test_what_is_for_operators_alone_stands_in_no_mail() -> None:
    """Another person's number and name, who may have been meant, are told to no applicant."""
    unknown = replace(LATE, code="V02", severity=Severity.HOLD, hint="職員名簿で近い職員: 0031977 上野原 拓")
    for mail in (rejection(ENVELOPE, unknown), credentials(violation=unknown)):
        assert "0031977" not in text_of(mail)
        assert "上野原" not in text_of(mail)


def test_a_rejection_lists_every_reason_and_what_is_possible() -> None:
    """All violations in both languages, and the days still possible with their cutoffs."""
    other = replace(LATE, code="V09", text="8月7日は閉庁日です。", text_en="Closed on 7 August.")
    body = text_of(received(rejection(ENVELOPE, LATE, other)))
    for text in (
        LATE.text,
        other.text,
        LATE.text_en,
        other.text_en,
        "令和3年8月3日（火）",
        "午後1時4分",
        "2021-08-03 (Tue)",
    ):
        assert text in body


def test_a_duplicate_is_told_kindly() -> None:
    """A mere repetition is told as such: nothing changed, the earlier mail holds."""
    mail = received(rejection(ENVELOPE, replace(LATE, code="V18", severity=Severity.WARN)))
    assert "発行済み" in mail["Subject"]
    assert "パスワードは変わっていません" in "".join(text_of(mail).split())
    assert "これから申請できる" not in text_of(mail)


def test_a_hold_says_nothing_of_the_doubt() -> None:
    """Who is told that somebody checks learns no more than number and time."""
    body = text_of(received(COMPOSER.held(ENVELOPE, received_at=FRIDAY)))
    assert "確認" in body
    assert "V0" not in body


@pytest.mark.parametrize("mail", [credentials(), rejection(), COMPOSER.held(ENVELOPE, received_at=FRIDAY)])
def test_lines_fit_a_mail_program(mail: EmailMessage) -> None:
    """No line of ours is wider than 80 columns, where a Japanese character takes two."""
    wide = [
        line for line in text_of(received(mail)).splitlines()
        if sum(2 if unicodedata.east_asian_width(char) in "WFA" else 1 for char in line) > 80
    ]  # fmt: skip
    assert wide == []


@given(
    name=st.text(st.characters(), min_size=1, max_size=300),
    department=st.text(max_size=100),
    receipt_no=st.text(max_size=50),
    said=st.text(max_size=300),
)
@settings(max_examples=150, deadline=None)
def test_nothing_that_was_read_becomes_a_header(name: str, department: str, receipt_no: str, said: str) -> None:
    """Line ends, control and direction characters, templates: whatever stands in a field, headers and recipients stay ours."""
    employee = replace(EMPLOYEE, name=name, department=department)
    envelope = replace(ENVELOPE, employee=employee, receipt_no=receipt_no)
    violation = replace(LATE, text=said)
    for mail in (credentials(envelope, violation), rejection(envelope, violation)):
        again = received(mail)
        assert set(again.keys()) == HEADERS
        assert again["To"] == EMPLOYEE.mail
        assert not again.defects


@pytest.mark.parametrize("text", ["{{7*7}}", "{% raw %}", "${x}", "a\r\nBcc: all@example.jp", "=cmd|'/C calc'!A0"])
def test_templates_in_fields_stay_text(text: str) -> None:
    """What looks like a template or a header in a field is shown as it is, on one line."""
    body = text_of(received(credentials(replace(ENVELOPE, receipt_no=text))))
    assert "".join(text.split()) in "".join(body.split())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "a@b@c",
        "a@b\r\nBcc: x@y",
        "a@b, c@d",
        "<a@b>",
        "a b@c",
        "a@例.jp",
        "a@",
        "@b",
        "a..b@c.jp",
        '"a b"@c',
        "a@b.jp ",
    ],
)
def test_only_a_plain_address_is_sent_to(text: str) -> None:
    """Anything but one plain address is refused before a mail is made."""
    with pytest.raises(DeliveryFailed):
        address(text)


@given(text=st.text(alphabet="あい、。（）・ abc-=#%", max_size=400), width=st.integers(20, 80))
@settings(deadline=None)
def test_wrapping_loses_nothing(text: str, width: int) -> None:
    """Wrapping only moves to the next line: no character is lost, no word is broken."""
    made = wrapped(text, width)
    assert "".join(made.split()) == "".join(text.split())
    assert set(re.findall(r"[a-c=#%-]+", made)) == set(re.findall(r"[a-c=#%-]+", text))


def test_message_ids_tell_request_kind_and_attempt() -> None:
    """A notice's Message-ID begins with what it is about, and holds 96 bits that are never the same twice."""
    made = {message_id("R-20210730-0007", "credentials", 2, "a@city.example.jp") for _ in range(50)}
    assert len(made) == 50
    assert all(
        re.fullmatch(r"<R-20210730-0007\.credentials\.2\.[0-9a-f]{24}@city\.example\.jp>", name) for name in made
    )


def test_a_message_id_stands_on_one_line() -> None:
    """However long the domain: a server that does not find it on its line would give the mail another."""
    made = message_id("R-20210730-0007", "credentials", 101, f"a@{'long.' * 12}example.jp")
    content = wire_bytes(COMPOSER.held(replace(ENVELOPE, message_id=made), received_at=ENVELOPE.now))
    assert f"\r\nMessage-ID: {made}\r\n".encode() in content
    assert f"\r\nX-Telework-Request: {made[1:].partition('@')[0]}\r\n".encode() in content


def test_dates_as_offices_write_them() -> None:
    """和暦, the weekday, 午前・午後 and 正午; runs of days drawn together, month and year said once."""
    assert moment_ja(FRIDAY.replace(hour=12, minute=0)) == "令和3年7月30日（金）正午"
    assert moment_ja(FRIDAY.replace(hour=0, minute=5)) == "令和3年7月30日（金）午前0時5分"
    assert days_ja([date(2019, 4, 30), date(2019, 5, 1), date(2021, 8, 2)]) == (
        "平成31年4月30日（火）から令和元年5月1日（水）まで、令和3年8月2日（月）"
    )


@pytest.mark.parametrize(("name", "in_jis"), [("上野原　拓", True), ("髙橋　みのり", False)])
def test_old_mail_programs_can_read_it(name: str, *, in_jis: bool) -> None:
    """With ``charset: iso-2022-jp`` body, subject and sender are in it, 7-bit; letters that it lacks make the mail UTF-8."""
    old = Composer(mailbox=MailboxSettings(), delivery=DeliverySettings(charset="iso-2022-jp"), templates=Templates())
    mail = old.held(replace(ENVELOPE, employee=replace(EMPLOYEE, name=name)), received_at=FRIDAY)
    content = wire_bytes(mail)
    assert content.isascii()
    assert (b"=?iso-2022-jp?b?" in content.lower(), b'charset="iso-2022-jp"' in content) == (in_jis, in_jis)
    assert (b"\x1b$B" in content, b"utf-8" in content.lower()) == (in_jis, not in_jis)
    again = email.message_from_bytes(content, policy=email.policy.default)
    assert name in text_of(again)
    assert (again["Subject"], str(again["From"])) == (mail["Subject"], str(mail["From"]))
