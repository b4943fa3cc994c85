"""``ledger:`` and ``log:`` where the record is kept."""

from __future__ import annotations

from typing import Literal

from bot.settings.base import Section


class LedgerSettings(Section):
    """The ledger."""

    url: str = "sqlite:///var/ledger.sqlite3"
    """SQLAlchemy address of the database; a relative SQLite path starts at config.yaml.

    A pass waits 30 seconds for another program that writes to it; ``?timeout=5`` at the end says otherwise.
    """


class LogSettings(Section):
    """The log file."""

    file: str | None = "var/log/bot.jsonl"
    """One JSON document per line, rotated; empty writes none."""
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """What people see on stderr; the file has everything."""
