"""``serve``: unattended, by the schedule; or the plan of a day."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import groupby
from pathlib import Path

from bot.commands.opening import day, open_workshop
from bot.commands.output import people, print_json, say, table
from bot.commands.serving import Jobs
from bot.commands.stopping import Watchdog, leave_at_once, leave_what_hangs, stopped_by_signals
from bot.errors import BadUsage, BotError, Problem, Unusable
from bot.ledger.engine import place_of
from bot.ledger.process_lock import process_lock
from bot.operation.report import Stop
from bot.operation.schedule.plan import Due, Task
from bot.operation.schedule.pulse import Pulse, Supervisor
from bot.operation.schedule.scheduler import Scheduler
from bot.wiring import Workshop
from bot.wiring.planning import DayPlans
from bot.wiring.watching import watching


def show_plan(of: str, config: Path, overrides: Sequence[str], *, as_json: bool) -> int:
    """Show what would be done on a day; nothing is done."""
    workshop, asked = open_workshop(config, overrides, quiet=True), day(of, "--plan")
    planned = DayPlans(workshop)(asked)
    if as_json:
        print_json([{"at": due.at, "job": due.job} for due in planned])
        return 0
    closed = workshop.calendar().why_closed(asked)
    title = f"予定 / plan {asked}{f' （閉庁 / closed: {closed}）' if closed else ''}"
    people().print(table(title, ["at", "until", "job", "times"], list(_rows(planned))))
    return 0


def serve(config: Path, overrides: Sequence[str], *, as_json: bool) -> int:
    """Work by the schedule until SIGTERM or Ctrl-C.

    Raises ``AlreadyRunning`` while another `serve` does, ``Unusable`` when ``metrics.port`` can't be had: before anything is done.
    """
    if as_json:
        raise BadUsage([Problem(path="--json", text="belongs to --plan; what is done stands in log.file, as JSON")])
    return keep_serving(open_workshop(config, overrides))


def keep_serving(workshop: Workshop) -> int:
    """Work by the schedule of a workshop; raises as :func:`serve`."""
    stop = Stop()
    place = place_of(workshop.config.settings.ledger.url, workshop.config.base)
    lock = place.with_name(f"{place.name}.serve.lock")
    limit = timedelta(minutes=workshop.config.settings.schedule.job_limit_minutes)
    with (
        process_lock(lock, workshop.clock.now()),
        Watchdog(limit) as watchdog,
        stopped_by_signals(stop, watchdog),
    ):
        asyncio.run(_until_stopped(workshop, stop, watchdog))
        say(f"stopped by {stop.asked_by}")
    leave_what_hangs(0)
    return 0


def scheduler_of(workshop: Workshop, stop: Stop) -> Scheduler:
    """Return the scheduler of a configuration; raises ``ConfigInvalid`` for a calendar or a secret that can't be used."""
    config, schedule = workshop.config, workshop.config.settings.schedule
    plans, jobs = DayPlans(workshop), Jobs(workshop=workshop, stop=stop)
    pulse = Pulse(
        file=config.path(schedule.heartbeat_file), supervisor=Supervisor.of(os.environ),
        ping=config.resolve(schedule.ping_url, workshop.redactor) if schedule.ping_url else None,
        ping_every=timedelta(minutes=schedule.ping_minutes),
    )  # fmt: skip
    return Scheduler(
        planner=plans, renewed=plans.renewed, jobs=jobs.of_the_plan(), aside=jobs.queue, tell=jobs.failed,
        aside_every=timedelta(minutes=schedule.poll_minutes), clock=workshop.clock, pulse=pulse, stop=stop,
        limit=timedelta(minutes=schedule.job_limit_minutes),
    )  # fmt: skip


async def _until_stopped(workshop: Workshop, stop: Stop, watchdog: Watchdog) -> None:
    scheduler = scheduler_of(workshop, stop)
    due = scheduler.health().next_run
    watched = watching(workshop, hangs=scheduler.hangs, fails=scheduler.fails)
    if watched:
        await watched.start()
        say(f"metrics, healthz and readyz: {watched.url}")
        with suppress(BotError):  # whoever asks is told; a new house is ready before its first pass
            (await asyncio.to_thread(workshop.ledger)).close()
    say(f"serving, process {os.getpid()}; next: {f'{due.job} {due.at:%Y-%m-%d %H:%M:%S}' if due else 'nothing'}")
    try:
        async with watchdog.watching():
            await scheduler.run()
    finally:
        if watched:
            await watched.stop()
    if scheduler.beyond_help:
        say(f"{stop.asked_by}: ending the process, so that a supervisor starts a new one")
        leave_at_once(Unusable.exit_status)


def _rows(planned: Sequence[Due]) -> Iterator[tuple[str, str, str, str]]:
    """Yield the plan for people: polls that follow each other in one line."""
    for job, same in groupby(planned, key=lambda due: due.job):
        group = list(same) if job is Task.POLL else []
        if len(group) > 1:
            yield f"{group[0].at:%H:%M:%S}", f"{group[-1].at:%H:%M:%S}", job, str(len(group))
            continue
        for due in group or same:
            yield f"{due.at:%H:%M:%S}", "", job, ""
