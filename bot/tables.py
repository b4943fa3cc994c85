"""Tables out of files: CSV, TSV and Excel in the forms offices send, every cell as text, nothing evaluated."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time

from bot.errors import Unreadable
from bot.markup import Hidden, read_html
from bot.text import decode
from bot.wording import quote
from bot.worksheet import BookLimits, Fact, Found, Mark, Row, Take, Worksheet, hidden, place

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_DELIMITERS = ",\t;|"
#: Whether such words count is for a person to say.
_TAKEN_BACK = frozenset({Fact.STRUCK, Fact.UNSEEN})


@dataclass(frozen=True, kw_only=True)
class TableLimits:
    """How much of a table is taken; more is refused, never cut.

    Each is counted before what it counts is walked or kept: time and memory are bounded by them, whatever the file says.
    """

    max_bytes: int = 20 * 2**20
    #: Of a workbook when it is unpacked, and of its text: a small file may hold gigabytes.
    max_unpacked: int = 200 * 2**20
    max_sheets: int = 50
    max_rows: int = 50_000
    max_columns: int = 200
    max_cell: int = 32_767
    #: Of a workbook: empty cells that are only formatted count, and so do its strings and styles.
    max_cells: int = 5_000_000


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A table as rows of text: what is read once from end to end needs no more."""

    columns: Sequence[str]
    #: Each as long as ``columns``.
    rows: Sequence[Sequence[str]]
    #: Where each row stands in its file or sheet, the first line being 1.
    numbers: Sequence[int]
    #: Its sheet's name, and the titles above it.
    name: str = ""
    #: Whether its sheet is hidden.
    hidden: bool = False


def read_grids(content: bytes, *, name: str, limits: TableLimits) -> list[Grid]:
    """Return the tables in ``content``, one a sheet; the first row that is neither empty nor a title names the columns.

    Every cell is text as a person sees it: leading zeros, ``1E5`` and long numbers stay, dates come as ISO, a formula
    is its own text. Empty cells are ``""``, empty rows are left out, repeated column names get ``.1``, ``.2``.
    Raises ``Unreadable`` naming the file when it is no table or larger than ``limits``.
    """
    sheets = read_worksheets(content, name=name, limits=limits)
    for mark in (mark for sheet in sheets for mark in sheet.marks if mark.fact in _TAKEN_BACK):
        at, words = place(mark.row, mark.column), quote(mark.words)
        raise _refused(name, f"{at} 表に{mark.fact}があります：{words} / words are struck out or unseen: {words}")
    tables = [grid for sheet in sheets if (grid := _grid(sheet, name)) is not None]
    if len(tables) > limits.max_sheets:
        raise _refused(name, f"表が多すぎます（上限{limits.max_sheets}） / more than {limits.max_sheets} tables")
    if not tables:
        raise _refused(name, "見出し行とデータ行がありません / it has no header and rows")
    return tables


def read_worksheets(content: bytes, *, name: str, limits: TableLimits) -> list[Worksheet]:
    """Return every sheet of ``content`` as it stands, hidden ones too, with what a person sees otherwise than the cells say.

    Cells are text as in :func:`read_grids`, and it raises as that does; which row is a heading is not asked here.
    """
    if len(content) > limits.max_bytes:
        raise _refused(name, f"larger than {limits.max_bytes // 2**20} MB")
    if not content.strip(b"\0 \r\n\t"):
        raise _refused(name, "空のファイルです / it is empty")
    try:
        return _sheets(content, limits)
    except MemoryError:
        raise
    except Unreadable as error:
        raise _refused(name, error.reason) from error
    except Exception as error:
        # openpyxl, xlrd and csv each have their own errors for a broken file; all mean the same here.
        raise _refused(name, f"表として読めません / no table ({type(error).__name__})") from error


def _sheets(content: bytes, limits: TableLimits) -> list[Worksheet]:
    if content.startswith((_ZIP, _OLE)):
        return _workbook(content, limits)
    if content.count(b"\0") and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Unreadable("表ではなくバイナリです / it is binary data, not a table")
    text = decode(content)
    if "<table" in text[:5_000].lower():
        return _html(text, limits)
    return [Worksheet(rows=_delimited(text, limits))]


def _delimited(text: str, limits: TableLimits) -> list[Row]:
    text = text.rstrip("\x1a\0\r\n")  # ^Z: where DOS ends a file
    csv.field_size_limit(max(limits.max_cell, 131_072))
    sample = text[:10_000]
    delimiter = max(_DELIMITERS, key=lambda mark: (sample.count(mark), -_DELIMITERS.index(mark)))
    if delimiter not in sample:
        raise Unreadable("区切り文字がありません / it has no columns")
    return _Taking(limits=limits).all(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))


def _workbook(content: bytes, limits: TableLimits) -> list[Worksheet]:
    from bot import xls, xlsx  # noqa: PLC0415 - they need openpyxl and xlrd, slow to import, for workbooks alone

    rows: list[list[Row]] = []

    def taking() -> Take:
        sheet = _Taking(limits=limits)
        rows.append(sheet.rows)
        return sheet.take

    bounds = BookLimits(
        max_unpacked=limits.max_unpacked, max_sheets=limits.max_sheets, max_cells=limits.max_cells, max_columns=limits.max_columns,
    )  # fmt: skip
    read = xlsx.read_sheets if content.startswith(_ZIP) else xls.read_sheets
    return [_worksheet(sheet, taken) for sheet, taken in zip(read(content, bounds, taking), rows, strict=True)]


def _worksheet(found: Found, rows: list[Row]) -> Worksheet:
    marks = [*found.marks, *hidden(found.hidden_columns, rows)]
    return Worksheet(name=found.name, rows=rows, marks=marks, merged=found.merged)


def _html(text: str, limits: TableLimits) -> list[Worksheet]:
    page = read_html(text)
    before, *tables = (part.split("\n") for part in page.lines.split("\f"))
    sheets = [_html_table(lines, limits) for lines in tables]
    facts = {Hidden.STRUCK: Fact.STRUCK, Hidden.UNSEEN: Fact.UNSEEN}
    marks = [Mark(fact=facts[piece.why], words=piece.words) for piece in page.hidden]
    beside = [line.strip() for lines in (before, *tables) for line in lines if line.strip() and not line.endswith("\t")]
    marks += [Mark(fact=Fact.BESIDE, words=line) for line in beside]
    return [Worksheet(marks=marks), *sheets]


def _html_table(lines: Iterable[str], limits: TableLimits) -> Worksheet:
    cells = [line[:-1].split("\t") for line in lines if line.endswith("\t")]
    sheet = Worksheet(rows=_Taking(limits=limits).all(cells))
    width = max(map(len, cells), default=0)
    # A cell over several rows or columns: which column the others of the row stand in is not known.
    sheet.marks += [
        Mark(fact=Fact.UNREAD, words="列の数が違う行", row=number)
        for number, row in enumerate(cells, 1)
        if len(row) != width and sum(map(bool, row)) > 1
    ]
    return sheet


@dataclass(kw_only=True)
class _Taking:
    """Takes the rows of one table, as text and within the limits."""

    limits: TableLimits
    rows: list[Row] = field(default_factory=list)
    _characters: int = 0

    def all(self, rows: Iterable[Sequence[object]]) -> list[Row]:
        """Take all rows, numbered from 1."""
        for number, row in enumerate(rows, 1):
            self.take(number, row)
        return self.rows

    def take(self, number: int, row: Sequence[object]) -> None:
        """Take a row unless it is empty; raises ``Unreadable`` beyond a limit."""
        limits = self.limits
        if len(row) > 10 * limits.max_columns:  # more than anybody leaves empty at its end
            raise _too_wide(limits)
        cells = [_text(cell) for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        longest, size = max(map(len, cells), default=0), sum(map(len, cells))
        self._characters += size
        if len(cells) > limits.max_columns:
            raise _too_wide(limits)
        if longest > limits.max_cell:
            most = limits.max_cell
            raise Unreadable(f"1つのセルが長すぎます（上限{most}字） / a cell of more than {most} characters")
        if self._characters > limits.max_unpacked:
            most = limits.max_unpacked // 2**20
            raise Unreadable(f"表の文字が多すぎます（上限{most}MB） / the text of the table is more than {most} MB")
        if size:
            self.rows.append(Row(number, cells))
        if len(self.rows) > limits.max_rows + 1:
            raise Unreadable(f"表の行が多すぎます（上限{limits.max_rows}行） / more than {limits.max_rows} rows")


def _too_wide(limits: TableLimits) -> Unreadable:
    return Unreadable(f"表の列が多すぎます（上限{limits.max_columns}列） / more than {limits.max_columns} columns")


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
    return str(cell).strip()


def _grid(sheet: Worksheet, name: str) -> Grid | None:
    rows = sheet.rows
    if len(rows) < 2:
        return None
    titles = 0  # above the table
    while titles < len(rows) - 2 and sum(map(bool, rows[titles].cells)) == 1 and len(rows[titles + 1].cells) > 1:
        titles += 1
    header, *body = rows[titles:]
    width = len(header.cells)
    longer = next((row.number for row in body if len(row.cells) > width), None)
    if longer is not None:
        raise _refused(name, f"{longer}行目の列数が見出しより多い / row {longer} has more cells than the header")
    return Grid(
        columns=_unique(header.cells), rows=[row.cells + [""] * (width - len(row.cells)) for row in body],
        numbers=[row.number for row in body], hidden=any(mark.fact is Fact.HIDDEN_SHEET for mark in sheet.marks),
        name=" ".join([sheet.name, *(cell for row in rows[:titles] for cell in row.cells if cell)]),
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
