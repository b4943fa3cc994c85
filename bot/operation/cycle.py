"""One pass: take in, decide, tell, issue and deliver, revoke what is due. Each part goes on when another can't."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass

from loguru import logger

from bot.clock import Clock
from bot.console.port import Console
from bot.delivery.courier import Courier
from bot.delivery.parcels import CARRIES
from bot.errors import BotError, Unusable
from bot.issuance.drive import Driver
from bot.issuance.expire import Expirer
from bot.ledger.ledger import Ledger
from bot.ledger.records import Event, Request
from bot.life import State
from bot.operation.report import Progress, Report
from bot.operation.take_in import Deciding, Intake

#: States from which a request can be driven on.
DRIVABLE = frozenset({State.ACCEPTED, State.ISSUING, State.UNKNOWN, State.ISSUED, State.DELIVERING})
#: So many failures of the console in a row end the console's part of a pass (domain.md §5, stop conditions).
_ENOUGH = 3


@dataclass(frozen=True, kw_only=True)
class Cycle:
    """Runs passes over one mailbox, one ledger and one console."""

    ledger: Ledger
    console: Console
    intake: Intake
    deciding: Deciding
    courier: Courier
    driver: Driver
    expirer: Expirer
    clock: Clock

    async def run(self, progress: Progress) -> Report:
        """Make one pass and return what it did; never raises for what concerns one message or one request."""
        report = Report()
        await self.ledger.note(Event(action="run", outcome="intended"))
        for warning in self.deciding.judge.warnings(self.clock.now()):
            logger.warning("{}", warning)
            report.warnings.append(warning)
        await self._part(report, lambda: self._take_in(report, progress))
        await self._part(report, lambda: self._tell(report, progress))
        await self._part(report, lambda: self._issue_and_revoke(report, progress))
        if report.revoked:
            await self._part(report, lambda: self._tell(report, progress))
        await self._count_what_is_left(report)
        await self.ledger.note(Event(action="run", outcome="done", details=report.counts()))
        return report

    async def onward(self, request_ids: Collection[str], progress: Progress) -> Report:
        """Take these requests as far as they go now: what an operator has just decided does not wait for the next pass."""
        report = Report()
        requests, now = [await self.ledger.get(name) for name in request_ids], self.clock.now()
        due = [one for one in requests if one.state is State.DELIVERED and one.window and one.window.end <= now]
        await self._part(report, lambda: self._tell_among(request_ids, report, progress))
        await self._part(report, lambda: self._work_in_console(requests, due, report, progress))
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
        await self._work_in_console(waiting, [*bounced, *due], report, progress, bounced=gone)

    async def _work_in_console(
        self,
        waiting: Iterable[Request],
        due: Collection[Request],
        report: Report,
        progress: Progress,
        *,
        bounced: Collection[str] = (),
    ) -> None:
        """Issue and deliver, then revoke what is due or came back; the console is opened only when there is something to do in it."""
        to_drive = _by_urgency(request for request in waiting if request.state in DRIVABLE)
        if not to_drive and not due:
            return
        try:
            await self.console.probe()
            await self._each(to_drive, self._drive_one, "IDを発行し通知する / issuing and delivering", report, progress)
            await self._each(
                due,
                lambda request, report: self._expire_one(request, report, bounced),
                "利用終了分を無効化する / revoking",
                report,
                progress,
            )
        finally:
            await self.console.close()

    async def _each(
        self,
        requests: Iterable[Request],
        work: Callable[[Request, Report], Awaitable[None]],
        what: str,
        report: Report,
        progress: Progress,
    ) -> None:
        every = list(requests)
        progress.start(what, len(every))
        failures = 0
        for request in every:
            with report.one_of_many(request.id):
                failures += 1
                await work(request, report)
                failures = 0
            progress.step()
            if failures >= _ENOUGH:
                raise Unusable(f"{failures} failures in a row in the console: the rest waits for the next pass")

    async def _drive_one(self, request: Request, report: Report) -> None:
        after = await self.driver.drive(request.id)
        report.delivered += after.state is State.DELIVERED
        report.stuck += after.state is State.STUCK
        if after.state is State.STUCK:
            report.problem(f"{after.id}: {after.stuck_reason}")

    async def _expire_one(self, request: Request, report: Report, bounced: Collection[str]) -> None:
        if request.id in bounced:
            after = await self.expirer.bounced(request)
            report.stuck += 1
            report.problem(f"{after.id}: {after.stuck_reason}")
            return
        await self.expirer.expire(request, self.clock.now())
        report.revoked += 1

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


def _by_urgency(requests: Iterable[Request]) -> list[Request]:
    """Order by the nearest telework day, then by age: what is needed first is made first."""
    return sorted(requests, key=lambda request: (min(request.granted, default=request.created_at.date()), request.id))
