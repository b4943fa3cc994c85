"""Carries out cancellations and changes: the requests that held the days let go of them; the console follows in the same pass."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date
from zoneinfo import ZoneInfo

from loguru import logger

from bot.clock import Clock
from bot.errors import Transient
from bot.issuance.windows import ended, window_for
from bot.ledger.ledger import Ledger
from bot.ledger.login_queries import USABLE
from bot.ledger.records import Changes, Event, Request
from bot.life import State
from bot.model import Kind
from bot.operation.report import Report
from bot.rules.earlier import referred_to
from bot.settings.account import AccountSettings


@dataclass(frozen=True, kw_only=True)
class TakeBack:
    """Takes granted days back. Called again after any crash it finishes what it began: it looks who still holds a day."""

    ledger: Ledger
    clock: Clock
    account: AccountSettings
    zone: ZoneInfo

    async def run(self, report: Report, *, among: Collection[str] | None = None) -> None:
        """Carry out every accepted cancellation and change, or those of them that are ``among`` these.

        A cancellation is done when nobody holds its days and no login is left to close for it. A change lets go of the days of
        the request that it names, and is then issued like any other. What is being issued right now is left to the next pass.
        """
        for request in await self.ledger.requests(states={State.ACCEPTED}):
            if request.kind in {Kind.CANCEL, Kind.CHANGE} and (among is None or request.id in among):
                with report.one_of_many(request.id):
                    await self._carry_out(request)

    async def _carry_out(self, request: Request) -> None:
        live = [
            one
            for one in await self.ledger.live(request.application.employee_no or "")
            if one.kind.asks_for_days and one.id != request.id
        ]
        if request.kind is Kind.CHANGE:
            named = await self._named(request)
            today = self.clock.now().astimezone(self.zone).date()
            for one in live:
                if one.id == named:
                    await self._release(one, {day for day in one.granted if day >= today}, by=request)
        elif await self._all_released(request, live):
            days = [day.isoformat() for day in request.granted]
            done = Event(action="request.cancel", outcome="done", request_id=request.id, details={"days": days})
            await self.ledger.advance(request.id, expect=State.ACCEPTED, to=State.DONE, event=done)

    async def _all_released(self, request: Request, live: Iterable[Request]) -> bool:
        """Have the days released; tells whether no login is still to be closed for them."""
        open_still = False
        for one in live:
            if not set(one.granted).isdisjoint(request.granted):
                after = await self._release(one, set(request.granted), by=request)
                open_still = open_still or (after.state in USABLE and self._is_over(after))
        return not open_still

    async def _release(self, request: Request, days: Collection[date], *, by: Request) -> Request:
        """Let go of these days; without any left, the request is over. Raises ``Transient`` while it is being issued."""
        left = tuple(day for day in request.granted if day not in days)
        if len(left) == len(request.granted) or (request.state in USABLE and self._is_over(request)):
            return request
        if request.state is not State.ACCEPTED and request.state not in USABLE:
            raise Transient(f"{request.id} is {request.state}: its days are taken back when that is over")
        gone = [day.isoformat() for day in request.granted if day in days]
        event = Event(
            action="request.release", outcome="done", request_id=request.id, details={"days": gone, "by": by.id}
        )
        logger.info("{} lets go of {} days for {}", request.id, len(gone), by.id)
        never_made = request.state is State.ACCEPTED or request.login_id is None
        return await self.ledger.advance(
            request.id, expect=request.state, event=event, changes=self._without(request, left),
            to=State.REVOKED if not left and never_made else request.state,
        )  # fmt: skip

    def _without(self, request: Request, left: tuple[date, ...]) -> Changes:
        window = request.window
        if not left:  # what was granted stays on the record of a request that is over
            return Changes(window=ended(window, self.clock.now()) if window else None)
        decision = replace(request.decision, granted=left) if request.decision else None
        return Changes(decision=decision, window=window_for(left, self.account, self.zone) if window else None)

    async def _named(self, request: Request) -> str | None:
        history = await self.ledger.history(request.application, before=request.id)
        return referred_to(request.application.refers_to or "", history)

    def _is_over(self, request: Request) -> bool:
        return request.window is not None and request.window.end <= self.clock.now()
