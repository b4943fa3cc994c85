"""A workbook comes out with every row and sheet, and with what a person sees of it otherwise than its cells say."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date, datetime

import openpyxl
import pytest
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.comments import Comment
from openpyxl.formatting.rule import FormulaRule
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet as Sheet

from bot.tables import TableLimits, read_worksheets
from bot.worksheet import Fact, Worksheet
from tests.hostile_kit import row, workbook

ROWS = (("番号", "氏名", "利用日"), ("1", "髙橋", "12/1"), ("2", "中村", "12/2"))


def book(change: Callable[[Sheet], object] = lambda _: None) -> bytes:
    """Return a workbook of three rows that were changed."""
    made = openpyxl.Workbook()
    sheet = made.active
    assert sheet is not None
    for cells in ROWS:
        sheet.append(list(cells))
    change(sheet)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def read(content: bytes) -> list[Worksheet]:
    """Return the sheets of a workbook."""
    return read_worksheets(content, name="a.xlsx", limits=TableLimits())


def marks(content: bytes) -> list[tuple[Fact, str, int, int]]:
    """Return what is marked on all sheets."""
    return [(mark.fact, mark.words, mark.row, mark.column) for sheet in read(content) for mark in sheet.marks]


def _hide_row(sheet: Sheet) -> None:
    sheet.row_dimensions[2].hidden = True


def _hide_column(sheet: Sheet) -> None:
    sheet.column_dimensions["B"].hidden = True


def _hide_sheet(sheet: Sheet) -> None:
    assert sheet.parent is not None
    sheet.parent.create_sheet("次")
    sheet.title, sheet.sheet_state = "前回分", "veryHidden"


def _strike(sheet: Sheet) -> None:
    sheet["C2"].font = Font(strike=True)


def _strike_a_run(sheet: Sheet) -> None:
    sheet["C2"] = CellRichText(TextBlock(InlineFont(strike=True), "12/1"), " 12/3")


def _comment(sheet: Sheet) -> None:
    sheet["B2"].comment = Comment("取り消しました", "x")


def _whiten(sheet: Sheet) -> None:
    sheet["C2"].font = Font(color="FFFFFFFF")


def _blank_out(sheet: Sheet) -> None:
    sheet["C2"].number_format = ";;;"


def _head(sheet: Sheet) -> None:
    assert sheet.oddHeader is not None
    sheet.oddHeader.center.text = "取消分"


def _strike_by_condition(sheet: Sheet) -> None:
    rule = FormulaRule(formula=["$A2=1"], font=Font(strike=True))  # type: ignore[no-untyped-call] # openpyxl has no types here
    sheet.conditional_formatting.add("A2:C3", rule)


@pytest.mark.parametrize(
    ("change", "found"),
    [(_hide_row, (Fact.HIDDEN_ROW, "1 髙橋 12/1", 2, 0)),
     (_hide_column, (Fact.HIDDEN_COLUMN, "氏名", 0, 2)), (_hide_sheet, (Fact.HIDDEN_SHEET, "前回分", 0, 0)),
     (_strike, (Fact.STRUCK, "12/1", 2, 3)), (_strike_a_run, (Fact.STRUCK, "12/1", 2, 3)), (_comment, (Fact.COMMENT, "取り消しました", 2, 2)),
     (_whiten, (Fact.UNSEEN, "12/1", 2, 3)), (_blank_out, (Fact.UNSEEN, "12/1", 2, 3)), (_head, (Fact.MARGIN, "取消分", 0, 0)),
     (_strike_by_condition, (Fact.STRUCK, "条件付き書式", 0, 0))],
)  # fmt: skip
def test_what_a_person_sees_otherwise(change: Callable[[Sheet], object], found: tuple[object, ...]) -> None:
    """Each is marked with its words and its place, and no row is left out for it."""
    content = book(change)
    assert marks(content) == [found]
    assert len(read(content)[0].rows) == 3


def test_a_plain_workbook_has_no_marks() -> None:
    """What looks as its cells say is not marked, empty hidden rows and columns included."""

    def change(sheet: Sheet) -> None:
        sheet.row_dimensions[9].hidden = sheet.column_dimensions["H"].hidden = True
        sheet["A1"].font = Font(bold=True, color="FFFF0000")

    assert marks(book(change)) == []


@pytest.mark.parametrize(
    ("strings", "found"),
    [("<si><r><rPr><strike/></rPr><t>12/1</t></r><r><t> 12/3</t></r></si>", [(Fact.STRUCK, "12/1", 1, 1)]),
     ('<si><r><rPr><strike val="0"/></rPr><t>12/1</t></r><r><t> 12/3</t></r></si>', []),
     ('<si><t>12/1 12/3</t><rPh sb="0" eb="1"><t>ジュウニ</t></rPh></si>', [])],
)  # fmt: skip
def test_runs_of_shared_strings(strings: str, found: list[object]) -> None:
    """What is struck out in a string is marked at each cell that shows it; readings are no part of it."""
    content = workbook('<row r="1"><c r="A1" t="s"><v>0</v></c></row>', strings=strings)
    assert (marks(content), read(content)[0].rows[0].cells) == (found, ["12/1 12/3"])


def test_threads_words_and_pictures_over_the_cells() -> None:
    """A thread is read once, though Excel repeats it as a note; what is drawn over the cells is told."""
    content = workbook(row(1, "a", "b"), others={
        "comments": '<x><comment ref="A1"><text><t>[Threaded comment] 取消</t></text></comment>'
                    '<comment ref="B1"><text><r><t>訂</t></r><r><t>正</t></r></text></comment></x>',
        "threadedComment": '<x><threadedComment ref="A1"><text>取消</text></threadedComment></x>',
        "drawing": "<x><p><t>見本</t></p><pic/></x>", "ctrlProp": "<x/>",
    })  # fmt: skip
    assert marks(content) == [
        (Fact.COMMENT, "取消", 1, 1), (Fact.COMMENT, "訂正", 1, 2), (Fact.SHAPE, "見本 画像", 0, 0), (Fact.SHAPE, "チェックボックスなどの部品", 0, 0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("beside", "attributes", "found"),
    [("", 'ht="0" customHeight="1"', True), ('<sheetFormatPr zeroHeight="1"/>', "", True), ('<sheetFormatPr zeroHeight="1"/>', 'ht="15"', False),
     ("", 'hidden="0"', False)],
)  # fmt: skip
def test_rows_without_height(beside: str, attributes: str, found: bool) -> None:  # noqa: FBT001 - of a table of cases
    """A row of no height is hidden, and so is one that no height is given to where rows have none."""
    content = workbook(f'</sheetData>{beside}<sheetData><row r="1" {attributes}><c r="A1"><v>1</v></c></row>')
    assert [fact for fact, *_ in marks(content)] == [Fact.HIDDEN_ROW] * found


@pytest.mark.parametrize("dimension", ["A1", "A1:C2", "A1:B3", "A1:XFD1048576"])
def test_what_a_sheet_says_of_its_size_is_not_believed(dimension: str) -> None:
    """All rows and columns come out, whatever its dimension says."""
    cells = "".join(row(number, *line) for number, line in enumerate(ROWS, 1))
    content = workbook(f'</sheetData><dimension ref="{dimension}"/><sheetData>{cells}')
    assert [tuple(line.cells) for line in read(content)[0].rows] == list(ROWS)


def _shown(value: date | int, code: str) -> tuple[str, list[tuple[Fact, str, int, int]]]:
    def change(sheet: Sheet) -> None:
        sheet["C2"] = value
        sheet["C2"].number_format = code

    content = book(change)
    return read(content)[0].rows[1].cells[2], marks(content)


@pytest.mark.parametrize(
    ("value", "code", "text", "partly"),
    [(date(2026, 12, 1), '[$-411]ge.m.d', "2026-12-01", ""), (date(2026, 12, 1), 'm"月"d"日"', "2026-12-01", "12月1日"),
     (date(2025, 12, 1), "d-mmm", "2025-12-01", "12月1日"), (date(2026, 12, 1), 'yyyy"年"m"月"', "2026-12-01", "2026年12月"),
     (datetime(2026, 12, 1, 8, 30), "yyyy/m/d h:mm", "2026-12-01 08:30:00", ""),  # noqa: DTZ001 - Excel knows no zones
     (datetime(2026, 12, 1, 8, 30), "m/d h:mm", "2026-12-01 08:30:00", "12月1日"),  # noqa: DTZ001 - Excel knows no zones
     (48213, "0000000", "0048213", ""), (48213, "General", "48213", ""), (46357, "General", "46357", "")],
)  # fmt: skip
def test_formats(value: date | int, code: str, text: str, partly: str) -> None:
    """Dates come as ISO and numbers with the zeros they show; a date that is shown in part is marked with what is shown."""
    assert _shown(value, code) == (text, [(Fact.PARTLY, partly, 2, 3)] if partly else [])


@pytest.mark.parametrize(
    ("number", "partly"), [(27, ""), (28, ""), (31, ""), (56, "12月1日"), (55, "2026年12月"), (58, "")]
)
def test_formats_of_japan(number: int, partly: str) -> None:
    """Formats that Excel of Japan writes by their number alone are dates, too."""
    content = workbook(
        '<row r="1"><c r="A1" s="0"><v>46357</v></c></row>', styles=f'<cellXfs><xf numFmtId="{number}"/></cellXfs>'
    )
    assert read(content)[0].rows[0].cells == ["2026-12-01"]
    assert [words for _, words, *_ in marks(content)] == ([partly] if partly else [])
