"""What tests of the restore drill share: a house with a login issued since its backup, and the operator's steps."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

from bot.commands.backups import backed_up
from bot.commands.restoring import put_back
from bot.console.memory import MemoryConsole
from bot.ledger.restore import Replaced
from bot.life import State
from bot.model import AccountSpec, Window
from bot.operation.acts import Act, Acts
from bot.operation.adopt import adopt
from bot.operation.report import Report
from tests.acts_kit import act, in_ledger, onward
from tests.house import FRIDAY, House

#: The ledger where config.yaml has it.
NO_CHANGE: Mapping[str, str] = {}
TUESDAY, WEDNESDAY = date(2021, 8, 3), date(2021, 8, 4)
KATO, TAKAHASHI = "0031977", "0048213"


def backed_up_house(folder: Path, console: MemoryConsole, ledger: Mapping[str, str] = NO_CHANGE) -> House:
    """Return a house that issued a login to 上野原, was backed up, and then issued one to 髙橋."""
    made = House(path=folder / "house").lay_out({"console": {"settle": 0.3}, "ledger": ledger})
    made.apply("0000777", employee_no=KATO, days=(TUESDAY,), now=FRIDAY)
    asyncio.run(made.run(console))
    back_up(made)
    made.clock.set(FRIDAY + timedelta(minutes=5))
    made.apply("0000778", employee_no=TAKAHASHI, days=(TUESDAY, WEDNESDAY), now=made.clock.now())
    asyncio.run(made.run(console))
    assert states(made) == [State.DELIVERED, State.DELIVERED]
    return made


def back_up(house: House) -> None:
    """Make the backup of the drill."""
    to = house.path / "backup.sqlite3"
    in_ledger(house, lambda ledger: backed_up(house.workshop(), ledger, to, keep=1))


def restore(house: House) -> Replaced:
    """Restore the backup, a minute later."""
    house.clock.set(house.clock.now() + timedelta(minutes=1))
    return put_back(house.workshop(), house.path / "backup.sqlite3", by="吉澤　勝", reason="訓練")[1]


def put_mails_back(house: House, replaced: Replaced) -> None:
    """Do what the list says: move each mail from where it was filed to the inbox."""
    for message in replaced.messages:
        shutil.move(house.path / "mailbox" / message.folder / message.name, house.path / "mailbox" / "inbox")


def states(house: House) -> list[State]:
    """Return the states of all requests."""
    return [one.state for one in in_ledger(house, lambda ledger: ledger.requests())]


def adopt_one(house: House, console: MemoryConsole, name: str) -> Report:
    """Adopt and carry out, as `reconcile --adopt` does."""

    async def verb(acts: Acts) -> Act:
        return await adopt(acts, house.workshop().config.settings.account, name, "復元前に発行済み")

    act(house, verb)
    return onward(house, console, name)


def foreign(login_id: str) -> AccountSpec:
    """Return an account that somebody else made."""
    window = Window(start=FRIDAY, end=FRIDAY + timedelta(days=9))
    return AccountSpec(
        login_id=login_id, name="誰か", department="", mail="someone@else.example.jp", pool="", zones=(), window=window
    )
