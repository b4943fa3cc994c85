"""The bot of the simulated year, in a process of its own: the scheduler and the jobs of `serve`, on virtual time."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.commands.opening import open_workshop
from bot.commands.serve import scheduler_of
from bot.console.port import Console
from bot.mail.port import Mailbox
from bot.operation.report import Stop
from bot.wiring import Workshop
from bot.wiring.kept import Kept
from tests.scenario.matrix.moments import before_each_change
from tests.scenario.year.around import Far, Line
from tests.scenario.year.mails import Server, keep_directory_fresh
from tests.scenario.year.person import Person
from tests.scenario.year.story import Year
from tests.scenario.year.virtual import VirtualClock, VirtualLoop, set_apscheduler
from tests.scenario.year.weather import Outage, Restart, What

#: Files of a year beside the house: where its time stands, the outages that were met, what the process weighed.
NOW, MET, WEIGHT = "now", "met.jsonl", "weight.jsonl"
_DAY = 24 * 3600
_KB = 1024
_SECOND = 1_000_000_000  # nanoseconds


@dataclass(frozen=True, kw_only=True)
class FarWorkshop(Workshop):
    """The bot's own workshop, with a mail server and a console that can't be reached at times."""

    year: Year
    lines: dict[What, Line]

    def mailbox(self) -> Mailbox:
        """See :meth:`bot.wiring.Workshop.mailbox`."""
        return Far(super().mailbox(), self.lines[What.MAIL])  # stands in for it

    def console(self, *_: object, **__: object) -> Any:  # noqa: ANN401 - any console there is
        """Return the year's console."""
        console: Console = self.year.console
        return Far(console, self.lines[What.CONSOLE])


class Fate:
    """Kills the process at the so-many-th boundary after its time has come."""

    def __init__(self, restart: Restart | None, clock: VirtualClock, now: Path) -> None:
        self._left = restart.boundary if restart else 0
        self._at = restart.at if restart else None
        self._clock, self._now = clock, now

    def boundary(self) -> None:
        """Pass one, or die at it."""
        if not self._left or self._at is None or self._clock.now() < self._at:
            return
        self._left -= 1
        if not self._left:
            self._now.write_text(self._clock.now().isoformat(), encoding="utf-8")
            os.kill(os.getpid(), signal.SIGKILL)

    def watch_commits(self) -> None:
        """Have a boundary before each commit that changes the ledger."""
        before_each_change(lambda _: self.boundary())


def live(year: Year, start: datetime, until: datetime, restart: Restart | None) -> int:
    """Serve from ``start`` until a restart, or the year is over."""
    loop = VirtualLoop()
    clock = VirtualClock(start, loop)
    set_apscheduler(clock)
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(_serve(year, clock, until, restart))
    finally:
        (year.base / NOW).write_text(clock.now().isoformat(), encoding="utf-8")
        loop.run_until_complete(loop.shutdown_default_executor())
    return 0


async def _serve(year: Year, clock: VirtualClock, until: datetime, restart: Restart | None) -> None:
    fate, stop = Fate(restart, clock, year.base / NOW), Stop()
    fate.watch_commits()
    year.open_console(clock)
    plain = open_workshop(year.house.config, (), quiet=True, clock=clock)
    parts = {name: getattr(plain, name) for name in ("config", "clock", "redactor", "say")}
    lines = {
        what: Line(what=what, weather=year.weather, clock=clock, boundary=fate.boundary, met=_note_met(year.base / MET))
        for what in What
    }
    # Of the files that it reads some are of the year's time, which may be still to come, and some of the machine's.
    kept = Kept(lambda: max(time.time_ns(), int(clock.now().timestamp() * _SECOND)))
    workshop = FarWorkshop(**parts, year=year, lines=lines, kept=kept)
    scheduler = scheduler_of(workshop, stop)
    scheduler.look = year.beat
    beside = [
        Server(house=year.house, arrivals=year.arrivals, clock=clock).run(),
        keep_directory_fresh(year.house, clock),
        Person(workshop=workshop, days=year.days).run(),
        _weigh(year.base / WEIGHT, clock),
        _stop_at(stop, clock, restart.at if restart and not restart.boundary else until),
    ]
    tasks = [asyncio.ensure_future(_loudly(one, stop)) for one in beside]
    await scheduler.run()
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task


async def _loudly(work: Awaitable[None], stop: Stop) -> None:
    """Stop everything when a part of the simulation itself breaks."""
    try:
        await work
    except Exception:
        stop.asked_by = "the simulation, which is broken"
        raise


async def _stop_at(stop: Stop, clock: VirtualClock, at: datetime) -> None:
    await asyncio.sleep((at - clock.now()).total_seconds())
    stop.asked_by = "SIGTERM"


def _note_met(file: Path) -> Callable[[Outage], None]:
    def note(outage: Outage) -> None:
        with file.open("a", encoding="utf-8") as out:
            out.write(json.dumps({"what": outage.what, "start": outage.start.isoformat()}) + "\n")

    return note


def _megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / _KB / _KB


async def _weigh(file: Path, clock: VirtualClock) -> None:
    """Note once a day what the process weighs, and say how far the year is."""
    while True:
        await asyncio.sleep(_DAY)
        weight = {"at": clock.now().isoformat(), "pid": os.getpid(), "mb": _megabytes()}
        with file.open("a", encoding="utf-8") as out:
            out.write(json.dumps(weight) + "\n")
