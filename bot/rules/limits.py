"""V10, V11: how many days a week, and how many people a day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from bot.rules.case import Case, Finding, hold
from bot.wording import days_en, days_ja

_WEEK = timedelta(days=6)


def weekly(case: Case) -> Iterator[Finding]:
    """V10: not more days in a week (Monday to Sunday) than allowed, and enough left for the office; granted days count."""
    for monday, days in _weeks(case).items():
        granted = {day for day in case.context.history.granted if monday <= day <= monday + _WEEK}
        count = len(granted | set(days))
        most, office = case.rules.max_days_per_week, case.rules.min_office_days
        if most is not None and count > most:
            yield hold(
                f"{days_ja(days)}を含む週の利用が{count}日となり、週{most}日を超えます。担当者が確認します。",
                f"{days_en(days)}: {count} days in that week; {most} are allowed.",
                days,
            )
        left = len(set(case.calendar.open_days(monday, monday + _WEEK)) - granted - set(days))
        if office is not None and left < office:
            yield hold(
                f"{days_ja(days)}を含む週の出勤日が{left}日となり、必要な{office}日に足りません。担当者が確認します。",
                f"{days_en(days)}: {left} office days left in that week; {office} are needed.",
                days,
            )


def capacity(case: Case) -> Iterator[Finding]:
    """V11: not more people on a day than there are places."""
    most = case.rules.max_users_per_day
    full = [day for day in case.days if most is not None and case.context.history.per_day.get(day, 0) >= most]
    if full:
        yield hold(
            f"{days_ja(full)}は利用者数の上限（1日{most}人）に達しています。担当者が優先度を確認します。",
            f"{days_en(full)}: the limit of {most} people a day is reached; an operator decides.",
            full,
        )


def _weeks(case: Case) -> dict[date, list[date]]:
    periods = case.rules.suspend_limit_periods
    weeks: dict[date, list[date]] = {}
    for day in case.days:
        if not any(period.first <= day <= period.last for period in periods):
            weeks.setdefault(day - timedelta(days=day.weekday()), []).append(day)
    return weeks
