"""The console's part of a pass: issue and deliver, then revoke; several requests at once where there are several sessions."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import time

from bot.clock import Clock
from bot.console.port import Ability, Console
from bot.errors import advice_of
from bot.issuance.drive import Driver
from bot.issuance.expire import Expirer
from bot.ledger.records import Request
from bot.life import State
from bot.model import Kind
from bot.operation.crew import Crew, Work
from bot.operation.report import Progress, Report
from bot.settings.console import ConsoleSettings

#: States from which a request can be driven on.
DRIVABLE = frozenset({State.ACCEPTED, State.ISSUING, State.UNKNOWN, State.ISSUED, State.DELIVERING})


@dataclass(frozen=True, kw_only=True)
class AtConsole:
    """Works in the console, and stops by itself when something is wrong with all of the work (domain.md §5)."""

    console: Console
    driver: Driver
    expirer: Expirer
    clock: Clock
    settings: ConsoleSettings

    async def run(
        self,
        waiting: Iterable[Request],
        due: Collection[Request],
        report: Report,
        progress: Progress,
        *,
        bounced: Collection[str] = (),
    ) -> None:
        """Issue and deliver, then revoke what is due or came back; the console is opened only when there is work in it.

        Raises what stops the rest too; ``Unusable`` also after too many failures in a row.
        """
        to_drive = _by_urgency(one for one in waiting if one.state in DRIVABLE and one.kind is not Kind.CANCEL)
        if not to_drive and not due:
            return
        if not self._is_open():
            report.warnings.append(f"the console is closed until {self._opens()}: {len(to_drive)} wait for it")
            return
        most = self.settings.stop_after_issues
        if len(to_drive) > most:
            report.problem(
                f"{len(to_drive)} requests to issue, more than console.stop_after_issues: {most} in this pass"
            )
        try:
            report.warnings += [f"a screen of the console has changed: {one}" for one in await self.console.probe()]
            await self._import(to_drive[:most], report, progress)
            await self._each(
                to_drive[:most], self._drive, "IDを発行し通知する / issuing and delivering", report, progress
            )
            await self._each(
                due,
                lambda request, report: self._expire(request, report, bounced),
                "利用終了分を無効化する / revoking",
                report,
                progress,
            )
        finally:
            await self.console.close()
            if complaint := self.console.complaint():
                report.problem(complaint)

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
        self, requests: Iterable[Request], work: Work, what: str, report: Report, progress: Progress
    ) -> None:
        every = deque(requests)
        progress.start(what, len(every))
        crew = Crew(waiting=every, do=work, report=report, progress=progress, settings=self.settings)
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
        return after.state is not State.STUCK

    async def _expire(self, request: Request, report: Report, bounced: Collection[str]) -> bool:
        if request.id in bounced:
            after = await self.expirer.bounced(request)
            report.stuck += 1
            report.problem(f"{after.id}: {after.stuck_reason}")
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


def _by_urgency(requests: Iterable[Request]) -> list[Request]:
    """Order urgent ones first, then by the nearest telework day, then by age: what is needed first is made first."""
    return sorted(
        requests,
        key=lambda one: (
            not (one.decision and one.decision.urgent), min(one.granted, default=one.created_at.date()), one.id,
        ),
    )  # fmt: skip
