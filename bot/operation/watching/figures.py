"""The figures of one moment, from the ledger and the calendar: what metrics show and alert rules of the house are written on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from bot.clock import Clock
from bot.ledger.conditions import Part, conditions, pauses
from bot.ledger.counting import Counts, counts
from bot.ledger.ledger import Ledger
from bot.life import State
from bot.operation.alerts.catalogue import Level
from bot.operation.alerts.turns import kind_of

#: What the bot itself has not brought to its end.
_ON_ITS_WAY = (State.RECEIVED, State.ACCEPTED, State.ISSUING, State.UNKNOWN, State.ISSUED, State.DELIVERING)


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Numbers and moments; no person, no text that a person wrote."""

    at: datetime
    counts: Counts
    #: What is wrong now, by level and name.
    conditions: dict[tuple[Level, str], int]
    #: The parts that stand still, with how many causes each has; ``all`` is a part of its own.
    pauses: dict[Part, int]
    kill_switch: bool
    #: By when an application for the next day that can be had must be received; ``None`` where there is none.
    next_cutoff: datetime | None

    @property
    def waiting(self) -> int:
        """Requests that the bot has not brought to their end, and that no person has to look at."""
        return sum(self.counts.requests[state] for state in _ON_ITS_WAY)

    @property
    def pass_age(self) -> float | None:
        """Seconds since the last pass that came to its end; ``None`` before the first."""
        return _age(self.at, self.counts.whole_pass.at) if self.counts.whole_pass else None

    @property
    def head_age(self) -> float | None:
        """Seconds since the last event of the chain."""
        return _age(self.at, self.counts.head_at) if self.counts.head_at else None

    @property
    def seconds_per_id(self) -> float | None:
        """Seconds of the newest pass that delivered anything, for each login that it delivered."""
        busy = self.counts.busy_pass
        return busy.seconds / busy.delivered if busy and busy.seconds else None


@dataclass(frozen=True, kw_only=True)
class Gauge:
    """Reads the figures; nothing is changed by it."""

    ledger: Ledger
    clock: Clock
    #: Whether the kill switch is there.
    switched_off: Callable[[], bool]
    #: The next cutoff as seen from a moment.
    next_cutoff: Callable[[datetime], datetime | None]

    async def read(self) -> Figures:
        """Return the figures of this moment; raises as the ledger does when it can't be read."""
        now = self.clock.now()
        cutoff = self.next_cutoff(now)
        return await self.ledger.ask(lambda connection: self._read(connection, now, cutoff))

    def _read(self, connection: Connection, now: datetime, cutoff: datetime | None) -> Figures:
        wrong: dict[tuple[Level, str], int] = {}
        for condition in conditions(connection, now.tzinfo):
            if condition.over_at is None:
                key = (kind_of(condition).level, condition.kind)
                wrong[key] = wrong.get(key, 0) + 1
        standing = [pause.part for pause in pauses(connection, now.tzinfo)]
        return Figures(
            at=now, counts=counts(connection, now.tzinfo), conditions=wrong,
            pauses={part: standing.count(part) for part in Part}, kill_switch=self.switched_off(),
            next_cutoff=cutoff,
        )  # fmt: skip


def _age(now: datetime, then: datetime) -> float:
    # A clock that was set back makes no age negative.
    return max((now - then).total_seconds(), 0)
