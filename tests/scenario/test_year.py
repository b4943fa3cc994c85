"""Two weeks of the simulated year, and that its verdict can be bad. The whole year is `python3 -m tests.scenario.year`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest

from tests.scenario.year.arrivals import Wanted, arrivals
from tests.scenario.year.facts import Case, Facts, facts_of
from tests.scenario.year.story import Size
from tests.scenario.year.verdict import judge

#: The end of April: days that are closed in the midst of the week, and many of them after each other.
_WEEKS = Size(
    first=date(2026, 4, 20), last=date(2026, 5, 1), applications=150, surges=1, surge=45, staff=120, outages_each=4,
    restarts=4, seed=7,
)  # fmt: skip
Spoil = Callable[[Facts], Facts]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Facts:
    """The weeks, lived through once."""
    return facts_of(_WEEKS, tmp_path_factory.mktemp("year"), poll_minutes=30)


def test_everything_holds(lived: Facts) -> None:
    """Through outages, kills and restarts nothing is lost, late, doubled or told twice."""
    found = judge(lived)
    assert found["broken"] == {}
    counts = found["counts"]
    assert counts["killed"] >= 2
    assert counts["stopped"] >= 2
    assert counts["outages_met"] >= 2
    assert counts["requests"] == sum(one.wanted is not Wanted.UNREADABLE for one in lived.year.arrivals)


def _without_a_case(facts: Facts) -> Facts:
    return replace(
        facts, cases={name: cases for name, cases in facts.cases.items() if name != _granted(facts).receipt_no}
    )


def _with_a_case_twice(facts: Facts) -> Facts:
    case = _granted(facts)
    return replace(facts, cases={**facts.cases, case.receipt_no: [case, case]})


def _ended_otherwise(facts: Facts) -> Facts:
    return _changed(facts, replace(_granted(facts), state="stuck"))


def _delivered_late(facts: Facts) -> Facts:
    case = _granted(facts)
    return _changed(facts, replace(case, delivered=tuple(at + timedelta(days=9) for at in case.delivered)))


def _left_open(facts: Facts) -> Facts:
    return replace(
        facts, writes={name: [one for one in every if one.verb != "disable"] for name, every in facts.writes.items()}
    )


def _made_twice(facts: Facts) -> Facts:
    return replace(facts, writes={name: [every[0], *every] for name, every in facts.writes.items()})


def _end_not_told(facts: Facts) -> Facts:
    return replace(facts, told=tuple(one for one in facts.told if one.what != "condition.end"))


def _told_twice(facts: Facts) -> Facts:
    return replace(facts, told=(*facts.told, *facts.told))


def _heavier(facts: Facts) -> Facts:
    pid, most = facts.weights[-1]
    return replace(facts, weights=(*facts.weights, (pid, most + 300)))


@pytest.mark.parametrize(
    ("spoil", "promise"),
    [
        (_without_a_case, "lost or doubled"),
        (_with_a_case_twice, "lost or doubled"),
        (_ended_otherwise, "decided or ended otherwise"),
        (_delivered_late, "late though it could be met"),
        (_left_open, "a login open or closed when it should not be"),
        (_made_twice, "two accounts, or a password that does not work"),
        (_end_not_told, "outages told otherwise than once, and their end once"),
        (_told_twice, "outages told otherwise than once, and their end once"),
        (_heavier, "memory grows"),
    ],
)
def test_what_is_wrong_is_seen(lived: Facts, spoil: Spoil, promise: str) -> None:
    """The verdict names what was spoiled."""
    assert promise in judge(spoil(lived))["broken"]


def test_the_same_seed_gives_the_same_year() -> None:
    """A year that failed can be lived through again."""
    first, last = date(2026, 4, 1), date(2026, 6, 30)
    made = [arrivals(first, last, count=900, surges=2, surge=100, staff=500, seed=3) for _ in range(2)]
    assert made[0] == made[1]
    assert {one.wanted for one in made[0]} == set(Wanted)


def _granted(facts: Facts) -> Case:
    """Return the request of an application that was granted and not taken back."""
    taken_back = {one.of for one in facts.year.arrivals}
    return next(
        facts.cases[one.name][0]
        for one in facts.year.arrivals
        if one.wanted is Wanted.GRANTED and one.name not in taken_back
    )


def _changed(facts: Facts, case: Case) -> Facts:
    return replace(facts, cases={**facts.cases, case.receipt_no: [case]})
