"""Whatever is added to an accepted sample holds it, and whatever is taken away grants no more than its answers now say."""

from __future__ import annotations

import email
import email.policy
import io
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from bot.commands.demo import DROPPED
from bot.config import load
from bot.intake.dates import read_dates
from bot.intake.fields import FieldReader
from bot.intake.reader import Reader
from bot.intake.sentences import Sentences
from bot.mail.folder import message_from_file
from bot.model import Kind, Message, Outcome
from bot.rules.calendar import Calendar
from bot.rules.case import Context
from bot.rules.directory import load_directory
from bot.rules.rulebook import Rulebook
from bot.text import fold
from tests.house import FORMS, ROOT, ZONE

_SETTINGS = load(ROOT / "config.yaml").settings
_STAFF = ROOT / "inbox_samples" / "staff.csv"
_DIRECTORY = load_directory(_STAFF.read_bytes(), name=_STAFF.name, settings=_SETTINGS.staff)
_RULES = Rulebook(_SETTINGS.rules, Calendar(_SETTINGS.calendar), ZONE)
_READER = Reader(FORMS, zone=ZONE, own_address="telework-id@city.example.jp")
_SAMPLES = ROOT / "inbox_samples"
_PROFILE = next(form for form in FORMS.known if form.name == "e-application")
_FIELDS = FieldReader(FORMS, _PROFILE)
_KNOWN = Sentences((*_PROFILE.sentences, *FORMS.sentences))
#: Sentences that people write, and pieces out of which others are put together.
_WORDS = st.sampled_from([
    "やめます", "取消", "中止", "来週", "出勤します", "本人", "退職", "実家", "テスト", "12/1", "8月4日", "0031977", "他の職員", "予定",
    "承認", "却下", "差し戻し", "不要です", "会議", "のため", "上野原", "変更後", "除外日", "ではなく", "まだ", "発行しないで", "確認", "済み",
])  # fmt: skip
_SENTENCES = st.one_of(
    st.lists(_WORDS, min_size=1, max_size=4).map("".join),
    st.builds("{}：{}".format, _WORDS, _WORDS),
    st.builds("【{}】{}".format, _WORDS, _WORDS),
    st.text(alphabet=st.characters(categories=["Lo", "Nd"]), min_size=2, max_size=20),
)


Granted = dict[str, tuple[Kind, frozenset[date]]]


@dataclass(frozen=True, kw_only=True)
class _Sample:
    """A sample of which something is granted, and what."""

    message: Message
    granted: Granted


@cache
def _accepted(*endings: str) -> dict[str, _Sample]:
    files = [file for file in sorted(_SAMPLES.iterdir()) if file.suffix in endings and file.name[0].isdigit()]
    messages = {file.name: _message(file) for file in files}
    samples = {name: _Sample(message=message, granted=_granted(message)) for name, message in messages.items()}
    return {name: sample for name, sample in samples.items() if sample.granted}


def _message(file: Path) -> Message:
    """Return a sample as the demo has it: a file that was dropped in has the time at which the demo drops it."""
    message = message_from_file(file, max_bytes=2**25, zone=ZONE)
    return message if file.suffix == ".eml" else replace(message, received_at=DROPPED)


def _granted(message: Message) -> Granted:
    """Return what is granted of a message, by the employee's number."""
    reading = _READER.read(message)
    found: Granted = {}
    for application in reading.applications:
        context = Context(
            now=reading.arrived_at, received_at=reading.arrived_at, sender=reading.sender, directory=_DIRECTORY,
            dropped_file=reading.identity.dropped,
        )  # fmt: skip
        decision = _RULES.decide(application, context)
        if decision.outcome is Outcome.ACCEPT:
            found[application.employee_no or ""] = (application.kind, frozenset(decision.granted))
    return found


def _text_samples() -> list[str]:
    return [name for name, sample in _accepted(".eml").items() if _body(sample.message) is not None]


def _body(message: Message) -> str | None:
    """Return the text of a mail that is nothing but text."""
    mail = email.message_from_bytes(message.content, policy=email.policy.default)
    if mail.get_content_type() != "text/plain":
        return None
    content = mail.get_payload(decode=True)
    assert isinstance(content, bytes)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _with_body(message: Message, text: str) -> Message:
    """Return the mail with another text, in UTF-8."""
    head, _, _ = message.content.replace(b"\r\n", b"\n").partition(b"\n\n")
    kept = [
        line for line in head.split(b"\n") if not line.lower().startswith((b"content-", b"mime-version", b" charset"))
    ]
    fresh = b"MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit"
    return replace(message, content=b"\n".join([*kept, fresh, b"", text.encode()]))


def _is_further_day(line: str, after: Granted, sample: _Sample) -> bool:
    """Tell whether a line is a day and no more, and only that was added: below a list of days it is one of its answers."""
    read = read_dates(line, base=sample.message.received_at.date())
    days = {number: granted - set(read.dates) for number, (_, granted) in after.items()}
    return not read.doubts and all(rest <= sample.granted[number][1] for number, rest in days.items())


def _harmless(line: str) -> bool:
    if _FIELDS.field_of(line) or fold(line) in map(fold, _SETTINGS.rules.job_titles):
        return True  # a label without an answer, or a title beside the name
    pieces = [piece for piece in line.split("。") if piece.strip()]
    return all(_KNOWN.find(piece) or _KNOWN.find(f"{piece}。") for piece in pieces)


@pytest.mark.parametrize("name", _text_samples())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(line=_SENTENCES, data=st.data())
def test_a_line_more_is_held(name: str, line: str, data: st.DataObject) -> None:
    """A sentence put anywhere into an accepted mail holds it, unless it is on the form's harmless list."""
    sample = _accepted(".eml")[name]
    lines = (_body(sample.message) or "").replace("\r\n", "\n").split("\n")
    at = data.draw(st.integers(0, len(lines)))
    after = _granted(_with_body(sample.message, "\n".join([*lines[:at], line, *lines[at:]])))
    assert _harmless(line) or not after or _is_further_day(line, after, sample)


@pytest.mark.parametrize("name", _text_samples())
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_damaged_line_grants_no_more(name: str, data: st.DataObject) -> None:
    """A line that is gone, cut or garbled never makes more days, another person or another kind."""
    sample = _accepted(".eml")[name]
    lines = (_body(sample.message) or "").replace("\r\n", "\n").split("\n")
    at = data.draw(st.integers(0, len(lines) - 1))
    cut = data.draw(st.integers(0, len(lines[at])))
    kept = data.draw(st.sampled_from(["", lines[at][:cut], lines[at][cut:], lines[at][::-1]]))
    damaged = "\n".join([*lines[:at], *([kept] if kept else []), *lines[at + 1 :]])
    for number, (kind, days) in _granted(_with_body(sample.message, damaged)).items():
        assert number in sample.granted
        assert kind is sample.granted[number][0]
        assert days <= sample.granted[number][1] or kept


@settings(max_examples=60, deadline=None)
@given(title=_WORDS, cell=_SENTENCES, data=st.data())
def test_a_column_more_is_held(title: str, cell: str, data: st.DataObject) -> None:
    """A column that the form does not have holds the rows in which something stands under it."""
    name = data.draw(st.sampled_from(sorted(_accepted(".xlsx"))))
    sample = _accepted(".xlsx")[name]
    book = load_workbook(io.BytesIO(sample.message.content))
    sheet = book.worksheets[0]
    column = sheet.max_column + 1
    heading = next(row for row in range(1, sheet.max_row + 1) if sum(bool(cell.value) for cell in sheet[row]) > 2)
    sheet.cell(heading, column).value = title
    sheet.cell(heading + 1, column).value = cell
    made = io.BytesIO()
    book.save(made)
    after = _granted(replace(sample.message, content=made.getvalue()))
    assert after.keys() < sample.granted.keys()


def test_there_are_samples_to_try() -> None:
    """The properties are tried on mails and on workbooks."""
    assert len(_text_samples()) > 3
    assert _accepted(".xlsx")
