"""One pass: take in, decide, tell, issue and deliver, revoke what is due. Each part goes on when another can't."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from loguru import logger

from bot.clock import Clock, Standstill
from bot.delivery.courier import Courier
from bot.delivery.parcels import CARRIES
from bot.errors import BotError, Paused
from bot.ledger.conditions import Part
from bot.ledger.ledger import Ledger
from bot.ledger.records import Event, NoticeState, Request
from bot.life import State
from bot.operation.alerts.catalogue import Area, Trouble
from bot.operation.alerts.findings import Finding, finding_of
from bot.operation.alerts.gate import Gate
from bot.operation.alerts.guards import WatchedOutgoing
from bot.operation.alerts.survey import Survey
from bot.operation.alerts.watch import Alerts
from bot.operation.at_console import DRIVABLE, AtConsole
from bot.operation.beforehand import EMPLOYEES, Clocks, must_not_have_shrunk, set_back
from bot.operation.bounces import Bounces
from bot.operation.cut_off import tell_of_cut_off
from bot.operation.leavers import Leavers
from bot.operation.left_open import LeftOpen
from bot.operation.leftovers import Leftovers
from bot.operation.report import Progress, Report, Stop
from bot.operation.take_back import TakeBack
from bot.operation.take_in import Deciding, Inbox, Intake

#: So many requests are issued before the next batch of known senders' mails is read.
_BETWEEN_BATCHES = 20

#: Seconds for which the machine stood still, or more: somebody should know.
_WORTH_TELLING = 10.0


@dataclass(frozen=True, kw_only=True)
class Cycle:
    """Runs passes over one mailbox, one ledger and one console."""

    ledger: Ledger
    intake: Intake
    deciding: Deciding
    courier: Courier
    take_back: TakeBack
    leavers: Leavers
    leftovers: Leftovers
    at_console: AtConsole
    clocks: Clocks
    standstill: Standstill
    left_open: LeftOpen
    bounces: Bounces
    clock: Clock
    gate: Gate
    #: The mailbox's sending half, as the courier uses it.
    outgoing: WatchedOutgoing
    survey: Survey
    alerts: Alerts
    #: The share of the last pass's employees that the directory must still have.
    min_kept: float
    #: Set by whoever wants a pass to end early: what is in hand is finished first.
    stop: Stop = field(default_factory=Stop)

    async def run(self, progress: Progress) -> Report:
        """Make one pass and return what it did; never raises for what concerns one message or one request.

        Raises ``ConfigInvalid`` for a staff directory that has shrunk since the last pass.
        """
        with self.standstill:
            return await self._run(progress)

    async def _run(self, progress: Progress) -> Report:
        report = Report(stop=self.stop)
        self.outgoing.begin()
        if self.gate.switched_off:
            await self._stand_still(report)
            return report
        employees, now = len(self.deciding.judge.directory), self.clock.now()
        await must_not_have_shrunk(self.ledger, employees, min_kept=self.min_kept)
        warnings = [*await set_back(self.ledger, now), *self.deciding.judge.warnings(now)]
        await self._part(report, Part.ALL, Area.PASS, lambda: tell_of_cut_off(self.ledger, report), always=True)
        await self.ledger.note(Event(action="run", outcome="intended", details={EMPLOYEES: employees}))
        for warning in warnings:
            logger.warning("{}", warning)
            report.warnings.append(warning)
        await self._part(report, Part.ALL, Area.PASS, lambda: self.leftovers.run(report))
        await self._take_in_all(report, progress)
        await self._carry_out(report, progress)
        if report.revoked:
            await self._part(report, Part.ALL, Area.PASS, lambda: self.take_back.run(report))
            await self._tell(report, progress)
        await self._part(report, Part.ALL, Area.PASS, lambda: self.left_open.run(report, self.clock.now()))
        await self._part(report, Part.ALL, Area.PASS, lambda: self._end(report), always=True)
        return report

    async def onward(self, request_ids: Collection[str], progress: Progress) -> Report:
        """Take these requests as far as they go now: what an operator has just decided does not wait for the next pass.

        Nor for the time at which a stop condition is tried again; for a pause until an operator resumes it does.
        """
        if not self.gate.by_hand:
            by_hand = replace(self.gate, by_hand=True)
            hand = replace(self, gate=by_hand, at_console=replace(self.at_console, gate=by_hand))
            return await hand.onward(request_ids, progress)
        report = Report(stop=self.stop)
        self.outgoing.begin()
        if self.gate.switched_off:
            await self._stand_still(report)
            return report
        await self._part(report, Part.ALL, Area.PASS, lambda: self.take_back.run(report, among=request_ids))
        requests = [await self.ledger.get(name) for name in request_ids]
        employees = {one.application.employee_no for one in requests}
        due = [one for one in await self.ledger.due(self.clock.now()) if one.application.employee_no in employees]
        await self._tell_among(request_ids, report, progress)
        await self._part(report, Part.ALL, Area.CONSOLE, lambda: self.at_console.run(requests, due, report, progress))
        await self._part(report, Part.ALL, Area.PASS, lambda: self.take_back.run(report, among=request_ids))
        await self._tell_among(request_ids, report, progress)
        await self._observe(report)
        return report

    async def _tell_among(self, request_ids: Collection[str], report: Report, progress: Progress) -> None:
        async def tell() -> None:
            untold = await self.courier.untold()
            await self._tell_of([one for one in untold if one.id in request_ids], report, progress)

        await self._part(report, Part.DELIVERY, Area.OUTGOING, tell)

    async def _part(
        self, report: Report, part: Part, area: Area, work: Callable[[], Awaitable[None]], *, always: bool = False
    ) -> None:
        """Do one part, unless it stands still; what stops it is told and counted, and the next part goes on.

        What is found that stops it for longer is on record before anything else is done. ``always``: stop or not.
        """
        if report.is_cut_short() and not always:
            return
        before = len(report.findings)
        try:
            if not always:
                await self.gate.check(part)
            await work()
        except Paused as error:
            report.stands(error)
        except BotError as error:
            logger.error("{}", error)
            report.failure(error)
            report.stopped = max(report.stopped, error.exit_status)
            of_mails = self.outgoing.finding if error is self.outgoing.trouble else None
            report.find(of_mails or finding_of(error, area))
        except Exception as error:  # noqa: BLE001 - one failure never stops the rest (invariant 8)
            logger.exception("unexpected")
            report.problem(f"unexpected {type(error).__name__}; the log has the details")
            report.stopped = max(report.stopped, 1)
            report.find(finding_of(error, Area.PASS))
        report.findings[before:] = [await self._stop(finding) for finding in report.findings[before:]]

    async def _stop(self, finding: Finding) -> Finding:
        """Have stand still what a finding stops; a ledger that can't be written has been told of, and stops every part itself."""
        try:
            return await self.gate.stop(finding)
        except BotError as error:
            logger.error("{}", error)
            return finding

    async def _stand_still(self, report: Report) -> None:
        """Do nothing but tell operators, once, that the kill switch is there."""
        detail = f"the kill switch {self.gate.switch} is there: nothing is done"
        report.stands(Paused(detail))
        report.find(Finding(trouble=Trouble.SWITCH, detail=detail))
        await self.alerts.observe(report, self.clock.now())

    async def _observe(self, report: Report) -> None:
        """Look around once more, and have the alerts tell what is news."""
        now = self.clock.now()
        if (stood := self.standstill.since(float("-inf"))) >= _WORTH_TELLING:
            text = f"the machine stood still for {stood:.0f} s during this pass"
            report.warnings.append(text)
            report.find(Finding(trouble=Trouble.STOOD_STILL, detail=text))
        if self.outgoing.finding:
            report.find(self.outgoing.finding)
        elif self.outgoing.worked or await self._mails_could_go(report):
            report.looked.add(Area.OUTGOING)
        report.findings += await self.survey.look(now)
        report.looked.add(Area.PASS)
        before, left_out = self.outgoing.finding, self._left_out()
        report.findings += left_out
        await self.alerts.observe(report, now)
        failed = self.outgoing.finding
        if failed and (before is None or failed.key != before.key):  # else it was among what was to be told
            await self._observe_failed_alert(failed, report, now)
        for finding in self._left_out():
            if finding not in left_out:
                await self._observe_failed_alert(finding, report, now)
        if self.outgoing.reached_all and await self.alerts.watching(Area.RECIPIENTS, now):
            await self.alerts.observe(Report(looked={Area.RECIPIENTS}), now)

    def _left_out(self) -> list[Finding]:
        """Return the recipients who were refused while others of the same mail were told."""
        return [
            Finding(trouble=Trouble.ADDRESS, about=address, detail=f"{address}: {said}")
            for address, said in self.outgoing.left_out.items()
        ]

    async def _observe_failed_alert(self, finding: Finding, report: Report, now: datetime) -> None:
        """Have it told that not even the alert went out, or not to everybody."""
        more = Report(findings=[finding])
        await self.alerts.observe(more, now)
        news = [problem for problem in more.problems if problem not in report.problems]
        report.problems += news
        report.conditions = more.conditions
        report.alerts += more.alerts
        report.alerts_failed += len(news)

    async def _mails_could_go(self, report: Report) -> bool:
        """Look whether sending works again, where it did not and nothing was sent in this pass."""
        if not await self.alerts.watching(Area.OUTGOING, self.clock.now()) or await self.gate.stands(Part.DELIVERY):
            return False
        if down := await self.outgoing.ask():
            report.warnings.append(str(down))
            return False
        return True

    async def _take_in_all(self, report: Report, progress: Progress) -> None:
        """Take in batch by batch, and carry out between two of them: nobody's login waits for a full inbox, or for strangers.

        While known senders' mails wait, only the most urgent few are issued: among those mails there may be one still more urgent.
        """
        inbox = Inbox()
        await self._part(report, Part.INTAKE, Area.MAILBOX, lambda: self.intake.look(inbox, report))
        goes_on = inbox.listed
        while goes_on:
            of_known, accepted = bool(inbox.known), report.accepted
            await self._part(report, Part.INTAKE, Area.MAILBOX, lambda: self._take_in(inbox, report, progress))
            if inbox.waiting and (of_known or report.accepted > accepted):
                await self._carry_out(report, progress, most=_BETWEEN_BATCHES if inbox.known else None)
            if inbox.waiting and not of_known:
                await self._part(report, Part.INTAKE, Area.MAILBOX, lambda: self.intake.look(inbox, report))
            goes_on = bool(inbox.waiting) and not report.is_cut_short()

    async def _carry_out(self, report: Report, progress: Progress, *, most: int | None = None) -> None:
        """Do what follows from what is decided: end what is over, tell, issue (the ``most`` urgent ones) and revoke."""
        if await self._clocks_agree(report):
            await self._part(report, Part.ALL, Area.PASS, lambda: self.leavers.run(report))
            await self._part(report, Part.ALL, Area.PASS, lambda: self.take_back.run(report))
        await self._tell(report, progress)
        await self._part(report, Part.ALL, Area.CONSOLE, lambda: self._issue_and_revoke(report, progress, most))

    async def _take_in(self, inbox: Inbox, report: Report, progress: Progress) -> None:
        """Record, decide, file a batch; a message whose deciding failed is recorded all the same, and leaves the inbox."""
        taken = await self.intake.run(inbox, report, progress)
        if await self._clocks_agree(report):
            await self._part(report, Part.INTAKE, Area.PASS, lambda: self.deciding.run(report, progress))
        await self.intake.file(taken, report)

    async def _clocks_agree(self, report: Report) -> bool:
        """Compare the clocks, once in a pass; what they differ by stops the console, and is told."""

        async def compare() -> None:
            if await self.clocks.must_agree():
                report.looked.add(Area.CLOCK)

        if not report.clocks_compared:
            report.clocks_compared = True
            await self._part(report, Part.ALL, Area.CLOCK, compare, always=True)
        return not any(finding.trouble is Trouble.CLOCK for finding in report.findings)

    async def _tell(self, report: Report, progress: Progress) -> None:
        """Tell the operators what can't wait, then the applicants, who are not told while delivery stands still."""

        async def tell() -> None:
            await self._tell_of(await self.courier.untold(), report, progress)

        await self._part(report, Part.ALL, Area.OUTGOING, lambda: self._alert(report))
        await self._part(report, Part.DELIVERY, Area.OUTGOING, tell)

    async def _tell_of(self, untold: Collection[Request], report: Report, progress: Progress) -> None:
        kept: list[str] = []
        progress.start("結果を知らせる / telling", len(untold))
        for request in report.until_stopped(untold):
            await self.gate.check(Part.DELIVERY)
            if down := await self.outgoing.stands():
                raise down
            with report.one_of_many(request.id):
                if await self.courier.tell(request) is NoticeState.KEPT_BACK:
                    kept.append(request.id)
            progress.step()
        if kept:
            report.problem(
                f"{len(kept)} refusals and notices of what is held were not mailed: their recipients had "
                f"delivery.max_notices_per_day of them; see `requests`"
            )
            report.find(Finding(trouble=Trouble.NOTICES_KEPT, subjects=tuple(kept)))

    async def _alert(self, report: Report) -> None:
        """Tell the operators of urgent requests (V07) before anything else is told: each waits for a person."""
        for request in await self.ledger.requests(states={State.HELD}):
            if request.decision and request.decision.urgent:
                report.problem(f"{request.id} is urgent and waits for an operator: approve or reject it")
                with report.one_of_many(request.id):
                    await self.courier.alert(request)

    async def _issue_and_revoke(self, report: Report, progress: Progress, most: int | None) -> None:
        bounced = await self.bounces.believed(report)
        gone = {request.id for request in bounced}
        waiting = self._ripe(await self.ledger.requests(states=DRIVABLE))
        due = [request for request in await self.ledger.due(self.clock.now()) if request.id not in gone]
        begun = await self.leftovers.half_made()
        now = self.clock.now()
        look = await self.alerts.watching(Area.CONSOLE, now)
        if waiting and not self.outgoing.worked and await self.alerts.watching(Area.OUTGOING, now):
            await self.outgoing.ask()
        revocable, put_off = [*bounced, *due, *begun], await self.ledger.put_off(CARRIES) if waiting else ()
        await self.at_console.run(
            waiting, revocable, report, progress, bounced=gone, put_off=put_off, look=look, most=most
        )

    async def _end(self, report: Report) -> None:
        left = await self.ledger.requests(states=DRIVABLE)
        report.waiting = len(self._ripe(left))
        report.later = len(left) - report.waiting
        for name, altered in self.ledger.altered.items():
            with report.one_of_many(name):
                raise altered
        await self._observe(report)
        outcome = "stopped" if report.interrupted else "done"
        await self.ledger.note(Event(action="run", outcome=outcome, details=report.counts()))

    def _ripe(self, requests: Iterable[Request]) -> list[Request]:
        """Return those whose time has come; what is begun is always brought to its end."""
        now = self.clock.now()
        return [
            one
            for one in requests
            if one.state is not State.ACCEPTED or (self.courier.letters.send_from(one) or now) <= now
        ]
