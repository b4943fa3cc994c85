"""The console's part of a pass: issue and deliver, then revoke; several requests at once where there are several sessions."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import time, timedelta

from bot.clock import Clock, Standstill, ahead_of
from bot.console.port import Ability, Console
from bot.errors import SEE, ConsoleDrift, DeliveryFailed, Paused, Stopped, Unsent, advice_of
from bot.issuance.drive import Driver
from bot.issuance.expire import Expirer
from bot.ledger.conditions import Part
from bot.ledger.login_queries import USABLE
from bot.ledger.records import Request
from bot.life import State
from bot.model import Kind
from bot.operation.alerts.catalogue import Area, Trouble
from bot.operation.alerts.evidence import evidence_of_stuck
from bot.operation.alerts.findings import Finding
from bot.operation.alerts.gate import Gate
from bot.operation.alerts.guards import WatchedOutgoing
from bot.operation.crew import Crew, Stands, Work
from bot.operation.report import Progress, Report
from bot.operation.switching import Switching
from bot.settings.console import ConsoleSettings

#: States from which a request can be driven on.
DRIVABLE = frozenset({State.ACCEPTED, State.ISSUING, State.UNKNOWN, State.ISSUED, State.DELIVERING})


@dataclass(frozen=True, kw_only=True)
class AtConsole:
    """Works in the console, and stops by itself when something is wrong with all of the work (domain.md §5)."""

    console: Console
    driver: Driver
    expirer: Expirer
    switching: Switching
    clock: Clock
    settings: ConsoleSettings
    gate: Gate
    #: What is issued must be mailed.
    outgoing: WatchedOutgoing
    #: The console's clock may differ so much from the machine's.
    clock_off: timedelta
    standstill: Standstill

    async def run(
        self,
        waiting: Iterable[Request],
        due: Collection[Request],
        report: Report,
        progress: Progress,
        *,
        bounced: Collection[str] = (),
        put_off: Collection[str] = (),
        look: bool = False,
        most: int | None = None,
    ) -> None:
        """Issue and deliver, revoke what is due or came back, open and close logins; without work the console stays shut.

        Those whose mail was ``put_off`` come after the others: a few addresses that take none would stop every pass at its start.
        Of what waits, ``most`` are issued; the rest is left to the next call.
        Something was wrong with it: then ``look``, work or not. Raises what stops the rest too, such as ``Paused`` between two
        requests, and ``Stopped`` for a stop condition.
        """
        to_drive = by_urgency(one for one in waiting if one.state in DRIVABLE and one.kind is not Kind.CANCEL)
        to_drive.sort(key=lambda one: one.id in put_off)
        to_drive = to_drive[:most]
        if not to_drive and not due and not look and not await self.switching.due(self.clock.now()):
            return
        if not self._is_open():
            report.warnings.append(f"the console is closed until {self._opens()}: {len(to_drive)} wait for it")
            return
        await self.gate.check(Part.CONSOLE)
        try:
            report.warnings += [f"a screen of the console has changed: {one}" for one in await self.console.probe()]
            report.looked.add(Area.CONSOLE)
            self._check_clock()
            report.looked.add(Area.CLOCK)
            await self._work(self._as_many_as_may(to_drive, report), due, report, progress, bounced)
        finally:
            await self.console.close()
            if complaint := self.console.complaint():
                report.problem(complaint)

    async def _work(
        self,
        to_drive: list[Request],
        due: Collection[Request],
        report: Report,
        progress: Progress,
        bounced: Collection[str],
    ) -> None:
        """Open logins, issue, revoke, and close logins; what stopped the issuing is raised when the rest is done."""
        # Who may work now must not wait for the others; what is issued below is closed at the end.
        tried = await self.switching.run(report, self.clock.now(), progress, stands=self._stands)
        issuing = await self._issue(to_drive, report, progress)
        await self._each(
            due,
            lambda request, report: self._expire(request, report, bounced),
            self._stands,
            "利用終了分を無効化する / revoking",
            report,
            progress,
        )
        await self.switching.run(report, self.clock.now(), progress, stands=self._stands, leaving=tried)
        if issuing:
            raise issuing

    async def _stands(self) -> Paused | None:
        return await self.gate.stands(Part.CONSOLE)

    def _check_clock(self) -> None:
        """Raise ``Stopped`` when the console's clock and this machine's differ: deadlines and windows depend on both."""
        offset = self.console.clock_offset()
        ahead = None if offset is None else offset + ahead_of(self.clock)
        if ahead is not None and abs(ahead) > self.clock_off:
            raise Stopped(
                Trouble.CLOCK, f"the console's clock is {ahead.total_seconds():+.0f} s from this machine's: check NTP"
            )

    def _as_many_as_may(self, to_drive: list[Request], report: Report) -> list[Request]:
        most = self.settings.stop_after_issues
        if len(to_drive) > most:
            text = f"{len(to_drive)} requests to issue, more than console.stop_after_issues: {most} in this pass"
            report.problem(text)
            report.find(Finding(trouble=Trouble.TOO_MANY, detail=text))
        return to_drive[:most]

    async def _issue(self, to_drive: list[Request], report: Report, progress: Progress) -> Paused | Unsent | None:
        """Issue and deliver; returns why not all of it was done where only issuing stands still, and revoking goes on."""

        async def stands() -> Paused | None:
            return await self.outgoing.stands() or await self.gate.stands(Part.CONSOLE, Part.DELIVERY)

        try:
            if to_drive and (paused := await stands()):
                return paused
            await self._import(to_drive, report, progress)
            await self._each(
                to_drive, self._drive, stands, "IDを発行し通知する / issuing and delivering", report, progress
            )
        except (Paused, Unsent) as error:  # of the mails, not of the console
            return error
        return None

    async def _import(self, to_drive: Collection[Request], report: Report, progress: Progress) -> None:
        """Make many new accounts at once, where the console can; what it leaves is driven one by one."""
        least = self.settings.import_from
        fresh = [request for request in to_drive if request.state is State.ACCEPTED]
        can = Ability.IMPORT in self.console.abilities and not report.is_cut_short()
        if least and len(fresh) >= least and can:
            progress.start("IDを一括登録する / importing", 1)
            with report.one_of_many("import"):
                await self.driver.issue_many(fresh)
            progress.step()

    async def _each(
        self, requests: Iterable[Request], work: Work, stands: Stands, what: str, report: Report, progress: Progress
    ) -> None:
        every = deque(requests)
        progress.start(what, len(every))
        crew = Crew(
            waiting=every, do=work, report=report, progress=progress, settings=self.settings, stands=stands,
            standstill=self.standstill,
        )  # fmt: skip
        await asyncio.gather(*(crew.work() for _ in range(min(self.console.sessions, len(every)))))
        if crew.stopped_by:
            raise crew.stopped_by

    async def _drive(self, request: Request, report: Report) -> bool:
        after = await self.driver.drive(request.id)
        report.delivered += after.state is State.DELIVERED
        report.stuck += after.state is State.STUCK
        if after.state is State.STUCK:
            advice = advice_of(after.stuck_reason.partition(":")[0])
            report.problem(f"{after.id}: {after.stuck_reason} — {advice}")
            if after.stuck_reason.startswith(ConsoleDrift.__name__):
                evidence = await evidence_of_stuck(self.driver.ledger, after.id)
                what = after.stuck_reason.partition(SEE)[0]
                raise Stopped(Trouble.DRIFT, f"{after.id}: {what}", evidence=evidence)
        # That a mail was refused says nothing of the console; sending counts those itself (bot/operation/alerts/guards.py).
        return after.state is not State.STUCK or after.stuck_reason.startswith(DeliveryFailed.__name__)

    async def _expire(self, request: Request, report: Report, bounced: Collection[str]) -> bool:
        if request.id in bounced:
            after = await self.expirer.bounced(request)
            report.stuck += 1
            report.problem(f"{after.id}: {after.stuck_reason}")
            report.find(Finding(trouble=Trouble.BOUNCED, subjects=(after.id,)))
        elif request.state not in USABLE:
            if not await self.expirer.settle(request):
                report.warnings.append(
                    f"{request.login_id} was begun for {request.id} and carries another address: not ours"
                )
        else:
            await self.expirer.expire(request, self.clock.now())
            report.revoked += 1
        return True

    def _is_open(self) -> bool:
        opens, closes, now = self.settings.open_from, self.settings.open_until, self.clock.now().time()
        after, before = opens is None or opens <= now, closes is None or now < closes
        over_midnight = opens is not None and closes is not None and opens > closes
        return after or before if over_midnight else after and before

    def _opens(self) -> str:
        return (self.settings.open_from or time()).strftime("%H:%M")


def by_urgency(requests: Iterable[Request]) -> list[Request]:
    """Order urgent ones first, then by the nearest telework day, then by age: what is needed first is made first."""
    return sorted(
        requests,
        key=lambda one: (
            not (one.decision and one.decision.urgent), min(one.granted, default=one.created_at.date()), one.id,
        ),
    )  # fmt: skip
