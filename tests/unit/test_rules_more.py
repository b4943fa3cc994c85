"""Deciding: eligibility, urgency, limits, approval, declarations, hours."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from bot.model import History, Outcome, Severity
from tests.unit.rules_kit import (
    MONDAY,
    NOON,
    PLAIN,
    at,
    codes,
    decide,
    found,
    history,
    rulebook,
    severities,
    verdict,
)

WEEK = tuple(date(2021, 8, day) for day in range(2, 7))
TEMP: dict[str, Any] = {"employee_no": "0090001", "name": "上野拓", "department": None}


# V05


def test_v05_an_excluded_category_is_refused() -> None:
    """会計年度任用職員 may not telework by default; the sentence says how an exception is asked for."""
    decision = decide(**TEMP)
    assert verdict(decision) == (Outcome.REJECT, ["V05"])
    assert "所属長が特に認める場合" in decision.violations[0].text


@pytest.mark.parametrize(
    ("approval", "outcome"),
    [
        ("済（課長　宮下　一成）", Outcome.HOLD),
        ("未", Outcome.REJECT),
        ("申請中", Outcome.REJECT),
        ("", Outcome.REJECT),
    ],
)
def test_v05_a_stated_approval_makes_it_a_persons_decision(approval: str, outcome: Outcome) -> None:
    """With the supervisor's approval stated, an operator decides; without it, or under a strict setting, nobody does."""
    assert decide(**TEMP, approval=approval).outcome is outcome
    assert decide({"supervisor_may_except": False}, **TEMP, approval=approval).outcome is Outcome.REJECT


def test_v05_categories_are_settings() -> None:
    """A city that includes them empties the list."""
    assert decide({"excluded_categories": []}, **TEMP).outcome is Outcome.ACCEPT


# V07


@pytest.mark.parametrize("reason", ["濃厚接触者", "昨日、濃厚接触者となったため", "家族の感染疑い", "交通途絶"])
def test_v07_an_urgent_reason_is_held_in_place_of_refused(reason: str) -> None:
    """Late for a listed reason: the fast lane; the reason itself, which may be about health, is not repeated."""
    decision = decide(context={"received_at": at("07-30 16:47")}, applied_at=None, urgent_reason=reason)
    assert severities(decision) == [("V07", Severity.HOLD)]
    assert (decision.outcome, decision.urgent) == (Outcome.HOLD, True)
    assert reason not in found(decision, "V07").text


def test_v07_approval_grants_the_urgent_days() -> None:
    """The operator's approval issues at once."""
    late = replace(PLAIN, applied_at=None, urgent_reason="災害")
    decision = rulebook().approve(late, replace(NOON, received_at=at("07-30 16:47")))
    assert (decision.outcome, decision.granted) == (Outcome.ACCEPT, (MONDAY,))


@pytest.mark.parametrize("reason", ["急な会議のため", "接", ""])
def test_v07_another_reason_leaves_the_deadline(reason: str) -> None:
    """A reason that is not listed is refused as late, and the listed ones are told."""
    decision = decide(context={"received_at": at("07-30 16:47")}, applied_at=None, urgent_reason=reason)
    assert decision.outcome is Outcome.REJECT
    assert codes(decision) == (["V06", "V07"] if reason else ["V06"])


@pytest.mark.parametrize(("when", "code"), [("08-02 12:00:00", "V07"), ("08-02 12:00:01", "V06")])
def test_v07_ends_on_the_day_itself(when: str, code: str) -> None:
    """Until noon of the telework day; a second later it is late."""
    context = {"received_at": at(when), "now": at("08-02 12:10")}
    assert codes(decide(context=context, applied_at=None, urgent_reason="災害"))[0] == code


def test_v07_in_time_needs_no_urgency() -> None:
    """An urgent reason on an application in time changes nothing."""
    assert verdict(decide(urgent_reason="災害")) == (Outcome.ACCEPT, [])


# V10, V11, V21


@pytest.mark.parametrize(
    ("granted", "outcome"), [(("06",), Outcome.HOLD), (("09",), Outcome.ACCEPT), ((), Outcome.ACCEPT)]
)
def test_v10_days_granted_in_the_same_week_count(granted: tuple[str, ...], outcome: Outcome) -> None:
    """Two days a week: a third one, Monday to Sunday, is held; another week's does not count."""
    known = history({date(2021, 8, int(day)): "R-1" for day in granted})
    decision = decide({"max_days_per_week": 2}, context={"history": known}, dates=WEEK[:2])
    assert decision.outcome is outcome


def test_v10_office_days_are_business_days_left() -> None:
    """A week with a holiday has four: three at home leave one."""
    days = (date(2021, 8, 10), date(2021, 8, 11), date(2021, 8, 12))
    assert decide({"min_office_days": 1}, dates=days).outcome is Outcome.ACCEPT
    decision = decide({"min_office_days": 2}, dates=days)
    assert verdict(decision) == (Outcome.HOLD, ["V10"])
    assert found(decision, "V10").dates == days


def test_v10_days_granted_before_are_no_office_days() -> None:
    """Two days granted and two asked leave one day of five in the office."""
    known = history({WEEK[3]: "R-1", WEEK[4]: "R-1"})
    decision = decide({"min_office_days": 2}, context={"history": known}, dates=WEEK[:2])
    assert verdict(decision) == (Outcome.HOLD, ["V10"])


def test_v10_an_epidemic_suspends_the_limits() -> None:
    """Within a suspended period no week is counted."""
    settings = {"max_days_per_week": 1, "suspend_limit_periods": [{"first": "2021-08-01", "last": "2021-08-31"}]}
    assert decide(settings, dates=WEEK).outcome is Outcome.ACCEPT


@pytest.mark.parametrize(("taken", "outcome"), [(49, Outcome.ACCEPT), (50, Outcome.HOLD)])
def test_v11_a_full_day_is_held(taken: int, outcome: Outcome) -> None:
    """Fifty places a day: the fifty-first is for a person."""
    full = History(per_day={MONDAY: taken})
    assert decide({"max_users_per_day": 50}, context={"history": full}).outcome is outcome


@pytest.mark.parametrize(("count", "outcome"), [(14, Outcome.ACCEPT), (15, Outcome.HOLD)])
def test_v21_counts_business_days(count: int, outcome: Outcome) -> None:
    """Ten days in one application: a fortnight's range has nine or ten, more are held."""
    days = tuple(date.fromordinal(MONDAY.toordinal() + offset) for offset in range(count + 1))
    assert decide(dates=days).outcome is outcome


# V16, V17, V22


@pytest.mark.parametrize(
    ("approval", "outcome"),
    [
        ("済（課長　宮下　一成）", Outcome.ACCEPT),
        ("承認済 宮下一成", Outcome.ACCEPT),
        ("済（課長補佐　赤羽直子）", Outcome.ACCEPT),
        ("済", Outcome.HOLD),
        ("済（髙橋みのり）", Outcome.HOLD),
        ("済（宮下一成・高橋みのり）", Outcome.HOLD),
        ("未（宮下一成）", Outcome.HOLD),
        (None, Outcome.HOLD),
    ],
)
def test_v16_where_required_the_own_supervisor_has_approved(approval: str | None, outcome: Outcome) -> None:
    """By the directory's supervisor or a deputy, never by the applicant; off by default, but for what is refused."""
    settings = {"approval": {"required": True, "deputies": {"0012001": ["0012002"]}}}
    decision = decide(settings, approval=approval)
    assert verdict(decision) == (outcome, ["V16"] if outcome is Outcome.HOLD else [])
    by_default = Outcome.HOLD if approval == "未（宮下一成）" else Outcome.ACCEPT
    assert decide(approval=approval).outcome is by_default


def test_v16_may_take_any_stated_approval() -> None:
    """Without check_approver, 済 is enough."""
    assert decide({"approval": {"required": True, "check_approver": False}}, approval="済").outcome is Outcome.ACCEPT


@pytest.mark.parametrize(
    ("declared", "outcome"),
    [
        ("個人情報を取り扱わない", Outcome.ACCEPT),
        ("はい", Outcome.ACCEPT),
        ("取扱いなし。", Outcome.ACCEPT),
        ("同意しない", Outcome.HOLD),
        ("誓約なし", Outcome.HOLD),
        ("扱う", Outcome.HOLD),
        ("いいえ", Outcome.HOLD),
        ("あり", Outcome.HOLD),
        (None, Outcome.HOLD),
    ],
)
def test_v17_the_declaration_is_asked_for_where_set(declared: str | None, outcome: Outcome) -> None:
    """No personal information at home, where the form asks; off by default."""
    assert decide({"declare_no_pii": True}, declaration=declared).outcome is outcome
    assert decide(declaration=declared).outcome is Outcome.ACCEPT


@pytest.mark.parametrize(
    ("hours", "warned"),
    [
        ("8:30～17:15", False),
        ("８時３０分から１７時１５分", False),
        ("9時～17時", False),
        ("8時半～17時", False),
        ("8:00-17:15", True),
        ("13時から21時半", True),
        ("午前", False),
        ("99:99", False),
        (None, False),
    ],
)
def test_v22_hours_outside_the_day_only_warn(hours: str | None, warned: bool) -> None:  # noqa: FBT001 - a row
    """Overtime is pointed out and stops nothing."""
    assert verdict(decide(hours=hours)) == (Outcome.ACCEPT, ["V22"] if warned else [])
