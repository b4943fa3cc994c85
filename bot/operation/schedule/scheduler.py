"""Has every job of the plan done at its time: one after the other where they need to be alone, each within its limit.

What is due is asked of the clock on the wall at every beat, not only of timers, which neither a clock that is set nor a machine
that slept moves. A job that fails or hangs is told and cut off; the scheduler goes on.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from loguru import logger

from bot.clock import Clock
from bot.errors import AlreadyRunning, BotError, TookTooLong
from bot.operation.limit import GRACE, Limit
from bot.operation.report import Progress, Silent, Stop
from bot.operation.schedule.plan import Due, Planner, Task, next_due
from bot.operation.schedule.pulse import Pulse, last_done
from bot.operation.schedule.steps import Steps
from bot.operation.schedule.trigger import PlanTrigger

Job = Callable[[Progress], Awaitable[None]]
Tell = Callable[[Task, Exception], Awaitable[None]]
#: What was missed longer ago is not made good.
_MISSED = timedelta(days=35)
#: Seconds an alert may take, however little a job may.
TELLING = 120
#: Seconds without a sign of life after which the scheduler is taken to hang: several beats.
_LIVES = 120


@dataclass(frozen=True, kw_only=True)
class Health:
    """How the scheduler stands, for whoever shows it."""

    #: When a pass last came to its end without an error.
    last_pass: datetime | None
    next_run: Due | None
    #: The newest failure, by job; empty when the last of each job went well.
    last_errors: Mapping[Task, str]
    heartbeat_age: timedelta | None
    running: tuple[Task, ...]


@dataclass(kw_only=True)
class Scheduler:
    """Runs until ``stop`` is set; then nothing is begun any more, and what is in hand is finished."""

    planner: Planner
    jobs: Mapping[Task, Job]
    #: Done every ``aside_every``, whatever else runs; may fail as a job may.
    aside: Callable[[], Awaitable[None]]
    aside_every: timedelta
    tell: Tell
    clock: Clock
    pulse: Pulse
    stop: Stop
    #: Without any progress for so long a job is cut off.
    limit: timedelta
    #: Tells whether the plan is another one since it was last asked.
    renewed: Callable[[], bool] = bool
    #: So long it may take to let go of what it holds; then the whole process is ended.
    grace: timedelta = GRACE
    #: Between two tries while another process works on the ledger.
    patience: timedelta = timedelta(seconds=5)
    #: Seconds between two looks at whether to stop.
    look: float = 0.2
    done: dict[Task, datetime] = field(default_factory=dict)
    errors: dict[Task, str] = field(default_factory=dict)
    #: A job, or a thread of one, could not even be cut off: the process has to end.
    beyond_help: bool = False
    _running: set[Task] = field(default_factory=set)
    _lane: asyncio.Lock = field(default_factory=asyncio.Lock)
    #: Held while the look aside lasts.
    _looking: asyncio.Lock = field(default_factory=asyncio.Lock)
    _pass_began: float = -1
    #: Seconds of a clock that nobody sets.
    _beat_at: float = field(default_factory=time.monotonic)
    _timer: AsyncIOScheduler = field(init=False)
    _limit: Limit = field(init=False)

    def __post_init__(self) -> None:
        self._limit = Limit(
            limit=self.limit, grace=self.grace, hangs_on=lambda: self._give_up("a thread that can't be ended")
        )
        zone = self.clock.now().tzinfo
        defaults = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        self._timer = AsyncIOScheduler(timezone=zone, job_defaults=defaults)
        # That a pass takes longer than the polls are apart is no news.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)

    async def run(self) -> None:
        """Do what is due until asked to stop, and return when what was in hand is finished."""
        self.done |= last_done(self.pulse.file)
        self._lay_out(self.clock.now())
        self._timer.start()
        self.pulse.supervisor.tell("READY=1")
        steps, loop, beat_at = Steps(), asyncio.get_running_loop(), float("-inf")
        try:
            while not self.stop.asked_by:
                if loop.time() - beat_at >= self.pulse.supervisor.beat:
                    beat_at = loop.time()
                    self.beat(steps.look(self.clock.now(), loop.time()))
                await asyncio.sleep(self.look)
        finally:
            await self._finish()

    def beat(self, step: timedelta | None) -> None:
        """Give a sign of life, and look at the clock again; ``step`` is by how much it was set since the last beat."""
        if step is not None:
            logger.warning("the clock was set by {}, or the machine slept", step)
        if self.renewed() or (step is not None and step < timedelta()):
            self.realign()
        self._timer.wakeup()
        self._pulse()

    def _pulse(self) -> None:
        self._beat_at = time.monotonic()
        self.pulse.beat(self.clock.now(), self.done, well=not self.fails())

    def hangs(self) -> list[str]:
        """Name the scheduler when it has given no sign of life for too long; may be called from any thread."""
        return ["scheduler"] if time.monotonic() - self._beat_at > _LIVES else []

    def fails(self) -> list[str]:
        """Name the passes that failed the last time they were tried; may be called from any thread."""
        return [task.value for task in tuple(self.errors) if task.is_pass]

    def realign(self) -> None:
        """Ask the plan anew from now on: after the clock was set back, what was reckoned ahead comes too late."""
        now = self.clock.now()
        for job in self._timer.get_jobs():
            if job.next_run_time > now:  # what is overdue is done by the wake-up that follows
                job.modify(next_run_time=job.trigger.get_next_fire_time(None, now))

    def health(self) -> Health:
        """Return how it stands now."""
        now = self.clock.now()
        passes = [at for task, at in self.done.items() if task.is_pass]
        return Health(
            last_pass=max(passes, default=None), next_run=next(next_due(self.planner, now), None),
            last_errors=dict(self.errors), running=tuple(self._running),
            heartbeat_age=now - self.pulse.beat_at if self.pulse.beat_at else None,
        )  # fmt: skip

    async def fire(self, task: Task) -> None:
        """Do a job now, or when nothing else is in its way; a pass that began meanwhile does for every pass that was due before."""
        due = asyncio.get_running_loop().time()
        if not task.alone:
            await self._do(task)
            return
        async with self._lane:
            await asyncio.sleep(0)  # what comes due at the same moment is in the queue then
            if not (task.is_pass and self._pass_began >= due):
                await self._do(task)

    def _lay_out(self, now: datetime) -> None:
        """Have every job done when it is due; what was missed since it was last done, and can be made good, at once."""
        last_pass = max((at for task, at in self.done.items() if task.is_pass), default=None)
        for task in self.jobs:
            last = last_pass if task.is_pass else self.done.get(task)
            since = max(last, now - _MISSED) if last and task.made_good and last < now else None
            trigger = PlanTrigger(self.planner, task)
            if at := trigger.get_next_fire_time(since, now):
                self._timer.add_job(self.fire, trigger, args=[task], id=task.value, next_run_time=at)
        self._timer.add_job(self._aside, "interval", seconds=self.aside_every.total_seconds(), id="aside")

    async def _aside(self) -> None:
        async with self._looking:
            try:
                await self.aside()
            except Exception as error:  # noqa: BLE001 - one failure never stops the rest (invariant 8)
                _log("the look aside", error)

    async def _do(self, task: Task) -> None:
        """Do a job within its limit; whatever goes wrong is told, and nothing is raised."""
        if self.stop.asked_by or task in self._running:
            return
        began = self.clock.now()
        if task.is_pass:
            self._pass_began = asyncio.get_running_loop().time()
        logger.info("{}", task)
        self._running.add(task)
        try:
            if await self._limit.keep(task, lambda signs: self._patiently(task, signs), Silent()):
                self.done[task] = began
                # A pass makes good whatever pass failed before it.
                for other in [one for one in self.errors if one is task or (task.is_pass and one.is_pass)]:
                    del self.errors[other]
        except Exception as error:  # noqa: BLE001 - one failure never stops the rest (invariant 8)
            if isinstance(error, TookTooLong) and not error.let_go:
                self._give_up("a job that can't be cut off")
            _log(task, error)
            self.errors[task] = type(error).__name__
            await self._told(task, error)
        finally:
            self._running.discard(task)

    def _give_up(self, why: str) -> None:
        """Have the process end as soon as what else is in hand is finished, so that a supervisor starts a new one."""
        self.beyond_help = True
        self.stop.asked_by = self.stop.asked_by or why

    async def _patiently(self, task: Task, signs: Progress) -> bool:
        """Do a job as soon as no other process works on the ledger: a person may run a pass by hand. Return whether it was done.

        It does not hang while it waits; that it waits for longer than a job may hang is told once, with whom it waits for.
        """
        loop, told = asyncio.get_running_loop(), False
        began = loop.time()
        while not self.stop.asked_by:
            try:
                await self.jobs[task](signs)
            except AlreadyRunning as busy:
                logger.info("{} waits: {}", task, busy)
                signs.step()
                if not told and loop.time() - began >= self.limit.total_seconds():
                    told = True
                    await self._told(task, busy)
                await asyncio.sleep(self.patience.total_seconds())
            else:
                return True
        return False

    async def _told(self, task: Task, error: Exception) -> None:
        try:
            async with asyncio.timeout(TELLING):
                await self.tell(task, error)
        except Exception:  # noqa: BLE001 - a failed alert never stops the scheduler
            logger.exception("nobody could be told of the failure of {}", task)

    async def _finish(self) -> None:
        """Begin nothing more, and wait until what is in hand is finished; the limit holds for it too."""
        self.pulse.supervisor.tell("STOPPING=1")
        self._timer.pause()
        loop = asyncio.get_running_loop()
        beat_at = loop.time()
        while self._running:
            await asyncio.sleep(self.look)
            if loop.time() - beat_at >= self.pulse.supervisor.beat:
                beat_at = loop.time()
                self._pulse()
        self._pulse()
        with suppress(TimeoutError):
            async with asyncio.timeout(self.grace.total_seconds()), self._looking:
                pass  # it may be telling somebody right now
        self._timer.shutdown(wait=False)
        await asyncio.sleep(0)


def _log(what: str, error: Exception) -> None:
    """Say what failed; where only what nobody foresaw needs the lines of code that led to it."""
    logger.opt(exception=not isinstance(error, BotError)).error("{}: {}", what, error)
