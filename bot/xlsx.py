"""Workbooks (.xlsx) to rows of cells: one pass over each part, within limits, nothing evaluated (ECMA-376, part 1, section 18).

A sheet is sparse and says itself where its cells stand. What reads it into a rectangle, as openpyxl and calamine do, makes
17 billion cells of one at XFD1048576. Here only what stands in the file is walked, and counted before it is kept; what is
dates and how Excel counts days is left to openpyxl.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pyexpat import ParserCreate
from typing import NoReturn, TypeVar

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format, is_timedelta_format
from openpyxl.utils.datetime import CALENDAR_MAC_1904, WINDOWS_EPOCH, from_excel, from_ISO8601

from bot.errors import Unreadable

_PartT = TypeVar("_PartT", bound="_Part")
#: Takes a row: its number as the sheet has it, and its cells from the first column on.
Take = Callable[[int, Sequence[object]], None]

_BOOK = "xl/workbook.xml"
_PLAIN = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_MOST_PARTS = 5_000
_LAST_ROW = 1_048_576
#: Excel writes none longer.
_LONGEST_FORMAT = 255
_REFERENCE = re.compile(r"([A-Z]{1,3})([1-9]\d{0,6})", re.ASCII)
_NUMBER = re.compile(r"[1-9]\d{0,6}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class BookLimits:
    """How much of a workbook is walked; more is refused."""

    #: Bytes of all parts that are read, unpacked.
    max_unpacked: int
    max_sheets: int
    #: Rows, cells, strings, styles: everything that stands in the parts that are read counts once.
    max_cells: int
    max_columns: int


def read_sheets(content: bytes, limits: BookLimits, taking: Callable[[], Take]) -> None:
    """Give each row of each worksheet to what ``taking`` returns for that sheet; empty rows need not stand in the file.

    Raises ``Unreadable`` beyond a limit, and errors of zipfile, expat, ``KeyError`` or ``ValueError`` for a broken workbook.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if len(archive.infolist()) > _MOST_PARTS:
            raise Unreadable(
                f"圧縮ファイルの部品が多すぎます（上限{_MOST_PARTS}） / more than {_MOST_PARTS} parts in it"
            )
        if _BOOK not in archive.namelist():
            raise Unreadable("Excelではない圧縮ファイルです / it is an archive, not a workbook")
        book = _Book(archive=archive, limits=limits)
        outline = book.read(_BOOK, _Outline())
        if len(outline.sheets) > limits.max_sheets:
            raise Unreadable(f"シートが多すぎます（上限{limits.max_sheets}） / more than {limits.max_sheets} sheets")
        related = book.read("xl/_rels/workbook.xml.rels", _Related())
        styles = book.read(related.one("styles"), _Styles())
        strings = book.read(related.one("sharedStrings"), _Strings())
        reader = _Cells(strings=strings.found, styles=styles, epoch=outline.epoch, limits=limits)
        for sheet in outline.sheets:
            if (path := related.path(sheet, "worksheet")) is not None:
                book.read(path, _Sheet(reader=reader, take=taking()))


class _Part:
    """What listens to the XML of one part; names come without their prefix."""

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Hear of an element that begins."""

    def end(self, name: str) -> None:
        """Hear of an element that ends."""

    def text(self, text: str) -> None:
        """Hear of text between; a long one comes in pieces."""


class _Enough(Exception):
    """Ends a sheet: what stands below the cells is of no interest."""


@dataclass(kw_only=True)
class _Book:
    """Unpacks and parses parts, as long as there is room for them."""

    archive: zipfile.ZipFile
    limits: BookLimits
    _unpacked: int = 0
    _cells: int = 0

    def read(self, path: str | None, part: _PartT) -> _PartT:
        """Have ``part`` hear what the part of that path says, if the workbook has one; returns it."""
        if path is None:
            return part
        parser = ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._counting(part)
        parser.EndElementHandler = lambda name: part.end(name.rpartition(":")[2])
        parser.CharacterDataHandler = part.text
        parser.StartDoctypeDeclHandler = _no_doctype
        xml = self._unpack(path)
        with suppress(_Enough):
            # In one piece: fed in several, expat goes over a long token again with each.
            parser.Parse(xml, True)  # noqa: FBT003 - it takes no keyword
        return part

    def _unpack(self, path: str) -> bytes:
        info = self.archive.getinfo(path)
        self._unpacked += info.file_size
        if self._unpacked > self.limits.max_unpacked:
            most = self.limits.max_unpacked // 2**20
            raise Unreadable(f"展開すると大きすぎます（上限{most}MB） / it unpacks to more than {most} MB")
        if info.compress_type not in _PLAIN:
            raise ValueError("no workbook is packed so")
        with self.archive.open(info) as packed:
            return packed.read(info.file_size)  # without a size, zipfile unpacks what is more than it says, too

    def _counting(self, part: _Part) -> Callable[[str, Mapping[str, str]], None]:
        def start(name: str, attributes: Mapping[str, str]) -> None:
            self._cells += 1
            if self._cells > self.limits.max_cells:
                most = self.limits.max_cells
                raise Unreadable(f"セルなどが多すぎます（上限{most}） / more than {most} cells, strings and styles")
            part.start(name.rpartition(":")[2], attributes)

        return start


def _no_doctype(*_: object) -> NoReturn:
    raise ValueError("no part of a workbook has a document type: it may hold entities that grow")


@dataclass(kw_only=True)
class _Outline(_Part):
    """Which sheets there are, by their relation, and from when days count."""

    sheets: list[str] = field(default_factory=list)
    epoch: object = WINDOWS_EPOCH

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Take a sheet, or the epoch."""
        if name == "sheet":
            self.sheets += [value for key, value in attributes.items() if key.rpartition(":")[2] == "id" and ":" in key]
        elif name == "workbookPr" and attributes.get("date1904") in {"1", "true"}:
            self.epoch = CALENDAR_MAC_1904


@dataclass(kw_only=True)
class _Related(_Part):
    """Which part each relation of the workbook names."""

    _targets: dict[str, tuple[str, str]] = field(default_factory=dict)

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Take a relation."""
        if name == "Relationship" and attributes.get("TargetMode") != "External":
            path = posixpath.normpath(posixpath.join("/xl", attributes["Target"])).lstrip("/")
            self._targets[attributes["Id"]] = (attributes["Type"].rpartition("/")[2], path)

    def path(self, relation: str, kind: str) -> str | None:
        """Return the part of this relation, or ``None`` when it is of another kind, such as a chart."""
        found, path = self._targets[relation]
        return path if found == kind else None

    def one(self, kind: str) -> str | None:
        """Return the first part of a kind."""
        return next((path for found, path in self._targets.values() if found == kind), None)


@dataclass(kw_only=True)
class _Styles(_Part):
    """Which cell styles show a number as a date, and which as a length of time."""

    dates: set[str] = field(default_factory=set)
    lengths: set[str] = field(default_factory=set)
    _formats: dict[str, str] = field(default_factory=dict)
    _within: bool = False
    _count: int = 0

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Take a number format, or the style that refers to one."""
        if name == "numFmt":
            self._formats[attributes["numFmtId"]] = attributes.get("formatCode", "")
        elif name == "cellXfs":
            self._within = True
        elif name == "xf" and self._within:
            self._style(attributes.get("numFmtId", "0"))

    def end(self, name: str) -> None:
        """Leave the styles of cells."""
        self._within = self._within and name != "cellXfs"

    def _style(self, number: str) -> None:
        style, self._count = str(self._count), self._count + 1
        shown = self._formats.get(number)
        if shown is None:
            shown = BUILTIN_FORMATS.get(int(number[:4]), "")
        if len(shown) <= _LONGEST_FORMAT and is_date_format(shown):
            self.dates.add(style)
            if is_timedelta_format(shown):
                self.lengths.add(style)


@dataclass(kw_only=True)
class _Strings(_Part):
    """The strings that cells refer to by their place; readings (ふりがな) beside them are no part of them."""

    found: list[str] = field(default_factory=list)
    _pieces: list[str] = field(default_factory=list)
    _reading: bool = False
    _open: bool = False

    def start(self, name: str, attributes: Mapping[str, str]) -> None:  # noqa: ARG002 - what every part hears
        """Begin a string, its text, or a reading."""
        if name == "si":
            self._pieces = []
        elif name == "rPh":
            self._reading = True
        self._open = name == "t" and not self._reading

    def text(self, text: str) -> None:
        """Take text."""
        if self._open:
            self._pieces.append(text)

    def end(self, name: str) -> None:
        """End a string, its text, or a reading."""
        self._open = False
        if name == "rPh":
            self._reading = False
        elif name == "si":
            # Stripped here, and not for each of the cells that may share it.
            self.found.append(_plain("".join(self._pieces)).strip())


@dataclass(frozen=True, kw_only=True)
class _Cells:
    """Makes values of cells."""

    strings: Sequence[str]
    styles: _Styles
    epoch: object
    limits: BookLimits

    def value(self, kind: str, style: str, text: str) -> object:
        """Return what a cell shows: text, a number, or a time; raises ``ValueError`` and ``IndexError`` for none of them."""
        if kind == "s":
            return self.strings[int(text)]
        if kind == "b":
            return bool(int(text))
        if kind == "d":
            return from_ISO8601(text)  # type: ignore[no-untyped-call] # openpyxl has no types here
        return self._number(style, text) if kind == "n" else text

    def _number(self, style: str, text: str) -> object:
        number = float(text) if {".", "e", "E"}.intersection(text) else int(text)
        if style not in self.styles.dates:
            return number
        try:
            return from_excel(number, self.epoch, timedelta=style in self.styles.lengths)
        except (OverflowError, ValueError):
            return "#VALUE!"


@dataclass(kw_only=True)
class _Sheet(_Part):
    """Rows of one sheet."""

    reader: _Cells
    take: Take
    _row: int = 0
    _column: int = 0
    _cells: dict[int, object] = field(default_factory=dict)
    _kind: str = "n"
    _style: str = "0"
    _texts: dict[str, list[str]] = field(default_factory=dict)
    _open: str = ""
    _reading: bool = False
    _formulas: dict[str, str] = field(default_factory=dict)
    _shared: str | None = None

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Begin a row, a cell, or what stands in it."""
        if name == "c":
            self._column = _column(attributes["r"]) if "r" in attributes else self._column + 1
            self._kind, self._style = attributes.get("t", "n"), attributes.get("s", "0")
            self._texts, self._shared = {}, None
        elif name in {"v", "t", "f"} and not self._reading:
            self._open = name
            self._texts.setdefault(name, [])
            self._shared = attributes.get("si") if name == "f" else self._shared
        elif name == "rPh":
            self._reading = True
        elif name == "row":
            self._row = _row(attributes["r"]) if "r" in attributes else self._row + 1
            self._column, self._cells = 0, {}

    def text(self, text: str) -> None:
        """Take text."""
        if self._open:
            self._texts[self._open].append(text)

    def end(self, name: str) -> None:
        """End a row, a cell, or what stands in it."""
        if name in {"v", "t", "f"}:
            self._open = ""
        elif name == "rPh":
            self._reading = False
        elif name == "c":
            self._keep()
        elif name == "row" and self._cells:
            self.take(self._row, [self._cells.get(column, "") for column in range(1, max(self._cells) + 1)])
        elif name == "sheetData":
            raise _Enough

    def _keep(self) -> None:
        value = self._value()
        if value in {None, ""}:
            return  # formatted, and empty
        if self._column > self.reader.limits.max_columns:
            most = self.reader.limits.max_columns
            raise Unreadable(f"表の列が多すぎます（上限{most}列） / more than {most} columns")
        if self._column in self._cells:
            raise ValueError("a cell that stands twice")
        self._cells[self._column] = value

    def _value(self) -> object:
        said = {name: "".join(pieces) for name, pieces in self._texts.items()}
        if (formula := said.get("f")) is not None:
            if self._shared is not None:  # written out in the first of the cells that share it
                formula = self._formulas.setdefault(self._shared, formula)
            return f"={formula}".strip()
        if self._kind == "inlineStr":
            return _plain(said.get("t", "")).strip()
        return self.reader.value(self._kind, self._style, said["v"]) if said.get("v") else None


def _column(reference: str) -> int:
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise ValueError("a cell that stands nowhere")
    number = 0
    for letter in match[1]:
        number = number * 26 + ord(letter) - 64
    return number


def _row(number: str) -> int:
    if _NUMBER.fullmatch(number) is None or int(number) > _LAST_ROW:
        raise Unreadable(f"行番号が{_LAST_ROW}を超えています / a row beyond the last one of a sheet ({_LAST_ROW})")
    return int(number)


def _plain(text: str) -> str:
    """Return text without what Excel writes before an underscore that would begin an escape."""
    return text.replace("x005F_", "")
