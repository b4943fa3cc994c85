"""Several workers on one list of requests."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bot.clock import Standstill
from bot.errors import BotError, Conflict, Paused, RowAltered, StoodStill, Stopped, Transient, Unreachable, Unsent
from bot.ledger.records import Request
from bot.operation.alerts.catalogue import Trouble
from bot.operation.report import Progress, Report
from bot.settings.console import ConsoleSettings

#: Says why no further request may be begun now; ``None`` when one may.
Stands = Callable[[], Awaitable[Paused | None]]
#: Does the work on one request; tells whether it ended well.
Work = Callable[[Request, Report], Awaitable[bool]]


@dataclass(kw_only=True)
class Crew:
    """Takes requests off a list in its order, until it is empty or something stops them all.

    A worker never stops another one in the middle of its request: what was submitted is seen to its end. An employee's
    requests are worked on one after the other: they share an account.
    """

    waiting: deque[Request]
    do: Work
    report: Report
    progress: Progress
    settings: ConsoleSettings
    #: Asked before each request: what is in hand is finished, and then all stand still.
    stands: Stands
    #: Knows whether the machine stood still: what ran into a limit meanwhile is no failure.
    standstill: Standstill | None = None
    #: What stopped the work, for the caller to raise when every worker has come back.
    stopped_by: BotError | None = None
    _failures: int = 0
    _turns: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    async def work(self) -> None:
        """Be one of the workers."""
        while self.waiting and not self.stopped_by and not self.report.is_cut_short():
            if stands := await self.stands():
                self.stopped_by = self.stopped_by or stands
                return
            if not self.waiting:
                return  # another worker took the last one in the meantime
            request = self.waiting.popleft()
            async with self._turns[request.application.employee_no or request.id]:
                await self._one(request)
            self.progress.step()

    async def _one(self, request: Request) -> None:
        well = False
        why: BotError | None = None
        try:
            with self.report.one_of_many(request.id):
                try:
                    well = await self._in_time(request)
                except (Unreachable, Unsent, StoodStill) as error:
                    why = error
                    raise
                except (Conflict, RowAltered):
                    well = True  # somebody changed the request, or its row: nothing is wrong with the console
                    raise
        except BotError as error:
            self.stopped_by = self.stopped_by or error
            return
        if isinstance(why, StoodStill):
            return  # says nothing of the console
        self._failures = 0 if well else self._failures + 1
        if self._failures >= self.settings.stop_after_failures:
            # A console that is gone, or a mail server, is told as that, and tried again by the next pass.
            text = f"{self._failures} failures in a row in the console: the rest waits"
            self.stopped_by = why or Stopped(Trouble.FAILURES, text)

    async def _in_time(self, request: Request) -> bool:
        began = time.monotonic()
        try:
            async with asyncio.timeout(self.settings.request_timeout):
                return await self.do(request, self.report)
        except TimeoutError:
            if self.standstill and (stood := self.standstill.since(began)):
                raise StoodStill(
                    f"the machine stood still for {stood:.0f} s: the next pass finds out how far it came"
                ) from None
            raise Transient(
                "it took longer than console.request_timeout: the next pass finds out how far it came"
            ) from None
