"""What giving lists to clerks, and taking them back, is put together from."""

from __future__ import annotations

from collections.abc import Callable

from bot.console.port import Console
from bot.ledger.ledger import Ledger
from bot.operation.worklist.importing import Importing
from bot.operation.worklist.items import Items
from bot.operation.worklist.seeing import Sight
from bot.operation.worklist.taking import Taking
from bot.wiring import Workshop
from bot.wiring.alerts import gate


def items(workshop: Workshop, ledger: Ledger) -> Items:
    """Return what finds out what a clerk is to do."""
    config = workshop.config
    return Items(ledger=ledger, staff=workshop.directory(), account=config.settings.account, zone=config.zone)


def taking(workshop: Workshop, ledger: Ledger) -> Taking:
    """Return what gives out a list, in the name of whom the ledger is opened for."""
    asked = gate(workshop.config, workshop.clock, ledger)
    return Taking(ledger=ledger, gate=asked, items=items(workshop, ledger), clock=workshop.clock)


def importing(workshop: Workshop, ledger: Ledger, console: Callable[[], Console]) -> Importing:
    """Return what takes a list back; ``console`` is opened where there is something to look at."""
    asked = gate(workshop.config, workshop.clock, ledger)
    return Importing(
        ledger=ledger, gate=asked, items=items(workshop, ledger), clock=workshop.clock,
        sight=Sight(open=console, gate=asked),
    )  # fmt: skip
