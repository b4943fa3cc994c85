"""What tests of the schedule share: a scheduler on jobs that only note that they were called, and a house that `serve` polls."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.clock import Clock, SystemClock
from bot.operation.report import Progress, Stop
from bot.operation.schedule.plan import Due, Task
from bot.operation.schedule.pulse import Pulse
from bot.operation.schedule.scheduler import Scheduler
from tests.house import ZONE, House

Work = Callable[[Progress], Awaitable[None]]
#: Seconds that something may take in a process of its own.
PATIENCE = 90


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


def poll_always(house: House, console: str, more: Mapping[str, Mapping[str, Any]] | None = None) -> None:
    """Have a house polled every second or so, all day, on any day the test is run on."""
    today = SystemClock(ZONE).now().date()
    opened = "".join(f"{today + timedelta(days=number)},open,\n" for number in range(2))
    house.lay_out({
        "console": {"url": console}, "calendar": {"overrides_file": "days.csv"}, "alerts": {"mail_to": []},
        "schedule": {"poll_minutes": 0.02, "poll_from": "00:00", "poll_until": "23:59:59"}, **(more or {}),
    })  # fmt: skip
    (house.path / "days.csv").write_text(f"date,open,reason\n{opened}", encoding="utf-8")


def come_to(seen: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Wait until something is so, while the process lives."""
    ends = time.monotonic() + PATIENCE
    while not seen():
        assert process.poll() is None, "it has ended"
        assert time.monotonic() < ends, "it did not come to that"
        time.sleep(0.1)
