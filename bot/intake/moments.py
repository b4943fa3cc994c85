"""A date with a time, as forms stamp it: ``2021年7月30日12時41分``, ``2021-07-30 09:05:17``, ``Ｒ３．７．３０　午後０時５８分``.

Only what is wholly a day and a time is a moment: 「17時頃」, 「12:」 and a day alone are none. A day without a year is the
last such day, for a form is stamped before it is read.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

from bot.intake.dates import digits, read_day
from bot.intake.daytime import CLOCK, time_of
from bot.text import normalise

_ZONE = (
    r"\(?(?P<zone>Z|JST|日本時間|日本標準時|(?:UTC|GMT)?[+-]\d{2}:?\d{2}|(?:UTC|GMT)[+-]\d{1,2}|UTC|GMT)\)?"
    r"(?:\s?\((?:JST|日本標準時|Japan Standard Time)\))?"
)
_TIME = re.compile(rf"(?:T\s?|,\s?)?{CLOCK}(?:\s?{_ZONE})?", re.IGNORECASE)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = r"(?P<month>" + "|".join(_MONTHS) + r")[a-z]{0,6}\.?"
_NAME = r"(?:(?P<weekday>mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}\.?,?\s)?"
#: As mail headers (RFC 5322) and browsers write it: Fri, 20 Nov 2026 12:58:00 +0900, Fri Nov 20 2026 12:58:00 GMT+0900.
_ENGLISH = tuple(
    re.compile(rf"^{_NAME}{parts},?\s(?P<year>20\d\d),?\s(?=\d)", re.IGNORECASE)
    for parts in (rf"(?P<day>\d{{1,2}})\s{_MONTH}", rf"{_MONTH}\s(?P<day>\d{{1,2}})")
)
#: A stamp without marks between its numbers: 20261120125830, 20261120T125830+0900.
_COMPACT = re.compile(r"^(20\d{6})(?:T|\s)?(\d{2})(\d{2})(\d{2})?(?!\d)", re.IGNORECASE)


def read_moment(text: str, *, zone: tzinfo, base: date, time_alone: bool = False) -> datetime | None:
    """Return the aware moment that ``text`` states, in ``zone`` where it names none; ``None`` if it is not day and time.

    With ``time_alone`` a time without a day is of ``base``.
    """
    plain = _COMPACT.sub(_marked, " ".join(digits(normalise(text)).split()))
    for written in _ENGLISH:
        plain = written.sub(_in_numbers, plain)
    day, rest = read_day(plain, base=base, backward=True) or (base if time_alone else None, plain)
    match = _TIME.fullmatch(" ".join(rest.split()))
    if day is None or not match:
        return None
    try:
        return datetime.combine(day, time_of(match), _zone(match["zone"], zone)).astimezone(zone)
    except (ValueError, OverflowError):
        return None


def _marked(compact: re.Match[str]) -> str:
    day, hour, minute, second = compact.groups()
    return f"{day} {hour}:{minute}:{second or '00'}"


def _in_numbers(english: re.Match[str]) -> str:
    month = _MONTHS.index(english["month"].lower()) + 1
    weekday = f" ({english['weekday']})" if english["weekday"] else ""
    return f"{english['year']}/{month}/{english['day']}{weekday} "


def _zone(name: str | None, zone: tzinfo) -> tzinfo:
    if name is None or name.upper() in {"JST", "日本時間", "日本標準時"}:
        return zone
    offset = re.sub(r"^(?:UTC|GMT)", "", name.upper())
    if offset in {"", "Z"}:
        return UTC
    sign = -1 if offset[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(offset[1:3]), minutes=int(offset[3:].lstrip(":") or 0)))
