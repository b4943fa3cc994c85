"""A sheet with a heading row: which row that is, and the answers of each row below; no cell is passed over."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto

from bot.errors import Unreadable
from bot.intake.fields import REMARKS, Answer, FieldReader, Shape
from bot.intake.titles import is_closing, is_plain, names_day
from bot.text import fold, normalise
from bot.worksheet import Merged, Row, letters, place

PERSON = frozenset({"employee_no", "name", "receipt_no"})
DAYS = frozenset({"dates", "date_from", "date_to"})
#: Label of a remark about a cell that holds no value but the way to it.
FORMULA, DITTO = "数式", "上と同じという記号"
#: Label of what stands under no heading.
NO_HEADING = "見出しのない列"
_HEADER_WITHIN = 50  # rows: exports begin with a title, a period, an empty line
_FORM_VALUE = re.compile(r"\d{4}")
_OPTION = re.compile(r"\s*(?P<label>[^\[\]［］【】]{1,40}?)\s*[\[［【](?P<option>[^\[\]［］【】]{1,60})[\]］】]\s*")
_TICKED = frozenset(
    map(
        fold,
        (
            "1",
            "true",
            "yes",
            "on",
            "はい",
            "○",
            "〇",
            "◯",
            "●",
            "✓",
            "✔",
            "☑",
            "☒",
            "■",
            "レ",
            "x",
            "✕",
            "該当",
            "選択",
        ),
    )
)
_UNTICKED = frozenset(map(fold, ("0", "false", "no", "off", "いいえ", "-", "□", "☐", "非該当")))
#: 任用区分, which lists call 区分 too: no kind of an application.
_CATEGORIES = frozenset(map(fold, (
    "正規", "正規職員", "正職員", "常勤", "常勤職員", "非常勤", "非常勤職員", "会計年度任用", "会計年度任用職員", "会計年度", "再任用", "再任用職員",
    "任期付", "任期付職員", "臨時", "臨時職員", "嘱託", "嘱託職員", "派遣", "派遣職員", "フルタイム", "パートタイム", "特別職", "一般職",
)))  # fmt: skip
_DITTO = frozenset(map(fold, ("〃", "々", "同上", "同じ", "上に同じ", "↑", '"', "''", "”", "″", "仝")))
_LONGEST_DITTO = 5
_WRAPPED = re.compile(r'="([^"]*)"')
_APOSTROPHE = re.compile(r"'[=+\-@\d]")
_NUMBER = re.compile(r"[A-Za-z]{0,3}[-\dA-Za-z]*\d[-\dA-Za-z]*")
_LONGEST_NUMBER = 24


class _Is(Enum):
    """What a row below the headings is."""

    APPLICANT = auto()
    #: It goes on with the applicant above, whose cells are merged down into it.
    CONTINUED = auto()
    #: The headings again, or the second line of them.
    HEADING = auto()
    #: 以下余白, 合計.
    CLOSING = auto()
    #: Words that stand alone in their row.
    NOTE = auto()


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column as its heading says it."""

    title: str
    letter: str
    field: str | None
    #: What it stands for, where a form writes a column for each option: 利用日[12/1].
    option: str = ""


@dataclass(frozen=True, kw_only=True)
class Harmless:
    """A row, or a column, that says nothing of any application, and why."""

    at: str
    text: str
    why: str


@dataclass(kw_only=True)
class Read:
    """What a sheet says: the answers of each applicant, what is about all of them, and what is harmless."""

    rows: list[list[Answer]] = field(default_factory=list)
    #: Remarks, and answers that hold for every row.
    about_all: list[Answer] = field(default_factory=list)
    harmless: list[Harmless] = field(default_factory=list)


class Grid:
    """The rows of a sheet, with what merged cells above put into them."""

    def __init__(self, rows: Sequence[Row], covered: Sequence[tuple[int, Merged]] = ()) -> None:
        self.rows = rows
        #: By the index of a row: the merged ranges that begin above it.
        self.below: dict[int, list[Merged]] = {}
        for index, merged in covered:
            self.below.setdefault(index, []).append(merged)
        self._numbered = {row.number: row.cells for row in rows} if covered else {}

    def above(self, merged: Merged) -> str:
        """Return what stands in a merged range."""
        top = self._numbered.get(merged.top, ())
        return top[merged.left - 1] if len(top) >= merged.left else ""

    def filled(self, index: int) -> list[str]:
        """Return the cells of a row, those that are merged with one above with what stands there."""
        cells = self.rows[index].cells
        for merged in self.below.get(index, ()):
            cells = [*cells, *[""] * (merged.left - len(cells))]
            cells[merged.left - 1] = cells[merged.left - 1] or self.above(merged)
        return cells


def find_heading(rows: Sequence[Row], fields: FieldReader) -> int | None:
    """Return the index of the first row that names two fields or more and is no line of a form (label, value, label, value)."""
    for index, row in enumerate(rows[:_HEADER_WITHIN]):
        following = rows[index + 1].cells if index + 1 < len(rows) else None
        if is_heading(row.cells, following, fields):
            return index
    return None


def is_heading(cells: Sequence[str], following: Sequence[str] | None, fields: FieldReader) -> bool:
    """Tell whether these cells are headings of the rows below; ``following`` is the next row."""
    columns = [_column(number, cell, fields) for number, cell in enumerate(cells, 1) if cell]
    if len({column.field for column in columns if column.field}) < 2:
        return False
    known = [column.field is not None for column in columns]
    pairs = all(known[::2]) and not any(known[1::2])
    if following is None:
        return not pairs
    next_known = [fields.field_of(cell) for cell in following if cell]
    if not next_known:
        return not pairs
    if all(next_known) and len(next_known) > 1:
        return not pairs
    if next_known[0] and next_known[0] != REMARKS:
        return False
    values = any(_FORM_VALUE.search(normalise(column.title)) for column in columns if column.field is None)
    return not (pairs and (values or any(field and field != REMARKS for field in next_known)))


class Table:
    """Reads the rows below a heading."""

    def __init__(self, grid: Grid, heading: int, *, part: str, fields: FieldReader) -> None:
        self._grid = grid
        self._part = part
        self._fields = fields
        self._columns: list[Column] = []
        self._read = Read()
        self._open: list[list[Answer]] = []
        self._set_headings(heading)
        self._begin = heading + 1
        self._categories = self._of_categories()

    @property
    def fields(self) -> frozenset[str]:
        """The fields that have a column."""
        return frozenset(column.field for column in self._columns if column.field)

    def read(self) -> Read:
        """Return what the rows say; raises ``Unreadable`` naming a row with several cells and no applicant."""
        headed = False
        for index in range(self._begin, len(self._grid.rows)):
            row = self._grid.rows[index]
            what = self._what(index)
            if what is _Is.HEADING:
                self._pass_over(row, "見出し")
                if not headed:
                    self._pass_over(self._grid.rows[self._begin - 1], "見出し")
                headed = True
                self._set_headings(index)
            elif what is _Is.CLOSING:
                self._pass_over(row, "表の終わり")
            elif what is _Is.NOTE:
                self._note(row)
            elif what is _Is.CONTINUED and self._open:
                self._open.append(list(self._answers(row.number, row.cells)))
            else:
                self._applicant(index)
        self._close()
        return self._read

    def _note(self, row: Row) -> None:
        words = " ".join(filter(None, row.cells))
        column = len(row.cells) - 1
        named = column < len(self._columns) and self._columns[column].field == "name"  # 中村 is no village there
        if is_plain(words) and not named and not names_day(words):
            self._pass_over(row, "表の見出し")
        else:
            self._read.about_all.append(self._remark("", words, place(row.number)))

    def _applicant(self, index: int) -> None:
        number = self._grid.rows[index].number
        answers = list(self._answers(number, self._grid.filled(index)))
        if not any(answer.field in PERSON for answer in answers):
            raise Unreadable(
                f"{self._part}: {number}行目に職員番号も氏名も受付番号もありません / row {number} names nobody"
            )
        self._close()
        self._open = [answers]

    def _close(self) -> None:
        """End the applicant that is open; one that stands in several rows may state days in each."""
        if len(self._open) == 1:
            self._read.rows += self._open
        elif self._open:
            self._read.rows.append([
                replace(answer, label=f"{answer.label}{number}") if answer.field in DAYS else answer
                for number, answers in enumerate(self._open, 1)
                for answer in answers
            ])  # fmt: skip
        self._open = []

    def _what(self, index: int) -> _Is:
        cells = self._grid.rows[index].cells
        stated = [(column, cell) for column, cell in enumerate(cells) if cell]
        if is_closing(cells):
            return _Is.CLOSING
        if len(stated) == 1 and len(self._columns) > 2 and index not in self._grid.below:
            ((column, cell),) = stated
            return _Is.APPLICANT if self._is_number(column, cell) else _Is.NOTE
        if self._is_heading_again(self._grid.filled(index)):
            return _Is.HEADING
        own = {self._columns[column].field for column, _ in stated if column < len(self._columns)}
        return _Is.CONTINUED if index in self._grid.below and not own & PERSON else _Is.APPLICANT

    def _is_number(self, column: int, cell: str) -> bool:
        """Tell whether a cell that stands alone in its row is the number of an application, or of who applies."""
        known = column < len(self._columns) and self._columns[column].field in {"receipt_no", "employee_no"}
        number = normalise(unguarded(cell)).strip()
        return known and len(number) <= _LONGEST_NUMBER and _NUMBER.fullmatch(number) is not None

    def _is_heading_again(self, cells: Sequence[str]) -> bool:
        stated = [(column, cell) for column, cell in enumerate(cells) if cell]
        if len(stated) < 2 or stated[0][1][0].isdecimal():  # no heading begins with a number, and nearly every row does
            return False
        same = all(column < len(self._columns) and self._columns[column].title == cell for column, cell in stated)
        known = [self._fields.field_of(cell) for _, cell in stated]
        return same or (all(known) and len(set(known)) > 1)

    def _set_headings(self, index: int) -> None:
        """Take a row as headings; where it has none, those above stay, and one merged over several columns is none of the others."""
        cells, above = self._grid.filled(index), self._columns
        width = max(len(cells), len(above))
        columns = []
        for number in range(1, width + 1):
            title = cells[number - 1] if number <= len(cells) else ""
            columns.append(_column(number, title, self._fields) if title or number > len(above) else above[number - 1])
        self._columns = columns

    def _of_categories(self) -> frozenset[int]:
        """Return the columns that are headed as the kind and hold nothing but 任用区分."""
        found = set()
        for at, column in enumerate(self._columns):
            if column.field == "kind":
                stated = {row.cells[at] for row in self._grid.rows[self._begin :] if len(row.cells) > at}
                values = set(map(fold, stated)) - {""}
                if values and values <= _CATEGORIES:
                    found.add(at)
                    self._read.harmless.append(Harmless(at=f"{column.letter}列", text=column.title, why="任用区分"))
        return frozenset(found)

    def _answers(self, number: int, cells: Sequence[str]) -> Iterator[Answer]:
        """Yield an answer for each cell: to the field of its heading, else a remark under that heading."""
        options: dict[str, list[tuple[Column, str]]] = {}
        for at, raw in enumerate(cells):
            cell = unguarded(raw) if raw else ""
            if not cell.strip() or at in self._categories:
                continue
            column = self._columns[at] if at < len(self._columns) else _column(at + 1, "", self._fields)
            where = f"{number}行目 {column.letter}列"
            if column.option and fold(cell) in _TICKED | _UNTICKED:
                options.setdefault(column.field or REMARKS, []).append((column, cell))
                continue
            yield self._answer(column, cell, where)
            if column.field and column.field != REMARKS:
                yield from self._warnings(column, cell, where)
        yield from self._chosen(number, options)

    def _answer(self, column: Column, cell: str, at: str) -> Answer:
        if column.field is None or column.option:
            return self._remark(column.title or NO_HEADING, cell, at)
        return Answer(
            field=column.field,
            label=column.title,
            value=cell,
            source=f"{self._part} {at}「{column.title}」",
            why=Shape.CELL.value,
            shape=Shape.CELL,
            at=at,
        )

    def _warnings(self, column: Column, cell: str, at: str) -> Iterator[Answer]:
        if cell.startswith("="):
            yield self._remark(FORMULA, f"{column.title}：{cell}", at)
        elif len(cell) <= _LONGEST_DITTO and fold(cell) in _DITTO:
            yield self._remark(DITTO, f"{column.title}：{cell}", at)

    def _chosen(self, number: int, options: Mapping[str, Sequence[tuple[Column, str]]]) -> Iterator[Answer]:
        """Yield one answer for each field whose options have columns of their own, with those that are ticked."""
        for name, cells in options.items():
            ticked = [column for column, cell in cells if fold(cell) in _TICKED]
            if ticked:
                title, at = ticked[0].title, f"{number}行目 {'・'.join(column.letter for column in ticked)}列"
                value = "、".join(column.option for column in ticked)
                yield Answer(
                    field=name,
                    label=title,
                    value=value,
                    source=f"{self._part} {at}「{title}」",
                    why="選択肢の列",
                    at=at,
                )

    def _remark(self, label: str, words: str, at: str) -> Answer:
        return remark(self._part, label, words, at)

    def _pass_over(self, row: Row, why: str) -> None:
        self._read.harmless.append(Harmless(at=place(row.number), text=" ".join(filter(None, row.cells)), why=why))


def remark(part: str, label: str, words: str, at: str) -> Answer:
    """Return what stands in a table and is no answer."""
    source = f"{part} {at}「{label}」{words}" if label else f"{part} {at}{words}"
    return Answer(
        field=REMARKS, label=label, value=words, source=source.strip(), why="表の知らない列または行", at=at,
        shape=Shape.UNKNOWN_LABEL if label else Shape.SENTENCE,
    )  # fmt: skip


def unguarded(cell: str) -> str:
    """Return a cell without what a spreadsheet is shown before text that looks like a number: an apostrophe, or ``="…"``."""
    if not cell.startswith(("=", "'")):
        return cell
    if wrapped := _WRAPPED.fullmatch(cell):
        return wrapped[1]
    return cell[1:] if _APOSTROPHE.match(cell) else cell


def _column(number: int, title: str, fields: FieldReader) -> Column:
    found = fields.field_of(title) if title else None
    if not found and (option := _OPTION.fullmatch(title)) and (known := fields.field_of(option["label"])):
        return Column(
            title=option["label"].strip(), letter=letters(number), field=known, option=option["option"].strip()
        )
    return Column(title=title, letter=letters(number), field=found)
