"""Dates and times as offices write them (公用文), and as English readers do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

_WEEKDAYS_JA = "月火水木金土日"
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
    year: int | None = None
    for first, last in _runs(days):
        text = _short_ja(first, year)
        if first != last:
            text += f"から{_short_ja(last, first.year)}まで"
        parts.append(text)
        year = last.year
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


def _runs(days: Sequence[date]) -> list[tuple[date, date]]:
    runs: list[tuple[date, date]] = []
    for day in sorted(set(days)):
        if runs and day - runs[-1][1] == timedelta(days=1):
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    return runs


def _short_ja(day: date, year_said: int | None) -> str:
    return day_ja(day).removeprefix(_year_ja(day)) if day.year == year_said else day_ja(day)


def _year_ja(day: date) -> str:
    for start, name, offset in _ERAS:
        if day >= start:
            year = day.year - offset
            return f"{name}{'元' if year == 1 else year}年"
    return f"{day.year}年"
