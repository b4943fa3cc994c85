"""What monitoring is put together from."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from bot.errors import LedgerUnusable
from bot.ledger.ledger import Ledger
from bot.operation.watching.figures import Figures, Gauge
from bot.operation.watching.server import Watching
from bot.wiring import Workshop
from bot.wiring.alerts import gate


def gauge(workshop: Workshop, ledger: Ledger) -> Gauge:
    """Return what reads the figures of this configuration."""
    rulebook = workshop.rulebook()
    stands = gate(workshop.config, workshop.clock, ledger)

    def next_cutoff(now: datetime) -> datetime | None:
        return next((cutoff for _, cutoff in rulebook.next_possible(now, 1)), None)

    return Gauge(
        ledger=ledger, clock=workshop.clock, switched_off=lambda: stands.switched_off, next_cutoff=next_cutoff
    )  # fmt: skip


def watching(
    workshop: Workshop, *, hangs: Callable[[], Collection[str]], fails: Callable[[], Collection[str]]
) -> Watching | None:
    """Return the server of ``metrics.port``, to be started; ``None`` where none is configured. See :class:`Watching`."""
    settings = workshop.config.settings.metrics
    if settings.port is None:
        return None
    return Watching(
        gauge=AtEachLook(workshop=workshop), hangs=hangs, fails=fails, address=settings.address, port=settings.port
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class AtEachLook:
    """Reads the figures by a ledger that is opened for the look alone: it is in nobody's way, and one that was replaced is seen."""

    workshop: Workshop

    async def read(self) -> Figures:
        """See :meth:`Gauge.read`; a ledger that is not there is not made."""
        ledger = await asyncio.to_thread(self._open)
        try:
            return await gauge(self.workshop, ledger).read()
        finally:
            ledger.close()

    def _open(self) -> Ledger:
        if not self.workshop.has_ledger():
            raise LedgerUnusable("there is no ledger yet")
        return self.workshop.ledger()
