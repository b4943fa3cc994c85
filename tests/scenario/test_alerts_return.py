"""What is wrong, over, and soon wrong again: it is one thing, told once, and its end when it stays away."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.console.memory import Fault, MemoryConsole
from bot.errors import ConsoleDrift
from bot.ledger.conditions import Part
from bot.operation.alerts.catalogue import Area, Trouble
from bot.operation.alerts.findings import Finding
from bot.wiring.alerts import Outside
from tests.acts_kit import in_ledger
from tests.alerts_kit import Bot, Refusing, apply, beginnings, conditions, down, gate_of, pauses, told
from tests.house import House


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A house without settling times."""
    return House(path=tmp_path).lay_out({"console": {"settle": 0.3}})


def test_what_flaps_is_told_once(house: House) -> None:
    """Down, up, down, up every five minutes for three hours: one mail; it stays up: one more, with the whole time of it."""
    console = MemoryConsole()
    bot = Bot(house, console)
    apply(house)
    for number in range(36):
        if number % 2 == 0:
            down(console)
        bot.run()
    assert beginnings(house) == ["重大"]
    for _ in range(8):
        bot.run()
    assert beginnings(house) == ["重大", "解消"]
    assert "from 2021-07-30 (Fri) 13:04 to 2021-07-30 (Fri) 15:59" in told(house)[-1].text
    assert conditions(house) == []


def test_an_end_that_nobody_could_tell_before_the_next_is_told_with_it(house: House) -> None:
    """Up again in the last pass of the day, down in the first of the next: one mail tells the end of the one and the other."""
    console = MemoryConsole()
    bot = Bot(house, console)
    apply(house)
    down(console)
    bot.run()
    bot.run(after=15 * 60)
    apply(house, first=1)
    down(console)
    bot.run(after=30)
    first, both = told(house)
    assert "WHAT HAPPENED" in both.text
    assert "WHAT IS OVER" in both.text
    bot.run(after=31)
    bot.run()
    assert beginnings(house) == ["重大", "重大", "解消"]
    assert "WHAT IS OVER" not in first.text
    assert conditions(house) == []


def test_what_is_refused_again_is_told_and_stays_shut(house: House) -> None:
    """Mended and resumed, the login works and is refused again minutes later: told at once, and no look aside opens it again."""
    console = Refusing()
    bot = Bot(house, console)
    apply(house, 2)
    bot.run()
    console.refuses = False
    in_ledger(house, lambda ledger: gate_of(house, ledger).resume(Part.CONSOLE, "直した"))
    bot.run()
    console.refuses = True
    apply(house, first=2)
    bot.run()
    assert beginnings(house) == ["重大", "解消", "重大"]
    assert [pause.cause for pause in pauses(house)] == ["console_denied"]


def test_a_pause_of_what_is_back_outlasts_a_look_aside(house: House) -> None:
    """Drift again soon after its end: another process that tells something else meanwhile does not end the new pause."""
    console = MemoryConsole()
    bot = Bot(house, console)
    apply(house)
    drift = Finding(trouble=Trouble.DRIFT, detail="a label is missing")
    console.fail_next(Fault(verb="probe", error=ConsoleDrift("login", "a label")))
    bot.run(after=16)
    bot.run()
    in_ledger(house, lambda ledger: gate_of(house, ledger).stop(drift))
    shop = house.workshop()
    outside = Outside(sources=shop)
    asyncio.run(outside.tell((), mailbox=shop.mailbox, ledger=shop.ledger, looked=(Area.QUEUE,), only={Trouble.SURGE}))
    assert [pause.cause for pause in pauses(house)] == ["drift"]
