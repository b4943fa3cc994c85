"""A sheet that is filled in like a form: labels with their values beside or below them; every cell is read or a remark."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bot.intake.fields import Answer, FieldReader
from bot.intake.grid import DAYS, FORMULA, Grid, remark, unguarded
from bot.intake.titles import is_plain, names_day
from bot.text import fold, normalise
from bot.worksheet import place

#: Where a person stamps the form: nothing is said by it.
_SEALS = frozenset(map(fold, ("印", "㊞", "(印)", "押印")))
_OF_DAYS = re.compile(r"\d|^(?:令和|西暦|[年月日]|\([月火水木金土日]\)|から|まで|より|と|及び|および|[~、,・\-]+)$")
_COLON = re.compile(r"[:：]")


@dataclass(kw_only=True)
class FormRead:
    """What a form says: its answers with its remarks in the order of the sheet, and the lines that are its title."""

    answers: list[Answer] = field(default_factory=list)
    titles: list[tuple[str, str]] = field(default_factory=list)


class FormSheet:
    """Reads label and value, cell by cell."""

    def __init__(self, grid: Grid, *, part: str, fields: FieldReader) -> None:
        self._grid = grid
        self._numbered = {row.number: row.cells for row in grid.rows}
        self._part = part
        self._fields = fields
        #: Cells that were read as a value below their label, by row and column from 1.
        self._used: set[tuple[int, int]] = set()
        #: Labels that stand further up, merged down to their row.
        self._carried: set[tuple[int, int]] = set()
        self._seen: dict[str, int] = {}

    def read(self) -> FormRead:
        """Return what every cell says."""
        read = FormRead()
        for index, row in enumerate(self._grid.rows):
            cells = self._cells(index)
            if not cells:
                continue
            words = " ".join(cell for _, cell in cells)
            is_title = not any(self._label(cell) for _, cell in cells) and is_plain(words)
            # Below the first label a day is one more that is asked for.
            if is_title and not (read.answers and names_day(words)):
                read.titles.append((place(row.number), words))
            else:
                read.answers += self._line(index, cells)
        return read

    def _cells(self, index: int) -> list[tuple[int, str]]:
        """Return the cells of a row that are not read yet, and the label that is merged down into it."""
        row = self._grid.rows[index]
        cells = {at: cell for at, cell in enumerate(row.cells, 1) if cell and (row.number, at) not in self._used}
        for merged in self._grid.below.get(index, ()):
            label = self._grid.above(merged)
            if cells and self._label(label) and merged.left not in cells:
                cells[merged.left] = label
                self._carried.add((row.number, merged.left))
        return sorted(cells.items())

    def _line(self, index: int, cells: Sequence[tuple[int, str]]) -> Iterator[Answer]:
        number = self._grid.rows[index].number
        at = 0
        while at < len(cells):
            column, text = cells[at]
            found = self._label(text)
            end = next((later for later in range(at + 1, len(cells)) if self._label(cells[later][1])), len(cells))
            if found is None:
                yield from self._unknown(number, cells[at:end])
            else:
                yield from self._known(index, column, found, cells[at + 1 : end])
            at = end

    def _known(
        self, index: int, column: int, found: tuple[str, str, str], others: Sequence[tuple[int, str]]
    ) -> Iterator[Answer]:
        """Yield the answer to a label, and what stands behind it and is none."""
        name, label, inline = found
        number = self._grid.rows[index].number
        values = [(column, inline)] if inline else []
        values += _values(name, others, begun=bool(inline))
        rest = list(others[len(values) - bool(inline) :])
        where = (number, (values or [(column, "")])[0][0])
        if not values:
            texts, where = self._under(index, column, name)
        else:
            texts = [text for _, text in values]
        yield self._answer(name, self._numbered_label(name, label, (number, column)), texts, where)
        yield from (answer for answer in self._formulas(label, texts, where))
        yield from self._unknown(number, [(at, text) for at, text in rest if fold(text) not in _SEALS])

    def _answer(self, name: str, label: str, texts: Sequence[str], where: tuple[int, int]) -> Answer:
        at = place(*where)
        spread = name == "employee_no" and all(len(text) == 1 for text in texts)
        value = ("" if spread else " ").join(map(unguarded, texts))
        return Answer(
            field=name, label=label, value=value, source=f"{self._part} {at}「{label}」", why="様式の項目", at=at
        )

    def _numbered_label(self, name: str, label: str, at: tuple[int, int]) -> str:
        """Return a label with its number, where it stands for days in several rows and is merged over them."""
        if name not in DAYS or at not in self._carried:
            return label
        self._seen[label] = self._seen.get(label, 1) + 1
        return f"{label}{self._seen[label]}"

    def _formulas(self, label: str, texts: Sequence[str], where: tuple[int, int]) -> Iterator[Answer]:
        for text in map(unguarded, texts):
            if text.startswith("="):
                yield remark(self._part, FORMULA, f"{label}：{text}", place(*where))

    def _under(self, index: int, column: int, name: str) -> tuple[list[str], tuple[int, int]]:
        """Return what stands right below a label, of days as many lines as there are."""
        number = self._grid.rows[index].number
        texts: list[str] = []
        while True:
            below = number + 1 + len(texts)
            cells = self._numbered.get(below, ())
            text = cells[column - 1] if len(cells) >= column else ""
            if not text or self._label(text) or (texts and not (name in DAYS and _is_of_days(text))):
                return texts, (number + 1, column)
            if any(self._label(cell) for cell in cells[: column - 1]):
                return texts, (number + 1, column)
            self._used.add((below, column))
            texts.append(text)

    def _unknown(self, number: int, cells: Sequence[tuple[int, str]]) -> Iterator[Answer]:
        """Yield cells without a known label: by twos, where they are even, the first being the label; else each alone."""
        if len(cells) % 2:
            yield from (remark(self._part, "", text, place(number, column)) for column, text in cells)
            return
        for (_, label), (column, text) in zip(cells[::2], cells[1::2], strict=True):
            yield remark(self._part, _bare(label), text, place(number, column))

    def _label(self, text: str) -> tuple[str, str, str] | None:
        """Return (field, label, value) of a cell that is a known label, or begins with one and a colon."""
        if not text:
            return None
        if name := self._fields.field_of(_bare(text)):
            return name, _bare(text), ""
        label, colon, value = _split(text)
        name = self._fields.field_of(label) if colon else None
        return (name, label, value) if name else None


def _values(name: str, cells: Sequence[tuple[int, str]], *, begun: bool) -> list[tuple[int, str]]:
    """Return the cells that are the value of a label: the first one, of days all that state some, of a number its digits."""
    found: list[tuple[int, str]] = []
    for column, text in cells:
        first = not found and not begun
        digits = name == "employee_no" and all(len(cell) == 1 for _, cell in [*found, (column, text)])
        if first or digits or (name in DAYS and _is_of_days(text)):
            found.append((column, text))
        else:
            break
    return found


def _is_of_days(text: str) -> bool:
    return _OF_DAYS.search(normalise(text)) is not None


def _bare(text: str) -> str:
    return text.strip().rstrip(":：").strip()


def _split(text: str) -> tuple[str, str, str]:
    colon = _COLON.search(text)
    return (text[: colon.start()].strip(), ":", text[colon.end() :].strip()) if colon else (text, "", "")
