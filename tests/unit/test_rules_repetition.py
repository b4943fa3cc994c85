"""V18: what is the same application again, what only bears its number, and what is said of days granted before."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from bot.model import Application, Before, Doubt, History, Kind, Outcome, Progress, Severity
from bot.rules.repetition import differences
from tests.unit.rules_kit import MONDAY, NOON, PLAIN, TUESDAY, at, before, codes, decide, found, history, rulebook

DOUBT = Doubt(field="body", read="この申請を取り消します", text="様式にない記載です", text_en="it can't be explained")
KNOWN = history({MONDAY: "R-1"}, {"0000412": "R-1"})
AUTOMATIC = {"automatic_kinds": ["issue", "reissue", "cancel", "change"]}


@pytest.mark.parametrize("known", [KNOWN, history(receipts={"0000412": "R-1"})], ids=["granted", "held"])
def test_a_doubted_repetition_is_held(known: History) -> None:
    """A reply 「この申請を取り消します」 that quotes the application is no repetition: the doubt comes first, the first is named."""
    decision = decide(context={"history": known}, doubts=(DOUBT,))
    assert (decision.outcome, decision.granted) == (Outcome.HOLD, ())
    held = [item for item in decision.violations if item.code == "V18" and item.severity is Severity.HOLD]
    assert len(held) == 1
    assert "R-1" in held[0].text


def test_what_repeats_a_doubted_application_is_held() -> None:
    """The first waits because it was not clear; this one may be what was meant."""
    first = before("R-1", application=replace(PLAIN, doubts=(DOUBT,)))
    decision = decide(context={"history": History(earlier=(first,))})
    assert (decision.outcome, codes(decision)) == (Outcome.HOLD, ["V18"])


@pytest.mark.parametrize(
    "change",
    [
        {"zones": ("番号利用事務系",)},
        {"dates": (date(2021, 8, 1),)},
        {"employee_no": "0090001", "name": "上野拓", "department": None},
        {"employee_no": "9999999", "name": "小池幸"},
    ],
    ids=["personal numbers", "a closed day", "an excluded category", "an unknown employee"],
)
def test_a_doubt_comes_before_every_refusal(change: dict[str, Any]) -> None:
    """Nothing is refused on a reading that a person has not looked at; without the doubt each of these is."""
    assert decide(**change).outcome is Outcome.REJECT
    assert decide(doubts=(DOUBT,), **change).outcome is Outcome.HOLD


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"dates": (TUESDAY,)}, "8月2日（月） → 令和3年8月3日（火）"),
        ({"place": "実家"}, "実施場所 自宅 → 実家"),
        ({"name": "高橋みのる"}, "氏名 高橋みのり → 高橋みのる"),
        ({"zones": ("LGWAN",)}, "接続先 （なし） → LGWAN"),
        ({"approval": "未承認"}, "所属長承認 済 → 未承認"),
    ],
)
def test_other_content_under_a_number_is_held_and_the_difference_named(change: dict[str, Any], told: str) -> None:
    """Whatever the days: also where all of them were granted before and nothing would be left."""
    first = before("R-1", application=replace(PLAIN, approval="済"))
    known = replace(KNOWN, earlier=(first,))
    decision = decide(context={"history": known}, **{"approval": "済", **change})
    texts = [item.text for item in decision.violations if item.severity is Severity.HOLD and item.code == "V18"]
    assert decision.outcome is Outcome.HOLD
    assert any(told in text and "R-1" in text for text in texts)


def test_an_urgent_reason_is_told_to_differ_and_not_how() -> None:
    """It may be about somebody's health, and a violation stands in mails."""
    other = replace(PLAIN, urgent_reason="濃厚接触")
    [pair] = differences(other, replace(PLAIN, urgent_reason="災害"))
    assert pair.told() == "緊急の理由"


@pytest.mark.parametrize(
    "other",
    [
        replace(PLAIN, name="髙橋　みのり"),
        replace(PLAIN, place="自 宅"),
        replace(PLAIN, department=None),
        replace(PLAIN, mail="takahashi-m@city.example.jp", approval="済"),
        replace(PLAIN, applied_at=at("07-30 12:00"), kana="タカハシ"),
    ],
)
def test_what_a_reader_takes_for_the_same_is_the_same(other: Application) -> None:
    """Spaces, variants, and what one of two forms does not ask for make no other application of it."""
    assert differences(other, PLAIN) == ()


@pytest.mark.parametrize(
    ("progress", "outcome", "severity", "says"),
    [
        (Progress.WORKS, Outcome.REJECT, Severity.WARN, "発行済みです"),
        (Progress.COMING, Outcome.REJECT, Severity.WARN, "承認済みです"),
        (Progress.FAILED, Outcome.HOLD, Severity.HOLD, "使える状態にありません"),
        (None, Outcome.HOLD, Severity.HOLD, "使える状態にありません"),
    ],
)
def test_a_day_is_called_issued_only_while_the_login_works(
    progress: Progress | None, outcome: Outcome, severity: Severity, says: str
) -> None:
    """One that follows is said to follow; one that failed, or was disabled, is for a person, and its day is not taken out."""
    known = History(granted={MONDAY: "R-9"}, progress={"R-9": progress} if progress else {})
    decision = decide(context={"history": known})
    violation = found(decision, "V18")
    assert (decision.outcome, violation.severity) == (outcome, severity)
    assert says in violation.text
    assert ("発行済み" in violation.text) is (progress is Progress.WORKS)


def test_a_second_application_under_the_number_of_a_held_one_is_not_answered_as_issued() -> None:
    """It is taken in already, no more."""
    decision = decide(context={"history": history(receipts={"0000412": "R-1"})})
    assert (decision.outcome, codes(decision)) == (Outcome.REJECT, ["V18"])
    assert "発行済み" not in found(decision, "V18").text


def test_days_of_a_failed_login_can_be_granted_by_approval_even_late() -> None:
    """They were applied for in time once; an operator who agrees grants them."""
    context = replace(NOON, history=History(granted={MONDAY: "R-9"}, progress={"R-9": Progress.FAILED}))
    assert rulebook().approve(PLAIN, context).granted == (MONDAY,)
    late = replace(context, received_at=at("07-30 14:00"), now=at("07-30 14:01"))
    assert rulebook().decide(replace(PLAIN, applied_at=None), late).outcome is Outcome.HOLD


def again(earlier: Application, *, same_content: bool = False, received: str = "07-30 12:00") -> Before:
    """Return an earlier request of the same kind."""
    moment = at(received)
    return Before(
        request="R-1", application=earlier, received_at=moment, same_content=same_content, recorded_at=moment,
        granted=True,
    )  # fmt: skip


REISSUE = replace(PLAIN, kind=Kind.REISSUE, dates=(), applied_at=None)


@pytest.mark.parametrize(
    ("earlier", "outcome"),
    [
        (again(REISSUE), Outcome.REJECT),
        (again(replace(REISSUE, receipt_no="0000500"), same_content=True), Outcome.REJECT),
        (again(replace(REISSUE, place="実家")), Outcome.HOLD),
        (again(replace(REISSUE, doubts=(DOUBT,))), Outcome.HOLD),
        (again(replace(REISSUE, form="survey")), Outcome.ACCEPT),
        (again(REISSUE, received="03-31 12:00"), Outcome.ACCEPT),
        (again(replace(REISSUE, receipt_no="0000500")), Outcome.ACCEPT),
    ],
    ids=["the same", "word for word", "another place", "the first was doubted", "another form", "another year", "another number"],
)  # fmt: skip
def test_a_reissue_is_repeated_by_form_number_and_content(earlier: Before, outcome: Outcome) -> None:
    """A number alone is not enough, and one of another form or fiscal year is another number."""
    known = replace(KNOWN, earlier=(), same_kind=(earlier,))
    asked: dict[str, Any] = {"kind": Kind.REISSUE, "dates": (), "applied_at": None}
    assert decide(AUTOMATIC, context={"history": known}, **asked).outcome is outcome


def test_a_repeated_reissue_with_a_doubt_is_held() -> None:
    """Even word for word: a person looks before it is called a repetition."""
    known = replace(KNOWN, earlier=(), same_kind=(again(REISSUE, same_content=True),))
    asked: dict[str, Any] = {"kind": Kind.REISSUE, "dates": (), "applied_at": None, "doubts": (DOUBT,)}
    assert decide(AUTOMATIC, context={"history": known}, **asked).outcome is Outcome.HOLD
