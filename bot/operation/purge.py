"""The retention purge: who applied is taken out of old records, and old mails, evidence and log lines are removed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, Select

from bot.ledger import purge
from bot.ledger.ledger import Ledger
from bot.ledger.records import Event
from bot.ledger.tables import events
from bot.operation import sweep
from bot.operation.report import Progress
from bot.settings.retention import RetentionSettings

_ACTION = "retention.purge"
_BATCH = 50  # requests or messages in one transaction: a pass that runs waits for no more
_FISCAL_MONTH = 4


@dataclass(frozen=True, kw_only=True)
class Cutoffs:
    """What is older than these moments goes."""

    records: datetime
    reasons: datetime
    mails: datetime
    evidence: datetime
    log: datetime

    def texts(self) -> Mapping[str, str]:
        """Return them as the record keeps them."""
        return {name: getattr(self, name).isoformat() for name in ("records", "reasons", "mails", "evidence", "log")}


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where files are that retention is for."""

    mailboxes: tuple[Path, ...]
    evidence: Path
    log: Path | None


@dataclass(frozen=True, kw_only=True)
class Purge:
    """One purge of one ledger and its places."""

    ledger: Ledger
    places: Places
    cutoffs: Cutoffs

    async def count(self) -> dict[str, int]:
        """Return what a purge would do now; changes nothing."""
        requests = await self._found(purge.old_requests(self.cutoffs.records))
        reasons = await self._found(purge.old_reasons(self.cutoffs.reasons))
        return {
            "requests": len(requests),
            "reasons": len(set(reasons) - set(requests)),
            "messages": len(await self._found(purge.old_messages(self.cutoffs.records))),
            "events": len(await self._loose()),
            "mails": len(sweep.old_mails(self.places.mailboxes, self.cutoffs.mails)),
            "evidence": len(sweep.old_evidence(self.places.evidence, self.cutoffs.evidence)),
            "logs": len(sweep.old_lines(self.places.log, self.cutoffs.log)),
            "kept": await self._kept(),
        }

    async def run(self, progress: Progress) -> dict[str, int]:
        """Purge, on record before and after, and return the counts; what was begun and killed is finished.

        Raises ``Transient`` when another program reads the ledger so long that old text can't be driven out of its files.
        """
        await self.ledger.note(Event(action=_ACTION, outcome="intended", details={"cutoffs": self.cutoffs.texts()}))
        done = {
            "requests": await self._each(
                "案件 / requests", purge.old_requests(self.cutoffs.records), purge.purge_request, progress
            ),
            "reasons": await self._each(
                "緊急の理由 / reasons", purge.old_reasons(self.cutoffs.reasons), purge.purge_reason, progress
            ),
            "messages": await self._each(
                "受信メール / messages", purge.old_messages(self.cutoffs.records), purge.purge_message, progress
            ),
            "events": await self._purge_loose(),
            **await asyncio.to_thread(self._sweep),
            "kept": await self._kept(),
        }
        await self.ledger.compact()
        details = {"cutoffs": self.cutoffs.texts(), "counts": done}
        await self.ledger.note(Event(action=_ACTION, outcome="done", details=details))
        return done

    async def _each(
        self, what: str, query: Select[str], act: Callable[[Connection, str], None], progress: Progress
    ) -> int:
        names = await self._found(query)
        progress.start(what, len(names))
        for start in range(0, len(names), _BATCH):
            batch = names[start : start + _BATCH]

            def work(connection: Connection, batch: list[str] = batch) -> Event | None:
                # Asked again inside: a login may have been opened again in the meantime.
                still = set(purge.found(connection, query.where(query.selected_columns[0].in_(batch))))
                gone = [name for name in batch if name in still]
                for name in gone:
                    act(connection, name)
                return purge.removal(act, gone)

            await self.ledger.purge(work)
            for _ in batch:
                progress.step()
        return len(names)

    async def _purge_loose(self) -> int:
        loose = await self._loose()
        for start in range(0, len(loose), _BATCH):
            batch = loose[start : start + _BATCH]

            def work(connection: Connection, batch: list[int] = batch) -> Event:
                purge.purge_events(connection, events.c.seq.in_(batch))
                return Event(action=purge.REMOVAL, outcome="done", details={purge.OF_EVENTS: batch})

            await self.ledger.purge(work)
        return len(loose)

    async def _loose(self) -> list[int]:
        """Return the events of no request whose person is to go; their times carry offsets, which text can't compare."""
        found = await self.ledger.ask(lambda connection: connection.execute(purge.loose_events()).all())
        return [seq for seq, at in found if datetime.fromisoformat(at) < self.cutoffs.records]

    def _sweep(self) -> dict[str, int]:
        places, cutoffs = self.places, self.cutoffs
        mails = sweep.remove(sweep.old_mails(places.mailboxes, cutoffs.mails))
        evidence = sweep.remove(sweep.old_evidence(places.evidence, cutoffs.evidence))
        sweep.remove_empty(places.evidence)
        logs = sweep.old_lines(places.log, cutoffs.log)
        for path, size in logs:
            sweep.cut(places.log or path, path, size)
        return {"mails": mails, "evidence": evidence, "logs": len(logs)}

    async def _found(self, query: Select[str]) -> list[str]:
        return await self.ledger.ask(lambda connection: list(purge.found(connection, query)))

    async def _kept(self) -> int:
        query = purge.kept_requests(self.cutoffs.records)
        return await self.ledger.ask(lambda connection: connection.scalar(query) or 0)


def cutoffs(settings: RetentionSettings, now: datetime, *, log_days: int) -> Cutoffs:
    """Return the moments before which things go, as of ``now``.

    A record is kept for whole years from the 1 April after the fiscal year (April to March) of its last change.
    """
    return Cutoffs(
        records=_april(now, settings.years),
        reasons=_april(now, settings.health_reasons_years),
        mails=_april(now, settings.mails_years),
        evidence=now - timedelta(days=settings.evidence_days),
        log=now - timedelta(days=log_days),
    )


def _april(now: datetime, years: int) -> datetime:
    fiscal_year = now.year if now.month >= _FISCAL_MONTH else now.year - 1
    return datetime(fiscal_year - years, _FISCAL_MONTH, 1, tzinfo=now.tzinfo)
