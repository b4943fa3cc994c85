"""A date with a time, as forms stamp it: ``2021年7月30日12時41分``, ``2021-07-30 09:05:17``, ``Ｒ３．７．３０　午後０時５８分``."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo

from bot.intake.dates import read_day

_WEEKDAY = re.compile(r"^\(?[月火水木金土日](?:曜日?)?\)")
_TIME = re.compile(
    r"^T?\s*(?P<half>午前|午後|AM|PM)?\s*(?:(?P<noon>正午)|(?P<hour>\d{1,2})\s*(?::|時)\s*(?:(?P<half_hour>半)|(?P<minute>\d{1,2})?\s*"
    r"(?:(?::|分)\s*(?P<second>\d{1,2})?(?:\.\d+)?\s*秒?)?)\s*(?P<late>AM|PM)?)\s*(?P<zone>Z|UTC|GMT|JST|[+-]\d{2}:?\d{2})?\s*$",
    re.IGNORECASE,
)


def read_moment(text: str, *, zone: tzinfo, base: date) -> datetime | None:
    """Return the aware moment that ``text`` states, in ``zone`` where it names none; ``None`` if it is not day and time."""
    found = read_day(text, base=base)
    if found is None:
        return None
    day, rest = found
    # With one space left where there were many, the pattern has no two ways to share them out.
    match = _TIME.match(" ".join(_WEEKDAY.sub("", rest).split()))
    if not match:
        return None
    try:
        clock = _clock(match)
        return datetime.combine(day, clock, _zone(match["zone"], zone)).astimezone(zone)
    except (ValueError, OverflowError):
        return None


def _clock(match: re.Match[str]) -> time:
    if match["noon"]:
        return time(12)
    hour, minute = int(match["hour"]), 30 if match["half_hour"] else int(match["minute"] or 0)
    half = (match["half"] or match["late"] or "").upper()
    if half and hour > 12:
        raise ValueError("a half of the day with a 24-hour time")
    if half in {"午後", "PM"}:
        hour = hour % 12 + 12
    elif half:
        hour %= 12
    return time(hour, minute, int(match["second"] or 0))


def _zone(name: str | None, zone: tzinfo) -> tzinfo:
    if name is None or name.upper() == "JST":
        return zone
    if name.upper() in {"Z", "UTC", "GMT"}:
        return UTC
    sign = -1 if name[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(name[1:3]), minutes=int(name[-2:])))
