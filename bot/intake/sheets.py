"""Tables to answers: each row of a CSV or workbook is one applicant, or each sheet that is filled in like a form.

As many applicants come out as went in, and every cell is an answer, a remark or known to be harmless. What a person sees of a
sheet otherwise than its cells say (hidden rows, struck words, comments, the name of the sheet) is a remark on every applicant of
the file: whoever sees it stops, and asks which of them are meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from bot.errors import Unreadable
from bot.intake.fields import REMARKS, Answer, FieldReader, Shape
from bot.intake.form_sheet import FormSheet
from bot.intake.grid import (
    DAYS,
    NO_HEADING,
    PERSON,
    Grid,
    Harmless,
    Read,
    Table,
    find_heading,
    is_heading,
    remark,
    unguarded,
)
from bot.intake.titles import is_closing, is_of_another_time, is_plain
from bot.model import Explained, Passage
from bot.settings.forms import FormsSettings
from bot.tables import TableLimits, read_worksheets
from bot.text import fold
from bot.worksheet import Fact, Mark, Worksheet, covered, letters, place

_QUOTE = re.compile(r"^\s*(?:[>＞][ \u3000]?)+")
#: Walked of a workbook at least, however few rows it may have: some are formatted to their last column.
_CELLS = 500_000
#: No form is longer; what has no headings and is longer is some other list.
_FORM_ROWS = 300
#: Remarks on every applicant of a file, and the places that each of them names; a person who looks sees the rest.
_MOST_ABOUT_ALL, _MOST_PLACES, _LONGEST = 30, 5, 200
#: Label of the remark that names a sheet.
SHEET_NAME = "シート名"
_SHOWN = "表示されている日付"


@dataclass(frozen=True, kw_only=True)
class FileRows:
    """What a file says: the answers of each applicant in it, and what is harmless beside them."""

    rows: Sequence[Sequence[Answer]]
    passages: Sequence[Passage] = ()


def open_sheets(content: bytes, *, name: str, settings: FormsSettings) -> list[Worksheet]:
    """Return the sheets of a file that hold anything; raises ``Unreadable`` naming the file when it is no table or too large."""
    size = settings.max_table_mb * 2**20
    limits = TableLimits(
        max_bytes=size, max_unpacked=size, max_sheets=settings.max_sheets, max_rows=settings.max_rows,
        max_columns=settings.max_columns, max_cell=settings.max_field_chars, max_cells=_most_cells(settings),
    )  # fmt: skip
    sheets = [sheet for sheet in read_worksheets(content, name=name, limits=limits) if sheet.rows or sheet.marks]
    if sum(len(sheet.rows) > 1 for sheet in sheets) > limits.max_sheets:
        raise Unreadable(f"{name}: 表が多すぎます（上限{limits.max_sheets}） / more than {limits.max_sheets} tables")
    return sheets


def read_rows(
    sheets: Sequence[Worksheet],
    *,
    name: str,
    fields: FieldReader,
    settings: FormsSettings,
    known_sheets: Sequence[str] = (),
) -> FileRows:
    """Return what each row says; raises ``Unreadable`` naming the file, and the row where one is to blame.

    ``known_sheets`` are the names of the sheets on which applications stand; without any, each plain name is one.
    """
    known = frozenset(map(fold, known_sheets))
    read = [_SheetReader(sheet, name, fields, _most_cells(settings)).read(known) for sheet in sheets]
    if len(sheets) > 1:
        read = [_on(sheet, part) for sheet, part in zip(sheets, read, strict=True)]
    rows = [row for part in read for row in part.rows]
    if not rows:
        raise Unreadable(
            f"{name}: 申請の項目名を持つ見出し行とその下の行がありません / no row of it names the fields of an application"
        )
    about_all = _few([answer for part in read for answer in part.about_all])
    passages = tuple(
        Passage(part=_part(name, sheet), at=item.at, text=item.text[:_LONGEST], explained=Explained.FORM, why=item.why)
        for sheet, part in zip(sheets, read, strict=True)
        for item in part.harmless
    )
    return FileRows(rows=[[*row, *about_all] for row in rows], passages=passages)


def _most_cells(settings: FormsSettings) -> int:
    return max(_CELLS, 100 * settings.max_rows)


class _SheetReader:
    """Reads one sheet."""

    def __init__(self, sheet: Worksheet, name: str, fields: FieldReader, most_cells: int) -> None:
        self._sheet = sheet
        self._part = _part(name, sheet)
        self._fields = fields
        self._grid = Grid(sheet.rows, covered(sheet, most_cells))

    def read(self, known_sheets: frozenset[str]) -> Read:
        """Return its applicants, and what is about all of the file."""
        heading = find_heading(self._sheet.rows, self._fields)
        read = self._form() if heading is None else self._table(heading)
        read = read or Read(about_all=list(self._other()))
        partly = {place(mark.row, mark.column): mark.words for mark in self._sheet.marks if mark.fact is Fact.PARTLY}
        if partly:
            read.rows = [[*row, *_as_shown(row, partly)] for row in read.rows]
        read.about_all += self._facts()
        name = self._sheet.name
        days = [answer.value for row in read.rows for answer in row if answer.field in DAYS]
        plain = fold(name) in known_sheets if known_sheets else is_plain(name) and not is_of_another_time(name, days)
        if read.rows and not plain:
            read.about_all.append(remark(self._part, SHEET_NAME, name, ""))
        return read

    def _table(self, heading: int) -> Read:
        table = Table(self._grid, heading, part=self._part, fields=self._fields)
        read = table.read()
        above = FormSheet(Grid(self._sheet.rows[:heading]), part=self._part, fields=self._fields).read()
        read.harmless += [Harmless(at=at, text=words, why="表の見出し") for at, words in above.titles]
        for answer in above.answers:
            known = answer.field != REMARKS and answer.field not in table.fields | PERSON
            # What stands above and in a column too may be said of somebody else.
            read.about_all.append(answer if known else replace(answer, field=REMARKS))
        return read

    def _form(self) -> Read | None:
        """Return what the sheet says as a form, or ``None`` when it says of nobody for which days."""
        if len(self._sheet.rows) > _FORM_ROWS:
            return None
        form = FormSheet(self._grid, part=self._part, fields=self._fields).read()
        stated = {answer.field for answer in form.answers if answer.value.strip()} - {REMARKS}
        if len(stated) < 2 or not stated & PERSON:
            return None
        titles = [Harmless(at=at, text=words, why="様式の見出し") for at, words in form.titles]
        return Read(rows=[form.answers], harmless=titles)

    def _other(self) -> Iterator[Answer]:
        """Yield a remark for a sheet without applicants, with its first words."""
        if self._sheet.rows:
            words = " ".join(cell for row in self._sheet.rows[:_LONGEST] for cell in row.cells if cell)
            if not is_plain(words):
                name = f"シート「{self._sheet.name}」" if self._sheet.name else "申請のない表"
                yield remark(self._part, name, words[:_LONGEST] + ("…" if len(words) > _LONGEST else ""), "")

    def _facts(self) -> Iterator[Answer]:
        """Yield a remark for each kind of fact, with the first places of it."""
        for fact in Fact:
            marks = [mark for mark in self._sheet.marks if mark.fact is fact and not self._is_harmless(mark)]
            if marks and fact is not Fact.PARTLY:
                words = "、".join(mark.words[:_LONGEST] for mark in marks[:_MOST_PLACES])
                more = f" ほか{len(marks) - _MOST_PLACES}か所" if len(marks) > _MOST_PLACES else ""
                at = "、".join(filter(None, (place(mark.row, mark.column) for mark in marks[:_MOST_PLACES])))
                yield remark(self._part, fact.value, words + more, at)

    def _is_harmless(self, mark: Mark) -> bool:
        if mark.fact is Fact.HIDDEN_SHEET:
            return not self._sheet.rows and len(self._sheet.marks) == 1
        return mark.fact in {Fact.MARGIN, Fact.BESIDE} and is_plain(mark.words)


def _on(sheet: Worksheet, read: Read) -> Read:
    """Return what a sheet says with its name in each place: the file has several."""

    def placed(answer: Answer) -> Answer:
        return replace(answer, at=f"［{sheet.name}］{answer.at}") if sheet.name else answer

    rows = [[placed(answer) for answer in row] for row in read.rows]
    return Read(rows=rows, about_all=[placed(answer) for answer in read.about_all], harmless=read.harmless)


def _part(name: str, sheet: Worksheet) -> str:
    return f"{name}［{sheet.name}］" if sheet.name else name


def _few(answers: Sequence[Answer]) -> list[Answer]:
    """Return answers that hold for every row, and one that says how many more there are, where they are too many for each."""
    if len(answers) <= _MOST_ABOUT_ALL:
        return list(answers)
    rest = len(answers) - _MOST_ABOUT_ALL
    more = Answer(field=REMARKS, label="", value=f"ほか{rest}か所の記載", source="", why="表の知らない列または行")
    return [*answers[:_MOST_ABOUT_ALL], more]


def _as_shown(row: Sequence[Answer], partly: dict[str, str]) -> Iterator[Answer]:
    """Yield the days as their cells show them, where one shows less than its date: both must be the same days.

    Excel takes a day that is typed without a year for one of this year, and shows none: 12月1日 may be that of last year.
    """
    days = [answer for answer in row if answer.field in DAYS]
    hit = [answer for answer in days if answer.at in partly]
    if hit:
        shown = {
            name: [partly.get(answer.at, answer.value) for answer in days if answer.field == name] for name in DAYS
        }
        starts, ends = shown["date_from"], shown["date_to"]
        pairs = (
            [f"{start}~{end}" for start, end in zip(starts, ends, strict=False)]
            + starts[len(ends) :]
            + ends[len(starts) :]
        )
        value = "、".join([*shown["dates"], *pairs])
        yield Answer(field="dates", label=_SHOWN, value=value, source=hit[0].source, why="セルの表示", at=hit[0].at)


@dataclass(frozen=True, kw_only=True)
class TextWithTable:
    """A text that may hold tables: their rows, and the text without them, its lines where they were."""

    rows: Sequence[Sequence[Answer]]
    rest: str
    #: Rows that say nothing of any application.
    harmless: Sequence[Harmless] = ()


def rows_in_text(text: str, fields: FieldReader, settings: FormsSettings) -> TextWithTable:
    """Return the answers of each row of a table in a text: a line of labels with TABs between, and as many cells below.

    A line in which label and value alternate is no header; in an older mail below (``>``) a table is one too. Raises
    ``Unreadable`` where a row has other columns than the header: no applicant is left out.
    """
    taken = _TextTable(fields=fields, most=settings.max_columns)
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        taken.take(number, line, lines[number] if number < len(lines) else "")
    return TextWithTable(rows=taken.rows, rest="\n".join(taken.rest), harmless=taken.harmless)


@dataclass(kw_only=True)
class _TextTable:
    """Takes the lines of a text, and tells rows of a table from the others."""

    fields: FieldReader
    most: int
    titles: list[str] = field(default_factory=list)
    rows: list[list[Answer]] = field(default_factory=list)
    rest: list[str] = field(default_factory=list)
    harmless: list[Harmless] = field(default_factory=list)

    def take(self, number: int, line: str, following: str) -> None:
        """Take a line; what is no row of a table stays, and where one is taken stays an empty line."""
        self.rest.append(line)
        if "\t" not in line:
            return
        cells = self._cells(line)
        stated = [cell for cell in cells if cell]
        if len(stated) > 1 and self._heads(cells, self._cells(following)):
            self.titles = cells
            self.rest[-1] = ""
        elif self.titles and stated and is_closing(stated):
            self.harmless.append(Harmless(at=place(number), text=" ".join(stated), why="表の終わり"))
            self.rest[-1] = ""
        elif self.titles and len(stated) > 1 and not self._is_of_lines(cells, stated):
            answers = self._row(line, number, cells)
            if PERSON.intersection(answer.field for answer in answers):
                self.rows.append(answers)
                self.rest[-1] = ""

    def _cells(self, line: str) -> list[str]:
        if line.count("\t") >= self.most:
            raise Unreadable(
                f"本文の表の列が多すぎます（上限{self.most}列） / more than {self.most} columns in a table of the text"
            )
        return [cell.strip() for cell in _QUOTE.sub("", line, count=1).split("\t")]

    def _heads(self, cells: Sequence[str], below: Sequence[str]) -> bool:
        known = [self.fields.field_of(cell) for cell in cells if cell]
        if not PERSON.intersection(filter(None, known)) or not is_heading(cells, below, self.fields):
            return False
        return len(below) == len(cells) or sum(map(bool, known)) * 2 > len(known) + 1

    def _is_of_lines(self, cells: Sequence[str], stated: Sequence[str]) -> bool:
        """Tell whether a line is label and value, and no row: a label begins it, or it has other columns and holds one."""
        known = [self.fields.field_of(cell) for cell in stated]
        return known[0] not in {None, REMARKS} or (len(cells) != len(self.titles) and any(known))

    def _row(self, line: str, number: int, cells: Sequence[str]) -> list[Answer]:
        if len(cells) != len(self.titles):
            raise Unreadable(
                f"本文の表の列数が見出しと違います（{line.strip()[:40]}） / a row of the table has other columns"
            )
        answers = []
        for column, (title, cell) in enumerate(zip(self.titles, cells, strict=True), 1):
            at = f"{number}行目 {letters(column)}列"
            name = self.fields.field_of(title)
            if cell and name:
                answers.append(
                    Answer(
                        field=name,
                        label=title,
                        value=unguarded(cell),
                        source=line.strip(),
                        why=Shape.CELL.value,
                        at=at,
                        shape=Shape.CELL,
                    )
                )
            elif cell:
                answers.append(replace(remark("本文", title or NO_HEADING, cell, at), source=line.strip()))
        return answers
