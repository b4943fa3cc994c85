"""One pass: take in, decide, tell, issue and deliver, revoke what is due. Each part goes on when another can't."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass

from loguru import logger

from bot.clock import Clock
from bot.delivery.courier import Courier
from bot.delivery.parcels import CARRIES
from bot.errors import BotError
from bot.ledger.ledger import Ledger
from bot.ledger.records import Event, Request
from bot.life import State
from bot.operation.at_console import DRIVABLE, AtConsole
from bot.operation.cut_off import tell_of_cut_off
from bot.operation.report import Progress, Report
from bot.operation.take_back import TakeBack
from bot.operation.take_in import Deciding, Intake


@dataclass(frozen=True, kw_only=True)
class Cycle:
    """Runs passes over one mailbox, one ledger and one console."""

    ledger: Ledger
    intake: Intake
    deciding: Deciding
    courier: Courier
    take_back: TakeBack
    at_console: AtConsole
    clock: Clock

    async def run(self, progress: Progress) -> Report:
        """Make one pass and return what it did; never raises for what concerns one message or one request."""
        report = Report()
        await self._part(report, lambda: tell_of_cut_off(self.ledger, report))
        await self.ledger.note(Event(action="run", outcome="intended"))
        for warning in self.deciding.judge.warnings(self.clock.now()):
            logger.warning("{}", warning)
            report.warnings.append(warning)
        await self._part(report, lambda: self._take_in(report, progress))
        await self._part(report, lambda: self.take_back.run(report))
        await self._part(report, lambda: self._tell(report, progress))
        await self._part(report, lambda: self._issue_and_revoke(report, progress))
        if report.revoked:
            await self._part(report, lambda: self.take_back.run(report))
            await self._part(report, lambda: self._tell(report, progress))
        await self._count_what_is_left(report)
        await self.ledger.note(Event(action="run", outcome="done", details=report.counts()))
        return report

    async def onward(self, request_ids: Collection[str], progress: Progress) -> Report:
        """Take these requests as far as they go now: what an operator has just decided does not wait for the next pass."""
        report = Report()
        await self._part(report, lambda: self.take_back.run(report, among=request_ids))
        requests = [await self.ledger.get(name) for name in request_ids]
        employees = {one.application.employee_no for one in requests}
        due = [one for one in await self.ledger.due(self.clock.now()) if one.application.employee_no in employees]
        await self._part(report, lambda: self._tell_among(request_ids, report, progress))
        await self._part(report, lambda: self.at_console.run(requests, due, report, progress))
        await self._part(report, lambda: self.take_back.run(report, among=request_ids))
        await self._part(report, lambda: self._tell_among(request_ids, report, progress))
        return report

    async def _tell_among(self, request_ids: Collection[str], report: Report, progress: Progress) -> None:
        untold = await self.courier.untold()
        await self._tell_of([one for one in untold if one.id in request_ids], report, progress)

    async def _part(self, report: Report, work: Callable[[], Awaitable[None]]) -> None:
        """Do one part; what stops it is told and counted, and the next part goes on."""
        try:
            await work()
        except BotError as error:
            logger.error("{}", error)
            report.problem(f"{error} — {error.advice}")
            report.stopped = max(report.stopped, error.exit_status)
        except Exception as error:  # noqa: BLE001 - one failure never stops the rest (invariant 8)
            logger.exception("unexpected")
            report.problem(f"unexpected {type(error).__name__}; the log has the details")
            report.stopped = max(report.stopped, 1)

    async def _take_in(self, report: Report, progress: Progress) -> None:
        """Record, decide, file; a message whose deciding failed is recorded all the same, and leaves the inbox."""
        taken = await self.intake.run(report, progress)
        await self._part(report, lambda: self.deciding.run(report, progress))
        await self.intake.file(taken, report)

    async def _tell(self, report: Report, progress: Progress) -> None:
        await self._alert(report)
        await self._tell_of(await self.courier.untold(), report, progress)

    async def _tell_of(self, untold: Collection[Request], report: Report, progress: Progress) -> None:
        progress.start("結果を知らせる / telling", len(untold))
        for request in untold:
            with report.one_of_many(request.id):
                await self.courier.tell(request)
            progress.step()

    async def _alert(self, report: Report) -> None:
        """Tell the operators of urgent requests (V07) before anything else is told: each waits for a person."""
        for request in await self.ledger.requests(states={State.HELD}):
            if request.decision and request.decision.urgent:
                report.problem(f"{request.id} is urgent and waits for an operator: approve or reject it")
                with report.one_of_many(request.id):
                    await self.courier.alert(request)

    async def _issue_and_revoke(self, report: Report, progress: Progress) -> None:
        bounced = await self.ledger.bounced(CARRIES)
        gone = {request.id for request in bounced}
        waiting = self._ripe(await self.ledger.requests(states=DRIVABLE))
        due = [request for request in await self.ledger.due(self.clock.now()) if request.id not in gone]
        await self.at_console.run(waiting, [*bounced, *due], report, progress, bounced=gone)

    async def _count_what_is_left(self, report: Report) -> None:
        left = await self.ledger.requests(states=DRIVABLE)
        report.waiting = len(self._ripe(left))
        report.later = len(left) - report.waiting

    def _ripe(self, requests: Iterable[Request]) -> list[Request]:
        """Return those whose time has come; what is begun is always brought to its end."""
        now = self.clock.now()
        return [
            one
            for one in requests
            if one.state is not State.ACCEPTED or (self.courier.letters.send_from(one) or now) <= now
        ]
