"""The calendar's two files: the city's overrides, and the Cabinet Office's list of holidays."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from datetime import date
from typing import TypeVar

from bot.errors import Unreadable
from bot.rules.calendar import DayOverride
from bot.rules.sheet import Problems, Row, read_date
from bot.text import decode, fold

_STATES = {
    **dict.fromkeys(("open", "開", "開庁", "臨時開庁"), True),
    **dict.fromkeys(("closed", "閉", "閉庁", "臨時閉庁", "休"), False),
}
_MOST_BYTES = 2**20
T = TypeVar("T")


def load_overrides(content: bytes, *, name: str) -> dict[date, DayOverride]:
    """Read the overrides file (date, open or closed, reason; the first line may be headings).

    Raises ``ConfigInvalid`` with every problem and its line; a day that stands in it twice is one.
    """
    problems = Problems(path="calendar.overrides_file", source=name)

    def override(cells: Sequence[str], row: Row) -> DayOverride | None:
        state = _STATES.get(fold(cells[1])) if len(cells) > 1 else None
        if state is None:
            problems.add("the second column must be open or closed (開庁, 閉庁)", row)
            return None
        return DayOverride(open=state, reason=cells[2].strip() if len(cells) > 2 else "")

    return _days(content, problems, override)


def load_holidays(content: bytes, *, name: str) -> dict[date, str]:
    """Read 内閣府's syukujitsu.csv (date, name; cp932 or UTF-8); raises ``ConfigInvalid`` with every problem and its line."""
    problems = Problems(path="calendar.holidays_file", source=name)

    def holiday(cells: Sequence[str], row: Row) -> str | None:
        if len(cells) < 2 or not cells[1].strip():
            problems.add("no name of the holiday in the second column", row)
            return None
        return cells[1].strip()

    days = _days(content, problems, holiday)
    if not days:
        problems.add("no holidays in it")
    problems.refuse()
    return days


def _days(content: bytes, problems: Problems, value: Callable[[Sequence[str], Row], T | None]) -> dict[date, T]:
    found: dict[date, T] = {}
    for number, cells in _lines(content, problems):
        row = Row(number=number, values={})
        try:
            day = read_date(cells[0])
        except ValueError as error:
            if number > 1 or len(cells) < 2:  # the first line may be headings
                problems.add(str(error), row)
            continue
        if day is None:
            problems.add("no date in the first column", row)
        elif day in found:
            problems.add(f"{day} stands in it twice", row)
        elif (item := value(cells, row)) is not None:
            found[day] = item
    problems.refuse()
    return found


def _lines(content: bytes, problems: Problems) -> list[tuple[int, list[str]]]:
    try:
        if len(content) > _MOST_BYTES:
            raise Unreadable("larger than 1 MB")
        rows = csv.reader(io.StringIO(decode(content), newline=""), strict=True)
        return [(rows.line_num, row) for row in rows if any(cell.strip() for cell in row)]
    except Unreadable as error:
        problems.add(error.reason)
    except csv.Error as error:
        problems.add(f"not a CSV file ({error})")
    problems.refuse()
    return []
