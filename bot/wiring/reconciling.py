"""What a comparison of ledger, console and staff directory is put together from."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from bot.console.port import Console
from bot.errors import AccessDenied
from bot.issuance.expire import Expirer
from bot.issuance.hours import Hours
from bot.ledger.conditions import Part
from bot.ledger.ledger import Ledger
from bot.operation.alerts.catalogue import Area
from bot.operation.alerts.findings import finding_of
from bot.operation.alerts.guards import GuardedConsole
from bot.operation.four_eyes import FourEyes
from bot.operation.leavers import Leavers
from bot.operation.reconcile import Reconciler
from bot.operation.switching import keeps_validity
from bot.wiring import Workshop
from bot.wiring.alerts import gate


def reconciler(workshop: Workshop, *, ledger: Ledger, console: Console, operator: str | None = None) -> Reconciler:
    """Return what compares this ledger and this console with the staff directory; ``operator`` is who resolves what it finds."""
    settings, directory = workshop.config.settings, workshop.directory()
    eyes = FourEyes(ledger=ledger, clock=workshop.clock, settings=settings.operators, operator=operator or "")
    console = GuardedConsole(console, gate(workshop.config, workshop.clock, ledger))
    return Reconciler(
        ledger=ledger, console=console, directory=directory, account=settings.account, clock=workshop.clock,
        leavers=Leavers(ledger=ledger, staff=directory, clock=workshop.clock, settings=settings.staff),
        hours=Hours(account=settings.account, zone=workshop.config.zone, by_validity=keeps_validity(console)), four_eyes=eyes,
        expirer=Expirer(ledger=ledger, console=console, staff=directory, account=settings.account),
    )  # fmt: skip


@asynccontextmanager
async def ready_reconciler(workshop: Workshop, operator: str | None, *, by_hand: bool) -> AsyncIterator[Reconciler]:
    """Give a reconciler with everything open, and close it all afterwards; what it records carries the operator's name.

    Raises ``AlreadyRunning`` while a pass works on the ledger, ``Paused`` while the console's part stands still; of a stop condition
    that is tried again, ``by_hand`` is a try. A login that is refused stops that part.
    """
    with workshop.alone(), workshop.recording(operator) as ledger:
        stands = replace(gate(workshop.config, workshop.clock, ledger), by_hand=by_hand)
        await stands.check(Part.CONSOLE)
        console = workshop.console()
        try:
            yield await asyncio.to_thread(reconciler, workshop, ledger=ledger, console=console, operator=operator)
        except AccessDenied as error:
            await stands.stop(finding_of(error, Area.CONSOLE))
            raise
        finally:
            await console.close()
