"""What is looked at after every pass: the requests that wait for a person, the directory, the disk, what stands still."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bot.delivery.letters import ANNOUNCED
from bot.errors import Unusable
from bot.ledger.conditions import BY_CLERKS, BY_OPERATOR
from bot.ledger.queries import Queries
from bot.ledger.records import TOLD, Request
from bot.life import State
from bot.operation.alerts.catalogue import Trouble
from bot.operation.alerts.evidence import evidence_of_stuck
from bot.operation.alerts.findings import Finding
from bot.operation.alerts.gate import Gate
from bot.settings.alerts import AlertSettings

_MEGABYTE = 1_000_000
#: Of so many stuck requests, the newest ones, the evidence is named; `show ID` has that of each.
_MOST = 5
_TO_APPLICANTS = frozenset(TOLD.values()) | ANNOUNCED


@dataclass(frozen=True, kw_only=True)
class Survey:
    """Looks at what lasts whether or not a pass stumbled over it."""

    ledger: Queries
    gate: Gate
    settings: AlertSettings
    #: The folders whose disks must not fill up, the ledger's first.
    places: Sequence[Path]
    #: Says what is wrong with the staff directory at a moment.
    warnings: Callable[[datetime], Sequence[str]]

    async def look(self, now: datetime) -> list[Finding]:
        """Return everything that is wrong at ``now`` and can be seen without mailbox and console."""
        waiting = await self.ledger.requests(states=(State.HELD, State.STUCK))
        stuck = sorted((one for one in waiting if one.state is State.STUCK), key=lambda one: one.updated_at)[-_MOST:]
        shown = [await evidence_of_stuck(self.ledger, one.id) for one in stuck]
        found = [
            *_waiting(waiting, "\n".join(filter(None, shown))),
            *await self._untold(),
            *await self._stands_still(),
        ]
        if warnings := self.warnings(now):
            found.append(Finding(trouble=Trouble.DIRECTORY, detail=" ".join(warnings)))
        try:
            for place in self.places:
                must_have_room(place, self.settings.disk_free_mb)
        except Unusable as error:
            found.append(Finding(trouble=Trouble.DISK, detail=str(error)))
        return found

    async def _untold(self) -> list[Finding]:
        """Return the applicants who know nothing of a result; whose credentials were not sent is stuck, or on its way."""
        missed = [notice.request_id for notice, _ in await self.ledger.unsent() if notice.kind in _TO_APPLICANTS]
        return [Finding(trouble=Trouble.UNTOLD, subjects=tuple(dict.fromkeys(missed)))] if missed else []

    async def _stands_still(self) -> list[Finding]:
        by_people = {BY_OPERATOR: "", BY_CLERKS: "worklist "}
        return [
            Finding(
                trouble=Trouble.PAUSED, about=f"{by_people[pause.cause]}{pause.part}",
                detail=f"{pause.part}: {pause.by}: {by_people[pause.cause]}{pause.reason}",
            )
            for pause in await self.gate.pauses()
            if pause.cause in by_people
        ]  # fmt: skip


def must_have_room(folder: Path, least_mb: int) -> int:
    """Return how many MB are free where ``folder`` is or will be made.

    Raises ``Unusable`` for less than ``least_mb``, for a file in its place, and without the right to write there.
    """
    place = next(one for one in (folder, *folder.parents) if one.exists())
    if not place.is_dir():
        raise Unusable(f"{folder} can't be made: {place} is a file")
    if not os.access(place, os.W_OK | os.X_OK):
        raise Unusable(f"no right to write in {place}")
    free = shutil.disk_usage(place).free // _MEGABYTE
    if free < least_mb:
        text = f"only {free} MB are free at {place} (alerts.disk_free_mb: {least_mb})"
        raise Unusable(f"{text}: remove what is old (`ledger purge`), or make room")
    return free


def _waiting(requests: Sequence[Request], shown: str) -> Iterator[Finding]:
    urgent = {one.id for one in requests if one.state is State.HELD and one.decision and one.decision.urgent}
    stuck = {one.id for one in requests if one.state is State.STUCK}
    groups = {
        Trouble.URGENT: urgent,
        Trouble.STUCK: stuck,
        Trouble.HELD: {one.id for one in requests} - urgent - stuck,
    }
    for trouble, names in groups.items():
        if names:
            evidence = shown if trouble is Trouble.STUCK else ""
            yield Finding(trouble=trouble, subjects=tuple(sorted(names)), evidence=evidence)
