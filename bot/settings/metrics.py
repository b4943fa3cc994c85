"""``metrics:`` where a monitoring system asks."""

from __future__ import annotations

from pydantic import Field

from bot.settings.base import Section


class MetricsSettings(Section):
    """The port that answers /metrics (Prometheus), /healthz and /readyz while the bot serves; it names no person."""

    port: int | None = Field(default=None, ge=1, le=65535)
    """Its number, such as 9464. Empty: there is none."""
    address: str = "127.0.0.1"
    """The address it listens at. Anything but loopback must be reachable for the monitoring system alone: nobody is asked who they are."""
