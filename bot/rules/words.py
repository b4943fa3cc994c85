"""How notices write dates, moments and what was read: Japanese and English, safe to show."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import date, datetime, tzinfo

_WEEKDAYS = "月火水木金土日"
_MOST_DATES = 12
_LONGEST = 60


def day_ja(day: date) -> str:
    """Return such as ``2021年8月2日（月）``."""
    return f"{day.year}年{day.month}月{day.day}日（{_WEEKDAYS[day.weekday()]}）"


def day_en(day: date) -> str:
    """Return such as ``Mon 2021-08-02``."""
    return f"{('Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun')[day.weekday()]} {day.isoformat()}"


def days_ja(days: Sequence[date]) -> str:
    """Return the dates in a row, the year once; a long row is cut and its rest counted."""
    parts = [day_ja(day) if _new_year(days, at) else day_ja(day).partition("年")[2] for at, day in _shown(days)]
    rest = f"ほか{len(days) - _MOST_DATES}日" if len(days) > _MOST_DATES else ""
    return "、".join([*parts, *([rest] if rest else [])])


def days_en(days: Sequence[date]) -> str:
    """Return the dates in a row; a long row is cut and its rest counted."""
    rest = f" and {len(days) - _MOST_DATES} more" if len(days) > _MOST_DATES else ""
    return ", ".join(day_en(day) for _, day in _shown(days)) + rest


def moment_ja(moment: datetime, zone: tzinfo) -> str:
    """Return such as ``2021年7月30日（金）13:00``; seconds only where they are not zero."""
    local = moment.astimezone(zone)
    return f"{day_ja(local.date())}{_clock(local)}"


def moment_en(moment: datetime, zone: tzinfo) -> str:
    """Return such as ``Fri 2021-07-30 13:00``; seconds only where they are not zero."""
    local = moment.astimezone(zone)
    return f"{day_en(local.date())} {_clock(local)}"


def quote(text: str | None) -> str:
    """Return what was read in a form safe for mails and logs: one line, no control or invisible characters, cut short."""
    visible = "".join(character if _visible(character) else " " for character in text or "")
    line = " ".join(visible.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def _visible(character: str) -> bool:
    return unicodedata.category(character)[0] != "C"


def _clock(local: datetime) -> str:
    return f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"


def _shown(days: Sequence[date]) -> list[tuple[int, date]]:
    return list(enumerate(days[:_MOST_DATES]))


def _new_year(days: Sequence[date], at: int) -> bool:
    return at == 0 or days[at].year != days[at - 1].year
