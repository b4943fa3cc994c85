"""Where conditions are kept between passes: in the ledger, and beside it while the ledger itself can't be used."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import Protocol

from loguru import logger

from bot.clock import Clock
from bot.ledger import conditions
from bot.ledger.conditions import Condition, condition_from_row, condition_to_row
from bot.ledger.ledger import Ledger
from bot.ledger.records import Event
from bot.private import make_folder, write_private


class Store(Protocol):
    """Keeps conditions from pass to pass."""

    async def load(self) -> tuple[Condition, ...]:
        """Return what is kept."""
        ...

    async def save(self, kept: Collection[Condition], gone: Collection[str], events: Collection[Event]) -> None:
        """Add or replace ``kept``, remove the keys ``gone``, and put ``events`` on record where there is one."""
        ...

    async def note(self, event: Event) -> None:
        """Put an event on record, where there is one."""
        ...


@dataclass(frozen=True, kw_only=True)
class LedgerStore:
    """In the ledger; what the file beside it held is taken over, now that the ledger can be used again."""

    ledger: Ledger
    clock: Clock
    beside: FileStore

    async def load(self) -> tuple[Condition, ...]:
        """See :meth:`Store.load`."""
        kept = await self._there()
        return (*kept, *await self._left_beside({condition.key for condition in kept}))

    async def save(self, kept: Collection[Condition], gone: Collection[str], events: Collection[Event]) -> None:
        """See :meth:`Store.save`."""
        left = await self._left_beside({*(one.key for one in kept), *gone})
        await self.ledger.change(
            lambda connection: conditions.keep_conditions(connection, [*left, *kept], gone), *events
        )
        self.beside.remove()

    async def note(self, event: Event) -> None:
        """See :meth:`Store.note`."""
        await self.ledger.note(event)

    async def _there(self) -> tuple[Condition, ...]:
        zone = _zone(self.clock)
        return tuple(await self.ledger.ask(lambda connection: conditions.conditions(connection, zone)))

    async def _left_beside(self, known: Collection[str]) -> list[Condition]:
        """Return what the file beside the ledger holds and neither ``known`` nor the ledger does."""
        beside = [one for one in await self.beside.load() if one.key not in known]
        there = {one.key for one in await self._there()} if beside else set()
        return [one for one in beside if one.key not in there]


@dataclass(frozen=True, kw_only=True)
class FileStore:
    """In a small file; when even that can't be written, a condition is told more than once rather than never."""

    path: Path
    clock: Clock

    async def load(self) -> tuple[Condition, ...]:
        """See :meth:`Store.load`; a file that can't be read holds nothing."""
        try:
            rows = json.loads(self.path.read_text(encoding="utf-8"))
            return tuple(condition_from_row(row, _zone(self.clock)) for row in rows)
        except (FileNotFoundError, NotADirectoryError):
            return ()
        except (OSError, ValueError, TypeError, KeyError) as error:
            logger.warning("{} can't be read: {}", self.path, error)
            return ()

    async def save(self, kept: Collection[Condition], gone: Collection[str], events: Collection[Event]) -> None:  # noqa: ARG002 - no record to put events on
        """See :meth:`Store.save`."""
        after = {one.key: one for one in (*await self.load(), *kept) if one.key not in gone}
        try:
            make_folder(self.path.parent)
            text = json.dumps([condition_to_row(one) for one in after.values()], ensure_ascii=False)
            write_private(self.path, text)
        except OSError as error:
            logger.error("{} can't be written: {}", self.path, error.strerror)

    async def note(self, event: Event) -> None:
        """See :meth:`Store.note`; the log is the only record there is."""
        logger.warning("not on record, for there is no ledger: {} {} {}", event.action, event.outcome, event.reason)

    def remove(self) -> None:
        """Remove the file, now that the ledger has what was in it; one that can't be removed is taken over again, and tells nothing new."""
        try:
            self.path.unlink()
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            logger.error("{} can't be removed: {}", self.path, error.strerror)


def _zone(clock: Clock) -> tzinfo | None:
    return clock.now().tzinfo
