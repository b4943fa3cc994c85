"""Deciding what takes something back, or renews it: V19 and V20."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from bot.model import Decision, Kind, Outcome
from tests.unit.rules_kit import (
    MONDAY,
    PLAIN,
    TUESDAY,
    at,
    before,
    codes,
    decide,
    found,
    history,
    verdict,
)

WEEK = tuple(date(2021, 8, day) for day in range(2, 7))


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


@pytest.mark.parametrize(("when", "outcome"), [("08-02 00:00:00", Outcome.ACCEPT), ("08-02 00:00:01", Outcome.HOLD)])
def test_v19_a_day_that_has_begun_is_for_a_person(when: str, outcome: Outcome) -> None:
    """A day can be cancelled until its start."""
    context = {"history": KNOWN, "received_at": at(when), "now": at("08-02 08:00")}
    changes: dict[str, Any] = {"kind": Kind.CANCEL, "refers_to": "0000412", "dates": (), "applied_at": None}
    decision = decide(AUTOMATIC, context=context, **changes)
    begun = [(MONDAY,)] if outcome is Outcome.HOLD else []
    assert (decision.outcome, [item.dates for item in decision.violations]) == (outcome, begun)


def test_v20_a_leaver_may_still_cancel() -> None:
    """Who is no longer employed on the day takes the days back all the same."""
    known = history({TUESDAY: "R-1"}, {"0000412": "R-1"})
    changes: dict[str, Any] = {
        "kind": Kind.CANCEL,
        "refers_to": "0000412",
        "dates": (TUESDAY,),
        "receipt_no": "0000500",
    }
    person: dict[str, Any] = {"employee_no": "0000007", "name": "中村健", "department": None}
    decision = decide(AUTOMATIC, context={"history": known}, **changes, **person)
    assert (decision.outcome, decision.granted) == (Outcome.ACCEPT, (TUESDAY,))


@pytest.mark.parametrize("kind", [Kind.CANCEL, Kind.CHANGE, Kind.REISSUE])
def test_v20_nothing_is_taken_back_or_renewed_at_the_word_of_an_unproven_sender(kind: Kind) -> None:
    """Where no mail server vouches for senders a person decides, whatever goes by itself elsewhere; a dropped file is proven."""
    changes: dict[str, Any] = {"kind": kind, "refers_to": "0000412", "dates": (WEEK[2],) if kind is Kind.CHANGE else ()}
    about: dict[str, Any] = {"history": KNOWN, "authentic": None}
    held = decide(AUTOMATIC, context=about, **changes)
    assert verdict(held) == (Outcome.HOLD, ["V20"])
    assert "証明していない" in found(held, "V20").text
    for proof in ({"authentic": True}, {"dropped_file": True, "sender": ""}):
        assert decide(AUTOMATIC, context=about | proof, **changes).outcome is Outcome.ACCEPT
    assert (
        decide(AUTOMATIC, context={"history": KNOWN, "authentic": None}, dates=(WEEK[2],), receipt_no="1").outcome
        is Outcome.ACCEPT
    )


def test_v19_a_number_stands_for_the_application_that_holds_days() -> None:
    """Of several under one number the cancellation takes back the newest that holds any; a withdrawal is none of them."""
    several = tuple(before(name) for name in ("R-0", "R-1", "R-9"))
    withdrawal = before("R-10", application=replace(PLAIN, kind=Kind.CANCEL))
    known = replace(KNOWN, earlier=(*several, withdrawal))
    assert decide(AUTOMATIC, context={"history": known}, kind=Kind.CANCEL, refers_to="0000-412", dates=()).granted == (
        MONDAY,
        TUESDAY,
    )


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
    """A lost password is renewed for an employee who is still there and has days to come."""
    changes: dict[str, Any] = {"kind": Kind.REISSUE, "dates": ()}
    assert verdict(decide(AUTOMATIC, context={"history": KNOWN}, **changes)) == (Outcome.ACCEPT, [])
    assert verdict(decide(AUTOMATIC, **changes)) == (Outcome.HOLD, ["V19"])
    gone = {"history": KNOWN, "now": at("08-03 09:00"), "received_at": at("08-03 09:00")}
    person: dict[str, Any] = {"employee_no": "0000007", "name": "中村健", "department": None, "applied_at": None}
    assert verdict(decide(AUTOMATIC, context=gone, **changes, **person)) == (Outcome.REJECT, ["V02"])


def withdrawn(sender: str, settings: Mapping[str, object] | None = None, /, **context: object) -> Decision:
    """Decide a cancellation of Monday and Tuesday that this address mails on Monday morning."""
    about = {"history": KNOWN, "sender": sender, "received_at": at("08-02 09:00"), "now": at("08-02 09:01"), **context}
    changes: dict[str, Any] = {"kind": Kind.CANCEL, "refers_to": "0000412", "dates": (), "applied_at": None}
    return decide(settings or {}, context=about, **changes)


def test_v20_a_supervisor_who_cancels_is_obeyed_at_once() -> None:
    """The approval is lost: no operator is waited for, and a day that has begun is taken back too."""
    decision = withdrawn("宮下 <Miyashita-K@city.example.jp>")
    assert (decision.outcome, decision.granted, codes(decision)) == (Outcome.ACCEPT, (MONDAY, TUESDAY), [])
    deputies = {"approval": {"deputies": {"0012001": ["0012002"]}}}
    assert withdrawn("akabane-n@city.example.jp", deputies).outcome is Outcome.ACCEPT


@pytest.mark.parametrize(
    ("sender", "context"),
    [
        ("akabane-n@city.example.jp", {}), ("ueno-t@city.example.jp", {}), ("takahashi-m@city.example.jp", {}),
        ("miyashita-k@city.example.jp", {"authentic": False}), ("miyashita-k@elsewhere.example.com", {}),
        ("miyashita-k@city.example.jp", {"authentic": None}),
    ],
)  # fmt: skip
def test_v20_nobody_else_withdraws_an_approval(sender: str, context: dict[str, object]) -> None:
    """No deputy, a colleague, the applicant too late, a forged or foreign address: a person decides."""
    assert withdrawn(sender, **context).outcome is Outcome.HOLD
