"""Deciding: the rules of the main job, and what follows from what they find."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.config import load
from bot.model import Doubt, EarlierRequest, History, Kind, Outcome, Severity
from bot.rules.directory import Directory
from bot.rules.rulebook import RULES, Context, overridable
from bot.settings.rules import CalendarSettings, RulesSettings, StaffSettings
from tests.unit.rules_kit import (
    MINORI,
    MONDAY,
    NOON,
    PLAIN,
    STAFF,
    at,
    before,
    codes,
    decide,
    found,
    history,
    rulebook,
    severities,
    verdict,
)

WEEK = tuple(date(2021, 8, day) for day in range(2, 7))
DOUBT = Doubt(field="dates", read="8/2 (火)", text="曜日が違います", text_en="the weekday differs")


def test_a_plain_application_is_accepted_without_remark() -> None:
    """Everything in order: the day is granted and nothing is said."""
    decision = decide()
    assert (decision.outcome, decision.granted, decision.violations) == (Outcome.ACCEPT, (MONDAY,), ())
    assert decision.tell_applicant


# V01 to V04


@pytest.mark.parametrize("name", ["employee_no", "name", "dates"])
def test_v01_a_missing_field_is_held(name: str) -> None:
    """What the form must say and does not is asked for by a person."""
    change: dict[str, Any] = {name: () if name == "dates" else None}
    decision = decide(**change)
    assert decision.outcome is Outcome.HOLD
    assert "V01" in codes(decision)


def test_v01_employee_and_dates_are_needed_whatever_the_settings() -> None:
    """No setting makes it possible to grant to nobody, or for no day."""
    empty: dict[str, Any] = {"required_fields": []}
    assert decide(empty, employee_no=None).outcome is Outcome.HOLD
    assert decide(empty, dates=()).outcome is Outcome.HOLD


def test_v01_a_doubt_is_held_with_what_was_read() -> None:
    """The doubt is quoted, and late days don't turn it into a refusal: they may have been misread."""
    decision = decide(context={"received_at": at("07-30 14:00")}, applied_at=None, doubts=(DOUBT,))
    assert decision.outcome is Outcome.HOLD
    assert "8/2 (火)" in found(decision, "V01").text
    assert "曜日が違います" in found(decision, "V01").text


def test_v01_a_doubted_field_is_not_called_missing_too() -> None:
    """What could not be read is told once, as the doubt."""
    assert codes(decide(dates=(), doubts=(DOUBT,))) == ["V01"]


def test_v02_an_unknown_number_of_nobody_is_refused() -> None:
    """Nobody in the directory has it, nor the name: refused, saying the number."""
    decision = decide(employee_no="9999999", name="別人　太郎")
    assert (decision.outcome, decision.granted) == (Outcome.REJECT, ())
    assert "9999999" in found(decision, "V02").text
    assert found(decision, "V02").hint == ""


@pytest.mark.parametrize(
    ("number", "name"),
    [
        ("48213", "髙橋　みのり"),
        ("48213", "別人　太郎"),
        ("O048213", "別人　太郎"),
        ("00482130", "髙橋みのり様"),
        ("0048231", "主査　高橋みのり"),
        ("9999999", "高橋・みのり"),
    ],
)
def test_v02_a_number_that_somebody_may_be_meant_by_is_held(number: str, name: str) -> None:
    """Zeros lost, a letter for a digit, a slip, or a name that the directory has: held, and who it may be is for operators alone."""
    decision = decide(employee_no=number, name=name)
    violation = found(decision, "V02")
    assert (decision.outcome, decision.granted) == (Outcome.HOLD, ())
    assert "0048213 髙橋 みのり" in violation.hint
    assert "0048213" not in violation.text.replace(number, "")
    assert "髙橋" not in violation.text


def test_v02_an_approval_grants_nothing_to_somebody_who_may_be_meant() -> None:
    """Who it is must be put right first: a hint is no applicant."""
    decision = rulebook().approve(replace(PLAIN, employee_no="48213"), NOON)
    assert (decision.outcome, decision.granted) == (Outcome.HOLD, ())


def test_v02_who_is_not_employed_by_the_status_is_refused() -> None:
    """A status that means no employment refuses every day, whatever the days of employment say."""
    staff = Directory([replace(MINORI, employed=False)])
    decision = decide(context={"directory": staff})
    assert (decision.outcome, codes(decision)) == (Outcome.REJECT, ["V02"])


def test_v02_a_number_read_with_doubt_is_held() -> None:
    """A misread number must not refuse somebody."""
    doubt = Doubt(field="employee_no", read="OO48213", text="読めません", text_en="not clear")
    decision = decide(employee_no="OO48213", doubts=(doubt,))
    assert decision.outcome is Outcome.HOLD


def test_v02_days_after_leaving_are_refused() -> None:
    """Employed until 2 August: that day is granted, the next is not."""
    person: dict[str, Any] = {"employee_no": "0000007", "name": "中村健", "department": None}
    decision = decide(**person, dates=(MONDAY, date(2021, 8, 3)))
    assert decision.granted == (MONDAY,)
    assert found(decision, "V02").dates == (date(2021, 8, 3),)


@pytest.mark.parametrize(
    "mail",
    [
        "<takahashi-m@city.example.jp>", "takahashi-m@city.example.jp（職場）", "特になし",
        "takahashi-m@city.example.jp / 内線1234", "-", "なし", "髙橋みのり <takahashi-m@city.example.jp>",
        "Takahashi-M@city.example.jp<mailto:takahashi-m@city.example.jp>", "takahashi-m@city.example.jp（内線：1234）",
    ],
)  # fmt: skip
def test_v04_an_address_may_stand_among_other_things(mail: str) -> None:
    """Brackets, a link, a telephone number and the applicant's name beside the address change nothing, nor does none at all."""
    assert decide(mail=mail).outcome is Outcome.ACCEPT


@pytest.mark.parametrize(
    "mail",
    [
        "takahashi-m+tele@city.example.jp", "takahashi-m@city.example.jp, x@private.example", "x@private.example<mailto:takahashi-m@city.example.jp>",
        "takahashi-m@city.example.jp は使えません", "takahashi-m", "別のアドレスへ", "takahashi-m@city.example.jp.evil.example",
    ],
)  # fmt: skip
def test_v04_another_address_or_word_is_held(mail: str) -> None:
    """A second address, part of one, or words that nobody asked for are looked at by a person."""
    assert codes(decide(mail=mail)) == ["V04"]


@pytest.mark.parametrize("name", ["髙橋　みのり", "高橋みのり", "髙橋 みのり", "高橋　みのり（旧姓 林）"])
def test_v03_variants_of_a_name_agree(name: str) -> None:
    """Variant characters, spaces and remarks in brackets make no difference."""
    assert decide(name=name).outcome is Outcome.ACCEPT


@pytest.mark.parametrize("name", ["高橋みのる", "林みのり", "みのり", "ﾐﾉﾘ"])
def test_v03_another_name_is_held(name: str) -> None:
    """A name that contradicts the directory is for a person."""
    decision = decide(name=name)
    assert (decision.outcome, codes(decision)) == (Outcome.HOLD, ["V03"])


@pytest.mark.parametrize(
    ("department", "agrees"),
    [
        ("健康福祉部 福祉政策課", True),
        ("福祉政策課", True),
        ("健康福祉部福祉政策課企画担当", True),
        ("健康福祉部", True),
        ("政策課", False),
        ("福祉課", False),
        ("道路課", False),
        ("健康福祉部 道路課", False),
    ],
)
def test_v03_a_department_may_leave_out_a_level(department: str, agrees: bool) -> None:  # noqa: FBT001 - a row
    """部 before 課, or 担当 after it, may be missing; another unit is held."""
    assert decide(department=department).outcome is (Outcome.ACCEPT if agrees else Outcome.HOLD)


@pytest.mark.parametrize("sender", ["x@evil.example", "", "a@b@apply.city.example.jp", "x@notcity.example.jp"])
def test_v04_a_sender_from_elsewhere_is_held_and_told_nothing(sender: str) -> None:
    """Not on the allow-list: held, and the applicant is not told; nor when no day is left."""
    for late in ("07-30 12:42", "07-30 14:00"):
        decision = decide(context={"sender": sender, "received_at": at(late)}, applied_at=None)
        assert (decision.outcome, decision.tell_applicant) == (Outcome.HOLD, False)
        assert "V04" in codes(decision)


@pytest.mark.parametrize(
    ("sender", "outcome"),
    [
        ("takahashi-m@city.example.jp", Outcome.ACCEPT),
        ("髙橋 <Takahashi-M@City.Example.JP>", Outcome.ACCEPT),
        ("miyashita-k@city.example.jp", Outcome.HOLD),
    ],
)
def test_v04_a_person_writes_for_themselves(sender: str, outcome: Outcome) -> None:
    """From a person's address only that person applies; a supervisor's forward is held."""
    assert decide(context={"sender": sender}).outcome is outcome


def test_v04_the_allow_list_takes_single_addresses() -> None:
    """A form system on a shared domain is allowed by its address, its neighbours are not."""
    settings = {"senders": {"allow": ["form@shared.example"], "systems": ["form@shared.example"]}}
    assert decide(settings, context={"sender": "Form@shared.example"}).outcome is Outcome.ACCEPT
    assert decide(settings, context={"sender": "other@shared.example"}).outcome is Outcome.HOLD


def test_v04_a_stated_address_must_be_the_directorys() -> None:
    """Another address in the form is held, though it would never be used."""
    decision = decide(mail="minori@private.example")
    assert (decision.outcome, codes(decision)) == (Outcome.HOLD, ["V04"])
    assert "private.example" not in found(decision, "V04").text
    assert decide(mail="TAKAHASHI-M@city.example.jp").outcome is Outcome.ACCEPT


def test_v04_a_dropped_file_has_no_sender_to_judge() -> None:
    """A table that somebody with access put into the inbox is as good as a form system."""
    assert decide(context={"sender": "", "dropped_file": True}).outcome is Outcome.ACCEPT


# V18


def test_v18_days_granted_before_are_not_granted_again() -> None:
    """The new day is granted, the old one named with its request; no other rule looks at it again."""
    late = {"received_at": at("07-30 14:00"), "history": history({MONDAY: "R-20210729-0001"})}
    decision = decide(context=late, applied_at=None, dates=WEEK[:2])
    assert (decision.outcome, decision.granted) == (Outcome.ACCEPT, (WEEK[1],))
    assert severities(decision) == [("V18", Severity.WARN)]
    assert "R-20210729-0001" in decision.violations[0].text


@pytest.mark.parametrize("receipt", ["0000412", "００００４１２"])
def test_v18_a_repeated_receipt_number_gives_nothing_new(receipt: str) -> None:
    """The same application again is refused with V18 alone, pointing at the earlier one, even when late by now."""
    known = history(receipts={"0000412": "R-20210730-0003"})
    context = {"history": known, "received_at": at("07-30 14:00")}
    decision = decide(context=context, applied_at=None, receipt_no=receipt)
    assert (decision.outcome, codes(decision)) == (Outcome.REJECT, ["V18"])
    assert "R-20210730-0003" in found(decision, "V18").text


@pytest.mark.parametrize("receipt", ["0000412", "0000-412", "００００−４１２", " 0000 412 "])
def test_v18_another_application_under_the_same_number_is_for_a_person(receipt: str) -> None:
    """A number stands for one application: where it asks for something else neither repeats the other, and both are looked at."""
    other = (before("R-20210730-0003", application=replace(PLAIN, dates=(WEEK[2],))),)
    decision = decide(context={"history": History(earlier=other)}, receipt_no=receipt)
    assert (decision.outcome, codes(decision)) == (Outcome.HOLD, ["V18"])
    assert "R-20210730-0003" in found(decision, "V18").text


@pytest.mark.parametrize(
    "other",
    [
        before("R-1", application=replace(PLAIN, dates=(WEEK[2],), form="survey")),
        before("R-1", application=replace(PLAIN, dates=(WEEK[2],)), received_at=at("03-31 23:59")),
        before("R-1", application=replace(PLAIN, kind=Kind.CANCEL)),
        before("R-1", application=replace(PLAIN, kind=Kind.REISSUE)),
    ],
    ids=["another form", "another fiscal year", "a cancellation", "a reissue"],
)
def test_v18_a_number_of_another_form_or_year_is_another_number(other: EarlierRequest) -> None:
    """Forms count for themselves and begin anew in April, and a withdrawal bears the number that it withdraws."""
    assert verdict(decide(context={"history": History(earlier=(other,))})) == (Outcome.ACCEPT, [])


@pytest.mark.parametrize(("name", "outcome"), [("髙橋　みのり", Outcome.REJECT), ("高橋 みのる", Outcome.HOLD)])
def test_v18_the_same_is_what_a_reader_takes_for_the_same(name: str, outcome: Outcome) -> None:
    """Spaces and variant characters make no other application of it, another name does."""
    known = History(earlier=(before("R-1", application=replace(PLAIN, name=name)),))
    assert decide(context={"history": known}).outcome is outcome


def test_v18_all_days_granted_before_leaves_nothing() -> None:
    """A duplicate under another number is refused with V18 alone."""
    decision = decide(context={"history": history({MONDAY: "R-20210729-0001"})})
    assert (decision.outcome, codes(decision)) == (Outcome.REJECT, ["V18"])


# What follows


def test_all_violations_come_at_once() -> None:
    """Wrong name, a late day and a Sunday are told together."""
    decision = decide(
        context={"received_at": at("07-30 14:00")},
        applied_at=None,
        name="別人",
        dates=(date(2021, 8, 1), MONDAY, WEEK[2]),
    )
    assert (decision.outcome, codes(decision)) == (Outcome.HOLD, ["V03", "V06", "V09"])
    assert decision.granted == ()


def test_nothing_left_is_a_refusal_even_when_a_person_would_be_asked() -> None:
    """Approval can't make a late day early: no need to trouble an operator."""
    decision = decide(context={"received_at": at("07-30 14:00")}, applied_at=None, name="別人")
    assert (decision.outcome, codes(decision)) == (Outcome.REJECT, ["V03", "V06"])


@pytest.mark.parametrize("kind", [Kind.REISSUE, Kind.CANCEL, Kind.CHANGE])
def test_other_kinds_wait_for_an_operator(kind: Kind) -> None:
    """What renews or takes back is held with a clear sentence."""
    known = history({MONDAY: "R-1"}, {"0000412": "R-1"})
    decision = decide(kind=kind, refers_to="0000412", context={"history": known})
    assert (decision.outcome, codes(decision)) == (Outcome.HOLD, ["V20"])


def test_next_possible_days_start_with_the_first_still_open_cutoff() -> None:
    """On Friday after 13:00, Tuesday is the next day, with Monday's 13:00; holidays are left out."""
    after, before = rulebook().next_possible(at("08-05 13:00:01"), 3), rulebook().next_possible(at("08-05 13:00"), 1)
    assert after == [
        (date(2021, 8, 10), at("08-06 13:00")),
        (date(2021, 8, 11), at("08-10 13:00")),
        (date(2021, 8, 12), at("08-11 13:00")),
    ]
    assert before == [(date(2021, 8, 6), at("08-05 13:00"))]


def test_approval_grants_what_only_waited_for_a_person() -> None:
    """An operator's approval accepts a held name; a late day stays refused."""
    book = rulebook()
    late_first = replace(PLAIN, name="別人", dates=WEEK, applied_at=None)
    decision = book.approve(late_first, replace(NOON, received_at=at("07-30 14:00")))
    assert (decision.outcome, decision.granted) == (Outcome.ACCEPT, WEEK[1:])


def test_approval_passes_over_a_doubt_and_a_sender() -> None:
    """An operator who has read the mail may grant it as it was read."""
    doubtful = replace(PLAIN, doubts=(DOUBT,))
    decision = rulebook().approve(doubtful, replace(NOON, sender="someone@elsewhere.example"))
    assert (decision.outcome, decision.granted, decision.tell_applicant) == (Outcome.ACCEPT, (MONDAY,), False)


@pytest.mark.parametrize("change", [{"employee_no": None}, {"dates": ()}, {"employee_no": "9999999"}])
def test_approval_can_not_grant_to_nobody(change: dict[str, Any]) -> None:
    """Without a known employee, or a day, approving accepts nothing."""
    assert rulebook().approve(replace(PLAIN, **change), NOON).outcome is not Outcome.ACCEPT


def test_the_network_rule_is_beyond_approval() -> None:
    """V13 is on nobody's desk; neither is an employee who isn't there."""
    assert {rule.code for rule in RULES if not overridable(rule.code)} == {"V02", "V13"}


def test_every_rule_has_its_own_code() -> None:
    """V01 to V22, each once, in order."""
    assert [rule.code for rule in RULES] == [f"V{number:02d}" for number in range(1, 23)]


def test_a_naive_time_is_refused() -> None:
    """A time without an offset is no time."""
    with pytest.raises(ValueError, match="naive"):
        Context(now=datetime(2021, 7, 30), received_at=NOON.received_at, sender="", directory=STAFF)  # noqa: DTZ001 - on purpose


@pytest.mark.parametrize("text", ["a\r\nBcc: x@evil.example", "\u202eabc\u200b", "あ" * 500, "\x1b[31m"])
def test_what_was_read_is_quoted_safely(text: str) -> None:
    """Line ends, control and invisible characters never reach a notice, nor endless text."""
    shown = found(decide(employee_no=text), "V02").text
    assert all(character.isprintable() for character in shown)
    assert len(shown) < 120


def test_config_yaml_shows_every_setting_with_its_default() -> None:
    """What config.yaml says of rules, calendar and staff is what the code does without it, with nothing left out."""
    settings = load(Path(__file__).parents[2] / "config.yaml").settings
    pairs = [
        (settings.rules, RulesSettings()),
        (settings.calendar, CalendarSettings()),
        (settings.staff, StaffSettings()),
    ]
    for shown, default in pairs:
        assert shown == default
        assert shown.model_dump(exclude_unset=True).keys() == default.model_dump().keys()


def test_a_correction_answers_what_is_doubted_and_nothing_else() -> None:
    """An operator who puts a reading right has agreed to its doubts (V01); what another rule holds waits, and refusals stay."""
    doubt = Doubt(field="body", read="x", text="x", text_en="x")
    case = replace(NOON, sender="somebody@example.com")

    def corrected(context: Context = NOON, /, **changes: Any) -> Outcome:  # noqa: ANN401 - any field of an application
        return rulebook().correct(replace(PLAIN, doubts=(doubt,), **changes), context).outcome

    assert decide(doubts=(doubt,)).outcome is Outcome.HOLD
    assert corrected() is Outcome.ACCEPT
    assert corrected(case) is Outcome.HOLD
    assert corrected(employee_no=None) is Outcome.HOLD
    assert corrected(dates=()) is Outcome.HOLD
    assert corrected(employee_no="9999999") is not Outcome.ACCEPT
    assert rulebook(learning=True).correct(replace(PLAIN, doubts=(doubt,)), NOON).outcome is Outcome.HOLD
