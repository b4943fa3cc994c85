"""Logins work on granted days only: opened in the morning and closed in the evening where the console keeps no validity."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest

from bot.console.memory import Fault, MemoryConsole
from bot.console.port import Ability
from bot.errors import OutcomeUnknown, Transient
from bot.life import AccountRecordState, State
from bot.model import AccountState
from bot.operation.alerts.catalogue import Trouble
from bot.operation.alerts.findings import Finding
from bot.operation.report import Report
from tests.acts_kit import act, in_ledger, one, onward
from tests.alerts_kit import gate_of
from tests.house import FRIDAY, ZONE, House

TUESDAY, WEDNESDAY, THURSDAY = date(2021, 8, 3), date(2021, 8, 4), date(2021, 8, 5)
KATO = "0031977"
LOGIN = f"tw{KATO}"
SETTLE = {"console": {"settle": 0.3}}


@pytest.fixture
def console() -> MemoryConsole:
    """A console that keeps no validity."""
    return MemoryConsole(without={Ability.WINDOW})


def issued(path: Path, console: MemoryConsole, *days: date, **sections: dict[str, object]) -> House:
    """Return a house with these settings in which 上野原 has a login for these days."""
    house = House(path=path).lay_out({**SETTLE, **sections})
    house.apply("0000777", employee_no=KATO, days=days, now=FRIDAY)
    report = asyncio.run(house.run(console))
    assert (report.delivered, report.problems) == (1, [])
    return house


def at(house: House, console: MemoryConsole, day: date, hour: int, minute: int = 0) -> Report:
    """Make a pass at this time."""
    house.clock.set(datetime.combine(day, time(hour, minute), ZONE))
    return asyncio.run(house.run(console))


def is_open(house: House, console: MemoryConsole) -> bool:
    """Tell whether the password that was mailed works."""
    *_, newest = house.credentials()
    return console.accepts(newest.login_id, newest.password)


def record(house: House) -> AccountRecordState:
    """Return how the ledger has the account."""
    (account,) = in_ledger(house, lambda ledger: ledger.accounts())
    return account.state


def test_three_days_with_a_console_that_keeps_no_validity(tmp_path: Path, console: MemoryConsole) -> None:
    """Closed until the first morning, open by day, closed by night and in between, disabled at the end; the password stays."""
    house = issued(tmp_path, console, TUESDAY, THURSDAY)
    seen = {}
    for day in (TUESDAY - timedelta(days=1), TUESDAY, WEDNESDAY, THURSDAY):
        for hour, minute in ((6, 59), (7, 0), (12, 0), (21, 59), (22, 0)):
            assert at(house, console, day, hour, minute).problems == []
            seen[day, hour, minute] = is_open(house, console)
    assert {moment for moment, usable in seen.items() if usable} == {
        (day, *moment) for day in (TUESDAY, THURSDAY) for moment in ((7, 0), (12, 0), (21, 59))
    }
    assert (one(house).state, record(house)) == (State.REVOKED, AccountRecordState.DISABLED)
    assert dict(console.writes) == {"create": 1, "enable": 2, "disable": 3}
    assert len(house.credentials()) == 1


def test_it_is_closed_right_after_delivery(tmp_path: Path, console: MemoryConsole) -> None:
    """In the pass that mails the credentials the login is closed until its first morning, on record before and after."""
    house = issued(tmp_path, console, TUESDAY)
    assert not is_open(house, console)
    name = one(house).id
    events = in_ledger(house, lambda ledger: ledger.timeline(name))
    closing = [event.event.outcome for event in events if event.event.action == "account.close"]
    assert closing == ["intended", "done"]


@pytest.mark.parametrize("acted", [False, True], ids=["nothing happened", "it happened"])
@pytest.mark.parametrize("later", [8, 23], ids=["that morning", "that night"])
def test_an_opening_that_nobody_confirmed_is_made_good(
    tmp_path: Path, console: MemoryConsole, *, acted: bool, later: int
) -> None:
    """Whatever became of it, and whenever the next pass comes: then the login stands as it should."""
    house = issued(tmp_path, console, TUESDAY, WEDNESDAY)
    console.fail_next(Fault(verb="enable", error=OutcomeUnknown("enable", "no answer"), acted=acted))
    assert at(house, console, TUESDAY, 7).problems
    assert record(house) is AccountRecordState.SWITCHING
    assert at(house, console, TUESDAY, later).problems == []
    assert is_open(house, console) is (later == 8)


def test_a_login_that_cannot_be_opened_does_not_stop_the_next(tmp_path: Path, console: MemoryConsole) -> None:
    """One is told and tried again; the other is opened."""
    house = House(path=tmp_path).lay_out(SETTLE)
    for number, name in (("0000777", KATO), ("0000778", "0048213")):
        house.apply(number, employee_no=name, days=(TUESDAY,), now=FRIDAY)
    asyncio.run(house.run(console))
    console.fail_next(Fault(verb="enable", error=Transient("not now")))
    report = at(house, console, TUESDAY, 7)
    assert (len(report.problems), report.opened) == (1, 1)
    assert at(house, console, TUESDAY, 7, 5).opened == 1
    assert {account.state for account in console.accounts.values()} == {AccountState.ACTIVE}


def test_a_login_that_is_gone_from_the_console_is_told(tmp_path: Path, console: MemoryConsole) -> None:
    """Nothing is made anew behind anybody's back."""
    house = issued(tmp_path, console, TUESDAY)
    console.accounts.clear()
    (problem,) = at(house, console, TUESDAY, 7).problems
    assert "no longer in the console" in problem
    assert console.accounts == {}


@pytest.mark.parametrize(("between", "usable"), [("closed", False), ("open", True)])
def test_a_validity_leaves_days_in_between(tmp_path: Path, between: str, *, usable: bool) -> None:
    """Where the console keeps a validity only days in between are closed, unless the city wants them open."""
    console = MemoryConsole()
    house = issued(tmp_path, console, TUESDAY, THURSDAY, account={"between_days": between})
    assert is_open(house, console)  # the validity keeps it closed until Tuesday
    at(house, console, TUESDAY, 22, 30)
    at(house, console, WEDNESDAY, 9)
    assert is_open(house, console) is usable
    at(house, console, THURSDAY, 7)
    assert is_open(house, console)
    assert console.writes["reset_password"] == 0


def test_consecutive_days_need_nothing_from_the_bot(tmp_path: Path) -> None:
    """A validity alone does it: the bot writes nothing between the first day and the end."""
    console = MemoryConsole()
    house = issued(tmp_path, console, TUESDAY, WEDNESDAY)
    for day in (TUESDAY, WEDNESDAY):
        for hour in (6, 8, 21):
            at(house, console, day, hour)
    assert dict(console.writes) == {"create": 1}


def test_switching_can_be_left_to_the_console(tmp_path: Path, console: MemoryConsole) -> None:
    """``switching: console`` opens and closes nothing by day; the end is still the bot's."""
    house = issued(tmp_path, console, TUESDAY, account={"switching": "console"})
    assert is_open(house, console)
    at(house, console, TUESDAY, 22)
    assert record(house) is AccountRecordState.DISABLED


def test_what_is_revoked_on_a_closed_day_stays_closed(tmp_path: Path, console: MemoryConsole) -> None:
    """Revoked between its days, the login is disabled for good."""
    house = issued(tmp_path, console, TUESDAY, THURSDAY)
    at(house, console, TUESDAY, 22)
    name = one(house).id
    act(house, lambda acts: acts.revoke(name, "異動"))
    at(house, console, WEDNESDAY, 9)
    at(house, console, THURSDAY, 9)
    assert (record(house), is_open(house, console)) == (AccountRecordState.DISABLED, False)


def test_a_login_that_nobody_holds_is_disabled(tmp_path: Path, console: MemoryConsole) -> None:
    """A renewal that failed before the request was revoked leaves no login behind that may be open."""
    house = issued(tmp_path, console, TUESDAY)
    at(house, console, TUESDAY, 22)
    house.apply("0000778", employee_no=KATO, days=(date(2021, 8, 6),), now=house.clock.now())
    console.fail_next(Fault(verb="reset_password", error=Transient("not now")))
    asyncio.run(house.run(console))
    first, second = in_ledger(house, lambda ledger: ledger.requests())
    assert (first.state, second.state) == (State.REVOKED, State.ACCEPTED)
    act(house, lambda acts: acts.revoke(second.id, "取りやめ"))
    asyncio.run(house.run(console))
    assert record(house) is AccountRecordState.DISABLED


def test_what_an_operator_decides_waits_for_no_login_to_open(tmp_path: Path, console: MemoryConsole) -> None:
    """While a stop condition waits for its retry and a login is due to be opened, what is approved is delivered all the same."""
    house = House(path=tmp_path).lay_out({**SETTLE, "rules": {"learning": True}})
    house.apply("0000777", employee_no=KATO, days=(TUESDAY,), now=FRIDAY)
    house.apply("0000778", employee_no="0048213", days=(THURSDAY,), now=FRIDAY)
    asyncio.run(house.run(console))
    first, second = in_ledger(house, lambda ledger: ledger.requests())
    act(house, lambda acts: acts.approve(first.id, "確認した"))
    assert onward(house, console, first.id).delivered == 1
    house.clock.set(datetime.combine(TUESDAY, time(7), ZONE))
    drift = Finding(trouble=Trouble.DRIFT, detail="a label is missing")
    in_ledger(house, lambda ledger: gate_of(house, ledger).stop(drift))
    act(house, lambda acts: acts.approve(second.id, "急ぐ"))
    report = onward(house, console, second.id)
    assert (report.delivered, report.opened, report.paused) == (1, 1, [])
