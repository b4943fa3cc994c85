"""Dates and times as offices write them (公用文), and as English readers do."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

_WEEKDAYS_JA = "月火水木金土日"
#: Spaces and a bullet, or a label of the English part.
_INDENT = re.compile(r"^\s*(?:・|[A-Z][a-z ]+:\s+)?")
_NEVER_FIRST = "、。，．・：；？！）」』】］〕ー々"
_ERAS = ((date(2019, 5, 1), "令和", 2018), (date(1989, 1, 8), "平成", 1988))


def day_ja(day: date) -> str:
    """Return such as ``令和3年8月2日（月）``."""
    return f"{_year_ja(day)}{day.month}月{day.day}日（{_WEEKDAYS_JA[day.weekday()]}）"


def moment_ja(moment: datetime) -> str:
    """Return such as ``令和3年8月2日（月）午後1時5分``: offices do not use the 24-hour clock (公用文の書き方)."""
    if (moment.hour, moment.minute) == (12, 0):
        return f"{day_ja(moment.date())}正午"
    half, hour = ("午前", moment.hour) if moment.hour < 12 else ("午後", moment.hour - 12)
    minute = f"{moment.minute}分" if moment.minute else ""
    return f"{day_ja(moment.date())}{half}{hour}時{minute}"


def days_ja(days: Sequence[date]) -> str:
    """Return the days with runs drawn together: ``令和3年8月2日（月）から8月4日（水）まで、8月6日（金）``."""
    parts = []
    said = ""
    for first, last in _runs(days):
        text = _short_ja(first, said)
        if first != last:
            text += f"から{_short_ja(last, _year_ja(first))}まで"
        parts.append(text)
        said = _year_ja(last)
    return "、".join(parts)


def day_en(day: date) -> str:
    """Return such as ``2021-08-02 (Mon)``."""
    return f"{day:%Y-%m-%d} ({('Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun')[day.weekday()]})"


def moment_en(moment: datetime) -> str:
    """Return such as ``2021-08-02 (Mon) 13:05``."""
    return f"{day_en(moment.date())} {moment:%H:%M}"


def days_en(days: Sequence[date]) -> str:
    """Return the days with runs drawn together: ``2021-08-02 (Mon) to 2021-08-04 (Wed), …``."""
    return ", ".join(
        day_en(first) if first == last else f"{day_en(first)} to {day_en(last)}" for first, last in _runs(days)
    )


def wrapped(text: str, width: int = 76) -> str:
    """Return ``text`` with no line wider than ``width`` columns, where a Japanese character takes two.

    English breaks at spaces, Japanese anywhere but before a closing mark (行頭禁則); what follows is indented like its
    line. A word that is wider by itself stays whole.
    """
    return "\n".join(part for line in text.split("\n") for part in _wrapped(line, width))


def _wrapped(line: str, width: int) -> Iterator[str]:
    indent = _INDENT.match(line)
    hanging = "".join(" " if _columns(char) == 1 else "\u3000" for char in indent.group()) if indent else ""
    while _columns(line) > width and (cut := _cut(line, width, len(hanging))):
        yield line[:cut].rstrip()
        line = hanging + line[cut:].lstrip()
    yield line


def _cut(line: str, width: int, least: int) -> int:
    """Return where a line that is too wide is broken, or 0 where it can't be: a password is never broken in two."""
    cut = next(end for end in range(len(line), 0, -1) if _columns(line[:end]) <= width)
    while cut > least and not _breakable(line[cut - 1], line[cut]):
        cut -= 1
    return cut if cut > least else 0


def _breakable(before: str, after: str) -> bool:
    inside_word = before.isascii() and after.isascii() and not before.isspace() and not after.isspace()
    return not inside_word and after not in _NEVER_FIRST


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WFA" else 1 for char in text)


def _runs(days: Sequence[date]) -> list[tuple[date, date]]:
    runs: list[tuple[date, date]] = []
    for day in sorted(set(days)):
        if runs and day - runs[-1][1] == timedelta(days=1):
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    return runs


def _short_ja(day: date, said: str) -> str:
    """Return the day without its year where that was said last."""
    return day_ja(day).removeprefix(said) if said == _year_ja(day) else day_ja(day)


def _year_ja(day: date) -> str:
    for start, name, offset in _ERAS:
        if day >= start:
            year = day.year - offset
            return f"{name}{'元' if year == 1 else year}年"
    return f"{day.year}年"
