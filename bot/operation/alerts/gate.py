"""Which parts of the work may go on: operators' pauses, stop conditions, the kill switch."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

from sqlalchemy import Connection

from bot.clock import Clock
from bot.errors import Paused
from bot.ledger import conditions
from bot.ledger.conditions import BY_CLERKS, BY_OPERATOR, Part, Pause
from bot.ledger.ledger import Ledger
from bot.ledger.records import Event
from bot.operation.alerts.catalogue import Trouble, Until
from bot.operation.alerts.findings import Finding


@dataclass(frozen=True, kw_only=True)
class Gate:
    """Asked before every part of a pass, and between any two requests or messages: what is in hand is finished first.

    A pause is in the ledger, so that it holds for every process and outlasts each. Whatever stands still loses nothing:
    mails stay in the inbox with the server's stamp, requests in their state.
    """

    ledger: Ledger
    clock: Clock
    #: The kill switch: while this file exists, nothing with an effect outside is done.
    switch: Path
    #: After so long a stop condition that may pass by itself is tried again.
    retry: timedelta
    #: An operator has just decided something that is to be carried out: that is a try, sooner than ``retry``.
    by_hand: bool = False

    @property
    def switched_off(self) -> bool:
        """Whether the kill switch is there."""
        return self.switch.exists()

    async def check(self, *parts: Part) -> None:
        """Raise ``Paused``, with since when and why, where one of ``parts`` must not work now."""
        if stands := await self.stands(*parts):
            raise stands

    async def stands(self, *parts: Part) -> Paused | None:
        """Return why one of ``parts`` must not work now, or ``None`` when all may."""
        if self.switched_off:
            return Paused(f"the kill switch {self.switch} is there")
        now = self.clock.now()
        pauses = [pause for pause in await self.pauses() if not (self.by_hand and pause.until)]
        holding = (pause for pause in pauses for part in parts if pause.holds(part, now))
        return next((Paused(_sentence(pause)) for pause in holding), None)

    def check_switch(self) -> None:
        """Raise ``Paused`` when the kill switch is there: asked before each single act with an effect outside."""
        if self.switched_off:
            raise Paused(f"the kill switch {self.switch} is there")

    async def check_mailbox(self) -> None:
        """Raise ``Paused`` while the mail server is known to refuse the login: no alert may try it again either."""
        for pause in await self.pauses():
            if pause.cause == Trouble.MAILBOX_DENIED:
                raise Paused(_sentence(pause))

    async def pauses(self) -> tuple[Pause, ...]:
        """Return all pauses, the oldest first; one whose ``until`` has come is tried, and ends with its condition."""
        zone = self._zone
        return await self.ledger.ask(lambda connection: conditions.pauses(connection, zone))

    async def stop(self, finding: Finding) -> Finding:
        """Pause what a finding stops; returns it marked as ``anew`` unless it was paused for it already."""
        kind, now = finding.kind, self.clock.now()
        until = now + self.retry if kind.until is Until.RETRIED else None
        known = {pause.part: pause for pause in await self.pauses() if pause.cause == finding.key}
        for part in kind.stops:
            pause = known.get(part) or Pause(
                part=part, cause=finding.key, since=now, by=self.ledger.actor, reason=finding.detail
            )
            await self._put(replace(pause, until=until), (_event("pause.extend" if part in known else "pause", pause),))
        return replace(finding, anew=finding.anew or (bool(kind.stops) and not known))

    async def pause(self, part: Part, reason: str) -> Pause:
        """Pause a part as an operator, in whose name the ledger is open; once more replaces the reason."""
        pause = Pause(part=part, cause=BY_OPERATOR, since=self.clock.now(), by=self.ledger.actor, reason=reason)
        await self._put(pause, (_event("pause", pause),))
        return pause

    async def pause_for_clerks(self, reason: str) -> None:
        """Have the console's part stand still while clerks work by a list; raises ``Conflict`` where another list was begun."""
        pause = Pause(part=Part.CONSOLE, cause=BY_CLERKS, since=self.clock.now(), by=self.ledger.actor, reason=reason)
        await self.ledger.change(lambda connection: conditions.begin_pause(connection, pause), _event("pause", pause))

    async def resume(self, part: Part, reason: str) -> tuple[Pause, ...]:
        """Let a part go on as an operator, whatever stopped it; ``all`` ends every pause. Returns what it ended.

        A part stays paused that was paused by ``all``: that pause is ended by ``all`` alone. Raises ``Conflict`` where one of them
        was ended or replaced by somebody else meanwhile: none is ended then.
        """
        ended = tuple(pause for pause in await self.pauses() if part in {Part.ALL, pause.part})
        await self._drop(ended, reason, conditions.end_pauses)
        return ended

    async def over(self, keys: frozenset[str], reason: str = "the condition is over") -> None:
        """End the pauses with these causes: their conditions are over."""
        ended = tuple(pause for pause in await self.pauses() if pause.cause in keys)
        await self._drop(ended, reason, conditions.drop_pauses)

    async def _put(self, pause: Pause, events: tuple[Event, ...]) -> None:
        await self.ledger.change(lambda connection: conditions.put_pause(connection, pause), *events)

    async def _drop(
        self, ended: tuple[Pause, ...], reason: str, drop: Callable[[Connection, Collection[Pause]], None]
    ) -> None:
        if ended:
            events = (_event("resume", pause, reason) for pause in ended)
            await self.ledger.change(lambda connection: drop(connection, ended), *events)

    @property
    def _zone(self) -> tzinfo | None:
        return self.clock.now().tzinfo


def _sentence(pause: Pause) -> str:
    again = f"tried again from {_time(pause.until)}" if pause.until else f"`resume --part {pause.part}` ends it"
    return (
        f"{pause.part} stands still since {_time(pause.since)} ({pause.cause}, by {pause.by}: {pause.reason}); {again}"
    )


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def _event(action: str, pause: Pause, reason: str = "") -> Event:
    until = pause.until.isoformat() if pause.until else None
    details = {"part": pause.part, "cause": pause.cause, "since": pause.since.isoformat(), "until": until}
    return Event(action=action, outcome="done", reason=reason or pause.reason, details=details)
