"""What monitoring is put together from."""

from __future__ import annotations

from datetime import datetime

from bot.ledger.ledger import Ledger
from bot.operation.watching.figures import Gauge
from bot.operation.watching.server import Health, Watching, well
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


def watching(workshop: Workshop, ledger: Ledger, *, health: Health = well) -> Watching | None:
    """Return the server of ``metrics.port``, to be started; ``None`` where none is configured."""
    settings = workshop.config.settings.metrics
    if settings.port is None:
        return None
    return Watching(gauge=gauge(workshop, ledger), health=health, address=settings.address, port=settings.port)
