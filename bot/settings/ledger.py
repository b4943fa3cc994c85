"""``ledger:`` and ``log:`` where the record is kept."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bot.settings.base import DatabaseUrl, SecretRef, Section


class LedgerSettings(Section):
    """The ledger."""

    url: DatabaseUrl = "sqlite:///var/ledger.sqlite3"
    """Address of the database, without a password: sqlite:///PATH (a relative one starts at config.yaml) or postgresql://.

    A pass waits 30 seconds for another program that writes to it; ``?timeout=5`` at the end says otherwise.
    """
    password: SecretRef | None = None
    """Reference to the password of the role on a PostgreSQL server."""


class LogSettings(Section):
    """The log file."""

    file: str | None = "var/log/bot.jsonl"
    """One JSON document per line, rotated; empty writes none."""
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """What people see on stderr; the file has everything."""
    rotate_mb: float = Field(default=10, gt=0, le=10_000)
    """At this size the file is put aside under the time of that moment; those before it are compressed (.gz) then."""
    keep_days: int = Field(default=90, ge=1, le=3650)
    """Days that files put aside stay, and with `ledger purge` also lines of the file in use."""
