"""Workbooks (.xlsx), written row by row: memory does not grow with their length, and nothing in them is a formula."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.errors import Unusable
from bot.ledger.backup import digest
from bot.ledger.cells import guarded

if TYPE_CHECKING:
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet

#: What Excel takes in one cell and on one sheet, a heading on each.
LONGEST_CELL = 32_767
_MOST_ROWS = 1_048_575
_CUT = "…（切り詰め / cut）"


class Sheet:
    """One table; what does not fit on one sheet goes on on the next, under the same heading."""

    def __init__(self, book: Workbook, title: str, columns: Sequence[tuple[str, float]]) -> None:
        self._book, self._title, self._columns = book, title, columns
        self._part, self._left = 1, 0
        self._page = self._begin()

    def add(self, row: Sequence[object]) -> None:
        """Add a row; texts are guarded and cut to what a cell takes, numbers stay numbers, ``None`` is empty."""
        if not self._left:
            self._part += 1
            self._page = self._begin()
        self._left -= 1
        self._page.append([self._cell(value) for value in row])

    def offer(self, column: int, words: Sequence[str]) -> None:
        """Have the cells of a column (the first is 1) offer these words to choose from; only they can be typed."""
        from openpyxl.utils import get_column_letter  # noqa: PLC0415 - slow, and for workbooks alone
        from openpyxl.worksheet.datavalidation import DataValidation  # noqa: PLC0415 - slow, and for workbooks alone

        choice = DataValidation(type="list", formula1=f'"{",".join(words)}"', allow_blank=True)
        choice.add(f"{get_column_letter(column)}2:{get_column_letter(column)}{_MOST_ROWS}")
        page: Any = self._page  # the stubs forget what a page written row by row has
        page.data_validations.append(choice)

    def print_wide(self) -> None:
        """Have it printed on its side, as wide as the paper, its heading on every page."""
        from openpyxl.worksheet.properties import PageSetupProperties  # noqa: PLC0415 - slow, and for workbooks alone

        page: Any = self._page  # as above
        page.page_setup.orientation, page.page_setup.fitToHeight = "landscape", 0
        page.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
        page.print_title_rows = "1:1"

    def _begin(self) -> WriteOnlyWorksheet:
        self._left = _MOST_ROWS
        return self._book.page(self._title if self._part == 1 else f"{self._title} {self._part}", self._columns)

    def _cell(self, value: object) -> object:
        if value is None or isinstance(value, int | float):
            return value
        return self._book.text(str(value))


class Workbook:
    """A workbook being written; ``cut`` counts the cells that were too long for Excel."""

    def __init__(self) -> None:
        import openpyxl  # noqa: PLC0415 - slow to import, needed for workbooks alone
        from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE  # noqa: PLC0415 - slow, and for workbooks alone

        self._book = openpyxl.Workbook(write_only=True)
        self._illegal = ILLEGAL_CHARACTERS_RE
        self.cut = 0

    def sheet(self, title: str, columns: Sequence[tuple[str, float]]) -> Sheet:
        """Begin a sheet; a column is its heading and its width in characters. Only the newest may be added to."""
        return Sheet(self, title, columns)

    def save(self, path: Path) -> None:
        """Write the file; raises ``OSError``."""
        self._book.save(path)

    def publish(self, to: Path) -> str:
        """Write the file whole or not at all, readable for its owner alone, and return its SHA-256; raises ``Unusable``."""
        draft = to.with_name(f".{to.name}.part")
        try:
            os.close(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600))
            self.save(draft)
            draft.replace(to)
            return digest(to)
        except OSError as error:
            raise Unusable(f"{to} can't be written: {error.strerror}") from error
        finally:
            draft.unlink(missing_ok=True)

    def page(self, title: str, columns: Sequence[tuple[str, float]]) -> WriteOnlyWorksheet:
        """Begin a page with its heading, which stays in sight."""
        from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415 - slow, and for workbooks alone
        from openpyxl.styles import Alignment, Font, PatternFill  # noqa: PLC0415 - slow, and for workbooks alone
        from openpyxl.utils import get_column_letter  # noqa: PLC0415 - slow, and for workbooks alone

        page: WriteOnlyWorksheet = self._book.create_sheet(title)
        page.freeze_panes = "A2"
        page.sheet_view.showGridLines = True
        heads = []
        for number, (name, width) in enumerate(columns, 1):
            page.column_dimensions[get_column_letter(number)].width = width  # type: ignore[attr-defined] # the stubs forget it
            head = WriteOnlyCell(page, value=name)
            head.font, head.fill = Font(bold=True), PatternFill("solid", fgColor="DDE6F0")
            head.alignment = Alignment(wrap_text=True, vertical="top")
            heads.append(head)
        page.append(heads)
        return page

    def text(self, value: str) -> str:
        """Return text as a cell may hold it."""
        shown = guarded(self._illegal.sub("\ufffd", value))
        if len(shown) <= LONGEST_CELL:
            return shown
        self.cut += 1
        return shown[: LONGEST_CELL - len(_CUT)] + _CUT
