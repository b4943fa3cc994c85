"""Old workbooks (.xls) to rows of cells, with what xlrd can tell of hidden, struck, commented and merged cells."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import xlrd

from bot.cell_look import PLAIN, Look, look_of
from bot.errors import Unreadable
from bot.worksheet import BookLimits, Fact, Found, Mark, Merged, Take, hidden_row

#: White in the palette (BIFF8, 2.5.3): the letter colour that can't be seen on a page.
_WHITE = frozenset({1, 9})


def read_sheets(content: bytes, limits: BookLimits, taking: Callable[[], Take]) -> list[Found]:
    """Give each row of each sheet to what ``taking`` returns for that sheet; return what stands beside the rows.

    Raises ``Unreadable`` beyond a limit, and xlrd's own errors for a broken file.
    """
    book, formats = _open(content)
    if book.nsheets > limits.max_sheets or book.nsheets * len(content) > limits.max_unpacked:
        raise Unreadable(
            f"シートが多すぎます（上限{limits.max_sheets}、合計{limits.max_unpacked // 2**20}MB）"
            f" / more than {limits.max_sheets} sheets, or {limits.max_unpacked // 2**20} MB of them"
        )
    looks = _looks(book) if formats else []
    return [_read_sheet(content, book, number, looks, taking()) for number in range(book.nsheets)]


def _open(content: bytes) -> tuple[Any, bool]:
    """Return the workbook, and whether its formats can be read."""
    try:
        return _opened(content, formats=True), True
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - xlrd stops at broken formats in many ways; the cells may be whole
        return _opened(content, formats=False), False


def _opened(content: bytes, *, formats: bool) -> Any:  # noqa: ANN401 - xlrd has no types
    # Ragged: else one cell in the last corner makes a rectangle of all before it. On demand: each sheet's entry may name the same place.
    return xlrd.open_workbook(
        file_contents=content, logfile=io.StringIO(), ragged_rows=True, on_demand=True, formatting_info=formats
    )


def _read_sheet(content: bytes, book: Any, number: int, looks: list[Look], take: Take) -> Found:  # noqa: ANN401 - xlrd has no types
    try:
        sheet = book.sheet_by_index(number)
    except MemoryError:
        raise
    except Exception:
        if not looks:
            raise
        return _read_sheet(content, _opened(content, formats=False), number, [], take)
    found = Found(name=sheet.name)
    reader = _Reader(book=book, sheet=sheet, looks=looks, marks=found.marks)
    for row in range(sheet.nrows):
        take(row + 1, reader.cells(row))
    if not looks:
        found.marks.append(Mark(fact=Fact.UNREAD, words="セルの書式（取り消し線、非表示など）"))
    if sheet.visibility:
        found.marks.append(Mark(fact=Fact.HIDDEN_SHEET, words=sheet.name))
    found.merged += [Merged(top + 1, bottom, left + 1, right) for top, bottom, left, right in sheet.merged_cells]
    found.hidden_columns += [
        (column + 1, column + 1) for column, info in sheet.colinfo_map.items() if info.hidden or not info.width
    ]
    found.marks += [
        Mark(fact=Fact.COMMENT, words=note.text.strip(), row=row + 1, column=column + 1)
        for (row, column), note in sheet.cell_note_map.items()
        if note.text.strip()
    ]
    book.unload_sheet(number)
    return found


def _looks(book: Any) -> list[Look]:  # noqa: ANN401 - xlrd has no types
    return [_look(book, style) for style in book.xf_list]


def _look(book: Any, style: Any) -> Look:  # noqa: ANN401 - xlrd has no types
    font, shown = book.font_list[style.font_index], book.format_map.get(style.format_key)
    unseen = font.colour_index in _WHITE and not style.background.fill_pattern
    code = shown.format_str if shown else None
    return look_of(style.format_key, code, struck=bool(font.struck_out), unseen=unseen)


@dataclass(kw_only=True)
class _Reader:
    """Makes values and marks of the cells of one sheet."""

    book: Any
    sheet: Any
    looks: list[Look]
    marks: list[Mark]

    def cells(self, row: int) -> list[object]:
        """Return the values of a row."""
        cells = [self._value(row, column, cell) for column, cell in enumerate(self.sheet.row(row))]
        info = self.sheet.rowinfo_map.get(row)
        if info is not None and (info.hidden or not info.height) and any(cell != "" for cell in cells):
            self.marks.append(hidden_row(row + 1, cells))
        return cells

    def _value(self, row: int, column: int, cell: Any) -> object:  # noqa: ANN401 - xlrd has no types
        look = self.looks[cell.xf_index] if cell.xf_index is not None and self.looks else PLAIN
        value = self._shown(cell, look)
        if value != "":
            struck = str(value) if look.struck else self._struck(row, column, str(value))
            self._note(Fact.STRUCK, struck, row, column)
            self._note(Fact.UNSEEN, str(value) if look.unseen else "", row, column)
            if look.differs and isinstance(value, datetime):
                self._note(Fact.PARTLY, look.parts_of(value), row, column)
        return value

    def _shown(self, cell: Any, look: Look) -> object:  # noqa: ANN401 - xlrd has no types
        if cell.ctype == xlrd.XL_CELL_DATE or (cell.ctype == xlrd.XL_CELL_NUMBER and look.dates and not look.length):
            return xlrd.xldate_as_datetime(cell.value, self.book.datemode)
        if cell.ctype == xlrd.XL_CELL_ERROR:
            return xlrd.error_text_from_code.get(cell.value, "#VALUE!")
        if cell.ctype == xlrd.XL_CELL_BOOLEAN:
            return bool(cell.value)
        if cell.ctype == xlrd.XL_CELL_NUMBER and look.digits and float(cell.value).is_integer():
            return str(int(cell.value)).zfill(look.digits)
        return cell.value

    def _struck(self, row: int, column: int, text: str) -> str:
        """Return the letters of a cell whose font is struck out, where it has several fonts."""
        runs = self.sheet.rich_text_runlist_map.get((row, column), ())
        ends = [*(start for start, _ in runs[1:]), len(text)]
        return "".join(
            text[start:end]
            for (start, font), end in zip(runs, ends, strict=bool(runs))
            if self.book.font_list[font].struck_out
        ).strip()

    def _note(self, fact: Fact, words: str, row: int, column: int) -> None:
        if words:
            self.marks.append(Mark(fact=fact, words=words, row=row + 1, column=column + 1))
