"""What tests of the retention purge share: a house with old requests, and what is asked of it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path

from bot.commands.purging import made_for
from bot.console.memory import MemoryConsole
from bot.ledger.records import Verdict
from bot.life import State
from bot.operation.report import Progress, Silent
from tests.acts_kit import in_ledger
from tests.house import FRIDAY, ZONE, House

#: The ledger where config.yaml has it.
NO_CHANGE: Mapping[str, str] = {}
TUESDAY, LATER = date(2021, 8, 3), date(2025, 4, 8)
KATO, MOMOSE, MARUYAMA = "0031977", "0047755", "0041120"
#: Three years after the 1 April that follows July 2021, and the moment before.
OVER = datetime(2025, 4, 1, 9, 0, tzinfo=ZONE)
NOT_YET = datetime(2025, 3, 31, 23, 59, tzinfo=ZONE)
#: What tells who 上野原 is, in every form it was received or kept in.
PERSON = ("上野原", "t.uenohara", "0000777", "建設部道路課", "インフルエンザ")


class Killed(BaseException):
    """The process is gone: nothing in the bot may catch this."""


class Dying(Silent):
    """Dies at the given step."""

    def __init__(self, at: int) -> None:
        self._left = at

    def step(self) -> None:
        """Count down."""
        self._left -= 1
        if self._left < 0:
            raise Killed


def old_house(folder: Path, console: MemoryConsole, ledger: Mapping[str, str] = NO_CHANGE) -> House:
    """Return a house with requests of 2021: one revoked, one refused for its day; and nothing since."""
    made = House(path=folder / "house").lay_out({"console": {"settle": 0.3}, "ledger": ledger})
    made.apply("0000777", employee_no=KATO, days=(TUESDAY,), now=FRIDAY, note="緊急の理由：インフルエンザのため")
    made.apply("0000778", employee_no=MOMOSE, days=(date(2021, 7, 1),), now=FRIDAY)
    asyncio.run(made.run(console))
    made.clock.set(FRIDAY + timedelta(days=7))
    asyncio.run(made.run(console))
    assert states(made) == [State.REVOKED, State.REJECTED]
    for file in (made.path / "mailbox").rglob("*.eml"):
        os.utime(file, (FRIDAY.timestamp(), FRIDAY.timestamp()))
    return made


def purge(house: House, now: datetime, progress: Progress | None = None) -> dict[str, int]:
    """Purge as the command does."""
    house.clock.set(now)
    return in_ledger(house, lambda ledger: made_for(house.workshop(), ledger).run(progress or Silent()))


def count(house: House, now: datetime) -> dict[str, int]:
    """Count as --dry-run does."""
    house.clock.set(now)
    return in_ledger(house, lambda ledger: made_for(house.workshop(), ledger).count())


def states(house: House) -> list[State]:
    """Return the states of all requests."""
    return [one.state for one in in_ledger(house, lambda ledger: ledger.requests())]


def verify(house: House, head: str | None = None) -> Verdict:
    """Verify the chain."""
    return in_ledger(house, lambda ledger: ledger.verify(head))


def found(house: House, *texts: str) -> set[str]:
    """Return which of the texts stand in any byte of the house, but for what people keep themselves."""
    files = house.left_behind(but=("staff.csv", "config.yaml"))
    return {text for text in texts for content in files.values() if text.encode() in content}
