"""Jobs that fail: told, shown until they work again, and no reason for the others to stop."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from loguru import logger

from bot.errors import Unusable
from bot.operation.report import Progress
from bot.operation.schedule.plan import Task
from bot.operation.schedule.pulse import Pulse
from tests.serve_kit import Desk

if TYPE_CHECKING:
    from loguru import Message


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A desk with nothing to do."""
    return Desk(path=tmp_path)


async def test_a_failing_job_is_told_and_the_others_go_on(desk: Desk) -> None:
    """What the bot knows and what nobody foresaw: each is told once, by its job, and shown until the job works again."""

    async def fails(_progress: Progress) -> None:
        raise Unusable("no console")

    async def stumbles(_progress: Progress) -> None:
        raise ZeroDivisionError

    desk.work = {Task.RECONCILE: fails, Task.PURGE: stumbles}
    scheduler = desk.scheduler()
    for task in (Task.RECONCILE, Task.PURGE, Task.BACKUP):
        await scheduler.fire(task)
    assert [task for task, _ in desk.told] == [Task.RECONCILE, Task.PURGE]
    assert scheduler.health().last_errors == {Task.RECONCILE: "Unusable", Task.PURGE: "ZeroDivisionError"}
    assert "-backup" in desk.log
    del desk.work[Task.PURGE]
    await scheduler.fire(Task.PURGE)
    assert scheduler.health().last_errors == {Task.RECONCILE: "Unusable"}


async def test_a_pass_makes_good_whatever_pass_failed(desk: Desk) -> None:
    """The sweep failed, the next poll did not: nothing fails any more; what failed beside passes is shown on."""

    async def fails(_progress: Progress) -> None:
        raise Unusable("the directory is being written")

    desk.work = {Task.CUTOFF: fails, Task.BACKUP: fails}
    scheduler = desk.scheduler()
    for task in (Task.CUTOFF, Task.BACKUP):
        await scheduler.fire(task)
    assert scheduler.fails() == ["cutoff_sweep"]
    await scheduler.fire(Task.POLL)
    assert (scheduler.fails(), scheduler.health().last_errors) == ([], {Task.BACKUP: "Unusable"})


async def test_only_what_nobody_foresaw_shows_lines_of_code(desk: Desk) -> None:
    """A known failure is one line at each poll while it lasts: a traceback at each would bury what an operator looks for."""

    async def fails(_progress: Progress) -> None:
        raise Unusable("no console")

    async def stumbles(_progress: Progress) -> None:
        raise ZeroDivisionError

    async def full() -> None:
        raise Unusable("no ledger")

    seen: list[tuple[str, bool]] = []

    def note(line: Message) -> None:
        # Where the log has been set up, its lines of code have gone into the text by now, and their error's name stands apart.
        record = line.record
        seen.append((record["message"], bool(record["exception"] or record["extra"].get("error"))))

    sink = logger.add(note, level="ERROR")
    desk.work = {Task.RECONCILE: fails, Task.PURGE: stumbles}
    scheduler = desk.scheduler()
    scheduler.aside = full
    await scheduler.fire(Task.RECONCILE)
    await scheduler._aside()
    await scheduler.fire(Task.PURGE)
    logger.remove(sink)
    assert seen == [("reconcile: no console", False), ("the look aside: no ledger", False), ("retention_purge: ", True)]


async def test_a_heartbeat_that_is_torn_is_none(desk: Desk) -> None:
    """Whatever stands in the file, the scheduler starts."""
    for text in ("", "[]", '{"done": {"poll": "soon"}}', '{"done": {"no-job": "2026-11-25T00:00:00+09:00"}}'):
        (desk.path / "heartbeat.json").write_text(text, encoding="utf-8")
        desk.stop.asked_by = ""
        await desk.run(0.1)
    assert json.loads((desk.path / "heartbeat.json").read_text(encoding="utf-8"))["pid"]


async def test_a_failing_pass_keeps_the_ping_back(desk: Desk) -> None:
    """A digest that fails does not: the passes are what counts."""
    seen: list[bool] = []

    class Watched(Pulse):
        def beat(self, now: datetime, done: Mapping[Task, datetime], *, well: bool = True) -> None:
            seen.append(well)
            super().beat(now, done, well=well)

    async def fails(_progress: Progress) -> None:
        raise Unusable("not now")

    desk.work = {Task.POLL: fails, Task.DIGEST: fails}
    desk.pulse = Watched(file=desk.path / "heartbeat.json")
    desk.due(Task.DIGEST, after=0.1)
    await desk.run(0.6)
    assert seen == [True, True]
    desk.due(Task.POLL, after=0.1)
    desk.stop.asked_by = ""
    await desk.run(0.6)
    assert seen[2:] == [True, False]
