"""``calendar:`` the city's business days."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, field_validator

from bot.settings.base import Section


class Weekday(StrEnum):
    """A day of the week, in the order of ``date.weekday()``."""

    MON = "月"
    TUE = "火"
    WED = "水"
    THU = "木"
    FRI = "金"
    SAT = "土"
    SUN = "日"


def _month_day(value: str) -> str:
    try:
        if len(value) == len("MM-DD"):
            return f"{date.fromisoformat(f'2000-{value}'):%m-%d}"  # a leap year: 02-29 is a day of some years
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise ValueError('must be a day of every year such as "06-23", or one day such as "2026-05-01"') from None


def _yearly(value: str) -> str:
    if len(value) != len("MM-DD"):
        raise ValueError('must be a day of every year such as "12-29"')
    return _month_day(value)


class CalendarSettings(Section):
    """The business days (開庁日): everything that is not named here as closed."""

    closed_weekdays: tuple[Weekday, ...] = (Weekday.SAT, Weekday.SUN)
    """Days of the week on which the city hall is closed, as 月 火 水 木 金 土 日."""
    national_holidays: bool = True
    """Closed on the days of 国民の祝日に関する法律, 振替休日 and 国民の休日 included."""
    year_end_from: Annotated[str, AfterValidator(_yearly)] = "12-29"
    """年末年始: closed from this day (MM-DD) …"""
    year_end_until: Annotated[str, AfterValidator(_yearly)] = "01-03"
    """… to this one, both included, across New Year."""
    closed_days: tuple[Annotated[str, AfterValidator(_month_day)], ...] = ()
    """The city's own closed days by 条例: "06-23" for every year, "2026-05-01" for one."""
    overrides_file: str | None = None
    """CSV with the columns date, open|closed, reason: emergency closures and extra opening days. It wins over all else."""
    holidays_file: str | None = None
    """The Cabinet Office's syukujitsu.csv; wins over the built-in table for the years it covers. Empty: built-in only."""

    @field_validator("closed_weekdays")
    @classmethod
    def _some_day_open(cls, value: tuple[Weekday, ...]) -> tuple[Weekday, ...]:
        if set(value) == set(Weekday):
            raise ValueError("some day of the week must be open")
        return value
