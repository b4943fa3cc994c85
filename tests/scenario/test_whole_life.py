"""What becomes of a granted request later: cancelled, changed, reissued; what is stuck, rerun or dismissed."""

from __future__ import annotations

import asyncio
import email
import email.policy
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.console.memory import Fault, MemoryConsole
from bot.errors import ActRefused, ConsoleDrift, OutcomeUnknown, Transient
from bot.ledger.records import Request
from bot.life import State
from bot.model import AccountState, Kind
from bot.operation.report import Report
from tests.acts_kit import act, in_ledger, onward
from tests.house import FRIDAY, PROVEN, House, text_of

TUESDAY, WEDNESDAY, THURSDAY = date(2021, 8, 3), date(2021, 8, 4), date(2021, 8, 5)
KATO = "0031977"
BY_ITSELF = {"automatic_kinds": ["issue", "reissue", "cancel", "change"]}
_JA = {Kind.CANCEL: "取消", Kind.CHANGE: "変更", Kind.REISSUE: "再発行"}


@pytest.fixture
def console() -> MemoryConsole:
    """An empty console."""
    return MemoryConsole()


@pytest.fixture
def house(tmp_path: Path, console: MemoryConsole) -> House:
    """A house in which 上野原 has a login for Tuesday and Wednesday."""
    made = House(path=tmp_path).lay_out({"console": {"settle": 0.3}, "forms": PROVEN, "rules": BY_ITSELF})
    made.apply("0000777", employee_no=KATO, days=(TUESDAY, WEDNESDAY), now=FRIDAY)
    asyncio.run(made.run(console))
    assert requests(made)[0].state is State.DELIVERED
    return made


def later(house: House, kind: Kind, days: Sequence[date] = (), *, number: str = "0000778") -> None:
    """Put an application that refers to the first one into the inbox, a minute later."""
    house.clock.set(house.clock.now() + timedelta(minutes=1))
    note = "" if kind is Kind.REISSUE else "元の受付番号：0000777"
    house.apply(number, employee_no=KATO, days=days, now=house.clock.now(), kind=_JA[kind], note=note)


def run(house: House, console: MemoryConsole) -> Report:
    """Make one pass."""
    return asyncio.run(house.run(console))


def requests(house: House) -> tuple[Request, ...]:
    """Return every request."""
    return in_ledger(house, lambda ledger: ledger.requests())


def told(house: House, kind: str) -> list[str]:
    """Return the texts of the notices of this kind."""
    files = [file for file in house.files("outbox") if f".{kind}." in file.name]
    return [text_of(email.message_from_bytes(file.read_bytes(), policy=email.policy.default)) for file in files]


def test_a_cancelled_request_is_closed_in_the_same_pass(house: House, console: MemoryConsole) -> None:
    """The account is disabled, the cancellation done, and the applicant told once of the days."""
    later(house, Kind.CANCEL)
    report = run(house, console)
    assert [one.state for one in requests(house)] == [State.REVOKED, State.DONE]
    assert (report.revoked, report.problems, report.exit_status) == (1, [], 0)
    (account,) = console.accounts.values()
    assert account.state is AccountState.DISABLED
    run(house, console)
    (text,) = told(house, "cancelled")
    assert "8月3日" in text


def test_some_days_are_cancelled_and_the_login_ends_earlier(house: House, console: MemoryConsole) -> None:
    """Without its last day the window ends with the day that is left; the login goes on working until then."""
    later(house, Kind.CANCEL, (WEDNESDAY,))
    run(house, console)
    first, cancel = requests(house)
    assert (first.state, first.granted, cancel.state) == (State.DELIVERED, (TUESDAY,), State.DONE)
    assert first.window is not None
    assert first.window.end.date() == TUESDAY
    (account,) = console.accounts.values()
    assert (account.state, account.window) == (AccountState.ACTIVE, first.window)
    assert dict(console.writes) == {"create": 1, "set_window": 1}
    (sent,) = house.credentials()
    assert console.accepts(sent.login_id, sent.password)
    house.clock.set(first.window.end)
    run(house, console)
    assert requests(house)[0].state is State.REVOKED


def test_a_validity_that_could_not_be_shortened_is_shortened_later(house: House, console: MemoryConsole) -> None:
    """Told, tried again by the next pass, and done once; an unknown outcome is done again, which harms nothing."""
    later(house, Kind.CANCEL, (WEDNESDAY,))
    console.fail_next(Fault(verb="set_window", error=OutcomeUnknown("window", "no answer"), acted=True))
    assert run(house, console).problems
    assert run(house, console).problems == []
    run(house, console)
    assert console.writes["set_window"] == 2


def test_nobody_is_told_of_a_cancellation_before_the_login_is_closed(house: House, console: MemoryConsole) -> None:
    """While the console does not answer, the cancellation stays open; the next pass finishes it."""
    later(house, Kind.CANCEL)
    console.fail_next(Fault(verb="disable", error=Transient("not now")))
    report = run(house, console)
    assert report.exit_status
    assert (requests(house)[1].state, told(house, "cancelled")) == (State.ACCEPTED, [])
    run(house, console)
    assert (requests(house)[1].state, len(told(house, "cancelled"))) == (State.DONE, 1)


def test_a_change_moves_the_days(house: House, console: MemoryConsole) -> None:
    """The days of the change take the place of the earlier ones, on the same account, with a password that works."""
    later(house, Kind.CHANGE, (WEDNESDAY, THURSDAY))
    report = run(house, console)
    first, change = requests(house)
    assert (first.state, change.state, change.granted) == (State.REVOKED, State.DELIVERED, (WEDNESDAY, THURSDAY))
    assert report.problems == []
    (account,) = console.accounts.values()
    assert account.state is AccountState.ACTIVE
    *_, newest = house.credentials()
    assert console.accepts(newest.login_id, newest.password)
    granted = in_ledger(house, lambda ledger: ledger.history(first.application, before=first.id)).granted
    assert set(granted) == {WEDNESDAY, THURSDAY}


def test_a_reissue_renews_the_password_of_the_login_there_is(house: House, console: MemoryConsole) -> None:
    """One account, one password that works: the newest; the mail names no days that nobody granted."""
    (before,) = house.credentials()
    later(house, Kind.REISSUE)
    run(house, console)
    assert [one.state for one in requests(house)] == [State.DELIVERED, State.DELIVERED]
    *_, newest = house.credentials()
    assert newest.login_id == before.login_id
    assert console.accepts(newest.login_id, newest.password)
    assert not console.accepts(before.login_id, before.password)
    assert "承認した利用日" not in told(house, "credentials")[-1]


def test_revoking_the_request_closes_a_reissued_login(house: House, console: MemoryConsole) -> None:
    """A reissue never keeps a login alive by itself."""
    later(house, Kind.REISSUE)
    run(house, console)
    first = requests(house)[0]
    act(house, lambda acts: acts.revoke(first.id, "端末を紛失"))
    onward(house, console, first.id)
    (account,) = console.accounts.values()
    assert account.state is AccountState.DISABLED


def test_a_reissue_without_a_login_waits_for_a_person(tmp_path: Path, console: MemoryConsole) -> None:
    """Nothing is made for somebody who was granted no day to come."""
    house = House(path=tmp_path).lay_out({"console": {"settle": 0.3}, "forms": PROVEN, "rules": BY_ITSELF})
    later(house, Kind.REISSUE)
    run(house, console)
    assert ([one.state for one in requests(house)], console.accounts) == ([State.HELD], {})


def test_an_operator_approves_a_cancellation(tmp_path: Path, console: MemoryConsole) -> None:
    """Held by default; approved, it is carried out at once."""
    house = House(path=tmp_path).lay_out({"console": {"settle": 0.3}})
    house.apply("0000777", employee_no=KATO, days=(TUESDAY, WEDNESDAY), now=FRIDAY)
    run(house, console)
    later(house, Kind.CANCEL)
    run(house, console)
    cancel = requests(house)[1]
    assert cancel.state is State.HELD
    act(house, lambda acts: acts.approve(cancel.id, "本人に確認"))
    onward(house, console, cancel.id)
    assert [one.state for one in requests(house)] == [State.REVOKED, State.DONE]
    (account,) = console.accounts.values()
    assert account.state is AccountState.DISABLED


@pytest.fixture
def stuck(tmp_path: Path, console: MemoryConsole) -> House:
    """A house with one request that is stuck before anything was made."""
    house = House(path=tmp_path).lay_out({"console": {"settle": 0.3}})
    house.apply("0000777", employee_no=KATO, days=(TUESDAY,), now=FRIDAY)
    console.fail_next(Fault(verb="find", error=ConsoleDrift("find", "the list")))
    run(house, console)
    assert requests(house)[0].state is State.STUCK
    return house


def test_what_is_stuck_is_rerun(stuck: House, console: MemoryConsole) -> None:
    """Rerun after the cause was mended it is issued at once, by an act on record."""
    name = requests(stuck)[0].id
    act(stuck, lambda acts: acts.rerun(name, "フローを修正"))
    assert onward(stuck, console, name).delivered == 1
    (sent,) = stuck.credentials()
    assert console.accepts(sent.login_id, sent.password)
    with pytest.raises(ActRefused, match="stuck"):
        act(stuck, lambda acts: acts.rerun(name, "もう一度"))


def test_what_is_stuck_is_not_rerun_when_its_days_are_over(stuck: House) -> None:
    """A rerun would issue a login that nobody can use."""
    name = requests(stuck)[0].id
    stuck.clock.set(FRIDAY + timedelta(days=5))
    with pytest.raises(ActRefused, match="dismiss"):
        act(stuck, lambda acts: acts.rerun(name, "フローを修正"))


def test_what_is_stuck_without_an_account_is_dismissed_at_once(stuck: House, console: MemoryConsole) -> None:
    """It is over, nobody is mailed, and its day can be applied for again."""
    name = requests(stuck)[0].id
    act(stuck, lambda acts: acts.dismiss(name, "手作業で対応"))
    onward(stuck, console, name)
    assert (requests(stuck)[0].state, console.accounts, stuck.mailed()) == (State.REVOKED, {}, [])


@pytest.mark.parametrize("ours", [True, False], ids=["ours", "somebody else's"])
def test_an_account_that_nobody_confirmed_is_disabled_only_if_it_is_ours(
    tmp_path: Path, console: MemoryConsole, *, ours: bool
) -> None:
    """Dismissed after an unknown outcome: what carries the employee's address is closed, what carries another is not touched."""
    house = House(path=tmp_path).lay_out({"console": {"settle": 0.3}})
    house.apply("0000777", employee_no=KATO, days=(TUESDAY,), now=FRIDAY)
    console.fail_next(Fault(verb="create", error=OutcomeUnknown("create", "no answer"), acted=True))
    console.fail_next(Fault(verb="find", error=ConsoleDrift("find", "the list")))
    run(house, console)
    (request,) = requests(house)
    assert request.state is State.STUCK
    if not ours:
        console.accounts = {key: replace(one, mail="else@city.example.jp") for key, one in console.accounts.items()}
    act(house, lambda acts: acts.dismiss(request.id, "手作業で対応"))
    onward(house, console, request.id)
    (account,) = console.accounts.values()
    assert requests(house)[0].state is State.REVOKED
    assert account.state is (AccountState.DISABLED if ours else AccountState.ACTIVE)


def test_what_stays_stuck_loses_its_login_when_its_window_is_over(house: House, console: MemoryConsole) -> None:
    """A login whose mail never arrived is disabled like any other, though nobody dealt with the request."""
    first = requests(house)[0]
    assert first.window is not None

    async def come_back() -> None:
        workshop = house.workshop()
        ledger = workshop.ledger()
        try:
            cycle = workshop.cycle(ledger=ledger, mailbox=workshop.mailbox(), console=console)
            await cycle.at_console.expirer.bounced(first)
        finally:
            ledger.close()

    asyncio.run(come_back())
    assert requests(house)[0].state is State.STUCK
    house.clock.set(first.window.end)
    run(house, console)
    assert requests(house)[0].state is State.REVOKED
