"""`reconcile --adopt`: only what the replaced ledger knew as ours, and only what carries the employee's address."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.console.memory import MemoryConsole
from bot.errors import ActRefused
from bot.life import State
from bot.operation.acts import Act
from bot.operation.adopt import adopt
from bot.secret import Redactor
from tests.acts_kit import in_ledger, onward
from tests.house import FRIDAY, House
from tests.restore_kit import (
    KATO,
    TAKAHASHI,
    TUESDAY,
    WEDNESDAY,
    adopt_one,
    backed_up_house,
    foreign,
    put_mails_back,
    restore,
)


@pytest.fixture
def console() -> MemoryConsole:
    """An empty console."""
    return MemoryConsole()


@pytest.fixture
def house(tmp_path: Path, console: MemoryConsole) -> House:
    """A house that issued a login to 上野原, was backed up, and then issued one to 髙橋."""
    return backed_up_house(tmp_path, console)


def test_a_login_that_the_replaced_ledger_did_not_know_is_not_adopted(house: House, console: MemoryConsole) -> None:
    """A restore is no way to take over somebody else's account: it must have been ours before."""
    replaced = restore(house)
    put_mails_back(house, replaced)
    house.apply("0000779", employee_no="0036421", days=(WEDNESDAY,), now=house.clock.now())
    asyncio.run(console.create(foreign("tw0036421"), Redactor().new("Somebody-Else-1")))
    asyncio.run(house.run(console))
    stuck = [one for one in in_ledger(house, lambda ledger: ledger.requests()) if one.state is State.STUCK]
    assert len(stuck) == 2
    other = next(one for one in stuck if one.application.employee_no == "0036421")
    with pytest.raises(ActRefused, match="did not know it either"):
        adopt_one(house, console, other.id)


def test_an_account_with_another_address_is_left_alone(house: House, console: MemoryConsole) -> None:
    """Adopting says it may be ours; the account itself must say so too, by the employee's address."""
    replaced = restore(house)
    put_mails_back(house, replaced)
    login_id = f"tw{TAKAHASHI}"
    del console.accounts[login_id]
    asyncio.run(console.create(foreign(login_id), Redactor().new("Somebody-Else-1")))
    asyncio.run(house.run(console))
    stuck = in_ledger(house, lambda ledger: ledger.requests())[1]
    adopt_one(house, console, stuck.id)
    after = in_ledger(house, lambda ledger: ledger.get(stuck.id))
    assert after.state is State.STUCK
    assert "another mail address" in after.stuck_reason
    assert console.accepts(login_id, "Somebody-Else-1")


def test_without_a_restore_nothing_is_adopted(tmp_path: Path, console: MemoryConsole) -> None:
    """An account that exists already is a conflict as ever."""
    house = House(path=tmp_path / "house").lay_out()
    house.apply("0000777", employee_no=KATO, days=(TUESDAY,), now=FRIDAY)
    asyncio.run(console.create(foreign(f"tw{KATO}"), Redactor().new("Somebody-Else-1")))
    asyncio.run(house.run(console))
    (stuck,) = in_ledger(house, lambda ledger: ledger.requests())
    assert stuck.state is State.STUCK
    with pytest.raises(ActRefused, match="no backup was ever put in place"):
        adopt_one(house, console, stuck.id)


def test_a_login_is_adopted_by_two(house: House, console: MemoryConsole) -> None:
    """With `adopt` under four eyes the first person's command changes nothing, and the second one's has it delivered."""
    house.lay_out({"console": {"settle": 0.3}, "operators": {"four_eyes": ["adopt"]}})
    put_mails_back(house, restore(house))
    asyncio.run(house.run(console))
    (stuck,) = [one for one in in_ledger(house, lambda ledger: ledger.requests()) if one.state is State.STUCK]

    async def work(who: str) -> Act:
        workshop = house.workshop()
        with workshop.acts(who) as acts:
            return await adopt(acts, workshop.config.settings.account, stuck.id, "復元前に発行済み")

    first = asyncio.run(work("吉澤　勝"))
    assert (first.proposed, first.after) == (True, State.STUCK)
    with pytest.raises(ActRefused, match="another person"):
        asyncio.run(work("吉澤 勝"))
    assert asyncio.run(work("柳沢 明美")).after is State.ACCEPTED
    assert onward(house, console, stuck.id).delivered == 1
