"""Every fault as a value in one table, made to happen for real; ``python3 -m tests.scenario.faults`` prints it."""

from __future__ import annotations

from tests.scenario.faults.command import main

__all__ = ["main"]
