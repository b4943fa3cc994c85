"""What a spreadsheet holds beside the text of its cells: what is hidden, struck out, commented or merged, and where."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from bot.errors import Unreadable

#: Takes a row: its number as the sheet has it, and its cells from the first column on.
Take = Callable[[int, Sequence[object]], None]
#: Cells of a row that are told where it is hidden.
_FEW = 5


class Fact(StrEnum):
    """What a person who looks at a sheet sees otherwise than its cells say, or does not see."""

    #: A row that is hidden, by hand or by a filter, and holds something.
    HIDDEN_ROW = "非表示の行"
    #: A column that is hidden and holds something.
    HIDDEN_COLUMN = "非表示の列"
    #: A sheet that is hidden.
    HIDDEN_SHEET = "非表示のシート"
    #: Words that are struck out.
    STRUCK = "取り消し線"
    #: A note or a comment at a cell.
    COMMENT = "コメント"
    #: Words in white, under a format that shows nothing, or in a cell that lies beneath a merged one.
    UNSEEN = "見えない文字"
    #: Words or pictures that lie over the cells.
    SHAPE = "図形"
    #: Words at the head or foot of each printed page.
    MARGIN = "ヘッダー・フッター"
    #: A date whose cell does not show all of it; what it shows.
    PARTLY = "一部だけを表示する日付"
    #: Words of a page beside its tables.
    BESIDE = "表の外の文"
    #: Something that can't be read at all.
    UNREAD = "読めない部分"


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A fact with its place: row and column count from 1, 0 is the whole sheet, row or column."""

    fact: Fact
    words: str
    row: int = 0
    column: int = 0


class Merged(NamedTuple):
    """A range of cells that are one: first and last row, first and last column, from 1."""

    top: int
    bottom: int
    left: int
    right: int


class Row(NamedTuple):
    """A row that is not empty: where it stands, and its cells as text, without the empty ones at its end."""

    number: int
    cells: list[str]


@dataclass(kw_only=True)
class Worksheet:
    """One sheet of a workbook, or one table of a file: its rows, and what a person sees of it beside them."""

    name: str = ""
    rows: list[Row] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    merged: list[Merged] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class BookLimits:
    """How much of a workbook is walked; more is refused."""

    #: Bytes of all parts that are read, unpacked.
    max_unpacked: int
    max_sheets: int
    #: Rows, cells, strings, styles: everything that stands in the parts that are read counts once.
    max_cells: int
    max_columns: int


@dataclass(kw_only=True)
class Found:
    """What stands in the file of one sheet beside its rows."""

    name: str
    marks: list[Mark] = field(default_factory=list)
    merged: list[Merged] = field(default_factory=list)
    #: First and last column of each group that is hidden.
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)


def place(row: int, column: int = 0) -> str:
    """Return where a cell stands, as people say it: ``3行目 C列``."""
    return " ".join(filter(None, (f"{row}行目" if row else "", f"{letters(column)}列" if column else "")))


def letters(column: int) -> str:
    """Return the letters of a column, as a spreadsheet shows them."""
    found = ""
    while column:
        column, rest = divmod(column - 1, 26)
        found = chr(65 + rest) + found
    return found


def covered(sheet: Worksheet, most: int) -> list[tuple[int, Merged]]:
    """Return (index of the row, range) for each row below the first one of a merged range; what lies beneath is marked.

    Raises ``Unreadable`` where the ranges hold more than ``most`` cells of rows that are there.
    """
    numbers = [row.number for row in sheet.rows]
    width = max((len(row.cells) for row in sheet.rows), default=0)
    found: list[tuple[int, Merged]] = []
    walked = 0
    for merged in sheet.merged:
        first, last = (bisect_right(numbers, number) for number in (merged.top - 1, merged.bottom))
        walked += (last - first) * (1 + max(0, min(merged.right, width) - merged.left))
        if walked > most:
            raise Unreadable(f"結合されたセルが多すぎます（上限{most}） / more than {most} merged cells")
        for index in range(first, last):
            _beneath(sheet, index, merged)
            if numbers[index] > merged.top:
                found.append((index, merged))
    return found


def _beneath(sheet: Worksheet, index: int, merged: Merged) -> None:
    row = sheet.rows[index]
    begin = merged.left - 1 + (row.number == merged.top)
    for column, cell in enumerate(row.cells[begin : merged.right], begin + 1):
        if cell:
            sheet.marks.append(Mark(fact=Fact.UNSEEN, words=cell, row=row.number, column=column))


def hidden(columns: Sequence[tuple[int, int]], rows: Sequence[Row]) -> list[Mark]:
    """Return a mark for each hidden column that holds something; ``columns`` are the first and last of each hidden group."""
    width = max((len(row.cells) for row in rows), default=0)
    edges = [0] * (width + 2)
    for first, last in columns:
        if first <= width:
            edges[first] += 1
            edges[min(last, width) + 1] -= 1
    marks, depth = [], 0
    for column in range(1, width + 1):
        depth += edges[column]
        words = (
            next((row.cells[column - 1] for row in rows if len(row.cells) >= column and row.cells[column - 1]), "")
            if depth
            else ""
        )
        if words:
            marks.append(Mark(fact=Fact.HIDDEN_COLUMN, words=words, column=column))
    return marks


def hidden_row(number: int, cells: Sequence[object]) -> Mark:
    """Return the mark of a hidden row, with its first words."""
    words = " ".join(str(cell) for cell in cells[:_FEW] if cell not in {None, ""})
    return Mark(fact=Fact.HIDDEN_ROW, words=words, row=number)
