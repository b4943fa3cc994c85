"""``ledger backup``: a proved copy of the ledger, made while the bot runs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bot.commands.opening import open_workshop, with_ledger
from bot.commands.output import Bars, people, print_json, table
from bot.errors import BotError
from bot.ledger.backup import Backup, back_up, names_a_file
from bot.ledger.ledger import Ledger
from bot.ledger.records import Event
from bot.wiring import Workshop

_ACTION = "ledger.backup"
_UNIT = 256  # pages, or rows, that the display counts as one


def backup(to: Path, config: Path, overrides: Sequence[str], *, keep: int | None, as_json: bool) -> int:
    """Make a backup of the ledger in ``to``; exit status 5 when its chain does not verify."""
    workshop = open_workshop(config, overrides, quiet=as_json)
    count = keep or workshop.config.settings.retention.backups
    made = with_ledger(workshop, lambda ledger: backed_up(workshop, ledger, to, keep=count))
    row: dict[str, Any] = {
        "file": str(made.file), "size": made.size, "events": made.events, "head": made.head, "sha256": made.sha256,
        "revision": made.revision, "removed": [str(path) for path in made.removed],
    }  # fmt: skip
    if as_json:
        print_json(row)
    else:
        row["removed"] = "\n".join(row["removed"])
        people().print(table("バックアップ / backup", ["", ""], list(row.items())))
    return 0


async def backed_up(workshop: Workshop, ledger: Ledger, to: Path, *, keep: int) -> Backup:
    """Make a backup of the open ledger, on record before and after; raises as :func:`bot.ledger.backup.back_up`."""
    where = {"file" if names_a_file(to) else "directory": to.name}
    await ledger.note(Event(action=_ACTION, outcome="intended", details=where))
    try:
        with Shown("台帳を写す / copying the ledger") as shown:
            made = await asyncio.to_thread(
                back_up, ledger.copier, to, now=workshop.clock.now(), keep=keep, tell=shown.tell
            )
    except BotError as error:
        await ledger.note(Event(action=_ACTION, outcome="failed", reason=str(error), details=where))
        raise
    details = {
        "file": made.file.name, "size": made.size, "sha256": made.sha256, "events": made.events, "head": made.head,
        "removed": len(made.removed),
    }  # fmt: skip
    await ledger.note(Event(action=_ACTION, outcome="done", details=details))
    return made


class Shown(Bars):
    """The progress of a copy, in units that a bar can count."""

    def __init__(self, what: str) -> None:
        super().__init__()
        self._what = what
        self._shown: int | None = None

    def tell(self, done: int, total: int) -> None:
        """Show that ``done`` of ``total`` are copied."""
        if self._shown is None:
            self._shown = 0
            self.start(self._what, max(1, total // _UNIT))
        while self._shown < done // _UNIT:
            self._shown += 1
            self.step()
