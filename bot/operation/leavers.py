"""V20: whoever has left loses the login at once; a directory that lost too many at once is not believed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from loguru import logger

from bot.clock import Clock
from bot.issuance.staff import Staff
from bot.issuance.windows import ended
from bot.ledger.ledger import Ledger
from bot.ledger.records import Changes, Event, Request
from bot.life import State
from bot.model import Kind
from bot.operation.report import Report
from bot.settings.staff import StaffSettings

#: So many may always go: of a handful of employees one is a large share.
_ALWAYS = 2
_GONE = "the employee has left: no longer in the staff directory, or not employed on the days to come (V20)"


@dataclass(frozen=True, kw_only=True)
class Leavers:
    """Ends what was granted to employees who are no longer in the directory, or not employed on any of their days to come."""

    ledger: Ledger
    staff: Staff
    clock: Clock
    settings: StaffSettings

    async def run(self, report: Report) -> None:
        """End the requests of all who left, each told to the operators; the pass then disables their accounts.

        Where they are too many (``staff.max_leavers``) nothing is ended: the directory is more likely wrong than the city empty.
        """
        expected = await self.ledger.expected(self.clock.now().date())
        left = self._left(expected)
        if self.too_many(len(left), of=len(expected)):
            report.problem(
                f"{len(left)} of {len(expected)} employees with telework days to come are not in the staff directory, or not "
                "employed any more; that is too many to believe (staff.max_leavers), and nothing was revoked: look at the "
                "export, and if they have really left, `reconcile --fix`"
            )
            return
        for employee_no in left:
            with report.one_of_many(employee_no):
                for request in await self.end(employee_no, _GONE):
                    report.revoked += request.state is State.REVOKED
                    report.problem(f"{request.id} is revoked: {_GONE}")

    async def found(self) -> Sequence[str]:
        """Return the numbers of those who left and hold days to come."""
        return self._left(await self.ledger.expected(self.clock.now().date()))

    def has_left(self, employee_no: str, days: Sequence[date]) -> bool:
        """Tell whether an employee is not in the directory, or on none of these days employed; no days stand for today."""
        employee = self.staff.find(employee_no)
        return employee is None or not any(employee.active_on(day) for day in days or (self.clock.now().date(),))

    def too_many(self, count: int, *, of: int) -> bool:
        """Tell whether so many leavers are not to be believed."""
        share = count * 100 > of * self.settings.max_leavers_percent
        return count > self.settings.max_leavers or (count > _ALWAYS and share)

    async def end(self, employee_no: str, reason: str) -> Sequence[Request]:
        """End every request of an employee that gives a login now or later; returns those that were ended, as they are now.

        Nothing made: REVOKED. Something made, or perhaps: its window is over, so that the account is disabled next.
        """
        live = [one for one in await self.ledger.live(employee_no) if one.kind is not Kind.CANCEL]
        return [await self._end(one, reason) for one in live if not self._is_over(one)]

    async def _end(self, request: Request, reason: str) -> Request:
        logger.info("{} ends: {}", request.id, reason)
        days = [day.isoformat() for day in request.granted if day >= self.clock.now().date()]
        event = Event(
            action="request.revoke", outcome="done", request_id=request.id, reason=reason,
            details={"cause": "leaver", "days": days},
        )  # fmt: skip
        window = ended(request.window, self.clock.now()) if request.window else None
        stuck = f"revoked: {reason}" if request.state is not State.DELIVERED else None
        return await self.ledger.advance(
            request.id, expect=request.state, to=_after(request), event=event,
            changes=Changes(window=window, stuck_reason=stuck),
        )  # fmt: skip

    def _left(self, expected: Mapping[str, Sequence[date]]) -> Sequence[str]:
        return [employee_no for employee_no, days in sorted(expected.items()) if self.has_left(employee_no, days)]

    def _is_over(self, request: Request) -> bool:
        return request.window is not None and request.window.end <= self.clock.now()


def _after(request: Request) -> State:
    """Return where a request goes whose window ends now: what may have an account keeps a state from which it is disabled."""
    if request.state is State.DELIVERED:
        return State.DELIVERED
    nothing_made = request.login_id is None and request.state in {State.ACCEPTED, State.STUCK}
    return State.REVOKED if nothing_made else State.STUCK
