"""The alerts: told once when something begins, again while it lasts, and once when it is over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from loguru import logger

from bot.errors import BotError, OutcomeUnknown
from bot.ledger.conditions import Condition
from bot.ledger.records import Event
from bot.operation.alerts.catalogue import Area, Level, Trouble
from bot.operation.alerts.gate import Gate
from bot.operation.alerts.message import Terms, values_of
from bot.operation.alerts.store import Store
from bot.operation.alerts.turns import News, is_done, is_over, kind_of, news, passed_by, turned
from bot.operation.alerts.ways import Way
from bot.operation.report import Report
from bot.settings.alerts import AlertSettings


class Arrived(Enum):
    """What became of a message."""

    YES = "yes"
    NO = "no"
    #: Nobody knows: it goes by the other ways too, and is not repeated: every few minutes would be worse.
    PERHAPS = "perhaps"


@dataclass(frozen=True, kw_only=True)
class Alerts:
    """Told of every pass by :meth:`observe`, whoever started it: the schedule or a person."""

    store: Store
    #: ``None`` while the ledger can't be used: then nothing works anyway.
    gate: Gate | None
    #: Makes the ways ready; called only when there is something to tell.
    ways: Callable[[], Sequence[Way]]
    settings: AlertSettings
    terms: Terms

    async def observe(self, report: Report, now: datetime, *, only: Collection[Trouble] | None = None) -> None:
        """Take in what a pass found and looked at, tell operators what is news, and note in ``report`` what is wrong now.

        Everything that is news goes into one message. What could not be told in any way stays news for the next pass, and
        is a problem of this one: an alert that fails hides nothing. Of troubles that are not among ``only`` nothing is told now.
        Raises what the ledger raises.
        """
        kept = await self.store.load()
        calm = self._calm
        after = turned(kept, report.findings, report.looked, now, calm=calm)
        ended = _ended(kept, after, now)
        if self.gate and ended:
            # Those alone: what ended earlier may be back, and paused for it by a pass that has not told of it yet.
            await self.gate.over(frozenset(one.key for one in ended))
        # What is as it was stays out of it: it may be told and done with by now, by a pass beside what is observed here.
        await self.store.save([one for one in after if one not in kept], (), _events(kept, after, ended))
        report.conditions = sorted(one.key for one in after if one.over_at is None and kind_of(one).lasts)
        due = news(
            after, now, calm=calm, remind=timedelta(hours=self.settings.remind_hours), quiet=self.settings.quiet_hours
        )
        if only is not None:
            due = due.only({one.key for one in after if Trouble(one.kind) in only})
        told = await self._tell(due, report, now) if due else frozenset()
        done = told | passed_by(after, now, calm)
        gone = [one.key for one in after if is_done(one, done)]
        marked = [replace(one, told_at=now, told_of=one.subjects) for one in after if one.key in told]
        await self.store.save([one for one in marked if one.key not in gone], gone, ())

    @property
    def _calm(self) -> timedelta:
        return timedelta(minutes=self.settings.calm_minutes)

    async def watching(self, area: Area, now: datetime) -> bool:
        """Tell whether something is wrong that only a look at ``area`` can end, or was until so lately that it may be back."""
        kept = await self.store.load()
        return any(kind_of(one).area is area and not is_over(one, now, self._calm) for one in kept)

    async def _tell(self, due: News, report: Report, now: datetime) -> frozenset[str]:
        """Tell by every way what it is for; what a way fails to tell goes by the others. Returns the keys that were told."""
        ways = await asyncio.to_thread(self.ways)
        told = {one.key for one in due.every if not any(_is_for(way, one) for way in ways)}
        failed: set[str] = set()
        for way in ways:
            keys = {one.key for one in due.every if _is_for(way, one)}
            arrived = await self._by(way, due.only(keys), report, now)
            told |= keys if arrived is not Arrived.NO else set()
            failed |= keys if arrived is not Arrived.YES else set()
        for way in ways:
            rest = {one.key for one in due.every if one.key in failed and not _is_for(way, one)}
            if rest and await self._by(way, due.only(rest), report, now) is not Arrived.NO:
                told |= rest
        for one in due.every:
            if one.key not in told:
                logger.error("nobody could be told of {}: {}", one.key, self.terms.clean(one.detail))
        return frozenset(told)

    async def _by(self, way: Way, due: News, report: Report, now: datetime) -> Arrived:
        if not due:
            return Arrived.YES
        values = values_of(due, now, self.terms)
        try:
            await self._send(way, values)
        except Exception as error:  # noqa: BLE001 - whatever a way does, the other ways and the pass go on
            why = self.terms.clean(str(error)) if isinstance(error, BotError) else f"unexpected {type(error).__name__}"
            logger.opt(exception=not isinstance(error, BotError)).error("no alert by {}: {}", way.name, why)
            report.problem(f"the alert could not be sent by {way.name}: {why}")
            report.alerts_failed += 1
            return Arrived.PERHAPS if isinstance(error, OutcomeUnknown) else Arrived.NO
        report.alerts += 1
        return Arrived.YES

    async def _send(self, way: Way, values: dict[str, object]) -> None:
        keys = [one["key"] for group in ("begun", "reminded", "over") for one in _items(values[group])]
        details = {"way": way.name, "conditions": keys}
        await self.store.note(Event(action="notice.conditions", outcome="intended", details=details))
        try:
            await way.tell(values)
        except Exception as error:
            outcome = "unknown" if isinstance(error, OutcomeUnknown) else "failed"
            reason = self.terms.clean(str(error)) if isinstance(error, BotError) else type(error).__name__
            await self.store.note(Event(action="notice.conditions", outcome=outcome, reason=reason, details=details))
            raise
        await self.store.note(Event(action="notice.conditions", outcome="done", details=details))


def _items(group: object) -> list[dict[str, object]]:
    return group if isinstance(group, list) else []


def _is_for(way: Way, condition: Condition) -> bool:
    kind = kind_of(condition)
    least: Level = way.least
    return kind.level.rank >= least.rank and not (way.by_mail and kind.own_mail)


def _events(kept: Collection[Condition], after: Collection[Condition], ended: Collection[Condition]) -> list[Event]:
    """Return the events of what begins, or is back, and what ends."""
    before = {one.key: one for one in kept}
    begun = [one for one in after if one.over_at is None and _begins(before.get(one.key))]
    return [_event("condition.begin", one) for one in begun] + [_event("condition.end", one) for one in ended]


def _ended(kept: Collection[Condition], after: Collection[Condition], now: datetime) -> list[Condition]:
    """Return what ends now."""
    live = {one.key for one in kept if one.over_at is None}
    return [one for one in after if one.over_at == now and one.key in live]


def _begins(before: Condition | None) -> bool:
    return before is None or before.over_at is not None


def _event(action: str, condition: Condition) -> Event:
    kind = kind_of(condition)
    details = {
        "condition": condition.key, "level": kind.level, "part": kind.part, "evidence": condition.evidence,
        "since": condition.first_seen.isoformat(), "subjects": list(condition.subjects),
    }  # fmt: skip
    return Event(action=action, outcome="done", details=details)
