"""A house whose reading process can be poisoned, in this process or in one of its own that can be killed."""

from __future__ import annotations

import asyncio
import re
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from bot.cli import leave_with
from bot.clock import SystemClock
from bot.commands.passes import make_pass
from bot.commands.serve import keep_serving
from bot.console.memory import MemoryConsole
from bot.errors import BotError
from bot.operation.cycle import Cycle
from bot.operation.report import Report, Silent
from bot.reading.isolated import Readers
from bot.wiring import Workshop
from tests.house import ZONE, House
from tests.reading_targets import TARGET

#: It came before every application.
HEAD = (
    b"Received: from a by mx.city.example.jp; Fri, 30 Jul 2021 09:00:00 +0900\r\n"
    b"From: a@city.example.jp\r\nSubject: x\r\nMessage-ID: <%s@city.example.jp>\r\n\r\n%s\r\n"
)


def put_poison(house: House, name: str, poison: bytes) -> None:
    """Put a poisoned mail into the inbox, older than all others."""
    (house.path / "mailbox" / "inbox" / f"{name}.eml").write_bytes(HEAD % (name.encode(), poison))


def poisoned(house: House) -> Workshop:
    """Return a workshop whose reading process does what a poisoned mail says."""
    return replace(house.workshop(), readers=Readers(target=TARGET))


def take_in(house: House) -> Report:
    """Make a pass with that, and a console in memory."""
    workshop = poisoned(house)
    ledger = workshop.ledger()
    try:
        cycle = workshop.cycle(ledger=ledger, mailbox=workshop.mailbox(), console=MemoryConsole())
        return asyncio.run(cycle.run(Silent()))
    finally:
        ledger.close()
        workshop.reader().close()


class Hanging(Workshop):
    """A workshop whose passes hang: ``say`` is told how, and has been told when they do."""

    @asynccontextmanager
    async def ready_cycle(self) -> AsyncIterator[Cycle]:
        """Hang, as :data:`HANGS` has it."""
        how = self.config.path("how").read_text(encoding="ascii")
        self.say(f"hangs: {how}")
        if how == "loop":
            _spin()
        ways: dict[str, Callable[[], object]] = {"thread": _spin, "lock": _lock, "wait": threading.Event().wait}
        await asyncio.to_thread(ways[how])
        async with super().ready_cycle() as cycle:
            yield cycle


#: A thread that spins in Python, one that waits for ever, the event loop itself, one call of C that keeps the interpreter's lock.
HANGS = ("thread", "wait", "loop", "lock")


def _spin() -> None:
    while True:
        pass


def _lock() -> None:
    re.match(r"(a|a)*$", "a" * 60 + "b")


def main(command: str, folder: str) -> int:
    """Run a command on the house in ``folder``, in this process."""
    house = House(path=Path(folder))
    if command == "take-in":
        return take_in(house).exit_status
    made = house.workshop()
    hanging = Hanging(config=made.config, clock=SystemClock(ZONE), redactor=made.redactor, say=_said)
    if command == "serve":
        return keep_serving(hanging)
    return make_pass(hanging).exit_status


def _said(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - its output


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except BotError as error:
        leave_with(error)
