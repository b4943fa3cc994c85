"""Deciding by time: the deadline, the horizon, the business days."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from bot.model import Outcome, Severity
from tests.unit.rules_kit import (
    MONDAY,
    NOON,
    at,
    codes,
    decide,
    found,
    severities,
)

WEEK = tuple(date(2021, 8, day) for day in range(2, 7))


# V06


@pytest.mark.parametrize(
    ("applied", "outcome"),
    [("07-30 13:00:00", Outcome.ACCEPT), ("07-30 13:00:01", Outcome.REJECT), ("07-29 23:00", Outcome.ACCEPT)],
)
def test_v06_the_cutoff_is_inclusive_to_the_second(applied: str, outcome: Outcome) -> None:
    """13:00:00 sharp is in time, one second later is refused."""
    received = {"received_at": at("07-30 13:02"), "now": at("07-30 13:04")}
    assert decide(context=received, applied_at=at(applied)).outcome is outcome


def test_v06_says_which_day_its_cutoff_and_when_one_applied() -> None:
    """The sentence is concrete in both languages, seconds shown where they decide."""
    decision = decide(context={"received_at": at("07-30 13:02")}, applied_at=at("07-30 13:00:01"))
    violation = found(decision, "V06")
    assert violation.dates == (MONDAY,)
    assert violation.text == (
        "令和3年8月2日（月）の締切は令和3年7月30日（金）午後1時です。申請は令和3年7月30日（金）午後1時0分1秒でした。"
    )
    assert violation.text_en == (
        "2021-08-02 (Mon): the deadline was 2021-07-30 (Fri) 13:00; you applied on 2021-07-30 (Fri) 13:00:01."
    )


def test_v06_refuses_late_days_only() -> None:
    """A late first day is refused and the rest of the week granted."""
    decision = decide(context={"received_at": at("07-30 14:00")}, applied_at=None, dates=WEEK)
    assert (decision.outcome, decision.granted) == (Outcome.ACCEPT, WEEK[1:])
    assert severities(decision) == [("V06", Severity.REJECT)]


def test_v06_can_let_the_first_day_decide_for_all() -> None:
    """With scope first_day, a late first day makes all days late."""
    settings = {"deadline": {"scope": "first_day"}}
    decision = decide(settings, context={"received_at": at("07-30 14:00")}, applied_at=None, dates=WEEK)
    assert (decision.outcome, codes(decision)) == (Outcome.REJECT, ["V06"] * 5)
    assert "初日" in decision.violations[1].text


@pytest.mark.parametrize(("basis", "outcome"), [("applied_at", Outcome.ACCEPT), ("received_at", Outcome.REJECT)])
def test_v06_the_basis_is_a_setting(basis: str, outcome: Outcome) -> None:
    """A mail that the server got late counts by the form's time, or by the receipt."""
    received = {"received_at": at("07-30 13:30")}
    assert decide({"deadline": {"basis": basis}}, context=received).outcome is outcome


@pytest.mark.parametrize(
    ("applied", "received", "expected"),
    [
        ("07-30 12:45", "07-30 12:42", Outcome.HOLD),
        ("07-30 12:43:59", "07-30 12:42", Outcome.ACCEPT),
        ("07-30 13:10", "07-30 12:42", Outcome.HOLD),
        ("07-26 09:00", "07-30 13:30", Outcome.HOLD),
        ("07-26 09:00", "07-30 12:42", Outcome.ACCEPT),
        ("07-28 09:00", "07-30 13:30", Outcome.ACCEPT),
    ],
)
def test_v06_a_stated_time_that_can_not_be_true_is_held(applied: str, received: str, expected: Outcome) -> None:
    """A time after the receipt is held; one long before it is held where believing it would decide."""
    decision = decide(context={"received_at": at(received), "now": at("07-30 14:00")}, applied_at=at(applied))
    assert decision.outcome is expected


def test_v06_a_dropped_export_may_be_days_old() -> None:
    """A time that a form is trusted for counts, however late its table is put into the inbox."""
    context = {"sender": "", "dropped_file": True, "received_at": at("08-05 09:00"), "now": at("08-05 09:00")}
    days = (date(2021, 8, 5), date(2021, 8, 6))
    decision = decide(context=context, applied_at=at("07-29 09:00"), dates=days)
    assert (decision.outcome, decision.granted) == (Outcome.ACCEPT, days)


def test_v06_a_file_after_the_cutoff_is_held() -> None:
    """Without a time that counts nobody knows when they applied: neither granted nor refused, and an operator may let it pass."""
    context = {"sender": "", "dropped_file": True, "received_at": at("07-30 13:01"), "now": at("07-30 13:02")}
    decision = decide(context=context, applied_at=None)
    assert (decision.outcome, found(decision, "V06").severity) == (Outcome.HOLD, Severity.HOLD)
    late = decide(context=context, applied_at=at("07-30 13:00") + timedelta(seconds=1))
    assert (late.outcome, found(late, "V06").severity) == (Outcome.REJECT, Severity.REJECT)


def test_v06_a_receipt_after_the_decision_counts_as_of_the_decision() -> None:
    """A mailbox whose clock is ahead makes nobody late."""
    context = {"received_at": at("07-30 13:02"), "now": at("07-30 12:59")}
    assert decide(context=context, applied_at=None).outcome is Outcome.ACCEPT


# V08, V09


def test_v08_refuses_past_and_far_days() -> None:
    """A past day and one beyond 31 days are refused with the limits named; the last allowed day is granted."""
    days = (date(2021, 7, 29), MONDAY, date(2021, 8, 30), date(2021, 8, 31))
    decision = decide(dates=days)
    refused = [item.dates for item in decision.violations if item.code == "V08"]
    assert decision.granted == (MONDAY, date(2021, 8, 30))
    assert refused == [(days[0],), (days[3],)]
    assert "令和3年8月30日" in decision.violations[-1].text


@pytest.mark.parametrize("day", [date.min, date(1921, 8, 2), date(2121, 8, 2), date.max])
def test_v08_an_absurd_year_is_refused_and_nothing_else(day: date) -> None:
    """A misread year costs no time and no crash."""
    decision = decide(dates=(day,))
    assert (decision.outcome, codes(decision)) == (Outcome.REJECT, ["V08"])


def test_v08_a_receipt_time_of_another_age_opens_no_far_day() -> None:
    """A mail server's clock that is years ahead can't make a far day near."""
    context = {"received_at": NOON.received_at.replace(year=2023)}
    decision = decide(context=context, applied_at=None, dates=(date(2023, 8, 2),))
    assert (decision.outcome, codes(decision)) == (Outcome.REJECT, ["V08"])


def test_v09_drops_closed_days_within_a_range() -> None:
    """A range over a long weekend is granted on its business days; what was dropped is told with the reason."""
    days = tuple(date(2021, 8, day) for day in range(6, 11))
    decision = decide(dates=days)
    assert (decision.outcome, decision.granted) == (Outcome.ACCEPT, (date(2021, 8, 6), date(2021, 8, 10)))
    assert severities(decision) == [("V09", Severity.WARN)]
    assert "山の日 振替休日" in decision.violations[0].text


def test_v09_refuses_a_closed_day_that_was_named() -> None:
    """A Sunday among named days is refused with its reason; the others are granted."""
    decision = decide(dates=(date(2021, 8, 1), date(2021, 8, 3)))
    assert (decision.outcome, decision.granted) == (Outcome.ACCEPT, (date(2021, 8, 3),))
    assert found(decision, "V09").text == "令和3年8月1日（日）［日曜日］は閉庁日のため利用できません。"


def test_v09_alone_refuses_when_only_closed_days_are_asked_for() -> None:
    """A weekend leaves nothing to grant."""
    decision = decide(dates=(date(2021, 8, 7), date(2021, 8, 8)))
    assert (decision.outcome, severities(decision), decision.granted) == (
        Outcome.REJECT,
        [("V09", Severity.REJECT)],
        (),
    )


def test_v09_may_hold_closed_days_instead() -> None:
    """With allow_closed_days, a Sunday is for a person: 週休日振替."""
    decision = decide({"allow_closed_days": True}, dates=(date(2021, 8, 8),))
    assert (decision.outcome, severities(decision)) == (Outcome.HOLD, [("V09", Severity.HOLD)])
