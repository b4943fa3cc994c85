"""What tests of the schedule share: a scheduler on jobs that only note that they were called."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

from bot.clock import Clock, SystemClock
from bot.operation.report import Progress, Stop
from bot.operation.schedule.plan import Due, Task
from bot.operation.schedule.pulse import Pulse
from bot.operation.schedule.scheduler import Scheduler
from tests.house import ZONE

Work = Callable[[Progress], Awaitable[None]]


@dataclass(kw_only=True)
class Desk:
    """A plan of one's own, jobs of one's own, and what became of them."""

    path: Path
    plan: list[Due] = field(default_factory=list)
    work: dict[Task, Work] = field(default_factory=dict)
    clock: Clock = field(default_factory=lambda: SystemClock(ZONE))
    limit: timedelta = timedelta(seconds=30)
    grace: timedelta = timedelta(seconds=5)
    #: "+" and a job's name when it begins, "-" when it ends well.
    log: list[str] = field(default_factory=list)
    told: list[tuple[Task, str]] = field(default_factory=list)
    stop: Stop = field(default_factory=Stop)
    pulse: Pulse | None = None

    @property
    def now(self) -> datetime:
        """The present moment."""
        return self.clock.now()

    def due(self, task: Task, *, after: float) -> None:
        """Have a job due so many seconds from now."""
        self.plan.append(Due(at=self.now + timedelta(seconds=after), job=task))

    def scheduler(self) -> Scheduler:
        """Return a scheduler that does it."""
        return Scheduler(
            planner=self._planned, jobs={task: self._job(task) for task in Task}, aside=self._nothing, tell=self._tell,
            aside_every=timedelta(hours=1), clock=self.clock, pulse=self.pulse or Pulse(file=self.path / "heartbeat.json"),
            stop=self.stop, limit=self.limit, grace=self.grace, patience=timedelta(milliseconds=10),
        )  # fmt: skip

    async def run(self, seconds: float, scheduler: Scheduler | None = None) -> Scheduler:
        """Run a scheduler for so many seconds, and wait until it has stopped."""
        running = scheduler or self.scheduler()

        async def stop_later() -> None:
            await asyncio.sleep(seconds)
            self.stop.asked_by = self.stop.asked_by or "the test"

        await asyncio.gather(running.run(), stop_later())
        return running

    def _planned(self, day: date) -> list[Due]:
        return sorted((due for due in self.plan if due.at.date() == day), key=lambda due: due.at)

    def _job(self, task: Task) -> Work:
        async def job(progress: Progress) -> None:
            self.log.append(f"+{task}")
            if work := self.work.get(task):
                await work(progress)
            self.log.append(f"-{task}")

        return job

    async def _tell(self, task: Task, error: Exception) -> None:
        self.told.append((task, f"{type(error).__name__}: {error}"))

    async def _nothing(self) -> None:
        pass


async def until(seen: Callable[[], bool]) -> None:
    """Wait until something is so, ten seconds at most."""
    async with asyncio.timeout(10):
        while not seen():  # noqa: ASYNC110 - what is waited for sets no event
            await asyncio.sleep(0.01)
