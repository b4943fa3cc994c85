"""Disables the login when the telework is over, or when its credentials came back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from loguru import logger

from bot.console.port import Console
from bot.errors import BotError, OutcomeUnknown
from bot.issuance.account import evidence_of
from bot.ledger.ledger import Ledger
from bot.ledger.records import AccountRecordState, Changes, Event, Request
from bot.life import State

_BOUNCED = "the mail with the credentials came back as undeliverable; the account is disabled: mend the address in the directory"


@dataclass(frozen=True, kw_only=True)
class Expirer:
    """Revokes delivered requests whose window has ended."""

    ledger: Ledger
    console: Console

    async def expire(self, request: Request, now: datetime) -> Request:
        """Revoke ``request``; its account is disabled unless another live request of the employee still needs it.

        Raises what the console raises; the request then stays delivered, and the next pass tries again.
        """
        if request.login_id is None or await self._still_needed(request, now):
            return await self._leave(request, State.REVOKED, "the account serves a later request")
        await self._disable(request, request.login_id)
        return await self._leave(request, State.REVOKED, "")

    async def bounced(self, request: Request) -> Request:
        """Disable the account of a request whose credentials came back: STUCK, until an operator decides.

        Nobody knows the newest password of the account, or somebody who should not. Raises as :meth:`expire` does.
        """
        if request.login_id:
            await self._disable(request, request.login_id)
        return await self._leave(request, State.STUCK, "", stuck_reason=_BOUNCED)

    async def _disable(self, request: Request, login_id: str) -> None:
        with logger.contextualize(request=request.id):
            logger.info("disabling {}", login_id)
            await self._note(request, "intended")
            try:
                await self.console.disable(login_id)
            except BotError as error:
                await self._note(request, "unknown" if isinstance(error, OutcomeUnknown) else "failed", str(error))
                raise

    async def _still_needed(self, request: Request, now: datetime) -> bool:
        live = await self.ledger.live(request.application.employee_no or "")
        return any(
            other.id != request.id
            and (other.login_id or request.login_id) == request.login_id
            and (other.window is None or other.window.end > now)
            for other in live
        )

    async def _note(self, request: Request, outcome: str, reason: str = "") -> None:
        await self.ledger.note(self._event(request, outcome, reason))

    async def _leave(self, request: Request, to: State, reason: str, *, stuck_reason: str | None = None) -> Request:
        account = await self.ledger.account(request.login_id) if request.login_id and not reason else None
        return await self.ledger.advance(
            request.id,
            expect=State.DELIVERED,
            to=to,
            event=self._event(request, "done", reason or stuck_reason or ""),
            changes=Changes(stuck_reason=stuck_reason),
            account=replace(account, state=AccountRecordState.DISABLED) if account else None,
        )

    def _event(self, request: Request, outcome: str, reason: str) -> Event:
        return Event(
            action="account.disable",
            outcome=outcome,
            request_id=request.id,
            reason=reason,
            details={"login_id": request.login_id, "evidence": evidence_of(self.console.take_evidence())},
        )
