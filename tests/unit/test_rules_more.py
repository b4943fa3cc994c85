"""Deciding: eligibility, urgency, limits, place and network, terminals, approval, taking back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from bot.model import Decision, History, Kind, Outcome, Severity
from bot.rules.register import OwnPc, OwnPcs
from bot.rules.rulebook import is_urgent
from bot.settings.rules import RulesSettings
from tests.unit.rules_kit import (
    MONDAY,
    NOON,
    PLAIN,
    TUESDAY,
    at,
    codes,
    decide,
    found,
    history,
    rulebook,
    severities,
)

WEEK = tuple(date(2021, 8, day) for day in range(2, 7))
TEMP: dict[str, Any] = {"employee_no": "0090001", "name": "上野拓", "department": None}
OWN = "個人所有（登録番号 BY-0219）"
PC = OwnPc(number="BY-0219", employee_no="0048213", approved=True, registered_on=date(2021, 5, 1))


def verdict(decision: Decision) -> tuple[Outcome, list[str]]:
    """Return the outcome with the codes of all violations."""
    return decision.outcome, codes(decision)


def with_pc(terminal: str = OWN, settings: Mapping[str, object] | None = None, /, **changes: Any) -> Decision:  # noqa: ANN401 - any field of a PC
    """Decide the plain application from an own PC that the register holds like this."""
    return decide(settings, context={"own_pcs": OwnPcs([replace(PC, **changes)])}, terminal=terminal)


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
    assert (decision.outcome, is_urgent(decision)) == (Outcome.HOLD, True)
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


# V12, V13


@pytest.mark.parametrize(
    "place", ["自宅", "自 宅", "自宅（例市東町1-2）", "[1] 自宅", "1. 自宅", "サテライトオフィス（梓川）", None]
)
def test_v12_home_and_the_citys_offices_need_nothing(place: str | None) -> None:
    """A remark in brackets and a choice's number make no difference; a form may not ask at all."""
    assert verdict(decide(place=place)) == (Outcome.ACCEPT, [])


@pytest.mark.parametrize(
    "place", ["自宅に準ずる場所（実家・例市東町）", "要介護者宅", "喫茶店", "自宅以外", "自宅または実家", "（自宅）"]
)
def test_v12_any_other_place_is_held(place: str) -> None:
    """What only begins like home is not home."""
    assert verdict(decide(place=place)) == (Outcome.HOLD, ["V12"])


@pytest.mark.parametrize("place", ["自宅", None, "自宅に準ずる場所", "サテライトオフィスまたは自宅", "喫茶店"])
@pytest.mark.parametrize("zone", ["番号利用事務系", "番号系", "個人番号利用事務", "マイナンバー系", "番 号 系"])
def test_v13_personal_numbers_never_leave_the_office(place: str | None, zone: str) -> None:
    """From anywhere but the city's own offices it is refused as a whole, and approval changes nothing."""
    asked = replace(PLAIN, place=place, zones=("LGWAN", zone))
    for decision in (rulebook().decide(asked, NOON), rulebook().approve(asked, NOON)):
        assert (decision.outcome, decision.granted) == (Outcome.REJECT, ())
        assert found(decision, "V13").severity is Severity.REJECT


@pytest.mark.parametrize("zones", [("LGWAN",), ("LGWAN接続系", "インターネット系"), ("ＬＧＷＡＮ", "internet"), ()])
def test_v13_the_zones_of_home_are_open(zones: tuple[str, ...]) -> None:
    """LGWAN and the internet, as forms write them, may be asked for."""
    assert decide(zones=zones).outcome is Outcome.ACCEPT


def test_v13_an_unknown_zone_is_refused_naming_the_known() -> None:
    """What is not listed for the place can't be had from there."""
    decision = decide(zones=("住基ネット",))
    assert verdict(decision) == (Outcome.REJECT, ["V13"])
    assert "LGWAN、インターネット" in decision.violations[0].text


def test_v13_the_citys_offices_may_reach_personal_numbers() -> None:
    """From a satellite office the zone may be asked for."""
    assert decide(place="サテライトオフィス", zones=("番号利用事務系",)).outcome is Outcome.ACCEPT


@pytest.mark.parametrize("place", ["自宅", "実家"])
def test_v13_no_setting_opens_personal_numbers_from_outside(place: str) -> None:
    """A configuration that would is refused."""
    with pytest.raises(ValidationError, match="V13"):
        RulesSettings(layers={place: ("LGWAN", "番号系")})


# V14, V15


@pytest.mark.parametrize(
    ("terminal", "changes", "outcome"),
    [
        (OWN, {}, Outcome.ACCEPT),
        ("個人所有", {}, Outcome.ACCEPT),
        ("自宅ＰＣ　ＢＹ－０２１９", {}, Outcome.ACCEPT),
        ("貸与PC", {"approved": False}, Outcome.ACCEPT),
        ("個人所有（登録番号 BY-9999）", {}, Outcome.REJECT),
        (OWN, {"employee_no": "0031977"}, Outcome.REJECT),
        (OWN, {"approved": False}, Outcome.REJECT),
        (OWN, {"approved": None}, Outcome.ACCEPT),
        (OWN, {"expires_on": date(2021, 8, 1)}, Outcome.REJECT),
        (OWN, {"expires_on": MONDAY}, Outcome.ACCEPT),
        (OWN, {"registered_on": date(2021, 3, 31)}, Outcome.REJECT),
        (OWN, {"registered_on": date(2021, 4, 1)}, Outcome.ACCEPT),
    ],
)
def test_v14_an_own_pc_must_be_registered(terminal: str, changes: dict[str, Any], outcome: Outcome) -> None:
    """Registered for this employee, approved, not expired (else 31 March); the city's own PCs are not asked about."""
    decision = with_pc(terminal, **changes)
    assert verdict(decision) == (outcome, ["V14"] if outcome is Outcome.REJECT else [])


def test_v14_without_a_register_is_off() -> None:
    """A city that keeps no register asks nothing."""
    assert decide(terminal=OWN).outcome is Outcome.ACCEPT


def test_v14_a_young_registration_only_warns() -> None:
    """Seven days are a guide."""
    decision = with_pc(registered_on=date(2021, 7, 28))
    assert (decision.outcome, severities(decision)) == (Outcome.ACCEPT, [("V14", Severity.WARN)])


def test_v14_never_expires_where_set() -> None:
    """The fiscal year is a setting."""
    settings = {"byod": {"expires": "never"}}
    assert with_pc(OWN, settings, registered_on=date(2019, 4, 1)).outcome is Outcome.ACCEPT


@pytest.mark.parametrize(
    ("system", "refused"),
    [
        ("Windows 7", True),
        ("Ｗｉｎｄｏｗｓ　７ Pro", True),
        ("Windows 10 22H2", False),
        ("Windows 8.1", False),
        ("Windows 8", True),
        ("macOS 11", False),
        ("", False),
    ],
)
def test_v15_a_system_out_of_support_is_refused(system: str, refused: bool) -> None:  # noqa: FBT001 - a row
    """As stated in the form or held by the register; 8.1 is not 8."""
    expected = (Outcome.REJECT, ["V15"]) if refused else (Outcome.ACCEPT, [])
    assert verdict(decide(terminal=f"個人所有 {system}")) == expected
    assert verdict(with_pc(os=system)) == expected


def test_v15_refuses_the_days_after_support_ends() -> None:
    """Windows 10 on its last day is granted, the day after is not."""
    context = {"now": at("10-09 09:00").replace(year=2025), "received_at": at("10-09 09:00").replace(year=2025)}
    days = (date(2025, 10, 14), date(2025, 10, 15))
    decision = decide(context=context, applied_at=None, terminal="私物 Windows 10", dates=days)
    assert (decision.granted, found(decision, "V15").dates) == (days[:1], days[1:])


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({"antivirus": "なし"}, Outcome.REJECT),
        ({"antivirus": ""}, Outcome.REJECT),
        ({"antivirus": "Defender"}, Outcome.ACCEPT),
        ({"antivirus": None}, Outcome.ACCEPT),
        ({"antivirus": "X", "antivirus_until": date(2021, 8, 1)}, Outcome.REJECT),
        ({"antivirus": "X", "antivirus_until": MONDAY}, Outcome.ACCEPT),
    ],
)
def test_v15_the_virus_scanner_is_there_and_current(changes: dict[str, Any], outcome: Outcome) -> None:
    """By the register, where it has that column; a setting switches it off."""
    assert with_pc(**changes).outcome is outcome
    assert with_pc(OWN, {"software": {"av_required": False}}, **changes).outcome is Outcome.ACCEPT


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
    """By the directory's supervisor or a deputy, never by the applicant; off by default."""
    settings = {"approval": {"required": True, "deputies": {"0012001": ["0012002"]}}}
    decision = decide(settings, approval=approval)
    assert verdict(decision) == (outcome, ["V16"] if outcome is Outcome.HOLD else [])
    assert decide(approval=approval).outcome is Outcome.ACCEPT


def test_v16_may_take_any_stated_approval() -> None:
    """Without check_approver, 済 is enough."""
    assert decide({"approval": {"required": True, "check_approver": False}}, approval="済").outcome is Outcome.ACCEPT


@pytest.mark.parametrize(
    ("declared", "outcome"),
    [
        ("個人情報を取り扱わない", Outcome.ACCEPT),
        ("はい", Outcome.ACCEPT),
        ("取扱いなし", Outcome.ACCEPT),
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


# V19, V20

AUTOMATIC = {"automatic_kinds": ["issue", "reissue", "cancel", "change"]}
KNOWN = history({MONDAY: "R-1", TUESDAY: "R-1", WEEK[4]: "R-2"}, {"0000412": "R-1", "0000413": "R-2", "0000414": "R-3"})


def take_back(settings: Mapping[str, object] | None = None, /, **changes: Any) -> Decision:  # noqa: ANN401 - any field of an application
    """Decide a cancellation of application 0000412, of which Monday and Tuesday are granted."""
    base: dict[str, Any] = {"kind": Kind.CANCEL, "receipt_no": "0000500", "refers_to": "0000412", "dates": ()}
    return decide(settings or AUTOMATIC, context={"history": KNOWN}, **{**base, **changes})


@pytest.mark.parametrize(
    ("changes", "days"),
    [
        ({}, (MONDAY, TUESDAY)),
        ({"dates": (TUESDAY,)}, (TUESDAY,)),
        ({"refers_to": None, "receipt_no": "0000412"}, (MONDAY, TUESDAY)),
        ({"refers_to": "００００４１３"}, (WEEK[4],)),
    ],
)
def test_v20_a_cancellation_grants_the_days_taken_back(changes: dict[str, Any], days: tuple[date, ...]) -> None:
    """All days of the earlier application, or those named; a withdrawal may carry its own number."""
    decision = take_back(**changes)
    assert (decision.outcome, decision.granted, codes(decision)) == (Outcome.ACCEPT, days, [])


@pytest.mark.parametrize("changes", [{"refers_to": None}, {"refers_to": "0009999"}])
@pytest.mark.parametrize("kind", [Kind.CANCEL, Kind.CHANGE])
def test_v19_must_point_at_an_application_of_the_same_person(kind: Kind, changes: dict[str, Any]) -> None:
    """No number, or one that is not theirs: a person looks."""
    dates = (MONDAY,) if kind is Kind.CANCEL else (WEEK[2],)
    decision = take_back(kind=kind, dates=dates, **changes)
    assert verdict(decision) == (Outcome.HOLD, ["V19"])


@pytest.mark.parametrize(
    ("changes", "days"),
    [({"dates": (TUESDAY, WEEK[2])}, (WEEK[2],)), ({"refers_to": "0000414"}, ())],
)
def test_v19_only_what_is_held_can_be_taken_back(changes: dict[str, Any], days: tuple[date, ...]) -> None:
    """A day that the earlier application does not hold, or one that holds none, is for a person."""
    decision = take_back(**changes)
    assert (decision.outcome, found(decision, "V19").dates) == (Outcome.HOLD, days)


def test_v19_a_day_that_has_begun_is_for_a_person() -> None:
    """A day can be cancelled until its start."""
    context = {"history": KNOWN, "received_at": at("08-02 00:00:01"), "now": at("08-02 08:00")}
    changes: dict[str, Any] = {"kind": Kind.CANCEL, "refers_to": "0000412", "dates": (), "applied_at": None}
    decision = decide(AUTOMATIC, context=context, **changes)
    assert (decision.outcome, found(decision, "V19").dates) == (Outcome.HOLD, (MONDAY,))


def test_v20_is_for_an_operator_by_default() -> None:
    """Unless it is set to go by itself."""
    assert verdict(take_back({"required_fields": ["name"]})) == (Outcome.HOLD, ["V20"])


def test_a_change_is_judged_by_its_new_days() -> None:
    """The deadline holds for the new days; days held already may stay."""
    context = {"history": KNOWN, "received_at": at("07-30 14:00")}
    changes: dict[str, Any] = {"kind": Kind.CHANGE, "refers_to": "0000412", "applied_at": None}
    decision = decide(AUTOMATIC, context=context, dates=(MONDAY, WEEK[2]), **changes)
    assert (decision.outcome, decision.granted, codes(decision)) == (Outcome.ACCEPT, (WEEK[2],), ["V06"])


def test_a_reissue_needs_no_days() -> None:
    """A lost password is renewed for an employee who is still there."""
    changes: dict[str, Any] = {"kind": Kind.REISSUE, "dates": ()}
    assert verdict(decide(AUTOMATIC, **changes)) == (Outcome.ACCEPT, [])
    gone = {"now": at("08-03 09:00"), "received_at": at("08-03 09:00")}
    person: dict[str, Any] = {"employee_no": "0000007", "name": "中村健", "department": None, "applied_at": None}
    assert verdict(decide(AUTOMATIC, context=gone, **changes, **person)) == (Outcome.REJECT, ["V02"])
