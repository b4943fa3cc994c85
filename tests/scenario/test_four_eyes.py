"""`operators.four_eyes`: what one person proposes takes effect when another one gives the same command."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.console.memory import MemoryConsole
from bot.errors import ActRefused
from bot.life import State
from bot.model import AccountState
from bot.operation.acts import Act, Acts
from bot.operation.unreadable import dismiss_message
from tests.acts_kit import in_ledger, one
from tests.house import FRIDAY, House
from tests.reconcile_kit import LOGIN, TUESDAY, UENOHARA, fixed
from tests.unit.test_cli import answer


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A house where revoking and dismissing need two, with one delivered request."""
    made = House(path=tmp_path / "house").lay_out(
        {"console": {"settle": 0.3}, "operators": {"four_eyes": ["revoke", "dismiss"]}}
    )
    made.apply("0000777", employee_no=UENOHARA, days=(TUESDAY,), now=FRIDAY)
    asyncio.run(made.run(MemoryConsole()))
    return made


def by(house: House, who: str, verb: Callable[[Acts], Awaitable[Act]]) -> Act:
    """Do an act in somebody's name."""

    async def work() -> Act:
        with house.workshop().acts(who) as acts:
            return await verb(acts)

    return asyncio.run(work())


def revoke(house: House, who: str, reason: str, *, at_wish: bool = False) -> Act:
    """Revoke the one request."""
    name = one(house).id
    return by(house, who, lambda acts: acts.revoke(name, reason, at_wish=at_wish))


def empty_mail(house: House) -> str:
    """Receive a mail that can't be read and return its id."""
    (house.path / "mailbox" / "inbox" / "empty.eml").write_bytes(b"")
    asyncio.run(house.run(MemoryConsole()))
    return in_ledger(house, lambda ledger: ledger.messages())[1].id


def test_the_second_person_makes_it_so(house: House) -> None:
    """The first one's changes nothing; both names and reasons stand in the chain."""
    before = one(house)
    first = revoke(house, "吉澤　勝", "端末を紛失")
    assert (first.proposed, first.after, one(house)) == (True, State.DELIVERED, before)
    second = revoke(house, "柳沢 明美", "電話で確認")
    assert second.proposed is False
    assert one(house).window != before.window
    told = [
        (item.event.action, item.run.actor, item.event.reason)
        for item in in_ledger(house, lambda ledger: ledger.timeline(before.id))
        if item.event.action in {"act.propose", "act.confirm", "request.revoke"}
    ]
    assert told == [
        ("act.propose", "吉澤　勝", "端末を紛失"), ("act.confirm", "柳沢 明美", "電話で確認"),
        ("request.revoke", "柳沢 明美", "電話で確認"),
    ]  # fmt: skip


@pytest.mark.parametrize("who", ["吉澤　勝", "吉澤 勝", "吉澤勝 "])
def test_nobody_is_two_people(house: House, who: str) -> None:
    """The same name, however it is spaced, does not confirm itself."""
    revoke(house, "吉澤　勝", "端末を紛失")
    with pytest.raises(ActRefused, match="another person"):
        revoke(house, who, "やはり紛失")
    assert one(house).state is State.DELIVERED


def test_a_proposal_expires(house: House) -> None:
    """After `proposal_hours` the second person's is a proposal of its own."""
    revoke(house, "吉澤　勝", "端末を紛失")
    house.clock.set(FRIDAY + timedelta(hours=24, seconds=1))
    assert revoke(house, "柳沢 明美", "電話で確認").proposed
    assert revoke(house, "吉澤　勝", "端末を紛失").proposed is False


def test_another_act_is_no_confirmation(house: House) -> None:
    """To revoke at the applicant's wish is told differently to the applicant: it confirms nothing."""
    revoke(house, "吉澤　勝", "端末を紛失")
    assert revoke(house, "柳沢 明美", "本人の希望", at_wish=True).proposed


def test_what_does_not_fit_is_not_even_proposed(house: House) -> None:
    """A request that is delivered can't be dismissed: refused at once, nothing on record."""
    name = one(house).id
    with pytest.raises(ActRefused, match="only what is stuck"):
        by(house, "吉澤　勝", lambda acts: acts.dismiss(name, "不要"))
    assert in_ledger(house, lambda ledger: ledger.of_action("act.propose")) == ()


def test_a_message_is_dismissed_by_two(house: House) -> None:
    """The same for messages."""
    name = empty_mail(house)
    assert by(house, "吉澤　勝", lambda acts: dismiss_message(acts, name, "空のメール")).proposed
    assert by(house, "柳沢 明美", lambda acts: dismiss_message(acts, name, "空のメール")).after == "dismissed"


def test_reconcile_fixes_what_two_agree_on(tmp_path: Path) -> None:
    """`reconcile --fix`: the first person proposes each, cannot confirm it, and the second resolves it; what is new is proposed anew."""
    house = House(path=tmp_path / "two").lay_out(
        {"console": {"settle": 0.3}, "operators": {"four_eyes": ["reconcile"]}}
    )
    house.apply("0000777", employee_no=UENOHARA, days=(TUESDAY,), now=FRIDAY)
    console = MemoryConsole()
    asyncio.run(house.run(console))
    house.clock.set(FRIDAY + timedelta(days=10))
    (first,), report = fixed(house, console)
    assert (first.fixed, first.proposed, first.needs_operator, report.problems) == (False, True, True, [])
    assert console.accounts[LOGIN].state is AccountState.ACTIVE
    (same,), report = fixed(house, console)
    assert (same.fixed, same.proposed) == (False, False)
    assert "another person" in report.problems[0]
    (second,), report = fixed(house, console, by="柳沢 明美")
    assert (second.fixed, second.proposed, report.problems) == (True, False, [])
    assert console.accounts[LOGIN].state is AccountState.DISABLED
    name = one(house).id
    told = in_ledger(house, lambda ledger: ledger.timeline(name))
    assert [item.run.actor for item in told if item.event.action in {"act.propose", "act.confirm"}] == [
        "吉澤　勝", "柳沢 明美",
    ]  # fmt: skip
    console.accounts[LOGIN] = replace(console.accounts[LOGIN], state=AccountState.ACTIVE)
    (again,), _ = fixed(house, console, by="柳沢 明美")
    assert (again.kind, again.proposed) == ("enabled_again", True)


def test_the_command_says_that_it_is_a_proposal(house: House) -> None:
    """The row says so, and the second person's says what came of it."""
    about = (empty_mail(house), "--reason", "空のメール", "--config", str(house.config))
    (row,) = answer("dismiss", *about, "--by", "吉澤")
    assert (row["before"], row["after"], row["proposed"]) == ("unreadable", "unreadable", True)
    assert answer("dismiss", *about, "--by", "吉澤", status=1) == []
    (row,) = answer("dismiss", *about, "--by", "柳沢")
    assert (row["after"], row["proposed"]) == ("dismissed", False)
