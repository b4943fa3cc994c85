"""Tables come out of files as a person sees them, every cell text; what is no table is refused by its name."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Sequence

import openpyxl
import pytest

from bot.errors import Unreadable
from bot.tables import TableLimits, read_grids

LIMITS = TableLimits()
CSV = '職員番号,氏名,備考\r\n0048213,髙橋　みのり,"支所\n(梓川)"\r\n1E5,①㈱,=1+1\r\n'


def rows(content: bytes, name: str = "a.csv", limits: TableLimits = LIMITS) -> list[list[str]]:
    """Return the first table with its header."""
    table = read_grids(content, name=name, limits=limits)[0]
    return [list(table.columns), *map(list, table.rows)]


def workbook(*lines: Sequence[object]) -> bytes:
    """Return an .xlsx file."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for line in lines:
        sheet.append(list(line))
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


@pytest.mark.parametrize("encoding", ["cp932", "utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_text_tables(encoding: str, delimiter: str) -> None:
    """Encodings and delimiters of exports are told apart; zeros, 1E5, formulas and line ends in cells survive."""
    content = CSV.replace(",", delimiter).encode(encoding)
    assert rows(content) == [
        ["職員番号", "氏名", "備考"],
        ["0048213", "髙橋　みのり", "支所\n(梓川)"],
        ["1E5", "①㈱", "=1+1"],
    ]


def test_workbooks() -> None:
    """Cells of a workbook are what a person sees: text with zeros, dates as dates, long numbers whole, formulas as text."""
    stamp = dt.datetime(2021, 7, 30, 9, 5)  # noqa: DTZ001 - Excel knows no zones
    content = workbook(
        ["番号", "日付", "日時", "長い", "式"],
        ["0048213", dt.date(2021, 8, 2), stamp, 305871942216, '=HYPERLINK("http://x")'],
    )
    assert rows(content, "a.xlsx")[1] == [
        "0048213",
        "2021-08-02",
        "2021-07-30 09:05:00",
        "305871942216",
        '=HYPERLINK("http://x")',
    ]


def test_a_title_above_the_header() -> None:
    """Exports begin with a title; the header is the row below it."""
    assert rows(workbook(["一覧（令和3年7月30日）"], [], ["番号", "氏名"], ["1", "x"]), "a.xlsx") == [
        ["番号", "氏名"],
        ["1", "x"],
    ]


@pytest.mark.parametrize(
    "content",
    ["<html><body><table><tr><th>番号</th><th>氏名</th></tr><tr><td>001</td><td>髙橋</td></tr></table></body></html>".encode(),
     "番号\t氏名\r\n001\t髙橋\r\n".encode("cp932")],
    ids=["html", "tsv"],
)  # fmt: skip
def test_what_is_called_xls_and_is_none(content: bytes) -> None:
    """Many systems name an HTML table or a TSV file .xls."""
    assert rows(content, "export.xls") == [["番号", "氏名"], ["001", "髙橋"]]


def _archive(size: int) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"\0" * size)
    return made.getvalue()


def _zip() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("a.txt", "x")
    return made.getvalue()


@pytest.mark.parametrize(
    "content",
    [b"", b"\0\0\0", b"no table", "番号,氏名\n".encode(), _zip(), b"PK\x03\x04broken", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600,
     bytes(range(256)) * 50, b'a,b\n"x,y\n', b"a,b\n1,2,3\n", _archive(2**20), b"\x89PNG\r\n\x1a\n" + b"\0" * 50],
)  # fmt: skip
def test_what_is_no_table_is_refused_by_name(content: bytes) -> None:
    """Archives, binaries, broken files and rows that don't fit their header are refused, and the file is named."""
    limits = TableLimits(max_unpacked=2**19)
    with pytest.raises(Unreadable, match=r"list\.csv"):
        read_grids(content, name="list.csv", limits=limits)


@pytest.mark.parametrize(
    "limits", [TableLimits(max_bytes=10), TableLimits(max_rows=1), TableLimits(max_columns=2), TableLimits(max_cell=5)]
)
def test_more_than_allowed_is_refused(limits: TableLimits) -> None:
    """A table beyond a limit is refused whole, never cut."""
    with pytest.raises(Unreadable):
        read_grids(CSV.encode(), name="a.csv", limits=limits)
