"""Lists that come back damaged, changed or filled in wrongly: every mistake is told with its row, and nothing is evaluated."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import openpyxl
import pytest
from openpyxl.worksheet.formula import ArrayFormula

from bot.errors import BadUsage
from bot.operation.worklist.answers import Answers, read_answers
from bot.operation.worklist.columns import AT, BY, HEADINGS, LOGIN, NAME, NOTE, REQUEST, RESULT, TO, TODO, Result
from tests.house import FRIDAY, ZONE, House
from tests.unit.test_cli import answer

NOW = FRIDAY + timedelta(hours=1)
GOOD: dict[str, object] = {
    NAME: "W-20210730-130400", REQUEST: "R-20210730-0001", TODO: "x", LOGIN: "tw1", RESULT: Result.HANDED.value, BY: "赤羽",
    AT: "2021/7/30 13:40", TO: "本人",
}  # fmt: skip


def book(*rows: dict[str, object], headings: Sequence[str] = HEADINGS, sheets: int = 1) -> bytes:
    """Return a list with these rows."""
    made = openpyxl.Workbook()
    for number in range(sheets):
        sheet = made.active if number == 0 else made.create_sheet()
        assert sheet is not None
        sheet.append(list(headings))
        for row in rows:
            sheet.append([row.get(heading) for heading in headings])
    kept = io.BytesIO()
    made.save(kept)
    return kept.getvalue()


def read(content: bytes) -> Answers:
    """Read a file as a list."""
    return read_answers(content, name="list.xlsx", zone=ZONE, now=NOW)


def wrong(*rows: dict[str, object]) -> list[str]:
    """Return what is wrong with these rows."""
    return [str(problem) for problem in read(book(*rows)).problems]


def test_a_row_is_read_with_its_time_in_the_citys_zone() -> None:
    """A time is read as it is typed or as Excel keeps it; a row without any result is counted, and blank rows shift nothing."""
    typed = {**GOOD, REQUEST: "R-20210730-0002", AT: datetime(2021, 7, 30, 13, 41)}  # noqa: DTZ001 - as openpyxl writes
    named = {**GOOD, REQUEST: "R-20210730-0003", AT: "2021-07-30T04:42:00Z"}
    old = {**GOOD, REQUEST: "R-20210730-0004", AT: "令和3年7月30日 午後1時43分", RESULT: "発行済（手渡し）"}
    empty: dict[str, object] = {REQUEST: "R-20210730-0005"}
    found = read(book(GOOD, {}, typed, empty, named, old))
    assert list(found.problems) == []
    assert found.empty == 1
    assert [one.at for one in found.found] == [
        datetime(2021, 7, 30, 13, minute, tzinfo=ZONE) for minute in range(40, 44)
    ]
    assert [one.row for one in found.found] == [2, 4, 6, 7]


@pytest.mark.parametrize(
    ("cells", "text"),
    [
        ({RESULT: "済"}, "結果 / result is '済'; known: 発行済(手渡し)"),
        ({RESULT: None}, "結果 / result is empty"),
        ({BY: " "}, "who did it?"),
        ({AT: None}, "実施日時 / done at is empty"),
        ({AT: "昨日"}, "write day and time, such as 2026-11-24 14:05"),
        ({AT: "2021-07-30"}, "write day and time"),
        ({AT: "2021-07-31 09:00"}, "still to come"),
        ({TO: None}, "who was given the password?"),
        ({NOTE: '=HYPERLINK("http://192.0.2.1/","x")'}, "備考 / note is a formula"),
        ({LOGIN: '="tw"&"1"'}, "ログインID / login ID is a formula"),
        ({NOTE: ArrayFormula("X2:X2", "=1+1")}, "備考 / note is a formula"),
        ({NOTE: "長" * 201}, "備考 / note is longer than 200 characters"),
    ],
)
def test_every_mistake_of_a_row_is_told(cells: dict[str, object], text: str) -> None:
    """Its number in the sheet stands before it."""
    (found,) = wrong(GOOD | {REQUEST: "R-20210730-0009"}, GOOD | cells)
    assert found.startswith("3行目 / row 3: ")
    assert text in found


def test_all_mistakes_are_told_at_once() -> None:
    """Also several of one row, and a request that stands in two rows."""
    found = wrong(GOOD, GOOD, GOOD | {RESULT: "?", BY: None, AT: None})
    assert [one.partition(":")[0] for one in found] == ["3行目 / row 3"] + ["4行目 / row 4"] * 4
    assert "stands in row 2 too" in found[0]


def _bomb() -> bytes:
    kept = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book(GOOD))) as good, zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in good.namelist():
            archive.writestr(part, (b" " * (101 * 2**20) if "sheet1" in part else b"") + good.read(part))
    return kept.getvalue()


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (lambda: b"", "empty"),
        (lambda: b"\x89PNG\r\n\x1a\n\0\0\0", "binary"),
        (lambda: book(GOOD)[:900], "no table"),
        (_bomb, "unpacks to more than"),
        (lambda: b"\x20" * (10 * 2**20 + 1), "larger than 10 MB"),
        (lambda: book(GOOD, sheets=2), "2 sheets with the columns"),
        (lambda: book(GOOD, headings=HEADINGS[:4]), "0 sheets with the columns"),
        (lambda: book(GOOD, headings=[one for one in HEADINGS if one != BY]), f"lacks the columns: {BY}"),
    ],
)  # fmt: skip
def test_what_is_no_list_is_refused_whole(content: Callable[[], bytes], text: str) -> None:
    """The sentence says what is wrong with the file."""
    with pytest.raises(BadUsage, match=text):
        read(content())


def test_ten_thousand_rows_are_read() -> None:
    """A surge of a prefecture is one file; each forged row is told."""
    rows = [
        GOOD | {REQUEST: f"R-20210730-{number:05d}", BY: "赤羽" if number % 10 else None} for number in range(10_000)
    ]
    found = read(book(*rows))
    assert (len(found.found), len(found.problems)) == (9_000, 1_000)


def test_the_command_line_says_what_it_needs(tmp_path: Path) -> None:
    """A list goes to a new .xlsx, in somebody's name and for a reason; a file that is not there is told as such."""
    house = House(path=tmp_path / "house").lay_out()
    config = ("--config", str(house.config))
    for options in (
        ("--by", "x", "--reason", "y"),
        ("--to", "l.csv", "--by", "x", "--reason", "y"),
        ("--to", "l.xlsx"),
    ):
        assert answer("worklist", *options, *config, status=2)["error"] == "BadUsage"
    missing = answer("worklist", "import", "no.xlsx", "--by", "x", "--reason", "y", *config, status=2)
    assert "no.xlsx can't be read" in missing["message"]
    to = tmp_path / "list.xlsx"
    none = answer("worklist", "--to", str(to), "--by", "x", "--reason", "y", *config)
    assert (none["items"], none["file"], to.exists()) == ([], None, False)
