"""What anybody may send costs time that grows as its size does, and no more than the limits allow."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from bot.errors import Unreadable
from bot.intake.reader import Reader
from bot.model import Message, Reading, ReadOutcome
from bot.settings.forms import FormsSettings
from bot.tables import TableLimits, read_grids
from tests.hostile_kit import FIELDS, LINEAR, REFUSED, html, row, text, workbook

ZONE = ZoneInfo("Asia/Tokyo")
FORMS = FormsSettings()
#: Twice the size takes twice the time, or four times; what lies between is told apart by trying again.
MOST, TRIES = 3.0, 6
#: Below this the clock is too coarse, and nothing is slow.
SHORT = 0.01


def read(content: bytes, name: str, forms: FormsSettings = FORMS) -> Reading:
    """Read bytes as a file of that name."""
    message = Message(locator=name, name=name, received_at=datetime(2021, 7, 30, tzinfo=ZONE), content=content)
    return Reader(forms, zone=ZONE, own_address="telework-id@city.example.jp").read(message)


def _took(act: Callable[[], object]) -> float:
    """Return the processor time of it: other processes do not count."""
    started = time.process_time()
    act()
    return time.process_time() - started


def grows_as_its_size(once: Callable[[], object], twice: Callable[[], object]) -> bool:
    """Tell whether the shortest of several runs with twice the size took less than three times the shortest with one."""
    shortest, doubled = float("inf"), float("inf")
    for _ in range(TRIES):
        shortest, doubled = min(shortest, _took(once)), min(doubled, _took(twice))
        if doubled < max(MOST * shortest, SHORT):
            return True
    return False


@pytest.mark.parametrize("name", LINEAR)
def test_twice_the_input_takes_twice_the_time(name: str) -> None:
    """No reader goes over what it has read again: the time to read a hostile input grows as its size."""
    hostile = LINEAR[name]
    small, large = hostile.make(hostile.size), hostile.make(2 * hostile.size)
    assert grows_as_its_size(lambda: read(small, hostile.name), lambda: read(large, hostile.name))


@pytest.mark.parametrize("name", FIELDS)
def test_twice_the_field_takes_twice_the_time(name: str) -> None:
    """Whatever looks at an applicant's words, in the intake, the rules and the notices, looks at each once."""
    size, look = FIELDS[name]
    assert grows_as_its_size(lambda: look(size), lambda: look(2 * size))


@pytest.mark.parametrize("name", REFUSED)
def test_too_much_is_refused_before_it_is_walked(name: str) -> None:
    """Beyond a limit a message is unreadable, with a reason that names the limit, and has cost next to nothing."""
    hostile, limit = REFUSED[name]
    content = hostile.make(hostile.size)
    started = time.process_time()
    reading = read(content, hostile.name)
    assert time.process_time() - started < 2
    assert reading.outcome is ReadOutcome.UNREADABLE
    assert limit in reading.reason
    assert " / " in reading.reason


@pytest.mark.parametrize(
    ("changes", "content", "name"),
    [({"max_columns": 2}, workbook(row(1, "職員番号", "氏名", "利用日") + row(2, "1", "2", "3")), "a.xlsx"),
     ({"max_sheets": 1}, workbook(row(1, "職員番号", "氏名") + row(2, "1", "2"), sheets=2), "a.xlsx"),
     ({"max_rows": 1}, "職員番号,氏名\n1,2\n3,4\n".encode(), "a.csv"),
     ({"max_rows": 1}, text("職員番号\t氏名\n1\t2\n3\t4\n"), "a.eml"),
     ({"max_field_chars": 100}, text("職員番号：1234567\n氏名：" + "x" * 101), "a.eml"),
     ({"max_header_kb": 1}, b"X: " + b"x" * 1025 + b"\r\n" + text("職員番号：1234567"), "a.eml"),
     ({"max_parts": 1}, b"From: a\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n" + "職員番号：1234567".encode() + b"\r\n--b--", "a.eml"),
     ({"max_table_mb": 1}, "職員番号,氏名\n1,2\n".encode() + b"\n" * 2**20, "a.csv")],
)  # fmt: skip
def test_each_limit_is_a_setting(changes: dict[str, int], content: bytes, name: str) -> None:
    """What is refused by a lower limit is taken by the usual one: an operator may raise it."""
    assert read(content, name, FormsSettings.model_validate(changes)).outcome is ReadOutcome.UNREADABLE
    assert read(content, name).outcome is ReadOutcome.APPLICATIONS


def _lying(content: bytes) -> bytes:
    """Return the archive with its first part said to be of one byte: unpacked without care it is more than anybody has."""
    archive = zipfile.ZipFile(io.BytesIO(content))
    sizes = [info.file_size for info in archive.infolist()]
    return content.replace(sizes[0].to_bytes(4, "little"), (1).to_bytes(4, "little"))


def _archive(compression: int) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", compression) as archive:
        archive.writestr("xl/workbook.xml", b" " * 300_000)
    return made.getvalue()


@pytest.mark.parametrize(
    "content",
    [_lying(_archive(zipfile.ZIP_DEFLATED)), _archive(zipfile.ZIP_LZMA),
     workbook('<row r="1"><c r="A0"/></row>'), workbook('<row r="1"><c r="A1" t="s"><v>7</v></c></row>'),
     workbook(row(1, "a", "b") + '<row r="2"><c r="A2"><v>1</v></c><c r="A2"><v>2</v></c></row>'),
     workbook(row(1, "a", "b"), styles='<!DOCTYPE x [<!ENTITY a "b">]>'), workbook("<row>")],
    ids=["its size is a lie", "packed in another way", "a cell that stands nowhere", "no such string", "a cell that stands twice",
         "entities", "a row that never ends"],
)  # fmt: skip
def test_a_broken_workbook_is_refused_by_name(content: bytes) -> None:
    """What no spreadsheet program writes is no table."""
    with pytest.raises(Unreadable, match=r"a\.xlsx: .+ / "):
        read_grids(content, name="a.xlsx", limits=TableLimits())


def test_cells_that_are_only_formatted_count() -> None:
    """A workbook of nothing but empty cells ends at the limit of cells."""
    content = workbook(row(1, "a", "b") + row(2, "1", "2") + '<row><c s="1"/></row>' * 100)
    limits = TableLimits(max_cells=100)
    with pytest.raises(Unreadable, match="100"):
        read_grids(content, name="a.xlsx", limits=limits)
    (grid,) = read_grids(content, name="a.xlsx", limits=replace(limits, max_cells=500))
    assert [list(cells) for cells in grid.rows] == [["1", "2"]]


@pytest.mark.parametrize("unfinished", ["<a href='x>", "<!-- ", '<p title="x>', "</p x='", "<!DOCTYPE ", "<?xml "])
def test_what_never_ends_in_html_is_text(unfinished: str) -> None:
    """An application behind a tag or comment that has no end is read: nothing in HTML is lost."""
    reading = read(html(f"<p>お世話になります</p>{unfinished}\n職員番号：0048213\n利用日：8/4"), "a.eml")
    assert [application.employee_no for application in reading.applications] == ["0048213"]
