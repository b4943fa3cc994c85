"""Tables out of files: CSV, TSV and Excel in the forms offices send, every cell as text, nothing evaluated."""

from __future__ import annotations

import csv
import io
import warnings
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any, NamedTuple

from bot.errors import Unreadable
from bot.markup import html_lines
from bot.text import decode

if TYPE_CHECKING:
    import pandas as pd

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_DELIMITERS = ",\t;|"


@dataclass(frozen=True, kw_only=True)
class TableLimits:
    """How much of a table is taken; more is refused, never cut."""

    max_bytes: int = 20 * 2**20
    #: Of a workbook when it is unpacked: a small file may hold gigabytes.
    max_unpacked: int = 200 * 2**20
    max_rows: int = 50_000
    max_columns: int = 200
    max_cell: int = 32_767


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A table as rows of text: what is read once from end to end needs no more."""

    columns: Sequence[str]
    #: Each as long as ``columns``.
    rows: Sequence[Sequence[str]]
    #: Where each row stands in its file or sheet, the first line being 1.
    numbers: Sequence[int]


class _Row(NamedTuple):
    number: int
    cells: list[str]


def read_tables(content: bytes, *, name: str, limits: TableLimits) -> list[pd.DataFrame]:
    """Return the tables in ``content``; raises as :func:`read_grids` does."""
    import pandas as pd  # noqa: PLC0415 - 40 MB, needed for applications that come as tables alone

    grids = read_grids(content, name=name, limits=limits)
    return [pd.DataFrame(grid.rows, columns=list(grid.columns), dtype=object) for grid in grids]


def read_grids(content: bytes, *, name: str, limits: TableLimits) -> list[Grid]:
    """Return the tables in ``content``, one a sheet; the first row that is neither empty nor a title names the columns.

    Every cell is text as a person sees it: leading zeros, ``1E5`` and long numbers stay, dates come as ISO, a formula
    is its own text. Empty cells are ``""``, empty rows are left out, repeated column names get ``.1``, ``.2``.
    Raises ``Unreadable`` naming the file when it is no table or larger than ``limits``.
    """
    if len(content) > limits.max_bytes:
        raise _refused(name, f"larger than {limits.max_bytes // 2**20} MB")
    if not content.strip(b"\0 \r\n\t"):
        raise _refused(name, "空のファイルです / it is empty")
    try:
        sheets = _sheets(content, name, limits)
    except (Unreadable, MemoryError):
        raise
    except Exception as error:
        # openpyxl, xlrd and csv each have their own errors for a broken file; all mean the same here.
        raise _refused(name, f"表として読めません / no table ({type(error).__name__})") from error
    tables = [grid for rows in sheets if (grid := _grid(rows, name)) is not None]
    if not tables:
        raise _refused(name, "見出し行とデータ行がありません / it has no header and rows")
    return tables


def _sheets(content: bytes, name: str, limits: TableLimits) -> list[list[_Row]]:
    if content.startswith(_ZIP):
        return _xlsx(content, name, limits)
    if content.startswith(_OLE):
        return _xls(content, limits)
    if content.count(b"\0") and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _refused(name, "表ではなくバイナリです / it is binary data, not a table")
    text = decode(content)
    if "<table" in text[:5_000].lower():
        return _html(text, limits)
    return [_delimited(text, name, limits)]


def _delimited(text: str, name: str, limits: TableLimits) -> list[_Row]:
    csv.field_size_limit(max(limits.max_cell, 131_072))
    sample = text[:10_000]
    delimiter = max(_DELIMITERS, key=lambda mark: (sample.count(mark), -_DELIMITERS.index(mark)))
    if delimiter not in sample:
        raise _refused(name, "区切り文字がありません / it has no columns")
    return _taken(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), limits)


def _xlsx(content: bytes, name: str, limits: TableLimits) -> list[list[_Row]]:
    import openpyxl  # noqa: PLC0415 - slow to import, needed for workbooks alone

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if "xl/workbook.xml" not in archive.namelist():
            raise _refused(name, "Excelではない圧縮ファイルです / it is an archive, not a workbook")
        if sum(item.file_size for item in archive.infolist()) > limits.max_unpacked:
            raise _refused(name, "展開すると大きすぎます / it unpacks to too much")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl tells of styles and validations it drops: not our business
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
        try:
            return [_taken(sheet.iter_rows(values_only=True), limits) for sheet in book.worksheets]
        finally:
            book.close()


def _xls(content: bytes, limits: TableLimits) -> list[list[_Row]]:
    import xlrd  # noqa: PLC0415 - needed for old workbooks alone

    book = xlrd.open_workbook(file_contents=content, logfile=io.StringIO())

    def cells(sheet: Any, row: int) -> list[object]:  # noqa: ANN401 - xlrd has no types
        return [
            xlrd.xldate_as_datetime(cell.value, book.datemode) if cell.ctype == xlrd.XL_CELL_DATE else cell.value
            for cell in sheet.row(row)
        ]

    return [_taken((cells(sheet, row) for row in range(sheet.nrows)), limits) for sheet in book.sheets()]


def _html(text: str, limits: TableLimits) -> list[list[_Row]]:
    tables = (table.split("\n") for table in html_lines(text).split("\f")[1:])
    return [_taken((line[:-1].split("\t") for line in lines if line.endswith("\t")), limits) for lines in tables]


def _taken(rows: Iterable[Sequence[object]], limits: TableLimits) -> list[_Row]:
    taken: list[_Row] = []
    for number, row in enumerate(rows, 1):
        cells = [_text(cell) for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        if len(cells) > limits.max_columns or any(len(cell) > limits.max_cell for cell in cells):
            raise Unreadable("表の列または1つのセルが大きすぎます / too many columns, or a cell is too long")
        if any(cells):
            taken.append(_Row(number, cells))
        if len(taken) > limits.max_rows + 1:
            raise Unreadable(f"表の行が多すぎます（上限{limits.max_rows}行） / more than {limits.max_rows} rows")
    return taken


def _text(cell: object) -> str:
    """Return a cell as a person sees it."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(sep=" ", timespec="seconds")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(formula := getattr(cell, "text", None), str):
        return formula.strip()  # one over several cells: openpyxl keeps it as an object
    return str(cell).strip()


def _grid(rows: list[_Row], name: str) -> Grid | None:
    if len(rows) < 2:
        return None
    while len(rows) > 2 and sum(map(bool, rows[0].cells)) == 1 and len(rows[1].cells) > 1:
        rows = rows[1:]  # a title above the table
    header, *body = rows
    width = len(header.cells)
    longer = next((row.number for row in body if len(row.cells) > width), None)
    if longer is not None:
        raise _refused(name, f"{longer}行目の列数が見出しより多い / row {longer} has more cells than the header")
    return Grid(
        columns=_unique(header.cells), rows=[row.cells + [""] * (width - len(row.cells)) for row in body],
        numbers=[row.number for row in body],
    )  # fmt: skip


def _unique(header: Sequence[str]) -> list[str]:
    seen: dict[str, int] = {}
    names = []
    for column in header:
        number = seen.get(column, 0)
        seen[column] = number + 1
        names.append(f"{column}.{number}" if number else column)
    return names


def _refused(name: str, why: str) -> Unreadable:
    return Unreadable(f"{name}: {why}")
