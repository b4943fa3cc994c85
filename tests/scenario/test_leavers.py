"""V20: who has left, or lost the approval, loses the login in the same pass; a broken directory takes it from nobody."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from bot.console.memory import Fault, MemoryConsole
from bot.errors import OutcomeUnknown, Transient
from bot.life import State
from bot.model import AccountState
from tests.acts_kit import in_ledger, one
from tests.house import FRIDAY, House
from tests.reconcile_kit import LOGIN, TUESDAY, UENOHARA, WEDNESDAY, change_staff, compared, delivered_house, fixed
from tests.restore_kit import states

_OTHERS = ("0048213", "0047755", "0036421")


@pytest.fixture
def console() -> MemoryConsole:
    """An empty console."""
    return MemoryConsole()


@pytest.mark.parametrize("changes", [None, {"在職終了日": "2021-07-30"}], ids=["no longer listed", "not employed"])
def test_who_left_loses_the_login_in_the_same_pass(
    tmp_path: Path, console: MemoryConsole, changes: dict[str, str] | None
) -> None:
    """The account is disabled, the operators are told once, and what is on record says why."""
    house = delivered_house(tmp_path, console)
    change_staff(house, UENOHARA, changes)
    report = asyncio.run(house.run(console))
    assert (one(house).state, console.accounts[LOGIN].state) == (State.REVOKED, AccountState.DISABLED)
    assert [one(house).id in text and "V20" in text for text in report.problems] == [True]
    name = one(house).id
    events = [item.event for item in in_ledger(house, lambda ledger: ledger.timeline(name))]
    assert [item.details for item in events if item.action == "request.revoke"] == [
        {"cause": "leaver", "days": ["2021-08-03"]}
    ]
    assert asyncio.run(house.run(console)).problems == []


def test_whoever_stays_for_a_day_to_come_keeps_the_login_until_then(tmp_path: Path, console: MemoryConsole) -> None:
    """The last day of employment is the first telework day: revoked only when that is over."""
    house = House(path=tmp_path / "house").lay_out({"console": {"settle": 0.3}})
    house.apply("0000777", employee_no=UENOHARA, days=(TUESDAY, WEDNESDAY), now=FRIDAY)
    asyncio.run(house.run(console))
    change_staff(house, UENOHARA, {"在職終了日": "2021-08-03"})
    house.clock.set(FRIDAY + timedelta(days=4))
    asyncio.run(house.run(console))
    assert console.accounts[LOGIN].state is AccountState.ACTIVE
    house.clock.set(FRIDAY + timedelta(days=4, hours=12))
    asyncio.run(house.run(console))
    assert console.accounts[LOGIN].state is AccountState.DISABLED


def test_what_is_half_way_is_ended_too(tmp_path: Path, console: MemoryConsole) -> None:
    """A submit without an answer, then the employee leaves: no credentials go out, and the account is disabled."""
    console.fail_next(Fault(verb="create", error=OutcomeUnknown("create"), acted=True))
    console.fail_next(Fault(verb="find", error=Transient("the console is slow")))
    house = delivered_house(tmp_path, console)
    assert one(house).state is State.UNKNOWN
    change_staff(house, UENOHARA, {"在職終了日": "2021-07-30"})
    asyncio.run(house.run(console))
    assert (one(house).state, console.accounts[LOGIN].state) == (State.REVOKED, AccountState.DISABLED)
    assert house.credentials() == []


def test_what_is_not_issued_yet_never_is(tmp_path: Path, console: MemoryConsole) -> None:
    """Accepted while the console was down; the employee has left when it is back."""
    console.fail_next(Fault(verb="probe", error=Transient("the console is down")))
    house = delivered_house(tmp_path, console)
    assert one(house).state is State.ACCEPTED
    change_staff(house, UENOHARA, None)
    assert [(item.kind, item.login_id) for item in compared(house, console)] == [("leaver", None)]
    asyncio.run(house.run(console))
    assert (one(house).state, console.accounts) == (State.REVOKED, {})


def test_half_a_directory_revokes_nobody(tmp_path: Path, console: MemoryConsole) -> None:
    """Three of four are gone at once: nothing is revoked, the operators are told; `reconcile --fix` is their word that it is so."""
    house = delivered_house(tmp_path, console)
    for number, name in enumerate(_OTHERS):
        house.apply(f"000078{number}", employee_no=name, days=(WEDNESDAY,), now=FRIDAY)
    asyncio.run(house.run(console))
    assert set(states(house)) == {State.DELIVERED}
    for name in _OTHERS:
        change_staff(house, name, None)
    report = asyncio.run(house.run(console))
    assert set(states(house)) == {State.DELIVERED}
    assert ["3 of 4 employees" in text and "reconcile --fix" in text for text in report.problems] == [True]
    assert report.exit_status == 1
    fixed(house, console)
    assert sorted(states(house)) == [State.DELIVERED, *[State.REVOKED] * 3]
    assert sorted(account.state for account in console.accounts.values()) == [
        AccountState.ACTIVE, *[AccountState.DISABLED] * 3
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("count", "of", "most", "percent", "too_many"),
    [
        (1, 1, 10, 20, False), (2, 2, 10, 20, False), (3, 10, 10, 20, True), (3, 15, 10, 20, False),
        (11, 1000, 10, 20, True), (1, 1, 0, 20, True), (3, 3, 10, 100, False),
    ],
)  # fmt: skip
def test_how_many_are_too_many(
    tmp_path: Path, console: MemoryConsole, *, count: int, of: int, most: int, percent: int, too_many: bool
) -> None:
    """More than `max_leavers`, or, of more than two, more than the share."""
    house = House(path=tmp_path).lay_out({"staff": {"max_leavers": most, "max_leavers_percent": percent}})
    workshop = house.workshop()
    ledger = workshop.ledger()
    cycle = workshop.cycle(ledger=ledger, mailbox=workshop.mailbox(), console=console)
    ledger.close()
    assert cycle.leavers.too_many(count, of=of) is too_many


def test_a_supervisor_who_cancels_ends_the_login_in_that_pass(tmp_path: Path, console: MemoryConsole) -> None:
    """The approval is lost (V16): the account is disabled by the pass that reads the supervisor's mail."""
    house = delivered_house(tmp_path, console)
    (house.path / "mailbox" / "inbox" / "cancel.eml").write_text(
        "Authentication-Results: mx.city.example.jp; dmarc=pass header.from=city.example.jp\n"
        "Received: from a by mx.city.example.jp; Fri, 30 Jul 2021 13:05:00 +0900\nMessage-ID: <cancel@city.example.jp>\n"
        "From: m.furuhata@city.example.jp\nTo: telework-id@city.example.jp\nSubject: =?UTF-8?B?5Y+W5raI?=\n"
        "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
        "申請区分：取消\n元の受付番号：0000777\n職員番号：0031977\n氏名：上野原　拓\n",
        encoding="utf-8",
    )
    house.clock.set(FRIDAY + timedelta(minutes=2))
    asyncio.run(house.run(console))
    assert sorted(states(house)) == [State.DONE, State.REVOKED]
    assert console.accounts[LOGIN].state is AccountState.DISABLED
