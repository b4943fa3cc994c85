"""Tells the operators of logins that are open after their end for too long, and again when they are closed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.delivery.courier import Courier
from bot.issuance.hours import Verb
from bot.ledger.ledger import Ledger
from bot.ledger.records import NoticeKind, Request
from bot.operation.report import Report
from bot.operation.switching import Switching


@dataclass(frozen=True, kw_only=True)
class LeftOpen:
    """Looks, after everything that could be closed was closed, what is left."""

    ledger: Ledger
    switching: Switching
    courier: Courier
    #: How long after its end a login is told (``account.escalate_after_hours``).
    late: timedelta

    async def run(self, report: Report, now: datetime) -> None:
        """Tell of each login that is late in the report of every pass, and by mail once; once more when it is closed."""
        found = await self._found(now)
        for request, since in found.values():
            report.problem(
                f"{request.id}: {request.login_id} should have been closed at {since:%Y-%m-%d %H:%M}: "
                "disable it in the console; the bot goes on trying"
            )
            with report.one_of_many(request.id):
                await self.courier.left_open(request, since, solved=False)
        for request in await self.ledger.told_of(NoticeKind.OVERDUE):
            if request.id not in found:
                with report.one_of_many(request.id):
                    await self.courier.left_open(request, now, solved=True)

    async def _found(self, now: datetime) -> dict[str, tuple[Request, datetime]]:
        found = {
            request.id: (request, request.window.end)
            for request in await self.ledger.due(now - self.late)
            if request.login_id and request.window
        }
        for switch in await self.switching.due(now):
            if switch.verb in {Verb.CLOSE, Verb.DISABLE} and switch.since <= now - self.late:
                request = await self.ledger.get(switch.login.account.request_id)
                found.setdefault(request.id, (request, switch.since))
        return found
