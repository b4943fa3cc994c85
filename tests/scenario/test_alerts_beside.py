"""Who looks beside a pass, such as at the queue, does not get in the way of what the pass tells."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from bot.console.memory import MemoryConsole
from bot.ledger.conditions import Condition
from bot.ledger.ledger import Ledger
from bot.operation.alerts.catalogue import Area, Trouble
from bot.operation.alerts.store import Store
from bot.operation.report import Report
from bot.wiring.alerts import Direct
from bot.wiring.alerts import alerts as wired
from tests.acts_kit import in_ledger
from tests.alerts_kit import Bot, apply, beginnings, conditions, down
from tests.house import House


class Overtaken:
    """A store whose user is overtaken by a whole pass when it has read."""

    def __init__(self, kept: Store, meanwhile: Callable[[], Awaitable[object]]) -> None:
        self.save, self.note = kept.save, kept.note
        self._kept, self._meanwhile = kept, meanwhile

    async def load(self) -> tuple[Condition, ...]:
        """See :meth:`bot.operation.alerts.store.Store.load`."""
        kept = await self._kept.load()
        await self._meanwhile()
        return kept


def test_who_looks_beside_a_pass_brings_back_nothing_that_it_told(tmp_path: Path) -> None:
    """The look at the queue reads what is wrong, a pass tells that it is over, the look ends: the end is told once."""
    house, console = House(path=tmp_path).lay_out({"console": {"settle": 0.3}}), MemoryConsole()
    bot = Bot(house, console)
    apply(house)
    down(console)
    bot.run()
    bot.run(after=31)

    async def look(ledger: Ledger) -> None:
        shop = house.workshop()
        made = wired(shop, sending=lambda: Direct(shop.mailbox()), ledger=ledger)
        beside = replace(made, store=Overtaken(made.store, lambda: house.run(console)))
        await beside.observe(Report(looked={Area.QUEUE}), house.clock.now(), only={Trouble.SURGE})

    in_ledger(house, look)
    bot.run()
    assert (beginnings(house), conditions(house)) == (["重大", "解消"], [])
