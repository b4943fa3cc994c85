"""Logins that end before their time: the account is disabled, and the applicant is told once."""

from __future__ import annotations

import asyncio
import email
import email.policy
from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.console.memory import Fault, MemoryConsole
from bot.errors import ActRefused, Transient
from bot.life import State
from bot.model import AccountState
from tests.acts_kit import act, in_ledger, one, onward
from tests.house import FRIDAY, House, text_of

TUESDAY = date(2021, 8, 3)
KATO = "0031977"


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A house before the cutoff for Tuesday, with one application for Tuesday in the inbox."""
    made = House(path=tmp_path).lay_out({"console": {"settle": 0.3}})
    made.apply("0000777", employee_no=KATO, days=(TUESDAY,), now=FRIDAY)
    return made


def told(house: House, kind: str) -> list[str]:
    """Return the texts of the notices of this kind that went out."""
    mails = [
        email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        for file in house.files("outbox")
        if f".{kind}." in file.name
    ]
    return [text_of(mail) for mail in mails]


@pytest.mark.parametrize(("at_wish", "kind"), [(True, "cancelled"), (False, "revoked")])
def test_a_delivered_login_is_revoked_at_once(house: House, kind: str, *, at_wish: bool) -> None:
    """The account is disabled and the applicant told in the same call, once, without the operator's reason."""
    console = MemoryConsole()
    asyncio.run(house.run(console))
    request = one(house)
    act(house, lambda acts: acts.revoke(request.id, "端末を紛失", at_wish=at_wish))
    report = onward(house, console, request.id)
    assert (report.revoked, report.problems, one(house).state) == (1, [], State.REVOKED)
    (account,) = console.accounts.values()
    assert account.state is AccountState.DISABLED
    asyncio.run(house.run(console))
    (text,) = told(house, kind)
    assert request.id in text
    assert "紛失" not in text
    events = in_ledger(house, lambda ledger: ledger.timeline(request.id))
    assert [
        (stored.event.reason, stored.run.actor) for stored in events if stored.event.action == "request.revoke"
    ] == [("端末を紛失", "吉澤　勝")]


def test_what_is_not_issued_yet_never_will_be(house: House) -> None:
    """Accepted and waiting for its hour, revoked: no account is made, and the applicant is told."""
    console = MemoryConsole()
    console.fail_next(Fault(verb="probe", error=Transient("not now")))
    asyncio.run(house.run(console))
    request = one(house)
    assert request.state is State.ACCEPTED
    act(house, lambda acts: acts.revoke(request.id, "本人から電話", at_wish=True))
    onward(house, console, request.id)
    asyncio.run(house.run(console))
    assert (one(house).state, console.accounts, house.credentials()) == (State.REVOKED, {}, [])
    assert len(told(house, "cancelled")) == 1


def test_a_console_that_is_down_is_tried_again(house: House) -> None:
    """The act is on record; the next pass disables the account, and only then the applicant is told."""
    console = MemoryConsole()
    asyncio.run(house.run(console))
    request = one(house)
    act(house, lambda acts: acts.revoke(request.id, "退職"))
    console.fail_next(Fault(verb="disable", error=Transient("not now")))
    assert onward(house, console, request.id).exit_status
    assert (one(house).state, told(house, "revoked")) == (State.DELIVERED, [])
    asyncio.run(house.run(console))
    assert (one(house).state, len(told(house, "revoked"))) == (State.REVOKED, 1)


def test_the_days_can_be_applied_for_again(house: House) -> None:
    """After a revocation the same day is no repetition: a new application gets the account back with a new password."""
    console = MemoryConsole()
    asyncio.run(house.run(console))
    first = one(house)
    act(house, lambda acts: acts.revoke(first.id, "本人から電話", at_wish=True))
    onward(house, console, first.id)
    house.clock.set(FRIDAY + timedelta(minutes=10))
    house.apply("0000778", employee_no=KATO, days=(TUESDAY,), now=FRIDAY + timedelta(minutes=9))
    asyncio.run(house.run(console))
    *_, newest = house.credentials()
    assert console.accepts(newest.login_id, newest.password)


def test_revoking_twice_is_refused(house: House) -> None:
    """What is revoked, or about to be, or was never granted, is no request to revoke; nothing changes."""
    console = MemoryConsole()
    asyncio.run(house.run(console))
    request = one(house)
    act(house, lambda acts: acts.revoke(request.id, "退職"))
    with pytest.raises(ActRefused, match="the next pass"):
        act(house, lambda acts: acts.revoke(request.id, "退職"))
    onward(house, console, request.id)
    with pytest.raises(ActRefused, match="revoked"):
        act(house, lambda acts: acts.revoke(request.id, "退職"))
