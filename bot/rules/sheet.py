"""Rows out of an export: the columns found by their headings, each value as text, every problem with its row.

Shared by the staff directory, the register of own PCs, and the calendar's files. All problems are collected, never only the
first; what has problems is not used at all.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from bot.errors import ConfigInvalid, Problem, Unreadable
from bot.tables import Grid, TableLimits, read_grids
from bot.text import fold, normalise

#: More problems than this are counted, not listed: the file is simply the wrong one.
_MOST_PROBLEMS = 100
#: 100,000 employees take about 15 MB.
_MOST_BYTES = 200 * 2**20
_ERAS = {"令和": 2018, "R": 2018, "平成": 1988, "H": 1988, "昭和": 1925, "S": 1925}
_DATE = re.compile(
    r"(?:(?P<year>\d{4})|(?P<era>令和|平成|昭和|[RHS])(?P<count>元|\d{1,2}))年?[-/.]?"
    r"(?P<month>\d{1,2})[-/.月](?P<day>\d{1,2})日?(?:[ T]00:00(?::00(?:\.0+)?)?)?"
)
_DAY_BESIDE = re.compile(r"(?:令和|平成|[RH](?=\d)|[\d\s./年月日末頃~で付け\-()\[\]【】:]|より|から|予定)+")
_LONGEST_STATUS = 40
_COMPACT = re.compile(r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row: its number as a spreadsheet shows it (headings are row 1), and its values by canonical name."""

    number: int
    values: Mapping[str, str]

    def text(self, name: str) -> str:
        """Return the value without surrounding space; empty when the column is missing."""
        return self.values.get(name, "").strip()


@dataclass(kw_only=True)
class Problems:
    """Collects what is wrong with one source; ``path`` is the setting that names it."""

    path: str
    source: str
    found: list[str] = field(default_factory=list)

    def add(self, text: str, row: Row | None = None) -> None:
        """Note a problem, with its row where it has one."""
        self.found.append(f"{self.source}: {f'row {row.number}: ' if row else ''}{text}")

    def refuse(self) -> None:
        """Raise ``ConfigInvalid`` with everything noted; return when there is nothing."""
        if not self.found:
            return
        shown = [Problem(path=self.path, text=text) for text in self.found[:_MOST_PROBLEMS]]
        if len(self.found) > _MOST_PROBLEMS:
            more = f"{self.source}: and {len(self.found) - _MOST_PROBLEMS} more problems"
            shown.append(Problem(path=self.path, text=more))
        raise ConfigInvalid(shown)


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What a source must look like: headings of each canonical column, and those that can't be missing."""

    columns: Mapping[str, Sequence[str]]
    required: Sequence[str]
    max_rows: int
    #: A heading with one of these words in it says who counts, as does a column with one of these values: none may be left unread.
    telling: Sequence[str] = ()
    telling_values: Collection[str] = ()
    #: A sheet with one of these words in its name is of people who don't count.
    gone: Collection[str] = ()


def read_rows(content: bytes, layout: Layout, problems: Problems) -> list[Row]:
    """Return the rows of the first table in a CSV or Excel file that has all required columns.

    Raises ``ConfigInvalid`` when the file is no table, has none with these columns, or too many rows.
    """
    limits = TableLimits(
        max_rows=layout.max_rows, max_bytes=_MOST_BYTES, max_unpacked=5 * _MOST_BYTES, max_cells=100 * layout.max_rows
    )
    try:
        tables = read_grids(content, name=problems.source, limits=limits)
    except Unreadable as error:
        problems.add(f"can't be read as a table ({error.reason.removeprefix(f'{problems.source}: ')})")
        problems.refuse()
        return []
    for table in tables:
        if not _missing(table.columns, layout) and not _put_aside(table, layout):
            return pick_rows(table.columns, table.rows, layout, problems)
    best = min((table.columns for table in tables), key=lambda names: len(_missing(names, layout)), default=[])
    problems.found += [
        f"{problems.source}: the sheet {table.name} is hidden, or of people who are not there by its name"
        for table in tables
        if not _missing(table.columns, layout)
    ]
    return pick_rows(best, (), layout, problems)


def _put_aside(table: Grid, layout: Layout) -> bool:
    """Tell whether a table is of those who don't count, by its name, or of nobody whom a person sees."""
    return table.hidden or any(word in fold(table.name) for word in layout.gone)


def breaks_off(content: bytes) -> bool:
    """Tell whether a CSV file ends in the middle of a row: no line end, and fewer columns than its headings.

    What is left of a mail address there may be an address, of somebody else.
    """
    if b"\0" in content or content.endswith((b"\n", b"\r")):
        return False
    lines = content.splitlines()
    return len(lines) > 1 and any(lines[0].count(mark) > lines[-1].count(mark) for mark in (b",", b"\t"))


def pick_rows(
    headings: Sequence[str], records: Iterable[Sequence[str]], layout: Layout, problems: Problems
) -> list[Row]:
    """Return the rows with their columns under canonical names; blank rows are left out.

    Raises ``ConfigInvalid`` naming every missing column and the headings that were seen instead.
    """
    for name in _missing(headings, layout):
        known = " / ".join(layout.columns[name])
        problems.add(f"no column {known}; headings seen: {', '.join(headings) or 'none'}")
    records = list(records)
    for heading in _unread(headings, records, layout):
        problems.add(
            f"the column {heading} looks like a status and is not read: somebody who has left would be granted a login. "
            "Write its heading into staff.columns.status and the values that mean 在職 into staff.active_values (a day: "
            "into staff.columns.active_until), or leave the column out of the export"
        )
    problems.refuse()
    places = _places(headings, layout)
    numbered = enumerate(records, start=2)
    return [
        Row(number=number, values={name: str(record[at]) for name, at in places.items()})
        for number, record in numbered
        if any(str(value).strip() for value in record)
    ]


def read_date(text: str) -> date | None:
    """Read a date cell: 2021-04-01, 2021/4/1, 2021年4月1日, 20210401, 令和3年4月1日, R3.4.1; ``None`` when empty.

    Raises ``ValueError`` when it is none of these.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    if not plain:
        return None
    match = _COMPACT.fullmatch(plain) or _DATE.fullmatch(plain)
    if not match:
        raise ValueError(f"{text!r} is not a date such as 2021-04-01")
    parts = match.groupdict()
    year = int(parts["year"]) if parts["year"] else _ERAS[parts["era"]] + int(parts["count"].replace("元", "1"))
    try:
        return date(year, int(parts["month"]), int(parts["day"]))
    except ValueError:
        raise ValueError(f"{text!r} is not a day of the calendar") from None


def read_dates(row: Row, names: Sequence[str], problems: Problems) -> dict[str, date | None]:
    """Read several date cells of a row; one that is no date is a problem and ``None``."""
    dates: dict[str, date | None] = {}
    for name in names:
        try:
            dates[name] = read_date(row.text(name))
        except ValueError as error:
            problems.add(str(error), row)
            dates[name] = None
    return dates


def number(text: str) -> str:
    """Return a number of an export as it is kept: no full-width letters, nothing that can't be seen; leading zeros stay."""
    return "".join(normalise(text).split()).upper()


def _missing(headings: Sequence[str], layout: Layout) -> list[str]:
    places = _places(headings, layout)
    return [name for name in layout.required if name not in places]


def _unread(headings: Sequence[str], records: Sequence[Sequence[str]], layout: Layout) -> list[str]:
    """Return the headings of columns that say who counts, by their words or their values, and that nothing is read from."""
    read, words = set(_places(headings, layout).values()), [fold(word) for word in layout.telling]
    unread = [(at, heading) for at, heading in enumerate(headings) if at not in read]
    values = {at: {record[at] for record in records} if layout.telling_values else set() for at, _ in unread}
    return [
        heading
        for at, heading in unread
        if any(word in fold(heading) for word in words)
        or any(_without_day(value) in layout.telling_values for value in values[at])
    ]


def _without_day(value: str) -> str:
    """Return what a cell says beside a day: R8.3.31退職, （令和8年3月末で退職）."""
    return _DAY_BESIDE.sub("", normalise(value)) if len(value) <= _LONGEST_STATUS else value


def _places(headings: Sequence[str], layout: Layout) -> dict[str, int]:
    seen = {fold(heading): at for at, heading in reversed(list(enumerate(headings)))}
    return {
        name: seen[fold(word)]
        for name, words in layout.columns.items()
        for word in reversed(words)
        if fold(word) in seen
    }
