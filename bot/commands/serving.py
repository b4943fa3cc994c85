"""The jobs of `serve`: each does what the command of its name does, on the record and in the bot's own name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeVar

from bot.commands.backups import backed_up
from bot.commands.checks import try_all
from bot.commands.digest import digest_of, send_digest
from bot.commands.inspecting import inspect
from bot.commands.purging import made_for
from bot.errors import AccessDenied, AlreadyRunning, BotError, LedgerBroken, LedgerUnusable, TookTooLong, Unusable
from bot.ledger.counting import delivered_since
from bot.ledger.ledger import Ledger
from bot.model import ReadOutcome
from bot.operation.alerts.catalogue import Area, Trouble
from bot.operation.alerts.findings import Finding, finding_of
from bot.operation.inspection.facts import month_of
from bot.operation.report import Progress, Stop
from bot.operation.schedule.plan import Task, deadlines
from bot.operation.schedule.risk import OPEN, UNDELIVERED, at_risk, finding_of_risks, forecast
from bot.operation.schedule.scheduler import Job
from bot.private import make_folder
from bot.wiring import Workshop, user
from bot.wiring.alerts import Outside, gate, store
from bot.wiring.delivery import send_from
from bot.wiring.reconciling import ready_reconciler

#: The rate of a surge is measured over this time.
_MEASURED = timedelta(minutes=30)
#: What got a step further within so many polls is in hand: the next pass does the rest.
_POLLS_IN_HAND = 2
#: Differences named in an alert; `reconcile` shows all.
_MOST = 20
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Jobs:
    """Does the jobs of one configuration; raises whatever keeps one from being done."""

    workshop: Workshop
    stop: Stop

    def of_the_plan(self) -> Mapping[Task, Job]:
        """Return what does each job."""
        return {
            **{task: self.one_pass for task in Task if task.is_pass},
            Task.PREFLIGHT: self.preflight, Task.AT_RISK: self.at_risk, Task.DIGEST: self.digest, Task.RECONCILE: self.reconcile,
            Task.REPORT: self.report, Task.PURGE: self.purge, Task.BACKUP: self.backup,
        }  # fmt: skip

    async def one_pass(self, progress: Progress) -> None:
        """Make one pass, as `run` does; what it could not do is told by itself."""
        async with self.workshop.ready_cycle() as cycle:
            await replace(cycle, stop=self.stop).run(progress)

    async def preflight(self, _progress: Progress) -> None:
        """Try everything that the day needs; raises ``Unusable`` with what is not there, ``LedgerBroken`` for a chain that does not hold."""
        failed = {one.check: one.error for one in await try_all(self.workshop) if one.error}
        for check, area in (("console", Area.CONSOLE), ("mailbox", Area.MAILBOX)):
            if isinstance(failed.get(check), AccessDenied):
                await self._stop(finding_of(failed.pop(check), area))
        if isinstance(broken := failed.get("database"), LedgerBroken):
            raise broken
        if "database" not in failed:
            await self._chain_holds()
        if failed:
            raise Unusable("; ".join(f"{check}: {error}" for check, error in failed.items()))

    async def at_risk(self, _progress: Progress) -> None:
        """Tell of what is not done shortly before the next deadline of the day."""
        config, now = self.workshop.config, self.workshop.clock.now()
        calendar, rulebook = self.workshop.calendar(), self.workshop.rulebook()
        ahead = now + timedelta(minutes=config.settings.schedule.at_risk_minutes)
        days = sorted({now.date(), ahead.date()})
        by = next((at for day in days for at in deadlines(day, config.settings, calendar) if at > now), ahead)
        in_hand = timedelta(minutes=config.settings.schedule.poll_minutes * _POLLS_IN_HAND)

        async def look(ledger: Ledger) -> tuple[Finding, ...]:
            requests = await ledger.requests(states=OPEN)
            messages = await ledger.messages(outcomes={ReadOutcome.UNREADABLE})
            wait = send_from(config, rulebook)
            return finding_of_risks(at_risk(requests, messages, now, by=by, in_hand=in_hand, not_before=wait), by)

        await self._tell(await self._with_ledger(look))

    async def digest(self, _progress: Progress) -> None:
        """Mail the day's digest to the operators who have an address; raises ``LedgerBroken`` afterwards for a chain that does not hold."""

        async def work(ledger: Ledger) -> None:
            made = await digest_of(self.workshop, ledger, self.workshop.clock.now().date())
            if self.workshop.config.settings.alerts.mail_to:
                await send_digest(self.workshop, ledger, made)
            if not made.chain_ok:
                raise LedgerBroken(made.events, "the digest says so; `audit verify` says where")

        await self._with_ledger(work)
        await self._chain_holds()

    async def reconcile(self, progress: Progress) -> None:
        """Compare, and tell of what needs a person; nothing is changed."""
        async with ready_reconciler(self.workshop, None, by_hand=False) as reconciler:
            found = [one for one in await reconciler.look(progress) if one.needs_operator]
        if found:
            names = tuple(one.login_id or one.request or one.kind.value for one in found)
            detail = "; ".join(f"{name}: {one.kind}" for name, one in zip(names[:_MOST], found, strict=False))
            await self._tell((Finding(trouble=Trouble.DIFFERENCES, detail=f"{len(found)}: {detail}"),))

    async def report(self, _progress: Progress) -> None:
        """Write the workbook of the month before into ``schedule.report_dir``."""
        config = self.workshop.config
        last = self.workshop.clock.now().date().replace(day=1) - timedelta(days=1)
        month = month_of(f"{last:%Y-%m}", config.zone)
        to = config.path(config.settings.schedule.report_dir) / f"report-{month.name}.xlsx"
        make_folder(to.parent)
        await self._with_ledger(lambda ledger: inspect(self.workshop, ledger, month, to, by=user()))

    async def purge(self, progress: Progress) -> None:
        """Take out of the record what is older than ``retention`` allows."""
        with self.workshop.alone():
            await self._with_ledger(lambda ledger: made_for(self.workshop, ledger).run(progress))

    async def backup(self, _progress: Progress) -> None:
        """Make a proved copy of the ledger in ``schedule.backup_dir``."""
        config = self.workshop.config
        to, keep = config.path(config.settings.schedule.backup_dir), config.settings.retention.backups
        await self._with_ledger(lambda ledger: backed_up(self.workshop, ledger, to, keep=keep))
        await self._chain_holds()

    async def queue(self) -> None:
        """Tell when it will be done while more than ``schedule.surge`` requests wait, and that it is over once there are fewer."""
        config, now = self.workshop.config, self.workshop.clock.now()
        wait = send_from(config, self.workshop.rulebook())

        async def look(ledger: Ledger) -> tuple[Finding, ...]:
            waiting = [one for one in await ledger.requests(states=UNDELIVERED) if (wait(one) or now) <= now]
            if len(waiting) <= config.settings.schedule.surge:
                return ()
            done = await ledger.ask(lambda connection: delivered_since(connection, now - _MEASURED, now.tzinfo))
            ahead = forecast(len(waiting), done, now, within=_MEASURED)
            # It is told once: not before there is a rate, or it is certain that there is none.
            is_young = min(one.created_at for one in waiting) > now - _MEASURED
            return () if ahead.done_at is None and is_young else (ahead.finding,)

        async def work(ledger: Ledger) -> tuple[tuple[Finding, ...], bool]:
            kept = await store(config, self.workshop.clock, ledger).load()
            return await look(ledger), any(one.kind == Trouble.SURGE for one in kept)

        found, lasts = await self._with_ledger(work)
        if found or lasts:
            await self._tell(found, looked=Area.QUEUE, only=Trouble.SURGE)

    async def failed(self, task: Task, error: Exception) -> None:
        """Tell operators that a job failed; what ended a pass by itself has been told already.

        Passes that are cut off one after the other are one condition, until a pass comes to its end.
        """
        if task.is_pass and not isinstance(error, TookTooLong | AlreadyRunning):
            return
        usable = not isinstance(error, LedgerUnusable)
        # What an error that nobody foresaw says may hold what it was working on: the log, which is redacted, has it.
        text = str(error) if isinstance(error, BotError) else f"{type(error).__name__}; the log has the details"
        if isinstance(error, TookTooLong) and task.is_pass:
            finding = Finding(trouble=Trouble.CUT_OFF, detail=text)
        elif isinstance(error, LedgerBroken):
            finding = finding_of(error, Area.PASS)
        elif isinstance(error, AccessDenied) and task is Task.RECONCILE:
            finding = finding_of(error, Area.CONSOLE)
        else:
            finding = Finding(trouble=Trouble.JOB, about=task, detail=f"{task}: {text}")
        await self._tell((finding,), usable=usable)

    async def _stop(self, finding: Finding) -> None:
        """Pause what it stops, and tell of it, unless both was done before: a refused login is tried once by all together."""

        async def stop(ledger: Ledger) -> Finding:
            return await gate(self.workshop.config, self.workshop.clock, ledger).stop(finding)

        if (stopped := await self._with_ledger(stop)).anew:
            await self._tell((stopped,))

    async def _chain_holds(self) -> None:
        """Say that the chain was recomputed: that it did not hold is over."""
        await self._tell((), looked=Area.CHAIN, only=Trouble.CHAIN)

    async def _tell(
        self,
        found: tuple[Finding, ...],
        *,
        looked: Area | None = None,
        only: Trouble | None = None,
        usable: bool = True,
    ) -> None:
        """Tell of what was found, or that ``only`` was not when ``looked`` was looked at."""
        if not looked and not found:
            return
        await Outside(sources=self.workshop).tell(
            found, mailbox=self.workshop.mailbox, ledger=self.workshop.ledger if usable else None,
            looked=(looked,) if looked else (), only={only} if only else {one.trouble for one in found},
        )  # fmt: skip

    async def _with_ledger(self, work: Callable[[Ledger], Awaitable[T]]) -> T:
        ledger = self.workshop.ledger()
        try:
            return await work(ledger)
        finally:
            ledger.close()
