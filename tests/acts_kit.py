"""What tests of operators' acts share: to do one, to carry it out, and to ask the ledger."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from bot.console.memory import MemoryConsole
from bot.ledger.ledger import Ledger
from bot.ledger.records import Request
from bot.operation.acts import Act, Acts
from bot.operation.report import Report, Silent
from tests.house import House

T = TypeVar("T")


def act(house: House, verb: Callable[[Acts], Awaitable[Act]]) -> Act:
    """Do an act in an operator's name."""

    async def work() -> Act:
        with house.workshop().acts("吉澤　勝") as acts:
            return await verb(acts)

    return asyncio.run(work())


def onward(house: House, console: MemoryConsole, name: str) -> Report:
    """Carry out what was decided, as the command does."""

    async def work(ledger: Ledger) -> Report:
        workshop = house.workshop()
        cycle = workshop.cycle(ledger=ledger, mailbox=workshop.mailbox(), console=console)
        return await cycle.onward([name], Silent())

    return in_ledger(house, work)


def in_ledger(house: House, work: Callable[[Ledger], Awaitable[T]]) -> T:
    """Ask the ledger."""

    async def ask() -> T:
        ledger = house.workshop().ledger()
        try:
            return await work(ledger)
        finally:
            ledger.close()

    return asyncio.run(ask())


def one(house: House) -> Request:
    """Return the one request."""
    (request,) = in_ledger(house, lambda ledger: ledger.requests())
    return request
