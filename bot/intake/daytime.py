"""A time of day as forms and people write it: 8:30, 8時30分, 午後1時, 1:00 PM, 13:00:00.000, 正午.

Read after :func:`bot.text.normalise`, with 漢数字 as digits and never more than one space in a row.
"""

from __future__ import annotations

import re
from datetime import time

_SECONDS = r"(?::(?P<second>\d{2})(?:\.(?P<fraction>\d{1,9}))?)?(?![\d:])"
_UNITS = (
    r"時(?!間)(?:\s?(?:(?P<half_hour>半)|(?P<minutes>\d{1,2})(?:\s?分(?!間)|(?<=\d\d)(?=$|[\s)、,]))"
    r"(?:\s?(?P<seconds>\d{1,2})\s?秒)?))?"
)
#: One time of day; ``Clock.match`` begins at the time itself, with the half of the day before or behind it.
CLOCK = (
    r"(?:(?P<half>午前|午後|AM|PM)\s?)?(?:(?P<noon>正午)|(?P<hour>\d{1,2})\s?"
    rf"(?::\s?(?P<minute>\d{{2}}){_SECONDS}|{_UNITS}|(?=\s?[AP]M(?![A-Za-z]))))(?:\s?(?P<late>AM|PM)(?![A-Za-z]))?"
)


def half_of(match: re.Match[str]) -> str:
    """Return the half of the day that a time of ``CLOCK`` names, or an empty text."""
    return (match["half"] or match["late"] or "").upper()


def time_of(match: re.Match[str]) -> time:
    """Return the time of day of a match of ``CLOCK``; raises ``ValueError`` where there is none, or two."""
    if match["noon"]:
        return time(12)
    hour, half = int(match["hour"]), half_of(match)
    minute = 30 if match["half_hour"] else int(match["minute"] or match["minutes"] or 0)
    if half and hour > 12:
        raise ValueError("a half of the day with a 24-hour time")
    if half == "午前" and hour == 12:
        raise ValueError("午前12時 is noon to the law and midnight to a clock")
    if half in {"午後", "PM"}:
        hour = hour % 12 + 12
    elif half:
        hour %= 12
    micros = int((match["fraction"] or "0")[:6].ljust(6, "0"))  # a moment after a deadline is after it
    return time(hour, minute, int(match["second"] or match["seconds"] or 0), micros)
