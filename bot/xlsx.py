"""Workbooks (.xlsx) to rows of cells: one pass over each part, within limits, nothing evaluated (ECMA-376, part 1, section 18).

With each sheet comes what a person sees of it otherwise than its cells say: what is hidden, struck out, commented or merged.

A sheet is sparse and says itself where its cells stand. What reads it into a rectangle, as openpyxl and calamine do, makes
17 billion cells of one at XFD1048576. Here only what stands in the file is walked, and counted before it is kept; what is
dates and how Excel counts days is left to openpyxl.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pyexpat import ParserCreate
from typing import NamedTuple, NoReturn, TypeVar

from openpyxl.utils.datetime import CALENDAR_MAC_1904, WINDOWS_EPOCH, from_excel, from_ISO8601

from bot.cell_look import PLAIN, Look, look_of
from bot.errors import Unreadable
from bot.worksheet import BookLimits, Fact, Found, Mark, Merged, Take, hidden_row

_PartT = TypeVar("_PartT", bound="_Part")

_BOOK = "xl/workbook.xml"
_PLAIN = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_MOST_PARTS = 5_000
_LAST_ROW = 1_048_576
_REFERENCE = re.compile(r"([A-Z]{1,3})([1-9]\d{0,6})", re.ASCII)
_NUMBER = re.compile(r"[1-9]\d{0,6}", re.ASCII)
_YES = frozenset({"1", "true", "on"})
_MARGINS = frozenset({"oddHeader", "oddFooter", "evenHeader", "evenFooter", "firstHeader", "firstFooter"})
#: What is looked at beside the rows.
_BESIDE = frozenset({"mergeCell", "col", "sheetFormatPr", "cfRule", *_MARGINS})
#: Codes of fonts, places and page numbers in them (section 18.3.1.46).
_MARGIN_CODES = re.compile(r'&(?:"[^"&]*"|K[0-9A-Fa-f]{6}|K\d\d[+-]\d{3}|\d+|.)', re.DOTALL)
_MARGIN_WORDS = {"&G": "画像", "&&": "&", "&L": " ", "&C": " ", "&R": " "}
#: What is no text, and what it is called.
_PICTURES = {"pic": "画像 ", "graphicFrame": "グラフ "}
_UNREAD_PARTS = {"ctrlProp": "チェックボックスなどの部品", "oleObject": "埋め込まれた文書"}


def read_sheets(content: bytes, limits: BookLimits, taking: Callable[[], Take]) -> list[Found]:
    """Give each row of each sheet to what ``taking`` returns for that sheet; return what stands beside the rows.

    Rows that are empty need not stand in the file, and what it says of its own size is not believed. Raises ``Unreadable``
    beyond a limit, and errors of zipfile, expat, ``KeyError`` or ``ValueError`` for a broken workbook.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if len(archive.infolist()) > _MOST_PARTS:
            raise Unreadable(
                f"圧縮ファイルの部品が多すぎます（上限{_MOST_PARTS}） / more than {_MOST_PARTS} parts in it"
            )
        if _BOOK not in archive.namelist():
            raise Unreadable("Excelではない圧縮ファイルです / it is an archive, not a workbook")
        return _read_book(_Book(archive=archive, limits=limits), taking)


def _read_book(book: _Book, taking: Callable[[], Take]) -> list[Found]:
    limits = book.limits
    outline = book.read(_BOOK, _Outline())
    if len(outline.sheets) > limits.max_sheets:
        raise Unreadable(f"シートが多すぎます（上限{limits.max_sheets}） / more than {limits.max_sheets} sheets")
    related = book.read("xl/_rels/workbook.xml.rels", _Related(base="/xl"))
    styles = book.read(related.one("styles"), _Styles())
    strings = book.read(related.one("sharedStrings"), _Strings())
    reader = _Cells(strings=strings.found, struck=strings.struck, styles=styles, epoch=outline.epoch, limits=limits)
    return [
        _read_sheet(book, sheet, related.path(sheet.relation, "worksheet"), reader, taking())
        for sheet in outline.sheets
    ]


def _read_sheet(book: _Book, entry: _Entry, path: str | None, reader: _Cells, take: Take) -> Found:
    found = Found(name=entry.name)
    if entry.hidden:
        found.marks.append(Mark(fact=Fact.HIDDEN_SHEET, words=entry.name))
    if path is None:
        found.marks.append(Mark(fact=Fact.UNREAD, words=f"{entry.name}（表ではないシート）"))
        return found
    book.read(path, _Sheet(reader=reader, take=take, found=found))
    folder, _, file = path.rpartition("/")
    beside = book.read_if_there(f"{folder}/_rels/{file}.rels", _Related(base=f"/{folder}"))
    threads = [book.read(thread, _Comments(element="threadedComment")) for thread in beside.all("threadedComment")]
    told = {place for part in threads for place, _ in part.found}  # Excel repeats a thread in the notes, in other words
    notes = [book.read(note, _Comments(element="comment", without=told)) for note in beside.all("comments")]
    found.marks += [mark for part in (*threads, *notes) for mark in part.marks()]
    found.marks += [mark for drawing in beside.all("drawing") for mark in book.read(drawing, _Drawing()).marks()]
    controls = [
        Mark(fact=Fact.SHAPE, words=words) for kind, words in _UNREAD_PARTS.items() if next(beside.all(kind), None)
    ]
    found.marks += controls
    return found


class _Part:
    """What listens to the XML of one part; names come without their prefix."""

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Hear of an element that begins."""

    def end(self, name: str) -> None:
        """Hear of an element that ends."""

    def text(self, text: str) -> None:
        """Hear of text between; a long one comes in pieces."""


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
        # In one piece: fed in several, expat goes over a long token again with each.
        parser.Parse(xml, True)  # noqa: FBT003 - it takes no keyword
        return part

    def read_if_there(self, path: str, part: _PartT) -> _PartT:
        """Read a part that a workbook may leave out."""
        return self.read(path, part) if path in self.archive.NameToInfo else part

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


class _Entry(NamedTuple):
    """A sheet in the list of the workbook."""

    relation: str
    name: str
    hidden: bool


@dataclass(kw_only=True)
class _Outline(_Part):
    """Which sheets there are, and from when days count."""

    sheets: list[_Entry] = field(default_factory=list)
    epoch: object = WINDOWS_EPOCH

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Take a sheet, or the epoch."""
        if name == "sheet":
            hidden = attributes.get("state", "visible") != "visible"
            self.sheets += [
                _Entry(value, attributes.get("name", ""), hidden)
                for key, value in attributes.items()
                if key.rpartition(":")[2] == "id" and ":" in key
            ]
        elif name == "workbookPr" and attributes.get("date1904") in _YES:
            self.epoch = CALENDAR_MAC_1904


@dataclass(kw_only=True)
class _Related(_Part):
    """Which part each relation of a part names."""

    #: The folder of that part.
    base: str
    _targets: dict[str, tuple[str, str]] = field(default_factory=dict)

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Take a relation."""
        if name == "Relationship" and attributes.get("TargetMode") != "External":
            path = posixpath.normpath(posixpath.join(self.base, attributes["Target"])).lstrip("/")
            self._targets[attributes["Id"]] = (attributes["Type"].rpartition("/")[2], path)

    def path(self, relation: str, kind: str) -> str | None:
        """Return the part of this relation, or ``None`` when it is of another kind, such as a chart."""
        found, path = self._targets[relation]
        return path if found == kind else None

    def all(self, kind: str) -> Iterator[str]:
        """Yield each part of a kind."""
        return (path for found, path in self._targets.values() if found == kind)

    def one(self, kind: str) -> str | None:
        """Return the first part of a kind."""
        return next(self.all(kind), None)


@dataclass(kw_only=True)
class _Styles(_Part):
    """How cells of each style look, where it is not plainly as they are."""

    looks: dict[str, Look] = field(default_factory=dict)
    #: Styles of a condition (their number counts from 0) that strike out.
    striking: set[str] = field(default_factory=set)
    _formats: dict[str, str] = field(default_factory=dict)
    #: Of each font: whether it strikes out, and whether it is white.
    _fonts: list[tuple[bool, bool]] = field(default_factory=list)
    _within: str = ""
    _count: int = 0
    _conditions: int = -1
    _struck: bool = False
    _white: bool = False

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Take a number format, a font, or the style that refers to them."""
        if name == "numFmt":
            self._formats[attributes["numFmtId"]] = attributes.get("formatCode", "")
        elif name in {"fonts", "cellXfs", "dxfs"}:
            self._within = name
        elif name == "dxf":
            self._conditions += 1
        elif name == "font":
            self._struck = self._white = False
        elif name == "strike" and attributes.get("val", "1") in _YES:
            self._struck = True
        elif name == "color":
            self._white = attributes.get("rgb", "")[-6:].upper() == "FFFFFF" or attributes.get("theme") == "0"
        elif name == "xf" and self._within == "cellXfs":
            self._style(attributes)

    def end(self, name: str) -> None:
        """End a font, or a list."""
        if name == "font" and self._within == "fonts":
            self._fonts.append((self._struck, self._white))
        elif name == "font" and self._within == "dxfs" and self._struck:
            self.striking.add(str(self._conditions))
        elif name == self._within:
            self._within = ""

    def _style(self, attributes: Mapping[str, str]) -> None:
        style, self._count = str(self._count), self._count + 1
        number, font = attributes.get("numFmtId", "0"), int(attributes.get("fontId", "0"))
        struck, white = self._fonts[font] if font < len(self._fonts) else (False, False)
        on_white = attributes.get("fillId", "0") == "0"
        look = look_of(int(number[:4]), self._formats.get(number), struck=struck, unseen=white and on_white)
        if look != PLAIN:
            self.looks[style] = look


@dataclass(kw_only=True)
class _Runs:
    """The text of one string: runs of letters, some struck out; readings (ふりがな) beside them are no part of it."""

    pieces: list[str] = field(default_factory=list)
    struck: list[str] = field(default_factory=list)
    _striking: bool = False
    _reading: bool = False
    open: bool = False

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Begin a run, its text, or a reading."""
        if name == "t":
            self.open = not self._reading
        elif name == "r":
            self._striking = False
        elif name == "strike":
            self._striking = attributes.get("val", "1") in _YES
        elif name == "rPh":
            self._reading = True

    def text(self, text: str) -> None:
        """Take text."""
        if self.open:
            self.pieces.append(text)
            if self._striking:
                self.struck.append(text)

    def end(self, name: str) -> None:
        """End a run, its text, or a reading."""
        self.open = False
        if name == "rPh":
            self._reading = False
        elif name == "r":
            self._striking = False


@dataclass(kw_only=True)
class _Strings(_Part):
    """The strings that cells refer to by their place, and what is struck out in them."""

    found: list[str] = field(default_factory=list)
    struck: dict[int, str] = field(default_factory=dict)
    _runs: _Runs = field(default_factory=_Runs)

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Begin a string, or a part of it."""
        if name == "si":
            self._runs = _Runs()
        else:
            self._runs.start(name, attributes)

    def text(self, text: str) -> None:
        """Take text."""
        self._runs.text(text)

    def end(self, name: str) -> None:
        """End a string, or a part of it."""
        self._runs.end(name)
        if name == "si":
            if self._runs.struck:
                self.struck[len(self.found)] = _plain("".join(self._runs.struck))
            # Stripped here, and not for each of the cells that may share it.
            self.found.append(_plain("".join(self._runs.pieces)).strip())


@dataclass(frozen=True, kw_only=True)
class _Cells:
    """Makes values of cells."""

    strings: Sequence[str]
    #: Of the strings, by their place.
    struck: Mapping[int, str]
    styles: _Styles
    epoch: object
    limits: BookLimits

    def value(self, kind: str, look: Look, text: str) -> object:
        """Return what a cell shows: text, a number, or a time; raises ``ValueError`` and ``IndexError`` for none of them."""
        if kind == "s":
            return self.strings[int(text)]
        if kind == "b":
            return bool(int(text))
        if kind == "d":
            return from_ISO8601(text)  # type: ignore[no-untyped-call] # openpyxl has no types here
        return self._number(look, text) if kind == "n" else text

    def _number(self, look: Look, text: str) -> object:
        number = float(text) if {".", "e", "E"}.intersection(text) else int(text)
        if not look.dates:
            return str(number).zfill(look.digits) if look.digits and isinstance(number, int) else number
        try:
            return from_excel(number, self.epoch, timedelta=look.length)
        except (OverflowError, ValueError):
            return "#VALUE!"


@dataclass(kw_only=True)
class _Sheet(_Part):
    """Rows of one sheet, and what stands beside them."""

    reader: _Cells
    take: Take
    found: Found
    _row: int = 0
    _column: int = 0
    _cells: dict[int, object] = field(default_factory=dict)
    _kind: str = "n"
    _style: str = "0"
    _texts: dict[str, list[str]] = field(default_factory=dict)
    _open: str = ""
    _runs: _Runs = field(default_factory=_Runs)
    _formulas: dict[str, str] = field(default_factory=dict)
    _shared: str | None = None
    _rows_hidden: bool = False
    _hidden: bool = False
    _margin: list[str] | None = None

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Begin a row, a cell, what stands in it, or what stands beside the rows."""
        if name == "c":
            self._column = _column(attributes["r"]) if "r" in attributes else self._column + 1
            self._kind, self._style = attributes.get("t", "n"), attributes.get("s", "0")
            self._texts, self._shared = {}, None
            self._runs = _Runs() if self._kind == "inlineStr" else self._runs
        elif name in {"v", "f"}:
            self._open = name
            self._texts.setdefault(name, [])
            self._shared = attributes.get("si") if name == "f" else self._shared
        elif name == "row":
            self._row = _row(attributes["r"]) if "r" in attributes else self._row + 1
            self._column, self._cells = 0, {}
            self._hidden = _is_hidden(attributes, "ht") or (self._rows_hidden and "ht" not in attributes)
        elif name in _BESIDE:
            self._beside(name, attributes)
        else:
            self._runs.start(name, attributes)

    def text(self, text: str) -> None:
        """Take text."""
        if self._open:
            self._texts[self._open].append(text)
        elif self._margin is not None:
            self._margin.append(text)
        else:
            self._runs.text(text)

    def end(self, name: str) -> None:
        """End a row, a cell, or what stands in it."""
        if name in {"v", "f"}:
            self._open = ""
        elif name == "c":
            self._keep()
        elif name == "row" and self._cells:
            cells = [self._cells.get(column, "") for column in range(1, max(self._cells) + 1)]
            self.take(self._row, cells)
            if self._hidden:
                self.found.marks.append(hidden_row(self._row, cells))
        elif self._margin is not None and name in _MARGINS:
            words = _MARGIN_CODES.sub(_margin_part, "".join(self._margin)).strip()
            self.found.marks += [Mark(fact=Fact.MARGIN, words=words)] if words else []
            self._margin = None
        else:
            self._runs.end(name)

    def _beside(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "mergeCell":
            self.found.merged += _merged(attributes["ref"])
        elif name == "col":
            columns = (_whole(attributes["min"]), _whole(attributes["max"]))
            self.found.hidden_columns += [columns] if _is_hidden(attributes, "width") else []
        elif name == "sheetFormatPr":
            self._rows_hidden = attributes.get("zeroHeight") in _YES
        elif name == "cfRule":
            strikes = attributes.get("dxfId") in self.reader.styles.striking
            self.found.marks += [Mark(fact=Fact.STRUCK, words="条件付き書式")] if strikes else []
        else:
            self._margin = []

    def _keep(self) -> None:
        look = self.reader.styles.looks.get(self._style, PLAIN)
        value = self._value(look)
        if value in {None, ""}:
            return  # formatted, and empty
        if self._column > self.reader.limits.max_columns:
            most = self.reader.limits.max_columns
            raise Unreadable(f"表の列が多すぎます（上限{most}列） / more than {most} columns")
        if self._column in self._cells:
            raise ValueError("a cell that stands twice")
        self._cells[self._column] = value
        if look is not PLAIN or (self._kind == "s" and self.reader.struck) or self._kind == "inlineStr":
            self._mark(look, value)

    def _mark(self, look: Look, value: object) -> None:
        struck = self._struck_words(look, value)
        if struck:
            self._note(Fact.STRUCK, struck)
        if look.unseen:
            self._note(Fact.UNSEEN, str(value))
        if look.differs and isinstance(value, datetime):
            self._note(Fact.PARTLY, look.parts_of(value))

    def _struck_words(self, look: Look, value: object) -> str:
        if look.struck:
            return str(value)
        if self._kind == "inlineStr":
            return "".join(self._runs.struck).strip()
        return self.reader.struck.get(int("".join(self._texts.get("v", ())) or -1), "") if self._kind == "s" else ""

    def _note(self, fact: Fact, words: str) -> None:
        self.found.marks.append(Mark(fact=fact, words=words, row=self._row, column=self._column))

    def _value(self, look: Look) -> object:
        if (formula := self._texts.get("f")) is not None:
            text = "".join(formula)
            if self._shared is not None:  # written out in the first of the cells that share it
                text = self._formulas.setdefault(self._shared, text)
            return f"={text}".strip()
        if self._kind == "inlineStr":
            return _plain("".join(self._runs.pieces)).strip()
        said = "".join(self._texts.get("v", ()))
        return self.reader.value(self._kind, look, said) if said else None


@dataclass(kw_only=True)
class _Comments(_Part):
    """Notes or comments, with the cells at which they stand."""

    element: str
    #: Cells whose notes are passed over.
    without: Collection[str] = ()
    found: list[tuple[str, str]] = field(default_factory=list)
    _place: str = ""
    _pieces: list[str] = field(default_factory=list)
    _open: bool = False

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Begin a comment, or its text."""
        if name == self.element:
            self._place, self._pieces = attributes.get("ref", ""), []
        self._open = self._open or name == "text"

    def text(self, text: str) -> None:
        """Take text."""
        if self._open:
            self._pieces.append(text)

    def end(self, name: str) -> None:
        """End a comment, or its text."""
        self._open = self._open and name != "text"
        words = "".join(self._pieces).strip()
        if name == self.element and words and self._place not in self.without:
            self.found.append((self._place, words))

    def marks(self) -> Iterator[Mark]:
        """Yield a mark for each comment."""
        for place, words in self.found:
            yield Mark(fact=Fact.COMMENT, words=words, row=_row_of(place), column=_column(place))


@dataclass(kw_only=True)
class _Drawing(_Part):
    """What is drawn over the cells: words, and that there are pictures."""

    _pieces: list[str] = field(default_factory=list)
    _open: bool = False

    def start(self, name: str, attributes: Mapping[str, str]) -> None:  # noqa: ARG002 - what every part hears
        """Take a picture, or begin text."""
        self._open = name == "t"
        if name in _PICTURES:
            self._pieces.append(_PICTURES[name])

    def text(self, text: str) -> None:
        """Take text."""
        if self._open:
            self._pieces.append(text)

    def end(self, name: str) -> None:
        """End text."""
        self._open = False
        if name == "p":
            self._pieces.append(" ")

    def marks(self) -> Iterator[Mark]:
        """Yield one mark for all that is drawn."""
        if words := " ".join("".join(self._pieces).split()):
            yield Mark(fact=Fact.SHAPE, words=words)


def _is_hidden(attributes: Mapping[str, str], size: str) -> bool:
    return attributes.get("hidden") in _YES or attributes.get(size, "1").strip("0.") == ""


def _merged(reference: str) -> list[Merged]:
    first, _, last = reference.partition(":")
    return [Merged(_row_of(first), _row_of(last), _column(first), _column(last))] if last else []


def _margin_part(code: re.Match[str]) -> str:
    return _MARGIN_WORDS.get(code.group().upper(), "")


def _whole(number: str) -> int:
    if _NUMBER.fullmatch(number) is None:
        raise ValueError("a column that stands nowhere")
    return int(number)


def _row_of(reference: str) -> int:
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise ValueError("a cell that stands nowhere")
    return int(match[2])


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
