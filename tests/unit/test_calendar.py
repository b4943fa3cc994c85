"""Business days and cutoffs."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import holidays
import pytest
from pydantic import ValidationError

from bot.rules.calendar import Calendar, DayOverride
from bot.rules.cutoff import Cutoffs
from bot.settings.deadline import DeadlineSettings
from bot.settings.rules import CalendarSettings
from tests.unit.rules_kit import TOKYO

PLAIN = Calendar(CalendarSettings())

#: domain.md §3: telework day, 前開庁日, calendar 前日, 2開庁日前.
VECTORS = [
    ("2021-08-02", "2021-07-30", "2021-08-01", "2021-07-29"),
    ("2021-07-26", "2021-07-21", "2021-07-25", "2021-07-20"),
    ("2021-08-10", "2021-08-06", "2021-08-09", "2021-08-05"),
    ("2021-10-12", "2021-10-11", "2021-10-11", "2021-10-08"),
    ("2019-05-07", "2019-04-26", "2019-05-06", "2019-04-25"),
    ("2026-05-07", "2026-05-01", "2026-05-06", "2026-04-30"),
    ("2026-09-24", "2026-09-18", "2026-09-23", "2026-09-17"),
    ("2026-01-05", "2025-12-26", "2026-01-04", "2025-12-25"),
    ("2026-11-24", "2026-11-20", "2026-11-23", "2026-11-19"),
]


def cutoffs(calendar: Calendar = PLAIN, **settings: object) -> Cutoffs:
    """Return the cutoffs under the default deadline but for these settings."""
    return Cutoffs(DeadlineSettings.model_validate(settings), calendar, TOKYO)


@pytest.mark.parametrize(("day", "business", "calendar", "two"), VECTORS)
def test_the_cutoff_falls_where_the_vectors_say(day: str, business: str, calendar: str, two: str) -> None:
    """Each way of counting gives 13:00 of the day that domain.md names."""
    telework = date.fromisoformat(day)
    one_clock = [
        cutoffs().cutoff_for(telework),
        cutoffs(day_kind="calendar").cutoff_for(telework),
        cutoffs(days_before=2).cutoff_for(telework),
    ]
    expected = [datetime.combine(date.fromisoformat(item), time(13), TOKYO) for item in (business, calendar, two)]
    assert one_clock == expected


def test_national_holidays_agree_with_an_independent_library() -> None:
    """From 2015 to 2050, every day is a holiday for us exactly when ``holidays`` says so."""
    calendar = Calendar(CalendarSettings(closed_weekdays=(), year_end_from="01-01", year_end_until="01-01"))
    theirs = holidays.country_holidays("JP", years=range(2015, 2051))
    start = date(2015, 1, 1)
    every = [start + timedelta(days=offset) for offset in range((date(2050, 12, 31) - start).days + 1)]
    assert [day for day in every if calendar.is_open(day) is (day in theirs)] == []


@pytest.mark.parametrize(
    ("day", "reason"),
    [
        ("2021-08-01", "日曜日"),
        ("2021-08-09", "山の日 振替休日"),
        ("2020-07-24", "スポーツの日"),
        ("2026-05-06", "憲法記念日 振替休日"),
        ("2026-09-22", "国民の休日"),
        ("2025-12-29", "年末年始"),
        ("2026-01-03", "年末年始"),
        ("2021-10-11", None),
        ("2025-12-26", None),
        ("2026-01-05", None),
    ],
)
def test_a_closed_day_says_why(day: str, reason: str | None) -> None:
    """A closed day has its Japanese reason; an open one has none."""
    assert PLAIN.why_closed(date.fromisoformat(day)) == reason


def test_the_overrides_win_both_ways() -> None:
    """An emergency closure closes an open day, and an extra opening opens a holiday, in counting as well."""
    overrides = {
        date(2021, 7, 30): DayOverride(open=False, reason="大雪"),
        date(2021, 8, 1): DayOverride(open=True),
        date(2021, 7, 29): DayOverride(open=False),
    }
    calendar = Calendar(CalendarSettings(), overrides)
    reasons = [calendar.why_closed(day) for day in sorted(overrides)]
    assert reasons == ["臨時閉庁", "大雪", None]
    assert calendar.before(date(2021, 8, 2), 2, "business") == date(2021, 7, 28)


def test_a_holiday_file_replaces_the_table_for_its_years_only() -> None:
    """A new one-off law reaches a closed network by file; years it does not cover stay as they were."""
    calendar = Calendar(CalendarSettings(), holidays={date(2027, 6, 1): "臨時の祝日"})
    asked = (date(2027, 6, 1), date(2027, 5, 3), date(2026, 5, 4))
    assert [calendar.why_closed(day) for day in asked] == ["臨時の祝日", None, "みどりの日"]


def test_city_days_close_every_year_or_once() -> None:
    """慰霊の日 and the like are settings: MM-DD for every year, a full date for one."""
    calendar = Calendar(CalendarSettings(closed_days=("06-23", "2026-05-01")))
    asked = (date(2026, 6, 23), date(2027, 6, 23), date(2026, 5, 1), date(2025, 5, 1))
    assert [calendar.why_closed(day) for day in asked] == ["市の休日", "市の休日", "市の休日", None]


def test_open_days_of_a_range_leave_the_holidays_out() -> None:
    """A range over a long weekend keeps its business days, both ends included."""
    assert PLAIN.open_days(date(2021, 8, 6), date(2021, 8, 10)) == [date(2021, 8, 6), date(2021, 8, 10)]


@pytest.mark.parametrize("day", [date.min, date(1, 1, 3)])
def test_the_edge_of_time_is_a_plain_error(day: date) -> None:
    """A misread year 1 is refused in words, not by an overflow."""
    with pytest.raises(ValueError, match="before 0001-01-0"):
        cutoffs(days_before=9).cutoff_for(day)


def test_the_last_day_of_time_can_be_asked() -> None:
    """A misread year 9999 has an answer like any other day."""
    assert PLAIN.why_closed(date.max) == "年末年始"


def test_a_closure_without_end_is_a_plain_error() -> None:
    """Overrides that close more than a year are named as the cause."""
    closed = {date(2021, 8, 2) - timedelta(days=back): DayOverride(open=False) for back in range(500)}
    with pytest.raises(ValueError, match=r"calendar\.overrides_file"):
        Calendar(CalendarSettings(), closed).before(date(2021, 8, 3), 1, "business")


@pytest.mark.parametrize(
    ("applied", "inclusive", "expected"),
    [
        ("13:00:00", True, True),
        ("13:00:00.999999", True, True),
        ("13:00:01", True, False),
        ("13:00:00", False, False),
        ("12:59:59.9", False, True),
    ],
)
def test_in_time_is_inclusive_to_the_second(applied: str, inclusive: bool, expected: bool) -> None:  # noqa: FBT001 - a row
    """13:00:00 is in time, 13:00:01 is late; an exclusive deadline ends one second earlier."""
    moment = datetime.fromisoformat(f"2021-07-30 {applied}").replace(tzinfo=TOKYO)
    assert cutoffs(inclusive=inclusive).in_time(date(2021, 8, 2), moment) is expected


def test_another_offset_is_the_same_moment() -> None:
    """A UTC stamp is compared as a moment, not by its digits."""
    assert cutoffs().in_time(date(2021, 8, 2), datetime.fromisoformat("2021-07-30T04:00:00+00:00"))
    assert not cutoffs().in_time(date(2021, 8, 2), datetime.fromisoformat("2021-07-30T04:00:01+00:00"))


def test_the_former_rule_can_be_replayed() -> None:
    """Days before the change have two business days, end of day; days from the change on have 13:00 of the day before."""
    both = cutoffs(effective_from="2021-08-03", former=[{"days_before": 2, "time": "24:00"}])
    assert both.cutoff_for(date(2021, 8, 2)) == datetime(2021, 7, 29, 23, 59, 59, tzinfo=TOKYO)
    assert both.cutoff_for(date(2021, 8, 3)) == datetime(2021, 8, 2, 13, tzinfo=TOKYO)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"former": [{"days_before": 2}]}, "same effective_from"),
        ({"former": [{"days_before": 2, "effective_from": "2020-01-01"}]}, "effective_from is needed"),
        (
            {"effective_from": "2020-01-01", "former": [{"effective_from": "2021-01-01"}]},
            "starts after the one in force",
        ),
        ({"time": 13}, "in quotes"),
        ({"time": True}, "time"),
    ],
)
def test_an_unclear_deadline_is_refused(settings: dict[str, object], message: str) -> None:
    """Wordings that contradict each other, and times that YAML could have mangled, are problems and not guesses."""
    with pytest.raises(ValidationError, match=message):
        DeadlineSettings.model_validate(settings)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (780, time(13)),
        (46800, time(13)),
        (46801, time(13, 0, 1)),
        (1440, time(23, 59, 59)),
        ("24:00", time(23, 59, 59)),
        ("09:30", time(9, 30)),
        (60, time(1)),
        (3600, time(1)),
    ],
)
def test_an_unquoted_time_is_what_was_written(written: object, read: time) -> None:
    """YAML turns an unquoted 13:00 into 780 and 13:00:00 into 46800: both are one o'clock in the afternoon."""
    assert DeadlineSettings.model_validate({"time": written}).time == read


@pytest.mark.parametrize(
    "settings",
    [
        {"closed_weekdays": list("月火水木金土日")},
        {"closed_days": ["13-01"]},
        {"closed_days": ["2026-02-30"]},
        {"year_end_from": "2025-12-29"},
        {"closed_weekdays": ["Sun"]},
    ],
)
def test_an_impossible_calendar_is_refused(settings: dict[str, object]) -> None:
    """Days that do not exist, and a week without an open day, are problems of the configuration."""
    with pytest.raises(ValidationError):
        CalendarSettings.model_validate(settings)
