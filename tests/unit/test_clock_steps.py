"""A clock that is set, and a machine that slept: what is due is done all the same, once."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.clock import SystemClock
from bot.operation.schedule.plan import Task
from bot.operation.schedule.pulse import Pulse, Supervisor
from bot.operation.schedule.steps import Steps
from tests.house import FRIDAY, ZONE
from tests.serve_kit import Desk, until


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A desk with nothing to do."""
    return Desk(path=tmp_path)


async def test_the_clock_was_set_forward(desk: Desk) -> None:
    """What became due by it is done at the next beat, not when the timer would have run out; several moments are one."""
    desk.due(Task.POLL, after=3600)
    desk.due(Task.POLL, after=3900)
    scheduler = desk.scheduler()

    async def step() -> None:
        await until(lambda: bool(scheduler._timer.get_jobs()))
        # As after a step of two hours: both moments lie in the past, and the timer still counts.
        desk.plan[:] = [type(due)(at=due.at - timedelta(hours=2), job=due.job) for due in desk.plan]
        (job,) = [one for one in scheduler._timer.get_jobs() if one.id == "poll"]
        job.next_run_time = desk.plan[0].at
        scheduler._timer._jobstores["default"].update_job(job)
        await asyncio.sleep(0.3)
        assert desk.log == []
        scheduler.beat(timedelta(hours=2))

    await asyncio.gather(desk.run(1.2, scheduler), step())
    assert desk.log == ["+poll", "-poll"]


class Settable(SystemClock):
    """The machine's clock, which somebody sets."""

    ahead = timedelta()

    def now(self) -> datetime:
        """Return what it shows."""
        return super().now() + self.ahead


async def test_the_clock_was_set_back(desk: Desk) -> None:
    """It was an hour ahead, so that what is due soon seemed over; set right, it is done at its true time, with nobody's help."""
    desk.due(Task.POLL, after=1.5)
    desk.due(Task.POLL, after=2 * 3600)
    desk.clock = clock = Settable(ZONE)
    clock.ahead = timedelta(hours=1)
    desk.pulse = Pulse(file=desk.path / "heartbeat.json", supervisor=Supervisor(watchdog=0.4))
    scheduler = desk.scheduler()

    async def set_right() -> None:
        await until(lambda: desk.pulse is not None and desk.pulse.beat_at is not None)
        clock.ahead = timedelta()

    await asyncio.gather(desk.run(2.5, scheduler), set_right())
    assert desk.log == ["+poll", "-poll"]


@pytest.mark.parametrize(
    ("wall", "ticks", "step"),
    [(30, 30, None), (33, 30, None), (3630, 30, 3600), (-3570, 30, -3600), (30 + 8 * 3600, 30, 8 * 3600), (24, 30, -6)],
)
def test_a_step_is_what_the_wall_and_a_stopwatch_disagree_on(wall: float, ticks: float, step: float | None) -> None:
    """Seconds by the wall, by the stopwatch, and the step: a sleep looks like a clock that was set forward."""
    steps = Steps()
    assert steps.look(FRIDAY, 1000) is None
    found = steps.look(FRIDAY + timedelta(seconds=wall), 1000 + ticks)
    assert found == (None if step is None else timedelta(seconds=step))
    assert steps.look(FRIDAY + timedelta(seconds=wall + 30), 1000 + ticks + 30) is None
