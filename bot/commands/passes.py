"""``run``: one pass now, or what one would decide."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

from loguru import logger

from bot.commands.ledger import request_row, requests_table
from bot.commands.opening import open_workshop
from bot.commands.output import Bars, people, print_json, say
from bot.commands.serving import Jobs
from bot.commands.stopping import Watchdog, stopped_by_signals
from bot.errors import DeliveryFailed, TookTooLong
from bot.ledger.records import Request
from bot.mail.port import Folder, Mailbox
from bot.model import Message
from bot.operation.limit import Limit
from bot.operation.report import Progress, Report, Stop
from bot.operation.schedule.plan import Task
from bot.operation.schedule.scheduler import TELLING
from bot.operation.take_in import Deciding, Inbox
from bot.wiring import Workshop
from bot.wiring.assembly import intake


def run(config: Path, overrides: Sequence[str], *, as_json: bool, dry_run: bool) -> int:
    """Make one pass, or with ``dry_run`` say what it would decide."""
    workshop = open_workshop(config, overrides, quiet=as_json)
    if dry_run:
        return asyncio.run(_dry_run(workshop, as_json=as_json))
    report = make_pass(workshop)
    if as_json:
        print_json(report.counts())
    else:
        tell(report)
    return report.exit_status


def make_pass(workshop: Workshop) -> Report:
    """Make one pass with a progress display on stderr; SIGTERM and Ctrl-C end it with the step in hand.

    Raises ``TookTooLong`` when it gets no step further for ``schedule.job_limit_minutes``; operators are told as `serve` does.
    """
    limit = timedelta(minutes=workshop.config.settings.schedule.job_limit_minutes)
    with Watchdog(limit) as watchdog:
        return asyncio.run(_within(limit, workshop, watchdog))


async def _within(limit: timedelta, workshop: Workshop, watchdog: Watchdog) -> Report:
    stop = Stop()

    async def one_pass(progress: Progress) -> Report:
        async with workshop.ready_cycle() as cycle:
            return await replace(cycle, stop=stop).run(progress)

    async with watchdog.watching():
        with Bars() as bars, stopped_by_signals(stop, watchdog):
            try:
                return await Limit(limit=limit).keep("run", one_pass, bars)
            except TookTooLong as error:
                await _told(Jobs(workshop=workshop, stop=stop), error)
                raise


async def _told(jobs: Jobs, error: TookTooLong) -> None:
    try:
        async with asyncio.timeout(TELLING):
            await jobs.failed(Task.POLL, error)
    except Exception:  # noqa: BLE001 - a failed alert never hides the failure itself
        logger.exception("nobody could be told of this")


def tell(report: Report) -> None:
    """Tell a person what a pass did."""
    counts = report.counts()
    for sentences in ("problems", "warnings", "paused", "conditions"):
        counts.pop(sentences)
    shown = {name: value for name, value in counts.items() if value or name not in {"stopped", "interrupted"}}
    people().print("  ".join(f"{name} {value}" for name, value in shown.items()))
    tell_what_to_do(report)


def tell_what_to_do(report: Report) -> None:
    """Say what stands still, what a person should know, and what a person should do something about."""
    for part in report.paused:
        say(f"|| {part}")
    for warning in report.warnings:
        say(f"note: {warning}")
    for problem in report.problems:
        say(f"! {problem}")


async def _dry_run(workshop: Workshop, *, as_json: bool) -> int:
    """Read and decide on a copy of the ledger that is thrown away; mailbox, console and ledger stay as they are."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "ledger.sqlite3"
        await asyncio.to_thread(workshop.copy_ledger, copy)
        settings = workshop.config.settings
        aside = settings.ledger.model_copy(update={"url": f"sqlite:///{copy}", "password": None})
        there = settings.model_copy(update={"ledger": aside})
        requests = await _decide_aside(replace(workshop, config=replace(workshop.config, settings=there)))
    rows = [request_row(request) for request in requests]
    if as_json:
        print_json(rows)
    else:
        people().print(requests_table(rows))
    return 0


async def _decide_aside(workshop: Workshop) -> list[Request]:
    ledger = workshop.ledger()
    try:
        today = workshop.clock.now().date()
        before = {request.id for request in await ledger.requests(since=today)}
        report = Report()
        with Bars() as bars:
            mailbox = LookingOnly(workshop.mailbox())
            judge = workshop.judge()
            taking, inbox = intake(workshop, mailbox, ledger, judge.directory), Inbox()
            await taking.look(inbox, report)
            while inbox.waiting:
                await taking.run(inbox, report, bars)
            await Deciding(ledger=ledger, judge=judge, clock=workshop.clock).run(report, bars)
        return [request for request in await ledger.requests(since=today) if request.id not in before]
    finally:
        ledger.close()


class LookingOnly:
    """A mailbox that is only looked at: nothing is filed, nothing is sent."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def list_new(self) -> list[str]:
        """See :meth:`bot.mail.port.Mailbox.list_new`."""
        return await self._mailbox.list_new()

    async def senders(self, locators: Sequence[str]) -> dict[str, str]:
        """See :meth:`bot.mail.port.Mailbox.senders`."""
        return await self._mailbox.senders(locators)

    async def passed_over(self) -> list[str]:
        """See :meth:`bot.mail.port.Mailbox.passed_over`."""
        return await self._mailbox.passed_over()

    async def fetch(self, locator: str) -> Message:
        """See :meth:`bot.mail.port.Mailbox.fetch`."""
        return await self._mailbox.fetch(locator)

    async def stamp(self, locator: str) -> str:
        """See :meth:`bot.mail.port.Mailbox.stamp`."""
        return await self._mailbox.stamp(locator)

    async def file(self, locator: str, folder: Folder) -> None:
        """Leave the message where it is."""

    async def bring_back(self, folder: Folder) -> int:  # noqa: ARG002 - nothing is moved
        """Leave everything where it is."""
        return 0

    async def send(self, mail: EmailMessage) -> Mapping[str, str]:
        """Refuse."""
        raise DeliveryFailed(f"a dry run sends nothing, not even {mail['Message-ID']}")

    async def was_sent(self, message_id: str) -> bool | None:
        """See :meth:`bot.delivery.outgoing.Outgoing.was_sent`."""
        return await self._mailbox.was_sent(message_id)

    def clock_offset(self) -> timedelta | None:
        """See :meth:`bot.mail.port.Mailbox.clock_offset`."""
        return self._mailbox.clock_offset()

    async def check(self) -> str:
        """See :meth:`bot.mail.port.Mailbox.check`."""
        return await self._mailbox.check()

    async def close(self) -> None:
        """Let go of the mailbox."""
        await self._mailbox.close()
