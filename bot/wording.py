"""Dates and times as offices write them (公用文), and as English readers do; and what was read, made safe to show."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

_WEEKDAYS_JA = "月火水木金土日"
_WEEKDAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_ERAS = ((date(2019, 5, 1), "令和", 2018), (date(1989, 1, 8), "平成", 1988))
_MOST_RUNS = 12
_LONGEST = 60

_Run = tuple[date, date]


def day_ja(day: date) -> str:
    """Return such as ``令和3年8月2日（月）``."""
    return f"{_year_ja(day)}{day.month}月{day.day}日（{_WEEKDAYS_JA[day.weekday()]}）"


def clock_ja(clock: time) -> str:
    """Return such as ``午後1時5分``: offices do not use the 24-hour clock (公用文の書き方); seconds only if not zero."""
    if (clock.hour, clock.minute, clock.second) == (12, 0, 0):
        return "正午"
    half, hour = ("午前", clock.hour) if clock.hour < 12 else ("午後", clock.hour - 12)
    second = f"{clock.second}秒" if clock.second else ""
    minute = f"{clock.minute}分" if clock.minute or second else ""
    return f"{half}{hour}時{minute}{second}"


def moment_ja(moment: datetime) -> str:
    """Return such as ``令和3年8月2日（月）午後1時5分``; the moment must be in the reader's time zone."""
    return f"{day_ja(moment.date())}{clock_ja(moment.time())}"


def days_ja(days: Sequence[date]) -> str:
    """Return the days with runs drawn together: ``令和3年8月2日（月）から8月4日（水）まで、8月6日（金）``.

    A long row is cut and its rest counted.
    """
    runs = _runs(days)
    parts: list[str] = []
    said = ""
    for first, last in runs[:_MOST_RUNS]:
        text = _short_ja(first, said)
        if first != last:
            text += f"から{_short_ja(last, _year_ja(first))}まで"
        parts.append(text)
        said = _year_ja(last)
    rest = _days_in(runs[_MOST_RUNS:])
    return "、".join([*parts, *([f"ほか{rest}日"] if rest else [])])


def day_en(day: date) -> str:
    """Return such as ``2021-08-02 (Mon)``."""
    return f"{day.isoformat()} ({_WEEKDAYS_EN[day.weekday()]})"


def moment_en(moment: datetime) -> str:
    """Return such as ``2021-08-02 (Mon) 13:05``; seconds only where they are not zero."""
    return f"{day_en(moment.date())} {f'{moment:%H:%M:%S}' if moment.second else f'{moment:%H:%M}'}"


def days_en(days: Sequence[date]) -> str:
    """Return the days with runs drawn together: ``2021-08-02 (Mon) to 2021-08-04 (Wed), …``; a long row is cut."""
    runs = _runs(days)
    shown = (
        day_en(first) if first == last else f"{day_en(first)} to {day_en(last)}" for first, last in runs[:_MOST_RUNS]
    )
    rest = _days_in(runs[_MOST_RUNS:])
    return ", ".join(shown) + (f" and {rest} more" if rest else "")


def quote(text: str | None) -> str:
    """Return what was read in a form safe for mails and logs: one line, no control or invisible characters, cut short."""
    visible = "".join(character if unicodedata.category(character)[0] != "C" else " " for character in text or "")
    line = " ".join(visible.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def _runs(days: Sequence[date]) -> list[_Run]:
    runs: list[_Run] = []
    for day in sorted(set(days)):
        if runs and day - runs[-1][1] == timedelta(days=1):
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    return runs


def _days_in(runs: Sequence[_Run]) -> int:
    return sum((last - first).days + 1 for first, last in runs)


def _short_ja(day: date, said: str) -> str:
    """Return the day without its year where that was said last."""
    return day_ja(day).removeprefix(said) if said == _year_ja(day) else day_ja(day)


def _year_ja(day: date) -> str:
    for start, name, offset in _ERAS:
        if day >= start:
            year = day.year - offset
            return f"{name}{'元' if year == 1 else year}年"
    return f"{day.year}年"
