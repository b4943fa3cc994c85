"""The day's digest: sent even on a day with nothing, and whole where something is wrong."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import pytest

from bot.console.memory import MemoryConsole
from bot.life import State
from bot.operation.digest import Digest, make_digest, versions
from tests.acts_kit import in_ledger
from tests.alerts_kit import STAFF, apply, down
from tests.house import FRIDAY, House, text_of
from tests.reconcile_kit import compared
from tests.worklist_kit import Desk


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A house."""
    return House(path=tmp_path / "house").lay_out({"console": {"settle": 0.3}})


def digest(house: House) -> tuple[Digest, str]:
    """Return the digest of today, and what the mail says."""
    now, used = house.clock.now(), versions("1.2.3", "c0ffee" * 11)
    made = in_ledger(house, lambda ledger: make_digest(ledger, now.date(), now, used))
    mail = house.workshop().composer().digest(("operators@city.example.jp",), made=asdict(made), version="1.2.3")
    return made, text_of(mail)


def test_a_day_with_nothing_says_so(house: House) -> None:
    """It has the head, the versions, and the plain sentence that nothing waits and nothing was compared."""
    made, text = digest(house)
    assert (made.messages, made.requests, made.undelivered, made.lasting, made.compared) == (0, {}, (), (), None)
    assert text.count("ありません。") >= 4
    for expected in (made.head, "1.2.3", made.versions.schema, "c0ffeec0ffeec0ff", "まだ行っていません", "never yet"):
        assert expected in text


def test_what_is_at_risk_stands_in_it(house: House) -> None:
    """Accepted and not delivered, what lasts since when, what stands still for a list, and the last comparison; nobody's name."""
    console = MemoryConsole()
    apply(house, 1)
    asyncio.run(house.run(console))
    house.clock.set(FRIDAY + timedelta(hours=1))
    apply(house, 1, first=1)
    down(console)
    asyncio.run(house.run(console))
    compared(house, console)
    Desk(house=house, console=console).take()
    house.clock.set(FRIDAY + timedelta(hours=2))
    made, text = digest(house)
    (risk,) = made.undelivered
    assert (risk.state, len(made.of_the_day), made.requests) == (State.ACCEPTED, 2, {"accepted": 1, "delivered": 1})
    assert [one.cause for one in made.still][-1] == "worklist"
    assert made.lasting, "the console is down"
    assert made.compared is not None
    for expected in (
        f"At risk:    {risk.id}",
        made.lasting[0].ja,
        made.lasting[0].en,
        "worklist",
        "Reconciled: 2021-07-30",
    ):
        assert expected in text
    assert not any(number in text for number in STAFF)


def test_a_message_that_nobody_has_looked_at_is_told_every_day(house: House) -> None:
    """Unreadable yesterday and not dismissed: today's digest still says so."""
    (house.path / "mailbox" / "inbox" / "0001.eml").write_bytes(
        b"From: noreply@apply.city.example.jp\r\nSubject: x\r\n\r\n?\r\n"
    )
    asyncio.run(house.run(MemoryConsole()))
    first = digest(house)[0].unreadable
    assert len(first) == 1
    house.clock.set(FRIDAY + timedelta(days=1))
    made, text = digest(house)
    assert (made.messages, made.unreadable) == (0, first)
    assert f"Unreadable: {first[0]}" in text
