"""What `serve` would do on which day; times are those of the city."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.commands import serve
from bot.config import Settings
from bot.errors import BadUsage
from bot.operation.schedule.plan import Due, Task, deadlines, next_due, plan
from bot.rules.calendar import Calendar
from tests.house import ZONE, House


def planned(day: date, changes: Mapping[str, Any] | None = None) -> list[tuple[str, str]]:
    """Return time and job of a day without its polls."""
    settings = Settings.model_validate(changes or {})
    found = plan(day, settings, Calendar(settings.calendar))
    assert {due.at.date() for due in found} <= {day}
    return [(f"{due.at:%H:%M:%S}", due.job.value) for due in found if due.job is not Task.POLL]


def polls(day: date, changes: Mapping[str, Any] | None = None) -> list[str]:
    """Return the times of the polls of a day."""
    settings = Settings.model_validate(changes or {})
    found = plan(day, settings, Calendar(settings.calendar))
    return [f"{due.at:%H:%M}" for due in found if due.job is Task.POLL]


#: What is done on every day, a closed one too.
NIGHT = [("22:00:00", "evening_disable"), ("22:30:00", "expiry_sweep"), ("23:00:00", "backup")]
BUSINESS_DAY = [
    ("07:00:00", "morning_enable"), ("08:15:00", "preflight"), ("12:00:00", "at_risk"), ("13:00:01", "cutoff_sweep"),
    ("13:30:00", "digest"), ("16:15:00", "at_risk"), ("17:30:00", "digest"), *NIGHT,
]  # fmt: skip


@pytest.mark.parametrize(
    "day",
    [
        pytest.param(date(2026, 11, 25), id="a Wednesday"),
        pytest.param(date(2026, 11, 20), id="a Friday: its cutoff is for the Tuesday after the holiday"),
        pytest.param(date(2026, 12, 25), id="the Friday before the turn of the year"),
    ],
)
def test_a_business_day(day: date) -> None:
    """Everything is there at its time, and the sweep of the cutoff in the second after it."""
    assert planned(day) == BUSINESS_DAY


def test_the_last_business_day_of_the_year_has_the_cutoff_for_the_first_of_the_next() -> None:
    """Monday 28 December: swept at 13:00:01, for 4 January; the days between have no cutoff."""
    assert planned(date(2026, 12, 28)) == sorted([*BUSINESS_DAY, ("18:00:00", "reconcile")])
    swept = [day for day in range(28, 32) if ("13:00:01", "cutoff_sweep") in planned(date(2026, 12, day))]
    assert swept == [28]


@pytest.mark.parametrize("day", [date(2026, 11, 21), date(2026, 11, 23), date(2026, 12, 29), date(2027, 1, 2)])
def test_on_closed_days_only_logins_are_switched_and_the_ledger_copied(day: date) -> None:
    """Saturday, holiday, 年末年始: no poll, no digest, no cutoff."""
    assert planned(day) == [("07:00:00", "morning_enable"), *NIGHT]
    assert polls(day) == []


def test_polls_leave_the_cutoff_to_its_sweep() -> None:
    """From 08:30 to 17:15 every five minutes; the one at 13:00:00 would come a second before the sweep."""
    times = polls(date(2026, 11, 25))
    assert (times[0], times[-1], len(times)) == ("08:30", "17:15", 105)
    assert ("12:55" in times, "13:00" in times, "13:05" in times) == (True, False, True)
    assert polls(date(2026, 11, 25), {"schedule": {"poll_minutes": 30, "poll_until": "10:00"}}) == [
        "08:30",
        "09:00",
        "09:30",
        "10:00",
    ]


def test_the_weekly_and_the_monthly_jobs_move_to_the_next_business_day() -> None:
    """Monday is a holiday: reconciled on Tuesday; the report comes on the first business day of the month, the purge on Sunday all the same."""
    reconciled = [day for day in range(16, 30) if ("18:00:00", "reconcile") in planned(date(2026, 11, day))]
    assert reconciled == [16, 24]
    reported = [
        first + timedelta(days=number)
        for first in (date(2026, 11, 1), date(2027, 1, 1))
        for number in range(10)
        if ("08:45:00", "monthly_report") in planned(first + timedelta(days=number))
    ]
    assert reported == [date(2026, 11, 2), date(2027, 1, 4)]
    purged = [day for day in range(16, 30) if ("23:30:00", "retention_purge") in planned(date(2026, 11, day))]
    assert purged == [22, 29]


@pytest.mark.parametrize(
    ("deadline", "day", "sweeps"),
    [
        pytest.param({"time": "24:00"}, date(2026, 11, 21), ["00:00:00"], id="24:00 on Friday is swept on Saturday"),
        pytest.param({"time": "24:00"}, date(2026, 11, 22), [], id="and not again on Sunday"),
        pytest.param({"day_kind": "calendar"}, date(2026, 11, 23), ["13:00:01"], id="前日: Tuesday's cutoff is on the holiday"),
        pytest.param({"day_kind": "calendar"}, date(2026, 11, 20), [], id="前日: Friday is before a closed day"),
        pytest.param({"days_before": 0, "time": "09:00"}, date(2026, 11, 24), ["09:00:01"], id="the same day"),
        pytest.param(
            {"effective_from": "2026-11-26", "time": "13:00", "former": [{"days_before": 2, "time": "17:00"}]},
            date(2026, 11, 25), ["13:00:01"], id="the new wording",
        ),
        pytest.param(
            {"effective_from": "2026-11-27", "time": "13:00", "former": [{"days_before": 1, "time": "10:00"}]},
            date(2026, 11, 25), ["10:00:01"], id="the former one",
        ),
        pytest.param(
            {"effective_from": "2026-11-27", "time": "13:00", "former": [{"days_before": 2, "time": "10:00"}]},
            date(2026, 11, 24), ["10:00:01"], id="two days before",
        ),
    ],
)  # fmt: skip
def test_the_sweep_follows_the_rules_deadline(deadline: dict[str, Any], day: date, sweeps: list[str]) -> None:
    """Whatever the wording, on whichever day a cutoff falls: a sweep in the second after it."""
    found = planned(day, {"rules": {"deadline": {"days_before": 1, **deadline}}})
    assert [at for at, job in found if job == "cutoff_sweep"] == sweeps


def test_what_is_switched_off_is_not_planned() -> None:
    """Each job that may be missing can be."""
    off: dict[str, Any] = {
        "preflight": None,
        "expiry": None,
        "digests": [],
        "reconcile": None,
        "report": None,
        "backup": None,
        "purge": None,
    }
    assert planned(date(2026, 11, 29), {"schedule": off}) == [
        ("07:00:00", "morning_enable"),
        ("22:00:00", "evening_disable"),
    ]
    jobs = {job for _, job in planned(date(2026, 11, 30), {"schedule": off})}
    assert jobs == {"morning_enable", "at_risk", "cutoff_sweep", "evening_disable"}


def test_the_deadlines_of_a_day() -> None:
    """The cutoff and the end of the working day; none on a closed day."""
    settings = Settings()
    calendar = Calendar(settings.calendar)
    found = deadlines(date(2026, 11, 25), settings, calendar)
    assert [f"{at:%H:%M}" for at in found] == ["13:00", "17:15"]
    assert deadlines(date(2026, 11, 22), settings, calendar) == ()


def test_what_is_next_goes_on_over_days() -> None:
    """From Saturday night the next poll is on Tuesday, after the holiday."""
    settings = Settings()
    calendar = Calendar(settings.calendar)
    night = datetime(2026, 11, 21, 23, 30, tzinfo=ZONE)
    found = next_due(lambda day: plan(day, settings, calendar), night)
    assert next(due for due in found if due.job is Task.POLL) == Due(
        at=datetime(2026, 11, 24, 8, 30, tzinfo=ZONE), job=Task.POLL
    )


def test_the_plan_is_shown_and_nothing_is_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`serve --plan DATE --json`: a list of at, with offset, and job; no file is made."""
    house = House(path=tmp_path).lay_out()
    before = sorted(tmp_path.rglob("*"))
    assert serve.show_plan("2026-12-30", house.config, (), as_json=True) == 0
    rows = json.loads(capsys.readouterr().out)
    assert rows[0] == {"at": "2026-12-30T07:00:00+09:00", "job": "morning_enable"}
    assert serve.show_plan("2026-12-30", house.config, (), as_json=False) == 0
    assert "年末年始" in capsys.readouterr().out
    assert {path.name for path in set(tmp_path.rglob("*")) - set(before)} <= {"log", "bot.jsonl"}
    for wrong in ("tomorrow", "2026-13-01"):
        with pytest.raises(BadUsage, match="is not a date"):
            serve.show_plan(wrong, house.config, (), as_json=True)
