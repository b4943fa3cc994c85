"""Jobs at their time: never two passes at once, nothing missed, nothing for ever, whatever a job or a clock does."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from bot.errors import AlreadyRunning
from bot.operation.report import Progress
from bot.operation.schedule.plan import Task
from tests.house import ROOT
from tests.serve_kit import Desk, Work, until


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A desk with nothing to do."""
    return Desk(path=tmp_path)


def takes(seconds: float) -> Work:
    """Return work that takes so long."""

    async def work(_progress: Progress) -> None:
        await asyncio.sleep(seconds)

    return work


async def test_each_job_is_done_once_at_its_time(desk: Desk) -> None:
    """Two jobs, each when it is due and not again; the health says when a pass was done and what comes next."""
    desk.due(Task.POLL, after=0.3)
    desk.due(Task.DIGEST, after=0.6)
    desk.due(Task.BACKUP, after=60)
    scheduler = await desk.run(1.2)
    assert desk.log == ["+poll", "-poll", "+digest", "-digest"]
    health = scheduler.health()
    assert health.last_pass is not None
    assert health.next_run is not None
    assert (health.next_run.job, health.last_errors, health.running) == (Task.BACKUP, {}, ())
    assert health.heartbeat_age is not None
    assert health.heartbeat_age < timedelta(seconds=5)


async def test_passes_never_overlap_and_a_late_one_does_for_all(desk: Desk) -> None:
    """While a pass overruns, four more come due: one follows it; what needs the ledger alone waits, the digest does not."""
    desk.work[Task.POLL] = takes(0.8)
    desk.due(Task.POLL, after=0.1)
    for number, task in enumerate((Task.CUTOFF, Task.ENABLE, Task.DISABLE, Task.EXPIRY)):
        desk.due(task, after=0.3 + number / 20)
    desk.due(Task.DIGEST, after=0.4)
    await desk.run(1.6)
    assert desk.log == ["+poll", "+digest", "-digest", "-poll", "+cutoff_sweep", "-cutoff_sweep"]


async def test_what_was_missed_while_it_overran_is_done_once(desk: Desk) -> None:
    """Five polls come due within one that overruns: none overlaps, none is queued up."""
    desk.work[Task.POLL] = takes(0.7)
    for number in range(6):
        desk.due(Task.POLL, after=0.1 + number / 10)
    await desk.run(1.2)
    assert desk.log == ["+poll", "-poll"]


async def test_a_sweep_after_a_poll_that_runs_is_no_repetition(desk: Desk) -> None:
    """The poll began before the cutoff: what came since is swept all the same."""
    scheduler = desk.scheduler()
    desk.work[Task.POLL] = takes(0.2)
    poll = asyncio.ensure_future(scheduler.fire(Task.POLL))
    await until(lambda: desk.log == ["+poll"])
    await asyncio.gather(poll, scheduler.fire(Task.CUTOFF))
    assert desk.log == ["+poll", "-poll", "+cutoff_sweep", "-cutoff_sweep"]


async def test_a_hung_job_is_cut_off_and_the_next_one_done(desk: Desk) -> None:
    """No step for the limit: cut off and told; one that gets on, however slowly, is left alone."""
    desk.limit = timedelta(seconds=0.3)

    async def slow(progress: Progress) -> None:
        progress.start("telling", 5)
        for _ in range(5):
            await asyncio.sleep(0.15)
            progress.step()

    desk.work = {Task.POLL: takes(60), Task.CUTOFF: slow}
    scheduler = desk.scheduler()
    await scheduler.fire(Task.POLL)
    await scheduler.fire(Task.CUTOFF)
    assert desk.log == ["+poll", "+cutoff_sweep", "-cutoff_sweep"]
    ((task, text),) = desk.told
    assert task is Task.POLL
    assert "got no step further" in text
    assert Task.POLL not in scheduler.done
    assert not scheduler.beyond_help


async def test_a_thread_that_hangs_takes_no_other_job_with_it(desk: Desk) -> None:
    """More threads hang than the pool has: each job is cut off, and the next still gets a thread."""
    desk.limit = timedelta(seconds=0.1)
    let_go = threading.Event()

    async def hangs(_progress: Progress) -> None:
        await asyncio.gather(*(asyncio.to_thread(let_go.wait) for _ in range(40)))

    async def works(_progress: Progress) -> None:
        await asyncio.to_thread(desk.log.append, "in a thread")

    desk.work = {Task.POLL: hangs, Task.BACKUP: works}
    scheduler = desk.scheduler()
    try:
        await scheduler.fire(Task.POLL)
        await scheduler.fire(Task.BACKUP)
    finally:
        let_go.set()
    assert "in a thread" in desk.log
    assert len(desk.told) == 1


async def test_what_cannot_be_cut_off_ends_the_process(desk: Desk) -> None:
    """A job that swallows its end: the scheduler stops and says that the process must go, so that a supervisor starts anew."""
    desk.limit = desk.grace = timedelta(seconds=0.1)
    let_go = asyncio.Event()

    async def stubborn(_progress: Progress) -> None:
        while not let_go.is_set():
            try:
                await let_go.wait()
            except asyncio.CancelledError:
                continue

    desk.work[Task.POLL] = stubborn
    desk.due(Task.POLL, after=0.1)
    scheduler = await desk.run(2)
    let_go.set()
    assert scheduler.beyond_help
    assert desk.stop.asked_by == "a job that can't be cut off"
    assert [task for task, _ in desk.told] == [Task.POLL]


def test_the_process_ends_although_a_thread_hangs() -> None:
    """What was cut off may leave a thread that never ends: `serve` does not wait for it."""
    code = "import threading; from bot.commands.stopping import leave_what_hangs as leave; threading.Thread(target=threading.Event().wait).start(); leave(0)"
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60, check=False)
    assert ended.returncode == 0


async def test_it_waits_for_a_run_by_hand(desk: Desk) -> None:
    """Another process holds the ledger: tried again until it lets go, and nobody is told."""
    tries: list[int] = []

    async def busy(_progress: Progress) -> None:
        tries.append(1)
        if len(tries) < 3:
            raise AlreadyRunning("another run")

    desk.work[Task.CUTOFF] = busy
    scheduler = desk.scheduler()
    await scheduler.fire(Task.CUTOFF)
    assert (len(tries), desk.told, scheduler.health().last_errors) == (3, [], {})


async def test_asked_to_stop_it_finishes_what_is_in_hand(desk: Desk) -> None:
    """The pass in hand comes to its end; what waits for it, and what would come due, is not begun."""
    desk.work[Task.POLL] = takes(0.8)
    desk.due(Task.POLL, after=0.1)
    desk.due(Task.BACKUP, after=0.2)
    desk.due(Task.DIGEST, after=0.7)
    await desk.run(0.4)
    assert desk.log == ["+poll", "-poll"]


async def test_asked_to_stop_it_lets_the_look_aside_end(desk: Desk) -> None:
    """What looks at the queue may be telling somebody: it is not cut off in the middle of it."""

    async def looks() -> None:
        desk.log.append("+aside")
        await asyncio.sleep(0.8)
        desk.log.append("-aside")

    scheduler = desk.scheduler()
    scheduler.aside, scheduler.aside_every = looks, timedelta(seconds=0.2)
    await desk.run(0.4, scheduler)
    assert desk.log == ["+aside", "-aside"]


async def test_what_was_missed_while_it_did_not_run_is_made_good(desk: Desk) -> None:
    """A backup and two passes came due since the last heartbeat: one pass, one backup; yesterday's digest is not sent today."""
    desk.due(Task.POLL, after=-3600)
    desk.due(Task.DISABLE, after=-3500)
    desk.due(Task.BACKUP, after=-3400)
    desk.due(Task.DIGEST, after=-3300)
    done = {task.value: (desk.now - timedelta(hours=2)).isoformat() for task in (Task.POLL, Task.BACKUP, Task.DIGEST)}
    (desk.path / "heartbeat.json").write_text(json.dumps({"done": done}), encoding="utf-8")
    await desk.run(0.6)
    assert desk.log == ["+poll", "-poll", "+backup", "-backup"]
    desk.log.clear()
    desk.stop.asked_by = ""
    await desk.run(0.4)
    assert desk.log == []
