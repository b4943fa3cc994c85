"""The operator of the simulated year: looks every working hour, decides what waits for a person, and reruns what is stuck."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.errors import ActRefused, AlreadyRunning, LedgerBusy
from bot.life import State
from bot.model import ReadOutcome
from bot.operation.acts import Acts
from bot.operation.unreadable import dismiss_message
from bot.wiring import Workshop
from tests.scenario.year.days import Days

_HOURS = range(9, 18)
_OPERATOR = "operator"
#: Between two tries while the bot works.
_AGAIN = 60


@dataclass(frozen=True, kw_only=True)
class Person:
    """Does by the acts of the command line what a clerk would."""

    workshop: Workshop
    days: Days

    async def run(self) -> None:
        """Look at five past each working hour, for good."""
        while True:
            now = self.workshop.clock.now()
            looks = now.replace(minute=5, second=0, microsecond=0)
            looks += timedelta(hours=1) if looks <= now else timedelta()
            await asyncio.sleep((looks - now).total_seconds())
            if looks.hour in _HOURS and self.days.is_open(looks.date()):
                await self._look(looks)

    async def _look(self, now: datetime) -> None:
        with self.workshop.acts(_OPERATOR) as acts:
            held = await acts.ledger.requests(states={State.HELD})
            stuck = await acts.ledger.requests(states={State.STUCK})
            messages = await acts.ledger.messages(
                outcomes={ReadOutcome.UNREADABLE}, since=now.date() - timedelta(days=30)
            )
            for one in held:
                if one.decision and one.decision.urgent:
                    await self._do(lambda one=one: acts.approve(one.id, "the supervisor has called"))  # type: ignore[misc] # binds the loop's value
                else:
                    await self._do(lambda one=one: acts.reject(one.id, "nobody knows this person"))  # type: ignore[misc] # as above
            for one in stuck:
                await self._rerun_or_dismiss(acts, one.id)
            for message in messages:
                if message.dismissed_at is None:
                    await self._do(lambda message=message: dismiss_message(acts, message.id, "nothing is in it"))  # type: ignore[misc] # as above

    async def _rerun_or_dismiss(self, acts: Acts, request_id: str) -> None:
        try:
            await self._do(lambda: acts.rerun(request_id, "looked at it"))
        except ActRefused:
            await self._do(lambda: acts.dismiss(request_id, "its days are over"))

    async def _do(self, act: Callable[[], Awaitable[object]]) -> None:
        """Do one act as soon as nothing else works on the ledger, as the command does."""
        while True:
            try:
                with self.workshop.alone():
                    await act()
                    return
            except (AlreadyRunning, LedgerBusy):
                await asyncio.sleep(_AGAIN)
