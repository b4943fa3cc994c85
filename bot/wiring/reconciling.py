"""What a comparison of ledger, console and staff directory is put together from."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.console.port import Console
from bot.issuance.expire import Expirer
from bot.ledger.ledger import Ledger
from bot.operation.alerts.guards import GuardedConsole
from bot.operation.leavers import Leavers
from bot.operation.reconcile import Reconciler
from bot.wiring import Workshop
from bot.wiring.alerts import gate


def reconciler(workshop: Workshop, *, ledger: Ledger, console: Console) -> Reconciler:
    """Return what compares this ledger and this console with the staff directory."""
    settings, directory = workshop.config.settings, workshop.directory()
    console = GuardedConsole(console, gate(workshop.config, workshop.clock, ledger))
    return Reconciler(
        ledger=ledger, console=console, directory=directory, account=settings.account, clock=workshop.clock,
        leavers=Leavers(ledger=ledger, staff=directory, clock=workshop.clock, settings=settings.staff),
        expirer=Expirer(ledger=ledger, console=console, staff=directory, account=settings.account),
    )  # fmt: skip


@asynccontextmanager
async def ready_reconciler(workshop: Workshop, operator: str | None) -> AsyncIterator[Reconciler]:
    """Give a reconciler with everything open, and close it all afterwards; what it records carries the operator's name.

    Raises ``AlreadyRunning`` while a pass works on the ledger.
    """
    with workshop.alone():
        console = workshop.console()
        try:
            with workshop.recording(operator) as ledger:
                yield reconciler(workshop, ledger=ledger, console=console)
        finally:
            await console.close()
