"""Whose a login is: a new one for each request, or one of a pool that goes from one employee to the next."""

from __future__ import annotations

import asyncio
import email
import email.policy
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.console.memory import Fault, MemoryConsole
from bot.console.port import Ability
from bot.errors import OutcomeUnknown, Transient
from bot.ledger.records import PURGED, Assignment, Request
from bot.life import State
from bot.model import Account, AccountState
from bot.operation.report import Report
from tests.acts_kit import act, in_ledger
from tests.house import ZONE, House, text_of
from tests.purge_kit import OVER, purge
from tests.scenario.crashes import Boundaries, Killed

TUESDAY, WEDNESDAY, THURSDAY = date(2021, 8, 3), date(2021, 8, 4), date(2021, 8, 5)
KATO, TAKAHASHI = "0031977", "0048213"
PER_REQUEST = {"scope": "per_request", "login_id": "t-{request}"}


def laid_out(path: Path, account: Mapping[str, object]) -> House:
    """Return a house with this scope."""
    return House(path=path).lay_out({"console": {"settle": 0.3}, "account": account})


def pool(*ids: str) -> dict[str, object]:
    """Return the settings of a pool."""
    return {"scope": "pool", "pool_ids": list(ids)}


def applies(house: House, number: str, employee_no: str, *days: date) -> None:
    """Put an application into the inbox."""
    house.apply(number, employee_no=employee_no, days=days, now=house.clock.now())


def run(house: House, console: MemoryConsole, day: date | None = None, hour: int = 9) -> Report:
    """Make one pass, at this hour of a day."""
    if day:
        house.clock.set(datetime.combine(day, time(hour), ZONE))
    return asyncio.run(house.run(console))


def requests(house: House) -> tuple[Request, ...]:
    """Return every request."""
    return in_ledger(house, lambda ledger: ledger.requests())


def holders(house: House) -> tuple[Assignment, ...]:
    """Return who held which ID of the pool."""
    return in_ledger(house, lambda ledger: ledger.assignments())


def newest(house: House) -> dict[str, tuple[str, str]]:
    """Return the newest credentials that each employee has."""
    return {sent.to: (sent.login_id, sent.password) for sent in house.credentials()}


def must_work(house: House, console: MemoryConsole, *, logins: int) -> None:
    """Be sure that so many employees have credentials, each a login of their own, and that all of them work."""
    credentials = newest(house)
    assert len(credentials) == len({login for login, _ in credentials.values()}) == logins
    assert all(console.accepts(*one) for one in credentials.values())


def test_each_request_has_a_login_of_its_own(tmp_path: Path) -> None:
    """Two requests of one employee: two logins, each closed at its own end and not used again."""
    house, console = laid_out(tmp_path, PER_REQUEST), MemoryConsole()
    applies(house, "0000777", KATO, TUESDAY)
    applies(house, "0000778", KATO, THURSDAY)
    run(house, console)
    first, second = requests(house)
    assert [one.login_id for one in (first, second)] == [f"t-{one.id}" for one in (first, second)]
    assert [one.window for one in console.accounts.values()] == [first.window, second.window]
    run(house, console, TUESDAY, 22)
    states = {name: account.state for name, account in console.accounts.items()}
    assert states == {first.login_id: AccountState.DISABLED, second.login_id: AccountState.ACTIVE}
    applies(house, "0000779", KATO, date(2021, 8, 10))
    run(house, console)
    assert requests(house)[2].login_id == f"t-{requests(house)[2].id}"
    assert console.writes["reset_password"] == 0


def test_a_pool_gives_each_employee_an_id(tmp_path: Path) -> None:
    """Two employees, two IDs; the console learns nobody's name, and the ledger says who holds which."""
    house, console = laid_out(tmp_path, pool("tele[01-02]")), MemoryConsole()
    applies(house, "0000777", KATO, TUESDAY)
    applies(house, "0000778", TAKAHASHI, TUESDAY)
    run(house, console)
    must_work(house, console, logins=2)
    assert [(one.login_id, one.employee_no, one.until) for one in holders(house)] == [
        ("tele01", KATO, None), ("tele02", TAKAHASHI, None),
    ]  # fmt: skip
    assert {account.mail for account in console.accounts.values()} == {"telework-id@city.example.jp"}
    assert {account.name for account in console.accounts.values()} == {"tele01", "tele02"}


def test_a_full_pool_is_told_and_nobody_loses_a_login(tmp_path: Path) -> None:
    """With no ID free the request is stuck with V11, also on the day of the one before; rerun the day after it gets the ID anew."""
    house, console = laid_out(tmp_path, pool("tele01")), MemoryConsole()
    applies(house, "0000777", KATO, TUESDAY)
    run(house, console)
    applies(house, "0000778", TAKAHASHI, THURSDAY)
    report = run(house, console)
    first, second = requests(house)
    assert (first.state, second.state, second.login_id) == (State.DELIVERED, State.STUCK, None)
    assert "V11" in report.problems[0]
    must_work(house, console, logins=1)
    run(house, console, TUESDAY, 22)
    act(house, lambda acts: acts.rerun(second.id, "解放を確認"))
    run(house, console)  # held by another employee today
    assert requests(house)[1].state is State.STUCK
    act(house, lambda acts: acts.rerun(second.id, "解放を確認"))
    run(house, console, WEDNESDAY)
    (old, new) = house.credentials()
    assert (old.login_id, new.login_id) == ("tele01", "tele01")
    assert console.accepts("tele01", new.password)
    assert not console.accepts("tele01", old.password)
    earlier, later = holders(house)
    assert (earlier.employee_no, later.employee_no, later.until) == (KATO, TAKAHASHI, None)
    assert earlier.until is not None
    assert earlier.until.date() == TUESDAY < later.since.date()
    assert "すでにお持ちの" not in _last_text(house)


def test_an_extension_stays_on_the_id(tmp_path: Path) -> None:
    """Who holds an ID of the pool gets further days on it, with a new password, and holds no second one."""
    house, console = laid_out(tmp_path, pool("tele[01-02]")), MemoryConsole()
    applies(house, "0000777", KATO, TUESDAY)
    run(house, console)
    applies(house, "0000778", KATO, THURSDAY)
    run(house, console)
    assert [one.login_id for one in holders(house)] == ["tele01", "tele01"]
    must_work(house, console, logins=1)
    assert "すでにお持ちの" in _last_text(house)
    run(house, console, TUESDAY, 22)
    must_work(house, console, logins=1)
    run(house, console, THURSDAY, 22)
    assert {one.until is None for one in holders(house)} == {False}
    assert console.accounts["tele01"].state is AccountState.DISABLED


def test_an_id_that_could_not_be_disabled_goes_to_nobody(tmp_path: Path) -> None:
    """While the console refuses, the ID stays held: the old password still works on it."""
    house, console = laid_out(tmp_path, pool("tele01")), MemoryConsole()
    applies(house, "0000777", KATO, TUESDAY)
    run(house, console)
    console.fail_next(Fault(verb="disable", error=Transient("not now")))
    run(house, console, TUESDAY, 22)
    applies(house, "0000778", TAKAHASHI, date(2021, 8, 6))
    run(house, console, WEDNESDAY)
    assert [one.state for one in requests(house)] == [State.REVOKED, State.STUCK]


def test_an_id_that_the_console_had_before_is_taken_over(tmp_path: Path) -> None:
    """The pool's IDs belong to the bot: one made by hand gets a new password, on record."""
    house, console = laid_out(tmp_path, pool("tele01")), MemoryConsole()
    console.accounts["tele01"] = Account(
        login_id="tele01", name="共用1", mail="it@city.example.jp", state=AccountState.DISABLED
    )
    applies(house, "0000777", KATO, TUESDAY)
    run(house, console)
    must_work(house, console, logins=1)
    assert len(in_ledger(house, lambda ledger: ledger.of_action("account.adopt"))) == 1


def test_a_stuck_request_gives_its_id_back(tmp_path: Path) -> None:
    """Dismissed after an unknown outcome, the ID is disabled and free the day after."""
    house, console = laid_out(tmp_path, pool("tele01")), MemoryConsole()
    applies(house, "0000777", KATO, TUESDAY)
    for _ in range(3):
        console.fail_next(Fault(verb="create", error=OutcomeUnknown("create", "no answer")))
    run(house, console)
    (request,) = requests(house)
    assert (request.state, request.login_id) == (State.STUCK, "tele01")
    act(house, lambda acts: acts.dismiss(request.id, "手作業で対応"))
    run(house, console)
    assert (requests(house)[0].state, holders(house)[0].until) == (State.REVOKED, house.clock.now())


def test_an_old_holder_is_purged_while_another_holds_the_id(tmp_path: Path) -> None:
    """Retention takes out whoever gave the ID back; who holds it now stays, and so does the record that somebody had it."""
    house, console = laid_out(tmp_path, pool("tele01")), MemoryConsole()
    applies(house, "0000777", KATO, TUESDAY)
    run(house, console)
    run(house, console, TUESDAY, 22)
    house.clock.set(OVER)
    applies(house, "0000778", TAKAHASHI, date(2025, 4, 8))
    run(house, console)
    assert purge(house, OVER)["requests"] == 1
    assert [(one.login_id, one.employee_no) for one in holders(house)] == [("tele01", PURGED), ("tele01", TAKAHASHI)]


@pytest.mark.timeout(900)  # some forty houses, each with three or more passes
@pytest.mark.parametrize("after", [False, True], ids=["before the act", "after the act"])
@pytest.mark.parametrize("scope", ["per_request", "pool", "pool, next holder"])
def test_killed_at_every_boundary_and_run_again(tmp_path: Path, scope: str, *, after: bool) -> None:
    """Wherever the pass dies, the next one makes it good: one login for each, one holder for each ID, the newest mail works."""
    count, at = 1, 0
    while at < count:
        house, console = _ready(tmp_path / str(at), scope)
        before = dict(newest(house))
        boundaries = Boundaries(at=at, after=after)
        assert asyncio.run(_dies(house, console, boundaries))
        count = count if at else _boundaries(tmp_path / "counting", scope)
        died = f"died {'after' if after else 'before'} {boundaries.passed[-1]} (boundary {at})"
        run(house, console)
        run(house, console, max(requests(house)[-1].granted))  # a console without a validity: now the bot has opened it
        asked = requests(house)[len(before) :]
        assert [one.state for one in asked] == [State.DELIVERED] * len(asked), died
        fresh = {to: pair for to, pair in newest(house).items() if to not in before}
        assert sorted(pair[0] for pair in fresh.values()) == sorted(one.login_id or "" for one in asked), died
        assert all(console.accepts(*pair) for pair in fresh.values()), died
        assert not any(console.accepts(*pair) for pair in before.values()), died
        held = [one for one in holders(house) if one.until is None]
        assert len({one.login_id for one in held}) == len(held) == (0 if scope == "per_request" else len(asked)), died
        assert in_ledger(house, lambda ledger: ledger.verify()).ok, died
        at += 1
    assert count >= 10


def _boundaries(path: Path, scope: str) -> int:
    boundaries = Boundaries()
    asyncio.run(_dies(*_ready(path, scope), boundaries))
    return len(boundaries.passed)


def _ready(path: Path, scope: str) -> tuple[House, MemoryConsole]:
    """Return a house right before the pass that is to die."""
    console = MemoryConsole(without={Ability.WINDOW})
    house = laid_out(path, PER_REQUEST if scope == "per_request" else pool("tele01"))
    if scope == "pool, next holder":
        applies(house, "0000777", KATO, TUESDAY)
        run(house, console)
        run(house, console, TUESDAY, 22)
        house.clock.set(house.clock.now() + timedelta(hours=11))
    applies(house, "0000778", TAKAHASHI, house.clock.now().date() + timedelta(days=6))
    return house, console


async def _dies(house: House, console: MemoryConsole, boundaries: Boundaries) -> bool:
    workshop = house.workshop()
    ledger = workshop.ledger()
    parts: dict[str, Any] = {
        "ledger": boundaries.around("ledger", ledger), "mailbox": boundaries.around("mailbox", workshop.mailbox()),
        "console": boundaries.around("console", console),
    }  # fmt: skip
    try:
        await house.run(**parts)
    except Killed:
        return True
    finally:
        ledger.close()
    return False


def _last_text(house: House) -> str:
    newest_mail = [file for file in house.files("outbox") if ".credentials." in file.name][-1]
    return text_of(email.message_from_bytes(newest_mail.read_bytes(), policy=email.policy.default))
