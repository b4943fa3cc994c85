"""Tables to answers: each row of a CSV or workbook is one applicant."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.errors import Unreadable
from bot.intake.fields import Answer, FieldReader
from bot.settings.forms import FormsSettings
from bot.tables import TableLimits, read_tables
from bot.text import fold

if TYPE_CHECKING:
    import pandas as pd

_SUFFIX = re.compile(r"\.\d+$")  # read_tables tells repeated columns apart so
_QUOTE = re.compile(r"^\s*(?:[>＞][ \u3000]?)+")
#: Walked of a workbook at least, however few rows it may have: some are formatted to their last column.
_CELLS = 500_000
_HEADER_WITHIN = 6  # rows: exports begin with a title, a period, an empty line
_WITHDRAWN = ("取下", "取り下げ", "取消", "中止")
_PERSON = frozenset({"employee_no", "name", "receipt_no"})


def read_rows(content: bytes, *, name: str, fields: FieldReader, settings: FormsSettings) -> list[list[Answer]]:
    """Return the answers of each row; raises ``Unreadable`` naming the file, and the row where one is to blame."""
    size = settings.max_table_mb * 2**20
    limits = TableLimits(
        max_bytes=size, max_unpacked=size, max_sheets=settings.max_sheets, max_rows=settings.max_rows,
        max_columns=settings.max_columns, max_cell=settings.max_field_chars, max_cells=max(_CELLS, 100 * settings.max_rows),
    )  # fmt: skip
    rows: list[list[Answer]] = []
    known = False
    for table in read_tables(content, name=name, limits=limits):
        with_header = _find_header(table, fields)
        if with_header is None:
            continue
        known = True
        rows += _rows(with_header, name, fields)
    if not known:
        raise Unreadable(
            f"{name}: 申請の項目名を持つ見出し行がありません / no row of it names the fields of an application"
        )
    return rows


@dataclass(frozen=True, kw_only=True)
class TextWithTable:
    """A text that may hold tables: their rows, and the text without them."""

    rows: Sequence[Sequence[Answer]]
    rest: str


def rows_in_text(text: str, fields: FieldReader, settings: FormsSettings) -> TextWithTable:
    """Return the answers of each row of a table in a text: a line of labels with TABs between, and as many cells below.

    A line in which label and value alternate is no header; in an older mail below (``>``) a table is one too. Raises
    ``Unreadable`` where a row has other columns than the header: no applicant is left out.
    """
    titles: list[str] = []
    rows: list[list[Answer]] = []
    rest: list[str] = []
    for line in text.split("\n"):
        cells = _cells(line, settings.max_columns) if "\t" in line else []
        known = [fields.field_of(cell) for cell in cells]
        if len(cells) > 1 and sum(map(bool, known)) * 2 > len(cells) + 1 and _PERSON.intersection(filter(None, known)):
            titles = cells
        elif titles and any(cells) and not any(known):
            answers = _row_of_text(line, cells, titles, fields)
            if _PERSON.intersection(answer.field for answer in answers):
                rows.append(answers)
            else:
                rest.append(line)
        else:
            rest.append(line)
    return TextWithTable(rows=rows, rest="\n".join(rest))


def _cells(line: str, most: int) -> list[str]:
    if line.count("\t") >= most:
        raise Unreadable(f"本文の表の列が多すぎます（上限{most}列） / more than {most} columns in a table of the text")
    return [cell.strip() for cell in _QUOTE.sub("", line, count=1).split("\t")]


def _row_of_text(line: str, cells: Sequence[str], titles: Sequence[str], fields: FieldReader) -> list[Answer]:
    if len(cells) != len(titles):
        raise Unreadable(
            f"本文の表の列数が見出しと違います（{line.strip()[:40]}） / a row of the table has other columns"
        )
    return [
        Answer(field=field, label=title, value=cell, source=line.strip(), why="表の列")
        for title, cell in zip(titles, cells, strict=True)
        if cell and (field := fields.field_of(title))
    ]


def _rows(table: pd.DataFrame, name: str, fields: FieldReader) -> list[list[Answer]]:
    columns = [(str(column), fields.field_of(_SUFFIX.sub("", str(column)))) for column in table.columns]
    rows = []
    for number, cells in enumerate(table.itertuples(index=False), 2):
        pairs = list(zip(columns, map(str, cells), strict=True))
        answers = [
            Answer(
                field=field, label=title, value=_unguarded(cell), source=f"{name} {number}行目「{title}」", why="表の列"
            )
            for (title, field), cell in pairs
            if field and cell.strip()
        ]
        answers += [
            Answer(field="kind", label=title, value=cell, source=f"{name} {number}行目「{title}」", why="取下げの状態")
            for (title, field), cell in pairs
            if not field
            and fold(title) in {"ステータス", "状態", "処理状況"}
            and any(word in cell for word in _WITHDRAWN)
        ]
        if _PERSON.intersection(answer.field for answer in answers):
            rows.append(answers)
        elif any(cell.strip() for cell in cells if isinstance(cell, str)):
            raise Unreadable(f"{name}: {number}行目に職員番号も氏名も受付番号もありません / row {number} names nobody")
    return rows


def _find_header(table: pd.DataFrame, fields: FieldReader) -> pd.DataFrame | None:
    """Return the table under the first row that names two fields or more."""
    candidates = [
        list(map(str, table.columns)),
        *([str(cell) for cell in row] for row in table.head(_HEADER_WITHIN).values),
    ]
    for index, titles in enumerate(candidates):
        known = {field for title in titles if (field := fields.field_of(_SUFFIX.sub("", title)))}
        if len(known) >= 2:
            return table.iloc[index:].set_axis(titles, axis="columns")
    return None


def _unguarded(cell: str) -> str:
    """Return a cell without the apostrophe that a spreadsheet puts before text that looks like a formula or number."""
    return cell[1:] if re.match(r"^'[=+\-@\d]", cell) else cell
